#include "flow.h"

#include "base/text.h"
#include "rules/machines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
static bool read_event(struct flow *flow, struct span *line, struct rule_event *event,
                       struct world_record **ret_record)
{
    struct world *world = &flow->world;
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
                                 .entered_ms = world->now_ms,
                                 .applied_own = world->own_seq,
                                 .own_seq = world->own_seq + 1,
                                 .facts = &flow->facts};
    world_staff_id(actor, event->staff);
    world_device_id(actor, event->device);
    memcpy(event->record, named->record.id, sizeof event->record);
    put_u64(event->id, ++world->event_count);
    values_clear(&flow->facts);
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
            good = world_fact(world, item, key, word, &flow->facts);
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
static void check_same(struct flow *flow, const struct world_record *named,
                       const struct rule_event *event)
{
    struct rule_world rules = world_rules(&flow->world);
    const struct record *before = named->exists ? &named->record : NULL;
    encode_into(&flow->first, &flow->ready);
    if (!rule_apply(&rules, before, event, &flow->again)) {
        cases_fail(&flow->cases, "rule_apply finds no row");
    }
    encode_into(&flow->second, &flow->again);
    if (!span_equal(buf_span(&flow->first), buf_span(&flow->second))) {
        cases_fail(&flow->cases, "rule_apply gives another record");
    }
    if (record_decode(buf_span(&flow->first), &flow->again) != ERR_NONE) {
        cases_fail(&flow->cases, "the record cannot be decoded");
    }
    encode_into(&flow->second, &flow->again);
    if (!span_equal(buf_span(&flow->first), buf_span(&flow->second))) {
        cases_fail(&flow->cases, "the record changes on its way through bytes");
    }
    if (before != NULL) {
        encode_into(&flow->second, before);
        enum err err = record_decode(buf_span(&flow->second), &flow->again);
        if (err == ERR_NONE) {
            (void)rule_judge(&rules, &flow->again, event, &flow->again);
        }
        encode_into(&flow->second, &flow->again);
        if (!span_equal(buf_span(&flow->first), buf_span(&flow->second))) {
            cases_fail(&flow->cases, "judging in place gives another record");
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

static bool expected_paper(struct flow *flow, struct span value)
{
    values_clear(&flow->expected);
    return world_fact(&flow->world, NULL, span_text("papers"), value, &flow->expected) &&
           paper_holder_of(&flow->ready, values_bytes(&flow->expected, FIELD_papers_code, 0)) ==
               values_number(&flow->expected, FIELD_papers_holder, 0);
}

/* One "key=value" behind the arrow: form, holder, a paper, or any fact of the record. */
static bool expectation_holds(struct flow *flow, struct rule_outcome outcome, struct span key,
                              struct span value)
{
    const struct record *record = &flow->ready;
    if (text_is(key, "form")) {
        return outcome.form == strtoul((const char *)value.data, NULL, 10);
    }
    if (text_is(key, "holder")) {
        return text_is(value, record->holder == HOLDER_HUB ? "hub" : "station");
    }
    if (text_is(key, "paper")) {
        return expected_paper(flow, value);
    }
    values_clear(&flow->expected);
    enum field field = field_by_name(key);
    if (field == FIELD_END || !world_fact(&flow->world, NULL, key, value, &flow->expected)) {
        return false;
    }
    if (field_type(field) == VALUE_BYTES) {
        return span_equal(values_bytes(&record->facts, field, 0),
                          values_bytes(&flow->expected, field, 0));
    }
    return values_number(&record->facts, field, 0) == values_number(&flow->expected, field, 0);
}

static void expect_state(struct flow *flow, struct rule_outcome outcome, struct span line)
{
    struct span state = text_take_word(&line);
    const char *reached = rule_state_name(flow->ready.machine, flow->ready.state);
    if (!text_is(state, reached)) {
        cases_fail(&flow->cases, "is %s now, not %.*s", reached, CASES_TEXT(state));
    }
    while (line.size != 0) {
        struct span word = text_take_word(&line);
        struct span value = word;
        struct span key = text_take_until(&value, '=');
        if (!expectation_holds(flow, outcome, key, value)) {
            struct span number = values_bytes(&flow->ready.facts, field_by_name(key), 0);
            cases_fail(&flow->cases, "not %.*s (form %u, fact %llu %.*s)", CASES_TEXT(word),
                       (unsigned)outcome.form,
                       (unsigned long long)values_number(&flow->ready.facts, field_by_name(key), 0),
                       CASES_TEXT(number));
        }
    }
}

static void expect_refusal(struct flow *flow, struct rule_outcome outcome, struct span name)
{
    const struct refusal_text *text = refusal_text(outcome.refusal);
    if (text == NULL || !text_is(name, text->name)) {
        cases_fail(&flow->cases, "refused %s, not %.*s", text == NULL ? "nothing" : text->name,
                   CASES_TEXT(name));
    }
    flow->refused[outcome.refusal] = true;
}

static void keep_event(struct flow *flow, const struct rule_event *event)
{
    if (flow->event_count == FLOW_EVENTS) {
        cases_fail(&flow->cases, "too many events in one scenario");
        return;
    }
    struct flow_event *kept = &flow->events[flow->event_count++];
    memcpy(kept->id, event->id, sizeof kept->id);
    memcpy(kept->record, event->record, sizeof kept->record);
    memcpy(kept->staff, event->staff, sizeof kept->staff);
    kept->verb = event->verb;
    kept->legal_ms = event->legal_ms;
}

static void run_event(struct flow *flow, struct span line)
{
    struct rule_event event;
    struct world_record *named = NULL;
    flow->cases.run++;
    if (!read_event(flow, &line, &event, &named)) {
        cases_fail(&flow->cases, "this line is not understood");
        return;
    }
    struct rule_world rules = world_rules(&flow->world);
    const struct record *before = named->exists ? &named->record : NULL;
    struct rule_outcome outcome = rule_judge(&rules, before, &event, &flow->ready);
    struct span rest = line;
    if (text_is(text_take_word(&rest), "refused") && rest.size != 0 &&
        memchr(rest.data, '=', rest.size) == NULL) {
        expect_refusal(flow, outcome, rest);
        return;
    }
    if (outcome.refusal != REFUSAL_NONE) {
        cases_fail(&flow->cases, "was refused: %s", refusal_text(outcome.refusal)->name);
        return;
    }
    flow->taken[event.machine][outcome.row] = true;
    check_same(flow, named, &event);
    expect_state(flow, outcome, line);
    enum err err = record_decode(buf_span(&flow->first), &named->record);
    if (err == ERR_NONE) {
        named->exists = true;
    }
    flow->world.own_seq =
        named->record.baton_own_seq == event.own_seq ? event.own_seq : flow->world.own_seq;
    memcpy(flow->world.last_event, event.id, sizeof event.id);
    keep_event(flow, &event);
}

/* "repeat 20 LINE": the line so often, with 1, 2 .. for each "%". */
static void run_repeat(struct flow *flow, struct span line)
{
    uint64_t times = 0;
    struct buf text;
    if (text_get_number(text_take_word(&line), LIMIT_VALUE_COUNT, &times) != ERR_NONE) {
        cases_fail(&flow->cases, "how often?");
    }
    for (uint64_t i = 1; i <= times; i++) {
        buf_init(&text, TEXT_LINE_SIZE);
        for (size_t k = 0; k < line.size; k++) {
            if (line.data[k] == '%') {
                buf_put_format(&text, "%u", (unsigned)i);
            } else {
                buf_put_u8(&text, line.data[k]);
            }
        }
        run_event(flow, buf_span(&text));
        buf_done(&text);
    }
}

static void run_line(struct flow *flow, struct span line)
{
    struct span rest = line;
    struct span word = text_take_word(&rest);
    if (text_is(word, "scenario")) {
        world_reset(&flow->world);
        flow->event_count = 0;
    } else if (text_is(word, "at")) {
        if (civil_time_parse(rest, &flow->world.now_ms) != ERR_NONE) {
            cases_fail(&flow->cases, "not a time");
        }
    } else if (text_is(word, "policy")) {
        struct span name = text_take_until(&rest, '=');
        if (!world_set_policy(&flow->world, name, rest)) {
            cases_fail(&flow->cases, "no such parameter or value");
        }
    } else if (text_is(word, "repeat")) {
        run_repeat(flow, rest);
    } else if (!flow_run_view(flow, word, rest)) {
        run_event(flow, line);
    }
}

/* --- files and scenarios --- */

/* "# R46 N44": one letter and its number, and nothing else. */
static bool is_tags(struct span line)
{
    struct span rest = line;
    bool good = text_is(text_take_word(&rest), "#") && rest.size != 0;
    while (good && rest.size != 0) {
        struct span word = text_take_word(&rest);
        good = word.size >= 3 && memchr("RNPX", word.data[0], 4) != NULL;
        for (size_t i = 1; good && i < word.size; i++) {
            good = word.data[i] >= '0' && word.data[i] <= '9';
        }
    }
    return good;
}

static void add_tags(char *tags, struct span line)
{
    (void)text_take_word(&line);
    while (line.size != 0) {
        struct span word = text_take_word(&line);
        size_t used = strlen(tags);
        (void)snprintf(tags + used, FLOW_TAGS_SIZE - used, "%s%.*s ", used == 0 ? " " : "",
                       CASES_TEXT(word));
    }
}

/* The second word of an event's line is its record. */
static void note_machine(struct flow_scenario *scenario, struct span line)
{
    struct span actor = text_take_word(&line);
    struct span record = text_take_word(&line);
    enum machine_id id = record.size == 0 ? MACHINE_END : machine_of(record);
    if (world_actor(actor) != NULL && id != MACHINE_END) {
        scenario->machines |= (uint32_t)1 << id;
    }
}

static struct flow_scenario *begin_scenario(struct flow *flow, const char *path, uint32_t line,
                                            char *tags)
{
    if (flow->scenario_count == FLOW_SCENARIOS) {
        (void)fprintf(stderr, "%s: too many scenarios\n", path);
        _Exit(2);
    }
    struct flow_scenario *scenario = &flow->scenarios[flow->scenario_count++];
    *scenario = (struct flow_scenario){.path = path, .line = line};
    memcpy(scenario->tags, tags, FLOW_TAGS_SIZE);
    memset(tags, 0, FLOW_TAGS_SIZE);
    return scenario;
}

static void read_scenarios(struct flow *flow, const char *path, struct span text)
{
    struct flow_scenario *scenario = NULL;
    char tags[FLOW_TAGS_SIZE] = "";
    for (uint32_t number = 1; text.size != 0; number++) {
        const uint8_t *end = memchr(text.data, '\n', text.size);
        size_t size = end == NULL ? text.size : (size_t)(end - text.data) + 1;
        struct span line = text_trim(span_of(text.data, size - (end == NULL ? 0 : 1)));
        struct span rest = line;
        if (is_tags(line)) {
            add_tags(tags, line);
        } else if (text_is(text_take_word(&rest), "scenario")) {
            scenario = begin_scenario(flow, path, number, tags);
            scenario->title = rest;
            scenario->text = span_of(text.data, 0);
        } else if (scenario != NULL) {
            note_machine(scenario, line);
        }
        if (scenario != NULL) {
            scenario->text.size += size;
        }
        text = span_of(text.data + size, text.size - size);
    }
}

void flow_open(struct flow *flow, const char *const *paths, size_t path_count, const char *deploy)
{
    char items[1024];
    const char *slash = strrchr(paths[0], '/');
    int folder = slash == NULL ? 0 : (int)(slash - paths[0]) + 1;
    (void)snprintf(items, sizeof items, "%.*stransitions_items.txt", folder, paths[0]);
    memset(flow, 0, sizeof *flow);
    world_open(&flow->world, deploy, items);
    buf_init(&flow->first, LIMIT_RECORD_SIZE);
    buf_init(&flow->second, LIMIT_RECORD_SIZE);
    for (size_t i = 0; i < path_count && i < FLOW_FILES; i++) {
        cases_open(&flow->cases, paths[i]);
        flow->texts[flow->text_count++] = flow->cases.text;
        read_scenarios(flow, paths[i], buf_span(&flow->cases.text));
    }
    flow->cases = (struct cases){0};
}

void flow_close(struct flow *flow)
{
    for (size_t i = 0; i < flow->text_count; i++) {
        buf_done(&flow->texts[i]);
    }
    buf_done(&flow->first);
    buf_done(&flow->second);
    world_close(&flow->world);
}

unsigned flow_run(struct flow *flow, const struct flow_scenario *scenario)
{
    struct span line;
    unsigned failed = flow->cases.failed;
    flow->cases.path = scenario->path;
    flow->cases.tags = scenario->tags;
    text_lines_init(&flow->cases.lines, scenario->text, 0);
    flow->cases.lines.place.line = scenario->line - 1;
    while (text_lines_next(&flow->cases.lines, &line, NULL)) {
        run_line(flow, line);
    }
    return flow->cases.failed - failed;
}

bool flow_is_tagged(const struct flow_scenario *scenario, const char *tag)
{
    char word[16];
    (void)snprintf(word, sizeof word, " %s ", tag);
    return strstr(scenario->tags, word) != NULL;
}
