#ifndef JIELI_TOWNSHIP_HUB_ROOMS_H
#define JIELI_TOWNSHIP_HUB_ROOMS_H

#include <stddef.h>

/* Memory of pushes, used again: under load each takes one that another gave back, where the heap
 * would ask the kernel for it and touch every page anew. What nobody takes for a while goes back to
 * the kernel. One thread at a time. */

enum {
    ROOMS_STEP = 32 * 1024,   /* sizes of rooms, in bytes: multiples of this, */
    ROOMS_MOST = 1024 * 1024, /* up to this; smaller and larger ones come from the heap */
    ROOMS_CLASSES = ROOMS_MOST / ROOMS_STEP,
    ROOMS_KEPT = 16 * 1024 * 1024 /* beyond these bytes nothing is kept */
};

/* Rooms of one size that are free. */
struct rooms_class {
    struct room *first;
    unsigned count;
    unsigned least; /* count, at its lowest since the last rooms_tick */
};

struct rooms {
    struct rooms_class free[ROOMS_CLASSES];
    size_t kept; /* bytes of all of them */
};

/* All zero is as good. */
void rooms_init(struct rooms *rooms);
/* What is taken now must be given back before. */
void rooms_done(struct rooms *rooms);
/* At least *size bytes, aligned for anything, whatever they hold; *size becomes how many, which
 * rooms_give is told. NULL: no memory. rooms NULL: from the heap. */
void *rooms_take(struct rooms *rooms, size_t *size);
/* room may be NULL. */
void rooms_give(struct rooms *rooms, void *room, size_t size);
/* Now and then, as once a second: gives the kernel what lay free ever since the last call. */
void rooms_tick(struct rooms *rooms);

#endif
