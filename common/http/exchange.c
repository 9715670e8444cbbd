#include "base/check.h"
#include "http/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

enum {
    /* A request that will be refused may still finish its sentence, up to here. */
    EXCHANGE_PATIENCE_SIZE = 4 * LIMIT_HTTP_BODY_SIZE,
};

enum exchange_state {
    EXCHANGE_GATHERING, /* headers and body come in */
    EXCHANGE_HANDED,    /* the handler has it */
    EXCHANGE_ANSWERED,  /* response and status are set, or response is NULL: close */
    EXCHANGE_QUEUED,    /* MHD has the response */
};

struct http_exchange {
    struct http_side *side;
    struct MHD_Connection *connection;
    struct http_exchange *next;
    struct http_exchange **link; /* where this is pointed to from */
    enum exchange_state state;
    bool suspended;
    const char *method;
    const char *path;
    struct buf body;
    size_t received_size;
    unsigned refusal; /* the status to end with instead of handing it on; 0: none */
    unsigned status;
    struct MHD_Response *response;
};

static struct http_exchange *exchange_new(struct http_side *side, struct MHD_Connection *connection)
{
    struct http_exchange *exchange = calloc(1, sizeof *exchange);

    if (exchange == NULL) {
        return NULL;
    }
    exchange->side = side;
    exchange->connection = connection;
    buf_init(&exchange->body, LIMIT_HTTP_BODY_SIZE);
    exchange->link = &side->server->exchanges;
    exchange->next = side->server->exchanges;
    if (exchange->next != NULL) {
        exchange->next->link = &exchange->next;
    }
    *exchange->link = exchange;
    return exchange;
}

static void exchange_free(struct http_exchange *exchange)
{
    *exchange->link = exchange->next;
    if (exchange->next != NULL) {
        exchange->next->link = exchange->link;
    }
    if (exchange->response != NULL) {
        MHD_destroy_response(exchange->response);
    }
    buf_done(&exchange->body);
    free(exchange);
}

void http_exchange_completed(void *side, struct MHD_Connection *connection, void **context,
                             enum MHD_RequestTerminationCode code)
{
    struct http_exchange *exchange = *context;
    (void)side;
    (void)connection;
    (void)code;

    if (exchange != NULL) {
        /* Whoever holds it may still answer: MHD cannot end a connection it was told to keep. */
        CHECK(exchange->state != EXCHANGE_HANDED);
        exchange_free(exchange);
        *context = NULL;
    }
}

struct MHD_Connection *http_exchange_connection(const struct http_exchange *exchange)
{
    return exchange->connection;
}

struct http_server *http_exchange_server(const struct http_exchange *exchange)
{
    return exchange->side->server;
}

/* --- Answers --- */

void http_exchange_protect(struct MHD_Response *response, bool cached)
{
    static const char policy[] =
        "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; "
        "form-action 'self'";

    (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    (void)MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    (void)MHD_add_response_header(response, "Content-Security-Policy", policy);
    if (!cached) {
        (void)MHD_add_response_header(response, "Cache-Control", "no-store");
    }
}

void http_exchange_answer(struct http_exchange *exchange, unsigned status,
                          struct MHD_Response *response)
{
    CHECK(exchange->state == EXCHANGE_GATHERING || exchange->state == EXCHANGE_HANDED);
    exchange->state = EXCHANGE_ANSWERED;
    exchange->status = status;
    exchange->response = response;
    if (exchange->suspended) {
        exchange->suspended = false;
        MHD_resume_connection(exchange->connection);
        http_server_touch(exchange->side->server);
    }
}

/* NULL: no memory, or a header that cannot be sent. */
static struct MHD_Response *exchange_respond(const struct http_reply *reply)
{
    union {
        const uint8_t *in;
        void *out;
    } body = {.in = reply->body.data};
    struct MHD_Response *response = MHD_create_response_from_buffer(
        reply->body.size, body.out,
        reply->body_lasts ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);
    bool cached = false;
    bool good = response != NULL;

    if (good && reply->content_type != NULL) {
        good = MHD_add_response_header(response, "Content-Type", reply->content_type) == MHD_YES;
    }
    for (size_t i = 0; i < reply->header_count && good; i++) {
        const struct http_header *header = &reply->headers[i];
        good = MHD_add_response_header(response, header->name, header->value) == MHD_YES;
        cached = cached || strcasecmp(header->name, "Cache-Control") == 0;
    }
    if (!good && response != NULL) {
        MHD_destroy_response(response);
        return NULL;
    }
    if (good) {
        http_exchange_protect(response, cached);
    }
    return response;
}

void http_exchange_reply(struct http_exchange *exchange, const struct http_reply *reply)
{
    static const struct http_reply failed = {.status = MHD_HTTP_INTERNAL_SERVER_ERROR};
    struct MHD_Response *response = exchange_respond(reply);

    if (response != NULL) {
        http_exchange_answer(exchange, reply->status, response);
    } else {
        http_exchange_answer(exchange, failed.status, exchange_respond(&failed));
    }
}

static void exchange_refuse(struct http_exchange *exchange, unsigned status)
{
    const struct http_reply reply = {
        .status = status,
        .content_type = "text/plain; charset=utf-8",
        .body = span_text(MHD_get_reason_phrase_for(status)),
        .body_lasts = true,
    };

    http_exchange_reply(exchange, &reply);
}

void http_exchange_refuse_all(struct http_server *server)
{
    for (struct http_exchange *each = server->exchanges; each != NULL; each = each->next) {
        if (each->state == EXCHANGE_HANDED) {
            exchange_refuse(each, MHD_HTTP_SERVICE_UNAVAILABLE);
        }
    }
}

/* --- Requests --- */

const char *http_exchange_header(struct http_exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_HEADER_KIND, name);
}

const char *http_exchange_query(struct http_exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *http_exchange_cookie(struct http_exchange *exchange, const char *name)
{
    return MHD_lookup_connection_value(exchange->connection, MHD_COOKIE_KIND, name);
}

static int64_t exchange_peer_uid(const struct http_exchange *exchange)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(exchange->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct ucred peer = {0};
    socklen_t size = sizeof peer;

    if (exchange->side->tcp || info == NULL ||
        getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        return -1;
    }
    return (int64_t)peer.uid;
}

/* What can be told from the headers alone. It is answered when the body has come: a connection
 * closed over bytes still on their way takes the answer with it. */
static void exchange_guard(struct http_exchange *exchange)
{
    const struct http_server_options *options = &exchange->side->server->options;
    const char *host = http_exchange_header(exchange, "Host");
    const char *origin = http_exchange_header(exchange, "Origin");
    const char *length = http_exchange_header(exchange, "Content-Length");

    if (length != NULL && strtoull(length, NULL, 10) > EXCHANGE_PATIENCE_SIZE) {
        exchange_refuse(exchange, MHD_HTTP_CONTENT_TOO_LARGE);
    } else if (!exchange->side->tcp) {
        return;
    } else if (!http_guard_host(host, options->hosts, options->tcp_address)) {
        exchange->refusal = MHD_HTTP_MISDIRECTED_REQUEST;
    } else if (origin != NULL && !http_guard_is_reading(exchange->method) &&
               !http_guard_origin(origin, host)) {
        exchange->refusal = MHD_HTTP_FORBIDDEN;
    }
}

/* MHD_NO closes the connection. */
static enum MHD_Result exchange_gather(struct http_exchange *exchange, const char *bytes,
                                       size_t size)
{
    exchange->received_size += size;
    if (exchange->refusal == 0) {
        buf_put(&exchange->body, bytes, size);
    }
    if (exchange->body.err == ERR_LIMIT) {
        exchange->refusal = MHD_HTTP_CONTENT_TOO_LARGE;
    }
    if (exchange->body.err == ERR_MEMORY || exchange->received_size > EXCHANGE_PATIENCE_SIZE) {
        return MHD_NO;
    }
    return MHD_YES;
}

static void exchange_hand(struct http_exchange *exchange)
{
    const struct http_server_options *options = &exchange->side->server->options;
    const struct http_request request = {
        .method = exchange->method,
        .path = exchange->path,
        .body = buf_span(&exchange->body),
        .peer_uid = exchange_peer_uid(exchange),
    };

    if (exchange->side->server->closing) {
        exchange->refusal = MHD_HTTP_SERVICE_UNAVAILABLE;
    }
    if (exchange->refusal != 0) {
        exchange_refuse(exchange, exchange->refusal);
        return;
    }
    exchange->state = EXCHANGE_HANDED;
    options->handle(options->context, exchange, &request);
    if (exchange->state == EXCHANGE_HANDED) {
        MHD_suspend_connection(exchange->connection);
        exchange->suspended = true;
    }
}

static enum MHD_Result exchange_queue(struct http_exchange *exchange)
{
    struct MHD_Response *response = exchange->response;
    enum MHD_Result result = MHD_NO;

    exchange->response = NULL;
    exchange->state = EXCHANGE_QUEUED;
    if (response != NULL) {
        result = MHD_queue_response(exchange->connection, exchange->status, response);
        MHD_destroy_response(response);
    }
    return result;
}

enum MHD_Result http_exchange_access(void *side, struct MHD_Connection *connection,
                                     const char *path, const char *method, const char *version,
                                     const char *upload, size_t *upload_size, void **context)
{
    struct http_exchange *exchange = *context;
    enum MHD_Result result = MHD_YES;
    (void)version;

    if (exchange == NULL) {
        exchange = exchange_new(side, connection);
        *context = exchange;
        if (exchange == NULL) {
            return MHD_NO;
        }
        exchange->method = method;
        exchange->path = path;
        exchange_guard(exchange);
    } else if (*upload_size > 0) {
        result = exchange_gather(exchange, upload, *upload_size);
        *upload_size = 0;
        return result;
    } else if (exchange->state == EXCHANGE_GATHERING) {
        exchange_hand(exchange);
    }
    return exchange->state == EXCHANGE_ANSWERED ? exchange_queue(exchange) : MHD_YES;
}
