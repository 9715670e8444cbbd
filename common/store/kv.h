#ifndef JIELI_STORE_KV_H
#define JIELI_STORE_KV_H

#include "base/limits.h"
#include "base/span.h"

/* Ordered tables of bytes with one writer and snapshot readers. kv_lmdb.c keeps them in LMDB;
 * the simulator links tests/sim/kv_memory.c, which can lose power at any instant, behind this
 * same header. A transaction remembers its first error: later calls do nothing and the commit
 * tells it, so no half-written set can ever be committed. */

/* Every table of all three programs; keys are described beside the code that owns them. */
enum kv_table {
    KV_META,      /* one value a name */
    KV_EVENT,     /* own chain: incarnation, seq -> envelope */
    KV_ANSWER,    /* own chain: incarnation, seq -> leaf index, verdict, article */
    KV_LEAF,      /* [log,] index -> leaf bytes */
    KV_TILE,      /* [log,] level, tile index -> hashes */
    KV_CHAIN,     /* [log,] device, incarnation, seq -> leaf index, event id */
    KV_HEAD,      /* [log,] device -> incarnation, seq, event id, feed seq */
    KV_FEED,      /* [log,] feed, feed seq -> leaf index */
    KV_RECORD,    /* [log,] record id -> proven facts */
    KV_TENTATIVE, /* record id -> facts with the tail not yet answered */
    KV_INDEX,     /* rebuildable: due lists, by state, by number */
    KV_BLOB,      /* SHA-256 -> public blob or sealed part */
    KV_TASK,      /* what somebody must do: returned, to tell, to hand over */
    KV_OUTBOX,    /* blobs still to be handed over */
    KV_WORLD,     /* directory and editions as folded */
    KV_EVIDENCE,  /* forks, bad heads: never deleted */
    KV_DRAFT,     /* unfinished input of a person */
    KV_CACHE,     /* rebuildable, program's own */
    KV_PART,      /* sealed parts of a hub, packed */
    KV_TABLE_COUNT
};

enum { KV_KEY_SIZE = 256, KV_VALUE_SIZE = LIMIT_BLOB_SIZE + 4096 }; /* the largest ones */

struct kv;

struct kv_options {
    uint64_t map_size; /* bytes; 0 = 16 GiB (sparse) */
    bool must_exist;   /* ERR_NOT_FOUND instead of creating */
    bool read_only;
};

/* Opens the store in directory, created with mode 0700 when absent. One open per process and one
 * process per store: ERR_BUSY when another holds it (an flock on <directory>/lock). Syncs
 * the directory after creating. Default LMDB sync flags with NOTLS, nothing else. options may be
 * NULL. ERR_MALFORMED: not a store, or what is left of one. ERR_VERSION: a store of another format,
 * or an LMDB known to be unsafe. ERR_STATE: a network or otherwise unfit file system.
 * ERR_CONFLICT: directory is something else. ERR_FULL, ERR_IO, ERR_MEMORY, ERR_STORE. */
MUST_USE enum err kv_open(const char *directory, const struct kv_options *options,
                          struct kv **ret_kv);
void kv_close(struct kv *kv);

struct kv_txn {
    struct kv *kv;
    void *handle;
    bool write;
    enum err err; /* the first failure */
};

/* txn ends with err, unless with an earlier one. */
static inline void kv_fail(struct kv_txn *txn, enum err err)
{
    if (txn->err == ERR_NONE) {
        txn->err = err;
    }
}

/* A write transaction waits for nobody: the one writer thread owns it. Readers see the last
 * commit and may run on any thread; keep them short. On failure err is set and all later calls
 * do nothing. */
void kv_begin(struct kv *kv, bool write, struct kv_txn *ret_txn);
/* ERR_NONE: on disk. Any error: outcome unknown for ERR_STORE, nothing written for the others. */
MUST_USE enum err kv_commit(struct kv_txn *txn);
void kv_abort(struct kv_txn *txn); /* also after a commit, then without effect */
/* On any thread: a commit ended with ERR_STORE, and so will every transaction: only closing helps.
 */
bool kv_has_failed(const struct kv *kv);

/* key 1..256 bytes, value up to LIMIT_BLOB_SIZE + 4096 bytes; both copied. */
void kv_put(struct kv_txn *txn, enum kv_table table, struct span key, struct span value);
void kv_delete(struct kv_txn *txn, enum kv_table table, struct span key); /* absent is fine */
/* Replaces ret's bytes by a copy; false when absent or after an error. */
bool kv_get(struct kv_txn *txn, enum kv_table table, struct span key, struct buf *ret);
/* The same without a copy: borrowed until the next write in this transaction or its end. */
bool kv_view(struct kv_txn *txn, enum kv_table table, struct span key, struct span *ret);
bool kv_has(struct kv_txn *txn, enum kv_table table, struct span key);

/* Called for each entry; key and value are borrowed until it returns. Return false to stop. The
 * callback may not write to the table being scanned. */
typedef bool (*kv_visit)(void *context, struct span key, struct span value);
/* All keys >= from that begin with prefix, in order. from empty: from the first of the prefix. */
void kv_scan(struct kv_txn *txn, enum kv_table table, struct span prefix, struct span from,
             kv_visit visit, void *context);
/* The greatest key with prefix; false when there is none. ret_key or ret_value may be NULL. */
bool kv_last(struct kv_txn *txn, enum kv_table table, struct span prefix, struct buf *ret_key,
             struct buf *ret_value);
/* Deletes every key with prefix. */
void kv_clear(struct kv_txn *txn, enum kv_table table, struct span prefix);

struct kv_stat {
    uint64_t map_size;
    uint64_t used_size; /* bytes of pages in use */
    uint64_t file_size; /* bytes of all pages, those given back and to be used again included */
    uint64_t entry_count[KV_TABLE_COUNT];
    uint64_t table_size[KV_TABLE_COUNT]; /* bytes of the table's pages in use */
    uint64_t large_size[KV_TABLE_COUNT]; /* those of them that hold one large value each */
};
/* The table's name in the file. */
const char *kv_table_name(enum kv_table table);
MUST_USE enum err kv_stat(struct kv *kv, struct kv_stat *ret);
/* A consistent copy of the whole store into an empty directory (mdb_copy), synced. */
MUST_USE enum err kv_copy(struct kv *kv, const char *directory);
/* Frees reader slots of dead processes; call at open and every minute. */
MUST_USE enum err kv_reader_check(struct kv *kv);

#endif
