#include "wire/act.h"

#include "base/text.h"
#include "event.pb-c.h"
#include "rules/civil.h"
#include "sealed.pb-c.h"
#include "wire/json_names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART_SIZE = 256 * 1024, IDENTITY_ARENA = LIMIT_SEALED_SIZE + 4096 };

void wire_act_init(struct wire_act *act)
{
    memset(act, 0, sizeof *act);
    values_clear(&act->facts);
    buf_init(&act->identity, LIMIT_SEALED_SIZE);
    buf_init(&act->matter, LIMIT_SEALED_SIZE);
}

void wire_act_done(struct wire_act *act)
{
    buf_done(&act->identity);
    buf_done(&act->matter);
}

/* The member as compact JSON text; the caller frees ret. */
static enum err member_text(const json_t *value, struct buf *ret)
{
    char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text == NULL) {
        return ERR_MEMORY;
    }
    buf_put_text(ret, text);
    explicit_bzero(text, strlen(text));
    free(text);
    return ret->err;
}

static void prefix_problem(const char *name, struct wire_problem *problem)
{
    char field[sizeof problem->field];
    const char *dot = problem->field[0] == 0 ? "" : ".";
    (void)snprintf(field, sizeof field, "%.15s%s%.40s", name, dot, problem->field);
    memcpy(problem->field, field, sizeof field);
}

static enum err read_part(const char *name, uint32_t label, const json_t *value, struct buf *ret,
                          struct wire_problem *ret_problem)
{
    struct buf text;
    buf_init(&text, PART_SIZE);
    enum err err = member_text(value, &text);
    if (err == ERR_NONE) {
        err = wire_sealed_from_json(label, buf_span(&text), ret, ret_problem);
        if (err != ERR_NONE) {
            prefix_problem(name, ret_problem);
        }
    }
    buf_done(&text);
    return err;
}

static enum err read_text(const char *name, const json_t *value, char *ret, size_t size,
                          struct wire_problem *ret_problem)
{
    const char *text = json_string_value(value);
    if (text == NULL || strlen(text) >= size || !wire_is_code(text, size)) {
        return wire_problem_set(ret_problem, name, "Must be a code: printable ASCII, at most %zu.",
                                size - 1);
    }
    (void)snprintf(ret, size, "%s", text);
    return ERR_NONE;
}

static enum err read_attestation(json_t *value, struct wire_act *ret,
                                 struct wire_problem *ret_problem)
{
    const char *name = NULL;
    json_t *member = NULL;
    uint64_t kind = 0;
    if (!json_is_object(value)) {
        return wire_problem_set(ret_problem, "attestation", "Must be an object.");
    }
    json_object_foreach(value, name, member)
    {
        const char *text = json_string_value(member);
        enum err err = ERR_NONE;
        if (strcmp(name, "kind") == 0) {
            bool known = text != NULL &&
                         wire_enum_number(&jieli__v1__attestation_kind__descriptor, text, &kind);
            err = known && kind != 0 ? ERR_NONE
                                     : wire_problem_set(ret_problem, "attestation.kind",
                                                        "Is not a kind of attestation.");
            ret->attestation = (uint8_t)kind;
        } else if (strcmp(name, "ground") == 0) {
            err = read_text("attestation.ground", member, ret->ground, sizeof ret->ground,
                            ret_problem);
        } else if (strcmp(name, "evidence") == 0) {
            bool hex = text != NULL && text_get_hex(span_text(text), ret->evidence,
                                                    sizeof ret->evidence) == ERR_NONE;
            ret->has_evidence = hex;
            err = hex ? ERR_NONE
                      : wire_problem_set(ret_problem, "attestation.evidence",
                                         "Must be 64 hex digits.");
        } else {
            err = wire_problem_set(ret_problem, "attestation", "Has an unknown member.");
        }
        if (err != ERR_NONE) {
            return err;
        }
    }
    return kind != 0 ? ERR_NONE
                     : wire_problem_set(ret_problem, "attestation.kind", "Must be given.");
}

/* "2026-10-01 09:30", also with T between, or milliseconds. */
static bool read_time(const json_t *value, uint64_t *ret_ms)
{
    const char *text = json_string_value(value);
    char minute[CIVIL_TIME_SIZE];
    if (text == NULL) {
        return false;
    }
    if (text_get_number(span_text(text), INT64_MAX, ret_ms) == ERR_NONE) {
        return true;
    }
    if (strlen(text) != sizeof minute - 1) {
        return false;
    }
    memcpy(minute, text, sizeof minute);
    if (minute[10] == 'T') {
        minute[10] = ' ';
    }
    return civil_time_parse(span_text(minute), ret_ms) == ERR_NONE;
}

static enum err read_back_entry(json_t *value, struct wire_act *ret,
                                struct wire_problem *ret_problem)
{
    const char *name = NULL;
    json_t *member = NULL;
    if (!json_is_object(value)) {
        return wire_problem_set(ret_problem, "backEntry", "Must be an object.");
    }
    json_object_foreach(value, name, member)
    {
        enum err err = ERR_NONE;
        if (strcmp(name, "serial") == 0) {
            err =
                read_text("backEntry.serial", member, ret->serial, sizeof ret->serial, ret_problem);
        } else if (strcmp(name, "reason") == 0) {
            err = read_text("backEntry.reason", member, ret->back_reason, sizeof ret->back_reason,
                            ret_problem);
        } else if (strcmp(name, "time") == 0) {
            err = read_time(member, &ret->paper_ms)
                      ? ERR_NONE
                      : wire_problem_set(ret_problem, "backEntry.time",
                                         "Must be a time such as 2026-10-01 09:30.");
        } else {
            err = wire_problem_set(ret_problem, "backEntry", "Has an unknown member.");
        }
        if (err != ERR_NONE) {
            return err;
        }
    }
    if (ret->serial[0] == 0 || ret->paper_ms == 0) {
        return wire_problem_set(ret_problem, "backEntry", "Needs the serial and the time.");
    }
    ret->back_entry = true;
    return ERR_NONE;
}

static enum err read_payload(const char *name, const json_t *value, struct wire_act *ret,
                             struct wire_problem *ret_problem)
{
    struct buf text;
    if (ret->payload != 0) {
        return wire_problem_set(ret_problem, name, "There is a payload already; one is allowed.");
    }
    buf_init(&text, PART_SIZE);
    buf_put_format(&text, "{\"%s\":", name);
    enum err err = member_text(value, &text);
    buf_put_u8(&text, '}');
    if (err == ERR_NONE) {
        err = text.err;
    }
    if (err == ERR_NONE) {
        err = wire_payload_from_json(buf_span(&text), &ret->payload, &ret->facts, ret_problem);
    }
    buf_done(&text);
    return err;
}

static enum err read_record(const json_t *value, struct wire_act *ret,
                            struct wire_problem *ret_problem)
{
    const char *text = json_string_value(value);
    if (text == NULL || text[0] == 0 || strlen(text) >= sizeof ret->record) {
        return wire_problem_set(ret_problem, "record", "Must be an id or a number of a record.");
    }
    (void)snprintf(ret->record, sizeof ret->record, "%s", text);
    return ERR_NONE;
}

static enum err read_member(const char *name, json_t *value, struct wire_act *ret,
                            struct wire_problem *ret_problem)
{
    if (strcmp(name, "record") == 0) {
        return read_record(value, ret, ret_problem);
    }
    if (strcmp(name, "identity") == 0) {
        return read_part(name, JIELI__V1__SEALED_LABEL__SEALED_IDENTITY, value, &ret->identity,
                         ret_problem);
    }
    if (strcmp(name, "matter") == 0) {
        return read_part(name, JIELI__V1__SEALED_LABEL__SEALED_MATTER, value, &ret->matter,
                         ret_problem);
    }
    if (strcmp(name, "attestation") == 0) {
        return read_attestation(value, ret, ret_problem);
    }
    if (strcmp(name, "backEntry") == 0) {
        return read_back_entry(value, ret, ret_problem);
    }
    if (strcmp(name, "force") == 0) {
        ret->force = json_is_true(value);
        return json_is_boolean(value) ? ERR_NONE
                                      : wire_problem_set(ret_problem, name, "Must be a boolean.");
    }
    if (wire_json_field(&jieli__v1__event_body__descriptor, name) == NULL) {
        return wire_problem_set(ret_problem, wire_is_code(name, WIRE_NAME_SIZE) ? name : "",
                                "There is no such member.");
    }
    return read_payload(name, value, ret, ret_problem);
}

enum err wire_act_from_json(struct span json, struct wire_act *ret,
                            struct wire_problem *ret_problem)
{
    json_t *object = NULL;
    const char *name = NULL;
    json_t *value = NULL;
    *ret_problem = (struct wire_problem){{0}, {0}};
    enum err err = wire_json_load(json, &object, ret_problem);
    if (err != ERR_NONE) {
        return err;
    }
    json_object_foreach(object, name, value)
    {
        err = read_member(name, value, ret, ret_problem);
        if (err != ERR_NONE) {
            break;
        }
    }
    if (err == ERR_NONE && ret->payload == 0) {
        err = wire_problem_set(ret_problem, "", "Must have a payload, such as case.");
    }
    json_decref(object);
    return err;
}

static void copy_text(const char *text, char *ret, size_t size)
{
    (void)snprintf(ret, size, "%s", text == NULL ? "" : text);
}

enum err wire_identity_read(struct span bytes, struct wire_identity *ret)
{
    struct wire_arena arena = {NULL, 0, 0};
    ProtobufCMessage *message = NULL;
    if (bytes.size > LIMIT_SEALED_SIZE) {
        return ERR_LIMIT;
    }
    memset(ret, 0, sizeof *ret);
    enum err err = wire_arena_init(&arena, IDENTITY_ARENA + 2 * bytes.size);
    if (err == ERR_NONE) {
        err = wire_read(&jieli__v1__identity__descriptor, bytes, 1, &arena, &message);
    }
    if (err == ERR_NONE) {
        const Jieli__V1__Identity *identity = (const Jieli__V1__Identity *)message;
        copy_text(identity->name, ret->name, sizeof ret->name);
        copy_text(identity->id_number, ret->id_number, sizeof ret->id_number);
        copy_text(identity->phone, ret->phone, sizeof ret->phone);
        copy_text(identity->relative_id_number, ret->relative_id_number,
                  sizeof ret->relative_id_number);
    }
    wire_arena_done(&arena);
    return err;
}
