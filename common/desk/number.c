#include "desk/number.h"

#include "base/text.h"

#include <stdio.h>
#include <string.h>

enum { VILLAGE_DIGITS = NUMBER_VILLAGE_SIZE - 1, CHECK_MODULUS = 11, CHECK_BASE = 10 };

void number_make(const char *code, uint64_t incarnation, uint64_t seq, struct number *ret)
{
    size_t size = code == NULL ? 0 : strlen(code);
    (void)snprintf(ret->village, sizeof ret->village, "%s",
                   size < VILLAGE_DIGITS ? "000" : code + size - VILLAGE_DIGITS);
    ret->incarnation = incarnation;
    ret->seq = seq;
}

/* ISO 7064 MOD 11,10 over the digits of text; others are passed over. */
static unsigned check_digit(const char *text)
{
    unsigned product = CHECK_BASE;
    for (; *text != 0; text++) {
        if (*text < '0' || *text > '9') {
            continue;
        }
        unsigned sum = (product + (unsigned)(*text - '0')) % CHECK_BASE;
        sum = sum == 0 ? CHECK_BASE : sum;
        product = sum * 2 % CHECK_MODULUS;
    }
    return (CHECK_MODULUS - product) % CHECK_BASE;
}

void number_format(const struct number *number, char ret_text[NUMBER_SIZE])
{
    int size = snprintf(ret_text, NUMBER_SIZE, "%s-%llu-%06llu", number->village,
                        (unsigned long long)number->incarnation, (unsigned long long)number->seq);
    if (size > 0 && size < NUMBER_SIZE) {
        (void)snprintf(ret_text + size, NUMBER_SIZE - (size_t)size, "-%u", check_digit(ret_text));
    }
}

/* One part up to the next dash; leading zeros are allowed. */
static bool take_part(const char **text, uint64_t *ret)
{
    size_t size = strcspn(*text, "-");
    const char *digits = *text;
    if (size == 0 || size > 20) {
        return false;
    }
    *text += size;
    while (size > 1 && *digits == '0') {
        digits++;
        size--;
    }
    return text_get_number(span_of(digits, size), UINT64_MAX, ret) == ERR_NONE;
}

static bool take_dash(const char **text)
{
    bool dash = **text == '-';
    *text += dash ? 1 : 0;
    return dash;
}

enum err number_parse(const char *text, struct number *ret)
{
    char again[NUMBER_SIZE];
    struct number number = {{0}, 0, 0};
    uint64_t check = 0;
    if (strspn(text, "0123456789") != VILLAGE_DIGITS) {
        return ERR_MALFORMED;
    }
    memcpy(number.village, text, VILLAGE_DIGITS);
    text += VILLAGE_DIGITS;
    if (!take_dash(&text) || !take_part(&text, &number.incarnation) || !take_dash(&text) ||
        !take_part(&text, &number.seq) || !take_dash(&text) || !take_part(&text, &check) ||
        *text != 0 || number.incarnation == 0 || number.seq == 0) {
        return ERR_MALFORMED;
    }
    number_format(&number, again);
    if (check != (uint64_t)(again[strlen(again) - 1] - '0')) {
        return ERR_MALFORMED;
    }
    *ret = number;
    return ERR_NONE;
}
