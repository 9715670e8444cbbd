#include "township-hub/peers.h"
#include "unit.h"

#include <string.h>

static const uint8_t device[LIMIT_KEY_SIZE] = {7};

static struct peer *one_peer(struct peers *peers)
{
    struct link_peer id = {.size = 5, .id = {1, 2, 3, 4, 5}};
    struct peer *peer = peers_add(peers, &id, device);
    assert_non_null(peer);
    assert_ptr_equal(peers_find(peers, &id, device), peer);
    return peer;
}

static void test_held_in_order(void **state)
{
    struct peers *peers = NULL;
    (void)state;
    assert_int_equal(peers_new(&peers), ERR_NONE);
    struct peer *peer = one_peer(peers);
    assert_int_equal(peer_held(peer).size, 0);
    assert_true(peer_hold(peer, span_text("first")));
    assert_true(peer_hold(peer, span_text("second")));
    assert_true(span_equal(peer_held(peer), span_text("first")));
    peer_release(peer);
    assert_true(peer_hold(peer, span_text("third")));
    assert_true(span_equal(peer_held(peer), span_text("second")));
    peer_release(peer);
    assert_true(span_equal(peer_held(peer), span_text("third")));
    peer_release(peer);
    assert_int_equal(peer_held(peer).size, 0);
    assert_true(peer_hold(peer, span_text("again")));
    assert_true(span_equal(peer_held(peer), span_text("again")));
    peers_free(peers);
}

/* No more than one frame of the largest size is held, in one or in many. */
static void test_held_is_bounded(void **state)
{
    static uint8_t bytes[LIMIT_FRAME_SIZE];
    struct peers *peers = NULL;
    (void)state;
    assert_int_equal(peers_new(&peers), ERR_NONE);
    struct peer *peer = one_peer(peers);
    assert_false(peer_hold(peer, span_of(bytes, sizeof bytes - 3)));
    assert_true(peer_hold(peer, span_of(bytes, sizeof bytes - 4 - 5)));
    assert_false(peer_hold(peer, span_of(bytes, 2)));
    assert_true(peer_hold(peer, span_of(bytes, 1)));
    peer_release(peer);
    assert_int_equal(peer_held(peer).size, 1);
    peer_release(peer);
    assert_true(peer_hold(peer, span_of(bytes, sizeof bytes - 4)));
    peers_free(peers);
}

/* What has been sent takes no room, even if the line never catches up. */
static void test_sent_takes_no_room(void **state)
{
    enum { PART = LIMIT_FRAME_SIZE / 3 };
    static uint8_t bytes[PART];
    struct peers *peers = NULL;
    (void)state;
    assert_int_equal(peers_new(&peers), ERR_NONE);
    struct peer *peer = one_peer(peers);
    for (uint8_t i = 0; i < 8; i++) {
        memset(bytes, i, sizeof bytes);
        assert_true(peer_hold(peer, span_of(bytes, sizeof bytes)));
        if (i > 0) {
            assert_int_equal(peer_held(peer).size, sizeof bytes);
            assert_int_equal(peer_held(peer).data[PART - 1], i - 1);
            peer_release(peer);
        }
        assert_int_equal(peer_held(peer).data[0], i);
    }
    peers_free(peers);
}

static void test_dropped_with_its_peer(void **state)
{
    struct peers *peers = NULL;
    (void)state;
    assert_int_equal(peers_new(&peers), ERR_NONE);
    struct peer *peer = one_peer(peers);
    assert_true(peer_hold(peer, span_text("old")));
    peers_drop(peers, peer);
    peer = one_peer(peers);
    assert_int_equal(peer_held(peer).size, 0);
    peers_free(peers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_held_in_order),
        cmocka_unit_test(test_held_is_bounded),
        cmocka_unit_test(test_sent_takes_no_room),
        cmocka_unit_test(test_dropped_with_its_peer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
