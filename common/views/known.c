#include "views/known.h"

#include <stdlib.h>
#include <string.h>

/* Room for one more of size bytes behind count; NULL after a failure, which sticks in err. */
static void *grow(struct views_known *known, void **array, size_t count, size_t size)
{
    bool full = (count & (count - 1)) == 0; /* at each power of two */
    if (known->err != ERR_NONE || count >= VIEWS_ROWS_MAX) {
        known->err = known->err != ERR_NONE ? known->err : ERR_LIMIT;
        return NULL;
    }
    if (full) {
        void *bigger = realloc(*array, (count == 0 ? 1 : count * 2) * size);
        if (bigger == NULL) {
            known->err = ERR_MEMORY;
            return NULL;
        }
        *array = bigger;
    }
    return (uint8_t *)*array + count * size;
}

static bool keep_cover(void *context, const struct record *record)
{
    struct views_known *known = context;
    struct span principal = values_bytes(&record->facts, FIELD_principal, 0);
    int32_t until = views_day(record, FIELD_until_day);
    int32_t ended = views_day(record, FIELD_finished_ms);
    if (record->machine != MACHINE_DELEGATION || views_state_is(record, "drafted") ||
        principal.size != LIMIT_ID_SIZE) {
        return true;
    }
    struct views_cover *cover =
        grow(known, (void **)&known->cover, known->cover_count, sizeof *cover);
    if (cover == NULL) {
        return false;
    }
    known->cover_count++;
    memcpy(cover->staff, principal.data, sizeof cover->staff);
    cover->from_day = views_day(record, FIELD_from_day);
    cover->until_day = until == 0 ? CIVIL_DAY_MAX : until;
    if (ended != 0 && ended < cover->until_day) {
        cover->until_day = ended;
    }
    return true;
}

static bool keep_outage(void *context, const struct record *record)
{
    struct views_known *known = context;
    if (record->machine != MACHINE_OUTAGE) {
        return true;
    }
    struct views_outage *outage =
        grow(known, (void **)&known->outage, known->outage_count, sizeof *outage);
    if (outage == NULL) {
        return false;
    }
    known->outage_count++;
    memcpy(outage->station, record->station, sizeof outage->station);
    outage->from_day = views_day(record, FIELD_opened_ms);
    outage->until_day = views_day(record, FIELD_fixed_ms);
    if (outage->until_day == 0) {
        outage->until_day = known->look.today;
    }
    return true;
}

/* --- reports --- */

enum { KIND_YEAR = 5, KIND_ARCHIVE = 7 };

static const struct figure {
    const char *name;
    uint16_t field;
    bool of_archive; /* of the archive list, or of the others */
} figures[VIEWS_FIGURES] = {
    {"accepted", FIELD_total_accepted, false},     {"finished", FIELD_total_finished, false},
    {"overdue", FIELD_total_overdue, false},       {"extended", FIELD_total_extended, false},
    {"proxy", FIELD_total_proxy, false},           {"rated", FIELD_total_rated, false},
    {"complaints", FIELD_total_complaints, false}, {"archived", FIELD_total_archived, true},
    {"contacts", FIELD_total_contacts, true},      {"dossiers", FIELD_total_dossiers, true},
};
enum {
    ACCEPTED,
    FINISHED,
    OVERDUE,
    EXTENDED,
    PROXY,
    RATED,
    COMPLAINTS,
    ARCHIVED,
    CONTACTS,
    DOSSIERS
};

const char *views_figure_name(size_t figure)
{
    return figure < VIEWS_FIGURES ? figures[figure].name : "";
}

static bool keep_report(void *context, const struct record *record)
{
    struct views_known *known = context;
    const struct views_scope *scope = known->look.scope;
    int32_t drawn_up = views_day(record, FIELD_opened_ms);
    uint64_t kind = values_number(&record->facts, FIELD_kind, 0);
    bool counted = kind != 0 && (kind <= KIND_YEAR || kind == KIND_ARCHIVE);
    if (record->machine != MACHINE_REPORT || !counted || !views_in_scope(&known->look, record) ||
        drawn_up < scope->from_day || drawn_up > scope->until_day) {
        return true;
    }
    struct views_report *report =
        grow(known, (void **)&known->report, known->report_count, sizeof *report);
    if (report == NULL) {
        return false;
    }
    known->report_count++;
    memset(report, 0, sizeof *report);
    memcpy(report->record, record->id, sizeof report->record);
    memcpy(report->station, record->station, sizeof report->station);
    report->from_day = views_day(record, FIELD_from_day);
    report->until_day = views_day(record, FIELD_until_day);
    report->of_archive = kind == KIND_ARCHIVE;
    for (size_t i = 0; i < VIEWS_FIGURES; i++) {
        if (figures[i].of_archive == report->of_archive) {
            report->claimed[i] = values_number(&record->facts, (enum field)figures[i].field, 0);
        }
    }
    return true;
}

static bool is_within(const struct views_report *report, int32_t day)
{
    return day != 0 && day >= report->from_day && day <= report->until_day;
}

/* The days on which a case counts, read once for all reports. */
struct case_days {
    int32_t accepted;
    int32_t finished;
    int32_t rated;
    int32_t overdue;
    int32_t archived;
    bool proxy;
    bool read;
};

static struct case_days case_days_of(const struct views_known *known, const struct record *record)
{
    bool late = views_ask_late(&known->look, record);
    return (struct case_days){.accepted = views_day(record, FIELD_accepted_ms),
                              .finished = views_day(record, FIELD_finished_ms),
                              .rated = views_day(record, FIELD_rated_ms),
                              .overdue = late ? views_day(record, FIELD_due_day) + 1 : 0,
                              .archived = views_day(record, FIELD_archived_ms),
                              .proxy = values_has(&record->facts, FIELD_proxy),
                              .read = true};
}

static void count_case(const struct views_known *known, const struct record *record,
                       const struct case_days *days, struct views_report *report)
{
    const struct views_scope scope = {.from_day = report->from_day, .until_day = report->until_day};
    const struct views_look look = {
        .source = known->look.source, .scope = &scope, .today = known->look.today};
    bool accepted = is_within(report, days->accepted);
    report->recomputed[ACCEPTED] += accepted ? 1 : 0;
    report->recomputed[FINISHED] += is_within(report, days->finished) ? 1 : 0;
    report->recomputed[OVERDUE] += is_within(report, days->overdue) ? 1 : 0;
    report->recomputed[EXTENDED] += views_ask_extended(&look, record) ? 1 : 0;
    report->recomputed[PROXY] += accepted && days->proxy ? 1 : 0;
    report->recomputed[RATED] += is_within(report, days->rated) ? 1 : 0;
}

static void count_archived(const struct record *record, const struct case_days *days,
                           struct views_report *report)
{
    size_t figure = record->machine == MACHINE_CASE      ? ARCHIVED
                    : record->machine == MACHINE_CONTACT ? CONTACTS
                                                         : DOSSIERS;
    report->recomputed[figure] += is_within(report, days->archived) ? 1 : 0;
}

/* Cases and complaints in all reports, first contacts in those of the archive alone. */
static bool is_counted(const struct views_report *report, enum machine_id machine)
{
    return machine == MACHINE_CASE || machine == MACHINE_COMPLAINT ||
           (machine == MACHINE_CONTACT && report->of_archive);
}

void views_known_count(struct views_known *known, const struct record *record)
{
    struct case_days days = {0};
    for (size_t i = 0; i < known->report_count; i++) {
        struct views_report *report = &known->report[i];
        if (!is_counted(report, record->machine) ||
            memcmp(report->station, record->station, LIMIT_KEY_SIZE) != 0) {
            continue;
        }
        if (!days.read) {
            days = case_days_of(known, record);
        }
        if (report->of_archive) {
            count_archived(record, &days, report);
        } else if (record->machine == MACHINE_CASE) {
            count_case(known, record, &days, report);
        } else {
            report->recomputed[COMPLAINTS] +=
                is_within(report, views_day(record, FIELD_opened_ms)) ? 1 : 0;
        }
    }
}

static int report_compare(const void *left, const void *right)
{
    const struct views_report *a = left;
    const struct views_report *b = right;
    return memcmp(a->record, b->record, sizeof a->record);
}

const struct views_report *views_known_report(const struct views_known *known,
                                              const uint8_t record[LIMIT_ID_SIZE])
{
    size_t low = 0;
    size_t high = known->report_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(known->report[middle].record, record, LIMIT_ID_SIZE);
        if (order == 0) {
            return &known->report[middle];
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return NULL;
}

/* Scope: of which days the records are; NULL: of all. */
static void walk(struct views_known *known, enum machine_id machine,
                 const struct views_scope *scope, views_record_visit visit)
{
    struct views_reach reach = {.machine = machine};
    const struct views_source *source = known->look.source;
    if (scope != NULL) {
        views_reach_days(scope, &reach);
    }
    if (known->err == ERR_NONE) {
        source->records(source->context, &reach, visit, known);
    }
}

bool views_known_widen(const struct views_known *known, struct views_reach *reach)
{
    bool any = false;
    for (size_t i = 0; i < known->report_count; i++) {
        const struct views_report *report = &known->report[i];
        const struct views_scope days = {.from_day = report->from_day,
                                         .until_day = report->until_day};
        struct views_reach wide = {.machine = reach->machine};
        if (is_counted(report, reach->machine)) {
            views_reach_days(&days, &wide);
            reach->from_day = wide.from_day < reach->from_day ? wide.from_day : reach->from_day;
            reach->until_day =
                wide.until_day > reach->until_day ? wide.until_day : reach->until_day;
            any = true;
        }
    }
    return any;
}

enum err views_known_init(struct views_known *known, const struct views_source *source,
                          const struct views_scope *scope)
{
    memset(known, 0, sizeof *known);
    views_look_init(&known->look, source, scope);
    walk(known, MACHINE_DELEGATION, NULL, keep_cover);
    walk(known, MACHINE_OUTAGE, NULL, keep_outage);
    walk(known, MACHINE_REPORT, scope, keep_report);
    if (known->report_count != 0) {
        qsort(known->report, known->report_count, sizeof *known->report, report_compare);
    }
    return known->err;
}

void views_known_done(struct views_known *known)
{
    free(known->cover);
    free(known->outage);
    free(known->report);
    memset(known, 0, sizeof *known);
}
