#ifndef JIELI_VIEWS_SELECT_H
#define JIELI_VIEWS_SELECT_H

#include "views/source.h"

/* Which records a view, an indicator or a finding means: a short list of tests that all hold. Times
 * (_ms) and days (_day) are compared as days in China; a field that is not set fails each test but
 * UNSET. Numbers that the rule book names come from policy. */

enum { VIEWS_TESTS = 6 };

struct views_look; /* source and scope */

enum views_op {
    VIEWS_ANY = 0, /* the list is over */
    VIEWS_SET,
    VIEWS_UNSET,
    VIEWS_IS,          /* equal to number */
    VIEWS_FROM,        /* at least number */
    VIEWS_UP_TO,       /* set and at most number */
    VIEWS_OVER_POLICY, /* more than the policy's number */
    VIEWS_REACHES,     /* at least the policy's number */
    VIEWS_POLICY_IS,   /* the policy's number is number */
    VIEWS_IN_PERIOD,   /* day within the scope's */
    VIEWS_PAST,        /* day before today */
    VIEWS_BY,          /* day not later than other's */
    VIEWS_AFTER,       /* day later than other's */
    VIEWS_OVERRUN,     /* the policy's limit from that day was over before other's day, or today */
    VIEWS_IN,          /* state among states */
    VIEWS_NOT_IN,
    VIEWS_ASK /* what no table can say */
};

struct views_test {
    enum views_op op;
    uint16_t field;
    uint16_t other; /* second field; 0: today */
    uint16_t via;   /* the record named by this field is asked instead; 0: the record itself */
    enum policy_id policy;
    uint64_t number;
    const char *states; /* names with blanks between */
    bool (*ask)(const struct views_look *look, const struct record *record);
    bool of_period; /* ASK: holds only for what has to do with the scope's days */
};

struct views_look {
    const struct views_source *source;
    const struct views_scope *scope;
    int32_t today;
    uint16_t place; /* of the lists whose row it is, where each place is one */
};

/* --- for the tables --- */

#define SET(name)                                                                                  \
    {                                                                                              \
        .op = VIEWS_SET, .field = FIELD_##name                                                     \
    }
#define UNSET(name)                                                                                \
    {                                                                                              \
        .op = VIEWS_UNSET, .field = FIELD_##name                                                   \
    }
#define IS(name, number_)                                                                          \
    {                                                                                              \
        .op = VIEWS_IS, .field = FIELD_##name, .number = (number_)                                 \
    }
#define AT_LEAST(name, number_)                                                                    \
    {                                                                                              \
        .op = VIEWS_FROM, .field = FIELD_##name, .number = (number_)                               \
    }
#define UP_TO(name, number_)                                                                       \
    {                                                                                              \
        .op = VIEWS_UP_TO, .field = FIELD_##name, .number = (number_)                              \
    }
#define OVER_POLICY(name, id)                                                                      \
    {                                                                                              \
        .op = VIEWS_OVER_POLICY, .field = FIELD_##name, .policy = POLICY_##id                      \
    }
#define REACHES(name, id)                                                                          \
    {                                                                                              \
        .op = VIEWS_REACHES, .field = FIELD_##name, .policy = POLICY_##id                          \
    }
#define POLICY_IS(id, number_)                                                                     \
    {                                                                                              \
        .op = VIEWS_POLICY_IS, .policy = POLICY_##id, .number = (number_)                          \
    }
#define IN_PERIOD(name)                                                                            \
    {                                                                                              \
        .op = VIEWS_IN_PERIOD, .field = FIELD_##name                                               \
    }
#define PAST(name)                                                                                 \
    {                                                                                              \
        .op = VIEWS_PAST, .field = FIELD_##name                                                    \
    }
#define BY_DAY(name, other_)                                                                       \
    {                                                                                              \
        .op = VIEWS_BY, .field = FIELD_##name, .other = FIELD_##other_                             \
    }
#define AFTER(name, other_)                                                                        \
    {                                                                                              \
        .op = VIEWS_AFTER, .field = FIELD_##name, .other = FIELD_##other_                          \
    }
#define OVERRUN(name, id, other_)                                                                  \
    {                                                                                              \
        .op = VIEWS_OVERRUN, .field = FIELD_##name, .policy = POLICY_##id, .other = (other_)       \
    }
#define STATES(names)                                                                              \
    {                                                                                              \
        .op = VIEWS_IN, .states = (names)                                                          \
    }
#define NOT_STATES(names)                                                                          \
    {                                                                                              \
        .op = VIEWS_NOT_IN, .states = (names)                                                      \
    }
#define ASK(function)                                                                              \
    {                                                                                              \
        .op = VIEWS_ASK, .ask = (function)                                                         \
    }
#define ASK_IN_PERIOD(function)                                                                    \
    {                                                                                              \
        .op = VIEWS_ASK, .ask = (function), .of_period = true                                      \
    }
#define CASE_SET(name)                                                                             \
    {                                                                                              \
        .op = VIEWS_SET, .field = FIELD_##name, .via = FIELD_case_record                           \
    }

/* The policy that judges: of the edition that the record keeps, or the one in force on a day (0:
 * now). The newest when the source knows of no other. */
const struct policy *views_policy_of(const struct views_source *source,
                                     const struct record *record);
const struct policy *views_policy_on(const struct views_source *source, int32_t day);

void views_look_init(struct views_look *look, const struct views_source *source,
                     const struct views_scope *scope);
bool views_holds(const struct views_look *look, const struct views_test *test,
                 const struct record *record);
/* All of a list that ends with VIEWS_ANY or after VIEWS_TESTS. */
bool views_all_hold(const struct views_look *look, const struct views_test tests[VIEWS_TESTS],
                    const struct record *record);
/* The record is of the scope's station and, when a person is asked for, that person's: handler,
 * first responsible, the one it is about. */
bool views_in_scope(const struct views_look *look, const struct record *record);
/* Narrows reach to the scope's days, with the one before them: a day that is over shows itself the
 * day after. First: when one of the tests holds for such records alone; false: none does. */
bool views_reach_period(const struct views_scope *scope, const struct views_test tests[VIEWS_TESTS],
                        struct views_reach *reach);
void views_reach_days(const struct views_scope *scope, struct views_reach *reach);
/* Narrows reach to the states that the tests name. */
void views_reach_states(const struct views_test tests[VIEWS_TESTS], struct views_reach *reach);
/* Day of a _ms or _day fact; 0: not set. */
int32_t views_day(const struct record *record, enum field field);
/* Bits 1 << state of names; 0 when one of them is no state of the machine. */
uint32_t views_states(enum machine_id machine, const char *names);

#endif
