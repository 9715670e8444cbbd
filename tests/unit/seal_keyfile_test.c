#include "seal/keyfile.h"
#include "unit.h"

#include <sodium.h>
#include <string.h>

/* Offsets of the format: magic 8, version 1, suite 1, passes 8, memory 8, salt 16, nonce 24,
 * sealed 80, tag 32. */
enum { AT_VERSION = 8, AT_PASSES = 10, AT_MEMORY = 18, AT_SALT = 26, AT_SEALED = 66, AT_TAG = 146 };
enum { FILE_SIZE = 178 };

static struct keyring *keyring;
static struct buf file;
static uint8_t device_secret[KEYFILE_DEVICE_SECRET_SIZE] = {1, 2, 3};
static const char PASSWORD[] = "correct horse \u7535\u6c60";

static int set_up(void **state)
{
    (void)state;
    if (seal_init() != ERR_NONE) {
        return -1;
    }
    keyring = keyring_new_random();
    buf_init(&file, KEYFILE_SIZE_MAX);
    return keyring == NULL || keyfile_seal(keyring, span_text(PASSWORD), device_secret,
                                           keyfile_cost_floor(), &file) != ERR_NONE;
}

static int tear_down(void **state)
{
    (void)state;
    keyring_free(keyring);
    keyring_free(NULL);
    buf_done(&file);
    return 0;
}

static enum err open_file(struct span bytes, const char *password)
{
    struct keyring *opened = NULL;
    enum err err = keyfile_open(bytes, span_text(password), device_secret, &opened);
    assert_int_equal(err == ERR_NONE, opened != NULL);
    keyring_free(opened);
    return err;
}

/* Makes a changed file whole again, as the owner of the device secret could. */
static void put_tag(void)
{
    struct buf message;
    buf_init(&message, 1000);
    buf_put(&message, "jieli/v1/keyfile", sizeof "jieli/v1/keyfile");
    buf_put(&message, file.data, AT_TAG);
    crypto_generichash(file.data + AT_TAG, 32, message.data, message.size, device_secret, 32);
    buf_done(&message);
}

static void test_round_trip(void **state)
{
    struct keyring *opened = NULL;
    struct span body = span_text("body");
    uint8_t one[LIMIT_SIGNATURE_SIZE];
    uint8_t two[LIMIT_SIGNATURE_SIZE];
    uint8_t wrap[SEAL_WRAP_SIZE];
    uint8_t key[32];
    (void)state;
    assert_int_equal(file.size, FILE_SIZE);
    assert_int_equal(keyfile_open(buf_span(&file), span_text(PASSWORD), device_secret, &opened),
                     ERR_NONE);
    const struct signer *signer = keyring_signer_view(opened);
    assert_memory_equal(signer_public_view(signer),
                        signer_public_view(keyring_signer_view(keyring)), 32);
    signer_sign(signer, SEAL_EVENT, body, one);
    signer_sign(keyring_signer_view(keyring), SEAL_EVENT, body, two);
    assert_memory_equal(one, two, sizeof one);
    seal_wrap(seal_box_public_view(keyring_box_view(keyring)), one, wrap);
    assert_int_equal(seal_unwrap(keyring_box_view(opened), wrap, key), ERR_NONE);
    assert_memory_equal(key, one, sizeof key);
    keyring_free(opened);
}

static void test_wrong_password(void **state)
{
    (void)state;
    assert_int_equal(open_file(buf_span(&file), "correct horse"), ERR_AUTH);
    assert_int_equal(open_file(buf_span(&file), ""), ERR_AUTH);
}

/* Refused before the costly derivation: else these runs would take minutes. */
static void test_wrong_device(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof device_secret; i++) {
        device_secret[i] ^= 1;
        assert_int_equal(open_file(buf_span(&file), PASSWORD), ERR_AUTH);
        device_secret[i] ^= 1;
    }
}

static void test_every_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < file.size; i++) {
        enum err expected = i < AT_VERSION  ? ERR_MALFORMED
                            : i < AT_PASSES ? ERR_VERSION
                            : i < AT_SALT   ? ERR_LIMIT
                                            : ERR_AUTH;
        file.data[i] ^= 0xff;
        assert_int_equal(open_file(buf_span(&file), PASSWORD), expected);
        file.data[i] ^= 0xff;
        assert_int_equal(open_file(span_of(file.data, i), PASSWORD), ERR_MALFORMED);
    }
    assert_int_equal(open_file(span_of(NULL, 0), PASSWORD), ERR_MALFORMED);
    buf_put_u8(&file, 0);
    assert_int_equal(open_file(buf_span(&file), PASSWORD), ERR_MALFORMED);
    file.size--;
}

/* Behind the tag stands the cipher, which binds the header too. */
static void test_altered_and_tagged(void **state)
{
    static const size_t spots[] = {AT_PASSES + 7, AT_SALT, AT_SALT + 16, AT_SEALED, AT_TAG - 1};
    (void)state;
    for (size_t i = 0; i < sizeof spots / sizeof *spots; i++) {
        uint8_t right = file.data[spots[i]];
        file.data[spots[i]] = i == 0 ? 4 : right ^ 0x10;
        put_tag();
        assert_int_equal(open_file(buf_span(&file), PASSWORD), ERR_AUTH);
        file.data[spots[i]] = right;
    }
    put_tag();
    assert_int_equal(open_file(buf_span(&file), PASSWORD), ERR_NONE);
}

/* The right password, brought to another device with a tag of its own. */
static void test_moved_to_another_device(void **state)
{
    (void)state;
    device_secret[0] ^= 1;
    put_tag();
    assert_int_equal(open_file(buf_span(&file), PASSWORD), ERR_AUTH);
    device_secret[0] ^= 1;
    put_tag();
}

/* The format, put together here from the words of the README. */
static void test_format(void **state)
{
    static const uint8_t secrets[64] = {[5] = 1, [37] = 2};
    static const char domain[] = "jieli/v1/password";
    struct signer *signer = signer_new(secrets);
    struct seal_box_secret *box = seal_box_new(secrets + 32);
    struct keyring *opened = NULL;
    struct buf message;
    uint8_t mixed[64];
    uint8_t key[32];
    (void)state;
    assert_non_null(signer);
    assert_non_null(box);
    buf_init(&message, 1000);
    buf_put(&message, domain, sizeof domain);
    buf_put_text(&message, PASSWORD);
    crypto_generichash(mixed, 64, message.data, message.size, device_secret, 32);
    buf_done(&message);
    assert_int_equal(crypto_pwhash(key, 32, (const char *)mixed, 64, file.data + AT_SALT, 3,
                                   (size_t)64 << 20, crypto_pwhash_ALG_ARGON2ID13),
                     0);
    uint8_t before[FILE_SIZE];
    memcpy(before, file.data, FILE_SIZE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(file.data + AT_SEALED, NULL, secrets, 64, file.data,
                                               AT_SEALED, NULL, file.data + AT_SALT + 16, key);
    put_tag();
    assert_int_equal(keyfile_open(buf_span(&file), span_text(PASSWORD), device_secret, &opened),
                     ERR_NONE);
    memcpy(file.data, before, FILE_SIZE);
    assert_memory_equal(signer_public_view(keyring_signer_view(opened)), signer_public_view(signer),
                        32);
    assert_memory_equal(seal_box_public_view(keyring_box_view(opened)), seal_box_public_view(box),
                        32);
    keyring_free(opened);
    seal_box_free(box);
    signer_free(signer);
}

static void test_hostile_costs(void **state)
{
    const uint64_t mib = 1 << 20;
    const struct keyfile_cost costs[] = {
        {0, 64 * mib},
        {2, 64 * mib},
        {65, 64 * mib},
        {UINT64_MAX, 64 * mib},
        {3, 0},
        {3, 63 * mib},
        {3, 64 * mib + 1},
        {3, 1024 * mib + mib},
        {3, UINT64_MAX / mib * mib},
        {3, UINT64_MAX},
        {3, (uint64_t)1 << 32},
    };
    struct buf made;
    uint8_t right[AT_TAG];
    (void)state;
    buf_init(&made, KEYFILE_SIZE_MAX);
    memcpy(right, file.data, sizeof right);
    for (size_t i = 0; i < sizeof costs / sizeof *costs; i++) {
        put_u64(file.data + AT_PASSES, costs[i].passes);
        put_u64(file.data + AT_MEMORY, costs[i].memory);
        put_tag();
        assert_int_equal(open_file(buf_span(&file), PASSWORD), ERR_LIMIT);
        assert_int_equal(keyfile_seal(keyring, span_text(PASSWORD), device_secret, costs[i], &made),
                         ERR_LIMIT);
    }
    assert_int_equal(made.size, 0);
    memcpy(file.data, right, sizeof right);
    put_tag();
    buf_done(&made);
}

static void test_floor(void **state)
{
    struct keyfile_cost cost = keyfile_cost_floor();
    (void)state;
    assert_true(cost.passes == 3);
    assert_true(cost.memory == (uint64_t)64 << 20);
    assert_int_equal(get_u64(file.data + AT_PASSES), 3);
    assert_int_equal(get_u64(file.data + AT_MEMORY), (uint64_t)64 << 20);
    cost = keyfile_cost_default();
    assert_in_range(cost.passes, 3, 64);
    assert_true(cost.memory == (uint64_t)64 << 20);
}

/* A device's own file has an empty password; two files of one keyring share nothing. */
static void test_device_file(void **state)
{
    struct buf other;
    (void)state;
    buf_init(&other, KEYFILE_SIZE_MAX);
    assert_int_equal(
        keyfile_seal(keyring, span_of(NULL, 0), device_secret, keyfile_cost_floor(), &other),
        ERR_NONE);
    assert_int_equal(open_file(buf_span(&other), ""), ERR_NONE);
    assert_memory_not_equal(other.data + AT_SALT, file.data + AT_SALT, 16);
    assert_memory_not_equal(other.data + AT_SALT + 16, file.data + AT_SALT + 16, 24);
    buf_done(&other);
}

static void test_small_buffer(void **state)
{
    struct buf small;
    (void)state;
    buf_init(&small, FILE_SIZE - 1);
    assert_int_equal(
        keyfile_seal(keyring, span_text(PASSWORD), device_secret, keyfile_cost_floor(), &small),
        ERR_LIMIT);
    assert_int_equal(small.size, 0);
    buf_done(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_wrong_password),
        cmocka_unit_test(test_wrong_device),
        cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_altered_and_tagged),
        cmocka_unit_test(test_moved_to_another_device),
        cmocka_unit_test(test_format),
        cmocka_unit_test(test_hostile_costs),
        cmocka_unit_test(test_floor),
        cmocka_unit_test(test_device_file),
        cmocka_unit_test(test_small_buffer),
    };
    return cmocka_run_group_tests_name("seal keyfile", tests, set_up, tear_down);
}
