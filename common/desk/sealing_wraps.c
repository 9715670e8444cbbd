#include "desk/sealing.h"

#include <string.h>

enum { MAGIC_SIZE = 4, ENTRY_SIZE = LIMIT_KEY_SIZE + SEAL_WRAP_SIZE };

static const uint8_t wraps_magic[MAGIC_SIZE] = {'J', 'L', 'W', '1'};

/* Entries of a well-formed blob; ERR_MALFORMED else. */
static enum err wraps_entries(struct span wraps, struct span *ret)
{
    if (wraps.size < MAGIC_SIZE || memcmp(wraps.data, wraps_magic, MAGIC_SIZE) != 0 ||
        (wraps.size - MAGIC_SIZE) % ENTRY_SIZE != 0) {
        return ERR_MALFORMED;
    }
    *ret = span_of(wraps.data + MAGIC_SIZE, wraps.size - MAGIC_SIZE);
    return ERR_NONE;
}

static void put_entry(const struct seal_box_secret *audience, const struct sealing_member *member,
                      struct buf *ret)
{
    uint8_t wrap[SEAL_WRAP_SIZE];
    seal_box_wrap_for(audience, member->box_key, wrap);
    buf_put(ret, member->key, sizeof member->key);
    buf_put(ret, wrap, sizeof wrap);
}

enum err sealing_wraps_make(const struct seal_box_secret *audience,
                            const struct sealing_member *members, size_t count, struct buf *ret)
{
    if (count > SEALING_MEMBER_COUNT) {
        return ERR_LIMIT;
    }
    buf_put(ret, wraps_magic, MAGIC_SIZE);
    for (size_t i = 0; i < count; i++) {
        put_entry(audience, &members[i], ret);
    }
    return ret->err;
}

enum err sealing_wraps_add(struct span wraps, const struct seal_box_secret *audience,
                           const struct sealing_member *member, struct buf *ret)
{
    if (wraps.size >= MAGIC_SIZE + (size_t)SEALING_MEMBER_COUNT * ENTRY_SIZE) {
        return ERR_LIMIT;
    }
    enum err err = sealing_wraps_remove(wraps, member->key, ret);
    if (err == ERR_NONE) {
        put_entry(audience, member, ret);
        err = ret->err;
    }
    return err;
}

enum err sealing_wraps_remove(struct span wraps, const uint8_t key[LIMIT_KEY_SIZE], struct buf *ret)
{
    struct span entries;
    enum err err = wraps_entries(wraps, &entries);
    if (err != ERR_NONE) {
        return err;
    }
    buf_put(ret, wraps_magic, MAGIC_SIZE);
    for (size_t at = 0; at < entries.size; at += ENTRY_SIZE) {
        if (memcmp(entries.data + at, key, LIMIT_KEY_SIZE) != 0) {
            buf_put(ret, entries.data + at, ENTRY_SIZE);
        }
    }
    return ret->err;
}

enum err sealing_wraps_open(struct span wraps, const uint8_t key[LIMIT_KEY_SIZE],
                            const struct seal_box_secret *member,
                            struct seal_box_secret **ret_audience)
{
    struct span entries;
    uint8_t secret[LIMIT_KEY_SIZE];
    enum err err = wraps_entries(wraps, &entries);
    size_t at = 0;
    if (err != ERR_NONE) {
        return err;
    }
    while (at < entries.size && memcmp(entries.data + at, key, LIMIT_KEY_SIZE) != 0) {
        at += ENTRY_SIZE;
    }
    if (at == entries.size) {
        return ERR_NOT_FOUND;
    }
    err = seal_unwrap(member, entries.data + at + LIMIT_KEY_SIZE, secret);
    if (err == ERR_NONE) {
        *ret_audience = seal_box_new(secret);
        err = *ret_audience == NULL ? ERR_MEMORY : ERR_NONE;
    }
    explicit_bzero(secret, sizeof secret);
    return err;
}
