#include "fold/chains.h"

#include "fold/log.h"
#include "store/keys.h"

#include <stdlib.h>
#include <string.h>

enum { HEADS = 64, RUNS = 64 };

struct run {
    uint32_t number;
    uint64_t incarnation;
    uint64_t first_seq;
    uint64_t first_index;
    uint64_t count;
};

struct chains {
    uint8_t slot;
    size_t head_count;
    struct {
        uint8_t device[LIMIT_KEY_SIZE];
        struct log_head head;
    } heads[HEADS];
    size_t run_count;
    struct run runs[RUNS];
};

enum err chains_new(uint8_t slot, struct chains **ret_chains)
{
    struct chains *chains = calloc(1, sizeof *chains);
    if (chains == NULL) {
        return ERR_MEMORY;
    }
    chains->slot = slot;
    *ret_chains = chains;
    return ERR_NONE;
}

void chains_free(struct chains *chains)
{
    free(chains);
}

/* --- Heads --- */

static struct span head_key(struct kv_key *key, const struct chains *chains, const uint8_t *device)
{
    kv_key_init(key);
    kv_key_u8(key, chains->slot);
    kv_key_bytes(key, span_of(device, LIMIT_KEY_SIZE));
    return kv_key_span(key);
}

static size_t find_head(const struct chains *chains, const uint8_t *device)
{
    size_t i = 0;
    while (i < chains->head_count && memcmp(chains->heads[i].device, device, LIMIT_KEY_SIZE) != 0) {
        i++;
    }
    return i;
}

bool chains_head_get(const struct chains *chains, struct kv_txn *txn, const uint8_t *device,
                     struct log_head *ret_head)
{
    struct kv_key key;
    struct buf value;
    struct reader reader;
    size_t at = find_head(chains, device);
    if (at < chains->head_count) {
        *ret_head = chains->heads[at].head;
        return true;
    }
    memset(ret_head, 0, sizeof *ret_head);
    buf_init(&value, 128);
    bool found = kv_get(txn, KV_HEAD, head_key(&key, chains, device), &value);
    if (found) {
        reader_init(&reader, buf_span(&value));
        ret_head->number = reader_u32(&reader);
        ret_head->incarnation = reader_u64(&reader);
        ret_head->seq = reader_u64(&reader);
        reader_copy(&reader, ret_head->id, sizeof ret_head->id);
        ret_head->own_seq = reader_u64(&reader);
        ret_head->seen_size = reader_u64(&reader);
        ret_head->frozen = reader_u8(&reader) != 0;
    }
    buf_done(&value);
    return found;
}

static void write_head(const struct chains *chains, struct kv_txn *txn, const uint8_t *device,
                       const struct log_head *head)
{
    struct kv_key key;
    struct buf value;
    buf_init(&value, 128);
    buf_put_u32(&value, head->number);
    buf_put_u64(&value, head->incarnation);
    buf_put_u64(&value, head->seq);
    buf_put(&value, head->id, sizeof head->id);
    buf_put_u64(&value, head->own_seq);
    buf_put_u64(&value, head->seen_size);
    buf_put_u8(&value, head->frozen ? 1 : 0);
    kv_put(txn, KV_HEAD, head_key(&key, chains, device), buf_span(&value));
    buf_done(&value);
}

static void flush_heads(struct chains *chains, struct kv_txn *txn)
{
    for (size_t i = 0; i < chains->head_count; i++) {
        write_head(chains, txn, chains->heads[i].device, &chains->heads[i].head);
    }
    chains->head_count = 0;
}

void chains_head_put(struct chains *chains, struct kv_txn *txn, const uint8_t *device,
                     const struct log_head *head)
{
    size_t at = find_head(chains, device);
    if (at == HEADS) {
        flush_heads(chains, txn);
        at = 0;
    }
    if (at == chains->head_count) {
        chains->head_count++;
        memcpy(chains->heads[at].device, device, LIMIT_KEY_SIZE);
    }
    chains->heads[at].head = *head;
}

/* --- Places --- */

static void chain_prefix(struct kv_key *key, const struct chains *chains, uint32_t number,
                         uint64_t incarnation)
{
    kv_key_init(key);
    kv_key_u8(key, chains->slot);
    kv_key_u32(key, number);
    kv_key_u32(key, (uint32_t)incarnation);
}

static struct span run_key(struct kv_key *key, const struct chains *chains, const struct run *run)
{
    chain_prefix(key, chains, run->number, run->incarnation);
    kv_key_u64(key, run->first_seq + run->count - 1);
    return kv_key_span(key);
}

/* Of a stored row: key 17 bytes, value 12. */
static bool read_run(struct span key, struct span value, struct run *ret)
{
    if (key.size != 17 || value.size != 12) {
        return false;
    }
    ret->first_index = get_u64(value.data);
    ret->count = get_u32(value.data + 8);
    ret->first_seq = get_u64(key.data + 9) + 1 - ret->count;
    return ret->count > 0;
}

static bool run_index(const struct run *run, uint64_t seq, uint64_t *ret_index)
{
    if (seq < run->first_seq || seq - run->first_seq >= run->count) {
        return false;
    }
    *ret_index = run->first_index + (seq - run->first_seq);
    return true;
}

/* Joins run to the row that ends right before it, here and in the log. */
static void write_run(const struct chains *chains, struct kv_txn *txn, struct run run)
{
    struct kv_key key;
    struct buf value;
    struct run before = {run.number, run.incarnation, run.first_seq - 1, 0, 1};
    uint8_t bytes[12];
    buf_init(&value, 16);
    struct span name = run_key(&key, chains, &before);
    if (run.first_seq > 1 && kv_get(txn, KV_CHAIN, name, &value) &&
        read_run(name, buf_span(&value), &before) &&
        before.first_index + before.count == run.first_index &&
        before.count + run.count <= UINT32_MAX) {
        kv_delete(txn, KV_CHAIN, name);
        run.first_seq = before.first_seq;
        run.first_index = before.first_index;
        run.count += before.count;
    }
    buf_done(&value);
    put_u64(bytes, run.first_index);
    put_u32(bytes + 8, (uint32_t)run.count);
    kv_put(txn, KV_CHAIN, run_key(&key, chains, &run), span_of(bytes, sizeof bytes));
}

static void flush_runs(struct chains *chains, struct kv_txn *txn)
{
    for (size_t i = 0; i < chains->run_count; i++) {
        write_run(chains, txn, chains->runs[i]);
    }
    chains->run_count = 0;
}

void chains_add(struct chains *chains, struct kv_txn *txn, const struct chain_place *place,
                uint64_t index)
{
    struct run *last = chains->run_count > 0 ? &chains->runs[chains->run_count - 1] : NULL;
    bool follows =
        last != NULL && last->number == place->number && last->incarnation == place->incarnation &&
        last->first_seq + last->count == place->seq && last->first_index + last->count == index;
    if (follows) {
        last->count++;
        return;
    }
    if (chains->run_count == RUNS) {
        flush_runs(chains, txn);
    }
    chains->runs[chains->run_count++] =
        (struct run){place->number, place->incarnation, place->seq, index, 1};
}

struct finding {
    const struct chain_place *place;
    uint64_t *ret_index;
    bool found;
};

static bool take_run(void *context, struct span key, struct span value)
{
    struct finding *finding = context;
    struct run run;
    finding->found =
        read_run(key, value, &run) && run_index(&run, finding->place->seq, finding->ret_index);
    return false;
}

bool chains_find(const struct chains *chains, struct kv_txn *txn, const struct chain_place *place,
                 uint64_t *ret_index)
{
    struct kv_key prefix;
    struct kv_key from;
    struct finding finding = {place, ret_index, false};
    for (size_t i = 0; i < chains->run_count; i++) {
        const struct run *run = &chains->runs[i];
        if (run->number == place->number && run->incarnation == place->incarnation &&
            run_index(run, place->seq, ret_index)) {
            return true;
        }
    }
    chain_prefix(&prefix, chains, place->number, place->incarnation);
    from = prefix;
    kv_key_u64(&from, place->seq);
    kv_scan(txn, KV_CHAIN, kv_key_span(&prefix), kv_key_span(&from), take_run, &finding);
    return finding.found;
}

uint64_t chains_end(const struct chains *chains, struct kv_txn *txn, uint32_t number,
                    uint64_t incarnation)
{
    struct kv_key prefix;
    struct buf key;
    uint64_t seq = 0;
    chain_prefix(&prefix, chains, number, incarnation);
    buf_init(&key, 64);
    if (kv_last(txn, KV_CHAIN, kv_key_span(&prefix), &key, NULL) && key.size >= 8) {
        seq = get_u64(key.data + key.size - 8);
    }
    buf_done(&key);
    return seq;
}

void chains_flush(struct chains *chains, struct kv_txn *txn)
{
    flush_runs(chains, txn);
    flush_heads(chains, txn);
}
