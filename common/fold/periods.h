#ifndef JIELI_FOLD_PERIODS_H
#define JIELI_FOLD_PERIODS_H

#include "fold/fold.h"

/* Which months a record has to do with: from that of its earliest day to that of its latest
 * (rules/record.h: outline). records.c keeps them in a record's one row of the index when they are
 * few; a longer life is told here, as at most three years, or one entry when it is longer still. */
struct periods {
    uint16_t month; /* its first; 0: it has no days */
    uint8_t level;  /* of the periods that follow; 0: none */
    uint16_t first;
    uint16_t last; /* both included */
};

enum { PERIODS_MONTHS = 3 }; /* so many a record's own row tells */

struct periods periods_of(int32_t from_day, int32_t until_day);
/* The number of a day's month; never 0. */
uint16_t periods_month(int32_t day);
/* How many months behind the first one the last one is; PERIODS_MONTHS: periods of a higher level
 * or none. */
uint8_t periods_reach(const struct periods *periods);

/* The entries of lives longer than PERIODS_MONTHS: from what the index said of the record to what
 * it shall say; and those that touch the days. False: visit returned false. */
void periods_change(const struct fold *fold, struct kv_txn *txn, enum machine_id machine,
                    const uint8_t id[LIMIT_ID_SIZE], const struct periods *old,
                    const struct periods *now);
bool periods_list(const struct fold *fold, struct kv_txn *txn, enum machine_id machine,
                  const int32_t days[2], fold_visit visit, void *context);

#endif
