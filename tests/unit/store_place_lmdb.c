#include "store_place.h"
#include "unit.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A fresh directory made for the test, and the store's own, not yet there, below it. */
char *store_place_new(void)
{
    char parent[] = "/tmp/kv-test-XXXXXX";
    char *place = NULL;
    assert_non_null(mkdtemp(parent));
    assert_true(asprintf(&place, "%s/store", parent) > 0);
    return place;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

void store_place_free(char *place)
{
    char *slash = strrchr(place, '/');
    assert_non_null(slash);
    *slash = 0;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    assert_int_equal(nftw(place, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
    free(place);
}
