#include "node/clock.h"
#include "village-node/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A person leaves: every open case of hers is given to another one, an event a case, signed by who
 * does it. What stays behind is told with the reason; nothing is handed over in silence. */

struct handover {
    struct daemon *daemon;
    const struct keyring *keyring;
    uint8_t author[LIMIT_ID_SIZE]; /* who is unlocked */
    uint8_t from[LIMIT_ID_SIZE];
    uint8_t to[LIMIT_ID_SIZE];
    struct view view;
    struct view_list ids;
    struct values facts;
    struct json_text *json;
    size_t moved;
    size_t left;
    size_t papers;
    struct view_list left_ids;
    uint32_t left_refusals[VIEW_LIST_COUNT];
};

static bool is_his(const struct handover *handover)
{
    struct span from = span_of(handover->from, LIMIT_ID_SIZE);
    const struct values *facts = &handover->view.record.facts;
    struct span handler = values_bytes(facts, FIELD_handler, 0);
    if (handler.size == 0) {
        handler = values_bytes(facts, FIELD_first_responsible, 0);
    }
    return span_equal(handler, from) || span_equal(values_bytes(facts, FIELD_agent, 0), from);
}

static enum err take(struct handover *handover, struct fold_verdict *ret_verdict)
{
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t seq = 0;
    values_clear(&handover->facts);
    values_set_number(&handover->facts, FIELD_verb, 0, CASE_TAKEN);
    values_set_bytes(&handover->facts, FIELD_handler, 0, span_of(handover->to, LIMIT_ID_SIZE));
    struct author_draft draft = {.payload = WIRE_CASE,
                                 .facts = &handover->facts,
                                 .claimed_ms = clock_wall_ms(),
                                 .mono_ms = clock_mono_ms()};
    memcpy(draft.record, handover->view.record.id, LIMIT_ID_SIZE);
    return daemon_submit(handover->daemon, &draft, keyring_signer_view(handover->keyring), NULL, 0,
                         ret_verdict, id, &seq);
}

static void move_one(struct handover *handover)
{
    struct fold_verdict verdict = {.verdict = WIRE_VERDICT_NONE};
    enum err err = take(handover, &verdict);
    if (err == ERR_NONE && verdict.verdict == WIRE_ACCEPTED) {
        handover->moved++;
        handover->papers += values_places(&handover->view.record.facts, FIELD_papers_code);
        view_put(handover->daemon, &handover->view, NULL, handover->json);
    } else if (handover->left_ids.count < VIEW_LIST_COUNT) {
        handover->left_refusals[handover->left_ids.count] = verdict.refusal;
        (void)view_list_add(&handover->left_ids, handover->view.record.id, 0);
        handover->left++;
    }
}

static bool read_one(struct handover *handover, const uint8_t *id)
{
    struct kv_txn txn;
    kv_begin(handover->daemon->kv, false, &txn);
    bool found = view_read(handover->daemon, &txn, id, &handover->view);
    kv_abort(&txn);
    return found;
}

static void put_left(struct handover *handover)
{
    json_text_open_list(handover->json, "left");
    for (size_t i = 0; i < handover->left_ids.count; i++) {
        const struct refusal_text *text = refusal_text(handover->left_refusals[i]);
        char number[NUMBER_SIZE];
        view_number(handover->daemon, handover->left_ids.id[i], number);
        json_text_open(handover->json, NULL);
        json_text_hex(handover->json, "record", span_of(handover->left_ids.id[i], LIMIT_ID_SIZE));
        json_text_string(handover->json, "number", number);
        json_text_string(handover->json, "zh", text == NULL ? "没有写入" : text->zh);
        json_text_string(handover->json, "en", text == NULL ? "not written" : text->en);
        json_text_string(handover->json, "article", text == NULL ? "" : text->article);
        json_text_close(handover->json);
    }
    json_text_close_list(handover->json);
}

static bool count_draft(void *context, struct span key, struct span value)
{
    int64_t *count = context;
    (void)key;
    (void)value;
    (*count)++;
    return true;
}

/* Drafts are sealed to their author: nobody can hand them on but herself, with her own password. */
static void put_drafts(struct handover *handover)
{
    struct kv_txn txn;
    int64_t count = 0;
    size_t moved = 0;
    bool herself = memcmp(handover->author, handover->from, LIMIT_ID_SIZE) == 0;
    if (herself && drafts_hand_over(handover->daemon, handover->keyring, handover->from,
                                    handover->to, &moved) != ERR_NONE) {
        moved = 0;
    }
    kv_begin(handover->daemon->kv, false, &txn);
    kv_scan(&txn, KV_DRAFT, span_of(handover->from, LIMIT_ID_SIZE), span_of(NULL, 0), count_draft,
            &count);
    kv_abort(&txn);
    json_text_number(handover->json, "draftsMoved", (int64_t)moved);
    json_text_number(handover->json, "draftsLeft", count);
    if (count > 0) {
        json_text_string(handover->json, "draftsZh",
                         herself
                             ? "留下的草稿打不开，或接收人尚无密钥。"
                             : "草稿只有本人能打开：请本人解锁后再办一次移交。本人去世或口令"
                               "遗失的，草稿无法打开，须向群众重新问明；已登记的事项不受影响。");
        json_text_string(handover->json, "draftsEn",
                         herself ? "They do not open, or who takes over has no key yet."
                                 : "Only she can open them: let her unlock and hand over again. "
                                   "After a death or with a lost password nobody can; what was "
                                   "registered is not touched.");
    }
}

static void hand_over(struct handover *handover, struct http_exchange *exchange)
{
    struct reply reply;
    struct kv_txn txn;
    kv_begin(handover->daemon->kv, false, &txn);
    for (uint16_t state = 1; state < 32; state++) {
        if ((rule_machine(MACHINE_CASE)->final_states >> state & 1) == 0) {
            fold_list_state(station_fold(handover->daemon->station), &txn, MACHINE_CASE, state,
                            NULL, view_list_add, &handover->ids);
        }
    }
    kv_abort(&txn);
    reply_begin(&reply);
    handover->json = &reply.json;
    json_text_open_list(&reply.json, "moved");
    for (size_t i = 0; i < handover->ids.count && handover->daemon->failed == ERR_NONE; i++) {
        if (read_one(handover, handover->ids.id[i]) && is_his(handover)) {
            move_one(handover);
        }
    }
    json_text_close_list(&reply.json);
    put_left(handover);
    put_drafts(handover);
    json_text_number(&reply.json, "count", (int64_t)handover->moved);
    json_text_number(&reply.json, "papers", (int64_t)handover->papers);
    json_text_bool(&reply.json, "more", handover->ids.more);
    reply_send(&reply, exchange, 200);
}

static bool read_people(struct handover *handover, const struct http_request *request)
{
    char keys[FILES_PATH_SIZE];
    struct wire_tree *tree = NULL;
    bool good =
        wire_tree_open(request->body, &tree) == ERR_NONE &&
        device_path(handover->daemon->folder.directory, "keys", keys) == ERR_NONE &&
        device_person_find(keys, wire_tree_member(tree, "from"), handover->from) == ERR_NONE &&
        device_person_find(keys, wire_tree_member(tree, "to"), handover->to) == ERR_NONE &&
        memcmp(handover->from, handover->to, LIMIT_ID_SIZE) != 0;
    wire_tree_close(tree);
    return good;
}

void handover_post(struct daemon *daemon, struct http_exchange *exchange,
                   const struct http_request *request)
{
    uint8_t staff[LIMIT_ID_SIZE] = {0};
    struct handover *handover = calloc(1, sizeof *handover);
    if (handover == NULL) {
        reply_err(exchange, ERR_MEMORY);
        return;
    }
    handover->daemon = daemon;
    handover->keyring = desk_authorize(daemon->desk, exchange, staff);
    memcpy(handover->author, staff, sizeof staff);
    if (handover->keyring == NULL) {
        free(handover);
        return;
    }
    if (read_people(handover, request)) {
        hand_over(handover, exchange);
    } else {
        api_refuse(exchange, 400, "bad_people", "本机没有这两个人，或两人相同。",
                   "These are not two people of this PC.");
    }
    free(handover);
}
