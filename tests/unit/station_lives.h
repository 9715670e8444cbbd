#ifndef JIELI_TESTS_STATION_LIVES_H
#define JIELI_TESTS_STATION_LIVES_H

/* Disks of station and hub put back to what they were. */

#include "station_acts.h"

static inline struct kv_image *snapshot(const char *name)
{
    return kv_memory_snapshot(rig_disk(name));
}

/* The machine dies; the disk is put back to what it was. */
static inline void put_back(struct rig *rig, struct kv_image *image)
{
    rig_stop(rig);
    kv_memory_restore(rig_disk(rig->directory), image);
    kv_memory_image_free(image);
    rig_start(rig);
}

static inline void stop_hub(struct rig *rig)
{
    hub_close(rig->town->hub);
    kv_close(rig->town->kv);
    rig->town->hub = NULL;
}

static inline void start_hub(struct rig *rig, const char *origin, uint64_t epoch)
{
    struct town *town = rig->town;
    struct hub_options options = {
        .hub = town->hub_id, .origin = origin, .epoch = epoch, .signer = town->hub_signer};
    memset(options.boot, 3, sizeof options.boot);
    assert_int_equal(kv_open(town->directory, NULL, &town->kv), ERR_NONE);
    options.kv = town->kv;
    assert_int_equal(hub_open(&options, &town->hub), ERR_NONE);
}

static inline void put_hub_back(struct rig *rig, struct kv_image *image, const char *origin,
                                uint64_t epoch)
{
    stop_hub(rig);
    kv_memory_restore(rig_disk(rig->town->directory), image);
    kv_memory_image_free(image);
    start_hub(rig, origin, epoch);
}

static inline size_t evidence_rows(struct rig *rig)
{
    return rig_rows(rig, KV_EVIDENCE);
}

static inline void go_on(struct rig *rig, uint32_t record)
{
    rig_case(rig, record);
    rig_sync(rig);
    assert_string_equal(rig_state(rig, FOLD_PROVEN, record), "accepted");
    assert_int_equal(rig_status(rig).refusal, SYNC_NACK_NONE);
    rig_check(rig);
}

#endif
