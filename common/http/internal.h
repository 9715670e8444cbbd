#ifndef JIELI_HTTP_INTERNAL_H
#define JIELI_HTTP_INTERNAL_H

#include "http/server.h"

#include <microhttpd.h>

/* Shared inside http/; nobody else includes this. */

enum { HTTP_SIDE_COUNT = 2, HTTP_SOCKET_PATH_SIZE = 101 };

/* One listening address: the local socket or TCP. */
struct http_side {
    struct http_server *server;
    struct MHD_Daemon *daemon;
    bool tcp;
};

struct http_server {
    struct http_server_options options;
    struct http_side sides[HTTP_SIDE_COUNT];
    int poll_fd; /* over the daemons' epolls and timer_fd */
    int timer_fd;
    int lock_fd;
    bool touched; /* since the last round */
    bool closing; /* whatever comes in now is answered at once */
    bool bound;   /* the local socket is ours to remove */
    uint16_t port;
    struct http_exchange *exchanges;
    struct http_stream *streams;
};

/* --- server.c --- */

/* Makes the descriptor readable: MHD does not tell its own epoll of a resumed connection. */
void http_server_touch(struct http_server *server);

/* --- listen.c --- */

/* The lock says who owns path; a socket left by a dead owner is replaced. */
MUST_USE enum err http_listen_local(const char *path, int *ret_lock_fd, int *ret_fd);
MUST_USE enum err http_listen_tcp(const char *address, uint16_t port, int *ret_fd,
                                  uint16_t *ret_port);
bool http_listen_is_loopback(const char *address);

/* --- guard.c --- */

/* May this Host value come over TCP? hosts as in http_server_options; own: the address bound. */
bool http_guard_host(const char *host, const char *const *hosts, const char *own);
/* Does the Origin value name the very host the request was sent to? */
bool http_guard_origin(const char *origin, const char *host);
bool http_guard_is_reading(const char *method);
/* Decodes %xx in place, except %00 and what is not hex; gives the new length. */
size_t http_guard_unescape(char *text);

/* --- exchange.c --- */

enum MHD_Result http_exchange_access(void *side, struct MHD_Connection *connection,
                                     const char *path, const char *method, const char *version,
                                     const char *upload, size_t *upload_size, void **context);
void http_exchange_completed(void *side, struct MHD_Connection *connection, void **context,
                             enum MHD_RequestTerminationCode code);
/* Takes response, NULL: close the connection. Continues the connection when it waits. */
void http_exchange_answer(struct http_exchange *exchange, unsigned status,
                          struct MHD_Response *response);
void http_exchange_refuse_all(struct http_server *server);
struct MHD_Connection *http_exchange_connection(const struct http_exchange *exchange);
struct http_server *http_exchange_server(const struct http_exchange *exchange);
/* What every reply carries; cached: the reply has a Cache-Control of its own. */
void http_exchange_protect(struct MHD_Response *response, bool cached);

/* --- stream.c --- */

void http_stream_end_all(struct http_server *server);

#endif
