#include "desk_rig.h"
#include "views/views.h"

/* Views, indicators, findings and score sheets over the API, and who may see them. */

static int64_t number_of(const struct wire_tree *object, const char *member)
{
    int64_t number = -1;
    (void)wire_tree_number(wire_tree_get(object, member), &number);
    return number;
}

static const struct wire_tree *entry_named(const struct wire_tree *list, const char *name)
{
    for (size_t i = 0; i < wire_tree_count(list); i++) {
        if (strcmp(wire_tree_member(wire_tree_at(list, i), "name"), name) == 0) {
            return wire_tree_at(list, i);
        }
    }
    fail_msg("%s is not listed", name);
    return NULL;
}

/* R66: the ledger with its headings; names only for who may open them. */
static void test_ledger(void **state)
{
    struct desk_rig *rig = *state;
    unlock(rig, rig->officer);
    struct told told = open_case(rig, "李老伯", "", "");
    expect_status(&told, 200, "");
    char number[64];
    (void)snprintf(number, sizeof number, "%s", said(&told, "number"));
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/views/F14?from=2026-09-01&until=2026-09-30", NULL);
    expect_status(&told, 200, "");
    const struct wire_tree *view = wire_tree_get(told.tree, "view");
    assert_string_equal(wire_tree_member(view, "name"), "service-ledger");
    const struct wire_tree *columns = wire_tree_get(view, "columns");
    assert_string_equal(wire_tree_member(entry_named(columns, "client"), "zh"), "来访人员");
    const struct wire_tree *rows = wire_tree_get(told.tree, "rows");
    assert_int_equal(number_of(told.tree, "total"), 1);
    assert_string_equal(wire_tree_member(wire_tree_at(rows, 0), "number"), number);
    assert_string_equal(wire_tree_member(wire_tree_at(rows, 0), "client"), "李老伯");
    assert_string_equal(wire_tree_member(wire_tree_at(rows, 0), "resultZh"), "审查");
    assert_string_equal(wire_tree_member(wire_tree_at(rows, 0), "resultEn"), "examining");
    told_done(&told);
    rig->token[0] = 0;
    told = ask(rig, "GET", "/api/v1/views/service-ledger?from=2026-09-01&until=2026-09-30", NULL);
    expect_status(&told, 200, "");
    rows = wire_tree_get(told.tree, "rows");
    assert_string_equal(wire_tree_member(wire_tree_at(rows, 0), "client"), "（封存）");
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/views/F14?from=2026-08-01&until=2026-08-31", NULL);
    assert_int_equal(number_of(told.tree, "total"), 0);
    told_done(&told);
    unlock(rig, rig->officer);
}

static void test_lists(void **state)
{
    struct desk_rig *rig = *state;
    struct told told = ask(rig, "GET", "/api/v1/views", NULL);
    expect_status(&told, 200, "");
    const struct wire_tree *views = wire_tree_get(told.tree, "views");
    assert_string_equal(wire_tree_member(entry_named(views, "roster-gaps"), "zh"), "值班空缺");
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/kpi?from=2026-09-01&until=2026-09-30", NULL);
    expect_status(&told, 200, "");
    const struct wire_tree *on_time =
        entry_named(wire_tree_get(told.tree, "indicators"), "on-time");
    assert_int_equal(number_of(on_time, "of"), 0);
    assert_int_equal(number_of(on_time, "target"), 95);
    const struct wire_tree *phone =
        entry_named(wire_tree_get(told.tree, "indicators"), "duty-phone");
    assert_string_not_equal(wire_tree_member(phone, "notComputable"), "");
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/kpi/on-time/cases", NULL);
    expect_status(&told, 200, "");
    assert_int_equal(wire_tree_count(wire_tree_get(told.tree, "cases")), 0);
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/findings/rules", NULL);
    expect_status(&told, 200, "");
    assert_string_equal(
        wire_tree_member(entry_named(wire_tree_get(told.tree, "rules"), "overdue"), "triggers"),
        "T05 T10 T17");
    told_done(&told);
}

static void test_findings(void **state)
{
    struct desk_rig *rig = *state;
    unlock(rig, rig->officer);
    struct told told = ask(rig, "GET", "/api/v1/findings?from=2026-01-01&until=2026-12-31", NULL);
    expect_status(&told, 200, "");
    assert_non_null(wire_tree_get(told.tree, "findings"));
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/appraisal?from=2026-09-01&until=2026-09-30", NULL);
    expect_status(&told, 200, "");
    assert_int_equal(number_of(told.tree, "base"), 100);
    assert_int_equal(number_of(told.tree, "points"), 100);
    assert_string_equal(wire_tree_member(told.tree, "gradeZh"), "优秀");
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/appraisal/ranking", NULL);
    expect_status(&told, 200, "");
    assert_non_null(wire_tree_get(told.tree, "ranking"));
    told_done(&told);
}

/* The rule book's list, in order: what carries each, and what is not there yet this week. */
static void test_regimes(void **state)
{
    struct desk_rig *rig = *state;
    unlock(rig, rig->officer);
    struct told told = ask(rig, "GET", "/api/v1/regimes", NULL);
    expect_status(&told, 200, "");
    const struct wire_tree *list = wire_tree_get(told.tree, "regimes");
    assert_int_equal(wire_tree_count(list), 120);
    const struct wire_tree *first = wire_tree_at(list, 0);
    assert_string_equal(wire_tree_member(first, "number"), "R01");
    assert_string_equal(wire_tree_member(first, "zh"), "首问负责制");
    assert_non_null(strstr(wire_tree_member(first, "carriedBy"), "contact"));
    assert_non_null(strstr(wire_tree_member(wire_tree_at(list, 60), "carriedBy"), "check.0402"));
    assert_non_null(strstr(wire_tree_member(wire_tree_at(list, 75), "carriedBy"), "R46"));
    for (size_t i = 0; i < 120; i++) {
        const char *by = wire_tree_member(wire_tree_at(list, i), "carriedBy");
        assert_true(by != NULL && by[0] != 0);
    }
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/regimes?from=2026-12-07&until=2026-12-13", NULL);
    expect_status(&told, 200, "");
    list = wire_tree_get(told.tree, "regimes");
    assert_non_null(strstr(wire_tree_member(wire_tree_at(list, 66), "liveEn"),
                           "A week without a full inspection 0 (not yet in this period)"));
    told_done(&told);
    rig->token[0] = 0;
    expect_problem(rig, "/api/v1/regimes", NULL, 401, "locked");
    unlock(rig, rig->officer);
}

/* Complaints are for the discipline role; findings want somebody unlocked. */
static void test_permissions(void **state)
{
    struct desk_rig *rig = *state;
    unlock(rig, rig->officer);
    expect_problem(rig, "/api/v1/views/complaints", NULL, 403, "not_permitted");
    expect_problem(rig, "/api/v1/views/F18", NULL, 403, "not_permitted");
    expect_problem(rig, "/api/v1/views/nothing", NULL, 404, "no_view");
    expect_problem(rig, "/api/v1/kpi/nothing/cases", NULL, 404, "no_indicator");
    expect_problem(rig, "/api/v1/kpi/on-time", NULL, 404, "no_indicator");
    expect_problem(rig, "/api/v1/findings/nothing", NULL, 404, "no_finding");
    expect_problem(rig, "/api/v1/appraisal/nothing", NULL, 404, "no_sheet");
    rig->token[0] = 0;
    expect_problem(rig, "/api/v1/findings", NULL, 401, "locked");
    expect_problem(rig, "/api/v1/appraisal", NULL, 401, "locked");
    unlock(rig, rig->officer);
}

static void test_queries(void **state)
{
    static const char *const wrong[] = {
        "from=2026-13-01", "until=tomorrow", "from=2026-09-02&until=2026-09-01",
        "station=NOWHERE", "staff=nobody",   "limit=0",
        "limit=501",       "offset=-1",      "offset=1000001"};
    struct desk_rig *rig = *state;
    unlock(rig, rig->officer);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char path[120];
        (void)snprintf(path, sizeof path, "/api/v1/views/F14?%s", wrong[i]);
        expect_problem(rig, path, NULL, 400, "bad_query");
        (void)snprintf(path, sizeof path, "/api/v1/findings?%s", wrong[i]);
        expect_problem(rig, path, NULL, 400, "bad_query");
    }
}

/* Every view answers, or says whose it is. */
static void test_every_view(void **state)
{
    struct desk_rig *rig = *state;
    unlock(rig, rig->officer);
    for (size_t i = 0; i < views_count(); i++) {
        char path[120];
        (void)snprintf(path, sizeof path, "/api/v1/views/%s", views_at(i)->name);
        struct told told = ask(rig, "GET", path, NULL);
        uint64_t who = views_at(i)->who;
        assert_int_equal(told.status, who == 0 || (who & ROLE_HUB_OPERATOR) != 0 ? 200 : 403);
        told_done(&told);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ledger),      cmocka_unit_test(test_lists),
        cmocka_unit_test(test_findings),    cmocka_unit_test(test_regimes),
        cmocka_unit_test(test_permissions), cmocka_unit_test(test_queries),
        cmocka_unit_test(test_every_view),
    };
    return cmocka_run_group_tests(tests, desk_rig_setup, desk_rig_teardown);
}
