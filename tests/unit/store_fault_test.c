#include "store_place.h"
#include "unit.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Every call by which a store reaches the disk fails once, in every way: before it did anything,
 * or after it did all. The functions here stand before libc's, also for LMDB. */

static struct {
    long countdown; /* the call which fails, counted from 1; 0: none */
    int error_number;
    bool after; /* it does its work and then fails all the same */
    bool fired;
} fault;

/* What was called since: w for a write, s for a sync, r for a renaming. */
static char trace[64];

/* 0: do the call; 1: fail at once; 2: do it, then fail. */
static int meet_fault(char call)
{
    size_t size = strlen(trace);
    if (size < sizeof trace - 1) {
        trace[size] = call;
        trace[size + 1] = 0;
    }
    if (fault.countdown == 0 || --fault.countdown > 0) {
        return 0;
    }
    fault.fired = true;
    return fault.after ? 2 : 1;
}

static void next_function(const char *name, void *ret)
{
    void *found = dlsym(RTLD_NEXT, name);
    if (found == NULL) {
        abort();
    }
    memcpy(ret, &found, sizeof found);
}

#define FAULTY(type, kind, call, ...)                                                              \
    int fate = meet_fault(kind);                                                                   \
    type result = -1;                                                                              \
    next_function(#call, &next);                                                                   \
    if (fate != 1) {                                                                               \
        result = next(__VA_ARGS__);                                                                \
    }                                                                                              \
    if (fate != 0) {                                                                               \
        errno = fault.error_number;                                                                \
        result = -1;                                                                               \
    }                                                                                              \
    return result

/* NOLINTBEGIN(readability-inconsistent-declaration-parameter-name): libc's are reserved names */
ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
    ssize_t (*next)(int, const void *, size_t, off_t) = NULL;
    FAULTY(ssize_t, 'w', pwrite, fd, data, size, offset);
}

ssize_t write(int fd, const void *data, size_t size)
{
    ssize_t (*next)(int, const void *, size_t) = NULL;
    FAULTY(ssize_t, 'w', write, fd, data, size);
}

ssize_t writev(int fd, const struct iovec *pieces, int count)
{
    ssize_t (*next)(int, const struct iovec *, int) = NULL;
    FAULTY(ssize_t, 'w', writev, fd, pieces, count);
}

int fdatasync(int fd)
{
    int (*next)(int) = NULL;
    FAULTY(int, 's', fdatasync, fd);
}

int fsync(int fd)
{
    int (*next)(int) = NULL;
    FAULTY(int, 's', fsync, fd);
}

int renameat(int old_fd, const char *old_path, int new_fd, const char *new_path)
{
    int (*next)(int, const char *, int, const char *) = NULL;
    FAULTY(int, 'r', renameat, old_fd, old_path, new_fd, new_path);
}

/* NOLINTEND(readability-inconsistent-declaration-parameter-name) */

static const int ERRORS[] = {EIO, ENOSPC, EDQUOT, EFBIG, ENOMEM};
enum { ERROR_COUNT = sizeof ERRORS / sizeof ERRORS[0] };

static void arm(long countdown, int error_number, bool after)
{
    fault.countdown = countdown;
    fault.error_number = error_number;
    fault.after = after;
    fault.fired = false;
}

/* Whether the fault was met since arm. */
static bool disarm(void)
{
    fault.countdown = 0;
    return fault.fired;
}

static const char *read_state(struct kv *kv, struct buf *ret)
{
    struct kv_txn txn;
    kv_begin(kv, false, &txn);
    assert_true(kv_get(&txn, KV_META, span_text("state"), ret));
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    return buf_text(ret);
}

static enum err write_state(struct kv *kv, const char *state)
{
    static const uint8_t bulk[150000];
    struct kv_txn txn;
    kv_begin(kv, true, &txn);
    kv_put(&txn, KV_META, span_text("state"), span_text(state));
    kv_put(&txn, KV_BLOB, span_text(state), span_of(bulk, sizeof bulk));
    kv_put(&txn, KV_LEAF, span_text(state), span_of(bulk, 600));
    return kv_commit(&txn);
}

/* What may follow a commit that told err; the store is then in its old or its new state. */
static struct kv *check_outcome(const char *place, struct kv *kv, enum err err)
{
    struct buf found;
    struct kv_txn txn;
    buf_init(&found, 10);
    assert_int_equal(kv_has_failed(kv), err == ERR_STORE);
    if (err == ERR_STORE) {
        kv_begin(kv, false, &txn); /* unknown: nothing but closing helps */
        assert_int_equal(txn.err, ERR_STORE);
        kv_abort(&txn);
        assert_int_equal(write_state(kv, "more"), ERR_STORE);
        kv_close(kv);
        kv = store_open(place);
        const char *state = read_state(kv, &found);
        assert_true(strcmp(state, "old") == 0 || strcmp(state, "new") == 0);
        store_expect_text(kv, KV_META, "state", state);
    } else {
        assert_string_equal(read_state(kv, &found), err == ERR_NONE ? "new" : "old");
        kv_close(kv);
        kv = store_open(place);
        assert_string_equal(read_state(kv, &found), err == ERR_NONE ? "new" : "old");
    }
    struct kv_stat stat;
    assert_int_equal(kv_stat(kv, &stat), ERR_NONE);
    assert_int_equal(stat.entry_count[KV_BLOB], strcmp(read_state(kv, &found), "new") == 0 ? 2 : 1);
    buf_done(&found);
    return kv;
}

struct tally {
    int count[ERR_COUNT];
};

/* False when the commit has no more calls to fail. */
static bool fail_commit(long countdown, int error_number, bool after, struct tally *tally)
{
    char *place = store_place_new();
    struct kv *kv = store_open(place);
    assert_int_equal(write_state(kv, "old"), ERR_NONE);
    arm(countdown, error_number, after);
    enum err err = write_state(kv, "new");
    bool fired = disarm();
    tally->count[err]++;
    if (!fired) {
        assert_int_equal(err, ERR_NONE);
    } else if (error_number == EIO) {
        assert_int_equal(err, ERR_STORE);
    } else if (error_number == ENOMEM) {
        assert_true(err == ERR_STORE || err == ERR_MEMORY);
    } else {
        assert_true(err == ERR_STORE || err == ERR_FULL);
    }
    kv = check_outcome(place, kv, err);
    assert_int_equal(write_state(kv, "next"), ERR_NONE);
    kv_close(kv);
    store_place_free(place);
    return fired;
}

static void test_commit_faults(void **state)
{
    (void)state;
    struct tally tally = {{0}};
    for (int i = 0; i < ERROR_COUNT; i++) {
        for (int after = 0; after < 2; after++) {
            long countdown = 1;
            while (fail_commit(countdown, ERRORS[i], after == 1, &tally)) {
                countdown++;
            }
            assert_in_range(countdown, 4, 30); /* some data, a sync, the meta page at least */
        }
    }
    assert_int_equal(tally.count[ERR_NONE], 2 * ERROR_COUNT);
    assert_true(tally.count[ERR_FULL] > 0);
    assert_true(tally.count[ERR_MEMORY] > 0);
    /* Each error at the meta page, before and after, is an unknown outcome. */
    assert_true(tally.count[ERR_STORE] >= 2 * ERROR_COUNT);
}

/* A store that goes on after a full disk without being closed. */
static void test_full_disk_heals(void **state)
{
    (void)state;
    char *place = store_place_new();
    struct kv *kv = store_open(place);
    struct buf found;
    buf_init(&found, 10);
    assert_int_equal(write_state(kv, "old"), ERR_NONE);
    for (int round = 0; round < 10; round++) {
        arm(1, ENOSPC, false);
        assert_int_equal(write_state(kv, "new"), ERR_FULL);
        assert_true(disarm());
        assert_string_equal(read_state(kv, &found), "old");
    }
    assert_int_equal(write_state(kv, "new"), ERR_NONE);
    assert_string_equal(read_state(kv, &found), "new");
    buf_done(&found);
    kv_close(kv);
    store_place_free(place);
}

static off_t limit_growth(const char *place, off_t room)
{
    char path[4096];
    struct stat status;
    struct rlimit limit = {RLIM_INFINITY, RLIM_INFINITY};
    assert_true(snprintf(path, sizeof path, "%s/data.mdb", place) < (int)sizeof path);
    assert_int_equal(stat(path, &status), 0);
    if (room >= 0) {
        limit.rlim_cur = (rlim_t)(status.st_size + room);
    }
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    return status.st_size;
}

/* The kernel writes as much as there is room for, and LMDB calls that EIO: it is a full disk. */
static void test_short_write_is_full(void **state)
{
    (void)state;
    struct buf found;
    buf_init(&found, 10);
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    for (off_t room = 0; room < 130000; room += 6100) {
        char *place = store_place_new();
        struct kv *kv = store_open(place);
        assert_int_equal(write_state(kv, "old"), ERR_NONE);
        off_t size = limit_growth(place, room);
        assert_int_equal(write_state(kv, "new"), ERR_FULL);
        assert_string_equal(read_state(kv, &found), "old");
        buf_clear(&found);
        assert_in_range(limit_growth(place, -1), size, size + room);
        assert_int_equal(write_state(kv, "new"), ERR_NONE);
        assert_string_equal(read_state(kv, &found), "new");
        buf_clear(&found);
        kv_close(kv);
        store_place_free(place);
    }
    buf_done(&found);
}

/* A page counts only after what it refers to is on disk, a name only after its file, and all only
 * after the directory and the one above. */
static void test_order_of_syncs(void **state)
{
    (void)state;
    char *place = store_place_new();
    char *target = store_place_new();
    trace[0] = 0;
    struct kv *kv = store_open(place);
    const char *renaming = strchr(trace, 'r');
    assert_non_null(renaming);
    assert_true(renaming - trace > 3);
    assert_memory_equal(renaming - 1, "srss", 4);
    trace[0] = 0;
    assert_int_equal(write_state(kv, "old"), ERR_NONE);
    size_t size = strlen(trace);
    assert_in_range(size, 3, 20);
    assert_string_equal(trace + size - 3, "wsw");
    assert_int_equal(strspn(trace, "w"), size - 2); /* one sync a commit */
    trace[0] = 0;
    assert_int_equal(kv_copy(kv, target), ERR_NONE);
    assert_int_equal(trace[0], 'w');
    assert_string_equal(trace + strspn(trace, "w"), "srss");
    kv_close(kv);
    store_place_free(place);
    store_place_free(target);
}

static bool fail_creation(long countdown, int error_number, bool after)
{
    struct kv *kv = NULL;
    char *place = store_place_new();
    arm(countdown, error_number, after);
    enum err err = kv_open(place, NULL, &kv);
    bool fired = disarm();
    /* LMDB tries its first page twice, so a fault may go by. */
    if (err != ERR_NONE) {
        assert_true(fired);
        assert_null(kv);
    }
    kv_close(kv);
    kv = store_open(place); /* nothing half is left that stands in the way */
    assert_int_equal(write_state(kv, "old"), ERR_NONE);
    kv_close(kv);
    store_place_free(place);
    return fired;
}

static void test_creation_faults(void **state)
{
    (void)state;
    for (int i = 0; i < ERROR_COUNT; i++) {
        for (int after = 0; after < 2; after++) {
            long countdown = 1;
            while (fail_creation(countdown, ERRORS[i], after == 1)) {
                countdown++;
            }
            assert_in_range(countdown, 7, 30); /* pages, syncs, the renaming, two directories */
        }
    }
}

/* A failed copy leaves nothing half behind; the original goes on. */
static void test_copy_faults(void **state)
{
    (void)state;
    char *place = store_place_new();
    struct kv *kv = store_open(place);
    assert_int_equal(write_state(kv, "old"), ERR_NONE);
    struct buf found;
    buf_init(&found, 10);
    long countdown = 0;
    bool fired = true;
    while (fired) {
        char *target = store_place_new();
        countdown++;
        arm(countdown, ENOSPC, false);
        enum err err = kv_copy(kv, target);
        fired = disarm();
        assert_int_equal(err, fired ? ERR_FULL : ERR_NONE);
        assert_int_equal(write_state(kv, "old"), ERR_NONE);
        if (fired) {
            err = kv_copy(kv, target); /* the failed one was cleared away, or is whole */
            assert_true(err == ERR_NONE || err == ERR_CONFLICT);
            if (err == ERR_CONFLICT) {
                kv_close(kv);
                kv = store_open(target);
                assert_string_equal(read_state(kv, &found), "old");
                kv_close(kv);
                kv = store_open(place);
            }
        }
        store_place_free(target);
    }
    assert_in_range(countdown, 6, 30);
    buf_done(&found);
    kv_close(kv);
    store_place_free(place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_commit_faults),       cmocka_unit_test(test_full_disk_heals),
        cmocka_unit_test(test_short_write_is_full), cmocka_unit_test(test_order_of_syncs),
        cmocka_unit_test(test_creation_faults),     cmocka_unit_test(test_copy_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
