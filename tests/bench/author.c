#include "tests/bench/author.h"

#include "base/text.h"
#include "node/uuid.h"
#include "rules/machines.h"
#include "wire/act.h"

#include <stdlib.h>
#include <string.h>

enum { JSON_SIZE = 4096, LABELS = 2, MINUTE_MS = 60000 };

#define PAPERS                                                                                     \
    "\"materials\":[{\"code\":\"FORM\",\"form\":1,\"pages\":2,\"status\":1},"                      \
    "{\"code\":\"ID\",\"form\":1,\"pages\":1,\"status\":4}]"

/* One person at the window: %contact and %identity, %matter are filled in. */
static const char *const consultation[] = {
    "{\"contact\":{\"verb\":\"received\",\"channel\":1,\"item\":\"I56\"},%identity,%matter}",
    "{\"contact\":{\"verb\":\"answered\"},%matter}",
    NULL,
};
static const char *const on_the_spot[] = {
    "{\"contact\":{\"verb\":\"received\",\"channel\":1,\"item\":\"I06\"},%identity,%matter}",
    "{\"case\":{\"verb\":\"opened\",\"item\":\"I06\",\"contact\":\"%contact\"," PAPERS
    "},%identity}",
    "{\"case\":{\"verb\":\"accepted\"," PAPERS "}}",
    "{\"case\":{\"verb\":\"finished\",\"result\":\"CERT\"}}",
    "{\"case\":{\"verb\":\"handed_out\",\"serial\":\"N-1\"},\"attestation\":{\"kind\":"
    "\"screen\"}}",
    "{\"case\":{\"verb\":\"rated\",\"rating\":1},\"attestation\":{\"kind\":\"screen\"}}",
    "{\"case\":{\"verb\":\"archived\"}}",
    NULL,
};
static const char *const commitment[] = {
    "{\"contact\":{\"verb\":\"received\",\"channel\":1,\"item\":\"I51\"},%identity,%matter}",
    "{\"case\":{\"verb\":\"opened\",\"item\":\"I51\",\"contact\":\"%contact\"," PAPERS
    "},%identity}",
    "{\"case\":{\"verb\":\"accepted\"," PAPERS "}}",
    NULL,
};

static const char *const surnames[] = {"黎", "符", "王", "陈", "林", "吴", "郑", "韦"};
static const char *const given[] = {"桂兰", "小满", "石头", "阿公", "玉珍", "建国", "海燕", "秋生"};

struct visit {
    uint8_t contact[LIMIT_ID_SIZE];
    uint8_t record[LIMIT_ID_SIZE]; /* the case's */
    uint8_t contact_key[SEAL_RECORD_KEY_SIZE];
    uint8_t record_key[SEAL_RECORD_KEY_SIZE];
};

/* splitmix64 */
static uint64_t choose(struct pen *pen, uint64_t below)
{
    pen->state += 0x9e3779b97f4a7c15u;
    uint64_t mixed = pen->state;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return (mixed ^ (mixed >> 31)) % below;
}

static void put_identity(struct pen *pen, struct buf *json)
{
    buf_put_format(json,
                   "\"identity\":{\"name\":\"%s%s\",\"phone\":\"199%08u\",\"address\":"
                   "\"沿湖村第%u村民小组%u号\"}",
                   surnames[choose(pen, 8)], given[choose(pen, 8)],
                   (unsigned)choose(pen, 100000000), (unsigned)choose(pen, 12) + 1,
                   (unsigned)choose(pen, 200) + 1);
}

static void put_matter(struct pen *pen, struct buf *json)
{
    size_t first = choose(pen, pen->form_count);
    buf_put_format(json, "\"matter\":{\"text\":\"%s%s登记序号%u。\"}", pen->forms[first],
                   pen->forms[(first + 1 + choose(pen, pen->form_count - 1)) % pen->form_count],
                   (unsigned)choose(pen, 1000000));
}

/* The act's text with its holes filled. */
static void fill_in(struct pen *pen, const char *text, const struct visit *visit, struct buf *json)
{
    buf_clear(json);
    for (const char *at = text; *at != 0;) {
        size_t plain = strcspn(at, "%");
        buf_put(json, at, plain);
        at += plain;
        if (strncmp(at, "%contact", 8) == 0) {
            text_put_hex(json, span_of(visit->contact, LIMIT_ID_SIZE));
            at += 8;
        } else if (strncmp(at, "%identity", 9) == 0) {
            put_identity(pen, json);
            at += 9;
        } else if (strncmp(at, "%matter", 7) == 0) {
            put_matter(pen, json);
            at += 7;
        }
    }
}

static enum err put_part(struct pen *pen, const struct sealing_part *part)
{
    uint8_t head[12];
    put_u64(head, pen->chain.seq + 1);
    put_u32(head + 8, (uint32_t)part->blob.size);
    bool ok = fwrite(head, sizeof head, 1, pen->parts) == 1 &&
              fwrite(part->sealed.hash, LIMIT_HASH_SIZE, 1, pen->parts) == 1 &&
              fwrite(part->blob.data, part->blob.size, 1, pen->parts) == 1;
    pen->part_bytes += part->blob.size;
    return ok ? ERR_NONE : ERR_IO;
}

static enum err seal_parts(struct pen *pen, const struct wire_act *act, const uint8_t *record_key,
                           struct author_draft *draft)
{
    const struct buf *plain[LABELS] = {&act->identity, &act->matter};
    const uint32_t labels[LABELS] = {SEALED_LABEL_IDENTITY, SEALED_LABEL_MATTER};
    for (size_t i = 0; i < LABELS; i++) {
        struct sealing_part part = {0};
        const struct seal_part_context context = {pen->chain.device, pen->chain.incarnation,
                                                  pen->chain.seq + 1, draft->record, labels[i]};
        if (plain[i]->size == 0) {
            continue;
        }
        enum err err =
            sealing_part_make(&pen->readers, record_key, &context, buf_span(plain[i]), &part);
        if (err == ERR_NONE) {
            err = put_part(pen, &part);
            draft->sealed[draft->sealed_count++] = part.sealed;
            pen->plain_bytes += plain[i]->size;
        }
        buf_done(&part.blob);
        if (err != ERR_NONE) {
            return err;
        }
    }
    return ERR_NONE;
}

static enum err put_event(struct pen *pen, const struct author_draft *draft)
{
    struct wire_envelope envelope;
    struct buf body;
    uint8_t size[4];
    uint8_t id[LIMIT_HASH_SIZE];
    const struct signer *signer = keyring_signer_view(pen->person);
    buf_init(&body, LIMIT_BODY_SIZE);
    author_fill(&pen->chain, draft, signer_key_id_view(signer), &pen->event);
    enum err err = author_sign(&pen->event, signer, &body, &envelope, id);
    put_u32(size, (uint32_t)body.size);
    if (err == ERR_NONE &&
        (fwrite(size, sizeof size, 1, pen->events) != 1 ||
         fwrite(body.data, body.size, 1, pen->events) != 1 ||
         fwrite(envelope.signature, LIMIT_SIGNATURE_SIZE, 1, pen->events) != 1)) {
        err = ERR_IO;
    }
    buf_done(&body);
    pen->chain.seq++;
    memcpy(pen->chain.id, id, sizeof id);
    pen->written++;
    return err;
}

static enum err write_act(struct pen *pen, struct span json, const struct visit *visit)
{
    struct wire_act act;
    struct wire_problem problem;
    struct author_draft draft;
    wire_act_init(&act);
    enum err err = wire_act_from_json(json, &act, &problem);
    if (err != ERR_NONE) {
        (void)fprintf(stderr, "%.*s\n%s: %s\n", (int)json.size, (const char *)json.data,
                      problem.field, problem.message);
    } else {
        bool contact = act.payload == WIRE_CONTACT;
        memset(&draft, 0, sizeof draft);
        memcpy(draft.record, contact ? visit->contact : visit->record, LIMIT_ID_SIZE);
        draft.payload = act.payload;
        draft.facts = &act.facts;
        draft.claimed_ms = pen->claimed_ms;
        draft.mono_ms = pen->claimed_ms % 100000000;
        draft.attestation = act.attestation;
        err = seal_parts(pen, &act, contact ? visit->contact_key : visit->record_key, &draft);
    }
    if (err == ERR_NONE) {
        err = put_event(pen, &draft);
    }
    pen->claimed_ms += pen->step_ms < MINUTE_MS ? pen->step_ms : MINUTE_MS;
    wire_act_done(&act);
    return err;
}

/* A visit is done within an hour, and nobody comes at midnight: what is done on the spot must be
 * done the same day. */
static void wait_for_visitor(struct pen *pen)
{
    enum { HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS, CHINA_MS = 8 * HOUR_MS };
    uint64_t of_day = (pen->claimed_ms + CHINA_MS) % DAY_MS;
    if (of_day > DAY_MS - HOUR_MS) {
        pen->claimed_ms += DAY_MS - of_day;
    }
}

static void begin_visit(struct pen *pen, struct visit *visit)
{
    uint8_t random[UUID_RANDOM_SIZE];
    wait_for_visitor(pen);
    seal_random(random, sizeof random);
    uuid_make(pen->claimed_ms, random, visit->contact);
    seal_random(random, sizeof random);
    uuid_make(pen->claimed_ms, random, visit->record);
    seal_random(visit->contact_key, sizeof visit->contact_key);
    seal_random(visit->record_key, sizeof visit->record_key);
}

enum err pen_write(struct pen *pen, uint64_t count)
{
    enum { CONSULTATIONS = 30, ON_THE_SPOT = 75, ALL = 100 }; /* of a hundred visits */
    struct visit visit;
    struct buf json;
    enum err err = ERR_NONE;
    buf_init(&json, JSON_SIZE);
    while (err == ERR_NONE && pen->chain.seq < count) {
        uint64_t kind = choose(pen, ALL);
        const char *const *acts = kind < CONSULTATIONS ? consultation
                                  : kind < ON_THE_SPOT ? on_the_spot
                                                       : commitment;
        begin_visit(pen, &visit);
        for (size_t i = 0; acts[i] != NULL && err == ERR_NONE; i++) {
            fill_in(pen, acts[i], &visit, &json);
            err = json.err != ERR_NONE ? json.err : write_act(pen, buf_span(&json), &visit);
        }
        pen->claimed_ms += pen->step_ms;
    }
    buf_done(&json);
    return err;
}
