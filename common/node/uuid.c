#include "node/uuid.h"

#include "base/text.h"

#include <string.h>

void uuid_make(uint64_t wall_ms, const uint8_t random[UUID_RANDOM_SIZE], uint8_t ret[LIMIT_ID_SIZE])
{
    uint8_t time[8] = {0};

    put_u64(time, wall_ms << 16);
    memcpy(ret, time, 6);
    memcpy(ret + 6, random, UUID_RANDOM_SIZE);
    ret[6] = (uint8_t)(0x70 | (ret[6] & 0x0f)); /* version 7 */
    ret[8] = (uint8_t)(0x80 | (ret[8] & 0x3f)); /* variant 10 */
}

/* A dash stands before these bytes. */
static bool uuid_dash_before(size_t index)
{
    return index == 4 || index == 6 || index == 8 || index == 10;
}

void uuid_text(const uint8_t id[LIMIT_ID_SIZE], char ret[UUID_TEXT_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    size_t at = 0;

    for (size_t i = 0; i < LIMIT_ID_SIZE; i++) {
        if (uuid_dash_before(i)) {
            ret[at++] = '-';
        }
        ret[at++] = digits[id[i] >> 4];
        ret[at++] = digits[id[i] & 0x0f];
    }
    ret[at] = '\0';
}

enum err uuid_parse(struct span text, uint8_t ret[LIMIT_ID_SIZE])
{
    uint8_t id[LIMIT_ID_SIZE] = {0};
    size_t at = 0;

    if (text.size != UUID_TEXT_SIZE - 1) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < LIMIT_ID_SIZE; i++) {
        if (uuid_dash_before(i) && text.data[at++] != '-') {
            return ERR_MALFORMED;
        }
        if (text_get_hex(span_of(text.data + at, 2), &id[i], 1) != ERR_NONE) {
            return ERR_MALFORMED;
        }
        at += 2;
    }
    memcpy(ret, id, LIMIT_ID_SIZE);
    return ERR_NONE;
}
