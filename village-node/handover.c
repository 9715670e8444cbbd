#include "base/check.h"
#include "node/clock.h"
#include "views/select.h"
#include "village-node/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A person leaves: what is in her hands goes to another one, an event a record, signed by who does
 * it. What a row of the table gives to nobody, and what the rules refuse, is told with the reason;
 * nothing is handed over in silence. */

enum { FIELDS = 3 };

struct handed {
    enum machine_id machine;
    uint32_t payload;
    const char *states;     /* names with blanks between; NULL: all that are not final */
    uint16_t whose[FIELDS]; /* facts that name her: the first that is there, */
    bool any;               /* or each place of each of them */
    const char *verb;       /* NULL: stays, for the reason below */
    uint16_t from;          /* fields of the event: who leaves; 0: not told */
    uint16_t to;            /* who goes on; 0: nobody does */
    const char *zh;         /* why it stays */
    const char *en;
};

static const struct handed table[] = {
    {.machine = MACHINE_CASE,
     .payload = WIRE_CASE,
     .whose = {FIELD_handler, FIELD_first_responsible},
     .verb = "taken",
     .to = FIELD_handler},
    {.machine = MACHINE_CONTACT,
     .payload = WIRE_CONTACT,
     .states = "open offered",
     .whose = {FIELD_receiver, FIELD_first_responsible},
     .verb = "handed_over",
     .to = FIELD_receiver},
    {.machine = MACHINE_APPOINTMENT,
     .payload = WIRE_APPOINTMENT,
     .states = "assigned",
     .whose = {FIELD_handler},
     .verb = "reassigned",
     .to = FIELD_handler},
    {.machine = MACHINE_COMPLAINT,
     .payload = WIRE_COMPLAINT,
     .whose = {FIELD_handler},
     .verb = "assigned",
     .to = FIELD_handler},
    {.machine = MACHINE_CUSTODY,
     .payload = WIRE_CUSTODY,
     .states = "kept",
     .whose = {FIELD_handler},
     .verb = "passed_on",
     .to = FIELD_handler},
    {.machine = MACHINE_CUSTODY,
     .states = "lent",
     .whose = {FIELD_handler},
     .zh = "已外借：收回后再移交保管。",
     .en = "Lent out: it passes on when it is back."},
    {.machine = MACHINE_SUPPLIES,
     .payload = WIRE_SUPPLIES,
     .states = "kept requested approved issued",
     .whose = {FIELD_handler},
     .verb = "passed_on",
     .to = FIELD_handler},
    {.machine = MACHINE_EQUIPMENT,
     .payload = WIRE_EQUIPMENT,
     .states = "in_use faulty",
     .whose = {FIELD_handler},
     .verb = "passed_on",
     .to = FIELD_handler},
    {.machine = MACHINE_EQUIPMENT,
     .states = "scrap_asked scrap_approved data_moved",
     .whose = {FIELD_handler},
     .zh = "正在报废：报废办完即了结，不再换保管人。",
     .en = "It is being scrapped: that ends it, and it gets no other keeper."},
    {.machine = MACHINE_DUTY,
     .payload = WIRE_DUTY,
     .states = "planned",
     .whose = {FIELD_people, FIELD_leader},
     .any = true,
     .verb = "replaced",
     .from = FIELD_handler,
     .to = FIELD_receiver},
    {.machine = MACHINE_DUTY,
     .states = "planned",
     .whose = {FIELD_posts_staff},
     .any = true,
     .zh = "岗位安排：由站长重新排岗。",
     .en = "A plan of posts: the head draws up another one."},
    {.machine = MACHINE_DUTY,
     .states = "running offered",
     .whose = {FIELD_handler},
     .zh = "正在值班：由本人交班，或由代班人接班。",
     .en = "A duty that runs: she ends it, or the stand-in takes it over."},
    {.machine = MACHINE_DELEGATION,
     .payload = WIRE_DELEGATION,
     .states = "drafted active",
     .whose = {FIELD_principal, FIELD_delegate},
     .any = true,
     .verb = "ended"},
    {.machine = MACHINE_LOST,
     .states = "kept",
     .whose = {FIELD_handler},
     .zh = "拾得物品：由保管人交还失主或移交，凭回执。",
     .en = "Lost property: its keeper returns it or hands it in, against a receipt."},
};

struct left {
    uint8_t id[LIMIT_ID_SIZE];
    const struct handed *row;
    uint32_t refusal; /* of the rules; 0: the row says why */
};

struct handover {
    struct daemon *daemon;
    const struct keyring *keyring;
    bool check;                    /* list only */
    uint8_t author[LIMIT_ID_SIZE]; /* who is unlocked */
    uint8_t from[LIMIT_ID_SIZE];
    uint8_t to[LIMIT_ID_SIZE];
    struct kv_txn *txn; /* while records are listed, for this row */
    const struct handed *row;
    struct view view;
    struct view_list ids;
    struct values facts;
    struct json_text *json;
    bool more;
    size_t moved;
    size_t papers;
    size_t left_count;
    struct left left[VIEW_LIST_COUNT];
};

static bool is_from(const struct handover *handover, uint16_t field, uint16_t place)
{
    return span_equal(values_bytes(&handover->view.record.facts, (enum field)field, place),
                      span_of(handover->from, LIMIT_ID_SIZE));
}

static bool is_hers(const struct handover *handover, const struct handed *row)
{
    const struct values *facts = &handover->view.record.facts;
    bool hers = row->machine == MACHINE_CASE && is_from(handover, FIELD_agent, 0);
    for (size_t i = 0; i < FIELDS && row->whose[i] != 0 && !hers; i++) {
        uint16_t count = values_places(facts, (enum field)row->whose[i]);
        for (uint16_t place = 0; place < count && !hers; place++) {
            hers = is_from(handover, row->whose[i], place);
        }
        if (!row->any && count != 0) {
            break;
        }
    }
    return hers;
}

static uint16_t verb_of(const struct handed *row)
{
    const struct rule_name *verb = rule_machine(row->machine)->verbs;
    while (strcmp(verb->name, row->verb) != 0) {
        verb++;
        CHECK(verb->name != NULL);
    }
    return verb->number;
}

static enum err give(struct handover *handover, const struct handed *row,
                     struct fold_verdict *ret_verdict)
{
    uint8_t id[LIMIT_HASH_SIZE];
    uint64_t seq = 0;
    struct values *facts = &handover->facts;
    values_clear(facts);
    values_set_number(facts, FIELD_verb, 0, verb_of(row));
    if (row->from != 0) {
        values_set_bytes(facts, (enum field)row->from, 0, span_of(handover->from, LIMIT_ID_SIZE));
    }
    if (row->to != 0) {
        values_set_bytes(facts, (enum field)row->to, 0, span_of(handover->to, LIMIT_ID_SIZE));
    }
    if (row->machine != MACHINE_CASE) {
        values_set_bytes(facts, FIELD_reason, 0, span_text("left"));
    }
    struct author_draft draft = {.payload = row->payload,
                                 .facts = facts,
                                 .claimed_ms = clock_wall_ms(),
                                 .mono_ms = clock_mono_ms()};
    memcpy(draft.record, handover->view.record.id, LIMIT_ID_SIZE);
    return daemon_submit(handover->daemon, &draft, keyring_signer_view(handover->keyring), NULL, 0,
                         ret_verdict, id, &seq);
}

static void keep_left(struct handover *handover, const struct handed *row, uint32_t refusal)
{
    if (handover->left_count == VIEW_LIST_COUNT) {
        handover->more = true;
        return;
    }
    struct left *left = &handover->left[handover->left_count++];
    memcpy(left->id, handover->view.record.id, LIMIT_ID_SIZE);
    left->row = row;
    left->refusal = refusal;
}

static void move_one(struct handover *handover, const struct handed *row)
{
    struct fold_verdict verdict = {.verdict = WIRE_VERDICT_NONE};
    if (row->verb == NULL) {
        keep_left(handover, row, 0);
        return;
    }
    enum err err = handover->check ? ERR_NONE : give(handover, row, &verdict);
    if (err == ERR_NONE && (handover->check || verdict.verdict == WIRE_ACCEPTED)) {
        handover->moved++;
        handover->papers += values_places(&handover->view.record.facts, FIELD_papers_code);
        view_put(handover->daemon, &handover->view, NULL, handover->json);
    } else {
        keep_left(handover, row, verdict.refusal);
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
    for (size_t i = 0; i < handover->left_count; i++) {
        const struct left *left = &handover->left[i];
        const struct refusal_text *text = refusal_text(left->refusal);
        bool by_row = left->row->verb == NULL;
        char number[NUMBER_SIZE];
        view_number(handover->daemon, left->id, number);
        json_text_open(handover->json, NULL);
        json_text_hex(handover->json, "record", span_of(left->id, LIMIT_ID_SIZE));
        json_text_string(handover->json, "number", number);
        json_text_string(handover->json, "machine", rule_machine(left->row->machine)->name);
        json_text_string(handover->json, "machineZh", rule_machine(left->row->machine)->zh);
        json_text_string(handover->json, "zh",
                         by_row         ? left->row->zh
                         : text == NULL ? "没有写入"
                                        : text->zh);
        json_text_string(handover->json, "en",
                         by_row         ? left->row->en
                         : text == NULL ? "not written"
                                        : text->en);
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
    if (herself && !handover->check &&
        drafts_hand_over(handover->daemon, handover->keyring, handover->from, handover->to,
                         &moved) != ERR_NONE) {
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

/* Hers alone take up the room: what is left of them comes with the next hand-over. */
static bool list_hers(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    struct handover *handover = context;
    return !view_read(handover->daemon, handover->txn, id, &handover->view) ||
           !is_hers(handover, handover->row) || view_list_add(&handover->ids, id, due_day);
}

static void list_row(struct handover *handover, const struct handed *row)
{
    const struct rule_machine *machine = rule_machine(row->machine);
    uint32_t states =
        row->states == NULL ? ~machine->final_states : views_states(row->machine, row->states);
    struct kv_txn txn;
    handover->ids.count = 0;
    handover->ids.more = false;
    handover->txn = &txn;
    handover->row = row;
    kv_begin(handover->daemon->kv, false, &txn);
    for (const struct rule_name *state = machine->states; state->name != NULL; state++) {
        if ((states >> state->number & 1) != 0) {
            fold_list_state(station_fold(handover->daemon->station), &txn, row->machine,
                            state->number, NULL, list_hers, handover);
        }
    }
    kv_abort(&txn);
    handover->more = handover->more || handover->ids.more;
}

static void hand_over(struct handover *handover, struct http_exchange *exchange)
{
    struct reply reply;
    reply_begin(&reply);
    handover->json = &reply.json;
    json_text_bool(&reply.json, "check", handover->check);
    json_text_open_list(&reply.json, "moved");
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        list_row(handover, &table[i]);
        for (size_t k = 0; k < handover->ids.count && handover->daemon->failed == ERR_NONE; k++) {
            if (read_one(handover, handover->ids.id[k])) {
                move_one(handover, &table[i]);
            }
        }
    }
    json_text_close_list(&reply.json);
    put_left(handover);
    put_drafts(handover);
    json_text_number(&reply.json, "count", (int64_t)handover->moved);
    json_text_number(&reply.json, "papers", (int64_t)handover->papers);
    json_text_bool(&reply.json, "more", handover->more);
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
    handover->check = good && wire_tree_is_true(wire_tree_get(tree, "check"));
    wire_tree_close(tree);
    return good;
}

/* Nobody goes on with it whose key was revoked, or who works elsewhere. */
static bool works_here(const struct handover *handover)
{
    const struct daemon *daemon = handover->daemon;
    struct world *world = station_fold(daemon->station)->world;
    const struct directory_ask here = {
        .device = signer_key_id_view(keyring_signer_view(daemon->folder.device.keyring)),
        .day = civil_day_of_ms(clock_wall_ms()),
        .applied = world_common_seq(world),
        .leaf_index = UINT64_MAX};
    return directory_works_at(world_directory(world), handover->to, &here);
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
    if (!read_people(handover, request)) {
        api_refuse(exchange, 400, "bad_people", "本机没有这两个人，或两人相同。",
                   "These are not two people of this PC.");
    } else if (!works_here(handover)) {
        reply_refusal(exchange, REFUSAL_HANDOVER_HANDLER);
    } else {
        hand_over(handover, exchange);
    }
    free(handover);
}
