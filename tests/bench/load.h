#ifndef JIELI_TESTS_BENCH_LOAD_H
#define JIELI_TESTS_BENCH_LOAD_H

#include "tests/bench/events.h"

/* One load program for ours and for every peer: the same clients, the same bytes (an event's body
 * and signature), the same window of unanswered events; only the driver differs. */

enum { LOAD_CLIENTS_MAX = 16, LOAD_WINDOW_MAX = 4096 };

struct load_options {
    const char *events;          /* folder with N.events */
    const char *host;            /* peers */
    unsigned port;               /* peers */
    const char *hub;             /* jieli: endpoint */
    const char *bundle;          /* jieli: file with the hub's keys */
    const char *const *stations; /* jieli: a folder a client */
    unsigned clients;
    unsigned window; /* unanswered events of one client */
    unsigned batch;  /* events of one request, at most */
    size_t first;    /* of each client's events, from 0 */
    size_t count;    /* of each client */
    bool unsigned_heads;
    bool parts; /* sends the sealed parts behind the events */
};

/* One client's share of the work; the driver adds to the last three. */
struct load_share {
    const struct load_options *options;
    unsigned client;
    struct events events;
    uint64_t sent_bytes; /* as handed to the system's library or socket */
    uint64_t answer_bytes;
    uint64_t refused;    /* answered, but not with yes */
    size_t requests_max; /* unanswered at once, by the protocol; 0: no bound */
};

/* Every call but open ends the process when something fails that a benchmark does not survive. */
struct load_driver {
    const char *name;
    /* Connects; NULL: cannot. Everything that is not the measured work belongs here. */
    void *(*open)(struct load_share *share);
    /* Sends events first .. first + count - 1 as one request (count <= options->batch). */
    void (*send)(void *self, size_t first, size_t count);
    /* Waits for an answer; how many events are answered by now that were not before, in order. */
    size_t (*receive)(void *self);
    /* Hands over one sealed part and waits for its answer; NULL: this peer is not asked to. */
    void (*part)(void *self, const uint8_t hash[LIMIT_HASH_SIZE], struct span blob);
    void (*close)(void *self);
};

extern const struct load_driver load_jieli;
extern const struct load_driver load_redis;
extern const struct load_driver load_nats;
extern const struct load_driver load_postgres;
extern const struct load_driver load_rabbit;

_Noreturn void load_give_up(const char *what);

/* --- a peer's text protocol over TCP --- */

struct load_stream {
    int socket;
    struct buf out;
    uint8_t *in;
    size_t start; /* of what is not yet read */
    size_t end;
    size_t capacity;
};

MUST_USE bool load_stream_open(struct load_stream *stream, const struct load_options *options);
void load_stream_close(struct load_stream *stream);
void load_stream_flush(struct load_stream *stream, struct load_share *share);
/* A whole line without its CR LF, or else size bytes; until the next call. Waits. */
struct span load_stream_line(struct load_stream *stream, struct load_share *share);
struct span load_stream_bytes(struct load_stream *stream, size_t size, struct load_share *share);
/* Is a whole line here already? */
bool load_stream_has_line(const struct load_stream *stream);
/* The event as peers get it: body, then signature. */
void load_put_event(struct buf *buf, const struct wire_envelope *envelope);
size_t load_event_size(const struct wire_envelope *envelope);

#endif
