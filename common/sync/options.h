#ifndef JIELI_SYNC_OPTIONS_H
#define JIELI_SYNC_OPTIONS_H

#include <stdint.h>

enum {
    SYNC_CREDIT_MAX = 256, /* pushes in flight, whatever the hub grants */
    /* Events in flight of one station, in full pushes: a slow line is not filled for longer than
     * its other frames can wait. */
    SYNC_FLIGHT_BATCHES = 4,
    SYNC_PULLS_MAX = 16, /* pulls in flight of one auditor */
    /* How many incarnations a hub may claim beyond ours: each costs one pull, and a lying hub
     * must not keep a station asking for ever. */
    SYNC_INCARNATION_GAP = 1024,
};

/* Highest sequence number, leaf index, size, epoch or incarnation taken from a peer: a frame with
 * more is a protocol error, so no sum below overflows. */
#define SYNC_NUMBER_MAX (UINT64_MAX >> 2)
#define SYNC_NEVER UINT64_MAX

/* Times in monotonic ms. A slow line carries 10 kbit/s: a full push then takes half a minute and a
 * blob of 192 KiB nearly three, so nothing here is short. */
struct sync_options {
    uint32_t hello_ms;  /* 60 s: HELLO without WELCOME */
    uint32_t push_ms;   /* 120 s: oldest push without answer, counted anew at each answer */
    uint32_t pull_ms;   /* 120 s: a pull without batch */
    uint32_t blob_ms;   /* 300 s: a blob; a push or pull behind a blob waits that much longer */
    uint32_t poll_ms;   /* 300 s: when all is quiet, ask anyway; plus up to a quarter */
    uint32_t renew_ms;  /* 3,600 s: station: greet again when all is quiet; plus up to a quarter */
    uint32_t spread_ms; /* 2 s: after a doorbell wait 0 to this, so that not all come at once */
    uint32_t held_ms;   /* 300 s: next try after a refusal that only people can change */
    uint32_t batch_count; /* 100: events or leaves asked or sent at once; <= LIMIT_BATCH_COUNT */
    uint32_t credit;      /* hub: 256 pushes in flight a peer; <= SYNC_CREDIT_MAX */
    uint32_t pulls;       /* auditor: 4 in flight; hub: takes twice that; <= SYNC_PULLS_MAX */
    uint32_t idle_ms;     /* hub: 900 s without a frame: the peer is dropped */
    uint32_t offences;    /* hub: 16 broken frames, then the peer is dropped */
};

/* The numbers above. */
struct sync_options sync_options_default(void);

#endif
