#include "station_lies.h"

/* What a broken or lying hub can do to a station: delay it, no more. */

/* --- Answers --- */

static struct sync_answer *the_answer(struct rig *rig, struct sync_frame *frame)
{
    rig->falsified += frame->kind == SYNC_ANSWER ? 1 : 0;
    return frame->kind == SYNC_ANSWER ? &frame->answer : NULL;
}

#define ANSWER_LIE(name, change)                                                                   \
    static void name(struct rig *rig, struct sync_frame *frame)                                    \
    {                                                                                              \
        struct sync_answer *answer = the_answer(rig, frame);                                       \
        if (answer != NULL) {                                                                      \
            change;                                                                                \
        }                                                                                          \
    }

ANSWER_LIE(answer_refused, answer->answers[1].verdict = WIRE_REFUSED)
ANSWER_LIE(answer_quarantined, answer->answers[0].verdict = WIRE_QUARANTINED)
ANSWER_LIE(answer_void, answer->answers[2].verdict = WIRE_VOID; answer->answers[2].void_reason = 1)
ANSWER_LIE(answer_refusal, answer->answers[0].refusal = 9)
ANSWER_LIE(answer_time, answer->hub_ms++)
ANSWER_LIE(answer_far_future, answer->hub_ms = UINT64_MAX)
ANSWER_LIE(answer_index, answer->first_index++)
ANSWER_LIE(answer_great_index, answer->first_index = UINT64_MAX)
ANSWER_LIE(answer_shorter, answer->count--)
ANSWER_LIE(answer_proof, answer->proof = spoil(answer->proof, 5))
ANSWER_LIE(answer_half_proof, answer->proof.size -= LIMIT_HASH_SIZE)
ANSWER_LIE(answer_no_proof, answer->proof.size = 0)
ANSWER_LIE(answer_signature,
           answer->checkpoint = spoil(answer->checkpoint, answer->checkpoint.size - 8))
ANSWER_LIE(answer_origin, answer->checkpoint = spoil(answer->checkpoint, 3))
ANSWER_LIE(answer_no_note, answer->checkpoint.size = 0)

static void test_lying_answers(void **state)
{
    static void (*const lies[])(struct rig *, struct sync_frame *) = {
        answer_refused,    answer_quarantined, answer_void,        answer_refusal, answer_time,
        answer_far_future, answer_index,       answer_great_index, answer_shorter, answer_proof,
        answer_half_proof, answer_no_proof,    answer_signature,   answer_origin,  answer_no_note,
    };
    struct rig *rig = *state;
    rig_sync(rig);
    rig_cut(rig);
    rig_case(rig, 1);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        lie(rig, lies[i]);
        assert_int_equal(rig_status(rig).answered, 0);
    }
    rig_sync(rig);
    assert_int_equal(rig_status(rig).answered, 3);
    rig_check(rig);
}

/* --- WELCOME --- */

static void welcome_hub(struct rig *rig, struct sync_frame *frame)
{
    if (frame->kind != SYNC_WELCOME) {
        return;
    }
    rig->falsified++;
    frame->welcome.hub[3] ^= 1;
}

static void welcome_note(struct rig *rig, struct sync_frame *frame)
{
    if (frame->kind != SYNC_WELCOME) {
        return;
    }
    rig->falsified++;
    frame->welcome.checkpoint =
        spoil(frame->welcome.checkpoint, frame->welcome.checkpoint.size - 9);
}

static void welcome_epoch(struct rig *rig, struct sync_frame *frame)
{
    if (frame->kind != SYNC_WELCOME) {
        return;
    }
    rig->falsified++;
    frame->welcome.epoch++;
}

static void welcome_numbers(struct rig *rig, struct sync_frame *frame)
{
    if (frame->kind != SYNC_WELCOME) {
        return;
    }
    rig->falsified++;
    frame->welcome.own = UINT64_MAX;
}

/* A tree of the size we know, with another root, rightly signed. */
static void welcome_split(struct rig *rig, struct sync_frame *frame)
{
    if (frame->kind != SYNC_WELCOME) {
        return;
    }
    struct buf note;
    struct tlog_checkpoint other = {.size = rig_status(rig).log_size};
    buf_init(&note, LIMIT_NOTE_SIZE);
    rig->falsified++;
    (void)snprintf(other.origin, sizeof other.origin, "%s/1", TOWN_ORIGIN_PREFIX);
    memset(other.root.bytes, 9, sizeof other.root.bytes);
    assert_int_equal(tlog_checkpoint_sign(&other, rig->town->hub_signer, &note), ERR_NONE);
    memcpy(spoiled, note.data, note.size);
    frame->welcome.checkpoint = span_of(spoiled, note.size);
    buf_done(&note);
}

/* Another event of ours than the hub has proven to us. */
static void welcome_proven_id(struct rig *rig, struct sync_frame *frame)
{
    if (frame->kind != SYNC_WELCOME) {
        return;
    }
    rig->falsified++;
    frame->welcome.id[5] ^= 1;
}

/* More of our chain than there is. */
static void welcome_more(struct rig *rig, struct sync_frame *frame)
{
    if (frame->kind == SYNC_WELCOME) {
        rig->falsified++;
        frame->welcome.seq += 100;
    }
}

static void welcome_later_life(struct rig *rig, struct sync_frame *frame)
{
    if (frame->kind == SYNC_WELCOME) {
        rig->falsified++;
        frame->welcome.incarnation += 3;
        frame->welcome.seq = 0;
        memset(frame->welcome.id, 0, sizeof frame->welcome.id);
    }
}

static void test_split(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    lie(rig, welcome_split);
    assert_true(rig_status(rig).split);
    assert_int_equal(rig_rows(rig, KV_EVIDENCE), 1);
    rig->mono_ms += 1000000;
    rig_sync(rig);
    assert_true(rig_status(rig).split);
    rig_restart(rig);
    assert_true(rig_status(rig).split);
}

/* A part that the hub will not take is not offered again on this connection, but on the next. */
static void test_refused_blobs(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig->refuse_blobs = true;
    rig_sync(rig);
    assert_int_equal(rig->blob_puts, 2);
    assert_int_equal(rig_status(rig).outbox, 2);
    rig_cut(rig);
    rig->refuse_blobs = false;
    rig_sync(rig);
    assert_int_equal(rig->blob_puts, 4);
    assert_int_equal(rig_status(rig).outbox, 0);
}

enum { DAMAGED = 3 };

static bool name_first(void *context, struct span key, struct span value)
{
    struct buf *names = context;
    (void)value;
    buf_put(names, key.data + key.size - LIMIT_HASH_SIZE, LIMIT_HASH_SIZE);
    return names->size < (size_t)DAMAGED * LIMIT_HASH_SIZE;
}

/* Parts that the disk has damaged stay behind; what waits behind them does not. */
static void test_damaged_blob(void **state)
{
    struct rig *rig = *state;
    struct kv_txn txn;
    struct buf names;
    rig_sync(rig);
    rig_cut(rig);
    rig_case(rig, 1);
    rig_case(rig, 2);
    buf_init(&names, (size_t)DAMAGED * LIMIT_HASH_SIZE);
    kv_begin(rig->kv, true, &txn);
    kv_scan(&txn, KV_OUTBOX, span_of(NULL, 0), span_of(NULL, 0), name_first, &names);
    assert_int_equal(names.size, DAMAGED * LIMIT_HASH_SIZE);
    for (size_t i = 0; i < DAMAGED; i++) {
        kv_put(&txn, KV_BLOB, span_of(names.data + i * LIMIT_HASH_SIZE, LIMIT_HASH_SIZE),
               span_text("nonsense"));
    }
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    rig_sync(rig);
    assert_int_equal(rig->blob_puts, 1);
    assert_int_equal(rig_status(rig).outbox, DAMAGED);
    buf_done(&names);
}

/* A mere word about our chain takes nothing from what waits for its answer. */
static void test_false_claims(void **state)
{
    static void (*const lies[])(struct rig *, struct sync_frame *) = {
        welcome_proven_id, welcome_more, welcome_later_life};
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    rig_cut(rig);
    rig_case(rig, 2);
    for (size_t i = 0; i < 3; i++) {
        rig->mono_ms += 1000000;
        lie(rig, lies[i]);
        assert_int_equal(rig_status(rig).incarnation, 1);
        assert_int_equal(rig_status(rig).displaced, 0);
    }
    rig->mono_ms += 1000000;
    rig_sync(rig);
    assert_int_equal(rig_status(rig).incarnation, 1);
    assert_int_equal(rig_status(rig).answered, 6);
    assert_false(rig_status(rig).restored);
    rig_check(rig);
}

/* A log whose clock has run away is not followed. */
static void test_hub_beyond_time(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig->town->now_ms = UINT64_C(253402300799999);
    assert_false(rig_talk(rig, 40));
    assert_int_equal(rig_status(rig).answered, 0);
    assert_true(rig->reconnects > 0);
}

static void test_lying_welcome(void **state)
{
    static void (*const lies[])(struct rig *, struct sync_frame *) = {
        welcome_hub, welcome_note, welcome_epoch, welcome_numbers};
    struct rig *rig = *state;
    rig_sync(rig);
    rig_cut(rig);
    rig_case(rig, 1);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        rig->mono_ms += 1000000;
        lie(rig, lies[i]);
        assert_int_equal(rig_status(rig).epoch, 1);
    }
    rig->mono_ms += 1000000;
    rig_sync(rig);
    assert_int_equal(rig_status(rig).answered, 3);
    rig_check(rig);
}

/* --- NACKs --- */

static void make_nack(struct rig *rig, enum sync_nack_reason reason, const struct signer *signer,
                      struct buf *ret)
{
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    struct buf body;
    struct sync_frame *frame = calloc(1, sizeof *frame);
    struct sync_nack_body nack = {.incarnation = 1, .reason = reason, .hub_ms = 5};
    assert_non_null(frame);
    memcpy(nack.hub, rig->town->hub_id, LIMIT_ID_SIZE);
    memcpy(nack.device, signer_key_id_view(rig->town->station), LIMIT_KEY_SIZE);
    buf_init(&body, 512);
    buf_init(ret, LIMIT_FRAME_SIZE);
    wire_nack_encode(&nack, &body);
    signer_sign(signer, SEAL_NACK, buf_span(&body), signature);
    frame->kind = SYNC_NACK;
    frame->nack.body = buf_span(&body);
    frame->nack.signature = span_of(signature, sizeof signature);
    assert_int_equal(wire_frame_encode(frame, ret), ERR_NONE);
    buf_done(&body);
    free(frame);
}

static void say_nack(struct rig *rig, enum sync_nack_reason reason, const struct signer *signer)
{
    struct station_port port = rig_port(rig);
    struct buf bytes;
    make_nack(rig, reason, signer, &bytes);
    rig_cut(rig);
    rig_connect(rig);
    rig->mono_ms += 1000000;
    assert_int_equal(station_tick(rig->station, &port, rig->mono_ms, rig->town->now_ms), ERR_NONE);
    rig_drop_queue(rig);
    assert_int_equal(
        station_frame(rig->station, &port, buf_span(&bytes), rig->mono_ms, rig->town->now_ms),
        ERR_NONE);
    buf_done(&bytes);
}

static void test_nacks(void **state)
{
    struct rig *rig = *state;
    rig_sync(rig);
    say_nack(rig, SYNC_NACK_REVOKED, rig->town->station);
    assert_int_equal(rig_status(rig).refusal, SYNC_NACK_NONE);
    assert_int_equal(rig_rows(rig, KV_EVIDENCE), 0);
    say_nack(rig, SYNC_NACK_BUSY, rig->town->hub_signer);
    assert_int_equal(rig_status(rig).refusal, SYNC_NACK_NONE);
    say_nack(rig, SYNC_NACK_REVOKED, rig->town->hub_signer);
    assert_int_equal(rig_status(rig).refusal, SYNC_NACK_REVOKED);
    assert_int_equal(rig_rows(rig, KV_EVIDENCE), 1);
    rig_restart(rig);
    assert_int_equal(rig_status(rig).refusal, SYNC_NACK_REVOKED);
    rig->mono_ms += 1000000;
    rig_sync(rig);
    assert_int_equal(rig_status(rig).refusal, SYNC_NACK_NONE);
    say_nack(rig, SYNC_NACK_SEEN, rig->town->hub_signer);
    assert_int_equal(rig_status(rig).refusal, SYNC_NACK_SEEN);
    rig->mono_ms += 1000000;
    rig_case(rig, 1);
    rig_sync(rig);
    assert_int_equal(rig_status(rig).refusal, SYNC_NACK_NONE);
    rig_check(rig);
}

/* --- Texts that come spoilt, or not at all --- */

enum { TEXTS = 4 };
static uint64_t lies_left;

static void spoil_blob(struct rig *rig, struct sync_frame *frame)
{
    if (frame->kind == SYNC_BLOB && lies_left > 0) {
        lies_left--;
        rig->falsified++;
        frame->blob.data = lies_left % 2 == 0 ? span_of(NULL, 0) : span_text("not its text");
    }
}

static void tick_at(struct rig *rig, uint64_t mono_ms)
{
    struct station_port port = rig_port(rig);
    rig->mono_ms = mono_ms;
    assert_int_equal(station_tick(rig->station, &port, mono_ms, rig->town->now_ms), ERR_NONE);
}

/* A line may stand for days: what the feed waits for is asked for again on it, ever less often. */
static void test_spoilt_texts_come_again(void **state)
{
    struct rig *rig = *state;
    uint64_t common = hub_fold(rig->town->hub)->log.common_seq;
    rig->falsify = spoil_blob;
    lies_left = 2 * TEXTS;
    rig_sync(rig);
    assert_int_equal(rig->blob_gets, TEXTS);
    for (uint64_t round = 1; round <= 2; round++) {
        uint64_t due_ms = station_deadline(rig->station);
        assert_in_range(due_ms, rig->mono_ms + SYNC_BACKOFF_LOW_MS * round,
                        rig->mono_ms + SYNC_BACKOFF_HIGH_MS * round);
        assert_true(rig_status(rig).common < common);
        tick_at(rig, due_ms - 1);
        assert_int_equal(rig->blob_gets, TEXTS * round);
        tick_at(rig, due_ms);
        assert_int_equal(rig->blob_gets, TEXTS * round + 1);
        rig_sync(rig);
        assert_int_equal(rig->blob_gets, TEXTS * (round + 1));
    }
    assert_int_equal(rig->falsified, 2 * TEXTS);
    assert_int_equal(rig->reconnects, 0);
    assert_int_equal(rig_rows(rig, KV_BLOB), TEXTS);
    assert_int_equal(rig_status(rig).common, common);
    rig_check(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_lying_answers),
        RIG_TEST(test_lying_welcome),
        RIG_TEST(test_split),
        RIG_TEST(test_false_claims),
        RIG_TEST(test_refused_blobs),
        RIG_TEST(test_damaged_blob),
        RIG_TEST(test_nacks),
        RIG_TEST(test_hub_beyond_time),
        RIG_TEST(test_spoilt_texts_come_again),
    };
    return cmocka_run_group_tests_name("station hostile", tests, NULL, NULL);
}
