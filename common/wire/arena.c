#include "wire/read.h"

#include <stdlib.h>
#include <string.h>

enum err wire_arena_init(struct wire_arena *arena, size_t size)
{
    uint8_t *data = malloc(size);
    if (data == NULL) {
        return ERR_MEMORY;
    }
    *arena = (struct wire_arena){data, size, 0};
    return ERR_NONE;
}

void wire_arena_done(struct wire_arena *arena)
{
    if (arena == NULL) {
        return;
    }
    free(arena->data);
    *arena = (struct wire_arena){NULL, 0, 0};
}

void wire_arena_reset(struct wire_arena *arena)
{
    arena->used = 0;
}

void *wire_arena_take(struct wire_arena *arena, size_t size)
{
    size_t align = _Alignof(max_align_t);
    size_t start = (arena->used + align - 1) / align * align;
    if (start > arena->size || size > arena->size - start) {
        return NULL;
    }
    arena->used = start + size;
    return arena->data + start;
}

char *wire_arena_text(struct wire_arena *arena, struct span text)
{
    char *copy = NULL;
    /* Text needs no alignment. */
    if (text.size < arena->size - arena->used) {
        copy = (char *)arena->data + arena->used;
        arena->used += text.size + 1;
        if (text.size > 0) {
            memcpy(copy, text.data, text.size);
        }
        copy[text.size] = 0;
    }
    return copy;
}
