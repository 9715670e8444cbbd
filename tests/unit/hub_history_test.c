#include "tests/support/town.h"
#include "township-hub/history.h"
#include "township-hub/kept.h"
#include "township-hub/queue.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static const uint64_t start_ms = 1789689600000; /* 2026-09-18 08:00 at +08:00, a Friday */

static int town_setup(void **state)
{
    *state = town_open(start_ms);
    return 0;
}

static int town_teardown(void **state)
{
    town_close(*state);
    return 0;
}

struct found {
    uint64_t index[16];
    size_t count;
    size_t limit;
};

static bool take(void *context, uint64_t index)
{
    struct found *found = context;
    found->index[found->count++] = index;
    return found->count < found->limit;
}

static void read_record(struct kv *kv, uint8_t record, size_t limit, struct found *ret)
{
    struct kv_txn txn;
    uint8_t id[LIMIT_ID_SIZE];
    memset(id, record, sizeof id);
    *ret = (struct found){.limit = limit};
    kv_begin(kv, false, &txn);
    history_each(&txn, id, take, ret);
    kv_abort(&txn);
}

/* Leaves from..from + count - 1, of the records given by turns. */
static void write_leaves(struct kv *kv, uint64_t from, const uint8_t *records, size_t count)
{
    struct kv_txn txn;
    struct history *history = NULL;
    assert_int_equal(history_new(&history), ERR_NONE);
    kv_begin(kv, true, &txn);
    history_begin(history, from);
    for (size_t i = 0; i < count; i++) {
        uint8_t id[LIMIT_ID_SIZE];
        memset(id, records[i], sizeof id);
        history_note(history, id, from + i);
    }
    history_flush(history, &txn, from + count);
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    history_free(history);
}

static void restart(struct kv *kv)
{
    struct kv_txn txn;
    kv_begin(kv, true, &txn);
    history_restart(&txn);
    assert_int_equal(history_reach(&txn), 0);
    assert_int_equal(kv_commit(&txn), ERR_NONE);
}

static uint64_t rows(struct kv *kv)
{
    struct kv_stat stat;
    assert_int_equal(kv_stat(kv, &stat), ERR_NONE);
    return stat.entry_count[KV_CACHE];
}

static void test_rows_are_joined(void **state)
{
    struct town *town = *state;
    struct kv *kv = town->kv;
    struct found found;
    static const uint8_t first[] = {7, 9, 7, 7, 9};
    static const uint8_t second[] = {9, 7};
    restart(kv);
    uint64_t before = rows(kv);
    write_leaves(kv, 0, first, sizeof first);
    assert_int_equal(rows(kv) - before, 2); /* one a record */
    write_leaves(kv, 5, second, sizeof second);
    assert_int_equal(rows(kv) - before, 4);
    read_record(kv, 7, 16, &found);
    assert_int_equal(found.count, 4);
    static const uint64_t sevens[] = {0, 2, 3, 6};
    assert_memory_equal(found.index, sevens, sizeof sevens);
    read_record(kv, 9, 2, &found);
    assert_int_equal(found.count, 2); /* stopped */
    read_record(kv, 8, 16, &found);
    assert_int_equal(found.count, 0);
}

/* Rows far apart and high up, and a row that is no row. */
static void test_places(void **state)
{
    struct town *town = *state;
    struct kv *kv = town->kv;
    struct found found;
    struct kv_txn txn;
    struct history *history = NULL;
    uint8_t id[LIMIT_ID_SIZE];
    const uint64_t places[] = {0, 0x123456789, 0x123456789 + 300, 0x123456789 + 70000};
    static const uint8_t key[] = {'H', 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 0xff};
    memset(id, 7, sizeof id);
    restart(kv);
    assert_int_equal(history_new(&history), ERR_NONE);
    kv_begin(kv, true, &txn);
    history_begin(history, 0);
    for (size_t i = 0; i < 4; i++) {
        history_note(history, id, places[i]);
    }
    history_flush(history, &txn, places[3] + 1);
    kv_put(&txn, KV_CACHE, span_of(key, sizeof key), span_text("\xff"));
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    history_free(history);
    read_record(kv, 7, 16, &found);
    assert_int_equal(found.count, 4);
    assert_memory_equal(found.index, places, sizeof places);
}

/* The index may give leaves of another record; who asks for events gets none of them. */
static bool count_event(void *context, const struct wire_event *event, const char *standing,
                        uint32_t refusal)
{
    const uint8_t *record = context;
    (void)standing;
    (void)refusal;
    assert_memory_equal(event->record, record + 1, LIMIT_ID_SIZE);
    ((uint8_t *)context)[0]++;
    return true;
}

static void test_likely_names(void **state)
{
    struct town *town = *state;
    struct town_act act;
    uint8_t asked[1 + LIMIT_ID_SIZE] = {0};
    town_case(town, 1);
    town_act(&act, WIRE_CASE, 1, 1);
    memcpy(asked + 1, act.record, LIMIT_ID_SIZE);
    queue_history_events(town->kv, town->hub, asked + 1, asked, count_event);
    assert_int_equal(asked[0], 2); /* opened, accepted */
    asked[0] = 0;
    asked[1 + 7] ^= 1; /* its ends are the same */
    queue_history_events(town->kv, town->hub, asked + 1, asked, count_event);
    assert_int_equal(asked[0], 0);
}

/* --- Any mix of records --- */

enum { NAMES = 24, MIXES = 40, MIX_MOST = 700 };

/* Names that are alike in their first half, in their second, in what a key has of them, or not. */
static void make_name(unsigned number, uint8_t ret[LIMIT_ID_SIZE])
{
    static const uint8_t places[] = {0, 5, 7, 8, 11, 15};
    memset(ret, 0x80, LIMIT_ID_SIZE);
    ret[places[number % sizeof places]] = (uint8_t)(number * 37);
}

struct model {
    uint8_t of[MIXES * MIX_MOST]; /* the name of each leaf */
    size_t count;
};

/* Leaves of the one that is asked for come in order; a key of other records may bring theirs. */
struct expectation {
    const struct model *model;
    uint8_t name[LIMIT_ID_SIZE];
    uint64_t last;
    size_t count;
};

static bool expect(void *context, uint64_t index)
{
    struct expectation *expectation = context;
    uint8_t name[LIMIT_ID_SIZE];
    assert_true(index < expectation->model->count);
    make_name(expectation->model->of[index], name);
    if (memcmp(name, expectation->name, sizeof name) == 0) {
        assert_true(expectation->count == 0 || index > expectation->last);
        expectation->last = index;
        expectation->count++;
    }
    return true;
}

static void test_any_mix(void **state)
{
    struct town *town = *state;
    struct model *model = calloc(1, sizeof *model);
    struct history *history = NULL;
    struct kv_txn txn;
    uint8_t name[LIMIT_ID_SIZE];
    uint32_t random = 1;
    assert_int_equal(history_new(&history), ERR_NONE);
    restart(town->kv);
    for (size_t i = 0; i < MIXES; i++) {
        size_t count = i * i * MIX_MOST / (MIXES * MIXES); /* none at first */
        kv_begin(town->kv, true, &txn);
        history_begin(history, model->count);
        for (size_t j = 0; j < count; j++) {
            random = random * 1664525 + 1013904223;
            model->of[model->count] = (uint8_t)((random >> 16) % NAMES);
            make_name(model->of[model->count], name);
            history_note(history, name, model->count++);
        }
        history_flush(history, &txn, model->count);
        assert_int_equal(kv_commit(&txn), ERR_NONE);
    }
    kv_begin(town->kv, false, &txn);
    assert_int_equal(history_reach(&txn), model->count);
    for (unsigned i = 0; i < NAMES; i++) {
        struct expectation expectation = {.model = model};
        size_t count = 0;
        make_name(i, expectation.name);
        for (size_t j = 0; j < model->count; j++) {
            make_name(model->of[j], name);
            count += memcmp(name, expectation.name, sizeof name) == 0 ? 1 : 0;
        }
        history_each(&txn, expectation.name, expect, &expectation);
        assert_int_equal(expectation.count, count);
    }
    kv_abort(&txn);
    history_free(history);
    free(model);
}

static void test_gap_is_not_written(void **state)
{
    struct town *town = *state;
    struct kv *kv = town->kv;
    struct found found;
    struct kv_txn txn;
    static const uint8_t records[] = {7, 7};
    restart(kv);
    write_leaves(kv, 1, records, sizeof records); /* leaf 0 is not in it: made anew later */
    read_record(kv, 7, 16, &found);
    assert_int_equal(found.count, 0);
    kv_begin(kv, false, &txn);
    assert_int_equal(history_reach(&txn), 0);
    kv_abort(&txn);
}

static void test_commits_index_their_records(void **state)
{
    struct town *town = *state;
    struct kv_txn txn;
    town_case(town, 1);
    kv_begin(town->kv, false, &txn);
    assert_int_equal(history_reach(&txn), hub_size(town->hub));
    kv_abort(&txn);
}

/* --- Decoded events --- */

static void decode(struct town_event *written, struct wire_arena *arena, struct wire_event *ret)
{
    assert_int_equal(wire_event_decode(buf_span(&written->body), arena, ret), ERR_NONE);
}

static void write_event(struct town *town, struct town_event *ret)
{
    struct town_act act;
    town_act(&act, WIRE_CASE, 1, 1);
    town_text(&act, FIELD_item, 0, "I51");
    town_materials(&act);
    act.sealed_labels = 2;
    town_write(town, &town->worker, &act, ret);
}

static void test_kept_event_is_the_same(void **state)
{
    struct town *town = *state;
    struct town_event written;
    struct wire_arena arena;
    struct wire_arena room;
    struct buf bytes;
    struct wire_event *event = calloc(2, sizeof *event);
    write_event(town, &written);
    assert_int_equal(wire_arena_init(&arena, WIRE_EVENT_ARENA), ERR_NONE);
    assert_int_equal(wire_arena_init(&room, 4096), ERR_NONE);
    decode(&written, &arena, &event[0]);
    const struct kept_event *kept = kept_event_take(&room, &event[0]);
    assert_non_null(kept);
    /* Nothing of where it was decoded is needed any more, but its body. */
    memset(arena.data, 0xa5, arena.size);
    memset(&event[0], 0xa5, sizeof event[0]);
    memset(&event[1], 0x5a, sizeof event[1]);
    kept_event_give(kept, &event[1]);
    buf_init(&bytes, LIMIT_BODY_SIZE);
    assert_int_equal(wire_event_encode(&event[1], &bytes), ERR_NONE);
    assert_true(span_equal(buf_span(&bytes), buf_span(&written.body)));
    assert_true(values_has(&event[1].facts, FIELD_item));
    buf_done(&bytes);
    wire_arena_done(&arena);
    wire_arena_done(&room);
    town_event_done(&written);
    free(event);
}

static void test_no_room_is_told(void **state)
{
    struct town *town = *state;
    struct town_event written;
    struct wire_arena arena;
    struct wire_event *event = calloc(1, sizeof *event);
    write_event(town, &written);
    assert_int_equal(wire_arena_init(&arena, WIRE_EVENT_ARENA), ERR_NONE);
    decode(&written, &arena, event);
    bool fitted = false;
    for (size_t size = 1; size < 4096 && !fitted; size += 61) {
        struct wire_arena room;
        assert_int_equal(wire_arena_init(&room, size), ERR_NONE);
        fitted = kept_event_take(&room, event) != NULL;
        assert_true(!fitted || size > offsetof(struct wire_event, sealed));
        wire_arena_done(&room);
    }
    assert_true(fitted);
    wire_arena_done(&arena);
    town_event_done(&written);
    free(event);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_rows_are_joined, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_places, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_likely_names, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_any_mix, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_gap_is_not_written, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_commits_index_their_records, town_setup,
                                        town_teardown),
        cmocka_unit_test_setup_teardown(test_kept_event_is_the_same, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_no_room_is_told, town_setup, town_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
