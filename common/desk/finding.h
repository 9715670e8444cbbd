#ifndef JIELI_DESK_FINDING_H
#define JIELI_DESK_FINDING_H

#include "desk/json_text.h"
#include "views/findings.h"

/* What a finding says by itself, as members of the object that is open: day, rule, triggers, zh,
 * en, article, causeZh, causeEn; what, claimed, recomputed when something was claimed; events.
 * Station, person and record are told by who shows it, as far as he knows them by name. */
void finding_put(struct json_text *json, const struct views_finding *finding);

#endif
