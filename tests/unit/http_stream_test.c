#include "http_rig.h"

/* Server-sent events. */

static const char ask[] = "GET /events HTTP/1.1\r\nHost: x\r\n\r\n";

static void gone(void *context, struct http_stream *stream)
{
    struct rig *rig = context;

    rig->gone_count++;
    if (rig->stream == stream) {
        rig->stream = NULL;
    }
}

static void handle_stream(struct rig *rig, struct http_exchange *exchange,
                          const struct http_request *request)
{
    const char *last = http_exchange_header(exchange, "Last-Event-ID");
    const int from = last != NULL ? (int)strtol(last, NULL, 10) : 3;
    (void)request;

    /* Three events happened before; the client names the last one it has. */
    rig->stream = http_exchange_stream(exchange, gone, rig);
    assert_non_null(rig->stream);
    for (int i = from + 1; i <= 3; i++) {
        char id[16] = "";
        (void)snprintf(id, sizeof id, "%d", i);
        assert_int_equal(http_stream_push(rig->stream, id, "log", span_text("past")), ERR_NONE);
    }
}

static struct raw stream_open(struct rig *rig, const char *request)
{
    struct raw raw = raw_local(rig);

    rig->handle = handle_stream;
    raw_text(&raw, request);
    raw_until(&raw, "retry: 3000\n\n");
    return raw;
}

static void events_come_with_ids(void **state)
{
    struct rig *rig = *state;
    struct raw raw = stream_open(rig, ask);

    assert_non_null(strstr(raw.text, "Content-Type: text/event-stream\r\n"));
    assert_non_null(strstr(raw.text, "Cache-Control: no-store\r\n"));
    rig_settle(rig);
    assert_int_equal(http_stream_push(rig->stream, "4", "log", span_text("one")), ERR_NONE);
    raw_until(&raw, "id: 4\nevent: log\ndata: one\n\n");
    assert_int_equal(http_stream_push(rig->stream, NULL, NULL, span_text("a\nb\r\nc\rd\n")),
                     ERR_NONE);
    raw_until(&raw, "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n");
    assert_int_equal(http_stream_push(rig->stream, "5", NULL, span_of(NULL, 0)), ERR_NONE);
    raw_until(&raw, "id: 5\ndata: \n\n");
    http_server_heartbeat(rig->server);
    raw_until(&raw, ": hb\n\n");
    assert_int_equal(http_stream_push(rig->stream, "5\ndata: x", NULL, span_text("")),
                     ERR_MALFORMED);
    assert_int_equal(http_stream_push(rig->stream, NULL, "a\rb", span_text("")), ERR_MALFORMED);
    raw_close(&raw);
}

static void resumes_after_the_last_event(void **state)
{
    struct rig *rig = *state;
    struct raw raw =
        stream_open(rig, "GET /events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 1\r\n\r\n");

    raw_until(&raw, "id: 3\nevent: log\ndata: past\n\n");
    assert_non_null(strstr(raw.text, "id: 2\nevent: log\ndata: past\n\n"));
    assert_null(strstr(raw.text, "id: 1\n"));
    raw_close(&raw);
}

static void all_streams_are_reached(void **state)
{
    enum { STREAM_COUNT = 10, EVENT_COUNT = 500 };
    struct rig *rig = *state;
    struct raw raws[STREAM_COUNT];
    char last[64] = "";

    for (size_t i = 0; i < STREAM_COUNT; i++) {
        raws[i] = stream_open(rig, ask);
    }
    for (unsigned i = 1; i <= EVENT_COUNT; i++) {
        char id[16] = "";
        (void)snprintf(id, sizeof id, "%u", 1000 + i);
        assert_int_equal(http_server_push(rig->server, id, NULL, span_text("x")), ERR_NONE);
        if (i % 7 == 0) {
            http_server_run(rig->server);
        }
    }
    (void)snprintf(last, sizeof last, "id: %u\n", 1000 + EVENT_COUNT);
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        const char *at = NULL;
        raw_until(&raws[i], last);
        /* Each event once and in order. */
        at = raws[i].text;
        for (unsigned n = 1; n <= EVENT_COUNT; n++) {
            char id[32] = "";
            (void)snprintf(id, sizeof id, "id: %u\n", 1000 + n);
            at = strstr(at, "id: ");
            assert_non_null(at);
            assert_int_equal(strncmp(at, id, strlen(id)), 0);
            at++;
        }
        assert_null(strstr(at, "id: "));
        raw_close(&raws[i]);
    }
}

static void heartbeat_finds_who_left(void **state)
{
    struct rig *rig = *state;
    struct raw raw = stream_open(rig, ask);

    rig_settle(rig);
    raw_close(&raw);
    rig_settle(rig);
    for (unsigned i = 0; i < 50 && rig->gone_count == 0; i++) {
        http_server_heartbeat(rig->server);
        rig_settle(rig);
    }
    assert_int_equal(rig->gone_count, 1);
    assert_null(rig->stream);
    assert_int_equal(http_server_connection_count(rig->server), 0);
    http_server_heartbeat(rig->server);
}

static void who_falls_behind_is_reset(void **state)
{
    struct rig *rig = *state;
    struct raw slow = stream_open(rig, ask);
    struct http_stream *behind = rig->stream;
    struct raw quick = stream_open(rig, ask);
    char text[4001] = "";
    enum err err = ERR_NONE;

    memset(text, 'x', sizeof text - 1);
    for (unsigned i = 0; i < 1000 && err == ERR_NONE; i++) {
        err = http_stream_push(behind, NULL, NULL, span_text(text));
    }
    assert_int_equal(err, ERR_LIMIT);
    assert_int_equal(http_stream_push(behind, NULL, NULL, span_text("late")), ERR_LIMIT);
    /* The others go on. */
    assert_int_equal(http_server_push(rig->server, "7", NULL, span_text("go")), ERR_NONE);
    raw_until(&quick, "id: 7\ndata: go\n\n");
    raw_until(&slow, "event: reset\ndata: reset\n\n");
    raw_until(&slow, "\r\n0\r\n");
    assert_null(strstr(slow.text, "late"));
    assert_null(strstr(slow.text, "id: 7"));
    rig_settle(rig);
    assert_int_equal(rig->gone_count, 1);
    raw_close(&slow);
    raw_close(&quick);
}

static void event_larger_than_any_stream_resets(void **state)
{
    struct rig *rig = *state;
    struct raw raw = stream_open(rig, ask);
    uint8_t *bytes = calloc(1, 300 * 1024);

    assert_non_null(bytes);
    memset(bytes, 'x', 300 * 1024);
    assert_int_equal(http_stream_push(rig->stream, NULL, NULL, span_of(bytes, 300 * 1024)),
                     ERR_LIMIT);
    raw_until(&raw, "event: reset\ndata: reset\n\n");
    raw_close(&raw);
    free(bytes);
}

static void who_keeps_up_is_never_reset(void **state)
{
    struct rig *rig = *state;
    struct raw raw = stream_open(rig, ask);
    char text[4001] = "";

    memset(text, 'x', sizeof text - 1);
    for (unsigned i = 0; i < 200; i++) {
        char id[16] = "";
        char wanted[32] = "";
        (void)snprintf(id, sizeof id, "%u", i + 10);
        (void)snprintf(wanted, sizeof wanted, "id: %u\ndata: x", i + 10);
        assert_int_equal(http_stream_push(rig->stream, id, NULL, span_text(text)), ERR_NONE);
        raw_until(&raw, wanted);
    }
    assert_int_equal(rig->gone_count, 0);
    raw_close(&raw);
}

static void ended_stream_sends_what_waits(void **state)
{
    struct rig *rig = *state;
    struct raw raw = stream_open(rig, ask);

    rig_settle(rig);
    assert_int_equal(http_stream_push(rig->stream, NULL, NULL, span_text("last")), ERR_NONE);
    http_stream_end(rig->stream);
    raw_until(&raw, "data: last\n\n");
    raw_until(&raw, "\r\n0\r\n");
    rig_settle(rig);
    assert_int_equal(rig->gone_count, 1);
    raw_close(&raw);
}

static void close_ends_the_streams(void **state)
{
    struct rig *rig = *state;
    struct raw suspended = stream_open(rig, ask);
    struct raw fresh = raw_local(rig);

    rig_settle(rig);
    raw_text(&fresh, ask);
    assert_int_equal(http_server_push(rig->server, NULL, NULL, span_text("waiting")), ERR_NONE);
    http_server_close(rig->server);
    rig->server = NULL;
    assert_int_equal(rig->gone_count, 2);
    raw_close(&suspended);
    raw_close(&fresh);
}

/* A later answer may be a stream as well. */
static void handle_keep(struct rig *rig, struct http_exchange *exchange,
                        const struct http_request *request)
{
    (void)request;
    rig->kept = exchange;
}

static void stream_opened_later(void **state)
{
    struct rig *rig = *state;
    struct raw raw = raw_local(rig);

    rig->handle = handle_keep;
    raw_text(&raw, ask);
    while (rig->kept == NULL) {
        (void)rig_pump(rig, -1);
    }
    rig->stream = http_exchange_stream(rig->kept, NULL, NULL);
    assert_non_null(rig->stream);
    assert_int_equal(http_stream_push(rig->stream, "1", NULL, span_text("x")), ERR_NONE);
    raw_until(&raw, "id: 1\ndata: x\n\n");
    raw_close(&raw);
}

static void handle_push(struct rig *rig, struct http_exchange *exchange,
                        const struct http_request *request)
{
    (void)request;
    assert_int_equal(http_server_push(rig->server, "9", NULL, span_text("news")), ERR_NONE);
    reply_text(exchange, 204, "");
}

static void pushed_from_a_handler(void **state)
{
    struct rig *rig = *state;
    struct raw listener = stream_open(rig, ask);
    struct raw speaker = raw_local(rig);

    rig_settle(rig);
    rig->handle = handle_push;
    raw_text(&speaker, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    raw_until(&listener, "id: 9\ndata: news\n\n");
    raw_until(&speaker, "HTTP/1.1 204");
    raw_close(&listener);
    raw_close(&speaker);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG(events_come_with_ids),        RIG(resumes_after_the_last_event),
        RIG(all_streams_are_reached),     RIG(heartbeat_finds_who_left),
        RIG(who_falls_behind_is_reset),   RIG(event_larger_than_any_stream_resets),
        RIG(who_keeps_up_is_never_reset), RIG(ended_stream_sends_what_waits),
        RIG(close_ends_the_streams),      RIG(stream_opened_later),
        RIG(pushed_from_a_handler),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
