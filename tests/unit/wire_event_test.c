#include "unit.h"
#include "wire/event.h"
#include "wire_make.h"

#include <stdlib.h>

enum { ROUND_TRIPS = 2000 };

struct fixture {
    struct wire_arena arena;
    struct wire_event event;
    struct wire_event back;
    struct buf body;
    struct buf again;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_int_equal(wire_arena_init(&fixture->arena, WIRE_EVENT_ARENA), ERR_NONE);
    buf_init(&fixture->body, LIMIT_BODY_SIZE);
    buf_init(&fixture->again, LIMIT_BODY_SIZE);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    wire_arena_done(&fixture->arena);
    buf_done(&fixture->body);
    buf_done(&fixture->again);
    free(fixture);
    return 0;
}

static void assert_same_span(struct span a, struct span b)
{
    assert_true(span_equal(a, b));
}

static void assert_same_facts(const struct values *a, const struct values *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        assert_int_equal(a->value[i].field, b->value[i].field);
        assert_int_equal(a->value[i].place, b->value[i].place);
        assert_int_equal(a->value[i].type, b->value[i].type);
        assert_true(a->value[i].number == b->value[i].number);
        assert_same_span(a->value[i].bytes, b->value[i].bytes);
    }
}

static void assert_same_header(const struct wire_event *a, const struct wire_event *b)
{
    assert_int_equal(a->version, b->version);
    assert_memory_equal(a->hub, b->hub, sizeof a->hub);
    assert_memory_equal(a->device, b->device, sizeof a->device);
    assert_true(a->incarnation == b->incarnation && a->seq == b->seq);
    assert_int_equal(a->has_prev, b->has_prev);
    assert_memory_equal(a->prev, b->prev, sizeof a->prev);
    assert_int_equal(a->has_seen, b->has_seen);
    assert_same_span(a->seen_origin, b->seen_origin);
    assert_true(a->seen_size == b->seen_size);
    assert_memory_equal(a->seen_root, b->seen_root, sizeof a->seen_root);
    assert_true(a->applied_common == b->applied_common && a->applied_own == b->applied_own &&
                a->applied_epoch == b->applied_epoch);
    assert_memory_equal(a->author, b->author, sizeof a->author);
    assert_memory_equal(a->record, b->record, sizeof a->record);
    assert_true(a->claimed_ms == b->claimed_ms && a->mono_ms == b->mono_ms);
    assert_int_equal(a->clock, b->clock);
    assert_memory_equal(a->boot, b->boot, sizeof a->boot);
}

static void assert_same_event(const struct wire_event *a, const struct wire_event *b)
{
    assert_same_header(a, b);
    assert_int_equal(a->back_entry, b->back_entry);
    assert_same_span(a->paper_serial, b->paper_serial);
    assert_true(a->paper_ms == b->paper_ms);
    assert_same_span(a->back_reason, b->back_reason);
    assert_int_equal(a->attestation, b->attestation);
    assert_same_span(a->attestation_ground, b->attestation_ground);
    assert_same_span(a->attestation_evidence, b->attestation_evidence);
    assert_int_equal(a->sealed_count, b->sealed_count);
    for (uint32_t i = 0; i < a->sealed_count; i++) {
        assert_int_equal(a->sealed[i].label, b->sealed[i].label);
        assert_int_equal(a->sealed[i].audience, b->sealed[i].audience);
        assert_int_equal(a->sealed[i].size, b->sealed[i].size);
        assert_memory_equal(a->sealed[i].hash, b->sealed[i].hash, LIMIT_HASH_SIZE);
        assert_memory_equal(a->sealed[i].commitment, b->sealed[i].commitment, LIMIT_HASH_SIZE);
    }
    assert_int_equal(a->payload, b->payload);
    assert_same_facts(&a->facts, &b->facts);
}

/* Whatever can be said is read back, and has one encoding. */
static void test_round_trip(void **state)
{
    struct fixture *fixture = *state;
    for (uint64_t seed = 0; seed < ROUND_TRIPS; seed++) {
        struct make make = {seed};
        /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): there are payloads */
        make_event(&make, make_payload(seed % make_payload_count()), &fixture->event);
        buf_clear(&fixture->body);
        buf_clear(&fixture->again);
        assert_int_equal(wire_event_encode(&fixture->event, &fixture->body), ERR_NONE);
        struct span body = buf_span(&fixture->body);
        memset(&fixture->back, 0xa5, sizeof fixture->back);
        assert_int_equal(wire_event_decode(body, &fixture->arena, &fixture->back), ERR_NONE);
        assert_same_event(&fixture->event, &fixture->back);
        assert_int_equal(wire_event_encode(&fixture->back, &fixture->again), ERR_NONE);
        assert_same_span(body, buf_span(&fixture->again));
    }
}

/* protobuf-c's own unpacker sees the same content. */
static void test_independent_reader(void **state)
{
    struct fixture *fixture = *state;
    struct make make = {7};
    make_event(&make, WIRE_CASE, &fixture->event);
    values_set_number(&fixture->event.facts, FIELD_verb, 0, 6);
    values_set_bytes(&fixture->event.facts, FIELD_item, 0, span_text("I04"));
    assert_int_equal(wire_event_encode(&fixture->event, &fixture->body), ERR_NONE);
    Jieli__V1__EventBody *body =
        jieli__v1__event_body__unpack(NULL, fixture->body.size, fixture->body.data);
    assert_non_null(body);
    assert_true(body->seq == fixture->event.seq);
    assert_memory_equal(body->author.data, fixture->event.author, LIMIT_KEY_SIZE);
    assert_int_equal(body->payload_case, JIELI__V1__EVENT_BODY__PAYLOAD_CASE);
    assert_int_equal(body->case_->verb, JIELI__V1__CASE_VERB__CASE_ACCEPTED);
    assert_string_equal(body->case_->item, "I04");
    jieli__v1__event_body__free_unpacked(body, NULL);
}

static void a_note(struct wire_event *ret)
{
    memset(ret, 0, sizeof *ret);
    ret->version = 1;
    memset(ret->hub, 1, sizeof ret->hub);
    memset(ret->device, 2, sizeof ret->device);
    memset(ret->author, 3, sizeof ret->author);
    memset(ret->record, 4, sizeof ret->record);
    ret->incarnation = 1;
    ret->seq = 1;
    ret->payload = WIRE_NOTE;
}

static void refused(struct fixture *fixture, enum err err)
{
    assert_int_equal(wire_event_encode(&fixture->event, &fixture->body), err);
    assert_int_equal(fixture->body.size, 0);
    a_note(&fixture->event);
}

/* What no decoder takes is never signed. */
static void test_encode_refuses_header(void **state)
{
    struct fixture *fixture = *state;
    struct wire_event *event = &fixture->event;
    a_note(event);
    assert_int_equal(wire_event_encode(event, &fixture->body), ERR_NONE);
    buf_clear(&fixture->body);
    event->version = 0;
    refused(fixture, ERR_MALFORMED);
    event->version = 2;
    refused(fixture, ERR_VERSION);
    memset(event->hub, 0, sizeof event->hub);
    refused(fixture, ERR_MALFORMED);
    memset(event->author, 0, sizeof event->author);
    refused(fixture, ERR_MALFORMED);
    event->seq = 0;
    refused(fixture, ERR_MALFORMED);
    event->seq = 2;
    refused(fixture, ERR_MALFORMED);
    event->has_prev = true;
    refused(fixture, ERR_MALFORMED);
    event->clock = 4;
    refused(fixture, ERR_MALFORMED);
    event->seen_size = 1;
    refused(fixture, ERR_MALFORMED);
    event->seen_origin = span_text("hub");
    refused(fixture, ERR_MALFORMED);
    event->has_seen = true;
    refused(fixture, ERR_MALFORMED);
    event->has_seen = true;
    event->seen_origin = span_of("hub\0evil", 8);
    refused(fixture, ERR_MALFORMED);
}

static void test_encode_refuses_claims(void **state)
{
    struct fixture *fixture = *state;
    struct wire_event *event = &fixture->event;
    a_note(event);
    event->paper_serial = span_text("P1");
    refused(fixture, ERR_MALFORMED);
    event->paper_ms = 1;
    refused(fixture, ERR_MALFORMED);
    event->back_reason = span_text("power");
    refused(fixture, ERR_MALFORMED);
    event->back_entry = true;
    event->paper_serial = span_of("P\0", 2);
    refused(fixture, ERR_MALFORMED);
    event->back_entry = true;
    event->back_reason = span_text("\xe5\x81\x9c\xe7\x94\xb5");
    refused(fixture, ERR_MALFORMED);
    event->attestation_ground = span_text("guardian");
    refused(fixture, ERR_MALFORMED);
    event->attestation_evidence = span_text("evidence");
    refused(fixture, ERR_MALFORMED);
    event->attestation = 8;
    refused(fixture, ERR_MALFORMED);
    event->attestation = 1;
    event->attestation_evidence = span_text("short");
    refused(fixture, ERR_MALFORMED);
    event->sealed_count = LIMIT_SEALED_COUNT + 1;
    refused(fixture, ERR_LIMIT);
    event->sealed_count = 1;
    refused(fixture, ERR_MALFORMED);
    event->payload = 0;
    refused(fixture, ERR_MALFORMED);
    event->payload = 9; /* the author is no payload */
    refused(fixture, ERR_MALFORMED);
}

static void test_encode_refuses_facts(void **state)
{
    struct fixture *fixture = *state;
    struct values *facts = &fixture->event.facts;
    uint8_t id[LIMIT_HASH_SIZE] = {1};
    a_note(&fixture->event);
    values_set_number(facts, FIELD_rating, 0, 1); /* not of a note */
    refused(fixture, ERR_MALFORMED);
    values_set_number(facts, FIELD_kind, 1, 1); /* not a list */
    refused(fixture, ERR_MALFORMED);
    values_set_number(facts, FIELD_kind, 0, (uint64_t)UINT32_MAX + 1);
    refused(fixture, ERR_MALFORMED);
    values_set_bytes(facts, FIELD_case_record, 0, span_of(id, LIMIT_HASH_SIZE));
    refused(fixture, ERR_MALFORMED);
    facts->err = ERR_LIMIT;
    refused(fixture, ERR_LIMIT);
    fixture->event.payload = WIRE_CASE;
    values_set_number(facts, FIELD_verb, 0, 43);
    refused(fixture, ERR_MALFORMED);
    fixture->event.payload = WIRE_CASE;
    values_set_number(facts, FIELD_verb, 0, (uint64_t)1 << 32 | 1);
    refused(fixture, ERR_MALFORMED);
    fixture->event.payload = WIRE_CASE;
    values_set_number(facts, FIELD_proxy, 0, 2);
    refused(fixture, ERR_MALFORMED);
    fixture->event.payload = WIRE_CASE;
    values_set_number(facts, FIELD_materials_form, 1, 1); /* and nothing at place 0 */
    refused(fixture, ERR_MALFORMED);
    fixture->event.payload = WIRE_CASE;
    values_set_bytes(facts, FIELD_children, 1, span_of(id, LIMIT_ID_SIZE));
    refused(fixture, ERR_MALFORMED);
    fixture->event.payload = WIRE_CASE;
    values_set_number(facts, FIELD_materials_form, LIMIT_LIST_COUNT, 1);
    refused(fixture, ERR_LIMIT);
    fixture->event.payload = WIRE_CASE;
    values_set_number(facts, FIELD_materials_form, UINT16_MAX, 1);
    refused(fixture, ERR_LIMIT);
    fixture->event.payload = WIRE_CASE;
    values_set_bytes(facts, FIELD_item, 0, span_of("I\0", 2));
    refused(fixture, ERR_MALFORMED);
    fixture->event.payload = WIRE_CASE;
    values_set_bytes(facts, FIELD_item, 0, span_text("two\nlines"));
    refused(fixture, ERR_MALFORMED);
}

/* 32 children and 32 materials with long codes are more than a body holds. */
static void test_encode_refuses_large(void **state)
{
    struct fixture *fixture = *state;
    struct values *facts = &fixture->event.facts;
    static const char code[] = "0123456789012345678901234567890123456789012345678901234567890123";
    a_note(&fixture->event);
    fixture->event.payload = WIRE_CASE;
    for (size_t i = 0; i < LIMIT_LIST_COUNT; i++) {
        values_set_bytes(facts, FIELD_materials_code, (uint16_t)i, span_text(code));
    }
    refused(fixture, ERR_LIMIT);
    fixture->event.payload = WIRE_CASE;
    values_set_bytes(facts, FIELD_item, 0, span_text(code));
    assert_int_equal(wire_event_encode(&fixture->event, &fixture->body), ERR_NONE);
    buf_clear(&fixture->body);
    static const char longer[] =
        "01234567890123456789012345678901234567890123456789012345678901234";
    values_set_bytes(facts, FIELD_item, 0, span_text(longer));
    refused(fixture, ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_independent_reader, setup, teardown),
        cmocka_unit_test_setup_teardown(test_encode_refuses_header, setup, teardown),
        cmocka_unit_test_setup_teardown(test_encode_refuses_claims, setup, teardown),
        cmocka_unit_test_setup_teardown(test_encode_refuses_facts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_encode_refuses_large, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
