#include "desk/prints.h"

#include "seal/hash.h"
#include "wire/tree.h"

#include <stdio.h>
#include <string.h>

enum { PRINT_ISSUED = 1, PRINT_REPRINTED, PRINT_REPLACED };

/* One print record a device, kind and key: found without an index, and never shared. */
static void print_record_id(const struct desk *desk, const struct prints_about *about,
                            uint8_t ret[LIMIT_ID_SIZE])
{
    static const char purpose[] = "jieli print record 1";
    struct seal_sha256 sha;
    uint8_t hash[LIMIT_HASH_SIZE];
    uint8_t number[2];
    put_u16(number, about->kind);
    seal_sha256_init(&sha);
    seal_sha256_update(&sha, span_of(purpose, sizeof purpose));
    seal_sha256_update(&sha, span_of(desk->device, LIMIT_KEY_SIZE));
    seal_sha256_update(&sha, span_of(number, sizeof number));
    seal_sha256_update(&sha, about->key);
    seal_sha256_final(&sha, hash);
    memcpy(ret, hash, LIMIT_ID_SIZE);
}

struct taking {
    struct desk *desk;
    struct prints *prints;
};

static bool take_print(void *context, const struct wire_event *event, const char *standing,
                       uint32_t refusal)
{
    struct taking *taking = context;
    struct prints *prints = taking->prints;
    struct number number;
    (void)refusal;
    if (strcmp(standing, "accepted") != 0 && strcmp(standing, "kept") != 0) {
        return true;
    }
    prints->same++;
    if (values_number(&event->facts, FIELD_verb, 0) == PRINT_REPLACED) {
        memcpy(prints->replaced, prints->number, sizeof prints->replaced);
        prints->same = 1;
    }
    number_make(desk_station_code(taking->desk, event->device), event->incarnation, event->seq,
                &number);
    number_format(&number, prints->number);
    return true;
}

void prints_look(struct desk *desk, struct kv_txn *txn, struct record *room,
                 const struct prints_about *about, struct prints *ret)
{
    const struct desk_port *port = &desk->options.port;
    struct taking taking = {desk, ret};
    memset(ret, 0, sizeof *ret);
    print_record_id(desk, about, ret->record);
    ret->exists = fold_record_get(desk_fold(desk), txn, desk->options.space, ret->record, room);
    if (!ret->exists) {
        return;
    }
    const struct values *facts = &room->facts;
    ret->prints = values_number(facts, FIELD_print_count, 0);
    ret->reprints = values_number(facts, FIELD_reprint_count, 0);
    ret->sheets = values_number(facts, FIELD_sheet_count, 0);
    ret->is_current = span_equal(values_bytes(facts, FIELD_cited, 0), about->cited);
    port->events(port->context, ret->record, &taking, take_print);
}

void prints_put(struct json_text *json, const struct prints *prints)
{
    json_text_number(json, "prints", (int64_t)prints->prints);
    json_text_number(json, "reprints", (int64_t)prints->reprints);
    json_text_number(json, "sheets", (int64_t)prints->sheets);
    if (prints->exists) {
        json_text_string(json, "printed", prints->number);
        json_text_string(json, "replaced", prints->replaced);
        json_text_bool(json, "current", prints->is_current);
    }
}

bool prints_read(struct desk_call *call, int64_t *copies, char ret_reason[LIMIT_CODE_SIZE])
{
    static const struct reply_problem problem = {
        400, "bad_request", "份数须是正数，原因是代码。",
        "Copies must be a number above 0, the reason a code.", NULL};
    struct wire_tree *tree = NULL;
    ret_reason[0] = 0;
    if (call->request->body.size == 0) {
        return true;
    }
    bool good = wire_tree_open(call->request->body, &tree) == ERR_NONE;
    if (good && wire_tree_get(tree, "copies") != NULL) {
        good = wire_tree_number(wire_tree_get(tree, "copies"), copies) && *copies > 0;
    }
    const char *reason = good ? wire_tree_member(tree, "reason") : "";
    good = good && strlen(reason) < LIMIT_CODE_SIZE;
    if (good) {
        (void)snprintf(ret_reason, LIMIT_CODE_SIZE, "%s", reason);
    } else {
        reply_problem(call->exchange, &problem);
    }
    wire_tree_close(tree);
    return good;
}

void prints_facts(const struct prints *prints, const struct prints_about *about, int64_t copies,
                  const char *reason, struct values *ret)
{
    values_clear(ret);
    values_set_number(ret, FIELD_verb, 0,
                      !prints->exists      ? PRINT_ISSUED
                      : prints->is_current ? PRINT_REPRINTED
                                           : PRINT_REPLACED);
    values_set_number(ret, FIELD_kind, 0, about->kind);
    values_set_number(ret, FIELD_copies, 0, (uint64_t)copies);
    values_set_bytes(ret, FIELD_reason, 0, span_text(reason));
    values_set_bytes(ret, FIELD_cited, 0, about->cited);
}

bool prints_submit(struct desk *desk, struct desk_call *call, const struct prints *prints,
                   const struct values *facts, uint8_t ret_id[LIMIT_HASH_SIZE])
{
    static const struct reply_problem revoked = {403, "revoked", "此人的密钥已被吊销或未被认可。",
                                                 "The key of this person is revoked or not known.",
                                                 NULL};
    const struct desk_port *port = &desk->options.port;
    struct fold_verdict verdict = {.verdict = WIRE_VERDICT_NONE};
    uint64_t seq = 0;
    struct author_draft draft = {.payload = WIRE_PRINT,
                                 .facts = facts,
                                 .claimed_ms = call->now_ms,
                                 .mono_ms = port->mono_ms(port->context)};
    memcpy(draft.record, prints->record, LIMIT_ID_SIZE);
    enum err err = port->submit(port->context, &draft, keyring_signer_view(call->session->keyring),
                                NULL, 0, &verdict, ret_id, &seq);
    if (err != ERR_NONE) {
        reply_err(call->exchange, err);
    } else if (verdict.verdict == WIRE_REFUSED) {
        reply_refusal(call->exchange, verdict.refusal);
    } else if (verdict.verdict != WIRE_ACCEPTED) {
        reply_problem(call->exchange, &revoked);
    }
    return err == ERR_NONE && verdict.verdict == WIRE_ACCEPTED;
}
