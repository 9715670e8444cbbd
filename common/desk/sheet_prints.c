#include "desk/device.h"
#include "desk/sheet.h"
#include "forms/slip_code.h"
#include "print/qr.h"
#include "rules/civil.h"
#include "seal/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was printed of a form, and the page. */

enum { TAIL_SIZE = 9, PRINT_REPLACED = 3 };

/* One print record a device, form and subject: found without an index, and never shared. */
static void print_record_id(const struct sheet *sheet, struct span key, uint8_t ret[LIMIT_ID_SIZE])
{
    static const char purpose[] = "jieli print record 1";
    struct seal_sha256 sha;
    uint8_t hash[LIMIT_HASH_SIZE];
    uint8_t number[2];
    put_u16(number, sheet->form->number);
    seal_sha256_init(&sha);
    seal_sha256_update(&sha, span_of(purpose, sizeof purpose));
    seal_sha256_update(&sha, span_of(sheet->desk->device, LIMIT_KEY_SIZE));
    seal_sha256_update(&sha, span_of(number, sizeof number));
    seal_sha256_update(&sha, key);
    seal_sha256_final(&sha, hash);
    memcpy(ret, hash, LIMIT_ID_SIZE);
}

static bool take_print(void *context, const struct wire_event *event, const char *standing,
                       uint32_t refusal)
{
    struct sheet *sheet = context;
    struct sheet_prints *prints = &sheet->prints;
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
    number_make(desk_station_code(sheet->desk, event->device), event->incarnation, event->seq,
                &number);
    number_format(&number, prints->number);
    return true;
}

static void look_at_prints(struct sheet *sheet, struct span key)
{
    const struct desk_port *port = &sheet->desk->options.port;
    struct sheet_prints *prints = &sheet->prints;
    memset(prints, 0, sizeof *prints);
    print_record_id(sheet, key, prints->record);
    prints->exists = fold_record_get(desk_fold(sheet->desk), sheet->txn, sheet->desk->options.space,
                                     prints->record, sheet->other);
    if (!prints->exists) {
        return;
    }
    const struct values *facts = &sheet->other->facts;
    struct span cited = values_bytes(facts, FIELD_cited, 0);
    prints->prints = values_number(facts, FIELD_print_count, 0);
    prints->reprints = values_number(facts, FIELD_reprint_count, 0);
    prints->sheets = values_number(facts, FIELD_sheet_count, 0);
    prints->is_current = sheet->cited == NULL
                             ? cited.size == 0
                             : span_equal(cited, span_of(sheet->cited->id, LIMIT_HASH_SIZE));
    port->events(port->context, prints->record, sheet, take_print);
}

bool sheet_choose(struct sheet *sheet, const struct forms_form *form, struct span key)
{
    sheet->form = form;
    sheet->input.form = form;
    sheet->cited = NULL;
    if (form->subject == FORMS_RECORD) {
        sheet->cited = forms_cited(form, sheet->record, sheet->events, sheet->event_count);
        if (sheet->cited == NULL) {
            return false;
        }
        key = span_of(sheet->record->id, LIMIT_ID_SIZE);
    }
    look_at_prints(sheet, key);
    return true;
}

/* Roles of a person here, by name; the post of a grant. */
static void describe_person(struct sheet *sheet)
{
    static const struct {
        uint64_t role;
        const char *zh;
    } posts[] = {{ROLE_STATION_HEAD, "站长"},       {ROLE_WINDOW_HEAD, "窗口负责人"},
                 {ROLE_WORKER, "窗口工作人员"},     {ROLE_AGENT, "代办员"},
                 {ROLE_GUIDE, "咨询引导员"},        {ROLE_GROUP_LEADER, "村民小组长"},
                 {ROLE_LINE_LEADER, "分管领导"},    {ROLE_HUB_LEADER, "镇中心负责人"},
                 {ROLE_HUB_OPERATOR, "镇中心经办"}, {ROLE_COMPLAINT_DESK, "投诉受理员"},
                 {ROLE_CUSTODIAN, "档案印章保管员"}};
    const struct directory *directory = world_directory(desk_fold(sheet->desk)->world);
    uint64_t roles = 0;
    size_t used = 0;
    for (size_t i = 0; i < directory_grant_count(directory); i++) {
        const struct directory_grant *grant = directory_grant_at(directory, i);
        if (memcmp(grant->staff, sheet->staff, LIMIT_ID_SIZE) == 0 && grant->ended == 0) {
            roles |= grant->roles;
            (void)snprintf(sheet->post, sizeof sheet->post, "%s", grant->post);
        }
    }
    sheet->subject[0] = 0;
    for (size_t i = 0; i < sizeof posts / sizeof *posts; i++) {
        size_t room = sizeof sheet->subject - used;
        if ((roles & posts[i].role) != 0 && strlen(posts[i].zh) + 4 < room) {
            int size =
                snprintf(sheet->subject + used, room, "%s%s", used == 0 ? "" : "、", posts[i].zh);
            used += size > 0 ? (size_t)size : 0;
        }
    }
}

bool sheet_about(struct sheet *sheet, const struct forms_form *form, const char *word)
{
    switch (form->subject) {
    case FORMS_ITEM:
        sheet->input.item = sheet->input.catalogue == NULL
                                ? NULL
                                : catalogue_item_find(sheet->input.catalogue, span_text(word));
        return sheet->input.item != NULL && sheet_choose(sheet, form, span_text(word));
    case FORMS_STAFF:
        if (device_person_find(sheet->desk->key_directory, word, sheet->staff) != ERR_NONE) {
            return false;
        }
        sheet->input.staff = sheet->staff;
        describe_person(sheet);
        return sheet_choose(sheet, form, span_of(sheet->staff, LIMIT_ID_SIZE));
    case FORMS_STATION:
        return word[0] == 0 && sheet_choose(sheet, form, span_of(NULL, 0));
    case FORMS_RECORD:
    case FORMS_LEDGER:
        return false;
    }
    return false;
}

/* --- the page --- */

static void put_qr(struct sheet *sheet, struct buf *svg, char ret_tail[TAIL_SIZE])
{
    const struct signer *signer = sheet->desk->options.signer;
    struct slip_code code = {.incarnation = 0};
    struct qr *qr = NULL;
    struct buf text;
    ret_tail[0] = 0;
    if (signer == NULL || sheet->cited == NULL) {
        return;
    }
    size_t index = (size_t)(sheet->cited - sheet->events);
    uint64_t due = values_number(&sheet->record->facts, FIELD_due_day, 0);
    code.incarnation = sheet->places[index].incarnation;
    code.seq = sheet->places[index].seq;
    code.due_day = due <= CIVIL_DAY_MAX ? (uint32_t)due : 0;
    memcpy(code.id, sheet->cited->id, sizeof code.id);
    buf_init(&text, SLIP_CODE_SIZE);
    slip_code_make(&code, signer, &text);
    if (text.err == ERR_NONE && qr_new(buf_span(&text), &qr) == ERR_NONE) {
        qr_put_svg(qr, svg);
        (void)snprintf(ret_tail, TAIL_SIZE, "%02x%02x%02x%02x", code.id[LIMIT_HASH_SIZE - 4],
                       code.id[LIMIT_HASH_SIZE - 3], code.id[LIMIT_HASH_SIZE - 2],
                       code.id[LIMIT_HASH_SIZE - 1]);
    }
    qr_free(qr);
    buf_done(&text);
}

enum err sheet_page(struct sheet *sheet, const struct forms_sheet *filled, struct buf *ret)
{
    enum { SVG_SIZE = 256 * 1024 };
    char time[CIVIL_TIME_SIZE];
    char tail[TAIL_SIZE];
    struct buf svg;
    bool printed = sheet->prints.exists && sheet->prints.is_current;
    buf_init(&svg, SVG_SIZE);
    put_qr(sheet, &svg, tail);
    civil_time_format(sheet->call->now_ms, time);
    const struct forms_page page = {.form = sheet->form,
                                    .sheet = filled,
                                    .station = sheet->office.station,
                                    .number = printed ? sheet->prints.number : "",
                                    .print = sheet->prints.same,
                                    .replaces = printed ? sheet->prints.replaced : "",
                                    .time = time,
                                    .tail = tail,
                                    .qr = buf_span(&svg),
                                    .english = sheet->input.english};
    forms_page_put(&page, ret);
    buf_done(&svg);
    return ret->err;
}
