#include "forms/inside.h"

#include <string.h>

/* Lines that are small tables. */

enum { LOG_COLUMNS = 4, CASE_COLUMNS = 4, SHEET_COLUMNS = 8 };

#define TABLE(work, columns) forms_table(work, columns, sizeof(columns) / sizeof *(columns))

static void put_next(struct forms_work *work, const char *text)
{
    forms_put_text(work, text);
    forms_next(work);
}

/* --- events of some verbs: when, who, what --- */

static void put_code(struct forms_work *work, const struct values *facts, enum field field,
                     bool *first)
{
    struct span bytes = values_bytes(facts, field, 0);
    const char *words = forms_code(bytes, work->input->english);
    if (bytes.size > 0) {
        forms_put_text(work, *first ? "" : "；");
        if (words[0] != 0) {
            forms_put_text(work, words);
        } else {
            forms_put(work, bytes);
        }
        *first = false;
    }
}

static void put_word(struct forms_work *work, enum views_words list, uint64_t number, bool *first)
{
    const char *word = forms_word(work, list, number);
    if (word[0] != 0) {
        forms_put_text(work, *first ? "" : "；");
        forms_put_text(work, word);
        *first = false;
    }
}

static void put_quantity(struct forms_work *work, const struct values *facts, bool *first)
{
    if (values_has(facts, FIELD_quantity)) {
        forms_put_text(work, *first ? "" : "；");
        forms_put_text(work, work->input->english ? "quantity " : "数量");
        forms_put_number(work, values_number(facts, FIELD_quantity, 0));
        *first = false;
    }
}

static void put_event(struct forms_work *work, const struct forms_event *event)
{
    static const enum field told[] = {FIELD_result, FIELD_reason, FIELD_serial, FIELD_receipt,
                                      FIELD_destination};
    static const size_t parts[] = {offsetof(struct forms_part, text),
                                   offsetof(struct forms_part, told),
                                   offsetof(struct forms_part, handover)};
    bool first = true;
    bool is_complaint = work->input->record->machine == MACHINE_COMPLAINT;
    put_word(work, VIEWS_WORDS_CHANNEL, values_number(event->facts, FIELD_channel, 0), &first);
    if (is_complaint) {
        put_word(work, VIEWS_WORDS_EVIDENCE, values_number(event->facts, FIELD_evidence, 0),
                 &first);
        put_word(work, VIEWS_WORDS_FOUNDED, values_number(event->facts, FIELD_decision, 0), &first);
    }
    put_quantity(work, event->facts, &first);
    for (size_t i = 0; i < sizeof told / sizeof *told; i++) {
        put_code(work, event->facts, told[i], &first);
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const char *text = forms_part_text(&event->part, parts[i]);
        if (text != NULL) {
            forms_put_text(work, first ? "" : "；");
            forms_put_text(work, text);
            first = false;
        }
    }
}

static const char *verb_zh(const struct record *record, uint16_t verb, bool english)
{
    const struct rule_machine *machine = rule_machine(record->machine);
    const struct rule_name *name = machine == NULL ? NULL : machine->verbs;
    for (; name != NULL && name->name != NULL; name++) {
        if (name->number == verb) {
            return english ? name->name : name->zh;
        }
    }
    return "";
}

FORMS_MAKER(log)
{
    static const struct forms_column columns[LOG_COLUMNS] = {
        {"时间", "time"}, {"记录", "what"}, {"内容", "content"}, {"经手人", "by"}};
    static const uint8_t device[LIMIT_ID_SIZE];
    const struct forms_input *input = work->input;
    (void)number;
    TABLE(work, columns);
    for (size_t i = 0; input->record != NULL && i < input->event_count; i++) {
        const struct forms_event *event = &input->events[i];
        if (!forms_is_verb(input->record->machine, event->verb, text)) {
            continue;
        }
        forms_put_time(work, event->time_ms);
        forms_next(work);
        put_next(work, verb_zh(input->record, event->verb, input->english));
        put_event(work, event);
        forms_next(work);
        if (memcmp(event->staff, device, sizeof device) != 0) {
            forms_put_staff(work, span_of(event->staff, LIMIT_ID_SIZE));
        }
        forms_next(work);
    }
}

/* --- papers --- */

static void put_material_name(struct forms_work *work, struct span code)
{
    const struct catalogue_material *material =
        work->input->item == NULL ? NULL : catalogue_material_find(work->input->item, code);
    if (material == NULL) {
        forms_put(work, code);
    } else {
        forms_put_plain(work, work->input->english && material->name_en[0] != 0
                                  ? material->name_en
                                  : material->name_zh);
    }
    forms_next(work);
}

static void materials_given(struct forms_work *work, bool missing)
{
    static const struct forms_column received[] = {
        {"材料名称", "paper"}, {"形式", "form"}, {"页数", "pages"}, {"情况", "state"}};
    static const struct forms_column wanting[] = {
        {"材料名称", "paper"}, {"情况", "state"}, {"原因", "why"}};
    const struct values *facts = forms_facts(work, FIELD_materials_code);
    uint16_t count = values_places(facts, FIELD_materials_code);
    if (missing) {
        TABLE(work, wanting);
    } else {
        TABLE(work, received);
    }
    for (uint16_t i = 0; i < count; i++) {
        uint64_t status = values_number(facts, FIELD_materials_status, i);
        bool wants = status == MATERIAL_STATUS_MISSING || status == MATERIAL_STATUS_DEFECTIVE;
        if (wants != missing) {
            continue;
        }
        put_material_name(work, values_bytes(facts, FIELD_materials_code, i));
        if (missing) {
            struct span reason = values_bytes(facts, FIELD_materials_reason, i);
            const char *words = forms_code(reason, work->input->english);
            put_next(work, forms_word(work, VIEWS_WORDS_STATUS, status));
            forms_put(work, words[0] != 0 ? span_text(words) : reason);
            forms_next(work);
            continue;
        }
        put_next(work, forms_word(work, VIEWS_WORDS_SHAPE,
                                  values_number(facts, FIELD_materials_form, i)));
        if (values_number(facts, FIELD_materials_pages, i) != 0) {
            forms_put_number(work, values_number(facts, FIELD_materials_pages, i));
        }
        forms_next(work);
        put_next(work, forms_word(work, VIEWS_WORDS_STATUS, status));
    }
}

static void materials_asked(struct forms_work *work)
{
    static const struct forms_column columns[] = {
        {"材料名称", "paper"}, {"形式", "form"}, {"份数", "copies"}, {"要求", "asked"}};
    const struct catalogue_item *item = work->input->item;
    bool english = work->input->english;
    TABLE(work, columns);
    for (uint32_t i = 0; item != NULL && i < item->material_count; i++) {
        const struct catalogue_material *material = &item->material[i];
        put_material_name(work, span_text(material->code));
        put_next(work, forms_word(work, VIEWS_WORDS_SHAPE, (uint64_t)material->form));
        forms_put_number(work, material->count);
        forms_next(work);
        put_next(work, material->required ? (english ? "always" : "必交")
                                          : (english ? "where it applies" : "视情况"));
    }
}

FORMS_MAKER(materials)
{
    (void)text;
    if (number == FORMS_MATERIALS_ALL) {
        materials_asked(work);
    } else {
        materials_given(work, number == FORMS_MATERIALS_MISSING);
    }
}

/* --- a person's open cases, for who stands in --- */

static bool put_case(void *context, const struct record *record)
{
    struct forms_work *work = context;
    const struct catalogue_item *item =
        work->input->catalogue == NULL
            ? NULL
            : catalogue_item_find(work->input->catalogue,
                                  values_bytes(&record->facts, FIELD_item, 0));
    forms_put_record(work, span_of(record->id, LIMIT_ID_SIZE));
    forms_next(work);
    put_next(work, item == NULL ? "" : item->name_zh);
    put_next(work, work->input->english ? rule_state_name(record->machine, record->state)
                                        : rule_state_zh(record->machine, record->state));
    forms_put_day(work, values_number(&record->facts, FIELD_due_day, 0));
    forms_next(work);
    return work->sheet->bytes.err == ERR_NONE;
}

FORMS_MAKER(open_cases)
{
    static const struct forms_column columns[CASE_COLUMNS] = {
        {"编号", "number"}, {"事项", "item"}, {"状态", "state"}, {"期限", "due"}};
    const struct forms_world *world = &work->input->world;
    struct span staff = forms_bytes(work, FIELD_principal);
    (void)number;
    (void)text;
    TABLE(work, columns);
    if (staff.size == LIMIT_ID_SIZE && world->cases_of != NULL) {
        world->cases_of(world->context, staff.data, work, put_case);
    }
}

/* --- the checklist, the figures, the deductions --- */

FORMS_MAKER(checklist)
{
    static const struct forms_column columns[] = {
        {"检查内容", "heading"}, {"是否符合", "good?"}, {"问题", "what is wrong"}};
    const struct values *facts = forms_facts(work, FIELD_lines_heading);
    uint16_t count = values_places(facts, FIELD_lines_heading);
    (void)number;
    (void)text;
    TABLE(work, columns);
    for (uint16_t i = 0; i < count; i++) {
        struct span reason = values_bytes(facts, FIELD_lines_reason, i);
        const char *words = forms_code(reason, work->input->english);
        put_next(work, forms_word(work, VIEWS_WORDS_HEADING,
                                  values_number(facts, FIELD_lines_heading, i)));
        put_next(work,
                 forms_word(work, VIEWS_WORDS_ANSWER, values_number(facts, FIELD_lines_answer, i)));
        forms_put(work, words[0] != 0 ? span_text(words) : reason);
        forms_next(work);
    }
}

FORMS_MAKER(totals)
{
    static const struct forms_column columns[] = {{"项目", "figure"}, {"件数", "count"}};
    static const struct {
        const char *zh;
        const char *en;
        enum field field;
        bool of_archive;
    } rows[] = {{"受理", "accepted", FIELD_total_accepted, false},
                {"办结", "finished", FIELD_total_finished, false},
                {"逾期", "overdue", FIELD_total_overdue, false},
                {"延期", "extended", FIELD_total_extended, false},
                {"投诉", "complaints", FIELD_total_complaints, false},
                {"评价", "rated", FIELD_total_rated, false},
                {"代办", "by proxy", FIELD_total_proxy, false},
                {"归档办件", "cases archived", FIELD_total_archived, true},
                {"归档首问", "first contacts archived", FIELD_total_contacts, true},
                {"投诉立卷", "complaint dossiers", FIELD_total_dossiers, true}};
    enum { KIND_ARCHIVE = 7 };
    const struct record *record = work->input->record;
    bool of_archive =
        record != NULL && values_number(&record->facts, FIELD_kind, 0) == KIND_ARCHIVE;
    (void)number;
    (void)text;
    TABLE(work, columns);
    for (size_t i = 0; record != NULL && i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].of_archive == of_archive) {
            put_next(work, work->input->english ? rows[i].en : rows[i].zh);
            forms_put_number(work, values_number(&record->facts, rows[i].field, 0));
            forms_next(work);
        }
    }
}

FORMS_MAKER(deductions)
{
    static const struct forms_column columns[] = {
        {"日期", "day"}, {"扣分情形", "for"}, {"依据记录", "record"}, {"说明", "reason"}};
    const struct forms_input *input = work->input;
    (void)number;
    (void)text;
    TABLE(work, columns);
    for (size_t i = 0; input->record != NULL && i < input->event_count; i++) {
        const struct forms_event *event = &input->events[i];
        struct span reason = values_bytes(event->facts, FIELD_reason, 0);
        if (!forms_is_verb(input->record->machine, event->verb, "deducted")) {
            continue;
        }
        forms_put_day(work, (uint64_t)civil_day_of_ms(event->time_ms));
        forms_next(work);
        put_next(work, forms_word(work, VIEWS_WORDS_DEDUCTION,
                                  values_number(event->facts, FIELD_deduction, 0)));
        forms_put_record(work, values_bytes(event->facts, FIELD_subject, 0));
        forms_next(work);
        const char *words = forms_code(reason, input->english);
        forms_put(work, words[0] != 0 ? span_text(words) : reason);
        forms_next(work);
    }
}

FORMS_MAKER(evaluated)
{
    static const struct forms_column columns[] = {{"人员", "person"}, {"结果", "result"}};
    const struct forms_input *input = work->input;
    (void)number;
    (void)text;
    TABLE(work, columns);
    for (size_t i = 0; input->record != NULL && i < input->event_count; i++) {
        const struct forms_event *event = &input->events[i];
        if (forms_is_verb(input->record->machine, event->verb, "evaluated")) {
            forms_put_staff(work, values_bytes(event->facts, FIELD_staff, 0));
            forms_next(work);
            put_next(work, forms_word(work, VIEWS_WORDS_PASSED,
                                      values_number(event->facts, FIELD_decision, 0)));
        }
    }
}

/* --- sheets to be written by hand --- */

FORMS_MAKER(sheets)
{
    static const struct forms_column columns[SHEET_COLUMNS] = {
        {"登记号", "sheet"},       {"受理时间", "time"},     {"来访人员", "person"},
        {"服务事项", "item"},      {"材料、页数", "papers"}, {"受理人员", "by"},
        {"群众签名", "signature"}, {"补录", "entered"}};
    uint64_t first = forms_number(work, FIELD_first_sheet);
    uint64_t last = forms_number(work, FIELD_last_sheet);
    const struct record *record = work->input->record;
    uint64_t redeemed = record == NULL ? 0 : values_number(&record->facts, FIELD_redeemed, 0);
    if (record != NULL && values_number(&record->facts, FIELD_first_sheet, 0) != 0) {
        first = values_number(&record->facts, FIELD_first_sheet, 0);
        last = values_number(&record->facts, FIELD_last_sheet, 0);
    }
    (void)number;
    (void)text;
    TABLE(work, columns);
    for (uint64_t i = 0; first != 0 && first + i <= last && i < 64; i++) {
        forms_put_number(work, first + i);
        for (unsigned column = 1; column < SHEET_COLUMNS; column++) {
            forms_next(work);
        }
        put_next(work, (redeemed >> i & 1) != 0 ? "√" : "");
    }
}

FORMS_MAKER(board_items)
{
    static const struct forms_column columns[] = {
        {"办理事项", "item"}, {"责任岗位", "post"}, {"办理流程", "process"}, {"办理时限", "limit"}};
    const struct catalogue *catalogue = work->input->catalogue;
    struct forms_input input = *work->input;
    struct forms_work row = *work;
    size_t count = catalogue == NULL ? 0 : catalogue_item_count(catalogue);
    (void)number;
    (void)text;
    TABLE(work, columns);
    row.input = &input;
    for (size_t i = 0; i < count; i++) {
        static const enum forms_item what[] = {FORMS_ITEM_NAME, FORMS_ITEM_WINDOW,
                                               FORMS_ITEM_PROCEDURE, FORMS_ITEM_LIMIT};
        input.item = catalogue_item_at(catalogue, i);
        if (input.item->status != CATALOGUE_ACTIVE) {
            continue;
        }
        for (size_t k = 0; k < sizeof what / sizeof *what; k++) {
            forms_make_item(&row, (unsigned)what[k], "");
            forms_next(&row);
        }
    }
}
