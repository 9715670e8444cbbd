#ifndef JIELI_TESTS_HTTP_RIG_H
#define JIELI_TESTS_HTTP_RIG_H

#include "http/client.h"
#include "http/server.h"
#include "unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A server pumped by its descriptor alone, raw connections to it, and http_call in a thread. Waits
 * fail only when something never happens. */

/* Shorter than MHD's 30 s, which would cover up a stall. */
enum { WAIT_MS = 20000, RAW_SIZE = 4 * 1024 * 1024 };

struct rig {
    char directory[32];
    char path[64];
    struct http_server *server;
    void (*handle)(struct rig *rig, struct http_exchange *exchange,
                   const struct http_request *request);
    struct http_exchange *kept;
    struct http_stream *stream;
    unsigned handled_count;
    unsigned gone_count;
};

static inline void rig_handle(void *context, struct http_exchange *exchange,
                              const struct http_request *request)
{
    struct rig *rig = context;

    rig->handled_count++;
    rig->handle(rig, exchange, request);
}

static inline void reply_text(struct http_exchange *exchange, unsigned status, const char *text)
{
    const struct http_reply reply = {
        .status = status,
        .content_type = "text/plain",
        .body = span_text(text),
    };

    http_exchange_reply(exchange, &reply);
}

static inline void handle_hello(struct rig *rig, struct http_exchange *exchange,
                                const struct http_request *request)
{
    (void)rig;
    (void)request;
    reply_text(exchange, 200, "hello");
}

static inline struct http_server_options rig_options(struct rig *rig)
{
    return (struct http_server_options){
        .socket_path = rig->path,
        .handle = rig_handle,
        .context = rig,
    };
}

static inline int rig_setup_with(void **state, const char *tcp_address, const char *const *hosts)
{
    struct rig *rig = calloc(1, sizeof *rig);
    struct http_server_options options = {0};

    assert_non_null(rig);
    memcpy(rig->directory, "/tmp/jieli-http-XXXXXX", 23);
    assert_non_null(mkdtemp(rig->directory));
    (void)snprintf(rig->path, sizeof rig->path, "%s/ctl.sock", rig->directory);
    rig->handle = handle_hello;
    options = rig_options(rig);
    options.tcp_address = tcp_address;
    options.hosts = hosts;
    assert_int_equal(http_server_open(&options, &rig->server), ERR_NONE);
    *state = rig;
    return 0;
}

static inline int rig_setup(void **state)
{
    return rig_setup_with(state, NULL, NULL);
}

static inline int rig_teardown(void **state)
{
    struct rig *rig = *state;
    char command[128] = "";

    http_server_close(rig->server);
    (void)snprintf(command, sizeof command, "rm -rf '%s'", rig->directory);
    assert_int_equal(system(command), 0);
    free(rig);
    return 0;
}

/* Until fd is ready, too, or nothing more came for a while. False: the server had work. */
static inline bool rig_pump(struct rig *rig, int fd)
{
    struct pollfd fds[2] = {{.fd = http_server_fd(rig->server), .events = POLLIN},
                            {.fd = fd, .events = POLLIN}};

    assert_true(poll(fds, 2, WAIT_MS) > 0);
    if (fds[0].revents != 0) {
        http_server_run(rig->server);
    }
    return fds[1].revents != 0;
}

/* Lets the server do what it can without waiting for anything. */
static inline void rig_settle(struct rig *rig)
{
    struct pollfd server = {.fd = http_server_fd(rig->server), .events = POLLIN};

    for (unsigned i = 0; i < 50; i++) {
        if (poll(&server, 1, 2) > 0) {
            http_server_run(rig->server);
        }
    }
}

/* --- A connection by hand --- */

struct raw {
    struct rig *rig;
    int fd;
    bool ended;
    size_t size;
    char *text; /* what came so far */
};

static inline struct raw raw_of(struct rig *rig, int fd)
{
    struct raw raw = {.rig = rig, .fd = fd, .text = calloc(1, RAW_SIZE)};

    assert_non_null(raw.text);
    assert_true(fd >= 0);
    return raw;
}

static inline struct raw raw_local(struct rig *rig)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct raw raw = raw_of(rig, socket(AF_UNIX, SOCK_STREAM, 0));

    memcpy(address.sun_path, rig->path, strlen(rig->path) + 1);
    assert_int_equal(connect(raw.fd, (const struct sockaddr *)&address, sizeof address), 0);
    return raw;
}

static inline struct raw raw_tcp(struct rig *rig)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct raw raw = raw_of(rig, socket(AF_INET, SOCK_STREAM, 0));

    address.sin_port = htons(http_server_port(rig->server));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(raw.fd, (const struct sockaddr *)&address, sizeof address), 0);
    return raw;
}

static inline void raw_close(struct raw *raw)
{
    (void)close(raw->fd);
    free(raw->text);
}

static inline void raw_read(struct raw *raw)
{
    const ssize_t size =
        recv(raw->fd, raw->text + raw->size, RAW_SIZE - 1 - raw->size, MSG_DONTWAIT);

    if (size > 0) {
        raw->size += (size_t)size;
        raw->text[raw->size] = '\0';
    } else if (size == 0 || errno != EAGAIN) {
        raw->ended = true;
    }
}

/* Sends all, while the server takes it; false: the server hung up. */
static inline bool raw_send(struct raw *raw, const void *bytes, size_t size)
{
    const char *from = bytes;

    while (size > 0) {
        const ssize_t sent = send(raw->fd, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) {
            return false;
        }
        if (sent > 0) {
            from += sent;
            size -= (size_t)sent;
        }
        http_server_run(raw->rig->server);
    }
    return true;
}

static inline void raw_text(struct raw *raw, const char *text)
{
    assert_true(raw_send(raw, text, strlen(text)));
}

/* Until wanted has come. */
static inline void raw_until(struct raw *raw, const char *wanted)
{
    while (strstr(raw->text, wanted) == NULL) {
        if (raw->ended) {
            fail_msg("ended before \"%s\": %.500s", wanted, raw->text);
        }
        if (rig_pump(raw->rig, raw->fd)) {
            raw_read(raw);
        }
    }
}

static inline void raw_until_end(struct raw *raw)
{
    while (!raw->ended) {
        if (rig_pump(raw->rig, raw->fd)) {
            raw_read(raw);
        }
    }
}

/* One request on its own connection; the whole answer, to be freed. */
static inline char *raw_ask(struct raw raw, const char *request)
{
    raw_text(&raw, request);
    raw_until_end(&raw);
    (void)close(raw.fd);
    return raw.text;
}

/* --- http_call --- */

struct caller {
    const struct http_call *call;
    struct http_answer *answer;
    enum err err;
    int done_fd;
};

static inline void *caller_run(void *context)
{
    struct caller *caller = context;
    const uint64_t one = 1;

    caller->err = http_call(caller->call, caller->answer);
    if (write(caller->done_fd, &one, sizeof one) != sizeof one) {
        abort();
    }
    return NULL;
}

static inline enum err rig_call(struct rig *rig, const struct http_call *call,
                                struct http_answer *ret)
{
    struct caller caller = {.call = call, .answer = ret, .done_fd = eventfd(0, 0)};
    pthread_t thread;

    assert_true(caller.done_fd >= 0);
    assert_int_equal(pthread_create(&thread, NULL, caller_run, &caller), 0);
    while (!rig_pump(rig, caller.done_fd)) {
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)close(caller.done_fd);
    return caller.err;
}

#define RIG(test) cmocka_unit_test_setup_teardown(test, rig_setup, rig_teardown)

#endif
