#include "base/check.h"
#include "link/internal.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

enum {
    /* Frames per connection and direction: LIMIT_PEER_COUNT peers must fit into the hub. */
    SERVER_HWM = 16,
    /* Frames dropped within one call; then the loop gets its turn. */
    RECEIVE_TRY_COUNT = 64,
};

struct link_server {
    void *socket;
    struct zap_list *list;
    struct link_server_options options;
    char endpoint[LINK_ENDPOINT_SIZE];
    zmq_msg_t payload; /* always initialized */
    uint64_t frames;
    uint64_t dropped_user;
    uint64_t dropped_shape;
};

static enum err server_bind(struct link_server *server)
{
    const struct link_socket_limits limits = {
        .hwm = SERVER_HWM,
        .handshake_ms = (int)server->options.handshake_ms,
        .heartbeat_ms = (int)server->options.heartbeat_ms,
    };
    const struct link_option values[] = {{ZMQ_ROUTER_MANDATORY, 1}, {ZMQ_ROUTER_HANDOVER, 0}};
    enum err err = zap_list_new(&server->list);

    if (err == ERR_NONE) {
        server->socket = link_socket_open(ZMQ_ROUTER);
        err = server->socket != NULL ? link_options_bound(server->socket, &limits) : ERR_IO;
    }
    if (err == ERR_NONE) {
        err = link_options_server(server->socket, server->options.secret,
                                  zap_list_domain_view(server->list));
    }
    if (err == ERR_NONE) {
        err = link_options_set(server->socket, values, sizeof values / sizeof values[0]);
    }
    if (err == ERR_NONE) {
        err = link_options_bind(server->socket, server->options.endpoint, server->endpoint);
    }
    return err;
}

enum err link_server_open(const struct link_server_options *options,
                          struct link_server **ret_server)
{
    struct link_server *server = calloc(1, sizeof *server);
    enum err err = ERR_NONE;

    if (server == NULL) {
        return ERR_MEMORY;
    }
    CHECK(zmq_msg_init(&server->payload) == 0);
    server->options = *options;
    if (server->options.handshake_ms == 0) {
        server->options.handshake_ms = LINK_HANDSHAKE_MS;
    }
    if (server->options.heartbeat_ms == 0) {
        server->options.heartbeat_ms = LINK_HEARTBEAT_MS;
    }
    err = server_bind(server);
    if (err != ERR_NONE) {
        link_server_close(server);
        return err;
    }
    server->options.endpoint = server->endpoint;
    *ret_server = server;
    return ERR_NONE;
}

void link_server_close(struct link_server *server)
{
    if (server == NULL) {
        return;
    }
    (void)zmq_msg_close(&server->payload);
    link_socket_close(server->socket);
    zap_list_free(server->list);
    explicit_bzero(server->options.secret, sizeof server->options.secret);
    free(server);
}

const char *link_server_endpoint_view(const struct link_server *server)
{
    return server->endpoint;
}

struct zap_list *link_server_list(const struct link_server *server)
{
    return server->list;
}

const struct link_server_options *link_server_options_view(const struct link_server *server)
{
    return &server->options;
}

enum err link_server_allow(struct link_server *server, const uint8_t curve_public[LINK_KEY_SIZE],
                           const char *user_id)
{
    return zap_list_allow(server->list, curve_public, user_id);
}

void link_server_revoke(struct link_server *server, const uint8_t curve_public[LINK_KEY_SIZE])
{
    zap_list_revoke(server->list, curve_public);
}

int link_server_fd(const struct link_server *server)
{
    return link_option_fd(server->socket);
}

bool link_server_pending(struct link_server *server)
{
    return (link_option_events(server->socket) & ZMQ_POLLIN) != 0;
}

/* Takes the parts that are left of a message; true when there were any. */
static bool server_drain(struct link_server *server)
{
    bool drained = false;

    while (zmq_msg_more(&server->payload) != 0) {
        drained = true;
        if (zmq_msg_recv(&server->payload, server->socket, ZMQ_DONTWAIT) < 0) {
            break;
        }
    }
    return drained;
}

/* ERR_MALFORMED: a message was taken and dropped. */
static enum err server_receive_one(struct link_server *server, struct link_frame *ret)
{
    struct link_peer peer = {0};
    struct link_frame frame = {.user = ""};
    int size = zmq_msg_recv(&server->payload, server->socket, ZMQ_DONTWAIT);

    if (size < 0) {
        return zmq_errno() == EAGAIN || zmq_errno() == EINTR ? ERR_BUSY : ERR_IO;
    }
    if (size == 0 || size > LINK_PEER_ID_SIZE || zmq_msg_more(&server->payload) == 0) {
        (void)server_drain(server);
        server->dropped_shape++;
        return ERR_MALFORMED;
    }
    peer.size = (uint8_t)size;
    memcpy(peer.id, zmq_msg_data(&server->payload), (size_t)size);
    size = zmq_msg_recv(&server->payload, server->socket, ZMQ_DONTWAIT);
    if (size < 0) {
        return ERR_IO;
    }
    if (server_drain(server) || size > LIMIT_FRAME_SIZE) {
        server->dropped_shape++;
        return ERR_MALFORMED;
    }
    /* Only the payload carries the property (libzmq 4.3.4 loses it on the id frame). */
    if (!zap_list_user(server->list, zmq_msg_gets(&server->payload, "User-Id"), frame.user)) {
        server->dropped_user++;
        return ERR_MALFORMED;
    }
    frame.peer = peer;
    frame.payload = span_of(zmq_msg_data(&server->payload), (size_t)size);
    server->frames++;
    *ret = frame;
    return ERR_NONE;
}

enum err link_server_receive(struct link_server *server, struct link_frame *ret)
{
    enum err err = ERR_MALFORMED;

    for (unsigned i = 0; i < RECEIVE_TRY_COUNT && err == ERR_MALFORMED; i++) {
        err = server_receive_one(server, ret);
    }
    return err == ERR_MALFORMED ? ERR_BUSY : err;
}

static enum err server_send_part(struct link_server *server, struct span part, int flags)
{
    int rc = -1;

    do {
        rc = zmq_send(server->socket, part.data, part.size, flags | ZMQ_DONTWAIT);
    } while (rc < 0 && zmq_errno() == EINTR);
    if (rc >= 0) {
        return ERR_NONE;
    }
    switch (zmq_errno()) {
    case EHOSTUNREACH:
        return ERR_NOT_FOUND;
    case EAGAIN:
        return ERR_BUSY;
    default:
        return ERR_IO;
    }
}

enum err link_server_send(struct link_server *server, const struct link_peer *peer,
                          struct span payload)
{
    enum err err = ERR_LIMIT;

    if (payload.size <= LIMIT_FRAME_SIZE) {
        err = server_send_part(server, span_of(peer->id, peer->size), ZMQ_SNDMORE);
    }
    return err == ERR_NONE ? server_send_part(server, payload, 0) : err;
}

void link_server_counts(struct link_server *server, struct link_server_counts *ret)
{
    struct link_server_counts counts = {
        .frames = server->frames,
        .dropped_user = server->dropped_user,
        .dropped_shape = server->dropped_shape,
    };

    zap_list_counts(server->list, &counts.admitted, &counts.refused);
    *ret = counts;
}

enum err link_server_selftest(struct link_server *server, uint32_t wait_ms)
{
    enum { STEP_MS = 50 };
    struct link_client_options options = {.kind = LINK_DIALOG, .endpoint = server->endpoint};
    struct link_client *client = NULL;
    uint8_t unused[LINK_KEY_SIZE] = {0};
    uint64_t refused_before = 0;
    uint64_t refused = 0;
    uint64_t admitted = 0;
    enum err err = ERR_NONE;

    zap_list_counts(server->list, &admitted, &refused_before);
    link_curve_public(server->options.secret, options.server_public);
    link_curve_keypair(unused, options.secret);
    err = link_client_open(&options, &client);
    for (uint32_t waited_ms = 0; err == ERR_NONE; waited_ms += STEP_MS) {
        const enum link_status status = link_client_status(client);
        zap_list_counts(server->list, &admitted, &refused);
        if (status == LINK_CONNECTED) {
            err = ERR_AUTH;
        } else if (status == LINK_REFUSED && refused > refused_before) {
            break;
        } else if (waited_ms >= wait_ms) {
            err = ERR_IO;
        } else {
            link_client_wait(client, STEP_MS);
        }
    }
    link_client_close(client);
    return err;
}
