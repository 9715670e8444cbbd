#ifndef JIELI_FOLD_PERIODS_H
#define JIELI_FOLD_PERIODS_H

#include "fold/fold.h"

/* Which records have to do with a period: of each record the months from its earliest to its latest
 * day (rules/record.h: outline), as at most three entries of the index whatever those days are:
 * months, or years when it lasts longer, or one entry when it lasts longer still. */
struct periods {
    uint8_t level; /* 0: none; else which of the three */
    uint16_t first;
    uint16_t last; /* both included */
};

struct periods periods_of(int32_t from_day, int32_t until_day);
/* From what the index said of the record to what it shall say. */
void periods_change(const struct fold *fold, struct kv_txn *txn, enum machine_id machine,
                    const uint8_t id[LIMIT_ID_SIZE], const struct periods *old,
                    const struct periods *now);

#endif
