#ifndef JIELI_DESK_GUARDS_H
#define JIELI_DESK_GUARDS_H

#include "wire/act.h"

/* What only the writing side can ask, since the content is sealed or the clock is its own; the
 * auditor cannot recompute these. */

enum guards_id {
    GUARDS_ID_GOOD,
    GUARDS_ID_FORM,  /* not 17 digits and a digit or X */
    GUARDS_ID_DAY,   /* the birthday is no day, lies in the future or before 1900 */
    GUARDS_ID_CHECK, /* GB 11643 check character */
};
/* A resident's identity number 公民身份号码 (GB 11643). today: days since 1970. */
enum guards_id guards_id_check(const char *number, int32_t today);

struct guards_problem {
    const char *code;
    const char *field;
    const char *zh;
    const char *en;
};
/* True: may be written. Else ret_problem says why; its texts are constants. */
MUST_USE bool guards_act_hold(const struct wire_act *act, uint64_t now_ms,
                              struct guards_problem *ret_problem);

#endif
