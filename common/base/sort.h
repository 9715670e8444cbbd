#ifndef JIELI_BASE_SORT_H
#define JIELI_BASE_SORT_H

#include <stddef.h>
#include <stdint.h>

/* A number to sort by and whatever belongs to it. */
struct sort_item {
    uint64_t key;
    uint64_t value;
};

/* By key; items with the same one stay in the order they had. Takes as long whatever the keys are,
 * so it may sort what strangers chose. room: as many items, for its use. */
void sort_items(struct sort_item *items, struct sort_item *room, size_t count);

#endif
