#include "desk/reply.h"
#include "node/clock.h"
#include "village-node/program.h"
#include "wire/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The station's own routes beside the desk's: how it stands with the hub, tasks, drills. */

static void get_status(struct daemon *daemon, struct http_exchange *exchange)
{
    struct station_status status;
    struct reply reply;
    station_status(daemon->station, &status);
    reply_begin(&reply);
    struct json_text *json = &reply.json;
    json_text_string(json, "station", "");
    json_text_number(json, "incarnation", (int64_t)status.incarnation);
    json_text_big(json, "kept", status.newest);
    json_text_big(json, "accepted", status.answered);
    json_text_big(json, "backlog", status.newest - status.answered);
    json_text_big(json, "returned", status.returned);
    if (status.oldest_unsent_ms != 0) {
        json_text_ms(json, "oldestUnsent", status.oldest_unsent_ms);
    }
    if (status.last_contact_ms != 0) {
        json_text_ms(json, "lastContact", status.last_contact_ms);
        json_text_big(json, "clockOffsetMs", (uint64_t)llabs(status.clock_offset_ms));
    }
    json_text_bool(json, "connected", daemon->connected);
    json_text_big(json, "epoch", status.epoch);
    json_text_big(json, "logSize", status.log_size);
    json_text_big(json, "common", status.common);
    json_text_big(json, "own", status.own);
    json_text_big(json, "sealedWaiting", status.outbox);
    json_text_bool(json, "hubWentBack", status.hub_went_back);
    json_text_bool(json, "restored", status.restored);
    json_text_bool(json, "diskFull", daemon->full);
    json_text_ms(json, "now", clock_wall_ms());
    reply_send(&reply, exchange, 200);
}

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

static void get_tasks(struct daemon *daemon, struct http_exchange *exchange)
{
    struct reply reply;
    struct listing listing = {.daemon = daemon, .json = &reply.json};
    reply_begin(&reply);
    listing.event = calloc(1, sizeof *listing.event);
    json_text_open_list(&reply.json, "tasks");
    if (listing.event != NULL && wire_arena_init(&listing.arena, WIRE_EVENT_ARENA) == ERR_NONE) {
        station_tasks(daemon->station, list_task, &listing);
        wire_arena_done(&listing.arena);
    }
    json_text_close_list(&reply.json);
    free(listing.event);
    reply_send(&reply, exchange, 200);
}

/* A number of the request's body; false after answering. */
static bool body_numbers(struct http_exchange *exchange, const struct http_request *request,
                         const char *const *names, size_t count, int64_t *ret)
{
    static const struct reply_problem problem = {400, "bad_request", "请求内容有误",
                                                 "the request's body is not what this route takes",
                                                 NULL};
    struct wire_tree *tree = NULL;
    bool good = wire_tree_open(request->body, &tree) == ERR_NONE;
    for (size_t i = 0; good && i < count; i++) {
        good = wire_tree_number(wire_tree_get(tree, names[i]), &ret[i]);
    }
    wire_tree_close(tree);
    if (!good) {
        reply_problem(exchange, &problem);
    }
    return good;
}

static void reply_ok(struct http_exchange *exchange)
{
    struct reply reply;
    reply_begin(&reply);
    json_text_bool(&reply.json, "ok", true);
    reply_send(&reply, exchange, 200);
}

static void task_done(struct daemon *daemon, struct http_exchange *exchange,
                      const struct http_request *request)
{
    static const char *const names[] = {"incarnation", "seq"};
    uint8_t staff[LIMIT_ID_SIZE];
    int64_t numbers[2] = {0, 0};
    if (desk_authorize(daemon->desk, exchange, staff) == NULL ||
        !body_numbers(exchange, request, names, 2, numbers)) {
        return;
    }
    enum err err = station_task_done(daemon->station, (uint64_t)numbers[0], (uint64_t)numbers[1]);
    if (err == ERR_NONE) {
        reply_ok(exchange);
    } else {
        reply_err(exchange, err);
    }
}

static void drill_clock(struct http_exchange *exchange, const struct http_request *request)
{
    static const char *const names[] = {"offset_ms"};
    int64_t offset = 0;
    if (body_numbers(exchange, request, names, 1, &offset)) {
        clock_set_offset_ms(offset);
        reply_ok(exchange);
    }
}

static void drill_link(struct daemon *daemon, struct http_exchange *exchange,
                       const struct http_request *request)
{
    static const char *const names[] = {"up"};
    int64_t up = 0;
    if (!body_numbers(exchange, request, names, 1, &up)) {
        return;
    }
    daemon->link_cut = up == 0;
    enum err err = daemon_link(daemon, up != 0);
    if (err == ERR_NONE) {
        reply_ok(exchange);
    } else {
        reply_err(exchange, err);
    }
}

bool api_handle(struct daemon *daemon, struct http_exchange *exchange,
                const struct http_request *request)
{
    bool get = strcmp(request->method, "GET") == 0;
    bool post = strcmp(request->method, "POST") == 0;
    const char *path = request->path;
    if (get && strcmp(path, "/api/v1/status") == 0) {
        get_status(daemon, exchange);
    } else if (get && strcmp(path, "/api/v1/tasks") == 0) {
        get_tasks(daemon, exchange);
    } else if (post && strcmp(path, "/api/v1/tasks/done") == 0) {
        task_done(daemon, exchange, request);
    } else if (post && strcmp(path, "/api/v1/sync") == 0) {
        daemon_sync(daemon);
        reply_ok(exchange);
    } else if (post && daemon->drill && strcmp(path, "/api/v1/drill/clock") == 0) {
        drill_clock(exchange, request);
    } else if (post && daemon->drill && strcmp(path, "/api/v1/drill/link") == 0) {
        drill_link(daemon, exchange, request);
    } else {
        return false;
    }
    return true;
}
