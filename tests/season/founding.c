#include "seal/hash.h"
#include "seal/part.h"
#include "season.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "hub.xian.zhen.jieli"

enum { KEY_HUB = 1, KEY_HUB_STAFF = 10, KEY_STATION = 1000, KEY_STAFF = 2000 };

_Noreturn void season_failed(const char *file, int line, const char *condition)
{
    (void)fprintf(stderr, "%s:%d: %s\n", file, line, condition);
    _Exit(2);
}

static const uint64_t station_roles[SEASON_STAFF] = {
    [POST_HEAD] = ROLE_STATION_HEAD,
    [POST_WINDOW] = ROLE_WORKER | ROLE_WINDOW_HEAD,
    [POST_SECOND] = ROLE_WORKER | ROLE_CUSTODIAN,
    [POST_AGENT] = ROLE_AGENT | ROLE_FIRST_CONTACT,
    [POST_WATCH] = ROLE_COMMITTEE | ROLE_INTEGRITY | ROLE_GROUP_LEADER | ROLE_LINE_LEADER,
};

static const uint64_t hub_roles[SEASON_HUB_STAFF] = {
    [HUB_LEADER] = ROLE_HUB_LEADER,
    [HUB_REGISTRAR] = ROLE_REGISTRAR,
    [HUB_OPERATOR] = ROLE_HUB_OPERATOR,
    [HUB_SECOND] = ROLE_HUB_OPERATOR,
    [HUB_DISCIPLINE] = ROLE_DISCIPLINE | ROLE_UPPER_DISCIPLINE,
    [HUB_DESK] = ROLE_COMPLAINT_DESK,
    [HUB_LIAISON] = ROLE_DISTRICT,
    [HUB_APPRAISER] = ROLE_APPRAISER,
};

/* --- one event each --- */

static void submit(struct season *season, const struct signer *signer, uint32_t payload,
                   const struct values *facts)
{
    struct fold_verdict verdict;
    uint8_t id[LIMIT_HASH_SIZE];
    struct author_draft draft = {.payload = payload, .facts = facts};
    season->now_ms += 1000;
    draft.claimed_ms = season->now_ms;
    draft.mono_ms = season->now_ms;
    draft.record[0] = 1;
    MUST(hub_submit(season->hub, &draft, signer, season->now_ms, &verdict, id) == ERR_NONE);
    MUST(verdict.verdict == WIRE_ACCEPTED);
}

static void set(struct values *facts, enum field field, const void *bytes, size_t size)
{
    values_set_bytes(facts, field, 0, span_of(bytes, size));
}

/* by: who enrols, who grants; station NULL: at the hub. */
static void employ(struct season *season, const struct signer *const by[2],
                   struct season_person *person, uint32_t number, const struct signer *station)
{
    struct values facts;
    uint8_t secret[32] = {1};
    put_u32(secret + 4, number);
    struct seal_box_secret *box = seal_box_new(secret);
    MUST(box != NULL);
    person->signer = town_signer(number);
    person->staff[0] = 9;
    put_u32(person->staff + 12, number);
    values_clear(&facts);
    values_set_number(&facts, FIELD_verb, 0, PERSON_ENROLLED);
    set(&facts, FIELD_staff, person->staff, sizeof person->staff);
    values_set_number(&facts, FIELD_suite, 0, SEAL_SUITE_ED25519);
    set(&facts, FIELD_public_key, signer_public_view(person->signer), LIMIT_KEY_SIZE);
    set(&facts, FIELD_box_key, seal_box_public_view(box), LIMIT_KEY_SIZE);
    submit(season, by[0], WIRE_PERSON, &facts);
    values_clear(&facts);
    values_set_number(&facts, FIELD_verb, 0, PERSON_GRANTED);
    set(&facts, FIELD_staff, person->staff, sizeof person->staff);
    values_set_number(&facts, FIELD_grants_roles, 0, person->roles);
    if (station != NULL) {
        set(&facts, FIELD_grants_station, signer_key_id_view(station), LIMIT_KEY_SIZE);
    }
    submit(season, by[1], WIRE_PERSON, &facts);
    seal_box_free(box);
}

static void read_text(const char *name, struct buf *ret)
{
    char path[1024];
    uint8_t block[4096];
    (void)snprintf(path, sizeof path, "%s/deploy/%s", JIELI_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    MUST(file != NULL);
    size_t size = fread(block, 1, sizeof block, file);
    while (size > 0) {
        buf_put(ret, block, size);
        size = fread(block, 1, sizeof block, file);
    }
    (void)fclose(file);
    MUST(ret->err == ERR_NONE);
}

static void publish(struct season *season, enum world_kind kind, uint32_t year, const char *name)
{
    struct values facts;
    struct buf text;
    uint8_t hash[LIMIT_HASH_SIZE];
    buf_init(&text, LIMIT_BLOB_SIZE);
    read_text(name, &text);
    MUST(hub_blob_add(season->hub, buf_span(&text), hash) == ERR_NONE);
    values_clear(&facts);
    values_set_number(&facts, FIELD_kind, 0, kind);
    values_set_number(&facts, FIELD_edition, 0, 1);
    set(&facts, FIELD_hash, hash, sizeof hash);
    values_set_number(&facts, FIELD_size, 0, text.size);
    values_set_number(&facts, FIELD_year, 0, year);
    submit(season, season->hub_person[HUB_LEADER].signer, WIRE_EDITION, &facts);
    buf_done(&text);
}

static void enrol_station(struct season *season, size_t index)
{
    struct season_station *station = &season->station[index];
    const struct signer *by[2] = {season->hub_person[HUB_REGISTRAR].signer,
                                  season->hub_person[HUB_LEADER].signer};
    struct values facts;
    uint8_t curve[LIMIT_KEY_SIZE];
    char code[16];
    station->signer = town_signer(KEY_STATION + (uint32_t)index);
    memset(curve, (int)(50 + index), sizeof curve);
    (void)snprintf(code, sizeof code, "4602000010%02u", (unsigned)index);
    values_clear(&facts);
    values_set_number(&facts, FIELD_verb, 0, STATION_ENROLLED);
    set(&facts, FIELD_device, signer_key_id_view(station->signer), LIMIT_KEY_SIZE);
    values_set_number(&facts, FIELD_suite, 0, SEAL_SUITE_ED25519);
    set(&facts, FIELD_public_key, signer_public_view(station->signer), LIMIT_KEY_SIZE);
    set(&facts, FIELD_curve_key, curve, sizeof curve);
    set(&facts, FIELD_code, code, strlen(code));
    submit(season, by[0], WIRE_STATION, &facts);
    for (uint32_t i = 0; i < SEASON_STAFF; i++) {
        station->person[i].roles = station_roles[i];
        employ(season, by, &station->person[i], KEY_STAFF + (uint32_t)index * SEASON_STAFF + i,
               station->signer);
    }
}

/* --- the minds --- */

static void open_hub(struct season *season)
{
    memset(season->hub_id, 42, LIMIT_ID_SIZE);
    season->hub_signer = town_signer(KEY_HUB);
    season->hub_disk = kv_memory_disk_new("hub");
    MUST(kv_open("hub", NULL, &season->hub_kv) == ERR_NONE);
    struct hub_options options = {.kv = season->hub_kv,
                                  .hub = season->hub_id,
                                  .origin = PREFIX "/1",
                                  .epoch = 1,
                                  .signer = season->hub_signer};
    MUST(hub_open(&options, &season->hub) == ERR_NONE);
}

static void open_station(struct season *season, size_t index)
{
    struct season_station *station = &season->station[index];
    (void)snprintf(station->name, sizeof station->name, "station-%02u", (unsigned)index + 1);
    station->disk = kv_memory_disk_new(station->name);
    MUST(kv_open(station->name, NULL, &station->kv) == ERR_NONE);
    struct station_options options = {.kv = station->kv,
                                      .hub = season->hub_id,
                                      .hub_device = signer_key_id_view(season->hub_signer),
                                      .hub_public = signer_public_view(season->hub_signer),
                                      .origin_prefix = PREFIX,
                                      .signer = station->signer,
                                      .random = index};
    MUST(station_open(&options, season->mono_ms, &station->station) == ERR_NONE);
    station_set_clock_quality(station->station, 1);
}

static void open_auditor(struct season *season)
{
    season->auditor_disk = kv_memory_disk_new("auditor");
    MUST(kv_open("auditor", NULL, &season->auditor_kv) == ERR_NONE);
    struct auditor_options options = {.kv = season->auditor_kv,
                                      .slot = 1,
                                      .hub = season->hub_id,
                                      .hub_device = signer_key_id_view(season->hub_signer),
                                      .hub_public = signer_public_view(season->hub_signer),
                                      .origin_prefix = PREFIX,
                                      .random = 5};
    MUST(auditor_open(&options, season->mono_ms, &season->auditor) == ERR_NONE);
}

static void employ_hub(struct season *season)
{
    const struct signer *device[2] = {season->hub_signer, season->hub_signer};
    const struct signer *by[2];
    static const enum season_hub_post order[] = {HUB_REGISTRAR, HUB_LEADER,     HUB_OPERATOR,
                                                 HUB_SECOND,    HUB_DISCIPLINE, HUB_DESK,
                                                 HUB_LIAISON,   HUB_APPRAISER};
    for (uint32_t i = 0; i < SEASON_HUB_STAFF; i++) {
        struct season_person *person = &season->hub_person[order[i]];
        by[0] = season->hub_person[HUB_REGISTRAR].signer;
        by[1] = season->hub_person[HUB_LEADER].signer;
        person->roles = hub_roles[order[i]];
        employ(season, i < 2 ? device : by, person, KEY_HUB_STAFF + i, NULL);
    }
}

struct season *season_found(uint64_t seed, uint32_t cases)
{
    struct season *season = calloc(1, sizeof *season);
    MUST(season != NULL && seal_init() == ERR_NONE);
    season->random.state = seed;
    season->case_total = cases;
    season->cases = calloc(cases + SEASON_CASES, sizeof *season->cases);
    season->frame = calloc(1, sizeof *season->frame);
    season->record = calloc(1, sizeof *season->record);
    MUST(season->cases != NULL && season->frame != NULL && season->record != NULL);
    MUST(wire_arena_init(&season->arena, WIRE_FRAME_ARENA) == ERR_NONE);
    buf_init(&season->out, LIMIT_FRAME_SIZE);
    season->first_day = day_of(2026, 4, 1);
    season->last_day = day_of(2026, 6, 30);
    season->end_day = day_of(2026, 7, 6);
    season->now_ms = day_ms(season->first_day, 5); /* nothing is expected before */
    season->mono_ms = 1000;
    open_hub(season);
    employ_hub(season);
    publish(season, WORLD_POLICY, 0, "policy/policy.txt");
    publish(season, WORLD_CATALOGUE, 0, "catalogue/catalogue.txt");
    publish(season, WORLD_CALENDAR, 2026, "calendar/cn-2026.txt");
    for (size_t i = 0; i < SEASON_STATIONS; i++) {
        enrol_station(season, i);
        open_station(season, i);
    }
    open_auditor(season);
    return season;
}

/* --- the end --- */

static void close_station(struct season_station *station)
{
    station_close(station->station);
    kv_close(station->kv);
    kv_memory_disk_free(station->disk);
    for (size_t i = 0; i < SEASON_STAFF; i++) {
        signer_free(station->person[i].signer);
    }
    signer_free(station->signer);
}

void season_close(struct season *season)
{
    auditor_close(season->auditor);
    kv_close(season->auditor_kv);
    kv_memory_disk_free(season->auditor_disk);
    for (size_t i = 0; i < SEASON_STATIONS; i++) {
        close_station(&season->station[i]);
    }
    hub_close(season->hub);
    kv_close(season->hub_kv);
    kv_memory_disk_free(season->hub_disk);
    for (size_t i = 0; i < SEASON_HUB_STAFF; i++) {
        signer_free(season->hub_person[i].signer);
    }
    signer_free(season->hub_signer);
    wire_arena_done(&season->arena);
    buf_done(&season->out);
    free(season->step);
    free(season->plant);
    free(season->complaint);
    free(season->cases);
    free(season->frame);
    free(season->record);
    free(season);
}
