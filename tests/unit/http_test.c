#include "http_rig.h"

#include <sys/stat.h>

static void answer_init(struct http_answer *answer, size_t limit)
{
    *answer = (struct http_answer){0};
    buf_init(&answer->body, limit);
}

static const char *or_none(const char *text)
{
    return text != NULL ? text : "(none)";
}

static void handle_echo(struct rig *rig, struct http_exchange *exchange,
                        const struct http_request *request)
{
    static const struct http_header headers[] = {{"X-Jieli", "relay"},
                                                 {"Cache-Control", "max-age=60"}};
    struct buf text;
    struct http_reply reply = {.status = 201, .content_type = "text/x-echo"};
    (void)rig;

    buf_init(&text, 4096);
    buf_put_format(
        &text, "%s %s q=%s r=%s h=%s c=%s uid=%d body=", request->method, request->path,
        or_none(http_exchange_query(exchange, "q")), or_none(http_exchange_query(exchange, "r")),
        or_none(http_exchange_header(exchange, "x-word")),
        or_none(http_exchange_cookie(exchange, "session")), request->peer_uid == (int64_t)getuid());
    buf_put_span(&text, request->body);
    reply.body = buf_span(&text);
    reply.headers = headers;
    reply.header_count = 2;
    http_exchange_reply(exchange, &reply);
    buf_done(&text);
}

static void round_trip_over_the_local_socket(void **state)
{
    static const char *const headers[] = {"X-Word: one two", "Cookie: a=b; session=s3cret", NULL};
    struct rig *rig = *state;
    struct http_answer answer;
    struct http_call call = {
        .socket_path = rig->path,
        .method = "POST",
        .path = "/api/v1/%E6%8E%A5/x%2Fy%00z?q=a%26b&q2=1",
        .headers = headers,
        .body = span_text("{\"a\":1}"),
    };

    answer_init(&answer, 4096);
    rig->handle = handle_echo;
    assert_int_equal(rig_call(rig, &call, &answer), ERR_NONE);
    assert_int_equal(answer.status, 201);
    assert_string_equal(answer.content_type, "text/x-echo");
    assert_string_equal(buf_text(&answer.body),
                        "POST /api/v1/接/x/y%00z q=a&b r=(none) h=one two c=s3cret uid=1 "
                        "body={\"a\":1}");
    call = (struct http_call){.socket_path = rig->path, .method = "DELETE", .path = "/"};
    assert_int_equal(rig_call(rig, &call, &answer), ERR_NONE);
    assert_string_equal(buf_text(&answer.body),
                        "DELETE / q=(none) r=(none) h=(none) c=(none) uid=1 body=");
    buf_done(&answer.body);
}

static void every_reply_is_protected(void **state)
{
    struct rig *rig = *state;
    char *text = raw_ask(raw_local(rig), "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

    assert_non_null(strstr(text, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(text, "X-Content-Type-Options: nosniff\r\n"));
    assert_non_null(strstr(text, "Referrer-Policy: no-referrer\r\n"));
    assert_non_null(strstr(text, "Content-Security-Policy: default-src 'self';"));
    assert_non_null(strstr(text, "Cache-Control: no-store\r\n"));
    assert_non_null(strstr(text, "\r\n\r\nhello"));
    free(text);
    rig->handle = handle_echo;
    text = raw_ask(raw_local(rig), "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(text, "Cache-Control: max-age=60\r\n"));
    assert_non_null(strstr(text, "X-Jieli: relay\r\n"));
    assert_null(strstr(text, "no-store"));
    free(text);
    text = raw_ask(raw_local(rig), "HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(text, "HTTP/1.1 201"));
    assert_null(strstr(text, "body="));
    free(text);
}

static void handle_split(struct rig *rig, struct http_exchange *exchange,
                         const struct http_request *request)
{
    static const struct http_header header = {"X-Name", "a\r\nSet-Cookie: b"};
    const struct http_reply reply = {.status = 200, .headers = &header, .header_count = 1};
    (void)rig;
    (void)request;

    http_exchange_reply(exchange, &reply);
}

static void header_with_line_break_is_a_500(void **state)
{
    struct rig *rig = *state;
    char *text = NULL;

    rig->handle = handle_split;
    text = raw_ask(raw_local(rig), "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(text, "HTTP/1.1 500"));
    assert_null(strstr(text, "Set-Cookie"));
    free(text);
}

/* --- Bodies --- */

static void handle_size(struct rig *rig, struct http_exchange *exchange,
                        const struct http_request *request)
{
    char text[32] = "";
    (void)rig;

    (void)snprintf(text, sizeof text, "%zu", request->body.size);
    reply_text(exchange, 200, text);
}

static void body_at_the_border(void **state)
{
    struct rig *rig = *state;
    struct http_answer answer;
    uint8_t *bytes = calloc(1, LIMIT_HTTP_BODY_SIZE + 1);
    struct http_call call = {.socket_path = rig->path, .method = "PUT", .path = "/"};

    assert_non_null(bytes);
    answer_init(&answer, 4096);
    rig->handle = handle_size;
    call.body = span_of(bytes, LIMIT_HTTP_BODY_SIZE);
    assert_int_equal(rig_call(rig, &call, &answer), ERR_NONE);
    assert_int_equal(answer.status, 200);
    assert_string_equal(buf_text(&answer.body), "1048576");
    call.body = span_of(bytes, LIMIT_HTTP_BODY_SIZE + 1);
    assert_int_equal(rig_call(rig, &call, &answer), ERR_NONE);
    assert_int_equal(answer.status, 413);
    call.body = span_of(NULL, 0);
    assert_int_equal(rig_call(rig, &call, &answer), ERR_NONE);
    assert_string_equal(buf_text(&answer.body), "0");
    assert_int_equal(rig->handled_count, 2);
    buf_done(&answer.body);
    free(bytes);
}

/* Chunks of 4096 bytes without a length told before; false: the server hung up. */
static bool send_chunks(struct raw *raw, size_t count)
{
    static const char head[] = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    char chunk[4096 + 16] = "1000\r\n";
    bool sent = true;

    memset(chunk + 6, 'x', 4096);
    memcpy(chunk + 6 + 4096, "\r\n", 2);
    raw_text(raw, head);
    for (size_t i = 0; i < count && sent; i++) {
        sent = raw_send(raw, chunk, 6 + 4096 + 2);
    }
    return sent;
}

static void body_without_a_length(void **state)
{
    struct rig *rig = *state;
    struct raw raw = raw_local(rig);

    rig->handle = handle_size;
    assert_true(send_chunks(&raw, LIMIT_HTTP_BODY_SIZE / 4096));
    raw_text(&raw, "0\r\n\r\n");
    raw_until(&raw, "\r\n\r\n1048576");
    raw_close(&raw);
    raw = raw_local(rig);
    assert_true(send_chunks(&raw, LIMIT_HTTP_BODY_SIZE / 4096 + 1));
    raw_text(&raw, "0\r\n\r\n");
    raw_until(&raw, "HTTP/1.1 413");
    raw_close(&raw);
    assert_int_equal(rig->handled_count, 1);
}

static void body_far_too_large_is_refused_at_once(void **state)
{
    struct rig *rig = *state;
    struct raw raw = raw_local(rig);

    raw_text(&raw, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n");
    raw_until(&raw, "HTTP/1.1 4");
    raw_close(&raw);
    raw = raw_local(rig);
    raw_text(&raw, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4194305\r\n\r\n");
    raw_until(&raw, "HTTP/1.1 413");
    raw_until_end(&raw);
    raw_close(&raw);
    assert_int_equal(rig->handled_count, 0);
}

static void endless_body_is_cut_off(void **state)
{
    struct rig *rig = *state;
    struct raw raw = raw_local(rig);

    assert_false(send_chunks(&raw, 100 * LIMIT_HTTP_BODY_SIZE / 4096));
    assert_int_equal(rig->handled_count, 0);
    raw_close(&raw);
}

static void handle_large(struct rig *rig, struct http_exchange *exchange,
                         const struct http_request *request)
{
    static uint8_t bytes[3 * 1024 * 1024];
    const struct http_reply reply = {
        .status = 200, .body = span_of(bytes, sizeof bytes), .body_lasts = true};
    (void)rig;
    (void)request;

    memset(bytes, 'y', sizeof bytes);
    http_exchange_reply(exchange, &reply);
}

static void large_reply_flows_by_the_descriptor_alone(void **state)
{
    struct rig *rig = *state;
    char *text = NULL;

    rig->handle = handle_large;
    text = raw_ask(raw_local(rig), "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_int_equal(strspn(strstr(text, "\r\n\r\n") + 4, "y"), 3 * 1024 * 1024);
    free(text);
}

/* --- Later answers --- */

static void handle_keep(struct rig *rig, struct http_exchange *exchange,
                        const struct http_request *request)
{
    (void)request;
    rig->kept = exchange;
}

static void keep_one(struct rig *rig, struct raw *raw, const char *request)
{
    rig->kept = NULL;
    raw_text(raw, request);
    while (rig->kept == NULL) {
        (void)rig_pump(rig, -1);
    }
}

static void answered_later(void **state)
{
    struct rig *rig = *state;
    struct raw first = raw_local(rig);
    struct raw second = raw_local(rig);
    struct http_exchange *kept = NULL;

    rig->handle = handle_keep;
    keep_one(rig, &first, "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
    kept = rig->kept;
    keep_one(rig, &second, "GET /b HTTP/1.1\r\nHost: x\r\nX-Word: still here\r\n\r\n");
    reply_text(rig->kept, 200, http_exchange_header(rig->kept, "X-Word"));
    raw_until(&second, "still here");
    assert_int_equal(first.size, 0);
    reply_text(kept, 404, "for the first");
    raw_until(&first, "for the first");
    /* The connection goes on. */
    keep_one(rig, &first, "GET /c HTTP/1.1\r\nHost: x\r\n\r\n");
    reply_text(rig->kept, 200, "and again");
    raw_until(&first, "and again");
    raw_close(&first);
    raw_close(&second);
}

static void client_that_left_changes_nothing(void **state)
{
    struct rig *rig = *state;
    struct raw raw = raw_local(rig);

    rig->handle = handle_keep;
    keep_one(rig, &raw, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    raw_close(&raw);
    rig_settle(rig);
    reply_text(rig->kept, 200, "nobody there");
    rig_settle(rig);
    assert_int_equal(http_server_connection_count(rig->server), 0);
}

static void close_answers_what_waits(void **state)
{
    struct rig *rig = *state;
    struct raw raw = raw_local(rig);

    rig->handle = handle_keep;
    keep_one(rig, &raw, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    http_server_close(rig->server);
    rig->server = NULL;
    while (!raw.ended) {
        struct pollfd client = {.fd = raw.fd, .events = POLLIN};
        assert_true(poll(&client, 1, WAIT_MS) > 0);
        raw_read(&raw);
    }
    assert_non_null(strstr(raw.text, "HTTP/1.1 503"));
    raw_close(&raw);
    assert_int_equal(access(rig->path, F_OK), -1);
}

static void connections_are_bounded(void **state)
{
    enum { OPENED_COUNT = 70, LOCAL_COUNT = 50 };
    struct rig *rig = *state;
    struct raw raws[OPENED_COUNT];

    for (size_t i = 0; i < OPENED_COUNT; i++) {
        raws[i] = raw_local(rig);
        http_server_run(rig->server);
    }
    rig_settle(rig);
    assert_int_equal(http_server_connection_count(rig->server), LOCAL_COUNT);
    raw_text(&raws[0], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    raw_until(&raws[0], "hello");
    for (size_t i = 0; i < OPENED_COUNT; i++) {
        raw_close(&raws[i]);
    }
    rig_settle(rig);
    assert_int_equal(http_server_connection_count(rig->server), 0);
}

/* --- The client --- */

static void no_daemon_is_told(void **state)
{
    struct rig *rig = *state;
    struct http_answer answer;
    struct http_call call = {
        .socket_path = "/tmp/jieli-http-nobody.sock", .method = "GET", .path = "/"};
    char path[160] = "";

    answer_init(&answer, 100);
    assert_int_equal(http_call(&call, &answer), ERR_NOT_FOUND);
    /* A socket file without anybody behind it. */
    (void)snprintf(path, sizeof path, "%s/dead.sock", rig->directory);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    memcpy(address.sun_path, path, strlen(path) + 1);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    (void)close(fd);
    call.socket_path = path;
    assert_int_equal(http_call(&call, &answer), ERR_NOT_FOUND);
    memset(path, 'p', sizeof path - 1);
    assert_int_equal(http_call(&call, &answer), ERR_LIMIT);
    buf_done(&answer.body);
}

static void answer_is_bounded_in_size_and_time(void **state)
{
    struct rig *rig = *state;
    struct http_answer answer;
    struct http_call call = {.socket_path = rig->path, .method = "GET", .path = "/"};

    answer_init(&answer, 5);
    assert_int_equal(rig_call(rig, &call, &answer), ERR_NONE);
    assert_int_equal(answer.body.size, 5);
    buf_done(&answer.body);
    answer_init(&answer, 4);
    assert_int_equal(rig_call(rig, &call, &answer), ERR_LIMIT);
    rig->handle = handle_keep;
    call.timeout_ms = 200;
    assert_int_equal(rig_call(rig, &call, &answer), ERR_BUSY);
    reply_text(rig->kept, 200, "too late");
    buf_done(&answer.body);
}

static void *speak_nonsense(void *context)
{
    const int fd = accept(*(const int *)context, NULL, NULL);
    char request[1024];

    if (fd < 0 || recv(fd, request, sizeof request, 0) <= 0 ||
        send(fd, "nonsense\r\n\r\n", 12, MSG_NOSIGNAL) != 12) {
        abort();
    }
    (void)close(fd);
    return NULL;
}

static void what_is_not_http_is_refused(void **state)
{
    static const char *const split[] = {"X: a\r\nY: b", NULL};
    static const char *const nameless[] = {"nothing", NULL};
    struct rig *rig = *state;
    struct http_answer answer;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct http_call call = {
        .socket_path = address.sun_path, .method = "GET", .path = "/", .timeout_ms = WAIT_MS};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    pthread_t thread;

    answer_init(&answer, 100);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s/odd.sock", rig->directory);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 1), 0);
    assert_int_equal(pthread_create(&thread, NULL, speak_nonsense, &fd), 0);
    assert_int_equal(http_call(&call, &answer), ERR_MALFORMED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)close(fd);
    call.path = "/a b";
    assert_int_equal(http_call(&call, &answer), ERR_MALFORMED);
    call.path = "/a\r\nX: y";
    assert_int_equal(http_call(&call, &answer), ERR_MALFORMED);
    call.path = "a";
    assert_int_equal(http_call(&call, &answer), ERR_MALFORMED);
    call.path = "/";
    call.method = "";
    assert_int_equal(http_call(&call, &answer), ERR_MALFORMED);
    call.method = "GET";
    call.headers = split;
    assert_int_equal(http_call(&call, &answer), ERR_MALFORMED);
    call.headers = nameless;
    assert_int_equal(http_call(&call, &answer), ERR_MALFORMED);
    buf_done(&answer.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RIG(round_trip_over_the_local_socket),
        RIG(every_reply_is_protected),
        RIG(header_with_line_break_is_a_500),
        RIG(body_at_the_border),
        RIG(body_without_a_length),
        RIG(body_far_too_large_is_refused_at_once),
        RIG(endless_body_is_cut_off),
        RIG(large_reply_flows_by_the_descriptor_alone),
        RIG(answered_later),
        RIG(client_that_left_changes_nothing),
        RIG(close_answers_what_waits),
        RIG(connections_are_bounded),
        RIG(no_daemon_is_told),
        RIG(answer_is_bounded_in_size_and_time),
        RIG(what_is_not_http_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
