#include "station_lies.h"
#include "station_lives.h"

/* Feeds and blobs of a broken or lying hub. */

/* The leaves of a batch can be altered only unpacked. */
static void repack(struct sync_batch *batch, void (*change)(struct span *leaves, size_t *count))
{
    static uint8_t bytes[LIMIT_BATCH_COUNT][LIMIT_LEAF_SIZE];
    static uint8_t frame[LIMIT_FRAME_SIZE];
    struct buf packed;
    struct span leaves[LIMIT_BATCH_COUNT];
    struct wire_arena arena;
    size_t count = 0;
    assert_int_equal(wire_arena_init(&arena, (size_t)LIMIT_BATCH_SIZE * 2), ERR_NONE);
    assert_int_equal(wire_leaves_unpack(batch->packed, batch->raw_size, &arena, leaves, &count),
                     ERR_NONE);
    for (size_t i = 0; i < count; i++) {
        memcpy(bytes[i], leaves[i].data, leaves[i].size);
        leaves[i].data = bytes[i];
    }
    change(leaves, &count);
    buf_init(&packed, LIMIT_FRAME_SIZE);
    assert_int_equal(wire_leaves_pack(leaves, count, &packed, &batch->raw_size), ERR_NONE);
    memcpy(frame, packed.data, packed.size);
    batch->packed = span_of(frame, packed.size);
    buf_done(&packed);
    wire_arena_done(&arena);
}

static void spoil_first(struct span *leaves, size_t *count)
{
    static uint8_t bytes[LIMIT_LEAF_SIZE];
    (void)count;
    memcpy(bytes, leaves[0].data, leaves[0].size);
    bytes[leaves[0].size / 2] ^= 1;
    leaves[0].data = bytes;
}

static void drop_last(struct span *leaves, size_t *count)
{
    (void)leaves;
    (*count)--;
}

static void swap_two(struct span *leaves, size_t *count)
{
    struct span first = leaves[0];
    assert_true(*count >= 2);
    leaves[0] = leaves[1];
    leaves[1] = first;
}

static struct sync_batch *the_batch(struct rig *rig, struct sync_frame *frame, enum sync_feed feed)
{
    bool it = frame->kind == SYNC_BATCH && frame->batch.feed == feed && frame->batch.count > 1;
    rig->falsified += it ? 1 : 0;
    return it ? &frame->batch : NULL;
}

#define BATCH_LIE(name, feed, change)                                                              \
    static void name(struct rig *rig, struct sync_frame *frame)                                    \
    {                                                                                              \
        struct sync_batch *batch = the_batch(rig, frame, feed);                                    \
        if (batch != NULL) {                                                                       \
            change;                                                                                \
        }                                                                                          \
    }

/* Without the second leaf, as if it had never been. */
static void withhold(struct sync_batch *batch)
{
    uint32_t last = batch->count - 1;
    batch->indexes[1] = batch->indexes[last];
    batch->proofs[1] = batch->proofs[last];
    batch->count = 2;
    batch->proof_count = 2;
}

static void keep_first_and_last(struct span *leaves, size_t *count)
{
    leaves[1] = leaves[*count - 1];
    *count = 2;
}

BATCH_LIE(common_leaf, SYNC_FEED_COMMON, repack(batch, spoil_first))
BATCH_LIE(common_fewer, SYNC_FEED_COMMON, repack(batch, drop_last))
BATCH_LIE(common_swapped, SYNC_FEED_COMMON, repack(batch, swap_two))
BATCH_LIE(common_withheld, SYNC_FEED_COMMON, repack(batch, keep_first_and_last); withhold(batch))
BATCH_LIE(common_index, SYNC_FEED_COMMON, batch->indexes[0]++)
BATCH_LIE(common_proof, SYNC_FEED_COMMON, batch->proofs[1] = spoil(batch->proofs[1], 1))
BATCH_LIE(common_no_proof, SYNC_FEED_COMMON, batch->proofs[0].size = 0)
BATCH_LIE(common_note, SYNC_FEED_COMMON, batch->checkpoint = spoil(batch->checkpoint, 30))
BATCH_LIE(common_as_own, SYNC_FEED_COMMON, batch->feed = SYNC_FEED_OWN)
BATCH_LIE(own_leaf, SYNC_FEED_OWN, repack(batch, spoil_first))
BATCH_LIE(own_withheld, SYNC_FEED_OWN, repack(batch, keep_first_and_last); withhold(batch))
BATCH_LIE(own_consistency, SYNC_FEED_OWN, batch->consistency = spoil(batch->consistency, 3))
BATCH_LIE(own_no_consistency, SYNC_FEED_OWN, batch->consistency.size = 0)

static void test_lying_feeds(void **state)
{
    static void (*const common[])(struct rig *, struct sync_frame *) = {
        common_leaf,  common_fewer,    common_swapped, common_withheld, common_index,
        common_proof, common_no_proof, common_note,    common_as_own,
    };
    static void (*const own[])(struct rig *, struct sync_frame *) = {own_leaf, own_withheld};
    struct rig *rig = *state;
    for (size_t i = 0; i < sizeof common / sizeof *common; i++) {
        lie(rig, common[i]);
        assert_int_equal(rig_status(rig).common, 0);
        rig->mono_ms += 1000000;
    }
    rig_sync(rig);
    rig_case(rig, 1);
    rig_hand_up(rig, 1);
    rig_sync(rig);
    hub_decides(rig->town, 1);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++) {
        rig->mono_ms += 1000000;
        lie(rig, own[i]);
        assert_int_equal(rig_status(rig).own, 0);
    }
    rig_sync(rig);
    assert_int_equal(rig_status(rig).own, 3);
    assert_false(rig_status(rig).stuck);
    rig_check(rig);
}

/* The feed's checkpoint does not prove that it extends the one we hold. */
static void test_unproven_growth(void **state)
{
    static void (*const lies[])(struct rig *, struct sync_frame *) = {own_consistency,
                                                                      own_no_consistency};
    struct rig *rig = *state;
    rig_sync(rig);
    for (uint32_t i = 0; i < 2; i++) {
        rig_case(rig, i);
        rig_hand_up(rig, i);
        rig_sync(rig);
        hub_decides(rig->town, i);
        rig_ring(rig);
        size_t reconnects = rig->reconnects;
        rig->falsify = lies[i];
        for (size_t j = 0; j < 200 && rig->reconnects == reconnects; j++) {
            (void)rig_talk(rig, 1);
        }
        rig->falsify = NULL;
        assert_int_equal(rig->reconnects, reconnects + 1);
        assert_true(rig_status(rig).split);
        assert_int_equal(rig_rows(rig, KV_EVIDENCE), 1);
        assert_int_equal(rig_status(rig).own, 3 * i);
        rig->mono_ms += 1000000;
        rig_sync(rig);
        assert_false(rig_status(rig).split);
        assert_int_equal(rig_status(rig).own, 3 * i + 3);
    }
    rig_check(rig);
}

/* --- Blobs --- */

static void blob_other(struct rig *rig, struct sync_frame *frame)
{
    if (frame->kind == SYNC_BLOB) {
        rig->falsified++;
        frame->blob.data = span_text("[policy]\nsomething else\n");
    }
}

static void blob_absent(struct rig *rig, struct sync_frame *frame)
{
    if (frame->kind == SYNC_BLOB) {
        rig->falsified++;
        frame->blob.data = span_of(NULL, 0);
    }
}

/* An edition whose text does not come holds up what stands behind it, and nothing else. */
static void test_lying_blobs(void **state)
{
    struct rig *rig = *state;
    static void (*const lies[])(struct rig *, struct sync_frame *) = {blob_other, blob_absent};
    for (size_t i = 0; i < 2; i++) {
        rig->falsify = lies[i];
        rig->falsified = 0;
        rig_sync(rig);
        assert_int_equal(rig->falsified, 4);
        assert_int_equal(rig_rows(rig, KV_BLOB), 0);
        struct station_status status = rig_status(rig);
        assert_false(status.stuck);
        assert_true(status.common > 0);
        assert_true(status.common < hub_fold(rig->town->hub)->log.common_seq);
        rig_cut(rig);
        rig_restart(rig);
    }
    rig->falsify = NULL;
    rig_sync(rig);
    assert_int_equal(rig_rows(rig, KV_BLOB), 4);
    assert_int_equal(rig_status(rig).common, hub_fold(rig->town->hub)->log.common_seq);
    rig_check(rig);
}

/* --- A hub that logs what it must not --- */

/* A leaf that no honest hub would log: in whose chain, by whom, signed with which key. */
struct evil {
    const struct town_act *act;
    const uint8_t *device;
    const uint8_t *author;
    const struct signer *signer;
    bool own;
    bool common;
    bool refused; /* the leaf says so */
};

static void fill_evil(struct town *town, const struct evil *evil, const struct log_head *head,
                      struct wire_event *ret)
{
    struct author_draft draft = {.payload = evil->act->payload, .facts = &evil->act->facts};
    struct author_chain chain = {.clock = 1};
    memcpy(chain.hub, town->hub_id, LIMIT_ID_SIZE);
    memcpy(chain.device, evil->device, LIMIT_KEY_SIZE);
    chain.incarnation = head->incarnation;
    chain.seq = head->seq;
    memcpy(chain.id, head->id, LIMIT_HASH_SIZE);
    chain.applied_common = hub_fold(town->hub)->log.common_seq;
    memcpy(draft.record, evil->act->record, LIMIT_ID_SIZE);
    draft.claimed_ms = town->now_ms;
    author_fill(&chain, &draft, evil->author, ret);
}

static void log_evil(struct town *town, const struct evil *evil)
{
    struct log *log = &hub_fold(town->hub)->log;
    const uint8_t *station = signer_key_id_view(town->station);
    struct wire_event *event = calloc(1, sizeof *event);
    struct wire_leaf leaf = {.hub_ms = town->now_ms};
    struct log_place place;
    struct log_head head;
    struct tlog_hash root;
    struct kv_txn txn;
    struct buf body;
    struct buf bytes;
    assert_non_null(event);
    buf_init(&body, LIMIT_BODY_SIZE);
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    kv_begin(town->kv, true, &txn);
    assert_true(log_head_get(log, &txn, evil->device, &head));
    fill_evil(town, evil, &head, event);
    assert_int_equal(author_sign(event, evil->signer, &body, &leaf.envelope, place.id), ERR_NONE);
    memcpy(place.device, evil->device, LIMIT_KEY_SIZE);
    place.incarnation = event->incarnation;
    place.seq = event->seq;
    if (evil->own) {
        (void)log_head_get(log, &txn, station, &head);
        leaf.own_seq = head.own_seq + 1;
        memcpy(leaf.feed_device, station, LIMIT_KEY_SIZE);
    }
    leaf.common_seq = evil->common ? log->common_seq + 1 : 0;
    leaf.verdict = evil->refused ? WIRE_REFUSED : WIRE_ACCEPTED;
    assert_int_equal(wire_leaf_encode(&leaf, &bytes), ERR_NONE);
    (void)log_append(log, &txn, &leaf, buf_span(&bytes), &place);
    log_flush(log, &txn, &root);
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    kv_abort(&txn);
    buf_done(&body);
    buf_done(&bytes);
    free(event);
}

/* The checkpoint over what was logged is signed at the next start. */
static void restart_evil(struct town *town)
{
    struct hub_options options = {.kv = town->kv,
                                  .hub = town->hub_id,
                                  .origin = TOWN_ORIGIN_PREFIX "/1",
                                  .epoch = 1,
                                  .signer = town->hub_signer};
    hub_close(town->hub);
    assert_int_equal(hub_open(&options, &town->hub), ERR_NONE);
}

/* Forged by the hub in its leader's name: proven, and yet not believed. */
static void test_forged_in_common_feed(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    rig_sync(rig);
    uint64_t common = rig_status(rig).common;
    town_act(&act, WIRE_PERSON, 22, PERSON_REVOKED);
    town_bytes(&act, FIELD_staff, 0, rig->town->agent.staff, LIMIT_ID_SIZE);
    struct evil evil = {.act = &act,
                        .device = signer_key_id_view(rig->town->hub_signer),
                        .author = signer_key_id_view(rig->town->leader.signer),
                        .signer = rig->town->hub_signer,
                        .common = true};
    log_evil(rig->town, &evil);
    restart_evil(rig->town);
    rig_ring(rig);
    rig_case(rig, 1);
    rig_cut(rig);
    rig_sync(rig);
    struct station_status status = rig_status(rig);
    assert_true(status.stuck);
    assert_int_equal(status.common, common);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 1), "accepted");
    rig_case(rig, 2);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 2), "accepted");
    rig_restart(rig);
    assert_true(rig_status(rig).stuck);
    assert_int_equal(rig_status(rig).common, common);
}

/* Refused, and yet in a feed. */
static void test_refused_in_feed(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_hand_up(rig, 1);
    rig_sync(rig);
    town_act(&act, WIRE_CASE, 1, CASE_RECEIVED_AT_HUB);
    struct evil evil = {.act = &act,
                        .device = signer_key_id_view(rig->town->hub_signer),
                        .author = signer_key_id_view(rig->town->operator.signer),
                        .signer = rig->town->operator.signer,
                        .own = true,
                        .refused = true};
    log_evil(rig->town, &evil);
    restart_evil(rig->town);
    rig_cut(rig);
    assert_false(rig_talk(rig, 60));
    assert_true(rig->reconnects > 1);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "referred_up");
}

/* An event that fits no row of its record. */
static void test_misfit_in_own_feed(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    town_act(&act, WIRE_CASE, 1, CASE_RESULT_RETURNED);
    struct evil evil = {.act = &act,
                        .device = signer_key_id_view(rig->town->hub_signer),
                        .author = signer_key_id_view(rig->town->leader.signer),
                        .signer = rig->town->leader.signer,
                        .own = true};
    log_evil(rig->town, &evil);
    restart_evil(rig->town);
    rig_cut(rig);
    rig_sync(rig);
    assert_true(rig_status(rig).stuck);
    assert_int_equal(rig_status(rig).own, 0);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "accepted");
    /* Our own work goes on, tentatively. */
    rig_case(rig, 2);
    rig_sync(rig);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 2), "accepted");
    assert_int_equal(rig_status(rig).answered, 6);
    rig_restart(rig);
    assert_true(rig_status(rig).stuck);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 2), "accepted");
}

/* --- Our own past, falsified --- */

BATCH_LIE(chain_leaf, SYNC_FEED_CHAIN, repack(batch, spoil_first))
BATCH_LIE(chain_swapped, SYNC_FEED_CHAIN, repack(batch, swap_two))
BATCH_LIE(chain_withheld, SYNC_FEED_CHAIN, repack(batch, keep_first_and_last); withhold(batch))
BATCH_LIE(chain_note, SYNC_FEED_CHAIN, batch->checkpoint = spoil(batch->checkpoint, 30))
BATCH_LIE(chain_index, SYNC_FEED_CHAIN, batch->indexes[0]++)

static void test_lying_chain(void **state)
{
    static void (*const lies[])(struct rig *, struct sync_frame *) = {
        chain_leaf, chain_swapped, chain_withheld, chain_note, chain_index};
    struct rig *rig = *state;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    struct kv_image *image = kv_memory_snapshot(rig_disk(rig->directory));
    rig_case(rig, 2);
    rig_sync(rig);
    put_back(rig, image);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        rig->mono_ms += 1000000;
        lie(rig, lies[i]);
        assert_true(rig_status(rig).restoring);
        assert_int_equal(rig_status(rig).answered, 3);
    }
    rig->mono_ms += 1000000;
    rig_sync(rig);
    assert_int_equal(rig_status(rig).incarnation, 2);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 2), "accepted");
    rig_check(rig);
}

/* The hub writes into our chain in our worker's name. */
static void test_forged_chain(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    rig_cut(rig);
    rig_case(rig, 2);
    town_act(&act, WIRE_CASE, 1, CASE_SUBMITTED_UP);
    struct evil evil = {.act = &act,
                        .device = signer_key_id_view(rig->town->station),
                        .author = signer_key_id_view(rig->town->worker.signer),
                        .signer = rig->town->hub_signer};
    log_evil(rig->town, &evil);
    restart_evil(rig->town);
    assert_false(rig_talk(rig, 60));
    struct station_status status = rig_status(rig);
    assert_true(rig->reconnects > 1);
    assert_int_equal(status.incarnation, 1);
    assert_int_equal(status.answered, 3);
    assert_int_equal(status.displaced, 0);
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 1), "accepted");
    assert_string_equal(rig_state(rig, FOLD_TENTATIVE, 2), "accepted");
}

/* The same told to a store that knows nobody yet: the signature is asked when its author is known,
 * and facts go no further. */
static void test_forged_chain_to_an_empty_store(void **state)
{
    struct rig *rig = *state;
    struct town_act act;
    struct kv_image *empty = kv_memory_snapshot(rig_disk(rig->directory));
    rig_sync(rig);
    rig_case(rig, 1);
    rig_sync(rig);
    town_act(&act, WIRE_CASE, 1, CASE_SUBMITTED_UP);
    struct evil evil = {.act = &act,
                        .device = signer_key_id_view(rig->town->station),
                        .author = signer_key_id_view(rig->town->worker.signer),
                        .signer = rig->town->hub_signer};
    log_evil(rig->town, &evil);
    restart_evil(rig->town);
    put_back(rig, empty);
    rig_sync(rig);
    struct station_status status = rig_status(rig);
    assert_int_equal(status.incarnation, 2);
    assert_true(status.stuck);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "accepted");
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1001), "open");
    rig_restart(rig);
    assert_true(rig_status(rig).stuck);
    assert_int_equal(station_rebuild(rig->station), ERR_NONE);
    assert_true(rig_status(rig).stuck);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, 1), "accepted");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG_TEST(test_lying_feeds),
        RIG_TEST(test_unproven_growth),
        RIG_TEST(test_lying_blobs),
        RIG_TEST(test_forged_in_common_feed),
        RIG_TEST(test_refused_in_feed),
        RIG_TEST(test_misfit_in_own_feed),
        RIG_TEST(test_lying_chain),
        RIG_TEST(test_forged_chain),
        RIG_TEST(test_forged_chain_to_an_empty_store),
    };
    return cmocka_run_group_tests_name("station hostile feeds", tests, NULL, NULL);
}
