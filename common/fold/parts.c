#include "fold/parts.h"

#include "seal/hash.h"
#include "store/keys.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

enum {
    HASH_PREFIX = 8,
    RECENT = 64,
    NUMBER_SIZE = 5, /* in keys */
    NO_PART = 0,     /* where a part's row has the number of its wraps: these are wraps */
    STATIONS = LIMIT_PEER_COUNT, /* that get a number: whoever wraps may name any key */
    STATION_WHOLE = UINT16_MAX,  /* instead of a number: the key follows */
    BOX_SIZE = sizeof((struct wire_wrap){0}.box),
    WRAPS_SIZE = 2 + 8 * (3 * VARINT_SIZE + LIMIT_KEY_SIZE + BOX_SIZE),
    ARENA_SIZE = LIMIT_BLOB_SIZE + WIRE_EVENT_ARENA
};

/* Wraps that were stored lately. */
struct recent {
    uint8_t hash[LIMIT_HASH_SIZE];
    uint64_t number; /* 0: none */
};

struct parts {
    struct recent recent[RECENT];
    size_t next; /* the slot to be used */
    struct wire_arena arena;
};

enum err parts_new(struct parts **ret_parts)
{
    struct parts *parts = calloc(1, sizeof *parts);
    if (parts == NULL || wire_arena_init(&parts->arena, ARENA_SIZE) != ERR_NONE) {
        free(parts);
        return ERR_MEMORY;
    }
    *ret_parts = parts;
    return ERR_NONE;
}

void parts_free(struct parts *parts)
{
    if (parts != NULL) {
        wire_arena_done(&parts->arena);
        free(parts);
    }
}

void parts_forget(struct parts *parts)
{
    memset(parts->recent, 0, sizeof parts->recent);
}

/* --- Keys and numbers --- */

/* Off a key. */
static uint64_t take_number(struct reader *reader)
{
    uint64_t high = reader_u8(reader);
    return high << 32 | reader_u32(reader);
}

static struct span hash_key(struct kv_key *key, const uint8_t *hash)
{
    kv_key_init(key);
    kv_key_u8(key, 'h');
    kv_key_bytes(key, span_of(hash, HASH_PREFIX));
    return kv_key_span(key);
}

static struct span number_key(struct kv_key *key, uint64_t number)
{
    uint8_t bytes[8];
    put_u64(bytes, number);
    kv_key_init(key);
    kv_key_u8(key, 'n');
    kv_key_bytes(key, span_of(bytes + sizeof bytes - NUMBER_SIZE, NUMBER_SIZE));
    return kv_key_span(key);
}

static struct span station_key(struct kv_key *key, uint16_t station)
{
    kv_key_init(key);
    kv_key_u8(key, 'd');
    kv_key_u8(key, (uint8_t)(station >> 8));
    kv_key_u8(key, (uint8_t)station);
    return kv_key_span(key);
}

/* The number after the greatest of a kind; they begin at 1. */
static uint64_t next_number(struct kv_txn *txn, char kind)
{
    struct buf key;
    struct reader reader;
    uint64_t number = 0;
    uint8_t prefix = (uint8_t)kind;
    buf_init(&key, KV_KEY_SIZE);
    if (kv_last(txn, KV_PART, span_of(&prefix, 1), &key, NULL)) {
        reader_init(&reader, buf_span(&key));
        (void)reader_u8(&reader);
        number = kind == 'd' ? reader_u16(&reader) : take_number(&reader);
    }
    buf_done(&key);
    return number + 1;
}

static void fail(struct kv_txn *txn, enum err err)
{
    if (txn->err == ERR_NONE) {
        txn->err = err;
    }
}

/* --- Stations --- */

struct search {
    const uint8_t *device;
    uint16_t found;
};

static bool compare_station(void *context, struct span key, struct span value)
{
    struct search *search = context;
    if (key.size == 3 && span_equal(value, span_of(search->device, LIMIT_KEY_SIZE))) {
        search->found = get_u16(key.data + 1);
    }
    return search->found == 0;
}

/* A hub has few stations, so they are simply looked through. STATION_WHOLE: one too many. */
static uint16_t station_number(struct kv_txn *txn, const uint8_t *device)
{
    struct kv_key key;
    struct search search = {device, 0};
    kv_scan(txn, KV_PART, span_text("d"), span_of(NULL, 0), compare_station, &search);
    if (search.found == 0 && txn->err == ERR_NONE) {
        uint64_t number = next_number(txn, 'd');
        if (number > STATIONS) {
            return STATION_WHOLE;
        }
        search.found = (uint16_t)number;
        kv_put(txn, KV_PART, station_key(&key, search.found), span_of(device, LIMIT_KEY_SIZE));
    }
    return search.found;
}

/* --- Wraps --- */

static bool has_station(const struct wire_wrap *wrap)
{
    static const uint8_t none[LIMIT_KEY_SIZE];
    return memcmp(wrap->station, none, sizeof none) != 0;
}

static void put_station(struct kv_txn *txn, const struct wire_wrap *wrap, struct buf *ret)
{
    uint16_t number = has_station(wrap) ? station_number(txn, wrap->station) : 0;
    buf_put_varint(ret, number);
    if (number == STATION_WHOLE) {
        buf_put(ret, wrap->station, sizeof wrap->station);
    }
}

static void put_wraps(struct kv_txn *txn, const struct wire_sealed_blob *blob, struct buf *ret)
{
    buf_put_varint(ret, NO_PART);
    buf_put_u8(ret, (uint8_t)blob->wrap_count);
    for (uint32_t i = 0; i < blob->wrap_count; i++) {
        const struct wire_wrap *wrap = &blob->wraps[i];
        buf_put_varint(ret, wrap->audience);
        buf_put_varint(ret, wrap->generation);
        put_station(txn, wrap, ret);
        buf_put(ret, wrap->box, sizeof wrap->box);
    }
}

static bool take_station(struct kv_txn *txn, struct reader *reader, struct wire_wrap *ret)
{
    struct kv_key key;
    struct span device;
    uint64_t number = reader_varint(reader);
    if (number == STATION_WHOLE) {
        reader_copy(reader, ret->station, sizeof ret->station);
        return true;
    }
    if (number == 0) {
        return true;
    }
    if (number > STATION_WHOLE ||
        !kv_view(txn, KV_PART, station_key(&key, (uint16_t)number), &device) ||
        device.size != LIMIT_KEY_SIZE) {
        return false;
    }
    memcpy(ret->station, device.data, LIMIT_KEY_SIZE);
    return true;
}

static bool take_wraps(struct kv_txn *txn, struct span bytes, struct wire_sealed_blob *ret)
{
    struct reader reader;
    reader_init(&reader, bytes);
    uint64_t kind = reader_varint(&reader);
    ret->wrap_count = reader_u8(&reader);
    if (kind != NO_PART || ret->wrap_count > sizeof ret->wraps / sizeof *ret->wraps) {
        return false;
    }
    for (uint32_t i = 0; i < ret->wrap_count; i++) {
        struct wire_wrap *wrap = &ret->wraps[i];
        memset(wrap, 0, sizeof *wrap);
        wrap->audience = (uint32_t)reader_varint(&reader);
        wrap->generation = reader_varint(&reader);
        if (!take_station(txn, &reader, wrap)) {
            return false;
        }
        reader_copy(&reader, wrap->box, sizeof wrap->box);
    }
    return !reader.failed && reader.left == 0;
}

/* Where the same wraps stand; they are stored when they were not lately. */
static uint64_t wraps_number(struct parts *parts, struct kv_txn *txn,
                             const struct wire_sealed_blob *blob)
{
    struct kv_key key;
    struct buf bytes;
    uint8_t hash[LIMIT_HASH_SIZE];
    uint64_t number = 0;
    buf_init(&bytes, WRAPS_SIZE);
    put_wraps(txn, blob, &bytes);
    seal_sha256(buf_span(&bytes), hash);
    for (size_t i = 0; i < RECENT && number == 0; i++) {
        const struct recent *recent = &parts->recent[i];
        number = memcmp(recent->hash, hash, sizeof hash) == 0 ? recent->number : 0;
    }
    if (number == 0) {
        struct recent *slot = &parts->recent[parts->next++ % RECENT];
        number = next_number(txn, 'n');
        kv_put(txn, KV_PART, number_key(&key, number), buf_span(&bytes));
        memcpy(slot->hash, hash, sizeof hash);
        slot->number = number;
    }
    if (bytes.err != ERR_NONE) {
        fail(txn, bytes.err);
    }
    buf_done(&bytes);
    return number;
}

/* --- Parts --- */

void parts_expect(struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE])
{
    struct kv_key key;
    if (!kv_has(txn, KV_BLOB, span_of(hash, LIMIT_HASH_SIZE))) {
        kv_add(txn, KV_PART, hash_key(&key, hash), span_of(NULL, 0));
    }
}

bool parts_is_expected(struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE])
{
    struct kv_key key;
    struct span value;
    return kv_view(txn, KV_PART, hash_key(&key, hash), &value) && value.size == 0;
}

void parts_put(struct parts *parts, struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE],
               struct span bytes)
{
    struct kv_key key;
    struct wire_sealed_blob blob;
    struct buf value;
    if (wire_sealed_decode(bytes, &parts->arena, &blob) != ERR_NONE) {
        fail(txn, ERR_MALFORMED);
        return;
    }
    buf_init(&value, LIMIT_BLOB_SIZE + VARINT_SIZE);
    buf_put_varint(&value, wraps_number(parts, txn, &blob));
    uint64_t number = next_number(txn, 'n');
    buf_put_span(&value, blob.ciphertext);
    if (value.err != ERR_NONE) {
        fail(txn, value.err);
    }
    kv_put(txn, KV_PART, number_key(&key, number), buf_span(&value));
    buf_clear(&value);
    buf_put_varint(&value, number);
    kv_put(txn, KV_PART, hash_key(&key, hash), buf_span(&value));
    buf_done(&value);
}

bool parts_has(struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE])
{
    struct kv_key key;
    struct span value;
    return kv_has(txn, KV_BLOB, span_of(hash, LIMIT_HASH_SIZE)) ||
           (kv_view(txn, KV_PART, hash_key(&key, hash), &value) && value.size != 0);
}

/* A number's row; false after an error, too: what is named must be there. */
static bool follow(struct kv_txn *txn, uint64_t number, struct span *ret)
{
    struct kv_key key;
    if (!kv_view(txn, KV_PART, number_key(&key, number), ret)) {
        fail(txn, ERR_STORE);
        return false;
    }
    return true;
}

/* False, too, when it is another part, whose hash only begins alike. */
static bool get_part(struct kv_txn *txn, uint64_t number, const uint8_t *hash, struct buf *ret)
{
    uint8_t found[LIMIT_HASH_SIZE];
    struct reader reader;
    struct span value;
    struct span wraps;
    struct wire_sealed_blob blob;
    if (!follow(txn, number, &value)) {
        return false;
    }
    reader_init(&reader, value);
    uint64_t wraps_at = reader_varint(&reader);
    blob.ciphertext = span_of(reader.data, reader.left);
    if (reader.failed || !follow(txn, wraps_at, &wraps) || !take_wraps(txn, wraps, &blob)) {
        fail(txn, ERR_STORE);
        return false;
    }
    seal_sha256(blob.ciphertext, found);
    if (memcmp(found, hash, sizeof found) != 0) {
        return false;
    }
    buf_clear(ret);
    enum err err = wire_sealed_encode(&blob, ret);
    if (err != ERR_NONE) {
        fail(txn, err);
    }
    return err == ERR_NONE;
}

bool parts_get(struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE], struct buf *ret)
{
    struct kv_key key;
    struct reader reader;
    struct span value;
    if (kv_get(txn, KV_BLOB, span_of(hash, LIMIT_HASH_SIZE), ret)) {
        return true;
    }
    if (!kv_view(txn, KV_PART, hash_key(&key, hash), &value) || value.size == 0) {
        return false;
    }
    reader_init(&reader, value);
    return get_part(txn, reader_varint(&reader), hash, ret);
}

bool parts_hash(struct span bytes, uint8_t ret_hash[LIMIT_HASH_SIZE])
{
    struct wire_arena arena = {0};
    struct wire_sealed_blob sealed;
    bool good = wire_arena_init(&arena, ARENA_SIZE) == ERR_NONE &&
                wire_sealed_decode(bytes, &arena, &sealed) == ERR_NONE;
    if (good) {
        seal_sha256(sealed.ciphertext, ret_hash);
    }
    wire_arena_done(&arena);
    return good;
}
