#include "store_place.h"
#include "unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

/* Several processes and threads, killed processes, and bugs of ours which must stop the process. */

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

static void expect_open(const char *place, enum err expected)
{
    struct kv *kv = NULL;
    struct kv_options reading = {.read_only = true};
    assert_int_equal(kv_open(place, NULL, &kv), expected);
    assert_int_equal(kv_open(place, &reading, &kv), expected);
    assert_null(kv);
}

static void test_another_process_holds_it(void **state)
{
    kv_close(store_open(*state));
    char *path = store_path_in(*state, "lock");
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), 0);
    expect_open(*state, ERR_BUSY);
    assert_int_equal(flock(fd, LOCK_UN), 0);
    struct kv *kv = store_open(*state);
    assert_int_equal(flock(fd, LOCK_SH | LOCK_NB), -1);
    kv_close(kv);
    assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
    expect_open(*state, ERR_BUSY);
    assert_int_equal(close(fd), 0);
    free(path);
}

static void test_one_store_a_process(void **state)
{
    char *other = store_place_new();
    struct kv *kv = store_open(*state);
    expect_open(other, ERR_BUSY);
    kv_close(kv);
    kv_close(store_open(other));
    store_place_free(other);
}

static void count_for_ever(const char *place, int pipe_fd)
{
    struct kv *kv = NULL;
    struct kv_options options = {.map_size = 64 << 20};
    struct buf value;
    buf_init(&value, 5000);
    if (kv_open(place, &options, &kv) != ERR_NONE) {
        _exit(2);
    }
    struct kv_txn txn;
    kv_begin(kv, false, &txn);
    bool has = kv_get(&txn, KV_META, span_text("count"), &value);
    kv_abort(&txn);
    for (uint64_t count = has ? get_u64(value.data) + 1 : 1;; count++) {
        uint8_t bytes[5000] = {0};
        put_u64(bytes, count);
        kv_begin(kv, true, &txn);
        kv_put(&txn, KV_META, span_text("count"), span_of(bytes, 8));
        kv_put(&txn, KV_EVENT, span_of(bytes, 8), span_of(bytes, sizeof bytes));
        if (count > 20) {
            put_u64(bytes, count - 20);
            kv_delete(&txn, KV_EVENT, span_of(bytes, 8));
        }
        if (kv_commit(&txn) != ERR_NONE || write(pipe_fd, &count, sizeof count) != sizeof count) {
            _exit(3);
        }
    }
}

/* Starts a counting child, kills it after some commits; the last one it acknowledged. */
static uint64_t count_and_kill(const char *place, int read_count)
{
    int ends[2];
    uint64_t count = 0;
    int status = 0;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        count_for_ever(place, ends[1]);
    }
    assert_int_equal(close(ends[1]), 0);
    for (int i = 0; i < read_count; i++) {
        assert_int_equal(read(ends[0], &count, sizeof count), sizeof count);
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    while (read(ends[0], &count, sizeof count) == sizeof count) {
        /* acknowledged before the kill came */
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(close(ends[0]), 0);
    return count;
}

static void test_kill_loses_nothing(void **state)
{
    struct buf value;
    buf_init(&value, 5000);
    for (int round = 0; round < 25; round++) {
        uint64_t acknowledged = count_and_kill(*state, 1 + round * 7 % 30);
        struct kv_txn txn;
        uint8_t key[8];
        struct kv *kv = store_open(*state);
        kv_begin(kv, false, &txn);
        assert_true(kv_get(&txn, KV_META, span_text("count"), &value));
        uint64_t count = get_u64(value.data);
        assert_in_range(count, acknowledged, acknowledged + 1);
        for (uint64_t i = 0; i < 20 && i < count; i++) {
            put_u64(key, count - i);
            assert_true(kv_get(&txn, KV_EVENT, span_of(key, sizeof key), &value));
            assert_int_equal(get_u64(value.data), count - i);
        }
        assert_int_equal(kv_commit(&txn), ERR_NONE);
        kv_close(kv);
    }
    buf_done(&value);
}

struct reading {
    struct kv *kv;
    atomic_bool stop;
    atomic_uint wrong_count;
    atomic_uint count;
};

/* The two values are always written together. */
static void *read_pairs(void *context)
{
    struct reading *reading = context;
    struct buf one;
    struct buf two;
    buf_init(&one, 100);
    buf_init(&two, 100);
    while (!atomic_load(&reading->stop)) {
        struct kv_txn txn;
        kv_begin(reading->kv, false, &txn);
        bool has_one = kv_get(&txn, KV_META, span_text("one"), &one);
        bool has_two = kv_get(&txn, KV_EVENT, span_text("two"), &two);
        if (has_one != has_two || !span_equal(buf_span(&one), buf_span(&two))) {
            atomic_fetch_add(&reading->wrong_count, 1);
        }
        if (kv_commit(&txn) != ERR_NONE) {
            atomic_fetch_add(&reading->wrong_count, 1);
        }
        atomic_fetch_add(&reading->count, 1);
    }
    buf_done(&one);
    buf_done(&two);
    return NULL;
}

static void test_readers_on_threads(void **state)
{
    enum { READER_COUNT = 3 };
    pthread_t threads[READER_COUNT];
    struct reading reading = {.kv = store_open(*state)};
    for (size_t i = 0; i < READER_COUNT; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, read_pairs, &reading), 0);
    }
    for (uint32_t i = 0; i < 300 || atomic_load(&reading.count) < 300; i++) {
        struct kv_txn txn;
        uint8_t bytes[4];
        put_u32(bytes, i);
        kv_begin(reading.kv, true, &txn);
        kv_put(&txn, KV_META, span_text("one"), span_of(bytes, sizeof bytes));
        kv_put(&txn, KV_EVENT, span_text("two"), span_of(bytes, sizeof bytes));
        assert_int_equal(kv_commit(&txn), ERR_NONE);
    }
    atomic_store(&reading.stop, true);
    for (size_t i = 0; i < READER_COUNT; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(atomic_load(&reading.wrong_count), 0);
    kv_close(reading.kv);
}

/* What a child does with what it inherited, or a bug of ours; it must not come back from it. */
typedef void (*misuse)(struct kv *kv, const char *place);

static void use_after_fork(struct kv *kv, const char *place)
{
    (void)place;
    pid_t child = fork();
    if (child == 0) {
        struct kv_txn txn;
        kv_begin(kv, false, &txn);
        _exit(0);
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) {
        abort();
    }
}

static void close_after_fork(struct kv *kv, const char *place)
{
    (void)place;
    pid_t child = fork();
    if (child == 0) {
        kv_close(kv);
        _exit(0);
    }
    int status = 0;
    (void)waitpid(child, &status, 0);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) {
        abort();
    }
}

static void write_twice(struct kv *kv, const char *place)
{
    struct kv_txn first;
    struct kv_txn second;
    (void)place;
    kv_begin(kv, true, &first);
    kv_begin(kv, true, &second);
}

static void copy_while_writing(struct kv *kv, const char *place)
{
    struct kv_txn txn;
    char *target = store_path_in(place, "copy");
    kv_begin(kv, true, &txn);
    (void)!kv_copy(kv, target);
    free(target);
}

static bool visit_and_write(void *context, struct span key, struct span value)
{
    kv_put(context, KV_META, key, value);
    return true;
}

static void write_what_is_scanned(struct kv *kv, const char *place)
{
    struct kv_txn txn;
    (void)place;
    kv_begin(kv, true, &txn);
    kv_put(&txn, KV_META, span_text("a"), span_text("v"));
    kv_scan(&txn, KV_META, span_text(""), span_text(""), visit_and_write, &txn);
}

static void write_in_reader(struct kv *kv, const char *place)
{
    struct kv_txn txn;
    (void)place;
    kv_begin(kv, false, &txn);
    kv_put(&txn, KV_META, span_text("a"), span_text("v"));
}

static void use_after_commit(struct kv *kv, const char *place)
{
    struct kv_txn txn;
    (void)place;
    kv_begin(kv, true, &txn);
    if (kv_commit(&txn) == ERR_NONE) {
        (void)kv_has(&txn, KV_META, span_text("a"));
    }
}

static void close_while_reading(struct kv *kv, const char *place)
{
    struct kv_txn txn;
    (void)place;
    kv_begin(kv, false, &txn);
    kv_close(kv);
}

static void test_misuse_aborts(void **state)
{
    static const misuse MISUSES[] = {use_after_fork,     close_after_fork,      write_twice,
                                     copy_while_writing, write_what_is_scanned, write_in_reader,
                                     use_after_commit,   close_while_reading};
    for (size_t i = 0; i < sizeof MISUSES / sizeof MISUSES[0]; i++) {
        int status = 0;
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct kv *kv = NULL;
            (void)signal(SIGABRT, SIG_DFL);
            (void)alarm(20); /* some misuses would wait for themselves for ever */
            if (freopen("/dev/null", "w", stderr) == NULL ||
                kv_open(*state, NULL, &kv) != ERR_NONE) {
                _exit(2);
            }
            MISUSES[i](kv, *state);
            _exit(0);
        }
        assert_int_equal(waitpid(child, &status, 0), child);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT) {
            fail_msg("misuse %zu did not abort: status %x", i, (unsigned)status);
        }
    }
}

int main(void)
{
#define CASE(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(test_another_process_holds_it),
        CASE(test_one_store_a_process),
        CASE(test_kill_loses_nothing),
        CASE(test_readers_on_threads),
        CASE(test_misuse_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
