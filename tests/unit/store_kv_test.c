#include "store_place.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* What every store must do, run over LMDB and over the simulator's memory alike. */

static int set_up(void **state)
{
    *state = store_place_new();
    return 0;
}

static int tear_down(void **state)
{
    store_place_free(*state);
    return 0;
}

static void put(struct kv_txn *txn, const char *key, const char *value)
{
    kv_put(txn, KV_META, span_text(key), span_text(value));
}

static void fill(struct kv *kv, const char *keys)
{
    struct kv_txn txn;
    kv_begin(kv, true, &txn);
    for (const char *key = keys; *key != 0; key += strcspn(key, " "), key += *key == ' ') {
        kv_put(&txn, KV_META, span_of(key, strcspn(key, " ")), span_text("v"));
    }
    assert_int_equal(kv_commit(&txn), ERR_NONE);
}

static void test_put_get_delete(void **state)
{
    struct kv *kv = store_open(*state);
    struct kv_txn txn;
    struct buf value;
    struct span view;
    buf_init(&value, 100);
    kv_begin(kv, true, &txn);
    put(&txn, "a", "first");
    assert_true(kv_get(&txn, KV_META, span_text("a"), &value));
    assert_string_equal(buf_text(&value), "first");
    assert_true(kv_view(&txn, KV_META, span_text("a"), &view));
    assert_true(span_equal(view, span_text("first")));
    assert_false(kv_view(&txn, KV_META, span_text("b"), &view));
    assert_false(kv_view(&txn, KV_EVENT, span_text("a"), &view));
    put(&txn, "a", "2nd");
    put(&txn, "empty", "");
    kv_delete(&txn, KV_META, span_text("never there"));
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    store_expect_text(kv, KV_META, "a", "2nd");
    store_expect_text(kv, KV_META, "empty", "");
    store_expect_text(kv, KV_META, "b", NULL);
    store_expect_text(kv, KV_EVENT, "a", NULL);

    kv_begin(kv, true, &txn);
    kv_delete(&txn, KV_META, span_text("a"));
    assert_false(kv_has(&txn, KV_META, span_text("a")));
    assert_false(kv_get(&txn, KV_META, span_text("a"), &value));
    assert_string_equal(buf_text(&value), "first"); /* untouched when absent */
    assert_true(kv_get(&txn, KV_META, span_text("empty"), &value));
    assert_string_equal(buf_text(&value), ""); /* replaced, not appended */
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    store_expect_table(kv, KV_META, "empty= ");
    buf_done(&value);
    kv_close(kv);
}

static void expect_scan(struct kv *kv, const char *prefix, const char *from, const char *expected)
{
    struct kv_txn txn;
    struct buf text;
    buf_init(&text, 10000);
    kv_begin(kv, false, &txn);
    kv_scan(&txn, KV_META, span_text(prefix), span_text(from), store_visit_text, &text);
    assert_int_equal(txn.err, ERR_NONE);
    assert_string_equal(buf_text(&text), expected);
    kv_abort(&txn);
    buf_done(&text);
}

static void test_scan_order(void **state)
{
    struct kv *kv = store_open(*state);
    expect_scan(kv, "", "", "");
    expect_scan(kv, "a", "", "");
    fill(kv, "b a ab \xff\xff aa \xff abc \x01 ac \xff\xfe");
    expect_scan(kv, "", "", "\\01=v a=v aa=v ab=v abc=v ac=v b=v \\ff=v \\ff\\fe=v \\ff\\ff=v ");
    expect_scan(kv, "a", "", "a=v aa=v ab=v abc=v ac=v ");
    expect_scan(kv, "ab", "", "ab=v abc=v ");
    expect_scan(kv, "a", "ab", "ab=v abc=v ac=v ");
    expect_scan(kv, "a", "aba", "abc=v ac=v ");
    expect_scan(kv, "a", "A", "a=v aa=v ab=v abc=v ac=v ");
    expect_scan(kv, "a", "b", "");
    expect_scan(kv, "ad", "", "");
    expect_scan(kv, "", "ac", "ac=v b=v \\ff=v \\ff\\fe=v \\ff\\ff=v ");
    expect_scan(kv, "\xff", "", "\\ff=v \\ff\\fe=v \\ff\\ff=v ");
    expect_scan(kv, "\xff\xff", "", "\\ff\\ff=v ");
    expect_scan(kv, "\xff\xff\xff", "", "");
    kv_close(kv);
}

struct stop {
    int count;
    int limit;
};

static bool visit_some(void *context, struct span key, struct span value)
{
    struct stop *stop = context;
    (void)key;
    (void)value;
    stop->count++;
    return stop->count < stop->limit;
}

static void test_scan_stops(void **state)
{
    struct kv *kv = store_open(*state);
    struct kv_txn txn;
    struct stop stop = {0, 2};
    fill(kv, "a b c d");
    kv_begin(kv, false, &txn);
    kv_scan(&txn, KV_META, span_text(""), span_text(""), visit_some, &stop);
    assert_int_equal(stop.count, 2);
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    kv_close(kv);
}

struct mirror {
    struct kv_txn *txn;
    struct buf text;
};

/* Writes to another table and scans the same one again inside the scan. */
static bool visit_mirror(void *context, struct span key, struct span value)
{
    struct mirror *mirror = context;
    struct stop stop = {0, 100};
    kv_put(mirror->txn, KV_INDEX, value, key);
    kv_scan(mirror->txn, KV_META, key, span_text(""), visit_some, &stop);
    store_visit_text(&mirror->text, key, value);
    buf_put_format(&mirror->text, "(%d) ", stop.count);
    return true;
}

static void test_scan_writes_elsewhere(void **state)
{
    struct kv *kv = store_open(*state);
    struct kv_txn txn;
    struct mirror mirror = {.txn = &txn};
    buf_init(&mirror.text, 1000);
    kv_begin(kv, true, &txn);
    put(&txn, "a", "z");
    put(&txn, "ab", "y");
    put(&txn, "b", "x");
    kv_scan(&txn, KV_META, span_text(""), span_text(""), visit_mirror, &mirror);
    put(&txn, "c", "w"); /* allowed again behind the scan */
    assert_string_equal(buf_text(&mirror.text), "a=z (2) ab=y (1) b=x (1) ");
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    store_expect_table(kv, KV_INDEX, "x=b y=ab z=a ");
    store_expect_table(kv, KV_META, "a=z ab=y b=x c=w ");
    buf_done(&mirror.text);
    kv_close(kv);
}

static void expect_last(struct kv *kv, const char *prefix, const char *expected)
{
    struct kv_txn txn;
    struct buf key;
    struct buf value;
    buf_init(&key, 100);
    buf_init(&value, 100);
    kv_begin(kv, false, &txn);
    assert_int_equal(kv_last(&txn, KV_META, span_text(prefix), &key, &value), expected != NULL);
    assert_int_equal(kv_last(&txn, KV_META, span_text(prefix), NULL, NULL), expected != NULL);
    assert_int_equal(txn.err, ERR_NONE);
    assert_string_equal(buf_text(&key), expected == NULL ? "" : expected);
    assert_string_equal(buf_text(&value), expected == NULL ? "" : "v");
    kv_abort(&txn);
    buf_done(&key);
    buf_done(&value);
}

static void test_last(void **state)
{
    struct kv *kv = store_open(*state);
    expect_last(kv, "", NULL);
    expect_last(kv, "a", NULL);
    fill(kv, "a aa aa\xff aa\xff\xff ab ac c");
    expect_last(kv, "", "c");
    expect_last(kv, "a", "ac");
    expect_last(kv, "aa", "aa\xff\xff");
    expect_last(kv, "aa\xff", "aa\xff\xff");
    expect_last(kv, "aa\xff\xff\xff", NULL);
    expect_last(kv, "b", NULL);
    expect_last(kv, "c", "c");
    expect_last(kv, "ca", NULL);
    expect_last(kv, "\xff", NULL);
    fill(kv, "\xff\xff \xff\xff\x01");
    expect_last(kv, "\xff", "\xff\xff\x01");
    expect_last(kv, "\xff\xff", "\xff\xff\x01");
    expect_last(kv, "", "\xff\xff\x01");
    kv_close(kv);
}

static void test_clear(void **state)
{
    struct kv *kv = store_open(*state);
    struct kv_txn txn;
    fill(kv, "a aa ab abc ac b");
    store_put_text(kv, KV_EVENT, "ab", "kept");
    kv_begin(kv, true, &txn);
    kv_clear(&txn, KV_META, span_text("ab"));
    kv_clear(&txn, KV_META, span_text("never there"));
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    store_expect_table(kv, KV_META, "a=v aa=v ac=v b=v ");
    kv_begin(kv, true, &txn);
    kv_clear(&txn, KV_META, span_text(""));
    put(&txn, "after", "v");
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    store_expect_table(kv, KV_META, "after=v ");
    store_expect_table(kv, KV_EVENT, "ab=kept ");
    kv_close(kv);
}

static void test_first_error_sticks(void **state)
{
    struct kv *kv = store_open(*state);
    struct kv_txn txn;
    struct buf value;
    struct stop stop = {0, 100};
    buf_init(&value, 100);
    store_put_text(kv, KV_META, "old", "v");
    kv_begin(kv, true, &txn);
    put(&txn, "before", "v");
    put(&txn, "", "no key");
    assert_int_equal(txn.err, ERR_LIMIT);
    put(&txn, "behind", "v");
    kv_delete(&txn, KV_META, span_text("old"));
    kv_clear(&txn, KV_META, span_text(""));
    assert_false(kv_get(&txn, KV_META, span_text("old"), &value));
    assert_false(kv_has(&txn, KV_META, span_text("old")));
    assert_false(kv_last(&txn, KV_META, span_text(""), NULL, NULL));
    kv_scan(&txn, KV_META, span_text(""), span_text(""), visit_some, &stop);
    assert_int_equal(stop.count, 0);
    assert_int_equal(kv_commit(&txn), ERR_LIMIT);
    store_expect_table(kv, KV_META, "old=v ");
    store_put_text(kv, KV_META, "next", "v");
    store_expect_table(kv, KV_META, "next=v old=v ");
    buf_done(&value);
    kv_close(kv);
}

static void test_abort(void **state)
{
    struct kv *kv = store_open(*state);
    struct kv_txn txn;
    fill(kv, "a b");
    kv_begin(kv, true, &txn);
    put(&txn, "a", "changed");
    put(&txn, "c", "v");
    kv_delete(&txn, KV_META, span_text("b"));
    kv_abort(&txn);
    kv_abort(&txn);
    store_expect_table(kv, KV_META, "a=v b=v ");
    kv_begin(kv, true, &txn);
    put(&txn, "c", "v");
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    kv_abort(&txn);
    store_expect_table(kv, KV_META, "a=v b=v c=v ");
    kv_close(kv);
}

static void expect_put(struct kv *kv, size_t key_size, size_t value_size, enum err expected)
{
    static uint8_t bytes[KV_VALUE_SIZE + 1];
    struct kv_txn txn;
    memset(bytes, 'k', sizeof bytes);
    kv_begin(kv, true, &txn);
    kv_put(&txn, KV_BLOB, span_of(bytes, key_size), span_of(bytes, value_size));
    assert_int_equal(kv_commit(&txn), expected);
}

static void test_limits(void **state)
{
    struct kv *kv = store_open(*state);
    struct kv_txn txn;
    struct buf value;
    uint8_t key[KV_KEY_SIZE + 1];
    memset(key, 'k', sizeof key);
    buf_init(&value, KV_VALUE_SIZE);
    expect_put(kv, 0, 1, ERR_LIMIT);
    expect_put(kv, 1, 0, ERR_NONE);
    expect_put(kv, KV_KEY_SIZE, KV_VALUE_SIZE, ERR_NONE);
    expect_put(kv, KV_KEY_SIZE + 1, 1, ERR_LIMIT);
    expect_put(kv, 2, KV_VALUE_SIZE + 1, ERR_LIMIT);
    kv_begin(kv, false, &txn);
    assert_true(kv_get(&txn, KV_BLOB, span_of(key, KV_KEY_SIZE), &value));
    assert_int_equal(value.size, KV_VALUE_SIZE);
    assert_int_equal(value.data[KV_VALUE_SIZE - 1], 'k');
    assert_false(kv_has(&txn, KV_BLOB, span_of(key, 2)));
    assert_int_equal(txn.err, ERR_NONE);
    assert_false(kv_has(&txn, KV_BLOB, span_of(key, KV_KEY_SIZE + 1)));
    assert_int_equal(kv_commit(&txn), ERR_LIMIT);
    buf_done(&value);

    /* A value larger than the reader's bound is the reader's error, never cut short. */
    buf_init(&value, KV_VALUE_SIZE - 1);
    kv_begin(kv, false, &txn);
    assert_false(kv_get(&txn, KV_BLOB, span_of(key, KV_KEY_SIZE), &value));
    assert_int_equal(kv_commit(&txn), ERR_LIMIT);
    buf_done(&value);
    kv_begin(kv, false, &txn);
    assert_false(kv_last(&txn, KV_BLOB, span_of(key, sizeof key), NULL, NULL));
    assert_int_equal(kv_commit(&txn), ERR_LIMIT);
    kv_close(kv);
}

static void test_reader_sees_its_snapshot(void **state)
{
    struct kv *kv = store_open(*state);
    struct kv_txn reader;
    struct kv_txn writer;
    struct buf value;
    buf_init(&value, 100);
    fill(kv, "a b");
    kv_begin(kv, false, &reader);
    kv_begin(kv, true, &writer);
    put(&writer, "a", "new");
    kv_delete(&writer, KV_META, span_text("b"));
    store_expect_text(kv, KV_META, "a", "v"); /* a reader begun while the writer writes */
    assert_int_equal(kv_commit(&writer), ERR_NONE);
    for (int i = 0; i < 50; i++) {
        store_put_text(kv, KV_META, "a", "newer"); /* pages freed above must not be used again */
    }
    assert_true(kv_get(&reader, KV_META, span_text("a"), &value));
    assert_string_equal(buf_text(&value), "v");
    assert_true(kv_has(&reader, KV_META, span_text("b")));
    assert_int_equal(kv_commit(&reader), ERR_NONE);
    store_expect_table(kv, KV_META, "a=newer ");
    buf_done(&value);
    kv_close(kv);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_put_get_delete),           CASE(test_scan_order), CASE(test_scan_stops),
        CASE(test_scan_writes_elsewhere),    CASE(test_last),       CASE(test_clear),
        CASE(test_first_error_sticks),       CASE(test_abort),      CASE(test_limits),
        CASE(test_reader_sees_its_snapshot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
