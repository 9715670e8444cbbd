#include "fold/leaf_pack.h"

#include "base/check.h"
#include "seal/sign.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLOTS = 1024,       /* four times LEAF_GROUP: few collide */
    FIND_SIZE = 224,    /* so far into a leaf is looked for the id that it names */
    ID_TAG = 6 << 3 | 2 /* EventBody.prev, followed by its size */
};

static const uint8_t no_id[LIMIT_HASH_SIZE];

void leaf_run_init(struct leaf_run *run, size_t limit)
{
    memset(run, 0, sizeof *run);
    buf_init(&run->bytes, limit);
    buf_init(&run->ids, limit);
}

void leaf_run_done(struct leaf_run *run)
{
    free(run->start);
    buf_done(&run->bytes);
    buf_done(&run->ids);
}

void leaf_run_clear(struct leaf_run *run, uint64_t first)
{
    run->first = first;
    run->count = 0;
    buf_clear(&run->bytes);
    buf_clear(&run->ids);
}

bool leaf_run_add(struct leaf_run *run, struct span leaf, const uint8_t *id)
{
    if (run->count + 2 > run->capacity) {
        size_t capacity = run->capacity == 0 ? (size_t)LEAF_GROUP * 2 : run->capacity * 2;
        uint32_t *start = realloc(run->start, capacity * sizeof *start);
        if (start == NULL) {
            return false;
        }
        run->start = start;
        run->capacity = capacity;
    }
    run->start[run->count] = (uint32_t)run->bytes.size;
    buf_put_span(&run->bytes, leaf);
    buf_put(&run->ids, id == NULL ? no_id : id, LIMIT_HASH_SIZE);
    bool good = run->bytes.err == ERR_NONE && run->ids.err == ERR_NONE;
    run->count += good ? 1 : 0;
    run->start[run->count] = (uint32_t)run->bytes.size;
    return good;
}

bool leaf_run_has(const struct leaf_run *run, uint64_t index)
{
    return index >= run->first && index - run->first < run->count;
}

static struct span run_leaf(const struct leaf_run *run, size_t i)
{
    return span_of(run->bytes.data + run->start[i], run->start[i + 1] - run->start[i]);
}

struct span leaf_run_view(const struct leaf_run *run, uint64_t index)
{
    return run_leaf(run, (size_t)(index - run->first));
}

const uint8_t *leaf_run_id(const struct leaf_run *run, size_t i)
{
    return run->ids.data + i * LIMIT_HASH_SIZE;
}

bool leaf_id(struct span leaf, uint8_t ret_id[LIMIT_HASH_SIZE])
{
    struct wire_leaf found;
    if (wire_leaf_decode(leaf, &found) != ERR_NONE) {
        return false;
    }
    if (found.is_void) {
        memcpy(ret_id, found.void_id, LIMIT_HASH_SIZE);
    } else {
        seal_body_id(SEAL_EVENT, found.envelope.body, ret_id);
    }
    return true;
}

static bool is_known(const uint8_t *id)
{
    return memcmp(id, no_id, sizeof no_id) != 0;
}

/* --- Packing --- */

/* Which leaf has an id: open addressing, position in the run + 1. */
struct finder {
    const struct leaf_run *run;
    size_t first;
    uint16_t slot[SLOTS];
};

static size_t first_slot(const uint8_t *id)
{
    return get_u16(id) % SLOTS;
}

static void finder_add(struct finder *finder, size_t i)
{
    const uint8_t *id = leaf_run_id(finder->run, i);
    size_t at = first_slot(id);
    if (!is_known(id)) {
        return;
    }
    while (finder->slot[at] != 0) {
        at = (at + 1) % SLOTS;
    }
    finder->slot[at] = (uint16_t)(i - finder->first + 1);
}

/* False: no leaf so far has it. */
static bool finder_find(const struct finder *finder, const uint8_t *id, size_t *ret_i)
{
    for (size_t at = first_slot(id); finder->slot[at] != 0; at = (at + 1) % SLOTS) {
        size_t i = finder->first + finder->slot[at] - 1;
        if (memcmp(leaf_run_id(finder->run, i), id, LIMIT_HASH_SIZE) == 0) {
            *ret_i = i;
            return true;
        }
    }
    return false;
}

/* Where leaf names the id of a leaf before; 0: nowhere. */
static size_t find_id(const struct finder *finder, struct span leaf, size_t *ret_i)
{
    size_t end = leaf.size < FIND_SIZE + LIMIT_HASH_SIZE ? leaf.size : FIND_SIZE + LIMIT_HASH_SIZE;
    for (size_t at = 2; at + LIMIT_HASH_SIZE <= end; at++) {
        if (leaf.data[at - 2] == ID_TAG && leaf.data[at - 1] == LIMIT_HASH_SIZE &&
            finder_find(finder, leaf.data + at, ret_i)) {
            return at;
        }
    }
    return 0;
}

static void put_body(const struct leaf_run *run, const size_t bounds[2], struct buf *ret)
{
    struct finder finder = {.run = run, .first = bounds[0]};
    uint8_t at[LEAF_GROUP] = {0};
    uint8_t back[LEAF_GROUP] = {0};
    size_t count = bounds[1] - bounds[0];
    CHECK(count <= LEAF_GROUP);
    for (size_t i = 0; i < count; i++) {
        struct span leaf = run_leaf(run, bounds[0] + i);
        size_t source = bounds[0] + i;
        at[i] = (uint8_t)find_id(&finder, leaf, &source);
        back[i] = (uint8_t)(bounds[0] + i - source);
        finder_add(&finder, bounds[0] + i);
        buf_put_u16(ret, (uint16_t)leaf.size);
    }
    buf_put(ret, at, count);
    buf_put(ret, back, count);
    for (size_t i = 0; i < count; i++) {
        struct span leaf = run_leaf(run, bounds[0] + i);
        size_t behind = at[i] == 0 ? 0 : at[i] + (size_t)LIMIT_HASH_SIZE;
        buf_put(ret, leaf.data, at[i]);
        buf_put(ret, leaf.data + behind, leaf.size - behind);
    }
}

enum err leaf_pack(const struct leaf_run *run, const size_t bounds[2], struct buf *ret)
{
    struct buf body;
    size_t size = run->start[bounds[1]] - run->start[bounds[0]];
    buf_init(&body, size + (bounds[1] - bounds[0]) * LEAF_PACK_EACH);
    (void)buf_grow(&body, body.limit); /* at once what it may need, instead of in twelve steps */
    buf_clear(&body);
    put_body(run, bounds, &body);
    buf_put_u32(ret, (uint32_t)body.size);
    enum err err = body.err != ERR_NONE ? body.err : wire_bytes_pack(buf_span(&body), ret);
    buf_done(&body);
    return err;
}

/* --- Unpacking --- */

/* A leaf whose id to leave out stood at place at, back leaves before. */
static enum err add_whole(struct leaf_run *run, struct reader *reader, size_t size,
                          const uint8_t cut[2])
{
    uint8_t room[LIMIT_LEAF_SIZE];
    size_t at = cut[0];
    size_t back = cut[1];
    if (back == 0 || back > run->count || size > sizeof room || at + LIMIT_HASH_SIZE > size) {
        return ERR_STORE;
    }
    reader_copy(reader, room, at);
    if (!leaf_id(run_leaf(run, run->count - back), room + at)) {
        return ERR_STORE;
    }
    size_t behind = at + LIMIT_HASH_SIZE;
    reader_copy(reader, room + behind, size - behind);
    if (reader->failed) {
        return ERR_STORE;
    }
    return leaf_run_add(run, span_of(room, size), NULL) ? ERR_NONE : ERR_MEMORY;
}

static enum err read_body(struct span body, size_t count, struct leaf_run *run)
{
    struct reader reader;
    enum err err = ERR_NONE;
    reader_init(&reader, body);
    struct span sizes = reader_bytes(&reader, count * 2);
    struct span at = reader_bytes(&reader, count);
    struct span back = reader_bytes(&reader, count);
    for (size_t i = 0; i < count && err == ERR_NONE && !reader.failed; i++) {
        size_t size = get_u16(sizes.data + i * 2);
        if (at.data[i] != 0) {
            err = add_whole(run, &reader, size, (const uint8_t[]){at.data[i], back.data[i]});
            continue;
        }
        struct span leaf = reader_bytes(&reader, size);
        if (!reader.failed && !leaf_run_add(run, leaf, NULL)) {
            err = ERR_MEMORY;
        }
    }
    return err != ERR_NONE ? err : reader.failed || reader.left != 0 ? ERR_STORE : ERR_NONE;
}

enum err leaf_unpack(struct span packed, size_t count, struct leaf_run *run)
{
    struct reader reader;
    struct buf body;
    reader_init(&reader, packed);
    uint32_t size = reader_u32(&reader);
    buf_init(&body, run->bytes.limit);
    enum err err = wire_bytes_unpack(span_of(reader.data, reader.left), size, &body);
    if (err == ERR_NONE) {
        err = read_body(buf_span(&body), count, run);
    }
    buf_done(&body);
    return err == ERR_NONE || err == ERR_MEMORY ? err : ERR_STORE;
}
