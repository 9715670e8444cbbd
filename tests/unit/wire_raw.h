#ifndef JIELI_TESTS_WIRE_RAW_H
#define JIELI_TESTS_WIRE_RAW_H

/* Events put together byte by byte, so that any part may be wrong. */

#include "base/text.h"
#include "unit.h"
#include "wire_make.h"

#include <stdlib.h>

#define X8 "1111111111111111"
#define X16 X8 X8
#define X32 X16 X16
#define Z16 "00000000000000000000000000000000"

struct raw_part {
    unsigned number;
    const char *hex;
};

/* The smallest event: the first of a chain, a note. */
static const struct raw_part raw_smallest[] = {
    {1, "0801"},
    {2, "1210" X16},
    {3, "1a20" X32},
    {4, "210100000000000000"},
    {5, "290100000000000000"},
    {9, "4a20" X32},
    {10, "5210" X16},
    {37, "aa02021002"},
};

struct raw {
    struct wire_arena arena;
    struct wire_event event;
    struct buf body;
    struct buf again;
};

static inline int raw_setup(void **state)
{
    struct raw *raw = calloc(1, sizeof *raw);
    assert_non_null(raw);
    assert_int_equal(wire_arena_init(&raw->arena, WIRE_EVENT_ARENA), ERR_NONE);
    buf_init(&raw->body, 16384);
    buf_init(&raw->again, 16384);
    *state = raw;
    return 0;
}

static inline int raw_teardown(void **state)
{
    struct raw *raw = *state;
    wire_arena_done(&raw->arena);
    buf_done(&raw->body);
    buf_done(&raw->again);
    free(raw);
    return 0;
}

static inline void raw_put_hex(struct buf *buf, const char *hex)
{
    size_t size = strlen(hex) / 2;
    uint8_t *room = buf_grow(buf, size);
    assert_non_null(room);
    assert_int_equal(text_get_hex(span_text(hex), room, size), ERR_NONE);
}

static inline void raw_build(struct raw *raw, unsigned replaced, const char *hex)
{
    buf_clear(&raw->body);
    for (size_t i = 0; i < sizeof raw_smallest / sizeof raw_smallest[0]; i++) {
        raw_put_hex(&raw->body, raw_smallest[i].number == replaced ? hex : raw_smallest[i].hex);
    }
}

/* What is decoded must be what was there: encoding it again gives the same bytes. */
static inline enum err raw_decode(struct raw *raw, struct span body)
{
    enum err err = wire_event_decode(body, &raw->arena, &raw->event);
    if (err == ERR_NONE) {
        buf_clear(&raw->again);
        assert_int_equal(wire_event_encode(&raw->event, &raw->again), ERR_NONE);
        assert_true(span_equal(buf_span(&raw->again), body));
    }
    return err;
}

#endif
