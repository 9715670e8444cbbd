#include "store/kv.h"
#include "tests/support/town.h"
#include "unit.h"

/* A disk that fails for good in the middle of a commit, as store/kv.h tells of it. */
static bool failing;

enum err real_kv_commit(struct kv_txn *txn) __asm__("__real_kv_commit");
enum err wrap_kv_commit(struct kv_txn *txn) __asm__("__wrap_kv_commit");
enum err wrap_kv_commit(struct kv_txn *txn)
{
    if (failing && txn->err == ERR_NONE) {
        txn->err = ERR_STORE;
        kv_abort(txn);
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
    enum { CONTACT_RECEIVED = 1 };
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lost_store)};
    return cmocka_run_group_tests_name("hub faults", tests, NULL, NULL);
}
