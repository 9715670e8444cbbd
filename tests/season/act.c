#include "seal/hash.h"
#include "season.h"

#include <stdio.h>
#include <string.h>

/* People write events, at a station or at the hub. */

enum { EVENT_MS = 200, BLOB_SIZE = 200 };

struct sealed {
    struct station_blob blob[LIMIT_SEALED_COUNT];
    struct buf bytes[LIMIT_SEALED_COUNT];
    size_t count;
};

static uint64_t paper_ms;
static uint32_t paper_sheet;

void act_from_paper(uint64_t at_ms, uint32_t sheet)
{
    paper_ms = at_ms;
    paper_sheet = sheet;
}

static void seal_part(struct season *season, struct sealed *sealed, struct author_draft *draft,
                      uint32_t label)
{
    uint8_t bytes[BLOB_SIZE];
    struct wire_sealed_blob blob = {.wrap_count = 1};
    struct wire_sealed *part = &draft->sealed[sealed->count];
    struct buf *out = &sealed->bytes[sealed->count];
    memset(bytes, 17, sizeof bytes);
    put_u32(bytes, ++season->blob_number);
    blob.wraps[0].audience = 1;
    blob.wraps[0].generation = 1;
    memset(blob.wraps[0].station, 3, sizeof blob.wraps[0].station);
    memset(blob.wraps[0].box, 9, sizeof blob.wraps[0].box);
    blob.ciphertext = span_of(bytes, sizeof bytes);
    buf_init(out, LIMIT_BLOB_SIZE);
    MUST(wire_sealed_encode(&blob, out) == ERR_NONE);
    seal_sha256(blob.ciphertext, sealed->blob[sealed->count].hash);
    sealed->blob[sealed->count].bytes = buf_span(out);
    part->label = label;
    part->audience = 3;
    part->size = (uint32_t)out->size;
    memcpy(part->hash, sealed->blob[sealed->count].hash, sizeof part->hash);
    memset(part->commitment, 99, sizeof part->commitment);
    sealed->count++;
}

static void begin(struct season *season, const struct town_act *act, struct author_draft *draft,
                  struct sealed *sealed)
{
    static uint8_t serial[16];
    season->now_ms += EVENT_MS;
    season->mono_ms += EVENT_MS;
    memset(draft, 0, sizeof *draft);
    sealed->count = 0;
    memcpy(draft->record, act->record, sizeof draft->record);
    draft->payload = act->payload;
    draft->facts = &act->facts;
    draft->claimed_ms = (uint64_t)((int64_t)season->now_ms + act->claimed_shift_ms);
    draft->mono_ms = season->mono_ms;
    draft->attestation = act->attestation;
    if (paper_ms != 0) {
        int size = snprintf((char *)serial, sizeof serial, "P%06u", (unsigned)paper_sheet);
        draft->back_entry = true;
        draft->paper_ms = paper_ms;
        draft->paper_serial = span_of(serial, (size_t)size);
        draft->back_reason = span_text("power");
        paper_ms = 0;
    }
    for (uint32_t label = 1; label < LIMIT_SEALED_COUNT; label++) {
        if ((act->sealed_labels >> label & 1) != 0) {
            seal_part(season, sealed, draft, label);
        }
    }
    draft->sealed_count = (uint32_t)sealed->count;
}

static void end(struct sealed *sealed)
{
    for (size_t i = 0; i < sealed->count; i++) {
        buf_done(&sealed->bytes[i]);
    }
}

static void must_write(const char *where, const struct town_act *act, enum err err)
{
    if (err != ERR_NONE) {
        (void)fprintf(stderr, "%s: payload %u verb %llu: %s\n", where, act->payload,
                      (unsigned long long)values_number(&act->facts, FIELD_verb, 0), err_name(err));
        season_failed(__FILE__, __LINE__, "an event cannot be written");
    }
}

uint32_t act_try_station(struct season *season, size_t station, const struct season_person *person,
                         const struct town_act *act)
{
    struct author_draft draft;
    struct sealed sealed;
    struct fold_verdict verdict;
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t seq = 0;
    begin(season, act, &draft, &sealed);
    enum err err = station_submit(season->station[station].station, &draft, person->signer,
                                  season->now_ms, sealed.blob, sealed.count, &verdict, id, &seq);
    must_write(season->station[station].name, act, err);
    end(&sealed);
    season->counts.events += verdict.refusal == REFUSAL_NONE;
    season->counts.refused += verdict.refusal != REFUSAL_NONE;
    return verdict.refusal;
}

uint32_t act_try_hub(struct season *season, const struct season_person *person,
                     const struct town_act *act)
{
    struct author_draft draft;
    struct sealed sealed;
    struct fold_verdict verdict;
    uint8_t id[LIMIT_HASH_SIZE];
    begin(season, act, &draft, &sealed);
    must_write("hub", act,
               hub_submit(season->hub, &draft, person->signer, season->now_ms, &verdict, id));
    end(&sealed);
    season->counts.events += verdict.refusal == REFUSAL_NONE;
    season->counts.refused += verdict.refusal != REFUSAL_NONE;
    return verdict.refusal;
}

static void must_accept(struct season *season, const char *where, const struct town_act *act,
                        uint32_t refusal)
{
    const struct refusal_text *text = refusal_text(refusal);
    if (refusal == REFUSAL_NONE) {
        return;
    }
    (void)fprintf(stderr, "%s: payload %u verb %llu record %u refused: %s; day %d minute %d\n",
                  where, act->payload,
                  (unsigned long long)values_number(&act->facts, FIELD_verb, 0),
                  get_u32(act->record + 12), text == NULL ? "?" : text->name,
                  day_of_ms(season->now_ms) - season->first_day, day_minute(season->now_ms));
    season_failed(__FILE__, __LINE__, "the rules refuse honest work");
}

void act_station(struct season *season, size_t station, const struct season_person *person,
                 const struct town_act *act)
{
    must_accept(season, season->station[station].name, act,
                act_try_station(season, station, person, act));
}

void act_hub(struct season *season, const struct season_person *person, const struct town_act *act)
{
    must_accept(season, "hub", act, act_try_hub(season, person, act));
}

void act_staff(struct town_act *act, enum field field, uint16_t place,
               const struct season_person *person)
{
    town_bytes(act, field, place, person->staff, sizeof person->staff);
}

void act_record(struct town_act *act, enum field field, uint16_t place, uint32_t number)
{
    struct town_act other;
    town_act(&other, 0, number, 0);
    town_bytes(act, field, place, other.record, sizeof other.record);
}

static bool find(struct kv *kv, const struct fold *fold, enum fold_space space, uint32_t number,
                 struct record *ret)
{
    struct town_act act;
    struct kv_txn txn;
    town_act(&act, 0, number, 0);
    kv_begin(kv, false, &txn);
    bool found = fold_record_get(fold, &txn, space, act.record, ret);
    kv_abort(&txn);
    return found;
}

bool act_find_station(struct season *season, size_t station, uint32_t number, struct record *ret)
{
    struct season_station *at = &season->station[station];
    return find(at->kv, station_fold(at->station), FOLD_TENTATIVE, number, ret);
}

bool act_find_hub(struct season *season, uint32_t number, struct record *ret)
{
    return find(season->hub_kv, hub_fold(season->hub), FOLD_PROVEN, number, ret);
}
