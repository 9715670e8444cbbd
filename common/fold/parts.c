#include "fold/parts.h"

#include "fold/part_bytes.h"
#include "fold/part_expected.h"
#include "fold/part_names.h"
#include "seal/hash.h"
#include "store/keys.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

enum {
    RECENT = 64,
    EXPECTED = 0, /* place of a part that is not here yet */
    NO_PART = 0,  /* where a part tells how far before it its wraps stand: these are wraps */
    STATIONS = LIMIT_PEER_COUNT, /* that get a number: whoever wraps may name any key */
    STATION_WHOLE = UINT16_MAX,  /* instead of a number: the key follows */
    BOX_SIZE = sizeof((struct wire_wrap){0}.box),
    WRAPS_SIZE = 2 + 8 * (3 * VARINT_SIZE + LIMIT_KEY_SIZE + BOX_SIZE),
    HEAD_SIZE = 2 * VARINT_SIZE, /* of a part */
    ARENA_SIZE = LIMIT_BLOB_SIZE + WIRE_EVENT_ARENA
};

_Static_assert((int)PARTS_NAME_SIZE == (int)PART_NAME_SIZE, "a name is the same everywhere");

/* Wraps that were stored lately. */
struct recent {
    uint8_t hash[LIMIT_HASH_SIZE];
    uint64_t place; /* 0: none */
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

static struct span station_key(struct kv_key *key, uint16_t station)
{
    kv_key_init(key);
    kv_key_u8(key, 'd');
    kv_key_u8(key, (uint8_t)(station >> 8));
    kv_key_u8(key, (uint8_t)station);
    return kv_key_span(key);
}

/* The number after the greatest station's; they begin at 1. */
static uint32_t next_station(struct kv_txn *txn)
{
    struct buf key;
    uint32_t number = 0;
    buf_init(&key, KV_KEY_SIZE);
    if (kv_last(txn, KV_PART, span_text("d"), &key, NULL) && key.size == 3) {
        number = get_u16(key.data + 1);
    }
    buf_done(&key);
    return number + 1;
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
        uint32_t number = next_station(txn);
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
    for (uint32_t i = 0; i < ret->wrap_count && !reader.failed; i++) {
        struct wire_wrap *wrap = &ret->wraps[i];
        memset(wrap, 0, sizeof *wrap);
        wrap->audience = (uint32_t)reader_varint(&reader);
        wrap->generation = reader_varint(&reader);
        if (!take_station(txn, &reader, wrap)) {
            return false;
        }
        reader_copy(&reader, wrap->box, sizeof wrap->box);
    }
    return !reader.failed;
}

/* Where the same wraps stand; they are stored when they were not lately. */
static uint64_t wraps_place(struct parts *parts, struct kv_txn *txn,
                            const struct wire_sealed_blob *blob)
{
    struct buf bytes;
    uint8_t hash[LIMIT_HASH_SIZE];
    uint64_t place = 0;
    buf_init(&bytes, WRAPS_SIZE);
    put_wraps(txn, blob, &bytes);
    seal_sha256(buf_span(&bytes), hash);
    for (size_t i = 0; i < RECENT && place == 0; i++) {
        const struct recent *recent = &parts->recent[i];
        place = memcmp(recent->hash, hash, sizeof hash) == 0 ? recent->place : 0;
    }
    if (place == 0) {
        struct recent *slot = &parts->recent[parts->next++ % RECENT];
        place = part_bytes_end(txn);
        part_bytes_add(txn, buf_span(&bytes));
        memcpy(slot->hash, hash, sizeof hash);
        slot->place = place;
    }
    if (bytes.err != ERR_NONE) {
        kv_fail(txn, bytes.err);
    }
    buf_done(&bytes);
    return place;
}

/* --- Parts --- */

/* False: it is not here. */
static bool find_place(struct kv_txn *txn, const uint8_t *hash, uint64_t *ret)
{
    return part_names_find(txn, get_u64(hash), ret) && *ret != EXPECTED;
}

void parts_expect(struct kv_txn *txn, struct span names)
{
    part_expected_add(txn, names);
}

bool parts_is_expected(struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE])
{
    uint64_t place = 0;
    bool known = part_names_find(txn, get_u64(hash), &place);
    return (known ? place == EXPECTED : part_expected_has(txn, get_u64(hash))) &&
           !kv_has(txn, KV_BLOB, span_of(hash, LIMIT_HASH_SIZE));
}

void parts_put(struct parts *parts, struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE],
               struct span bytes)
{
    struct wire_sealed_blob blob;
    struct buf value;
    if (wire_sealed_decode(bytes, &parts->arena, &blob) != ERR_NONE) {
        kv_fail(txn, ERR_MALFORMED);
        return;
    }
    uint64_t wraps = wraps_place(parts, txn, &blob);
    uint64_t place = part_bytes_end(txn);
    buf_init(&value, LIMIT_BLOB_SIZE + HEAD_SIZE);
    buf_put_varint(&value, place - wraps);
    buf_put_varint(&value, blob.ciphertext.size);
    buf_put_span(&value, blob.ciphertext);
    if (value.err != ERR_NONE) {
        kv_fail(txn, value.err);
    }
    part_bytes_add(txn, buf_span(&value));
    struct part_name name = {get_u64(hash), place};
    part_names_put(txn, &name, 1);
    buf_done(&value);
}

bool parts_has(struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE])
{
    uint64_t place = 0;
    return kv_has(txn, KV_BLOB, span_of(hash, LIMIT_HASH_SIZE)) || find_place(txn, hash, &place);
}

/* What stands at a place; false: no part does. */
static bool read_part(struct kv_txn *txn, uint64_t place, struct buf *ret_ciphertext,
                      uint64_t *ret_wraps)
{
    struct buf head;
    struct reader reader;
    buf_init(&head, HEAD_SIZE);
    part_bytes_get(txn, place, HEAD_SIZE, &head);
    reader_init(&reader, buf_span(&head));
    uint64_t back = reader_varint(&reader);
    uint64_t size = reader_varint(&reader);
    uint64_t begin = place + head.size - reader.left;
    bool good = !reader.failed && back != NO_PART && back < place && size <= LIMIT_BLOB_SIZE;
    buf_done(&head);
    if (good) {
        *ret_wraps = place - back;
        part_bytes_get(txn, begin, (size_t)size, ret_ciphertext);
    }
    return good && ret_ciphertext->err == ERR_NONE && ret_ciphertext->size == size;
}

/* False, too, when it is another part, whose hash only begins alike. */
static bool get_part(struct kv_txn *txn, uint64_t place, const uint8_t *hash, struct buf *ret)
{
    uint8_t found[LIMIT_HASH_SIZE];
    struct buf ciphertext;
    struct buf wraps;
    struct wire_sealed_blob blob;
    uint64_t wraps_at = 0;
    bool same = false;
    buf_init(&ciphertext, LIMIT_BLOB_SIZE);
    buf_init(&wraps, WRAPS_SIZE);
    if (!read_part(txn, place, &ciphertext, &wraps_at)) {
        kv_fail(txn, ERR_STORE);
        goto out;
    }
    part_bytes_get(txn, wraps_at, WRAPS_SIZE, &wraps);
    if (!take_wraps(txn, buf_span(&wraps), &blob)) {
        kv_fail(txn, ERR_STORE);
        goto out;
    }
    blob.ciphertext = buf_span(&ciphertext);
    seal_sha256(blob.ciphertext, found);
    same = memcmp(found, hash, sizeof found) == 0;
    buf_clear(ret);
    enum err err = same ? wire_sealed_encode(&blob, ret) : ERR_NONE;
    if (err != ERR_NONE) {
        kv_fail(txn, err);
    }
    same = same && err == ERR_NONE;
out:
    buf_done(&ciphertext);
    buf_done(&wraps);
    return same;
}

bool parts_get(struct kv_txn *txn, const uint8_t hash[LIMIT_HASH_SIZE], struct buf *ret)
{
    uint64_t place = 0;
    if (kv_get(txn, KV_BLOB, span_of(hash, LIMIT_HASH_SIZE), ret)) {
        return true;
    }
    return find_place(txn, hash, &place) && get_part(txn, place, hash, ret);
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
