#include "base/check.h"
#include "http/internal.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
    SERVER_LOCAL_COUNT = 50, /* connections */
    SERVER_TCP_COUNT = 150,
    SERVER_PER_ADDRESS_COUNT = 40, /* where others than this machine can come */
    SERVER_HEADERS_SIZE = 32 * 1024,
    SERVER_TIMEOUT_S = 30,
    SERVER_ROUND_COUNT = 32,
    SERVER_OPTION_COUNT = 12,
};

static size_t server_unescape(void *unused, struct MHD_Connection *connection, char *text)
{
    (void)unused;
    (void)connection;
    return http_guard_unescape(text);
}

/* Strings go into MHD's options as void *, though it only reads them. */
static void *server_unconst(const char *text)
{
    union {
        const char *in;
        void *out;
    } both = {.in = text};

    return both.out;
}

/* Takes fd. */
static enum err server_start(struct http_side *side, int fd)
{
    const struct http_server_options *options = &side->server->options;
    const bool tls = side->tcp && options->tls_certificate != NULL;
    struct MHD_OptionItem items[SERVER_OPTION_COUNT] = {{MHD_OPTION_END, 0, NULL}};
    unsigned flags = MHD_USE_EPOLL | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME;
    size_t count = 0;

    if (tls) {
        flags |= MHD_USE_TLS;
        items[count++] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0,
                                                 server_unconst(options->tls_certificate)};
        items[count++] =
            (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, server_unconst(options->tls_key)};
        items[count++] = (struct MHD_OptionItem){MHD_OPTION_PER_IP_CONNECTION_LIMIT,
                                                 SERVER_PER_ADDRESS_COUNT, NULL};
    }
    items[count] = (struct MHD_OptionItem){MHD_OPTION_END, 0, NULL};
    side->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, http_exchange_access, side, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT,
        side->tcp ? (unsigned)SERVER_TCP_COUNT : (unsigned)SERVER_LOCAL_COUNT,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_HEADERS_SIZE,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SERVER_TIMEOUT_S, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_NOTIFY_COMPLETED, http_exchange_completed, side, MHD_OPTION_UNESCAPE_CALLBACK,
        server_unescape, NULL, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
    /* Not closed here: on failure MHD has closed it already, mostly. */
    if (side->daemon == NULL) {
        return tls ? ERR_MALFORMED : ERR_IO;
    }
    return ERR_NONE;
}

static enum err server_open_local(struct http_server *server)
{
    struct http_side *side = &server->sides[0];
    enum err err = ERR_NONE;
    int fd = -1;

    if (server->options.socket_path == NULL) {
        return ERR_NONE;
    }
    err = http_listen_local(server->options.socket_path, &server->lock_fd, &fd);
    server->bound = err == ERR_NONE;
    return err == ERR_NONE ? server_start(side, fd) : err;
}

static enum err server_open_tcp(struct http_server *server)
{
    const struct http_server_options *options = &server->options;
    struct http_side *side = &server->sides[1];
    enum err err = ERR_NONE;
    int fd = -1;

    if (options->tcp_address == NULL) {
        return ERR_NONE;
    }
    if ((options->tls_certificate == NULL) != (options->tls_key == NULL)) {
        return ERR_MALFORMED;
    }
    side->tcp = true;
    err = http_listen_tcp(options->tcp_address, options->tcp_port, &fd, &server->port);
    if (err == ERR_NONE && options->tls_certificate == NULL &&
        !http_listen_is_loopback(options->tcp_address)) {
        (void)close(fd);
        return ERR_AUTH;
    }
    return err == ERR_NONE ? server_start(side, fd) : err;
}

static enum err server_watch(struct http_server *server, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};

    return epoll_ctl(server->poll_fd, EPOLL_CTL_ADD, fd, &event) == 0 ? ERR_NONE : ERR_IO;
}

static enum err server_watch_all(struct http_server *server)
{
    enum err err = ERR_NONE;

    server->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    server->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (server->poll_fd < 0 || server->timer_fd < 0) {
        return ERR_IO;
    }
    err = server_watch(server, server->timer_fd);
    for (size_t i = 0; i < HTTP_SIDE_COUNT && err == ERR_NONE; i++) {
        struct MHD_Daemon *daemon = server->sides[i].daemon;
        if (daemon != NULL) {
            err = server_watch(server,
                               MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd);
        }
    }
    return err;
}

enum err http_server_open(const struct http_server_options *options,
                          struct http_server **ret_server)
{
    struct http_server *server = calloc(1, sizeof *server);
    enum err err = ERR_NONE;

    CHECK(options->handle != NULL);
    if (server == NULL) {
        return ERR_MEMORY;
    }
    server->options = *options;
    server->poll_fd = -1;
    server->timer_fd = -1;
    server->lock_fd = -1;
    for (size_t i = 0; i < HTTP_SIDE_COUNT; i++) {
        server->sides[i].server = server;
    }
    err = server_open_local(server);
    if (err == ERR_NONE) {
        err = server_open_tcp(server);
    }
    if (err == ERR_NONE) {
        err = server_watch_all(server);
    }
    if (err != ERR_NONE) {
        http_server_close(server);
        return err;
    }
    http_server_run(server);
    *ret_server = server;
    return ERR_NONE;
}

void http_server_close(struct http_server *server)
{
    if (server == NULL) {
        return;
    }
    /* MHD aborts the process when a suspended connection is left to it. */
    server->closing = true;
    http_exchange_refuse_all(server);
    http_stream_end_all(server);
    if (server->timer_fd >= 0) {
        http_server_run(server);
    }
    const int fds[] = {server->poll_fd, server->timer_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
    for (size_t i = 0; i < HTTP_SIDE_COUNT; i++) {
        if (server->sides[i].daemon != NULL) {
            MHD_stop_daemon(server->sides[i].daemon);
        }
    }
    CHECK(server->exchanges == NULL);
    CHECK(server->streams == NULL);
    if (server->bound) {
        (void)unlink(server->options.socket_path);
    }
    if (server->lock_fd >= 0) {
        (void)close(server->lock_fd);
    }
    free(server);
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

int http_server_fd(const struct http_server *server)
{
    return server->poll_fd;
}

/* How long MHD can wait; UINT64_MAX: for ever. */
static uint64_t server_wait_ms(const struct http_server *server)
{
    uint64_t least_ms = UINT64_MAX;

    for (size_t i = 0; i < HTTP_SIDE_COUNT; i++) {
        MHD_UNSIGNED_LONG_LONG wait_ms = 0;
        struct MHD_Daemon *daemon = server->sides[i].daemon;
        if (daemon != NULL && MHD_get_timeout(daemon, &wait_ms) == MHD_YES && wait_ms < least_ms) {
            least_ms = wait_ms;
        }
    }
    return least_ms;
}

/* MHD's epoll is edge triggered: what it could not finish now shows only in its timeout, so that
 * becomes part of our descriptor. */
static void server_arm(const struct http_server *server, uint64_t wait_ms)
{
    struct itimerspec when = {.it_value = {.tv_sec = 0}};

    if (wait_ms == 0) {
        when.it_value.tv_nsec = 1;
    } else if (wait_ms != UINT64_MAX) {
        when.it_value.tv_sec = (time_t)(wait_ms / 1000);
        when.it_value.tv_nsec = (long)(wait_ms % 1000) * 1000000;
    }
    CHECK(timerfd_settime(server->timer_fd, 0, &when, NULL) == 0);
}

void http_server_touch(struct http_server *server)
{
    server->touched = true;
    server_arm(server, 0);
}

static uint64_t server_round(struct http_server *server)
{
    server->touched = false;
    for (size_t i = 0; i < HTTP_SIDE_COUNT; i++) {
        if (server->sides[i].daemon != NULL) {
            (void)MHD_run(server->sides[i].daemon);
        }
    }
    /* Nor does MHD's timeout tell of a connection that a handler has resumed. */
    return server->touched ? 0 : server_wait_ms(server);
}

void http_server_run(struct http_server *server)
{
    uint64_t wait_ms = 0;

    for (unsigned i = 0; i < SERVER_ROUND_COUNT && wait_ms == 0; i++) {
        wait_ms = server_round(server);
    }
    server_arm(server, wait_ms);
}

unsigned http_server_connection_count(const struct http_server *server)
{
    unsigned count = 0;

    for (size_t i = 0; i < HTTP_SIDE_COUNT; i++) {
        if (server->sides[i].daemon != NULL) {
            count +=
                MHD_get_daemon_info(server->sides[i].daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
                    ->num_connections;
        }
    }
    return count;
}
