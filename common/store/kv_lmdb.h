#ifndef JIELI_STORE_KV_LMDB_H
#define JIELI_STORE_KV_LMDB_H

#include "store/kv.h"
#include "store/kv_place.h"
#include "store/lmdb_safe.h"

#include <pthread.h>
#include <stdatomic.h>

/* Private to the kv_lmdb files. */
struct kv {
    MDB_env *env;
    struct kv_place place;
    pid_t pid; /* a forked child must not touch the environment it inherited */
    bool read_only;
    atomic_bool failed;             /* a commit failed with outcome unknown: only closing helps */
    MDB_dbi tables[KV_TABLE_COUNT]; /* 0: absent in a store opened read-only */
    uint64_t map_size;              /* as asked for */
    uint64_t page_limit;            /* pages in use beyond which no commit may grow the store */
    pthread_mutex_t mutex;          /* guards the three below */
    unsigned open_count;            /* transactions of any kind */
    bool writing;
    pthread_t writer;
    /* Below: touched only inside the write transaction. */
    bool grew; /* something was put */
    uint64_t pages_before;
    uint32_t scanning; /* a bit a table whose scan is running */
};

_Static_assert(KV_TABLE_COUNT <= 32, "struct kv.scanning has one bit a table");

enum err kv_lmdb_err(int result);
/* The first failure sticks. */
void kv_lmdb_fail(struct kv_txn *txn, int result);
/* Pages of all tables as this transaction sees them. */
uint64_t kv_lmdb_page_count(struct kv_txn *txn);
/* 0.9.26 to 0.9.31 may destroy mutexes in use; before 0.9.24 and beyond 0.9 nothing was tried. */
bool kv_lmdb_version_is_safe(int major, int minor, int patch);

#endif
