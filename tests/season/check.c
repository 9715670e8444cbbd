#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Records: what the test expects of each case, and the same bytes at station, hub and auditor. */

enum { STATES = 32, TOLD_MAX = 20 };

bool check_record(const struct check_side *side, const uint8_t *id, struct record *ret)
{
    struct kv_txn txn;
    kv_begin(side->kv, false, &txn);
    bool found = fold_record_get(side->fold, &txn, FOLD_PROVEN, id, ret);
    kv_abort(&txn);
    return found;
}

void check_sides(struct season *season, struct check_side *hub, struct check_side *auditor,
                 struct check_side stations[SEASON_STATIONS])
{
    *hub = (struct check_side){"hub", season->hub_kv, hub_fold(season->hub)};
    *auditor = (struct check_side){"auditor", season->auditor_kv, auditor_fold(season->auditor)};
    for (size_t i = 0; i < SEASON_STATIONS; i++) {
        struct season_station *at = &season->station[i];
        stations[i] = (struct check_side){at->name, at->kv, station_fold(at->station)};
    }
}

static bool wrong(struct check *check, const char *format, const char *what, uint32_t number,
                  uint64_t expected, uint64_t found)
{
    if (check->wrong++ < TOLD_MAX) {
        printf("WRONG ");
        printf("%s: %s %u: expected %llu, found %llu\n", format, what, (unsigned)number,
               (unsigned long long)expected, (unsigned long long)found);
    }
    return false;
}

/* --- a case as expected --- */

static void compare(struct check *check, const struct season_case *one, uint32_t index,
                    const struct record *record)
{
    const struct {
        const char *name;
        enum field field;
        uint64_t expected;
    } facts[] = {
        {"opened", FIELD_opened_ms, one->opened_ms},
        {"received", FIELD_received_ms, one->received_ms},
        {"accepted", FIELD_accepted_ms, one->accepted_ms},
        {"finished", FIELD_finished_ms, one->finished_ms},
        {"told", FIELD_told_ms, one->told_ms},
        {"handed", FIELD_handed_ms, one->handed_ms},
        {"rated", FIELD_rated_ms, one->rated_ms},
        {"rating", FIELD_rating, one->rating},
        {"due", FIELD_due_day, (uint64_t)one->due_day},
        {"to hand up by", FIELD_report_up_due_day, (uint64_t)one->up_due_day},
        {"to tell by", FIELD_tell_due_day, (uint64_t)one->tell_due_day},
        {"notices", FIELD_deficiency_count, one->notices},
        {"extended", FIELD_extended_days, (uint64_t)one->extended},
        {"standstill", FIELD_suspended_days, (uint64_t)one->paused},
        {"proxy", FIELD_proxy, one->proxy ? 1U : 0U},
    };
    for (size_t i = 0; i < sizeof facts / sizeof *facts; i++) {
        uint64_t found = values_number(&record->facts, facts[i].field, 0);
        if (found != facts[i].expected) {
            (void)wrong(check, one->path->name, facts[i].name, index, facts[i].expected, found);
        }
    }
    if (record->state != one->state) {
        (void)wrong(check, one->path->name, "state", index, one->state, record->state);
    }
}

static void check_cases(struct check *check)
{
    struct season *season = check->season;
    for (uint32_t i = 0; i < season->case_count; i++) {
        const struct season_case *one = &season->cases[i];
        struct town_act act;
        town_act(&act, 0, RECORD_CASE + i, 0);
        if (one->opened_ms == 0) {
            continue; /* advice only */
        }
        check->cases++;
        if (!check_record(&check->auditor, act.record, season->record)) {
            (void)wrong(check, one->path->name, "record", i, 1, 0);
            continue;
        }
        compare(check, one, i, season->record);
    }
}

/* --- the same bytes everywhere --- */

struct same {
    struct check *check;
    struct record *mine;
    struct record *other;
    struct buf a;
    struct buf b;
};

static bool equal(struct same *same, const struct check_side *side, const uint8_t *id)
{
    buf_clear(&same->b);
    if (!check_record(side, id, same->other)) {
        return false;
    }
    record_encode(same->other, &same->b);
    return span_equal(buf_span(&same->a), buf_span(&same->b));
}

static bool same_everywhere(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    struct same *same = context;
    struct check *check = same->check;
    (void)due_day;
    MUST(check_record(&check->hub, id, same->mine));
    buf_clear(&same->a);
    record_encode(same->mine, &same->a);
    check->records++;
    if (!equal(same, &check->auditor, id)) {
        (void)wrong(check, "auditor", "other bytes, record", get_u32(id + 12), 0, 0);
    }
    for (size_t i = 0; i < SEASON_STATIONS; i++) {
        const uint8_t *device = signer_key_id_view(check->season->station[i].signer);
        if (memcmp(same->mine->station, device, LIMIT_KEY_SIZE) == 0 &&
            !equal(same, &check->stations[i], id)) {
            (void)wrong(check, check->stations[i].name, "other bytes, record", get_u32(id + 12), 0,
                        0);
        }
    }
    return true;
}

static void check_same(struct check *check)
{
    struct same same = {.check = check};
    struct kv_txn txn;
    same.mine = calloc(1, sizeof *same.mine);
    same.other = calloc(1, sizeof *same.other);
    MUST(same.mine != NULL && same.other != NULL);
    buf_init(&same.a, LIMIT_RECORD_SIZE);
    buf_init(&same.b, LIMIT_RECORD_SIZE);
    kv_begin(check->hub.kv, false, &txn);
    for (int machine = MACHINE_NONE + 1; machine < MACHINE_END; machine++) {
        for (uint16_t state = 1; state < STATES; state++) {
            fold_list_state(check->hub.fold, &txn, (enum machine_id)machine, state, NULL,
                            same_everywhere, &same);
        }
    }
    kv_abort(&txn);
    buf_done(&same.a);
    buf_done(&same.b);
    free(same.mine);
    free(same.other);
}

/* --- nothing was refused, and the auditor agrees --- */

static void check_log(struct check *check)
{
    struct auditor_status status;
    auditor_status(check->season->auditor, &status);
    uint64_t findings = 0;
    for (int i = 1; i < FINDING_COUNT; i++) {
        findings += status.findings[i];
    }
    if (findings + status.refused + status.quarantined + status.void_count != 0) {
        (void)wrong(check, "auditor", "findings on the log", 0, 0, findings);
    }
    for (size_t i = 0; i < SEASON_STATIONS; i++) {
        struct station_status at;
        station_status(check->season->station[i].station, &at);
        if (at.returned != 0 || at.newest != at.answered) {
            (void)wrong(check, check->season->station[i].name, "events unanswered", 0, at.newest,
                        at.answered);
        }
    }
}

/* Every station folds all it has again: the same bytes. */
static void check_rebuild(struct check *check)
{
    for (size_t i = 0; i < SEASON_STATIONS; i++) {
        MUST(station_rebuild(check->season->station[i].station) == ERR_NONE);
    }
    check_same(check);
}

bool check_all(struct season *season)
{
    struct check check = {.season = season};
    check_sides(season, &check.hub, &check.auditor, check.stations);
    check_log(&check);
    check_cases(&check);
    check_same(&check);
    check_rebuild(&check);
    check_views(&check);
    printf("cases %llu as expected, records compared %llu, wrong %llu\n",
           (unsigned long long)check.cases, (unsigned long long)check.records,
           (unsigned long long)check.wrong);
    return check.wrong == 0;
}
