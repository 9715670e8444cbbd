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

/* Our newest note and the hub's, one pair a key: that is all anybody needs. ret_fresh: it was not
 * there yet. */
static void put_pair(struct station *station, struct kv_txn *txn, uint8_t kind, struct span note,
                     bool *ret_fresh)
{
    struct kv_key key;
    struct buf ours;
    struct buf both;
    kv_key_init(&key);
    kv_key_u8(&key, kind);
    kv_key_u64(&key, station->state.epoch);
    buf_init(&ours, LIMIT_NOTE_SIZE);
    buf_init(&both, 2 * LIMIT_NOTE_SIZE + 2);
    *ret_fresh =
        !kv_has(txn, KV_EVIDENCE, kv_key_span(&key)) && kv_get(txn, KV_META, span_text("H"), &ours);
    if (*ret_fresh) {
        buf_put_u16(&both, (uint16_t)ours.size);
        buf_put_span(&both, buf_span(&ours));
        buf_put_span(&both, note);
        kv_put(txn, KV_EVIDENCE, kv_key_span(&key), buf_span(&both));
    }
    buf_done(&ours);
    buf_done(&both);
}

enum err station_keep_notes(struct station *station, enum station_misfit misfit, struct span note)
{
    static const uint8_t kinds[] = {
        [STATION_MISFIT_UNPROVEN] = 'C', [STATION_MISFIT_SPLIT] = 'E', [STATION_MISFIT_BACK] = 'B'};
    struct kv_txn txn;
    bool fresh = false;
    bool proof = misfit == STATION_MISFIT_SPLIT && !station->state.split;
    station->doubted = station->doubted || misfit == STATION_MISFIT_UNPROVEN;
    kv_begin(station->kv, true, &txn);
    put_pair(station, &txn, kinds[misfit], note, &fresh);
    enum err err = txn.err;
    if (err == ERR_NONE && (fresh || proof)) {
        station->state.split = station->state.split || proof;
        err = station_commit(station, &txn);
    }
    kv_abort(&txn);
    return err == ERR_NONE || err == ERR_FULL ? err : ERR_STORE;
}

enum err station_check_growth(struct station *station, const struct station_seen *before,
                              const struct tlog_checkpoint *now, struct span consistency,
                              struct span note)
{
    struct tlog_proof proof;
    enum err err = station_proof_read(consistency, &proof);
    if (err != ERR_NONE || before->size == 0) {
        return err;
    }
    err = tlog_check_consistency(before->size, &before->root, now->size, &now->root, &proof);
    if (err == ERR_NONE || before->size > now->size) {
        return err;
    }
    /* Two roots of one size convict the hub. A proof that fails may be a bad proof only. */
    bool split =
        before->size == now->size && memcmp(&before->root, &now->root, sizeof before->root) != 0;
    err = station_keep_notes(station, split ? STATION_MISFIT_SPLIT : STATION_MISFIT_UNPROVEN, note);
    return err != ERR_NONE ? err : ERR_AUTH;
}
