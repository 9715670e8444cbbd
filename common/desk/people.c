#include "desk/device.h"
#include "desk/inside.h"
#include "wire/tree.h"

#include <string.h>

/* What is told of a person on this PC and never stands in an event: her telephone.
 *   GET  /people/PERSON/phone
 *   POST /people/PERSON/phone {"phone"}   PERSON: id in hex, or name */

/* Who says how others are reached; for herself everybody may. */
static const uint64_t phone_keepers = ROLE_STATION_HEAD | ROLE_HUB_LEADER | ROLE_REGISTRAR;

static enum err find(const struct desk_options *options, const char *text, uint8_t *ret_staff)
{
    return options->find_person != NULL
               ? options->find_person(options->people_directory, text, ret_staff)
               : device_person_find(options->key_directory, text, ret_staff);
}

/* The person of "PERSON/phone"; false after answering. */
static bool read_person(struct desk *desk, struct desk_call *call, uint8_t ret_staff[LIMIT_ID_SIZE])
{
    static const struct reply_problem unknown = {404, "no_person", "没有登记过这个人。",
                                                 "Nobody of that name or id is enrolled.", "staff"};
    static const struct reply_problem doubtful = {409, "ambiguous", "有两个人同名，请用人员编号。",
                                                  "Two people have that name: say the staff id.",
                                                  "staff"};
    char text[DEVICE_NAME_SIZE];
    const char *end = strchr(call->tail, '/');
    size_t size = end == NULL ? 0 : (size_t)(end - call->tail);
    enum err err = ERR_NOT_FOUND;
    if (size != 0 && size < sizeof text && strcmp(end, "/phone") == 0) {
        memcpy(text, call->tail, size);
        text[size] = 0;
        err = find(&desk->options, text, ret_staff);
    }
    if (err == ERR_NONE && directory_knows(world_directory(desk_fold(desk)->world), ret_staff)) {
        return true;
    }
    reply_problem(call->exchange, err == ERR_CONFLICT ? &doubtful : &unknown);
    return false;
}

static void answer(struct desk *desk, struct desk_call *call, const uint8_t *staff)
{
    char phone[DEVICE_NAME_SIZE];
    struct reply reply;
    device_phone_read(desk->key_directory, staff, phone);
    reply_begin(&reply);
    json_text_hex(&reply.json, "staff", span_of(staff, LIMIT_ID_SIZE));
    json_text_string(&reply.json, "phone", phone);
    reply_send(&reply, call->exchange, 200);
}

void desk_get_person(struct desk *desk, struct desk_call *call)
{
    uint8_t staff[LIMIT_ID_SIZE];
    if (read_person(desk, call, staff)) {
        answer(desk, call, staff);
    }
}

static void write_phone(struct desk *desk, struct desk_call *call, const uint8_t *staff)
{
    static const struct reply_problem malformed = {
        400, "bad_phone", "电话应为 3 至 15 位数字，可带 + - ( ) 和空格。",
        "A telephone is 3 to 15 digits; + - ( ) and blanks may stand between.", "phone"};
    struct wire_tree *body = NULL;
    const char *phone = NULL;
    enum err err = ERR_MALFORMED;
    if (wire_tree_open(call->request->body, &body) == ERR_NONE) {
        phone = wire_tree_text(wire_tree_get(body, "phone"));
    }
    if (phone != NULL) {
        err = device_phone_write(desk->key_directory, staff, phone);
    }
    wire_tree_close(body);
    if (err == ERR_NONE) {
        answer(desk, call, staff);
    } else if (err == ERR_MALFORMED) {
        reply_problem(call->exchange, &malformed);
    } else {
        reply_err(call->exchange, err);
    }
}

void desk_post_person(struct desk *desk, struct desk_call *call)
{
    static const struct reply_problem refused = {
        403, "not_permitted", "电话由本人、站长、登记员或中心负责人登记。",
        "A telephone is told by the person, the station's head, the registrar or the hub's leader.",
        NULL};
    uint8_t staff[LIMIT_ID_SIZE];
    if (!read_person(desk, call, staff)) {
        return;
    }
    if (memcmp(staff, call->session->staff, sizeof staff) != 0 &&
        (desk_session_roles(desk, call->session) & phone_keepers) == 0) {
        reply_problem(call->exchange, &refused);
        return;
    }
    write_phone(desk, call, staff);
}
