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
    assert_true(a->applied_common == b->applied_common && a->applied_own == b->applied_own);
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
        make_event(&make, make_payloads[seed % MAKE_PAYLOAD_COUNT], &fixture->event);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_independent_reader, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
