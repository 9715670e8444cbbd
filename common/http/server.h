#ifndef JIELI_HTTP_SERVER_H
#define JIELI_HTTP_SERVER_H

#include "base/limits.h"
#include "base/span.h"

/* HTTP/1.1 on one local socket and, if wanted, one TCP address, without any thread of its own.
 * All of it belongs to one thread.
 *
 * In the loop: add http_server_fd for reading with a callback that calls http_server_run (its
 * timeouts are in the descriptor too), and a timer that calls http_server_heartbeat every 15 s.
 *
 * Every reply carries nosniff, a content security policy that allows only our own pages, no
 * referrer, and "no-store" unless it brings its own Cache-Control. */
struct http_server;

/* One request and its answer. Valid from the handler's call until http_exchange_reply or
 * http_exchange_stream was called for it, which must happen exactly once: in the handler or at any
 * time later. A client that leaves meanwhile is not noticed and changes nothing about that. */
struct http_exchange;

/* Borrowed until the exchange is answered. */
struct http_request {
    const char *method; /* "GET", ... */
    const char *path;   /* decoded, without the query; "%00" stays as it is */
    struct span body;   /* at most LIMIT_HTTP_BODY_SIZE */
    int64_t peer_uid;   /* user of the process at the other end of the local socket; -1: TCP */
};

/* Further headers of a reply; a name or value with line breaks makes the reply a 500. */
struct http_header {
    const char *name;
    const char *value;
};

struct http_reply {
    unsigned status;
    const char *content_type; /* NULL: none */
    struct span body;
    bool body_lasts; /* body outlives the server: it is not copied */
    const struct http_header *headers;
    size_t header_count;
};

struct http_server_options {
    const char *socket_path;     /* NULL: none. Made with mode 0660; its lock file is path.lock */
    const char *tcp_address;     /* numeric, NULL: none. Other than loopback only with TLS */
    uint16_t tcp_port;           /* 0: a free one */
    const char *const *hosts;    /* names besides localhost, 127.0.0.1, [::1] that may stand in Host
                                    and Origin over TCP, without port; ends with NULL; or NULL */
    const char *tls_certificate; /* PEM text, or NULL: plain HTTP */
    const char *tls_key;
    void (*handle)(void *context, struct http_exchange *exchange,
                   const struct http_request *request);
    void *context;
};

/* options and what it points to are borrowed until http_server_close.
 * Answered before the handler sees it: 413 (body too large), 421 (foreign Host over TCP), 403
 * (foreign Origin on a request that may change something).
 * ERR_CONFLICT: another server has the socket or the port. ERR_LIMIT: path of the socket longer
 * than 100 bytes. ERR_AUTH: plain HTTP beyond loopback, or no permission. ERR_MALFORMED: address or
 * PEM text. */
MUST_USE enum err http_server_open(const struct http_server_options *options,
                                   struct http_server **ret_server);
/* Answers what is open with 503, ends the streams (their gone is called), removes the socket. All
 * exchanges and streams are invalid afterwards: end the threads that hold them first. */
void http_server_close(struct http_server *server);
uint16_t http_server_port(const struct http_server *server); /* 0: no TCP */
int http_server_fd(const struct http_server *server);
void http_server_run(struct http_server *server);
unsigned http_server_connection_count(const struct http_server *server);

/* NULL when absent. Borrowed until the exchange is answered. */
const char *http_exchange_header(struct http_exchange *exchange, const char *name);
const char *http_exchange_query(struct http_exchange *exchange, const char *name);
/* The value of one cookie, as sent; NULL when absent. Borrowed likewise. */
const char *http_exchange_cookie(struct http_exchange *exchange, const char *name);
/* reply is borrowed for the call. */
void http_exchange_reply(struct http_exchange *exchange, const struct http_reply *reply);

/* Server-sent events. A stream is valid until gone(context, stream) was called, which happens when
 * its client left (noticed at the next write: hence the heartbeat), fell too far behind, or the
 * server closes. gone may be NULL. */
struct http_stream;

/* Answers the exchange with a stream; the client's Last-Event-ID is read with
 * http_exchange_header before. NULL: no memory, the exchange was answered with 503. */
struct http_stream *http_exchange_stream(struct http_exchange *exchange,
                                         void (*gone)(void *context, struct http_stream *stream),
                                         void *context);
/* Queues one event; id and type may be NULL, line breaks are allowed in data only. A stream with
 * more than 256 KiB waiting gets "event: reset" and is ended: its client must read the state anew.
 * ERR_MALFORMED: line break in id or type. ERR_LIMIT: that stream is being ended. */
MUST_USE enum err http_stream_push(struct http_stream *stream, const char *id, const char *type,
                                   struct span data);
/* To all streams; those that are being ended are passed over. */
MUST_USE enum err http_server_push(struct http_server *server, const char *id, const char *type,
                                   struct span data);
/* Ends it once what waits is sent; its gone is still called. */
void http_stream_end(struct http_stream *stream);
/* A comment line to all streams. */
void http_server_heartbeat(struct http_server *server);

#endif
