#include "desk_rig.h"

/* GB 11643: the example number of the standard, and one without X. */
#define ID_A "11010519491231002X"
#define ID_B "440524198001010013"

static bool find_bytes(struct span in, const char *text)
{
    return memmem(in.data, in.size, text, strlen(text)) != NULL;
}

static void test_unlock_and_lock(void **state)
{
    struct desk_rig *rig = *state;
    expect_problem(rig, "/api/v1/session", NULL, 401, "locked");
    struct told told = try_unlock(rig, rig->officer, "wrong");
    expect_status(&told, 403, "wrong_password");
    told_done(&told);
    uint8_t nobody[LIMIT_ID_SIZE] = {1};
    told = try_unlock(rig, nobody, PASSWORD);
    expect_status(&told, 403, "wrong_password");
    told_done(&told);
    unlock(rig, rig->officer);
    told = ask(rig, "GET", "/api/v1/session", NULL);
    expect_status(&told, 200, "");
    const struct wire_tree *roles = wire_tree_get(told.tree, "roles");
    assert_int_equal(wire_tree_count(roles), 1);
    assert_string_equal(wire_tree_text(wire_tree_at(roles, 0)), "A18");
    told_done(&told);
    told = ask(rig, "POST", "/api/v1/lock", "");
    expect_status(&told, 200, "");
    told_done(&told);
    expect_problem(rig, "/api/v1/session", NULL, 401, "locked");
}

static void test_locks_by_itself(void **state)
{
    struct desk_rig *rig = *state;
    unlock(rig, rig->officer);
    rig->mono_ms += 15 * 60 * 1000 - 1;
    struct told told = ask(rig, "GET", "/api/v1/session", NULL);
    expect_status(&told, 200, "");
    told_done(&told);
    rig->mono_ms += 15 * 60 * 1000;
    expect_problem(rig, "/api/v1/session", NULL, 401, "locked");
}

static void test_guessing_has_to_wait(void **state)
{
    struct desk_rig *rig = *state;
    for (unsigned i = 0; i < 5; i++) {
        struct told told = try_unlock(rig, rig->officer, "guess");
        expect_status(&told, 403, "wrong_password");
        told_done(&told);
    }
    struct told told = try_unlock(rig, rig->officer, PASSWORD);
    expect_status(&told, 429, "wait");
    told_done(&told);
    rig->mono_ms += 60000;
    unlock(rig, rig->officer);
}

static void test_unlock_by_name(void **state)
{
    struct desk_rig *rig = *state;
    assert_int_equal(device_name_write(rig->keys, rig->officer, "李四"), ERR_NONE);
    struct told told =
        ask(rig, "POST", "/api/v1/unlock", "{\"staff\":\"李四\",\"password\":\"" PASSWORD "\"}");
    expect_status(&told, 200, "");
    assert_string_equal(said(&told, "name"), "李四");
    told_done(&told);
    /* Two of one name: nobody is meant. */
    assert_int_equal(device_name_write(rig->keys, rig->outsider, "李四"), ERR_NONE);
    uint8_t staff[LIMIT_ID_SIZE];
    assert_int_equal(device_person_find(rig->keys, "李四", staff), ERR_CONFLICT);
    assert_int_equal(device_person_find(rig->keys, "王五", staff), ERR_NOT_FOUND);
}

static void test_revoked_key_stays_locked(void **state)
{
    struct desk_rig *rig = *state;
    struct town_act act;
    unlock(rig, rig->officer);
    town_act(&act, WIRE_PERSON, 2060, PERSON_REVOKED);
    town_bytes(&act, FIELD_staff, 0, rig->officer, LIMIT_ID_SIZE);
    assert_int_equal(town_hub(rig->town, &rig->town->leader, &act).verdict, WIRE_ACCEPTED);
    struct told told = try_unlock(rig, rig->officer, PASSWORD);
    expect_status(&told, 403, "revoked");
    told_done(&told);
}

/* No byte of the whole log may hold what was sealed. */
static void expect_nowhere_in_log(struct desk_rig *rig, const char *text)
{
    struct log *log = &hub_fold(rig->town->hub)->log;
    struct kv_txn txn;
    struct buf bytes;
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    kv_begin(rig->town->kv, false, &txn);
    for (uint64_t i = 0; i < log->size; i++) {
        assert_true(log_leaf(log, &txn, i, &bytes));
        assert_false(find_bytes(buf_span(&bytes), text));
    }
    kv_abort(&txn);
    buf_done(&bytes);
}

struct blob_scan {
    const char *text;
    bool found;
};

static bool scan_blob(void *context, struct span key, struct span value)
{
    struct blob_scan *scan = context;
    (void)key;
    scan->found = scan->found || find_bytes(value, scan->text);
    return true;
}

static void expect_nowhere_in_store(struct desk_rig *rig, const char *text)
{
    struct blob_scan scan = {text, false};
    struct kv_txn txn;
    kv_begin(rig->town->kv, false, &txn);
    for (int table = 0; table < KV_TABLE_COUNT; table++) {
        kv_scan(&txn, (enum kv_table)table, span_of(NULL, 0), span_of(NULL, 0), scan_blob, &scan);
    }
    assert_int_equal(txn.err, ERR_NONE);
    kv_abort(&txn);
    assert_false(scan.found);
}

static void test_sealed_case_opens_again(void **state)
{
    struct desk_rig *rig = *state;
    char path[160];
    char record[40];
    unlock(rig, rig->officer);
    struct told told = open_case(rig, "黄阿妹", ID_A, "");
    expect_status(&told, 200, "");
    assert_string_equal(said(&told, "state"), "examining");
    assert_string_equal(said(&told, "standing"), "accepted");
    assert_string_equal(said(&told, "machine"), "case");
    assert_int_equal(wire_tree_count(wire_tree_get(told.tree, "warnings")), 0);
    (void)snprintf(record, sizeof record, "%s", said(&told, "record"));
    /* The hub's own: village 000, and the number leads back to the record. */
    assert_int_equal(strncmp(said(&told, "number"), "000-1-", 6), 0);
    (void)snprintf(path, sizeof path, "/api/v1/records/%s?open=1", said(&told, "number"));
    told_done(&told);
    told = ask(rig, "GET", path, NULL);
    expect_status(&told, 200, "");
    assert_string_equal(said(&told, "record"), record);
    const struct wire_tree *identity = wire_tree_get(told.tree, "identity");
    assert_string_equal(wire_tree_member(identity, "name"), "黄阿妹");
    assert_string_equal(wire_tree_member(identity, "idNumber"), ID_A);
    assert_string_equal(wire_tree_member(wire_tree_get(told.tree, "facts"), "item"), "I51");
    assert_true(wire_tree_count(wire_tree_get(told.tree, "allowed")) > 0);
    told_done(&told);
    /* A second part of the record, by the same key. */
    char body[256];
    (void)snprintf(body, sizeof body,
                   "{\"case\":{\"verb\":\"asked_superior\"},\"record\":\"%s\","
                   "\"matter\":{\"text\":\"请示一下\"}}",
                   record);
    told = ask(rig, "POST", "/api/v1/events", body);
    expect_status(&told, 200, "");
    told_done(&told);
    (void)snprintf(path, sizeof path, "/api/v1/records/%s?open=1", record);
    told = ask(rig, "GET", path, NULL);
    assert_string_equal(wire_tree_member(wire_tree_get(told.tree, "identity"), "name"), "黄阿妹");
    assert_string_equal(wire_tree_member(wire_tree_get(told.tree, "matter"), "text"), "请示一下");
    told_done(&told);
    expect_nowhere_in_log(rig, "黄阿妹");
    expect_nowhere_in_log(rig, ID_A);
    expect_nowhere_in_log(rig, "13800138000");
    expect_nowhere_in_store(rig, "黄阿妹");
    expect_nowhere_in_store(rig, ID_A);
    expect_nowhere_in_store(rig, "请示一下");
}

static void test_other_audience_cannot_open(void **state)
{
    struct desk_rig *rig = *state;
    char path[160];
    unlock(rig, rig->officer);
    struct told told = open_case(rig, "黄阿妹", ID_A, "");
    (void)snprintf(path, sizeof path, "/api/v1/records/%s?open=1", said(&told, "record"));
    told_done(&told);
    unlock(rig, rig->outsider);
    told = ask(rig, "GET", path, NULL);
    expect_status(&told, 200, "");
    const struct wire_tree *identity = wire_tree_get(told.tree, "identity");
    assert_null(wire_tree_get(identity, "name"));
    assert_string_equal(wire_tree_member(identity, "unreadable"), err_name(ERR_AUTH));
    assert_string_equal(wire_tree_member(identity, "zh"), "（封存）");
    told_done(&told);
    expect_problem(rig, "/api/v1/cases?search=%E9%BB%84", NULL, 403, "cannot_open");
    /* Nobody at all: not even that there is something sealed. */
    rig->token[0] = 0;
    told = ask(rig, "GET", path, NULL);
    expect_status(&told, 200, "");
    assert_null(wire_tree_get(told.tree, "identity"));
    told_done(&told);
}

static void test_bad_requests_write_nothing(void **state)
{
    struct desk_rig *rig = *state;
    unlock(rig, rig->officer);
    char cited[40];
    contact(rig, cited);
    uint64_t size = hub_size(rig->town->hub);
    struct told told = ask(rig, "POST", "/api/v1/events",
                           "{\"case\":{\"verb\":\"opened\",\"item\":\"I51\",\"colour\":\"red\"}}");
    expect_status(&told, 400, "bad_request");
    assert_string_equal(said(&told, "field"), "case.colour");
    told_done(&told);
    told = ask(rig, "POST", "/api/v1/events",
               "{\"case\":{\"verb\":\"opened\"},\"identity\":{\"surname\":\"x\"}}");
    expect_status(&told, 400, "bad_request");
    assert_string_equal(said(&told, "field"), "identity.surname");
    told_done(&told);
    static const char *const bodies[] = {
        "",
        "[]",
        "{",
        "{}",
        "{\"hurry\":true}",
        "{\"case\":7}",
        "{\"case\":{\"verb\":\"opened\"},\"note\":{\"kind\":1}}",
        "{\"case\":{\"verb\":\"opened\"},\"attestation\":{\"kind\":\"wink\"}}",
        "{\"case\":{\"verb\":\"opened\"},\"attestation\":{}}",
        "{\"case\":{\"verb\":\"opened\"},\"backEntry\":{\"serial\":\"7\"}}",
        "{\"case\":{\"verb\":\"opened\"},\"record\":7}",
        "{\"case\":{\"verb\":\"opened\"},\"force\":\"yes\"}"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        expect_problem(rig, "/api/v1/events", bodies[i], 400, "bad_request");
    }
    expect_problem(rig, "/api/v1/events", "{\"person\":{\"verb\":\"revoked\"}}", 400, "not_here");
    expect_problem(rig, "/api/v1/events",
                   "{\"case\":{\"verb\":\"accepted\"},\"record\":\"000-1-000001-9\"}", 404,
                   "no_record");
    assert_int_equal(hub_size(rig->town->hub), size);
}

static void test_wrong_id_number_refused(void **state)
{
    struct desk_rig *rig = *state;
    unlock(rig, rig->officer);
    struct told told = open_case(rig, "黄阿妹", "110105194912310021", "");
    uint64_t size = hub_size(rig->town->hub); /* with the contact, without the case */
    expect_status(&told, 422, "id_number_check");
    assert_string_equal(said(&told, "field"), "identity.idNumber");
    told_done(&told);
    told = open_case(rig, "黄阿妹", "11010519490230002X", "");
    expect_status(&told, 422, "id_number_birthday");
    told_done(&told);
    told = open_case(rig, "黄阿妹", "12345", "");
    expect_status(&told, 422, "id_number_form");
    told_done(&told);
    assert_int_equal(hub_size(rig->town->hub), size + 2);
    expect_problem(rig, "/api/v1/events",
                   "{\"case\":{\"verb\":\"opened\",\"receivedMs\":\"1789689600000000\"}}", 422,
                   "received_in_future");
}

static void test_rule_refusal_names_its_article(void **state)
{
    struct desk_rig *rig = *state;
    unlock(rig, rig->officer);
    struct told told = ask(rig, "POST", "/api/v1/events",
                           "{\"case\":{\"verb\":\"opened\",\"item\":\"I51\"},"
                           "\"identity\":{\"name\":\"黄阿妹\"}}");
    expect_status(&told, 409, "refused");
    const struct wire_tree *refusal = wire_tree_get(told.tree, "refusal");
    assert_true(wire_tree_member(refusal, "name")[0] != 0);
    assert_true(wire_tree_member(refusal, "article")[0] != 0);
    assert_string_equal(wire_tree_member(refusal, "zh"), said(&told, "zh"));
    told_done(&told);
}

static void test_duplicate_warned_of(void **state)
{
    struct desk_rig *rig = *state;
    unlock(rig, rig->officer);
    struct told first = open_case(rig, "黄阿妹", ID_A, "");
    expect_status(&first, 200, "");
    struct told told = open_case(rig, "黄阿妹", ID_A, "");
    expect_status(&told, 200, "");
    const struct wire_tree *warnings = wire_tree_get(told.tree, "warnings");
    assert_int_equal(wire_tree_count(warnings), 1);
    assert_string_equal(wire_tree_member(wire_tree_at(warnings, 0), "number"),
                        said(&first, "number"));
    const char *zh = wire_tree_member(wire_tree_at(warnings, 0), "zh");
    assert_non_null(strstr(zh, said(&first, "number")));
    assert_non_null(strstr(zh, "R26 S3-3三4 [S3:105]"));
    told_done(&told);
    told = open_case(rig, "黄阿妹", ID_A, ",\"force\":true");
    assert_int_equal(wire_tree_count(wire_tree_get(told.tree, "warnings")), 0);
    told_done(&told);
    told = open_case(rig, "李老伯", ID_B, "");
    expect_status(&told, 200, "");
    assert_int_equal(wire_tree_count(wire_tree_get(told.tree, "warnings")), 0);
    told_done(&told);
    told_done(&first);
}

#define CONTACT_OF(item, who)                                                                      \
    "{\"contact\":{\"verb\":\"received\",\"channel\":1,\"item\":\"" item "\"},"                    \
    "\"identity\":{" who "}}"

/* R26: asked before it is written. Contacts of one day; where there is no ID number, name and
 * telephone are the person. */
static void test_duplicate_asked(void **state)
{
    static const char *const others[] = {
        CONTACT_OF("I51", "\"name\":\"吴伯\",\"phone\":\"13900000001\""),
        CONTACT_OF("I64", "\"name\":\"吴伯\",\"phone\":\"13900000000\""),
        CONTACT_OF("I51", "\"name\":\"吴妈\",\"phone\":\"13900000000\""),
        CONTACT_OF("I51", "\"name\":\"吴伯\"")};
    static const char same[] = CONTACT_OF("I51", "\"name\":\"吴伯\",\"phone\":\"13900000000\"");
    static const char forced[] =
        "{\"contact\":{\"verb\":\"received\",\"channel\":1,\"item\":\"I51\"},\"force\":true,"
        "\"identity\":{\"name\":\"吴伯\",\"phone\":\"13900000000\"}}";
    static const char reasoned[] =
        "{\"contact\":{\"verb\":\"received\",\"channel\":1,\"item\":\"I51\","
        "\"reason\":\"renewed\"},\"force\":true,"
        "\"identity\":{\"name\":\"吴伯\",\"phone\":\"13900000000\"}}";
    struct desk_rig *rig = *state;
    unlock(rig, rig->officer);
    struct told told = ask(rig, "POST", "/api/v1/events?check=1", same);
    expect_status(&told, 200, "");
    told_done(&told);
    told = ask(rig, "POST", "/api/v1/events", same);
    expect_status(&told, 200, "");
    told_done(&told);
    told = ask(rig, "POST", "/api/v1/events?check=1", same);
    expect_status(&told, 409, "duplicate");
    assert_int_equal(wire_tree_count(wire_tree_get(told.tree, "existing")), 1);
    told_done(&told);
    expect_problem(rig, "/api/v1/events?check=1", forced, 422, "no_reason");
    told = ask(rig, "POST", "/api/v1/events?check=1", reasoned);
    expect_status(&told, 200, "");
    told_done(&told);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        told = ask(rig, "POST", "/api/v1/events?check=1", others[i]);
        expect_status(&told, 200, "");
        told_done(&told);
    }
}

/* R26: duplicate.window is 3. From the day on a sheet that is entered late, a case opened since. */
static void test_duplicate_window(void **state)
{
    static const struct {
        uint64_t days;
        unsigned status;
    } borders[] = {{2, 409}, {3, 409}, {4, 200}};
    enum { MS_A_DAY = 24 * 60 * 60 * 1000 };
    struct desk_rig *rig = *state;
    unlock(rig, rig->officer);
    struct told told = open_case(rig, "黄阿妹", ID_A, "");
    expect_status(&told, 200, "");
    told_done(&told);
    for (size_t i = 0; i < sizeof borders / sizeof *borders; i++) {
        char time[CIVIL_TIME_SIZE];
        struct buf body;
        civil_time_format(rig->town->now_ms - borders[i].days * MS_A_DAY, time);
        buf_init(&body, 4096);
        buf_put_format(&body,
                       "{\"case\":{\"verb\":\"opened\",\"item\":\"I51\"},"
                       "\"identity\":{\"name\":\"黄阿妹\",\"idNumber\":\"%s\"},"
                       "\"backEntry\":{\"serial\":\"P-7\",\"time\":\"%s\",\"reason\":\"power\"}}",
                       ID_A, time);
        told = ask(rig, "POST", "/api/v1/events?check=1", buf_text(&body));
        expect_status(&told, borders[i].status, borders[i].status == 200 ? "" : "duplicate");
        told_done(&told);
        buf_done(&body);
    }
}

static int bare_setup(void **state)
{
    return desk_rig_setup_with(state, false);
}

static void test_no_audience_no_names(void **state)
{
    struct desk_rig *rig = *state;
    unlock(rig, rig->officer);
    expect_problem(rig, "/api/v1/events",
                   "{\"contact\":{\"verb\":\"received\",\"channel\":1,\"item\":\"I51\"},"
                   "\"matter\":{\"text\":\"x\"}}",
                   503, "no_audience");
    struct told told = ask(rig, "POST", "/api/v1/events",
                           "{\"contact\":{\"verb\":\"received\",\"channel\":1,\"item\":\"I51\"}}");
    expect_status(&told, 200, "");
    told_done(&told);
}

#define DESK(test) cmocka_unit_test_setup_teardown(test, desk_rig_setup, desk_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK(test_unlock_and_lock),
        DESK(test_locks_by_itself),
        DESK(test_guessing_has_to_wait),
        DESK(test_unlock_by_name),
        DESK(test_revoked_key_stays_locked),
        DESK(test_sealed_case_opens_again),
        DESK(test_other_audience_cannot_open),
        DESK(test_bad_requests_write_nothing),
        DESK(test_wrong_id_number_refused),
        DESK(test_rule_refusal_names_its_article),
        DESK(test_duplicate_warned_of),
        DESK(test_duplicate_asked),
        DESK(test_duplicate_window),
        cmocka_unit_test_setup_teardown(test_no_audience_no_names, bare_setup, desk_rig_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
