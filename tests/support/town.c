#include "tests/support/town.h"

#include "seal/hash.h"
#include "seal/part.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MUST(condition) ((condition) ? (void)0 : must_failed(__LINE__, #condition))

static _Noreturn void must_failed(int line, const char *condition)
{
    (void)fprintf(stderr, "town.c:%d: %s\n", line, condition);
    _Exit(2);
}

struct signer *town_signer(uint32_t number)
{
    uint8_t seed[LIMIT_HASH_SIZE];
    uint8_t bytes[4];
    put_u32(bytes, number);
    seal_sha256(span_of(bytes, sizeof bytes), seed);
    struct signer *signer = signer_new(seed);
    MUST(signer != NULL);
    return signer;
}

static void record_id(uint32_t number, uint8_t ret[LIMIT_ID_SIZE])
{
    memset(ret, 0, LIMIT_ID_SIZE);
    ret[0] = 7;
    put_u32(ret + 12, number);
}

void town_act(struct town_act *act, uint32_t payload, uint32_t record_number, uint64_t verb)
{
    memset(act, 0, sizeof *act);
    act->payload = payload;
    record_id(record_number, act->record);
    values_clear(&act->facts);
    values_set_number(&act->facts, FIELD_verb, 0, verb);
}

void town_number(struct town_act *act, enum field field, uint16_t place, uint64_t number)
{
    values_set_number(&act->facts, field, place, number);
}

void town_text(struct town_act *act, enum field field, uint16_t place, const char *text)
{
    values_set_bytes(&act->facts, field, place, span_text(text));
}

void town_bytes(struct town_act *act, enum field field, uint16_t place, const void *bytes,
                size_t size)
{
    values_set_bytes(&act->facts, field, place, span_of(bytes, size));
}

void town_materials(struct town_act *act)
{
    static const char *const codes[] = {"FORM", "ID"};
    static const uint64_t status[] = {1, 4};
    for (uint16_t i = 0; i < 2; i++) {
        town_text(act, FIELD_materials_code, i, codes[i]);
        town_number(act, FIELD_materials_form, i, 1);
        town_number(act, FIELD_materials_pages, i, 1);
        town_number(act, FIELD_materials_status, i, status[i]);
    }
}

static void fill_draft(const struct town *town, const struct town_act *act,
                       struct author_draft *ret)
{
    memset(ret, 0, sizeof *ret);
    memcpy(ret->record, act->record, sizeof ret->record);
    ret->payload = act->payload;
    ret->facts = &act->facts;
    ret->claimed_ms = (uint64_t)((int64_t)town->now_ms + act->claimed_shift_ms);
    ret->mono_ms = town->now_ms;
    ret->attestation = act->attestation;
    ret->attestation_ground = act->attestation == 7 ? span_text("spouse") : span_of(NULL, 0);
    for (uint32_t label = 1; label < LIMIT_SEALED_COUNT; label++) {
        if ((act->sealed_labels >> label & 1) != 0) {
            struct wire_sealed *sealed = &ret->sealed[ret->sealed_count++];
            sealed->label = label;
            sealed->audience = 3;
            sealed->size = 200;
            memset(sealed->hash, (int)label, sizeof sealed->hash);
            memset(sealed->commitment, 99, sizeof sealed->commitment);
            if (act->sealed_anew) {
                seal_sha256(span_of(&ret->claimed_ms, sizeof ret->claimed_ms), sealed->hash);
                sealed->hash[0] ^= (uint8_t)label;
                seal_sha256(span_of(sealed->hash, sizeof sealed->hash), sealed->commitment);
            }
        }
    }
}

static struct fold_verdict submit(struct town *town, const struct signer *signer,
                                  const struct town_act *act)
{
    struct fold_verdict verdict;
    struct author_draft draft;
    uint8_t id[LIMIT_HASH_SIZE];
    town->now_ms += 1000;
    fill_draft(town, act, &draft);
    MUST(hub_submit(town->hub, &draft, signer, town->now_ms, &verdict, id) == ERR_NONE);
    return verdict;
}

struct fold_verdict town_hub(struct town *town, const struct town_person *person,
                             const struct town_act *act)
{
    return submit(town, person->signer, act);
}

struct fold_verdict town_device(struct town *town, const struct town_act *act)
{
    return submit(town, town->hub_signer, act);
}

static void must_accept(struct fold_verdict verdict, const char *what)
{
    if (verdict.verdict != WIRE_ACCEPTED) {
        const struct refusal_text *text = refusal_text(verdict.refusal);
        (void)fprintf(stderr, "town: %s: verdict %d, %s\n", what, (int)verdict.verdict,
                      text == NULL ? "?" : text->name);
        _Exit(2);
    }
}

/* Enrols person number n by signer and grants roles; station NULL: at the hub. */
static void employ(struct town *town, const struct signer *registrar, const struct signer *leader,
                   struct town_person *person, uint32_t number, uint64_t roles)
{
    struct town_act act;
    uint8_t secret[32] = {1};
    struct seal_box_secret *box = NULL;
    person->signer = town_signer(number);
    memset(person->staff, (int)number, sizeof person->staff);
    secret[1] = (uint8_t)number;
    box = seal_box_new(secret);
    MUST(box != NULL);
    town_act(&act, WIRE_PERSON, number, PERSON_ENROLLED);
    town_bytes(&act, FIELD_staff, 0, person->staff, sizeof person->staff);
    town_number(&act, FIELD_suite, 0, SEAL_SUITE_ED25519);
    town_bytes(&act, FIELD_public_key, 0, signer_public_view(person->signer), LIMIT_KEY_SIZE);
    town_bytes(&act, FIELD_box_key, 0, seal_box_public_view(box), LIMIT_KEY_SIZE);
    must_accept(submit(town, registrar, &act), "enrol");
    town_act(&act, WIRE_PERSON, number, PERSON_GRANTED);
    town_bytes(&act, FIELD_staff, 0, person->staff, sizeof person->staff);
    town_number(&act, FIELD_grants_roles, 0, roles);
    if (town->station != NULL) {
        town_bytes(&act, FIELD_grants_station, 0, signer_key_id_view(town->station),
                   LIMIT_KEY_SIZE);
    }
    must_accept(submit(town, leader, &act), "grant");
    seal_box_free(box);
}

static void publish(struct town *town, enum world_kind kind, uint32_t year, const char *name)
{
    struct town_act act;
    char path[1024];
    uint8_t hash[LIMIT_HASH_SIZE];
    struct buf text;
    uint8_t block[4096];
    buf_init(&text, LIMIT_BLOB_SIZE);
    (void)snprintf(path, sizeof path, "%s/deploy/%s", JIELI_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    MUST(file != NULL);
    size_t size = fread(block, 1, sizeof block, file);
    while (size > 0) {
        buf_put(&text, block, size);
        size = fread(block, 1, sizeof block, file);
    }
    (void)fclose(file);
    MUST(text.err == ERR_NONE);
    MUST(hub_blob_add(town->hub, buf_span(&text), hash) == ERR_NONE);
    town_act(&act, WIRE_EDITION, 1000 + (uint32_t)kind, 0);
    town_number(&act, FIELD_kind, 0, kind);
    town_number(&act, FIELD_edition, 0, 1);
    town_bytes(&act, FIELD_hash, 0, hash, sizeof hash);
    town_number(&act, FIELD_size, 0, text.size);
    town_number(&act, FIELD_year, 0, year);
    must_accept(submit(town, town->leader.signer, &act), name);
    buf_done(&text);
}

static void enrol_station(struct town *town)
{
    struct town_act act;
    struct signer *station = town_signer(100);
    memset(town->station_curve, 5, sizeof town->station_curve);
    town_act(&act, WIRE_STATION, 100, STATION_ENROLLED);
    town_bytes(&act, FIELD_device, 0, signer_key_id_view(station), LIMIT_KEY_SIZE);
    town_number(&act, FIELD_suite, 0, SEAL_SUITE_ED25519);
    town_bytes(&act, FIELD_public_key, 0, signer_public_view(station), LIMIT_KEY_SIZE);
    town_bytes(&act, FIELD_curve_key, 0, town->station_curve, LIMIT_KEY_SIZE);
    town_text(&act, FIELD_code, 0, "460200001001");
    must_accept(submit(town, town->registrar.signer, &act), "station");
    town->station = station;
}

static void open_hub(struct town *town)
{
    static const struct kv_options kv_options = {.map_size = 256U << 20};
    struct hub_options options = {.kv = NULL,
                                  .hub = town->hub_id,
                                  .origin = TOWN_ORIGIN_PREFIX "/1",
                                  .epoch = 1,
                                  .signer = town->hub_signer};
    MUST(kv_open(town->directory, &kv_options, &town->kv) == ERR_NONE);
    options.kv = town->kv;
    memset(options.boot, 3, sizeof options.boot);
    MUST(hub_open(&options, &town->hub) == ERR_NONE);
}

static void found(struct town *town)
{
    const struct signer *device = town->hub_signer;
    employ(town, device, device, &town->registrar, 11, ROLE_REGISTRAR);
    employ(town, device, device, &town->leader, 10, ROLE_HUB_LEADER);
    employ(town, town->registrar.signer, town->leader.signer, &town->operator, 12,
           ROLE_HUB_OPERATOR);
    publish(town, WORLD_POLICY, 0, "policy/policy.txt");
    publish(town, WORLD_CATALOGUE, 0, "catalogue/catalogue.txt");
    publish(town, WORLD_CALENDAR, 2025, "calendar/cn-2025.txt");
    publish(town, WORLD_CALENDAR, 2026, "calendar/cn-2026.txt");
    enrol_station(town);
    const struct signer *registrar = town->registrar.signer;
    const struct signer *leader = town->leader.signer;
    employ(town, registrar, leader, &town->head, 20, ROLE_STATION_HEAD | ROLE_WORKER);
    employ(town, registrar, leader, &town->worker, 21, ROLE_WORKER);
    employ(town, registrar, leader, &town->agent, 22, ROLE_AGENT);
}

struct town *town_open(uint64_t start_ms)
{
    struct town *town = calloc(1, sizeof *town);
    MUST(town != NULL && seal_init() == ERR_NONE);
    (void)snprintf(town->directory, sizeof town->directory, "/tmp/jieli-town-XXXXXX");
    MUST(mkdtemp(town->directory) != NULL);
    town->now_ms = start_ms;
    memset(town->hub_id, 42, sizeof town->hub_id);
    town->hub_signer = town_signer(1);
    open_hub(town);
    found(town);
    memcpy(town->chain.hub, town->hub_id, LIMIT_ID_SIZE);
    memcpy(town->chain.device, signer_key_id_view(town->station), LIMIT_KEY_SIZE);
    town->chain.incarnation = 1;
    town->chain.clock = 1;
    memset(town->chain.boot, 4, sizeof town->chain.boot);
    town->chain.applied_common = hub_fold(town->hub)->log.common_seq;
    return town;
}

void town_restart(struct town *town)
{
    hub_close(town->hub);
    kv_close(town->kv);
    open_hub(town);
}

/* The store's folder is flat. */
static void remove_folder(const char *folder)
{
    char path[512];
    DIR *listing = opendir(folder);
    MUST(listing != NULL);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        (void)unlink(path);
    }
    (void)closedir(listing);
    MUST(rmdir(folder) == 0);
}

void town_close(struct town *town)
{
    hub_close(town->hub);
    kv_close(town->kv);
    signer_free(town->leader.signer);
    signer_free(town->registrar.signer);
    signer_free(town->operator.signer);
    signer_free(town->head.signer);
    signer_free(town->worker.signer);
    signer_free(town->agent.signer);
    signer_free(town->hub_signer);
    signer_free(town->station);
    remove_folder(town->directory);
    free(town);
}

void town_write(struct town *town, const struct town_person *person, const struct town_act *act,
                struct town_event *ret)
{
    struct author_draft draft;
    struct wire_event *event = calloc(1, sizeof *event);
    MUST(event != NULL);
    town->now_ms += 1000;
    fill_draft(town, act, &draft);
    author_fill(&town->chain, &draft, signer_key_id_view(person->signer), event);
    buf_init(&ret->body, LIMIT_BODY_SIZE);
    MUST(author_sign(event, person->signer, &ret->body, &ret->envelope, ret->id) == ERR_NONE);
    town->chain.seq = event->seq;
    memcpy(town->chain.id, ret->id, LIMIT_HASH_SIZE);
    free(event);
}

void town_event_done(struct town_event *event)
{
    buf_done(&event->body);
}

/* A push and what it points to. */
struct pushing {
    struct sync_push push;
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    struct buf body;
    struct buf packed;
};

static void pushing_init(struct town *town, const struct town_event *events, size_t count,
                         uint64_t first_seq, struct pushing *ret)
{
    struct wire_envelope envelopes[LIMIT_BATCH_COUNT];
    struct sync_head_body head = {.incarnation = town->chain.incarnation,
                                  .seq = first_seq + count - 1};
    struct sync_push *push = &ret->push;
    *push = (struct sync_push){
        .incarnation = town->chain.incarnation, .first_seq = first_seq, .count = (uint32_t)count};
    buf_init(&ret->body, 1024);
    buf_init(&ret->packed, LIMIT_FRAME_SIZE);
    for (size_t i = 0; i < count; i++) {
        envelopes[i] = events[i].envelope;
    }
    memcpy(head.hub, town->hub_id, LIMIT_ID_SIZE);
    memcpy(head.device, town->chain.device, LIMIT_KEY_SIZE);
    memcpy(head.id, events[count - 1].id, LIMIT_HASH_SIZE);
    wire_head_encode(&head, &ret->body);
    signer_sign(town->station, SEAL_HEAD, buf_span(&ret->body), ret->signature);
    push->head = (struct sync_head){true, buf_span(&ret->body),
                                    span_of(ret->signature, sizeof ret->signature)};
    MUST(wire_envelopes_pack(envelopes, count, &ret->packed, &push->raw_size) == ERR_NONE);
    push->packed = buf_span(&ret->packed);
}

static void pushing_done(struct pushing *pushing)
{
    buf_done(&pushing->body);
    buf_done(&pushing->packed);
}

struct hub_push *town_push_make(struct town *town, const struct town_event *events, size_t count,
                                uint64_t first_seq)
{
    struct pushing pushing;
    struct hub_push *ret = NULL;
    pushing_init(town, events, count, first_seq, &pushing);
    MUST(hub_push_new(town->chain.device, &pushing.push, &ret) == ERR_NONE);
    pushing_done(&pushing);
    return ret;
}

void town_push_frame(struct town *town, const struct town_event *events, size_t count,
                     uint64_t first_seq, struct buf *ret_frame)
{
    struct pushing pushing;
    struct sync_frame *frame = calloc(1, sizeof *frame);
    pushing_init(town, events, count, first_seq, &pushing);
    MUST(frame != NULL);
    frame->kind = SYNC_PUSH;
    frame->push = pushing.push;
    MUST(wire_frame_encode(frame, ret_frame) == ERR_NONE);
    pushing_done(&pushing);
    free(frame);
}

struct hub_push *town_push(struct town *town, const struct town_event *events, size_t count,
                           uint64_t first_seq)
{
    struct hub_push *push = town_push_make(town, events, count, first_seq);
    hub_push_check(town->hub, push);
    town->now_ms += 1000;
    MUST(hub_ingest(town->hub, &push, 1, town->now_ms) == ERR_NONE);
    return push;
}

struct sync_answered town_station(struct town *town, const struct town_person *person,
                                  const struct town_act *act)
{
    struct town_event event;
    struct wire_arena arena;
    struct sync_frame *frame = calloc(1, sizeof *frame);
    town_write(town, person, act, &event);
    struct hub_push *push = town_push(town, &event, 1, town->chain.seq);
    MUST(frame != NULL && wire_arena_init(&arena, WIRE_FRAME_ARENA) == ERR_NONE);
    MUST(wire_frame_decode(hub_push_reply_view(push), &arena, frame) == ERR_NONE);
    MUST(frame->kind == SYNC_ANSWER && frame->answer.count == 1);
    struct sync_answered answered = frame->answer.answers[0];
    wire_arena_done(&arena);
    free(frame);
    hub_push_free(push);
    town_event_done(&event);
    return answered;
}

static void by_worker(struct town *town, const struct town_act *act)
{
    MUST(town_station(town, &town->worker, act).refusal == REFUSAL_NONE);
}

void town_contact(struct town *town, uint32_t record_number)
{
    enum { CONTACT_RECEIVED = 1 };
    struct town_act act;
    town_act(&act, WIRE_CONTACT, record_number, CONTACT_RECEIVED);
    town_number(&act, FIELD_channel, 0, 1);
    town_text(&act, FIELD_item, 0, "I51");
    act.sealed_labels = 2;
    by_worker(town, &act);
}

void town_case(struct town *town, uint32_t record_number)
{
    enum { CASE_OPENED = 1, CASE_ACCEPTED = 6, CONTACTS = 1000 };
    struct town_act act;
    uint8_t contact[LIMIT_ID_SIZE];
    record_id(record_number + CONTACTS, contact);
    town_contact(town, record_number + CONTACTS);
    town_act(&act, WIRE_CASE, record_number, CASE_OPENED);
    town_bytes(&act, FIELD_contact, 0, contact, sizeof contact);
    town_text(&act, FIELD_item, 0, "I51");
    town_materials(&act);
    act.sealed_labels = 2;
    by_worker(town, &act);
    town_act(&act, WIRE_CASE, record_number, CASE_ACCEPTED);
    town_materials(&act);
    by_worker(town, &act);
}

bool town_record(struct town *town, uint32_t record_number, struct record *ret)
{
    struct kv_txn txn;
    uint8_t id[LIMIT_ID_SIZE];
    record_id(record_number, id);
    kv_begin(town->kv, false, &txn);
    bool found = fold_record_get(hub_fold(town->hub), &txn, FOLD_PROVEN, id, ret);
    kv_abort(&txn);
    return found;
}
