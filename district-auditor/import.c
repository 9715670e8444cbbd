#include "base/text.h"
#include "district-auditor/inside.h"
#include "node/files.h"
#include "seal/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A whole log from files (layout: auditor.h), believed no more than one that came by wire: the
 * checkpoint must be signed, the leaves must give its root and that of the newest checkpoint known
 * before. They are read twice: nothing is mirrored, or replayed on the way, before they are found
 * to do so, and the mirror never reaches beyond the newest checkpoint, whenever this ends. */

/* STEP leaves a transaction; so many are left to the threads that verify while the next are read.
 */
enum { CHUNK_SIZE = LIMIT_BATCH_COUNT * (LIMIT_LEAF_SIZE + 4), STEP = 2048, BEHIND = 1024 };

struct import {
    struct auditor *auditor;
    struct kv_txn txn;
    const char *directory;
    struct tlog_checkpoint checkpoint;
    uint64_t appended; /* since the last commit */
    bool checking;     /* the first reading: */
    struct tlog_peaks peaks;
    bool grows; /* from what was seen before */
};

static enum err replay_behind(struct auditor *auditor)
{
    uint64_t done = 0;
    uint64_t end = auditor->fold->log.size;
    uint64_t replayed = auditor->state.replayed;
    return end > replayed + BEHIND ? auditor_replay(auditor, end - replayed - BEHIND, &done)
                                   : ERR_NONE;
}

static enum err commit_and_go_on(struct import *import)
{
    struct tlog_hash root;
    log_flush(&import->auditor->fold->log, &import->txn, &root);
    auditor_state_put(import->auditor, &import->txn);
    enum err err = kv_commit(&import->txn);
    kv_abort(&import->txn);
    import->appended = 0;
    if (err == ERR_NONE) {
        err = replay_behind(import->auditor);
    }
    kv_begin(import->auditor->kv, true, &import->txn);
    return err;
}

static enum err check_leaf(struct import *import, uint64_t number, struct span leaf)
{
    const struct auditor_state *state = &import->auditor->state;
    struct tlog_hash hash;
    if (number != import->peaks.size) {
        return ERR_MALFORMED; /* a file with fewer leaves or more than it should have */
    }
    tlog_leaf_hash(leaf, &hash);
    tlog_peaks_push(&import->peaks, &hash);
    if (number + 1 == state->seen_size) {
        tlog_peaks_root(&import->peaks, &hash);
        import->grows = memcmp(&hash, &state->seen_root, sizeof hash) == 0;
    }
    return ERR_NONE;
}

/* A leaf whose place in the log is number; what is mirrored already must be the same. */
static enum err take_leaf(struct import *import, uint64_t number, struct span leaf)
{
    struct auditor *auditor = import->auditor;
    struct buf known;
    if (number >= import->checkpoint.size) {
        return ERR_NONE; /* logged since, and not proven */
    }
    if (import->checking) {
        return check_leaf(import, number, leaf);
    }
    if (number < auditor->fold->log.size) {
        buf_init(&known, LIMIT_LEAF_SIZE);
        bool same = log_leaf(&auditor->fold->log, &import->txn, number, &known) &&
                    span_equal(buf_span(&known), leaf);
        buf_done(&known);
        return same ? ERR_NONE : ERR_AUTH;
    }
    auditor_store_leaf(auditor, &import->txn, leaf);
    import->appended++;
    return import->appended < STEP ? import->txn.err : commit_and_go_on(import);
}

static enum err take_chunk(struct import *import, uint64_t first, struct span bytes)
{
    struct reader reader;
    uint64_t number = first;
    enum err err = ERR_NONE;
    reader_init(&reader, bytes);
    while (err == ERR_NONE && reader.left > 0) {
        uint32_t size = reader_u32(&reader);
        struct span leaf = reader_bytes(&reader, size);
        if (reader.failed || size > LIMIT_LEAF_SIZE) {
            return ERR_MALFORMED;
        }
        err = take_leaf(import, number, leaf);
        number++;
    }
    return err;
}

/* All leaves, in order. */
static enum err read_leaves(struct import *import)
{
    char path[FILES_PATH_SIZE];
    struct buf bytes;
    enum err err = ERR_NONE;
    uint64_t size = import->checkpoint.size;
    buf_init(&bytes, CHUNK_SIZE);
    for (uint64_t first = 0; err == ERR_NONE && first < size; first += LIMIT_BATCH_COUNT) {
        int length = snprintf(path, sizeof path, "%s/leaves/%08llu", import->directory,
                              (unsigned long long)(first / LIMIT_BATCH_COUNT));
        buf_clear(&bytes);
        err = length < 0 || (size_t)length >= sizeof path ? ERR_LIMIT : files_read(path, &bytes);
        if (err == ERR_NONE) {
            err = take_chunk(import, first, buf_span(&bytes));
        }
    }
    buf_done(&bytes);
    return err;
}

/* Public blobs; each is known by what it hashes to. */
static enum err take_blob(void *context, const char *path)
{
    struct import *import = context;
    uint8_t hash[LIMIT_HASH_SIZE];
    struct buf bytes;
    buf_init(&bytes, LIMIT_BLOB_SIZE);
    enum err err = files_read(path, &bytes);
    if (err == ERR_NONE) {
        seal_sha256(buf_span(&bytes), hash);
        kv_put(&import->txn, KV_BLOB, span_of(hash, sizeof hash), buf_span(&bytes));
        err = import->txn.err;
    }
    buf_done(&bytes);
    return err;
}

static enum err open_note(struct import *import, struct span note, struct tlog_checkpoint *ret)
{
    char origin[TLOG_ORIGIN_SIZE];
    const uint8_t *end = memchr(note.data, '\n', note.size);
    uint64_t epoch =
        end == NULL ? 0 : tlog_origin_epoch(span_of(note.data, (size_t)(end - note.data)));
    struct auditor_state *state = &import->auditor->state;
    auditor_origin(import->auditor, epoch, origin);
    enum err err = epoch == 0 || (state->epoch != 0 && state->epoch != epoch)
                       ? ERR_STATE
                       : tlog_checkpoint_open(note, origin, import->auditor->hub_public, ret);
    if (err == ERR_NONE) {
        state->epoch = epoch;
    }
    return err;
}

/* The first reading. *ret_good false: it is a finding. */
static enum err check_leaves(struct import *import, bool *ret_good)
{
    static const uint32_t nothing[2] = {0, 0};
    struct auditor *auditor = import->auditor;
    const struct tlog_checkpoint *checkpoint = &import->checkpoint;
    struct tlog_hash root;
    tlog_peaks_init(&import->peaks);
    import->checking = true;
    import->grows = auditor->state.seen_size == 0 || auditor->state.seen_size > checkpoint->size;
    enum err err = read_leaves(import);
    import->checking = false;
    if (err == ERR_NONE && import->peaks.size < checkpoint->size) {
        err = ERR_MALFORMED;
    }
    tlog_peaks_root(&import->peaks, &root);
    bool whole = memcmp(&root, &checkpoint->root, sizeof root) == 0;
    *ret_good = err == ERR_NONE && whole && import->grows;
    if (err == ERR_NONE && !*ret_good) {
        auditor_find(auditor, &import->txn, whole ? FINDING_CHECKPOINT : FINDING_RANGE,
                     checkpoint->size, nothing);
    }
    return err;
}

/* The second reading. The files may have changed since. */
static enum err take_leaves(struct import *import)
{
    static const uint32_t nothing[2] = {0, 0};
    struct auditor *auditor = import->auditor;
    const struct tlog_checkpoint *checkpoint = &import->checkpoint;
    struct log_tiles context = {&auditor->fold->log, &import->txn};
    struct tlog_tiles tiles = log_tiles(&context);
    struct tlog_hash root;
    if (checkpoint->size > auditor->state.seen_size) {
        auditor->state.seen_size = checkpoint->size;
        auditor->state.seen_root = checkpoint->root;
    }
    enum err err = read_leaves(import);
    if (err != ERR_NONE) {
        return err;
    }
    log_flush(&auditor->fold->log, &import->txn, &root);
    err =
        import->txn.err != ERR_NONE ? import->txn.err : tlog_root(&tiles, checkpoint->size, &root);
    if (err == ERR_NONE && memcmp(&root, &checkpoint->root, sizeof root) != 0) {
        auditor_find(auditor, &import->txn, FINDING_RANGE, checkpoint->size, nothing);
    }
    return err;
}

enum err auditor_import(struct auditor *auditor, const char *directory)
{
    char path[FILES_PATH_SIZE];
    struct buf note;
    bool good = false;
    struct import import = {.auditor = auditor, .directory = directory};
    buf_init(&note, LIMIT_NOTE_SIZE);
    int length = snprintf(path, sizeof path, "%s/checkpoint", directory);
    enum err err =
        length < 0 || (size_t)length >= sizeof path ? ERR_LIMIT : files_read(path, &note);
    kv_begin(auditor->kv, true, &import.txn);
    if (err == ERR_NONE) {
        err = open_note(&import, buf_span(&note), &import.checkpoint);
    }
    if (err == ERR_NONE) {
        (void)snprintf(path, sizeof path, "%.1000s/blobs", directory);
        err = files_each(path, "", take_blob, &import);
    }
    if (err == ERR_NONE) {
        err = check_leaves(&import, &good);
    }
    if (err == ERR_NONE && good) {
        err = take_leaves(&import);
    }
    auditor_state_put(auditor, &import.txn);
    if (err == ERR_NONE) {
        err = kv_commit(&import.txn);
    }
    kv_abort(&import.txn);
    buf_done(&note);
    if (err != ERR_NONE) {
        enum err again = auditor_reload(auditor);
        return again != ERR_NONE ? again : err;
    }
    return ERR_NONE;
}
