#include "desk/sheet.h"

#include "desk/device.h"
#include "seal/hash.h"
#include "wire/json.h"
#include "wire/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- events and their opened parts --- */

static const struct {
    const char *name;
    size_t member;
} part_members[] = {
    {"name", offsetof(struct forms_part, name)},
    {"idNumber", offsetof(struct forms_part, id_number)},
    {"phone", offsetof(struct forms_part, phone)},
    {"address", offsetof(struct forms_part, address)},
    {"unit", offsetof(struct forms_part, unit)},
    {"relativeName", offsetof(struct forms_part, relative_name)},
    {"text", offsetof(struct forms_part, text)},
    {"told", offsetof(struct forms_part, told)},
    {"handover", offsetof(struct forms_part, handover)},
};

static void take_members(const struct wire_tree *tree, struct forms_part *part)
{
    for (size_t i = 0; i < sizeof part_members / sizeof *part_members; i++) {
        const char *text = wire_tree_text(wire_tree_get(tree, part_members[i].name));
        const char **member = (const char **)(void *)((char *)part + part_members[i].member);
        if (text != NULL && text[0] != 0 && *member == NULL) {
            *member = strdup(text);
        }
    }
}

static void take_part(struct sheet *sheet, const struct wire_event *event, uint32_t index,
                      struct forms_part *part)
{
    struct buf plain;
    struct buf text;
    struct wire_tree *tree = NULL;
    buf_init(&plain, LIMIT_SEALED_SIZE);
    buf_init(&text, REPLY_SIZE);
    enum err err = sealing_part_open(sheet->call->session->keys, desk_fold(sheet->desk), sheet->txn,
                                     event, index, &plain);
    sheet->closed = sheet->closed || err == ERR_AUTH;
    if (err == ERR_NONE &&
        wire_sealed_to_json(event->sealed[index].label, buf_span(&plain), &text) == ERR_NONE &&
        wire_tree_open(buf_span(&text), &tree) == ERR_NONE) {
        take_members(tree, part);
    }
    wire_tree_close(tree);
    buf_done(&plain);
    buf_done(&text);
}

static void drop_event(struct sheet *sheet, size_t index)
{
    struct forms_event *event = &sheet->events[index];
    for (size_t i = 0; i < sizeof part_members / sizeof *part_members; i++) {
        char **member = (char **)(void *)((char *)&event->part + part_members[i].member);
        if (*member != NULL) {
            explicit_bzero(*member, strlen(*member));
            free(*member);
        }
    }
    free(sheet->places[index].facts);
}

static void event_id(const struct wire_event *event, uint8_t ret[LIMIT_HASH_SIZE])
{
    struct buf body;
    buf_init(&body, LIMIT_BODY_SIZE);
    memset(ret, 0, LIMIT_HASH_SIZE);
    if (wire_event_encode(event, &body) == ERR_NONE) {
        seal_body_id(SEAL_EVENT, buf_span(&body), ret);
    }
    buf_done(&body);
}

static void author_of(struct sheet *sheet, const struct wire_event *event,
                      uint8_t ret[LIMIT_ID_SIZE])
{
    const struct directory_key *key =
        directory_key(world_directory(desk_fold(sheet->desk)->world), event->author);
    memset(ret, 0, LIMIT_ID_SIZE);
    if (key != NULL) {
        memcpy(ret, key->staff, LIMIT_ID_SIZE);
    }
}

static bool stands(const char *standing)
{
    return strcmp(standing, "accepted") == 0 || strcmp(standing, "kept") == 0;
}

static bool take_event(void *context, const struct wire_event *event, const char *standing,
                       uint32_t refusal)
{
    struct sheet *sheet = context;
    struct values *facts = stands(standing) ? malloc(sizeof *facts) : NULL;
    (void)refusal;
    if (facts == NULL) {
        return true;
    }
    if (sheet->event_count == FORMS_EVENT_COUNT) {
        drop_event(sheet, 0);
        sheet->event_count--;
        memmove(sheet->events, sheet->events + 1, sheet->event_count * sizeof *sheet->events);
        memmove(sheet->places, sheet->places + 1, sheet->event_count * sizeof *sheet->places);
    }
    struct forms_event *taken = &sheet->events[sheet->event_count];
    values_copy(facts, &event->facts);
    *taken =
        (struct forms_event){.verb = (uint16_t)values_number(facts, FIELD_verb, 0),
                             .time_ms = event->back_entry ? event->paper_ms : event->claimed_ms,
                             .is_back_entry = event->back_entry,
                             .facts = facts};
    author_of(sheet, event, taken->staff);
    event_id(event, taken->id);
    sheet->places[sheet->event_count].facts = facts;
    sheet->places[sheet->event_count].incarnation = event->incarnation;
    sheet->places[sheet->event_count].seq = event->seq;
    for (uint32_t i = 0; i < event->sealed_count && i < LIMIT_SEALED_COUNT; i++) {
        if (sheet->call->session != NULL) {
            take_part(sheet, event, i, &taken->part);
        }
    }
    sheet->event_count++;
    return true;
}

/* --- what other records and people say --- */

static void staff_name(void *context, const uint8_t staff[LIMIT_ID_SIZE],
                       char ret_name[FORMS_NAME_SIZE])
{
    _Static_assert((int)FORMS_NAME_SIZE == (int)DEVICE_NAME_SIZE, "names fit");
    device_name_read(((struct sheet *)context)->desk->key_directory, staff, ret_name);
}

static void staff_phone(void *context, const uint8_t staff[LIMIT_ID_SIZE],
                        char ret_phone[FORMS_NAME_SIZE])
{
    device_phone_read(((struct sheet *)context)->desk->key_directory, staff, ret_phone);
}

static void record_number(void *context, const uint8_t record[LIMIT_ID_SIZE],
                          char ret_number[FORMS_NUMBER_SIZE])
{
    char number[NUMBER_SIZE];
    desk_record_number(((struct sheet *)context)->desk, record, number);
    (void)snprintf(ret_number, FORMS_NUMBER_SIZE, "%s", number);
}

static const struct record *find_record(void *context, const uint8_t record[LIMIT_ID_SIZE])
{
    struct sheet *sheet = context;
    return fold_record_get(desk_fold(sheet->desk), sheet->txn, sheet->desk->options.space, record,
                           sheet->other)
               ? sheet->other
               : NULL;
}

struct cases_walk {
    struct sheet *sheet;
    const uint8_t *staff;
    void *context;
    bool (*visit)(void *context, const struct record *record);
};

static bool is_his(const struct values *facts, const uint8_t *staff)
{
    struct span id = span_of(staff, LIMIT_ID_SIZE);
    struct span handler = values_bytes(facts, FIELD_handler, 0);
    return span_equal(handler, id) || span_equal(values_bytes(facts, FIELD_agent, 0), id) ||
           (handler.size == 0 && span_equal(values_bytes(facts, FIELD_first_responsible, 0), id));
}

static bool take_case(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    struct cases_walk *walk = context;
    struct sheet *sheet = walk->sheet;
    (void)due_day;
    if (!fold_record_get(desk_fold(sheet->desk), sheet->txn, sheet->desk->options.space, id,
                         sheet->scratch) ||
        !is_his(&sheet->scratch->facts, walk->staff)) {
        return true;
    }
    return walk->visit(walk->context, sheet->scratch);
}

static void cases_of(void *context, const uint8_t staff[LIMIT_ID_SIZE], void *visit_context,
                     bool (*visit)(void *visit_context, const struct record *record))
{
    struct sheet *sheet = context;
    struct cases_walk walk = {sheet, staff, visit_context, visit};
    fold_list_due(desk_fold(sheet->desk), sheet->txn, 0, take_case, &walk);
}

/* --- life --- */

void sheet_free(struct sheet *sheet)
{
    if (sheet == NULL) {
        return;
    }
    for (size_t i = 0; i < sheet->event_count; i++) {
        drop_event(sheet, i);
    }
    free(sheet->record);
    free(sheet->other);
    free(sheet->scratch);
    free(sheet);
}

static void fill_input(struct sheet *sheet)
{
    const struct world *world = desk_fold(sheet->desk)->world;
    const struct values *facts = sheet->record == NULL ? NULL : &sheet->record->facts;
    uint64_t policy = facts == NULL ? 0 : values_number(facts, FIELD_policy_edition, 0);
    uint64_t catalogue = facts == NULL ? 0 : values_number(facts, FIELD_catalogue_edition, 0);
    struct forms_input *input = &sheet->input;
    if (world_view(world, world_common_seq(world), policy, catalogue, &sheet->world)) {
        input->policy = sheet->world.policy;
        input->calendar = sheet->world.calendar;
        input->catalogue = sheet->world.catalogue;
        input->item = facts == NULL ? NULL
                                    : catalogue_item_find(input->catalogue,
                                                          values_bytes(facts, FIELD_item, 0));
    }
    input->record = sheet->record;
    input->number = sheet->number;
    input->events = sheet->events;
    input->event_count = sheet->event_count;
    input->post = sheet->post;
    input->subject = sheet->subject;
    input->office =
        (struct forms_office){sheet->office.station, sheet->office.phone, sheet->office.complaints,
                              sheet->office.address, sheet->office.hours};
    input->world =
        (struct forms_world){sheet, staff_name, staff_phone, record_number, find_record, cases_of};
}

enum err sheet_new(struct desk *desk, struct desk_call *call, struct kv_txn *txn,
                   const struct record *record, struct sheet **ret_sheet)
{
    struct sheet *sheet = calloc(1, sizeof *sheet);
    if (sheet == NULL) {
        return ERR_MEMORY;
    }
    sheet->desk = desk;
    sheet->call = call;
    sheet->txn = txn;
    sheet->other = malloc(sizeof *sheet->other);
    sheet->scratch = malloc(sizeof *sheet->scratch);
    sheet->record = record == NULL ? NULL : malloc(sizeof *sheet->record);
    if (sheet->other == NULL || sheet->scratch == NULL ||
        (record != NULL && sheet->record == NULL)) {
        sheet_free(sheet);
        return ERR_MEMORY;
    }
    desk_office_read(desk->office_path[0] == 0 ? NULL : desk->office_path, &sheet->office);
    desk_office_call(desk_fold(desk), desk->device, record, call->now_ms, &sheet->office);
    if (record != NULL) {
        const char *code = desk_station_code(desk, record->station);
        *sheet->record = *record;
        desk_record_number(desk, record->id, sheet->number);
        (void)snprintf(sheet->subject, sizeof sheet->subject, "%s", code == NULL ? "" : code);
        desk->options.port.events(desk->options.port.context, record->id, sheet, take_event);
    }
    fill_input(sheet);
    *ret_sheet = sheet;
    return ERR_NONE;
}

enum err sheet_fill(struct sheet *sheet, struct forms_sheet *ret,
                    const struct forms_line **ret_missing)
{
    return forms_fill(&sheet->input, ret, ret_missing);
}
