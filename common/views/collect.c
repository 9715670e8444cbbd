#include "views/inside.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

static bool entries_grow(struct views_entries *entries)
{
    size_t capacity = entries->capacity == 0 ? FIRST_CAPACITY : entries->capacity * 2;
    struct views_entry *entry = NULL;
    if (entries->count < entries->capacity) {
        return true;
    }
    if (entries->count >= VIEWS_ROWS_MAX) {
        entries->err = ERR_LIMIT;
        return false;
    }
    entry = realloc(entries->entry, capacity * sizeof *entry);
    if (entry == NULL) {
        entries->err = ERR_MEMORY;
        return false;
    }
    entries->entry = entry;
    entries->capacity = capacity;
    return true;
}

void views_entries_add(struct views_entries *entries, int64_t key, const uint8_t *id, bool mark)
{
    if (entries->err == ERR_NONE && entries_grow(entries)) {
        struct views_entry *entry = &entries->entry[entries->count++];
        entry->key = key;
        entry->mark = mark;
        memcpy(entry->id, id, sizeof entry->id);
    }
}

static int entry_compare(const void *left, const void *right)
{
    const struct views_entry *a = left;
    const struct views_entry *b = right;
    if (a->key != b->key) {
        return a->key < b->key ? -1 : 1;
    }
    return memcmp(a->id, b->id, sizeof a->id);
}

void views_entries_sort(struct views_entries *entries)
{
    if (entries->count > 1) {
        qsort(entries->entry, entries->count, sizeof *entries->entry, entry_compare);
    }
}

void views_entries_done(struct views_entries *entries)
{
    free(entries->entry);
    memset(entries, 0, sizeof *entries);
}
