#ifndef JIELI_TESTS_SEASON_CHECK_H
#define JIELI_TESTS_SEASON_CHECK_H

#include "fold/facts.h"
#include "season.h"

/* One of those who must agree. */
struct check_side {
    const char *name;
    struct kv *kv;
    struct fold *fold;
};

struct check {
    struct season *season;
    struct check_side hub;
    struct check_side auditor;
    struct check_side stations[SEASON_STATIONS];
    uint64_t cases;
    uint64_t records;
    uint64_t wrong;
    uint64_t false_findings;
};

bool check_record(const struct check_side *side, const uint8_t *id, struct record *ret);
void check_sides(struct season *season, struct check_side *hub, struct check_side *auditor,
                 struct check_side stations[SEASON_STATIONS]);

/* --- check_facts.c: a side as the views read it; station NULL: hub or auditor --- */
struct check_facts;
struct check_facts *check_facts_new(const struct check_side *side, struct station *station,
                                    uint64_t now_ms);
const struct views_source *check_facts_source(const struct check_facts *facts);
const struct check_side *check_facts_side(const struct check_facts *facts);
/* The events of a record in order. */
void check_facts_events(const struct check_facts *facts, const uint8_t record[LIMIT_ID_SIZE],
                        void *context, fold_event_visit visit);
void check_facts_free(struct check_facts *facts);

/* --- check_views.c --- */
void check_views(struct check *check);

/* --- check_forms.c --- */
void check_forms(struct check *check, const struct check_facts *facts);

#endif
