#include "base/text.h"
#include "desk/inside.h"
#include "rules/civil.h"

#include <stdlib.h>
#include <string.h>

enum { NO_DUE_DAY = 0x7fffffff, CURSOR_SIZE = 64 };

/* One page: ids first, so that no record is read while the index is walked. */
struct page {
    size_t limit;
    size_t count;
    bool more;
    bool partial; /* the search index is still being built */
    uint32_t from_day;
    bool has_after;
    uint32_t after_day;
    uint8_t after[LIMIT_ID_SIZE];
    uint32_t day[DESK_PAGE_MAX];
    uint8_t id[DESK_PAGE_MAX][LIMIT_ID_SIZE];
};

static void refuse_query(struct http_exchange *exchange, const char *field)
{
    const struct reply_problem problem = {400, "bad_query", "查询条件有误。", "The query is wrong.",
                                          field};
    reply_problem(exchange, &problem);
}

static bool page_add(struct page *page, const uint8_t *id, uint32_t day)
{
    if (page->count == page->limit) {
        page->more = true;
        return false;
    }
    memcpy(page->id[page->count], id, LIMIT_ID_SIZE);
    page->day[page->count++] = day;
    return true;
}

/* Open cases without a day come last in the index. */
static uint32_t order_day(uint32_t due_day)
{
    return due_day == 0 ? NO_DUE_DAY : due_day;
}

static bool visit_due(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    struct page *page = context;
    uint32_t day = order_day(due_day);
    if (page->has_after &&
        (day < page->after_day ||
         (day == page->after_day && memcmp(id, page->after, LIMIT_ID_SIZE) <= 0))) {
        return true;
    }
    return page_add(page, id, day);
}

static bool visit_state(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    return page_add(context, id, order_day(due_day));
}

static bool visit_found(void *context, const struct search_entry *entry)
{
    return page_add(context, entry->record, NO_DUE_DAY);
}

/* "<day>:<record hex>" of the last entry of the page before. */
static bool read_cursor(struct page *page, const char *text)
{
    uint64_t day = 0;
    const char *colon = strchr(text, ':');
    if (colon == NULL ||
        text_get_number(span_of(text, (size_t)(colon - text)), NO_DUE_DAY, &day) != ERR_NONE ||
        text_get_hex(span_text(colon + 1), page->after, LIMIT_ID_SIZE) != ERR_NONE) {
        return false;
    }
    page->has_after = true;
    page->after_day = (uint32_t)day;
    return true;
}

static bool read_page(struct desk_call *call, struct page *page)
{
    const char *limit = http_exchange_query(call->exchange, "limit");
    const char *after = http_exchange_query(call->exchange, "after");
    const char *due = http_exchange_query(call->exchange, "due");
    uint64_t number = DESK_PAGE;
    int32_t day = 0;
    if (limit != NULL &&
        (text_get_number(span_text(limit), DESK_PAGE_MAX, &number) != ERR_NONE || number == 0)) {
        refuse_query(call->exchange, "limit");
        return false;
    }
    page->limit = (size_t)number;
    if (after != NULL && !read_cursor(page, after)) {
        refuse_query(call->exchange, "after");
        return false;
    }
    if (due != NULL && strcmp(due, "today") == 0) {
        day = civil_day_of_ms(call->now_ms);
    } else if (due != NULL && due[0] != 0 && strcmp(due, "all") != 0 &&
               civil_day_parse(span_text(due), &day) != ERR_NONE) {
        refuse_query(call->exchange, "due");
        return false;
    }
    page->from_day = day > 0 ? (uint32_t)day : 0;
    if (page->has_after && page->after_day > page->from_day) {
        page->from_day = page->after_day;
    }
    return true;
}

/* Machine and state by their names; case when no machine is named. */
static bool read_state(struct desk_call *call, const char *state, enum machine_id *ret_machine,
                       uint16_t *ret_state)
{
    const char *name = http_exchange_query(call->exchange, "machine");
    for (int id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        const struct rule_machine *machine = rule_machine((enum machine_id)id);
        if (machine == NULL || strcmp(machine->name, name == NULL ? "case" : name) != 0) {
            continue;
        }
        for (const struct rule_name *at = machine->states; at->name != NULL; at++) {
            if (strcmp(at->name, state) == 0) {
                *ret_machine = machine->id;
                *ret_state = at->number;
                return true;
            }
        }
    }
    refuse_query(call->exchange, "state");
    return false;
}

static void put_row(struct desk *desk, struct json_text *json, struct desk_call *call, bool named)
{
    struct search_entry entry;
    json_text_open(json, NULL);
    desk_put_record(desk, json, desk->record, call->now_ms);
    if (named) {
        struct search_ask ask = desk_search_ask(desk, call->session);
        if (search_look(desk->search, &ask, desk->record->id, &entry) && entry.name[0] != 0) {
            json_text_string(json, "name", entry.name);
        }
    }
    json_text_close(json);
}

static void send_page(struct desk *desk, struct desk_call *call, struct kv_txn *txn,
                      const struct page *page)
{
    struct reply reply;
    struct buf cursor;
    bool named = desk_may_search(desk, call->session);
    reply_begin(&reply);
    json_text_open_list(&reply.json, "records");
    for (size_t i = 0; i < page->count; i++) {
        if (fold_record_get(desk_fold(desk), txn, desk->options.space, page->id[i], desk->record)) {
            put_row(desk, &reply.json, call, named);
        }
    }
    json_text_close_list(&reply.json);
    if (page->partial) {
        json_text_bool(&reply.json, "partial", true);
    }
    if (page->more) {
        buf_init(&cursor, CURSOR_SIZE);
        buf_put_format(&cursor, "%u:", (unsigned)page->day[page->count - 1]);
        text_put_hex(&cursor, span_of(page->id[page->count - 1], LIMIT_ID_SIZE));
        json_text_string(&reply.json, "next", buf_text(&cursor));
        buf_done(&cursor);
    }
    reply_send(&reply, call->exchange, 200);
}

static bool fill_search(struct desk *desk, struct desk_call *call, const char *text,
                        struct page *page)
{
    static const struct reply_problem problem = {
        403, "cannot_open", "按姓名查找需要先解锁，并且有权查看封存内容。",
        "Searching by name needs somebody unlocked who may open sealed parts.", NULL};
    if (!desk_may_search(desk, call->session)) {
        reply_problem(call->exchange, &problem);
        return false;
    }
    page->partial = !desk_search_work(desk, call->session, DESK_SEARCH_AT_ONCE);
    search_find(desk->search, text, page, visit_found);
    page->more = false; /* a search is narrowed, not leafed through */
    return true;
}

static bool fill_page(struct desk *desk, struct desk_call *call, struct kv_txn *txn,
                      struct page *page)
{
    const char *state = http_exchange_query(call->exchange, "state");
    const char *search = http_exchange_query(call->exchange, "search");
    enum machine_id machine = MACHINE_NONE;
    uint16_t number = 0;
    if (!read_page(call, page)) {
        return false;
    }
    if (search != NULL) {
        return fill_search(desk, call, search, page);
    }
    if (state == NULL) {
        fold_list_due(desk_fold(desk), txn, page->from_day, visit_due, page);
        return true;
    }
    if (!read_state(call, state, &machine, &number)) {
        return false;
    }
    fold_list_state(desk_fold(desk), txn, machine, number, page->has_after ? page->after : NULL,
                    visit_state, page);
    return true;
}

void desk_get_cases(struct desk *desk, struct desk_call *call)
{
    struct kv_txn txn;
    struct page *page = calloc(1, sizeof *page);
    if (page == NULL) {
        reply_err(call->exchange, ERR_MEMORY);
        return;
    }
    kv_begin(desk->options.kv, false, &txn);
    if (fill_page(desk, call, &txn, page)) {
        if (txn.err != ERR_NONE) {
            reply_err(call->exchange, txn.err);
        } else {
            send_page(desk, call, &txn, page);
        }
    }
    kv_abort(&txn);
    free(page);
}
