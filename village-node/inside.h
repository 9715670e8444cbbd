#ifndef JIELI_VILLAGE_NODE_INSIDE_H
#define JIELI_VILLAGE_NODE_INSIDE_H

#include "store/keys.h"
#include "village-node/station.h"

/* What the files of the station's mind share. */

/* Feeds are kept under these numbers of KV_FEED. Leaves of the common feed wait under a number of
 * their own until they are folded: what stands under 0 is what world_load reads at start. */
enum { STATION_FEED_FOLDED = 0, STATION_FEED_OWN = 1, STATION_FEED_COMMON = 2 };

/* A time beyond the year 9999 is nonsense, whoever signed it. */
#define STATION_MS_MAX UINT64_C(253402300799999)

/* folded <= kept; got <= kept. */
struct station_feed {
    uint64_t got;  /* verified in the hub's present epoch; what the session counts from */
    uint64_t kept; /* leaves in the store; more than got only while a new epoch is looked through */
    uint64_t folded; /* in the proven facts */
    uint64_t newest; /* of the hub, as last told */
};

/* Events that one transaction folds or judges at most. */
enum { STATION_STEP = 512 };

/* What is being done to the tail, from one transaction to the next: station_steps.c. */
enum station_work {
    STATION_WORK_NONE,
    STATION_WORK_INDEX, /* work_at: in the index of the unanswered up to here */
    STATION_WORK_CLEAR,
    STATION_WORK_TAIL /* work_at: judged again up to here */
};

/* KV_META 'S'. Changed only inside a write transaction that stores it. */
struct station_state {
    uint64_t incarnation; /* >= 1 */
    uint64_t newest;      /* seq of the newest own event of it */
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t answered_incarnation; /* newest own event with a proven answer; >= 1 */
    uint64_t answered;             /* <= newest when it is of the present life */
    uint8_t answered_id[LIMIT_HASH_SIZE];
    uint64_t folded_incarnation; /* own chain: folded into the proven facts up to here */
    uint64_t folded;
    uint64_t epoch;     /* of head and seen; 0: no checkpoint yet */
    uint64_t head_size; /* newest verified checkpoint */
    struct tlog_hash head_root;
    uint64_t seen_size; /* newest whose last leaf is our own: what events name as seen */
    struct tlog_hash seen_root;
    struct station_feed common;
    struct station_feed own;
    uint64_t contact_ms;
    uint8_t alarm;  /* enum sync_nack_reason */
    bool restoring; /* our own past is being fetched back: nobody may write */
    bool parted;    /* and the hub has shown an event of ours that we did not hold */
    bool restored;
    bool split;
    bool stuck;
    bool compared; /* the own feed was read to its end in the hub's present epoch */
    bool dirty;    /* the tail must be judged again when the proven facts have come to their end */
    bool catching; /* our past came back, what the hub has folded since has not: nobody may write */
    enum station_work work;
    struct sync_place work_at;
};

/* Hashes that the hub did not want, or did not have, on this connection. */
enum { STATION_VAIN_COUNT = 32 };
struct station_vain {
    size_t count;
    bool full;       /* the lane rests */
    uint64_t due_ms; /* all are tried again then; SYNC_NEVER: with the next connection */
    bool soon;       /* due by backoff: the common feed waits for one of them */
    struct sync_backoff backoff;
    uint8_t hash[STATION_VAIN_COUNT][LIMIT_HASH_SIZE];
};

struct station_seen {
    uint64_t size;
    struct tlog_hash root;
};

struct station {
    struct kv *kv;
    struct fold *fold;
    struct sync_station session;
    uint8_t hub[LIMIT_ID_SIZE];
    uint8_t hub_device[LIMIT_KEY_SIZE];
    uint8_t hub_public[LIMIT_KEY_SIZE];
    char origin_prefix[TLOG_ORIGIN_SIZE];
    const struct signer *signer;
    uint8_t boot[LIMIT_ID_SIZE];
    uint8_t clock_quality;
    struct station_state state;
    bool failed; /* a commit failed: only closing helps */
    bool anew;   /* all must be folded again before this transaction ends */
    bool behind; /* opened without room to fold what is kept */
    bool more;   /* the last step ended before all was done: the next tick goes on */
    size_t step_count;

    struct sync_frame frame; /* of the hub, while it is worked on */
    struct wire_arena frame_arena;
    struct wire_arena batch_arena;
    struct wire_arena event_arena;
    struct wire_event *event; /* borrows from event_arena and from envelope or leaf */
    struct record *record;
    struct buf envelope; /* of the event read last */
    struct buf leaf;
    struct sync_frame *reply; /* being sent */
    struct buf out;           /* encoded; not empty: the link did not take it yet */

    struct station_seen pulled[SYNC_FEED_CHAIN + 1]; /* checkpoint named in the pull, by feed */
    struct tlog_checkpoint welcome;                  /* verified, of the newest WELCOME */
    struct buf welcome_note;
    struct station_vain unwanted; /* blobs the hub refused */
    struct station_vain missing;  /* blobs the hub does not have, or that came spoilt */
    uint64_t random;              /* spreads what is tried again */
    int64_t clock_offset_ms;
    bool went_back;
    bool doubted; /* since the last good WELCOME the hub failed to prove that its log only grows */
};

/* --- station_state.c: keys and rows --- */

struct span station_chain_key(struct kv_key *key, uint64_t incarnation, uint64_t seq);
struct span station_task_key(struct kv_key *key, uint64_t incarnation, uint64_t seq);
MUST_USE enum err station_state_load(struct station *station);
void station_state_put(const struct station *station, struct kv_txn *txn);
/* Stores the state and commits; an error marks the station as failed. */
MUST_USE enum err station_commit(struct station *station, struct kv_txn *txn);
/* Proven answers of the present life. */
uint64_t station_answered(const struct station *station);
/* True for errors after which only closing helps; others are the hub's fault. */
bool station_is_fatal(enum err err);

/* A row of KV_ANSWER. */
struct station_row {
    uint64_t index;
    uint64_t hub_ms;
    uint8_t verdict;
    uint32_t refusal;
    uint8_t void_reason;
};
/* Keeps an answer; an event not accepted becomes a task, and the sealed parts of a refused or void
 * one are wanted nowhere. */
void station_row_put(struct kv_txn *txn, uint64_t incarnation, uint64_t seq,
                     const struct station_row *row);
bool station_row_get(struct kv_txn *txn, uint64_t incarnation, uint64_t seq,
                     struct station_row *ret);
/* First key of a table of the own chain behind a place, which it becomes; false: none. */
bool station_next_place(struct kv_txn *txn, enum kv_table table, uint64_t *incarnation,
                        uint64_t *seq);
/* Reads the envelope into station->envelope; ret borrows from it. False: not there. */
bool station_envelope_get(struct station *station, struct kv_txn *txn, uint64_t incarnation,
                          uint64_t seq, struct wire_envelope *ret);
/* The same, decoded into station->event, with its id. */
bool station_event_get(struct station *station, struct kv_txn *txn, uint64_t incarnation,
                       uint64_t seq, uint8_t ret_id[LIMIT_HASH_SIZE]);
void station_origin(const struct station *station, uint64_t epoch, char ret[TLOG_ORIGIN_SIZE]);
void station_chain_fill(const struct station *station, struct author_chain *ret);
/* An event or a leaf of the own feed is no longer what stood at its place: the index of which
 * events speak of a record (events.c) is made anew. */
void station_retell(struct kv_txn *txn);
/* An event of the own chain that is no more: kept as evidence for ever, with its task. */
void station_displace(struct station *station, struct kv_txn *txn, uint64_t incarnation,
                      uint64_t seq);

/* --- station_checkpoint.c --- */

/* Reads and verifies a note of an epoch. */
MUST_USE enum err station_note_open(const struct station *station, struct span note, uint64_t epoch,
                                    struct tlog_checkpoint *ret);
MUST_USE enum err station_proof_read(struct span bytes, struct tlog_proof *ret);
/* Takes a verified checkpoint of the present epoch as head when it is larger. */
void station_head_take(struct station *station, struct kv_txn *txn,
                       const struct tlog_checkpoint *checkpoint, struct span note);
/* How a note of the hub does not fit ours. Both become evidence. */
enum station_misfit {
    STATION_MISFIT_UNPROVEN, /* it did not prove that it extends ours */
    STATION_MISFIT_SPLIT,    /* another root at the same size */
    STATION_MISFIT_BACK      /* shorter */
};
MUST_USE enum err station_keep_notes(struct station *station, enum station_misfit misfit,
                                     struct span note);
/* Does a verified checkpoint extend one of before? ERR_AUTH: it does not, or not provably. */
MUST_USE enum err station_check_growth(struct station *station, const struct station_seen *before,
                                       const struct tlog_checkpoint *now, struct span consistency,
                                       struct span note);

/* --- station_sync.c actions, each in its file; errors as station_is_fatal tells them --- */

/* Newest seq of a life, and its id when the event is here; 0: nothing of it. */
uint64_t station_life_end(struct station *station, struct kv_txn *txn, uint64_t incarnation,
                          uint8_t ret_id[LIMIT_HASH_SIZE]);
/* Claimed time of the oldest event without answer; 0: none. */
uint64_t station_oldest_ms(struct station *station);
/* The log in which our places of the feeds and the checkpoint we show mean something: the former
 * one until the first leaf of the present one is folded. */
uint64_t station_shown_epoch(const struct station *station);
/* The hub's former log ended at former_ms: sealed parts of about that time and later are sent
 * again, once a new log. Uses station->event. */
void station_parts_again(struct station *station, struct kv_txn *txn, uint64_t former_ms);
MUST_USE enum err station_send_hello(struct station *station, uint64_t greeting, uint64_t wall_ms);
MUST_USE enum err station_send_push(struct station *station,
                                    const struct sync_station_action *action);
MUST_USE enum err station_send_pull(struct station *station,
                                    const struct sync_station_action *action);
MUST_USE enum err station_apply_welcome(struct station *station, const struct sync_welcome *welcome,
                                        uint64_t wall_ms);
MUST_USE enum err station_open_epoch(struct station *station, const struct sync_claim *claim);
MUST_USE enum err station_note_went_back(struct station *station);
MUST_USE enum err station_apply_answer(struct station *station, const struct sync_answer *answer,
                                       uint64_t wall_ms);
MUST_USE enum err station_apply_nack(struct station *station, const struct sync_nack *nack,
                                     struct sync_nack_body *ret_body);
/* From this index on the hub's log is another one than we knew: what is kept of the feeds from
 * there on was lost at the hub. Fold again when that was folded. */
void station_truncate_feeds(struct station *station, struct kv_txn *txn, uint64_t index);
MUST_USE enum err station_apply_feed(struct station *station, const struct sync_batch *batch,
                                     uint64_t wall_ms);
MUST_USE enum err station_note_restored(struct station *station);
MUST_USE enum err station_apply_chain(struct station *station, const struct sync_batch *batch,
                                      uint64_t incarnation);
bool station_has_parted(const struct station *station);
/* The present life goes on: the hub's claim about it was false. */
MUST_USE enum err station_stay(struct station *station);
MUST_USE enum err station_open_incarnation(struct station *station, uint64_t incarnation,
                                           uint64_t mono_ms, uint64_t wall_ms);

/* A batch whose leaves are proven to stand in the hub's log. */
struct station_batch {
    struct tlog_checkpoint checkpoint;
    size_t count;
    struct span leaves[LIMIT_BATCH_COUNT];
};
MUST_USE enum err station_batch_open(struct station *station, const struct sync_batch *batch,
                                     struct station_batch *ret);

/* --- station_blob.c --- */

bool station_blob_fits(const uint8_t hash[LIMIT_HASH_SIZE], struct span bytes);
void station_outbox_put(struct kv_txn *txn, const struct wire_event *event,
                        const uint8_t hash[LIMIT_HASH_SIZE]);
/* Nothing of this event will be wanted at the hub. */
void station_outbox_drop(struct kv_txn *txn, uint64_t incarnation, uint64_t seq);
uint64_t station_outbox_count(struct kv_txn *txn);
/* Remembers that the blob must be fetched, unless it is here. */
void station_want(struct kv_txn *txn, bool urgent, const uint8_t hash[LIMIT_HASH_SIZE]);
/* Everything an event of a feed, or of our restored past, names. */
void station_want_named(struct kv_txn *txn, const struct wire_event *event);
/* A new connection: the hub may be asked for all, and handed all. */
void station_blob_anew(struct station *station);
/* Blobs asked for in vain are due: they may be asked for again. */
void station_blob_tick(struct station *station, uint64_t mono_ms);
/* Tells the session whether blobs wait, either way. */
void station_tell_blobs(struct station *station, uint64_t mono_ms);
/* The next blob, or the question for one, into station->out; *ret_hash NULL: none after all. */
MUST_USE enum err station_send_blob(struct station *station, const uint8_t **ret_hash);
MUST_USE enum err station_send_blob_get(struct station *station, const uint8_t **ret_hash);
MUST_USE enum err station_apply_stored(struct station *station, const struct sync_blob *blob);
MUST_USE enum err station_apply_blob(struct station *station, const struct sync_blob *blob);

/* --- station_steps.c, station_fold.c, station_tail.c --- */

/* Folds what is kept and whose time has come, then judges the tail again if it must be, as far as
 * one transaction goes. */
void station_advance(struct station *station, struct kv_txn *txn);
/* station_advance in a transaction of its own. */
MUST_USE enum err station_step(struct station *station);
/* The tail is not what it should be yet: nobody writes. */
bool station_is_folding(const struct station *station);
/* From nothing: proven facts, index, tail; it begins here and goes on with each step. */
void station_fold_again(struct station *station, struct kv_txn *txn);

enum station_turn { STATION_TURN_DONE, STATION_TURN_WAIT, STATION_TURN_STUCK };
/* The next leaf of the common feed; what our hub has proven else. stuck: as the state tells it. */
enum station_turn station_fold_common(struct station *station, struct kv_txn *txn);
enum station_turn station_fold_next(struct station *station, struct kv_txn *txn, bool *stuck);
/* The author's signature of an event fetched back must be verified when it is folded. */
void station_doubt_put(struct kv_txn *txn, uint64_t incarnation, uint64_t seq);
/* station->event is the newest of the chain: its facts after verdict are tentative now. */
void station_tail_add(struct station *station, struct kv_txn *txn,
                      const struct fold_verdict *verdict);
/* An event of the chain was folded into the proven facts or left out of them. record: as the
 * proven facts are now; NULL: it changed none. */
void station_tail_settle(struct station *station, struct kv_txn *txn, uint64_t incarnation,
                         uint64_t seq, const struct record *record);
/* Do unanswered events touch this record? */
bool station_tail_touches(struct kv_txn *txn, const uint8_t record[LIMIT_ID_SIZE]);
bool station_tail_is_empty(const struct station *station);
/* Work on the tail, and one event of it. */
void station_tail_start(struct station *station, enum station_work work);
void station_tail_work(struct station *station, struct kv_txn *txn);
/* Time to judge a tentative event by: the same at each judging. */
uint64_t station_tail_ms(struct station *station, struct kv_txn *txn,
                         const struct wire_event *event);

#endif
