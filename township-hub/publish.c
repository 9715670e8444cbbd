#include "township-hub/publish.h"

#include "desk/sealing.h"
#include "node/clock.h"
#include "node/uuid.h"
#include "seal/hash.h"

#include <string.h>

enum { YEAR_MIN = 1900, YEAR_MAX = 2200 };

enum err publish_event(const struct publisher *publisher, uint32_t payload,
                       const struct values *facts, const struct signer *signer,
                       struct fold_verdict *ret_verdict)
{
    uint8_t random[UUID_RANDOM_SIZE];
    uint8_t id[LIMIT_HASH_SIZE];
    struct author_draft draft = {.payload = payload,
                                 .facts = facts,
                                 .claimed_ms = clock_wall_ms(),
                                 .mono_ms = clock_mono_ms()};
    seal_random(random, sizeof random);
    uuid_make(draft.claimed_ms, random, draft.record);
    enum err err = hub_submit(publisher->hub, &draft, signer, draft.claimed_ms, ret_verdict, id);
    if (err == ERR_NONE && ret_verdict->verdict == WIRE_ACCEPTED && publisher->grown != NULL) {
        publisher->grown(publisher->context, payload);
    }
    return err;
}

enum err publish_audience(const struct publisher *publisher, uint32_t audience,
                          const uint8_t *station, const uint8_t box_key[LIMIT_KEY_SIZE],
                          struct span wraps, const struct signer *signer)
{
    struct values facts;
    struct fold_verdict verdict;
    uint8_t hash[LIMIT_HASH_SIZE];
    const struct world_audience *now =
        world_audience(hub_fold(publisher->hub)->world, audience, station);
    uint64_t generation = now == NULL ? 1 : now->generation + 1;
    enum err err = hub_blob_add(publisher->hub, wraps, hash);
    if (err != ERR_NONE) {
        return err;
    }
    values_clear(&facts);
    values_set_number(&facts, FIELD_audience, 0, audience);
    if (station != NULL) {
        values_set_bytes(&facts, FIELD_station, 0, span_of(station, LIMIT_KEY_SIZE));
    }
    values_set_bytes(&facts, FIELD_box_key, 0, span_of(box_key, LIMIT_KEY_SIZE));
    values_set_bytes(&facts, FIELD_wraps, 0, span_of(hash, sizeof hash));
    values_set_number(&facts, FIELD_generation, 0, generation);
    err = publish_event(publisher, WIRE_AUDIENCE, &facts, signer, &verdict);
    return err != ERR_NONE ? err : verdict.verdict == WIRE_ACCEPTED ? ERR_NONE : ERR_AUTH;
}

enum err publish_edition(const struct publisher *publisher, const struct publish_text *text,
                         const struct signer *signer, struct fold_verdict *ret_verdict,
                         uint64_t *ret_edition, bool *ret_unchanged)
{
    struct values facts;
    uint8_t hash[LIMIT_HASH_SIZE];
    uint8_t current[LIMIT_HASH_SIZE];
    uint64_t number =
        world_edition(hub_fold(publisher->hub)->world, text->kind, text->year, current);
    seal_sha256(text->text, hash);
    *ret_edition = number;
    *ret_unchanged = number != 0 && memcmp(hash, current, sizeof hash) == 0;
    if (*ret_unchanged) {
        return ERR_NONE;
    }
    enum err err = hub_blob_add(publisher->hub, text->text, hash);
    if (err != ERR_NONE) {
        return err;
    }
    *ret_edition = number + 1;
    values_clear(&facts);
    values_set_number(&facts, FIELD_kind, 0, text->kind);
    values_set_number(&facts, FIELD_edition, 0, number + 1);
    values_set_bytes(&facts, FIELD_hash, 0, span_of(hash, sizeof hash));
    values_set_number(&facts, FIELD_size, 0, text->text.size);
    values_set_number(&facts, FIELD_year, 0, text->year);
    return publish_event(publisher, WIRE_EDITION, &facts, signer, ret_verdict);
}

uint32_t publish_calendar_year(struct span text)
{
    struct calendar *calendar = NULL;
    struct text_errors errors;
    uint32_t year = 0;
    unsigned found = 0;
    text_errors_init(&errors);
    if (calendar_parse(&text, 1, &calendar, &errors) != ERR_NONE) {
        return 0;
    }
    for (uint32_t i = YEAR_MIN; i <= YEAR_MAX; i++) {
        if (calendar_has_year(calendar, (int32_t)i)) {
            year = i;
            found++;
        }
    }
    calendar_free(calendar);
    return found == 1 ? year : 0;
}
