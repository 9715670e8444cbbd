#include "base/text.h"
#include "desk/office.h"
#include "forms/slip_code.h"
#include "node/clock.h"
#include "village-node/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The slip that the person whose matter it is takes home: what was handed in, when it is due, who
 * is responsible, and a code that ties the paper to the event. It never says more than the
 * station's facts. */

/* The newest own event of the record that was not returned. */
struct newest {
    struct daemon *daemon;
    uint64_t incarnation;
    uint64_t seq;
    bool answered;
};

static const struct signer *device_signer(const struct daemon *daemon)
{
    return keyring_signer_view(daemon->folder.device.keyring);
}

static bool take_newest(void *context, const struct wire_event *event, const char *standing,
                        uint32_t refusal)
{
    struct newest *newest = context;
    (void)refusal;
    bool own = memcmp(event->device, signer_key_id_view(device_signer(newest->daemon)),
                      LIMIT_KEY_SIZE) == 0;
    bool accepted = strcmp(standing, "accepted") == 0;
    if (own && (accepted || strcmp(standing, "kept") == 0)) {
        newest->incarnation = event->incarnation;
        newest->seq = event->seq;
        newest->answered = accepted;
    }
    return true;
}

static void put_materials(struct json_text *json, const struct view *view)
{
    const struct values *facts = &view->record.facts;
    uint16_t count = values_places(facts, FIELD_materials_code);
    json_text_open_list(json, "materials");
    for (uint16_t i = 0; i < count; i++) {
        struct span code = values_bytes(facts, FIELD_materials_code, i);
        const struct catalogue_material *material =
            view->item == NULL ? NULL : catalogue_material_find(view->item, code);
        json_text_open(json, NULL);
        json_text_span(json, "code", code);
        json_text_string(json, "zh", material == NULL ? "" : material->name_zh);
        json_text_string(json, "en", material == NULL ? "" : material->name_en);
        json_text_number(json, "pages", (int64_t)values_number(facts, FIELD_materials_pages, i));
        json_text_number(json, "status", (int64_t)values_number(facts, FIELD_materials_status, i));
        json_text_close(json);
    }
    json_text_close_list(json);
    count = values_places(facts, FIELD_papers_code);
    json_text_open_list(json, "papers");
    for (uint16_t i = 0; i < count; i++) {
        json_text_open(json, NULL);
        json_text_span(json, "code", values_bytes(facts, FIELD_papers_code, i));
        json_text_number(json, "pages", (int64_t)values_number(facts, FIELD_papers_pages, i));
        json_text_number(json, "holder", (int64_t)values_number(facts, FIELD_papers_holder, i));
        json_text_close(json);
    }
    json_text_close_list(json);
}

static void responsible_of(struct daemon *daemon, const struct view *view,
                           char ret_name[DEVICE_NAME_SIZE], char ret_phone[DEVICE_NAME_SIZE])
{
    char keys[FILES_PATH_SIZE];
    struct span staff = values_bytes(&view->record.facts, FIELD_first_responsible, 0);
    if (staff.size != LIMIT_ID_SIZE) {
        staff = values_bytes(&view->record.facts, FIELD_handler, 0);
    }
    ret_name[0] = 0;
    ret_phone[0] = 0;
    if (staff.size == LIMIT_ID_SIZE &&
        device_path(daemon->folder.directory, "keys", keys) == ERR_NONE) {
        device_name_read(keys, staff.data, ret_name);
        device_phone_read(keys, staff.data, ret_phone);
    }
}

/* The station's name, of the stations edition or node.conf, and the telephone for complaints. */
static void put_settings(struct daemon *daemon, const struct record *record, struct json_text *json)
{
    char path[FILES_PATH_SIZE];
    struct desk_office office;
    bool known = device_path(daemon->folder.directory, "node.conf", path) == ERR_NONE;
    desk_office_read(known ? path : NULL, &office);
    desk_office_call(station_fold(daemon->station), signer_key_id_view(device_signer(daemon)),
                     record, clock_wall_ms(), &office);
    json_text_string(json, "station", office.station);
    json_text_string(json, "complaints", office.complaints);
}

static bool event_id(struct daemon *daemon, const struct newest *newest,
                     uint8_t ret_id[LIMIT_HASH_SIZE])
{
    struct buf bytes;
    struct station_answer answer;
    struct wire_envelope envelope;
    buf_init(&bytes, LIMIT_ENVELOPE_SIZE);
    bool found =
        station_event(daemon->station, newest->incarnation, newest->seq, &bytes, &answer) &&
        wire_envelope_decode(buf_span(&bytes), &envelope) == ERR_NONE;
    if (found) {
        seal_body_id(SEAL_EVENT, envelope.body, ret_id);
    }
    buf_done(&bytes);
    return found;
}

/* One sentence to be read out on the telephone or sent as a message: no name of the applicant. */
static void put_sentence(struct json_text *json, const struct view *view, const char *number,
                         const char *phone, const char *tail)
{
    char day[CIVIL_DAY_SIZE];
    struct buf text;
    buf_init(&text, 1024);
    buf_put_format(&text, "【便民服务站】您的办件 %s", number);
    if (view->item != NULL) {
        buf_put_format(&text, "（%s）", view->item->name_zh);
    }
    buf_put_format(&text, "目前状态：%s", rule_state_zh(view->record.machine, view->record.state));
    if (view->due_day != 0) {
        civil_day_format(view->due_day, day);
        buf_put_format(&text, "，应于 %s 前办结", day);
    }
    buf_put_text(&text, "。查询请");
    if (phone[0] != 0) {
        buf_put_format(&text, "拨 %s，", phone);
    }
    buf_put_format(&text, "报编号，核对码 %s。", tail);
    json_text_string(json, "sentence", buf_text(&text));
    buf_done(&text);
}

static void put_code(struct daemon *daemon, struct json_text *json, const struct view *view,
                     const struct newest *newest, const char *number, const char *phone)
{
    struct slip_code slip = {
        .incarnation = newest->incarnation, .seq = newest->seq, .due_day = (uint32_t)view->due_day};
    struct buf text;
    if (!event_id(daemon, newest, slip.id)) {
        return;
    }
    buf_init(&text, SLIP_CODE_SIZE);
    text_put_hex(&text, span_of(slip.id + LIMIT_HASH_SIZE - 4, 4));
    json_text_string(json, "tail", buf_text(&text));
    put_sentence(json, view, number, phone, buf_text(&text));
    buf_clear(&text);
    slip_code_make(&slip, device_signer(daemon), &text);
    json_text_number(json, "incarnation", (int64_t)slip.incarnation);
    json_text_big(json, "seq", slip.seq);
    json_text_hex(json, "event", span_of(slip.id, sizeof slip.id));
    json_text_string(json, "standing", newest->answered ? "accepted" : "kept");
    json_text_string(json, "code", buf_text(&text));
    buf_done(&text);
}

static void reply_slip(struct daemon *daemon, struct http_exchange *exchange,
                       const struct view *view)
{
    struct reply reply;
    struct newest newest = {.daemon = daemon};
    char number[NUMBER_SIZE];
    char name[DEVICE_NAME_SIZE];
    char phone[DEVICE_NAME_SIZE];
    daemon_events(daemon, view->record.id, &newest, take_newest);
    if (newest.seq == 0) {
        api_refuse(exchange, 404, "no_event", "本站没有为这个编号写过记录。",
                   "This station has written nothing for that record.");
        return;
    }
    view_number(daemon, view->record.id, number);
    responsible_of(daemon, view, name, phone);
    reply_begin(&reply);
    view_put(daemon, view, "case", &reply.json);
    json_text_string(&reply.json, "number", number);
    json_text_bool(&reply.json, "provisional",
                   values_number(&view->record.facts, FIELD_due_provisional, 0) != 0);
    json_text_string(&reply.json, "responsible", name);
    json_text_string(&reply.json, "responsiblePhone", phone);
    put_settings(daemon, &view->record, &reply.json);
    put_materials(&reply.json, view);
    put_code(daemon, &reply.json, view, &newest, number, phone);
    reply_send(&reply, exchange, 200);
}

void slip_get(struct daemon *daemon, struct http_exchange *exchange, const char *tail)
{
    uint8_t id[LIMIT_ID_SIZE];
    struct kv_txn txn;
    struct view *view = calloc(1, sizeof *view);
    if (view == NULL) {
        reply_err(exchange, ERR_MEMORY);
        return;
    }
    bool found = view_find(daemon, tail, id) == ERR_NONE;
    if (found) {
        kv_begin(daemon->kv, false, &txn);
        found = view_read(daemon, &txn, id, view);
        kv_abort(&txn);
    }
    if (found) {
        reply_slip(daemon, exchange, view);
    } else {
        api_refuse(exchange, 404, "no_record", "没有这个编号的记录。",
                   "There is no record of that number.");
    }
    free(view);
}
