#include "tests/bench/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { OUT_SIZE = 64 << 20, IN_SIZE = 1 << 20, PATIENCE_S = 60 };

bool load_stream_open(struct load_stream *stream, const struct load_options *options)
{
    const int on = 1;
    const struct timeval patience = {.tv_sec = PATIENCE_S}; /* NATS once owed an answer for good */
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)options->port)};
    memset(stream, 0, sizeof *stream);
    buf_init(&stream->out, OUT_SIZE);
    stream->capacity = IN_SIZE;
    stream->in = malloc(stream->capacity);
    stream->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return stream->in != NULL && stream->socket >= 0 &&
           inet_pton(AF_INET, options->host, &address.sin_addr) == 1 &&
           connect(stream->socket, (const struct sockaddr *)&address, sizeof address) == 0 &&
           setsockopt(stream->socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0 &&
           setsockopt(stream->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) == 0;
}

void load_stream_close(struct load_stream *stream)
{
    if (stream->socket >= 0) {
        (void)close(stream->socket);
    }
    buf_done(&stream->out);
    free(stream->in);
}

void load_stream_flush(struct load_stream *stream, struct load_share *share)
{
    size_t done = 0;
    if (stream->out.err != ERR_NONE) {
        load_give_up("window too large");
    }
    while (done < stream->out.size) {
        ssize_t n =
            send(stream->socket, stream->out.data + done, stream->out.size - done, MSG_NOSIGNAL);
        if (n <= 0) {
            load_give_up("connection lost while sending");
        }
        done += (size_t)n;
    }
    share->sent_bytes += done;
    buf_clear(&stream->out);
}

static void fill(struct load_stream *stream, struct load_share *share)
{
    if (stream->start > 0) {
        memmove(stream->in, stream->in + stream->start, stream->end - stream->start);
        stream->end -= stream->start;
        stream->start = 0;
    }
    ssize_t n = recv(stream->socket, stream->in + stream->end, stream->capacity - stream->end, 0);
    if (n <= 0) {
        load_give_up(n < 0 && errno == EAGAIN ? "an answer is owed for a minute"
                                              : "connection lost while receiving");
    }
    stream->end += (size_t)n;
    share->answer_bytes += (uint64_t)n;
}

static const uint8_t *line_end(const struct load_stream *stream)
{
    return memmem(stream->in + stream->start, stream->end - stream->start, "\r\n", 2);
}

bool load_stream_has_line(const struct load_stream *stream)
{
    return line_end(stream) != NULL;
}

struct span load_stream_line(struct load_stream *stream, struct load_share *share)
{
    const uint8_t *end = line_end(stream);
    while (end == NULL) {
        fill(stream, share);
        end = line_end(stream);
    }
    struct span line =
        span_of(stream->in + stream->start, (size_t)(end - stream->in) - stream->start);
    stream->start += line.size + 2;
    return line;
}

struct span load_stream_bytes(struct load_stream *stream, size_t size, struct load_share *share)
{
    while (stream->end - stream->start < size) {
        fill(stream, share);
    }
    struct span bytes = span_of(stream->in + stream->start, size);
    stream->start += size;
    return bytes;
}

void load_put_event(struct buf *buf, const struct wire_envelope *envelope)
{
    buf_put_span(buf, envelope->body);
    buf_put(buf, envelope->signature, LIMIT_SIGNATURE_SIZE);
}

size_t load_event_size(const struct wire_envelope *envelope)
{
    return envelope->body.size + LIMIT_SIGNATURE_SIZE;
}
