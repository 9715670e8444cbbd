#include "link_rig.h"

static void keys_fit_together(void **state)
{
    uint8_t public[LINK_KEY_SIZE] = {0};
    const struct keys a = keys_make();
    const struct keys b = keys_make();
    (void)state;

    link_curve_public(a.secret, public);
    assert_memory_equal(public, a.public, LINK_KEY_SIZE);
    assert_memory_not_equal(a.secret, b.secret, LINK_KEY_SIZE);
}

static void one_context(void **state)
{
    (void)state;
    assert_int_equal(link_init(), ERR_STATE);
}

static void two_peers_are_told_apart(void **state)
{
    struct rig *rig = *state;
    struct link_frame frame = {0};
    struct link_peer peers[2] = {{0}};

    rig_dial(rig, 0, "alpha");
    rig_dial(rig, 1, "beta");
    client_send(rig, rig->clients[0], span_text("from alpha"));
    server_wait(rig, &frame);
    assert_string_equal(frame.user, "alpha");
    assert_span(frame.payload, "from alpha");
    peers[0] = frame.peer;
    client_send(rig, rig->clients[1], span_text("from beta"));
    server_wait(rig, &frame);
    assert_string_equal(frame.user, "beta");
    assert_span(frame.payload, "from beta");
    peers[1] = frame.peer;
    assert_int_equal(link_server_send(rig->server, &peers[1], span_text("to beta")), ERR_NONE);
    assert_int_equal(link_server_send(rig->server, &peers[0], span_text("to alpha")), ERR_NONE);
    assert_span(client_wait(rig, rig->clients[0]), "to alpha");
    assert_span(client_wait(rig, rig->clients[1]), "to beta");
    wait_status(rig, rig->clients[0], LINK_CONNECTED);
    assert_int_equal(counts_of(rig).admitted, 2);
    assert_int_equal(counts_of(rig).frames, 2);
    assert_int_equal(counts_of(rig).refused, 0);
}

static void sizes_at_the_border(void **state)
{
    struct rig *rig = *state;
    struct link_frame frame = {0};
    uint8_t *bytes = malloc(LIMIT_FRAME_SIZE + 1);

    assert_non_null(bytes);
    memset(bytes, 0x5a, LIMIT_FRAME_SIZE + 1);
    rig_dial(rig, 0, "alpha");
    client_send(rig, rig->clients[0], span_of(bytes, LIMIT_FRAME_SIZE));
    server_wait(rig, &frame);
    assert_true(span_equal(frame.payload, span_of(bytes, LIMIT_FRAME_SIZE)));
    client_send(rig, rig->clients[0], span_of(NULL, 0));
    server_wait(rig, &frame);
    assert_int_equal(frame.payload.size, 0);
    assert_int_equal(link_client_send(rig->clients[0], span_of(bytes, LIMIT_FRAME_SIZE + 1)),
                     ERR_LIMIT);
    assert_int_equal(
        link_server_send(rig->server, &frame.peer, span_of(bytes, LIMIT_FRAME_SIZE + 1)),
        ERR_LIMIT);
    assert_int_equal(link_server_send(rig->server, &frame.peer, span_of(bytes, LIMIT_FRAME_SIZE)),
                     ERR_NONE);
    assert_int_equal(client_wait(rig, rig->clients[0]).size, LIMIT_FRAME_SIZE);
    free(bytes);
}

static void unknown_key_is_refused_until_allowed(void **state)
{
    struct rig *rig = *state;
    struct link_frame frame = {0};

    rig->clients[0] = client_dial(rig, &rig->keys[0]);
    wait_status(rig, rig->clients[0], LINK_REFUSED);
    assert_true(counts_of(rig).refused >= 1);
    assert_int_equal(counts_of(rig).admitted, 0);
    assert_int_equal(link_client_send(rig->clients[0], span_text("x")), ERR_BUSY);
    assert_int_equal(link_server_allow(rig->server, rig->keys[0].public, "alpha"), ERR_NONE);
    assert_int_equal(link_client_reconnect(rig->clients[0]), ERR_NONE);
    client_send(rig, rig->clients[0], span_text("now"));
    server_wait(rig, &frame);
    assert_string_equal(frame.user, "alpha");
}

/* The clock is the test's: no wait happens, each is looked at. */
static void refused_client_dials_again(void **state)
{
    struct rig *rig = *state;
    struct link_frame frame = {0};
    struct link_client *client = rig->clients[0] = client_dial(rig, &rig->keys[0]);
    uint64_t now_ms = 1000;

    assert_int_equal(link_client_tend(client, now_ms), 0);
    for (unsigned refusals = 0; refusals < 3; refusals++) {
        const uint64_t most_ms = refusals == 0 ? RETRY_MS : 2 * RETRY_MS;
        wait_status(rig, client, LINK_REFUSED);
        assert_int_equal(link_client_tend(client, now_ms), refusals);
        assert_int_equal(link_client_tend(client, now_ms + most_ms / 2 - 1), refusals);
        assert_int_equal(link_client_status(client), LINK_REFUSED);
        now_ms += most_ms;
        assert_int_equal(link_client_tend(client, now_ms), refusals + 1);
    }
    wait_status(rig, client, LINK_REFUSED);
    assert_int_equal(counts_of(rig).refused, 4);
    assert_int_equal(link_server_allow(rig->server, rig->keys[0].public, "alpha"), ERR_NONE);
    assert_int_equal(link_client_tend(client, now_ms), 3);
    assert_int_equal(link_client_tend(client, now_ms + 2 * RETRY_MS), 4);
    client_send(rig, client, span_text("let in"));
    server_wait(rig, &frame);
    assert_string_equal(frame.user, "alpha");
    wait_status(rig, client, LINK_CONNECTED);
    assert_int_equal(link_client_tend(client, now_ms + 1000), 0);
}

/* Whoever did not look in between still learns that what was on its way is lost. */
static void break_is_told_once(void **state)
{
    struct rig *rig = *state;
    struct link_frame frame = {0};
    char endpoint[LINK_ENDPOINT_SIZE] = "";
    struct link_server_options options = {.endpoint = endpoint};

    rig_dial(rig, 0, "alpha");
    struct link_client *client = rig->clients[0];
    wait_status(rig, client, LINK_CONNECTED);
    memcpy(endpoint, link_server_endpoint_view(rig->server), sizeof endpoint);
    link_server_close(rig->server);
    rig->server = NULL;
    memcpy(options.secret, rig->server_keys.secret, LINK_KEY_SIZE);
    /* The port is given back a little later. */
    for (unsigned i = 0; link_server_open(&options, &rig->server) == ERR_CONFLICT; i++) {
        assert_true(i < WAIT_MS / 5);
        (void)poll(NULL, 0, 5);
    }
    assert_non_null(rig->server);
    assert_int_equal(link_server_allow(rig->server, rig->keys[0].public, "alpha"), ERR_NONE);
    /* The list was empty for a moment: a refusal may have come first. */
    for (unsigned i = 0; counts_of(rig).admitted == 0; i++) {
        assert_true(i < WAIT_MS / 5);
        (void)link_client_tend(client, i * RETRY_MS);
        (void)poll(NULL, 0, 5);
    }
    for (unsigned i = 0; link_client_send(client, span_text("again")) != ERR_NONE; i++) {
        assert_true(i < WAIT_MS / 5);
        (void)poll(NULL, 0, 5);
    }
    for (unsigned i = 0; link_server_receive(rig->server, &frame) != ERR_NONE; i++) {
        assert_true(i < WAIT_MS / 5);
        (void)poll(NULL, 0, 5);
    }
    assert_true(link_client_pending(client));
    assert_int_equal(link_client_status(client), LINK_CONNECTING);
    assert_true(link_client_pending(client));
    assert_int_equal(link_client_status(client), LINK_CONNECTED);
    assert_false(link_client_pending(client));
}

static void refusal_wakes_the_loop(void **state)
{
    struct rig *rig = *state;

    rig->clients[0] = client_dial(rig, &rig->keys[0]);
    for (unsigned i = 0; link_client_status(rig->clients[0]) != LINK_REFUSED; i++) {
        assert_true(i < ROUND_COUNT);
        rig_sleep(rig, NULL);
    }
}

static void wrong_server_key_never_connects(void **state)
{
    struct rig *rig = *state;
    struct rig other = *rig;
    struct link_frame frame = {0};

    assert_int_equal(link_server_allow(rig->server, rig->keys[0].public, "alpha"), ERR_NONE);
    other.server_keys = keys_make();
    rig->clients[0] = client_dial(&other, &rig->keys[0]);
    /* A whole conversation of the other client goes by meanwhile. */
    rig_dial(rig, 1, "beta");
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(link_client_send(rig->clients[0], span_text("x")), ERR_BUSY);
        assert_int_not_equal(link_client_status(rig->clients[0]), LINK_CONNECTED);
        client_send(rig, rig->clients[1], span_text("ping"));
        server_wait(rig, &frame);
        assert_string_equal(frame.user, "beta");
        (void)poll(NULL, 0, RETRY_MS);
    }
    assert_int_equal(counts_of(rig).admitted, 1);
}

static void revoked_key_is_refused_on_its_open_connection(void **state)
{
    struct rig *rig = *state;
    struct link_frame frame = {0};

    rig_dial(rig, 0, "alpha");
    rig_dial(rig, 1, "beta");
    client_send(rig, rig->clients[0], span_text("one"));
    server_wait(rig, &frame);
    link_server_revoke(rig->server, rig->keys[0].public);
    /* The user has a new key: that must not help the old one. */
    const struct keys fresh = keys_make();
    assert_int_equal(link_server_allow(rig->server, fresh.public, "alpha"), ERR_NONE);
    client_send(rig, rig->clients[0], span_text("two"));
    for (unsigned i = 0; counts_of(rig).dropped_user == 0; i++) {
        assert_true(i < ROUND_COUNT);
        assert_int_equal(link_server_receive(rig->server, &frame), ERR_BUSY);
        if (counts_of(rig).dropped_user == 0) {
            rig_sleep(rig, NULL);
        }
    }
    client_send(rig, rig->clients[1], span_text("three"));
    server_wait(rig, &frame);
    assert_string_equal(frame.user, "beta");
    assert_int_equal(counts_of(rig).frames, 2);
    /* Back on the list, the same connection counts again. */
    assert_int_equal(link_server_allow(rig->server, rig->keys[0].public, "gamma"), ERR_NONE);
    client_send(rig, rig->clients[0], span_text("four"));
    server_wait(rig, &frame);
    assert_string_equal(frame.user, "gamma");
    assert_span(frame.payload, "four");
}

static void list_is_bounded(void **state)
{
    struct rig *rig = *state;
    uint8_t key[LINK_KEY_SIZE] = {0};
    char user[LINK_USER_SIZE + 1] = "";

    memset(user, 'a', LINK_USER_SIZE);
    assert_int_equal(link_server_allow(rig->server, key, ""), ERR_MALFORMED);
    assert_int_equal(link_server_allow(rig->server, key, user), ERR_LIMIT);
    user[LINK_USER_SIZE - 1] = '\0';
    for (unsigned i = 0; i < LIMIT_PEER_COUNT; i++) {
        put_u32(key, i);
        assert_int_equal(link_server_allow(rig->server, key, user), ERR_NONE);
    }
    assert_int_equal(link_server_allow(rig->server, key, "again"), ERR_NONE);
    put_u32(key, LIMIT_PEER_COUNT);
    assert_int_equal(link_server_allow(rig->server, key, user), ERR_LIMIT);
    link_server_revoke(rig->server, key);
    assert_int_equal(link_server_allow(rig->server, key, user), ERR_LIMIT);
    put_u32(key, 3);
    link_server_revoke(rig->server, key);
    put_u32(key, LIMIT_PEER_COUNT);
    assert_int_equal(link_server_allow(rig->server, key, user), ERR_NONE);
}

static void gone_peer_is_not_found(void **state)
{
    struct rig *rig = *state;
    struct link_frame frame = {0};
    struct link_peer nobody = {.size = 5, .id = {0, 1, 2, 3, 4}};
    enum err err = ERR_NONE;

    assert_int_equal(link_server_send(rig->server, &nobody, span_text("x")), ERR_NOT_FOUND);
    rig_dial(rig, 0, "alpha");
    client_send(rig, rig->clients[0], span_text("bye"));
    server_wait(rig, &frame);
    link_client_close(rig->clients[0]);
    rig->clients[0] = NULL;
    for (unsigned i = 0; i < WAIT_MS / 5 && err != ERR_NOT_FOUND; i++) {
        err = link_server_send(rig->server, &frame.peer, span_text("x"));
        (void)poll(NULL, 0, 5);
    }
    assert_int_equal(err, ERR_NOT_FOUND);
}

static void slow_peer_is_busy_in_the_end(void **state)
{
    enum { FRAME_SIZE = 65536, FRAME_COUNT = 4096 };
    struct rig *rig = *state;
    struct link_frame frame = {0};
    uint8_t *bytes = calloc(1, FRAME_SIZE);
    enum err err = ERR_NONE;

    assert_non_null(bytes);
    rig_dial(rig, 0, "alpha");
    client_send(rig, rig->clients[0], span_text("hello"));
    server_wait(rig, &frame);
    for (unsigned i = 0; i < FRAME_COUNT && err == ERR_NONE; i++) {
        err = link_server_send(rig->server, &frame.peer, span_of(bytes, FRAME_SIZE));
    }
    assert_int_equal(err, ERR_BUSY);
    /* It gets what fitted, and then more again. */
    assert_int_equal(client_wait(rig, rig->clients[0]).size, FRAME_SIZE);
    for (unsigned i = 0; i < ROUND_COUNT && err == ERR_BUSY; i++) {
        (void)client_wait(rig, rig->clients[0]);
        err = link_server_send(rig->server, &frame.peer, span_text("more"));
    }
    assert_int_equal(err, ERR_NONE);
    free(bytes);
}

static void full_client_is_told_of_room(void **state)
{
    enum { FRAME_SIZE = 65536, FRAME_COUNT = 4096 };
    struct rig *rig = *state;
    struct link_frame frame = {0};
    struct link_client *client = NULL;
    uint8_t *bytes = calloc(1, FRAME_SIZE);
    enum err err = ERR_NONE;
    unsigned sent_count = 0;

    assert_non_null(bytes);
    rig_dial(rig, 0, "alpha");
    client_send(rig, rig->clients[0], span_of(bytes, FRAME_SIZE));
    while (sent_count < FRAME_COUNT && err == ERR_NONE) {
        err = link_client_send(rig->clients[0], span_of(bytes, FRAME_SIZE));
        sent_count += err == ERR_NONE ? 1 : 0;
    }
    assert_int_equal(err, ERR_BUSY);
    /* News of the connection must not stand for news of room. */
    wait_status(rig, rig->clients[0], LINK_CONNECTED);
    /* The server takes all; the client hears of it from its own descriptor, once. */
    client = rig->clients[0];
    rig->clients[0] = NULL;
    for (unsigned i = 0; i < sent_count + 1; i++) {
        server_wait(rig, &frame);
    }
    rig->clients[0] = client;
    for (unsigned i = 0; !link_client_pending(client); i++) {
        struct pollfd fd = {.fd = link_client_fd(client), .events = POLLIN};
        assert_true(i < ROUND_COUNT);
        assert_true(poll(&fd, 1, WAIT_MS) > 0);
    }
    assert_false(link_client_pending(client));
    assert_int_equal(link_client_send(client, span_text("more")), ERR_NONE);
    free(bytes);
}

static void server_restart_is_survived(void **state)
{
    struct rig *rig = *state;
    struct link_frame frame = {0};
    char endpoint[LINK_ENDPOINT_SIZE] = "";

    rig_dial(rig, 0, "alpha");
    client_send(rig, rig->clients[0], span_text("one"));
    server_wait(rig, &frame);
    memcpy(endpoint, link_server_endpoint_view(rig->server), sizeof endpoint);
    link_server_close(rig->server);
    rig->server = NULL;
    wait_status(rig, rig->clients[0], LINK_CONNECTING);
    assert_int_equal(link_client_send(rig->clients[0], span_text("lost")), ERR_BUSY);
    rig->server = server_open(&rig->server_keys, endpoint);
    assert_int_equal(link_server_allow(rig->server, rig->keys[0].public, "alpha"), ERR_NONE);
    /* The list was empty for a moment: a refusal may have come first. */
    for (unsigned i = 0; link_client_status(rig->clients[0]) != LINK_CONNECTED; i++) {
        assert_true(i < WAIT_MS / 5);
        if (link_client_status(rig->clients[0]) == LINK_REFUSED) {
            assert_int_equal(link_client_reconnect(rig->clients[0]), ERR_NONE);
        }
        (void)poll(NULL, 0, 5);
    }
    client_send(rig, rig->clients[0], span_text("two"));
    server_wait(rig, &frame);
    assert_span(frame.payload, "two");
}

static void reconnect_drops_and_dials(void **state)
{
    struct rig *rig = *state;
    struct link_frame frame = {0};
    struct link_peer before;

    rig_dial(rig, 0, "alpha");
    client_send(rig, rig->clients[0], span_text("one"));
    server_wait(rig, &frame);
    before = frame.peer;
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(link_client_reconnect(rig->clients[0]), ERR_NONE);
        client_send(rig, rig->clients[0], span_text("two"));
        server_wait(rig, &frame);
        assert_string_equal(frame.user, "alpha");
        assert_false(before.size == frame.peer.size &&
                     memcmp(before.id, frame.peer.id, before.size) == 0);
        before = frame.peer;
    }
}

static void selftest_holds(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(link_server_selftest(rig->server, WAIT_MS), ERR_NONE);
    assert_int_equal(counts_of(rig).refused, 1);
    assert_int_equal(counts_of(rig).admitted, 0);
}

static void bell_reaches_allowed_listeners(void **state)
{
    struct rig *rig = *state;
    struct link_bell *bell = NULL;
    struct link_client *refused = NULL;
    struct link_client *listener = NULL;
    struct span payload = {0};
    enum err err = ERR_BUSY;

    assert_int_equal(link_bell_open(rig->server, "tcp://127.0.0.1:0", &bell), ERR_NONE);
    assert_int_equal(link_server_allow(rig->server, rig->keys[0].public, "alpha"), ERR_NONE);
    listener = client_open(rig, &rig->keys[0], link_bell_endpoint_view(bell), LINK_DOORBELL);
    refused = client_open(rig, &rig->keys[1], link_bell_endpoint_view(bell), LINK_DOORBELL);
    wait_status(rig, refused, LINK_REFUSED);
    wait_status(rig, listener, LINK_CONNECTED);
    for (unsigned i = 0; i < WAIT_MS / 5 && err == ERR_BUSY; i++) {
        assert_int_equal(link_bell_ring(bell, span_text("the log is now 5 long")), ERR_NONE);
        (void)poll(NULL, 0, 5);
        err = link_client_receive(listener, &payload);
    }
    assert_int_equal(err, ERR_NONE);
    assert_span(payload, "the log is now 5 long");
    assert_int_equal(link_client_receive(refused, &payload), ERR_BUSY);
    assert_int_equal(link_client_send(listener, span_text("x")), ERR_STATE);
    link_client_close(listener);
    link_client_close(refused);
    link_bell_close(bell);
}

static void endpoints_are_checked(void **state)
{
    static const char *const bad[] = {
        "",
        "ipc:///tmp/x",
        "inproc://x",
        "udp://127.0.0.1:5555",
        "tcp://127.0.0.1",
        "tcp://:5555",
        "tcp://127.0.0.1:",
        "tcp://127.0.0.1:port",
        "tcp://127.0.0.1:0;127.0.0.1:5555",
    };
    struct rig *rig = *state;
    struct link_server_options options = {.endpoint = NULL};
    struct link_server *server = NULL;
    struct link_bell *bell = NULL;

    memcpy(options.secret, rig->server_keys.secret, LINK_KEY_SIZE);
    assert_int_equal(link_server_open(&options, &server), ERR_MALFORMED);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        options.endpoint = bad[i];
        assert_int_equal(link_server_open(&options, &server), ERR_MALFORMED);
        assert_int_equal(link_bell_open(rig->server, bad[i], &bell), ERR_MALFORMED);
    }
    options.endpoint = link_server_endpoint_view(rig->server);
    assert_int_equal(link_server_open(&options, &server), ERR_CONFLICT);
    assert_null(server);
    assert_null(bell);
}

static void starts_and_stops_again(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        const struct keys keys = keys_make();
        struct link_server *server = NULL;

        assert_int_equal(link_init(), ERR_NONE);
        server = server_open(&keys, "tcp://127.0.0.1:0");
        assert_int_equal(link_server_selftest(server, WAIT_MS), ERR_NONE);
        link_server_close(server);
        link_done();
    }
    link_done();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_fit_together),
        RIG(one_context),
        RIG(two_peers_are_told_apart),
        RIG(sizes_at_the_border),
        RIG(unknown_key_is_refused_until_allowed),
        RIG(refused_client_dials_again),
        RIG(break_is_told_once),
        RIG(refusal_wakes_the_loop),
        RIG(wrong_server_key_never_connects),
        RIG(revoked_key_is_refused_on_its_open_connection),
        RIG(list_is_bounded),
        RIG(gone_peer_is_not_found),
        RIG(slow_peer_is_busy_in_the_end),
        RIG(full_client_is_told_of_room),
        RIG(server_restart_is_survived),
        RIG(reconnect_drops_and_dials),
        RIG(selftest_holds),
        RIG(bell_reaches_allowed_listeners),
        RIG(endpoints_are_checked),
        cmocka_unit_test(starts_and_stops_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
