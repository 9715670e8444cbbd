#include "desk/sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Routes of forms:
 *   GET  /forms                          the table
 *   GET  /records/ID/forms               those that exist for this record
 *   GET  /records/ID/forms/F01[/page]    filled, as JSON or as a page for A4
 *   POST /records/ID/forms/F01/prints    counts a print; {"copies","reason"}
 *   .../forms/F22/ITEM, /forms/F24/STAFF, /forms/F25 ... those about no record, likewise */

enum { PATH_WORDS = 5, PATH_SIZE = 192 };

/* The path behind "/forms/" or "/records/", cut at its slashes. */
struct path {
    char text[PATH_SIZE];
    size_t count;
    const char *words[PATH_WORDS];
};

static bool path_cut(struct path *path, const char *tail)
{
    int size = snprintf(path->text, sizeof path->text, "%s", tail);
    char *rest = path->text;
    path->count = 0;
    if (size < 0 || (size_t)size >= sizeof path->text) {
        return false;
    }
    for (char *word = strsep(&rest, "/"); word != NULL; word = strsep(&rest, "/")) {
        if (path->count == PATH_WORDS || word[0] == 0) {
            return false;
        }
        path->words[path->count++] = word;
    }
    return true;
}

static void refuse(struct desk_call *call, unsigned status, const char *code, const char *zh,
                   const char *en)
{
    const struct reply_problem problem = {status, code, zh, en, NULL};
    reply_problem(call->exchange, &problem);
}

static void refuse_no_form(struct desk_call *call)
{
    refuse(call, 404, "no_form", "没有这种表单，或这条记录还不到打印它的时候。",
           "There is no such form, or it does not exist for this record yet.");
}

static bool wants_english(const struct desk_call *call)
{
    const char *language = http_exchange_query(call->exchange, "lang");
    return language != NULL && strcmp(language, "en") == 0;
}

/* --- as JSON --- */

static void put_form(struct json_text *json, const struct forms_form *form)
{
    static const char *const subjects[] = {"record", "ledger", "item", "staff", "station"};
    json_text_string(json, "form", form->id);
    json_text_number(json, "number", form->number);
    json_text_string(json, "zh", form->zh);
    json_text_string(json, "en", form->en);
    json_text_string(json, "source", form->source);
    json_text_string(json, "about", subjects[form->subject]);
    json_text_bool(json, "written", form->is_written);
    json_text_number(json, "copies", form->copies);
    json_text_string(json, "keptZh", form->kept_zh);
    json_text_string(json, "keptEn", form->kept_en);
}

static void put_table_cell(void *context, size_t row, size_t column, struct span text)
{
    struct json_text *json = context;
    if (column == 0) {
        if (row > 0) {
            json_text_close_list(json);
        }
        json_text_open_list(json, NULL);
    }
    json_text_span(json, NULL, text);
}

static void put_cell(struct json_text *json, const struct forms_sheet *filled,
                     const struct forms_cell *cell)
{
    static const char *const needs[] = {"may", "must", "hand", "later"};
    json_text_open(json, NULL);
    json_text_string(json, "zh", cell->line->zh);
    json_text_string(json, "en", cell->line->en);
    json_text_string(json, "source", cell->line->source);
    json_text_string(json, "need", needs[cell->line->need]);
    if (cell->by_hand) {
        json_text_bool(json, "byHand", true);
    } else if (cell->columns == NULL) {
        json_text_span(json, "text", forms_cell_text(filled, cell));
    } else {
        json_text_open_list(json, "columns");
        for (size_t i = 0; i < cell->column_count; i++) {
            json_text_string(json, NULL, cell->columns[i].zh);
        }
        json_text_close_list(json);
        json_text_open_list(json, "rows");
        forms_cell_each(filled, cell, json, put_table_cell);
        json_text_close_list(json); /* the last row */
        json_text_close_list(json);
    }
    json_text_close(json);
}

static void answer_fields(struct sheet *sheet, const struct forms_sheet *filled)
{
    struct reply reply;
    reply_begin(&reply);
    put_form(&reply.json, sheet->form);
    if (sheet->record != NULL) {
        json_text_hex(&reply.json, "record", span_of(sheet->record->id, LIMIT_ID_SIZE));
        json_text_string(&reply.json, "recordNumber", sheet->number);
    }
    prints_put(&reply.json, &sheet->prints);
    json_text_open_list(&reply.json, "fields");
    for (size_t i = 0; i < filled->cell_count; i++) {
        put_cell(&reply.json, filled, &filled->cells[i]);
    }
    json_text_close_list(&reply.json);
    reply_send(&reply, sheet->call->exchange, 200);
}

static void answer_page(struct sheet *sheet, const struct forms_sheet *filled)
{
    static const struct http_header headers[] = {
        {"Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"},
        {"Cache-Control", "no-store"}};
    struct buf page;
    buf_init(&page, REPLY_SIZE);
    enum err err = sheet_page(sheet, filled, &page);
    if (err != ERR_NONE) {
        reply_err(sheet->call->exchange, err);
    } else {
        const struct http_reply reply = {.status = 200,
                                         .content_type = "text/html; charset=utf-8",
                                         .body = buf_span(&page),
                                         .headers = headers,
                                         .header_count = sizeof headers / sizeof *headers};
        http_exchange_reply(sheet->call->exchange, &reply);
    }
    buf_done(&page);
}

/* --- printing --- */

/* The read transaction is over by now: the writer is the program's. */
static void answer_print(struct sheet *sheet, const struct values *facts)
{
    struct desk *desk = sheet->desk;
    uint8_t id[LIMIT_HASH_SIZE];
    struct reply reply;
    struct kv_txn txn;
    if (!prints_submit(desk, sheet->call, &sheet->prints, facts, id)) {
        return;
    }
    kv_begin(desk->options.kv, false, &txn);
    prints_look(desk, &txn, sheet->other, &sheet->about, &sheet->prints);
    kv_abort(&txn);
    reply_begin(&reply);
    put_form(&reply.json, sheet->form);
    prints_put(&reply.json, &sheet->prints);
    json_text_hex(&reply.json, "id", span_of(id, sizeof id));
    reply_send(&reply, sheet->call->exchange, 200);
}

static void print_sheet(struct sheet *sheet)
{
    int64_t copies = forms_copies(sheet->form, sheet->input.policy);
    char reason[LIMIT_CODE_SIZE];
    struct values *facts = NULL;
    if (!prints_read(sheet->call, &copies, reason)) {
        return;
    }
    facts = malloc(sizeof *facts);
    if (facts == NULL) {
        reply_err(sheet->call->exchange, ERR_MEMORY);
        return;
    }
    prints_facts(&sheet->prints, &sheet->about, copies, reason, facts);
    if (!sheet->prints.exists && sheet->record != NULL) {
        values_set_bytes(facts, FIELD_subject, 0, span_of(sheet->record->id, LIMIT_ID_SIZE));
    }
    if (sheet->form->subject == FORMS_ITEM && sheet->input.item != NULL) {
        values_set_bytes(facts, FIELD_item, 0, span_text(sheet->input.item->code));
    }
    if (sheet->form->subject == FORMS_STAFF) {
        values_set_bytes(facts, FIELD_staff, 0, span_of(sheet->staff, LIMIT_ID_SIZE));
    }
    kv_abort(sheet->txn);
    answer_print(sheet, facts);
    free(facts);
}

/* --- what all three share --- */

/* A sheet of discipline's with blanks where it does not open would pass for the whole dossier. */
static bool is_closed(const struct sheet *sheet, bool missing)
{
    return sheet->closed &&
           (missing || (sheet->record != NULL &&
                        rule_readers(sheet->record->machine) == RULE_READERS_DISCIPLINE));
}

static bool fill(struct sheet *sheet, struct forms_sheet *ret)
{
    const struct forms_line *missing = NULL;
    struct desk_call *call = sheet->call;
    enum err err = sheet_fill(sheet, ret, &missing);
    if ((err == ERR_NONE || err == ERR_STATE) && is_closed(sheet, missing != NULL)) {
        refuse(call, 403, "cannot_open", "这张表单的内容已封存，您无权打开，不能打印。",
               "What this form shows is sealed and not for you to open.");
        return false;
    }
    if (err == ERR_STATE && missing != NULL) {
        char zh[PATH_SIZE * 2];
        char en[PATH_SIZE * 2];
        (void)snprintf(zh, sizeof zh, "表单缺少必填项“%s”（依据 %s），不能打印。请先补登。",
                       missing->zh, missing->source);
        (void)snprintf(en, sizeof en, "The mandatory line \"%s\" (%s) is empty. Enter it first.",
                       missing->en, missing->source);
        const struct reply_problem problem = {422, "missing_field", zh, en, missing->zh};
        reply_problem(call->exchange, &problem);
    } else if (err == ERR_NOT_FOUND) {
        refuse_no_form(call);
    } else if (err != ERR_NONE) {
        reply_err(call->exchange, err);
    }
    return err == ERR_NONE;
}

/* word: "", "page" or "prints". */
static void answer_form(struct sheet *sheet, const char *word)
{
    struct desk_call *call = sheet->call;
    bool posts = strcmp(call->request->method, "POST") == 0;
    struct forms_sheet filled;
    if (posts != (strcmp(word, "prints") == 0)) {
        refuse_no_form(call);
        return;
    }
    sheet->input.english = wants_english(call);
    forms_sheet_init(&filled);
    if (!fill(sheet, &filled)) {
        /* answered */
    } else if (!posts && word[0] == 0) {
        answer_fields(sheet, &filled);
    } else if (!posts) {
        answer_page(sheet, &filled);
    } else {
        print_sheet(sheet);
    }
    forms_sheet_done(&filled);
}

static void answer_list(struct sheet *sheet)
{
    struct reply reply;
    reply_begin(&reply);
    json_text_hex(&reply.json, "record", span_of(sheet->record->id, LIMIT_ID_SIZE));
    json_text_open_list(&reply.json, "forms");
    for (size_t i = 0; i < forms_count(); i++) {
        const struct forms_form *form = forms_at(i);
        if (form->subject == FORMS_RECORD && sheet_choose(sheet, form, span_of(NULL, 0))) {
            json_text_open(&reply.json, NULL);
            put_form(&reply.json, form);
            prints_put(&reply.json, &sheet->prints);
            json_text_close(&reply.json);
        }
    }
    json_text_close_list(&reply.json);
    reply_send(&reply, sheet->call->exchange, 200);
}

static void answer_table(struct desk_call *call)
{
    struct reply reply;
    reply_begin(&reply);
    json_text_open_list(&reply.json, "forms");
    for (size_t i = 0; i < forms_count(); i++) {
        json_text_open(&reply.json, NULL);
        put_form(&reply.json, forms_at(i));
        json_text_close(&reply.json);
    }
    json_text_close_list(&reply.json);
    reply_send(&reply, call->exchange, 200);
}

/* S4-11: the accused neither handles nor reads the dossier. */
static bool is_accused(const struct desk_call *call, const struct record *record)
{
    return span_equal(values_bytes(&record->facts, FIELD_accused, 0),
                      span_of(call->session->staff, LIMIT_ID_SIZE));
}

static void forms_of_record(struct desk *desk, struct desk_call *call, const struct path *path,
                            struct kv_txn *txn)
{
    uint8_t id[LIMIT_ID_SIZE];
    struct sheet *sheet = NULL;
    const struct forms_form *form = path->count > 2 ? forms_find(path->words[2]) : NULL;
    if (desk_record_id(desk, txn, path->words[0], id) != ERR_NONE ||
        !fold_record_get(desk_fold(desk), txn, desk->options.space, id, desk->record)) {
        refuse(call, 404, "no_record", "没有这个编号的记录。",
               "There is no record of that number.");
        return;
    }
    if (is_accused(call, desk->record)) {
        refuse(call, 403, "accused", "被投诉、被追究的当事人不得查阅或打印本案材料（S4-11）。",
               "Whom it is against neither reads nor prints it (S4-11).");
        return;
    }
    enum err err = sheet_new(desk, call, txn, desk->record, &sheet);
    if (err != ERR_NONE) {
        reply_err(call->exchange, err);
    } else if (path->count == 2) {
        answer_list(sheet);
    } else if (form == NULL || form->subject != FORMS_RECORD ||
               !sheet_choose(sheet, form, span_of(NULL, 0))) {
        refuse_no_form(call);
    } else {
        answer_form(sheet, path->count > 3 ? path->words[3] : "");
    }
    sheet_free(sheet);
}

static void refuse_locked(struct desk_call *call)
{
    refuse(call, 401, "locked", "表单上有个人信息。请用本人的口令解锁。",
           "There are people's data on forms. Unlock with your own password.");
}

bool desk_record_forms(struct desk *desk, struct desk_call *call)
{
    struct path path;
    struct kv_txn txn;
    if (!path_cut(&path, call->tail) || path.count < 2 || path.count > 4 ||
        strcmp(path.words[1], "forms") != 0) {
        return false;
    }
    if (call->session == NULL) {
        refuse_locked(call);
        return true;
    }
    kv_begin(desk->options.kv, false, &txn);
    forms_of_record(desk, call, &path, &txn);
    kv_abort(&txn);
    return true;
}

void desk_post_record(struct desk *desk, struct desk_call *call)
{
    if (!desk_record_forms(desk, call)) {
        refuse_no_form(call);
    }
}

/* FORM[/WORD][/page|/prints] */
void desk_get_forms(struct desk *desk, struct desk_call *call)
{
    struct path path;
    struct kv_txn txn;
    struct sheet *sheet = NULL;
    if (call->tail[0] == 0) {
        answer_table(call);
        return;
    }
    if (!path_cut(&path, call->tail) || path.count > 3) {
        refuse_no_form(call);
        return;
    }
    if (call->session == NULL) {
        refuse_locked(call);
        return;
    }
    const struct forms_form *form = forms_find(path.words[0]);
    bool alone = form != NULL && form->subject == FORMS_STATION;
    const char *about = !alone && path.count > 1 ? path.words[1] : "";
    size_t word = alone ? 1 : 2;
    kv_begin(desk->options.kv, false, &txn);
    enum err err = sheet_new(desk, call, &txn, NULL, &sheet);
    if (err != ERR_NONE) {
        reply_err(call->exchange, err);
    } else if (form == NULL || path.count > word + 1 || !sheet_about(sheet, form, about)) {
        refuse_no_form(call);
    } else {
        answer_form(sheet, path.count > word ? path.words[word] : "");
    }
    sheet_free(sheet);
    kv_abort(&txn);
}
