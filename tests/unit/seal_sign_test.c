#include "base/text.h"
#include "seal/ed25519.h"
#include "seal/hash.h"
#include "seal/sign.h"
#include "unit.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct signer *signer;
static struct signer *stranger;

static int set_up(void **state)
{
    uint8_t seed[32] = {7};
    (void)state;
    if (seal_init() != ERR_NONE) {
        return -1;
    }
    signer = signer_new(seed);
    seed[31] = 1;
    stranger = signer_new(seed);
    return signer == NULL || stranger == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    signer_free(signer);
    signer_free(stranger);
    signer_free(NULL);
    return 0;
}

static const char *const types[SEAL_PURPOSE_COUNT] = {
    "application/vnd.jieli.event.v1+protobuf", "application/vnd.jieli.head.v1+protobuf",
    "application/vnd.jieli.nack.v1+protobuf",  "application/vnd.jieli.enrolment.v1+protobuf",
    "application/vnd.jieli.trust.v1+protobuf", "application/vnd.jieli.bundle.v1+protobuf",
    "application/vnd.jieli.slip.v1+protobuf",
};

static void test_types(void **state)
{
    (void)state;
    for (enum seal_purpose purpose = 0; purpose < SEAL_PURPOSE_COUNT; purpose++) {
        assert_string_equal(seal_purpose_type(purpose), types[purpose]);
    }
}

static void assert_hash(const uint8_t hash[LIMIT_HASH_SIZE], const char *hex)
{
    uint8_t expected[LIMIT_HASH_SIZE];
    assert_int_equal(text_get_hex(span_text(hex), expected, sizeof expected), ERR_NONE);
    assert_memory_equal(hash, expected, sizeof expected);
}

static void test_ids(void **state)
{
    uint8_t key[LIMIT_KEY_SIZE];
    uint8_t id[LIMIT_HASH_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)i;
    }
    seal_key_id(SEAL_SUITE_ED25519, key, id);
    assert_hash(id, "5b8d908b34c5787af0df1fde1f44d83d3813ee6d6af42f93c000841c9bee986f");
    seal_key_id(2, key, id);
    assert_memory_not_equal(id, "\x5b\x8d\x90\x8b", 4);
    seal_body_id(SEAL_EVENT, span_text("hello"), id);
    assert_hash(id, "fcdea910837e24494c683d31ed49e3c6f642d14507cceff43d075a56806fefdb");
    seal_body_id(SEAL_EVENT, span_of(NULL, 0), id);
    assert_hash(id, "bb09f6177757c2dce8715af62d7bd0844615527a59f31964c5d44bbf05b1a25c");
    seal_ed25519_public((const uint8_t[32]){7}, key);
    assert_memory_equal(signer_public_view(signer), key, sizeof key);
    seal_key_id(SEAL_SUITE_ED25519, key, id);
    assert_memory_equal(signer_key_id_view(signer), id, sizeof id);
}

/* Id and signature are those of the PAE written out, on the stack and on the heap. */
static void test_pae(void **state)
{
    static const size_t sizes[] = {0,
                                   1,
                                   9,
                                   10,
                                   99,
                                   100,
                                   LIMIT_ENVELOPE_SIZE - 1,
                                   LIMIT_ENVELOPE_SIZE,
                                   LIMIT_ENVELOPE_SIZE + 1,
                                   LIMIT_TEXT_FILE_SIZE};
    static uint8_t body[LIMIT_TEXT_FILE_SIZE];
    struct buf pae;
    (void)state;
    memset(body, 'b', sizeof body);
    buf_init(&pae, LIMIT_TEXT_FILE_SIZE + 100);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (enum seal_purpose purpose = 0; purpose < SEAL_PURPOSE_COUNT; purpose++) {
            uint8_t id[LIMIT_HASH_SIZE];
            uint8_t expected[LIMIT_HASH_SIZE];
            uint8_t signature[LIMIT_SIGNATURE_SIZE];
            struct span span = span_of(body, sizes[i]);
            buf_clear(&pae);
            buf_put_format(&pae, "DSSEv1 %zu %s %zu ", strlen(types[purpose]), types[purpose],
                           span.size);
            buf_put_span(&pae, span);
            seal_body_id(purpose, span, id);
            seal_sha256(buf_span(&pae), expected);
            assert_memory_equal(id, expected, sizeof id);
            signer_sign(signer, purpose, span, signature);
            assert_true(seal_ed25519_verify(signer_public_view(signer), buf_span(&pae), signature));
            assert_true(seal_verify(signer_public_view(signer), purpose, span, signature));
        }
    }
    buf_done(&pae);
}

/* Every signature the suite can make, tried under everything it was not made for. */
static void test_purposes_apart(void **state)
{
    struct span body = span_text("a body that is a note as well\n");
    const uint8_t *key = signer_public_view(signer);
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    (void)state;
    for (enum seal_purpose made = 0; made < SEAL_PURPOSE_COUNT; made++) {
        signer_sign(signer, made, body, signature);
        for (enum seal_purpose tried = 0; tried < SEAL_PURPOSE_COUNT; tried++) {
            assert_int_equal(seal_verify(key, tried, body, signature), tried == made);
            assert_false(seal_verify(signer_public_view(stranger), tried, body, signature));
        }
        assert_false(seal_verify_note(key, body, signature));
    }
    signer_sign_note(signer, body, signature);
    assert_true(seal_verify_note(key, body, signature));
    assert_false(seal_verify_note(signer_public_view(stranger), body, signature));
    for (enum seal_purpose tried = 0; tried < SEAL_PURPOSE_COUNT; tried++) {
        assert_false(seal_verify(key, tried, body, signature));
    }
}

/* The bytes under an event's signature are no note, though they end as one. */
static void test_pae_is_no_note(void **state)
{
    struct span body = span_text("x\n");
    const uint8_t *key = signer_public_view(signer);
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    struct buf pae;
    (void)state;
    buf_init(&pae, 1000);
    buf_put_format(&pae, "DSSEv1 %zu %s 2 x\n", strlen(types[SEAL_EVENT]), types[SEAL_EVENT]);
    signer_sign(signer, SEAL_EVENT, body, signature);
    assert_true(seal_ed25519_verify(key, buf_span(&pae), signature));
    assert_false(seal_verify_note(key, buf_span(&pae), signature));
    buf_done(&pae);
}

static void test_note_form(void **state)
{
    static const char *const texts[] = {"", "no newline", "DSSEv1 \n"};
    const uint8_t seed[32] = {7};
    const uint8_t *key = signer_public_view(signer);
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        seal_ed25519_sign(seed, key, span_text(texts[i]), signature);
        assert_false(seal_verify_note(key, span_text(texts[i]), signature));
    }
    seal_ed25519_sign(seed, key, span_text("DSSEv1\n"), signature);
    assert_true(seal_verify_note(key, span_text("DSSEv1\n"), signature));
}

static void test_every_byte(void **state)
{
    uint8_t body[40] = "a body";
    struct span span = span_of(body, sizeof body);
    const uint8_t *key = signer_public_view(signer);
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    (void)state;
    signer_sign(signer, SEAL_HEAD, span, signature);
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] ^= 1;
        assert_false(seal_verify(key, SEAL_HEAD, span, signature));
        body[i] ^= 1;
        assert_false(seal_verify(key, SEAL_HEAD, span_of(body, i), signature));
    }
    for (size_t i = 0; i < sizeof signature; i++) {
        signature[i] ^= 1;
        assert_false(seal_verify(key, SEAL_HEAD, span, signature));
        signature[i] ^= 1;
    }
    assert_true(seal_verify(key, SEAL_HEAD, span, signature));
}

static void test_random(void **state)
{
    static const uint8_t zero[32];
    uint8_t one[32] = {0};
    uint8_t two[32] = {0};
    (void)state;
    seal_random(one, sizeof one);
    seal_random(two, sizeof two);
    assert_memory_not_equal(one, zero, sizeof one);
    assert_memory_not_equal(one, two, sizeof one);
    seal_random(NULL, 0);
}

/* The exit code of a child that runs check; the process of the tests stays as it is. */
static int in_child(int (*check)(void))
{
    int status = 0;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(check());
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int check_hardened(void)
{
    struct rlimit core = {1, 1};
    if (seal_harden_process() != ERR_NONE) {
        return 1;
    }
    if (getrlimit(RLIMIT_CORE, &core) != 0 || core.rlim_cur != 0 || core.rlim_max != 0) {
        return 2;
    }
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : 3;
}

enum { LOCKED_ANYWAY = 77 };

static int check_nothing_locked(void)
{
    static const uint8_t seed[32] = {1};
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_MEMLOCK, &none) != 0) {
        return 1;
    }
    /* Root may lock beyond the limit, and the sanitizers answer yes without locking. */
    if (geteuid() == 0 && setuid(65534) != 0) {
        return 2;
    }
    if (mlock(seed, sizeof seed) == 0) {
        return LOCKED_ANYWAY;
    }
    if (seal_harden_process() != ERR_STATE) {
        return 3;
    }
    return signer_new(seed) == NULL ? 0 : 4;
}

static void test_hardening(void **state)
{
    (void)state;
    assert_int_equal(in_child(check_hardened), 0);
}

static void test_nothing_locked(void **state)
{
    int code = in_child(check_nothing_locked);
    (void)state;
    if (code == LOCKED_ANYWAY) {
        skip();
    }
    assert_int_equal(code, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_ids),
        cmocka_unit_test(test_pae),
        cmocka_unit_test(test_purposes_apart),
        cmocka_unit_test(test_pae_is_no_note),
        cmocka_unit_test(test_note_form),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_random),
        cmocka_unit_test(test_hardening),
        cmocka_unit_test(test_nothing_locked),
    };
    return cmocka_run_group_tests_name("seal sign", tests, set_up, tear_down);
}
