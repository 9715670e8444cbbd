#ifndef JIELI_VIEWS_APPRAISAL_H
#define JIELI_VIEWS_APPRAISAL_H

#include "views/findings.h"

/* The 100-point sheet (R81, R83, R78) of a station or a person, recomputed: five deductions D1-D5,
 * each with the record and event that shows it. Merely reported is pending (X31): it is listed and
 * deducts nothing until the discipline role or a decided complaint says so. */

enum views_grade {
    VIEWS_GRADE_EXCELLENT = 1,
    VIEWS_GRADE_QUALIFIED = 2,
    VIEWS_GRADE_UNQUALIFIED = 3
};

struct views_deduction {
    uint8_t kind; /* 1..5: D1..D5 */
    uint32_t points;
    bool pending;
    int32_t day;
    int32_t told_day; /* the discipline role told the station of its decision; 0: it did not */
    uint8_t record[LIMIT_ID_SIZE];
    uint8_t station[LIMIT_KEY_SIZE];
    uint8_t staff[LIMIT_ID_SIZE];
    bool has_event;
    uint8_t event[LIMIT_HASH_SIZE];
    const char *ground; /* "complaint", "inspection", or the finding's name */
};

struct views_sheet {
    uint32_t base;
    uint32_t deducted; /* not more than base */
    uint32_t pending;  /* would be deducted if all that is pending were decided */
    uint32_t points;
    enum views_grade grade;
    size_t count; /* deductions visited */
};

/* 95 and more excellent, 90..94 qualified, below not, by the policy's numbers. */
enum views_grade views_grade_of(const struct policy *policy, uint32_t points);
/* 0.7 community + 0.3 employer, rounded down, by the policy's weights (R83). */
uint32_t views_life_score(const struct policy *policy, uint32_t community, uint32_t employer);

typedef void (*views_deduction_visit)(void *context, const struct views_deduction *deduction);
/* Of the scope's station or person, or of all together. */
MUST_USE enum err views_appraise(const struct views_source *source, const struct views_scope *scope,
                                 views_deduction_visit visit, void *context,
                                 struct views_sheet *ret);
/* Each station's sheet in one go; room for source->station_count. What the hub is to blame for is
 * nobody's here. */
MUST_USE enum err views_appraise_stations(const struct views_source *source,
                                          const struct views_scope *scope, struct views_sheet *ret);

/* --- stations in order (R78) --- */

struct views_rank {
    size_t station; /* index in the source */
    struct views_sheet sheet;
    uint32_t rank;       /* from 1; equal points share it */
    uint32_t last_years; /* years in a row in last place, with the scope's year */
    bool reassign;       /* as often as the policy says (N58) */
};
/* By the points of the year of scope->until_day, best first, ties by code; room for
 * source->station_count. A year before the station began counts for nothing. */
MUST_USE enum err views_ranking(const struct views_source *source, const struct views_scope *scope,
                                struct views_rank *ret);

#endif
