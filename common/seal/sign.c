#include "seal/sign.h"

#include "base/check.h"
#include "seal/ed25519.h"
#include "seal/hash.h"
#include "seal/secret.h"

#include <stdlib.h>
#include <string.h>

struct signer {
    uint8_t seed[SEAL_SEED_SIZE];
    uint8_t public_key[LIMIT_KEY_SIZE];
    uint8_t key_id[LIMIT_HASH_SIZE];
};

/* What stands before the body in a PAE: at most PAE_HEAD_SIZE bytes, kept with its length. */
enum { PAE_HEAD_SIZE = 128, PAE_START_SIZE = 64 };
struct pae_head {
    char text[PAE_HEAD_SIZE];
    size_t size;
};

#define PAE_START "DSSEv1 "

struct purpose {
    const char *type;
    char start[PAE_START_SIZE]; /* of its PAEs, as far as the size of the body */
    size_t start_size;
};

/* digits: the size of type, which does not compile if it is another. */
#define PURPOSE(digits, type)                                                                      \
    {                                                                                              \
        (type), PAE_START #digits " " type " ",                                                    \
            sizeof(PAE_START #digits " " type " ") -                                               \
                sizeof(char[sizeof(type) - 1 == (digits) ? 1 : -1])                                \
    }

static const struct purpose purposes[SEAL_PURPOSE_COUNT] = {
    [SEAL_EVENT] = PURPOSE(39, "application/vnd.jieli.event.v1+protobuf"),
    [SEAL_HEAD] = PURPOSE(38, "application/vnd.jieli.head.v1+protobuf"),
    [SEAL_NACK] = PURPOSE(38, "application/vnd.jieli.nack.v1+protobuf"),
    [SEAL_ENROLMENT] = PURPOSE(43, "application/vnd.jieli.enrolment.v1+protobuf"),
    [SEAL_TRUST] = PURPOSE(39, "application/vnd.jieli.trust.v1+protobuf"),
    [SEAL_BUNDLE] = PURPOSE(40, "application/vnd.jieli.bundle.v1+protobuf"),
    [SEAL_SLIP] = PURPOSE(38, "application/vnd.jieli.slip.v1+protobuf"),
};

const char *seal_purpose_type(enum seal_purpose purpose)
{
    CHECK(purpose < SEAL_PURPOSE_COUNT);
    return purposes[purpose].type;
}

_Static_assert(PAE_START_SIZE + 21 <= PAE_HEAD_SIZE, "room for any number and a space");

/* By hand, because snprintf would be a tenth of hashing an event; copied at its full size, which
 * the compiler knows. */
static void pae_head_init(struct pae_head *head, enum seal_purpose purpose, size_t body_size)
{
    CHECK(purpose < SEAL_PURPOSE_COUNT);
    memcpy(head->text, purposes[purpose].start, PAE_START_SIZE);
    size_t end = purposes[purpose].start_size + 1;
    for (size_t rest = body_size / 10; rest > 0; rest /= 10) {
        end++;
    }
    head->size = end + 1;
    head->text[end] = ' ';
    do {
        head->text[--end] = (char)('0' + body_size % 10);
        body_size /= 10;
    } while (body_size > 0);
}

/* The PAE of a body, on the stack for all that travels in an envelope, else on the heap. */
struct pae {
    uint8_t small[PAE_HEAD_SIZE + LIMIT_ENVELOPE_SIZE];
    uint8_t *large;
    struct span span;
};

static bool pae_init(struct pae *pae, enum seal_purpose purpose, struct span body)
{
    struct pae_head head;
    pae_head_init(&head, purpose, body.size);
    uint8_t *bytes = pae->small;
    pae->large = NULL;
    if (body.size > LIMIT_ENVELOPE_SIZE) {
        pae->large = malloc(head.size + body.size);
        bytes = pae->large;
    }
    if (bytes == NULL) {
        return false;
    }
    memcpy(bytes, head.text, head.size);
    if (body.size > 0) {
        memcpy(bytes + head.size, body.data, body.size);
    }
    pae->span = span_of(bytes, head.size + body.size);
    return true;
}

static void pae_done(struct pae *pae)
{
    free(pae->large);
    pae->large = NULL;
}

struct signer *signer_new(const uint8_t seed[32])
{
    struct signer *signer = secret_new(sizeof *signer);
    if (signer == NULL) {
        return NULL;
    }
    memcpy(signer->seed, seed, SEAL_SEED_SIZE);
    seal_ed25519_public(signer->seed, signer->public_key);
    seal_key_id(SEAL_SUITE_ED25519, signer->public_key, signer->key_id);
    secret_freeze(signer);
    return signer;
}

void signer_free(struct signer *signer)
{
    secret_free(signer);
}

const uint8_t *signer_public_view(const struct signer *signer)
{
    return signer->public_key;
}

const uint8_t *signer_key_id_view(const struct signer *signer)
{
    return signer->key_id;
}

void signer_sign(const struct signer *signer, enum seal_purpose purpose, struct span body,
                 uint8_t ret_signature[LIMIT_SIGNATURE_SIZE])
{
    struct pae pae;
    bool ready = pae_init(&pae, purpose, body);
    CHECK(ready);
    seal_ed25519_sign(signer->seed, signer->public_key, pae.span, ret_signature);
    pae_done(&pae);
}

/* A note ends in a newline and does not begin as a PAE does: neither can pass for the other. */
static bool note_text_valid(struct span text)
{
    size_t start = sizeof PAE_START - 1;
    return text.size > 0 && text.data[text.size - 1] == '\n' &&
           (text.size < start || memcmp(text.data, PAE_START, start) != 0);
}

void signer_sign_note(const struct signer *signer, struct span text,
                      uint8_t ret_signature[LIMIT_SIGNATURE_SIZE])
{
    CHECK(note_text_valid(text));
    seal_ed25519_sign(signer->seed, signer->public_key, text, ret_signature);
}

void seal_key_id(uint8_t suite, const uint8_t public_key[LIMIT_KEY_SIZE],
                 uint8_t ret_id[LIMIT_HASH_SIZE])
{
    static const char domain[] = "jieli/v1/kid"; /* hashed with its NUL */
    struct seal_sha256 sha;
    seal_sha256_init(&sha);
    seal_sha256_update(&sha, span_of(domain, sizeof domain));
    seal_sha256_update(&sha, span_of(&suite, 1));
    seal_sha256_update(&sha, span_of(public_key, LIMIT_KEY_SIZE));
    seal_sha256_final(&sha, ret_id);
}

void seal_body_id(enum seal_purpose purpose, struct span body, uint8_t ret_id[LIMIT_HASH_SIZE])
{
    struct pae_head head;
    struct seal_sha256 sha;
    pae_head_init(&head, purpose, body.size);
    seal_sha256_init(&sha);
    seal_sha256_update(&sha, span_of(head.text, head.size));
    seal_sha256_update(&sha, body);
    seal_sha256_final(&sha, ret_id);
}

bool seal_verify(const uint8_t public_key[LIMIT_KEY_SIZE], enum seal_purpose purpose,
                 struct span body, const uint8_t signature[LIMIT_SIGNATURE_SIZE])
{
    struct pae pae;
    if (!pae_init(&pae, purpose, body)) {
        return false;
    }
    bool valid = seal_ed25519_verify(public_key, pae.span, signature);
    pae_done(&pae);
    return valid;
}

bool seal_verify_note(const uint8_t public_key[LIMIT_KEY_SIZE], struct span text,
                      const uint8_t signature[LIMIT_SIGNATURE_SIZE])
{
    return note_text_valid(text) && seal_ed25519_verify(public_key, text, signature);
}
