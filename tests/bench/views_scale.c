/* Every view, indicator, finding and score sheet over a station with very many cases of five
 * years: how long the first page and the whole take, and whether the index leaves anything out.
 *   views_scale [CASES [NAME]]   100,000 when not said; one line a list, CPU times in ms; NAME: of
 * those whose name it is part of Fails when a list read by the index differs from the same list
 * over all records. Its records are put into the fold's store as they are, not made by events:
 * station_scale does that. */
#include "fold/facts.h"
#include "rules/machines.h"
#include "tests/bench/measure.h"
#include "tests/support/town.h"
#include "views/appraisal.h"
#include "views/kpi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CASES_DEFAULT = 100000, PAGE = 50, YEARS = 5, DAYS = YEARS * 365, STAFF = 6, ROUNDS = 3 };

static const uint64_t now_at = 1789689600000; /* 2026-09-18 08:00 at +08:00 */
static const uint64_t day_ms = (uint64_t)24 * 60 * 60 * 1000;

/* --- Making --- */

struct making {
    struct town *town;
    struct kv_txn txn;
    struct record *record;
    uint32_t made;
    int32_t today;
};

static void begin(struct making *making, enum machine_id machine, const char *state)
{
    struct record *record = making->record;
    uint32_t states = views_states(machine, state);
    memset(record, 0, offsetof(struct record, facts));
    values_clear(&record->facts);
    must(states != 0, state);
    record->machine = machine;
    while ((states >> record->state & 1) == 0) {
        record->state++;
    }
    record->holder = HOLDER_STATION;
    put_u32(record->id, making->made++ * 2654435761U); /* ids lie all over the store */
    put_u32(record->id + 4, making->made);
    memcpy(record->station, signer_key_id_view(making->town->station), LIMIT_KEY_SIZE);
}

static void number(struct making *making, enum field field, uint64_t value)
{
    values_set_number(&making->record->facts, field, 0, value);
}

static void staff(struct making *making, enum field field, uint32_t which)
{
    uint8_t id[LIMIT_ID_SIZE];
    memset(id, (int)(which % STAFF) + 1, sizeof id);
    values_set_bytes(&making->record->facts, field, 0, span_of(id, sizeof id));
}

static void day(struct making *making, enum field field, int32_t value)
{
    number(making, field, (uint64_t)value);
}

/* Ten in the morning of that day. */
static void moment(struct making *making, enum field field, int32_t value)
{
    number(making, field, civil_ms_of_day(value) + day_ms / 24 * 10);
}

static void put(struct making *making)
{
    must(making->record->facts.err == ERR_NONE, "facts");
    fold_record_put(hub_fold(making->town->hub), &making->txn, FOLD_PROVEN, making->record);
}

/* What became of a case that was accepted on that day: one of fifty is late, one of two hundred
 * stays open for ever; nobody has archived those of the last quarter yet. */
static void make_case(struct making *making, uint32_t i, int32_t opened)
{
    static const char *const items[] = {"I51", "I02", "I10", "I20", "I30"};
    enum { LIMIT = 10, LATE = 16, QUARTER = 90 };
    int32_t finished = opened + (i % 50 == 7 ? LATE : (int32_t)(i % 5));
    bool open = finished > making->today || i % 200 == 3;
    bool filed = !open && opened < making->today - QUARTER;
    begin(making, MACHINE_CASE, open ? "processing" : filed ? "archived" : "rated");
    values_set_bytes(&making->record->facts, FIELD_item, 0, span_text(items[i % 5]));
    staff(making, FIELD_first_responsible, i);
    staff(making, FIELD_handler, i + 1);
    moment(making, FIELD_opened_ms, opened);
    moment(making, FIELD_accepted_ms, opened);
    day(making, FIELD_due_day, opened + LIMIT);
    number(making, FIELD_visits, 1 + i % 3);
    number(making, FIELD_deficiency_count, i % 100 == 5 ? 2 : 0);
    number(making, FIELD_proxy, i % 3 == 0);
    moment(making, FIELD_last_ms, open ? opened : finished + 2);
    if (i % 4 == 0) {
        day(making, FIELD_report_up_due_day, opened + 1);
        moment(making, FIELD_handed_up_ms, opened + 1);
        moment(making, FIELD_received_hub_ms, opened + 1);
    }
    if (!open) {
        moment(making, FIELD_finished_ms, finished);
        day(making, FIELD_tell_due_day, finished + 1);
        moment(making, FIELD_told_ms, finished + 1);
        moment(making, FIELD_handed_ms, finished + 1);
        moment(making, FIELD_rated_ms, finished + 2);
        number(making, FIELD_rating, 1 + i % 4);
    }
    put(making);
}

static void make_contact(struct making *making, uint32_t i, int32_t opened)
{
    begin(making, MACHINE_CONTACT, i % 300 == 1 ? "open" : "ended");
    staff(making, FIELD_first_responsible, i);
    moment(making, FIELD_opened_ms, opened);
    moment(making, FIELD_told_ms, opened + 3);
    number(making, FIELD_channel, 1 + i % 2);
    put(making);
}

/* The office of one day. */
static void make_day(struct making *making, int32_t at)
{
    for (uint32_t i = 0; i < STAFF; i++) {
        begin(making, MACHINE_ATTENDANCE, "left");
        staff(making, FIELD_staff, i);
        moment(making, FIELD_opened_ms, at);
        number(making, FIELD_day_status, 1 + (uint64_t)(at % 3));
        put(making);
    }
    begin(making, MACHINE_DUTY, "ended");
    number(making, FIELD_kind, 1);
    staff(making, FIELD_people, (uint32_t)at);
    day(making, FIELD_from_day, at);
    moment(making, FIELD_opened_ms, at - 7);
    put(making);
    begin(making, MACHINE_REPORT, "signed");
    number(making, FIELD_kind, at % 30 == 0 ? 3 : 1);
    day(making, FIELD_from_day, at % 30 == 0 ? at - 30 : at);
    day(making, FIELD_until_day, at);
    moment(making, FIELD_opened_ms, at);
    number(making, FIELD_total_accepted, 1);
    put(making);
}

static struct town *make(uint32_t cases)
{
    struct town *town = town_open(now_at);
    struct making making = {.town = town, .today = civil_day_of_ms(town->now_ms)};
    making.record = calloc(1, sizeof *making.record);
    must(making.record != NULL, "memory");
    int32_t first = making.today - DAYS;
    kv_begin(town->kv, true, &making.txn);
    for (uint32_t i = 0; i < cases; i++) {
        int32_t opened = first + (int32_t)((uint64_t)i * DAYS / cases);
        make_case(&making, i, opened);
        make_contact(&making, i, opened);
    }
    for (int32_t at = first; at < making.today; at++) {
        make_day(&making, at);
    }
    must(kv_commit(&making.txn) == ERR_NONE, "commit");
    free(making.record);
    return town;
}

/* --- Looking --- */

/* A source that knows no index: all records of a machine. */
static const struct views_source *all_of;

static void all_records(void *context, const struct views_reach *reach, views_record_visit visit,
                        void *visit_context)
{
    const struct views_reach all = {.machine = reach->machine};
    all_of->records(context, &all, visit, visit_context);
}

/* What was answered, folded into a number. */
struct digest {
    uint64_t sum;
    uint64_t rows;
};

static void digest_bytes(struct digest *digest, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < size; i++) {
        digest->sum = (digest->sum ^ bytes[i]) * 0x100000001b3;
    }
}

static bool digest_row(void *context, const struct views_row *row)
{
    struct digest *digest = context;
    digest->rows++;
    for (size_t i = 0; i < row->count; i++) {
        digest_bytes(digest, &row->cell[i].number, sizeof row->cell[i].number);
        digest_bytes(digest, row->cell[i].bytes.data, row->cell[i].bytes.size);
    }
    return true;
}

static bool digest_case(void *context, const struct record *record, bool good)
{
    struct digest *digest = context;
    digest->rows++;
    digest_bytes(digest, record->id, sizeof record->id);
    digest_bytes(digest, &good, sizeof good);
    return true;
}

static void digest_finding(void *context, const struct views_finding *finding)
{
    struct digest *digest = context;
    digest->rows++;
    digest_bytes(digest, finding->rule->name, strlen(finding->rule->name));
    digest_bytes(digest, finding->record, sizeof finding->record);
    digest_bytes(digest, &finding->day, sizeof finding->day);
}

static void no_events(void *context, const uint8_t record[LIMIT_ID_SIZE], void *visit_context,
                      fold_event_visit visit)
{
    (void)context;
    (void)record;
    (void)visit_context;
    (void)visit;
}

enum kind { LIST, INDICATORS, BEHIND, FINDINGS, SHEET, RANKING };

struct asking {
    enum kind kind;
    const struct views_view *view;
    const struct views_kpi *kpi;
    struct views_scope scope;
    size_t limit;
};

static void digest_ranking(const struct views_source *source, const struct asking *asking,
                           struct digest *digest)
{
    struct views_rank *ranks = calloc(source->station_count + 1, sizeof *ranks);
    must(ranks != NULL && views_ranking(source, &asking->scope, ranks) == ERR_NONE, "ranking");
    for (size_t i = 0; i < source->station_count; i++) {
        digest_bytes(digest, &ranks[i].sheet.points, sizeof ranks[i].sheet.points);
        digest_bytes(digest, &ranks[i].sheet.pending, sizeof ranks[i].sheet.pending);
        digest_bytes(digest, &ranks[i].rank, sizeof ranks[i].rank);
        digest_bytes(digest, &ranks[i].last_years, sizeof ranks[i].last_years);
    }
    digest->rows = source->station_count;
    free(ranks);
}

static struct digest ask(const struct views_source *source, const struct asking *asking)
{
    struct digest digest = {0xcbf29ce484222325, 0};
    struct views_page page = {0, asking->limit};
    struct views_kpi_result results[64];
    struct views_sheet sheet;
    switch (asking->kind) {
    case LIST:
        must(views_list(source, asking->view, &asking->scope, &page, NULL, digest_row, &digest) ==
                 ERR_NONE,
             asking->view->name);
        break;
    case INDICATORS:
        must(views_kpi_count() <= sizeof results / sizeof *results, "indicators");
        views_kpi_all(source, &asking->scope, results);
        for (size_t i = 0; i < views_kpi_count(); i++) {
            digest_bytes(&digest, &results[i].of, sizeof results[i].of);
            digest_bytes(&digest, &results[i].good, sizeof results[i].good);
            digest.rows++;
        }
        break;
    case BEHIND:
        must(views_kpi_cases(source, asking->kpi, &asking->scope, digest_case, &digest) == ERR_NONE,
             asking->kpi->name);
        break;
    case FINDINGS:
        must(views_findings(source, &asking->scope, digest_finding, &digest) == ERR_NONE,
             "findings");
        break;
    case SHEET:
        must(views_appraise(source, &asking->scope, NULL, NULL, &sheet) == ERR_NONE, "sheet");
        digest_bytes(&digest, &sheet.points, sizeof sheet.points);
        digest_bytes(&digest, &sheet.pending, sizeof sheet.pending);
        digest.rows = sheet.count;
        break;
    case RANKING:
        digest_ranking(source, asking, &digest);
        break;
    }
    return digest;
}

/* The best of a few rounds, as each page is asked for: facts anew, one transaction. */
static double timed(struct town *town, const struct asking *asking, struct digest *ret)
{
    double best = 0;
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct fold_facts *facts = NULL;
        struct kv_txn txn;
        double start = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
        kv_begin(town->kv, false, &txn);
        const struct fold_facts_ask asked = {.fold = hub_fold(town->hub),
                                             .txn = &txn,
                                             .space = FOLD_PROVEN,
                                             .now_ms = town->now_ms,
                                             .events = no_events};
        must(fold_facts_new(&asked, &facts) == ERR_NONE, "facts");
        *ret = ask(fold_facts_source(facts), asking);
        fold_facts_free(facts);
        kv_abort(&txn);
        double took = clock_ms(CLOCK_PROCESS_CPUTIME_ID) - start;
        best = round == 0 || took < best ? took : best;
    }
    return best;
}

static struct digest whole(struct town *town, const struct asking *asking)
{
    struct fold_facts *facts = NULL;
    struct kv_txn txn;
    kv_begin(town->kv, false, &txn);
    const struct fold_facts_ask asked = {.fold = hub_fold(town->hub),
                                         .txn = &txn,
                                         .space = FOLD_PROVEN,
                                         .now_ms = town->now_ms,
                                         .events = no_events};
    must(fold_facts_new(&asked, &facts) == ERR_NONE, "facts");
    all_of = fold_facts_source(facts);
    struct views_source source = *all_of;
    source.records = all_records;
    struct digest digest = ask(&source, asking);
    fold_facts_free(facts);
    kv_abort(&txn);
    return digest;
}

struct table {
    const char *only;
    struct town *town;
    int32_t today;
    double worst;
    bool good;
};

static void line(struct table *table, const char *name, enum policy_period period,
                 struct asking asking)
{
    struct digest page;
    struct digest all;
    if (strstr(name, table->only) == NULL) {
        return;
    }
    views_period(period, table->today, &asking.scope.from_day, &asking.scope.until_day);
    asking.limit = PAGE;
    double first_ms = timed(table->town, &asking, &page);
    asking.limit = 0;
    double all_ms = timed(table->town, &asking, &all);
    struct digest scanned = whole(table->town, &asking);
    bool same = scanned.sum == all.sum && scanned.rows == all.rows;
    table->good = table->good && same;
    table->worst = first_ms > table->worst ? first_ms : table->worst;
    (void)printf("%-30s %9.2f %9.2f %8llu %s\n", name, first_ms, all_ms,
                 (unsigned long long)all.rows, same ? "" : "DIFFERS");
}

int main(int argc, char **argv)
{
    uint32_t cases = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : CASES_DEFAULT;
    if (cases == 0) {
        (void)fprintf(stderr, "usage: views_scale [CASES [NAME]]\n");
        return 2;
    }
    double start = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
    struct town *town = make(cases);
    struct table table = {.only = argc > 2 ? argv[2] : "",
                          .town = town,
                          .today = civil_day_of_ms(town->now_ms),
                          .good = true};
    (void)printf("%u cases and first contacts of %d years, made in %.1f s\n%-30s %9s %9s %8s\n",
                 cases, YEARS, (clock_ms(CLOCK_PROCESS_CPUTIME_ID) - start) / 1e3, "", "page, ms",
                 "whole, ms", "rows");
    for (size_t i = 0; i < views_count(); i++) {
        const struct views_view *view = views_at(i);
        line(&table, view->name, view->period == 0 ? POLICY_PERIOD_MONTH : view->period,
             (struct asking){.kind = LIST, .view = view});
    }
    line(&table, "kpi", POLICY_PERIOD_MONTH, (struct asking){.kind = INDICATORS});
    for (size_t i = 0; i < views_kpi_count(); i++) {
        const struct views_kpi *kpi = views_kpi_at(i);
        line(&table, kpi->name, POLICY_PERIOD_MONTH, (struct asking){.kind = BEHIND, .kpi = kpi});
    }
    line(&table, "findings", POLICY_PERIOD_MONTH, (struct asking){.kind = FINDINGS});
    line(&table, "score sheet", POLICY_PERIOD_MONTH, (struct asking){.kind = SHEET});
    line(&table, "ranking of stations", POLICY_PERIOD_YEAR, (struct asking){.kind = RANKING});
    (void)printf("slowest page: %.2f ms\n", table.worst);
    town_close(town);
    return table.good ? 0 : 1;
}
