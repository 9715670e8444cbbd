#include "base/check.h"
#include "link/internal.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include <zmq.h>

enum {
    CLIENT_HWM = 64,
    CLIENT_HANDSHAKE_MS = 20000, /* patience on a satellite link; nobody floods a client */
    CONNECT_TIMEOUT_MS = 30000,
    RECONNECT_MIN_MS = 1000,
    RECONNECT_SPREAD_MS = 4000,
    RECONNECT_MAX_MS = 300000,
    RECEIVE_TRY_COUNT = 64,
};

struct link_client {
    void *socket;
    void *monitor;
    int poll_fd; /* over the descriptors of both; stays when they are made anew */
    struct link_client_options options;
    char endpoint[LINK_ENDPOINT_SIZE];
    enum link_status status;
    enum link_status status_told;  /* by link_client_pending */
    enum link_status status_given; /* by link_client_status */
    bool broken;                   /* the connection broke, and nobody was told yet */
    bool send_refused;             /* ERR_BUSY, and nobody was told yet that there is room again */
    uint64_t random;               /* of the waits below */
    unsigned refusals;             /* in a row */
    uint64_t redial_ms;            /* after a refusal; 0: not yet set */
    zmq_msg_t payload;             /* always initialized */
};

static void client_complete_options(struct link_client *client)
{
    struct link_client_options *options = &client->options;

    options->endpoint = client->endpoint;
    if (options->reconnect_ms == 0) {
        options->reconnect_ms = RECONNECT_MIN_MS + options->seed % (RECONNECT_SPREAD_MS + 1);
    }
    if (options->reconnect_max_ms == 0) {
        options->reconnect_max_ms = RECONNECT_MAX_MS;
    }
    if (options->heartbeat_ms == 0) {
        options->heartbeat_ms = LINK_HEARTBEAT_MS;
    }
}

static enum err client_set_options(struct link_client *client)
{
    const struct link_client_options *options = &client->options;
    const struct link_socket_limits limits = {
        .hwm = CLIENT_HWM,
        .handshake_ms = CLIENT_HANDSHAKE_MS,
        .heartbeat_ms = (int)options->heartbeat_ms,
    };
    const struct link_option values[] = {
        {ZMQ_IMMEDIATE, 1},
        {ZMQ_CONNECT_TIMEOUT, CONNECT_TIMEOUT_MS},
        {ZMQ_RECONNECT_IVL, (int)options->reconnect_ms},
        {ZMQ_RECONNECT_IVL_MAX, (int)options->reconnect_max_ms},
        {ZMQ_IPV6, strchr(client->endpoint, '[') != NULL ? 1 : 0},
    };
    enum err err = link_options_bound(client->socket, &limits);

    if (err == ERR_NONE) {
        err = link_options_client(client->socket, options->secret, options->server_public);
    }
    if (err == ERR_NONE) {
        err = link_options_set(client->socket, values, sizeof values / sizeof values[0]);
    }
    if (err == ERR_NONE && options->kind == LINK_DOORBELL &&
        zmq_setsockopt(client->socket, ZMQ_SUBSCRIBE, "", 0) != 0) {
        err = ERR_IO;
    }
    return err;
}

static enum err client_watch(struct link_client *client)
{
    struct epoll_event event = {.events = EPOLLIN};
    void *const sockets[] = {client->socket, client->monitor};

    for (size_t i = 0; i < sizeof sockets / sizeof sockets[0]; i++) {
        if (epoll_ctl(client->poll_fd, EPOLL_CTL_ADD, link_option_fd(sockets[i]), &event) != 0) {
            return ERR_IO;
        }
    }
    return ERR_NONE;
}

static void client_hang_up(struct link_client *client)
{
    void *const sockets[] = {client->socket, client->monitor};

    for (size_t i = 0; i < sizeof sockets / sizeof sockets[0]; i++) {
        if (sockets[i] != NULL) {
            (void)epoll_ctl(client->poll_fd, EPOLL_CTL_DEL, link_option_fd(sockets[i]), NULL);
        }
    }
    (void)zmq_msg_close(&client->payload);
    CHECK(zmq_msg_init(&client->payload) == 0);
    link_monitor_close(client->monitor, client->socket);
    link_socket_close(client->socket);
    client->monitor = NULL;
    client->socket = NULL;
}

static enum err client_dial(struct link_client *client)
{
    enum err err = ERR_IO;

    client->status = LINK_CONNECTING;
    client->broken = true;
    client->send_refused = false;
    client->socket = link_socket_open(client->options.kind == LINK_DIALOG ? ZMQ_DEALER : ZMQ_SUB);
    if (client->socket != NULL) {
        err = client_set_options(client);
    }
    if (err == ERR_NONE) {
        client->monitor = link_monitor_open(client->socket);
        err = client->monitor != NULL ? client_watch(client) : ERR_IO;
    }
    if (err == ERR_NONE && zmq_connect(client->socket, client->endpoint) != 0) {
        err = zmq_errno() == EINVAL ? ERR_MALFORMED : ERR_IO;
    }
    if (err != ERR_NONE) {
        client_hang_up(client);
        client->status = LINK_REFUSED;
    }
    return err;
}

enum err link_client_open(const struct link_client_options *options,
                          struct link_client **ret_client)
{
    enum err err = link_endpoint_check(options->endpoint);
    struct link_client *client = NULL;

    if (err != ERR_NONE) {
        return err;
    }
    client = calloc(1, sizeof *client);
    if (client == NULL) {
        return ERR_MEMORY;
    }
    CHECK(zmq_msg_init(&client->payload) == 0);
    client->options = *options;
    memcpy(client->endpoint, options->endpoint, strlen(options->endpoint) + 1);
    client_complete_options(client);
    client->random = options->seed;
    client->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    err = client->poll_fd >= 0 ? client_dial(client) : ERR_IO;
    if (err != ERR_NONE) {
        link_client_close(client);
        return err;
    }
    *ret_client = client;
    return ERR_NONE;
}

void link_client_close(struct link_client *client)
{
    if (client == NULL) {
        return;
    }
    client_hang_up(client);
    (void)zmq_msg_close(&client->payload);
    if (client->poll_fd >= 0) {
        (void)close(client->poll_fd);
    }
    explicit_bzero(client->options.secret, sizeof client->options.secret);
    free(client);
}

/* libzmq gives a connection up for good after a refusal or a broken protocol: then a
 * "disconnected" stands without the "retried" that otherwise follows it. */
static void client_note(struct link_client *client, int event)
{
    switch (event) {
    case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
        client->status = LINK_CONNECTED;
        client->status_told = client->broken ? LINK_CONNECTING : client->status_told;
        client->refusals = 0;
        client->redial_ms = 0;
        break;
    case ZMQ_EVENT_CONNECT_DELAYED:
    case ZMQ_EVENT_CONNECT_RETRIED:
        client->status = LINK_CONNECTING;
        break;
    case ZMQ_EVENT_DISCONNECTED:
    case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
    case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
        client->broken = true;
        client->status = LINK_REFUSED;
        break;
    default:
        break;
    }
}

void link_client_wait(struct link_client *client, uint32_t wait_ms)
{
    int event = link_monitor_next(client->monitor, (long)wait_ms);

    while (event != 0) {
        client_note(client, event);
        event = link_monitor_next(client->monitor, 0);
    }
}

enum link_status link_client_status(struct link_client *client)
{
    link_client_wait(client, 0);
    const bool hidden = client->broken && client->status == LINK_CONNECTED &&
                        client->status_given == LINK_CONNECTED;
    client->broken = false;
    client->status_given = hidden ? LINK_CONNECTING : client->status;
    client->status_told = client->status_given;
    return client->status_given;
}

enum err link_client_reconnect(struct link_client *client)
{
    /* A fresh socket: the old one could still take a frame and lose it. */
    client_hang_up(client);
    return client_dial(client);
}

/* Half to all of the wait of that refusal; SplitMix64. */
static uint64_t client_redial_wait_ms(struct link_client *client)
{
    uint64_t wait_ms = client->options.reconnect_ms;

    for (unsigned i = 0; i < client->refusals && wait_ms < client->options.reconnect_max_ms; i++) {
        wait_ms *= 2;
    }
    if (wait_ms > client->options.reconnect_max_ms) {
        wait_ms = client->options.reconnect_max_ms;
    }
    client->random += 0x9e3779b97f4a7c15;
    uint64_t mixed = client->random;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
    mixed ^= mixed >> 31;
    return wait_ms / 2 + mixed % (wait_ms / 2 + 1);
}

unsigned link_client_tend(struct link_client *client, uint64_t now_ms)
{
    link_client_wait(client, 0);
    if (client->status != LINK_REFUSED) {
        client->redial_ms = 0;
        return client->refusals;
    }
    if (client->redial_ms == 0) {
        client->redial_ms = now_ms + client_redial_wait_ms(client);
    } else if (now_ms >= client->redial_ms) {
        client->redial_ms = 0;
        client->refusals += client->refusals < UINT_MAX ? 1 : 0;
        const enum err err = link_client_reconnect(client);
        (void)err; /* then it stands at LINK_REFUSED again */
    }
    return client->refusals;
}

int link_client_fd(const struct link_client *client)
{
    return client->poll_fd;
}

bool link_client_pending(struct link_client *client)
{
    const int events = link_option_events(client->socket);
    bool pending = (events & ZMQ_POLLIN) != 0;

    link_client_wait(client, 0);
    if (client->send_refused && (events & ZMQ_POLLOUT) != 0) {
        client->send_refused = false;
        pending = true;
    }
    if (client->status_told != client->status) {
        client->status_told = client->status;
        pending = true;
    }
    return pending;
}

/* ERR_MALFORMED: a message was taken and dropped. */
static enum err client_receive_one(struct link_client *client, struct span *ret_payload)
{
    const int size = zmq_msg_recv(&client->payload, client->socket, ZMQ_DONTWAIT);
    bool whole = true;

    if (size < 0) {
        return zmq_errno() == EAGAIN || zmq_errno() == EINTR ? ERR_BUSY : ERR_IO;
    }
    while (zmq_msg_more(&client->payload) != 0) {
        whole = false;
        if (zmq_msg_recv(&client->payload, client->socket, ZMQ_DONTWAIT) < 0) {
            break;
        }
    }
    if (!whole || size > LIMIT_FRAME_SIZE) {
        return ERR_MALFORMED;
    }
    *ret_payload = span_of(zmq_msg_data(&client->payload), (size_t)size);
    return ERR_NONE;
}

enum err link_client_receive(struct link_client *client, struct span *ret_payload)
{
    enum err err = ERR_MALFORMED;

    link_client_wait(client, 0);
    for (unsigned i = 0; i < RECEIVE_TRY_COUNT && err == ERR_MALFORMED; i++) {
        err = client_receive_one(client, ret_payload);
    }
    return err == ERR_MALFORMED ? ERR_BUSY : err;
}

enum err link_client_send(struct link_client *client, struct span payload)
{
    int rc = -1;

    if (client->options.kind != LINK_DIALOG) {
        return ERR_STATE;
    }
    if (payload.size > LIMIT_FRAME_SIZE) {
        return ERR_LIMIT;
    }
    if (client->status != LINK_CONNECTED) {
        link_client_wait(client, 0);
    }
    /* The socket learns later than its monitor that the line is gone, and would take a frame. */
    if (client->status != LINK_CONNECTED) {
        return ERR_BUSY;
    }
    do {
        rc = zmq_send(client->socket, payload.data, payload.size, ZMQ_DONTWAIT);
    } while (rc < 0 && zmq_errno() == EINTR);
    client->send_refused = rc < 0 && zmq_errno() == EAGAIN;
    if (rc >= 0) {
        return ERR_NONE;
    }
    return client->send_refused ? ERR_BUSY : ERR_IO;
}
