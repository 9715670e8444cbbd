#include "forms/slip_code.h"
#include "forms_rig.h"

/* Every form about a record, from the real events of a day at a founded town's hub: filled without
 * an empty mandatory line, printed, counted, printed again, replaced. */

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
        cmocka_unit_test(test_wrong_paths),
        cmocka_unit_test(test_list_of_a_record),
    };
    return cmocka_run_group_tests(tests, setup_day, desk_rig_teardown);
}
