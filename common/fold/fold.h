#ifndef JIELI_FOLD_FOLD_H
#define JIELI_FOLD_FOLD_H

#include "fold/world.h"

/* Facts over events: one code for the station's tentative and proven folds, the hub's verdicts and
 * the auditor's replay. A fold judges an event against the facts and editions its author could
 * know, and applies what was accepted. Everything happens in the caller's transaction. */

/* Which facts a record is read from and written to. */
enum fold_space {
    FOLD_PROVEN,   /* KV_RECORD: leaves only */
    FOLD_TENTATIVE /* KV_TENTATIVE over KV_RECORD: plus the station's unanswered tail */
};

struct fold {
    struct kv *kv;
    uint8_t hub[LIMIT_ID_SIZE]; /* permanent hub id: events for another one are void */
    struct log log;
    struct world *world;
    struct wire_arena arena;
    struct record *scratch; /* FOLD_SCRATCH records */
    struct wire_event *event;
    struct buf *record_bytes; /* of the record being written */
    /* One checkpoint time remembered: most events of a batch have seen the same one. */
    uint64_t seen_epoch;
    uint64_t seen_size; /* 0: none */
    uint64_t seen_ms;
};

struct fold_options {
    uint8_t slot;
    const uint8_t *hub;        /* LIMIT_ID_SIZE */
    const uint8_t *hub_device; /* LIMIT_KEY_SIZE */
    const uint8_t *hub_public; /* LIMIT_KEY_SIZE */
    bool lazy_world;           /* the caller loads the world (an auditor: up to its replay) */
};

/* Reads log state and world from the store. */
MUST_USE enum err fold_open(struct kv *kv, const struct fold_options *options,
                            struct fold **ret_fold);
void fold_close(struct fold *fold);

struct fold_verdict {
    enum wire_verdict verdict;
    uint32_t refusal;
    enum wire_void void_reason;
    uint16_t form;   /* to print, 0: none */
    bool has_record; /* *ret_record was written */
    bool common;     /* the leaf belongs into the common feed */
    bool own;        /* the leaf belongs into feed_device's own feed */
    uint8_t feed_device[LIMIT_KEY_SIZE];
};

struct fold_ask {
    const struct wire_event *event;
    const uint8_t *id;   /* event id */
    uint64_t leaf_ms;    /* hub_ms of the leaf; for a tentative event the time now */
    uint64_t leaf_index; /* index the leaf has or will have */
    uint64_t own_seq;    /* of the leaf, when it is known already; else 0 */
    enum fold_space space;
    struct record *record; /* filled when has_record */
};

/* The verdict on an event whose signature and place in its chain were checked by the caller.
 * ERR_STATE: no policy, catalogue or calendar is in force for the author yet. Otherwise only
 * store failures. */
MUST_USE enum err fold_judge(struct fold *fold, struct kv_txn *txn, const struct fold_ask *ask,
                             struct fold_verdict *ret);
/* Facts after an event that a proven leaf accepts, without asking guards again; writes the record
 * or the world. ERR_STATE when the fold does not fit (a bug, or a leaf missing before it). */
MUST_USE enum err fold_apply(struct fold *fold, struct kv_txn *txn, const struct fold_ask *ask,
                             uint64_t common_seq);

/* Newest entry of the present log's common feed that the author of an event can have applied: of an
 * event written under an earlier log, what the present one still shares with it. */
uint64_t fold_applied_common(const struct fold *fold, const struct wire_event *event);

/* The machine a payload belongs to; MACHINE_NONE: none (directory, editions, the device's own). */
enum machine_id fold_machine_of(uint32_t payload);

/* False: no such record in that space. */
bool fold_record_get(const struct fold *fold, struct kv_txn *txn, enum fold_space space,
                     const uint8_t id[LIMIT_ID_SIZE], struct record *ret);
/* A row of KV_RECORD or KV_TENTATIVE: rows leave out what their key and the directory tell. False
 * sets the error of txn: it is none. */
bool fold_record_read(const struct fold *fold, struct kv_txn *txn, struct span key,
                      struct span value, struct record *ret);
/* Stores a record and its index entries. */
void fold_record_put(const struct fold *fold, struct kv_txn *txn, enum fold_space space,
                     const struct record *record);
/* Drops the tentative facts of a record: its proven ones show again. */
void fold_tentative_drop(const struct fold *fold, struct kv_txn *txn,
                         const uint8_t id[LIMIT_ID_SIZE]);

/* Lists from the index, in order; record ids only. visit returns false to stop. */
typedef bool (*fold_visit)(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day);
/* Open cases by due day (those without one last), from from_day on. */
void fold_list_due(const struct fold *fold, struct kv_txn *txn, uint32_t from_day, fold_visit visit,
                   void *context);
/* Some days, and states of a machine (bits 1 << state; 0: all). */
struct fold_period {
    int32_t from_day;
    int32_t until_day;
    uint32_t states;
};
/* Records of a machine in those states that have to do with those days, each once and by no order:
 * from their earliest to their latest day they touch a month of the period (periods.h). Some that
 * lived long are of other states. due_day is 0. */
void fold_list_period(const struct fold *fold, struct kv_txn *txn, enum machine_id machine,
                      const struct fold_period *period, fold_visit visit, void *context);
/* fold_record_get; false also when the record is in another state, or none of its days nor of those
 * between touches the period itself. */
bool fold_record_get_of(const struct fold *fold, struct kv_txn *txn, enum fold_space space,
                        const uint8_t id[LIMIT_ID_SIZE], const struct fold_period *period,
                        struct record *ret);
/* Records of a machine in a state, by the month of their first day, then by id; after (may be NULL)
 * continues behind that one. */
void fold_list_state(const struct fold *fold, struct kv_txn *txn, enum machine_id machine,
                     uint16_t state, const uint8_t *after, fold_visit visit, void *context);

/* Time of the newest leaf under the checkpoint that the event shows, 0 when unknown or none; of one
 * of an earlier log that reaches beyond what is left of it, the time at which that ends. A station
 * learns it with each answer (fold_seen_put), of the log of that epoch. */
uint64_t fold_seen_ms(struct fold *fold, struct kv_txn *txn, const struct wire_event *event);
void fold_seen_put(struct fold *fold, struct kv_txn *txn, uint64_t epoch, uint64_t size,
                   uint64_t hub_ms);

#endif
