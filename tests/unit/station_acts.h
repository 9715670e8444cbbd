#ifndef JIELI_TESTS_STATION_ACTS_H
#define JIELI_TESTS_STATION_ACTS_H

/* What the people of a station at the rig do, and how a test looks at what came of it. */

#include "rules/machines.h"
#include "station_rig.h"

/* A sealed part with contents of its own. */
static inline void rig_blob(struct rig *rig, struct buf *bytes, uint8_t *ret_hash)
{
    uint8_t text[200];
    struct wire_sealed_blob blob = {.wrap_count = 1};
    rig->blob_number++;
    memset(text, 17, sizeof text);
    put_u32(text, rig->blob_number);
    blob.wraps[0].audience = 1;
    blob.wraps[0].generation = 1;
    memset(blob.wraps[0].station, 3, sizeof blob.wraps[0].station);
    memset(blob.wraps[0].box, 9, sizeof blob.wraps[0].box);
    blob.ciphertext = span_of(text, sizeof text);
    buf_init(bytes, LIMIT_BLOB_SIZE);
    assert_int_equal(wire_sealed_encode(&blob, bytes), ERR_NONE);
    seal_sha256(blob.ciphertext, ret_hash);
}

static inline void rig_draft(struct rig *rig, const struct town_act *act, struct author_draft *ret)
{
    memset(ret, 0, sizeof *ret);
    memcpy(ret->record, act->record, sizeof ret->record);
    ret->payload = act->payload;
    ret->facts = &act->facts;
    rig->town->now_ms += 1000;
    uint64_t wall_ms = rig->town->now_ms + rig->ahead_ms;
    ret->claimed_ms = (uint64_t)((int64_t)wall_ms + act->claimed_shift_ms);
    ret->mono_ms = rig->mono_ms;
    ret->attestation = act->attestation;
}

/* Writes an event with one real blob a sealed label. */
static inline struct fold_verdict rig_submit(struct rig *rig, const struct town_person *person,
                                             const struct town_act *act)
{
    struct author_draft draft;
    struct station_blob blobs[LIMIT_SEALED_COUNT];
    struct buf bytes[LIMIT_SEALED_COUNT];
    struct fold_verdict verdict;
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t seq = 0;
    size_t count = 0;
    rig_draft(rig, act, &draft);
    for (uint32_t label = 1; label < LIMIT_SEALED_COUNT; label++) {
        if ((act->sealed_labels >> label & 1) != 0) {
            struct wire_sealed *sealed = &draft.sealed[count];
            rig_blob(rig, &bytes[count], blobs[count].hash);
            blobs[count].bytes = buf_span(&bytes[count]);
            sealed->label = label;
            sealed->audience = 3;
            sealed->size = (uint32_t)bytes[count].size;
            memcpy(sealed->hash, blobs[count].hash, sizeof sealed->hash);
            memset(sealed->commitment, 99, sizeof sealed->commitment);
            count++;
        }
    }
    draft.sealed_count = (uint32_t)count;
    assert_int_equal(station_submit(rig->station, &draft, person->signer,
                                    rig->town->now_ms + rig->ahead_ms, blobs, count, &verdict, id,
                                    &seq),
                     ERR_NONE);
    for (size_t i = 0; i < count; i++) {
        buf_done(&bytes[i]);
    }
    return verdict;
}

static inline void rig_write(struct rig *rig, const struct town_person *person,
                             const struct town_act *act)
{
    struct fold_verdict verdict = rig_submit(rig, person, act);
    assert_int_equal(verdict.refusal, REFUSAL_NONE);
    assert_int_equal(verdict.verdict, WIRE_ACCEPTED);
}

/* --- A case's way; record n, its contact 1000 + n --- */

static inline void rig_contact(struct rig *rig, uint32_t record)
{
    struct town_act act;
    town_act(&act, WIRE_CONTACT, record + 1000, CONTACT_RECEIVED);
    town_number(&act, FIELD_channel, 0, 1);
    town_text(&act, FIELD_item, 0, "I51");
    act.sealed_labels = 2;
    rig_write(rig, &rig->town->worker, &act);
}

static inline void act_open(struct town_act *act, uint32_t record)
{
    struct town_act cited;
    town_act(&cited, WIRE_CONTACT, record + 1000, CONTACT_RECEIVED);
    town_act(act, WIRE_CASE, record, CASE_OPENED);
    town_text(act, FIELD_item, 0, "I51");
    town_bytes(act, FIELD_contact, 0, cited.record, sizeof cited.record);
    act->sealed_labels = 2;
}

static inline void act_accept(struct town_act *act, uint32_t record)
{
    town_act(act, WIRE_CASE, record, CASE_ACCEPTED);
    town_materials(act);
}

/* Three events: contact, opened, accepted. */
static inline void rig_case(struct rig *rig, uint32_t record)
{
    struct town_act act;
    rig_contact(rig, record);
    act_open(&act, record);
    rig_write(rig, &rig->town->worker, &act);
    act_accept(&act, record);
    rig_write(rig, &rig->town->worker, &act);
}

static inline void rig_hand_up(struct rig *rig, uint32_t record)
{
    struct town_act act;
    town_act(&act, WIRE_CASE, record, CASE_SUBMITTED_UP);
    rig_write(rig, &rig->town->worker, &act);
}

static inline void hub_does(struct town *town, uint32_t record, uint64_t verb)
{
    struct town_act act;
    town_act(&act, WIRE_CASE, record, verb);
    if (verb == CASE_DECIDED) {
        town_number(&act, FIELD_decision, 0, 1);
    }
    struct fold_verdict verdict = town_hub(town, &town->operator, & act);
    assert_int_equal(verdict.refusal, REFUSAL_NONE);
    assert_int_equal(verdict.verdict, WIRE_ACCEPTED);
}

/* Received, decided, returned with the result: three leaves of the own feed. */
static inline void hub_decides(struct town *town, uint32_t record)
{
    hub_does(town, record, CASE_RECEIVED_AT_HUB);
    hub_does(town, record, CASE_DECIDED);
    hub_does(town, record, CASE_RESULT_RETURNED);
}

static inline void hub_revokes(struct town *town, const struct town_person *person)
{
    struct town_act act;
    town_act(&act, WIRE_PERSON, person->staff[0], PERSON_REVOKED);
    town_bytes(&act, FIELD_staff, 0, person->staff, sizeof person->staff);
    assert_int_equal(town_hub(town, &town->leader, &act).verdict, WIRE_ACCEPTED);
}

/* The policy in force, with one more line of comment, becomes edition 2. */
static inline void rig_new_policy(struct town *town)
{
    struct town_act act;
    struct buf text;
    struct kv_txn txn;
    uint8_t hash[LIMIT_HASH_SIZE];
    buf_init(&text, LIMIT_BLOB_SIZE);
    assert_int_equal(world_edition(hub_fold(town->hub)->world, WORLD_POLICY, 0, hash), 1);
    kv_begin(town->kv, false, &txn);
    assert_true(kv_get(&txn, KV_BLOB, span_of(hash, sizeof hash), &text));
    kv_abort(&txn);
    buf_put_text(&text, "# 2\n");
    assert_int_equal(hub_blob_add(town->hub, buf_span(&text), hash), ERR_NONE);
    town_act(&act, WIRE_EDITION, 1000 + WORLD_POLICY, 0);
    town_number(&act, FIELD_kind, 0, WORLD_POLICY);
    town_number(&act, FIELD_edition, 0, 2);
    town_bytes(&act, FIELD_hash, 0, hash, sizeof hash);
    town_number(&act, FIELD_size, 0, text.size);
    assert_int_equal(town_hub(town, &town->leader, &act).refusal, REFUSAL_NONE);
    buf_done(&text);
}

/* --- Looking --- */

static inline struct station_status rig_status(struct rig *rig)
{
    struct station_status status;
    station_status(rig->station, &status);
    return status;
}

static inline bool rig_dump_one(void *context, struct span key, struct span value)
{
    struct buf *dump = context;
    buf_put_u32(dump, (uint32_t)key.size);
    buf_put_span(dump, key);
    buf_put_u32(dump, (uint32_t)value.size);
    buf_put_span(dump, value);
    return true;
}

static inline void rig_dump(struct kv *kv, enum kv_table table, struct buf *dump)
{
    struct kv_txn txn;
    kv_begin(kv, false, &txn);
    kv_scan(&txn, table, span_of(NULL, 0), span_of(NULL, 0), rig_dump_one, dump);
    assert_int_equal(txn.err, ERR_NONE);
    kv_abort(&txn);
    assert_int_equal(dump->err, ERR_NONE);
}

static inline bool rig_same_table(struct kv *a, struct kv *b, enum kv_table table)
{
    struct buf first;
    struct buf second;
    buf_init(&first, 1 << 24);
    buf_init(&second, 1 << 24);
    rig_dump(a, table, &first);
    rig_dump(b, table, &second);
    bool same = span_equal(buf_span(&first), buf_span(&second));
    buf_done(&first);
    buf_done(&second);
    return same;
}

static inline bool rig_count_one(void *context, struct span key, struct span value)
{
    size_t *count = context;
    (void)key;
    (void)value;
    (*count)++;
    return true;
}

static inline size_t rig_rows(struct rig *rig, enum kv_table table)
{
    struct kv_txn txn;
    size_t count = 0;
    kv_begin(rig->kv, false, &txn);
    kv_scan(&txn, table, span_of(NULL, 0), span_of(NULL, 0), rig_count_one, &count);
    kv_abort(&txn);
    return count;
}

/* Proven fold == the hub's fold, and a rebuild gives the same bytes. */
static inline void rig_check(struct rig *rig)
{
    static const enum kv_table tables[] = {KV_RECORD, KV_TENTATIVE, KV_INDEX, KV_CACHE};
    struct buf before;
    struct buf after;
    assert_true(rig_same_table(rig->town->kv, rig->kv, KV_RECORD));
    buf_init(&before, 1 << 24);
    buf_init(&after, 1 << 24);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        rig_dump(rig->kv, tables[i], &before);
    }
    assert_int_equal(station_rebuild(rig->station), ERR_NONE);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        rig_dump(rig->kv, tables[i], &after);
    }
    assert_true(span_equal(buf_span(&before), buf_span(&after)));
    buf_done(&before);
    buf_done(&after);
}

static inline bool rig_record(struct rig *rig, enum fold_space space, uint32_t number,
                              struct record *ret)
{
    struct kv_txn txn;
    struct town_act act;
    town_act(&act, WIRE_CASE, number, 0);
    kv_begin(rig->kv, false, &txn);
    bool found = fold_record_get(station_fold(rig->station), &txn, space, act.record, ret);
    kv_abort(&txn);
    return found;
}

static inline const char *rig_state(struct rig *rig, enum fold_space space, uint32_t number)
{
    struct record *record = calloc(1, sizeof *record);
    assert_non_null(record);
    const char *name = rig_record(rig, space, number, record)
                           ? rule_state_name(record->machine, record->state)
                           : "none";
    free(record);
    return name;
}

#endif
