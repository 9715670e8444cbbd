#ifndef JIELI_TESTS_LINK_RIG_H
#define JIELI_TESTS_LINK_RIG_H

#include "link/link.h"
#include "unit.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* A server, two clients that may be dialled, and waiting on their descriptors alone. */

/* Waits are bounded generously and fail only when something never happens. A round is woken for or
 * AWAKE_MS long: a peer that is refused and dials again some times a second wakes without end. */
enum { WAIT_MS = 20000, AWAKE_MS = 10, ROUND_COUNT = WAIT_MS / AWAKE_MS, RETRY_MS = 50 };

struct keys {
    uint8_t public[LINK_KEY_SIZE];
    uint8_t secret[LINK_KEY_SIZE];
};

struct rig {
    struct keys server_keys;
    struct link_server *server;
    struct keys keys[2];
    struct link_client *clients[2];
};

static inline struct keys keys_make(void)
{
    struct keys keys;

    link_curve_keypair(keys.public, keys.secret);
    return keys;
}

static inline struct link_server *server_open(const struct keys *keys, const char *endpoint)
{
    struct link_server_options options = {.endpoint = endpoint};
    struct link_server *server = NULL;

    memcpy(options.secret, keys->secret, LINK_KEY_SIZE);
    assert_int_equal(link_server_open(&options, &server), ERR_NONE);
    return server;
}

static inline struct link_client *client_open(const struct rig *rig, const struct keys *keys,
                                              const char *endpoint, enum link_kind kind)
{
    struct link_client_options options = {
        .kind = kind,
        .endpoint = endpoint,
        .seed = 7,
        .reconnect_ms = RETRY_MS,
        .reconnect_max_ms = 2 * RETRY_MS,
    };
    struct link_client *client = NULL;

    memcpy(options.server_public, rig->server_keys.public, LINK_KEY_SIZE);
    memcpy(options.secret, keys->secret, LINK_KEY_SIZE);
    assert_int_equal(link_client_open(&options, &client), ERR_NONE);
    return client;
}

static inline struct link_client *client_dial(const struct rig *rig, const struct keys *keys)
{
    return client_open(rig, keys, link_server_endpoint_view(rig->server), LINK_DIALOG);
}

/* Sleeps on the descriptors alone, as the loop does: a lost edge would fail the test. */
static inline void rig_sleep(struct rig *rig, struct link_client *more)
{
    struct pollfd fds[4] = {{.fd = -1}, {.fd = -1}, {.fd = -1}, {.fd = -1}};
    struct link_client *clients[] = {rig->clients[0], rig->clients[1], more};
    bool pending = false;

    if (rig->server != NULL) {
        fds[3] = (struct pollfd){.fd = link_server_fd(rig->server), .events = POLLIN};
        pending = link_server_pending(rig->server);
    }
    for (size_t i = 0; i < 3; i++) {
        if (clients[i] != NULL) {
            fds[i] = (struct pollfd){.fd = link_client_fd(clients[i]), .events = POLLIN};
            pending = link_client_pending(clients[i]) || pending;
        }
    }
    if (pending) {
        (void)poll(NULL, 0, AWAKE_MS);
    } else {
        assert_true(poll(fds, 4, WAIT_MS) > 0);
    }
}

static inline void wait_status(struct rig *rig, struct link_client *client, enum link_status status)
{
    for (unsigned i = 0; i < ROUND_COUNT && link_client_status(client) != status; i++) {
        (void)poll(NULL, 0, 5);
        if (rig->server != NULL) {
            (void)link_server_pending(rig->server);
        }
        if (i > WAIT_MS / 5) {
            fail_msg("status %d never came", (int)status);
        }
    }
    assert_int_equal(link_client_status(client), status);
}

static inline void server_wait(struct rig *rig, struct link_frame *ret)
{
    for (unsigned i = 0; i < ROUND_COUNT; i++) {
        const enum err err = link_server_receive(rig->server, ret);
        if (err == ERR_NONE) {
            return;
        }
        assert_int_equal(err, ERR_BUSY);
        rig_sleep(rig, NULL);
    }
    fail_msg("no frame");
}

static inline struct span client_wait(struct rig *rig, struct link_client *client)
{
    struct span payload = {0};

    for (unsigned i = 0; i < ROUND_COUNT; i++) {
        const enum err err = link_client_receive(client, &payload);
        if (err == ERR_NONE) {
            return payload;
        }
        assert_int_equal(err, ERR_BUSY);
        rig_sleep(rig, client);
    }
    fail_msg("no frame");
    return payload;
}

/* Until the connection takes it. */
static inline void client_send(struct rig *rig, struct link_client *client, struct span payload)
{
    for (unsigned i = 0; i < ROUND_COUNT; i++) {
        const enum err err = link_client_send(client, payload);
        if (err == ERR_NONE) {
            return;
        }
        assert_int_equal(err, ERR_BUSY);
        rig_sleep(rig, client);
    }
    fail_msg("never taken");
}

static inline void assert_span(struct span span, const char *text)
{
    assert_true(span_equal(span, span_text(text)));
}

static inline struct link_server_counts counts_of(struct rig *rig)
{
    struct link_server_counts counts = {0};

    link_server_counts(rig->server, &counts);
    return counts;
}

static inline int rig_setup(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);

    assert_non_null(rig);
    assert_int_equal(link_init(), ERR_NONE);
    rig->server_keys = keys_make();
    rig->server = server_open(&rig->server_keys, "tcp://127.0.0.1:*");
    for (size_t i = 0; i < 2; i++) {
        rig->keys[i] = keys_make();
    }
    *state = rig;
    return 0;
}

static inline int rig_teardown(void **state)
{
    struct rig *rig = *state;

    link_client_close(rig->clients[0]);
    link_client_close(rig->clients[1]);
    link_server_close(rig->server);
    link_done();
    free(rig);
    return 0;
}

static inline void rig_dial(struct rig *rig, size_t index, const char *user)
{
    const uint8_t *key = rig->keys[index].public;

    assert_int_equal(link_server_allow(rig->server, key, user), ERR_NONE);
    rig->clients[index] = client_dial(rig, &rig->keys[index]);
}

#define RIG(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

#endif
