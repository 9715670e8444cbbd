/* Memory of pushes that is used again. */
#include "tests/support/town.h"
#include "township-hub/rooms.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

enum { SMALL = 100 * 1024, SMALL_ROOM = 4 * ROOMS_STEP };

static void test_the_last_is_next(void **state)
{
    struct rooms rooms;
    size_t size[3] = {SMALL, SMALL, SMALL_ROOM + 1};
    uint8_t *room[3];
    (void)state;
    rooms_init(&rooms);
    for (size_t i = 0; i < 3; i++) {
        room[i] = rooms_take(&rooms, &size[i]);
        assert_non_null(room[i]);
        memset(room[i], 0xa5, size[i]);
    }
    assert_int_equal(size[0], SMALL_ROOM);
    assert_int_equal(size[2], SMALL_ROOM + ROOMS_STEP);
    assert_int_equal(rooms.kept, 0);
    for (size_t i = 0; i < 3; i++) {
        rooms_give(&rooms, room[i], size[i]);
    }
    assert_int_equal(rooms.kept, 3 * SMALL_ROOM + ROOMS_STEP);
    size[0] = SMALL_ROOM; /* at the border: still of this size */
    assert_ptr_equal(rooms_take(&rooms, &size[0]), room[1]);
    assert_ptr_equal(rooms_take(&rooms, &size[1]), room[0]);
    assert_ptr_equal(rooms_take(&rooms, &size[2]), room[2]);
    assert_int_equal(rooms.kept, 0);
    for (size_t i = 0; i < 3; i++) {
        rooms_give(&rooms, room[i], size[i]);
    }
    rooms_done(&rooms);
    assert_int_equal(rooms.kept, 0);
}

/* Small and large ones, and all without rooms, are as large as asked for and not kept. */
static void test_others_are_the_heap(void **state)
{
    static const size_t sizes[] = {1, ROOMS_STEP - 1, ROOMS_MOST + 1};
    struct rooms rooms;
    size_t size = SMALL;
    (void)state;
    rooms_init(&rooms);
    void *room = rooms_take(NULL, &size);
    assert_int_equal(size, SMALL);
    rooms_give(NULL, room, size);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        size = sizes[i];
        room = rooms_take(&rooms, &size);
        assert_non_null(room);
        assert_int_equal(size, sizes[i]);
        rooms_give(&rooms, room, size);
    }
    rooms_give(&rooms, NULL, 0);
    assert_int_equal(rooms.kept, 0);
    size = ROOMS_MOST;
    room = rooms_take(&rooms, &size);
    rooms_give(&rooms, room, size);
    assert_int_equal(rooms.kept, ROOMS_MOST);
    rooms_done(&rooms);
}

static void test_kept_is_bounded(void **state)
{
    enum { COUNT = ROOMS_KEPT / ROOMS_MOST + 1 };
    struct rooms rooms;
    void *room[COUNT];
    size_t size = ROOMS_MOST;
    (void)state;
    rooms_init(&rooms);
    for (size_t i = 0; i < COUNT; i++) {
        room[i] = rooms_take(&rooms, &size);
        assert_non_null(room[i]);
    }
    for (size_t i = 0; i < COUNT; i++) {
        rooms_give(&rooms, room[i], size);
    }
    assert_int_equal(rooms.kept, ROOMS_KEPT);
    rooms_done(&rooms);
}

/* Gone is what lay free from one tick to the next, and no more. */
static void test_idle_goes_back(void **state)
{
    struct rooms rooms;
    size_t size = SMALL;
    void *room[3];
    (void)state;
    rooms_init(&rooms);
    for (size_t i = 0; i < 3; i++) {
        room[i] = rooms_take(&rooms, &size);
    }
    for (size_t i = 0; i < 3; i++) {
        rooms_give(&rooms, room[i], size);
    }
    rooms_tick(&rooms); /* all three were needed since the start */
    assert_int_equal(rooms.kept, 3 * SMALL_ROOM);
    room[0] = rooms_take(&rooms, &size);
    rooms_give(&rooms, room[0], size);
    rooms_tick(&rooms); /* one was */
    assert_int_equal(rooms.kept, SMALL_ROOM);
    rooms_tick(&rooms);
    assert_int_equal(rooms.kept, 0);
    rooms_tick(&rooms);
    assert_int_equal(rooms.kept, 0);
    rooms_done(&rooms);
}

/* One free room of each of the lesser sizes, full of what another left. */
static void leave_rooms(struct rooms *rooms)
{
    for (size_t i = 1; i <= 8; i++) {
        size_t size = i * ROOMS_STEP;
        void *room = rooms_take(rooms, &size);
        assert_non_null(room);
        memset(room, 0xa5, size);
        rooms_give(rooms, room, size);
    }
}

static void push_all(struct town *town, struct rooms *rooms, const struct sync_push *frame)
{
    struct hub_push *push = NULL;
    size_t kept = rooms->kept;
    assert_int_equal(hub_push_new_in(rooms, town->chain.device, frame, &push), ERR_NONE);
    assert_true(hub_push_size(push) >= ROOMS_STEP);
    assert_int_equal(rooms->kept, kept - hub_push_size(push));
    hub_push_check(town->hub, push);
    assert_int_equal(hub_ingest(town->hub, &push, 1, town->now_ms), ERR_NONE);
    assert_true(hub_push_accepted(push));
    assert_int_equal(hub_push_count(push), frame->count);
    hub_push_free(push);
    assert_int_equal(rooms->kept, kept);
}

static void write_contacts(struct town *town, struct town_event *ret, uint32_t count)
{
    struct town_act act;
    for (uint32_t i = 0; i < count; i++) {
        town_act(&act, WIRE_CONTACT, 70 + i, 1);
        town_number(&act, FIELD_channel, 0, 1);
        town_text(&act, FIELD_item, 0, "I51");
        act.sealed_labels = 2;
        town_write(town, &town->worker, &act, &ret[i]);
    }
}

/* Nothing of who had the room before can be seen. */
static void test_push_in_a_used_room(void **state)
{
    enum { COUNT = 50 };
    struct town *town = *state;
    struct town_event events[COUNT];
    struct rooms rooms;
    struct buf bytes;
    struct wire_arena arena;
    struct sync_frame *frame = calloc(1, sizeof *frame);
    uint64_t before = hub_size(town->hub);
    write_contacts(town, events, COUNT);
    buf_init(&bytes, LIMIT_FRAME_SIZE);
    town_push_frame(town, events, COUNT, town->chain.seq + 1 - COUNT, &bytes);
    assert_int_equal(wire_arena_init(&arena, WIRE_FRAME_ARENA), ERR_NONE);
    assert_int_equal(wire_frame_decode(buf_span(&bytes), &arena, frame), ERR_NONE);
    rooms_init(&rooms);
    leave_rooms(&rooms);
    push_all(town, &rooms, &frame->push);
    assert_int_equal(hub_size(town->hub), before + COUNT);
    push_all(town, &rooms, &frame->push); /* the same answers again */
    assert_int_equal(hub_size(town->hub), before + COUNT);
    rooms_done(&rooms);
    for (size_t i = 0; i < COUNT; i++) {
        town_event_done(&events[i]);
    }
    wire_arena_done(&arena);
    buf_done(&bytes);
    free(frame);
}

/* --- Hostile pushes --- */

enum { HOSTILE = 400, SOME = 30 };

static uint32_t next_random(uint32_t *random, uint32_t below)
{
    *random = *random * 1664525 + 1013904223;
    return (*random >> 8) % below;
}

/* One thing or more of a good push is another; packed: room for its packed bytes. */
static void spoil(uint32_t *random, struct sync_push *push, struct buf *packed)
{
    static const uint32_t sizes[] = {0, 1, 2048, LIMIT_BATCH_SIZE - 1, LIMIT_BATCH_SIZE};
    static const uint32_t counts[] = {1, SOME - 1, SOME + 1, LIMIT_BATCH_COUNT};
    buf_clear(packed);
    buf_put_span(packed, push->packed);
    do {
        switch (next_random(random, 6)) {
        case 0:
            push->raw_size = sizes[next_random(random, 5)];
            break;
        case 1:
            push->count = counts[next_random(random, 4)];
            break;
        case 2:
            packed->data[next_random(random, (uint32_t)packed->size)] ^=
                (uint8_t)(1 << next_random(random, 8));
            break;
        case 3:
            packed->size = next_random(random, (uint32_t)packed->size);
            break;
        case 4:
            push->head.present = false;
            break;
        default:
            push->first_seq += next_random(random, 3);
            break;
        }
    } while (next_random(random, 2) == 0 && packed->size > 0);
    push->packed = buf_span(packed);
}

/* Each is answered or not taken at all, and gives back its room; the good one is taken after all.
 */
static void test_hostile_pushes(void **state)
{
    struct town *town = *state;
    struct town_event events[SOME];
    struct rooms rooms;
    struct buf bytes;
    struct buf packed;
    struct wire_arena arena;
    struct sync_frame *frame = calloc(1, sizeof *frame);
    uint32_t random = 7;
    unsigned refused = 0;
    write_contacts(town, events, SOME);
    buf_init(&bytes, LIMIT_FRAME_SIZE);
    buf_init(&packed, LIMIT_FRAME_SIZE);
    town_push_frame(town, events, SOME, town->chain.seq + 1 - SOME, &bytes);
    assert_int_equal(wire_arena_init(&arena, WIRE_FRAME_ARENA), ERR_NONE);
    assert_int_equal(wire_frame_decode(buf_span(&bytes), &arena, frame), ERR_NONE);
    rooms_init(&rooms);
    leave_rooms(&rooms);
    for (unsigned i = 0; i < HOSTILE; i++) {
        struct sync_push spoiled = frame->push;
        struct hub_push *push = NULL;
        spoil(&random, &spoiled, &packed);
        if (hub_push_new_in(&rooms, town->chain.device, &spoiled, &push) != ERR_NONE) {
            continue;
        }
        hub_push_check(town->hub, push);
        assert_int_equal(hub_ingest(town->hub, &push, 1, town->now_ms), ERR_NONE);
        assert_true(hub_push_reply_view(push).size > 0);
        refused += hub_push_accepted(push) ? 0 : 1;
        hub_push_free(push);
    }
    assert_true(refused > HOSTILE / 2);
    push_all(town, &rooms, &frame->push);
    rooms_done(&rooms);
    for (size_t i = 0; i < SOME; i++) {
        town_event_done(&events[i]);
    }
    wire_arena_done(&arena);
    buf_done(&bytes);
    buf_done(&packed);
    free(frame);
}

static int town_setup(void **state)
{
    *state = town_open(1789689600000); /* 2026-09-18 08:00 at +08:00 */
    return 0;
}

static int town_teardown(void **state)
{
    town_close(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_last_is_next),
        cmocka_unit_test(test_others_are_the_heap),
        cmocka_unit_test(test_kept_is_bounded),
        cmocka_unit_test(test_idle_goes_back),
        cmocka_unit_test_setup_teardown(test_push_in_a_used_room, town_setup, town_teardown),
        cmocka_unit_test_setup_teardown(test_hostile_pushes, town_setup, town_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
