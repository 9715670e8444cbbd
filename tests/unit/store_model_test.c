#include "store_place.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* Random transactions against the simplest thing that can be right: a sorted array. Keys are few
 * and short, with the bytes at which prefixes have their borders. */

enum { MODEL_CAPACITY = 400, KEY_BYTES = 4 };

struct entry {
    uint8_t key[KEY_BYTES];
    size_t key_size;
    uint32_t value;
    uint16_t repeat; /* the value stands so often in a row: some reach overflow pages */
};

struct model {
    struct entry entries[MODEL_CAPACITY];
    size_t count;
};

struct walk {
    uint64_t state;
    struct kv *kv;
    struct model kept;
    struct model now;
    size_t largest_count;
};

static uint32_t draw(struct walk *walk, uint32_t bound)
{
    walk->state ^= walk->state << 13;
    walk->state ^= walk->state >> 7;
    walk->state ^= walk->state << 17;
    return (uint32_t)((walk->state >> 20) % bound);
}

static struct span entry_key(const struct entry *entry)
{
    return span_of(entry->key, entry->key_size);
}

static void draw_key(struct walk *walk, size_t least, struct entry *ret)
{
    static const uint8_t BYTES[] = {0x00, 0x01, 'a', 'b', 0xFE, 0xFF};
    ret->key_size = least + draw(walk, (uint32_t)(KEY_BYTES + 1 - least));
    for (size_t i = 0; i < ret->key_size; i++) {
        ret->key[i] = BYTES[draw(walk, sizeof BYTES)];
    }
}

static bool begins_with(struct span key, struct span prefix)
{
    return key.size >= prefix.size && span_equal(span_of(key.data, prefix.size), prefix);
}

/* The index of the first entry >= key. */
static size_t model_find(const struct model *model, struct span key)
{
    size_t index = 0;
    while (index < model->count && span_compare(entry_key(&model->entries[index]), key) < 0) {
        index++;
    }
    return index;
}

static void model_remove(struct model *model, size_t index)
{
    model->count--;
    memmove(&model->entries[index], &model->entries[index + 1],
            (model->count - index) * sizeof model->entries[0]);
}

static void model_put(struct model *model, const struct entry *entry)
{
    size_t index = model_find(model, entry_key(entry));
    if (index == model->count || !span_equal(entry_key(&model->entries[index]), entry_key(entry))) {
        assert_true(model->count < MODEL_CAPACITY);
        memmove(&model->entries[index + 1], &model->entries[index],
                (model->count - index) * sizeof model->entries[0]);
        model->count++;
    }
    model->entries[index] = *entry;
}

static void model_clear(struct model *model, struct span prefix)
{
    size_t index = model_find(model, prefix);
    while (index < model->count && begins_with(entry_key(&model->entries[index]), prefix)) {
        model_remove(model, index);
    }
}

static void value_of(const struct entry *entry, struct buf *ret)
{
    buf_clear(ret);
    for (unsigned i = 0; i < entry->repeat; i++) {
        buf_put_u32(ret, entry->value);
    }
}

struct expect {
    const struct model *model;
    struct buf value;
    size_t index;
    size_t left; /* entries after which to stop */
};

static bool visit_expected(void *context, struct span key, struct span value)
{
    struct expect *expect = context;
    assert_true(expect->index < expect->model->count);
    const struct entry *entry = &expect->model->entries[expect->index];
    assert_true(span_equal(key, entry_key(entry)));
    value_of(entry, &expect->value);
    assert_true(span_equal(value, buf_span(&expect->value)));
    expect->index++;
    expect->left--;
    return expect->left > 0;
}

static void check_scan(struct walk *walk, struct kv_txn *txn, const struct model *model)
{
    struct entry prefix = {0};
    struct entry from = {0};
    struct expect expect = {.model = model, .left = 1 + draw(walk, 50)};
    draw_key(walk, 0, &prefix);
    draw_key(walk, 0, &from);
    prefix.key_size = prefix.key_size > 2 ? 0 : prefix.key_size;
    struct span start = span_compare(entry_key(&from), entry_key(&prefix)) > 0 ? entry_key(&from)
                                                                               : entry_key(&prefix);
    buf_init(&expect.value, 1 << 20);
    expect.index = model_find(model, start);
    kv_scan(txn, KV_INDEX, entry_key(&prefix), entry_key(&from), visit_expected, &expect);
    if (expect.left > 0 && expect.index < model->count) {
        assert_false(begins_with(entry_key(&model->entries[expect.index]), entry_key(&prefix)));
    }
    buf_done(&expect.value);
}

static void check_last(struct walk *walk, struct kv_txn *txn, const struct model *model)
{
    struct entry prefix = {0};
    struct buf key;
    const struct entry *last = NULL;
    draw_key(walk, 0, &prefix);
    prefix.key_size = prefix.key_size > 2 ? 1 : prefix.key_size;
    for (size_t i = 0; i < model->count; i++) {
        if (begins_with(entry_key(&model->entries[i]), entry_key(&prefix))) {
            last = &model->entries[i];
        }
    }
    buf_init(&key, KEY_BYTES);
    assert_int_equal(kv_last(txn, KV_INDEX, entry_key(&prefix), &key, NULL), last != NULL);
    if (last != NULL) {
        assert_true(span_equal(buf_span(&key), entry_key(last)));
    }
    buf_done(&key);
}

static void check_get(struct walk *walk, struct kv_txn *txn, const struct model *model)
{
    struct entry entry = {0};
    struct buf found;
    struct buf expected;
    draw_key(walk, 1, &entry);
    size_t index = model_find(model, entry_key(&entry));
    bool has =
        index < model->count && span_equal(entry_key(&model->entries[index]), entry_key(&entry));
    buf_init(&found, 1 << 20);
    buf_init(&expected, 1 << 20);
    assert_int_equal(kv_get(txn, KV_INDEX, entry_key(&entry), &found), has);
    if (has) {
        value_of(&model->entries[index], &expected);
        assert_true(span_equal(buf_span(&found), buf_span(&expected)));
    }
    buf_done(&found);
    buf_done(&expected);
}

static void change(struct walk *walk, struct kv_txn *txn)
{
    struct entry entry = {.value = draw(walk, UINT32_MAX), .repeat = (uint16_t)draw(walk, 8)};
    struct buf value;
    uint32_t kind = draw(walk, 100);
    draw_key(walk, 1, &entry);
    if (kind == 0) {
        entry.key_size = draw(walk, 20) == 0 ? 0 : 2;
        kv_clear(txn, KV_INDEX, entry_key(&entry));
        model_clear(&walk->now, entry_key(&entry));
        return;
    }
    size_t index = model_find(&walk->now, entry_key(&entry));
    if (kind < 30 || walk->now.count == MODEL_CAPACITY) {
        if (kind < 25 && index < walk->now.count) {
            entry = walk->now.entries[index]; /* one that is there */
        }
        kv_delete(txn, KV_INDEX, entry_key(&entry));
        index = model_find(&walk->now, entry_key(&entry));
        if (index < walk->now.count &&
            span_equal(entry_key(&walk->now.entries[index]), entry_key(&entry))) {
            model_remove(&walk->now, index);
        }
        return;
    }
    if (kind > 90) {
        entry.repeat = (uint16_t)draw(walk, 2500);
    }
    buf_init(&value, 1 << 20);
    value_of(&entry, &value);
    kv_put(txn, KV_INDEX, entry_key(&entry), buf_span(&value));
    model_put(&walk->now, &entry);
    buf_done(&value);
}

static void walk_transaction(struct walk *walk)
{
    struct kv_txn txn;
    struct kv_txn reader;
    uint32_t count = draw(walk, 20);
    kv_begin(walk->kv, false, &reader);
    kv_begin(walk->kv, true, &txn);
    walk->now = walk->kept;
    for (uint32_t i = 0; i < count; i++) {
        change(walk, &txn);
        check_get(walk, &txn, &walk->now);
    }
    check_scan(walk, &txn, &walk->now);
    check_last(walk, &txn, &walk->now);
    struct model before = walk->kept;
    if (draw(walk, 4) == 0) {
        kv_abort(&txn);
    } else {
        assert_int_equal(kv_commit(&txn), ERR_NONE);
        walk->kept = walk->now;
    }
    if (walk->kept.count > walk->largest_count) {
        walk->largest_count = walk->kept.count;
    }
    check_scan(walk, &reader, &before);
    check_last(walk, &reader, &before);
    check_get(walk, &reader, &before);
    assert_int_equal(kv_commit(&reader), ERR_NONE);
}

static void test_random_walk(void **state)
{
    (void)state;
    struct walk *walk = calloc(1, sizeof *walk);
    assert_non_null(walk);
    for (uint64_t seed = 1; seed <= 4; seed++) {
        char *place = store_place_new();
        *walk = (struct walk){0};
        walk->state = seed * 0x9E3779B97F4A7C15ULL;
        walk->kv = store_open(place);
        for (int i = 0; i < 400; i++) {
            walk_transaction(walk);
            if (draw(walk, 50) == 0) {
                kv_close(walk->kv);
                walk->kv = store_open(place);
            }
        }
        struct kv_stat stat;
        assert_int_equal(kv_stat(walk->kv, &stat), ERR_NONE);
        assert_int_equal(stat.entry_count[KV_INDEX], walk->kept.count);
        assert_true(walk->largest_count > 100); /* else little was tried */
        kv_close(walk->kv);
        store_place_free(place);
    }
    free(walk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
