#include "tlog/checkpoint.h"

#include "base/text.h"
#include "seal/hash.h"

#include <string.h>

enum {
    NOTE_KEY_ID_SIZE = 4,
    NOTE_ALGORITHM_ED25519 = 1,
    NOTE_SIGNATURES_MAX_COUNT = 16,
};

/* Other implementations read the size as a signed 64-bit number. */
static const uint64_t SIZE_MAX_OUTSIDE = INT64_MAX;

static const char SIGNATURE_START[] = "\xe2\x80\x94 "; /* em dash, space */

/* Does text begin with white space as Unicode has it, control characters aside? */
static bool starts_with_space(struct span text)
{
    static const char *const spaces[] = {
        " ",      "\xc2\x85", "\u00a0", "\u1680", "\u2000", "\u2001", "\u2002",
        "\u2003", "\u2004",   "\u2005", "\u2006", "\u2007", "\u2008", "\u2009",
        "\u200a", "\u2028",   "\u2029", "\u202f", "\u205f", "\u3000",
    };
    for (size_t i = 0; i < sizeof spaces / sizeof *spaces; i++) {
        struct span space = span_text(spaces[i]);
        if (text.size >= space.size && memcmp(text.data, space.data, space.size) == 0) {
            return true;
        }
    }
    return false;
}

/* A key name of C2SP signed-note: UTF-8, not empty, no plus sign, no white space. */
static bool name_valid(struct span name)
{
    if (name.size == 0 || name.size >= TLOG_ORIGIN_SIZE || !text_is_utf8(name)) {
        return false;
    }
    for (size_t i = 0; i < name.size; i++) {
        struct span rest = span_of(name.data + i, name.size - i);
        if (name.data[i] < 0x20 || name.data[i] == '+' || starts_with_space(rest)) {
            return false;
        }
    }
    return true;
}

static void key_id_of(struct span name, const uint8_t public_key[LIMIT_KEY_SIZE],
                      uint8_t ret[NOTE_KEY_ID_SIZE])
{
    static const uint8_t middle[] = {'\n', NOTE_ALGORITHM_ED25519};
    uint8_t hash[LIMIT_HASH_SIZE];
    struct seal_sha256 sha;
    seal_sha256_init(&sha);
    seal_sha256_update(&sha, name);
    seal_sha256_update(&sha, span_of(middle, sizeof middle));
    seal_sha256_update(&sha, span_of(public_key, LIMIT_KEY_SIZE));
    seal_sha256_final(&sha, hash);
    memcpy(ret, hash, NOTE_KEY_ID_SIZE);
}

enum err tlog_checkpoint_sign(const struct tlog_checkpoint *checkpoint, const struct signer *signer,
                              struct buf *ret_note)
{
    const char *origin = checkpoint->origin;
    struct span name = span_of(origin, strnlen(origin, TLOG_ORIGIN_SIZE));
    uint8_t signature[NOTE_KEY_ID_SIZE + LIMIT_SIGNATURE_SIZE];
    struct buf text;
    if (!name_valid(name)) {
        return ERR_MALFORMED;
    }
    if (checkpoint->size > SIZE_MAX_OUTSIDE) {
        return ERR_LIMIT;
    }
    buf_init(&text, LIMIT_NOTE_SIZE);
    buf_put_format(&text, "%s\n%llu\n", origin, (unsigned long long)checkpoint->size);
    text_put_base64(&text, span_of(checkpoint->root.bytes, LIMIT_HASH_SIZE));
    buf_put_text(&text, "\n");
    enum err err = text.err;
    if (err != ERR_NONE) {
        goto out;
    }
    key_id_of(name, signer_public_view(signer), signature);
    signer_sign_note(signer, buf_span(&text), signature + NOTE_KEY_ID_SIZE);
    buf_put_format(&text, "\n%s%s ", SIGNATURE_START, origin);
    text_put_base64(&text, span_of(signature, sizeof signature));
    buf_put_text(&text, "\n");
    err = text.err;
    if (err == ERR_NONE) {
        buf_put_span(ret_note, buf_span(&text));
        err = ret_note->err;
    }
out:
    buf_done(&text);
    return err;
}

/* Splits off the bytes before the next separator; false when there is none. */
static bool take_until(struct span *rest, char separator, struct span *ret)
{
    const uint8_t *end = rest->size > 0 ? memchr(rest->data, separator, rest->size) : NULL;
    if (end == NULL) {
        return false;
    }
    size_t size = (size_t)(end - rest->data);
    *ret = span_of(rest->data, size);
    *rest = span_of(end + 1, rest->size - size - 1);
    return true;
}

/* Decodes base64 of exactly ret.size bytes. */
static enum err base64_exact(struct span text, uint8_t *ret, size_t size)
{
    struct buf bytes;
    buf_init(&bytes, size);
    enum err err = text_get_base64(text, &bytes);
    if (err == ERR_NONE && bytes.size == size) {
        memcpy(ret, bytes.data, size);
    } else if (err != ERR_MEMORY) {
        err = ERR_MALFORMED;
    }
    buf_done(&bytes);
    return err;
}

/* The three lines of the text; ret->origin is the note's own. */
static enum err read_text(struct span *rest, struct tlog_checkpoint *ret)
{
    struct span origin;
    struct span size;
    struct span root;
    struct span blank;
    if (!take_until(rest, '\n', &origin) || !take_until(rest, '\n', &size) ||
        !take_until(rest, '\n', &root) || !take_until(rest, '\n', &blank)) {
        return ERR_MALFORMED;
    }
    if (!name_valid(origin) || blank.size != 0 ||
        text_get_number(size, SIZE_MAX_OUTSIDE, &ret->size) != ERR_NONE) {
        return ERR_MALFORMED;
    }
    memset(ret->origin, 0, sizeof ret->origin);
    memcpy(ret->origin, origin.data, origin.size);
    return base64_exact(root, ret->root.bytes, LIMIT_HASH_SIZE);
}

/* What the signature lines say about the key asked for. */
struct known {
    struct span name;
    uint8_t key_id[NOTE_KEY_ID_SIZE];
    bool found;
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
};

static enum err read_signature(struct span line, struct known *known)
{
    struct span start = span_text(SIGNATURE_START);
    struct span name;
    struct buf bytes;
    if (line.size < start.size || !span_equal(span_of(line.data, start.size), start)) {
        return ERR_MALFORMED;
    }
    struct span rest = span_of(line.data + start.size, line.size - start.size);
    if (!take_until(&rest, ' ', &name) || !name_valid(name)) {
        return ERR_MALFORMED;
    }
    buf_init(&bytes, LIMIT_NOTE_SIZE);
    enum err err = text_get_base64(rest, &bytes);
    if (err == ERR_NONE && bytes.size <= NOTE_KEY_ID_SIZE) {
        err = ERR_MALFORMED;
    }
    if (err != ERR_NONE || !span_equal(name, known->name) ||
        memcmp(bytes.data, known->key_id, NOTE_KEY_ID_SIZE) != 0) {
        goto out;
    }
    if (known->found || bytes.size != NOTE_KEY_ID_SIZE + LIMIT_SIGNATURE_SIZE) {
        err = ERR_MALFORMED;
        goto out;
    }
    known->found = true;
    memcpy(known->signature, bytes.data + NOTE_KEY_ID_SIZE, LIMIT_SIGNATURE_SIZE);
out:
    buf_done(&bytes);
    return err;
}

static enum err read_signatures(struct span rest, struct known *known)
{
    size_t count = 0;
    while (rest.size > 0) {
        struct span line;
        if (count++ == NOTE_SIGNATURES_MAX_COUNT || !take_until(&rest, '\n', &line)) {
            return ERR_MALFORMED;
        }
        enum err err = read_signature(line, known);
        if (err != ERR_NONE) {
            return err;
        }
    }
    return count == 0 ? ERR_MALFORMED : ERR_NONE;
}

enum err tlog_checkpoint_open(struct span note, const char *origin,
                              const uint8_t public_key[LIMIT_KEY_SIZE], struct tlog_checkpoint *ret)
{
    struct tlog_checkpoint checkpoint;
    struct known known = {.name = span_text(origin)};
    struct span rest = note;
    if (note.size > LIMIT_NOTE_SIZE) {
        return ERR_MALFORMED;
    }
    key_id_of(known.name, public_key, known.key_id);
    enum err err = read_text(&rest, &checkpoint);
    if (err != ERR_NONE) {
        return err;
    }
    /* The text ends before the blank line's own newline. */
    struct span text = span_of(note.data, note.size - rest.size - 1);
    err = read_signatures(rest, &known);
    if (err != ERR_NONE) {
        return err;
    }
    if (strcmp(checkpoint.origin, origin) != 0 || !known.found ||
        !seal_verify_note(public_key, text, known.signature)) {
        return ERR_AUTH;
    }
    *ret = checkpoint;
    return ERR_NONE;
}

enum err tlog_verifier_key(const char *origin, const uint8_t public_key[LIMIT_KEY_SIZE],
                           struct buf *ret_text)
{
    uint8_t key_id[NOTE_KEY_ID_SIZE];
    uint8_t key[1 + LIMIT_KEY_SIZE] = {NOTE_ALGORITHM_ED25519};
    if (!name_valid(span_text(origin))) {
        return ERR_MALFORMED;
    }
    memcpy(key + 1, public_key, LIMIT_KEY_SIZE);
    key_id_of(span_text(origin), public_key, key_id);
    buf_put_text(ret_text, origin);
    buf_put_text(ret_text, "+");
    text_put_hex(ret_text, span_of(key_id, sizeof key_id));
    buf_put_text(ret_text, "+");
    text_put_base64(ret_text, span_of(key, sizeof key));
    return ret_text->err;
}

uint64_t tlog_origin_epoch(struct span origin)
{
    const uint8_t *slash = origin.size == 0 ? NULL : memrchr(origin.data, '/', origin.size);
    uint64_t epoch = 0;
    if (slash == NULL) {
        return 0;
    }
    struct span number = span_of(slash + 1, (size_t)(origin.data + origin.size - slash - 1));
    return text_get_number(number, UINT32_MAX, &epoch) == ERR_NONE ? epoch : 0;
}
