#include "rules/engine.h"

#include "base/check.h"

#include <string.h>

/* Facts that an event may add besides its own: derived counters, days and staff ids. */
enum { ENGINE_DERIVED_COUNT = 40, ENGINE_DERIVED_SIZE = 16 * LIMIT_ID_SIZE };

static const struct refusal_text engine_refusals[REFUSAL_END] = {
#define REFUSAL(number, name, article, zh, en) [(number)] = {#name, article, zh, en},
#include "rules/refusals.def"
#include "rules/refusals_office.def"
#include "rules/refusals_world.def"
#undef REFUSAL
};

const struct refusal_text *refusal_text(uint32_t refusal)
{
    return refusal < REFUSAL_END && engine_refusals[refusal].name != NULL
               ? &engine_refusals[refusal]
               : NULL;
}

static const struct rule_name *engine_name(const struct rule_name *names, uint16_t number)
{
    for (; names->name != NULL; names++) {
        if (names->number == number) {
            return names;
        }
    }
    return NULL;
}

const char *rule_state_name(enum machine_id id, uint16_t state)
{
    const struct rule_machine *machine = rule_machine(id);
    const struct rule_name *name = machine != NULL ? engine_name(machine->states, state) : NULL;
    return name != NULL ? name->name : "";
}

const char *rule_state_zh(enum machine_id id, uint16_t state)
{
    const struct rule_machine *machine = rule_machine(id);
    const struct rule_name *name = machine != NULL ? engine_name(machine->states, state) : NULL;
    return name != NULL ? name->zh : "";
}

static uint32_t engine_state_bit(uint16_t state)
{
    return state < 32 ? (uint32_t)1 << state : 0;
}

size_t rule_allowed_verbs(enum machine_id id, uint16_t state, enum tier tier, uint64_t roles,
                          uint16_t *ret_verbs, size_t limit)
{
    const struct rule_machine *machine = rule_machine(id);
    size_t count = 0;
    if (machine == NULL || (tier != TIER_STATION && tier != TIER_HUB)) {
        return 0;
    }
    for (size_t i = 0; i < machine->row_count && count < limit; i++) {
        const struct rule_row *row = &machine->rows[i];
        if ((row->from & engine_state_bit(state)) == 0 || (row->tier >> tier & 1) == 0 ||
            (row->who & roles) == 0) {
            continue;
        }
        size_t seen = 0;
        while (seen < count && ret_verbs[seen] != row->verb) {
            seen++;
        }
        if (seen == count) {
            ret_verbs[count++] = row->verb;
        }
    }
    return count;
}

/* --- choosing the row --- */

static bool row_selects(const struct rule_row *row, const struct rule_event *event)
{
    return row->when_field == 0 ||
           values_number(event->facts, (enum field)row->when_field, 0) == row->when_number;
}

/* sources: the states that the verb leads from. */
static enum refusal engine_why_no_state(const struct rule_machine *machine,
                                        const struct record *record, uint32_t sources)
{
    if (record == NULL) {
        return REFUSAL_NO_RECORD;
    }
    if (sources == FROM_NONE) {
        return REFUSAL_RECORD_EXISTS;
    }
    return record_is_in(record, machine->final_states) ? REFUSAL_FINAL_STATE : REFUSAL_WRONG_STATE;
}

/* How far the rows fit: the first that fits wholly, else why none does. */
static enum refusal engine_choose(const struct rule_machine *machine, const struct record *record,
                                  const struct rule_event *event, bool ask_roles,
                                  const struct rule_row **ret_row)
{
    uint32_t from =
        record == NULL ? FROM_NONE : engine_state_bit(record->state) & ~(uint32_t)FROM_NONE;
    uint32_t sources = 0;
    enum refusal refusal = REFUSAL_NONE;
    for (size_t i = 0; i < machine->row_count; i++) {
        const struct rule_row *row = &machine->rows[i];
        if (row->verb != event->verb) {
            continue;
        }
        sources |= row->from;
        if ((row->from & from) == 0) {
            continue;
        }
        if (!row_selects(row, event)) {
            refusal = refusal == REFUSAL_NONE ? REFUSAL_WRONG_CHOICE : refusal;
        } else if ((row->tier >> event->tier & 1) == 0) {
            refusal = refusal == REFUSAL_WRONG_ROLE ? refusal : REFUSAL_WRONG_TIER;
        } else if (ask_roles && (row->who & event->roles) == 0) {
            refusal = REFUSAL_WRONG_ROLE;
        } else {
            *ret_row = row;
            return REFUSAL_NONE;
        }
    }
    return refusal != REFUSAL_NONE ? refusal : engine_why_no_state(machine, record, sources);
}

static bool engine_knows(const struct rule_machine *machine, const struct record *record,
                         const struct rule_event *event, enum refusal *ret_refusal)
{
    if (machine == NULL || (record != NULL && record->machine != event->machine)) {
        *ret_refusal = REFUSAL_UNKNOWN_MACHINE;
    } else if (engine_name(machine->verbs, event->verb) == NULL) {
        *ret_refusal = REFUSAL_UNKNOWN_VERB;
    } else if (event->tier != TIER_STATION && event->tier != TIER_HUB) {
        *ret_refusal = REFUSAL_WRONG_TIER;
    } else {
        return true;
    }
    return false;
}

/* A request or a note is one person's word and has no baton: either tier may answer it, and the
 * order of the log decides. */
static bool machine_has_baton(enum machine_id machine)
{
    return machine != MACHINE_REQUEST && machine != MACHINE_NOTE;
}

static enum refusal engine_check_baton(const struct record *record, const struct rule_event *event)
{
    if (record == NULL) {
        return REFUSAL_NONE;
    }
    if (event->tier == TIER_STATION &&
        memcmp(record->station, event->device, sizeof record->station) != 0) {
        return REFUSAL_OTHER_STATION;
    }
    if (!machine_has_baton(record->machine)) {
        return REFUSAL_NONE;
    }
    if ((record->holder == HOLDER_STATION) != (event->tier == TIER_STATION)) {
        return REFUSAL_NOT_HOLDER;
    }
    /* The author had not yet seen the baton come back: he acted on what he could not know. */
    if (event->tier == TIER_STATION && record->baton_own_seq > event->applied_own) {
        return REFUSAL_STALE_BATON;
    }
    return REFUSAL_NONE;
}

/* A station that went into another finishes what it has; what is new is taken in there. */
static enum refusal engine_check_merged(const struct rule_machine *machine,
                                        const struct rule_world *world, const struct record *record,
                                        const struct rule_event *event)
{
    const struct stations_line *merger =
        record == NULL && machine->shut && event->station_code != NULL
            ? stations_merger(world->stations, event->station_code)
            : NULL;
    bool shut = merger != NULL && merger->day <= civil_day_of_ms(event->legal_ms);
    return shut ? REFUSAL_STATION_MERGED : REFUSAL_NONE;
}

/* Effects never overflow a record: room is asked for before the first of them. */
static enum refusal engine_check_room(const struct record *record, const struct rule_event *event)
{
    size_t count = event->facts->count + ENGINE_DERIVED_COUNT;
    size_t size = event->facts->storage_used + event->paper_serial.size + ENGINE_DERIVED_SIZE;
    if (record != NULL) {
        count += record->facts.count;
        size += record->facts.storage_used;
    }
    return count > LIMIT_VALUE_COUNT || size > VALUES_STORAGE ? REFUSAL_TOO_MUCH : REFUSAL_NONE;
}

static enum refusal engine_ask(const struct rule_input *input)
{
    for (size_t i = 0; rule_common_guards[i] != NULL; i++) {
        if (!rule_common_guards[i]->holds(input)) {
            return rule_common_guards[i]->refusal;
        }
    }
    for (size_t i = 0; i < RULE_GUARDS && input->row->guards[i] != NULL; i++) {
        if (!input->row->guards[i]->holds(input)) {
            return input->row->guards[i]->refusal;
        }
    }
    return REFUSAL_NONE;
}

/* --- effects --- */

static void engine_begin(struct rule_input *input)
{
    struct record *after = input->after;
    const struct rule_event *event = input->event;
    if (input->before != NULL) {
        if (after != input->before) {
            memcpy(after->id, input->before->id, sizeof after->id);
            memcpy(after->station, input->before->station, sizeof after->station);
            after->machine = input->before->machine;
            after->state = input->before->state;
            after->resume_state = input->before->resume_state;
            after->holder = input->before->holder;
            after->baton_own_seq = input->before->baton_own_seq;
            values_copy(&after->facts, &input->before->facts);
        }
        /* Effects read what they and those before them made of it, in place or not. */
        input->before = after;
        return;
    }
    memcpy(after->id, event->record, sizeof after->id);
    memset(after->station, 0, sizeof after->station);
    if (event->tier == TIER_STATION) {
        memcpy(after->station, event->device, sizeof after->station);
    }
    after->machine = event->machine;
    after->state = 0;
    after->resume_state = 0;
    after->holder = event->tier == TIER_STATION ? HOLDER_STATION : HOLDER_HUB;
    after->baton_own_seq = 0;
    values_clear(&after->facts);
    after_set_number(input, FIELD_opened_ms, event->legal_ms);
    after_set_number(input, FIELD_policy_edition, input->world->policy_edition);
    after_set_number(input, FIELD_catalogue_edition, input->world->catalogue_edition);
}

/* Paper is entered later than it counts, and a clock may have been put back. */
static uint64_t newest_kept(const struct record *record, const struct rule_event *event)
{
    uint64_t newest = values_number(&record->facts, FIELD_last_ms, 0);
    uint64_t entered = values_number(&record->facts, FIELD_entered_ms, 0);
    newest = entered > newest ? entered : newest;
    return event->entered_ms > newest ? event->entered_ms : newest;
}

static void engine_finish(struct rule_input *input, enum holder holder_before)
{
    struct record *after = input->after;
    const struct rule_event *event = input->event;
    if (input->row->to == RULE_RESUME) {
        after->state = after->resume_state;
        after->resume_state = 0;
    } else if (input->row->to != RULE_SAME) {
        after->state = input->row->to;
    }
    if (holder_before == HOLDER_HUB && after->holder == HOLDER_STATION) {
        after->baton_own_seq = event->own_seq;
    }
    uint64_t kept_ms = newest_kept(after, event);
    after_set_number(input, FIELD_last_ms, event->legal_ms);
    after_set_number(input, FIELD_entered_ms, kept_ms > event->legal_ms ? kept_ms : 0);
    after_add(input, FIELD_event_count, 1);
    if (event->clock_marked) {
        after_set_number(input, FIELD_clock_marked, 1);
    }
    if (event->back_entry) {
        after_set_number(input, FIELD_paper_ms, event->paper_ms);
        values_set_bytes(&after->facts, FIELD_paper_serial, 0, event->paper_serial);
    }
    CHECK(after->facts.err == ERR_NONE);
}

static void engine_carry_out(struct rule_input *input, struct record *ret_record)
{
    enum holder holder = input->before != NULL ? input->before->holder : HOLDER_NONE;
    input->after = ret_record;
    engine_begin(input);
    for (size_t i = 0; i < RULE_EFFECTS && input->row->effects[i] != NULL; i++) {
        input->row->effects[i](input);
    }
    engine_finish(input, holder);
}

static struct rule_input engine_input(const struct rule_world *world, const struct record *record,
                                      const struct rule_event *event, const struct rule_row *row)
{
    struct rule_input input = {
        .world = world, .before = record, .event = event, .row = row, .form = row->form};
    struct span code = record != NULL ? record_bytes(record, FIELD_item)
                                      : values_bytes(event->facts, FIELD_item, 0);
    if (code.size != 0) {
        input.item = catalogue_item_find(world->catalogue, code);
    }
    return input;
}

struct rule_outcome rule_judge(const struct rule_world *world, const struct record *record,
                               const struct rule_event *event, struct record *ret_record)
{
    const struct rule_machine *machine = rule_machine(event->machine);
    const struct rule_row *row = NULL;
    struct rule_outcome outcome = {.row = RULE_NO_ROW};
    if (!engine_knows(machine, record, event, &outcome.refusal)) {
        return outcome;
    }
    enum refusal fit = engine_choose(machine, record, event, true, &row);
    /* State first, then whose turn it is, then who may. */
    bool has_state = row != NULL || fit == REFUSAL_WRONG_TIER || fit == REFUSAL_WRONG_ROLE ||
                     fit == REFUSAL_WRONG_CHOICE;
    outcome.refusal = has_state ? engine_check_baton(record, event) : REFUSAL_NONE;
    if (outcome.refusal == REFUSAL_NONE) {
        outcome.refusal = fit;
    }
    if (outcome.refusal == REFUSAL_NONE) {
        outcome.refusal = engine_check_merged(machine, world, record, event);
    }
    if (outcome.refusal != REFUSAL_NONE || row == NULL) {
        return outcome;
    }
    struct rule_input input = engine_input(world, record, event, row);
    outcome.row = (uint16_t)(row - machine->rows);
    outcome.refusal = engine_check_room(record, event);
    if (outcome.refusal == REFUSAL_NONE) {
        outcome.refusal = engine_ask(&input);
    }
    if (outcome.refusal == REFUSAL_NONE) {
        engine_carry_out(&input, ret_record);
        outcome.form = input.form;
    }
    return outcome;
}

bool rule_apply(const struct rule_world *world, const struct record *record,
                const struct rule_event *event, struct record *ret_record)
{
    const struct rule_machine *machine = rule_machine(event->machine);
    const struct rule_row *row = NULL;
    enum refusal refusal = REFUSAL_NONE;
    if (!engine_knows(machine, record, event, &refusal) ||
        engine_choose(machine, record, event, false, &row) != REFUSAL_NONE || row == NULL ||
        engine_check_room(record, event) != REFUSAL_NONE) {
        return false;
    }
    struct rule_input input = engine_input(world, record, event, row);
    engine_carry_out(&input, ret_record);
    return true;
}
