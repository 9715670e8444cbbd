#include "fold/leaf_pack.h"

#include "base/check.h"
#include "seal/sign.h"
#include "wire/cuts.h"
#include "wire/wire.h"

#include <stdlib.h>
#include <string.h>

enum {
    SLOTS = 1024, /* four times LEAF_GROUP: few collide */
    HEAD_SIZE = 8 /* of a packed group: two sizes */
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

/* Room for the next leaf, which counts from now on; NULL: no memory. */
static uint8_t *run_grow(struct leaf_run *run, size_t size, const uint8_t *id)
{
    if (run->count + 2 > run->capacity) {
        size_t capacity = run->capacity == 0 ? (size_t)LEAF_GROUP * 2 : run->capacity * 2;
        uint32_t *start = realloc(run->start, capacity * sizeof *start);
        if (start == NULL) {
            return NULL;
        }
        run->start = start;
        run->capacity = capacity;
    }
    run->start[run->count] = (uint32_t)run->bytes.size;
    buf_put(&run->ids, id == NULL ? no_id : id, LIMIT_HASH_SIZE);
    uint8_t *room = run->ids.err == ERR_NONE ? buf_grow(&run->bytes, size) : NULL;
    run->count += room != NULL ? 1 : 0;
    run->start[run->count] = (uint32_t)run->bytes.size;
    return room;
}

bool leaf_run_add(struct leaf_run *run, struct span leaf, const uint8_t *id)
{
    uint8_t *room = run_grow(run, leaf.size, id);
    if (room != NULL && leaf.size > 0) {
        memcpy(room, leaf.data, leaf.size);
    }
    return room != NULL;
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

/* How many leaves before the leaf at i stands the one whose id it names; 0: not among them. */
static size_t find_back(const struct finder *finder, size_t i, const struct wire_cuts *cuts)
{
    size_t source = i;
    if (cuts->prev < cuts->count) {
        const uint8_t *leaf = finder->run->bytes.data + finder->run->start[i];
        (void)finder_find(finder, leaf + cuts->cut[cuts->prev].at, &source);
    }
    return i - source;
}

/* Where the next bytes go. */
struct packing {
    uint8_t *bytes; /* to be packed */
    uint8_t *raw;   /* not to be */
};

static uint8_t *put(uint8_t *to, const uint8_t *from, size_t size)
{
    memcpy(to, from, size);
    return to + size;
}

static void put_leaf(struct span leaf, const struct wire_cuts *cuts, bool has_prev,
                     struct packing *to)
{
    size_t from = 0;
    for (size_t i = 0; i < cuts->count; i++) {
        struct wire_cut cut = cuts->cut[i];
        to->bytes = put(to->bytes, leaf.data + from, cut.at - from);
        if (i != cuts->prev || has_prev) {
            to->raw = put(to->raw, leaf.data + cut.at, cut.size);
        }
        from = (size_t)cut.at + cut.size;
    }
    to->bytes = put(to->bytes, leaf.data + from, leaf.size - from);
}

static void put_body(const struct leaf_run *run, const size_t bounds[2], struct packing *to)
{
    struct finder finder = {.run = run, .first = bounds[0]};
    struct wire_cuts cuts;
    size_t count = bounds[1] - bounds[0];
    uint8_t *sizes = to->bytes;
    uint8_t *backs = sizes + count * 2;
    to->bytes = backs + count;
    for (size_t i = 0; i < count; i++) {
        struct span leaf = run_leaf(run, bounds[0] + i);
        wire_cuts_find(leaf, &cuts);
        size_t back = find_back(&finder, bounds[0] + i, &cuts);
        finder_add(&finder, bounds[0] + i);
        put_u16(sizes + i * 2, (uint16_t)leaf.size);
        backs[i] = (uint8_t)back;
        put_leaf(leaf, &cuts, back == 0, to);
    }
}

enum err leaf_pack(const struct leaf_run *run, const size_t bounds[2], struct buf *ret)
{
    size_t size = run->start[bounds[1]] - run->start[bounds[0]];
    size_t count = bounds[1] - bounds[0];
    CHECK(count <= LEAF_GROUP);
    uint8_t *head = buf_grow(ret, HEAD_SIZE + size); /* what is not packed takes no more */
    if (head == NULL) {
        return ret->err;
    }
    uint8_t *body = malloc(size + count * LEAF_PACK_EACH);
    if (body == NULL) {
        return ERR_MEMORY;
    }
    struct packing to = {body, head + HEAD_SIZE};
    put_body(run, bounds, &to);
    size_t packed_size = (size_t)(to.bytes - body);
    put_u32(head, (uint32_t)packed_size);
    put_u32(head + 4, (uint32_t)(to.raw - head - HEAD_SIZE));
    ret->size = (size_t)(to.raw - ret->data);
    enum err err = wire_bytes_pack(span_of(body, packed_size), ret);
    free(body);
    return err;
}

/* --- Unpacking --- */

struct unpacking {
    struct leaf_run *run;
    struct reader bytes; /* what was packed */
    struct reader raw;   /* what was not */
    /* Where the ids of the leaves so far come from. */
    struct wire_cut body[LEAF_GROUP];
    struct wire_cut void_id[LEAF_GROUP];
};

/* The id of the leaf at i of the run. */
static bool put_id(const struct unpacking *from, size_t i, uint8_t ret_id[LIMIT_HASH_SIZE])
{
    const uint8_t *leaf = from->run->bytes.data + from->run->start[i];
    struct wire_cut body = from->body[i];
    struct wire_cut void_id = from->void_id[i];
    if (body.size > 0) {
        seal_body_id(SEAL_EVENT, span_of(leaf + body.at, body.size), ret_id);
    } else if (void_id.size > 0) {
        memcpy(ret_id, leaf + void_id.at, LIMIT_HASH_SIZE);
    }
    return body.size > 0 || void_id.size > 0;
}

/* The next leaf, whose id to name, if it does, is that of the leaf back before; 0: stands there. */
static enum err read_leaf(struct unpacking *from, size_t size, size_t back)
{
    struct wire_cuts cuts;
    struct leaf_run *run = from->run;
    size_t leaf = run->count;
    size_t at = 0;
    size_t cut_size = 0;
    wire_cuts_find_again(span_of(from->bytes.data, from->bytes.left), size, &cuts);
    for (size_t i = 0; i < cuts.count; i++) {
        cut_size += cuts.cut[i].size;
    }
    if (size - cut_size > from->bytes.left || back > leaf ||
        (back != 0 && cuts.prev == cuts.count)) {
        return ERR_STORE;
    }
    uint8_t *room = run_grow(run, size, NULL);
    if (room == NULL) {
        return run->bytes.err == ERR_LIMIT ? ERR_STORE : ERR_MEMORY;
    }
    for (size_t i = 0; i < cuts.count; i++) {
        struct wire_cut cut = cuts.cut[i];
        reader_copy(&from->bytes, room + at, cut.at - at);
        if (i != cuts.prev || back == 0) {
            reader_copy(&from->raw, room + cut.at, cut.size);
        } else if (!put_id(from, leaf - back, room + cut.at)) {
            return ERR_STORE;
        }
        at = (size_t)cut.at + cut.size;
    }
    reader_copy(&from->bytes, room + at, size - at);
    from->body[leaf] = cuts.body;
    from->void_id[leaf] = cuts.void_id;
    return from->raw.failed ? ERR_STORE : ERR_NONE;
}

static enum err read_body(struct unpacking *from, size_t count)
{
    enum err err = ERR_NONE;
    struct span sizes = reader_bytes(&from->bytes, count * 2);
    struct span backs = reader_bytes(&from->bytes, count);
    if (from->bytes.failed) {
        return ERR_STORE;
    }
    for (size_t i = 0; i < count && err == ERR_NONE; i++) {
        err = read_leaf(from, get_u16(sizes.data + i * 2), backs.data[i]);
    }
    bool whole = from->bytes.left == 0 && from->raw.left == 0;
    return err == ERR_NONE && !whole ? ERR_STORE : err;
}

enum err leaf_unpack(struct span packed, size_t count, struct leaf_run *run)
{
    struct unpacking from;
    struct reader reader;
    struct buf body;
    CHECK(run->count == 0);
    from.run = run;
    reader_init(&reader, packed);
    uint32_t size = reader_u32(&reader);
    uint32_t raw_size = reader_u32(&reader);
    reader_init(&from.raw, reader_bytes(&reader, raw_size));
    if (reader.failed || count > LEAF_GROUP) {
        return ERR_STORE;
    }
    buf_init(&body, run->bytes.limit);
    enum err err = wire_bytes_unpack(span_of(reader.data, reader.left), size, &body);
    if (err == ERR_NONE) {
        reader_init(&from.bytes, buf_span(&body));
        err = read_body(&from, count);
    }
    buf_done(&body);
    return err == ERR_NONE || err == ERR_MEMORY ? err : ERR_STORE;
}
