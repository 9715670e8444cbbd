/* proto/PROTOCOL.md says what the code does. Each block of the page that names a sample is made
 * again and compared; JIELI_UPDATE=1 writes the page. */
#include "base/text.h"
#include "sealed.pb-c.h"
#include "sync.pb-c.h"
#include "tlog/checkpoint.h"
#include "unit.h"
#include "wire/json.h"
#include "wire/trust.h"
#include "wire_make.h"
#include "wire_samples.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE_SIZE = 256 * 1024, HEX_COLUMNS = 64 };

static struct samples samples;
static char page[PAGE_SIZE];
static const char page_path[] = JIELI_SOURCE_DIR "/proto/PROTOCOL.md";

static int setup(void **state)
{
    (void)state;
    assert_int_equal(seal_init(), ERR_NONE);
    samples_init(&samples);
    FILE *file = fopen(page_path, "rb");
    assert_non_null(file);
    size_t size = fread(page, 1, sizeof page - 1, file);
    page[size] = 0;
    assert_int_equal(fclose(file), 0);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    samples_done(&samples);
    return 0;
}

static bool begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static void payload_bytes(struct span json, struct buf *ret)
{
    static struct values facts;
    static uint8_t memory[32 * 1024];
    struct wire_arena arena = {memory, sizeof memory, 0};
    struct wire_problem problem;
    struct buf again;
    ProtobufCMessage *message = NULL;
    uint32_t payload = 0;
    buf_init(&again, 8192);
    if (wire_payload_from_json(json, &payload, &facts, &problem) != ERR_NONE) {
        fail_msg("%s: %s", problem.field, problem.message);
    }
    assert_int_equal(wire_facts_write(payload, &facts, &arena, &message), ERR_NONE);
    wire_write(message, ret);
    /* The page shows JSON just as it is written. */
    assert_int_equal(wire_payload_to_json(payload, &facts, &again), ERR_NONE);
    assert_true(span_equal(buf_span(&again), json));
    buf_done(&again);
}

static void sealed_bytes(uint32_t label, struct span json, struct buf *ret)
{
    struct wire_problem problem;
    struct buf again;
    buf_init(&again, 8192);
    assert_int_equal(wire_sealed_from_json(label, json, ret, &problem), ERR_NONE);
    assert_int_equal(wire_sealed_to_json(label, buf_span(ret), &again), ERR_NONE);
    assert_true(span_equal(buf_span(&again), json));
    buf_done(&again);
}

/* Bytes of a block: from the JSON above it, or a sample. */
static void block_bytes(const char *name, struct span json, struct buf *ret)
{
    if (begins(name, "payload-")) {
        payload_bytes(json, ret);
    } else if (strcmp(name, "sealed-identity") == 0) {
        sealed_bytes(1, json, ret);
    } else if (strcmp(name, "sealed-matter") == 0) {
        sealed_bytes(2, json, ret);
    } else {
        buf_put_span(ret, samples_view(&samples, name));
    }
}

static void put_hex_lines(struct span bytes, struct buf *ret)
{
    for (size_t at = 0; at < bytes.size; at += HEX_COLUMNS / 2) {
        size_t left = bytes.size - at;
        text_put_hex(ret,
                     span_of(bytes.data + at, left < HEX_COLUMNS / 2 ? left : HEX_COLUMNS / 2));
        buf_put_u8(ret, '\n');
    }
}

static const char *line_end(const char *line)
{
    const char *end = strchr(line, '\n');
    assert_non_null(end);
    return end + 1;
}

/* The page once more, with each block made anew. */
static void make_page(struct buf *ret)
{
    struct span json = {NULL, 0};
    const char *line = page;
    while (*line != 0) {
        const char *next = line_end(line);
        char name[32];
        buf_put(ret, line, (size_t)(next - line));
        bool hex = sscanf(line, "```hex %31s", name) == 1;
        bool text = sscanf(line, "```text %31s", name) == 1;
        if (begins(line, "```json")) {
            json = span_of(next, (size_t)(line_end(next) - next - 1));
        }
        line = next;
        if (!hex && !text) {
            continue;
        }
        while (!begins(line, "```")) {
            line = line_end(line);
        }
        struct buf bytes;
        buf_init(&bytes, LIMIT_FRAME_SIZE);
        block_bytes(name, json, &bytes);
        if (hex) {
            put_hex_lines(buf_span(&bytes), ret);
        } else {
            buf_put_span(ret, buf_span(&bytes));
        }
        buf_done(&bytes);
    }
}

static void test_page_is_true(void **state)
{
    (void)state;
    struct buf made;
    buf_init(&made, PAGE_SIZE);
    make_page(&made);
    assert_int_equal(made.err, ERR_NONE);
    const char *update = getenv("JIELI_UPDATE"); /* NOLINT(concurrency-mt-unsafe): one thread */
    if (update != NULL) {
        FILE *file = fopen(page_path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(made.data, 1, made.size, file), made.size);
        assert_int_equal(fclose(file), 0);
    } else {
        assert_string_equal(buf_text(&made), page);
    }
    buf_done(&made);
}

static void dashes(char *name)
{
    for (char *at = strchr(name, '_'); at != NULL; at = strchr(at, '_')) {
        *at = '-';
    }
}

static void assert_shown(const char *kind, const char *name)
{
    char block[96];
    (void)snprintf(block, sizeof block, "```%s %s\n", kind, name);
    if (strstr(page, block) == NULL) {
        fail_msg("PROTOCOL.md has no block \"%s %s\"", kind, name);
    }
}

static void test_page_is_complete(void **state)
{
    (void)state;
    char name[64];
    for (size_t i = 0; i < make_payload_count(); i++) {
        (void)snprintf(name, sizeof name, "payload-%s", wire_payload_field(make_payload(i))->name);
        dashes(name);
        assert_shown("json", name);
        assert_shown("hex", name);
    }
    const ProtobufCMessageDescriptor *frame = &jieli__v1__frame__descriptor;
    for (unsigned i = 0; i < frame->n_fields; i++) {
        struct sync_frame decoded;
        struct wire_arena arena;
        assert_int_equal(wire_arena_init(&arena, WIRE_FRAME_ARENA), ERR_NONE);
        (void)snprintf(name, sizeof name, "%s", frame->fields[i].name);
        dashes(name);
        const char *sample = strcmp(name, "pull") == 0    ? "pull-log"
                             : strcmp(name, "batch") == 0 ? "batch-log"
                                                          : name;
        assert_shown("hex", sample);
        assert_int_equal(wire_frame_decode(samples_view(&samples, sample), &arena, &decoded),
                         ERR_NONE);
        assert_int_equal(decoded.kind, frame->fields[i].id);
        wire_arena_done(&arena);
    }
}

/* What section 5 says a station does. */
static void test_station_recomputes_the_leaves(void **state)
{
    (void)state;
    static struct sync_frame frame;
    struct wire_arena arena;
    struct tlog_hash hashes[2] = {0};
    struct tlog_checkpoint checkpoint;
    struct tlog_proof proof = {.count = 1};
    assert_int_equal(wire_arena_init(&arena, WIRE_FRAME_ARENA), ERR_NONE);
    assert_int_equal(wire_frame_decode(samples_view(&samples, "answer"), &arena, &frame), ERR_NONE);
    const struct sync_answer *answer = &frame.answer;
    assert_int_equal(answer->count, 2);
    for (uint32_t i = 0; i < 2; i++) {
        static const char *const own[] = {"envelope-1", "envelope-2"};
        struct wire_leaf leaf = {.hub_ms = answer->hub_ms,
                                 .verdict = answer->answers[i].verdict,
                                 .refusal = answer->answers[i].refusal};
        struct buf bytes;
        buf_init(&bytes, LIMIT_LEAF_SIZE);
        assert_int_equal(wire_envelope_decode(samples_view(&samples, own[i]), &leaf.envelope),
                         ERR_NONE);
        assert_int_equal(wire_leaf_encode(&leaf, &bytes), ERR_NONE);
        tlog_leaf_hash(buf_span(&bytes), &hashes[i]);
        buf_done(&bytes);
    }
    assert_int_equal(tlog_checkpoint_open(answer->checkpoint, sample_origin,
                                          signer_public_view(samples.hub), &checkpoint),
                     ERR_NONE);
    assert_int_equal(answer->proof.size, sizeof proof.hash[0]);
    memcpy(&proof.hash[0], answer->proof.data, sizeof proof.hash[0]);
    assert_int_equal(tlog_check_range(hashes, answer->first_index, answer->count, checkpoint.size,
                                      &proof, &checkpoint.root),
                     ERR_NONE);
    hashes[1].bytes[0] ^= 1;
    assert_int_equal(tlog_check_range(hashes, answer->first_index, answer->count, checkpoint.size,
                                      &proof, &checkpoint.root),
                     ERR_AUTH);
    wire_arena_done(&arena);
}

static void proof_of(struct span bytes, struct tlog_proof *ret)
{
    ret->count = bytes.size / LIMIT_HASH_SIZE;
    memcpy(ret->hash, bytes.data, bytes.size);
}

static void test_batches_prove_their_leaves(void **state)
{
    (void)state;
    static const char *const names[] = {"batch-common", "batch-chain"};
    static struct sync_frame frame;
    struct span leaves[LIMIT_BATCH_COUNT];
    struct wire_arena arena;
    size_t count = 0;
    struct tlog_proof proof;
    assert_int_equal(wire_arena_init(&arena, WIRE_FRAME_ARENA), ERR_NONE);
    for (size_t n = 0; n < 2; n++) {
        assert_int_equal(wire_frame_decode(samples_view(&samples, names[n]), &arena, &frame),
                         ERR_NONE);
        const struct sync_batch *batch = &frame.batch;
        assert_int_equal(wire_leaves_unpack(batch->packed, batch->raw_size, &arena, leaves, &count),
                         ERR_NONE);
        assert_int_equal(count, batch->count);
        for (size_t i = 0; i < count; i++) {
            struct tlog_hash hash;
            tlog_leaf_hash(leaves[i], &hash);
            proof_of(batch->proofs[i], &proof);
            assert_int_equal(
                tlog_check_inclusion(&hash, batch->indexes[i], 3, &proof, &samples.root), ERR_NONE);
        }
    }
    assert_int_equal(wire_frame_decode(samples_view(&samples, "batch-log"), &arena, &frame),
                     ERR_NONE);
    proof_of(frame.batch.consistency, &proof);
    assert_int_equal(tlog_check_consistency(1, &samples.hash[0], 3, &samples.root, &proof),
                     ERR_NONE);
    wire_arena_done(&arena);
}

static void test_signatures_hold(void **state)
{
    (void)state;
    static struct sync_frame frame;
    struct wire_arena arena;
    struct wire_envelope envelope;
    assert_int_equal(wire_arena_init(&arena, WIRE_FRAME_ARENA), ERR_NONE);
    assert_int_equal(wire_envelope_decode(samples_view(&samples, "envelope-2"), &envelope),
                     ERR_NONE);
    assert_true(seal_verify(signer_public_view(samples.agent), SEAL_EVENT, envelope.body,
                            envelope.signature));
    assert_int_equal(wire_frame_decode(samples_view(&samples, "push"), &arena, &frame), ERR_NONE);
    assert_true(seal_verify(signer_public_view(samples.station), SEAL_HEAD, frame.push.head.body,
                            frame.push.head.signature.data));
    struct wire_envelope pushed[LIMIT_BATCH_COUNT];
    size_t count = 0;
    assert_int_equal(
        wire_envelopes_unpack(frame.push.packed, frame.push.raw_size, &arena, pushed, &count),
        ERR_NONE);
    assert_int_equal(count, 2);
    assert_true(span_equal(pushed[1].body, envelope.body));
    assert_int_equal(wire_frame_decode(samples_view(&samples, "nack"), &arena, &frame), ERR_NONE);
    assert_true(seal_verify(signer_public_view(samples.hub), SEAL_NACK, frame.nack.body,
                            frame.nack.signature.data));
    wire_arena_done(&arena);
}

static void test_files_open(void **state)
{
    (void)state;
    struct wire_enrolment enrolment;
    struct wire_bundle bundle;
    struct wire_trust trust;
    assert_int_equal(wire_enrolment_open(samples_view(&samples, "enrolment"), &enrolment),
                     ERR_NONE);
    assert_memory_equal(enrolment.public_key, signer_public_view(samples.station), LIMIT_KEY_SIZE);
    assert_int_equal(wire_bundle_open(samples_view(&samples, "bundle"), NULL, &bundle, &trust),
                     ERR_NONE);
    assert_memory_equal(trust.public_key, signer_public_view(samples.hub), LIMIT_KEY_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_page_is_true),
        cmocka_unit_test(test_page_is_complete),
        cmocka_unit_test(test_station_recomputes_the_leaves),
        cmocka_unit_test(test_batches_prove_their_leaves),
        cmocka_unit_test(test_signatures_hold),
        cmocka_unit_test(test_files_open),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
