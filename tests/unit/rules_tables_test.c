#include "base/text.h"
#include "rules/machines.h"
#include "rules/rule.h"
#include "unit.h"

/* The tables themselves: what is read off them must be whole and unambiguous. */

static bool row_is_same_choice(const struct rule_row *a, const struct rule_row *b)
{
    return a->verb == b->verb && (a->from & b->from) != 0 && (a->tier & b->tier) != 0 &&
           (a->when_field == 0 || b->when_field == 0 || a->when_field != b->when_field ||
            a->when_number == b->when_number);
}

/* Folding a proven leaf asks nobody's role: state, verb, choice and tier must name one row. */
static void test_rows_are_unambiguous(void **state)
{
    (void)state;
    for (unsigned id = 1; id < MACHINE_END; id++) {
        const struct rule_machine *machine = rule_machine((enum machine_id)id);
        assert_int_equal(machine->id, id);
        for (size_t i = 0; i < machine->row_count; i++) {
            for (size_t k = i + 1; k < machine->row_count; k++) {
                assert_false(row_is_same_choice(&machine->rows[i], &machine->rows[k]));
            }
        }
    }
}

static uint32_t known_states(const struct rule_machine *machine)
{
    uint32_t states = 1;
    for (size_t i = 0; machine->states[i].name != NULL; i++) {
        assert_true(machine->states[i].number > 0 && machine->states[i].number < 32);
        assert_true(machine->states[i].zh[0] != 0);
        states |= (uint32_t)1 << machine->states[i].number;
    }
    return states;
}

static bool knows_verb(const struct rule_machine *machine, uint16_t verb)
{
    for (size_t i = 0; machine->verbs[i].name != NULL; i++) {
        if (machine->verbs[i].number == verb) {
            return true;
        }
    }
    return false;
}

static void test_rows_are_whole(void **state)
{
    (void)state;
    for (unsigned id = 1; id < MACHINE_END; id++) {
        const struct rule_machine *machine = rule_machine((enum machine_id)id);
        uint32_t states = known_states(machine);
        for (size_t i = 0; i < machine->row_count; i++) {
            const struct rule_row *row = &machine->rows[i];
            assert_true(row->from != 0 && (row->from & ~states) == 0);
            assert_int_equal(row->from & machine->final_states & ~(1u << 3), 0);
            assert_true(row->to == RULE_SAME || row->to == RULE_RESUME ||
                        (row->to != 0 && (states >> row->to & 1) != 0));
            assert_true(row->from != 1 || row->to < 32);
            assert_true(knows_verb(machine, row->verb));
            assert_true(row->tier != 0 && (row->tier & 1) == 0 && row->who != 0);
            assert_non_null(row->article);
            assert_non_null(row->regimes);
            for (size_t k = 0; k < RULE_GUARDS && row->guards[k] != NULL; k++) {
                assert_non_null(refusal_text(row->guards[k]->refusal));
            }
        }
    }
}

/* Rows 1..41 of the rule book's table are all there; 28 is 16-21 and 34 any back entry. */
static void test_all_rows_of_the_book(void **state)
{
    (void)state;
    bool seen[42] = {[0] = true, [28] = true, [34] = true};
    for (unsigned id = 1; id < MACHINE_END; id++) {
        const struct rule_machine *machine = rule_machine((enum machine_id)id);
        for (size_t i = 0; i < machine->row_count; i++) {
            assert_true(machine->rows[i].number < 42);
            seen[machine->rows[i].number] = true;
        }
    }
    for (size_t i = 0; i < 42; i++) {
        assert_true(seen[i]);
    }
}

static void test_refusals_say_what_to_do(void **state)
{
    (void)state;
    unsigned count = 0;
    assert_null(refusal_text(REFUSAL_NONE));
    assert_null(refusal_text(REFUSAL_END));
    assert_null(refusal_text(UINT32_MAX));
    for (uint32_t number = 0; number < REFUSAL_END; number++) {
        const struct refusal_text *text = refusal_text(number);
        if (text != NULL) {
            assert_true(text->article[0] != 0);
            assert_true(text_is_utf8(span_text(text->zh)) && text->zh[0] != 0);
            assert_true(text->en[0] != 0);
            count++;
        }
    }
    assert_true(count > 100);
    assert_string_equal(refusal_text(REFUSAL_NO_REMEDIES)->name, "NO_REMEDIES");
    assert_string_equal(refusal_text(REFUSAL_NO_REMEDIES)->article, "S4-9五(一)3 [S4:462]");
}

static void test_names(void **state)
{
    (void)state;
    assert_null(rule_machine(MACHINE_NONE));
    assert_null(rule_machine(MACHINE_END));
    assert_string_equal(rule_state_name(MACHINE_CASE, CASE_STATE_RETURNED), "returned");
    assert_string_equal(rule_state_zh(MACHINE_CASE, CASE_STATE_ACCEPTED), "受理");
    assert_string_equal(rule_state_name(MACHINE_CASE, 99), "");
    assert_string_equal(rule_state_zh(MACHINE_END, 1), "");
    assert_int_equal(rule_machine(MACHINE_CASE)->payload_field, 33);
}

/* --- buttons --- */

static void test_allowed_verbs(void **state)
{
    (void)state;
    uint16_t verbs[16];
    size_t count = rule_allowed_verbs(MACHINE_CASE, CASE_STATE_HUB_PROCESSING, TIER_HUB,
                                      ROLE_DISCIPLINE, verbs, 16);
    assert_int_equal(count, 0);
    count = rule_allowed_verbs(MACHINE_CASE, CASE_STATE_REFERRED_UP, TIER_HUB, ROLE_HUB_OPERATOR,
                               verbs, 16);
    assert_int_equal(count, 5);
    assert_int_equal(verbs[0], CASE_RECEIVED_AT_HUB);
    assert_int_equal(verbs[1], CASE_WITHDRAWN);
    assert_int_equal(verbs[2], CASE_CORRECTED);
    count = rule_allowed_verbs(MACHINE_CASE, CASE_STATE_REFERRED_UP, TIER_HUB, ROLE_HUB_OPERATOR,
                               verbs, 2);
    assert_int_equal(count, 2);
    count = rule_allowed_verbs(MACHINE_CASE, 0, TIER_STATION, ROLE_WORKER, verbs, 16);
    assert_int_equal(count, 2);
    assert_int_equal(verbs[0], CASE_OPENED);
    assert_int_equal(verbs[1], CASE_ENTRUSTED);
    assert_int_equal(rule_allowed_verbs(MACHINE_CASE, 77, TIER_STATION, ROLE_WORKER, verbs, 16), 0);
    assert_int_equal(rule_allowed_verbs(MACHINE_CASE, 0, (enum tier)9, ROLE_WORKER, verbs, 16), 0);
    assert_int_equal(rule_allowed_verbs(MACHINE_END, 0, TIER_STATION, ROLE_WORKER, verbs, 16), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_unambiguous),
        cmocka_unit_test(test_rows_are_whole),
        cmocka_unit_test(test_all_rows_of_the_book),
        cmocka_unit_test(test_refusals_say_what_to_do),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_allowed_verbs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
