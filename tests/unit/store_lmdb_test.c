#include "store/kv_lmdb.h"
#include "store_place.h"
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What only LMDB and a real directory can get wrong: file systems, remains, damaged files. */

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

static bool exists_in(const char *place, const char *name)
{
    char *path = store_path_in(place, name);
    bool exists = access(path, F_OK) == 0;
    free(path);
    return exists;
}

static void write_in(const char *place, const char *name, struct span bytes)
{
    char *path = store_path_in(place, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes.data, bytes.size), bytes.size);
    assert_int_equal(close(fd), 0);
    free(path);
}

static void expect_open(const char *place, enum err expected)
{
    struct kv *kv = NULL;
    struct kv_options reading = {.read_only = true};
    assert_int_equal(kv_open(place, NULL, &kv), expected);
    assert_int_equal(kv_open(place, &reading, &kv), expected);
    assert_null(kv);
}

static void test_versions(void **state)
{
    (void)state;
    assert_true(kv_lmdb_version_is_safe(0, 9, 24));
    assert_true(kv_lmdb_version_is_safe(0, 9, 25));
    assert_true(kv_lmdb_version_is_safe(0, 9, 32));
    assert_false(kv_lmdb_version_is_safe(0, 9, 23));
    assert_false(kv_lmdb_version_is_safe(0, 9, 26));
    assert_false(kv_lmdb_version_is_safe(0, 9, 31));
    assert_false(kv_lmdb_version_is_safe(0, 9, 70));
    assert_false(kv_lmdb_version_is_safe(1, 9, 24));
    assert_false(kv_lmdb_version_is_safe(0, 10, 24));
}

static void test_file_systems(void **state)
{
    (void)state;
    assert_true(kv_place_is_remote(0x6969));      /* NFS */
    assert_true(kv_place_is_remote(0xFF534D42));  /* CIFS */
    assert_true(kv_place_is_remote(0x65735546));  /* FUSE */
    assert_false(kv_place_is_remote(0xEF53));     /* ext4 */
    assert_false(kv_place_is_remote(0x58465342)); /* XFS */
    assert_false(kv_place_is_remote(0x01021994)); /* tmpfs */

    static const char MOUNTS[] =
        "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,volatile_not\n"
        "90 22 0:44 / /a rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w\n"
        "91 22 0:45 / /b rw,relatime - overlay overlay rw,lowerdir=/l,volatile,workdir=/w\n"
        "92 22 0:4 /x,volatile /c rw - overlay overlay rw,lowerdir=/l\n"
        "93 22 10:45 / /d rw - overlay overlay rw,upperdir=/u,volatile\n";
    assert_false(kv_place_is_volatile(MOUNTS, 254, 0));
    assert_false(kv_place_is_volatile(MOUNTS, 0, 44));
    assert_true(kv_place_is_volatile(MOUNTS, 0, 45));
    assert_false(kv_place_is_volatile(MOUNTS, 0, 4));
    assert_true(kv_place_is_volatile(MOUNTS, 10, 45));
    assert_false(kv_place_is_volatile(MOUNTS, 1, 45));
    assert_false(kv_place_is_volatile("", 0, 45));
    assert_false(kv_place_is_volatile("0:45 - ,volatile", 0, 45));
}

static void test_creation(void **state)
{
    struct stat status;
    struct kv *kv = store_open(*state);
    assert_int_equal(stat(*state, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    assert_true(exists_in(*state, "data.mdb"));
    assert_true(exists_in(*state, "lock"));
    assert_false(exists_in(*state, "data.new"));
    assert_false(exists_in(*state, "data.new-lock"));
    kv_close(kv);
}

/* A power cut while the store was made leaves data.new in any state, and no store. */
static void test_interrupted_creation(void **state)
{
    struct kv *kv = NULL;
    struct kv_options options = {.must_exist = true};
    assert_int_equal(mkdir(*state, 0700), 0);
    write_in(*state, "data.new", span_text("half"));
    write_in(*state, "data.new-lock", span_text("x"));
    assert_int_equal(kv_open(*state, &options, &kv), ERR_NOT_FOUND);
    assert_false(exists_in(*state, "lock"));
    kv = store_open(*state);
    assert_false(exists_in(*state, "data.new"));
    store_put_text(kv, KV_META, "a", "v");
    kv_close(kv);
}

static void test_place_is_something_else(void **state)
{
    int fd = open(*state, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
    expect_open(*state, ERR_CONFLICT);
    assert_int_equal(unlink(*state), 0);
    assert_int_equal(mkdir(*state, 0700), 0);
    char *path = store_path_in(*state, "data.mdb");
    assert_int_equal(symlink("/dev/null", path), 0);
    expect_open(*state, ERR_CONFLICT);
    free(path);
    path = store_path_in(*state, "deep/er");
    struct kv *kv = NULL;
    assert_int_equal(kv_open(path, NULL, &kv), ERR_NOT_FOUND); /* the parent must be there */
    free(path);
}

static void test_remains_are_refused(void **state)
{
    kv_close(store_open(*state));
    struct stat status;
    char *path = store_path_in(*state, "data.mdb");
    write_in(*state, "data.mdb", span_text(""));
    expect_open(*state, ERR_MALFORMED);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_size, 0); /* no new store was made over it */
    assert_int_equal(unlink(path), 0);
    expect_open(*state, ERR_MALFORMED); /* lock.mdb tells that there was a store */
    free(path);
}

static void test_garbage_is_refused(void **state)
{
    uint8_t garbage[20000];
    for (size_t i = 0; i < sizeof garbage; i++) {
        garbage[i] = (uint8_t)(i * 131 + 7);
    }
    kv_close(store_open(*state));
    write_in(*state, "data.mdb", span_text("x"));
    expect_open(*state, ERR_MALFORMED);
    write_in(*state, "data.mdb", span_of(garbage, sizeof garbage));
    expect_open(*state, ERR_MALFORMED);
    memset(garbage, 0, sizeof garbage);
    write_in(*state, "data.mdb", span_of(garbage, sizeof garbage));
    expect_open(*state, ERR_MALFORMED);
}

/* Replaces a word of the data file; it must be there. */
static void patch(const char *place, struct span old, struct span new)
{
    static uint8_t bytes[4 << 20];
    char *path = store_path_in(place, "data.mdb");
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = read(fd, bytes, sizeof bytes);
    assert_true(size > 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(old.size, new.size);
    uint8_t *found = bytes;
    size_t count = 0;
    while ((found = memmem(found, (size_t)(bytes + size - found), old.data, old.size)) != NULL) {
        memcpy(found, new.data, new.size);
        count++;
    }
    assert_true(count > 0);
    write_in(place, "data.mdb", span_of(bytes, (size_t)size));
    free(path);
}

static void test_foreign_store_is_refused(void **state)
{
    kv_close(store_open(*state));
    patch(*state, span_text("jieli-store"), span_text("jieli-storf"));
    expect_open(*state, ERR_MALFORMED);
}

static void test_other_format_is_refused(void **state)
{
    kv_close(store_open(*state));
    patch(*state, span_of("format\0\0\0\7", 10), span_of("format\0\0\0\6", 10));
    expect_open(*state, ERR_VERSION);
    patch(*state, span_of("format\0\0\0\6", 10), span_of("format\0\0\0\x8", 10));
    expect_open(*state, ERR_VERSION);
}

static void test_older_store_lacks_a_table(void **state)
{
    struct kv *kv = store_open(*state);
    struct kv_options reading = {.read_only = true};
    store_put_text(kv, KV_META, "a", "v");
    kv_close(kv);
    patch(*state, span_text("tile"), span_text("tilt"));
    assert_int_equal(kv_open(*state, &reading, &kv), ERR_NONE);
    store_expect_table(kv, KV_TILE, "");
    store_expect_text(kv, KV_TILE, "a", NULL);
    store_expect_table(kv, KV_META, "a=v ");
    struct kv_stat stat;
    assert_int_equal(kv_stat(kv, &stat), ERR_NONE);
    assert_int_equal(stat.entry_count[KV_TILE], 0);
    kv_close(kv);
    kv = store_open(*state);
    store_put_text(kv, KV_TILE, "b", "v");
    store_expect_table(kv, KV_TILE, "b=v ");
    kv_close(kv);
}

/* A large value has pages of its own, small ones share. */
static void test_stat_of_pages(void **state)
{
    uint8_t zeros[10000] = {0};
    struct kv *kv = store_open(*state);
    struct kv_stat stat;
    struct kv_txn txn;
    kv_begin(kv, true, &txn);
    kv_put(&txn, KV_BLOB, span_text("a"), span_of(zeros, sizeof zeros));
    kv_put(&txn, KV_BLOB, span_text("b"), span_of(zeros, 2000));
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    assert_int_equal(kv_stat(kv, &stat), ERR_NONE);
    assert_int_equal(stat.large_size[KV_BLOB], 3 * 4096);
    assert_int_equal(stat.table_size[KV_BLOB], 4 * 4096);
    assert_int_equal(stat.large_size[KV_META], 0);
    assert_string_equal(kv_table_name(KV_BLOB), "blob");
    kv_close(kv);
}

static bool visit_and_sum(void *context, struct span key, struct span value)
{
    uint64_t *sum = context;
    (void)key;
    for (size_t i = 0; i < value.size; i++) {
        *sum += value.data[i];
    }
    return true;
}

/* Bytes of all values after reading the whole store in a child; its wait status. */
static int read_all_in_child(const char *place)
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct kv *kv = NULL;
        struct kv_txn txn;
        uint64_t sum = 0;
        (void)signal(SIGABRT, SIG_DFL);
        if (freopen("/dev/null", "w", stderr) == NULL) {
            _exit(3);
        }
        if (kv_open(place, NULL, &kv) != ERR_NONE) {
            _exit(1);
        }
        kv_begin(kv, false, &txn);
        kv_scan(&txn, KV_EVENT, span_text(""), span_text(""), visit_and_sum, &sum);
        _exit(kv_commit(&txn) == ERR_NONE && sum == (uint64_t)300 * 1500 ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* What an interrupted copy leaves: an error, or LMDB's own assertion; never SIGBUS, and never
 * taken for whole. */
static void test_file_cut_short(void **state)
{
    struct stat status;
    uint8_t value[1500];
    char *path = store_path_in(*state, "data.mdb");
    struct kv *kv = store_open(*state);
    memset(value, 1, sizeof value);
    for (uint32_t i = 0; i < 300; i++) {
        struct kv_txn txn;
        uint8_t key[4];
        put_u32(key, i * 2654435761U);
        kv_begin(kv, true, &txn);
        kv_put(&txn, KV_EVENT, span_of(key, sizeof key), span_of(value, sizeof value));
        assert_int_equal(kv_commit(&txn), ERR_NONE);
    }
    kv_close(kv);
    assert_int_equal(read_all_in_child(*state), 0);
    assert_int_equal(stat(path, &status), 0);
    for (int part = 1; part < 8; part++) {
        assert_int_equal(truncate(path, status.st_size * (8 - part) / 8), 0);
        int end = read_all_in_child(*state);
        if (WIFSIGNALED(end)) {
            assert_int_equal(WTERMSIG(end), SIGABRT);
        } else {
            assert_int_equal(WEXITSTATUS(end), 1);
        }
    }
    free(path);
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_file_systems),
        CASE(test_creation),
        CASE(test_interrupted_creation),
        CASE(test_place_is_something_else),
        CASE(test_remains_are_refused),
        CASE(test_garbage_is_refused),
        CASE(test_foreign_store_is_refused),
        CASE(test_other_format_is_refused),
        CASE(test_older_store_lacks_a_table),
        CASE(test_stat_of_pages),
        CASE(test_file_cut_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
