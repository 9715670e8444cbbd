/* Files between strangers that are signed well and still wrong inside. */
#include "trust.pb-c.h"
#include "unit.h"
#include "wire/read.h"
#include "wire/trust.h"

#include <string.h>

static struct signer *station;
static struct signer *hub;
static struct signer *root;
static uint8_t zeros[LIMIT_KEY_SIZE];
static uint8_t ones[LIMIT_KEY_SIZE + 1];
static char long_code[LIMIT_CODE_SIZE + 1];
static char long_text[WIRE_ENDPOINT_SIZE + 1];

static int setup(void **state)
{
    (void)state;
    uint8_t seed[32] = {1};
    assert_int_equal(seal_init(), ERR_NONE);
    station = signer_new(seed);
    seed[0] = 2;
    hub = signer_new(seed);
    seed[0] = 3;
    root = signer_new(seed);
    assert_true(station != NULL && hub != NULL && root != NULL);
    memset(ones, 1, sizeof ones);
    memset(long_code, 'a', LIMIT_CODE_SIZE);
    memset(long_text, 'a', WIRE_ENDPOINT_SIZE);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    signer_free(station);
    signer_free(hub);
    signer_free(root);
    return 0;
}

/* The bytes of message as a Signed file of that purpose. */
static void sign(const ProtobufCMessage *message, enum seal_purpose purpose,
                 const struct signer *signer, struct buf *ret)
{
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    Jieli__V1__Signed outer;
    struct buf body;
    buf_init(&body, WIRE_TRUST_SIZE);
    wire_write(message, &body);
    signer_sign(signer, purpose, buf_span(&body), signature);
    jieli__v1__signed__init(&outer);
    outer.body = wire_bytes(body.data, body.size);
    outer.suite = SEAL_SUITE_ED25519;
    outer.public_key = wire_bytes(signer_public_view(signer), LIMIT_KEY_SIZE);
    outer.signature = wire_bytes(signature, sizeof signature);
    wire_write(&outer.base, ret);
    buf_done(&body);
}

static enum err open_enrolment(const Jieli__V1__Enrolment *message)
{
    struct wire_enrolment enrolment;
    struct buf file;
    buf_init(&file, WIRE_TRUST_SIZE);
    sign(&message->base, SEAL_ENROLMENT, station, &file);
    enum err err = wire_enrolment_open(buf_span(&file), &enrolment);
    buf_done(&file);
    return err;
}

static void test_enrolment(void **state)
{
    (void)state;
    Jieli__V1__Enrolment good;
    Jieli__V1__Enrolment rows[12];
    jieli__v1__enrolment__init(&good);
    good.kind = JIELI__V1__ENROLMENT_KIND__ENROL_HUB;
    good.public_key = wire_bytes(signer_public_view(station), LIMIT_KEY_SIZE);
    good.curve_key = wire_bytes(ones, LIMIT_KEY_SIZE);
    good.box_key = wire_bytes(ones, LIMIT_KEY_SIZE);
    good.hub = wire_bytes(ones, LIMIT_ID_SIZE);
    assert_int_equal(open_enrolment(&good), ERR_NONE);
    for (size_t i = 0; i < 12; i++) {
        rows[i] = good;
    }
    rows[0].kind = JIELI__V1__ENROLMENT_KIND__ENROL_NONE;
    rows[1].kind = (Jieli__V1__EnrolmentKind)4;
    rows[2].public_key.len--;
    rows[3].curve_key.len = 0;
    rows[4].curve_key.data = zeros;
    rows[5].box_key.len--;
    rows[6].box_key = wire_bytes(ones, LIMIT_KEY_SIZE + 1);
    rows[7].hub.len--;
    rows[8].code = long_code;
    rows[9].code = wire_text("\xe6\x9d\x91");
    rows[10].origin_prefix = long_text;
    rows[11].box_key.data = zeros;
    for (size_t i = 0; i < 12; i++) {
        assert_int_equal(open_enrolment(&rows[i]), ERR_MALFORMED);
    }
    /* Signed by one key, and asking for another. */
    good.public_key = wire_bytes(signer_public_view(hub), LIMIT_KEY_SIZE);
    assert_int_equal(open_enrolment(&good), ERR_AUTH);
}

static enum err open_trust(const Jieli__V1__TrustNote *message)
{
    struct wire_trust trust;
    struct buf file;
    buf_init(&file, WIRE_TRUST_SIZE);
    sign(&message->base, SEAL_TRUST, root, &file);
    enum err err = wire_trust_open(buf_span(&file), signer_public_view(root), &trust);
    buf_done(&file);
    return err;
}

static Jieli__V1__TrustNote a_trust_note(void)
{
    Jieli__V1__TrustNote note;
    jieli__v1__trust_note__init(&note);
    note.hub = wire_bytes(ones, LIMIT_ID_SIZE);
    note.public_key = wire_bytes(signer_public_view(hub), LIMIT_KEY_SIZE);
    note.curve_key = wire_bytes(ones, LIMIT_KEY_SIZE);
    note.origin_prefix = wire_text("hub.example.jieli");
    note.code = wire_text("500101001");
    return note;
}

static void test_trust(void **state)
{
    (void)state;
    Jieli__V1__TrustNote good = a_trust_note();
    Jieli__V1__TrustNote rows[7];
    assert_int_equal(open_trust(&good), ERR_NONE);
    for (size_t i = 0; i < 7; i++) {
        rows[i] = good;
    }
    rows[0].hub.len--;
    rows[1].public_key.len--;
    rows[2].public_key = wire_bytes(zeros, LIMIT_KEY_SIZE);
    rows[3].curve_key.data = zeros;
    rows[4].code = long_code;
    rows[5].origin_prefix = long_text;
    uint8_t weak[LIMIT_KEY_SIZE] = {1}; /* the neutral element */
    rows[6].public_key = wire_bytes(weak, LIMIT_KEY_SIZE);
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(open_trust(&rows[i]), ERR_MALFORMED);
    }
}

static enum err open_bundle(const Jieli__V1__Bundle *message)
{
    struct wire_bundle bundle;
    struct wire_trust trust;
    struct buf file;
    buf_init(&file, WIRE_TRUST_SIZE);
    sign(&message->base, SEAL_BUNDLE, hub, &file);
    enum err err = wire_bundle_open(buf_span(&file), NULL, &bundle, &trust);
    buf_done(&file);
    return err;
}

static void test_bundle(void **state)
{
    (void)state;
    Jieli__V1__TrustNote note = a_trust_note();
    Jieli__V1__Bundle good;
    Jieli__V1__Bundle rows[7];
    struct buf trust;
    buf_init(&trust, WIRE_TRUST_SIZE);
    sign(&note.base, SEAL_TRUST, root, &trust);
    jieli__v1__bundle__init(&good);
    good.trust = wire_bytes(trust.data, trust.size);
    good.root = wire_bytes(signer_public_view(root), LIMIT_KEY_SIZE);
    good.device = wire_bytes(ones, LIMIT_KEY_SIZE);
    good.kind = JIELI__V1__ENROLMENT_KIND__ENROL_AUDITOR;
    assert_int_equal(open_bundle(&good), ERR_NONE);
    for (size_t i = 0; i < 7; i++) {
        rows[i] = good;
    }
    rows[0].root.len--;
    rows[1].device.len--;
    rows[2].kind = JIELI__V1__ENROLMENT_KIND__ENROL_NONE;
    rows[3].endpoint = long_text;
    rows[4].bell_endpoint = long_text;
    rows[5].trust.len = 0;
    rows[6].trust.len--;
    for (size_t i = 0; i < 7; i++) {
        assert_int_equal(open_bundle(&rows[i]), ERR_MALFORMED);
    }
    buf_done(&trust);
}

/* The outer message, and a body that is none of the three. */
static void test_signed(void **state)
{
    (void)state;
    Jieli__V1__Signed inner;
    struct wire_enrolment enrolment;
    struct wire_trust trust;
    struct wire_bundle bundle;
    struct buf file;
    static const uint8_t large[WIRE_TRUST_SIZE + 1];
    buf_init(&file, WIRE_TRUST_SIZE);
    jieli__v1__signed__init(&inner);
    inner.suite = 300; /* where the three have bytes or nothing */
    inner.body = wire_bytes(ones, 1);
    sign(&inner.base, SEAL_ENROLMENT, station, &file);
    assert_int_equal(wire_enrolment_open(buf_span(&file), &enrolment), ERR_MALFORMED);
    buf_clear(&file);
    sign(&inner.base, SEAL_TRUST, root, &file);
    assert_int_equal(wire_trust_open(buf_span(&file), signer_public_view(root), &trust),
                     ERR_MALFORMED);
    buf_clear(&file);
    sign(&inner.base, SEAL_BUNDLE, hub, &file);
    assert_int_equal(wire_bundle_open(buf_span(&file), NULL, &bundle, &trust), ERR_MALFORMED);
    assert_int_equal(wire_trust_open(span_of(large, sizeof large), ones, &trust), ERR_LIMIT);
    assert_int_equal(wire_trust_open(span_of(NULL, 0), ones, &trust), ERR_MALFORMED);
    buf_done(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_enrolment),
        cmocka_unit_test(test_trust),
        cmocka_unit_test(test_bundle),
        cmocka_unit_test(test_signed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
