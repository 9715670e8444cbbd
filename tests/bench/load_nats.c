/* NATS JetStream: a publish an event, its answer to an inbox, the plain text protocol. */
#include "tests/bench/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct nats {
    struct load_share *share;
    struct load_stream stream;
    char inbox[32];
};

static const char stream_config[] =
    "{\"name\":\"EV\",\"subjects\":[\"ev.*\"],\"storage\":\"file\",\"retention\":\"limits\","
    "\"num_replicas\":1}";

/* The next message for us; pings are answered on the way. */
static struct span next_message(struct nats *nats)
{
    for (;;) {
        struct span line = load_stream_line(&nats->stream, nats->share);
        if (line.size >= 4 && memcmp(line.data, "PING", 4) == 0) {
            buf_put_text(&nats->stream.out, "PONG\r\n");
            load_stream_flush(&nats->stream, nats->share);
        } else if (line.size >= 4 && memcmp(line.data, "MSG ", 4) == 0) {
            char text[256];
            size_t length = line.size < sizeof text - 1 ? line.size : sizeof text - 1;
            memcpy(text, line.data, length);
            text[length] = 0;
            const char *size = strrchr(text, ' ');
            size_t bytes = size == NULL ? 0 : strtoull(size, NULL, 10);
            struct span message = load_stream_bytes(&nats->stream, bytes + 2, nats->share);
            message.size -= 2;
            return message;
        } else if (line.size >= 4 && memcmp(line.data, "-ERR", 4) == 0) {
            load_give_up("NATS answers with an error");
        }
    }
}

static void *nats_open(struct load_share *share)
{
    struct nats *nats = calloc(1, sizeof *nats);
    if (nats == NULL || !load_stream_open(&nats->stream, share->options)) {
        free(nats);
        return NULL;
    }
    nats->share = share;
    (void)snprintf(nats->inbox, sizeof nats->inbox, "_INBOX.bench.%u", share->client);
    (void)load_stream_line(&nats->stream, share); /* INFO */
    buf_put_format(&nats->stream.out,
                   "CONNECT {\"verbose\":false,\"pedantic\":false,\"name\":\"bench\"}\r\n"
                   "SUB %s 1\r\nPUB $JS.API.STREAM.CREATE.EV %s %zu\r\n%s\r\n",
                   nats->inbox, nats->inbox, sizeof stream_config - 1, stream_config);
    load_stream_flush(&nats->stream, share);
    struct span made = next_message(nats);
    if (memmem(made.data, made.size, "\"error\"", 7) != NULL) {
        load_give_up("NATS made no stream");
    }
    return nats;
}

static void nats_send(void *self, size_t first, size_t count)
{
    struct nats *nats = self;
    struct buf *out = &nats->stream.out;
    for (size_t i = first; i < first + count; i++) {
        const struct wire_envelope *envelope = &nats->share->events.envelope[i];
        buf_put_format(out, "PUB ev.%u %s %zu\r\n", nats->share->client, nats->inbox,
                       load_event_size(envelope));
        load_put_event(out, envelope);
        buf_put_text(out, "\r\n");
    }
}

static size_t nats_receive(void *self)
{
    struct nats *nats = self;
    size_t count = 0;
    load_stream_flush(&nats->stream, nats->share);
    do {
        struct span answer = next_message(nats);
        nats->share->refused += memmem(answer.data, answer.size, "\"seq\"", 5) == NULL ? 1 : 0;
        count++;
    } while (load_stream_has_line(&nats->stream));
    return count;
}

static void nats_part(void *self, const uint8_t hash[LIMIT_HASH_SIZE], struct span blob)
{
    struct nats *nats = self;
    (void)hash; /* ours has it inside the event */
    buf_put_format(&nats->stream.out, "PUB ev.%u %s %zu\r\n", nats->share->client, nats->inbox,
                   blob.size);
    buf_put_span(&nats->stream.out, blob);
    buf_put_text(&nats->stream.out, "\r\n");
    (void)nats_receive(nats);
}

static void nats_close(void *self)
{
    struct nats *nats = self;
    load_stream_close(&nats->stream);
    free(nats);
}

const struct load_driver load_nats = {"nats",       nats_open, nats_send,
                                      nats_receive, nats_part, nats_close};
