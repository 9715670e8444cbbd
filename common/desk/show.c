#include "desk/computed.h"
#include "rules/civil.h"
#include "wire/json.h"

#include <stdio.h>
#include <string.h>

enum { VERB_COUNT = 64, EVENTS_SHOWN = 500 };

static const char *holder_name(enum holder holder)
{
    return holder == HOLDER_STATION ? "station" : holder == HOLDER_HUB ? "hub" : "none";
}

static bool is_final(const struct record *record)
{
    const struct rule_machine *machine = rule_machine(record->machine);
    return machine == NULL || (machine->final_states >> record->state & 1) != 0;
}

/* Editions that the record is judged by. */
static bool world_of(struct desk *desk, const struct record *record, struct rule_world *ret)
{
    const struct world *world = desk_fold(desk)->world;
    memset(ret, 0, sizeof *ret);
    return world_view(world, world_common_seq(world),
                      values_number(&record->facts, FIELD_policy_edition, 0),
                      values_number(&record->facts, FIELD_catalogue_edition, 0), ret);
}

void desk_put_due(struct desk *desk, struct json_text *json, const struct record *record,
                  uint64_t now_ms)
{
    struct rule_world world;
    uint64_t day = values_number(&record->facts, FIELD_due_day, 0);
    const struct deadline_limit limit = {
        (uint32_t)values_number(&record->facts, FIELD_limit_count, 0),
        (enum deadline_unit)values_number(&record->facts, FIELD_limit_unit, 0)};
    if (day == 0 || day > CIVIL_DAY_MAX || !world_of(desk, record, &world)) {
        return;
    }
    json_text_open(json, "due");
    json_text_day(json, "day", (int64_t)day);
    json_text_bool(json, "provisional",
                   values_number(&record->facts, FIELD_due_provisional, 0) != 0);
    /* Once the work is done no limit runs any more. */
    if (!is_final(record) && values_number(&record->facts, FIELD_finished_ms, 0) == 0) {
        struct deadline_rules rules = deadline_rules_of_policy(world.policy);
        struct deadline_urgency urgency =
            deadline_urgency(world.calendar, &rules, limit, (int32_t)day, civil_day_of_ms(now_ms));
        json_text_string(json, "light", deadline_state_name(urgency.state));
        json_text_number(json, "daysLeft", urgency.days_left);
    }
    json_text_close(json);
}

static void put_item(struct desk *desk, struct json_text *json, const struct record *record)
{
    struct rule_world world;
    struct span code = values_bytes(&record->facts, FIELD_item, 0);
    if (code.size == 0) {
        return;
    }
    json_text_span(json, "item", code);
    const struct catalogue_item *item =
        world_of(desk, record, &world) ? catalogue_item_find(world.catalogue, code) : NULL;
    if (item != NULL) {
        json_text_string(json, "itemZh", item->name_zh);
        json_text_string(json, "itemEn", item->name_en);
    }
}

void desk_put_record(struct desk *desk, struct json_text *json, const struct record *record,
                     uint64_t now_ms)
{
    char number[NUMBER_SIZE];
    const struct rule_machine *machine = rule_machine(record->machine);
    const char *code = desk_station_code(desk, record->station);
    desk_record_number(desk, record->id, number);
    json_text_hex(json, "record", span_of(record->id, LIMIT_ID_SIZE));
    json_text_string(json, "number", number);
    json_text_string(json, "machine", machine == NULL ? "" : machine->name);
    json_text_string(json, "machineZh", machine == NULL ? "" : machine->zh);
    json_text_string(json, "state", rule_state_name(record->machine, record->state));
    json_text_string(json, "stateZh", rule_state_zh(record->machine, record->state));
    json_text_string(json, "holder", holder_name(record->holder));
    if (code != NULL) {
        json_text_string(json, "station", code);
    }
    put_item(desk, json, record);
    desk_put_due(desk, json, record, now_ms);
}

/* --- what may be done now --- */

static const struct rule_name *verb_of(const struct rule_machine *machine, uint16_t verb)
{
    const struct rule_name *name = machine->verbs;
    while (name->name != NULL && name->number != verb) {
        name++;
    }
    return name->name == NULL ? NULL : name;
}

/* The form that the first row for this verb in this state prints. */
static uint16_t form_of(const struct rule_machine *machine, uint16_t state, uint16_t verb)
{
    for (size_t i = 0; i < machine->row_count; i++) {
        const struct rule_row *row = &machine->rows[i];
        if (row->verb == verb && state < 32 && (row->from >> state & 1) != 0) {
            return row->form;
        }
    }
    return 0;
}

/* Only the holder's staff move a record; requests and notes are anyone's. */
static bool may_move(const struct desk *desk, const struct record *record)
{
    bool at_hub = desk->options.tier == TIER_HUB;
    return record->machine == MACHINE_REQUEST || record->machine == MACHINE_NOTE ||
           (record->holder == HOLDER_HUB) == at_hub;
}

static void put_allowed(struct desk *desk, struct json_text *json, const struct record *record,
                        const struct desk_session *session)
{
    uint16_t verbs[VERB_COUNT];
    const struct rule_machine *machine = rule_machine(record->machine);
    uint64_t roles = desk_session_roles(desk, session);
    size_t count = machine == NULL || !may_move(desk, record)
                       ? 0
                       : rule_allowed_verbs(record->machine, record->state, desk->options.tier,
                                            roles, verbs, VERB_COUNT);
    json_text_open_list(json, "allowed");
    for (size_t i = 0; i < count; i++) {
        const struct rule_name *name = verb_of(machine, verbs[i]);
        uint16_t form = form_of(machine, record->state, verbs[i]);
        if (name == NULL) {
            continue;
        }
        json_text_open(json, NULL);
        json_text_string(json, "verb", name->name);
        json_text_string(json, "zh", name->zh);
        if (form != 0) {
            json_text_number(json, "form", form);
        }
        json_text_close(json);
    }
    json_text_close_list(json);
}

/* --- events and parts --- */

struct events_walk {
    struct desk *desk;
    struct desk_call *call;
    struct json_text *json;
    struct kv_txn *txn;
    uint32_t label; /* newest part of this label is wanted */
    struct buf part;
    bool found;
    enum err err; /* of the newest part that did not open */
    size_t count;
};

static bool newest_part(void *context, const struct wire_event *event, const char *standing,
                        uint32_t refusal)
{
    struct events_walk *walk = context;
    (void)standing;
    (void)refusal;
    for (uint32_t i = 0; i < event->sealed_count && i < LIMIT_SEALED_COUNT; i++) {
        struct buf part;
        if (event->sealed[i].label != walk->label) {
            continue;
        }
        buf_init(&part, LIMIT_SEALED_SIZE);
        walk->err = sealing_part_open(walk->call->session->keys, desk_fold(walk->desk), walk->txn,
                                      event, i, &part);
        if (walk->err == ERR_NONE) {
            buf_done(&walk->part);
            walk->part = part;
            walk->found = true;
        } else {
            buf_done(&part);
        }
    }
    return true;
}

static void put_part(struct events_walk *walk, const char *name, const uint8_t *record,
                     uint32_t label)
{
    struct buf text;
    walk->label = label;
    walk->found = false;
    walk->err = ERR_NONE;
    buf_init(&walk->part, LIMIT_SEALED_SIZE);
    buf_init(&text, REPLY_SIZE);
    walk->desk->options.port.events(walk->desk->options.port.context, record, walk, newest_part);
    if (walk->found && wire_sealed_to_json(label, buf_span(&walk->part), &text) == ERR_NONE) {
        json_text_raw(walk->json, name, buf_span(&text));
    } else if (walk->err != ERR_NONE) {
        json_text_open(walk->json, name);
        json_text_string(walk->json, "unreadable", err_name(walk->err));
        if (walk->err == ERR_AUTH) {
            json_text_string(walk->json, "zh", "（封存）");
        }
        json_text_close(walk->json);
    }
    buf_done(&walk->part);
    buf_done(&text);
}

bool desk_open_plain(struct desk *desk, struct desk_call *call, struct kv_txn *txn,
                     const uint8_t record[LIMIT_ID_SIZE], uint32_t label, struct buf *ret_plain)
{
    struct events_walk walk = {.desk = desk, .call = call, .txn = txn, .label = label};
    if (call->session == NULL) {
        return false;
    }
    buf_init(&walk.part, LIMIT_SEALED_SIZE);
    desk->options.port.events(desk->options.port.context, record, &walk, newest_part);
    buf_put_span(ret_plain, buf_span(&walk.part));
    buf_done(&walk.part);
    return walk.found && ret_plain->err == ERR_NONE;
}

bool desk_open_part(struct desk *desk, struct desk_call *call, struct kv_txn *txn,
                    const uint8_t record[LIMIT_ID_SIZE], uint32_t label, struct buf *ret_json)
{
    struct buf plain;
    buf_init(&plain, LIMIT_SEALED_SIZE);
    bool opened = desk_open_plain(desk, call, txn, record, label, &plain) &&
                  wire_sealed_to_json(label, buf_span(&plain), ret_json) == ERR_NONE;
    buf_done(&plain);
    return opened;
}

static void put_event_parts(struct events_walk *walk, const struct wire_event *event)
{
    json_text_open_list(walk->json, "parts");
    for (uint32_t i = 0; i < event->sealed_count && i < LIMIT_SEALED_COUNT; i++) {
        struct buf part;
        struct buf text;
        buf_init(&part, LIMIT_SEALED_SIZE);
        buf_init(&text, REPLY_SIZE);
        enum err err = sealing_part_open(walk->call->session->keys, desk_fold(walk->desk),
                                         walk->txn, event, i, &part);
        if (err == ERR_NONE) {
            err = wire_sealed_to_json(event->sealed[i].label, buf_span(&part), &text);
        }
        json_text_open(walk->json, NULL);
        json_text_number(walk->json, "label", event->sealed[i].label);
        if (err == ERR_NONE) {
            json_text_raw(walk->json, "content", buf_span(&text));
        } else {
            json_text_string(walk->json, "unreadable", err_name(err));
        }
        json_text_close(walk->json);
        buf_done(&part);
        buf_done(&text);
    }
    json_text_close_list(walk->json);
}

static bool put_event(void *context, const struct wire_event *event, const char *standing,
                      uint32_t refusal)
{
    struct events_walk *walk = context;
    struct buf text;
    const struct refusal_text *why = refusal_text(refusal);
    buf_init(&text, REPLY_SIZE);
    json_text_open(walk->json, NULL);
    json_text_string(walk->json, "standing", standing);
    json_text_ms(walk->json, "time", event->claimed_ms);
    if (refusal != 0) {
        json_text_string(walk->json, "refusal", why == NULL ? "UNKNOWN" : why->name);
        json_text_string(walk->json, "refusalZh", why == NULL ? "" : why->zh);
    }
    if (wire_event_to_json(event, &text) == ERR_NONE) {
        json_text_raw(walk->json, "event", buf_span(&text));
    }
    if (walk->call->session != NULL && event->sealed_count > 0) {
        put_event_parts(walk, event);
    }
    json_text_close(walk->json);
    buf_done(&text);
    walk->count++;
    return walk->count < EVENTS_SHOWN && walk->json->buf->err == ERR_NONE;
}

/* --- routes --- */

static void refuse_unknown(struct http_exchange *exchange)
{
    static const struct reply_problem problem = {404, "no_record", "没有这个编号的记录。",
                                                 "There is no record of that number.", NULL};
    reply_problem(exchange, &problem);
}

static void show_record(struct desk *desk, struct desk_call *call, struct kv_txn *txn)
{
    struct reply reply;
    const struct record *record = desk->record;
    const char *open = http_exchange_query(call->exchange, "open");
    reply_begin(&reply);
    desk_put_record(desk, &reply.json, record, call->now_ms);
    desk_put_facts(&reply.json, "facts", &record->facts);
    enum err err = computed_put_differing(desk, txn, call->now_ms, record, &reply.json);
    if (err != ERR_NONE) {
        buf_done(&reply.body);
        reply_err(call->exchange, err);
        return;
    }
    put_allowed(desk, &reply.json, record, call->session);
    if (call->session != NULL && open != NULL && strcmp(open, "1") == 0) {
        struct events_walk walk = {.desk = desk, .call = call, .json = &reply.json, .txn = txn};
        put_part(&walk, "identity", record->id, SEALED_LABEL_IDENTITY);
        put_part(&walk, "matter", record->id, SEALED_LABEL_MATTER);
    }
    reply_send(&reply, call->exchange, 200);
}

static void show_events(struct desk *desk, struct desk_call *call, struct kv_txn *txn)
{
    struct reply reply;
    struct events_walk walk = {.desk = desk, .call = call, .txn = txn};
    reply_begin(&reply);
    walk.json = &reply.json;
    json_text_hex(&reply.json, "record", span_of(desk->record->id, LIMIT_ID_SIZE));
    json_text_open_list(&reply.json, "events");
    desk->options.port.events(desk->options.port.context, desk->record->id, &walk, put_event);
    json_text_close_list(&reply.json);
    json_text_bool(&reply.json, "more", walk.count == EVENTS_SHOWN);
    reply_send(&reply, call->exchange, 200);
}

void desk_get_record(struct desk *desk, struct desk_call *call)
{
    struct kv_txn txn;
    char text[NUMBER_SIZE];
    uint8_t id[LIMIT_ID_SIZE];
    if (desk_record_forms(desk, call)) {
        return;
    }
    const char *slash = strchr(call->tail, '/');
    bool events = slash != NULL && strcmp(slash, "/events") == 0;
    size_t size = slash == NULL ? strlen(call->tail) : (size_t)(slash - call->tail);
    if (size == 0 || size >= sizeof text || (slash != NULL && !events)) {
        refuse_unknown(call->exchange);
        return;
    }
    (void)snprintf(text, sizeof text, "%.*s", (int)size, call->tail);
    kv_begin(desk->options.kv, false, &txn);
    bool found = desk_record_id(desk, &txn, text, id) == ERR_NONE &&
                 fold_record_get(desk_fold(desk), &txn, desk->options.space, id, desk->record);
    if (txn.err != ERR_NONE) {
        reply_err(call->exchange, txn.err);
    } else if (!found) {
        refuse_unknown(call->exchange);
    } else if (events) {
        if (desk_may_read(desk, call, &txn)) {
            show_events(desk, call, &txn);
        }
    } else {
        show_record(desk, call, &txn);
    }
    kv_abort(&txn);
}
