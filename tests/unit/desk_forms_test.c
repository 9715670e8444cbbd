#include "desk_rig.h"
#include "forms/forms.h"
#include "forms/slip_code.h"
#include "forms_day.h"

/* Every form about a record, from the real events of a day at a founded town's hub: filled without
 * an empty mandatory line, printed, counted, printed again, replaced. */

enum { PATH_SIZE = 256, RECORD_SIZE = 40, RECORD_COUNT = 48 };

struct named {
    char name[24];
    char record[RECORD_SIZE];
};

struct day {
    struct named records[RECORD_COUNT];
    size_t record_count;
    uint8_t staff[DAY_PEOPLE][LIMIT_ID_SIZE];
    char tokens[DAY_PEOPLE][96]; /* each unlocks once: a key file takes its time */
};

static struct day day;

static const char *record_of(const char *name)
{
    for (size_t i = 0; i < day.record_count; i++) {
        if (strcmp(day.records[i].name, name) == 0) {
            return day.records[i].record;
        }
    }
    fail_msg("no record %s", name);
    return "";
}

static size_t person_of(const char *name, size_t size)
{
    for (size_t i = 0; i < DAY_PEOPLE; i++) {
        if (strlen(day_people[i].name) == size && strncmp(day_people[i].name, name, size) == 0) {
            return i;
        }
    }
    fail_msg("nobody called %.*s", (int)size, name);
    return 0;
}

/* "@case" is a record's id, "%worker" a person's. */
static void put_body(struct buf *body, const char *text)
{
    while (*text != 0) {
        size_t plain = strcspn(text, "@%");
        buf_put(body, text, plain);
        text += plain;
        if (*text == 0) {
            break;
        }
        char mark = *text++;
        size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789");
        if (mark == '@') {
            char name[24];
            (void)snprintf(name, sizeof name, "%.*s", (int)size, text);
            buf_put_text(body, record_of(name));
        } else {
            text_put_hex(body, span_of(day.staff[person_of(text, size)], LIMIT_ID_SIZE));
        }
        text += size;
    }
}

static void come(struct desk_rig *rig, const char *who)
{
    size_t person = person_of(who, strlen(who));
    if (day.tokens[person][0] == 0) {
        unlock(rig, day.staff[person]);
        memcpy(day.tokens[person], rig->token, sizeof rig->token);
    }
    memcpy(rig->token, day.tokens[person], sizeof rig->token);
}

static void step(struct desk_rig *rig, const struct day_step *now)
{
    struct buf body;
    bool is_new = strchr(now->what, '@') == NULL || strstr(now->what, "\"record\"") == NULL;
    rig->town->now_ms += now->later_s * 1000ULL;
    rig->mono_ms += 1000;
    come(rig, now->who);
    buf_init(&body, 8192);
    put_body(&body, now->what);
    struct told told = ask(rig, "POST", "/api/v1/events", buf_text(&body));
    if (told.status != 200 || strcmp(said(&told, "state"), now->state) != 0) {
        fail_msg("%s %s: status %u state \"%s\" code \"%s\" %s (%s), wanted %s", now->who,
                 now->what, told.status, said(&told, "state"), said(&told, "code"),
                 said(&told, "en"), wire_tree_member(wire_tree_get(told.tree, "refusal"), "name"),
                 now->state);
    }
    if (is_new) {
        assert_true(day.record_count < RECORD_COUNT);
        struct named *named = &day.records[day.record_count++];
        (void)snprintf(named->name, sizeof named->name, "%s", now->record);
        (void)snprintf(named->record, sizeof named->record, "%s", said(&told, "record"));
    }
    told_done(&told);
    buf_done(&body);
}

/* All of the day's people are members of the hub's audience; of discipline's who investigates. */
static void employ_all(struct desk_rig *rig)
{
    const uint64_t investigates = ROLE_DISCIPLINE | ROLE_UPPER_DISCIPLINE | ROLE_COMPLAINT_DESK;
    struct sealing_member members[DAY_PEOPLE];
    struct sealing_member closed[DAY_PEOPLE];
    size_t closed_count = 0;
    for (uint8_t i = 0; i < DAY_PEOPLE; i++) {
        struct keyring *keyring = employ(rig, (uint8_t)(80 + i), day_people[i].roles, day.staff[i]);
        members[i] = member_of(keyring);
        if ((day_people[i].roles & investigates) != 0) {
            closed[closed_count++] = members[i];
        }
        keyring_free(keyring);
        assert_int_equal(device_name_write(rig->keys, day.staff[i], day_people[i].zh), ERR_NONE);
        assert_int_equal(device_phone_write(rig->keys, day.staff[i], "13700137000"), ERR_NONE);
    }
    found_kind(rig, SEALING_HUB, members, DAY_PEOPLE);
    found_kind(rig, SEALING_DISCIPLINE, closed, closed_count);
}

static int setup_day(void **state)
{
    memset(&day, 0, sizeof day);
    if (desk_rig_setup_with(state, false) != 0) {
        return -1;
    }
    struct desk_rig *rig = *state;
    employ_all(rig);
    for (size_t i = 0; i < day_step_count; i++) {
        step(rig, &day_steps[i]);
    }
    come(rig, "head");
    return 0;
}

/* --- asking --- */

static struct told form_ask(struct desk_rig *rig, const char *method, const char *record,
                            const char *rest, const char *body)
{
    char path[PATH_SIZE + 32];
    (void)snprintf(path, sizeof path, "/api/v1/records/%s/forms%s", record_of(record), rest);
    return ask(rig, method, path, body);
}

/* The page as text; the caller frees. */
static struct buf page_at(struct desk_rig *rig, const char *path, unsigned wanted)
{
    const char *headers[] = {rig->token, NULL};
    const struct http_call call = {
        .socket_path = rig->http.path, .method = "GET", .path = path, .headers = headers};
    struct http_answer answer = {.status = 0};
    buf_init(&answer.body, REPLY_MAX);
    assert_int_equal(rig_call(&rig->http, &call, &answer), ERR_NONE);
    if (answer.status != wanted) {
        fail_msg("%s: status %u\n%s", path, answer.status, buf_text(&answer.body));
    }
    return answer.body;
}

static struct buf page_of(struct desk_rig *rig, const char *record, const char *form,
                          const char *query)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "/api/v1/records/%s/forms/%s/page%s", record_of(record), form,
                   query);
    return page_at(rig, path, 200);
}

/* Kept for looking at, when a folder is named. */
static void keep_page(const char *name, struct buf *page)
{
    const char *folder = getenv("JIELI_FORMS_OUT");
    char path[PATH_SIZE];
    if (folder != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s.html", folder, name);
        assert_int_equal(files_write(path, buf_span(page), 0644), ERR_NONE);
    }
}

static const char *field_text(const struct told *told, const char *label)
{
    const struct wire_tree *fields = wire_tree_get(told->tree, "fields");
    for (size_t i = 0; i < wire_tree_count(fields); i++) {
        const struct wire_tree *field = wire_tree_at(fields, i);
        if (strcmp(wire_tree_member(field, "zh"), label) == 0) {
            return wire_tree_member(field, "text");
        }
    }
    return NULL;
}

/* --- tests --- */

static void test_every_record_form_is_printed(void **state)
{
    struct desk_rig *rig = *state;
    for (size_t i = 0; i < forms_count(); i++) {
        const struct forms_form *form = forms_at(i);
        char rest[PATH_SIZE];
        const char *record = NULL;
        if (form->subject != FORMS_RECORD) {
            continue;
        }
        for (size_t k = 0; k < day_form_count; k++) {
            record = strcmp(day_forms[k].form, form->id) == 0 ? day_forms[k].record : record;
        }
        assert_non_null(record);
        rig->mono_ms += 1000;
        (void)snprintf(rest, sizeof rest, "/%s", form->id);
        bool closed = strcmp(form->id, "F18") == 0 || strcmp(form->id, "F19") == 0;
        come(rig, closed ? "discipline" : "head");
        struct told told = form_ask(rig, "GET", record, rest, NULL);
        if (told.status != 200) {
            fail_msg("%s of %s: %s %s", form->id, record, said(&told, "code"), said(&told, "en"));
        }
        assert_true(wire_tree_count(wire_tree_get(told.tree, "fields")) >= 4);
        told_done(&told);
        struct buf preview = page_of(rig, record, form->id, "");
        assert_non_null(strstr(buf_text(&preview), "预览 · 不作凭据"));
        buf_done(&preview);
        (void)snprintf(rest, sizeof rest, "/%s/prints", form->id);
        told = form_ask(rig, "POST", record, rest, "");
        expect_status(&told, 200, "");
        int64_t prints = 0;
        assert_true(wire_tree_number(wire_tree_get(told.tree, "prints"), &prints));
        assert_int_equal(prints, 1);
        struct buf page = page_of(rig, record, form->id, "");
        assert_null(strstr(buf_text(&page), "预览"));
        assert_non_null(strstr(buf_text(&page), said(&told, "printed")));
        assert_non_null(strstr(buf_text(&page), "<svg"));
        assert_true(text_is_utf8(buf_span(&page)));
        keep_page(form->id, &page);
        buf_done(&page);
        told_done(&told);
        page = page_of(rig, record, form->id, "?lang=en");
        assert_non_null(strstr(buf_text(&page), form->en));
        buf_done(&page);
    }
}

static void test_forms_about_no_record(void **state)
{
    static const struct {
        const char *path;
        const char *name;
    } pages[] = {{"/api/v1/forms/F22/I51/page", "F22"},
                 {"/api/v1/forms/F23/page", "F23"},
                 {"/api/v1/forms/F24/王窗口/page", "F24"},
                 {"/api/v1/forms/F25/page", "F25"}};
    struct desk_rig *rig = *state;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        struct buf page = page_at(rig, pages[i].path, 200);
        keep_page(pages[i].name, &page);
        buf_done(&page);
    }
    struct told told = ask(rig, "POST", "/api/v1/forms/F22/I51/prints", "{\"copies\":30}");
    expect_status(&told, 200, "");
    int64_t sheets = 0;
    assert_true(wire_tree_number(wire_tree_get(told.tree, "sheets"), &sheets));
    assert_int_equal(sheets, 30);
    told_done(&told);
    expect_problem(rig, "/api/v1/forms/F22/I999", NULL, 404, "no_form");
    expect_problem(rig, "/api/v1/forms/F01", NULL, 404, "no_form");
    expect_problem(rig, "/api/v1/forms/F99", NULL, 404, "no_form");
}

static void test_content_of_the_acceptance_notice(void **state)
{
    struct desk_rig *rig = *state;
    struct told told = form_ask(rig, "GET", "case1", "/F01", NULL);
    expect_status(&told, 200, "");
    assert_string_equal(field_text(&told, "申请人"), "张群众");
    assert_string_equal(field_text(&told, "经办人"), "王窗口");
    assert_string_equal(field_text(&told, "受理时间"), "2026-09-18 08:00");
    assert_string_equal(field_text(&told, "办结取件时间"), "2026-10-13"); /* 10 wd and 3 more */
    assert_string_equal(field_text(&told, "监督投诉电话"), "0898-12345678");
    assert_string_equal(field_text(&told, "第一责任人"), "王窗口　13700137000");
    told_done(&told);
    told = form_ask(rig, "GET", "case1", "/F05", NULL);
    expect_status(&told, 200, "");
    assert_string_equal(field_text(&told, "原办理时限"), "2026-10-09");
    assert_string_equal(field_text(&told, "新的办理时限"), "2026-10-13");
    assert_string_equal(field_text(&told, "批准人"), "陈主任");
    assert_string_equal(field_text(&told, "延期原因和理由"), "需现场勘查：现场勘查须等汛期过后");
    told_done(&told);
}

static void test_reprint_and_replacement(void **state)
{
    struct desk_rig *rig = *state;
    char first[64];
    struct told told = form_ask(rig, "POST", "case4", "/F01/prints", "");
    expect_status(&told, 200, "");
    (void)snprintf(first, sizeof first, "%s", said(&told, "printed"));
    told_done(&told);
    told = form_ask(rig, "POST", "case4", "/F01/prints", ""); /* why? */
    expect_status(&told, 409, "refused");
    assert_string_equal(wire_tree_member(wire_tree_get(told.tree, "refusal"), "name"), "NO_REASON");
    told_done(&told);
    told = form_ask(rig, "POST", "case4", "/F01/prints", "{\"reason\":\"lost\",\"copies\":1}");
    expect_status(&told, 200, "");
    int64_t reprints = 0;
    assert_true(wire_tree_number(wire_tree_get(told.tree, "reprints"), &reprints));
    assert_int_equal(reprints, 1);
    assert_string_not_equal(said(&told, "printed"), first);
    (void)snprintf(first, sizeof first, "%s", said(&told, "printed"));
    told_done(&told);
    struct buf page = page_of(rig, "case4", "F01", "");
    assert_non_null(strstr(buf_text(&page), "补打 · 第 2 次打印"));
    keep_page("F01-reprint", &page);
    buf_done(&page);
    step(rig, &day_reissue);
    page = page_of(rig, "case4", "F01", "");
    assert_non_null(strstr(buf_text(&page), "预览"));
    buf_done(&page);
    told = form_ask(rig, "POST", "case4", "/F01/prints", "");
    expect_status(&told, 200, "");
    assert_string_equal(said(&told, "replaced"), first);
    told_done(&told);
    page = page_of(rig, "case4", "F01", "");
    assert_non_null(strstr(buf_text(&page), "本单更正并代替原第"));
    assert_non_null(strstr(buf_text(&page), first));
    keep_page("F01-replaced", &page);
    buf_done(&page);
}

static void test_who_may_not(void **state)
{
    struct desk_rig *rig = *state;
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "/api/v1/records/%s/forms/F18", record_of("complaint"));
    come(rig, "worker"); /* whom it is against */
    expect_problem(rig, path, NULL, 403, "accused");
    unlock(rig, rig->outsider); /* cannot open what was sealed */
    expect_problem(rig, path, NULL, 403, "cannot_open");
    come(rig, "agent"); /* took it down, and wrote these parts */
    expect_problem(rig, path, NULL, 403, "cannot_open");
    come(rig, "head"); /* opens all that is sealed for the office */
    expect_problem(rig, path, NULL, 403, "cannot_open");
    char record[PATH_SIZE];
    (void)snprintf(record, sizeof record, "/api/v1/records/%s?open=1", record_of("complaint"));
    struct told shown = ask(rig, "GET", record, NULL);
    expect_status(&shown, 200, "");
    assert_string_equal(wire_tree_member(wire_tree_get(shown.tree, "matter"), "zh"), "（封存）");
    assert_null(wire_tree_get(wire_tree_get(shown.tree, "matter"), "text"));
    told_done(&shown);
    come(rig, "discipline");
    shown = ask(rig, "GET", record, NULL);
    expect_status(&shown, 200, "");
    assert_non_null(wire_tree_get(wire_tree_get(shown.tree, "matter"), "text"));
    told_done(&shown);
    rig->token[0] = 0;
    expect_problem(rig, path, NULL, 401, "locked");
    expect_problem(rig, "/api/v1/forms/F25", NULL, 401, "locked");
    struct told told = ask(rig, "GET", "/api/v1/forms", NULL);
    expect_status(&told, 200, "");
    assert_int_equal(wire_tree_count(wire_tree_get(told.tree, "forms")), forms_count());
    told_done(&told);
    come(rig, "head");
}

/* --- ledgers --- */

/* What section 3 prints as the columns of the ledgers. */
static const struct {
    const char *form;
    const char *heading;
} headings[] = {
    {"F04", "首次接待时间"}, {"F04", "首问责任人姓名"}, {"F04", "办事群众姓名"},
    {"F04", "办理事项"},     {"F04", "办理期限"},       {"F04", "办理情况"},
    {"F04", "办结日期"},     {"F14", "受理时间"},       {"F14", "服务事项"},
    {"F14", "来访人员"},     {"F14", "受理人员"},       {"F14", "办理结果"},
    {"F14", "办结时间"},
};

static struct buf ledger_at(struct desk_rig *rig, const char *view, const char *format)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "/api/v1/views/%s?from=2026-09-01&until=2026-09-30&format=%s",
                   view, format);
    return page_at(rig, path, 200);
}

static void test_ledgers_have_the_printed_columns(void **state)
{
    struct desk_rig *rig = *state;
    for (size_t i = 0; i < sizeof headings / sizeof *headings; i++) {
        struct buf csv = ledger_at(rig, headings[i].form, "csv");
        size_t head = strcspn(buf_text(&csv), "\r");
        const char *at = strstr(buf_text(&csv), headings[i].heading);
        if (at == NULL || (size_t)(at - buf_text(&csv)) > head) {
            fail_msg("%s lacks the column %s", headings[i].form, headings[i].heading);
        }
        buf_done(&csv);
    }
}

static void test_ledgers_as_files(void **state)
{
    struct desk_rig *rig = *state;
    struct buf file = ledger_at(rig, "F14", "csv");
    assert_int_equal(memcmp(file.data, "\xef\xbb\xbf", 3), 0);
    assert_non_null(strstr(buf_text(&file), "张群众"));
    assert_non_null(strstr(buf_text(&file), ",2026-09-18 08:00,"));
    assert_null(strstr(buf_text(&file), "+08:00"));
    buf_done(&file);
    file = ledger_at(rig, "F14", "xlsx");
    assert_int_equal(memcmp(file.data, "PK\x03\x04", 4), 0);
    buf_done(&file);
    file = ledger_at(rig, "F14", "html");
    assert_non_null(strstr(buf_text(&file), "便民服务台帐"));
    assert_non_null(strstr(buf_text(&file), "沿湖镇便民服务中心"));
    keep_page("F14", &file);
    buf_done(&file);
    for (size_t i = 0; i < forms_count(); i++) {
        if (forms_at(i)->subject == FORMS_LEDGER && strcmp(forms_at(i)->id, "F10b") != 0) {
            file = ledger_at(rig, forms_at(i)->id, "html");
            keep_page(forms_at(i)->id, &file);
            buf_done(&file);
        }
    }
    expect_problem(rig, "/api/v1/views/F14?format=doc", NULL, 400, "bad_query");
    /* R47: the rota says how the people on duty and their leader are reached. */
    uint8_t worker[LIMIT_ID_SIZE];
    assert_int_equal(device_person_find(rig->keys, "王窗口", worker), ERR_NONE);
    assert_int_equal(device_phone_write(rig->keys, worker, "0898-65300001"), ERR_NONE);
    file = ledger_at(rig, "F10", "csv");
    assert_non_null(strstr(buf_text(&file), ",值班电话,带班领导,领导电话,"));
    assert_non_null(strstr(buf_text(&file), ",0898-65300001、13700137000,"));
    buf_done(&file);
    assert_int_equal(device_phone_write(rig->keys, worker, ""), ERR_NONE);
    file = ledger_at(rig, "F10", "csv");
    assert_non_null(strstr(buf_text(&file), ",—、13700137000,"));
    buf_done(&file);
    struct told log = form_ask(rig, "GET", "duty", "/F10c", NULL);
    assert_string_equal(field_text(&log, "值班电话"), "13700137000");
    assert_string_equal(field_text(&log, "带班领导电话"), "13700137000");
    told_done(&log);
}

static void test_wrong_paths(void **state)
{
    struct desk_rig *rig = *state;
    static const char *const rests[] = {
        "/F01", "/F99", "/F03/page/more", "/F02/nothing", "/F02/prints" /* GET */, "/F04"};
    for (size_t i = 0; i < sizeof rests / sizeof *rests; i++) {
        struct told told = form_ask(rig, "GET", "lost", rests[i], NULL);
        assert_int_equal(told.status, 404);
        told_done(&told);
    }
    struct told told = form_ask(rig, "POST", "lost", "/F31/prints", "{\"copies\":-1}");
    expect_status(&told, 400, "bad_request");
    told_done(&told);
    told = form_ask(rig, "POST", "lost", "/F31/prints", "{\"copies\":100}");
    expect_status(&told, 409, "refused");
    told_done(&told);
    told = form_ask(rig, "POST", "lost", "/F31/prints", "[");
    expect_status(&told, 400, "bad_request");
    told_done(&told);
    expect_problem(rig, "/api/v1/records/00000000000000000000000000000000/forms", NULL, 404,
                   "no_record");
}

static void test_list_of_a_record(void **state)
{
    struct desk_rig *rig = *state;
    struct told told = form_ask(rig, "GET", "case1", "", NULL);
    expect_status(&told, 200, "");
    const struct wire_tree *forms = wire_tree_get(told.tree, "forms");
    assert_int_equal(wire_tree_count(forms), 4); /* accepted, refused, notified, extended */
    assert_string_equal(wire_tree_member(wire_tree_at(forms, 0), "form"), "F01");
    assert_string_equal(wire_tree_member(wire_tree_at(forms, 1), "form"), "F02");
    assert_string_equal(wire_tree_member(wire_tree_at(forms, 2), "form"), "F03");
    assert_string_equal(wire_tree_member(wire_tree_at(forms, 3), "form"), "F05");
    told_done(&told);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_record_form_is_printed),
        cmocka_unit_test(test_forms_about_no_record),
        cmocka_unit_test(test_content_of_the_acceptance_notice),
        cmocka_unit_test(test_reprint_and_replacement),
        cmocka_unit_test(test_who_may_not),
        cmocka_unit_test(test_ledgers_have_the_printed_columns),
        cmocka_unit_test(test_ledgers_as_files),
        cmocka_unit_test(test_wrong_paths),
        cmocka_unit_test(test_list_of_a_record),
    };
    return cmocka_run_group_tests(tests, setup_day, desk_rig_teardown);
}
