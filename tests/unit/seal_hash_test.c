#include "base/text.h"
#include "seal/hash.h"
#include "unit.h"

#include <string.h>

static void assert_hash(const uint8_t hash[LIMIT_HASH_SIZE], const char *hex)
{
    uint8_t expected[LIMIT_HASH_SIZE];
    assert_int_equal(text_get_hex(span_text(hex), expected, sizeof expected), ERR_NONE);
    assert_memory_equal(hash, expected, sizeof expected);
}

/* FIPS 180-4, the examples of its secure hash standard. */
static void test_known(void **state)
{
    static const struct {
        const char *text;
        const char *hash;
    } known[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    uint8_t hash[LIMIT_HASH_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        seal_sha256(span_text(known[i].text), hash);
        assert_hash(hash, known[i].hash);
    }
    seal_sha256(span_of(NULL, 0), hash);
    assert_hash(hash, known[0].hash);
}

static void test_million(void **state)
{
    struct seal_sha256 sha;
    uint8_t hash[LIMIT_HASH_SIZE];
    char text[1000];
    (void)state;
    memset(text, 'a', sizeof text);
    seal_sha256_init(&sha);
    for (int i = 0; i < 1000; i++) {
        seal_sha256_update(&sha, span_of(text, sizeof text));
    }
    seal_sha256_final(&sha, hash);
    assert_hash(hash, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/* However the bytes are cut, the hash is that of the whole. */
static void test_pieces(void **state)
{
    uint8_t bytes[300];
    uint8_t whole[LIMIT_HASH_SIZE];
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (uint8_t)(i * 31);
    }
    seal_sha256(span_of(bytes, sizeof bytes), whole);
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        struct seal_sha256 sha;
        uint8_t hash[LIMIT_HASH_SIZE];
        seal_sha256_init(&sha);
        seal_sha256_update(&sha, span_of(bytes, cut));
        seal_sha256_update(&sha, span_of(NULL, 0));
        seal_sha256_update(&sha, span_of(bytes + cut, sizeof bytes - cut));
        seal_sha256_final(&sha, hash);
        assert_memory_equal(hash, whole, sizeof whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_million),
        cmocka_unit_test(test_pieces),
    };
    return cmocka_run_group_tests_name("seal hash", tests, NULL, NULL);
}
