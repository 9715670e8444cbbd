#include "seal/hash.h"
#include "tests/support/town.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* Verbs of proto/record.proto. */
enum { CONTACT_RECEIVED = 1 };
enum { CASE_OPENED = 1, CASE_ACCEPTED = 6, CASE_SUBMITTED_UP = 13, CASE_RECEIVED_AT_HUB = 14 };

static const uint64_t start_ms = 1789689600000; /* 2026-09-18 08:00 at +08:00, a Friday */

static int town_setup(void **state)
{
    *state = town_open(start_ms);
    return 0;
}

static int town_teardown(void **state)
{
    town_close(*state);
    return 0;
}

/* Every case cites a first contact (R01). */
static void contact(struct town *town, uint32_t record)
{
    struct town_act act;
    town_act(&act, WIRE_CONTACT, record + 1000, CONTACT_RECEIVED);
    town_number(&act, FIELD_channel, 0, 1);
    town_text(&act, FIELD_item, 0, "I51");
    act.sealed_labels = 2;
    struct sync_answered answered = town_station(town, &town->worker, &act);
    assert_int_equal(answered.refusal, REFUSAL_NONE);
}

static void open_case(struct town_act *act, uint32_t record)
{
    struct town_act cited;
    town_act(&cited, WIRE_CONTACT, record + 1000, CONTACT_RECEIVED);
    town_act(act, WIRE_CASE, record, CASE_OPENED);
    town_text(act, FIELD_item, 0, "I51");
    town_bytes(act, FIELD_contact, 0, cited.record, sizeof cited.record);
    act->sealed_labels = 2;
}

static void accept_case(struct town_act *act, uint32_t record)
{
    town_act(act, WIRE_CASE, record, CASE_ACCEPTED);
    town_materials(act);
}

static void test_case_accepted(void **state)
{
    struct town *town = *state;
    struct town_act act;
    struct record *record = calloc(1, sizeof *record);
    contact(town, 1);
    open_case(&act, 1);
    struct sync_answered answered = town_station(town, &town->worker, &act);
    assert_int_equal(answered.refusal, REFUSAL_NONE);
    assert_int_equal(answered.verdict, WIRE_ACCEPTED);
    accept_case(&act, 1);
    answered = town_station(town, &town->worker, &act);
    assert_int_equal(answered.refusal, REFUSAL_NONE);
    assert_true(town_record(town, 1, record));
    assert_string_equal(rule_state_name(MACHINE_CASE, record->state), "accepted");
    /* 10 working days from Friday 2026-09-18: Sunday 09-20 is a make-up day, Mid-Autumn takes
     * 09-25 to 09-27 and the National Day week 10-01 to 10-07. */
    uint64_t due = values_number(&record->facts, FIELD_due_day, 0);
    char text[CIVIL_DAY_SIZE];
    civil_day_format((int32_t)due, text);
    assert_string_equal(text, "2026-10-09");
    free(record);
}

static void test_wrong_role_refused(void **state)
{
    struct town *town = *state;
    struct town_act act;
    contact(town, 2);
    open_case(&act, 2);
    struct sync_answered answered = town_station(town, &town->agent, &act);
    assert_int_equal(answered.verdict, WIRE_REFUSED);
    assert_int_not_equal(answered.refusal, REFUSAL_NONE);
    /* The seq is consumed: the chain goes on. */
    answered = town_station(town, &town->worker, &act);
    assert_int_equal(answered.verdict, WIRE_ACCEPTED);
}

static void test_repeat_gives_same_answer(void **state)
{
    struct town *town = *state;
    struct town_act act;
    struct town_event event;
    contact(town, 3);
    open_case(&act, 3);
    town_write(town, &town->worker, &act, &event);
    struct hub_push *first = town_push(town, &event, 1, town->chain.seq);
    uint64_t size = hub_size(town->hub);
    town_restart(town);
    struct hub_push *second = town_push(town, &event, 1, town->chain.seq);
    assert_true(hub_push_accepted(second));
    assert_int_equal(hub_size(town->hub), size);
    struct span a = hub_push_reply_view(first);
    struct span b = hub_push_reply_view(second);
    assert_true(span_equal(a, b));
    hub_push_free(first);
    hub_push_free(second);
    town_event_done(&event);
}

static void test_forged_event_is_void(void **state)
{
    struct town *town = *state;
    struct town_act act;
    struct town_event event[2];
    contact(town, 4);
    contact(town, 5);
    open_case(&act, 4);
    town_write(town, &town->worker, &act, &event[0]);
    event[0].envelope.signature[3] ^= 1;
    open_case(&act, 5);
    town_write(town, &town->worker, &act, &event[1]);
    struct hub_push *push = town_push(town, event, 2, town->chain.seq - 1);
    struct record *record = calloc(1, sizeof *record);
    assert_true(hub_push_accepted(push));
    assert_int_equal(hub_push_count(push), 2);
    assert_false(town_record(town, 4, record));
    assert_true(town_record(town, 5, record));
    hub_push_free(push);
    town_event_done(&event[0]);
    town_event_done(&event[1]);
    free(record);
}

/* By somebody unknown, with a signature of a kind that nobody verifies: it cannot become good when
 * he becomes known before it is logged. */
static void test_unknown_suite_is_void(void **state)
{
    struct town *town = *state;
    struct town_person stranger = {.signer = town_signer(77)};
    struct town_act act;
    struct town_event event;
    struct hub_push *push = NULL;
    struct wire_leaf leaf;
    struct kv_txn txn;
    struct buf bytes;
    contact(town, 4);
    for (uint8_t suite = SEAL_SUITE_ED25519; suite <= SEAL_SUITE_ED25519 + 1; suite++) {
        open_case(&act, 4);
        town_write(town, &stranger, &act, &event);
        event.envelope.suite = suite;
        push = town_push(town, &event, 1, town->chain.seq);
        assert_true(hub_push_accepted(push));
        buf_init(&bytes, LIMIT_LEAF_SIZE);
        kv_begin(town->kv, false, &txn);
        assert_true(log_leaf(&hub_fold(town->hub)->log, &txn, hub_size(town->hub) - 1, &bytes));
        kv_abort(&txn);
        assert_int_equal(wire_leaf_decode(buf_span(&bytes), &leaf), ERR_NONE);
        bool known = suite == SEAL_SUITE_ED25519;
        assert_int_equal(leaf.void_reason, known ? WIRE_VOID_AUTHOR : WIRE_VOID_SIGNATURE);
        buf_done(&bytes);
        hub_push_free(push);
        town_event_done(&event);
    }
    signer_free(stranger.signer);
}

static void test_gap_and_fork(void **state)
{
    struct town *town = *state;
    struct town_act act;
    struct town_event event;
    contact(town, 6);
    struct author_chain before = town->chain;
    open_case(&act, 6);
    town_write(town, &town->worker, &act, &event);
    struct hub_push *push = town_push(town, &event, 1, town->chain.seq + 1);
    assert_false(hub_push_accepted(push));
    hub_push_free(push);
    push = town_push(town, &event, 1, town->chain.seq);
    assert_true(hub_push_accepted(push));
    hub_push_free(push);
    town_event_done(&event);
    uint64_t evidence = hub_evidence_count(town->hub);
    town->chain = before;
    open_case(&act, 7);
    town_write(town, &town->worker, &act, &event);
    push = town_push(town, &event, 1, town->chain.seq);
    assert_false(hub_push_accepted(push));
    assert_int_equal(hub_evidence_count(town->hub), evidence + 1);
    hub_push_free(push);
    town_event_done(&event);
}

/* Why a push was refused; NONE: it was answered. Frees it. */
/* Three pushes of one line are answered by one frame, though another one came in between. */
static void test_pushes_answered_together(void **state)
{
    struct town *town = *state;
    struct hub_push *push[4];
    struct wire_arena arena;
    struct town_act act;
    struct sync_frame *frame = calloc(1, sizeof *frame);
    uint64_t size = hub_size(town->hub);
    for (size_t i = 0; i < 3; i++) {
        struct town_event event;
        town_act(&act, WIRE_CONTACT, 70 + (uint32_t)i, CONTACT_RECEIVED);
        town_number(&act, FIELD_channel, 0, 1);
        town_text(&act, FIELD_item, 0, "I51");
        act.sealed_labels = 2;
        town_write(town, &town->worker, &act, &event);
        push[i == 2 ? 3 : i] = town_push_make(town, &event, 1, town->chain.seq);
        hub_push_set_line(push[i == 2 ? 3 : i], 7);
        if (i == 0) {
            push[2] = town_push_make(town, &event, 1, town->chain.seq);
            hub_push_set_line(push[2], 8); /* the same, over a line of before */
        }
        town_event_done(&event);
    }
    for (size_t i = 0; i < 4; i++) {
        hub_push_check(town->hub, push[i]);
    }
    assert_int_equal(hub_ingest(town->hub, push, 4, town->now_ms), ERR_NONE);
    assert_int_equal(hub_size(town->hub), size + 3);
    assert_int_equal(hub_push_reply_view(push[0]).size, 0);
    assert_int_equal(hub_push_reply_view(push[1]).size, 0);
    assert_int_equal(wire_arena_init(&arena, WIRE_FRAME_ARENA), ERR_NONE);
    assert_int_equal(wire_frame_decode(hub_push_reply_view(push[3]), &arena, frame), ERR_NONE);
    assert_int_equal(frame->kind, SYNC_ANSWER);
    assert_int_equal(frame->answer.count, 3);
    assert_int_equal(frame->answer.first_index, size);
    assert_int_equal(frame->answer.first_seq, town->chain.seq - 2);
    assert_int_equal(wire_frame_decode(hub_push_reply_view(push[2]), &arena, frame), ERR_NONE);
    assert_int_equal(frame->answer.count, 1);
    assert_int_equal(frame->answer.first_index, size);
    for (size_t i = 0; i < 4; i++) {
        assert_true(hub_push_accepted(push[i]));
        assert_int_equal(hub_push_count(push[i]), 1);
        hub_push_free(push[i]);
    }
    wire_arena_done(&arena);
    free(frame);
}

static enum sync_nack_reason reason_of(struct hub_push *push)
{
    struct wire_arena arena;
    struct sync_nack_body body = {.reason = SYNC_NACK_NONE};
    struct sync_frame *frame = calloc(1, sizeof *frame);
    assert_int_equal(wire_arena_init(&arena, WIRE_FRAME_ARENA), ERR_NONE);
    assert_int_equal(wire_frame_decode(hub_push_reply_view(push), &arena, frame), ERR_NONE);
    if (frame->kind == SYNC_NACK) {
        assert_int_equal(wire_nack_decode(frame->nack.body, &body), ERR_NONE);
    }
    wire_arena_done(&arena);
    free(frame);
    hub_push_free(push);
    return body.reason;
}

/* The next event, pushed alone. */
static enum sync_nack_reason push_next(struct town *town, const struct town_person *person,
                                       const struct town_act *act)
{
    struct town_event event;
    town_write(town, person, act, &event);
    enum sync_nack_reason reason = reason_of(town_push(town, &event, 1, town->chain.seq));
    town_event_done(&event);
    return reason;
}

/* The first event of a life that says where the last one ended. */
static enum sync_nack_reason begin_life(struct town *town, const struct author_chain *former,
                                        uint64_t incarnation)
{
    struct town_act act;
    struct town_person device = {.signer = town->station};
    town->chain = *former;
    town->chain.incarnation = incarnation;
    town->chain.seq = 0;
    town_act(&act, WIRE_LIFE, 99, 0);
    town_number(&act, FIELD_former, 0, former->incarnation);
    town_number(&act, FIELD_former_seq, 0, former->seq);
    town_bytes(&act, FIELD_former_id, 0, former->id, LIMIT_HASH_SIZE);
    town_text(&act, FIELD_reason, 0, "restored");
    return push_next(town, &device, &act);
}

static void test_lives(void **state)
{
    struct town *town = *state;
    struct town_act act;
    struct town_event event;
    struct author_chain none = town->chain;
    contact(town, 20);
    struct author_chain before = town->chain;
    open_case(&act, 20);
    town_write(town, &town->worker, &act, &event);
    uint64_t seq = town->chain.seq;
    assert_int_equal(reason_of(town_push(town, &event, 1, seq)), SYNC_NACK_NONE);
    struct author_chain last = town->chain;
    /* A copy that knows less of the life than the hub does; an event that is no beginning. */
    assert_int_equal(begin_life(town, &before, 2), SYNC_NACK_GAP);
    struct author_chain other = last;
    other.id[0] ^= 1;
    assert_int_equal(begin_life(town, &other, 2), SYNC_NACK_GAP);
    other = last;
    other.incarnation = 2;
    assert_int_equal(begin_life(town, &other, 3), SYNC_NACK_GAP);
    town->chain = none;
    town->chain.incarnation = 2;
    open_case(&act, 21);
    assert_int_equal(push_next(town, &town->worker, &act), SYNC_NACK_GAP);
    assert_int_equal(begin_life(town, &last, 2), SYNC_NACK_NONE);
    struct author_chain second = town->chain;
    /* The former life: what is known is answered again, what is new is not taken, what differs is
     * evidence; the present life goes on. */
    uint64_t size = hub_size(town->hub);
    uint64_t evidence = hub_evidence_count(town->hub);
    town->chain = last;
    assert_int_equal(reason_of(town_push(town, &event, 1, seq)), SYNC_NACK_NONE);
    open_case(&act, 22);
    assert_int_equal(push_next(town, &town->worker, &act), SYNC_NACK_OLD_INCARNATION);
    town->chain = before;
    assert_int_equal(push_next(town, &town->worker, &act), SYNC_NACK_FORK);
    assert_int_equal(hub_evidence_count(town->hub), evidence + 1);
    assert_int_equal(hub_size(town->hub), size);
    town->chain = second;
    contact(town, 23);
    assert_int_equal(hub_size(town->hub), size + 1);
    town_event_done(&event);
}

/* A life's number that no chain of honest lives reaches does not get into the log: cut to the size
 * of a key it would stand for another life, and what both hold could not be found again. */
static void test_far_life(void **state)
{
    struct town *town = *state;
    contact(town, 24);
    struct author_chain last = town->chain;
    uint64_t size = hub_size(town->hub);
    assert_int_equal(begin_life(town, &last, last.incarnation + (UINT64_C(1) << 32)),
                     SYNC_NACK_OVERSIZE);
    assert_int_equal(begin_life(town, &last, (UINT64_C(1) << 32)), SYNC_NACK_OVERSIZE);
    assert_int_equal(hub_size(town->hub), size);
    assert_int_equal(begin_life(town, &last, UINT32_MAX), SYNC_NACK_NONE);
}

static void test_revoked_is_quarantined(void **state)
{
    struct town *town = *state;
    struct town_act act;
    town_act(&act, WIRE_PERSON, 21, PERSON_REVOKED);
    town_bytes(&act, FIELD_staff, 0, town->worker.staff, sizeof town->worker.staff);
    struct fold_verdict verdict = town_hub(town, &town->leader, &act);
    assert_int_equal(verdict.verdict, WIRE_ACCEPTED);
    open_case(&act, 8);
    struct sync_answered answered = town_station(town, &town->worker, &act);
    assert_int_equal(answered.verdict, WIRE_QUARANTINED);
}

/* A station may not fill the hub's disk: only parts that a logged event names are taken. */
static void test_unnamed_blob_is_refused(void **state)
{
    struct town *town = *state;
    struct wire_sealed_blob sealed = {.ciphertext = span_text("0123456789abcdef0123456789abcdef")};
    struct sync_blob blob = {.refused = false};
    struct wire_arena arena;
    struct buf bytes;
    struct buf reply;
    struct sync_frame *frame = calloc(1, sizeof *frame);
    buf_init(&bytes, LIMIT_BLOB_SIZE);
    buf_init(&reply, LIMIT_FRAME_SIZE);
    assert_non_null(frame);
    assert_int_equal(wire_arena_init(&arena, WIRE_FRAME_ARENA), ERR_NONE);
    assert_int_equal(wire_sealed_encode(&sealed, &bytes), ERR_NONE);
    seal_sha256(sealed.ciphertext, blob.hash);
    blob.data = buf_span(&bytes);
    assert_int_equal(hub_blob_put(town->hub, &blob, &reply), ERR_NONE);
    assert_int_equal(wire_frame_decode(buf_span(&reply), &arena, frame), ERR_NONE);
    assert_int_equal(frame->kind, SYNC_BLOB_STORED);
    assert_true(frame->blob.refused);
    buf_clear(&reply);
    assert_int_equal(hub_blob_get(town->hub, blob.hash, true, &reply), ERR_NONE);
    assert_int_equal(wire_frame_decode(buf_span(&reply), &arena, frame), ERR_NONE);
    assert_int_equal(frame->blob.data.size, 0);
    wire_arena_done(&arena);
    buf_done(&bytes);
    buf_done(&reply);
    free(frame);
}

static void test_nobody_grants_himself(void **state)
{
    struct town *town = *state;
    struct town_act act;
    town_act(&act, WIRE_PERSON, 10, PERSON_GRANTED);
    town_bytes(&act, FIELD_staff, 0, town->leader.staff, sizeof town->leader.staff);
    town_number(&act, FIELD_grants_roles, 0, ROLE_HUB_OPERATOR);
    struct fold_verdict verdict = town_hub(town, &town->leader, &act);
    assert_int_equal(verdict.refusal, REFUSAL_DIRECTORY_LEADER_ONLY);
    verdict = town_device(town, &act);
    assert_int_equal(verdict.refusal, REFUSAL_DIRECTORY_LEADER_ONLY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_case_accepted, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_wrong_role_refused, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_repeat_gives_same_answer, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_forged_event_is_void, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_unknown_suite_is_void, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_gap_and_fork, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_lives, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_far_life, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_revoked_is_quarantined, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_unnamed_blob_is_refused, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_pushes_answered_together, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_nobody_grants_himself, town_setup, town_teardown),
    };
    return cmocka_run_group_tests_name("hub", tests, NULL, NULL);
}
