#ifndef JIELI_DISTRICT_AUDITOR_AHEAD_H
#define JIELI_DISTRICT_AUDITOR_AHEAD_H

#include "fold/fold.h"

#include <pthread.h>

/* Verifies leaves ahead of the replay, on threads of its own: a signature costs six times what all
 * else of a leaf does, and depends on nothing that the replay finds out but its author's key. */
struct ahead;

/* One leaf as far as it can be known before its turn. */
struct ahead_leaf {
    bool readable; /* leaf is filled; its bytes live until the next ahead_get */
    bool decoded;  /* the event in it decodes, with all checks */
    bool checked;  /* the author's key was known: */
    bool signature;
    uint8_t public_key[LIMIT_KEY_SIZE];
    uint8_t id[LIMIT_HASH_SIZE]; /* of the event, as is: */
    uint8_t author[LIMIT_KEY_SIZE];
    struct wire_leaf leaf;
};

/* thread_count 0: everything on the caller's thread, when it is asked for. lock guards the
 * directory of fold's world, which the threads read; borrowed. */
MUST_USE enum err ahead_new(unsigned thread_count, pthread_rwlock_t *lock,
                            struct ahead **ret_ahead);
void ahead_free(struct ahead *ahead);
/* Waits for the threads and forgets everything: before fold or its store goes. */
void ahead_drop(struct ahead *ahead);
/* The leaf at index, which is in the log; while the caller works on it, or on what else it has to
 * do, the next 1,800 or more are verified. Borrowed until the next call. ERR_STORE, ERR_MEMORY. */
MUST_USE enum err ahead_get(struct ahead *ahead, const struct fold *fold, struct kv_txn *txn,
                            uint64_t index, const struct ahead_leaf **ret_leaf);

#endif
