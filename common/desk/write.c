#include "desk/computed.h"
#include "desk/guards.h"
#include "desk/inside.h"
#include "desk/twins.h"
#include "fold/parts.h"
#include "node/uuid.h"
#include "wire/act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART_COUNT = 2, WORD_SIZE = 512 };

/* One event being written. */
struct writing {
    struct desk *desk;
    struct desk_call *call;
    struct wire_act act;
    struct wire_problem problem;
    uint8_t record[LIMIT_ID_SIZE];
    bool has_record; /* desk->record holds it */
    struct author_draft draft;
    struct sealing_part parts[PART_COUNT];
    size_t part_count;
    struct desk_blob blobs[PART_COUNT];
    uint64_t incarnation;
    uint64_t seq; /* where the event will stand */
    uint8_t id[LIMIT_HASH_SIZE];
    struct fold_verdict verdict;
};

static bool refuse(struct writing *writing, unsigned status, const char *code, const char *zh,
                   const char *en)
{
    const struct reply_problem problem = {status, code, zh, en, NULL};
    reply_problem(writing->call->exchange, &problem);
    return false;
}

/* --- reading what is asked --- */

static bool read_act(struct writing *writing)
{
    char zh[WORD_SIZE];
    enum err err =
        wire_act_from_json(writing->call->request->body, &writing->act, &writing->problem);
    if (err == ERR_MEMORY) {
        reply_err(writing->call->exchange, err);
        return false;
    }
    if (err != ERR_NONE) {
        (void)snprintf(zh, sizeof zh, "请求内容有误%s%s。",
                       writing->problem.field[0] == 0 ? "" : "：", writing->problem.field);
        const struct reply_problem problem = {400, "bad_request", zh, writing->problem.message,
                                              writing->problem.field};
        reply_problem(writing->call->exchange, &problem);
        return false;
    }
    if (fold_machine_of(writing->act.payload) == MACHINE_NONE) {
        return refuse(writing, 400, "not_here", "这类事件不在这里提交。",
                      "Events of this kind are not written here.");
    }
    return true;
}

static bool find_record(struct writing *writing)
{
    struct desk *desk = writing->desk;
    struct kv_txn txn;
    uint8_t random[UUID_RANDOM_SIZE];
    if (writing->act.record[0] == 0) {
        seal_random(random, sizeof random);
        uuid_make(writing->call->now_ms, random, writing->record);
        return true;
    }
    kv_begin(desk->options.kv, false, &txn);
    enum err err = desk_record_id(desk, &txn, writing->act.record, writing->record);
    writing->has_record =
        err == ERR_NONE &&
        fold_record_get(desk_fold(desk), &txn, desk->options.space, writing->record, desk->record);
    enum err store = txn.err;
    kv_abort(&txn);
    if (store != ERR_NONE) {
        reply_err(writing->call->exchange, store);
        return false;
    }
    return err == ERR_NONE || refuse(writing, 404, "no_record", "没有这个编号的记录。",
                                     "There is no record of that number.");
}

static bool ask_guards(struct writing *writing)
{
    struct guards_problem problem;
    if (guards_act_hold(&writing->act, writing->call->now_ms, &problem)) {
        return true;
    }
    const struct reply_problem reply = {422, problem.code, problem.zh, problem.en, problem.field};
    reply_problem(writing->call->exchange, &reply);
    return false;
}

/* ?check=1: what would be said of it before a rule is asked; nothing is written. */
static bool only_checks(struct writing *writing)
{
    const char *check = http_exchange_query(writing->call->exchange, "check");
    struct reply reply;
    if (check == NULL || strcmp(check, "1") != 0) {
        return false;
    }
    if (writing->has_record ||
        twins_allow(writing->desk, writing->call, &writing->act, writing->record)) {
        reply_begin(&reply);
        json_text_bool(&reply.json, "checked", true);
        reply_send(&reply, writing->call->exchange, 200);
    }
    return true;
}

/* What is counted, over the records of the station that the record is or will be of. */
static bool fill_computed(struct writing *writing)
{
    static const uint8_t hub[LIMIT_KEY_SIZE];
    const struct desk *desk = writing->desk;
    const uint8_t *own = desk->options.tier == TIER_STATION ? desk->device : hub;
    const uint8_t *station = writing->has_record ? desk->record->station : own;
    enum err err = computed_fill(writing->desk, writing->call, station, &writing->act);
    if (err != ERR_NONE) {
        reply_err(writing->call->exchange, err);
    }
    return err == ERR_NONE;
}

/* --- sealing --- */

struct key_walk {
    struct writing *writing;
    struct kv_txn *txn;
    bool found;
    uint8_t *key;
};

/* The record key from the first part that opens. */
static bool take_key(void *context, const struct wire_event *event, const char *standing,
                     uint32_t refusal)
{
    struct key_walk *walk = context;
    struct desk *desk = walk->writing->desk;
    (void)standing;
    (void)refusal;
    for (uint32_t i = 0; i < event->sealed_count && i < LIMIT_SEALED_COUNT && !walk->found; i++) {
        struct buf blob;
        buf_init(&blob, LIMIT_BLOB_SIZE);
        bool here = parts_get(walk->txn, event->sealed[i].hash, &blob);
        const struct sealing_blob part = {buf_span(&blob), event->device};
        walk->found =
            here && sealing_record_key(walk->writing->call->session->keys, desk_fold(desk),
                                       walk->txn, &part, walk->key) == ERR_NONE;
        buf_done(&blob);
    }
    return !walk->found;
}

static void record_key(struct writing *writing, struct kv_txn *txn, uint8_t *ret)
{
    struct desk *desk = writing->desk;
    struct key_walk walk = {.writing = writing, .txn = txn, .key = ret};
    /* Who once opened a record's key would open with it what is written after he left. */
    bool kept = rule_readers(fold_machine_of(writing->act.payload)) == RULE_READERS_OFFICE;
    if (writing->has_record && kept) {
        desk->options.port.events(desk->options.port.context, writing->record, &walk, take_key);
    }
    if (!walk.found) {
        seal_random(ret, SEAL_RECORD_KEY_SIZE);
    }
}

/* Which station reads along: at the hub that of the record. */
static const uint8_t *reading_station(const struct writing *writing)
{
    static const uint8_t none[LIMIT_KEY_SIZE];
    const struct desk *desk = writing->desk;
    if (desk->options.tier == TIER_STATION) {
        return desk->device;
    }
    bool own = !writing->has_record || memcmp(desk->record->station, none, sizeof none) == 0;
    return own ? NULL : desk->record->station;
}

static enum err seal_one(struct writing *writing, const struct sealing_readers *readers,
                         const uint8_t *key, uint32_t label)
{
    struct sealing_part *part = &writing->parts[writing->part_count];
    const struct buf *plain =
        label == SEALED_LABEL_IDENTITY ? &writing->act.identity : &writing->act.matter;
    const struct seal_part_context context = {writing->desk->device, writing->incarnation,
                                              writing->seq, writing->record, label};
    if (plain->size == 0) {
        return ERR_NONE;
    }
    writing->part_count++;
    return sealing_part_make(readers, key, &context, buf_span(plain), part);
}

/* Nothing is sealed for others in the meantime: who may not read it could then read it for ever. */
static bool refuse_unsealed(struct writing *writing, enum machine_id machine)
{
    if (rule_readers(machine) == RULE_READERS_DISCIPLINE) {
        return refuse(
            writing, 503, "no_discipline_audience",
            "尚无纪检组织的封存密钥：请镇中心负责人先授予纪检或投诉窗口职责，"
            "并与镇中心同步；在此之前请用纸质登记并封好。",
            "There is no sealing key of the discipline organisation yet: the hub's leader "
            "grants its role, then sync. Until then take it down on paper, closed.");
    }
    return refuse(writing, 503, "no_audience",
                  "镇中心尚未给出封存密钥，姓名和事由还不能登记。请先与镇中心同步。",
                  "No sealing key has arrived yet, so no name or text can be kept. Sync first.");
}

static bool seal_parts(struct writing *writing)
{
    struct desk *desk = writing->desk;
    struct kv_txn txn;
    struct sealing_readers readers;
    uint8_t key[SEAL_RECORD_KEY_SIZE];
    kv_begin(desk->options.kv, false, &txn);
    desk_next_place(desk, &txn, &writing->incarnation, &writing->seq);
    bool wanted = writing->act.identity.size > 0 || writing->act.matter.size > 0;
    enum machine_id machine = fold_machine_of(writing->act.payload);
    bool ready = sealing_readers_find(desk_fold(desk), machine, reading_station(writing),
                                      &readers) == ERR_NONE &&
                 (readers.audiences != SEALING_HUB || desk->options.tier == TIER_HUB);
    enum err err = txn.err;
    if (wanted && ready && err == ERR_NONE) {
        record_key(writing, &txn, key);
        err = seal_one(writing, &readers, key, SEALED_LABEL_IDENTITY);
        err = err != ERR_NONE ? err : seal_one(writing, &readers, key, SEALED_LABEL_MATTER);
        explicit_bzero(key, sizeof key);
    }
    kv_abort(&txn);
    if (wanted && !ready) {
        return refuse_unsealed(writing, machine);
    }
    if (err != ERR_NONE) {
        reply_err(writing->call->exchange, err);
    }
    return err == ERR_NONE;
}

/* --- submitting --- */

static void fill_draft(struct writing *writing)
{
    struct author_draft *draft = &writing->draft;
    const struct wire_act *act = &writing->act;
    const struct desk_port *port = &writing->desk->options.port;
    memcpy(draft->record, writing->record, sizeof draft->record);
    draft->payload = act->payload;
    draft->facts = &act->facts;
    draft->claimed_ms = writing->call->now_ms;
    draft->mono_ms = port->mono_ms(port->context);
    draft->back_entry = act->back_entry;
    draft->paper_serial = span_text(act->serial);
    draft->paper_ms = act->paper_ms;
    draft->back_reason = span_text(act->back_reason);
    draft->attestation = act->attestation;
    draft->attestation_ground = span_text(act->ground);
    draft->attestation_evidence = span_of(act->evidence, act->has_evidence ? LIMIT_HASH_SIZE : 0);
    for (size_t i = 0; i < writing->part_count; i++) {
        draft->sealed[i] = writing->parts[i].sealed;
        writing->blobs[i].bytes = buf_span(&writing->parts[i].blob);
        memcpy(writing->blobs[i].hash, writing->parts[i].sealed.hash, LIMIT_HASH_SIZE);
    }
    draft->sealed_count = (uint32_t)writing->part_count;
}

static bool answer_verdict(struct writing *writing)
{
    switch (writing->verdict.verdict) {
    case WIRE_ACCEPTED:
        return true;
    case WIRE_REFUSED:
        reply_refusal(writing->call->exchange, writing->verdict.refusal);
        return false;
    case WIRE_QUARANTINED:
        return refuse(writing, 403, "revoked", "此人的密钥已被吊销。",
                      "The key of this person was revoked.");
    case WIRE_VOID:
    case WIRE_VERDICT_NONE:
        return refuse(writing, 403, "void", "镇中心不认识此人的密钥，没有写入。",
                      "The log does not know this key; nothing was written.");
    }
    return false;
}

static bool submit(struct writing *writing)
{
    const struct desk_port *port = &writing->desk->options.port;
    const struct signer *signer = keyring_signer_view(writing->call->session->keyring);
    uint64_t seq = 0;
    fill_draft(writing);
    enum err err = port->submit(port->context, &writing->draft, signer, writing->blobs,
                                writing->part_count, &writing->verdict, writing->id, &seq);
    if (err == ERR_MALFORMED || err == ERR_LIMIT) {
        return refuse(writing, 400, "too_large", "内容过多，一次放不下。请分次提交。",
                      "More than one event can carry. Submit it in parts.");
    }
    if (err != ERR_NONE) {
        reply_err(writing->call->exchange, err);
        return false;
    }
    if (!answer_verdict(writing)) {
        return false;
    }
    /* Parts are bound to their place: these would never open again. */
    if (writing->part_count > 0 && seq != writing->seq) {
        reply_err(writing->call->exchange, ERR_STATE);
        return false;
    }
    writing->seq = seq;
    return true;
}

/* --- the answer --- */

static void answer(struct writing *writing)
{
    struct desk *desk = writing->desk;
    struct kv_txn txn;
    struct reply reply;
    kv_begin(desk->options.kv, false, &txn);
    bool found =
        fold_record_get(desk_fold(desk), &txn, desk->options.space, writing->record, desk->record);
    kv_abort(&txn);
    reply_begin(&reply);
    if (found) {
        desk_put_record(desk, &reply.json, desk->record, writing->call->now_ms);
    } else {
        json_text_hex(&reply.json, "record", span_of(writing->record, LIMIT_ID_SIZE));
    }
    json_text_hex(&reply.json, "id", span_of(writing->id, LIMIT_HASH_SIZE));
    json_text_big(&reply.json, "seq", writing->seq);
    bool hub = desk->options.tier == TIER_HUB;
    json_text_string(&reply.json, "standing", hub ? "accepted" : "kept");
    json_text_string(&reply.json, "standingZh", hub ? "镇中心已认可" : "已保存在本机");
    if (writing->verdict.form != 0) {
        json_text_number(&reply.json, "form", writing->verdict.form);
    }
    if (found) {
        twins_warn(desk, writing->call, &writing->act, writing->record, &reply.json);
    }
    reply_send(&reply, writing->call->exchange, 200);
}

void desk_post_event(struct desk *desk, struct desk_call *call)
{
    struct writing *writing = calloc(1, sizeof *writing);
    if (writing == NULL) {
        reply_err(call->exchange, ERR_MEMORY);
        return;
    }
    writing->desk = desk;
    writing->call = call;
    wire_act_init(&writing->act);
    if (read_act(writing) && find_record(writing) && ask_guards(writing) && !only_checks(writing) &&
        fill_computed(writing) && seal_parts(writing) && submit(writing)) {
        search_touch(desk->search, writing->record);
        answer(writing);
    }
    for (size_t i = 0; i < writing->part_count; i++) {
        buf_done(&writing->parts[i].blob);
    }
    wire_act_done(&writing->act);
    free(writing);
}
