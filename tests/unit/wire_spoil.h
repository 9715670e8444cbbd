#ifndef JIELI_TESTS_WIRE_SPOIL_H
#define JIELI_TESTS_WIRE_SPOIL_H

#include "base/span.h"

#include <string.h>

/* A byte of bytes, which are some, flipped, cut out, doubled or put in, or all behind it cut off;
 * near the beginning more often than elsewhere. where and how: random. */
static inline void spoil(uint64_t where, uint64_t how, struct buf *bytes)
{
    size_t reach = where % 2 == 0 && bytes->size > 12 ? 12 : bytes->size;
    size_t at = (size_t)(where >> 1) % reach;
    uint8_t byte = (uint8_t)(how >> 8);
    switch (how % 5) {
    case 0:
        bytes->data[at] = byte;
        break;
    case 1:
        bytes->data[at] ^= (uint8_t)(1U << byte % 8);
        break;
    case 2:
        memmove(bytes->data + at, bytes->data + at + 1, bytes->size - at - 1);
        bytes->size--;
        break;
    case 3:
        bytes->size = at + 1;
        break;
    default:
        buf_put_u8(bytes, byte);
        memmove(bytes->data + at + 1, bytes->data + at, bytes->size - at - 1);
        bytes->data[at] = byte;
        break;
    }
}

#endif
