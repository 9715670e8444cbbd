/* Redis: an XADD of one stream an event, RESP over TCP. */
#include "tests/bench/load.h"

#include <stdlib.h>
#include <string.h>

struct redis {
    struct load_share *share;
    struct load_stream stream;
};

static void *redis_open(struct load_share *share)
{
    struct redis *redis = calloc(1, sizeof *redis);
    if (redis == NULL || !load_stream_open(&redis->stream, share->options)) {
        free(redis);
        return NULL;
    }
    redis->share = share;
    return redis;
}

static void redis_send(void *self, size_t first, size_t count)
{
    struct redis *redis = self;
    struct buf *out = &redis->stream.out;
    for (size_t i = first; i < first + count; i++) {
        const struct wire_envelope *envelope = &redis->share->events.envelope[i];
        buf_put_format(out, "*5\r\n$4\r\nXADD\r\n$2\r\nev\r\n$1\r\n*\r\n$1\r\nd\r\n$%zu\r\n",
                       load_event_size(envelope));
        load_put_event(out, envelope);
        buf_put_text(out, "\r\n");
    }
}

/* "$15" and the entry's id, or "-ERR ...". */
static void take_reply(struct redis *redis)
{
    struct span line = load_stream_line(&redis->stream, redis->share);
    if (line.size > 0 && line.data[0] == '$') {
        (void)load_stream_line(&redis->stream, redis->share);
    } else {
        redis->share->refused++;
    }
}

static size_t redis_receive(void *self)
{
    struct redis *redis = self;
    size_t count = 1;
    load_stream_flush(&redis->stream, redis->share);
    take_reply(redis);
    while (load_stream_has_line(&redis->stream)) {
        take_reply(redis);
        count++;
    }
    return count;
}

static void redis_close(void *self)
{
    struct redis *redis = self;
    load_stream_close(&redis->stream);
    free(redis);
}

const struct load_driver load_redis = {"redis",       redis_open, redis_send,
                                       redis_receive, NULL,       redis_close};
