#include "store/keys.h"
#include "store/kv.h"
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_parts(void **state)
{
    (void)state;
    static const uint8_t EXPECTED[] = {0x07, 0x01, 0x02, 0x03, 0x04, 0x11, 0x12, 0x13,
                                       0x14, 0x15, 0x16, 0x17, 0x18, 'a',  0x00, 'b'};
    struct kv_key key;
    kv_key_init(&key);
    assert_int_equal(kv_key_span(&key).size, 0);
    kv_key_u8(&key, 7);
    kv_key_u32(&key, 0x01020304);
    kv_key_u64(&key, 0x1112131415161718);
    kv_key_bytes(&key, span_of("a\0b", 3));
    kv_key_bytes(&key, span_of(NULL, 0));
    assert_int_equal(kv_key_span(&key).size, sizeof EXPECTED);
    assert_memory_equal(kv_key_span(&key).data, EXPECTED, sizeof EXPECTED);
    kv_key_init(&key);
    assert_int_equal(kv_key_span(&key).size, 0);
}

static void make_number(struct kv_key *key, uint64_t number)
{
    kv_key_init(key);
    kv_key_u64(key, number);
}

static void test_numbers_sort(void **state)
{
    (void)state;
    static const uint64_t NUMBERS[] = {0, 1, 255, 256, 65535, 65536, 1ULL << 63, UINT64_MAX};
    for (size_t i = 1; i < sizeof NUMBERS / sizeof NUMBERS[0]; i++) {
        struct kv_key less;
        struct kv_key more;
        make_number(&less, NUMBERS[i - 1]);
        make_number(&more, NUMBERS[i]);
        assert_true(span_compare(kv_key_span(&less), kv_key_span(&more)) < 0);
    }
}

static int add_to_full_key(size_t size)
{
    static const uint8_t bytes[KV_KEY_CAPACITY];
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct kv_key key;
        (void)signal(SIGABRT, SIG_DFL);
        if (freopen("/dev/null", "w", stderr) == NULL) {
            _exit(2);
        }
        kv_key_init(&key);
        kv_key_bytes(&key, span_of(bytes, sizeof bytes));
        kv_key_bytes(&key, span_of(bytes, size));
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void test_overflow_is_a_bug(void **state)
{
    (void)state;
    assert_int_equal(add_to_full_key(0), 0);
    int status = add_to_full_key(1);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_numbers_sort),
        cmocka_unit_test(test_overflow_is_a_bug),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
