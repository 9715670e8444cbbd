#include "base/text.h"
#include "desk/device.h"
#include "desk/export.h"
#include "desk/looking.h"
#include "desk/view_prints.h"
#include "wire/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ledgers, due lists, boards, rosters: the rows of common/views as JSON. */

enum { MEMBER_SIZE = 64, MATTER_SIZE = 64 * 1024 };

/* --- what every such answer needs: facts, whose, of which days --- */

static bool read_day(struct desk_call *call, const char *name, int32_t *day)
{
    const char *text = http_exchange_query(call->exchange, name);
    if (text == NULL || text[0] == 0) {
        return true;
    }
    if (strcmp(text, "today") == 0) {
        *day = civil_day_of_ms(call->now_ms);
        return true;
    }
    return civil_day_parse(span_text(text), day) == ERR_NONE;
}

static bool read_station(struct looking *looking)
{
    const char *code = http_exchange_query(looking->call->exchange, "station");
    const struct views_source *source = looking->source;
    if (code == NULL || code[0] == 0) {
        return true;
    }
    /* The newest machine of a village. */
    for (size_t i = source->station_count; i > 0; i--) {
        if (strcmp(source->stations[i - 1].code, code) == 0) {
            looking->scope.station = source->stations[i - 1].device;
            return true;
        }
    }
    return false;
}

static bool read_staff(struct looking *looking)
{
    const char *text = http_exchange_query(looking->call->exchange, "staff");
    if (text == NULL || text[0] == 0) {
        return true;
    }
    looking->scope.staff = looking->staff;
    return text_get_hex(span_text(text), looking->staff, LIMIT_ID_SIZE) == ERR_NONE ||
           device_person_find(looking->desk->key_directory, text, looking->staff) == ERR_NONE;
}

static bool read_count(struct desk_call *call, const char *name, uint64_t most, uint64_t *count)
{
    const char *text = http_exchange_query(call->exchange, name);
    return text == NULL || text_get_number(span_text(text), most, count) == ERR_NONE;
}

static bool read_page(struct looking *looking)
{
    bool is_file = http_exchange_query(looking->call->exchange, "format") != NULL ||
                   strcmp(looking->call->request->method, "POST") == 0;
    uint64_t most = is_file ? DESK_FILE_MAX : DESK_PAGE_MAX;
    uint64_t limit = is_file ? most : DESK_PAGE;
    uint64_t offset = 0;
    bool good = read_count(looking->call, "limit", most, &limit) && limit != 0 &&
                read_count(looking->call, "offset", VIEWS_ROWS_MAX, &offset);
    looking->page.limit = (size_t)limit;
    looking->page.offset = (size_t)offset;
    return good;
}

static const char *read_query(struct looking *looking, enum policy_period period)
{
    views_period(period, civil_day_of_ms(looking->call->now_ms), &looking->scope.from_day,
                 &looking->scope.until_day);
    if (!read_day(looking->call, "from", &looking->scope.from_day)) {
        return "from";
    }
    if (!read_day(looking->call, "until", &looking->scope.until_day) ||
        looking->scope.until_day < looking->scope.from_day) {
        return "until";
    }
    if (!read_station(looking)) {
        return "station";
    }
    if (!read_staff(looking)) {
        return "staff";
    }
    return read_page(looking) ? NULL : "limit";
}

bool looking_begin(struct looking *looking, enum policy_period period)
{
    struct desk *desk = looking->desk;
    kv_begin(desk->options.kv, false, &looking->txn);
    const struct fold_facts_ask ask = {.fold = desk_fold(desk),
                                       .txn = &looking->txn,
                                       .space = desk->options.space,
                                       .now_ms = looking->call->now_ms,
                                       .context = desk->options.port.context,
                                       .events = desk->options.port.events};
    enum err err = fold_facts_new(&ask, &looking->facts);
    if (err != ERR_NONE) {
        kv_abort(&looking->txn);
        reply_err(looking->call->exchange, err);
        return false;
    }
    looking->source = fold_facts_source(looking->facts);
    const char *wrong = read_query(looking, period);
    if (wrong != NULL) {
        const struct reply_problem problem = {400, "bad_query", "查询条件有误。",
                                              "The query is wrong.", wrong};
        looking_end(looking);
        reply_problem(looking->call->exchange, &problem);
        return false;
    }
    reply_begin(&looking->reply);
    looking->json = &looking->reply.json;
    json_text_day(looking->json, "from", looking->scope.from_day);
    json_text_day(looking->json, "until", looking->scope.until_day);
    return true;
}

void looking_end(struct looking *looking)
{
    fold_facts_free(looking->facts);
    kv_abort(&looking->txn);
}

void looking_send(struct looking *looking, enum err err)
{
    err = err == ERR_NONE ? looking->txn.err : err;
    looking_end(looking);
    if (err != ERR_NONE) {
        buf_done(&looking->reply.body);
        reply_err(looking->call->exchange, err);
        return;
    }
    reply_send(&looking->reply, looking->call->exchange, 200);
}

/* The same answer, as a file. */
static void looking_export(struct looking *looking)
{
    struct reply *reply = &looking->reply;
    enum err err = looking->txn.err;
    looking_end(looking);
    json_text_close(looking->json);
    err = err == ERR_NONE ? reply->body.err : err;
    if (err == ERR_NONE) {
        export_send(looking->desk, looking->call, buf_span(&reply->body));
    } else {
        reply_err(looking->call->exchange, err);
    }
    buf_done(&reply->body);
}

bool looking_may(struct desk *desk, struct desk_call *call, uint64_t roles)
{
    static const struct reply_problem problem = {403, "not_permitted", "您的岗位不能查看这一项。",
                                                 "Your role may not see this.", NULL};
    if (roles == 0 ||
        (call->session != NULL && (desk_session_roles(desk, call->session) & roles) != 0)) {
        return true;
    }
    reply_problem(call->exchange, &problem);
    return false;
}

void looking_put_staff(struct looking *looking, const char *name, struct span ids)
{
    enum { SHORT_ID = 4 };
    char member[MEMBER_SIZE];
    struct buf text;
    buf_init(&text, MATTER_SIZE);
    for (size_t i = 0; i + LIMIT_ID_SIZE <= ids.size; i += LIMIT_ID_SIZE) {
        char shown[DEVICE_NAME_SIZE];
        device_name_read(looking->desk->key_directory, ids.data + i, shown);
        buf_put_text(&text, i == 0 ? "" : "、");
        if (shown[0] != 0) {
            buf_put_text(&text, shown);
        } else {
            text_put_hex(&text, span_of(ids.data + i, SHORT_ID));
        }
    }
    json_text_string(looking->json, name, buf_text(&text));
    (void)snprintf(member, sizeof member, "%sId", name);
    json_text_hex(looking->json, member, ids);
    buf_done(&text);
}

void looking_put_record(struct looking *looking, const uint8_t record[LIMIT_ID_SIZE])
{
    char number[NUMBER_SIZE];
    desk_record_number(looking->desk, record, number);
    json_text_hex(looking->json, "record", span_of(record, LIMIT_ID_SIZE));
    json_text_string(looking->json, "number", number);
}

/* --- cells --- */

static const char *sealed_text(const struct wire_tree *tree, int64_t which)
{
    const char *told = wire_tree_member(tree, "told");
    switch (which) {
    case VIEWS_SEALED_NAME:
        return wire_tree_member(tree, "name");
    case VIEWS_SEALED_PHONE:
        return wire_tree_member(tree, "phone");
    case VIEWS_SEALED_ID_NUMBER:
        return wire_tree_member(tree, "idNumber");
    case VIEWS_SEALED_MATTER: /* what was told to the person, else what it is about */
        return told[0] != 0 ? told : wire_tree_member(tree, "text");
    }
    return "";
}

/* From the record itself. */
static bool put_opened(struct looking *looking, const char *name, const struct views_cell *cell)
{
    struct buf text;
    struct wire_tree *tree = NULL;
    uint32_t label =
        cell->number == VIEWS_SEALED_MATTER ? SEALED_LABEL_MATTER : SEALED_LABEL_IDENTITY;
    buf_init(&text, MATTER_SIZE);
    bool found = desk_open_part(looking->desk, looking->call, &looking->txn, cell->bytes.data,
                                label, &text) &&
                 wire_tree_open(buf_span(&text), &tree) == ERR_NONE;
    if (found) {
        json_text_string(looking->json, name, sealed_text(tree, cell->number));
    }
    wire_tree_close(tree);
    buf_done(&text);
    return found;
}

/* Is it in the index that all who are unlocked here share? */
static bool is_indexed(struct looking *looking, const uint8_t *record)
{
    struct desk *desk = looking->desk;
    return fold_record_get(desk_fold(desk), &looking->txn, desk->options.space, record,
                           desk->other) &&
           rule_readers(desk->other->machine) == RULE_READERS_OFFICE;
}

static void put_sealed(struct looking *looking, const char *name, const struct views_cell *cell)
{
    struct search_entry entry = {.name = ""};
    const uint8_t *record = cell->bytes.data;
    bool may = desk_may_search(looking->desk, looking->call->session);
    if (may && (cell->number == VIEWS_SEALED_MATTER || !is_indexed(looking, record))) {
        may = put_opened(looking, name, cell);
        if (may) {
            return;
        }
    } else if (may) {
        struct search_ask ask = desk_search_ask(looking->desk, looking->call->session);
        may = search_look(looking->desk->search, &ask, record, &entry);
    }
    if (!may) {
        json_text_string(looking->json, name, "（封存）");
        return;
    }
    json_text_string(looking->json, name,
                     cell->number == VIEWS_SEALED_PHONE       ? entry.phone
                     : cell->number == VIEWS_SEALED_ID_NUMBER ? entry.id_number
                                                              : entry.name);
}

static void put_text(struct json_text *json, const char *name, const struct views_cell *cell)
{
    char member[MEMBER_SIZE];
    if (cell->text[0] == 0) {
        json_text_span(json, name, cell->bytes);
        return;
    }
    if (cell->text_en[0] == 0) {
        json_text_string(json, name, cell->text);
        return;
    }
    (void)snprintf(member, sizeof member, "%sZh", name);
    json_text_string(json, member, cell->text);
    (void)snprintf(member, sizeof member, "%sEn", name);
    json_text_string(json, member, cell->text_en);
}

static void put_share(struct json_text *json, const char *name, int64_t per_mille)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%lld.%lld %%", (long long)(per_mille / 10),
                   (long long)(per_mille % 10));
    json_text_string(json, name, text);
}

/* What it was called then, and is now. */
static void put_station_name(struct looking *looking, const char *name,
                             const struct views_cell *cell)
{
    const struct stations *names = fold_facts_source(looking->facts)->names;
    int32_t today = civil_day_of_ms(looking->call->now_ms);
    const char *now = stations_name(names, cell->text, today);
    const char *then = stations_name(names, cell->text, (int32_t)cell->number);
    char member[MEMBER_SIZE];
    char text[2 * STATIONS_NAME_SIZE + 16];
    bool renamed = cell->number != 0 && then[0] != 0 && strcmp(then, now) != 0;
    (void)snprintf(member, sizeof member, "%sZh", name);
    (void)snprintf(text, sizeof text, renamed ? "%s（现%s）" : "%s%s", renamed ? then : now,
                   renamed ? now : "");
    if (text[0] != 0) {
        json_text_string(looking->json, member, text);
    }
}

/* In the order of the people; of who has told none nothing stands there. */
static void put_phones(struct looking *looking, const char *name, struct span ids)
{
    char phone[DEVICE_NAME_SIZE];
    struct buf text;
    buf_init(&text, MATTER_SIZE);
    for (size_t i = 0; i + LIMIT_ID_SIZE <= ids.size; i += LIMIT_ID_SIZE) {
        device_phone_read(looking->desk->key_directory, ids.data + i, phone);
        buf_put_format(&text, "%s%s", i == 0 ? "" : "、", phone[0] == 0 ? "—" : phone);
    }
    json_text_string(looking->json, name, buf_text(&text));
    buf_done(&text);
}

static void put_cell(struct looking *looking, const char *name, const struct views_cell *cell)
{
    char number[NUMBER_SIZE];
    switch (cell->kind) {
    case VIEWS_CELL_EMPTY:
        return;
    case VIEWS_CELL_TEXT:
        put_text(looking->json, name, cell);
        return;
    case VIEWS_CELL_STATION:
        put_text(looking->json, name, cell);
        put_station_name(looking, name, cell);
        return;
    case VIEWS_CELL_NUMBER:
        json_text_number(looking->json, name, cell->number);
        return;
    case VIEWS_CELL_SHARE:
        put_share(looking->json, name, cell->number);
        return;
    case VIEWS_CELL_DAY:
        json_text_day(looking->json, name, cell->number);
        return;
    case VIEWS_CELL_TIME:
        json_text_ms(looking->json, name, (uint64_t)cell->number);
        return;
    case VIEWS_CELL_STAFF:
        looking_put_staff(looking, name, cell->bytes);
        return;
    case VIEWS_CELL_PHONE:
        put_phones(looking, name, cell->bytes);
        return;
    case VIEWS_CELL_RECORD:
        desk_record_number(looking->desk, cell->bytes.data, number);
        json_text_string(looking->json, name, number);
        return;
    case VIEWS_CELL_SEALED:
        put_sealed(looking, name, cell);
        return;
    }
}

/* --- one view --- */

struct rows {
    struct looking *looking;
    const struct views_view *view;
    struct view_print *print; /* NULL: it is not printed */
};

static bool put_row(void *context, const struct views_row *row)
{
    struct rows *rows = context;
    struct json_text *json = rows->looking->json;
    if (rows->print != NULL) {
        view_print_row(rows->print, row);
    }
    json_text_open(json, NULL);
    if (row->record != NULL) {
        json_text_hex(json, "record", span_of(row->record->id, LIMIT_ID_SIZE));
    }
    for (size_t i = 0; i < row->count; i++) {
        put_cell(rows->looking, rows->view->columns[i].name, &row->cell[i]);
    }
    json_text_close(json);
    return json->buf->err == ERR_NONE;
}

static void put_view(struct json_text *json, const char *name, const struct views_view *view)
{
    json_text_open(json, name);
    json_text_string(json, "name", view->name);
    json_text_string(json, "form", view->form);
    json_text_string(json, "zh", view->zh);
    json_text_string(json, "en", view->en);
    json_text_string(json, "article", view->article);
    json_text_string(json, "regimes", view->regimes);
    json_text_open_list(json, "columns");
    for (size_t i = 0; i < views_column_count(view); i++) {
        json_text_open(json, NULL);
        json_text_string(json, "name", view->columns[i].name);
        json_text_string(json, "zh", view->columns[i].zh);
        json_text_string(json, "en", view->columns[i].en);
        json_text_close(json);
    }
    json_text_close_list(json);
    json_text_close(json);
}

static void show_view(struct desk *desk, struct desk_call *call, const struct views_view *view)
{
    struct looking looking = {.desk = desk, .call = call};
    struct view_print print;
    struct rows rows = {&looking, view, NULL};
    size_t total = 0;
    bool bad = false;
    bool is_file = export_is_asked(call, &bad);
    if (bad || !looking_may(desk, call, view->who) ||
        !looking_begin(&looking, view->period == 0 ? POLICY_PERIOD_MONTH : view->period)) {
        return;
    }
    if (is_file) {
        rows.print = &print;
        view_print_begin(&print, &looking, view);
    }
    put_view(looking.json, "view", view);
    json_text_open_list(looking.json, "rows");
    enum err err =
        views_list(looking.source, view, &looking.scope, &looking.page, &total, put_row, &rows);
    json_text_close_list(looking.json);
    json_text_number(looking.json, "total", (int64_t)total);
    if (looking.page.offset + looking.page.limit < total) {
        json_text_number(looking.json, "next", (int64_t)(looking.page.offset + looking.page.limit));
    }
    if (is_file && err == ERR_NONE) {
        view_print_look(&print, &looking);
        view_print_put(&print, looking.json);
        looking_export(&looking);
    } else {
        looking_send(&looking, err);
    }
}

void desk_get_views(struct desk *desk, struct desk_call *call)
{
    const struct views_view *view = call->tail[0] == 0 ? NULL : views_find(call->tail);
    struct reply reply;
    if (view != NULL) {
        show_view(desk, call, view);
        return;
    }
    if (call->tail[0] != 0) {
        view_refuse_unknown(call);
        return;
    }
    reply_begin(&reply);
    json_text_open_list(&reply.json, "views");
    for (size_t i = 0; i < views_count(); i++) {
        put_view(&reply.json, NULL, views_at(i));
    }
    json_text_close_list(&reply.json);
    reply_send(&reply, call->exchange, 200);
}
