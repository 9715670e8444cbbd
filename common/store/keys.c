#include "store/keys.h"

#include "base/check.h"

#include <string.h>

static uint8_t *grow(struct kv_key *key, size_t size)
{
    CHECK(key != NULL);
    CHECK(key->size <= sizeof key->bytes);
    CHECK(size <= sizeof key->bytes - key->size);
    uint8_t *room = key->bytes + key->size;
    key->size += size;
    return room;
}

void kv_key_init(struct kv_key *key)
{
    CHECK(key != NULL);
    *key = (struct kv_key){.size = 0};
}

void kv_key_u8(struct kv_key *key, uint8_t value)
{
    *grow(key, 1) = value;
}

void kv_key_u32(struct kv_key *key, uint32_t value)
{
    put_u32(grow(key, 4), value);
}

void kv_key_u64(struct kv_key *key, uint64_t value)
{
    put_u64(grow(key, 8), value);
}

void kv_key_bytes(struct kv_key *key, struct span bytes)
{
    uint8_t *room = grow(key, bytes.size);
    if (bytes.size > 0) {
        memcpy(room, bytes.data, bytes.size);
    }
}

struct span kv_key_span(const struct kv_key *key)
{
    CHECK(key != NULL);
    return span_of(key->bytes, key->size);
}
