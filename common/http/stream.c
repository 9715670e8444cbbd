#include "base/check.h"
#include "http/internal.h"

#include <stdlib.h>
#include <string.h>

enum {
    STREAM_WAITING_SIZE = 256 * 1024,
    STREAM_RESET_SIZE = 64, /* room kept for the farewell */
    STREAM_BLOCK_SIZE = 16 * 1024,
};

struct http_stream {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct http_stream *next;
    struct http_stream **link; /* where this is pointed to from */
    void (*gone)(void *context, struct http_stream *stream);
    void *context;
    struct buf waiting;
    size_t sent; /* of waiting */
    bool suspended;
    bool ending;
};

static ssize_t stream_read(void *context, uint64_t position, char *ret, size_t size)
{
    struct http_stream *stream = context;
    const size_t left = stream->waiting.size - stream->sent;
    const size_t part = left < size ? left : size;
    (void)position;

    if (part > 0) {
        memcpy(ret, stream->waiting.data + stream->sent, part);
        stream->sent += part;
        return (ssize_t)part;
    }
    if (stream->ending) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    stream->suspended = true;
    MHD_suspend_connection(stream->connection);
    return 0;
}

static void stream_continue(struct http_stream *stream)
{
    if (stream->suspended) {
        stream->suspended = false;
        MHD_resume_connection(stream->connection);
        http_server_touch(stream->server);
    }
}

/* MHD is done with the response. */
static void stream_free(void *context)
{
    struct http_stream *stream = context;

    *stream->link = stream->next;
    if (stream->next != NULL) {
        stream->next->link = stream->link;
    }
    if (stream->gone != NULL) {
        stream->gone(stream->context, stream);
    }
    buf_done(&stream->waiting);
    free(stream);
}

static struct http_stream *stream_new(struct http_exchange *exchange)
{
    struct http_stream *stream = calloc(1, sizeof *stream);
    struct http_server *server = http_exchange_server(exchange);

    if (stream == NULL) {
        return NULL;
    }
    stream->server = server;
    stream->connection = http_exchange_connection(exchange);
    buf_init(&stream->waiting, STREAM_WAITING_SIZE + STREAM_RESET_SIZE);
    stream->link = &server->streams;
    stream->next = server->streams;
    if (stream->next != NULL) {
        stream->next->link = &stream->next;
    }
    *stream->link = stream;
    buf_put_text(&stream->waiting, "retry: 3000\n\n");
    return stream;
}

struct http_stream *http_exchange_stream(struct http_exchange *exchange,
                                         void (*gone)(void *context, struct http_stream *stream),
                                         void *context)
{
    static const struct http_reply refused = {.status = MHD_HTTP_SERVICE_UNAVAILABLE};
    struct http_stream *stream = stream_new(exchange);
    struct MHD_Response *response = NULL;

    if (stream != NULL) {
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK_SIZE,
                                                     stream_read, stream, stream_free);
    }
    if (response == NULL) {
        if (stream != NULL) {
            stream_free(stream);
        }
        http_exchange_reply(exchange, &refused);
        return NULL;
    }
    stream->gone = gone;
    stream->context = context;
    (void)MHD_add_response_header(response, "Content-Type", "text/event-stream");
    http_exchange_protect(response, false);
    http_exchange_answer(exchange, MHD_HTTP_OK, response);
    return stream;
}

/* What was sent makes room. */
static void stream_compact(struct http_stream *stream)
{
    struct buf *waiting = &stream->waiting;

    if (stream->sent > 0) {
        memmove(waiting->data, waiting->data + stream->sent, waiting->size - stream->sent);
        waiting->size -= stream->sent;
        stream->sent = 0;
    }
}

static void stream_put_field(struct buf *event, const char *name, struct span value)
{
    buf_put_text(event, name);
    buf_put_text(event, ": ");
    buf_put_span(event, value);
    buf_put_text(event, "\n");
}

static size_t stream_line_size(struct span text)
{
    size_t size = 0;

    while (size < text.size && text.data[size] != '\n' && text.data[size] != '\r') {
        size++;
    }
    return size;
}

static void stream_put_data(struct buf *event, struct span data)
{
    size_t size = stream_line_size(data);

    stream_put_field(event, "data", span_of(data.data, size));
    while (size < data.size) {
        const bool pair =
            data.data[size] == '\r' && size + 1 < data.size && data.data[size + 1] == '\n';
        const size_t skip = size + (pair ? 2 : 1);
        data = span_of(data.data + skip, data.size - skip);
        size = stream_line_size(data);
        stream_put_field(event, "data", span_of(data.data, size));
    }
}

static bool stream_is_line(const char *text)
{
    return text == NULL || strpbrk(text, "\r\n") == NULL;
}

static enum err stream_encode(const char *id, const char *type, struct span data,
                              struct buf *ret_event)
{
    if (!stream_is_line(id) || !stream_is_line(type)) {
        return ERR_MALFORMED;
    }
    if (id != NULL) {
        stream_put_field(ret_event, "id", span_text(id));
    }
    if (type != NULL) {
        stream_put_field(ret_event, "event", span_text(type));
    }
    stream_put_data(ret_event, data);
    buf_put_text(ret_event, "\n");
    return ret_event->err == ERR_LIMIT ? ERR_NONE : ret_event->err;
}

/* An event that did not fit into its own buffer is too large for any stream. */
static enum err stream_put(struct http_stream *stream, const struct buf *event)
{
    static const char farewell[] = "event: reset\ndata: reset\n\n";

    if (stream->ending) {
        return ERR_LIMIT;
    }
    stream_compact(stream);
    if (event->err == ERR_LIMIT || stream->waiting.size + event->size > STREAM_WAITING_SIZE) {
        buf_put_text(&stream->waiting, farewell);
        stream->ending = true;
    } else {
        buf_put_span(&stream->waiting, buf_span(event));
    }
    stream->ending = stream->ending || stream->waiting.err != ERR_NONE;
    stream_continue(stream);
    return stream->ending ? ERR_LIMIT : ERR_NONE;
}

enum err http_stream_push(struct http_stream *stream, const char *id, const char *type,
                          struct span data)
{
    struct buf event = {0};
    enum err err = ERR_NONE;

    buf_init(&event, STREAM_WAITING_SIZE);
    err = stream_encode(id, type, data, &event);
    if (err == ERR_NONE) {
        err = stream_put(stream, &event);
    }
    buf_done(&event);
    return err;
}

enum err http_server_push(struct http_server *server, const char *id, const char *type,
                          struct span data)
{
    struct buf event = {0};
    enum err err = ERR_NONE;

    buf_init(&event, STREAM_WAITING_SIZE);
    err = stream_encode(id, type, data, &event);
    for (struct http_stream *each = server->streams; each != NULL && err == ERR_NONE;
         each = each->next) {
        /* ERR_LIMIT: that one ends, the others go on. */
        const enum err put = stream_put(each, &event);
        err = put == ERR_LIMIT ? ERR_NONE : put;
    }
    buf_done(&event);
    return err;
}

void http_stream_end(struct http_stream *stream)
{
    stream->ending = true;
    stream_continue(stream);
}

void http_stream_end_all(struct http_server *server)
{
    for (struct http_stream *each = server->streams; each != NULL; each = each->next) {
        http_stream_end(each);
    }
}

void http_server_heartbeat(struct http_server *server)
{
    struct buf beat = {0};

    buf_init(&beat, STREAM_RESET_SIZE);
    buf_put_text(&beat, ": hb\n\n");
    for (struct http_stream *each = server->streams; each != NULL; each = each->next) {
        (void)!stream_put(each, &beat);
    }
    buf_done(&beat);
}
