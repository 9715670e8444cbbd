/* From the lowest digit to the highest, each time in one stable pass: thousands of items are in
 * order several times as soon as with qsort, which calls a function for each comparison. */
#include "base/sort.h"

#include <string.h>

enum { DIGIT_BITS = 8, DIGITS = 64 / DIGIT_BITS, RADIX = 1 << DIGIT_BITS };

static unsigned digit_of(uint64_t key, unsigned digit)
{
    return (unsigned)(key >> (digit * DIGIT_BITS)) % RADIX;
}

/* Where each value of the digit begins, from how many there are. */
static void add_up(size_t *counts)
{
    size_t begin = 0;
    for (size_t i = 0; i < RADIX; i++) {
        size_t count = counts[i];
        counts[i] = begin;
        begin += count;
    }
}

void sort_items(struct sort_item *items, struct sort_item *room, size_t count)
{
    size_t place[DIGITS][RADIX] = {{0}};
    struct sort_item *from = items;
    struct sort_item *to = room;
    for (size_t i = 0; i < count; i++) {
        for (unsigned digit = 0; digit < DIGITS; digit++) {
            place[digit][digit_of(items[i].key, digit)]++;
        }
    }
    for (unsigned digit = 0; digit < DIGITS && count > 0; digit++) {
        if (place[digit][digit_of(from[0].key, digit)] == count) {
            continue; /* the same in all */
        }
        add_up(place[digit]);
        for (size_t i = 0; i < count; i++) {
            to[place[digit][digit_of(from[i].key, digit)]++] = from[i];
        }
        struct sort_item *sorted = to;
        to = from;
        from = sorted;
    }
    if (from != items) {
        memcpy(items, from, count * sizeof *items);
    }
}
