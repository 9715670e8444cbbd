#ifndef JIELI_RULES_POLICY_H
#define JIELI_RULES_POLICY_H

#include "rules/deadline.h"
#include "rules/textfile.h"

/* Every number and setting of the rule book: the N, P and X rows of its sections 2 and 8. Code
 * names the parameter, deploy/policy/policy.txt gives the value; policy.def lists them all. */
enum policy_id {
#define POLICY(id, name, unit, min, max, source, zh, en) POLICY_##id,
#include "rules/policy.def"
#undef POLICY
    POLICY_COUNT
};

enum policy_unit {
    POLICY_UNIT_COUNT,    /* 次, 人, 份, 个: a plain number */
    POLICY_UNIT_PERCENT,  /* % */
    POLICY_UNIT_POINT,    /* 分 */
    POLICY_UNIT_MINUTE,   /* min */
    POLICY_UNIT_HOUR,     /* h */
    POLICY_UNIT_HALF_DAY, /* half-day */
    POLICY_UNIT_DAY,
    POLICY_UNIT_MONTH,
    POLICY_UNIT_YEAR,
    POLICY_UNIT_WEEKDAY, /* 1 Monday .. 7 Sunday */
    POLICY_UNIT_CLOCK,   /* minute of the day, written 08:30 */
    POLICY_UNIT_METRE,
    POLICY_UNIT_CELSIUS,
    POLICY_UNIT_LIMIT,  /* a count of working days or days, written "1 wd" or "3 d" */
    POLICY_UNIT_PERIOD, /* enum policy_period */
    POLICY_UNIT_SWITCH, /* yes, no */
    POLICY_UNIT_CHOICE  /* enum policy_choice, of those with that parameter's id */
};

enum policy_period {
    POLICY_PERIOD_DAY = 1,
    POLICY_PERIOD_WEEK,
    POLICY_PERIOD_HALF_MONTH, /* 1st to 15th, 16th to the end */
    POLICY_PERIOD_MONTH,
    POLICY_PERIOD_QUARTER,
    POLICY_PERIOD_HALF_YEAR,
    POLICY_PERIOD_YEAR
};

/* Words of the choices; min and max of the row in policy.def bound which of them it accepts. */
enum policy_choice {
    POLICY_CHOICE_RESTART = 1, /* clock.on_supplement */
    POLICY_CHOICE_RESUME,
    POLICY_CHOICE_NOBODY, /* extension.client_consent */
    POLICY_CHOICE_PROXY,
    POLICY_CHOICE_ALL,
    POLICY_CHOICE_SHORTER, /* proxy.limit */
    POLICY_CHOICE_LAW,
    POLICY_CHOICE_SUPERIOR,
    POLICY_CHOICE_NO_POWER, /* proxy.when */
    POLICY_CHOICE_NO_POWER_OR_NOT_AT_ONCE,
    POLICY_CHOICE_RESULT_TOLD, /* first_contact.ends */
    POLICY_CHOICE_HANDED_OVER,
    POLICY_CHOICE_SECOND_NOTICE, /* notify.fault */
    POLICY_CHOICE_SECOND_VISIT,
    POLICY_CHOICE_VIA_HUB, /* route.default */
    POLICY_CHOICE_DIRECT,
    POLICY_CHOICE_MANUAL, /* outage.default */
    POLICY_CHOICE_SUSPEND,
    POLICY_CHOICE_LADDER_VILLAGE, /* leave.ladder: S3-2, S3-3, S4-6 */
    POLICY_CHOICE_LADDER_HALL,
    POLICY_CHOICE_LADDER_STATION,
    POLICY_CHOICE_SECRETARY, /* leave.over_approver, leave.head_approver */
    POLICY_CHOICE_HUB,
    POLICY_CHOICE_DISTRICT,
    POLICY_CHOICE_LATE, /* attendance.exactly_at_border */
    POLICY_CHOICE_ABSENT,
    POLICY_CHOICE_THIRTY_MINUTES, /* attendance.rule: S4-6, S3-4 */
    POLICY_CHOICE_UNEXPLAINED,
    POLICY_CHOICE_MORNING, /* group_leader.half */
    POLICY_CHOICE_AFTERNOON,
    POLICY_CHOICE_END
};

/* One row of policy.def. */
struct policy_info {
    const char *name; /* "report_up.limit" */
    enum policy_unit unit;
    int64_t min; /* of the value; of a limit: its count */
    int64_t max;
    const char *source; /* "P03 S1-9j", "N17 [S2:190]" */
    const char *zh;
    const char *en;
};

struct policy_entry {
    enum policy_id id;
    const struct policy_info *info;
    int64_t value;           /* count, percent, 0 or 1, minute of day, period, choice */
    enum deadline_unit days; /* of a limit */
    bool is_default;         /* marked 默认: proposed by us, no text prints it */
    uint32_t line;
};

struct policy; /* immutable once made */
struct checklist; /* checklist.h: the inspection's questions stand in the same file */

/* All parameters must be there, once each. On ERR_MALFORMED or ERR_LIMIT ret_errors (initialized)
 * says why: unknown name, missing name, twice, wrong unit, out of range. */
MUST_USE enum err policy_parse(struct span text, struct policy **ret_policy,
                               struct text_errors *ret_errors);
void policy_free(struct policy *policy);

const struct policy_info *policy_info(enum policy_id id);
/* POLICY_COUNT when there is no such name. */
enum policy_id policy_by_name(struct span name);

/* The value in the unit of its row. Not for limits. */
int64_t policy_get(const struct policy *policy, enum policy_id id);
/* The same, for rows whose minimum is not negative. */
uint32_t policy_get_count(const struct policy *policy, enum policy_id id);
bool policy_is(const struct policy *policy, enum policy_id id);
struct deadline_limit policy_limit(const struct policy *policy, enum policy_id id);
enum policy_period policy_period(const struct policy *policy, enum policy_id id);
enum policy_choice policy_choice(const struct policy *policy, enum policy_id id);
/* Until policy_free. */
const struct checklist *policy_checklist(const struct policy *policy);
struct policy_entry policy_entry(const struct policy *policy, enum policy_id id);
/* In the order of policy.def. */
void policy_each(const struct policy *policy,
                 void (*visit)(void *context, const struct policy_entry *entry), void *context);
/* Reads one value by the unit of entry->info into value and days; the range is not checked here.
 * ERR_MALFORMED: not of that unit, or an unknown word. */
MUST_USE enum err policy_value_parse(struct span text, struct policy_entry *entry);
/* The value as the file writes it: "1 wd", "95 %", "yes", "08:30", "restart". */
void policy_value_format(const struct policy_entry *entry, struct buf *ret_text);

/* The parameters that the clock needs. */
struct deadline_rules deadline_rules_of_policy(const struct policy *policy);

#endif
