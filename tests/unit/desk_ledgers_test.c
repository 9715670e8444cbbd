#include "forms_rig.h"

/* Ledgers as files: their columns, their prints. */

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

static struct told count_ledger(struct desk_rig *rig, const char *view, const char *body)
{
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "/api/v1/views/%s/prints?from=2026-09-01&until=2026-09-30",
                   view);
    return ask(rig, "POST", path, body);
}

static void expect_in(struct desk_rig *rig, const char *view, const char *format, const char *text)
{
    struct buf file = ledger_at(rig, view, format);
    if (strstr(buf_text(&file), text) == NULL) {
        fail_msg("%s as %s lacks %s", view, format, text);
    }
    buf_done(&file);
}

/* A ledger's prints: a preview, counted, a reprint only with its reason, replaced once it changed.
 */
static void test_prints_of_ledgers(void **state)
{
    struct desk_rig *rig = *state;
    char first[64];
    char mark[128];
    expect_in(rig, "supplies", "csv", "预览，未登记打印");
    expect_in(rig, "supplies", "html", "预览 · 不作凭据");
    struct told told = count_ledger(rig, "supplies", "{}");
    expect_status(&told, 200, "");
    (void)snprintf(first, sizeof first, "%s", said(&told, "printed"));
    told_done(&told);
    (void)snprintf(mark, sizeof mark, "\r\n第 %s 号,", first);
    expect_in(rig, "supplies", "csv", mark);
    (void)snprintf(mark, sizeof mark, "第 %s 号", first);
    expect_in(rig, "supplies", "html", mark);
    told = count_ledger(rig, "supplies", "{}");
    expect_status(&told, 409, "refused");
    told_done(&told);
    told = count_ledger(rig, "supplies", "{\"reason\":\"lost\"}");
    expect_status(&told, 200, "");
    int64_t reprints = 0;
    assert_true(wire_tree_number(wire_tree_get(told.tree, "reprints"), &reprints));
    assert_int_equal(reprints, 1);
    told_done(&told);
    expect_in(rig, "supplies", "csv", "号，补打，第 2 次打印,");
    expect_in(rig, "supplies", "html", "补打 · 第 2 次打印");
    /* Another period is another print. */
    told = ask(rig, "POST", "/api/v1/views/supplies/prints?from=2026-09-02&until=2026-09-30", "{}");
    expect_status(&told, 200, "");
    assert_true(wire_tree_number(wire_tree_get(told.tree, "prints"), &reprints));
    assert_int_equal(reprints, 1);
    told_done(&told);
    char act[PATH_SIZE];
    (void)snprintf(act, sizeof act,
                   "{\"supplies\":{\"verb\":\"requested\",\"quantity\":1,\"reason\":\"work\"},"
                   "\"record\":\"%s\"}",
                   record_of("supplies"));
    told = ask(rig, "POST", "/api/v1/events", act);
    expect_status(&told, 200, "");
    told_done(&told);
    expect_in(rig, "supplies", "csv", "预览，未登记打印");
    told = count_ledger(rig, "supplies", "{}");
    expect_status(&told, 200, "");
    assert_true(strlen(said(&told, "replaced")) > 0);
    told_done(&told);
    told = count_ledger(rig, "nothing", "{}");
    expect_status(&told, 404, "no_view");
    told_done(&told);
    told = ask(rig, "POST", "/api/v1/views/supplies", "{}");
    expect_status(&told, 404, "no_view");
    told_done(&told);
    told = count_ledger(rig, "F14", "{\"copies\":100}");
    expect_status(&told, 409, "refused");
    told_done(&told);
}

/* What a print cites holds no name: who cannot open them has the same content in front of him. */
static void test_prints_cite_no_names(void **state)
{
    struct desk_rig *rig = *state;
    char mark[128];
    struct told told = count_ledger(rig, "F14", "{}");
    expect_status(&told, 200, "");
    (void)snprintf(mark, sizeof mark, "\r\n第 %s 号,", said(&told, "printed"));
    told_done(&told);
    expect_in(rig, "F14", "csv", mark);
    expect_in(rig, "F14", "csv", "张群众");
    unlock(rig, rig->outsider);
    struct buf csv = ledger_at(rig, "F14", "csv");
    assert_null(strstr(buf_text(&csv), "张群众"));
    assert_non_null(strstr(buf_text(&csv), mark));
    buf_done(&csv);
    come(rig, "head");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ledgers_have_the_printed_columns),
        cmocka_unit_test(test_ledgers_as_files),
        cmocka_unit_test(test_prints_of_ledgers),
        cmocka_unit_test(test_prints_cite_no_names),
    };
    return cmocka_run_group_tests(tests, setup_day, desk_rig_teardown);
}
