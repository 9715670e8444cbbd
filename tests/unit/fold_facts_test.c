#include "fold/facts.h"
#include "rules/machines.h"
#include "tests/support/town.h"
#include "unit.h"
#include "views/findings.h"
#include "views/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A founded town's fold as views read it: by index and by scan the same, and when the records are
 * folded anew the same bytes. */

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
    const struct fold_period period = {from, until, 0};
    fold_list_period(hub_fold(town->hub), &txn, record->machine, &period, count_visit, &visited);
    const struct fold_period other = {from, until, ~(UINT32_C(1) << record->state)};
    const struct fold_period same = {from, until, UINT32_C(1) << record->state};
    struct visited again = visited;
    again.times = 0;
    fold_list_period(hub_fold(town->hub), &txn, record->machine, &same, count_visit, &again);
    assert_int_equal(again.times, visited.times);
    /* A long life is listed whatever its state. */
    fold_list_period(hub_fold(town->hub), &txn, record->machine, &other, count_visit, &again);
    assert_in_range(again.times, visited.times, 2 * visited.times);
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
    record->machine = MACHINE_CONTACT;
    memset(record->id, 0x5a, sizeof record->id);
    for (size_t i = 0; i < sizeof lives / sizeof *lives; i++) {
        for (int32_t shift = 0; shift < YEAR; shift += 13) {
            int32_t from = today - shift;
            int32_t until = from + lives[i];
            record->state = shift % 2 == 0 ? CONTACT_STATE_OPEN : CONTACT_STATE_ARCHIVED;
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

/* --- by state --- */

enum { MANY = 40, SHORT_PAGE = 7, LONG_ROWS = 1 + 2 + 2 + 3 };

/* Record i stands somewhere else each time, every fifth at no day at all, every seventh for long.
 */
static void put_number(struct town *town, struct record *record, unsigned i, uint16_t state)
{
    struct kv_txn txn;
    int32_t day = civil_day_of_ms(start_ms) - (int32_t)(i * 37 % 300);
    memset(record->id, (int)(i * 11 + 1), sizeof record->id);
    values_clear(&record->facts);
    record->state = state;
    if (i % 5 != 0) {
        values_set_number(&record->facts, FIELD_opened_ms, 0, civil_ms_of_day(day) + 1);
        values_set_number(&record->facts, FIELD_until_day, 0,
                          (uint64_t)day + (i % 7 == 0 ? i * 30 : i));
    }
    kv_begin(town->kv, true, &txn);
    fold_record_put(hub_fold(town->hub), &txn, FOLD_PROVEN, record);
    assert_int_equal(kv_commit(&txn), ERR_NONE);
}

struct shown {
    unsigned times[256];
    unsigned count;
    unsigned limit;
    uint8_t last[LIMIT_ID_SIZE];
};

static bool show_one(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    struct shown *shown = context;
    assert_int_equal(due_day, 0);
    shown->times[id[0]]++;
    memcpy(shown->last, id, LIMIT_ID_SIZE);
    return ++shown->count < shown->limit;
}

/* Page by page; returns how many there are, each of them shown once. */
static unsigned count_state(struct town *town, enum machine_id machine, uint16_t state)
{
    struct shown shown = {.limit = SHORT_PAGE};
    struct kv_txn txn;
    bool more = true;
    kv_begin(town->kv, false, &txn);
    while (more) {
        unsigned before = shown.count;
        uint8_t after[LIMIT_ID_SIZE];
        memcpy(after, shown.last, sizeof after);
        fold_list_state(hub_fold(town->hub), &txn, machine, state, before == 0 ? NULL : after,
                        show_one, &shown);
        more = shown.count - before == SHORT_PAGE;
        shown.limit = shown.count + SHORT_PAGE;
    }
    assert_int_equal(txn.err, ERR_NONE);
    kv_abort(&txn);
    for (size_t i = 0; i < 256; i++) {
        assert_in_range(shown.times[i], 0, 1);
    }
    return shown.count;
}

static unsigned count_days(struct town *town, enum machine_id machine)
{
    struct shown shown = {.limit = UINT32_MAX};
    struct kv_txn txn;
    kv_begin(town->kv, false, &txn);
    const struct fold_period ever = {1, CIVIL_DAY_MAX, 0};
    fold_list_period(hub_fold(town->hub), &txn, machine, &ever, show_one, &shown);
    kv_abort(&txn);
    for (size_t i = 0; i < 256; i++) {
        assert_in_range(shown.times[i], 0, 1);
    }
    return shown.count;
}

static uint64_t index_rows(struct town *town)
{
    struct kv_stat stat;
    assert_int_equal(kv_stat(town->kv, &stat), ERR_NONE);
    return stat.entry_count[KV_INDEX];
}

/* From state to state: each list has what it should, each once, page by page; one row each, and
 * some more for those that last long. */
static void test_by_state(void **state)
{
    static const uint16_t states[] = {CONTACT_STATE_OPEN, CONTACT_STATE_ANSWERED,
                                      CONTACT_STATE_ARCHIVED, CONTACT_STATE_OFFERED};
    enum { STATES = sizeof states / sizeof *states, DATED = MANY - MANY / 5 };
    struct town *town = town_open(start_ms);
    struct record *record = calloc(1, sizeof *record);
    (void)state;
    assert_non_null(record);
    record->machine = MACHINE_CONTACT;
    uint64_t before = index_rows(town);
    for (size_t now = 0; now < STATES; now++) {
        for (unsigned i = 0; i < MANY; i++) {
            put_number(town, record, i, states[now]);
            assert_int_equal(count_state(town, MACHINE_CONTACT, states[now]), i + 1);
            assert_int_equal(count_state(town, MACHINE_CONTACT, states[(now + 3) % STATES]),
                             now == 0 ? 0 : MANY - 1 - i);
        }
        assert_int_equal(count_days(town, MACHINE_CONTACT), DATED);
        assert_int_equal(count_days(town, MACHINE_TASK), 0);
    }
    uint64_t rows = index_rows(town) - before;
    for (unsigned i = 0; i < MANY; i++) {
        put_number(town, record, i, CONTACT_STATE_OPEN);
    }
    assert_int_equal(index_rows(town) - before, rows);
    assert_int_equal(rows, MANY + LONG_ROWS);
    free(record);
    town_close(town);
}

/* The record after which a list goes on may be gone. */
static void test_after_one_that_is_gone(void **state)
{
    static const uint16_t open = CONTACT_STATE_OPEN;
    struct town *town = town_open(start_ms);
    struct record *record = calloc(1, sizeof *record);
    struct shown shown = {.limit = UINT32_MAX};
    struct kv_txn txn;
    uint8_t gone[LIMIT_ID_SIZE] = {0};
    (void)state;
    assert_non_null(record);
    record->machine = MACHINE_CONTACT;
    record->state = open;
    for (uint8_t i = 1; i <= 3; i++) {
        memset(record->id, i, sizeof record->id);
        put_life(town, record, civil_day_of_ms(start_ms) + i * 40 - 80,
                 civil_day_of_ms(start_ms) + i * 40 - 79);
    }
    put_u16(gone, (uint16_t)(start_ms >> 32));
    put_u32(gone + 2, (uint32_t)start_ms);
    kv_begin(town->kv, false, &txn);
    fold_list_state(hub_fold(town->hub), &txn, MACHINE_CONTACT, open, gone, show_one, &shown);
    kv_abort(&txn);
    assert_int_equal(shown.count, 2);
    assert_int_equal(shown.times[1], 0);
    free(record);
    town_close(town);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_views_of_a_town),
        cmocka_unit_test(test_same_when_folded_anew),
        cmocka_unit_test(test_by_period),
        cmocka_unit_test(test_by_state),
        cmocka_unit_test(test_after_one_that_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
