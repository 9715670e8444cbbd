#include "unit.h"
#include "wire/json.h"
#include "wire_make.h"

#include <stdio.h>
#include <stdlib.h>

enum { JSON_LIMIT = 64 * 1024, ROUND_TRIPS = 2000 };

struct fixture {
    struct values facts;
    struct values back;
    struct wire_event event;
    struct buf json;
    struct buf again;
    struct wire_problem problem;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    buf_init(&fixture->json, JSON_LIMIT);
    buf_init(&fixture->again, JSON_LIMIT);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    buf_done(&fixture->json);
    buf_done(&fixture->again);
    free(fixture);
    return 0;
}

static enum err from_text(struct fixture *fixture, const char *text, uint32_t *ret_payload)
{
    return wire_payload_from_json(span_text(text), ret_payload, &fixture->back, &fixture->problem);
}

static void test_payload_reads_names_and_numbers(void **state)
{
    struct fixture *fixture = *state;
    uint32_t payload = 0;
    assert_int_equal(
        from_text(fixture,
                  "{\"case\":{\"verb\":\"deficiency_notified\",\"item\":\"I04\","
                  "\"proxy\":true,\"agreedDay\":20728,\"untilMs\":\"1790000000000\","
                  "\"handler\":\"000102030405060708090a0b0c0d0e0F\",\"priority\":false,"
                  "\"materials\":[{\"code\":\"FORM\",\"form\":2,\"pages\":\"3\"},"
                  "{\"status\":2}]}}",
                  &payload),
        ERR_NONE);
    const struct values *facts = &fixture->back;
    assert_int_equal(payload, WIRE_CASE);
    assert_int_equal(facts->count, 10);
    assert_int_equal(values_number(facts, FIELD_verb, 0), 3);
    assert_true(span_equal(values_bytes(facts, FIELD_item, 0), span_text("I04")));
    assert_int_equal(values_number(facts, FIELD_proxy, 0), 1);
    assert_int_equal(values_number(facts, FIELD_agreed_day, 0), 20728);
    assert_true(values_number(facts, FIELD_until_ms, 0) == 1790000000000u);
    assert_int_equal(values_bytes(facts, FIELD_handler, 0).size, 16);
    assert_int_equal(values_bytes(facts, FIELD_handler, 0).data[15], 15);
    assert_true(span_equal(values_bytes(facts, FIELD_materials_code, 0), span_text("FORM")));
    assert_int_equal(values_number(facts, FIELD_materials_form, 0), 2);
    assert_int_equal(values_number(facts, FIELD_materials_pages, 0), 3);
    assert_int_equal(values_number(facts, FIELD_materials_status, 1), 2);
}

static void test_payload_writes_the_same_text(void **state)
{
    struct fixture *fixture = *state;
    const char *text =
        "{\"case\":{\"verb\":\"accepted\",\"item\":\"I04\",\"proxy\":true,\"materials\":[{\"code\":"
        "\"FORM\",\"form\":2},{\"status\":2}],\"untilMs\":\"1790000000000\",\"children\":["
        "\"000102030405060708090a0b0c0d0e0f\"]}}";
    uint32_t payload = 0;
    assert_int_equal(from_text(fixture, text, &payload), ERR_NONE);
    assert_int_equal(wire_payload_to_json(payload, &fixture->back, &fixture->json), ERR_NONE);
    assert_string_equal(buf_text(&fixture->json), text);
}

static void test_any_payload_round_trip(void **state)
{
    struct fixture *fixture = *state;
    for (uint64_t seed = 0; seed < ROUND_TRIPS; seed++) {
        struct make make = {seed};
        /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): there are payloads */
        uint32_t payload = make_payload(seed % make_payload_count());
        uint32_t back = 0;
        make_facts(&make, payload, 4, &fixture->facts);
        buf_clear(&fixture->json);
        buf_clear(&fixture->again);
        assert_int_equal(wire_payload_to_json(payload, &fixture->facts, &fixture->json), ERR_NONE);
        assert_int_equal(from_text(fixture, buf_text(&fixture->json), &back), ERR_NONE);
        assert_int_equal(back, payload);
        assert_int_equal(fixture->back.count, fixture->facts.count);
        assert_int_equal(wire_payload_to_json(back, &fixture->back, &fixture->again), ERR_NONE);
        assert_string_equal(buf_text(&fixture->again), buf_text(&fixture->json));
    }
}

struct refusal {
    const char *json;
    const char *field;
    const char *message;
};

static const struct refusal refusals[] = {
    {"{\"case\":{\"verbs\":1}}", "case.verbs", "Is not a field of CaseEvent."},
    {"{\"case\":{\"own_duty\":true}}", "case.own_duty", "Is not a field of CaseEvent."},
    {"{\"case\":{\"verb\":\"flown\"}}", "case.verb", "Has no value named \"flown\"."},
    {"{\"case\":{\"verb\":\"CASE_OPENED\"}}", "case.verb", "Has no value named \"CASE_OPENED\"."},
    {"{\"case\":{\"verb\":99}}", "case.verb", "Must be one of the names of CaseVerb."},
    {"{\"case\":{\"verb\":-1}}", "case.verb", "Must be one of the names of CaseVerb."},
    {"{\"case\":{\"verb\":1.0}}", "case.verb", "Must be one of the names of CaseVerb."},
    {"{\"case\":{\"verb\":null}}", "case.verb", "Must be one of the names of CaseVerb."},
    {"{\"case\":{\"proxy\":1}}", "case.proxy", "Must be true or false."},
    {"{\"case\":{\"item\":4}}", "case.item", "Must be text."},
    {"{\"case\":{\"item\":\"\xe4\xba\x8b\"}}", "case.item",
     "Must be a code: at most 64 printable ASCII characters."},
    {"{\"case\":{\"item\":\"a\\nb\"}}", "case.item",
     "Must be a code: at most 64 printable ASCII characters."},
    {"{\"case\":{\"visits\":4294967296}}", "case.visits",
     "Must be a whole number from 0 to 4294967295."},
    {"{\"case\":{\"visits\":\"-1\"}}", "case.visits",
     "Must be a whole number from 0 to 4294967295."},
    {"{\"case\":{\"untilMs\":\"18446744073709551616\"}}", "case.untilMs",
     "Must be a whole number from 0 to 18446744073709551615."},
    {"{\"case\":{\"handler\":\"00\"}}", "case.handler", "Must be 32 hex digits."},
    {"{\"case\":{\"corrected\":\"000102030405060708090a0b0c0d0e0f\"}}", "case.corrected",
     "Must be 64 hex digits."},
    {"{\"case\":{\"materials\":{}}}", "case.materials", "Must be a list of at most 32 entries."},
    {"{\"case\":{\"materials\":[{\"code\":\"A\"},{}]}}", "case.materials[1]", "Is empty."},
    {"{\"case\":{\"materials\":[{\"code\":\"A\"},7]}}", "case.materials[1]", "Must be an object."},
    {"{\"case\":{\"materials\":[{\"form\":\"two\"}]}}", "case.materials[0].form",
     "Must be a whole number from 0 to 4294967295."},
    {"{\"case\":{\"children\":[\"\"]}}", "case.children[0]", "Is empty."},
    {"{\"case\":{\"a name of more than thirty-two bytes\":1}}", "case....",
     "Is not a field of CaseEvent."},
    {"{\"case\":{\"verb\":\"a name of more than thirty-two bytes\"}}", "case.verb",
     "Has no value named \"...\"."},
    {"{\"case\":{\"verb\":2147483648}}", "case.verb", "Must be one of the names of CaseVerb."},
    {"{\"case\":{\"visits\":true}}", "case.visits", "Must be a whole number from 0 to 4294967295."},
    {"{\"case\":{\"visits\":-1}}", "case.visits", "Must be a whole number from 0 to 4294967295."},
    {"{\"case\":{\"handler\":7}}", "case.handler", "Must be 32 hex digits."},
    {"{\"case\":{\"children\":[7]}}", "case.children[0]", "Must be 32 hex digits."},
    {"{\"case\":{\"materials\":\"A\"}}", "case.materials", "Must be a list of at most 32 entries."},
    {"{\"case\":{\"children\":[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,"
     "25,"
     "26,27,28,29,30,31,32,33]}}",
     "case.children", "Must be a list of at most 32 entries."},
    {"{\"case\":[]}", "case", "Must be an object."},
    {"{\"seen\":{}}", "", "The member is not the name of a payload."},
    {"{\"version\":1}", "", "The member is not the name of a payload."},
    {"{}", "", "Must have exactly one member: the payload."},
    {"{\"case\":{},\"task\":{}}", "", "Must have exactly one member: the payload."},
    {"[1]", "", "Must be an object."},
    {"{\"case\":{\"verb\":1,\"verb\":2}}", "", "The JSON text is wrong at line 1, column 24."},
    {"{\"case\":{}} x", "", "The JSON text is wrong at line 1, column 13."},
    {"{\"case\":{\"item\":\"a\\u0000b\"}}", "", "The JSON text is wrong at line 1, column 26."},
    {"{\"case\":{\"item\":\"\xff\"}}", "", "The JSON text is wrong at line 1, column 17."},
};

static void test_refusals_name_the_field(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        uint32_t payload = 7;
        assert_int_equal(from_text(fixture, refusals[i].json, &payload), ERR_MALFORMED);
        assert_string_equal(fixture->problem.field, refusals[i].field);
        assert_string_equal(fixture->problem.message, refusals[i].message);
        assert_int_equal(payload, 7);
    }
}

/* A bracket inside a text is no depth; nine levels are one too many; so is a megabyte. */
static void test_depth_and_size(void **state)
{
    struct fixture *fixture = *state;
    uint32_t payload = 0;
    assert_int_equal(from_text(fixture, "{\"case\":{\"item\":\"[[[[[[[[[[[[\\\"[[[[\"}}", &payload),
                     ERR_NONE);
    assert_int_equal(
        from_text(fixture, "{\"case\":{\"item\":\"\\/\",\"reason\":\"[[[[[[[[[[[[\"}}", &payload),
        ERR_NONE);
    assert_int_equal(from_text(fixture, "{\"case\":{\"visits\":4294967295}}", &payload), ERR_NONE);
    assert_int_equal(from_text(fixture, "{\"case\":[[[[[[1]]]]]]}", &payload), ERR_MALFORMED);
    assert_string_equal(fixture->problem.message, "Must be an object.");
    assert_int_equal(from_text(fixture, "{\"case\":[[[[[[[[1]]]]]]]]}", &payload), ERR_LIMIT);
    static char bomb[1024 * 1024];
    memset(bomb, '[', sizeof bomb);
    assert_int_equal(wire_payload_from_json(span_of(bomb, sizeof bomb), &payload, &fixture->back,
                                            &fixture->problem),
                     ERR_LIMIT);
    assert_int_equal(
        wire_payload_from_json(span_of(bomb, 100000), &payload, &fixture->back, &fixture->problem),
        ERR_LIMIT);
    assert_string_equal(fixture->problem.message, "The JSON text is too large or too deep.");
}

/* Zero, false, empty and [] are the same as absent. */
static void test_defaults_are_absent(void **state)
{
    struct fixture *fixture = *state;
    uint32_t payload = 0;
    assert_int_equal(from_text(fixture,
                               "{\"case\":{\"verb\":\"none\",\"item\":\"\",\"proxy\":false,"
                               "\"visits\":0,\"untilMs\":\"0\",\"handler\":\"\",\"materials\":[]}}",
                               &payload),
                     ERR_NONE);
    assert_int_equal(payload, WIRE_CASE);
    assert_int_equal(fixture->back.count, 0);
}

static void test_facts_of_another_payload_are_refused(void **state)
{
    struct fixture *fixture = *state;
    values_clear(&fixture->facts);
    values_set_number(&fixture->facts, FIELD_rating, 0, 1);
    assert_int_equal(wire_payload_to_json(WIRE_NOTE, &fixture->facts, &fixture->json),
                     ERR_MALFORMED);
    assert_int_equal(wire_payload_to_json(1, &fixture->facts, &fixture->json), ERR_MALFORMED);
    assert_int_equal(fixture->json.size, 0);
    assert_int_equal(wire_payload_to_json(WIRE_CASE, &fixture->facts, &fixture->json), ERR_NONE);
    assert_string_equal(buf_text(&fixture->json), "{\"case\":{\"rating\":1}}");
}

static void test_event(void **state)
{
    struct fixture *fixture = *state;
    struct wire_event *event = &fixture->event;
    event->version = 1;
    memset(event->hub, 0x11, sizeof event->hub);
    memset(event->device, 0x22, sizeof event->device);
    memset(event->author, 0x33, sizeof event->author);
    memset(event->record, 0x44, sizeof event->record);
    event->incarnation = 1;
    event->seq = 1;
    event->clock = 1;
    event->attestation = 5;
    event->payload = WIRE_NOTE;
    values_set_number(&event->facts, FIELD_kind, 0, 2);
    assert_int_equal(wire_event_to_json(event, &fixture->json), ERR_NONE);
    assert_string_equal(
        buf_text(&fixture->json),
        "{\"version\":1,\"hub\":\"11111111111111111111111111111111\",\"device\":"
        "\"2222222222222222222222222222222222222222222222222222222222222222\",\"incarnation\":"
        "\"1\",\"seq\":\"1\",\"author\":"
        "\"3333333333333333333333333333333333333333333333333333333333333333\",\"record\":"
        "\"44444444444444444444444444444444\",\"clock\":\"good\",\"attestation\":{\"kind\":"
        "\"call_back\"},\"note\":{\"kind\":2}}");
    event->payload = WIRE_EPOCH;
    assert_int_equal(wire_event_to_json(event, &fixture->again), ERR_MALFORMED);
}

static void test_sealed(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(wire_sealed_from_json(1, span_text("{\"name\":\"a\\u0000\"}"), &fixture->again,
                                           &fixture->problem),
                     ERR_MALFORMED);
    assert_int_equal(wire_sealed_from_json(1, span_text("[]"), &fixture->again, &fixture->problem),
                     ERR_MALFORMED);
    const char *identity = "{\"name\":\"\xe5\xbc\xa0\xe4\xb8\x89\",\"idNumber\":\"x\",\"address\":"
                           "\"a \\\"b\\\" \\\\ \\u0007\\u007f\"}";
    struct buf bytes;
    buf_init(&bytes, LIMIT_SEALED_SIZE);
    assert_int_equal(wire_sealed_from_json(1, span_text(identity), &bytes, &fixture->problem),
                     ERR_NONE);
    assert_int_equal(bytes.size, 2 + 6 + 2 + 1 + 2 + 10);
    assert_int_equal(wire_sealed_to_json(1, buf_span(&bytes), &fixture->json), ERR_NONE);
    assert_string_equal(buf_text(&fixture->json), identity);
    /* No matter has a field 4. */
    assert_int_equal(wire_sealed_to_json(2, buf_span(&bytes), &fixture->again), ERR_MALFORMED);
    assert_int_equal(wire_sealed_to_json(3, buf_span(&bytes), &fixture->again), ERR_MALFORMED);
    assert_int_equal(wire_sealed_to_json(0, buf_span(&bytes), &fixture->again), ERR_MALFORMED);
    assert_int_equal(wire_sealed_to_json(UINT32_MAX - 998, buf_span(&bytes), &fixture->again),
                     ERR_MALFORMED); /* 1000 more is 1 */
    static const uint8_t large[LIMIT_SEALED_SIZE + 1];
    assert_int_equal(wire_sealed_to_json(1, span_of(large, sizeof large), &fixture->again),
                     ERR_LIMIT);
    assert_int_equal(wire_sealed_from_json(2, span_text(identity), &bytes, &fixture->problem),
                     ERR_MALFORMED);
    assert_string_equal(fixture->problem.field, "name");
    assert_int_equal(wire_sealed_from_json(9, span_text("{}"), &bytes, &fixture->problem),
                     ERR_MALFORMED);
    buf_done(&bytes);
}

static void test_sealed_sizes(void **state)
{
    struct fixture *fixture = *state;
    struct buf bytes;
    buf_init(&bytes, LIMIT_SEALED_SIZE);
    char *text = calloc(1, 100000);
    assert_non_null(text);
    static const struct {
        int size;
        enum err err;
    } rows[] = {{16384, ERR_NONE}, {16385, ERR_MALFORMED}};
    for (size_t i = 0; i < 2; i++) {
        int size = snprintf(text, 100000, "{\"text\":\"%0*d\"}", rows[i].size, 0);
        assert_int_equal(
            wire_sealed_from_json(2, span_of(text, (size_t)size), &bytes, &fixture->problem),
            rows[i].err);
    }
    assert_string_equal(fixture->problem.field, "text");
    /* As much as seal_part_encrypt takes, and one byte more: four texts, tags and lengths. */
    for (int more = 0; more < 2; more++) {
        int last = LIMIT_SEALED_SIZE - 256 - 3 * (16384 + 4) - 3 + more;
        int longest =
            snprintf(text, 100000,
                     "{\"name\":\"%016384d\",\"phone\":\"%016384d\",\"unit\":\"%016384d\","
                     "\"address\":\"%0*d\"}",
                     0, 0, 0, last, 0);
        buf_clear(&bytes);
        assert_int_equal(
            wire_sealed_from_json(1, span_of(text, (size_t)longest), &bytes, &fixture->problem),
            more == 0 ? ERR_NONE : ERR_MALFORMED);
        assert_int_equal(bytes.size, more == 0 ? LIMIT_SEALED_SIZE - 256 : 0);
    }
    /* Identity has room for texts that together are longer than a part may be. */
    int size = snprintf(text, 100000,
                        "{\"name\":\"%016384d\",\"phone\":\"%016384d\",\"unit\":\"%016384d\","
                        "\"address\":\"%016384d\"}",
                        0, 0, 0, 0);
    buf_clear(&bytes);
    assert_int_equal(
        wire_sealed_from_json(1, span_of(text, (size_t)size), &bytes, &fixture->problem),
        ERR_MALFORMED);
    assert_string_equal(fixture->problem.message, "Is longer than a sealed part may be.");
    assert_int_equal(bytes.size, 0);
    free(text);
    buf_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_payload_reads_names_and_numbers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_payload_writes_the_same_text, setup, teardown),
        cmocka_unit_test_setup_teardown(test_any_payload_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals_name_the_field, setup, teardown),
        cmocka_unit_test_setup_teardown(test_depth_and_size, setup, teardown),
        cmocka_unit_test_setup_teardown(test_defaults_are_absent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_facts_of_another_payload_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_event, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sealed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sealed_sizes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
