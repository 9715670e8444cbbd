#include "kv_memory.h"
#include "kv_tree.h"
#include "store_place.h"
#include "unit.h"

#include <stdio.h>

/* Power cuts, lying disks, backups and clones of the simulator's store. */

static int set_up(void **state)
{
    *state = kv_memory_disk_new("disk");
    return 0;
}

static int tear_down(void **state)
{
    kv_memory_disk_free(*state);
    return 0;
}

static enum err put_a(struct kv *kv, const char *value)
{
    struct kv_txn txn;
    kv_begin(kv, true, &txn);
    kv_put(&txn, KV_META, span_text("a"), span_text(value));
    return kv_commit(&txn);
}

static void expect_dead(struct kv *kv)
{
    struct kv_txn txn;
    struct kv_stat stat;
    kv_begin(kv, false, &txn);
    assert_int_equal(txn.err, ERR_STORE);
    assert_true(kv_has_failed(kv));
    assert_false(kv_has(&txn, KV_META, span_text("a")));
    kv_abort(&txn);
    assert_int_equal(put_a(kv, "more"), ERR_STORE);
    assert_int_equal(kv_stat(kv, &stat), ERR_STORE);
    assert_int_equal(kv_reader_check(kv), ERR_STORE);
}

static struct kv *reopen(struct kv *kv)
{
    kv_close(kv);
    return store_open("disk");
}

static void test_crash_before(void **state)
{
    (void)state;
    struct kv *kv = store_open("disk");
    store_put_text(kv, KV_META, "a", "old");
    kv_memory_set_commit_fault(kv, KV_MEMORY_CRASH_BEFORE);
    assert_int_equal(put_a(kv, "new"), ERR_STORE);
    expect_dead(kv);
    kv = reopen(kv);
    store_expect_table(kv, KV_META, "a=old ");
    store_put_text(kv, KV_META, "a", "newer"); /* the fault came once */
    kv_close(kv);
}

static void test_crash_after(void **state)
{
    (void)state;
    struct kv *kv = store_open("disk");
    store_put_text(kv, KV_META, "a", "old");
    kv_memory_set_commit_fault(kv, KV_MEMORY_CRASH_AFTER);
    assert_int_equal(put_a(kv, "new"), ERR_STORE);
    expect_dead(kv);
    kv = reopen(kv);
    store_expect_table(kv, KV_META, "a=new ");
    store_put_text(kv, KV_META, "a", "newer");
    kv_close(kv);
}

static void test_full(void **state)
{
    (void)state;
    struct kv *kv = store_open("disk");
    store_put_text(kv, KV_META, "a", "old");
    kv_memory_set_commit_fault(kv, KV_MEMORY_FULL);
    assert_int_equal(put_a(kv, "new"), ERR_FULL);
    store_expect_table(kv, KV_META, "a=old ");
    kv = reopen(kv);
    assert_int_equal(put_a(kv, "new"), ERR_FULL); /* a full disk stays full */
    kv_memory_set_commit_fault(kv, KV_MEMORY_SOUND);
    assert_int_equal(put_a(kv, "new"), ERR_NONE);
    store_expect_table(kv, KV_META, "a=new ");
    kv_close(kv);
}

/* A fault meant for a commit is not spent on a reader or an abort. */
static void test_fault_waits_for_a_commit(void **state)
{
    (void)state;
    struct kv_txn txn;
    struct kv *kv = store_open("disk");
    kv_memory_set_commit_fault(kv, KV_MEMORY_CRASH_AFTER);
    store_expect_table(kv, KV_META, "");
    kv_begin(kv, true, &txn);
    kv_put(&txn, KV_META, span_text("b"), span_text("v"));
    kv_abort(&txn);
    kv_begin(kv, true, &txn);
    kv_put(&txn, KV_META, span_text(""), span_text("v"));
    assert_int_equal(kv_commit(&txn), ERR_LIMIT);
    assert_int_equal(put_a(kv, "new"), ERR_STORE);
    kv = reopen(kv);
    store_expect_table(kv, KV_META, "a=new ");
    kv_close(kv);
}

static void put_numbers(struct kv *kv, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char text[12];
        (void)snprintf(text, sizeof text, "%d", i);
        assert_int_equal(put_a(kv, text), ERR_NONE);
    }
}

static void test_lying_flush(void **state)
{
    struct kv_disk *disk = *state;
    struct kv *kv = store_open("disk");
    put_numbers(kv, 1, 5);
    kv_memory_set_lying_flush(disk, 3);
    put_numbers(kv, 6, 7);
    store_expect_table(kv, KV_META, "a=7 ");
    kv_memory_crash(kv);
    expect_dead(kv);
    kv = reopen(kv);
    store_expect_table(kv, KV_META, "a=5 "); /* only two were owed */
    put_numbers(kv, 6, 15);
    kv = reopen(kv); /* closing is no flush */
    store_expect_table(kv, KV_META, "a=15 ");
    kv_memory_crash(kv);
    kv = reopen(kv);
    store_expect_table(kv, KV_META, "a=12 ");
    put_numbers(kv, 13, 14);
    kv_close(kv);
    kv_memory_disk_crash(disk);
    kv_memory_disk_crash(disk); /* nothing more is owed */
    kv = store_open("disk");
    store_expect_table(kv, KV_META, "a=12 ");
    put_numbers(kv, 13, 14);
    kv_memory_set_lying_flush(disk, 0);
    kv_memory_crash(kv);
    kv = reopen(kv);
    store_expect_table(kv, KV_META, "a=14 ");
    kv_close(kv);
}

static void test_lying_flush_and_commit_faults(void **state)
{
    struct kv_disk *disk = *state;
    struct kv *kv = store_open("disk");
    put_numbers(kv, 1, 1);
    kv_memory_set_lying_flush(disk, 10);
    put_numbers(kv, 2, 4);
    kv_memory_set_commit_fault(kv, KV_MEMORY_CRASH_AFTER);
    assert_int_equal(put_a(kv, "5"), ERR_STORE); /* the sync that counts carries all before it */
    kv = reopen(kv);
    store_expect_table(kv, KV_META, "a=5 ");
    put_numbers(kv, 6, 7);
    kv_memory_set_commit_fault(kv, KV_MEMORY_CRASH_BEFORE);
    assert_int_equal(put_a(kv, "8"), ERR_STORE);
    kv = reopen(kv);
    store_expect_table(kv, KV_META, "a=5 ");
    kv_close(kv);
}

static void test_kill_and_crash_with_open_transactions(void **state)
{
    struct kv_disk *disk = *state;
    for (int power = 0; power < 2; power++) {
        struct kv_txn reader;
        struct kv_txn writer;
        struct kv *kv = store_open("disk");
        kv_memory_set_lying_flush(disk, 0);
        put_numbers(kv, 1, 1);
        kv_memory_set_lying_flush(disk, 1);
        put_numbers(kv, 2, 2);
        kv_begin(kv, false, &reader);
        kv_begin(kv, true, &writer);
        kv_put(&writer, KV_META, span_text("a"), span_text("3"));
        if (power == 1) {
            kv_memory_crash(kv);
        } else {
            kv_memory_kill(kv);
        }
        expect_dead(kv);
        kv_put(&writer, KV_META, span_text("b"), span_text("v"));
        assert_false(kv_has(&reader, KV_META, span_text("a")));
        assert_int_equal(kv_commit(&writer), ERR_STORE); /* one ended, one left to kv_close */
        kv = reopen(kv);
        store_expect_table(kv, KV_META, power == 1 ? "a=1 " : "a=2 ");
        kv_close(kv);
    }
}

static void test_snapshot_and_restore(void **state)
{
    struct kv_disk *disk = *state;
    struct kv_disk *clone = kv_memory_disk_new("clone");
    struct kv_image *blank = kv_memory_snapshot(disk);
    struct kv *kv = store_open("disk");
    put_numbers(kv, 1, 3);
    struct kv_image *image = kv_memory_snapshot(disk);
    put_numbers(kv, 4, 9);
    kv_close(kv);

    kv_memory_restore(clone, image);
    kv_memory_restore(disk, image);
    struct kv *twin = store_open("clone");
    kv = store_open("disk"); /* two machines of one image, at once and apart */
    store_expect_table(kv, KV_META, "a=3 ");
    put_numbers(kv, 4, 4);
    put_numbers(twin, 7, 7);
    store_expect_table(kv, KV_META, "a=4 ");
    store_expect_table(twin, KV_META, "a=7 ");
    kv_close(kv);
    kv_close(twin);
    kv_memory_restore(disk, image); /* the image is still what it was */
    kv = store_open("disk");
    store_expect_table(kv, KV_META, "a=3 ");
    kv_close(kv);

    struct kv_options options = {.must_exist = true};
    kv_memory_restore(disk, blank);
    assert_int_equal(kv_open("disk", &options, &kv), ERR_NOT_FOUND);
    assert_int_equal(kv_open("no disk", NULL, &kv), ERR_NOT_FOUND);
    kv_memory_image_free(blank);
    kv_memory_image_free(image);
    kv_memory_image_free(NULL);
    kv_memory_disk_free(clone);
}

/* Restoring also settles what a lying flush owed. */
static void test_restore_is_durable(void **state)
{
    struct kv_disk *disk = *state;
    kv_memory_set_lying_flush(disk, 5);
    struct kv *kv = store_open("disk");
    put_numbers(kv, 1, 3);
    struct kv_image *image = kv_memory_snapshot(disk);
    put_numbers(kv, 4, 5);
    kv_close(kv);
    kv_memory_restore(disk, image);
    kv_memory_disk_crash(disk);
    kv = store_open("disk");
    store_expect_table(kv, KV_META, "a=3 ");
    kv_close(kv);
    kv_memory_image_free(image);
}

static bool visit_count(void *context, struct span key, struct span value)
{
    uint32_t *count = context;
    assert_int_equal(get_u32(key.data), *count);
    assert_int_equal(value.size, *count % 50);
    (*count)++;
    return true;
}

/* Many versions of one tree, each as it was when it was shared. */
static void test_tree_versions(void **state)
{
    (void)state;
    enum { VERSION_COUNT = 200 };
    static struct kv_tree versions[VERSION_COUNT];
    static const uint8_t zeros[50];
    struct kv_tree tree = {NULL, 0, 0};
    for (uint32_t i = 0; i < VERSION_COUNT; i++) {
        uint8_t key[4];
        versions[i] = kv_tree_share(&tree);
        put_u32(key, i);
        kv_tree_put(&tree, span_of(key, sizeof key), span_of(zeros, i % 50));
    }
    for (uint32_t i = 0; i < VERSION_COUNT; i += 2) {
        uint8_t key[4];
        put_u32(key, i);
        kv_tree_delete(&tree, span_of(key, sizeof key));
        kv_tree_delete(&tree, span_of(key, sizeof key));
    }
    assert_int_equal(tree.count, VERSION_COUNT / 2);
    kv_tree_done(&tree);
    assert_int_equal(tree.size, 0);
    for (uint32_t i = 0; i < VERSION_COUNT; i++) {
        uint32_t count = 0;
        assert_true(kv_tree_visit(&versions[i], span_text(""), visit_count, &count));
        assert_int_equal(count, i);
        assert_int_equal(versions[i].count, i);
        kv_tree_done(&versions[i]);
    }
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_crash_before),
        CASE(test_crash_after),
        CASE(test_full),
        CASE(test_fault_waits_for_a_commit),
        CASE(test_lying_flush),
        CASE(test_lying_flush_and_commit_faults),
        CASE(test_kill_and_crash_with_open_transactions),
        CASE(test_snapshot_and_restore),
        CASE(test_restore_is_durable),
        cmocka_unit_test(test_tree_versions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
