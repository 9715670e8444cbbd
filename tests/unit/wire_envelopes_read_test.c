/* Envelopes are read by hand as the reader by descriptors would read them: the same of whatever
 * bytes, and refused where it refuses. */
#include "sync.pb-c.h"
#include "unit.h"
#include "wire/leaf.h"
#include "wire/wire.h"
#include "wire_spoil.h"

#include <stdlib.h>
#include <string.h>

enum { ROUNDS = 60000, RAW_SIZE = 4096 };

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* As it was read before: a struct of each, then its check, then a copy. */
static enum err read_by_descriptors(struct span raw, struct wire_arena *arena,
                                    struct wire_envelope *ret, size_t *ret_count)
{
    ProtobufCMessage *message = NULL;
    wire_arena_reset(arena);
    enum err err =
        wire_read(&jieli__v1__envelope_list__descriptor, raw, LIMIT_BATCH_COUNT, arena, &message);
    if (err != ERR_NONE) {
        return err;
    }
    const Jieli__V1__EnvelopeList *list = (const Jieli__V1__EnvelopeList *)message;
    for (size_t i = 0; i < list->n_envelopes && err == ERR_NONE; i++) {
        err = wire_envelope_check(list->envelopes[i]);
        if (err == ERR_NONE) {
            ret[i].body = wire_span(list->envelopes[i]->body);
            ret[i].suite = (uint8_t)list->envelopes[i]->suite;
            wire_copy(list->envelopes[i]->signature, ret[i].signature, sizeof ret[i].signature);
        }
    }
    *ret_count = list->n_envelopes;
    return err;
}

/* A list of up to three envelopes, most of them short. */
static void make_list(uint64_t *random, struct buf *ret)
{
    uint8_t body[LIMIT_BODY_SIZE];
    Jieli__V1__EnvelopeList list = JIELI__V1__ENVELOPE_LIST__INIT;
    Jieli__V1__Envelope entries[3];
    Jieli__V1__Envelope *pointers[3];
    memset(body, 0x2c, sizeof body);
    list.n_envelopes = 1 + next_random(random) % 3;
    list.envelopes = pointers;
    for (size_t i = 0; i < list.n_envelopes; i++) {
        struct wire_envelope envelope = {.suite = 1};
        size_t size = next_random(random) % 8 == 0 ? 120 + next_random(random) % 300 : 1 + i;
        envelope.body = span_of(body, size);
        envelope.suite = (uint8_t)(1 + next_random(random) % 255);
        memset(envelope.signature, (int)i, sizeof envelope.signature);
        wire_envelope_build(&envelope, &entries[i]);
        /* The list is packed while the envelope still stands: its signature is borrowed. */
        entries[i].signature.data = body + 64 * i;
        pointers[i] = &entries[i];
    }
    buf_clear(ret);
    wire_write(&list.base, ret);
    assert_int_equal(ret->err, ERR_NONE);
}

static void expect_alike(struct span raw, struct wire_arena *arena, unsigned *seen)
{
    static struct wire_envelope by_hand[LIMIT_BATCH_COUNT];
    static struct wire_envelope expected[LIMIT_BATCH_COUNT];
    struct buf packed;
    size_t count = 0;
    size_t expected_count = 0;
    buf_init(&packed, (size_t)2 * RAW_SIZE);
    assert_int_equal(wire_bytes_pack(raw, &packed), ERR_NONE);
    enum err err = read_by_descriptors(raw, arena, expected, &expected_count);
    /* The bodies lie in the arena from here on; those above in raw. */
    wire_arena_reset(arena);
    assert_int_equal(
        wire_envelopes_unpack(buf_span(&packed), (uint32_t)raw.size, arena, by_hand, &count), err);
    seen[err == ERR_NONE ? 0 : 1]++;
    for (size_t i = 0; i < expected_count && err == ERR_NONE; i++) {
        assert_int_equal(count, expected_count);
        assert_true(span_equal(by_hand[i].body, expected[i].body));
        assert_int_equal(by_hand[i].suite, expected[i].suite);
        assert_memory_equal(by_hand[i].signature, expected[i].signature, LIMIT_SIGNATURE_SIZE);
    }
    buf_done(&packed);
}

static void test_like_descriptors(void **state)
{
    struct wire_arena arena = {0};
    struct buf raw;
    unsigned seen[2] = {0, 0};
    uint64_t random = 88172645463325252ULL;
    (void)state;
    assert_int_equal(wire_arena_init(&arena, WIRE_FRAME_ARENA), ERR_NONE);
    buf_init(&raw, RAW_SIZE);
    for (unsigned round = 0; round < ROUNDS; round++) {
        make_list(&random, &raw);
        for (uint64_t times = next_random(&random) % 3; times > 0 && raw.size > 0; times--) {
            spoil(next_random(&random), next_random(&random), &raw);
        }
        if (raw.size == 0) {
            continue; /* nothing can be packed as nothing */
        }
        expect_alike(buf_span(&raw), &arena, seen);
    }
    assert_true(seen[0] > ROUNDS / 4);
    assert_true(seen[1] > ROUNDS / 4);
    buf_done(&raw);
    wire_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_like_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
