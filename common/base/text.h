#ifndef JIELI_BASE_TEXT_H
#define JIELI_BASE_TEXT_H

#include "base/span.h"

/* Appends size * 2 lower-case hex digits. */
void text_put_hex(struct buf *buf, struct span bytes);
/* Exactly size bytes from exactly size * 2 hex digits, either case; else ERR_MALFORMED. */
MUST_USE enum err text_get_hex(struct span text, uint8_t *ret, size_t size);
/* Standard base64 with padding (RFC 4648, section 4). */
void text_put_base64(struct buf *buf, struct span bytes);
/* Appends the bytes; refuses anything but the one canonical encoding. */
MUST_USE enum err text_get_base64(struct span text, struct buf *ret);
/* Well-formed UTF-8 without NUL, surrogates or overlong forms. */
bool text_is_utf8(struct span text);
/* Bytes of the one well-formed character that data begins with, 1..4; 0: none, or a NUL. */
size_t text_character_size(const uint8_t *data, size_t left);
/* Decimal digits only, no sign, no leading zero unless it is "0", at most max. */
MUST_USE enum err text_get_number(struct span text, uint64_t max, uint64_t *ret);

#endif
