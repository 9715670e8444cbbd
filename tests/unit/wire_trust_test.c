#include "unit.h"
#include "wire/trust.h"

#include <string.h>

static struct signer *key(uint8_t number)
{
    uint8_t seed[32];
    memset(seed, number, sizeof seed);
    return signer_new(seed);
}

static void make_trust(const struct signer *hub, struct wire_trust *ret)
{
    memset(ret, 0, sizeof *ret);
    memset(ret->hub, 7, sizeof ret->hub);
    memcpy(ret->public_key, signer_public_view(hub), LIMIT_KEY_SIZE);
    memset(ret->curve_key, 9, sizeof ret->curve_key);
    memcpy(ret->origin_prefix, "hub.a.b.jieli", sizeof "hub.a.b.jieli");
    memcpy(ret->code, "460200001", sizeof "460200001");
    ret->issued_ms = 5;
}

static void test_bundle(void **state)
{
    (void)state;
    struct signer *root = key(1);
    struct signer *hub = key(2);
    struct signer *other = key(3);
    struct wire_trust trust;
    struct wire_trust read_trust;
    struct wire_bundle bundle = {.kind = WIRE_ENROL_STATION, .issued_ms = 6};
    struct wire_bundle read;
    struct buf note;
    struct buf file;
    buf_init(&note, WIRE_TRUST_SIZE);
    buf_init(&file, WIRE_TRUST_SIZE);
    make_trust(hub, &trust);
    assert_int_equal(wire_trust_seal(&trust, root, &note), ERR_NONE);
    assert_int_equal(wire_trust_open(buf_span(&note), signer_public_view(other), &read_trust),
                     ERR_AUTH);
    assert_int_equal(wire_trust_open(buf_span(&note), signer_public_view(root), &read_trust),
                     ERR_NONE);
    assert_memory_equal(&trust, &read_trust, sizeof trust);
    bundle.trust = buf_span(&note);
    memcpy(bundle.root, signer_public_view(root), LIMIT_KEY_SIZE);
    memcpy(bundle.endpoint, "tcp://127.0.0.1:7001", sizeof "tcp://127.0.0.1:7001");
    memset(bundle.device, 8, sizeof bundle.device);
    /* Signed by somebody the root does not trust. */
    assert_int_equal(wire_bundle_seal(&bundle, other, &file), ERR_NONE);
    assert_int_equal(wire_bundle_open(buf_span(&file), NULL, &read, &read_trust), ERR_AUTH);
    buf_clear(&file);
    assert_int_equal(wire_bundle_seal(&bundle, hub, &file), ERR_NONE);
    assert_int_equal(wire_bundle_open(buf_span(&file), NULL, &read, &read_trust), ERR_NONE);
    assert_string_equal(read.endpoint, "tcp://127.0.0.1:7001");
    assert_int_equal(
        wire_bundle_open(buf_span(&file), signer_public_view(other), &read, &read_trust), ERR_AUTH);
    for (size_t i = 0; i < file.size; i++) {
        file.data[i] ^= 1;
        assert_int_not_equal(wire_bundle_open(buf_span(&file), NULL, &read, &read_trust), ERR_NONE);
        file.data[i] ^= 1;
    }
    for (size_t size = 0; size < file.size; size++) {
        assert_int_not_equal(wire_bundle_open(span_of(file.data, size), NULL, &read, &read_trust),
                             ERR_NONE);
    }
    buf_done(&note);
    buf_done(&file);
    signer_free(root);
    signer_free(hub);
    signer_free(other);
}

static void test_enrolment(void **state)
{
    (void)state;
    struct signer *station = key(4);
    struct signer *other = key(5);
    struct wire_enrolment enrolment = {.kind = WIRE_ENROL_STATION, .made_ms = 1};
    struct wire_enrolment read;
    struct buf file;
    buf_init(&file, WIRE_TRUST_SIZE);
    memcpy(enrolment.public_key, signer_public_view(station), LIMIT_KEY_SIZE);
    memset(enrolment.curve_key, 9, sizeof enrolment.curve_key);
    memcpy(enrolment.code, "460200001001", sizeof "460200001001");
    /* Who asks must hold the key he asks for. */
    assert_int_equal(wire_enrolment_seal(&enrolment, other, &file), ERR_NONE);
    assert_int_equal(wire_enrolment_open(buf_span(&file), &read), ERR_AUTH);
    buf_clear(&file);
    assert_int_equal(wire_enrolment_seal(&enrolment, station, &file), ERR_NONE);
    assert_int_equal(wire_enrolment_open(buf_span(&file), &read), ERR_NONE);
    assert_memory_equal(&read, &enrolment, sizeof read);
    buf_done(&file);
    signer_free(station);
    signer_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bundle),
        cmocka_unit_test(test_enrolment),
    };
    if (seal_init() != ERR_NONE) {
        return 2;
    }
    return cmocka_run_group_tests_name("wire_trust", tests, NULL, NULL);
}
