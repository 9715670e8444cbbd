#ifndef JIELI_VIEWS_FINDINGS_H
#define JIELI_VIEWS_FINDINGS_H

#include "views/views.h"

/* What rules notice by themselves: the triggers T01..T25 of the rule book 1.H as far as events show
 * them, and what else the architecture names. A finding is a suspicion with its events; only the
 * discipline role decides on it, in the accountability machine (machine_accountability.c). */

enum { VIEWS_FINDING_EVENTS = 4 };

/* Whose delay it was. */
enum views_cause {
    VIEWS_CAUSE_PERSON = 1,
    VIEWS_CAUSE_LINK,   /* kept in time, accepted late: the line was dead, nobody is to blame */
    VIEWS_CAUSE_STATION /* nobody did what somebody of the station had to */
};

enum { VIEWS_WHO_AUTHOR = 0xffff /* who wrote the newest event that shows it */ };

struct views_finding;
typedef void (*views_finding_visit)(void *context, const struct views_finding *finding);

/* What a rule may ask besides its record: facts gathered once from all records. */
struct views_known;
typedef void (*views_rule_look)(const struct views_known *known, struct views_finding *finding,
                                const struct record *record, views_finding_visit visit,
                                void *context);

/* A row of findings.def. */
struct views_rule {   /* NOLINT(clang-analyzer-optin.performance.Padding) in the order of a row */
    const char *name; /* "overdue" */
    const char *triggers; /* "T05 T10"; "": none of 1.H */
    const char *zh;
    const char *en;
    const char *article;
    const char *regimes;
    enum machine_id machine;
    struct views_test where[VIEWS_TESTS]; /* of a record: all hold */
    uint16_t day;      /* fact that tells the day it arose: behind a _day fact the day after, else
                          the day itself; 0: of the newest event that shows it */
    uint16_t who;      /* staff id of who answers for it; 0: the station; or VIEWS_WHO_AUTHOR */
    const char *verbs; /* names of the events that show it; NULL: none is looked for */
    struct views_slots expected; /* kind not 0: a slot of a station with too few of them */
    enum policy_id grace;        /* limit behind the slot's end; POLICY_COUNT: none */
    enum views_cause cause;
    uint8_t deducts;       /* 1..5: D1..D5 of the score sheet; 0: none */
    bool decided;          /* it deducts at once; else when the discipline role has decided */
    const char *by_people; /* why only people raise it; NULL: the machine does */
    /* What facts alone cannot say: given the finding as the row makes it, visits none, one or
     * several. NULL: the one. */
    views_rule_look look;
};

struct views_finding {
    const struct views_rule *rule;
    enum views_cause cause;
    int32_t day;     /* it arose */
    bool has_record; /* false: of something that is not there */
    uint8_t record[LIMIT_ID_SIZE];
    uint8_t station[LIMIT_KEY_SIZE]; /* zeros: the hub */
    uint8_t staff[LIMIT_ID_SIZE];    /* zeros: the station as a whole */
    size_t event_count;
    uint8_t event[VIEWS_FINDING_EVENTS][LIMIT_HASH_SIZE];
    const char *what; /* name of the figure that differs; "" else */
    uint64_t claimed;
    uint64_t recomputed;
};

size_t views_rule_count(void);
const struct views_rule *views_rule_at(size_t index);
const struct views_rule *views_rule_find(const char *name);
/* Those that arose within the scope, by day, rule, station, record. ERR_MEMORY, ERR_LIMIT. */
enum { VIEWS_FINDINGS_MAX = 100000 };
MUST_USE enum err views_findings(const struct views_source *source, const struct views_scope *scope,
                                 views_finding_visit visit, void *context);
/* What the periods in which today lies still want, nobody being late yet: the same rules, each with
 * today's day. Today must lie within the scope. Errors as above. */
MUST_USE enum err views_wanting(const struct views_source *source, const struct views_scope *scope,
                                views_finding_visit visit, void *context);

#endif
