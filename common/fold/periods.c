#include "fold/periods.h"

#include "rules/civil.h"
#include "store/keys.h"

#include <string.h>

/* KV_INDEX keys: slot 'P' machine u8 level u8 period u16 id -> first period u16. */

enum {
    LEVEL_NONE = 0,
    LEVEL_MONTH,
    LEVEL_YEAR,
    LEVEL_EVER,
    ENTRIES_MAX = PERIODS_MONTHS,
    MONTHS_A_YEAR = 12,
    PERIOD_AT = 4, /* places in a key */
    ID_AT = 6
};

/* A day's month, year, or the one period of all days. */
static uint16_t period_at(uint8_t level, int32_t day)
{
    struct civil_date date = civil_date_of_day(day < 0 ? 0 : day);
    uint32_t years = (uint32_t)date.year;
    if (level == LEVEL_EVER) {
        return 0;
    }
    if (level == LEVEL_YEAR) {
        return (uint16_t)years;
    }
    /* Behind the last month that has a number of its own all are one. */
    uint32_t month = years * MONTHS_A_YEAR + (uint32_t)date.month;
    return month > UINT16_MAX ? UINT16_MAX : (uint16_t)month;
}

uint16_t periods_month(int32_t day)
{
    return period_at(LEVEL_MONTH, day);
}

struct periods periods_of(int32_t from_day, int32_t until_day)
{
    if (until_day == 0) {
        return (struct periods){0, LEVEL_NONE, 0, 0};
    }
    uint16_t month = periods_month(from_day);
    for (int level = LEVEL_MONTH; level < LEVEL_EVER; level++) {
        uint16_t first = period_at((uint8_t)level, from_day);
        uint16_t last = period_at((uint8_t)level, until_day);
        if (last - first < ENTRIES_MAX) {
            return (struct periods){month, (uint8_t)level, first, last};
        }
    }
    return (struct periods){month, LEVEL_EVER, 0, 0};
}

uint8_t periods_reach(const struct periods *periods)
{
    bool near = periods->level == LEVEL_MONTH;
    return near ? (uint8_t)(periods->last - periods->first) : PERIODS_MONTHS;
}

static struct span period_key(struct kv_key *key, const struct fold *fold, enum machine_id machine,
                              uint8_t level)
{
    kv_key_init(key);
    kv_key_u8(key, fold->log.slot);
    kv_key_u8(key, 'P');
    kv_key_u8(key, (uint8_t)machine);
    kv_key_u8(key, level);
    return kv_key_span(key);
}

static struct span entry_key(struct kv_key *key, const struct fold *fold, enum machine_id machine,
                             uint8_t level, unsigned period)
{
    (void)period_key(key, fold, machine, level);
    kv_key_u8(key, (uint8_t)(period >> 8));
    kv_key_u8(key, (uint8_t)period);
    return kv_key_span(key);
}

/* Months stand in the record's own row. */
static bool is_here(const struct periods *periods)
{
    return periods->level > LEVEL_MONTH;
}

static bool holds(const struct periods *periods, uint8_t level, unsigned period)
{
    return periods->level == level && periods->first <= period && period <= periods->last;
}

void periods_change(const struct fold *fold, struct kv_txn *txn, enum machine_id machine,
                    const uint8_t id[LIMIT_ID_SIZE], const struct periods *old,
                    const struct periods *now)
{
    struct kv_key key;
    uint8_t first[2] = {(uint8_t)(now->first >> 8), (uint8_t)now->first};
    for (unsigned at = old->first; is_here(old) && at <= old->last; at++) {
        if (!holds(now, old->level, at)) {
            (void)entry_key(&key, fold, machine, old->level, at);
            kv_key_bytes(&key, span_of(id, LIMIT_ID_SIZE));
            kv_delete(txn, KV_INDEX, kv_key_span(&key));
        }
    }
    for (unsigned at = now->first; is_here(now) && at <= now->last; at++) {
        if (!holds(old, now->level, at) || old->first != now->first) {
            (void)entry_key(&key, fold, machine, now->level, at);
            kv_key_bytes(&key, span_of(id, LIMIT_ID_SIZE));
            kv_put(txn, KV_INDEX, kv_key_span(&key), span_of(first, sizeof first));
        }
    }
}

struct walk {
    fold_visit visit;
    void *context;
    uint16_t from;
    uint16_t until;
    bool more;
};

/* A record of several periods is shown in the first of them that is asked for. */
static bool walk_one(void *context, struct span key, struct span value)
{
    struct walk *walk = context;
    if (key.size != ID_AT + LIMIT_ID_SIZE || value.size != 2) {
        return true;
    }
    unsigned period = (unsigned)key.data[PERIOD_AT] << 8 | key.data[PERIOD_AT + 1];
    unsigned first = (unsigned)value.data[0] << 8 | value.data[1];
    if (period > walk->until) {
        return false;
    }
    if (period == first || period == walk->from) {
        walk->more = walk->visit(walk->context, key.data + ID_AT, 0);
    }
    return walk->more;
}

bool periods_list(const struct fold *fold, struct kv_txn *txn, enum machine_id machine,
                  const int32_t days[2], fold_visit visit, void *context)
{
    struct kv_key prefix;
    struct kv_key from;
    struct walk walk = {.visit = visit, .context = context, .more = true};
    for (uint8_t level = LEVEL_YEAR; walk.more && level <= LEVEL_EVER; level++) {
        walk.from = period_at(level, days[0]);
        walk.until = period_at(level, days[1]);
        kv_scan(txn, KV_INDEX, period_key(&prefix, fold, machine, level),
                entry_key(&from, fold, machine, level, walk.from), walk_one, &walk);
    }
    return walk.more;
}
