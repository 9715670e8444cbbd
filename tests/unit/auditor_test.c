#include "district-auditor/inside.h"
#include "succession_town.h"
#include "tests/support/listen.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONTACT_RECEIVED = 1, CASE_OPENED = 1 };
static const uint64_t start_ms = 1789689600000; /* 2026-09-18 08:00 at +08:00 */

static int setup(void **state)
{
    *state = town_open(start_ms);
    return 0;
}

/* Files of an export, in the town's folder. */
static void file_path(const struct town *town, const char *name, char ret[512])
{
    (void)snprintf(ret, 512, "%.250s/%.200s", town->directory, name);
}

static void write_file(const struct town *town, const char *name, struct span bytes)
{
    char path[512];
    file_path(town, name, path);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.data, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
}

static void remove_export(const struct town *town)
{
    char name[64];
    char path[512];
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof name, "leaves/%08u", i);
        file_path(town, name, path);
        (void)unlink(path);
    }
    file_path(town, "leaves", path);
    (void)rmdir(path);
    file_path(town, "checkpoint", path);
    (void)unlink(path);
}

static int teardown(void **state)
{
    remove_export(*state);
    town_close(*state);
    return 0;
}

/* count contacts with a case each; every third tried by the wrong person first. */
static void work(struct town *town, uint32_t first, uint32_t count)
{
    for (uint32_t i = first; i < first + count; i++) {
        struct town_act contact;
        struct town_act act;
        town_act(&contact, WIRE_CONTACT, 1000 + i, CONTACT_RECEIVED);
        town_number(&contact, FIELD_channel, 0, 1);
        town_text(&contact, FIELD_item, 0, "I51");
        contact.sealed_labels = 2;
        (void)town_station(town, &town->worker, &contact);
        town_act(&act, WIRE_CASE, i, CASE_OPENED);
        town_text(&act, FIELD_item, 0, "I51");
        town_bytes(&act, FIELD_contact, 0, contact.record, sizeof contact.record);
        act.sealed_labels = 2;
        if (i % 3 == 0) {
            (void)town_station(town, &town->agent, &act);
        }
        (void)town_station(town, &town->worker, &act);
    }
}

static uint64_t all_findings(const struct auditor_status *status)
{
    uint64_t sum = 0;
    for (int i = 0; i < FINDING_COUNT; i++) {
        sum += status->findings[i];
    }
    return sum;
}

static void same_facts(struct town *town, uint32_t record_number)
{
    struct kv_txn txn;
    struct buf mine;
    struct buf theirs;
    uint8_t key[1 + LIMIT_ID_SIZE] = {0, 7};
    put_u32(key + 13, record_number);
    buf_init(&mine, LIMIT_RECORD_SIZE);
    buf_init(&theirs, LIMIT_RECORD_SIZE);
    kv_begin(town->kv, false, &txn);
    assert_true(kv_get(&txn, KV_RECORD, span_of(key, sizeof key), &theirs));
    key[0] = 1;
    assert_true(kv_get(&txn, KV_RECORD, span_of(key, sizeof key), &mine));
    assert_true(span_equal(buf_span(&mine), buf_span(&theirs)));
    kv_abort(&txn);
    buf_done(&mine);
    buf_done(&theirs);
}

static void test_verifies_everything(void **state)
{
    struct town *town = *state;
    struct auditor_status status;
    struct listener *listener = listen_open(town);
    work(town, 1, 9);
    listen_catch_up(listener);
    auditor_status(listener->auditor, &status);
    assert_int_equal(status.replayed, hub_size(town->hub));
    assert_int_equal(all_findings(&status), 0);
    assert_int_equal(status.refused, 3);
    assert_int_equal(status.void_count, 0);
    /* 9 contacts, 9 cases and 3 tries at them, each with an identity. */
    assert_int_equal(status.unseen[UNSEEN_IDENTITY], 21);
    assert_int_equal(status.unseen[UNSEEN_MATTER], 0);
    assert_int_equal(status.unseen[UNSEEN_ATTACHMENT], 0);
    assert_int_equal(status.unseen[UNSEEN_CLOCK], 0);
    same_facts(town, 1);
    same_facts(town, 9);
    listen_close(listener);
}

/* A station is merged: names, refused and accepted handovers are judged again by the auditor, who
 * has no blob of theirs, and the facts are the hub's. */
static void test_merger(void **state)
{
    struct town *town = *state;
    struct other_station other;
    struct auditor_status status;
    struct town_act act;
    struct listener *listener = listen_open(town);
    other_enrol(town, &other);
    station_swap(town, &other);
    work(town, 1, 2);
    stations_merge(town, 1, "2026-09-18");
    town->chain.applied_common = hub_fold(town->hub)->log.common_seq;
    work(town, 5, 1); /* too late: nothing new is taken in there */
    handover_act(town, 1, town->station, other.signer, town->head.staff, &act);
    assert_int_equal(town_hub(town, &town->leader, &act).refusal, REFUSAL_NONE);
    handover_act(town, 1002, town->station, other.signer, NULL, &act);
    assert_int_equal(town_hub(town, &town->operator, & act).refusal, REFUSAL_NONE);
    town_act(&act, WIRE_HANDOVER, 2, 0);
    assert_int_equal(town_station(town, &town->head, &act).refusal, REFUSAL_HANDOVER_HUB_ONLY);
    station_swap(town, &other);
    listen_catch_up(listener);
    auditor_status(listener->auditor, &status);
    assert_int_equal(status.replayed, hub_size(town->hub));
    assert_int_equal(all_findings(&status), 0);
    same_facts(town, 1);
    same_facts(town, 1002);
    same_facts(town, 2);
    signer_free(other.signer);
    listen_close(listener);
}

/* One push full of contacts. */
static void push_contacts(struct town *town, uint32_t first)
{
    struct town_event events[LIMIT_BATCH_COUNT];
    uint64_t first_seq = town->chain.seq + 1;
    for (uint32_t i = 0; i < LIMIT_BATCH_COUNT; i++) {
        struct town_act act;
        town_act(&act, WIRE_CONTACT, first + i, CONTACT_RECEIVED);
        town_number(&act, FIELD_channel, 0, 1);
        town_text(&act, FIELD_item, 0, "I51");
        act.sealed_labels = 4;
        town_write(town, &town->worker, &act, &events[i]);
    }
    hub_push_free(town_push(town, events, LIMIT_BATCH_COUNT, first_seq));
    for (uint32_t i = 0; i < LIMIT_BATCH_COUNT; i++) {
        town_event_done(&events[i]);
    }
}

/* More bytes of leaves than an auditor has room for at once: each batch gives its room back. */
static void test_long_log(void **state)
{
    enum { PUSHES = 32 };
    struct town *town = *state;
    struct auditor_status status;
    struct listener *listener = listen_open(town);
    for (uint32_t i = 0; i < PUSHES; i++) {
        push_contacts(town, 10000 + i * LIMIT_BATCH_COUNT);
    }
    listen_catch_up(listener);
    auditor_status(listener->auditor, &status);
    assert_int_equal(status.replayed, hub_size(town->hub));
    assert_int_equal(all_findings(&status), 0);
    listen_close(listener);
}

static void test_late_lossy_restarted(void **state)
{
    struct town *town = *state;
    struct auditor_status first;
    struct auditor_status second;
    struct listener *listener = listen_open(town);
    listener->lose_every = 3;
    for (uint32_t round = 0; round < 4; round++) {
        work(town, 1 + round * 5, 5);
        listen_catch_up(listener);
        listen_restart(listener);
    }
    listen_catch_up(listener);
    auditor_status(listener->auditor, &first);
    assert_int_equal(first.replayed, hub_size(town->hub));
    assert_int_equal(all_findings(&first), 0);
    uint64_t size = first.replayed;
    work(town, 100, 1);
    listen_catch_up(listener);
    auditor_status(listener->auditor, &second);
    assert_true(second.replayed > size);
    assert_memory_not_equal(first.root, second.root, sizeof first.root);
    same_facts(town, 20);
    listen_close(listener);
}

/* A hub whose store was changed: the leaves no longer give the root it signed. */
static void test_altered_leaf_is_refused(void **state)
{
    struct town *town = *state;
    struct auditor_status status;
    struct kv_txn txn;
    struct buf leaf;
    uint8_t key[9] = {0};
    work(town, 1, 2);
    put_u64(key + 1, hub_size(town->hub) - 1);
    buf_init(&leaf, LIMIT_LEAF_SIZE);
    kv_begin(town->kv, true, &txn);
    assert_true(kv_get(&txn, KV_LEAF, span_of(key, sizeof key), &leaf));
    leaf.data[leaf.size - 1] ^= 1;
    kv_put(&txn, KV_LEAF, span_of(key, sizeof key), buf_span(&leaf));
    assert_int_equal(kv_commit(&txn), ERR_NONE);
    struct listener *listener = listen_open(town);
    listen_rounds(listener, 300);
    auditor_status(listener->auditor, &status);
    assert_int_equal(status.mirrored, 0);
    assert_true(listener->answers > 10);
    buf_done(&leaf);
    listen_close(listener);
}

/* The log's leaf as it is exported; forged: it was, it says, a moment earlier. */
static void put_leaf(struct town *town, struct kv_txn *txn, uint64_t index, bool forged,
                     struct buf *ret)
{
    struct wire_leaf leaf;
    struct buf bytes;
    struct buf written;
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    buf_init(&written, LIMIT_LEAF_SIZE);
    assert_true(log_leaf(&hub_fold(town->hub)->log, txn, index, &bytes));
    assert_int_equal(wire_leaf_decode(buf_span(&bytes), &leaf), ERR_NONE);
    leaf.hub_ms -= forged ? 1 : 0;
    assert_int_equal(wire_leaf_encode(&leaf, &written), ERR_NONE);
    buf_put_u32(ret, (uint32_t)written.size);
    buf_put_span(ret, buf_span(&written));
    buf_done(&bytes);
    buf_done(&written);
}

/* The log up to size as files; its very first leaf may be forged. */
static void write_export(struct town *town, uint64_t size, bool forged)
{
    char name[64];
    char path[512];
    struct kv_txn txn;
    struct buf chunk;
    buf_init(&chunk, (size_t)LIMIT_BATCH_COUNT * (LIMIT_LEAF_SIZE + 4));
    file_path(town, "leaves", path);
    (void)mkdir(path, 0700);
    write_file(town, "checkpoint", hub_checkpoint_view(town->hub));
    kv_begin(town->kv, false, &txn);
    for (uint64_t first = 0; first < size; first += LIMIT_BATCH_COUNT) {
        buf_clear(&chunk);
        for (uint64_t i = first; i < size && i < first + LIMIT_BATCH_COUNT; i++) {
            put_leaf(town, &txn, i, forged && i == 0, &chunk);
        }
        (void)snprintf(name, sizeof name, "leaves/%08u", (unsigned)(first / LIMIT_BATCH_COUNT));
        write_file(town, name, buf_span(&chunk));
    }
    kv_abort(&txn);
    buf_done(&chunk);
}

/* The log is longer than what one transaction of an import takes. */
static struct listener *open_beside_long_log(struct town *town)
{
    enum { PUSHES = 23 };
    for (uint32_t i = 0; i < PUSHES; i++) {
        push_contacts(town, 10000 + i * LIMIT_BATCH_COUNT);
    }
    return listen_open(town);
}

/* Nothing was taken from the files, and all can be had by wire; so many findings. */
static void expect_untouched(struct listener *listener, uint64_t findings)
{
    struct auditor_status status;
    listen_restart(listener);
    auditor_status(listener->auditor, &status);
    assert_int_equal(status.mirrored, 0);
    assert_int_equal(status.replayed, 0);
    assert_int_equal(all_findings(&status), findings);
    listen_catch_up(listener);
    auditor_status(listener->auditor, &status);
    assert_int_equal(status.replayed, status.checkpoint_size);
    assert_int_equal(all_findings(&status), findings);
}

static void test_import(void **state)
{
    struct town *town = *state;
    struct auditor_status status;
    struct listener *listener = open_beside_long_log(town);
    write_export(town, hub_size(town->hub), false);
    assert_int_equal(auditor_import(listener->auditor, town->directory), ERR_NONE);
    listen_restart(listener);
    auditor_status(listener->auditor, &status);
    assert_int_equal(status.mirrored, hub_size(town->hub));
    assert_int_equal(status.checkpoint_size, hub_size(town->hub));
    listen_catch_up(listener);
    auditor_status(listener->auditor, &status);
    assert_int_equal(all_findings(&status), 0);
    listen_close(listener);
}

static void test_import_that_ends_early(void **state)
{
    struct town *town = *state;
    struct listener *listener = open_beside_long_log(town);
    write_export(town, hub_size(town->hub) - 1, false);
    assert_int_equal(auditor_import(listener->auditor, town->directory), ERR_MALFORMED);
    expect_untouched(listener, 0);
    listen_close(listener);
}

static void test_import_forged(void **state)
{
    struct town *town = *state;
    struct auditor_status status;
    struct listener *listener = open_beside_long_log(town);
    write_export(town, hub_size(town->hub), true);
    assert_int_equal(auditor_import(listener->auditor, town->directory), ERR_NONE);
    auditor_status(listener->auditor, &status);
    assert_int_equal(status.findings[FINDING_RANGE], 1);
    expect_untouched(listener, 1);
    listen_close(listener);
}

/* The hub greeted us with another history than the one in the files, both signed by it. */
static void test_import_of_another_history(void **state)
{
    struct town *town = *state;
    struct auditor_status status;
    struct listener *listener = listen_open(town);
    work(town, 1, 2);
    write_export(town, hub_size(town->hub), false);
    listener->auditor->state.epoch = hub_epoch(town->hub);
    listener->auditor->state.seen_size = 5;
    assert_int_equal(auditor_import(listener->auditor, town->directory), ERR_NONE);
    auditor_status(listener->auditor, &status);
    assert_int_equal(status.findings[FINDING_CHECKPOINT], 1);
    assert_int_equal(status.mirrored, 0);
    assert_int_equal(status.checkpoint_size, 5);
    listen_close(listener);
}

/* Leaves logged since the checkpoint was fetched are not proven by it. */
static void test_import_logged_since(void **state)
{
    struct town *town = *state;
    struct auditor_status status;
    struct buf note;
    struct listener *listener = listen_open(town);
    work(town, 1, 2);
    uint64_t size = hub_size(town->hub);
    buf_init(&note, LIMIT_NOTE_SIZE);
    buf_put_span(&note, hub_checkpoint_view(town->hub));
    work(town, 5, 2);
    write_export(town, hub_size(town->hub), false);
    write_file(town, "checkpoint", buf_span(&note));
    assert_int_equal(auditor_import(listener->auditor, town->directory), ERR_NONE);
    listen_restart(listener);
    auditor_status(listener->auditor, &status);
    assert_int_equal(status.mirrored, size);
    listen_catch_up(listener);
    auditor_status(listener->auditor, &status);
    assert_int_equal(all_findings(&status), 0);
    buf_done(&note);
    listen_close(listener);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_verifies_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(test_merger, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_log, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late_lossy_restarted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_altered_leaf_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_import, setup, teardown),
        cmocka_unit_test_setup_teardown(test_import_that_ends_early, setup, teardown),
        cmocka_unit_test_setup_teardown(test_import_forged, setup, teardown),
        cmocka_unit_test_setup_teardown(test_import_of_another_history, setup, teardown),
        cmocka_unit_test_setup_teardown(test_import_logged_since, setup, teardown),
    };
    return cmocka_run_group_tests_name("auditor", tests, NULL, NULL);
}
