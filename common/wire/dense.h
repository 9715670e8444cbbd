#ifndef JIELI_WIRE_DENSE_H
#define JIELI_WIRE_DENSE_H

#include "base/span.h"

/* Chinese text in two bytes a character where UTF-8 takes three, for what is sealed. The size still
 * follows from how many characters of which script there are and from nothing else: a compressor's
 * would tell of the words.
 *
 * Bytes that gain nothing stand as they are. Else, behind DENSE_MARK:
 *   below 0x80   that byte
 *   0x80 - 0xef  U+3000 to U+9FFF: 0x80 + high byte of the distance from U+3000, then its low byte
 *   0xf0         U+FF00 to U+FFEF: then the low byte
 *   0xf1         U+2000 to U+20FF: then the low byte
 *   0xff         then how many (1 to 255) and as many bytes as they are */
enum { DENSE_MARK = 0xf8 };

/* Appends any bytes in this form: one text, one form. */
void dense_put(struct span text, struct buf *ret);
/* Appends them again, at most limit bytes. ERR_MALFORMED: no such form; ERR_LIMIT; ERR_MEMORY. */
MUST_USE enum err dense_take(struct span bytes, size_t limit, struct buf *ret);

#endif
