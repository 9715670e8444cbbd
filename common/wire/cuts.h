#ifndef JIELI_WIRE_CUTS_H
#define JIELI_WIRE_CUTS_H

#include "base/limits.h"
#include "base/span.h"

/* What no packing makes smaller, a leaf mostly holds in known places: signature, hashes and
 * commitments of sealed parts, the id before. A packer of leaves takes them out and keeps them by
 * themselves. */

enum { WIRE_CUT_COUNT = 2 + 2 * LIMIT_SEALED_COUNT };

struct wire_cut {
    uint16_t at; /* in the leaf; each begins where the one before ends, or later */
    uint16_t size;
};

struct wire_cuts {
    size_t count;
    struct wire_cut cut[WIRE_CUT_COUNT];
    size_t prev; /* which of them is EventBody.prev, LIMIT_HASH_SIZE bytes; count: none */
    /* Where the event's id comes from, in the leaf; size 0: not there. */
    struct wire_cut body;    /* EventBody, as signed: its id is to be computed */
    struct wire_cut void_id; /* LIMIT_HASH_SIZE bytes: the id */
};

/* Any bytes, at most UINT16_MAX of them: what cannot be walked has no cuts from there on. Whether
 * something is a cut depends only on bytes before it that are none. */
void wire_cuts_find(struct span leaf, struct wire_cuts *ret);
/* The cuts of the leaf of size bytes of which left, up to wherever it ends, begins with all but the
 * cuts. Whatever left holds, cuts lie within size. */
void wire_cuts_find_again(struct span left, size_t size, struct wire_cuts *ret);

#endif
