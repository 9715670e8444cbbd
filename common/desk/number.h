#ifndef JIELI_DESK_NUMBER_H
#define JIELI_DESK_NUMBER_H

#include "base/limits.h"
#include "base/span.h"

/* The number of a record as people read it aloud: "001-1-000042-7" is the last three digits of the
 * village code (000: the hub), incarnation and seq of the opening event, and a check digit (ISO
 * 7064, MOD 11,10) that catches every wrong digit and nearly every swap of two neighbours. It
 * follows from where the opening event stands, so nobody hands out numbers and nothing is stored.
 */
enum { NUMBER_SIZE = 48, NUMBER_VILLAGE_SIZE = 4 };

struct number {
    char village[NUMBER_VILLAGE_SIZE];
    uint64_t incarnation;
    uint64_t seq;
};

/* code: of the station, or NULL for the hub. */
void number_make(const char *code, uint64_t incarnation, uint64_t seq, struct number *ret);
void number_format(const struct number *number, char ret_text[NUMBER_SIZE]);
/* ERR_MALFORMED: not a number, or the check digit is wrong. Missing zeros of the seq are fine. */
MUST_USE enum err number_parse(const char *text, struct number *ret);

#endif
