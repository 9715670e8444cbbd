#include "base/check.h"
#include "link_rig.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zmq.h>

/* A server that closes while peers of every kind are on their way in. ./link_close_test ROUNDS
 * plays as many openings and closings as wanted; what never ends is the failure. */

enum { CALLER_COUNT = 3, ROUND_COUNT_DEFAULT = 20, GREETING_SIZE = 64, HELLO_SIZE = 202 };

static unsigned round_count = ROUND_COUNT_DEFAULT;

/* What callers share with the side that is called. */
struct crowd {
    struct keys server_keys;
    struct keys known;
    atomic_uint port; /* of now */
    atomic_bool over;
};

struct caller {
    pthread_t thread;
    struct crowd *crowd;
    uint32_t random;
};

static uint32_t random_below(uint32_t *random, uint32_t bound)
{
    *random = *random * 1664525U + 1013904223U;
    return (uint32_t)((uint64_t)*random * bound >> 32);
}

static void sleep_below(uint32_t *random, uint32_t bound_us)
{
    const struct timespec wait = {.tv_nsec = random_below(random, bound_us) * 1000L};

    (void)nanosleep(&wait, NULL);
}

/* --- Peers of bytes alone --- */

static int raw_connect(unsigned port)
{
    const struct sockaddr_in address = {.sin_family = AF_INET,
                                        .sin_port = htons((uint16_t)port),
                                        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        (void)close(fd);
        fd = -1;
    }
    return fd;
}

static void greeting_make(uint8_t ret[GREETING_SIZE], const char *mechanism)
{
    memset(ret, 0, GREETING_SIZE);
    ret[0] = 0xff;
    ret[9] = 0x7f;
    ret[10] = 3;
    ret[11] = 1;
    memcpy(ret + 12, mechanism, strlen(mechanism));
}

/* A greeting, and what a peer of that mechanism says next, all at once. */
static size_t speech_make(uint8_t ret[2 * HELLO_SIZE], const char *mechanism)
{
    static const char ready[] = "\x04\x1c\x05READY\x0bSocket-Type\0\0\0\x06"
                                "DEALER\0\x05plain";
    size_t size = GREETING_SIZE;

    greeting_make(ret, mechanism);
    if (strcmp(mechanism, "NULL") == 0) {
        memcpy(ret + size, ready, sizeof ready - 1);
        return size + sizeof ready - 1;
    }
    /* HELLO with a box that is none. */
    memset(ret + size, 0x5a, HELLO_SIZE);
    memcpy(ret + size, "\x04\xc8\x05HELLO\x01\0", 10);
    return size + HELLO_SIZE;
}

/* Until the other side hangs up, at most wait_ms. */
static bool raw_hears_the_end(int fd, int wait_ms)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    uint8_t bytes[256];

    while (poll(&poll_fd, 1, wait_ms) > 0) {
        if (recv(fd, bytes, sizeof bytes, 0) <= 0) {
            return true;
        }
    }
    return false;
}

/* Any part of a speech, from silence to all of it. */
static void raw_call(struct caller *caller, unsigned port)
{
    static const char *const mechanisms[] = {"NULL", "CURVE", "PLAIN", "?"};
    uint8_t bytes[2 * HELLO_SIZE];
    const size_t size = speech_make(bytes, mechanisms[random_below(&caller->random, 4)]);
    const int fd = raw_connect(port);

    if (fd < 0) {
        sleep_below(&caller->random, 200);
        return;
    }
    const uint32_t said_size = random_below(&caller->random, 2 * (uint32_t)size);
    (void)send(fd, bytes, said_size < size ? said_size : size, MSG_NOSIGNAL);
    (void)raw_hears_the_end(fd, (int)random_below(&caller->random, 3));
    (void)close(fd);
}

/* --- Peers on ZeroMQ --- */

static void number_set(void *socket, int option, int value)
{
    CHECK(zmq_setsockopt(socket, option, &value, sizeof value) == 0);
}

static void curve_set(void *socket, const struct crowd *crowd, const struct keys *keys)
{
    CHECK(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, crowd->server_keys.public, LINK_KEY_SIZE) ==
          0);
    CHECK(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, keys->public, LINK_KEY_SIZE) == 0);
    CHECK(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, keys->secret, LINK_KEY_SIZE) == 0);
}

static void zmq_call(struct caller *caller, unsigned port)
{
    void *context = zmq_ctx_new();
    void *socket = zmq_socket(context, ZMQ_DEALER);
    char endpoint[LINK_ENDPOINT_SIZE] = "";
    const struct keys unknown = keys_make();
    const uint32_t kind = random_below(&caller->random, 4);

    CHECK(socket != NULL);
    number_set(socket, ZMQ_LINGER, 0);
    number_set(socket, ZMQ_RECONNECT_IVL, 1);
    if (kind > 0) {
        curve_set(socket, caller->crowd, kind > 1 ? &caller->crowd->known : &unknown);
    }
    (void)snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%u", port);
    CHECK(zmq_connect(socket, endpoint) == 0);
    for (uint32_t i = random_below(&caller->random, 20); i > 0; i--) {
        (void)zmq_send(socket, "frame", 5, ZMQ_DONTWAIT);
        sleep_below(&caller->random, 500);
    }
    CHECK(zmq_close(socket) == 0);
    CHECK(zmq_ctx_term(context) == 0);
}

static void *caller_run(void *context)
{
    struct caller *caller = context;

    while (!atomic_load(&caller->crowd->over)) {
        const unsigned port = atomic_load(&caller->crowd->port);
        if (random_below(&caller->random, 3) == 0) {
            zmq_call(caller, port);
        } else {
            raw_call(caller, port);
        }
    }
    return NULL;
}

/* --- The side that is called --- */

static unsigned port_of(const char *endpoint)
{
    return (unsigned)strtoul(strrchr(endpoint, ':') + 1, NULL, 10);
}

/* Serves until somebody was told yes or no, and a moment longer. */
static void serve(struct link_server *server, uint32_t *random)
{
    struct link_server_counts counts = {0};
    struct link_frame frame = {0};

    for (unsigned round = 0; counts.admitted + counts.refused == 0; round++) {
        assert_true(round < WAIT_MS);
        for (unsigned i = 0; i < 10; i++) {
            const enum err err = link_server_receive(server, &frame);
            if (err == ERR_NONE) {
                (void)(link_server_send(server, &frame.peer, frame.payload) == ERR_NONE);
            }
        }
        (void)poll(NULL, 0, 1);
        link_server_counts(server, &counts);
    }
    sleep_below(random, 3000);
}

/* Everything opens, serves and closes; returning is what counts. */
static void play_round(struct crowd *crowd, uint32_t *random)
{
    struct link_client_options options = {
        .kind = LINK_DIALOG, .reconnect_ms = 1, .reconnect_max_ms = 2};
    struct link_client *client = NULL;
    struct link_server *server = NULL;
    struct link_bell *bell = NULL;

    assert_int_equal(link_init(), ERR_NONE);
    server = server_open(&crowd->server_keys, "tcp://127.0.0.1:*");
    assert_int_equal(link_bell_open(server, "tcp://127.0.0.1:*", &bell), ERR_NONE);
    if (random_below(random, 2) == 0) {
        assert_int_equal(link_server_allow(server, crowd->known.public, "known"), ERR_NONE);
    }
    const char *called = random_below(random, 4) == 0 ? link_bell_endpoint_view(bell)
                                                      : link_server_endpoint_view(server);
    atomic_store(&crowd->port, port_of(called));
    options.endpoint = link_server_endpoint_view(server);
    memcpy(options.server_public, crowd->server_keys.public, LINK_KEY_SIZE);
    memcpy(options.secret, crowd->known.secret, LINK_KEY_SIZE);
    assert_int_equal(link_client_open(&options, &client), ERR_NONE);
    serve(server, random);
    const bool client_first = random_below(random, 2) == 0;
    if (client_first) {
        link_client_close(client);
    }
    link_bell_close(bell);
    link_server_close(server);
    if (!client_first) {
        link_client_close(client);
    }
    link_done();
}

static void ends_while_peers_call(void **state)
{
    struct crowd crowd = {.server_keys = keys_make(), .known = keys_make()};
    struct caller callers[CALLER_COUNT] = {{0}};
    uint32_t random = round_count;

    (void)state;
    for (size_t i = 0; i < CALLER_COUNT; i++) {
        callers[i] = (struct caller){.crowd = &crowd, .random = round_count + (uint32_t)i + 1};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, caller_run, &callers[i]), 0);
    }
    for (unsigned i = 0; i < round_count; i++) {
        play_round(&crowd, &random);
    }
    atomic_store(&crowd.over, true);
    for (size_t i = 0; i < CALLER_COUNT; i++) {
        assert_int_equal(pthread_join(callers[i].thread, NULL), 0);
    }
}

/* The whole speech of a peer without CURVE ends in a hang-up, whoever is quicker. */
static void plain_bytes_are_cut_off(void **state)
{
    struct rig *rig = *state;
    uint8_t bytes[2 * HELLO_SIZE];
    const size_t size = speech_make(bytes, "NULL");
    const int fd = raw_connect(port_of(link_server_endpoint_view(rig->server)));
    struct link_frame frame = {0};

    assert_true(fd >= 0);
    assert_int_equal(send(fd, bytes, size, MSG_NOSIGNAL), size);
    assert_true(raw_hears_the_end(fd, WAIT_MS));
    assert_int_equal(close(fd), 0);
    assert_int_equal(link_server_receive(rig->server, &frame), ERR_BUSY);
    assert_int_equal(counts_of(rig).admitted, 0);
    assert_int_equal(counts_of(rig).frames, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        RIG(plain_bytes_are_cut_off),
        cmocka_unit_test(ends_while_peers_call),
    };

    if (argc > 1) {
        round_count = (unsigned)strtoul(argv[1], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
