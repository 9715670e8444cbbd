#include "village-node/program.h"

#include <stdlib.h>
#include <string.h>

/* What somebody must do: returned events, results to tell and to hand out, cases that are late. */

struct listing {
    struct daemon *daemon;
    struct json_text *json;
    struct wire_arena arena;
    struct wire_event *event;
};

static bool list_task(void *context, uint64_t incarnation, uint64_t seq,
                      const struct station_answer *answer)
{
    struct listing *listing = context;
    struct json_text *json = listing->json;
    struct station_answer again;
    struct wire_envelope envelope;
    struct buf bytes;
    const struct refusal_text *text = refusal_text(answer->refusal);
    buf_init(&bytes, LIMIT_ENVELOPE_SIZE);
    json_text_open(json, NULL);
    json_text_number(json, "incarnation", (int64_t)incarnation);
    json_text_number(json, "seq", (int64_t)seq);
    json_text_string(json, "standing",
                     answer->standing == STATION_RETURNED ? "returned" : "set_aside");
    if (text != NULL) {
        json_text_string(json, "name", text->name);
        json_text_string(json, "article", text->article);
        json_text_string(json, "zh", text->zh);
        json_text_string(json, "en", text->en);
    }
    if (station_event(listing->daemon->station, incarnation, seq, &bytes, &again) &&
        wire_envelope_decode(buf_span(&bytes), &envelope) == ERR_NONE &&
        wire_event_decode(envelope.body, &listing->arena, listing->event) == ERR_NONE) {
        json_text_hex(json, "record", span_of(listing->event->record, LIMIT_ID_SIZE));
        json_text_ms(json, "written", listing->event->claimed_ms);
    }
    json_text_close(json);
    buf_done(&bytes);
    return true;
}

/* --- lists of cases --- */

static bool is_to_tell(const struct view *view)
{
    return values_number(&view->record.facts, FIELD_told_ms, 0) == 0 &&
           view->record.holder == HOLDER_STATION;
}

static bool is_to_hand_out(const struct view *view)
{
    return values_number(&view->record.facts, FIELD_told_ms, 0) != 0 &&
           view->record.holder == HOLDER_STATION;
}

static bool is_overdue(const struct view *view)
{
    return view->is_timed && view->urgency.state == DEADLINE_OVERDUE;
}

static bool is_amber(const struct view *view)
{
    return view->is_timed &&
           (view->urgency.state == DEADLINE_AMBER || view->urgency.state == DEADLINE_RED);
}

struct case_lists {
    struct daemon *daemon;
    struct json_text *json;
    struct view *view;
    struct view_list *with_result; /* finished, refused or result at the station */
    struct view_list *open;
};

static void put_list(struct case_lists *lists, const char *name, const struct view_list *ids,
                     bool (*is_meant)(const struct view *view))
{
    struct kv_txn txn;
    json_text_open_list(lists->json, name);
    for (size_t i = 0; i < ids->count; i++) {
        kv_begin(lists->daemon->kv, false, &txn);
        bool found = view_read(lists->daemon, &txn, ids->id[i], lists->view);
        kv_abort(&txn);
        if (found && is_meant(lists->view)) {
            view_put(lists->daemon, lists->view, NULL, lists->json);
        }
    }
    json_text_close_list(lists->json);
}

static void put_cases(struct case_lists *lists)
{
    static const uint16_t states[] = {CASE_STATE_FINISHED, CASE_STATE_REFUSED,
                                      CASE_STATE_RESULT_AT_STATION};
    struct fold *fold = station_fold(lists->daemon->station);
    struct kv_txn txn;
    kv_begin(lists->daemon->kv, false, &txn);
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        fold_list_state(fold, &txn, MACHINE_CASE, states[i], NULL, view_list_add,
                        lists->with_result);
    }
    fold_list_due(fold, &txn, 0, view_list_add, lists->open);
    kv_abort(&txn);
    put_list(lists, "toTell", lists->with_result, is_to_tell);
    put_list(lists, "toHandOut", lists->with_result, is_to_hand_out);
    put_list(lists, "overdue", lists->open, is_overdue);
    put_list(lists, "amber", lists->open, is_amber);
    json_text_bool(lists->json, "more", lists->with_result->more || lists->open->more);
}

void tasks_get(struct daemon *daemon, struct http_exchange *exchange)
{
    struct reply reply;
    struct listing listing = {.daemon = daemon, .json = &reply.json};
    struct case_lists lists = {.daemon = daemon, .json = &reply.json};
    lists.view = calloc(1, sizeof *lists.view);
    lists.with_result = calloc(1, sizeof *lists.with_result);
    lists.open = calloc(1, sizeof *lists.open);
    listing.event = calloc(1, sizeof *listing.event);
    if (lists.view == NULL || lists.with_result == NULL || lists.open == NULL ||
        listing.event == NULL || wire_arena_init(&listing.arena, WIRE_EVENT_ARENA) != ERR_NONE) {
        reply_err(exchange, ERR_MEMORY);
    } else {
        reply_begin(&reply);
        json_text_open_list(&reply.json, "tasks");
        station_tasks(daemon->station, list_task, &listing);
        json_text_close_list(&reply.json);
        put_cases(&lists);
        turn_put(daemon, &reply.json);
        reply_send(&reply, exchange, 200);
        wire_arena_done(&listing.arena);
    }
    free(listing.event);
    free(lists.view);
    free(lists.with_result);
    free(lists.open);
}

/* --- done --- */

struct search {
    uint64_t seq;
    uint64_t incarnation; /* 0: any */
    uint64_t found;       /* incarnation of the newest */
};

static bool match_task(void *context, uint64_t incarnation, uint64_t seq,
                       const struct station_answer *answer)
{
    struct search *search = context;
    (void)answer;
    if (seq == search->seq && (search->incarnation == 0 || incarnation == search->incarnation)) {
        search->found = incarnation;
    }
    return true;
}

void tasks_post_done(struct daemon *daemon, struct http_exchange *exchange,
                     const struct http_request *request)
{
    uint8_t staff[LIMIT_ID_SIZE];
    int64_t seq = 0;
    int64_t incarnation = 0;
    struct wire_tree *tree = NULL;
    if (desk_authorize(daemon->desk, exchange, staff) == NULL ||
        !api_number(exchange, request, "seq", &seq)) {
        return;
    }
    if (wire_tree_open(request->body, &tree) == ERR_NONE &&
        !wire_tree_number(wire_tree_get(tree, "incarnation"), &incarnation)) {
        incarnation = 0;
    }
    wire_tree_close(tree);
    struct search search = {.seq = (uint64_t)seq, .incarnation = (uint64_t)incarnation};
    station_tasks(daemon->station, match_task, &search);
    enum err err = search.found == 0 ? ERR_NOT_FOUND
                                     : station_task_done(daemon->station, search.found, search.seq);
    if (err == ERR_NOT_FOUND) {
        api_refuse(exchange, 404, "no_task", "没有这个序号的待办。", "There is no such task.");
    } else if (err != ERR_NONE) {
        reply_err(exchange, err);
    } else {
        api_ok(exchange);
    }
}
