#ifndef JIELI_VIEWS_CLAIMS_H
#define JIELI_VIEWS_CLAIMS_H

#include "views/appraisal.h"

/* What appraisals say against what the events say. Reports are compared as findings
 * ("report-differs"); a score is a judgement of people, so a difference is shown, not a finding. */

struct views_claim {
    const struct record *record; /* the appraisal; borrowed */
    const char *what;            /* "points", "grade", "deducted" */
    uint64_t claimed;
    uint64_t recomputed;
};

typedef void (*views_claim_visit)(void *context, const struct views_claim *claim);
/* Each figure of the appraisals whose period ends within the scope, that differs from the sheet
 * recomputed for their period: of a station or person points deducted and, when closed, points
 * left and grade; of a life-service person the weighted points and the grade. By record id. */
MUST_USE enum err views_claims(const struct views_source *source, const struct views_scope *scope,
                               views_claim_visit visit, void *context);

#endif
