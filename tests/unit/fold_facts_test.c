#include "fold/facts.h"
#include "tests/support/town.h"
#include "unit.h"
#include "views/findings.h"
#include "views/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A founded town's fold as views read it: by index and by scan the same, and when the records are
 * folded anew the same bytes. */

enum { CASE_SUBMITTED_UP = 13 };

static const uint64_t start_ms = 1789689600000; /* 2026-09-18 08:00 at +08:00, a Friday */

static void serve(struct town *town, uint32_t record, bool hand_up)
{
    struct town_act act;
    town_case(town, record);
    if (hand_up) {
        town_act(&act, WIRE_CASE, record, CASE_SUBMITTED_UP);
        assert_int_equal(town_station(town, &town->worker, &act).refusal, REFUSAL_NONE);
    }
}

/* --- everything the views say, as one text --- */

static void no_events(void *context, const uint8_t record[LIMIT_ID_SIZE], void *visit_context,
                      fold_event_visit visit)
{
    (void)context;
    (void)record;
    (void)visit_context;
    (void)visit;
}

struct telling {
    struct buf text;
    size_t rows;
};

static bool tell_row(void *context, const struct views_row *row)
{
    struct telling *telling = context;
    telling->rows++;
    for (size_t i = 0; i < row->count; i++) {
        const struct views_cell *cell = &row->cell[i];
        buf_put_u8(&telling->text, (uint8_t)cell->kind);
        buf_put_u64(&telling->text, (uint64_t)cell->number);
        buf_put_span(&telling->text, cell->bytes);
        buf_put_text(&telling->text, cell->kind == VIEWS_CELL_EMPTY ? "" : cell->text);
    }
    return true;
}

static void tell_finding(void *context, const struct views_finding *finding)
{
    struct telling *telling = context;
    buf_put_text(&telling->text, finding->rule->name);
    buf_put(&telling->text, finding->record, sizeof finding->record);
    buf_put_u32(&telling->text, (uint32_t)finding->day);
}

static struct telling tell(struct town *town, const char *only, const struct views_scope *scope)
{
    struct telling telling = {.rows = 0};
    struct fold_facts *facts = NULL;
    struct kv_txn txn;
    const struct views_page page = {0, 0};
    buf_init(&telling.text, 16 << 20);
    kv_begin(town->kv, false, &txn);
    const struct fold_facts_ask ask = {.fold = hub_fold(town->hub),
                                       .txn = &txn,
                                       .space = FOLD_PROVEN,
                                       .now_ms = town->now_ms,
                                       .events = no_events};
    assert_int_equal(fold_facts_new(&ask, &facts), ERR_NONE);
    const struct views_source *source = fold_facts_source(facts);
    for (size_t i = 0; i < views_count(); i++) {
        const struct views_view *view = views_at(i);
        if (only == NULL || strcmp(only, view->name) == 0) {
            buf_put_text(&telling.text, view->name);
            assert_int_equal(views_list(source, view, scope, &page, NULL, tell_row, &telling),
                             ERR_NONE);
        }
    }
    assert_int_equal(views_findings(source, scope, tell_finding, &telling), ERR_NONE);
    fold_facts_free(facts);
    kv_abort(&txn);
    assert_int_equal(telling.text.err, ERR_NONE);
    return telling;
}

static size_t rows_of(struct town *town, const char *view, int32_t from, int32_t until)
{
    const struct views_scope scope = {.from_day = from, .until_day = until};
    struct telling telling = tell(town, view, &scope);
    buf_done(&telling.text);
    return telling.rows;
}

/* Takes every record out of the store and puts it back: index and lists are made anew. */
struct kept {
    const struct fold *fold;
    struct kv_txn *txn;
    size_t count;
    struct record *record[64];
};

static bool keep(void *context, struct span key, struct span value)
{
    struct kept *kept = context;
    struct record *record = calloc(1, sizeof *record);
    assert_true(record != NULL && kept->count < 64);
    assert_true(fold_record_read(kept->fold, kept->txn, key, value, record));
    kept->record[kept->count++] = record;
    return true;
}

static void fold_anew(struct town *town)
{
    struct kv_txn txn;
    const struct fold *fold = hub_fold(town->hub);
    struct kept kept = {.fold = fold, .txn = &txn};
    kv_begin(town->kv, true, &txn);
    kv_scan(&txn, KV_RECORD, span_of(NULL, 0), span_of(NULL, 0), keep, &kept);
    kv_clear(&txn, KV_RECORD, span_of(NULL, 0));
    kv_clear(&txn, KV_INDEX, span_of(NULL, 0));
    for (size_t i = kept.count; i > 0; i--) {
        fold_record_put(fold, &txn, FOLD_PROVEN, kept.record[i - 1]);
        free(kept.record[i - 1]);
    }
    assert_int_equal(kv_commit(&txn), ERR_NONE);
}

static void test_views_of_a_town(void **state)
{
    struct town *town = town_open(start_ms);
    int32_t today = civil_day_of_ms(start_ms);
    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        serve(town, 1 + i, i % 2 == 0);
    }
    town->now_ms += (uint64_t)24 * 60 * 60 * 1000;
    town_contact(town, 77);
    assert_int_equal(rows_of(town, "first-contacts", today, today), 5);
    assert_int_equal(rows_of(town, "first-contacts", today, today + 1), 6);
    assert_int_equal(rows_of(town, "first-contacts", today + 1, today + 1), 1);
    assert_int_equal(rows_of(town, "first-contacts", today + 2, today + 9), 0);
    assert_int_equal(rows_of(town, "service-ledger", today, today), 5);
    assert_int_equal(rows_of(town, "due", today, today), 5);
    assert_int_equal(rows_of(town, "to-hand-up", today, today), 2);
    town_close(town);
}

static void test_same_when_folded_anew(void **state)
{
    struct town *town = town_open(start_ms);
    int32_t today = civil_day_of_ms(start_ms);
    const struct views_scope scope = {.from_day = today - 30, .until_day = today + 60};
    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        serve(town, 1 + i, i % 2 == 0);
    }
    town->now_ms += (uint64_t)40 * 24 * 60 * 60 * 1000; /* late by then */
    struct telling before = tell(town, NULL, &scope);
    fold_anew(town);
    struct telling after = tell(town, NULL, &scope);
    assert_true(before.rows > 20 && span_equal(buf_span(&before.text), buf_span(&after.text)));
    town_restart(town);
    struct telling again = tell(town, NULL, &scope);
    assert_true(span_equal(buf_span(&before.text), buf_span(&again.text)));
    buf_done(&before.text);
    buf_done(&after.text);
    buf_done(&again.text);
    town_close(town);
}

/* --- by period --- */

struct visited {
    uint8_t id[LIMIT_ID_SIZE];
    unsigned times;
};

static bool count_visit(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    struct visited *visited = context;
    (void)due_day;
    visited->times += memcmp(visited->id, id, LIMIT_ID_SIZE) == 0 ? 1 : 0;
    return true;
}

static unsigned times_in(struct town *town, struct record *record, int32_t from, int32_t until)
{
    struct visited visited = {.times = 0};
    struct kv_txn txn;
    memcpy(visited.id, record->id, sizeof visited.id);
    kv_begin(town->kv, false, &txn);
    fold_list_period(hub_fold(town->hub), &txn, record->machine, from, until, count_visit,
                     &visited);
    kv_abort(&txn);
    return visited.times;
}

static void put_life(struct town *town, struct record *record, int32_t from, int32_t until)
{
    struct kv_txn txn;
    values_set_number(&record->facts, FIELD_opened_ms, 0, civil_ms_of_day(from) + 1);
    values_set_number(&record->facts, FIELD_until_day, 0, (uint64_t)until);
    kv_begin(town->kv, true, &txn);
    fold_record_put(hub_fold(town->hub), &txn, FOLD_PROVEN, record);
    assert_int_equal(kv_commit(&txn), ERR_NONE);
}

/* However long a record lives, it is shown once for each period that it touches, and for one that
 * ends the year before or begins the year after it not at all, unless it lasts for many years. */
static void test_by_period(void **state)
{
    enum { YEAR = 366, FOR_EVER = 3 * YEAR };
    static const int32_t lives[] = {0, 1, 27, 31, 59, 61, 92, 93, 365, 700, FOR_EVER, 4000};
    struct town *town = town_open(start_ms);
    struct record *record = calloc(1, sizeof *record);
    int32_t today = civil_day_of_ms(start_ms);
    (void)state;
    assert_non_null(record);
    record->machine = MACHINE_EQUIPMENT;
    memset(record->id, 0x5a, sizeof record->id);
    for (size_t i = 0; i < sizeof lives / sizeof *lives; i++) {
        for (int32_t shift = 0; shift < YEAR; shift += 13) {
            int32_t from = today - shift;
            int32_t until = from + lives[i];
            put_life(town, record, from, until);
            assert_int_equal(times_in(town, record, from, from), 1);
            assert_int_equal(times_in(town, record, until, until), 1);
            assert_int_equal(times_in(town, record, until, until + YEAR), 1);
            assert_int_equal(times_in(town, record, from - YEAR, from), 1);
            assert_int_equal(times_in(town, record, from - 5000, until + 5000), 1);
            unsigned outside = lives[i] >= FOR_EVER ? 1 : 0;
            assert_int_equal(times_in(town, record, from - 5000, from - YEAR), outside);
            assert_int_equal(times_in(town, record, until + YEAR, until + 5000), outside);
        }
    }
    put_life(town, record, today, CIVIL_DAY_MAX);
    assert_int_equal(times_in(town, record, CIVIL_DAY_MAX - 1, CIVIL_DAY_MAX), 1);
    free(record);
    town_close(town);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views_of_a_town),
        cmocka_unit_test(test_same_when_folded_anew),
        cmocka_unit_test(test_by_period),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
