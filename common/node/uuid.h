#ifndef JIELI_NODE_UUID_H
#define JIELI_NODE_UUID_H

#include "base/limits.h"
#include "base/span.h"

enum { UUID_RANDOM_SIZE = 10, UUID_TEXT_SIZE = 37 /* with the NUL */ };

/* RFC 9562 version 7: 48 bits of time, 74 bits of the given random bytes. */
void uuid_make(uint64_t wall_ms, const uint8_t random[UUID_RANDOM_SIZE],
               uint8_t ret[LIMIT_ID_SIZE]);
void uuid_text(const uint8_t id[LIMIT_ID_SIZE], char ret[UUID_TEXT_SIZE]);
/* 8-4-4-4-12 hex digits of either case, any version; else ERR_MALFORMED. */
MUST_USE enum err uuid_parse(struct span text, uint8_t ret[LIMIT_ID_SIZE]);

#endif
