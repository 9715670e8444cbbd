#include "link/internal.h"

#include <stdlib.h>
#include <zmq.h>

enum { BELL_HWM = 4, SUBSCRIPTION_TRY_COUNT = 1024 };

struct link_bell {
    void *socket;
    struct zap_list *list;
    char endpoint[LINK_ENDPOINT_SIZE];
};

static enum err bell_bind(struct link_bell *bell, const struct link_server_options *options,
                          const char *endpoint)
{
    const struct link_socket_limits limits = {
        .hwm = BELL_HWM,
        .handshake_ms = (int)options->handshake_ms,
        .heartbeat_ms = (int)options->heartbeat_ms,
    };
    enum err err = ERR_IO;

    bell->socket = link_socket_open(ZMQ_XPUB);
    if (bell->socket != NULL) {
        err = link_options_bound(bell->socket, &limits);
    }
    /* By hand: otherwise a listener could make us keep any number of topics. */
    if (err == ERR_NONE) {
        err = link_option_number(bell->socket, ZMQ_XPUB_MANUAL, 1);
    }
    if (err == ERR_NONE) {
        err = link_options_server(bell->socket, options->secret, zap_list_domain_view(bell->list));
    }
    return err == ERR_NONE ? link_options_bind(bell->socket, endpoint, bell->endpoint) : err;
}

enum err link_bell_open(struct link_server *server, const char *endpoint,
                        struct link_bell **ret_bell)
{
    struct link_bell *bell = calloc(1, sizeof *bell);
    enum err err = ERR_NONE;

    if (bell == NULL) {
        return ERR_MEMORY;
    }
    bell->list = link_server_list(server);
    err = bell_bind(bell, link_server_options_view(server), endpoint);
    if (err != ERR_NONE) {
        link_bell_close(bell);
        return err;
    }
    *ret_bell = bell;
    return ERR_NONE;
}

void link_bell_close(struct link_bell *bell)
{
    if (bell != NULL) {
        link_socket_close(bell->socket);
        free(bell);
    }
}

const char *link_bell_endpoint_view(const struct link_bell *bell)
{
    return bell->endpoint;
}

/* Lets in whoever asked for everything since the last ring; other wishes are not kept. */
static void bell_subscribe(struct link_bell *bell)
{
    for (unsigned i = 0; i < SUBSCRIPTION_TRY_COUNT; i++) {
        zmq_msg_t wish;

        if (zmq_msg_init(&wish) != 0) {
            return;
        }
        if (zmq_msg_recv(&wish, bell->socket, ZMQ_DONTWAIT) < 0) {
            (void)zmq_msg_close(&wish);
            return;
        }
        const uint8_t *bytes = zmq_msg_data(&wish);
        const bool all = zmq_msg_size(&wish) == 1 && bytes[0] == 1;
        if (all && zap_list_user(bell->list, zmq_msg_gets(&wish, "User-Id"), NULL)) {
            (void)zmq_setsockopt(bell->socket, ZMQ_SUBSCRIBE, "", 0);
        }
        (void)zmq_msg_close(&wish);
    }
}

enum err link_bell_ring(struct link_bell *bell, struct span payload)
{
    int rc = -1;

    if (payload.size > LIMIT_FRAME_SIZE) {
        return ERR_LIMIT;
    }
    bell_subscribe(bell);
    do {
        rc = zmq_send(bell->socket, payload.data, payload.size, ZMQ_DONTWAIT);
    } while (rc < 0 && zmq_errno() == EINTR);
    return rc >= 0 ? ERR_NONE : ERR_IO;
}
