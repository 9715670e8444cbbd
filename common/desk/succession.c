#include "desk/succession.h"

#include "desk/inside.h"
#include "fold/handover.h"
#include "seal/hash.h"

#include <stdlib.h>
#include <string.h>

enum { MOVED_AT_ONCE = 200, LEFT_SHOWN = 50 };

struct succession {
    struct desk *desk;
    struct desk_call call;
    const struct desk_succession *ask;
    const char *into_code;
    uint8_t into[LIMIT_KEY_SIZE];
    size_t count; /* of ids */
    uint8_t ids[MOVED_AT_ONCE + LEFT_SHOWN][LIMIT_ID_SIZE];
    bool more;
    struct json_text *json;
    size_t moved;
    size_t closed; /* whose texts stay sealed for those who read them before */
    size_t left;
    size_t by_machine[MACHINE_END];
    /* Of the record on its way. */
    struct values facts;
    struct sealing_part parts[2];
    struct desk_blob blobs[2];
    size_t part_count;
};

/* --- what there is to hand over --- */

static bool is_of_old(const struct succession *succession, const struct record *record)
{
    const char *code = desk_station_code(succession->desk, record->station);
    return code != NULL && strcmp(code, succession->ask->code) == 0;
}

static bool collect(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t day)
{
    struct succession *succession = context;
    struct desk *desk = succession->desk;
    struct kv_txn txn;
    (void)day;
    kv_begin(desk->options.kv, false, &txn);
    bool wanted = fold_record_get(desk_fold(desk), &txn, desk->options.space, id, desk->other) &&
                  is_of_old(succession, desk->other);
    kv_abort(&txn);
    if (!wanted) {
        return true;
    }
    if (succession->count == sizeof succession->ids / sizeof *succession->ids) {
        succession->more = true;
        return false;
    }
    memcpy(succession->ids[succession->count++], id, LIMIT_ID_SIZE);
    succession->by_machine[desk->other->machine]++;
    return true;
}

static void collect_all(struct succession *succession)
{
    struct desk *desk = succession->desk;
    struct kv_txn txn;
    kv_begin(desk->options.kv, false, &txn);
    for (int id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        const struct rule_machine *machine = rule_machine((enum machine_id)id);
        for (uint16_t state = 1; machine != NULL && state < 32 && !succession->more; state++) {
            if ((machine->follows >> state & 1) != 0) {
                fold_list_state(desk_fold(desk), &txn, machine->id, state, NULL, collect,
                                succession);
            }
        }
    }
    kv_abort(&txn);
}

/* --- one record --- */

static bool fill_facts(struct succession *succession, struct record *record)
{
    struct values *facts = &succession->facts;
    struct desk_opened opened;
    struct buf blob;
    uint8_t hash[LIMIT_HASH_SIZE];
    values_clear(facts);
    values_set_bytes(facts, FIELD_device, 0, span_of(record->station, LIMIT_KEY_SIZE));
    values_set_bytes(facts, FIELD_station, 0, span_of(succession->into, LIMIT_KEY_SIZE));
    if (succession->ask->handler != NULL) {
        values_set_bytes(facts, FIELD_handler, 0, span_of(succession->ask->handler, LIMIT_ID_SIZE));
    }
    if (desk_record_opened(succession->desk, record->id, &opened)) {
        values_set_bytes(facts, FIELD_opener, 0, span_of(opened.device, LIMIT_KEY_SIZE));
        values_set_number(facts, FIELD_former, 0, opened.incarnation);
        values_set_number(facts, FIELD_former_seq, 0, opened.seq);
    }
    if (fold_handover_change(facts, record) != ERR_NONE) {
        return false;
    }
    buf_init(&blob, LIMIT_RECORD_SIZE);
    fold_handover_blob(record, &blob);
    seal_sha256(buf_span(&blob), hash);
    values_set_bytes(facts, FIELD_hash, 0, span_of(hash, sizeof hash));
    values_set_number(facts, FIELD_size, 0, blob.size);
    struct kv_txn txn;
    kv_begin(succession->desk->options.kv, true, &txn);
    kv_put(&txn, KV_BLOB, span_of(hash, sizeof hash), buf_span(&blob));
    enum err err = blob.err == ERR_NONE ? kv_commit(&txn) : blob.err;
    kv_abort(&txn);
    buf_done(&blob);
    return err == ERR_NONE;
}

/* The texts of the record; what the case itself has not was told at its first contact. */
static bool open_texts(struct succession *succession, struct kv_txn *txn,
                       const struct record *record, uint32_t label, struct buf *ret)
{
    struct span contact = values_bytes(&record->facts, FIELD_contact, 0);
    return desk_open_plain(succession->desk, &succession->call, txn, record->id, label, ret) ||
           (contact.size == LIMIT_ID_SIZE &&
            desk_open_plain(succession->desk, &succession->call, txn, contact.data, label, ret));
}

static enum err seal_label(struct succession *succession, struct kv_txn *txn,
                           const struct record *record, const struct sealing_readers *readers,
                           uint32_t label)
{
    struct seal_part_context context = {
        .device = succession->desk->device, .record = record->id, .label = label};
    uint8_t key[SEAL_RECORD_KEY_SIZE];
    struct buf plain;
    enum err err = ERR_NONE;
    desk_next_place(succession->desk, txn, &context.incarnation, &context.seq);
    buf_init(&plain, LIMIT_SEALED_SIZE);
    if (open_texts(succession, txn, record, label, &plain) && plain.size > 0) {
        struct sealing_part *part = &succession->parts[succession->part_count];
        seal_random(key, sizeof key);
        err = sealing_part_make(readers, key, &context, buf_span(&plain), part);
        explicit_bzero(key, sizeof key);
        if (err == ERR_NONE) {
            struct desk_blob *blob = &succession->blobs[succession->part_count++];
            memcpy(blob->hash, part->sealed.hash, LIMIT_HASH_SIZE);
            blob->bytes = buf_span(&part->blob);
        } else {
            buf_done(&part->blob);
        }
    }
    buf_done(&plain);
    return err;
}

/* For the station that goes on. What only discipline reads stays as it was sealed. */
static enum err seal_texts(struct succession *succession, const struct record *record)
{
    struct sealing_readers readers;
    struct kv_txn txn;
    succession->part_count = 0;
    if (rule_readers(record->machine) != RULE_READERS_OFFICE) {
        succession->closed++;
        return ERR_NONE;
    }
    kv_begin(succession->desk->options.kv, false, &txn);
    enum err err = sealing_readers_find(desk_fold(succession->desk), record->machine,
                                        succession->into, &readers);
    err = err != ERR_NONE ? err
                          : seal_label(succession, &txn, record, &readers, SEALED_LABEL_IDENTITY);
    err =
        err != ERR_NONE ? err : seal_label(succession, &txn, record, &readers, SEALED_LABEL_MATTER);
    kv_abort(&txn);
    return err;
}

static enum err submit(struct succession *succession, const struct record *record,
                       struct fold_verdict *ret_verdict)
{
    const struct desk_port *port = &succession->desk->options.port;
    struct author_draft draft = {.payload = WIRE_HANDOVER,
                                 .facts = &succession->facts,
                                 .claimed_ms = succession->call.now_ms,
                                 .mono_ms = port->mono_ms(port->context),
                                 .sealed_count = (uint32_t)succession->part_count};
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t seq = 0;
    memcpy(draft.record, record->id, sizeof draft.record);
    for (size_t i = 0; i < succession->part_count; i++) {
        draft.sealed[i] = succession->parts[i].sealed;
    }
    return port->submit(port->context, &draft,
                        keyring_signer_view(succession->call.session->keyring), succession->blobs,
                        succession->part_count, ret_verdict, id, &seq);
}

static void put_left(struct succession *succession, const uint8_t *id, uint32_t refusal)
{
    const struct refusal_text *text = refusal_text(refusal);
    char number[NUMBER_SIZE];
    if (succession->left++ >= LEFT_SHOWN) {
        return;
    }
    desk_record_number(succession->desk, id, number);
    json_text_open(succession->json, NULL);
    json_text_hex(succession->json, "record", span_of(id, LIMIT_ID_SIZE));
    json_text_string(succession->json, "number", number);
    json_text_string(succession->json, "zh", text == NULL ? "没有写入" : text->zh);
    json_text_string(succession->json, "en", text == NULL ? "not written" : text->en);
    json_text_string(succession->json, "article", text == NULL ? "" : text->article);
    json_text_close(succession->json);
}

/* The number is that of before: its first event stands where it stood. */
static void move_one(struct succession *succession, const uint8_t *id)
{
    struct desk *desk = succession->desk;
    struct fold_verdict verdict = {.verdict = WIRE_VERDICT_NONE};
    struct record *record = desk->record;
    struct kv_txn txn;
    kv_begin(desk->options.kv, false, &txn);
    bool found = fold_record_get(desk_fold(desk), &txn, desk->options.space, id, record);
    kv_abort(&txn);
    bool good =
        found && seal_texts(succession, record) == ERR_NONE && fill_facts(succession, record) &&
        submit(succession, record, &verdict) == ERR_NONE && verdict.verdict == WIRE_ACCEPTED;
    if (good) {
        succession->moved++;
        search_touch(desk->search, id);
    } else {
        put_left(succession, id, verdict.refusal);
    }
    for (size_t i = 0; i < succession->part_count; i++) {
        buf_done(&succession->parts[i].blob);
    }
    succession->part_count = 0;
}

/* --- asking --- */

static bool find_successor(struct succession *succession)
{
    struct desk *desk = succession->desk;
    const struct world *world = desk_fold(desk)->world;
    const struct directory *directory = world_directory(desk_fold(desk)->world);
    struct rule_world now = {0};
    const char *code = succession->ask->code;
    if (!world_view(world, world_common_seq(world), 0, 0, &now)) {
        return false;
    }
    succession->into_code =
        stations_successor(now.stations, code, civil_day_of_ms(succession->call.now_ms));
    for (size_t i = 0; i < directory_station_count(directory); i++) {
        const struct directory_station *station = directory_station_at(directory, i);
        if (station->revoked_index == 0 && strcmp(station->code, succession->into_code) == 0) {
            memcpy(succession->into, station->device, LIMIT_KEY_SIZE);
            return strcmp(succession->into_code, code) != 0;
        }
    }
    return false;
}

static void put_counts(struct succession *succession)
{
    struct json_text *json = succession->json;
    json_text_open_list(json, "machines");
    for (int id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        if (succession->by_machine[id] > 0) {
            const struct rule_machine *machine = rule_machine((enum machine_id)id);
            json_text_open(json, NULL);
            json_text_string(json, "machine", machine->name);
            json_text_string(json, "zh", machine->zh);
            json_text_number(json, "count", (int64_t)succession->by_machine[id]);
            json_text_close(json);
        }
    }
    json_text_close_list(json);
}

static void hand_over(struct succession *succession)
{
    struct reply reply;
    collect_all(succession);
    reply_begin(&reply);
    succession->json = &reply.json;
    json_text_string(&reply.json, "from", succession->ask->code);
    json_text_string(&reply.json, "into", succession->into_code);
    json_text_bool(&reply.json, "check", succession->ask->check);
    put_counts(succession);
    json_text_open_list(&reply.json, "left");
    for (size_t i = 0; i < succession->count && !succession->ask->check; i++) {
        move_one(succession, succession->ids[i]);
    }
    json_text_close_list(&reply.json);
    json_text_number(&reply.json, "found", (int64_t)succession->count);
    json_text_number(&reply.json, "moved", (int64_t)succession->moved);
    json_text_number(&reply.json, "leftCount", (int64_t)succession->left);
    json_text_number(&reply.json, "closed", (int64_t)succession->closed);
    /* What stays would be found again: without progress there is no more to ask for. */
    json_text_bool(&reply.json, "more", succession->more && succession->moved > 0);
    reply_send(&reply, succession->call.exchange, 200);
}

void desk_hand_over(struct desk *desk, struct http_exchange *exchange,
                    const struct desk_succession *ask)
{
    uint8_t staff[LIMIT_ID_SIZE];
    struct succession *succession = calloc(1, sizeof *succession);
    if (succession == NULL) {
        reply_err(exchange, ERR_MEMORY);
        return;
    }
    succession->desk = desk;
    succession->ask = ask;
    succession->call = (struct desk_call){
        .exchange = exchange,
        .session = desk_session_of(desk, exchange),
        .now_ms = desk->options.port.wall_ms(desk->options.port.context),
    };
    bool unlocked = desk_authorize(desk, exchange, staff) != NULL;
    bool may = unlocked && (desk_session_roles(desk, succession->call.session) &
                            (ROLE_HUB_LEADER | ROLE_HUB_OPERATOR)) != 0;
    if (may && !desk_may_search(desk, succession->call.session)) {
        static const struct reply_problem problem = {
            403, "no_audience",
            "您还不能打开封存内容，无法把姓名和事由交给接续的站点。请由能打开的人办理。",
            "You cannot open sealed parts, so names and texts could not be handed on.", NULL};
        reply_problem(exchange, &problem);
    } else if (may && find_successor(succession)) {
        hand_over(succession);
    } else if (unlocked) {
        reply_refusal(exchange, may ? REFUSAL_HANDOVER_NOT_MERGED : REFUSAL_HANDOVER_HUB_ONLY);
    }
    free(succession);
}
