/* bench_load --peer jieli|redis|nats|postgres|rabbit --events DIR --clients C --window W --batch B
 * --first F --count N and where the peer is. Connects, prints "ready", waits for a line on stdin,
 * works, prints one JSON object, and keeps its connections until stdin ends. */
#include "tests/bench/load.h"

#include "link/link.h"

#include <argp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

_Noreturn void load_give_up(const char *what)
{
    (void)fprintf(stderr, "bench_load: %s\n", what);
    _Exit(1);
}

static const struct load_driver *const drivers[] = {
    &load_jieli,    &load_redis, &load_nats,
#ifdef JIELI_BENCH_POSTGRES
    &load_postgres,
#endif
#ifdef JIELI_BENCH_RABBIT
    &load_rabbit,
#endif
    NULL,
};

struct request {
    size_t left; /* events not yet answered */
    double sent_us;
};

struct client {
    pthread_t thread;
    struct load_share share;
    void *self;
    struct request ring[LOAD_WINDOW_MAX];
    size_t sent_requests;
    size_t answered_requests;
    double *latency_us; /* of each request */
    double ended_us;
};

static const struct load_driver *driver;
static pthread_barrier_t start_line;

static double now_us(clockid_t clock)
{
    struct timespec now;
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void send_what_fits(struct client *client, size_t *sent, size_t answered)
{
    const struct load_options *options = client->share.options;
    size_t most = client->share.requests_max == 0 ? LOAD_WINDOW_MAX : client->share.requests_max;
    while (*sent < options->count && client->sent_requests - client->answered_requests < most) {
        size_t left = options->count - *sent;
        size_t size = left < options->batch ? left : options->batch;
        if (*sent - answered + size > options->window) {
            return;
        }
        driver->send(client->self, options->first + *sent, size);
        client->ring[client->sent_requests++ % LOAD_WINDOW_MAX] =
            (struct request){size, now_us(CLOCK_MONOTONIC)};
        *sent += size;
    }
}

static void settle(struct client *client, size_t events)
{
    double now = now_us(CLOCK_MONOTONIC);
    while (events > 0) {
        struct request *request = &client->ring[client->answered_requests % LOAD_WINDOW_MAX];
        size_t taken = events < request->left ? events : request->left;
        request->left -= taken;
        events -= taken;
        if (request->left == 0) {
            client->latency_us[client->answered_requests++] = now - request->sent_us;
        }
        if (taken == 0) {
            load_give_up("more answers than questions");
        }
    }
}

/* Behind the events: the sealed parts of those, one after another. */
static void send_parts(struct client *client)
{
    const struct load_options *options = client->share.options;
    char path[1024];
    uint8_t head[12 + LIMIT_HASH_SIZE];
    static _Thread_local uint8_t blob[LIMIT_BLOB_SIZE];
    (void)snprintf(path, sizeof path, "%s/%u.parts", options->events, client->share.client);
    FILE *file = fopen(path, "rb");
    if (file == NULL || driver->part == NULL) {
        load_give_up("there are no sealed parts, or this peer takes none");
    }
    while (fread(head, sizeof head, 1, file) == 1) {
        uint64_t seq = get_u64(head);
        uint32_t size = get_u32(head + 8);
        if (seq > options->first + options->count || size > sizeof blob ||
            fread(blob, size, 1, file) != 1) {
            break;
        }
        if (seq > options->first) {
            driver->part(client->self, head + 12, span_of(blob, size));
        }
    }
    (void)fclose(file);
}

static void *work(void *argument)
{
    struct client *client = argument;
    size_t sent = 0;
    size_t answered = 0;
    (void)pthread_barrier_wait(&start_line);
    while (answered < client->share.options->count) {
        send_what_fits(client, &sent, answered);
        size_t count = driver->receive(client->self);
        settle(client, count);
        answered += count;
    }
    client->ended_us = now_us(CLOCK_MONOTONIC);
    if (client->share.options->parts) {
        send_parts(client);
    }
    return NULL;
}

static int compare(const void *a, const void *b)
{
    double first = *(const double *)a;
    double second = *(const double *)b;
    return first < second ? -1 : first > second ? 1 : 0;
}

static double *all_latencies(const struct client *clients, unsigned count, size_t *ret_size)
{
    size_t size = 0;
    for (unsigned i = 0; i < count; i++) {
        size += clients[i].answered_requests;
    }
    double *all = calloc(size + 1, sizeof *all);
    size_t at = 0;
    for (unsigned i = 0; i < count && all != NULL; i++) {
        memcpy(all + at, clients[i].latency_us, clients[i].answered_requests * sizeof *all);
        at += clients[i].answered_requests;
    }
    if (all == NULL) {
        load_give_up("memory");
    }
    qsort(all, size, sizeof *all, compare);
    *ret_size = size;
    return all;
}

static void report(const struct load_options *options, const struct client *clients,
                   double start_us, double cpu_us)
{
    size_t size = 0;
    double *latency = all_latencies(clients, options->clients, &size);
    double end_us = start_us;
    uint64_t sent = 0;
    uint64_t answers = 0;
    uint64_t refused = 0;
    for (unsigned i = 0; i < options->clients; i++) {
        end_us = clients[i].ended_us > end_us ? clients[i].ended_us : end_us;
        sent += clients[i].share.sent_bytes;
        answers += clients[i].share.answer_bytes;
        refused += clients[i].share.refused;
    }
    double events = (double)options->count * options->clients;
    (void)printf("{\"events\":%.0f,\"seconds\":%.4f,\"per_s\":%.1f,\"p50_us\":%.0f,"
                 "\"p99_us\":%.0f,\"load_cpu_s\":%.4f,\"sent_bytes\":%llu,\"answer_bytes\":%llu,"
                 "\"refused\":%llu}\n",
                 events, (end_us - start_us) / 1e6, events / (end_us - start_us) * 1e6,
                 latency[size / 2], latency[size * 99 / 100], cpu_us / 1e6,
                 (unsigned long long)sent, (unsigned long long)answers,
                 (unsigned long long)refused);
    (void)fflush(stdout);
    free(latency);
}

static void open_clients(const struct load_options *options, struct client *clients)
{
    for (unsigned i = 0; i < options->clients; i++) {
        char path[1024];
        struct client *client = &clients[i];
        client->share.options = options;
        client->share.client = i;
        (void)snprintf(path, sizeof path, "%s/%u.events", options->events, i);
        if (events_open(path, &client->share.events) != ERR_NONE ||
            client->share.events.count < options->first + options->count) {
            load_give_up("not so many events");
        }
        client->latency_us = calloc(options->count + 1, sizeof *client->latency_us);
        client->self = client->latency_us == NULL ? NULL : driver->open(&client->share);
        if (client->self == NULL) {
            load_give_up("cannot connect");
        }
    }
}

static void run(const struct load_options *options)
{
    static struct client clients[LOAD_CLIENTS_MAX];
    char line[16];
    (void)pthread_barrier_init(&start_line, NULL, options->clients + 1);
    open_clients(options, clients);
    for (unsigned i = 0; i < options->clients; i++) {
        if (pthread_create(&clients[i].thread, NULL, work, &clients[i]) != 0) {
            load_give_up("no thread");
        }
    }
    (void)printf("ready\n");
    (void)fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL) {
        load_give_up("nobody says go");
    }
    double cpu = now_us(CLOCK_PROCESS_CPUTIME_ID);
    double start = now_us(CLOCK_MONOTONIC);
    (void)pthread_barrier_wait(&start_line);
    for (unsigned i = 0; i < options->clients; i++) {
        (void)pthread_join(clients[i].thread, NULL);
    }
    report(options, clients, start, now_us(CLOCK_PROCESS_CPUTIME_ID) - cpu);
    while (fgets(line, sizeof line, stdin) != NULL) {
    }
    for (unsigned i = 0; i < options->clients; i++) {
        driver->close(clients[i].self);
        events_close(&clients[i].share.events);
        free(clients[i].latency_us);
    }
}

static const struct argp_option table[] = {
    {"peer", 'p', "NAME", 0, "which driver", 0},
    {"events", 'e', "DIR", 0, "folder of the events", 0},
    {"clients", 'c', "N", 0, "connections, a thread each", 0},
    {"window", 'w', "N", 0, "unanswered events of a client", 0},
    {"batch", 'b', "N", 0, "events of a request", 0},
    {"first", 'f', "N", 0, "where in each client's events to begin", 0},
    {"count", 'n', "N", 0, "events of each client", 0},
    {"host", 'h', "ADDRESS", 0, "of a peer", 0},
    {"port", 'P', "PORT", 0, "of a peer", 0},
    {"hub", 'H', "ENDPOINT", 0, "of our hub", 0},
    {"bundle", 'B', "FILE", 0, "with our hub's keys", 0},
    {"unsigned-heads", 'u', NULL, 0, "for a hub that does not verify", 0},
    {"parts", 's', NULL, 0, "the sealed parts behind the events", 0},
    {0},
};

struct arguments {
    struct load_options load;
    const char *stations[LOAD_CLIENTS_MAX];
    size_t station_count;
};

static error_t parse_text(int key, char *argument, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    struct load_options *load = &arguments->load;
    if (argument == NULL) {
        return ARGP_ERR_UNKNOWN;
    }
    switch (key) {
    case 'p':
        for (size_t i = 0; drivers[i] != NULL; i++) {
            driver = strcmp(drivers[i]->name, argument) == 0 ? drivers[i] : driver;
        }
        return driver == NULL ? ARGP_ERR_UNKNOWN : 0;
    case 'e':
        load->events = argument;
        return 0;
    case 'h':
        load->host = argument;
        return 0;
    case 'H':
        load->hub = argument;
        return 0;
    case 'B':
        load->bundle = argument;
        return 0;
    case ARGP_KEY_ARG:
        if (arguments->station_count == LOAD_CLIENTS_MAX) {
            return ARGP_ERR_UNKNOWN;
        }
        arguments->stations[arguments->station_count++] = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    struct load_options *load = &arguments->load;
    unsigned long number = argument == NULL ? 0 : strtoul(argument, NULL, 10);
    switch (key) {
    case 'c':
        load->clients = (unsigned)number;
        return 0;
    case 'w':
        load->window = (unsigned)number;
        return 0;
    case 'b':
        load->batch = (unsigned)number;
        return 0;
    case 'f':
        load->first = number;
        return 0;
    case 'n':
        load->count = number;
        return 0;
    case 'P':
        load->port = (unsigned)number;
        return 0;
    case 'u':
        load->unsigned_heads = true;
        return 0;
    case 's':
        load->parts = true;
        return 0;
    default:
        return parse_text(key, argument, state);
    }
}

int main(int argc, char **argv)
{
    static const struct argp argp = {.options = table, .parser = parse};
    struct arguments arguments = {
        .load = {.clients = 1, .window = 1, .batch = 1, .count = 1, .host = "127.0.0.1"}};
    struct load_options *load = &arguments.load;
    if (argp_parse(&argp, argc, argv, 0, NULL, &arguments) != 0 || driver == NULL ||
        load->events == NULL || load->clients == 0 || load->clients > LOAD_CLIENTS_MAX ||
        load->batch == 0 || load->batch > LIMIT_BATCH_COUNT || load->window < load->batch ||
        load->window >= LOAD_WINDOW_MAX ||
        (driver == &load_jieli && arguments.station_count < load->clients)) {
        (void)fprintf(stderr, "bench_load: see --help\n");
        return 2;
    }
    load->stations = arguments.stations;
    if (seal_init() != ERR_NONE || link_init() != ERR_NONE) {
        return 1;
    }
    run(load);
    link_done();
    return 0;
}
