#include "wire/trust.h"

#include "seal/ed25519.h"
#include "trust.pb-c.h"
#include "wire/read.h"

#include <string.h>

enum { TRUST_ARENA = 4096 };

static enum err seal_signed(struct span body, enum seal_purpose purpose,
                            const struct signer *signer, struct buf *ret)
{
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    Jieli__V1__Signed message;
    jieli__v1__signed__init(&message);
    signer_sign(signer, purpose, body, signature);
    message.body = wire_bytes(body.data, body.size);
    message.suite = SEAL_SUITE_ED25519;
    message.public_key = wire_bytes(signer_public_view(signer), LIMIT_KEY_SIZE);
    message.signature = wire_bytes(signature, sizeof signature);
    wire_write(&message.base, ret);
    return ret->err;
}

/* The body of a Signed file whose signature holds, and who signed. */
static enum err open_signed(struct span bytes, enum seal_purpose purpose, struct wire_arena *arena,
                            struct span *ret_body, uint8_t *ret_public)
{
    ProtobufCMessage *read = NULL;
    if (bytes.size > WIRE_TRUST_SIZE) {
        return ERR_LIMIT;
    }
    enum err err = wire_read(&jieli__v1__signed__descriptor, bytes, 1, arena, &read);
    if (err != ERR_NONE) {
        return err;
    }
    const Jieli__V1__Signed *message = (const Jieli__V1__Signed *)read;
    if (message->suite != SEAL_SUITE_ED25519 || !wire_is_id(message->public_key, LIMIT_KEY_SIZE) ||
        message->signature.len != LIMIT_SIGNATURE_SIZE) {
        return ERR_MALFORMED;
    }
    if (!seal_ed25519_key_valid(message->public_key.data) ||
        !seal_verify(message->public_key.data, purpose, wire_span(message->body),
                     message->signature.data)) {
        return ERR_AUTH;
    }
    *ret_body = wire_span(message->body);
    memcpy(ret_public, message->public_key.data, LIMIT_KEY_SIZE);
    return ERR_NONE;
}

/* A text field into its fixed room; false when it does not fit or is not printable ASCII. */
static bool take_text(const char *text, char *ret, size_t size)
{
    size_t length = strlen(text);
    if (!wire_is_code(text, size - 1)) {
        return false;
    }
    memset(ret, 0, size);
    if (length > 0) {
        memcpy(ret, text, length + 1);
    }
    return true;
}

static bool is_kind(Jieli__V1__EnrolmentKind kind)
{
    return (int)kind >= WIRE_ENROL_STATION && (int)kind <= WIRE_ENROL_HUB;
}

enum err wire_enrolment_seal(const struct wire_enrolment *enrolment, const struct signer *signer,
                             struct buf *ret)
{
    struct buf body;
    Jieli__V1__Enrolment message;
    jieli__v1__enrolment__init(&message);
    message.kind = (Jieli__V1__EnrolmentKind)enrolment->kind;
    message.public_key = wire_bytes(enrolment->public_key, LIMIT_KEY_SIZE);
    message.curve_key = wire_bytes(enrolment->curve_key, LIMIT_KEY_SIZE);
    message.box_key = wire_bytes_optional(enrolment->box_key, LIMIT_KEY_SIZE);
    message.code = wire_text(enrolment->code);
    message.origin_prefix = wire_text(enrolment->origin_prefix);
    message.hub = wire_bytes_optional(enrolment->hub, LIMIT_ID_SIZE);
    message.made_ms = enrolment->made_ms;
    buf_init(&body, WIRE_TRUST_SIZE);
    wire_write(&message.base, &body);
    enum err err =
        body.err != ERR_NONE ? body.err : seal_signed(buf_span(&body), SEAL_ENROLMENT, signer, ret);
    buf_done(&body);
    return err;
}

enum err wire_enrolment_open(struct span bytes, struct wire_enrolment *ret)
{
    WIRE_STACK_ARENA(arena, TRUST_ARENA);
    uint8_t public_key[LIMIT_KEY_SIZE];
    struct span body = {NULL, 0};
    ProtobufCMessage *read = NULL;
    enum err err = open_signed(bytes, SEAL_ENROLMENT, &arena, &body, public_key);
    if (err == ERR_NONE) {
        err = wire_read(&jieli__v1__enrolment__descriptor, body, 1, &arena, &read);
    }
    if (err != ERR_NONE) {
        return err;
    }
    const Jieli__V1__Enrolment *message = (const Jieli__V1__Enrolment *)read;
    struct wire_enrolment enrolment = {.kind = (enum wire_enrolment_kind)message->kind,
                                       .made_ms = message->made_ms};
    if (!is_kind(message->kind) || !wire_is_id(message->public_key, LIMIT_KEY_SIZE) ||
        !wire_is_id(message->curve_key, LIMIT_KEY_SIZE) ||
        !wire_is_id_or_empty(message->box_key, LIMIT_KEY_SIZE) ||
        !wire_is_id_or_empty(message->hub, LIMIT_ID_SIZE) ||
        !take_text(message->code, enrolment.code, sizeof enrolment.code) ||
        !take_text(message->origin_prefix, enrolment.origin_prefix,
                   sizeof enrolment.origin_prefix)) {
        return ERR_MALFORMED;
    }
    wire_copy(message->public_key, enrolment.public_key, LIMIT_KEY_SIZE);
    wire_copy(message->curve_key, enrolment.curve_key, LIMIT_KEY_SIZE);
    wire_copy(message->box_key, enrolment.box_key, LIMIT_KEY_SIZE);
    wire_copy(message->hub, enrolment.hub, LIMIT_ID_SIZE);
    if (memcmp(public_key, enrolment.public_key, sizeof public_key) != 0) {
        return ERR_AUTH;
    }
    *ret = enrolment;
    return ERR_NONE;
}

enum err wire_trust_seal(const struct wire_trust *trust, const struct signer *root, struct buf *ret)
{
    struct buf body;
    Jieli__V1__TrustNote message;
    jieli__v1__trust_note__init(&message);
    message.hub = wire_bytes(trust->hub, LIMIT_ID_SIZE);
    message.public_key = wire_bytes(trust->public_key, LIMIT_KEY_SIZE);
    message.curve_key = wire_bytes(trust->curve_key, LIMIT_KEY_SIZE);
    message.origin_prefix = wire_text(trust->origin_prefix);
    message.code = wire_text(trust->code);
    message.issued_ms = trust->issued_ms;
    buf_init(&body, WIRE_TRUST_SIZE);
    wire_write(&message.base, &body);
    enum err err =
        body.err != ERR_NONE ? body.err : seal_signed(buf_span(&body), SEAL_TRUST, root, ret);
    buf_done(&body);
    return err;
}

enum err wire_trust_open(struct span bytes, const uint8_t root[LIMIT_KEY_SIZE],
                         struct wire_trust *ret)
{
    WIRE_STACK_ARENA(arena, TRUST_ARENA);
    uint8_t public_key[LIMIT_KEY_SIZE];
    struct span body = {NULL, 0};
    ProtobufCMessage *read = NULL;
    enum err err = open_signed(bytes, SEAL_TRUST, &arena, &body, public_key);
    if (err == ERR_NONE && memcmp(public_key, root, sizeof public_key) != 0) {
        err = ERR_AUTH;
    }
    if (err == ERR_NONE) {
        err = wire_read(&jieli__v1__trust_note__descriptor, body, 1, &arena, &read);
    }
    if (err != ERR_NONE) {
        return err;
    }
    const Jieli__V1__TrustNote *message = (const Jieli__V1__TrustNote *)read;
    struct wire_trust trust = {.issued_ms = message->issued_ms};
    if (!wire_is_id(message->hub, LIMIT_ID_SIZE) ||
        !wire_is_id(message->public_key, LIMIT_KEY_SIZE) ||
        !wire_is_id(message->curve_key, LIMIT_KEY_SIZE) ||
        !take_text(message->code, trust.code, sizeof trust.code) ||
        !take_text(message->origin_prefix, trust.origin_prefix, sizeof trust.origin_prefix) ||
        !seal_ed25519_key_valid(message->public_key.data)) {
        return ERR_MALFORMED;
    }
    wire_copy(message->hub, trust.hub, LIMIT_ID_SIZE);
    wire_copy(message->public_key, trust.public_key, LIMIT_KEY_SIZE);
    wire_copy(message->curve_key, trust.curve_key, LIMIT_KEY_SIZE);
    *ret = trust;
    return ERR_NONE;
}

enum err wire_bundle_seal(const struct wire_bundle *bundle, const struct signer *hub,
                          struct buf *ret)
{
    struct buf body;
    Jieli__V1__Bundle message;
    jieli__v1__bundle__init(&message);
    message.trust = wire_bytes(bundle->trust.data, bundle->trust.size);
    message.root = wire_bytes(bundle->root, LIMIT_KEY_SIZE);
    message.endpoint = wire_text(bundle->endpoint);
    message.bell_endpoint = wire_text(bundle->bell_endpoint);
    message.device = wire_bytes(bundle->device, LIMIT_KEY_SIZE);
    message.kind = (Jieli__V1__EnrolmentKind)bundle->kind;
    message.issued_ms = bundle->issued_ms;
    buf_init(&body, WIRE_TRUST_SIZE);
    wire_write(&message.base, &body);
    enum err err =
        body.err != ERR_NONE ? body.err : seal_signed(buf_span(&body), SEAL_BUNDLE, hub, ret);
    buf_done(&body);
    return err;
}

static enum err read_bundle(struct span body, struct wire_arena *arena, struct wire_bundle *ret)
{
    ProtobufCMessage *read = NULL;
    enum err err = wire_read(&jieli__v1__bundle__descriptor, body, 1, arena, &read);
    if (err != ERR_NONE) {
        return err;
    }
    const Jieli__V1__Bundle *message = (const Jieli__V1__Bundle *)read;
    if (!wire_is_id(message->root, LIMIT_KEY_SIZE) ||
        !wire_is_id(message->device, LIMIT_KEY_SIZE) || !is_kind(message->kind) ||
        !take_text(message->endpoint, ret->endpoint, sizeof ret->endpoint) ||
        !take_text(message->bell_endpoint, ret->bell_endpoint, sizeof ret->bell_endpoint)) {
        return ERR_MALFORMED;
    }
    ret->trust = wire_span(message->trust);
    wire_copy(message->root, ret->root, LIMIT_KEY_SIZE);
    wire_copy(message->device, ret->device, LIMIT_KEY_SIZE);
    ret->kind = (enum wire_enrolment_kind)message->kind;
    ret->issued_ms = message->issued_ms;
    return ERR_NONE;
}

enum err wire_bundle_open(struct span bytes, const uint8_t *root, struct wire_bundle *ret,
                          struct wire_trust *ret_trust)
{
    WIRE_STACK_ARENA(arena, TRUST_ARENA);
    uint8_t public_key[LIMIT_KEY_SIZE];
    struct span body = {NULL, 0};
    struct wire_bundle bundle = {.kind = WIRE_ENROL_STATION};
    struct wire_trust trust;
    enum err err = open_signed(bytes, SEAL_BUNDLE, &arena, &body, public_key);
    if (err == ERR_NONE) {
        err = read_bundle(body, &arena, &bundle);
    }
    if (err == ERR_NONE) {
        err = wire_trust_open(bundle.trust, root == NULL ? bundle.root : root, &trust);
    }
    if (err == ERR_NONE && memcmp(public_key, trust.public_key, sizeof public_key) != 0) {
        err = ERR_AUTH;
    }
    if (err == ERR_NONE) {
        *ret = bundle;
        *ret_trust = trust;
    }
    return err;
}
