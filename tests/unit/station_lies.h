#ifndef JIELI_TESTS_STATION_LIES_H
#define JIELI_TESTS_STATION_LIES_H

/* A hub that falsifies one of its frames. */

#include "station_acts.h"

/* Everything the station keeps, but for the time of its last contact. */
static inline void dump_facts(struct rig *rig, struct buf *dump)
{
    static const enum kv_table tables[] = {KV_EVENT,     KV_ANSWER, KV_LEAF, KV_FEED, KV_RECORD,
                                           KV_TENTATIVE, KV_INDEX,  KV_BLOB, KV_TASK, KV_OUTBOX};
    buf_init(dump, 1 << 24);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        rig_dump(rig->kv, tables[i], dump);
    }
}

/* One lie told once: nothing changes, the line is dropped, and afterwards all goes on. */
static inline void lie(struct rig *rig, void (*falsify)(struct rig *rig, struct sync_frame *frame))
{
    struct buf before;
    struct buf after;
    rig->falsify = falsify;
    rig->falsified = 0;
    size_t reconnects = rig->reconnects;
    uint64_t answered = rig_status(rig).answered;
    if (rig->online) {
        rig_cut(rig);
    }
    dump_facts(rig, &before);
    for (size_t i = 0; i < 200 && rig->reconnects == reconnects; i++) {
        (void)rig_talk(rig, 1);
    }
    dump_facts(rig, &after);
    assert_true(rig->falsified > 0);
    assert_int_equal(rig->reconnects, reconnects + 1);
    assert_int_equal(rig_status(rig).answered, answered);
    assert_true(span_equal(buf_span(&before), buf_span(&after)));
    rig->falsify = NULL;
    buf_done(&before);
    buf_done(&after);
}

static uint8_t spoiled[LIMIT_NOTE_SIZE + LIMIT_HASH_SIZE];

static inline struct span spoil(struct span bytes, size_t at)
{
    assert_true(at < bytes.size && bytes.size <= LIMIT_NOTE_SIZE);
    memcpy(spoiled, bytes.data, bytes.size);
    spoiled[at] ^= 1;
    return span_of(spoiled, bytes.size);
}

#endif
