/* What the writer is given of an event that a worker has read: the event, to the last field. */
#include "tests/support/town.h"
#include "township-hub/inside.h"
#include "unit.h"
#include "wire_make.h"

#include <stdlib.h>
#include <string.h>

enum { EVENTS_EACH = 40, FEW = 3, ALL = 8, ROOM = 32 * 1024 };
enum { CONTACT_RECEIVED = 1, CASE_OPENED = 1, CASES = LIMIT_BATCH_COUNT };

static void assert_facts_equal(const struct values *a, const struct values *b)
{
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->storage_used, b->storage_used);
    assert_int_equal(a->err, b->err);
    assert_memory_equal(a->storage, b->storage, a->storage_used);
    for (size_t i = 0; i < a->count; i++) {
        const struct value *one = &a->value[i];
        const struct value *other = &b->value[i];
        assert_int_equal(one->field, other->field);
        assert_int_equal(one->place, other->place);
        assert_int_equal(one->type, other->type);
        assert_int_equal(one->number, other->number);
        assert_int_equal(one->bytes.size, other->bytes.size);
        assert_true(one->type != VALUE_BYTES ||
                    one->bytes.data - a->storage == other->bytes.data - b->storage);
    }
}

/* Spans point into the same body, so they must be alike as they are. */
static void assert_events_equal(const struct wire_event *a, const struct wire_event *b)
{
    assert_memory_equal(a, b, offsetof(struct wire_event, sealed));
    assert_memory_equal(a->sealed, b->sealed, a->sealed_count * sizeof *a->sealed);
    assert_int_equal(a->payload, b->payload);
    assert_memory_equal(a->id, b->id, sizeof a->id);
    assert_int_equal(a->leaf_ms, b->leaf_ms);
    assert_facts_equal(&a->facts, &b->facts);
}

struct rig {
    struct make make;
    struct wire_event made;
    struct wire_event read;
    struct wire_event given;
    struct wire_arena arena;
    struct wire_arena room;
    size_t most_values;
};

/* False: such an event would be too large for a body. */
static bool keep_one(struct rig *rig, uint32_t payload, unsigned few)
{
    struct buf body;
    buf_init(&body, LIMIT_BODY_SIZE);
    make_event(&rig->make, payload, &rig->made);
    make_facts(&rig->make, payload, few, &rig->made.facts);
    bool fits = wire_event_encode(&rig->made, &body) == ERR_NONE;
    if (fits) {
        memset(rig->room.data, 0xa5, rig->room.size);
        memset(&rig->given, 0x5a, sizeof rig->given);
        wire_arena_reset(&rig->room);
        assert_int_equal(wire_event_decode(buf_span(&body), &rig->arena, &rig->read), ERR_NONE);
        const struct kept_event *kept = kept_event_take(&rig->room, &rig->read);
        assert_non_null(kept);
        kept_event_give(kept, &rig->given);
        assert_events_equal(&rig->read, &rig->given);
        size_t count = rig->read.facts.count;
        rig->most_values = count > rig->most_values ? count : rig->most_values;
    }
    buf_done(&body);
    return fits;
}

static void test_every_payload(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    (void)state;
    assert_non_null(rig);
    assert_int_equal(wire_arena_init(&rig->arena, WIRE_EVENT_ARENA), ERR_NONE);
    assert_int_equal(wire_arena_init(&rig->room, ROOM), ERR_NONE);
    for (size_t i = 0; i < make_payload_count(); i++) {
        unsigned fitted = 0;
        for (unsigned j = 0; j < EVENTS_EACH; j++) {
            fitted += keep_one(rig, make_payload(i), j % 2 == 0 ? FEW : ALL) ? 1 : 0;
        }
        assert_true(fitted >= EVENTS_EACH / 4);
    }
    assert_true(rig->most_values > 40);
    wire_arena_done(&rig->arena);
    wire_arena_done(&rig->room);
    free(rig);
}

/* Every other case has the longest list there can be, kept in more than twice what an event's share
 * of a push's room is. */
static void write_cases(struct town *town, struct town_event *events)
{
    struct town_act contact;
    struct town_act act;
    town_act(&contact, WIRE_CONTACT, 1, CONTACT_RECEIVED);
    for (uint32_t i = 0; i < CASES; i++) {
        town_act(&act, WIRE_CASE, 100 + i, CASE_OPENED);
        town_text(&act, FIELD_item, 0, "I51");
        town_bytes(&act, FIELD_contact, 0, contact.record, sizeof contact.record);
        act.sealed_labels = 2;
        town_materials(&act);
        for (uint16_t j = 2; j < LIMIT_LIST_COUNT && i % 2 == 0; j++) {
            town_text(&act, FIELD_materials_code, j, "A-MATERIAL-OF-ITS-OWN");
            town_number(&act, FIELD_materials_form, j, 1);
            town_number(&act, FIELD_materials_pages, j, 1);
            town_number(&act, FIELD_materials_status, j, 1);
        }
        town_write(town, &town->worker, &act, &events[i]);
    }
}

/* How many events of a checked push were not kept. */
static size_t count_unkept(const struct hub_push *push)
{
    size_t count = 0;
    for (size_t i = 0; i < push->count; i++) {
        assert_int_equal(push->events[i].check, HUB_CHECK_GOOD);
        count += push->events[i].kept == NULL ? 1 : 0;
    }
    return count;
}

/* The cases in one group, in frames of so many; returns how many were not kept. */
static size_t log_cases(size_t each, struct tlog_checkpoint *ret_head)
{
    struct town *town = town_open(1789689600000); /* 2026-09-18 08:00 at +08:00, a Friday */
    struct town_event events[CASES];
    struct hub_push *pushes[CASES];
    size_t unkept = 0;
    town_contact(town, 1);
    write_cases(town, events);
    uint64_t end = town->chain.seq + 1;
    for (size_t i = 0; i < CASES / each; i++) {
        pushes[i] =
            town_push_make(town, &events[i * each], each, end - CASES + (uint64_t)(i * each));
        hub_push_check(town->hub, pushes[i]);
        unkept += count_unkept(pushes[i]);
    }
    assert_int_equal(hub_ingest(town->hub, pushes, CASES / each, town->now_ms), ERR_NONE);
    for (size_t i = 0; i < CASES / each; i++) {
        assert_int_equal(hub_push_count(pushes[i]), each);
        hub_push_free(pushes[i]);
    }
    *ret_head = town->hub->head;
    for (size_t i = 0; i < CASES; i++) {
        town_event_done(&events[i]);
    }
    town_close(town);
    return unkept;
}

/* What found no room is decoded by the writer: not one byte of the log is another. */
static void test_no_room_changes_nothing(void **state)
{
    struct tlog_checkpoint together;
    struct tlog_checkpoint alone;
    (void)state;
    assert_true(log_cases(CASES, &together) > 0);
    assert_int_equal(log_cases(1, &alone), 0);
    assert_int_equal(together.size, alone.size);
    assert_memory_equal(together.root.bytes, alone.root.bytes, sizeof alone.root.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_payload),
        cmocka_unit_test(test_no_room_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
