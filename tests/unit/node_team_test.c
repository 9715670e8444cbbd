#include "node/team.h"
#include "unit.h"

enum { PARTS = 1000 };

struct sums {
    unsigned times[PARTS];
    uint64_t square[PARTS];
};

static void square(void *argument, size_t i)
{
    struct sums *sums = argument;
    sums->times[i]++;
    sums->square[i] = (uint64_t)i * i;
}

static void expect_each_once(struct team *team, size_t count)
{
    struct sums sums = {.times = {0}};
    team_each(team, count, square, &sums);
    for (size_t i = 0; i < PARTS; i++) {
        assert_int_equal(sums.times[i], i < count ? 1 : 0);
        assert_int_equal(sums.square[i], i < count ? i * i : 0);
    }
}

static void each_part_is_done_once(void **state)
{
    static const unsigned helpers[] = {0, 1, 3, TEAM_HELPERS_MAX};
    (void)state;
    for (size_t i = 0; i < sizeof helpers / sizeof *helpers; i++) {
        struct team *team = NULL;
        assert_int_equal(team_new(helpers[i], &team), ERR_NONE);
        expect_each_once(team, 0);
        expect_each_once(team, 1);
        expect_each_once(team, 2);
        for (size_t round = 0; round < 50; round++) {
            expect_each_once(team, PARTS - round);
        }
        team_free(team);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_part_is_done_once),
    };
    return cmocka_run_group_tests_name("team", tests, NULL, NULL);
}
