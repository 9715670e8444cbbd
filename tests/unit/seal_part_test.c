#include "base/text.h"
#include "seal/part.h"
#include "seal/sign.h"
#include "unit.h"

#include <sodium.h>
#include <string.h>

static uint8_t record_key[SEAL_RECORD_KEY_SIZE];
static uint8_t device[LIMIT_KEY_SIZE];
static uint8_t record[LIMIT_ID_SIZE];
static const struct seal_part_context context = {device, 3, 0x0102030405060708, record, 2};
static uint8_t part_key[SEAL_PART_KEY_SIZE];

static int set_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof record_key; i++) {
        record_key[i] = (uint8_t)i;
        device[i] = (uint8_t)(100 + i);
    }
    for (size_t i = 0; i < sizeof record; i++) {
        record[i] = (uint8_t)(200 + i);
    }
    seal_part_key(record_key, &context, part_key);
    return seal_init() == ERR_NONE ? 0 : -1;
}

static void assert_hex(const uint8_t *bytes, const char *hex)
{
    uint8_t expected[32];
    assert_int_equal(text_get_hex(span_text(hex), expected, sizeof expected), ERR_NONE);
    assert_memory_equal(bytes, expected, sizeof expected);
}

/* Made by another implementation (Python: hashlib's BLAKE2b, cryptography's ChaCha20-Poly1305). */
static void test_known(void **state)
{
    static const char hex[] =
        "32333435363738393a3b3c3d3e3f40414243444546474849c605735386ed4c7c911749018e6c3964617fcd7a65"
        "98f23828f58f3a4a43dcc83dd0e77d9baa44d36f77c23fb25621eb6b455d5ce169fefda2716b4d8edbfd8cf427"
        "f73fd6cbbba8b86421c583960c3a";
    uint8_t ciphertext[104];
    uint8_t commitment[LIMIT_HASH_SIZE];
    struct buf text;
    (void)state;
    assert_hex(part_key, "3ff5dc677d94ed132a52a44889283bdce343ac9b94fed1d2ddec636364f57b0a");
    seal_part_commit(part_key, commitment);
    assert_hex(commitment, "0ea0a3422b71779ce3e6dbb41259f577d1bb13c710fad7694d47f1b03b8bb808");
    assert_int_equal(text_get_hex(span_text(hex), ciphertext, sizeof ciphertext), ERR_NONE);
    buf_init(&text, 1000);
    assert_int_equal(
        seal_part_decrypt(part_key, &context, span_of(ciphertext, sizeof ciphertext), &text),
        ERR_NONE);
    assert_string_equal(buf_text(&text), "\u6751\u6c11");
    buf_done(&text);
}

static void test_round_trip(void **state)
{
    static uint8_t plaintext[LIMIT_SEALED_SIZE];
    struct buf sealed;
    struct buf text;
    (void)state;
    memset(plaintext, 0x80, sizeof plaintext); /* the padding's own mark */
    buf_init(&sealed, LIMIT_SEALED_SIZE);
    buf_init(&text, LIMIT_SEALED_SIZE);
    for (size_t size = 0; size <= LIMIT_SEALED_SIZE - 256; size += size < 200 ? 1 : 5000) {
        buf_clear(&sealed);
        buf_clear(&text);
        buf_put_text(&text, "kept");
        assert_int_equal(seal_part_encrypt(part_key, &context, span_of(plaintext, size), &sealed),
                         ERR_NONE);
        assert_int_equal(sealed.size, 24 + (size / 64 + 1) * 64 + 16);
        assert_int_equal(seal_part_decrypt(part_key, &context, buf_span(&sealed), &text), ERR_NONE);
        assert_int_equal(text.size, 4 + size);
        assert_memory_equal(text.data, "kept", 4);
        assert_memory_equal(text.data + 4, plaintext, size);
    }
    buf_clear(&sealed);
    buf_clear(&text);
    size_t most = LIMIT_SEALED_SIZE - 256;
    assert_int_equal(seal_part_encrypt(part_key, &context, span_of(plaintext, most), &sealed),
                     ERR_NONE);
    assert_int_equal(seal_part_decrypt(part_key, &context, buf_span(&sealed), &text), ERR_NONE);
    assert_int_equal(text.size, most);
    buf_clear(&sealed);
    assert_int_equal(seal_part_encrypt(part_key, &context, span_of(plaintext, most + 1), &sealed),
                     ERR_LIMIT);
    assert_int_equal(sealed.size, 0);
    buf_done(&sealed);
    buf_done(&text);
}

static void test_small_buffers(void **state)
{
    struct buf sealed;
    struct buf small;
    (void)state;
    buf_init(&sealed, 104);
    buf_init(&small, 103);
    assert_int_equal(seal_part_encrypt(part_key, &context, span_text("x"), &sealed), ERR_NONE);
    assert_int_equal(seal_part_encrypt(part_key, &context, span_text("x"), &small), ERR_LIMIT);
    buf_done(&small);
    buf_init(&small, 63);
    assert_int_equal(seal_part_decrypt(part_key, &context, buf_span(&sealed), &small), ERR_LIMIT);
    buf_done(&small);
    buf_done(&sealed);
}

static void test_nonces_differ(void **state)
{
    struct buf one;
    struct buf two;
    (void)state;
    buf_init(&one, 1000);
    buf_init(&two, 1000);
    assert_int_equal(seal_part_encrypt(part_key, &context, span_text("x"), &one), ERR_NONE);
    assert_int_equal(seal_part_encrypt(part_key, &context, span_text("x"), &two), ERR_NONE);
    assert_memory_not_equal(one.data, two.data, 24);
    assert_memory_not_equal(one.data + 24, two.data + 24, 80);
    buf_done(&one);
    buf_done(&two);
}

enum { OTHER_COUNT = 5 };

/* The context with one thing changed. */
static struct seal_part_context other_context(size_t which)
{
    static uint8_t other_device[LIMIT_KEY_SIZE];
    static uint8_t other_record[LIMIT_ID_SIZE];
    struct seal_part_context other = context;
    memcpy(other_device, device, sizeof device);
    other_device[31] ^= 1;
    memcpy(other_record, record, sizeof record);
    other_record[15] ^= 1;
    if (which == 0) {
        other.device = other_device;
    } else if (which == 1) {
        other.incarnation++;
    } else if (which == 2) {
        other.seq++;
    } else if (which == 3) {
        other.record = other_record;
    } else {
        other.label++;
    }
    return other;
}

static void test_wrong_context_or_key(void **state)
{
    struct buf sealed;
    struct buf text;
    (void)state;
    buf_init(&sealed, 1000);
    buf_init(&text, 1000);
    buf_put_text(&text, "kept");
    assert_int_equal(seal_part_encrypt(part_key, &context, span_text("secret"), &sealed), ERR_NONE);
    for (size_t which = 0; which < OTHER_COUNT; which++) {
        struct seal_part_context other = other_context(which);
        uint8_t other_key[SEAL_PART_KEY_SIZE];
        assert_int_equal(seal_part_decrypt(part_key, &other, buf_span(&sealed), &text), ERR_AUTH);
        seal_part_key(record_key, &other, other_key);
        assert_memory_not_equal(other_key, part_key, sizeof other_key);
        assert_int_equal(seal_part_decrypt(other_key, &context, buf_span(&sealed), &text),
                         ERR_AUTH);
    }
    for (size_t i = 0; i < SEAL_PART_KEY_SIZE; i++) {
        uint8_t commitment[LIMIT_HASH_SIZE];
        uint8_t other_commitment[LIMIT_HASH_SIZE];
        seal_part_commit(part_key, commitment);
        part_key[i] ^= 1;
        assert_int_equal(seal_part_decrypt(part_key, &context, buf_span(&sealed), &text), ERR_AUTH);
        seal_part_commit(part_key, other_commitment);
        assert_memory_not_equal(commitment, other_commitment, sizeof commitment);
        part_key[i] ^= 1;
    }
    assert_int_equal(text.size, 4); /* nothing was added */
    buf_done(&sealed);
    buf_done(&text);
}

static void test_every_bit(void **state)
{
    struct buf sealed;
    struct buf text;
    (void)state;
    buf_init(&sealed, 1000);
    buf_init(&text, 1000);
    assert_int_equal(seal_part_encrypt(part_key, &context, span_text("secret"), &sealed), ERR_NONE);
    for (size_t bit = 0; bit < sealed.size * 8; bit++) {
        sealed.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(seal_part_decrypt(part_key, &context, buf_span(&sealed), &text), ERR_AUTH);
        sealed.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t size = 0; size < sealed.size; size++) {
        assert_int_equal(seal_part_decrypt(part_key, &context, span_of(sealed.data, size), &text),
                         ERR_AUTH);
    }
    assert_int_equal(seal_part_decrypt(part_key, &context, span_of(NULL, 0), &text), ERR_AUTH);
    for (size_t i = 0; i < 130; i++) {
        buf_put_u8(&sealed, 0);
        assert_int_equal(seal_part_decrypt(part_key, &context, buf_span(&sealed), &text), ERR_AUTH);
    }
    assert_int_equal(text.size, 0);
    buf_done(&sealed);
    buf_done(&text);
}

/* Well sealed by someone who holds the key, but not padded as it must be. */
static void test_bad_padding(void **state)
{
    static const struct {
        size_t size;
        size_t mark; /* where 0x80 stands */
        enum err err;
    } rows[] = {
        {64, 63, ERR_NONE},  {64, 0, ERR_NONE},  {64, 64, ERR_AUTH}, {128, 127, ERR_NONE},
        {128, 63, ERR_AUTH}, {32, 31, ERR_AUTH}, {96, 95, ERR_AUTH}, {65, 64, ERR_AUTH},
        {1, 0, ERR_AUTH},    {0, 0, ERR_AUTH},
    };
    struct buf text;
    uint8_t ad[68];
    (void)state;
    memcpy(ad, device, 32);
    put_u64(ad + 32, context.incarnation);
    put_u64(ad + 40, context.seq);
    memcpy(ad + 48, record, 16);
    put_u32(ad + 64, context.label);
    buf_init(&text, 1000);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        uint8_t plain[129] = {0};
        uint8_t sealed[24 + 128 + 16] = {0};
        plain[rows[i].mark] = 0x80;
        crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + 24, NULL, plain, rows[i].size, ad,
                                                   sizeof ad, NULL, sealed, part_key);
        struct span span = span_of(sealed, 24 + rows[i].size + 16);
        buf_clear(&text);
        assert_int_equal(seal_part_decrypt(part_key, &context, span, &text), rows[i].err);
        assert_int_equal(text.size, rows[i].err == ERR_NONE ? rows[i].mark : 0);
    }
    buf_done(&text);
}

static void test_too_long(void **state)
{
    static uint8_t bytes[24 + 16 + LIMIT_SEALED_SIZE];
    struct buf text;
    (void)state;
    buf_init(&text, SIZE_MAX);
    assert_int_equal(seal_part_decrypt(part_key, &context, span_of(bytes, sizeof bytes), &text),
                     ERR_AUTH);
    assert_int_equal(text.capacity, 0); /* refused before any memory was taken */
    buf_done(&text);
}

static void test_wrap(void **state)
{
    struct seal_box_secret *mine = seal_box_new_random();
    struct seal_box_secret *theirs = seal_box_new_random();
    uint8_t wrap[SEAL_WRAP_SIZE];
    uint8_t again[SEAL_WRAP_SIZE];
    uint8_t key[32] = {42};
    (void)state;
    assert_non_null(mine);
    assert_non_null(theirs);
    assert_true(seal_box_public_valid(seal_box_public_view(mine)));
    assert_memory_not_equal(seal_box_public_view(mine), seal_box_public_view(theirs), 32);
    seal_wrap(seal_box_public_view(mine), record_key, wrap);
    seal_wrap(seal_box_public_view(mine), record_key, again);
    assert_memory_equal(wrap, again, sizeof wrap);
    seal_wrap(seal_box_public_view(theirs), record_key, again);
    for (size_t i = 0; i < sizeof wrap; i += 16) {
        assert_memory_not_equal(wrap + i, again + i, 16);
    }
    uint8_t other[32] = {1};
    seal_wrap(seal_box_public_view(mine), other, again);
    assert_memory_not_equal(wrap, again, 32);
    assert_int_equal(seal_unwrap(theirs, wrap, key), ERR_AUTH);
    for (size_t i = 0; i < sizeof wrap; i++) {
        wrap[i] ^= 1;
        assert_int_equal(seal_unwrap(mine, wrap, key), ERR_AUTH);
        wrap[i] ^= 1;
    }
    assert_int_equal(key[0], 42); /* untouched so far */
    assert_int_equal(seal_unwrap(mine, wrap, key), ERR_NONE);
    assert_memory_equal(key, record_key, sizeof key);
    seal_box_free(mine);
    seal_box_free(theirs);
    seal_box_free(NULL);
}

/* An audience's secret goes to a member, who then opens what was wrapped for the audience. */
static void test_audience(void **state)
{
    struct seal_box_secret *audience = seal_box_new_random();
    struct seal_box_secret *member = seal_box_new_random();
    uint8_t wrap[SEAL_WRAP_SIZE];
    uint8_t key[32];
    (void)state;
    assert_non_null(audience);
    assert_non_null(member);
    seal_box_wrap_for(audience, seal_box_public_view(member), wrap);
    assert_int_equal(seal_unwrap(member, wrap, key), ERR_NONE);
    struct seal_box_secret *copy = seal_box_new(key);
    assert_non_null(copy);
    assert_memory_equal(seal_box_public_view(copy), seal_box_public_view(audience), 32);
    seal_wrap(seal_box_public_view(audience), record_key, wrap);
    assert_int_equal(seal_unwrap(copy, wrap, key), ERR_NONE);
    assert_memory_equal(key, record_key, sizeof key);
    seal_box_free(copy);
    seal_box_free(audience);
    seal_box_free(member);
}

/* RFC 7748, section 6.1: Bob's keys. */
static void test_known_box(void **state)
{
    static const char hex[] = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb";
    uint8_t secret[32];
    (void)state;
    assert_int_equal(text_get_hex(span_text(hex), secret, sizeof secret), ERR_NONE);
    struct seal_box_secret *box = seal_box_new(secret);
    assert_non_null(box);
    assert_hex(seal_box_public_view(box),
               "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    seal_box_free(box);
}

/* Public keys to which every secret gives the same shared key. */
static void test_weak_box_keys(void **state)
{
    static const char *const weak[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    };
    static const uint8_t zero[SEAL_WRAP_SIZE];
    struct seal_box_secret *box = seal_box_new_random();
    uint8_t public_key[32];
    uint8_t wrap[SEAL_WRAP_SIZE];
    uint8_t key[32];
    (void)state;
    assert_non_null(box);
    for (size_t i = 0; i < sizeof weak / sizeof *weak; i++) {
        assert_int_equal(text_get_hex(span_text(weak[i]), public_key, 32), ERR_NONE);
        assert_false(seal_box_public_valid(public_key));
        seal_wrap(public_key, record_key, wrap);
        assert_memory_equal(wrap, zero, sizeof wrap);
        assert_int_equal(seal_unwrap(box, wrap, key), ERR_AUTH);
    }
    memcpy(public_key, seal_box_public_view(box), 32);
    public_key[31] |= 0x80;
    assert_false(seal_box_public_valid(public_key));
    seal_box_free(box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_small_buffers),
        cmocka_unit_test(test_nonces_differ),
        cmocka_unit_test(test_wrong_context_or_key),
        cmocka_unit_test(test_every_bit),
        cmocka_unit_test(test_bad_padding),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_audience),
        cmocka_unit_test(test_known_box),
        cmocka_unit_test(test_weak_box_keys),
    };
    return cmocka_run_group_tests_name("seal part", tests, set_up, NULL);
}
