#ifndef JIELI_VIEWS_KPI_H
#define JIELI_VIEWS_KPI_H

#include "views/views.h"

/* Indicators 工作标准 (2.3, R85): a row of kpi.def says which records count below the line and
 * which of them above it. Both halves are shown and every record behind them can be listed. */

struct views_kpi {
    const char *name; /* "on-time" */
    const char *zh;
    const char *en;
    const char *article;
    const char *regimes;
    enum policy_id target; /* percent, from policy; POLICY_COUNT: show only */
    enum machine_id machine;
    struct views_test of[VIEWS_TESTS];   /* denominator 分母 */
    struct views_test good[VIEWS_TESTS]; /* and numerator 分子 */
    uint16_t of_sum; /* fact that is summed up instead of counting records; 0: records */
    uint16_t good_sum;
    const char *not_computable; /* why events cannot tell it; NULL: they can */
};

struct views_kpi_result {
    const struct views_kpi *kpi;
    uint64_t of;
    uint64_t good;
    int64_t target; /* percent; 0: none */
    bool met;       /* good / of reaches it; nothing counted: met */
    /* good * 1000 / of, rounded down: per mille. 1000 when of is 0. */
    uint32_t per_mille;
};

size_t views_kpi_count(void);
const struct views_kpi *views_kpi_at(size_t index);
const struct views_kpi *views_kpi_find(const char *name);
/* All of them in one pass over each machine; ret has room for views_kpi_count(). */
void views_kpi_all(const struct views_source *source, const struct views_scope *scope,
                   struct views_kpi_result *ret);
/* The records behind one, by id; good tells the half. */
typedef bool (*views_case_visit)(void *context, const struct record *record, bool good);
MUST_USE enum err views_kpi_cases(const struct views_source *source, const struct views_kpi *kpi,
                                  const struct views_scope *scope, views_case_visit visit,
                                  void *context);

#endif
