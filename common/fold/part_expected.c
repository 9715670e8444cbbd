#include "fold/part_expected.h"

#include "base/sort.h"
#include "store/keys.h"

#include <stdlib.h>

enum {
    ROW_NAMES = 240, /* fills half a page of the store: more would take a page of its own */
    ROW_SIZE = ROW_NAMES * PART_NAME_SIZE,
    NAMES_MAX = 16384 /* looked through from end to end: some 10 us */
};

static struct span row_key(struct kv_key *key, size_t before)
{
    kv_key_init(key);
    kv_key_u8(key, 'e');
    kv_key_u32(key, (uint32_t)before);
    return kv_key_span(key);
}

static bool is_row(struct span key, struct span value)
{
    return key.size == 5 && value.size > 0 && value.size <= ROW_SIZE &&
           value.size % PART_NAME_SIZE == 0 &&
           get_u32(key.data + 1) + value.size / PART_NAME_SIZE <= NAMES_MAX;
}

/* --- Looking --- */

struct search {
    uint64_t name;
    bool found;
    bool damaged;
};

static bool search_row(void *context, struct span key, struct span value)
{
    struct search *search = context;
    search->damaged = !is_row(key, value);
    for (size_t at = 0; at < value.size && !search->damaged && !search->found;
         at += PART_NAME_SIZE) {
        search->found = get_u64(value.data + at) == search->name;
    }
    return !search->damaged && !search->found;
}

bool part_expected_has(struct kv_txn *txn, uint64_t name)
{
    struct search search = {name, false, false};
    kv_scan(txn, KV_PART, span_text("e"), span_of(NULL, 0), search_row, &search);
    if (search.damaged) {
        kv_fail(txn, ERR_STORE);
    }
    return search.found;
}

/* --- Adding --- */

/* The row that was begun last. */
struct last {
    size_t before;
    struct buf names;
};

static void find_last(struct kv_txn *txn, struct last *ret)
{
    struct buf key;
    ret->before = 0;
    buf_init(&key, KV_KEY_SIZE);
    buf_clear(&ret->names);
    if (kv_last(txn, KV_PART, span_text("e"), &key, &ret->names)) {
        if (is_row(buf_span(&key), buf_span(&ret->names))) {
            ret->before = get_u32(key.data + 1);
        } else {
            kv_fail(txn, ERR_STORE);
        }
    }
    buf_done(&key);
}

struct collection {
    struct sort_item items[NAMES_MAX];
    struct sort_item room[NAMES_MAX];
    size_t count;
    bool damaged;
    struct part_name names[NAMES_MAX];
    size_t name_count;
};

static bool collect_row(void *context, struct span key, struct span value)
{
    struct collection *all = context;
    all->damaged = !is_row(key, value) || get_u32(key.data + 1) != all->count;
    for (size_t at = 0; at < value.size && !all->damaged; at += PART_NAME_SIZE) {
        all->items[all->count++] = (struct sort_item){get_u64(value.data + at), 0};
    }
    return !all->damaged;
}

/* In order, each once. */
static void sort(struct collection *all)
{
    sort_items(all->items, all->room, all->count);
    all->name_count = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (i == 0 || all->items[i].key != all->items[i - 1].key) {
            all->names[all->name_count++] = (struct part_name){all->items[i].key, 0};
        }
    }
}

/* All of them to where names stay. */
static void hand_on(struct kv_txn *txn)
{
    struct collection *all = malloc(sizeof *all);
    if (all == NULL) {
        kv_fail(txn, ERR_MEMORY);
        return;
    }
    all->count = 0;
    all->damaged = false;
    kv_scan(txn, KV_PART, span_text("e"), span_of(NULL, 0), collect_row, all);
    if (all->damaged) {
        kv_fail(txn, ERR_STORE);
    }
    sort(all);
    part_names_put(txn, all->names, all->name_count);
    kv_clear(txn, KV_PART, span_text("e"));
    free(all);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* As many as fit into the row that was begun last, or into a new one; returns their bytes. */
static size_t add_row(struct kv_txn *txn, struct last *last, struct span names)
{
    struct kv_key key;
    if (last->names.size == ROW_SIZE) {
        last->before += ROW_NAMES;
        buf_clear(&last->names);
    }
    size_t stand = last->before + last->names.size / PART_NAME_SIZE;
    size_t room = least(ROW_SIZE - last->names.size, (NAMES_MAX - stand) * PART_NAME_SIZE);
    size_t size = least(room, names.size);
    if (size == 0) {
        hand_on(txn);
        last->before = 0;
        buf_clear(&last->names);
        return 0;
    }
    buf_put(&last->names, names.data, size);
    if (last->names.err != ERR_NONE) {
        kv_fail(txn, last->names.err);
        return 0;
    }
    kv_put(txn, KV_PART, row_key(&key, last->before), buf_span(&last->names));
    return size;
}

void part_expected_add(struct kv_txn *txn, struct span names)
{
    struct last last;
    if (names.size == 0) {
        return;
    }
    buf_init(&last.names, KV_VALUE_SIZE);
    find_last(txn, &last);
    for (size_t at = 0; at < names.size && txn->err == ERR_NONE;) {
        at += add_row(txn, &last, span_of(names.data + at, names.size - at));
    }
    buf_done(&last.names);
}
