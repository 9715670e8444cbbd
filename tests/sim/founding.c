#include "founding.h"

#include "seal/hash.h"
#include "seal/part.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MUST(condition) ((condition) ? (void)0 : must_failed(__LINE__, #condition))

static _Noreturn void must_failed(int line, const char *condition)
{
    (void)fprintf(stderr, "founding.c:%d: %s\n", line, condition);
    _Exit(2);
}

/* What a founding needs while it goes on. */
struct founder {
    struct founding *town;
    struct hub *hub;
    uint64_t now_ms;
};

static struct founding *founded;

static struct signer *make_signer(uint32_t number)
{
    uint8_t seed[LIMIT_HASH_SIZE];
    uint8_t bytes[4];
    put_u32(bytes, number);
    seal_sha256(span_of(bytes, sizeof bytes), seed);
    struct signer *signer = signer_new(seed);
    MUST(signer != NULL);
    return signer;
}

static void submit(struct founder *founder, const struct signer *signer, uint32_t payload,
                   const struct values *facts)
{
    struct fold_verdict verdict;
    uint8_t id[LIMIT_HASH_SIZE];
    struct author_draft draft = {.payload = payload, .facts = facts};
    founder->now_ms += 1000;
    draft.claimed_ms = founder->now_ms;
    draft.mono_ms = founder->now_ms;
    draft.record[0] = 1;
    MUST(hub_submit(founder->hub, &draft, signer, founder->now_ms, &verdict, id) == ERR_NONE);
    MUST(verdict.verdict == WIRE_ACCEPTED);
}

static void set(struct values *facts, enum field field, const void *bytes, size_t size)
{
    values_set_bytes(facts, field, 0, span_of(bytes, size));
}

/* Enrols person number by registrar and grants roles by leader; station NULL: at the hub. */
static void employ(struct founder *founder, const struct signer *const by[2],
                   struct founding_person *person, uint32_t number, const struct signer *station)
{
    struct values facts;
    uint8_t secret[32] = {1, (uint8_t)number};
    struct seal_box_secret *box = seal_box_new(secret);
    MUST(box != NULL);
    person->signer = make_signer(number);
    memset(person->staff, (int)number, sizeof person->staff);
    values_clear(&facts);
    values_set_number(&facts, FIELD_verb, 0, PERSON_ENROLLED);
    set(&facts, FIELD_staff, person->staff, sizeof person->staff);
    values_set_number(&facts, FIELD_suite, 0, SEAL_SUITE_ED25519);
    set(&facts, FIELD_public_key, signer_public_view(person->signer), LIMIT_KEY_SIZE);
    set(&facts, FIELD_box_key, seal_box_public_view(box), LIMIT_KEY_SIZE);
    submit(founder, by[0], WIRE_PERSON, &facts);
    values_clear(&facts);
    values_set_number(&facts, FIELD_verb, 0, PERSON_GRANTED);
    set(&facts, FIELD_staff, person->staff, sizeof person->staff);
    values_set_number(&facts, FIELD_grants_roles, 0, person->roles);
    if (station != NULL) {
        set(&facts, FIELD_grants_station, signer_key_id_view(station), LIMIT_KEY_SIZE);
    }
    submit(founder, by[1], WIRE_PERSON, &facts);
    seal_box_free(box);
}

/* The items that the simulator's people ask for. */
static bool is_asked_for(const char *section)
{
    static const char *const items[] = {"[I51]", "[I61]", "[I06]", "[I12]",
                                        "[I13]", "[I17]", "[I04]"};
    bool asked = section[1] != 'I' || section[2] < '0' || section[2] > '9';
    for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
        asked = asked || strncmp(section, items[i], strlen(items[i])) == 0;
    }
    return asked;
}

/* The shipped text without comments and without the items nobody here asks for: it is parsed at
 * each start of each machine. */
static void put_line(struct buf *ret, const char *line, bool *asked)
{
    *asked = line[0] == '[' ? is_asked_for(line) : *asked;
    if (line[0] != '#' && line[0] != '\n' && *asked) {
        buf_put(ret, line, strlen(line));
    }
}

static void read_text(const char *name, struct buf *ret)
{
    char path[1024];
    char line[4096];
    bool asked = true;
    (void)snprintf(path, sizeof path, "%s/deploy/%s", JIELI_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    MUST(file != NULL);
    while (fgets(line, sizeof line, file) != NULL) {
        put_line(ret, line, &asked);
    }
    (void)fclose(file);
    MUST(ret->err == ERR_NONE);
}

static void publish(struct founder *founder, enum world_kind kind, uint32_t year, const char *name)
{
    struct values facts;
    struct buf text;
    uint8_t hash[LIMIT_HASH_SIZE];
    buf_init(&text, LIMIT_BLOB_SIZE);
    read_text(name, &text);
    MUST(hub_blob_add(founder->hub, buf_span(&text), hash) == ERR_NONE);
    values_clear(&facts);
    values_set_number(&facts, FIELD_kind, 0, kind);
    values_set_number(&facts, FIELD_edition, 0, 1);
    set(&facts, FIELD_hash, hash, sizeof hash);
    values_set_number(&facts, FIELD_size, 0, text.size);
    values_set_number(&facts, FIELD_year, 0, year);
    submit(founder, founder->town->leader.signer, WIRE_EDITION, &facts);
    buf_done(&text);
}

static void enrol_station(struct founder *founder, struct founding_station *station, uint32_t n)
{
    struct founding *town = founder->town;
    const struct signer *by[2] = {town->registrar.signer, town->leader.signer};
    static const uint64_t roles[FOUNDING_PEOPLE] = {ROLE_STATION_HEAD | ROLE_WORKER, ROLE_WORKER,
                                                    ROLE_WORKER, ROLE_AGENT};
    struct values facts;
    uint8_t curve[LIMIT_KEY_SIZE];
    char code[16];
    station->signer = make_signer(100 + n);
    memset(curve, (int)(50 + n), sizeof curve);
    (void)snprintf(code, sizeof code, "46020000100%u", (unsigned)(n % 10));
    values_clear(&facts);
    values_set_number(&facts, FIELD_verb, 0, STATION_ENROLLED);
    set(&facts, FIELD_device, signer_key_id_view(station->signer), LIMIT_KEY_SIZE);
    values_set_number(&facts, FIELD_suite, 0, SEAL_SUITE_ED25519);
    set(&facts, FIELD_public_key, signer_public_view(station->signer), LIMIT_KEY_SIZE);
    set(&facts, FIELD_curve_key, curve, sizeof curve);
    set(&facts, FIELD_code, code, strlen(code));
    submit(founder, town->registrar.signer, WIRE_STATION, &facts);
    for (uint32_t i = 0; i < FOUNDING_PEOPLE; i++) {
        station->person[i].roles = roles[i];
        employ(founder, by, &station->person[i], 20 + n * FOUNDING_PEOPLE + i, station->signer);
    }
}

/* The same policy with another limit for items that print none. */
static void prepare_policy(struct founder *founder)
{
    static const char limit[] = "item.limit                   = 10 wd";
    struct buf text;
    buf_init(&text, LIMIT_BLOB_SIZE);
    read_text("policy/policy.txt", &text);
    char *at = strstr((char *)text.data, limit);
    MUST(buf_text(&text)[0] != '\0' && at != NULL);
    at[sizeof limit - 5] = '2';
    MUST(hub_blob_add(founder->hub, buf_span(&text), founder->town->policy) == ERR_NONE);
    founder->town->policy_size = text.size;
    buf_done(&text);
}

static void found(struct founder *founder)
{
    struct founding *town = founder->town;
    const struct signer *device[2] = {town->hub_signer, town->hub_signer};
    town->registrar.roles = ROLE_REGISTRAR;
    town->leader.roles = ROLE_HUB_LEADER;
    town->operator.roles = ROLE_HUB_OPERATOR;
    employ(founder, device, &town->registrar, 11, NULL);
    employ(founder, device, &town->leader, 10, NULL);
    const struct signer *by[2] = {town->registrar.signer, town->leader.signer};
    employ(founder, by, &town->operator, 12, NULL);
    publish(founder, WORLD_POLICY, 0, "policy/policy.txt");
    publish(founder, WORLD_CATALOGUE, 0, "catalogue/catalogue.txt");
    publish(founder, WORLD_CALENDAR, 2025, "calendar/cn-2025.txt");
    publish(founder, WORLD_CALENDAR, 2026, "calendar/cn-2026.txt");
    prepare_policy(founder);
    for (uint32_t i = 0; i < FOUNDING_STATIONS; i++) {
        enrol_station(founder, &town->station[i], i);
    }
}

const struct founding *founding_get(void)
{
    struct founder founder = {.now_ms = UINT64_C(1789603200000)}; /* the day before */
    struct kv *kv = NULL;
    if (founded != NULL) {
        return founded;
    }
    MUST(seal_init() == ERR_NONE);
    founder.town = calloc(1, sizeof *founder.town);
    MUST(founder.town != NULL);
    memset(founder.town->hub_id, 42, LIMIT_ID_SIZE);
    founder.town->hub_signer = make_signer(1);
    struct kv_disk *disk = kv_memory_disk_new("founding");
    MUST(kv_open("founding", NULL, &kv) == ERR_NONE);
    struct hub_options options = {.kv = kv,
                                  .hub = founder.town->hub_id,
                                  .origin = FOUNDING_PREFIX "/1",
                                  .epoch = 1,
                                  .signer = founder.town->hub_signer};
    MUST(hub_open(&options, &founder.hub) == ERR_NONE);
    found(&founder);
    hub_close(founder.hub);
    kv_close(kv);
    founder.town->hub_image = kv_memory_snapshot(disk);
    kv_memory_disk_free(disk);
    founded = founder.town;
    return founded;
}

void founding_free(void)
{
    if (founded == NULL) {
        return;
    }
    for (size_t i = 0; i < FOUNDING_STATIONS; i++) {
        for (size_t k = 0; k < FOUNDING_PEOPLE; k++) {
            signer_free(founded->station[i].person[k].signer);
        }
        signer_free(founded->station[i].signer);
    }
    signer_free(founded->registrar.signer);
    signer_free(founded->leader.signer);
    signer_free(founded->operator.signer);
    signer_free(founded->hub_signer);
    kv_memory_image_free(founded->hub_image);
    free(founded);
    founded = NULL;
}
