#include "rules/machines.h"
#include "transitions_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs transitions.cases and the office's .cases beside it: each line is an event by somebody, and
 * what becomes of it. At the end every row of every machine must have been taken, and every refusal
 * seen. */
enum { LEAST_CASES = 600, ROWS_MAX = 128, WORLD_REFUSALS = 3000 };

struct trial {
    struct cases cases;
    struct world world;
    bool taken[MACHINE_END][ROWS_MAX];
    bool refused[REFUSAL_END];
    struct record ready; /* after the event, when it was accepted */
    struct record again;
    struct values facts;
    struct values expected;
    struct buf first;
    struct buf second;
};

static enum machine_id machine_of(struct span name)
{
    for (unsigned id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        const char *machine = rule_machine((enum machine_id)id)->name;
        size_t size = strlen(machine);
        if (name.size >= size && memcmp(name.data, machine, size) == 0) {
            return (enum machine_id)id;
        }
    }
    return MACHINE_END;
}

/* "verb#77" is a verb by its number. */
static bool verb_of(enum machine_id machine, struct span word, uint16_t *ret_verb)
{
    const struct rule_machine *rules = rule_machine(machine);
    if (word.size > 5 && memcmp(word.data, "verb#", 5) == 0) {
        *ret_verb = (uint16_t)strtoul((const char *)word.data + 5, NULL, 10);
        return true;
    }
    for (size_t i = 0; rules != NULL && rules->verbs[i].name != NULL; i++) {
        if (text_is(word, rules->verbs[i].name)) {
            *ret_verb = rules->verbs[i].number;
            return true;
        }
    }
    return rules == NULL;
}

static bool attestation_of(struct span word, uint8_t *ret_kind)
{
    static const char *const kinds[] = {"none",    "paper",    "screen", "thumb",
                                        "witness", "callback", "slip",   "relative"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (text_is(word, kinds[i])) {
            *ret_kind = (uint8_t)i;
            return true;
        }
    }
    return false;
}

static bool sealed_of(struct span list, uint32_t *ret_labels)
{
    while (list.size != 0) {
        struct span label = text_take_until(&list, ',');
        if (text_is(label, "identity")) {
            *ret_labels |= 1u << SEALED_LABEL_IDENTITY;
        } else if (text_is(label, "matter")) {
            *ret_labels |= 1u << SEALED_LABEL_MATTER;
        } else {
            return false;
        }
    }
    return true;
}

/* "back=SERIAL@2026-03-02T10:00": entered later from paper, whose time is the legal time. */
static bool back_entry_of(struct span value, struct rule_event *event)
{
    struct values moment;
    values_clear(&moment);
    event->back_entry = true;
    event->paper_serial = text_take_until(&value, '@');
    event->back_reason = span_text("power");
    if (value.size == 0) {
        return true;
    }
    if (!world_fact(NULL, NULL, span_text("paper_ms"), value, &moment)) {
        return false;
    }
    event->paper_ms = values_number(&moment, FIELD_paper_ms, 0);
    event->legal_ms = event->paper_ms;
    return true;
}

/* What is told beside the payload; false: it is a fact of the payload. */
static bool envelope_of(struct span key, struct span value, struct rule_event *event,
                        bool *ret_good)
{
    if (text_is(key, "attest")) {
        *ret_good = attestation_of(value, &event->attestation);
    } else if (text_is(key, "ground")) {
        event->attestation_ground = value;
    } else if (text_is(key, "sealed")) {
        *ret_good = sealed_of(value, &event->sealed_labels);
    } else if (text_is(key, "back")) {
        *ret_good = back_entry_of(value, event);
    } else if (text_is(key, "applied")) {
        event->applied_own = strtoull((const char *)value.data, NULL, 10);
    } else if (text_is(key, "marked")) {
        event->clock_marked = true;
    } else {
        return false;
    }
    return true;
}

/* Reads "actor record verb key=value ..." up to the arrow. */
static bool read_event(struct trial *trial, struct span *line, struct rule_event *event,
                       struct world_record **ret_record)
{
    struct world *world = &trial->world;
    const struct actor *actor = world_actor(text_take_word(line));
    struct span name = text_take_word(line);
    struct world_record *named = world_record(world, name);
    const struct catalogue_item *item = NULL;
    if (actor == NULL || named == NULL) {
        return false;
    }
    *event = (struct rule_event){.machine = machine_of(name),
                                 .tier = actor->tier,
                                 .roles = actor->roles,
                                 .legal_ms = world->now_ms,
                                 .applied_own = world->own_seq,
                                 .own_seq = world->own_seq + 1,
                                 .facts = &trial->facts};
    world_staff_id(actor, event->staff);
    world_device_id(actor, event->device);
    memcpy(event->record, named->record.id, sizeof event->record);
    put_u64(event->id, ++world->event_count);
    values_clear(&trial->facts);
    if (!verb_of(event->machine, text_take_word(line), &event->verb)) {
        return false;
    }
    if (named->exists) {
        item = catalogue_item_find(world->catalogue,
                                   values_bytes(&named->record.facts, FIELD_item, 0));
    }
    for (struct span word = text_take_word(line); !text_is(word, "->");
         word = text_take_word(line)) {
        bool good = true;
        struct span key = text_take_until(&word, '=');
        if (key.size == 0) {
            return false;
        }
        if (!envelope_of(key, word, event, &good)) {
            good = world_fact(world, item, key, word, &trial->facts);
        }
        if (!good) {
            return false;
        }
        if (text_is(key, "item")) {
            item = catalogue_item_find(world->catalogue, word);
        }
    }
    *ret_record = named;
    return true;
}

static void encode_into(struct buf *bytes, const struct record *record)
{
    buf_clear(bytes);
    record_encode(record, bytes);
}

/* Judging in place, applying without guards and decoding the bytes must all give the same. */
static void check_same(struct trial *trial, const struct world_record *named,
                       const struct rule_event *event)
{
    struct rule_world rules = world_rules(&trial->world);
    const struct record *before = named->exists ? &named->record : NULL;
    encode_into(&trial->first, &trial->ready);
    if (!rule_apply(&rules, before, event, &trial->again)) {
        cases_fail(&trial->cases, "rule_apply finds no row");
    }
    encode_into(&trial->second, &trial->again);
    if (!span_equal(buf_span(&trial->first), buf_span(&trial->second))) {
        cases_fail(&trial->cases, "rule_apply gives another record");
    }
    if (record_decode(buf_span(&trial->first), &trial->again) != ERR_NONE) {
        cases_fail(&trial->cases, "the record cannot be decoded");
    }
    encode_into(&trial->second, &trial->again);
    if (!span_equal(buf_span(&trial->first), buf_span(&trial->second))) {
        cases_fail(&trial->cases, "the record changes on its way through bytes");
    }
    if (before != NULL) {
        encode_into(&trial->second, before);
        enum err err = record_decode(buf_span(&trial->second), &trial->again);
        if (err == ERR_NONE) {
            (void)rule_judge(&rules, &trial->again, event, &trial->again);
        }
        encode_into(&trial->second, &trial->again);
        if (!span_equal(buf_span(&trial->first), buf_span(&trial->second))) {
            cases_fail(&trial->cases, "judging in place gives another record");
        }
    }
}

static uint64_t paper_holder_of(const struct record *record, struct span code)
{
    uint16_t count = values_places(&record->facts, FIELD_papers_code);
    for (uint16_t i = 0; i < count; i++) {
        if (span_equal(values_bytes(&record->facts, FIELD_papers_code, i), code)) {
            return values_number(&record->facts, FIELD_papers_holder, i);
        }
    }
    return PAPER_HOLDER_APPLICANT;
}

static bool expected_paper(struct trial *trial, struct span value)
{
    values_clear(&trial->expected);
    return world_fact(&trial->world, NULL, span_text("papers"), value, &trial->expected) &&
           paper_holder_of(&trial->ready, values_bytes(&trial->expected, FIELD_papers_code, 0)) ==
               values_number(&trial->expected, FIELD_papers_holder, 0);
}

/* One "key=value" behind the arrow: form, holder, a paper, or any fact of the record. */
static bool expectation_holds(struct trial *trial, struct rule_outcome outcome, struct span key,
                              struct span value)
{
    const struct record *record = &trial->ready;
    if (text_is(key, "form")) {
        return outcome.form == strtoul((const char *)value.data, NULL, 10);
    }
    if (text_is(key, "holder")) {
        return text_is(value, record->holder == HOLDER_HUB ? "hub" : "station");
    }
    if (text_is(key, "paper")) {
        return expected_paper(trial, value);
    }
    values_clear(&trial->expected);
    enum field field = field_by_name(key);
    if (field == FIELD_END || !world_fact(&trial->world, NULL, key, value, &trial->expected)) {
        return false;
    }
    if (field_type(field) == VALUE_BYTES) {
        return span_equal(values_bytes(&record->facts, field, 0),
                          values_bytes(&trial->expected, field, 0));
    }
    return values_number(&record->facts, field, 0) == values_number(&trial->expected, field, 0);
}

static void expect_state(struct trial *trial, struct rule_outcome outcome, struct span line)
{
    struct span state = text_take_word(&line);
    const char *reached = rule_state_name(trial->ready.machine, trial->ready.state);
    if (!text_is(state, reached)) {
        cases_fail(&trial->cases, "is %s now, not %.*s", reached, CASES_TEXT(state));
    }
    while (line.size != 0) {
        struct span word = text_take_word(&line);
        struct span value = word;
        struct span key = text_take_until(&value, '=');
        if (!expectation_holds(trial, outcome, key, value)) {
            struct span number = values_bytes(&trial->ready.facts, field_by_name(key), 0);
            cases_fail(
                &trial->cases, "not %.*s (form %u, fact %llu %.*s)", CASES_TEXT(word),
                (unsigned)outcome.form,
                (unsigned long long)values_number(&trial->ready.facts, field_by_name(key), 0),
                CASES_TEXT(number));
        }
    }
}

static void expect_refusal(struct trial *trial, struct rule_outcome outcome, struct span name)
{
    const struct refusal_text *text = refusal_text(outcome.refusal);
    if (text == NULL || !text_is(name, text->name)) {
        cases_fail(&trial->cases, "refused %s, not %.*s", text == NULL ? "nothing" : text->name,
                   CASES_TEXT(name));
    }
    trial->refused[outcome.refusal] = true;
}

static void run_event(struct trial *trial, struct span line)
{
    struct rule_event event;
    struct world_record *named = NULL;
    trial->cases.run++;
    if (!read_event(trial, &line, &event, &named)) {
        cases_fail(&trial->cases, "this line is not understood");
        return;
    }
    struct rule_world rules = world_rules(&trial->world);
    const struct record *before = named->exists ? &named->record : NULL;
    struct rule_outcome outcome = rule_judge(&rules, before, &event, &trial->ready);
    struct span rest = line;
    if (text_is(text_take_word(&rest), "refused") && rest.size != 0 &&
        memchr(rest.data, '=', rest.size) == NULL) {
        expect_refusal(trial, outcome, rest);
        return;
    }
    if (outcome.refusal != REFUSAL_NONE) {
        cases_fail(&trial->cases, "was refused: %s", refusal_text(outcome.refusal)->name);
        return;
    }
    trial->taken[event.machine][outcome.row] = true;
    check_same(trial, named, &event);
    expect_state(trial, outcome, line);
    enum err err = record_decode(buf_span(&trial->first), &named->record);
    if (err == ERR_NONE) {
        named->exists = true;
    }
    trial->world.own_seq =
        named->record.baton_own_seq == event.own_seq ? event.own_seq : trial->world.own_seq;
    memcpy(trial->world.last_event, event.id, sizeof event.id);
}

static void run_line(struct trial *trial, struct span line)
{
    struct span rest = line;
    struct span word = text_take_word(&rest);
    if (text_is(word, "scenario")) {
        world_reset(&trial->world);
    } else if (text_is(word, "at")) {
        if (civil_time_parse(rest, &trial->world.now_ms) != ERR_NONE) {
            cases_fail(&trial->cases, "not a time");
        }
    } else if (text_is(word, "policy")) {
        struct span name = text_take_until(&rest, '=');
        if (!world_set_policy(&trial->world, name, rest)) {
            cases_fail(&trial->cases, "no such parameter or value");
        }
    } else {
        run_event(trial, line);
    }
}

/* --- coverage --- */

static void report_rows(struct trial *trial)
{
    for (unsigned id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        const struct rule_machine *machine = rule_machine((enum machine_id)id);
        for (size_t i = 0; i < machine->row_count; i++) {
            const struct rule_row *row = &machine->rows[i];
            if (!trial->taken[id][i]) {
                cases_fail(&trial->cases, "row never taken: %s verb %u, index %zu (6.3 row %u)",
                           machine->name, (unsigned)row->verb, i, (unsigned)row->number);
            }
        }
    }
}

static void report_refusals(struct trial *trial)
{
    for (uint32_t number = 1; number < WORLD_REFUSALS; number++) {
        const struct refusal_text *text = refusal_text(number);
        if (text != NULL && !trial->refused[number]) {
            cases_fail(&trial->cases, "refusal never seen: %s", text->name);
        }
    }
}

static unsigned run_file(struct trial *trial, const char *path)
{
    struct span line;
    unsigned run = trial->cases.run;
    unsigned failed = trial->cases.failed;
    cases_open(&trial->cases, path);
    trial->cases.run = run;
    trial->cases.failed = failed;
    world_reset(&trial->world);
    while (text_lines_next(&trial->cases.lines, &line, NULL)) {
        run_line(trial, line);
    }
    return trial->cases.run - run;
}

int main(int argc, char **argv)
{
    static struct trial trial;
    char items[1024];
    if (argc < 3) {
        (void)fprintf(stderr, "usage: transitions_cases FOLDER/FILE.cases ... DEPLOY\n");
        return 2;
    }
    const char *slash = strrchr(argv[1], '/');
    int folder = slash == NULL ? 0 : (int)(slash - argv[1]) + 1;
    (void)snprintf(items, sizeof items, "%.*stransitions_items.txt", folder, argv[1]);
    world_open(&trial.world, argv[argc - 1], items);
    buf_init(&trial.first, LIMIT_RECORD_SIZE);
    buf_init(&trial.second, LIMIT_RECORD_SIZE);
    for (int i = 1; i < argc - 1; i++) {
        if (i > 1) {
            buf_done(&trial.cases.text);
        }
        (void)printf("%s: %u cases\n", argv[i], run_file(&trial, argv[i]));
    }
    report_rows(&trial);
    report_refusals(&trial);
    buf_done(&trial.first);
    buf_done(&trial.second);
    world_close(&trial.world);
    return cases_done(&trial.cases, LEAST_CASES);
}
