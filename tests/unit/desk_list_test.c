#include "desk_rig.h"

/* Lists, search, catalogue, policy, calendar, refusals and machines as the API shows them. */

#define ID_A "11010519491231002X"

static bool has_text(const struct wire_tree *list, const char *text)
{
    for (size_t i = 0; i < wire_tree_count(list); i++) {
        if (strcmp(wire_tree_text(wire_tree_at(list, i)), text) == 0) {
            return true;
        }
    }
    return false;
}

/* A case that is accepted, so that it has a due day. */
static void accepted_case(struct desk_rig *rig, const char *name, char ret_number[64])
{
    char body[512];
    struct told told = open_case(rig, name, "", "");
    expect_status(&told, 200, "");
    (void)snprintf(ret_number, 64, "%s", said(&told, "number"));
    (void)snprintf(body, sizeof body,
                   "{\"case\":{\"verb\":\"accepted\",\"materials\":["
                   "{\"code\":\"FORM\",\"form\":1,\"pages\":1,\"status\":1},"
                   "{\"code\":\"ID\",\"form\":1,\"pages\":1,\"status\":4}]},\"record\":\"%s\"}",
                   ret_number);
    told_done(&told);
    told = ask(rig, "POST", "/api/v1/events", body);
    expect_status(&told, 200, "");
    assert_string_equal(said(&told, "state"), "accepted");
    const struct wire_tree *form = wire_tree_get(told.tree, "form");
    int64_t number = 0;
    assert_true(wire_tree_number(form, &number));
    assert_int_equal(number, 1);
    told_done(&told);
}

static void test_due_list_pages(void **state)
{
    struct desk_rig *rig = *state;
    char numbers[3][64];
    char path[200];
    unlock(rig, rig->officer);
    for (size_t i = 0; i < 3; i++) {
        accepted_case(rig, i == 1 ? "黄阿妹" : "李老伯", numbers[i]);
    }
    struct told told = ask(rig, "GET", "/api/v1/cases?due=all&limit=2", NULL);
    expect_status(&told, 200, "");
    const struct wire_tree *records = wire_tree_get(told.tree, "records");
    assert_int_equal(wire_tree_count(records), 2);
    const struct wire_tree *row = wire_tree_at(records, 0);
    assert_string_equal(wire_tree_member(row, "number"), numbers[0]);
    assert_string_equal(wire_tree_member(row, "name"), "李老伯");
    assert_string_equal(wire_tree_member(row, "holder"), "hub");
    /* Ten working days from Friday 2026-09-18, as in hub_test.c. */
    assert_string_equal(wire_tree_member(wire_tree_get(row, "due"), "day"), "2026-10-09");
    assert_string_equal(wire_tree_member(wire_tree_get(row, "due"), "light"), "green");
    assert_string_equal(wire_tree_member(wire_tree_at(records, 1), "name"), "黄阿妹");
    (void)snprintf(path, sizeof path, "/api/v1/cases?due=all&limit=2&after=%s",
                   said(&told, "next"));
    told_done(&told);
    told = ask(rig, "GET", path, NULL);
    records = wire_tree_get(told.tree, "records");
    assert_int_equal(wire_tree_count(records), 1);
    assert_string_equal(wire_tree_member(wire_tree_at(records, 0), "number"), numbers[2]);
    assert_null(wire_tree_get(told.tree, "next"));
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/cases?due=2026-10-10", NULL);
    assert_int_equal(wire_tree_count(wire_tree_get(told.tree, "records")), 0);
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/cases?due=2026-10-09", NULL);
    assert_int_equal(wire_tree_count(wire_tree_get(told.tree, "records")), 3);
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/cases?state=accepted&limit=1", NULL);
    assert_int_equal(wire_tree_count(wire_tree_get(told.tree, "records")), 1);
    assert_non_null(wire_tree_get(told.tree, "next"));
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/cases?state=open&machine=contact", NULL);
    expect_status(&told, 200, "");
    told_done(&told);
    /* The lamp turns when the days have gone. */
    rig->town->now_ms = rig_start_ms + 22 * 86400000ULL;
    told = ask(rig, "GET", "/api/v1/cases?due=all", NULL);
    row = wire_tree_at(wire_tree_get(told.tree, "records"), 0);
    assert_string_equal(wire_tree_member(wire_tree_get(row, "due"), "light"), "overdue");
    told_done(&told);
}

static void test_wrong_queries(void **state)
{
    struct desk_rig *rig = *state;
    static const char *const queries[] = {
        "limit=0",   "limit=501",    "limit=x",
        "after=1",   "after=x:00",   "due=soon",
        "state=big", "state=opened", "state=accepted&machine=dog"};
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        char path[80];
        (void)snprintf(path, sizeof path, "/api/v1/cases?%s", queries[i]);
        expect_problem(rig, path, NULL, 400, "bad_query");
    }
    expect_problem(rig, "/api/v1/records/nothing", NULL, 404, "no_record");
    expect_problem(rig, "/api/v1/records/00112233445566778899aabbccddeeff", NULL, 404, "no_record");
    expect_problem(rig, "/api/v1/records/x/y", NULL, 404, "no_record");
    expect_problem(rig, "/api/v1/policy", "{}", 405, "wrong_method");
    expect_problem(rig, "/api/v1/calendar?year=x", NULL, 400, "bad_query");
    struct told told = ask(rig, "GET", "/api/v1/elsewhere", NULL);
    assert_int_equal(told.status, 404);
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/recordsX", NULL);
    assert_int_equal(told.status, 404);
    told_done(&told);
}

static size_t found(struct desk_rig *rig, const char *text)
{
    char path[200];
    (void)snprintf(path, sizeof path, "/api/v1/cases?search=%s", text);
    struct told told = ask(rig, "GET", path, NULL);
    expect_status(&told, 200, "");
    size_t count = wire_tree_count(wire_tree_get(told.tree, "records"));
    told_done(&told);
    return count;
}

static void test_search(void **state)
{
    struct desk_rig *rig = *state;
    unlock(rig, rig->officer);
    struct told told = open_case(rig, "黄阿妹", ID_A, "");
    expect_status(&told, 200, "");
    told_done(&told);
    assert_int_equal(found(rig, "%E9%98%BF%E5%A6%B9"), 1); /* 阿妹 */
    assert_int_equal(found(rig, "%E6%9D%8E"), 0);          /* 李 */
    assert_int_equal(found(rig, "002X"), 1);
    assert_int_equal(found(rig, "1101"), 1);
    assert_int_equal(found(rig, "02X"), 0); /* too short for a number */
    assert_int_equal(found(rig, "13800138000"), 1);
    /* What came after the index was built is found as well. */
    told = open_case(rig, "李老伯", "", "");
    told_done(&told);
    assert_int_equal(found(rig, "%E6%9D%8E"), 1);
    desk_tick(rig->desk);
    assert_int_equal(found(rig, "%E6%9D%8E"), 1);
    /* Locked and unlocked again: built anew. */
    told = ask(rig, "POST", "/api/v1/lock", "");
    told_done(&told);
    rig->token[0] = 0;
    expect_problem(rig, "/api/v1/cases?search=1101", NULL, 403, "cannot_open");
    unlock(rig, rig->officer);
    desk_tick(rig->desk);
    assert_int_equal(found(rig, "1101"), 1);
}

/* Names are only for the local socket or an unlocked person. */
static void test_over_tcp_locked(void **state)
{
    struct desk_rig *rig = *state;
    char *answer = raw_ask(raw_tcp(&rig->http), "GET /api/v1/cases HTTP/1.1\r\nHost: localhost\r\n"
                                                "Connection: close\r\n\r\n");
    assert_non_null(strstr(answer, "401 "));
    free(answer);
    answer = raw_ask(raw_tcp(&rig->http), "GET /api/v1/policy HTTP/1.1\r\nHost: localhost\r\n"
                                          "Connection: close\r\n\r\n");
    assert_non_null(strstr(answer, "200 "));
    free(answer);
}

static void test_editions(void **state)
{
    struct desk_rig *rig = *state;
    struct told told = ask(rig, "GET", "/api/v1/catalogue", NULL);
    expect_status(&told, 200, "");
    assert_string_equal(said(&told, "edition"), "1");
    assert_true(wire_tree_count(wire_tree_get(told.tree, "items")) > 50);
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/catalogue/I51", NULL);
    assert_int_equal(told.status, 200);
    assert_string_equal(said(&told, "code"), "I51");
    assert_int_equal(wire_tree_count(wire_tree_get(told.tree, "materials")), 2);
    told_done(&told);
    expect_problem(rig, "/api/v1/catalogue/I999", NULL, 404, "no_item");
    told = ask(rig, "GET", "/api/v1/policy", NULL);
    const struct wire_tree *first = wire_tree_at(wire_tree_get(told.tree, "parameters"), 0);
    assert_string_equal(wire_tree_member(first, "name"), "clock.start_offset");
    assert_string_equal(wire_tree_member(first, "value"), "1");
    assert_string_equal(wire_tree_member(first, "source"), "N10 X33 X01 [S4:494]");
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/calendar?year=2026", NULL);
    assert_true(wire_tree_is_true(wire_tree_get(told.tree, "known")));
    first = wire_tree_at(wire_tree_get(told.tree, "days"), 0);
    assert_string_equal(wire_tree_member(first, "day"), "2026-01-01");
    assert_string_equal(wire_tree_member(first, "kind"), "holiday");
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/calendar?year=2031", NULL);
    assert_false(wire_tree_is_true(wire_tree_get(told.tree, "known")));
    told_done(&told);
}

static void test_rules_as_data(void **state)
{
    struct desk_rig *rig = *state;
    int64_t number = 0;
    struct told told = ask(rig, "GET", "/api/v1/refusals/not_holder", NULL);
    expect_status(&told, 200, "");
    assert_true(wire_tree_number(wire_tree_get(told.tree, "number"), &number));
    assert_int_equal(number, REFUSAL_NOT_HOLDER);
    told_done(&told);
    expect_problem(rig, "/api/v1/refusals/nonsense", NULL, 404, "no_refusal");
    told = ask(rig, "GET", "/api/v1/machines/case", NULL);
    expect_status(&told, 200, "");
    const struct wire_tree *rows = wire_tree_get(told.tree, "rows");
    assert_true(wire_tree_count(rows) > 30);
    const struct wire_tree *row = wire_tree_at(rows, 0);
    assert_string_equal(wire_tree_member(row, "verb"), "opened");
    assert_string_equal(wire_tree_member(row, "to"), "examining");
    assert_true(has_text(wire_tree_get(row, "from"), "none"));
    assert_true(has_text(wire_tree_get(row, "roles"), "A03"));
    assert_false(has_text(wire_tree_get(row, "roles"), "A22"));
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/machines", NULL);
    assert_int_equal(wire_tree_count(wire_tree_get(told.tree, "machines")) >= 6, true);
    told_done(&told);
    told = ask(rig, "GET", "/api/v1/openapi.json", NULL);
    expect_status(&told, 200, "");
    assert_string_equal(said(&told, "openapi"), "3.1.0");
    told_done(&told);
}

/* 4.3: an appraiser sees scores, an auditor all, the discipline body what a dossier speaks of. */
static void test_who_reads_events(void **state)
{
    enum { APPRAISER = 70, AUDITOR, DISCIPLINE };
    struct desk_rig *rig = *state;
    char number[64];
    char path[120];
    uint8_t appraiser[LIMIT_ID_SIZE];
    uint8_t auditor[LIMIT_ID_SIZE];
    uint8_t discipline[LIMIT_ID_SIZE];
    unlock(rig, rig->officer);
    accepted_case(rig, "黄阿妹", number);
    (void)snprintf(path, sizeof path, "/api/v1/records/%s/events", number);
    keyring_free(employ(rig, APPRAISER, ROLE_APPRAISER, appraiser));
    keyring_free(employ(rig, AUDITOR, ROLE_AUDITOR, auditor));
    keyring_free(employ(rig, DISCIPLINE, ROLE_UPPER_DISCIPLINE, discipline));
    unlock(rig, appraiser);
    expect_problem(rig, path, NULL, 403, "not_permitted");
    unlock(rig, discipline);
    expect_problem(rig, path, NULL, 403, "not_permitted");
    unlock(rig, auditor);
    struct told told = ask(rig, "GET", path, NULL);
    expect_status(&told, 200, "");
    const struct wire_tree *event = wire_tree_at(wire_tree_get(told.tree, "events"), 0);
    const struct wire_tree *part = wire_tree_at(wire_tree_get(event, "parts"), 0);
    assert_string_not_equal(wire_tree_member(part, "unreadable"), ""); /* minimised */
    told_done(&told);
}

static void test_events_of_a_record(void **state)
{
    struct desk_rig *rig = *state;
    char number[64];
    char path[120];
    unlock(rig, rig->officer);
    accepted_case(rig, "黄阿妹", number);
    (void)snprintf(path, sizeof path, "/api/v1/records/%s/events", number);
    struct told told = ask(rig, "GET", path, NULL);
    const struct wire_tree *events = wire_tree_get(told.tree, "events");
    assert_int_equal(wire_tree_count(events), 2);
    const struct wire_tree *event = wire_tree_at(events, 0);
    assert_string_equal(wire_tree_member(event, "standing"), "accepted");
    assert_string_equal(
        wire_tree_member(wire_tree_get(wire_tree_get(event, "event"), "case"), "verb"), "opened");
    const struct wire_tree *part = wire_tree_at(wire_tree_get(event, "parts"), 0);
    assert_string_equal(wire_tree_member(wire_tree_get(part, "content"), "name"), "黄阿妹");
    told_done(&told);
    (void)snprintf(path, sizeof path, "/api/v1/records/%s", number);
    told = ask(rig, "GET", path, NULL);
    const struct wire_tree *facts = wire_tree_get(told.tree, "facts");
    assert_string_equal(wire_tree_member(facts, "dueDay"), "2026-10-09");
    const char *accepted = wire_tree_member(facts, "acceptedMs");
    assert_int_equal(strncmp(accepted, "2026-09-18T08:00:", 17), 0);
    assert_string_equal(accepted + 19, ".000+08:00");
    const struct wire_tree *materials = wire_tree_get(facts, "materials");
    assert_int_equal(wire_tree_count(materials), 2);
    assert_string_equal(wire_tree_member(wire_tree_at(materials, 0), "code"), "FORM");
    assert_null(wire_tree_get(told.tree, "identity"));
    told_done(&told);
}

#define DESK(test) cmocka_unit_test_setup_teardown(test, desk_rig_setup, desk_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK(test_due_list_pages),     DESK(test_wrong_queries), DESK(test_search),
        DESK(test_over_tcp_locked),    DESK(test_editions),      DESK(test_rules_as_data),
        DESK(test_events_of_a_record),
        DESK(test_who_reads_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
