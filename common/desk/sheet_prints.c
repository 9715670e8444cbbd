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

enum { TAIL_SIZE = 9 };

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
    sheet->about = (struct prints_about){.kind = form->number,
                                         .key = key,
                                         .cited = sheet->cited == NULL
                                                      ? span_of(NULL, 0)
                                                      : span_of(sheet->cited->id, LIMIT_HASH_SIZE)};
    prints_look(sheet->desk, sheet->txn, sheet->other, &sheet->about, &sheet->prints);
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
