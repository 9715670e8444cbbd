#include "base/text.h"
#include "node/clock.h"
#include "village-node/program.h"

#include <string.h>

static bool is_over(const struct record *record)
{
    const struct rule_machine *machine = rule_machine(record->machine);
    return machine == NULL || (machine->final_states >> record->state & 1) != 0 ||
           values_number(&record->facts, FIELD_finished_ms, 0) != 0;
}

static void read_due(struct view *view)
{
    const struct values *facts = &view->record.facts;
    uint64_t day = values_number(facts, FIELD_due_day, 0);
    const struct deadline_limit limit = {
        (uint32_t)values_number(facts, FIELD_limit_count, 0),
        (enum deadline_unit)values_number(facts, FIELD_limit_unit, 0)};
    view->due_day = day > CIVIL_DAY_MAX ? 0 : (int32_t)day;
    view->is_timed = view->due_day != 0 && !is_over(&view->record);
    if (view->is_timed) {
        struct deadline_rules rules = deadline_rules_of_policy(view->world.policy);
        view->urgency = deadline_urgency(view->world.calendar, &rules, limit, view->due_day,
                                         civil_day_of_ms(clock_wall_ms()));
    }
}

bool view_read(struct daemon *daemon, struct kv_txn *txn, const uint8_t id[LIMIT_ID_SIZE],
               struct view *ret)
{
    struct fold *fold = station_fold(daemon->station);
    memset(&ret->world, 0, sizeof ret->world);
    if (!fold_record_get(fold, txn, FOLD_TENTATIVE, id, &ret->record) ||
        !world_view(fold->world, world_common_seq(fold->world),
                    values_number(&ret->record.facts, FIELD_policy_edition, 0),
                    values_number(&ret->record.facts, FIELD_catalogue_edition, 0), &ret->world)) {
        return false;
    }
    ret->item =
        catalogue_item_find(ret->world.catalogue, values_bytes(&ret->record.facts, FIELD_item, 0));
    read_due(ret);
    return true;
}

struct opening {
    struct daemon *daemon;
    char *number;
};

static bool take_opening(void *context, const struct wire_event *event, const char *standing,
                         uint32_t refusal)
{
    struct opening *opening = context;
    struct number number;
    struct fold *fold = station_fold(opening->daemon->station);
    const struct directory_station *station =
        directory_station(world_directory(fold->world), event->device);
    (void)standing;
    (void)refusal;
    number_make(station == NULL ? NULL : station->code, event->incarnation, event->seq, &number);
    number_format(&number, opening->number);
    return false;
}

void view_number(struct daemon *daemon, const uint8_t record[LIMIT_ID_SIZE],
                 char ret_text[NUMBER_SIZE])
{
    struct opening opening = {daemon, ret_text};
    ret_text[0] = 0;
    daemon_events(daemon, record, &opening, take_opening);
}

void view_put(struct daemon *daemon, const struct view *view, const char *name,
              struct json_text *json)
{
    char number[NUMBER_SIZE];
    const struct record *record = &view->record;
    view_number(daemon, record->id, number);
    json_text_open(json, name);
    json_text_hex(json, "record", span_of(record->id, LIMIT_ID_SIZE));
    json_text_string(json, "number", number);
    json_text_string(json, "machine", rule_machine(record->machine)->name);
    json_text_string(json, "machineZh", rule_machine(record->machine)->zh);
    json_text_string(json, "state", rule_state_name(record->machine, record->state));
    json_text_string(json, "stateZh", rule_state_zh(record->machine, record->state));
    json_text_span(json, "item", values_bytes(&record->facts, FIELD_item, 0));
    if (view->item != NULL) {
        json_text_string(json, "itemZh", view->item->name_zh);
        json_text_string(json, "itemEn", view->item->name_en);
    }
    if (view->due_day != 0) {
        json_text_day(json, "due", view->due_day);
    }
    if (view->is_timed) {
        json_text_string(json, "light", deadline_state_name(view->urgency.state));
        json_text_number(json, "daysLeft", view->urgency.days_left);
    }
    json_text_close(json);
}

bool view_list_add(void *list, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    struct view_list *ids = list;
    (void)due_day;
    if (ids->count == VIEW_LIST_COUNT) {
        ids->more = true;
        return false;
    }
    memcpy(ids->id[ids->count++], id, LIMIT_ID_SIZE);
    return true;
}

/* The record that our own event of that place opened. */
static enum err find_own(struct daemon *daemon, const struct number *number,
                         uint8_t ret[LIMIT_ID_SIZE])
{
    struct buf bytes;
    struct station_answer answer;
    struct wire_envelope envelope;
    struct wire_arena arena;
    struct wire_event event;
    if (wire_arena_init(&arena, WIRE_EVENT_ARENA) != ERR_NONE) {
        return ERR_MEMORY;
    }
    buf_init(&bytes, LIMIT_ENVELOPE_SIZE);
    enum err err = ERR_NOT_FOUND;
    if (strcmp(number->village, "000") != 0 &&
        station_event(daemon->station, number->incarnation, number->seq, &bytes, &answer) &&
        wire_envelope_decode(buf_span(&bytes), &envelope) == ERR_NONE &&
        wire_event_decode(envelope.body, &arena, &event) == ERR_NONE) {
        memcpy(ret, event.record, LIMIT_ID_SIZE);
        err = ERR_NONE;
    }
    buf_done(&bytes);
    wire_arena_done(&arena);
    return err;
}

enum err view_find(struct daemon *daemon, const char *text, uint8_t ret[LIMIT_ID_SIZE])
{
    struct number number;
    if (text_get_hex(span_text(text), ret, LIMIT_ID_SIZE) == ERR_NONE) {
        return ERR_NONE;
    }
    enum err err = number_parse(text, &number);
    return err != ERR_NONE ? err : find_own(daemon, &number, ret);
}
