#ifndef JIELI_VILLAGE_NODE_STATION_H
#define JIELI_VILLAGE_NODE_STATION_H

#include "fold/author.h"
#include "fold/fold.h"
#include "seal/sign.h"
#include "sync/session_station.h"
#include "tlog/checkpoint.h"

/* The station's mind: writes its people's events into its own chain, keeps a proven fold and a
 * tentative tail, and carries out what the sync session asks for. No sockets and no clock: the
 * daemon and the simulator drive it. One thread. Nothing here needs a network.
 *
 * Keys of its own:
 *   KV_EVENT  incarnation u64, seq u64 -> envelope bytes
 *   KV_ANSWER incarnation u64, seq u64 -> leaf index u64, hub_ms u64, verdict u8, refusal u32,
 *                                         void reason u8
 *   KV_TASK   'R' incarnation u64, seq u64 -> returned or set aside: a task for its author
 *   KV_META   'S' -> struct station_state (incarnation, newest seq and id, answered seq, newest
 *                    verified checkpoint, feed cursors, hub epoch) */
struct station;

struct station_options {
    struct kv *kv;
    const uint8_t *hub;        /* permanent id */
    const uint8_t *hub_device; /* key id of the hub, from the trust note of the bundle */
    const uint8_t *hub_public;
    const char *origin_prefix;   /* "hub.<county>.<town>.jieli": origin = prefix/epoch */
    const struct signer *signer; /* the station's device key; borrowed until station_close */
    uint8_t boot[LIMIT_ID_SIZE];
    uint64_t random;                 /* any number, for the session's jitter */
    const struct sync_options *sync; /* NULL: defaults */
    size_t step_count;               /* events folded in one transaction; 0: as it should be */
};

MUST_USE enum err station_open(const struct station_options *options, uint64_t now_ms,
                               struct station **ret_station);
void station_close(struct station *station);
struct fold *station_fold(struct station *station);
const struct sync_station *station_session_view(const struct station *station);

/* --- Writing --- */

/* Judges tentatively, signs, and commits one event; after ERR_NONE with an accepted verdict it is
 * kept. A refusal writes nothing. wall_ms is the wall clock: a later claimed time becomes it.
 * blobs: the sealed parts' bytes, stored and put into the outbox in the same commit
 * (draft->sealed names their hashes). Nothing written: ERR_STATE: no editions have reached the
 * station yet, or a payload without machine; ERR_BUSY: the station's own past is being fetched
 * back or folded; ERR_MALFORMED, ERR_LIMIT: draft or a blob; ERR_FULL. ERR_STORE: close and reopen.
 */
struct station_blob {
    uint8_t hash[LIMIT_HASH_SIZE];
    struct span bytes;
};
MUST_USE enum err station_submit(struct station *station, const struct author_draft *draft,
                                 const struct signer *signer, uint64_t wall_ms,
                                 const struct station_blob *blobs, size_t blob_count,
                                 struct fold_verdict *ret_verdict, uint8_t ret_id[LIMIT_HASH_SIZE],
                                 uint64_t *ret_seq);
void station_set_clock_quality(struct station *station, uint8_t quality);

/* --- Sync: the session's actions carried out; frames out are handed to send --- */

/* send returns false when the link takes nothing more now. */
struct station_port {
    void *context;
    bool (*send)(void *context, struct span frame);
    void (*reconnect)(void *context);
};
void station_connected(struct station *station, const struct station_port *port, uint64_t mono_ms);
void station_disconnected(struct station *station, uint64_t mono_ms);
/* One frame from the hub, hostile or not. ERR_STORE or ERR_FULL only; then close and reopen. */
MUST_USE enum err station_frame(struct station *station, const struct station_port *port,
                                struct span frame, uint64_t mono_ms, uint64_t wall_ms);
void station_doorbell(struct station *station, struct span payload, uint64_t mono_ms);
/* Timers and everything that waits; call at station_deadline and after station_submit. */
MUST_USE enum err station_tick(struct station *station, const struct station_port *port,
                               uint64_t mono_ms, uint64_t wall_ms);
uint64_t station_deadline(const struct station *station);

/* --- Looking --- */

enum station_standing { STATION_KEPT, STATION_ACCEPTED, STATION_RETURNED, STATION_SET_ASIDE };

struct station_status {
    uint64_t incarnation;
    uint64_t newest;           /* kept */
    uint64_t answered;         /* proven */
    uint64_t returned;         /* open tasks of returned or set-aside events */
    uint64_t oldest_unsent_ms; /* claimed time; 0: none */
    uint64_t epoch;
    uint64_t log_size; /* newest verified checkpoint */
    uint64_t common;
    uint64_t own;
    uint64_t last_contact_ms; /* wall time of the last verified frame; 0: never */
    int64_t clock_offset_ms;  /* hub's clock - ours at the last contact */
    bool hub_went_back;       /* alarm */
    bool restored;            /* an incarnation was opened because the hub held more than we did */
    bool restoring;           /* our own past is being fetched back: nobody can write now */
    bool folding;             /* much is being folded: nobody can write now */
    /* Alarms that only people can end. */
    enum sync_nack_reason refusal; /* the hub refuses this chain; SYNC_NACK_NONE: it does not */
    bool split; /* the hub signed two logs that do not fit, or does not prove that its log only
                   grows: both notes are in KV_EVIDENCE */
    bool stuck; /* something proven does not verify or fit: facts stand still */
    uint64_t displaced; /* own events another life of this chain displaced: evidence,
                           to be written again by their authors */
    uint64_t outbox;    /* sealed parts waiting */
    bool behind; /* the disk was full at opening: the facts stand where the last whole step left
                    them; speak to no hub, and open again when there may be room */
};
void station_status(struct station *station, struct station_status *ret);

/* The event at a place of the own chain and how it stands; false: not there. */
struct station_answer {
    enum station_standing standing;
    uint64_t leaf_index;
    uint64_t hub_ms;
    uint8_t verdict;
    uint32_t refusal;
};
bool station_event(struct station *station, uint64_t incarnation, uint64_t seq,
                   struct buf *ret_envelope, struct station_answer *ret_answer);
/* Open tasks of returned events, oldest first. */
typedef bool (*station_task_visit)(void *context, uint64_t incarnation, uint64_t seq,
                                   const struct station_answer *answer);
void station_tasks(struct station *station, station_task_visit visit, void *context);
/* The author has dealt with it. ERR_NOT_FOUND: no such task. */
MUST_USE enum err station_task_done(struct station *station, uint64_t incarnation, uint64_t seq);

/* Is more to be folded than one transaction takes? Then tick at once. */
bool station_has_more(const struct station *station);
/* All of it at once, for whoever looks at a stopped store. */
MUST_USE enum err station_settle(struct station *station);

/* Throws KV_TENTATIVE and the index away and folds everything again from the kept events, answers
 * and feed leaves: for `check` and for the test that a rebuild gives the same bytes. */
MUST_USE enum err station_rebuild(struct station *station);

#endif
