#include "desk_rig.h"
#include "fold/facts.h"
#include "views/findings.h"

/* A report's figures are counted, what a person names stays, and who recomputes them finds
 * exactly that. */

#define SEPTEMBER "\"kind\":3,\"fromDay\":20697,\"untilDay\":20726"
#define OCTOBER "\"kind\":3,\"fromDay\":20727,\"untilDay\":20757"

static void accepted_case(struct desk_rig *rig, const char *name)
{
    char body[512];
    struct told told = open_case(rig, name, "", "");
    expect_status(&told, 200, "");
    (void)snprintf(body, sizeof body,
                   "{\"case\":{\"verb\":\"accepted\",\"materials\":["
                   "{\"code\":\"FORM\",\"form\":1,\"pages\":1,\"status\":1},"
                   "{\"code\":\"ID\",\"form\":1,\"pages\":1,\"status\":4}]},\"record\":\"%s\"}",
                   said(&told, "record"));
    told_done(&told);
    told = ask(rig, "POST", "/api/v1/events", body);
    expect_status(&told, 200, "");
    told_done(&told);
}

static void at(struct desk_rig *rig, const char *time)
{
    assert_int_equal(civil_time_parse(span_text(time), &rig->town->now_ms), ERR_NONE);
}

/* Three cases of the hub and one of the station, accepted on 2026-09-18 and never finished. */
static int setup(void **state)
{
    assert_int_equal(desk_rig_setup(state), 0);
    struct desk_rig *rig = *state;
    unlock(rig, rig->officer);
    accepted_case(rig, "李老伯");
    accepted_case(rig, "黄阿妹");
    accepted_case(rig, "王大哥");
    town_case(rig->town, 71);
    return 0;
}

/* Writes report VERB with those facts, of a record when ret_record holds one. */
static void report(struct desk_rig *rig, const char *verb, const char *facts, char ret_record[64])
{
    char body[512];
    (void)snprintf(body, sizeof body, "{\"report\":{\"verb\":\"%s\",%s}%s%s%s}", verb, facts,
                   ret_record[0] == 0 ? "" : ",\"record\":\"", ret_record,
                   ret_record[0] == 0 ? "" : "\"");
    struct told told = ask(rig, "POST", "/api/v1/events", body);
    expect_status(&told, 200, "");
    (void)snprintf(ret_record, 64, "%s", said(&told, "record"));
    told_done(&told);
}

static struct told show(struct desk_rig *rig, const char *record)
{
    char path[120];
    (void)snprintf(path, sizeof path, "/api/v1/records/%s", record);
    struct told told = ask(rig, "GET", path, NULL);
    expect_status(&told, 200, "");
    return told;
}

static int64_t number_of(const struct wire_tree *object, const char *member)
{
    int64_t number = 0;
    (void)wire_tree_number(wire_tree_get(object, member), &number);
    return number;
}

/* The record's figures: accepted, overdue, and the sum of the five others. */
static void expect_figures(struct desk_rig *rig, const char *record, int64_t accepted,
                           int64_t overdue)
{
    static const char *const others[] = {"totalFinished", "totalExtended", "totalComplaints",
                                         "totalRated", "totalProxy"};
    struct told told = show(rig, record);
    const struct wire_tree *facts = wire_tree_get(told.tree, "facts");
    assert_int_equal(number_of(facts, "totalAccepted"), accepted);
    assert_int_equal(number_of(facts, "totalOverdue"), overdue);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_int_equal(number_of(facts, others[i]), 0);
    }
    told_done(&told);
}

/* --- who recomputes --- */

struct found {
    const struct views_rule *rule;
    size_t count;
    struct views_finding last;
};

static void take_finding(void *context, const struct views_finding *finding)
{
    struct found *found = context;
    if (finding->rule == found->rule) {
        found->count++;
        found->last = *finding;
    }
}

static struct found differing(struct desk_rig *rig)
{
    struct found found = {.rule = views_rule_find("report-differs")};
    struct kv_txn txn;
    struct fold_facts *facts = NULL;
    struct views_scope scope = {0};
    assert_int_equal(civil_day_parse(span_text("2026-09-01"), &scope.from_day), ERR_NONE);
    assert_int_equal(civil_day_parse(span_text("2026-12-31"), &scope.until_day), ERR_NONE);
    kv_begin(rig->town->kv, false, &txn);
    const struct fold_facts_ask ask = {.fold = port_fold(rig),
                                       .txn = &txn,
                                       .space = FOLD_PROVEN,
                                       .now_ms = rig->town->now_ms,
                                       .context = rig,
                                       .events = port_events};
    assert_int_equal(fold_facts_new(&ask, &facts), ERR_NONE);
    assert_int_equal(views_findings(fold_facts_source(facts), &scope, take_finding, &found),
                     ERR_NONE);
    fold_facts_free(facts);
    kv_abort(&txn);
    return found;
}

/* --- tests --- */

/* R30 R66 R68: the month's cases give the month's figures. */
static void test_counted(void **state)
{
    struct desk_rig *rig = *state;
    char month[64] = "";
    char week[64] = "";
    char attendance[64] = "";
    at(rig, "2026-10-01 09:00");
    report(rig, "drawn_up", SEPTEMBER, month);
    expect_figures(rig, month, 3, 0);
    struct told told = show(rig, month);
    assert_null(wire_tree_get(told.tree, "differing"));
    told_done(&told);
    report(rig, "drawn_up", "\"kind\":2,\"fromDay\":20710,\"untilDay\":20716", week);
    expect_figures(rig, week, 3, 0);
    /* Attendance counts no cases. */
    report(rig, "drawn_up", "\"kind\":6,\"fromDay\":20710,\"untilDay\":20716", attendance);
    expect_figures(rig, attendance, 0, 0);
    told = show(rig, attendance);
    assert_null(wire_tree_get(told.tree, "differing"));
    told_done(&told);
    assert_int_equal(differing(rig).count, 0);
}

/* R68: ten working days are over in October: three are overdue, and somebody says none is. */
static void test_named(void **state)
{
    struct desk_rig *rig = *state;
    char month[64] = "";
    char lie[64] = "";
    at(rig, "2026-11-02 09:00");
    report(rig, "drawn_up", SEPTEMBER, month);
    report(rig, "drawn_up", OCTOBER ",\"totalOverdue\":0", lie);
    expect_figures(rig, month, 3, 0);
    expect_figures(rig, lie, 0, 0);
    struct told told = show(rig, lie);
    const struct wire_tree *list = wire_tree_get(told.tree, "differing");
    assert_int_equal(wire_tree_count(list), 1);
    assert_string_equal(wire_tree_member(wire_tree_at(list, 0), "name"), "overdue");
    assert_string_equal(wire_tree_member(wire_tree_at(list, 0), "zh"), "超期");
    assert_int_equal(number_of(wire_tree_at(list, 0), "claimed"), 0);
    assert_int_equal(number_of(wire_tree_at(list, 0), "recomputed"), 3);
    told_done(&told);
    struct found found = differing(rig);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.last.what, "overdue");
    assert_int_equal(found.last.claimed, 0);
    assert_int_equal(found.last.recomputed, 3);
    /* Corrected without a figure: counted again. */
    report(rig, "corrected", OCTOBER ",\"reason\":\"counted\"", lie);
    expect_figures(rig, lie, 0, 3);
    told = show(rig, lie);
    assert_null(wire_tree_get(told.tree, "differing"));
    told_done(&told);
    assert_int_equal(differing(rig).count, 0);
    /* Too many is kept, too. */
    report(rig, "corrected", OCTOBER ",\"reason\":\"counted\",\"totalAccepted\":7", lie);
    expect_figures(rig, lie, 7, 3);
    found = differing(rig);
    assert_int_equal(found.count, 1);
    assert_string_equal(found.last.what, "accepted");
}

/* R69: what 2026 put into the archive is counted, and who says something else is named. */
static void test_archive_list(void **state)
{
    struct desk_rig *rig = *state;
    char list[64] = "";
    char opened[40];
    char body[256];
    at(rig, "2026-11-03 08:00");
    contact(rig, opened);
    (void)snprintf(
        body, sizeof body,
        "{\"contact\":{\"verb\":\"archived\",\"reason\":\"anonymous\"},\"record\":\"%s\"}", opened);
    struct told told = ask(rig, "POST", "/api/v1/events", body);
    expect_status(&told, 200, "");
    told_done(&told);
    /* 2027-01-04, of 2026. */
    at(rig, "2027-01-04 09:00");
    report(rig, "drawn_up", "\"kind\":7,\"fromDay\":20454,\"untilDay\":20818", list);
    told = show(rig, list);
    const struct wire_tree *facts = wire_tree_get(told.tree, "facts");
    assert_int_equal(number_of(facts, "totalContacts"), 1);
    assert_int_equal(number_of(facts, "totalArchived"), 0);
    assert_null(wire_tree_get(told.tree, "differing"));
    told_done(&told);
    report(
        rig, "corrected",
        "\"kind\":7,\"fromDay\":20454,\"untilDay\":20818,\"totalContacts\":2,\"reason\":\"typed\"",
        list);
    told = show(rig, list);
    const struct wire_tree *differing = wire_tree_get(told.tree, "differing");
    assert_int_equal(wire_tree_count(differing), 1);
    assert_string_equal(wire_tree_member(wire_tree_at(differing, 0), "name"), "contacts");
    assert_int_equal(number_of(wire_tree_at(differing, 0), "recomputed"), 1);
    told_done(&told);
}

/* What the rules refuse is refused as before, whatever days it names. */
static void test_refused(void **state)
{
    static const char *const wrong[] = {
        "\"kind\":3", "\"kind\":0,\"fromDay\":20697,\"untilDay\":20726",
        "\"kind\":70,\"fromDay\":20697,\"untilDay\":20726",
        "\"kind\":3,\"fromDay\":20726,\"untilDay\":20697",
        "\"kind\":3,\"fromDay\":4294967295,\"untilDay\":4294967295"};
    struct desk_rig *rig = *state;
    at(rig, "2026-11-03 09:00");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char body[256];
        (void)snprintf(body, sizeof body, "{\"report\":{\"verb\":\"drawn_up\",%s}}", wrong[i]);
        struct told told = ask(rig, "POST", "/api/v1/events", body);
        assert_true(told.status == 409);
        told_done(&told);
    }
}

/* A station counts its own cases, not the hub's. */
static void test_station(void **state)
{
    struct desk_rig *rig = *state;
    char record[64] = "";
    struct desk *hub = rig->desk;
    at(rig, "2026-11-04 09:00");
    open_desk(rig, TIER_STATION, rig->town->station);
    unlock(rig, rig->officer);
    report(rig, "drawn_up", SEPTEMBER, record);
    expect_figures(rig, record, 1, 0);
    desk_free(rig->desk);
    rig->desk = hub;
    unlock(rig, rig->officer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counted),      cmocka_unit_test(test_named),
        cmocka_unit_test(test_archive_list), cmocka_unit_test(test_refused),
        cmocka_unit_test(test_station),
    };
    return cmocka_run_group_tests(tests, setup, desk_rig_teardown);
}
