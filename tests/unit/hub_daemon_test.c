#include "store/kv.h"
#include "tests/support/town.h"
#include "township-hub/daemon.h"
#include "unit.h"

#include <dlfcn.h>
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The hub's daemon on a real loop and sockets, with a disk that fails for good in a commit. */

enum { PATIENCE_MS = 30000, STEP_MS = 2, CONTACT_RECEIVED = 1, MANY = 40 };

static atomic_bool failing;
static atomic_bool committing; /* a commit that will fail has begun; it ends when the loop waits */
static atomic_bool waited_for;
static atomic_bool holds; /* it ends no sooner */

enum err real_kv_commit(struct kv_txn *txn) __asm__("__real_kv_commit");
enum err wrap_kv_commit(struct kv_txn *txn) __asm__("__wrap_kv_commit");
enum err wrap_kv_commit(struct kv_txn *txn)
{
    if (!failing) {
        return real_kv_commit(txn);
    }
    committing = true;
    while (holds && !waited_for) {
        (void)sched_yield();
    }
    if (txn->err == ERR_NONE) {
        txn->err = ERR_STORE;
    }
    kv_abort(txn);
    return txn->err;
}

void real_kv_begin(struct kv *kv, bool write, struct kv_txn *ret_txn) __asm__("__real_kv_begin");
void wrap_kv_begin(struct kv *kv, bool write, struct kv_txn *ret_txn) __asm__("__wrap_kv_begin");
void wrap_kv_begin(struct kv *kv, bool write, struct kv_txn *ret_txn)
{
    if (failing && committing) {
        *ret_txn = (struct kv_txn){.kv = kv, .write = write, .err = ERR_STORE};
    } else {
        real_kv_begin(kv, write, ret_txn);
    }
}

void real_workers_wait(struct workers *workers) __asm__("__real_workers_wait");
void wrap_workers_wait(struct workers *workers) __asm__("__wrap_workers_wait");
void wrap_workers_wait(struct workers *workers)
{
    waited_for = committing;
    real_workers_wait(workers);
}

/* For LMDB, too. */
static atomic_bool sync_fails;
int fdatasync(int file) /* NOLINT(readability-inconsistent-declaration-parameter-name) */
{
    int (*next)(int) = NULL;
    void *found = dlsym(RTLD_NEXT, "fdatasync");
    memcpy(&next, &found, sizeof next);
    if (sync_fails) {
        errno = EIO;
        return -1;
    }
    return next(file);
}

struct caller {
    uint8_t public_key[LINK_KEY_SIZE];
    uint8_t secret[LINK_KEY_SIZE];
    struct link_client *client;
};

struct rig {
    struct town *town;
    struct loop *loop;
    struct daemon *daemon;
    uint8_t hub_public[LINK_KEY_SIZE];
    uint8_t hub_secret[LINK_KEY_SIZE];
    struct caller station;
    struct caller stranger; /* let in, but met for the first time while a group is written */
    unsigned step;
};

static uint64_t wall_ms(void)
{
    return 1789690000000;
}

static uint64_t mono_ms(void)
{
    return 1000;
}

static bool is_auditor(void *context, const uint8_t device[LIMIT_KEY_SIZE])
{
    (void)context;
    (void)device;
    return true;
}

static void patience_ends(void *context)
{
    (void)context;
    fail_msg("the loop goes on");
}

static void dial(struct rig *rig, struct caller *caller, const uint8_t *device)
{
    struct link_client_options options = {.kind = LINK_DIALOG,
                                          .endpoint = daemon_endpoint_view(rig->daemon),
                                          .seed = 7,
                                          .reconnect_ms = 50,
                                          .reconnect_max_ms = 100};
    link_curve_keypair(caller->public_key, caller->secret);
    assert_int_equal(daemon_allow(rig->daemon, device, caller->public_key), ERR_NONE);
    memcpy(options.server_public, rig->hub_public, LINK_KEY_SIZE);
    memcpy(options.secret, caller->secret, LINK_KEY_SIZE);
    assert_int_equal(link_client_open(&options, &caller->client), ERR_NONE);
}

static int set_up(void **state)
{
    static const uint8_t stranger[LIMIT_KEY_SIZE] = {9};
    struct rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    failing = committing = waited_for = holds = false;
    rig->town = town_open(1789689600000);
    assert_int_equal(loop_new(&rig->loop), ERR_NONE);
    assert_int_equal(link_init(), ERR_NONE);
    link_curve_keypair(rig->hub_public, rig->hub_secret);
    struct daemon_options options = {.loop = rig->loop,
                                     .hub = rig->town->hub,
                                     .hub_id = rig->town->hub_id,
                                     .curve_secret = rig->hub_secret,
                                     .endpoint = "tcp://127.0.0.1:0",
                                     .bell_endpoint = "tcp://127.0.0.1:0",
                                     .worker_count = 1,
                                     .wall_ms = wall_ms,
                                     .mono_ms = mono_ms,
                                     .is_auditor = is_auditor};
    assert_int_equal(daemon_open(&options, &rig->daemon), ERR_NONE);
    dial(rig, &rig->station, rig->town->chain.device);
    dial(rig, &rig->stranger, stranger);
    assert_int_equal(loop_add_timer(rig->loop, PATIENCE_MS, 0, patience_ends, NULL, NULL),
                     ERR_NONE);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    daemon_close(rig->daemon);
    link_client_close(rig->station.client);
    link_client_close(rig->stranger.client);
    link_done();
    loop_free(rig->loop);
    failing = false;
    town_close(rig->town);
    free(rig);
    return 0;
}

static void say_hello(const struct rig *rig, const struct caller *caller, enum sync_role role)
{
    struct buf bytes;
    struct sync_frame *frame = calloc(1, sizeof *frame);
    assert_non_null(frame);
    buf_init(&bytes, LIMIT_FRAME_SIZE);
    frame->kind = SYNC_HELLO;
    frame->hello.version = SYNC_VERSION;
    frame->hello.role = role;
    frame->hello.incarnation = 1;
    frame->hello.greeting = 1;
    memcpy(frame->hello.hub, rig->town->hub_id, LIMIT_ID_SIZE);
    assert_int_equal(wire_frame_encode(frame, &bytes), ERR_NONE);
    assert_int_equal(link_client_send(caller->client, buf_span(&bytes)), ERR_NONE);
    buf_done(&bytes);
    free(frame);
}

/* At most MANY events in one frame: enough of them take a room that is used again. */
static void push_some(struct rig *rig, size_t count)
{
    struct town *town = rig->town;
    struct town_event events[MANY];
    struct town_act act;
    struct buf bytes;
    uint64_t first = town->chain.seq + 1;
    for (size_t i = 0; i < count; i++) {
        town_act(&act, WIRE_CONTACT, (uint32_t)town->chain.seq + 2, CONTACT_RECEIVED);
        town_number(&act, FIELD_channel, 0, 1);
        town_text(&act, FIELD_item, 0, "I51");
        act.sealed_labels = 2;
        town_write(town, &town->worker, &act, &events[i]);
    }
    buf_init(&bytes, LIMIT_FRAME_SIZE);
    town_push_frame(town, events, count, first, &bytes);
    assert_int_equal(link_client_send(rig->station.client, buf_span(&bytes)), ERR_NONE);
    buf_done(&bytes);
    for (size_t i = 0; i < count; i++) {
        town_event_done(&events[i]);
    }
}

static bool is_connected(const struct caller *caller)
{
    (void)link_client_pending(caller->client);
    return link_client_status(caller->client) == LINK_CONNECTED;
}

static bool has_answer(const struct caller *caller)
{
    struct span payload;
    return link_client_receive(caller->client, &payload) == ERR_NONE;
}

/* The station greets and pushes; while that is written, somebody calls for the first time. */
static void call_meanwhile(void *context)
{
    struct rig *rig = context;
    if (rig->step == 0 && is_connected(&rig->station) && is_connected(&rig->stranger)) {
        say_hello(rig, &rig->station, SYNC_ROLE_STATION);
        rig->step++;
    } else if (rig->step == 1 && has_answer(&rig->station)) {
        failing = holds = true;
        push_some(rig, 1);
        rig->step++;
    } else if (rig->step == 2 && committing) {
        say_hello(rig, &rig->stranger, SYNC_ROLE_AUDITOR);
        rig->step++;
    }
}

/* Whoever calls when the store is lost is not looked up in it: the loop ends. */
static void test_lost_by_a_group(void **state)
{
    struct rig *rig = *state;
    uint64_t timer = 0;
    assert_int_equal(loop_add_timer(rig->loop, STEP_MS, STEP_MS, call_meanwhile, rig, &timer),
                     ERR_NONE);
    assert_int_equal(loop_run(rig->loop), ERR_NONE);
    assert_int_equal(rig->step, 3);
    assert_true(hub_is_lost(rig->town->hub));
    assert_false(daemon_settle(rig->daemon));
    assert_false(has_answer(&rig->station));
}

/* As a command does. */
static void write_own_event(void *context)
{
    struct rig *rig = context;
    struct values facts;
    struct fold_verdict verdict;
    uint8_t id[LIMIT_HASH_SIZE];
    struct author_draft draft = {.payload = WIRE_CLOCK_STEP, .facts = &facts};
    if (!daemon_settle(rig->daemon)) {
        return;
    }
    values_clear(&facts);
    values_set_number(&facts, FIELD_before_ms, 0, wall_ms());
    values_set_number(&facts, FIELD_after_ms, 0, wall_ms() + 5000);
    memcpy(draft.record, signer_key_id_view(rig->town->hub_signer), sizeof draft.record);
    draft.claimed_ms = wall_ms();
    failing = true;
    assert_int_equal(
        hub_submit(rig->town->hub, &draft, rig->town->hub_signer, wall_ms(), &verdict, id),
        ERR_STORE);
    assert_true(hub_is_lost(rig->town->hub));
}

static void test_lost_by_a_command(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(loop_add_timer(rig->loop, STEP_MS, 0, write_own_event, rig, NULL), ERR_NONE);
    assert_int_equal(loop_run(rig->loop), ERR_NONE);
    assert_true(hub_is_lost(rig->town->hub));
    assert_false(daemon_settle(rig->daemon));
}

/* As any commit does in which no event is written. */
static void store_blob(void *context)
{
    struct rig *rig = context;
    uint8_t hash[LIMIT_HASH_SIZE];
    sync_fails = true;
    assert_int_equal(hub_blob_add(rig->town->hub, span_text("text"), hash), ERR_STORE);
    sync_fails = false;
}

static void test_lost_by_a_blob(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(loop_add_timer(rig->loop, STEP_MS, 0, store_blob, rig, NULL), ERR_NONE);
    assert_int_equal(loop_run(rig->loop), ERR_NONE);
    assert_true(hub_is_lost(rig->town->hub));
    assert_false(daemon_settle(rig->daemon));
}

/* --- Groups and all else at once --- */

enum { EVENTS = 900, ROUND = 4, ON_WAY = 16 * MANY, PULLS_ON_WAY = 4 };

struct exchange {
    struct rig *rig;
    struct wire_arena arena;
    struct sync_frame frame;
    uint64_t answered;
    unsigned own_events;
    unsigned pulls;
    unsigned batches;
    unsigned round;
};

static void hear(struct exchange *exchange)
{
    const struct sync_answer *answer = &exchange->frame.answer;
    if (exchange->frame.kind == SYNC_BATCH) {
        exchange->batches++;
        return;
    }
    assert_int_equal(exchange->frame.kind, SYNC_ANSWER);
    assert_int_equal(answer->first_seq, exchange->answered + 1);
    for (uint32_t i = 0; i < answer->count; i++) {
        assert_int_equal(answer->answers[i].verdict, WIRE_ACCEPTED);
    }
    exchange->answered += answer->count;
}

static void pull(struct exchange *exchange)
{
    struct buf bytes;
    struct sync_frame *frame = calloc(1, sizeof *frame);
    assert_non_null(frame);
    buf_init(&bytes, LIMIT_FRAME_SIZE);
    frame->kind = SYNC_PULL;
    frame->pull = (struct sync_pull){.feed = SYNC_FEED_COMMON, .from = 1, .count = 10};
    assert_int_equal(wire_frame_encode(frame, &bytes), ERR_NONE);
    assert_int_equal(link_client_send(exchange->rig->station.client, buf_span(&bytes)), ERR_NONE);
    exchange->pulls++;
    buf_done(&bytes);
    free(frame);
}

static void own_event(struct exchange *exchange)
{
    struct town_act act;
    assert_true(daemon_settle(exchange->rig->daemon));
    town_act(&act, WIRE_CLOCK_STEP, 5000 + exchange->own_events, 0);
    town_number(&act, FIELD_before_ms, 0, 1);
    town_number(&act, FIELD_after_ms, 0, 2);
    assert_int_equal(town_device(exchange->rig->town, &act).verdict, WIRE_ACCEPTED);
    daemon_ring(exchange->rig->daemon);
    exchange->own_events++;
}

static void talk(struct exchange *exchange)
{
    struct span payload;
    const struct town *town = exchange->rig->town;
    while (link_client_receive(exchange->rig->station.client, &payload) == ERR_NONE) {
        assert_int_equal(wire_frame_decode(payload, &exchange->arena, &exchange->frame), ERR_NONE);
        hear(exchange);
    }
    for (int i = 0;
         i < ROUND && town->chain.seq < EVENTS && town->chain.seq < exchange->answered + ON_WAY;
         i++) {
        push_some(exchange->rig, i % 2 == 0 ? 1 : MANY);
    }
    exchange->round++;
    if (exchange->round % 3 == 0 && exchange->pulls < exchange->batches + PULLS_ON_WAY &&
        exchange->answered < EVENTS) {
        pull(exchange);
    }
    if (exchange->round % 4 == 0 && exchange->answered < EVENTS) {
        own_event(exchange);
    }
    if (exchange->answered == town->chain.seq && exchange->answered >= EVENTS &&
        exchange->batches == exchange->pulls) {
        loop_stop(exchange->rig->loop);
    }
}

static void greet_then_talk(void *context)
{
    struct exchange *exchange = context;
    struct rig *rig = exchange->rig;
    if (rig->step == 0 && is_connected(&rig->station)) {
        say_hello(rig, &rig->station, SYNC_ROLE_STATION);
        rig->step++;
    } else if (rig->step == 1 && has_answer(&rig->station)) {
        rig->step++;
    } else if (rig->step == 2) {
        talk(exchange);
    }
}

/* Pushes, pulls and the hub's own events between one another: each is answered, in order, and all
 * of it stands in the log. */
static void test_all_at_once(void **state)
{
    struct rig *rig = *state;
    struct exchange *exchange = calloc(1, sizeof *exchange);
    struct kv_txn txn;
    struct log_head head;
    uint64_t timer = 0;
    uint64_t size = hub_size(rig->town->hub);
    assert_non_null(exchange);
    exchange->rig = rig;
    assert_int_equal(wire_arena_init(&exchange->arena, WIRE_FRAME_ARENA), ERR_NONE);
    assert_int_equal(loop_add_timer(rig->loop, STEP_MS, STEP_MS, greet_then_talk, exchange, &timer),
                     ERR_NONE);
    assert_int_equal(loop_run(rig->loop), ERR_NONE);
    assert_true(daemon_settle(rig->daemon));
    assert_int_equal(hub_size(rig->town->hub), size + exchange->answered + exchange->own_events);
    assert_true(exchange->own_events > 0);
    kv_begin(rig->town->kv, false, &txn);
    assert_true(log_head_get(&hub_fold(rig->town->hub)->log, &txn, rig->town->chain.device, &head));
    kv_abort(&txn);
    assert_int_equal(head.seq, exchange->answered);
    wire_arena_done(&exchange->arena);
    free(exchange);
}

/* Ends with pushes in every state: being received, checked, written. */
static void push_then_stop(void *context)
{
    struct rig *rig = context;
    if (rig->step == 0 && is_connected(&rig->station)) {
        say_hello(rig, &rig->station, SYNC_ROLE_STATION);
        rig->step++;
    } else if (rig->step == 1 && has_answer(&rig->station)) {
        for (int i = 0; i < 2 * ROUND; i++) {
            push_some(rig, MANY);
        }
        rig->step++;
    } else if (rig->step == 2 && has_answer(&rig->station)) {
        loop_stop(rig->loop);
        rig->step++;
    }
}

static void test_closed_with_pushes_on_their_way(void **state)
{
    struct rig *rig = *state;
    uint64_t timer = 0;
    assert_int_equal(loop_add_timer(rig->loop, STEP_MS, STEP_MS, push_then_stop, rig, &timer),
                     ERR_NONE);
    assert_int_equal(loop_run(rig->loop), ERR_NONE);
    assert_int_equal(rig->step, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lost_by_a_group, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lost_by_a_command, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_lost_by_a_blob, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_all_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_closed_with_pushes_on_their_way, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("hub daemon", tests, NULL, NULL);
}
