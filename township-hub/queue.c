#include "township-hub/queue.h"

#include "desk/number.h"
#include "township-hub/staff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { QUEUE_LIMIT = 1000 };

struct queue_walk {
    struct api *api;
    struct kv_txn *txn;
    struct json_text *json;
    struct record *record;
    unsigned count;
};

/* The opening event gives the number. */
static bool take_number(void *context, const struct wire_event *event, const char *standing,
                        uint32_t refusal)
{
    struct number *number = context;
    (void)refusal;
    if (strcmp(standing, "accepted") != 0) {
        return true;
    }
    number->incarnation = event->incarnation;
    number->seq = event->seq;
    return false;
}

static void put_number(const struct queue_walk *walk, const char *code)
{
    struct number found = {{0}, 0, 0};
    struct number number;
    char text[NUMBER_SIZE];
    queue_history_events(walk->api->kv, walk->api->hub, walk->record->id, &found, take_number);
    if (found.seq != 0) {
        number_make(code, found.incarnation, found.seq, &number);
        number_format(&number, text);
        json_text_string(walk->json, "number", text);
    }
}

static void put_case(const struct queue_walk *walk, uint32_t due_day)
{
    const struct record *record = walk->record;
    const struct directory *directory = world_directory(hub_fold(walk->api->hub)->world);
    const struct directory_station *station = directory_station(directory, record->station);
    struct span handler = values_bytes(&record->facts, FIELD_handler, 0);
    char name[STAFF_NAME_SIZE] = "";
    json_text_open(walk->json, NULL);
    json_text_hex(walk->json, "record", span_of(record->id, LIMIT_ID_SIZE));
    put_number(walk, station == NULL ? NULL : station->code);
    json_text_span(walk->json, "item", values_bytes(&record->facts, FIELD_item, 0));
    json_text_string(walk->json, "state", rule_state_name(record->machine, record->state));
    json_text_string(walk->json, "stateZh", rule_state_zh(record->machine, record->state));
    json_text_string(walk->json, "station", station == NULL ? "hub" : station->code);
    if (due_day != 0) {
        json_text_day(walk->json, "due", due_day);
    }
    if (handler.size == LIMIT_ID_SIZE) {
        staff_name_find(walk->api->folder->path, handler.data, name);
        json_text_hex(walk->json, "handler", handler);
        json_text_string(walk->json, "handlerName", name);
    }
    json_text_close(walk->json);
}

static bool visit_case(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    struct queue_walk *walk = context;
    bool found =
        fold_record_get(hub_fold(walk->api->hub), walk->txn, FOLD_PROVEN, id, walk->record);
    if (found && walk->record->machine == MACHINE_CASE && walk->record->holder == HOLDER_HUB) {
        put_case(walk, due_day);
        walk->count++;
    }
    return walk->count < QUEUE_LIMIT;
}

bool queue_handle(struct api *api, struct http_exchange *exchange,
                  const struct http_request *request)
{
    struct reply reply;
    struct kv_txn txn;
    if (!api_is(request, "GET", "/api/v1/queue")) {
        return false;
    }
    struct queue_walk walk = {
        .api = api, .txn = &txn, .json = &reply.json, .record = calloc(1, sizeof *walk.record)};
    if (walk.record == NULL) {
        reply_err(exchange, ERR_MEMORY);
        return true;
    }
    enum err err = queue_history_catch_up(api->kv, api->hub);
    if (err != ERR_NONE) {
        free(walk.record);
        reply_err(exchange, err);
        return true;
    }
    reply_begin(&reply);
    json_text_open_list(&reply.json, "cases");
    kv_begin(api->kv, false, &txn);
    fold_list_due(hub_fold(api->hub), &txn, 0, visit_case, &walk);
    kv_abort(&txn);
    json_text_close_list(&reply.json);
    json_text_bool(&reply.json, "more", walk.count >= QUEUE_LIMIT);
    reply_send(&reply, exchange, 200);
    free(walk.record);
    return true;
}

static void show_queue(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column zh[] = {
        {"办件", "case", "number"}, {"事项", "item", "item"},    {"状态", "state", "stateZh"},
        {"到期", "due", "due"},     {"来自", "from", "station"}, {"经办", "handler", "handlerName"},
    };
    static const struct cli_column en[] = {
        {"办件", "case", "number"}, {"事项", "item", "item"},    {"状态", "state", "state"},
        {"到期", "due", "due"},     {"来自", "from", "station"}, {"经办", "handler", "handlerName"},
    };
    const struct wire_tree *cases = wire_tree_get(answer, "cases");
    if (wire_tree_count(cases) == 0) {
        (void)printf("%s\n", cli_is_english(cli) ? "nothing lies here" : "没有待办");
        return;
    }
    cli_table(cli, cases, cli_is_english(cli) ? en : zh, sizeof zh / sizeof *zh);
}

int queue_command(struct cli *cli, int argc, char **argv)
{
    static const struct argp no_argp = {0};
    int code = 0;
    if (!cli_parse(cli, &no_argp, argc, argv, NULL, &code)) {
        return code;
    }
    return cli_call_show(cli, "GET", "/api/v1/queue", span_of(NULL, 0), show_queue);
}
