#include "fold/parts.h"
#include "store/kv.h"
#include "tests/support/town.h"
#include "unit.h"

#include <stdlib.h>

enum { CONTACT_RECEIVED = 1, CASE_OPENED = 1, EVENTS = 4 };

/* A disk that fails for good in the middle of a commit, as store/kv.h tells of it. */
static bool failing;
static bool full; /* only one commit fails, and the store lives on */

enum err real_kv_commit(struct kv_txn *txn) __asm__("__real_kv_commit");
enum err wrap_kv_commit(struct kv_txn *txn) __asm__("__wrap_kv_commit");
enum err wrap_kv_commit(struct kv_txn *txn)
{
    if ((failing || full) && txn->err == ERR_NONE) {
        txn->err = failing ? ERR_STORE : ERR_FULL;
        kv_abort(txn);
        full = false;
        return txn->err;
    }
    return failing ? txn->err : real_kv_commit(txn);
}

void real_kv_begin(struct kv *kv, bool write, struct kv_txn *ret_txn) __asm__("__real_kv_begin");
void wrap_kv_begin(struct kv *kv, bool write, struct kv_txn *ret_txn) __asm__("__wrap_kv_begin");
void wrap_kv_begin(struct kv *kv, bool write, struct kv_txn *ret_txn)
{
    static unsigned begun;
    begun = failing ? begun + 1 : 0;
    if (begun > 1) {
        *ret_txn = (struct kv_txn){.kv = kv, .write = write, .err = ERR_STORE};
    } else {
        real_kv_begin(kv, write, ret_txn);
    }
}

/* Nothing is answered, and whoever goes on is told that he must not. */
static void test_lost_store(void **state)
{
    struct town *town = town_open(1789689600000);
    struct town_act act;
    struct town_event event;
    (void)state;
    town_contact(town, 1);
    assert_false(hub_is_lost(town->hub));
    town_act(&act, WIRE_CONTACT, 2, CONTACT_RECEIVED);
    town_number(&act, FIELD_channel, 0, 1);
    town_text(&act, FIELD_item, 0, "I51");
    town_write(town, &town->worker, &act, &event);
    struct hub_push *push = town_push_make(town, &event, 1, town->chain.seq);
    hub_push_check(town->hub, push);
    failing = true;
    assert_int_equal(hub_ingest(town->hub, &push, 1, town->now_ms), ERR_STORE);
    failing = false;
    assert_int_equal(hub_push_reply_view(push).size, 0);
    assert_true(hub_is_lost(town->hub));
    hub_push_free(push);
    town_event_done(&event);
    /* Begun again, it knows what was committed. */
    uint64_t size = hub_size(town->hub);
    town_restart(town);
    assert_false(hub_is_lost(town->hub));
    assert_int_equal(hub_size(town->hub), size);
    town_close(town);
}

/* Flips a bit of the newest leaf's event, which ends BEHIND bytes before its row does. */
static void damage_newest(struct town *town)
{
    enum { BEHIND = 2 + 2 + LIMIT_SIGNATURE_SIZE };
    struct kv_txn txn;
    struct buf row;
    uint8_t key[9] = {0};
    put_u64(key + 1, hub_size(town->hub) - 1);
    buf_init(&row, KV_VALUE_SIZE);
    kv_begin(town->kv, true, &txn);
    assert_true(kv_get(&txn, KV_LEAF, span_of(key, sizeof key), &row));
    row.data[row.size - BEHIND - 1] ^= 1;
    kv_put(&txn, KV_LEAF, span_of(key, sizeof key), buf_span(&row));
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    buf_done(&row);
}

/* What the disk spoils is no fork of who sends the event again. */
static void test_damaged_leaf(void **state)
{
    struct town *town = town_open(1789689600000);
    struct town_act act;
    struct town_event event;
    (void)state;
    town_act(&act, WIRE_CONTACT, 2, CONTACT_RECEIVED);
    town_number(&act, FIELD_channel, 0, 1);
    town_text(&act, FIELD_item, 0, "I51");
    town_write(town, &town->worker, &act, &event);
    hub_push_free(town_push(town, &event, 1, town->chain.seq));
    damage_newest(town);
    town_restart(town);
    uint64_t size = hub_size(town->hub);
    struct hub_push *push = town_push_make(town, &event, 1, town->chain.seq);
    hub_push_check(town->hub, push);
    assert_int_equal(hub_ingest(town->hub, &push, 1, town->now_ms), ERR_STORE);
    assert_int_equal(hub_push_reply_view(push).size, 0);
    assert_int_equal(hub_evidence_count(town->hub), 0);
    assert_int_equal(hub_size(town->hub), size);
    hub_push_free(push);
    town_event_done(&event);
    town_close(town);
}

/* --- Which parts are expected --- */

static void write_with_part(struct town *town, const struct town_person *person, uint32_t record,
                            uint32_t payload, struct town_event *ret)
{
    struct town_act act;
    town_act(&act, payload, record, payload == WIRE_CASE ? CASE_OPENED : CONTACT_RECEIVED);
    if (payload == WIRE_CONTACT) {
        town_number(&act, FIELD_channel, 0, 1);
    }
    town_text(&act, FIELD_item, 0, "I51");
    act.sealed_labels = 2;
    act.sealed_anew = true;
    town_write(town, person, &act, ret);
}

static bool is_expected(struct town *town, const struct town_event *event)
{
    struct wire_arena arena;
    struct wire_event *read = calloc(1, sizeof *read);
    struct kv_txn txn;
    assert_int_equal(wire_arena_init(&arena, WIRE_EVENT_ARENA), ERR_NONE);
    assert_int_equal(wire_event_decode(buf_span(&event->body), &arena, read), ERR_NONE);
    assert_int_equal(read->sealed_count, 1);
    kv_begin(town->kv, false, &txn);
    bool expected = parts_is_expected(&txn, read->sealed[0].hash);
    assert_int_equal(txn.err, ERR_NONE);
    kv_abort(&txn);
    wire_arena_done(&arena);
    free(read);
    return expected;
}

static struct hub_push *checked(struct town *town, const struct town_event *event, uint64_t seq)
{
    struct hub_push *push = town_push_make(town, event, 1, seq);
    hub_push_check(town->hub, push);
    return push;
}

static void own_event(struct town *town)
{
    struct town_act act;
    town_act(&act, WIRE_CLOCK_STEP, 5000, 0);
    town_number(&act, FIELD_before_ms, 0, 1);
    town_number(&act, FIELD_after_ms, 0, 2);
    assert_int_equal(town_device(town, &act).verdict, WIRE_ACCEPTED);
}

/* Accepted, refused, void, accepted: each with a part of its own, in one group, which first does
 * not get onto the disk; the hub's own event comes between. */
static void test_expected_are_those_of_the_log(void **state)
{
    struct town *town = town_open(1789689600000);
    struct town_event events[EVENTS];
    struct hub_push *pushes[EVENTS + 1];
    static const bool expected[EVENTS] = {true, false, false, true};
    uint64_t first = town->chain.seq + 1;
    (void)state;
    write_with_part(town, &town->worker, 1, WIRE_CONTACT, &events[0]);
    write_with_part(town, &town->agent, 2, WIRE_CASE, &events[1]); /* cites no contact */
    write_with_part(town, &town->worker, 3, WIRE_CONTACT, &events[2]);
    events[2].envelope.signature[0] ^= 1;
    write_with_part(town, &town->worker, 4, WIRE_CONTACT, &events[3]);
    uint64_t size = hub_size(town->hub);
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < EVENTS; i++) {
            pushes[i] = checked(town, &events[i], first + i);
        }
        pushes[EVENTS] = checked(town, &events[0], first); /* once more: answered, not logged */
        full = round == 0;
        enum err err = hub_ingest(town->hub, pushes, EVENTS + 1, town->now_ms);
        assert_int_equal(err, round == 0 ? ERR_FULL : ERR_NONE);
        assert_false(hub_is_lost(town->hub));
        if (round == 0) {
            own_event(town);
        }
        assert_int_equal(hub_size(town->hub), size + 1 + round * EVENTS);
        for (size_t i = 0; i < EVENTS; i++) {
            assert_int_equal(is_expected(town, &events[i]), round == 1 && expected[i]);
            hub_push_free(pushes[i]);
        }
        hub_push_free(pushes[EVENTS]);
    }
    for (size_t i = 0; i < EVENTS; i++) {
        town_event_done(&events[i]);
    }
    town_close(town);
}

/* A push that is not taken names nothing, and what was collected for one group is not the next
 * one's; a quarantined event may bring its part. */
static void test_refused_pushes_expect_nothing(void **state)
{
    struct town *town = town_open(1789689600000);
    struct town_event gap;
    struct town_event quarantined;
    struct town_act act;
    (void)state;
    struct author_chain before = town->chain;
    write_with_part(town, &town->worker, 1, WIRE_CONTACT, &gap);
    town_event_done(&gap);
    write_with_part(town, &town->worker, 2, WIRE_CONTACT, &gap);
    struct hub_push *push = checked(town, &gap, town->chain.seq);
    assert_int_equal(hub_ingest(town->hub, &push, 1, town->now_ms), ERR_NONE);
    assert_false(hub_push_accepted(push));
    assert_false(is_expected(town, &gap));
    hub_push_free(push);
    town->chain = before;
    town_act(&act, WIRE_PERSON, 21, PERSON_REVOKED);
    town_bytes(&act, FIELD_staff, 0, town->worker.staff, sizeof town->worker.staff);
    assert_int_equal(town_hub(town, &town->leader, &act).verdict, WIRE_ACCEPTED);
    write_with_part(town, &town->worker, 3, WIRE_CONTACT, &quarantined);
    push = town_push(town, &quarantined, 1, town->chain.seq);
    assert_true(hub_push_accepted(push));
    assert_true(is_expected(town, &quarantined));
    assert_false(is_expected(town, &gap));
    hub_push_free(push);
    town_event_done(&quarantined);
    town_event_done(&gap);
    town_close(town);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lost_store),
                                       cmocka_unit_test(test_damaged_leaf),
                                       cmocka_unit_test(test_expected_are_those_of_the_log),
                                       cmocka_unit_test(test_refused_pushes_expect_nothing)};
    return cmocka_run_group_tests_name("hub faults", tests, NULL, NULL);
}
