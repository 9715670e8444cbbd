#include "link/internal.h"

#include <string.h>
#include <zmq.h>

enum {
    /* What CURVE puts around a frame: command name, nonce, authenticator, flags; rounded up. */
    CURVE_ROOM_SIZE = 64,
    BACKLOG_COUNT = 512,
    /* Known to the library, but in Debian's header only among the drafts. */
    OPTION_ZAP_ENFORCE_DOMAIN = 93,
};

enum err link_option_number(void *socket, int option, int value)
{
    return zmq_setsockopt(socket, option, &value, sizeof value) == 0 ? ERR_NONE : ERR_IO;
}

enum err link_options_set(void *socket, const struct link_option *values, size_t count)
{
    enum err err = ERR_NONE;

    for (size_t i = 0; i < count && err == ERR_NONE; i++) {
        err = link_option_number(socket, values[i].option, values[i].value);
    }
    return err;
}

enum err link_options_bound(void *socket, const struct link_socket_limits *limits)
{
    const int64_t frame_size_max = LIMIT_FRAME_SIZE + CURVE_ROOM_SIZE;
    const struct link_option values[] = {
        {ZMQ_LINGER, 0},
        {ZMQ_SNDHWM, limits->hwm},
        {ZMQ_RCVHWM, limits->hwm},
        {ZMQ_HANDSHAKE_IVL, limits->handshake_ms},
        {ZMQ_HEARTBEAT_IVL, limits->heartbeat_ms},
        {ZMQ_HEARTBEAT_TIMEOUT, limits->heartbeat_ms},
        {ZMQ_HEARTBEAT_TTL, 2 * limits->heartbeat_ms},
        {ZMQ_BACKLOG, BACKLOG_COUNT},
    };
    const int rc = zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &frame_size_max, sizeof frame_size_max);

    return rc == 0 ? link_options_set(socket, values, sizeof values / sizeof values[0]) : ERR_IO;
}

enum err link_options_server(void *socket, const uint8_t secret[LINK_KEY_SIZE],
                             const char *zap_domain)
{
    enum err err = link_option_number(socket, ZMQ_CURVE_SERVER, 1);

    if (err == ERR_NONE &&
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, LINK_KEY_SIZE) != 0) {
        err = ERR_IO;
    }
    if (err == ERR_NONE &&
        zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, zap_domain, strlen(zap_domain)) != 0) {
        err = ERR_IO;
    }
    return err == ERR_NONE ? link_option_number(socket, OPTION_ZAP_ENFORCE_DOMAIN, 1) : err;
}

enum err link_options_client(void *socket, const uint8_t secret[LINK_KEY_SIZE],
                             const uint8_t server_public[LINK_KEY_SIZE])
{
    uint8_t public[LINK_KEY_SIZE] = {0};

    link_curve_public(secret, public);
    if (zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server_public, LINK_KEY_SIZE) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public, LINK_KEY_SIZE) != 0 ||
        zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, LINK_KEY_SIZE) != 0) {
        return ERR_IO;
    }
    return ERR_NONE;
}

enum err link_endpoint_check(const char *endpoint)
{
    static const char scheme[] = "tcp://";
    const size_t scheme_size = sizeof scheme - 1;
    const char *port = NULL;

    if (endpoint == NULL || strnlen(endpoint, LINK_ENDPOINT_SIZE) == LINK_ENDPOINT_SIZE) {
        return ERR_MALFORMED;
    }
    if (strncmp(endpoint, scheme, scheme_size) != 0) {
        return ERR_MALFORMED;
    }
    port = strrchr(endpoint + scheme_size, ':');
    if (port == NULL || port == endpoint + scheme_size || port[1] == '\0') {
        return ERR_MALFORMED;
    }
    /* A source address ("a;b") would bind what nobody named. */
    return strchr(endpoint, ';') == NULL ? ERR_NONE : ERR_MALFORMED;
}

enum err link_options_bind(void *socket, const char *endpoint,
                           char ret_endpoint[LINK_ENDPOINT_SIZE])
{
    size_t size = LINK_ENDPOINT_SIZE;
    enum err err = link_endpoint_check(endpoint);

    if (err == ERR_NONE && strchr(endpoint, '[') != NULL) {
        err = link_option_number(socket, ZMQ_IPV6, 1);
    }
    if (err != ERR_NONE) {
        return err;
    }
    if (zmq_bind(socket, endpoint) != 0) {
        switch (zmq_errno()) {
        case EADDRINUSE:
            return ERR_CONFLICT;
        case EINVAL:
        case ENODEV:
            return ERR_MALFORMED;
        default:
            return ERR_IO;
        }
    }
    return zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, ret_endpoint, &size) == 0 ? ERR_NONE : ERR_IO;
}

int link_option_fd(void *socket)
{
    int fd = -1;
    size_t size = sizeof fd;

    return zmq_getsockopt(socket, ZMQ_FD, &fd, &size) == 0 ? fd : -1;
}

int link_option_events(void *socket)
{
    int events = 0;
    size_t size = sizeof events;

    return zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size) == 0 ? events : 0;
}
