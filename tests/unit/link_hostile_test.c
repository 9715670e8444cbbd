#include "link_rig.h"

#include <zmq.h>

/* --- Peers that do not keep to the rules, straight on ZeroMQ --- */

struct rough {
    void *context;
    void *socket;
};

static struct rough rough_dial_as(int type, struct rig *rig, const struct keys *keys)
{
    const int linger_ms = 0;
    const int send_ms = WAIT_MS;
    uint8_t public[LINK_KEY_SIZE] = {0};
    struct rough rough = {.context = zmq_ctx_new()};

    assert_non_null(rough.context);
    rough.socket = zmq_socket(rough.context, type);
    assert_non_null(rough.socket);
    assert_int_equal(zmq_setsockopt(rough.socket, ZMQ_LINGER, &linger_ms, sizeof linger_ms), 0);
    assert_int_equal(zmq_setsockopt(rough.socket, ZMQ_SNDTIMEO, &send_ms, sizeof send_ms), 0);
    if (keys != NULL) {
        link_curve_public(keys->secret, public);
        assert_int_equal(zmq_setsockopt(rough.socket, ZMQ_CURVE_SERVERKEY, rig->server_keys.public,
                                        LINK_KEY_SIZE),
                         0);
        assert_int_equal(zmq_setsockopt(rough.socket, ZMQ_CURVE_PUBLICKEY, public, LINK_KEY_SIZE),
                         0);
        assert_int_equal(
            zmq_setsockopt(rough.socket, ZMQ_CURVE_SECRETKEY, keys->secret, LINK_KEY_SIZE), 0);
    }
    return rough;
}

static struct rough rough_dial(struct rig *rig, const struct keys *keys)
{
    return rough_dial_as(ZMQ_DEALER, rig, keys);
}

static void rough_connect(struct rig *rig, struct rough *rough)
{
    assert_int_equal(zmq_connect(rough->socket, link_server_endpoint_view(rig->server)), 0);
}

static void rough_close(struct rough *rough)
{
    assert_int_equal(zmq_close(rough->socket), 0);
    assert_int_equal(zmq_ctx_term(rough->context), 0);
}

static void more_parts_are_dropped(void **state)
{
    struct rig *rig = *state;
    struct link_frame frame = {0};
    struct rough rough = rough_dial(rig, &rig->keys[0]);

    assert_int_equal(link_server_allow(rig->server, rig->keys[0].public, "alpha"), ERR_NONE);
    rough_connect(rig, &rough);
    assert_int_equal(zmq_send(rough.socket, "", 0, ZMQ_SNDMORE), 0);
    assert_int_equal(zmq_send(rough.socket, "b", 1, ZMQ_SNDMORE), 1);
    assert_int_equal(zmq_send(rough.socket, "c", 1, 0), 1);
    assert_int_equal(zmq_send(rough.socket, "good", 4, 0), 4);
    server_wait(rig, &frame);
    assert_span(frame.payload, "good");
    assert_string_equal(frame.user, "alpha");
    assert_int_equal(counts_of(rig).dropped_shape, 1);
    rough_close(&rough);
}

static void larger_frames_end_the_connection(void **state)
{
    struct rig *rig = *state;
    struct link_frame frame = {0};
    struct rough rough = rough_dial(rig, &rig->keys[0]);
    char *bytes = calloc(1, 2 * LIMIT_FRAME_SIZE);

    assert_non_null(bytes);
    assert_int_equal(link_server_allow(rig->server, rig->keys[0].public, "alpha"), ERR_NONE);
    rough_connect(rig, &rough);
    assert_int_equal(zmq_send(rough.socket, "small", 5, 0), 5);
    server_wait(rig, &frame);
    /* Within the room left for CURVE: dropped here. Beyond: cut off by libzmq. */
    assert_int_equal(zmq_send(rough.socket, bytes, LIMIT_FRAME_SIZE + 1, 0), LIMIT_FRAME_SIZE + 1);
    for (unsigned i = 0; counts_of(rig).dropped_shape == 0; i++) {
        assert_true(i < ROUND_COUNT);
        assert_int_equal(link_server_receive(rig->server, &frame), ERR_BUSY);
        if (counts_of(rig).dropped_shape == 0) {
            rig_sleep(rig, NULL);
        }
    }
    assert_int_equal(zmq_send(rough.socket, bytes, 2 * LIMIT_FRAME_SIZE, 0), 2 * LIMIT_FRAME_SIZE);
    enum err err = ERR_NONE;
    for (unsigned i = 0; i < WAIT_MS / 5 && err != ERR_NOT_FOUND; i++) {
        assert_int_equal(link_server_receive(rig->server, &frame), ERR_BUSY);
        err = link_server_send(rig->server, &frame.peer, span_text("x"));
        (void)poll(NULL, 0, 5);
    }
    assert_int_equal(err, ERR_NOT_FOUND);
    assert_int_equal(counts_of(rig).frames, 1);
    rough_close(&rough);
    free(bytes);
}

static void peer_without_curve_gets_nowhere(void **state)
{
    struct rig *rig = *state;
    struct link_frame frame = {0};
    struct rough rough = rough_dial(rig, NULL);

    rough_connect(rig, &rough);
    /* libzmq gives up a connection for good once it saw that the other side wants CURVE, and then
     * a send would wait for ever. That is seen now or later, as the cores are free. */
    const int sent = zmq_send(rough.socket, "plain", 5, ZMQ_DONTWAIT);
    assert_true(sent == 5 || zmq_errno() == EAGAIN);
    rig_dial(rig, 0, "alpha");
    for (unsigned i = 0; i < 20; i++) {
        client_send(rig, rig->clients[0], span_text("curve"));
        server_wait(rig, &frame);
        assert_span(frame.payload, "curve");
        (void)poll(NULL, 0, 10);
    }
    assert_int_equal(counts_of(rig).admitted, 1);
    rough_close(&rough);
}

static void claimed_routing_id_gives_no_name(void **state)
{
    struct rig *rig = *state;
    struct link_frame frame = {0};
    struct link_peer mine = {0};
    struct rough rough = rough_dial(rig, &rig->keys[1]);

    rig_dial(rig, 0, "alpha");
    client_send(rig, rig->clients[0], span_text("one"));
    server_wait(rig, &frame);
    mine = frame.peer;
    assert_int_equal(link_server_allow(rig->server, rig->keys[1].public, "beta"), ERR_NONE);
    assert_int_equal(zmq_setsockopt(rough.socket, ZMQ_ROUTING_ID, "alpha", 5), 0);
    rough_connect(rig, &rough);
    assert_int_equal(zmq_send(rough.socket, "two", 3, 0), 3);
    server_wait(rig, &frame);
    assert_string_equal(frame.user, "beta");
    assert_int_equal(frame.peer.size, 5);
    assert_int_equal(link_server_send(rig->server, &mine, span_text("for alpha")), ERR_NONE);
    assert_span(client_wait(rig, rig->clients[0]), "for alpha");
    rough_close(&rough);
}

static void bell_keeps_no_topics(void **state)
{
    struct rig *rig = *state;
    struct link_bell *bell = NULL;
    struct link_client *listener = NULL;
    struct span payload = {0};
    struct rough rough = rough_dial_as(ZMQ_SUB, rig, &rig->keys[1]);
    unsigned heard_count = 0;
    char bytes[8] = "";

    assert_int_equal(link_bell_open(rig->server, "tcp://127.0.0.1:0", &bell), ERR_NONE);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(link_server_allow(rig->server, rig->keys[i].public, "alpha"), ERR_NONE);
    }
    assert_int_equal(zmq_setsockopt(rough.socket, ZMQ_SUBSCRIBE, "di", 2), 0);
    assert_int_equal(zmq_connect(rough.socket, link_bell_endpoint_view(bell)), 0);
    listener = client_open(rig, &rig->keys[0], link_bell_endpoint_view(bell), LINK_DOORBELL);
    for (unsigned i = 0; i < WAIT_MS / 5 && heard_count < 50; i++) {
        assert_int_equal(link_bell_ring(bell, span_text("ding")), ERR_NONE);
        (void)poll(NULL, 0, 5);
        heard_count += link_client_receive(listener, &payload) == ERR_NONE ? 1 : 0;
    }
    assert_int_equal(heard_count, 50);
    assert_int_equal(zmq_recv(rough.socket, bytes, sizeof bytes, ZMQ_DONTWAIT), -1);
    /* Whoever wants all is heard. */
    assert_int_equal(zmq_setsockopt(rough.socket, ZMQ_SUBSCRIBE, "", 0), 0);
    for (unsigned i = 0; i < WAIT_MS / 5 && bytes[0] == '\0'; i++) {
        assert_int_equal(link_bell_ring(bell, span_text("ding")), ERR_NONE);
        (void)poll(NULL, 0, 5);
        (void)zmq_recv(rough.socket, bytes, sizeof bytes, ZMQ_DONTWAIT);
    }
    assert_int_equal(bytes[0], 'd');
    link_client_close(listener);
    link_bell_close(bell);
    rough_close(&rough);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG(more_parts_are_dropped),
        RIG(larger_frames_end_the_connection),
        RIG(peer_without_curve_gets_nowhere),
        RIG(claimed_routing_id_gives_no_name),
        RIG(bell_keeps_no_topics),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
