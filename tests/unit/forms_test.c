#include "base/text.h"
#include "forms/html.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The table of forms against the rule book, section 3; and one form filled by hand. */

static const char *const ids[] = {
    "F01", "F02", "F02b", "F03", "F04",  "F05", "F06", "F07", "F08", "F09", "F10", "F10b", "F10c",
    "F11", "F12", "F13",  "F14", "F14b", "F15", "F16", "F17", "F18", "F19", "F20", "F21",  "F22",
    "F23", "F24", "F25",  "F26", "F27",  "F28", "F29", "F30", "F31", "F32", "F33"};

static void test_every_form_of_the_rule_book(void **state)
{
    (void)state;
    assert_int_equal(forms_count(), sizeof ids / sizeof *ids);
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        const struct forms_form *form = forms_find(ids[i]);
        if (form == NULL) {
            fail_msg("no form %s", ids[i]);
            return;
        }
        assert_ptr_equal(forms_by_number(form->number), form);
        assert_true(form->source[0] != 0);
        assert_true(form->copies >= 1);
        for (size_t k = 0; k < forms_count(); k++) {
            assert_true(forms_at(k) == form || forms_at(k)->number != form->number);
        }
        bool has_lines = forms_line_at(form, 0) != NULL;
        assert_true(has_lines == (form->subject != FORMS_LEDGER));
    }
    assert_null(forms_find("F34"));
    assert_null(forms_at(forms_count()));
}

/* Whatever a rule says to print can be printed, for the kind of record it says it of. */
static void test_rules_name_forms_that_exist(void **state)
{
    (void)state;
    for (int id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        const struct rule_machine *machine = rule_machine((enum machine_id)id);
        for (size_t i = 0; machine != NULL && i < machine->row_count; i++) {
            uint16_t number = machine->rows[i].form;
            const struct forms_form *form = forms_by_number(number);
            if (number != 0 && form == NULL) {
                fail_msg("%s prints form %u, which is none", machine->name, number);
            }
            if (form != NULL && form->subject == FORMS_RECORD && form->machine != machine->id) {
                fail_msg("%s prints %s of another kind of record", machine->name, form->id);
            }
        }
    }
}

/* Verbs of the table are verbs of the machine. */
static void test_verbs_exist(void **state)
{
    (void)state;
    for (size_t i = 0; i < forms_count(); i++) {
        const struct forms_form *form = forms_at(i);
        char names[512];
        if (form->subject != FORMS_RECORD) {
            continue;
        }
        (void)snprintf(names, sizeof names, "%s", form->verbs);
        char *rest = names;
        for (char *name = strsep(&rest, " "); name != NULL; name = strsep(&rest, " ")) {
            bool found = false;
            const struct rule_name *verb = rule_machine(form->machine)->verbs;
            for (; verb->name != NULL; verb++) {
                found = found || strcmp(verb->name, name) == 0;
            }
            if (!found) {
                fail_msg("%s: no verb %s", form->id, name);
            }
        }
    }
}

/* What section 3 quotes as printed on the form, "exact text fields". */
struct printed {
    const char *id;
    const char *text;
};

static const struct printed printed[] = {
    {"F01", "所收材料名称、页数"},
    {"F01", "办结取件时间"},
    {"F01", "经办人"},
    {"F02", "理由"},
    {"F02", "申请人享有依法申请行政复议或者提起行政诉讼的权利"},
    {"F02b", "告知申请人向有关部门申请"},
    {"F02b", "理由"},
    {"F03", "所需的资料、手续"},
    {"F03", "办理程序"},
    {"F03", "受理时限"},
    {"F03", "依据"},
    {"F03", "不予办理"},
    {"F03", "接收告知的办事群众"},
    {"F05", "原因和理由"},
    {"F05", "办理时限"},
    {"F07", "办事群众填写"},
    {"F09", "对办理结果予以确认"},
    {"F09", "是否满意的评价"},
    {"F10c", "接听电话、接传真、记录电话通知等"},
    {"F11", "经批准签字"},
    {"F12", "外出原因"},
    {"F12", "本人联系方式"},
    {"F16", "品牌"},
    {"F16", "设备编号"},
    {"F16", "设备来源"},
    {"F16", "启用时间"},
    {"F16", "使用部门"},
    {"F16", "设备故障"},
    {"F16", "检修记录"},
    {"F16", "零部件更换"},
    {"F16", "报废原因和报废日期"},
    {"F18", "投诉对象"},
    {"F18", "事项、原因以及解决要求"},
    {"F18", "调查核实材料"},
    {"F18", "处理意见"},
    {"F19", "调查报告"},
    {"F19", "审理报告"},
    {"F19", "处理意见"},
    {"F22", "办理条件"},
    {"F23", "办理事项、责任岗位、办理流程、办理时限"},
    {"F23", "监督部门电话"},
    {"F23", "报送期限"},
    {"F23", "首问责任制、限时办结制度、一次性告知制度、服务范围、投诉制度、责任追究制度等六项制度"},
    {"F24", "服务事项说明"},
    {"F24", "工作人员的姓名"},
    {"F24", "职务"},
    {"F24", "电话"},
    {"F26", "培训总结"},
    {"F26", "效果评估"},
    {"F30", "出现问题由专人进行记录"},
};

static void test_printed_texts_are_there(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof printed / sizeof *printed; i++) {
        const struct forms_form *form = forms_find(printed[i].id);
        const struct forms_line *line = NULL;
        bool found = false;
        for (size_t k = 0; !found && (line = forms_line_at(form, k)) != NULL; k++) {
            found = strstr(line->zh, printed[i].text) != NULL;
        }
        if (!found) {
            fail_msg("%s lacks \"%s\"", printed[i].id, printed[i].text);
        }
    }
}

/* The copies' words carry what the book says of them. */
static void test_what_becomes_of_the_copies(void **state)
{
    (void)state;
    assert_non_null(strstr(forms_find("F03")->kept_zh, "存档备查"));
    assert_non_null(strstr(forms_find("F11")->kept_zh, "经批准签字的请假条由办公室存留"));
    assert_non_null(strstr(forms_find("F18")->kept_zh, "每宗一卷"));
    assert_int_equal(forms_find("F01")->copies, 2);
    assert_true(forms_find("F01")->is_written);
    assert_false(forms_find("F33")->is_written);
}

/* --- filling --- */

struct filled {
    struct record *record;
    struct values *facts;
    struct forms_event event;
    struct forms_input input;
    struct forms_sheet sheet;
};

static void name_of(void *context, const uint8_t staff[LIMIT_ID_SIZE],
                    char ret_name[FORMS_NAME_SIZE])
{
    (void)context;
    (void)snprintf(ret_name, FORMS_NAME_SIZE, staff[0] == 7 ? "李保管" : "");
}

static int setup_lost(void **state)
{
    struct filled *filled = calloc(1, sizeof *filled);
    uint8_t keeper[LIMIT_ID_SIZE];
    memset(keeper, 7, sizeof keeper);
    assert_non_null(filled);
    filled->record = calloc(1, sizeof *filled->record);
    filled->facts = calloc(1, sizeof *filled->facts);
    filled->record->machine = MACHINE_LOST;
    filled->record->state = 1;
    values_set_number(filled->facts, FIELD_verb, 0, 1);
    values_set_bytes(filled->facts, FIELD_location, 0, span_text("hall"));
    values_set_bytes(filled->facts, FIELD_handler, 0, span_of(keeper, sizeof keeper));
    values_copy(&filled->record->facts, filled->facts);
    filled->event = (struct forms_event){.verb = 1,
                                         .time_ms = 1789689600000,
                                         .facts = filled->facts,
                                         .part = {.text = "黑色雨伞一把"}};
    memset(filled->event.staff, 7, LIMIT_ID_SIZE);
    filled->input = (struct forms_input){.form = forms_find("F31"),
                                         .record = filled->record,
                                         .number = "001-1-000007-3",
                                         .events = &filled->event,
                                         .event_count = 1,
                                         .subject = "",
                                         .world = {.staff_name = name_of}};
    forms_sheet_init(&filled->sheet);
    *state = filled;
    return 0;
}

static int teardown_lost(void **state)
{
    struct filled *filled = *state;
    forms_sheet_done(&filled->sheet);
    free(filled->record);
    free(filled->facts);
    free(filled);
    return 0;
}

/* Text of the line with that label; "" by hand, NULL when it is not on the sheet. */
static const char *line_text(const struct forms_sheet *sheet, const char *label)
{
    static char text[4096];
    for (size_t i = 0; i < sheet->cell_count; i++) {
        if (strcmp(sheet->cells[i].line->zh, label) == 0) {
            struct span span = forms_cell_text(sheet, &sheet->cells[i]);
            (void)snprintf(text, sizeof text, "%.*s", (int)span.size, (const char *)span.data);
            return text;
        }
    }
    return NULL;
}

static void test_a_sheet_is_filled(void **state)
{
    struct filled *filled = *state;
    const struct forms_line *missing = NULL;
    assert_int_equal(forms_fill(&filled->input, &filled->sheet, &missing), ERR_NONE);
    assert_string_equal(line_text(&filled->sheet, "编号"), "001-1-000007-3");
    assert_string_equal(line_text(&filled->sheet, "物品特征"), "黑色雨伞一把");
    assert_string_equal(line_text(&filled->sheet, "拾得时间"), "2026-09-18 08:00");
    assert_string_equal(line_text(&filled->sheet, "拾得地点"), "hall");
    assert_string_equal(line_text(&filled->sheet, "保管人"), "李保管");
    assert_string_equal(line_text(&filled->sheet, "认领人"), ""); /* for a pen */
    assert_null(line_text(&filled->sheet, "移交"));               /* nothing to say */
}

static void test_a_missing_line_is_named(void **state)
{
    struct filled *filled = *state;
    const struct forms_line *missing = NULL;
    filled->event.part.text = "";
    assert_int_equal(forms_fill(&filled->input, &filled->sheet, &missing), ERR_STATE);
    assert_string_equal(missing->zh, "物品特征");
    assert_string_equal(missing->source, "S4-16一 [S4:724]");
}

static void test_a_form_of_another_record_is_none(void **state)
{
    struct filled *filled = *state;
    const struct forms_line *missing = NULL;
    filled->input.form = forms_find("F01");
    assert_int_equal(forms_fill(&filled->input, &filled->sheet, &missing), ERR_NOT_FOUND);
    filled->input.form = forms_find("F31");
    filled->input.event_count = 0; /* nothing has happened yet */
    assert_int_equal(forms_fill(&filled->input, &filled->sheet, &missing), ERR_NOT_FOUND);
}

/* --- hostile text --- */

static void page_of(struct filled *filled, struct buf *ret)
{
    const struct forms_line *missing = NULL;
    const struct forms_page page = {.form = filled->input.form,
                                    .sheet = &filled->sheet,
                                    .station = "<b>站</b>",
                                    .number = "1",
                                    .print = 2,
                                    .replaces = "\"><x",
                                    .time = "",
                                    .tail = ""};
    assert_int_equal(forms_fill(&filled->input, &filled->sheet, &missing), ERR_NONE);
    forms_page_put(&page, ret);
    assert_int_equal(ret->err, ERR_NONE);
}

static void test_hostile_text_is_harmless(void **state)
{
    static const char turned[] = {'\xe2', '\x80', '\xae', 0}; /* right to left from here */
    struct filled *filled = *state;
    struct buf page;
    filled->event.part.text =
        "<script>alert('1')</script>\"&\x01\x1b[2J\r\xff\xc3\xe2\x80\xae\xe2\x80\xa8\nline";
    buf_init(&page, FORMS_SHEET_SIZE);
    page_of(filled, &page);
    const char *text = buf_text(&page);
    assert_null(strstr(text, "<script"));
    assert_null(strstr(text, "<b>"));
    assert_null(strstr(text, "<x"));
    assert_null(strchr(text, '\x01'));
    assert_null(strchr(text, '\x1b'));
    assert_null(strstr(text, turned));
    assert_non_null(
        strstr(text, "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;  [2J "));
    assert_non_null(strstr(text, "\xef\xbf\xbd\xef\xbf\xbd  <br>line"));
    assert_true(text_is_utf8(buf_span(&page)));
    buf_done(&page);
}

static void test_long_text_is_cut_and_marked(void **state)
{
    enum { LONG = 3 * FORMS_TEXT_SIZE };
    struct filled *filled = *state;
    char *text = calloc(1, LONG + 1);
    struct buf page;
    assert_non_null(text);
    memset(text, 'A', LONG);
    filled->event.part.text = text;
    buf_init(&page, FORMS_SHEET_SIZE);
    page_of(filled, &page);
    const char *at = strstr(buf_text(&page), "AAAA");
    assert_non_null(at);
    assert_int_equal(strspn(at, "A"), FORMS_TEXT_SIZE);
    assert_int_equal(strncmp(at + FORMS_TEXT_SIZE, "…", 3), 0);
    buf_done(&page);
    free(text);
}

static void test_marks_of_a_page(void **state)
{
    struct filled *filled = *state;
    struct buf page;
    buf_init(&page, FORMS_SHEET_SIZE);
    page_of(filled, &page);
    assert_non_null(strstr(buf_text(&page), "补打 · 第 2 次打印"));
    assert_non_null(strstr(buf_text(&page), "本单更正并代替原第 &quot;&gt;&lt;x 号"));
    assert_non_null(strstr(buf_text(&page), "S4-16一 [S4:724]"));
    buf_done(&page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_form_of_the_rule_book),
        cmocka_unit_test(test_rules_name_forms_that_exist),
        cmocka_unit_test(test_verbs_exist),
        cmocka_unit_test(test_printed_texts_are_there),
        cmocka_unit_test(test_what_becomes_of_the_copies),
        cmocka_unit_test_setup_teardown(test_a_sheet_is_filled, setup_lost, teardown_lost),
        cmocka_unit_test_setup_teardown(test_a_missing_line_is_named, setup_lost, teardown_lost),
        cmocka_unit_test_setup_teardown(test_a_form_of_another_record_is_none, setup_lost,
                                        teardown_lost),
        cmocka_unit_test_setup_teardown(test_hostile_text_is_harmless, setup_lost, teardown_lost),
        cmocka_unit_test_setup_teardown(test_long_text_is_cut_and_marked, setup_lost,
                                        teardown_lost),
        cmocka_unit_test_setup_teardown(test_marks_of_a_page, setup_lost, teardown_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
