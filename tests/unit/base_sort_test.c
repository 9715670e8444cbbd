#include "base/sort.h"
#include "unit.h"

#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    const struct sort_item *first = a;
    const struct sort_item *second = b;
    int order = (first->key > second->key) - (first->key < second->key);
    return order != 0 ? order : (first->value > second->value) - (first->value < second->value);
}

/* The same as qsort by key and place, for keys of every width, many alike or all different. */
static void test_like_qsort(void **state)
{
    static const size_t counts[] = {0, 1, 2, 3, 255, 256, 257, 5000};
    uint64_t random = 88172645463325252ULL;
    (void)state;
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        for (unsigned shift = 0; shift < 64; shift++) {
            size_t count = counts[c];
            struct sort_item *items = calloc(count + 1, sizeof *items);
            struct sort_item *expected = calloc(count + 1, sizeof *expected);
            struct sort_item *room = calloc(count + 1, sizeof *room);
            assert_non_null(items);
            assert_non_null(expected);
            assert_non_null(room);
            for (size_t i = 0; i < count; i++) {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                items[i] = (struct sort_item){
                    shift % 2 == 0 ? random >> shift : random >> shift << shift, i};
                expected[i] = items[i];
            }
            qsort(expected, count, sizeof *expected, compare);
            sort_items(items, room, count);
            for (size_t i = 0; i < count; i++) {
                assert_int_equal(items[i].key, expected[i].key);
                assert_int_equal(items[i].value, expected[i].value);
            }
            assert_int_equal(room[count].key, 0);
            free(items);
            free(expected);
            free(room);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_like_qsort),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
