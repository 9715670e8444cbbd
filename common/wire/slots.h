#ifndef JIELI_WIRE_SLOTS_H
#define JIELI_WIRE_SLOTS_H

/* Private to wire: what may stand in a payload, field by field, as the reader of events needs it:
 * made from the descriptors once a process and never changed. */

#include "rules/value.h"

enum wire_slot_kind {
    WIRE_SLOT_NONE, /* no such field */
    WIRE_SLOT_VARINT,
    WIRE_SLOT_FIXED32,
    WIRE_SLOT_FIXED64,
    WIRE_SLOT_CODE,
    WIRE_SLOT_BYTES,
    WIRE_SLOT_ENTRY /* a message of its own, always in a list */
};

struct wire_shape;

struct wire_slot {
    uint8_t kind; /* enum wire_slot_kind */
    bool list;
    uint16_t fact; /* enum field; none of an entry */
    uint32_t most; /* greatest number of a varint, bytes of a code, exact bytes of bytes */
    const struct wire_shape *entry;
};

/* slot[n] is field number n, for n < count. */
struct wire_shape {
    const struct wire_slot *slot;
    uint32_t count;
};

/* NULL: no such payload. */
const struct wire_shape *wire_payload_shape(uint32_t payload);

#endif
