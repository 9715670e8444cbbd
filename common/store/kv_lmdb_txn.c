#include "base/check.h"
#include "store/kv_lmdb.h"

#include <errno.h>
#include <unistd.h>

void kv_lmdb_fail(struct kv_txn *txn, int result)
{
    if (txn->err == ERR_NONE) {
        txn->err = kv_lmdb_err(result);
    }
}

uint64_t kv_lmdb_page_count(struct kv_txn *txn)
{
    enum { OWN_PAGES = 4 }; /* two meta pages, the table of tables, the format */
    uint64_t count = OWN_PAGES;
    for (size_t i = 0; i < KV_TABLE_COUNT; i++) {
        MDB_stat stat;
        if (txn->kv->tables[i] == 0) {
            continue;
        }
        int result = mdb_stat(txn->handle, txn->kv->tables[i], &stat);
        if (result != 0) {
            kv_lmdb_fail(txn, result);
            return 0;
        }
        count += stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages;
    }
    return count;
}

/* With the mutex held. Only a tool that was let at a running store can grow the map; while nobody
 * looks at it, it can be mapped anew. */
static int begin_locked(struct kv *kv, bool write, MDB_txn **ret_handle)
{
    unsigned flags = write ? 0 : MDB_RDONLY;
    int result = mdb_txn_begin(kv->env, NULL, flags, ret_handle);
    if (result == MDB_MAP_RESIZED && kv->open_count == 0) {
        result = mdb_env_set_mapsize(kv->env, 0);
        if (result == 0) {
            result = mdb_txn_begin(kv->env, NULL, flags, ret_handle);
        }
    }
    return result;
}

void kv_begin(struct kv *kv, bool write, struct kv_txn *ret_txn)
{
    CHECK(kv != NULL);
    CHECK(ret_txn != NULL);
    CHECK(kv->pid == getpid());
    MDB_txn *handle = NULL;
    *ret_txn = (struct kv_txn){.kv = kv, .write = write};
    if (atomic_load(&kv->failed)) {
        ret_txn->err = ERR_STORE;
        return;
    }
    if (write && kv->read_only) {
        ret_txn->err = ERR_STATE;
        return;
    }
    CHECK(pthread_mutex_lock(&kv->mutex) == 0);
    CHECK(!write || !kv->writing);
    int result = begin_locked(kv, write, &handle);
    if (result == 0) {
        ret_txn->handle = handle;
        kv->open_count++;
    }
    if (result == 0 && write) {
        kv->writing = true;
        kv->writer = pthread_self();
        kv->grew = false;
        kv->scanning = 0;
    }
    CHECK(pthread_mutex_unlock(&kv->mutex) == 0);
    kv_lmdb_fail(ret_txn, result);
}

static void leave(struct kv_txn *txn)
{
    struct kv *kv = txn->kv;
    txn->handle = NULL;
    CHECK(pthread_mutex_lock(&kv->mutex) == 0);
    CHECK(kv->open_count > 0);
    kv->open_count--;
    if (txn->write) {
        kv->writing = false;
    }
    CHECK(pthread_mutex_unlock(&kv->mutex) == 0);
}

/* Nothing was written as long as LMDB did not come to the page that makes a commit count. When
 * that page failed it refuses every later transaction. A write cut short, as by a disk that fills
 * up, LMDB calls EIO like every other trouble: then the disk is asked. */
static enum err explain_failure(struct kv *kv, int result)
{
    MDB_txn *probe = NULL;
    enum err err = kv_lmdb_err(result);
    int fd = -1;
    if (result == EIO && mdb_env_get_fd(kv->env, &fd) == 0 && kv_place_is_full(fd)) {
        err = ERR_FULL;
    }
    if (mdb_txn_begin(kv->env, NULL, 0, &probe) == 0) {
        mdb_txn_abort(probe);
    } else {
        err = ERR_STORE;
    }
    if (err != ERR_FULL && err != ERR_MEMORY && err != ERR_LIMIT) {
        err = ERR_STORE;
        atomic_store(&kv->failed, true);
    }
    return err;
}

bool kv_has_failed(const struct kv *kv)
{
    return atomic_load(&kv->failed);
}

enum err kv_commit(struct kv_txn *txn)
{
    CHECK(txn != NULL);
    CHECK(txn->handle != NULL || txn->err != ERR_NONE);
    struct kv *kv = txn->kv;
    CHECK(kv->pid == getpid());
    if (txn->err == ERR_NONE && txn->write && kv->grew) {
        uint64_t page_count = kv_lmdb_page_count(txn);
        if (page_count > kv->page_limit && page_count > kv->pages_before) {
            kv_lmdb_fail(txn, MDB_MAP_FULL);
        }
    }
    if (txn->err != ERR_NONE) {
        kv_abort(txn);
        return txn->err;
    }
    int result = mdb_txn_commit(txn->handle);
    if (result != 0) {
        txn->err = explain_failure(kv, result);
    }
    leave(txn);
    return txn->err;
}

void kv_abort(struct kv_txn *txn)
{
    CHECK(txn != NULL);
    if (txn->handle == NULL) {
        return;
    }
    CHECK(txn->kv->pid == getpid());
    mdb_txn_abort(txn->handle);
    leave(txn);
}
