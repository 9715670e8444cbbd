#ifndef JIELI_TESTS_SEASON_CHECK_H
#define JIELI_TESTS_SEASON_CHECK_H

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
};

bool check_record(const struct check_side *side, const uint8_t *id, struct record *ret);
void check_sides(struct season *season, struct check_side *hub, struct check_side *auditor,
                 struct check_side stations[SEASON_STATIONS]);

#endif
