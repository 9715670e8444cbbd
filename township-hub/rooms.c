#include "township-hub/rooms.h"

#include "base/check.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* The first bytes of a free one. */
struct room {
    struct room *next;
};

/* AddressSanitizer sees into the heap alone: here it is told what is free, and what is taken is
 * full of what nobody has set. */
#ifdef __SANITIZE_ADDRESS__
void __asan_poison_memory_region(const volatile void *address, size_t size);
void __asan_unpoison_memory_region(const volatile void *address, size_t size);

static void room_hide(void *room, size_t size)
{
    memset(room, 0xa5, size);
    __asan_poison_memory_region(room, size);
}

static void room_show(const void *room, size_t size)
{
    __asan_unpoison_memory_region(room, size);
}
#else
static void room_hide(const void *room, size_t size)
{
    (void)room;
    (void)size;
}

static void room_show(const void *room, size_t size)
{
    (void)room;
    (void)size;
}
#endif

static bool is_kept(const struct rooms *rooms, size_t size)
{
    return rooms != NULL && size >= ROOMS_STEP && size <= ROOMS_MOST;
}

static size_t class_size(const struct rooms *rooms, const struct rooms_class *class)
{
    return (size_t)(class - rooms->free + 1) * ROOMS_STEP;
}

/* Not from the heap: freed in another order than taken, it would keep its pages. */
static void *room_map(size_t size)
{
    void *room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return room == MAP_FAILED ? NULL : room;
}

static void room_unmap(void *room, size_t size)
{
    CHECK(munmap(room, size) == 0);
}

static struct room *class_take(struct rooms *rooms, struct rooms_class *class)
{
    struct room *room = class->first;
    room_show(room, class_size(rooms, class));
    class->first = room->next;
    class->count--;
    class->least = class->count < class->least ? class->count : class->least;
    rooms->kept -= class_size(rooms, class);
    return room;
}

/* Unmaps count of its rooms. */
static void class_drop(struct rooms *rooms, struct rooms_class *class, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        room_unmap(class_take(rooms, class), class_size(rooms, class));
    }
}

void rooms_init(struct rooms *rooms)
{
    *rooms = (struct rooms){.kept = 0};
}

void rooms_done(struct rooms *rooms)
{
    for (size_t i = 0; i < ROOMS_CLASSES; i++) {
        class_drop(rooms, &rooms->free[i], rooms->free[i].count);
    }
}

void *rooms_take(struct rooms *rooms, size_t *size)
{
    if (!is_kept(rooms, *size)) {
        return malloc(*size);
    }
    struct rooms_class *class = &rooms->free[(*size - 1) / ROOMS_STEP];
    *size = class_size(rooms, class);
    return class->first != NULL ? class_take(rooms, class) : room_map(*size);
}

void rooms_give(struct rooms *rooms, void *room, size_t size)
{
    if (room == NULL || !is_kept(rooms, size)) {
        free(room);
        return;
    }
    struct rooms_class *class = &rooms->free[(size - 1) / ROOMS_STEP];
    CHECK(class_size(rooms, class) == size);
    if (rooms->kept + size > ROOMS_KEPT) {
        room_unmap(room, size);
        return;
    }
    struct room *first = room;
    room_hide(first + 1, size - sizeof *first);
    first->next = class->first;
    class->first = first;
    class->count++;
    rooms->kept += size;
}

void rooms_tick(struct rooms *rooms)
{
    for (size_t i = 0; i < ROOMS_CLASSES; i++) {
        struct rooms_class *class = &rooms->free[i];
        class_drop(rooms, class, class->least);
        class->least = class->count;
    }
}
