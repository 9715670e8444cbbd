#include "base/text.h"

void text_put_hex(struct buf *buf, struct span bytes)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.size; i++) {
        buf_put_u8(buf, (uint8_t)digits[bytes.data[i] >> 4]);
        buf_put_u8(buf, (uint8_t)digits[bytes.data[i] & 15]);
    }
}

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

enum err text_get_hex(struct span text, uint8_t *ret, size_t size)
{
    if (text.size != size * 2) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < text.size; i++) {
        if (hex_digit(text.data[i]) < 0) {
            return ERR_MALFORMED;
        }
    }
    for (size_t i = 0; i < size; i++) {
        unsigned high = (unsigned)hex_digit(text.data[2 * i]);
        unsigned low = (unsigned)hex_digit(text.data[2 * i + 1]);
        ret[i] = (uint8_t)(high << 4 | low);
    }
    return ERR_NONE;
}

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void text_put_base64(struct buf *buf, struct span bytes)
{
    for (size_t i = 0; i < bytes.size; i += 3) {
        size_t left = bytes.size - i;
        uint32_t group = (uint32_t)bytes.data[i] << 16;
        if (left > 1) {
            group |= (uint32_t)bytes.data[i + 1] << 8;
        }
        if (left > 2) {
            group |= bytes.data[i + 2];
        }
        buf_put_u8(buf, (uint8_t)base64_digits[group >> 18]);
        buf_put_u8(buf, (uint8_t)base64_digits[group >> 12 & 63]);
        buf_put_u8(buf, left > 1 ? (uint8_t)base64_digits[group >> 6 & 63] : '=');
        buf_put_u8(buf, left > 2 ? (uint8_t)base64_digits[group & 63] : '=');
    }
}

static int base64_digit(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* One group of four digits, the last one possibly padded; the spare bits must be zero. */
static enum err base64_group(const uint8_t *digits, bool last, struct buf *ret)
{
    int value[4];
    int count = 4;
    for (int i = 0; i < 4; i++) {
        value[i] = base64_digit(digits[i]);
        if (value[i] < 0) {
            count = i;
            break;
        }
    }
    if (count < 4) {
        bool padded = last && count >= 2 && digits[3] == '=' && (count == 3 || digits[2] == '=');
        if (!padded) {
            return ERR_MALFORMED;
        }
        for (int i = count; i < 4; i++) {
            value[i] = 0;
        }
    }
    uint32_t group = (uint32_t)value[0] << 18 | (uint32_t)value[1] << 12 | (uint32_t)value[2] << 6 |
                     (uint32_t)value[3];
    if ((count == 2 && (group & 0xffff) != 0) || (count == 3 && (group & 0xff) != 0)) {
        return ERR_MALFORMED;
    }
    buf_put_u8(ret, (uint8_t)(group >> 16));
    if (count > 2) {
        buf_put_u8(ret, (uint8_t)(group >> 8));
    }
    if (count > 3) {
        buf_put_u8(ret, (uint8_t)group);
    }
    return ret->err;
}

enum err text_get_base64(struct span text, struct buf *ret)
{
    if (text.size % 4 != 0) {
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < text.size; i += 4) {
        enum err err = base64_group(text.data + i, i + 4 == text.size, ret);
        if (err != ERR_NONE) {
            return err;
        }
    }
    return ret->err;
}

size_t text_character_size(const uint8_t *data, size_t left)
{
    const uint8_t *text = data;
    uint8_t c = left == 0 ? 0 : text[0];
    if (c < 0x80) {
        return c == 0 ? 0 : 1;
    }
    size_t length = c >= 0xc2 && c <= 0xdf   ? 2
                    : (c & 0xf0) == 0xe0     ? 3
                    : c >= 0xf0 && c <= 0xf4 ? 4
                                             : 0;
    if (length == 0 || length > left) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    bool overlong = (c == 0xe0 && text[1] < 0xa0) || (c == 0xf0 && text[1] < 0x90);
    bool outside = (c == 0xed && text[1] > 0x9f) || (c == 0xf4 && text[1] > 0x8f);
    return overlong || outside ? 0 : length;
}

bool text_is_utf8(struct span text)
{
    size_t at = 0;
    while (at < text.size) {
        size_t length = text_character_size(text.data + at, text.size - at);
        if (length == 0) {
            return false;
        }
        at += length;
    }
    return true;
}

enum err text_get_number(struct span text, uint64_t max, uint64_t *ret)
{
    if (text.size == 0 || (text.size > 1 && text.data[0] == '0')) {
        return ERR_MALFORMED;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return ERR_MALFORMED;
        }
        uint64_t digit = (uint64_t)(text.data[i] - '0');
        if (digit > max || value > (max - digit) / 10) {
            return ERR_LIMIT;
        }
        value = value * 10 + digit;
    }
    *ret = value;
    return ERR_NONE;
}
