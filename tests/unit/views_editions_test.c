#include "views/findings.h"
#include "views_rig.h"

/* What happened is judged by the edition that was in force, not by the newest. */

struct editions {
    struct rig *rig; /* its policy is the second */
    struct policy *first;
    int32_t second_since;
};

static struct editions editions;

static const struct policy *policy_of(void *context, uint64_t edition)
{
    (void)context;
    return edition == 1 ? editions.first : edition == 2 ? editions.rig->policy : NULL;
}

static int32_t edition_since(void *context, bool catalogue, uint64_t edition)
{
    (void)context;
    if (catalogue) {
        return edition == 1 ? 1 : 0;
    }
    return edition == 1 ? 1 : edition == 2 ? editions.second_since : 0;
}

/* The shipped policy until the second edition, in which name has that value. */
static struct rig *two_editions(const char *now, const char *since, const char *name,
                                const char *value)
{
    struct rig *rig = rig_new(now);
    struct buf text = shipped("policy/policy.txt");
    struct text_errors errors;
    text_errors_init(&errors);
    editions = (struct editions){.rig = rig, .second_since = rig_day(since)};
    assert_int_equal(policy_parse(buf_span(&text), &editions.first, &errors), ERR_NONE);
    buf_done(&text);
    rig_policy(rig, name, value);
    rig->source.policy_of = policy_of;
    rig->source.edition_since = edition_since;
    return rig;
}

static void end(struct rig *rig)
{
    policy_free(editions.first);
    rig_free(rig);
}

struct counting {
    const char *rule;
    unsigned count;
};

static void count_one(void *context, const struct views_finding *finding)
{
    struct counting *counting = context;
    counting->count += strcmp(finding->rule->name, counting->rule) == 0 ? 1 : 0;
}

static unsigned count(struct rig *rig, const char *rule, const char *from, const char *until)
{
    struct counting counting = {rule, 0};
    struct views_scope scope = rig_scope(from, until);
    scope.station = rig->station[0].device;
    assert_int_equal(views_findings(&rig->source, &scope, count_one, &counting), ERR_NONE);
    return counting.count;
}

/* One inspection a week was enough until the second edition wants two. */
static void test_slots(void **state)
{
    struct rig *rig = two_editions("2026-03-30 09:00", "2026-03-16", "inspection.per_week ", "2");
    (void)state;
    for (int week = 0; week < 4; week++) {
        struct record *done = rig_add(rig, MACHINE_INSPECTION, "clean", 1);
        put(done, FIELD_kind, 1);
        put(done, FIELD_told_ms, rig_ms("2026-03-03 09:00") + (uint64_t)week * 7 * 86400000);
    }
    assert_int_equal(count(rig, "inspection-missing", "2026-03-01", "2026-03-31"), 2);
    assert_int_equal(count(rig, "inspection-missing", "2026-03-01", "2026-03-16"), 0);
    end(rig);
}

/* A second notice is a fault of the edition that the case keeps. */
static void test_records(void **state)
{
    struct rig *rig = two_editions("2026-03-30 09:00", "2026-03-16", "notify.notices_max ", "2");
    (void)state;
    for (uint64_t edition = 1; edition <= 2; edition++) {
        struct record *noticed = rig_case(rig, "accepted", "2026-03-05 09:00", "");
        put(noticed, FIELD_deficiency_count, 2);
        put(noticed, FIELD_policy_edition, edition);
    }
    assert_int_equal(count(rig, "second-notice", "2026-03-01", "2026-03-31"), 1);
    rig->source.policy_of = NULL; /* all by the newest */
    assert_int_equal(count(rig, "second-notice", "2026-03-01", "2026-03-31"), 0);
    end(rig);
}

/* In force on Monday the 2nd, in use by Monday the 16th (edition.limit, ten working days). */
static void test_old(void **state)
{
    struct rig *rig = two_editions("2026-03-30 09:00", "2026-03-02", "edition.limit ", "10 wd");
    (void)state;
    struct record *opened = rig_case(rig, "accepted", "2026-03-16 09:00", "");
    put(opened, FIELD_policy_edition, 1);
    put(opened, FIELD_catalogue_edition, 1);
    assert_int_equal(count(rig, "old-edition", "2026-03-01", "2026-03-31"), 0);
    put_time(opened, FIELD_opened_ms, "2026-03-17 09:00");
    assert_int_equal(count(rig, "old-edition", "2026-03-01", "2026-03-31"), 1);
    put(opened, FIELD_policy_edition, 2);
    assert_int_equal(count(rig, "old-edition", "2026-03-01", "2026-03-31"), 0);
    end(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots),
        cmocka_unit_test(test_records),
        cmocka_unit_test(test_old),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
