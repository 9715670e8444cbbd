#ifndef JIELI_SYNC_LINE_H
#define JIELI_SYNC_LINE_H

#include "sync/backoff.h"
#include "sync/frame.h"
#include "sync/options.h"

/* The calling side of one line to a hub: when to greet, when to give up, how long to rest. Station
 * and auditor sessions stand on it; programs read only counts and state. */

enum sync_line_state {
    SYNC_LINE_DOWN,     /* no connection */
    SYNC_LINE_RESTING,  /* connected, HELLO not before greet_ms */
    SYNC_LINE_GREETING, /* HELLO sent; what else arrives is late talk of before */
    SYNC_LINE_READY,    /* WELCOME applied */
    SYNC_LINE_HELD,     /* WELCOME needs a decision of the core (new epoch, rollback, restore) */
};

/* Since init; for status pages and tests. */
struct sync_counts {
    uint64_t unsolicited; /* frames nobody had asked for: ignored */
    uint64_t late;        /* answers that a new greeting had overtaken: ignored */
    uint64_t errors;      /* broken protocol, bad proofs: led to a reconnect */
    uint64_t timeouts;    /* led to a reconnect */
    uint64_t nacks;
};

/* What a WELCOME said, with the size of the checkpoint that the core verified. */
struct sync_claim {
    uint64_t epoch;
    uint64_t size;
    uint64_t incarnation;
    uint64_t seq;
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t common;
    uint64_t own;
    uint64_t shared; /* leaves of the log as we knew it that the present one still has */
    uint32_t credit;
};

/* Frames that wait for the core's report: one at a time. */
enum sync_apply { SYNC_APPLY_IDLE, SYNC_APPLY_WAITING, SYNC_APPLY_GIVEN };

struct sync_line {
    struct sync_options options;
    enum sync_line_state state;
    uint64_t now_ms;      /* newest time seen; never goes back */
    uint64_t greet_ms;    /* no HELLO before */
    uint64_t deadline_ms; /* GREETING: WELCOME must be here */
    uint64_t greeting;    /* names the newest HELLO; another number, not 0, for each */
    bool reconnect;       /* RECONNECT is still to be told */
    uint64_t wait_ms;     /* with it */
    uint64_t random;
    struct sync_backoff backoff;
    struct sync_claim claim; /* of the newest WELCOME */
    struct sync_counts counts;
    enum sync_apply apply;
    const struct sync_frame *frame; /* borrowed; NULL exactly when apply is IDLE */
    bool stale;                     /* the frame belongs to a connection or greeting of before */
};

void sync_line_init(struct sync_line *line, const struct sync_options *options, uint64_t random,
                    uint64_t now_ms);
void sync_line_at(struct sync_line *line, uint64_t now_ms);
void sync_line_connected(struct sync_line *line);
void sync_line_disconnected(struct sync_line *line);
/* The peer broke the protocol or kept silent: the link must be dropped, the next HELLO waits. */
void sync_line_error(struct sync_line *line);
void sync_line_timeout(struct sync_line *line);
/* HELLO again on the same connection, not before wait_ms from now; it is the barrier behind which
 * all that was in flight is forgotten. Nothing when the line is down. */
void sync_line_greet(struct sync_line *line, uint64_t wait_ms);
/* True when HELLO is due: it is then counted as sent. */
bool sync_line_hello(struct sync_line *line);
/* Something was proven or confirmed: the next failure waits short again. */
void sync_line_progress(struct sync_line *line);
/* When sync_line_expired or sync_line_hello have something to do; SYNC_NEVER: not at all. */
uint64_t sync_line_deadline(const struct sync_line *line);
bool sync_line_expired(const struct sync_line *line);
/* True once after an error or timeout: RECONNECT must be told, with wait_ms. */
bool sync_line_reconnect(struct sync_line *line);
/* Keeps a frame for the core until sync_line_reported. */
void sync_line_hold(struct sync_line *line, const struct sync_frame *frame);
/* True once: the frame now goes to the core. */
bool sync_line_give(struct sync_line *line);
/* The core reports: gives the frame back, and whether it still belongs to this conversation. */
const struct sync_frame *sync_line_reported(struct sync_line *line, enum sync_kind kind,
                                            bool *ret_stale);
/* Does this WELCOME answer the open HELLO, and not an earlier one? */
bool sync_line_answered(const struct sync_line *line, const struct sync_welcome *welcome);
/* Copies the numbers of a WELCOME; false: a number beyond SYNC_NUMBER_MAX or another version. */
bool sync_line_claim(struct sync_line *line, const struct sync_welcome *welcome);
uint64_t sync_line_jitter(struct sync_line *line, uint64_t low_ms, uint64_t high_ms);

#endif
