#ifndef JIELI_STORE_KEYS_H
#define JIELI_STORE_KEYS_H

#include "base/span.h"

enum { KV_KEY_CAPACITY = 128 };

/* A key being put together; numbers are big endian so that keys sort as their parts do. More than
 * bytes can hold is a bug of ours and a CHECK: bound what comes from outside before. */
struct kv_key {
    uint8_t bytes[KV_KEY_CAPACITY];
    size_t size;
};

void kv_key_init(struct kv_key *key);
void kv_key_u8(struct kv_key *key, uint8_t value);
void kv_key_u32(struct kv_key *key, uint32_t value);
void kv_key_u64(struct kv_key *key, uint64_t value);
void kv_key_bytes(struct kv_key *key, struct span bytes);
struct span kv_key_span(const struct kv_key *key); /* until the key changes or goes */

#endif
