#ifndef JIELI_DISTRICT_AUDITOR_AUDITOR_H
#define JIELI_DISTRICT_AUDITOR_AUDITOR_H

#include "fold/fold.h"
#include "sync/session_auditor.h"
#include "tlog/checkpoint.h"

/* The auditor's mind: mirrors one hub's log, trusting nobody: checks every checkpoint, range,
 * signature, chain, feed and verdict, and folds the same facts by the same rules. One struct
 * auditor a hub (slot 0, 1, ...), all in one store. No sockets and no clock; threads for signatures
 * only, so that nothing depends on how fast they are. */
struct auditor;

struct auditor_options {
    struct kv *kv;
    uint8_t slot;
    const uint8_t *hub;        /* permanent id */
    const uint8_t *hub_device; /* from the district's trust note */
    const uint8_t *hub_public;
    const char *origin_prefix; /* "hub.<county>.<town>.jieli" */
    uint64_t random;
    const struct sync_options *sync; /* NULL: defaults */
    unsigned thread_count;           /* that verify ahead of the replay; 0: none */
};

MUST_USE enum err auditor_open(const struct auditor_options *options, uint64_t now_ms,
                               struct auditor **ret_auditor);
void auditor_close(struct auditor *auditor);
struct fold *auditor_fold(struct auditor *auditor);

/* --- Sync, as for the station --- */
struct auditor_port {
    void *context;
    bool (*send)(void *context, struct span frame);
    void (*reconnect)(void *context);
};
void auditor_connected(struct auditor *auditor, const struct auditor_port *port, uint64_t mono_ms);
void auditor_disconnected(struct auditor *auditor, uint64_t mono_ms);
MUST_USE enum err auditor_frame(struct auditor *auditor, const struct auditor_port *port,
                                struct span frame, uint64_t mono_ms);
void auditor_doorbell(struct auditor *auditor, struct span payload, uint64_t mono_ms);
MUST_USE enum err auditor_tick(struct auditor *auditor, const struct auditor_port *port,
                               uint64_t mono_ms);
uint64_t auditor_deadline(const struct auditor *auditor);
/* Greeted, nothing in flight, the mirror reaches the newest size heard of. */
bool auditor_idle(const struct auditor *auditor);

/* --- Verifying --- */

/* Leaves are mirrored first (range proof, checkpoint signature, consistency), then replayed one by
 * one: signature, chain, feed order, verdict. Replays up to max leaves; *ret_done: how many.
 * An edition whose blob is not here yet stops it until the session has fetched it. */
MUST_USE enum err auditor_replay(struct auditor *auditor, uint64_t max, uint64_t *ret_done);

/* What is wrong with a log. Kept in KV_EVIDENCE by leaf; the replay goes on where it can. */
enum auditor_finding {
    FINDING_NONE = 0,
    FINDING_CHECKPOINT, /* signature, origin or consistency broken: another history (E2, E3) */
    FINDING_RANGE,      /* leaves do not give the checkpoint's root */
    FINDING_LEAF,       /* leaf cannot be decoded */
    FINDING_TIME,       /* hub_ms decreases */
    FINDING_SIGNATURE,  /* an accepted event is not signed by its author */
    FINDING_CHAIN,      /* gap, repeat or wrong prev in a device's chain (E7) */
    FINDING_FEED,       /* gap in a feed (E7) */
    FINDING_VERDICT,    /* the rules give another verdict (E6) */
    FINDING_SEEN,       /* an event shows another history than this log (E3) */
    FINDING_BACK_DATED, /* E9 */
    FINDING_COUNT
};
const char *auditor_finding_name(enum auditor_finding finding);

/* What only the writing side could ask, so that nobody can ask it again. */
enum auditor_unseen {
    UNSEEN_IDENTITY,   /* sealed: ID number, its check character, the same person's other cases */
    UNSEEN_MATTER,     /* sealed: what the matter is */
    UNSEEN_ATTACHMENT, /* sealed: pictures and papers */
    UNSEEN_CLOCK,      /* dates entered, against the clock of the writing machine */
    UNSEEN_COUNT
};
const char *auditor_unseen_name(enum auditor_unseen unseen);

struct auditor_status {
    uint64_t epoch;
    uint64_t checkpoint_size; /* newest verified checkpoint */
    uint64_t mirrored;        /* leaves stored */
    uint64_t replayed;        /* leaves verified one by one */
    uint64_t accepted;
    uint64_t refused;
    uint64_t quarantined;
    uint64_t void_count;
    uint64_t unseen[UNSEEN_COUNT]; /* events each of them was asked about */
    uint64_t findings[FINDING_COUNT];
    bool alarm;                    /* the hub went back, or opened a new log */
    uint8_t root[LIMIT_HASH_SIZE]; /* of the mirrored leaves */
    uint64_t last_ms;
};
void auditor_status(struct auditor *auditor, struct auditor_status *ret);
typedef bool (*auditor_finding_visit)(void *context, enum auditor_finding finding,
                                      uint64_t leaf_index, uint32_t expected, uint32_t found);
void auditor_findings(struct auditor *auditor, auditor_finding_visit visit, void *context);

/* --- Export and import: a whole log as files, verified without its hub --- */
/* Export layout, all under DIR: checkpoint (signed note), leaves/NNNNNNNN (LeafList frames of up
 * to 100 leaves, each a u32 size and its bytes), blobs/<hex of hash>. What does not give the
 * signed root is a finding, or ERR_MALFORMED when leaves are missing, and nothing of it is
 * mirrored; else all of it is, and most replayed. */
MUST_USE enum err auditor_import(struct auditor *auditor, const char *directory);

#endif
