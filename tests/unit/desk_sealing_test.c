#include "desk/sealing.h"
#include "tests/support/town.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* Audiences and parts without a desk: who opens what, and every way not to. */

struct seal_rig {
    struct town *town;
    struct keyring *officer; /* member of the hub audience */
    struct keyring *worker;  /* member of the station audience */
    struct keyring *other;   /* member of nothing */
    uint64_t generation;
    struct wire_event event;
    uint8_t record_key[SEAL_RECORD_KEY_SIZE];
};

static struct sealing_member member_of(const struct keyring *keyring)
{
    struct sealing_member member;
    memcpy(member.key, signer_key_id_view(keyring_signer_view(keyring)), sizeof member.key);
    memcpy(member.box_key, seal_box_public_view(keyring_box_view(keyring)), sizeof member.box_key);
    return member;
}

static void publish(struct seal_rig *rig, uint32_t kind, const uint8_t *station,
                    const uint8_t *box_key, struct span wraps)
{
    struct town_act act;
    uint8_t hash[LIMIT_HASH_SIZE];
    assert_int_equal(hub_blob_add(rig->town->hub, wraps, hash), ERR_NONE);
    town_act(&act, WIRE_AUDIENCE, 3000U + (uint32_t)rig->generation, 0);
    town_number(&act, FIELD_audience, 0, kind);
    if (station != NULL) {
        town_bytes(&act, FIELD_station, 0, station, LIMIT_KEY_SIZE);
    }
    town_bytes(&act, FIELD_box_key, 0, box_key, LIMIT_KEY_SIZE);
    town_bytes(&act, FIELD_wraps, 0, hash, sizeof hash);
    town_number(&act, FIELD_generation, 0, ++rig->generation);
    assert_int_equal(town_device(rig->town, &act).verdict, WIRE_ACCEPTED);
}

static const uint8_t *station_of(const struct seal_rig *rig)
{
    return signer_key_id_view(rig->town->station);
}

static const struct fold *fold_of(const struct seal_rig *rig)
{
    return hub_fold(rig->town->hub);
}

/* The hub's audience: the officer. The station's: the worker and the hub's audience. */
static void found_audiences(struct seal_rig *rig)
{
    struct sealing_member members[2] = {member_of(rig->officer)};
    struct seal_box_secret *hub = seal_box_new_random();
    struct seal_box_secret *station = seal_box_new_random();
    struct buf wraps;
    buf_init(&wraps, LIMIT_BLOB_SIZE);
    assert_int_equal(sealing_wraps_make(hub, members, 1, &wraps), ERR_NONE);
    assert_int_equal(wraps.size, 4 + 112);
    assert_memory_equal(wraps.data, "JLW1", 4);
    publish(rig, SEALING_HUB, NULL, seal_box_public_view(hub), buf_span(&wraps));
    buf_clear(&wraps);
    members[0] = member_of(rig->worker);
    memset(&members[1], 0, sizeof members[1]);
    memcpy(members[1].box_key, seal_box_public_view(hub), sizeof members[1].box_key);
    assert_int_equal(sealing_wraps_make(station, members, 2, &wraps), ERR_NONE);
    publish(rig, SEALING_STATION, station_of(rig), seal_box_public_view(station), buf_span(&wraps));
    buf_done(&wraps);
    seal_box_free(hub);
    seal_box_free(station);
}

static int setup(void **state)
{
    struct seal_rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    rig->town = town_open(1789689600000);
    rig->officer = keyring_new_random();
    rig->worker = keyring_new_random();
    rig->other = keyring_new_random();
    assert_non_null(rig->other);
    memset(rig->record_key, 5, sizeof rig->record_key);
    found_audiences(rig);
    *state = rig;
    return 0;
}

static int teardown(void **state)
{
    struct seal_rig *rig = *state;
    keyring_free(rig->officer);
    keyring_free(rig->worker);
    keyring_free(rig->other);
    town_close(rig->town);
    free(rig);
    return 0;
}

static void store_blob(struct seal_rig *rig, const uint8_t *hash, struct span bytes)
{
    struct kv_txn txn;
    kv_begin(rig->town->kv, true, &txn);
    kv_put(&txn, KV_BLOB, span_of(hash, LIMIT_HASH_SIZE), bytes);
    assert_int_equal(kv_commit(&txn), ERR_NONE);
}

/* An event of the station with one part, its blob stored unless it is to be missing. */
static void seal_part_of(struct seal_rig *rig, enum machine_id machine, const uint8_t *station,
                         const char *text, bool stored)
{
    struct sealing_readers readers;
    struct sealing_part part;
    struct wire_event *event = &rig->event;
    memset(event, 0, sizeof *event);
    memcpy(event->device, station_of(rig), LIMIT_KEY_SIZE);
    event->incarnation = 1;
    event->seq = 7;
    memset(event->record, 3, sizeof event->record);
    const struct seal_part_context context = {event->device, 1, 7, event->record, 1};
    assert_int_equal(sealing_readers_find(fold_of(rig), machine, station, &readers), ERR_NONE);
    assert_int_equal(sealing_part_make(&readers, rig->record_key, &context, span_text(text), &part),
                     ERR_NONE);
    assert_int_equal(part.sealed.audience, readers.audiences);
    event->sealed_count = 1;
    event->sealed[0] = part.sealed;
    if (stored) {
        store_blob(rig, part.sealed.hash, buf_span(&part.blob));
    }
    buf_done(&part.blob);
}

static void seal_event(struct seal_rig *rig, const uint8_t *station, const char *text, bool stored)
{
    seal_part_of(rig, MACHINE_CASE, station, text, stored);
    assert_int_equal(rig->event.sealed[0].audience, station == NULL ? 2 : 3);
}

static enum err open_as(struct seal_rig *rig, const struct keyring *keyring, const char *text)
{
    struct sealing_keys *keys = sealing_keys_new(keyring);
    struct kv_txn txn;
    struct buf plain;
    buf_init(&plain, LIMIT_SEALED_SIZE);
    kv_begin(rig->town->kv, false, &txn);
    enum err err = sealing_part_open(keys, fold_of(rig), &txn, &rig->event, 0, &plain);
    if (err == ERR_NONE) {
        assert_true(span_equal(buf_span(&plain), span_text(text)));
    } else {
        assert_int_equal(plain.size, 0);
    }
    /* The same again from what the keys have remembered. */
    buf_clear(&plain);
    assert_int_equal(sealing_part_open(keys, fold_of(rig), &txn, &rig->event, 0, &plain), err);
    kv_abort(&txn);
    buf_done(&plain);
    sealing_keys_free(keys);
    return err;
}

static void test_members_open(void **state)
{
    struct seal_rig *rig = *state;
    seal_event(rig, station_of(rig), "黄阿妹", true);
    assert_int_equal(open_as(rig, rig->worker, "黄阿妹"), ERR_NONE);
    assert_int_equal(open_as(rig, rig->officer, "黄阿妹"), ERR_NONE);
    assert_int_equal(open_as(rig, rig->other, ""), ERR_AUTH);
    /* For the hub alone: the station's people cannot. */
    seal_event(rig, NULL, "李老伯", true);
    assert_int_equal(open_as(rig, rig->officer, "李老伯"), ERR_NONE);
    assert_int_equal(open_as(rig, rig->worker, ""), ERR_AUTH);
}

static void test_missing_or_altered(void **state)
{
    struct seal_rig *rig = *state;
    struct kv_txn txn;
    struct buf bytes;
    seal_event(rig, station_of(rig), "黄阿妹", false);
    assert_int_equal(open_as(rig, rig->worker, ""), ERR_NOT_FOUND);
    store_blob(rig, rig->event.sealed[0].hash, span_text("no blob at all"));
    assert_int_equal(open_as(rig, rig->worker, ""), ERR_MALFORMED);
    /* A bit of the ciphertext, which ends the blob. */
    seal_event(rig, station_of(rig), "黄阿妹", true);
    buf_init(&bytes, LIMIT_BLOB_SIZE);
    kv_begin(rig->town->kv, false, &txn);
    assert_true(kv_get(&txn, KV_BLOB, span_of(rig->event.sealed[0].hash, LIMIT_HASH_SIZE), &bytes));
    kv_abort(&txn);
    bytes.data[bytes.size - 1] ^= 1;
    store_blob(rig, rig->event.sealed[0].hash, buf_span(&bytes));
    assert_int_equal(open_as(rig, rig->worker, ""), ERR_MALFORMED);
    buf_done(&bytes);
    /* Another place, another commitment: the same bytes do not open. */
    seal_event(rig, station_of(rig), "黄阿妹", true);
    rig->event.seq = 8;
    assert_int_equal(open_as(rig, rig->worker, ""), ERR_MALFORMED);
    rig->event.seq = 7;
    rig->event.sealed[0].commitment[0] ^= 1;
    assert_int_equal(open_as(rig, rig->worker, ""), ERR_MALFORMED);
    rig->event.sealed[0].commitment[0] ^= 1;
    assert_int_equal(open_as(rig, rig->worker, "黄阿妹"), ERR_NONE);
    rig->event.sealed_count = 0;
    assert_int_equal(open_as(rig, rig->worker, ""), ERR_NOT_FOUND);
}

static void test_wraps(void **state)
{
    struct seal_rig *rig = *state;
    struct seal_box_secret *audience = seal_box_new_random();
    struct seal_box_secret *opened = NULL;
    struct sealing_member worker = member_of(rig->worker);
    struct sealing_member other = member_of(rig->other);
    struct buf one;
    struct buf two;
    buf_init(&one, LIMIT_BLOB_SIZE);
    buf_init(&two, LIMIT_BLOB_SIZE);
    assert_int_equal(sealing_wraps_make(audience, &worker, 1, &one), ERR_NONE);
    assert_int_equal(sealing_wraps_add(buf_span(&one), audience, &other, &two), ERR_NONE);
    assert_int_equal(two.size, 4 + 2 * 112);
    assert_int_equal(
        sealing_wraps_open(buf_span(&two), other.key, keyring_box_view(rig->other), &opened),
        ERR_NONE);
    assert_memory_equal(seal_box_public_view(opened), seal_box_public_view(audience), 32);
    seal_box_free(opened);
    /* Added again: renewed, not doubled. */
    buf_clear(&one);
    assert_int_equal(sealing_wraps_add(buf_span(&two), audience, &other, &one), ERR_NONE);
    assert_int_equal(one.size, two.size);
    buf_clear(&one);
    assert_int_equal(sealing_wraps_remove(buf_span(&two), other.key, &one), ERR_NONE);
    assert_int_equal(one.size, 4 + 112);
    assert_int_equal(
        sealing_wraps_open(buf_span(&one), other.key, keyring_box_view(rig->other), &opened),
        ERR_NOT_FOUND);
    assert_int_equal(
        sealing_wraps_open(buf_span(&one), worker.key, keyring_box_view(rig->other), &opened),
        ERR_AUTH);
    for (size_t size = 0; size < one.size; size++) {
        assert_int_equal(sealing_wraps_open(span_of(one.data, size), worker.key,
                                            keyring_box_view(rig->worker), &opened),
                         size == 4 ? ERR_NOT_FOUND : ERR_MALFORMED);
    }
    seal_box_free(audience);
    buf_done(&one);
    buf_done(&two);
}

static enum err audience_as(struct seal_rig *rig, const struct keyring *keyring,
                            const uint8_t *station)
{
    struct seal_box_secret *secret = NULL;
    struct kv_txn txn;
    kv_begin(rig->town->kv, false, &txn);
    enum err err =
        sealing_audience_open(fold_of(rig), &txn, keyring,
                              station == NULL ? SEALING_HUB : SEALING_STATION, station, &secret);
    kv_abort(&txn);
    seal_box_free(secret);
    return err;
}

static void test_audiences(void **state)
{
    struct seal_rig *rig = *state;
    static const uint8_t strange[LIMIT_KEY_SIZE] = {1};
    assert_int_equal(audience_as(rig, rig->officer, NULL), ERR_NONE);
    assert_int_equal(audience_as(rig, rig->officer, station_of(rig)), ERR_NONE);
    assert_int_equal(audience_as(rig, rig->worker, station_of(rig)), ERR_NONE);
    assert_int_equal(audience_as(rig, rig->worker, NULL), ERR_NOT_FOUND);
    assert_int_equal(audience_as(rig, rig->other, station_of(rig)), ERR_NOT_FOUND);
    assert_int_equal(audience_as(rig, rig->officer, strange), ERR_NOT_FOUND);
}

/* A blob whose wraps hold another secret than the log's box key is not believed. */
static void test_wrong_box_key(void **state)
{
    struct seal_rig *rig = *state;
    struct seal_box_secret *audience = seal_box_new_random();
    struct seal_box_secret *claimed = seal_box_new_random();
    struct sealing_member officer = member_of(rig->officer);
    struct buf wraps;
    buf_init(&wraps, LIMIT_BLOB_SIZE);
    assert_int_equal(sealing_wraps_make(audience, &officer, 1, &wraps), ERR_NONE);
    publish(rig, SEALING_HUB, NULL, seal_box_public_view(claimed), buf_span(&wraps));
    assert_int_equal(audience_as(rig, rig->officer, NULL), ERR_MALFORMED);
    buf_done(&wraps);
    seal_box_free(audience);
    seal_box_free(claimed);
}

/* Publishes discipline's audience; who is NULL is no member. */
static void found_discipline(struct seal_rig *rig, const struct seal_box_secret *secret,
                             const struct keyring *one, const struct keyring *two)
{
    struct sealing_member members[2];
    struct buf wraps;
    size_t count = 0;
    buf_init(&wraps, LIMIT_BLOB_SIZE);
    if (one != NULL) {
        members[count++] = member_of(one);
    }
    if (two != NULL) {
        members[count++] = member_of(two);
    }
    assert_int_equal(sealing_wraps_make(secret, members, count, &wraps), ERR_NONE);
    publish(rig, SEALING_DISCIPLINE, NULL, seal_box_public_view(secret), buf_span(&wraps));
    buf_done(&wraps);
}

/* A complaint opens neither to who took it down nor to any other of the station's or hub's people,
 * among them the accused: only to members of discipline, wherever they are granted. */
static void test_discipline(void **state)
{
    struct seal_rig *rig = *state;
    static const enum machine_id closed[] = {MACHINE_COMPLAINT, MACHINE_ACCOUNTABILITY};
    struct sealing_readers readers;
    struct seal_box_secret *secret = seal_box_new_random();
    const uint8_t *station = station_of(rig);
    const struct fold *fold = fold_of(rig);
    for (size_t i = 0; i < 2; i++) {
        /* Before there is an audience nothing is sealed for others instead. */
        assert_int_equal(sealing_readers_find(fold, closed[i], station, &readers), ERR_NOT_FOUND);
        assert_int_equal(readers.count, 0);
    }
    found_discipline(rig, secret, rig->other, NULL);
    for (size_t i = 0; i < 2; i++) {
        seal_part_of(rig, closed[i], station, "跑了三趟", true);
        assert_int_equal(rig->event.sealed[0].audience, SEALING_DISCIPLINE);
        assert_int_equal(open_as(rig, rig->worker, ""), ERR_AUTH);
        assert_int_equal(open_as(rig, rig->officer, ""), ERR_AUTH);
        assert_int_equal(open_as(rig, rig->other, "跑了三趟"), ERR_NONE);
        /* Written at the hub it is the same. */
        seal_part_of(rig, closed[i], NULL, "态度冷淡", true);
        assert_int_equal(rig->event.sealed[0].audience, SEALING_DISCIPLINE);
        assert_int_equal(open_as(rig, rig->officer, ""), ERR_AUTH);
        assert_int_equal(open_as(rig, rig->other, "态度冷淡"), ERR_NONE);
    }
    /* And what is for the office does not open to discipline. */
    seal_event(rig, station, "黄阿妹", true);
    assert_int_equal(open_as(rig, rig->other, ""), ERR_AUTH);
    assert_int_equal(open_as(rig, rig->worker, "黄阿妹"), ERR_NONE);
    seal_box_free(secret);
}

static void test_discipline_changes(void **state)
{
    struct seal_rig *rig = *state;
    struct seal_box_secret *secret = seal_box_new_random();
    const uint8_t *station = station_of(rig);
    found_discipline(rig, secret, rig->other, NULL);
    seal_part_of(rig, MACHINE_COMPLAINT, station, "第一件", true);
    assert_int_equal(open_as(rig, rig->officer, ""), ERR_AUTH);
    /* The successor opens what was sealed before him. */
    found_discipline(rig, secret, rig->other, rig->officer);
    assert_int_equal(open_as(rig, rig->officer, "第一件"), ERR_NONE);
    assert_int_equal(open_as(rig, rig->other, "第一件"), ERR_NONE);
    /* Who left opens nothing new. */
    found_discipline(rig, secret, NULL, rig->officer);
    seal_part_of(rig, MACHINE_COMPLAINT, station, "第二件", true);
    assert_int_equal(open_as(rig, rig->other, ""), ERR_AUTH);
    assert_int_equal(open_as(rig, rig->officer, "第二件"), ERR_NONE);
    /* Nobody left: still sealed, for who comes. */
    found_discipline(rig, secret, NULL, NULL);
    seal_part_of(rig, MACHINE_COMPLAINT, station, "第三件", true);
    assert_int_equal(open_as(rig, rig->officer, ""), ERR_AUTH);
    found_discipline(rig, secret, rig->worker, NULL);
    assert_int_equal(open_as(rig, rig->worker, "第三件"), ERR_NONE);
    seal_box_free(secret);
}

#define SEAL(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SEAL(test_members_open),       SEAL(test_missing_or_altered), SEAL(test_wraps),
        SEAL(test_audiences),          SEAL(test_wrong_box_key),      SEAL(test_discipline),
        SEAL(test_discipline_changes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
