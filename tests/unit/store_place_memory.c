#include "base/check.h"
#include "kv_memory.h"
#include "store_place.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

/* A place is the name of a disk; the disks made are remembered here. */
struct place {
    struct place *next;
    char *name;
    struct kv_disk *disk;
};

static struct place *places;

char *store_place_new(void)
{
    static unsigned count;
    struct place *place = calloc(1, sizeof *place);
    assert_non_null(place);
    count++;
    assert_true(asprintf(&place->name, "disk %u", count) > 0);
    place->disk = kv_memory_disk_new(place->name);
    place->next = places;
    places = place;
    return place->name;
}

void store_place_free(char *place)
{
    struct place **slot = &places;
    while (*slot != NULL && (*slot)->name != place) {
        slot = &(*slot)->next;
    }
    struct place *found = *slot;
    CHECK(found != NULL);
    *slot = found->next;
    kv_memory_disk_free(found->disk);
    free(found->name);
    free(found);
}
