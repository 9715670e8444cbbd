#include "rules/machines.h"
#include "rules/rule.h"
#include "rules_files.h"
#include "unit.h"

#include <string.h>

/* The engine's order of reasons, the baton, and events that no page would write. */

static struct policy *policy;
static struct catalogue *catalogue;
static struct calendar *calendar;

static int read_files(void **state)
{
    (void)state;
    struct text_errors errors;
    struct buf policy_text = shipped("policy/policy.txt");
    struct buf catalogue_text = shipped("catalogue/catalogue.txt");
    struct buf calendar_text = shipped("calendar/cn-2026.txt");
    struct span catalogue_file = buf_span(&catalogue_text);
    struct span calendar_file = buf_span(&calendar_text);
    text_errors_init(&errors);
    enum err err = policy_parse(buf_span(&policy_text), &policy, &errors);
    err = err == ERR_NONE ? catalogue_parse(&catalogue_file, 1, &catalogue, &errors) : err;
    err = err == ERR_NONE ? calendar_parse(&calendar_file, 1, &calendar, &errors) : err;
    buf_done(&policy_text);
    buf_done(&catalogue_text);
    buf_done(&calendar_text);
    return err == ERR_NONE ? 0 : -1;
}

static int free_files(void **state)
{
    (void)state;
    policy_free(policy);
    catalogue_free(catalogue);
    calendar_free(calendar);
    return 0;
}

/* --- the baton --- */

static struct values facts;
static struct record before;
static struct record after;

static struct rule_world make_world(void *context,
                                    const struct record *(*find)(void *, const uint8_t *))
{
    return (struct rule_world){.policy = policy,
                               .catalogue = catalogue,
                               .calendar = calendar,
                               .policy_edition = 3,
                               .catalogue_edition = 4,
                               .context = context,
                               .find = find};
}

static void make_case(uint16_t state, enum holder holder)
{
    memset(&before, 0, sizeof before);
    memset(before.id, 7, sizeof before.id);
    memset(before.station, 1, sizeof before.station);
    before.machine = MACHINE_CASE;
    before.state = state;
    before.holder = holder;
    values_clear(&before.facts);
    values_set_bytes(&before.facts, FIELD_item, 0, span_text("I05"));
    values_set_number(&before.facts, FIELD_accepted_ms, 0, 1772668800000); /* 2026-03-05 08:00 */
}

static struct rule_event make_event(uint16_t verb, enum tier tier, uint64_t roles)
{
    struct rule_event event = {.machine = MACHINE_CASE,
                               .verb = verb,
                               .tier = tier,
                               .roles = roles,
                               .legal_ms = 1772672400000, /* 2026-03-05 09:00 */
                               .facts = &facts};
    memset(event.record, 7, sizeof event.record);
    memset(event.device, tier == TIER_STATION ? 1 : 9, sizeof event.device);
    memset(event.staff, 5, sizeof event.staff);
    values_clear(&facts);
    return event;
}

static void test_baton_returns_with_its_place(void **state)
{
    (void)state;
    struct rule_world world = make_world(NULL, NULL);
    make_case(CASE_STATE_FINISHED, HOLDER_HUB);
    struct rule_event event = make_event(CASE_RESULT_RETURNED, TIER_HUB, ROLE_HUB_OPERATOR);
    event.own_seq = 42;
    struct rule_outcome outcome = rule_judge(&world, &before, &event, &after);
    assert_int_equal(outcome.refusal, REFUSAL_NONE);
    assert_int_equal(after.holder, HOLDER_STATION);
    assert_int_equal(after.baton_own_seq, 42);
    before = after;
    values_copy(&before.facts, &after.facts);
    event = make_event(CASE_RESULT_RECEIVED, TIER_STATION, ROLE_WORKER);
    event.applied_own = 41;
    assert_int_equal(rule_judge(&world, &before, &event, &after).refusal, REFUSAL_STALE_BATON);
    event.applied_own = 42;
    assert_int_equal(rule_judge(&world, &before, &event, &after).refusal, REFUSAL_NONE);
    assert_int_equal(after.baton_own_seq, 42);
}

static void test_order_of_reasons(void **state)
{
    (void)state;
    struct rule_world world = make_world(NULL, NULL);
    make_case(CASE_STATE_HUB_PROCESSING, HOLDER_HUB);
    struct rule_event event = make_event(99, TIER_STATION, 0);
    memset(event.device, 2, sizeof event.device);
    after.state = 77;
    struct rule_outcome outcome = rule_judge(&world, &before, &event, &after);
    assert_int_equal(outcome.refusal, REFUSAL_UNKNOWN_VERB);
    assert_int_equal(outcome.row, 0xffff);
    event.verb = CASE_HANDED_OUT;
    assert_int_equal(rule_judge(&world, &before, &event, &after).refusal, REFUSAL_WRONG_STATE);
    event.verb = CASE_DECIDED;
    assert_int_equal(rule_judge(&world, &before, &event, &after).refusal, REFUSAL_OTHER_STATION);
    memset(event.device, 1, sizeof event.device);
    assert_int_equal(rule_judge(&world, &before, &event, &after).refusal, REFUSAL_NOT_HOLDER);
    event.tier = TIER_HUB;
    assert_int_equal(rule_judge(&world, &before, &event, &after).refusal, REFUSAL_WRONG_CHOICE);
    values_set_number(&facts, FIELD_decision, 0, CASE_DECISION_REFUSED);
    assert_int_equal(rule_judge(&world, &before, &event, &after).refusal, REFUSAL_WRONG_ROLE);
    event.roles = ROLE_HUB_OPERATOR;
    outcome = rule_judge(&world, &before, &event, &after);
    assert_int_equal(outcome.refusal, REFUSAL_NO_REASON);
    assert_int_not_equal(outcome.row, 0xffff);
    assert_int_equal(after.state, 77);
    event.machine = MACHINE_TASK;
    assert_int_equal(rule_judge(&world, &before, &event, &after).refusal, REFUSAL_UNKNOWN_MACHINE);
    assert_false(rule_apply(&world, &before, &event, &after));
}

/* A later catalogue may lack the item of an open case: nothing that needs it goes on, nothing
 * breaks, and papers and the applicant's wishes still move. */
static void test_item_left_the_catalogue(void **state)
{
    (void)state;
    static const struct {
        uint16_t from;
        uint16_t verb;
        enum refusal refusal;
    } steps[] = {
        {CASE_STATE_EXAMINING, CASE_ACCEPTED, REFUSAL_ITEM_CLOSED},
        {CASE_STATE_EXAMINING, CASE_ENTRUSTED, REFUSAL_ITEM_UNKNOWN},
        {CASE_STATE_EXAMINING, CASE_DEFICIENCY_NOTIFIED, REFUSAL_LIST_NOT_FULL},
        {CASE_STATE_ACCEPTED, CASE_FINISHED, REFUSAL_NOT_IMMEDIATE},
        {CASE_STATE_ACCEPTED, CASE_STARTED, REFUSAL_NONE},
        {CASE_STATE_ACCEPTED, CASE_ANSWERED, REFUSAL_NOT_ANSWER_KIND},
        {CASE_STATE_ACCEPTED, CASE_JOINT_OPENED, REFUSAL_NOT_JOINT},
        {CASE_STATE_ACCEPTED, CASE_SUBMITTED_UP, REFUSAL_NO_ROUTE_UP},
        {CASE_STATE_ACCEPTED, CASE_SUBMITTED_DISTRICT, REFUSAL_NO_ROUTE_DISTRICT},
        {CASE_STATE_PROCESSING, CASE_FINISHED, REFUSAL_NO_POWER},
        {CASE_STATE_PROCESSING, CASE_REFUSED, REFUSAL_NO_POWER},
        {CASE_STATE_RETURNED, CASE_SUPPLEMENTED, REFUSAL_MATERIALS_INCOMPLETE},
        {CASE_STATE_PROCESSING, CASE_WITHDRAWN, REFUSAL_NONE},
        {CASE_STATE_ACCEPTED, CASE_NOTICE_REISSUED, REFUSAL_NONE},
        {CASE_STATE_FINISHED, CASE_TOLD, REFUSAL_NONE},
    };
    struct rule_world world = make_world(NULL, NULL);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        make_case(steps[i].from, HOLDER_STATION);
        values_set_bytes(&before.facts, FIELD_item, 0, span_text("GONE"));
        struct rule_event event = make_event(steps[i].verb, TIER_STATION, ROLE_WORKER);
        event.attestation = ATTESTATION_PAPER;
        values_set_number(&facts, FIELD_mode, 0, CASE_MODE_WRITTEN);
        values_set_bytes(&facts, FIELD_materials_code, 0, span_text("ID"));
        values_set_number(&facts, FIELD_materials_status, 0, MATERIAL_STATUS_MISSING);
        values_set_bytes(&facts, FIELD_materials_reason, 0, span_text("absent"));
        assert_int_equal(rule_judge(&world, &before, &event, &after).refusal, steps[i].refusal);
    }
    make_case(CASE_STATE_REFERRED_UP, HOLDER_HUB);
    values_set_bytes(&before.facts, FIELD_item, 0, span_text("GONE"));
    struct rule_event event = make_event(CASE_RECEIVED_AT_HUB, TIER_HUB, ROLE_HUB_OPERATOR);
    assert_int_equal(rule_judge(&world, &before, &event, &after).refusal, REFUSAL_NONE);
    assert_int_equal(after.state, CASE_STATE_HUB_PROCESSING);
}

static void test_first_facts(void **state)
{
    (void)state;
    struct rule_world world = make_world(NULL, NULL);
    struct rule_event event = make_event(CONTACT_RECEIVED, TIER_HUB, ROLE_HUB_OPERATOR);
    event.machine = MACHINE_CONTACT;
    event.clock_marked = true;
    event.sealed_labels = 1u << SEALED_LABEL_MATTER;
    values_set_number(&facts, FIELD_channel, 0, 1);
    assert_int_equal(rule_judge(&world, NULL, &event, &after).refusal, REFUSAL_NONE);
    assert_int_equal(after.holder, HOLDER_HUB);
    assert_int_equal(after.station[0], 0);
    assert_int_equal(values_number(&after.facts, FIELD_policy_edition, 0), 3);
    assert_int_equal(values_number(&after.facts, FIELD_catalogue_edition, 0), 4);
    assert_int_equal(values_number(&after.facts, FIELD_opened_ms, 0), event.legal_ms);
    assert_int_equal(values_number(&after.facts, FIELD_last_ms, 0), event.legal_ms);
    assert_int_equal(values_number(&after.facts, FIELD_event_count, 0), 1);
    assert_int_equal(values_number(&after.facts, FIELD_clock_marked, 0), 1);
}

/* --- events that no page would write --- */

static uint64_t seed;

static uint64_t next_random(uint64_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % below;
}

static const uint64_t odd_numbers[] = {
    0,     1,     2,       3,       4,         5,          7,         9,          20517,
    20520, 20530, 2932896, 2932897, INT32_MAX, UINT32_MAX, INT64_MAX, UINT64_MAX, 1772672400000};
static const char *const odd_texts[] = {"I05", "I64", "I04", "I12", "power", "ID", "FORM", "x", ""};

static void put_odd_fact(struct values *into)
{
    enum field field = (enum field)next_random(240);
    uint16_t place = (uint16_t)(next_random(4) == 0 ? next_random(40) : 0);
    uint8_t id[LIMIT_ID_SIZE];
    if (field_type(field) == VALUE_NUMBER) {
        values_set_number(into, field, place,
                          odd_numbers[next_random(sizeof odd_numbers / sizeof *odd_numbers)]);
    } else if (field_type(field) == VALUE_BYTES && next_random(2) == 0) {
        memset(id, (int)next_random(4) + 4, sizeof id);
        values_set_bytes(into, field, place, span_of(id, sizeof id));
    } else if (field_type(field) == VALUE_BYTES) {
        values_set_bytes(into, field, place,
                         span_text(odd_texts[next_random(sizeof odd_texts / sizeof *odd_texts)]));
    }
}

static struct record others[4];

static const struct record *find_other(void *context, const uint8_t *id)
{
    (void)context;
    size_t index = (size_t)id[0] - 4;
    return index < 4 ? &others[index] : NULL;
}

static void make_odd_record(struct record *record)
{
    memset(record->id, (int)next_random(4) + 4, sizeof record->id);
    memset(record->station, (int)next_random(3), sizeof record->station);
    record->machine = (enum machine_id)(1 + next_random(MACHINE_END - 1));
    record->state = (uint16_t)next_random(30);
    record->resume_state = (uint16_t)next_random(30);
    record->holder = (enum holder)(1 + next_random(2));
    record->baton_own_seq = next_random(3);
    values_clear(&record->facts);
    for (size_t i = next_random(60); i > 0; i--) {
        put_odd_fact(&record->facts);
    }
}

static struct rule_event make_odd_event(void)
{
    struct rule_event event = make_event((uint16_t)next_random(43),
                                         (enum tier)(next_random(16) == 0 ? 3 : 1 + next_random(2)),
                                         next_random(4) == 0 ? next_random(1u << 28) : UINT64_MAX);
    event.machine = (enum machine_id)next_random(MACHINE_END + 1);
    event.legal_ms = odd_numbers[next_random(sizeof odd_numbers / sizeof *odd_numbers)];
    event.attestation = (uint8_t)next_random(9);
    event.attestation_ground = span_text(next_random(2) == 0 ? "" : "guardian");
    event.sealed_labels = (uint32_t)next_random(8);
    event.back_entry = next_random(8) == 0;
    event.paper_ms = next_random(3);
    event.paper_serial = span_text(next_random(2) == 0 ? "" : "P-1");
    event.applied_own = next_random(4);
    memset(event.staff, (int)next_random(8), sizeof event.staff);
    memset(event.device, (int)next_random(3), sizeof event.device);
    for (size_t i = next_random(30); i > 0; i--) {
        put_odd_fact(&facts);
    }
    return event;
}

/* Three of four events are meant for a row, else hardly any would be accepted. */
static void aim(struct record *record, struct rule_event *event)
{
    const struct rule_machine *machine = rule_machine(event->machine);
    if (machine == NULL || next_random(4) == 0) {
        return;
    }
    const struct rule_row *row = &machine->rows[next_random(machine->row_count)];
    record->machine = event->machine;
    event->verb = row->verb;
    event->tier = (row->tier >> TIER_STATION & 1) != 0 ? TIER_STATION : TIER_HUB;
    record->holder = event->tier == TIER_STATION ? HOLDER_STATION : HOLDER_HUB;
    record->state = (uint16_t)next_random(24);
    for (uint16_t i = 0; i < 24 && (row->from >> record->state & 1) == 0; i++) {
        record->state = (uint16_t)((record->state + 1) % 24);
    }
    memcpy(event->device, record->station, sizeof event->device);
    if (row->when_field != 0) {
        values_set_number(&facts, (enum field)row->when_field, 0, row->when_number);
    }
}

static void assert_same_bytes(const struct record *a, const struct record *b)
{
    struct buf first;
    struct buf second;
    buf_init(&first, LIMIT_RECORD_SIZE);
    buf_init(&second, LIMIT_RECORD_SIZE);
    record_encode(a, &first);
    record_encode(b, &second);
    assert_int_equal(first.err, ERR_NONE);
    assert_true(span_equal(buf_span(&first), buf_span(&second)));
    buf_done(&first);
    buf_done(&second);
}

/* Whatever comes, the engine answers, and what it accepts folds to the same bytes without guards
 * and in place. */
static void test_odd_events(void **state)
{
    (void)state;
    static struct record applied;
    struct rule_world world = make_world(NULL, find_other);
    unsigned accepted = 0;
    for (seed = 1; seed < 60000; seed += 1) {
        uint64_t start = seed;
        for (size_t i = 0; i < 4; i++) {
            make_odd_record(&others[i]);
        }
        make_odd_record(&before);
        struct rule_event event = make_odd_event();
        const struct record *record = next_random(4) == 0 ? NULL : &before;
        aim(&before, &event);
        struct rule_outcome outcome = rule_judge(&world, record, &event, &after);
        if (outcome.refusal != REFUSAL_NONE) {
            assert_non_null(refusal_text(outcome.refusal));
        } else {
            accepted++;
            assert_true(rule_apply(&world, record, &event, &applied));
            assert_same_bytes(&after, &applied);
            if (record != NULL) {
                assert_int_equal(rule_judge(&world, &before, &event, &before).refusal,
                                 REFUSAL_NONE);
                assert_same_bytes(&after, &before);
            }
        }
        seed = start;
    }
    assert_true(accepted > 2000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_baton_returns_with_its_place),
        cmocka_unit_test(test_order_of_reasons),
        cmocka_unit_test(test_item_left_the_catalogue),
        cmocka_unit_test(test_first_facts),
        cmocka_unit_test(test_odd_events),
    };
    return cmocka_run_group_tests(tests, read_files, free_files);
}
