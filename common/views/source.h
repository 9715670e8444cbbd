#ifndef JIELI_VIEWS_SOURCE_H
#define JIELI_VIEWS_SOURCE_H

#include "rules/rule.h"

/* What views read, offered by whoever holds the facts: station and hub over their folds, the
 * auditor over its replay, tests from memory. Views have no clock and no store of their own, so the
 * same source gives the same bytes. */

/* One event of a record, as far as it is needed to say who did what when. Borrowed for the visit.
 */
struct views_event {
    uint8_t id[LIMIT_HASH_SIZE];
    uint16_t verb;
    uint8_t device[LIMIT_KEY_SIZE];
    uint8_t staff[LIMIT_ID_SIZE]; /* zeros: the device itself */
    uint64_t kept_ms;             /* claimed: when the author's machine kept it */
    uint64_t seen_ms;             /* of the newest checkpoint it had seen; 0: none */
    uint64_t accepted_ms;         /* of its leaf; 0: not answered yet */
    uint64_t paper_ms;            /* back-entered from paper of that time; 0: not */
    const struct values *facts;
};

/* A station under this hub. */
struct views_station {
    uint8_t device[LIMIT_KEY_SIZE];
    const char *code;
    int32_t since_day; /* nothing is expected of it before */
    int32_t until_day; /* last day before it was merged into another; 0: it goes on */
    bool gone;         /* revoked, or another machine took its place: nothing is expected now */
};

/* Visits return false to stop. */
typedef bool (*views_record_visit)(void *context, const struct record *record);
typedef bool (*views_event_visit)(void *context, const struct views_event *event);

/* Which records are wanted. A source may give more: they are tested again. */
struct views_reach {
    enum machine_id machine;
    uint32_t states;   /* bits 1 << state; 0: all */
    int32_t from_day;  /* those whose facts tell an earliest and a latest day that, */
    int32_t until_day; /* with the days between, touch these; 0: any */
};

struct views_source {
    void *context;
    const struct policy *policy; /* newest editions in force */
    const struct calendar *calendar;
    const struct catalogue *catalogue;
    const struct stations *names; /* what stations are called, and when; NULL: nobody said */
    /* Earlier editions; NULL: there are none. The policy of that number, NULL: unknown. Since which
     * day a policy or catalogue is in force, 0: there is no such edition. */
    const struct policy *(*policy_of)(void *context, uint64_t edition);
    int32_t (*edition_since)(void *context, bool catalogue, uint64_t edition);
    uint64_t now_ms;
    size_t station_count;
    const struct views_station *stations;
    /* Each record of the reach once, in any order. It lives until visit returns; find must not
     * disturb it. */
    void (*records)(void *context, const struct views_reach *reach, views_record_visit visit,
                    void *visit_context);
    /* NULL: no such record. Until the next find. */
    const struct record *(*find)(void *context, const uint8_t id[LIMIT_ID_SIZE]);
    /* Accepted and not yet answered events of a record in order; refused ones are left out. */
    void (*events)(void *context, const uint8_t record[LIMIT_ID_SIZE], views_event_visit visit,
                   void *visit_context);
};

/* Whose facts and of which days. */
struct views_scope {
    int32_t from_day; /* both included */
    int32_t until_day;
    const uint8_t *station; /* LIMIT_KEY_SIZE; NULL: all */
    const uint8_t *staff;   /* LIMIT_ID_SIZE; NULL: everybody */
};

/* The period of that kind in which day lies. */
void views_period(enum policy_period period, int32_t day, int32_t *ret_from, int32_t *ret_until);

#endif
