#include "base/text.h"
#include "village-node/inside.h"

#include <stdio.h>
#include <string.h>

void station_origin(const struct station *station, uint64_t epoch, char ret[TLOG_ORIGIN_SIZE])
{
    /* station_open has left room for the number. */
    int size = snprintf(ret, TLOG_ORIGIN_SIZE, "%s/%llu", station->origin_prefix,
                        (unsigned long long)epoch);
    if (size < 0 || size >= TLOG_ORIGIN_SIZE) {
        ret[0] = 0;
    }
}

enum err station_note_open(const struct station *station, struct span note, uint64_t epoch,
                           struct tlog_checkpoint *ret)
{
    char origin[TLOG_ORIGIN_SIZE];
    station_origin(station, epoch, origin);
    enum err err = tlog_checkpoint_open(note, origin, station->hub_public, ret);
    return err == ERR_NONE && ret->size > SYNC_NUMBER_MAX ? ERR_LIMIT : err;
}

enum err station_proof_read(struct span bytes, struct tlog_proof *ret)
{
    if (bytes.size % LIMIT_HASH_SIZE != 0) {
        return ERR_MALFORMED;
    }
    if (bytes.size / LIMIT_HASH_SIZE > LIMIT_PROOF_COUNT) {
        return ERR_LIMIT;
    }
    ret->count = bytes.size / LIMIT_HASH_SIZE;
    if (bytes.size > 0) {
        memcpy(ret->hash, bytes.data, bytes.size);
    }
    return ERR_NONE;
}

void station_head_take(struct station *station, struct kv_txn *txn,
                       const struct tlog_checkpoint *checkpoint, struct span note)
{
    struct station_state *state = &station->state;
    if (checkpoint->size > state->head_size) {
        state->head_size = checkpoint->size;
        state->head_root = checkpoint->root;
        kv_put(txn, KV_META, span_text("H"), note);
    }
}

/* One pair an epoch is all that anybody needs. */
enum err station_keep_split(struct station *station, struct span note)
{
    struct kv_key key;
    struct kv_txn txn;
    struct buf ours;
    struct buf both;
    kv_key_init(&key);
    kv_key_u8(&key, 'C');
    kv_key_u64(&key, station->state.epoch);
    buf_init(&ours, LIMIT_NOTE_SIZE);
    buf_init(&both, 2 * LIMIT_NOTE_SIZE + 2);
    kv_begin(station->kv, true, &txn);
    enum err err = ERR_NONE;
    bool fresh = !kv_has(&txn, KV_EVIDENCE, kv_key_span(&key)) &&
                 kv_get(&txn, KV_META, span_text("H"), &ours);
    if (fresh) {
        buf_put_u16(&both, (uint16_t)ours.size);
        buf_put_span(&both, buf_span(&ours));
        buf_put_span(&both, note);
        kv_put(&txn, KV_EVIDENCE, kv_key_span(&key), buf_span(&both));
    }
    if (fresh || !station->state.split || txn.err != ERR_NONE) {
        station->state.split = true;
        err = station_commit(station, &txn);
    }
    kv_abort(&txn);
    buf_done(&ours);
    buf_done(&both);
    return err;
}
