#include "http_rig.h"

#include <sys/stat.h>

/* Where the server listens and to whom it listens. */

static const char *const hosts[] = {"hub.example", "[fd00::1]", NULL};

static int tcp_setup(void **state)
{
    return rig_setup_with(state, "127.0.0.1", hosts);
}

static void assert_status(struct rig *rig, const char *head, const char *status)
{
    char request[512] = "";
    char *text = NULL;

    (void)snprintf(request, sizeof request, "%sConnection: close\r\n\r\n", head);
    text = raw_ask(raw_tcp(rig), request);
    if (strncmp(text, "HTTP/1.1 ", 9) != 0 || strncmp(text + 9, status, 3) != 0) {
        fail_msg("%s got %.40s", head, text);
    }
    free(text);
}

static void foreign_host_is_421(void **state)
{
    static const char *const good[] = {"localhost",   "LocalHost:8080", "127.0.0.1:1",
                                       "[::1]:65535", "hub.example:80", "[FD00::1]"};
    static const char *const bad[] = {"evil.example",
                                      "localhost.evil.example",
                                      "hub.example.evil",
                                      "127.0.0.1:65536",
                                      "localhost:80x",
                                      "[::2]",
                                      "[::1",
                                      "evil@localhost",
                                      "[::1]evil"};
    struct rig *rig = *state;
    char head[256] = "";

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        (void)snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: %s\r\n", good[i]);
        assert_status(rig, head, "200");
    }
    assert_int_equal(rig->handled_count, 6);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        (void)snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: %s\r\n", bad[i]);
        assert_status(rig, head, "421");
    }
    assert_int_equal(rig->handled_count, 6);
}

static void missing_host_is_refused(void **state)
{
    struct rig *rig = *state;
    char *text = raw_ask(raw_tcp(rig), "GET / HTTP/1.0\r\n\r\n");

    assert_non_null(strstr(text, " 421 "));
    free(text);
    assert_int_equal(rig->handled_count, 0);
}

static void local_socket_asks_for_no_host(void **state)
{
    struct rig *rig = *state;
    char *text = raw_ask(raw_local(rig), "POST / HTTP/1.1\r\nHost: whatever\r\n"
                                         "Origin: null\r\nContent-Length: 0\r\n"
                                         "Connection: close\r\n\r\n");

    assert_non_null(strstr(text, "HTTP/1.1 200"));
    free(text);
}

static void foreign_origin_may_only_read(void **state)
{
    struct rig *rig = *state;

    assert_status(rig, "GET / HTTP/1.1\r\nHost: localhost:1\r\nOrigin: http://evil\r\n", "200");
    assert_status(rig, "POST / HTTP/1.1\r\nHost: localhost:1\r\nContent-Length: 0\r\n", "200");
    assert_status(rig,
                  "POST / HTTP/1.1\r\nHost: localhost:1\r\nOrigin: http://localhost:1\r\n"
                  "Content-Length: 0\r\n",
                  "200");
    assert_int_equal(rig->handled_count, 3);
    assert_status(rig,
                  "POST / HTTP/1.1\r\nHost: localhost:1\r\nOrigin: http://localhost:2\r\n"
                  "Content-Length: 0\r\n",
                  "403");
    assert_status(rig,
                  "DELETE / HTTP/1.1\r\nHost: localhost:1\r\nOrigin: null\r\n"
                  "Content-Length: 0\r\n",
                  "403");
    assert_status(rig,
                  "PUT / HTTP/1.1\r\nHost: localhost:1\r\nOrigin: https://evil.example\r\n"
                  "Content-Length: 0\r\n",
                  "403");
    assert_int_equal(rig->handled_count, 3);
}

/* A body that is still on its way must not take the answer with it. */
static void refusal_waits_for_the_body(void **state)
{
    static const char head[] = "POST / HTTP/1.1\r\nHost: evil\r\nContent-Length: 2000000\r\n"
                               "Connection: close\r\n\r\n";
    struct rig *rig = *state;
    struct raw raw = raw_tcp(rig);
    uint8_t *bytes = calloc(1, 2000000);

    assert_non_null(bytes);
    raw_text(&raw, head);
    assert_true(raw_send(&raw, bytes, 2000000));
    raw_until(&raw, "HTTP/1.1 421");
    assert_int_equal(rig->handled_count, 0);
    raw_close(&raw);
    free(bytes);
}

static void handle_uid(struct rig *rig, struct http_exchange *exchange,
                       const struct http_request *request)
{
    (void)rig;
    reply_text(exchange, 200, request->peer_uid == -1 ? "nobody known" : "somebody");
}

static void tcp_peer_has_no_uid(void **state)
{
    struct rig *rig = *state;
    char *text = NULL;

    rig->handle = handle_uid;
    text = raw_ask(raw_tcp(rig), "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(text, "nobody known"));
    free(text);
}

static void second_server_is_refused(void **state)
{
    struct rig *rig = *state;
    struct http_server_options options = rig_options(rig);
    struct http_server *second = NULL;

    assert_int_equal(http_server_open(&options, &second), ERR_CONFLICT);
    options.socket_path = NULL;
    options.tcp_address = "127.0.0.1";
    options.tcp_port = http_server_port(rig->server);
    assert_int_equal(http_server_open(&options, &second), ERR_CONFLICT);
    assert_null(second);
    /* The first one was not disturbed. */
    char *text = raw_ask(raw_local(rig), "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(text, "hello"));
    free(text);
}

static void socket_of_the_dead_is_replaced(void **state)
{
    struct rig *rig = *state;
    struct http_server_options options = rig_options(rig);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct stat status;
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

    assert_int_equal(stat(rig->path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0660);
    http_server_close(rig->server);
    rig->server = NULL;
    assert_int_equal(access(rig->path, F_OK), -1);
    memcpy(address.sun_path, rig->path, strlen(rig->path) + 1);
    assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
    (void)close(fd);
    assert_int_equal(access(rig->path, F_OK), 0);
    assert_int_equal(http_server_open(&options, &rig->server), ERR_NONE);
    char *text = raw_ask(raw_local(rig), "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_non_null(strstr(text, "hello"));
    free(text);
}

static void file_in_the_way_is_left_alone(void **state)
{
    struct rig *rig = *state;
    struct http_server_options options = rig_options(rig);
    struct http_server *server = NULL;
    FILE *file = NULL;

    http_server_close(rig->server);
    rig->server = NULL;
    file = fopen(rig->path, "w");
    assert_non_null(file);
    (void)fclose(file);
    assert_int_equal(http_server_open(&options, &server), ERR_CONFLICT);
    assert_int_equal(access(rig->path, F_OK), 0);
}

static void bad_places_are_refused(void **state)
{
    struct rig *rig = *state;
    struct http_server_options options = {.handle = rig_handle, .context = rig};
    struct http_server *server = NULL;
    char path[128] = "";

    options.tcp_address = "localhost";
    assert_int_equal(http_server_open(&options, &server), ERR_MALFORMED);
    options.tcp_address = "0.0.0.0";
    assert_int_equal(http_server_open(&options, &server), ERR_AUTH);
    options.tcp_address = "::";
    assert_int_equal(http_server_open(&options, &server), ERR_AUTH);
    options.tcp_address = "127.0.0.1";
    options.tls_certificate = "no certificate";
    assert_int_equal(http_server_open(&options, &server), ERR_MALFORMED);
    options.tls_key = "no key";
    assert_int_equal(http_server_open(&options, &server), ERR_MALFORMED);
    options = (struct http_server_options){.handle = rig_handle, .context = rig};
    memset(path, 'p', 101);
    options.socket_path = path;
    assert_int_equal(http_server_open(&options, &server), ERR_LIMIT);
    options.socket_path = "/nowhere/at/all.sock";
    assert_int_equal(http_server_open(&options, &server), ERR_NOT_FOUND);
    assert_null(server);
}

static void restart_takes_the_port_again(void **state)
{
    struct rig *rig = *state;
    struct http_server_options options = rig_options(rig);
    struct raw raw = raw_tcp(rig);
    const uint16_t port = http_server_port(rig->server);

    /* A connection the server closed first leaves the port waiting in the kernel. */
    raw_text(&raw, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    raw_until(&raw, "hello");
    http_server_close(rig->server);
    rig->server = NULL;
    options.tcp_address = "127.0.0.1";
    options.tcp_port = port;
    assert_int_equal(http_server_open(&options, &rig->server), ERR_NONE);
    assert_int_equal(http_server_port(rig->server), port);
    raw_close(&raw);
}

#define TCP(test) cmocka_unit_test_setup_teardown(test, tcp_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TCP(foreign_host_is_421),           TCP(missing_host_is_refused),
        TCP(local_socket_asks_for_no_host), TCP(foreign_origin_may_only_read),
        TCP(refusal_waits_for_the_body),    TCP(tcp_peer_has_no_uid),
        TCP(second_server_is_refused),      RIG(socket_of_the_dead_is_replaced),
        RIG(file_in_the_way_is_left_alone), RIG(bad_places_are_refused),
        TCP(restart_takes_the_port_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
