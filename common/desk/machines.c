#include "desk/inside.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { ROLE_SIZE = 8, ROLE_BITS = 64, STATE_BITS = 32 };

/* --- refusals --- */

static void put_refusal(struct json_text *json, uint32_t number, const struct refusal_text *text)
{
    json_text_number(json, "number", number);
    json_text_string(json, "name", text->name);
    json_text_string(json, "article", text->article);
    json_text_string(json, "zh", text->zh);
    json_text_string(json, "en", text->en);
}

static void get_one_refusal(struct desk_call *call)
{
    static const struct reply_problem unknown = {404, "no_refusal", "没有这个退回原因。",
                                                 "There is no such refusal.", NULL};
    struct reply reply;
    char number[ROLE_SIZE];
    for (uint32_t i = 1; i < REFUSAL_END; i++) {
        const struct refusal_text *text = refusal_text(i);
        (void)snprintf(number, sizeof number, "%u", i);
        if (text != NULL &&
            (strcasecmp(text->name, call->tail) == 0 || strcmp(number, call->tail) == 0)) {
            reply_begin(&reply);
            put_refusal(&reply.json, i, text);
            reply_send(&reply, call->exchange, 200);
            return;
        }
    }
    reply_problem(call->exchange, &unknown);
}

void desk_get_refusals(struct desk *desk, struct desk_call *call)
{
    struct reply reply;
    (void)desk;
    if (call->tail[0] != 0) {
        get_one_refusal(call);
        return;
    }
    reply_begin(&reply);
    json_text_open_list(&reply.json, "refusals");
    for (uint32_t i = 1; i < REFUSAL_END; i++) {
        const struct refusal_text *text = refusal_text(i);
        if (text != NULL) {
            json_text_open(&reply.json, NULL);
            put_refusal(&reply.json, i, text);
            json_text_close(&reply.json);
        }
    }
    json_text_close_list(&reply.json);
    reply_send(&reply, call->exchange, 200);
}

/* --- machines --- */

static void put_names(struct json_text *json, const char *member, const struct rule_name *names)
{
    json_text_open_list(json, member);
    for (; names->name != NULL; names++) {
        json_text_open(json, NULL);
        json_text_number(json, "number", names->number);
        json_text_string(json, "name", names->name);
        json_text_string(json, "zh", names->zh);
        json_text_close(json);
    }
    json_text_close_list(json);
}

static const char *name_of(const struct rule_name *names, uint16_t number)
{
    while (names->name != NULL && names->number != number) {
        names++;
    }
    return names->name == NULL ? "" : names->name;
}

static void put_from(struct json_text *json, const struct rule_machine *machine, uint32_t from)
{
    json_text_open_list(json, "from");
    for (unsigned state = 0; state < STATE_BITS; state++) {
        if ((from >> state & 1) != 0) {
            json_text_string(json, NULL,
                             state == 0 ? "none" : rule_state_name(machine->id, (uint16_t)state));
        }
    }
    json_text_close_list(json);
}

static void put_who(struct json_text *json, const struct rule_row *row)
{
    json_text_open_list(json, "tiers");
    if ((row->tier >> TIER_STATION & 1) != 0) {
        json_text_string(json, NULL, "station");
    }
    if ((row->tier >> TIER_HUB & 1) != 0) {
        json_text_string(json, NULL, "hub");
    }
    json_text_close_list(json);
    json_text_open_list(json, "roles");
    for (unsigned i = 0; i < ROLE_BITS; i++) {
        char role[ROLE_SIZE];
        uint64_t bit = (uint64_t)1 << i;
        if ((row->who & bit) == 0 || bit > ROLE_DEVICE) {
            continue;
        }
        (void)snprintf(role, sizeof role, "A%02u", i + 1);
        json_text_string(json, NULL, bit == ROLE_DEVICE ? "device" : role);
    }
    json_text_close_list(json);
}

static void put_guards(struct json_text *json, const struct rule_row *row)
{
    json_text_open_list(json, "guards");
    for (size_t i = 0; i < RULE_GUARDS && row->guards[i] != NULL; i++) {
        const struct refusal_text *text = refusal_text(row->guards[i]->refusal);
        json_text_open(json, NULL);
        json_text_string(json, "name", row->guards[i]->name);
        json_text_string(json, "refusal", text == NULL ? "" : text->name);
        json_text_close(json);
    }
    json_text_close_list(json);
}

static void put_row(struct json_text *json, const struct rule_machine *machine,
                    const struct rule_row *row)
{
    const char *to = row->to == RULE_SAME     ? "same"
                     : row->to == RULE_RESUME ? "resume"
                                              : rule_state_name(machine->id, row->to);
    json_text_open(json, NULL);
    json_text_number(json, "number", row->number);
    put_from(json, machine, row->from);
    json_text_string(json, "verb", name_of(machine->verbs, row->verb));
    put_who(json, row);
    if (row->when_field != 0) {
        json_text_open(json, "when");
        json_text_string(json, "field", field_name((enum field)row->when_field));
        json_text_number(json, "value", (int64_t)row->when_number);
        json_text_close(json);
    }
    put_guards(json, row);
    json_text_string(json, "to", to);
    json_text_number(json, "form", row->form);
    json_text_string(json, "article", row->article == NULL ? "" : row->article);
    json_text_string(json, "regimes", row->regimes == NULL ? "" : row->regimes);
    json_text_close(json);
}

static void put_machine(struct json_text *json, const struct rule_machine *machine, bool rows)
{
    json_text_string(json, "name", machine->name);
    json_text_string(json, "zh", machine->zh);
    put_names(json, "states", machine->states);
    put_names(json, "verbs", machine->verbs);
    if (!rows) {
        return;
    }
    json_text_open_list(json, "rows");
    for (size_t i = 0; i < machine->row_count; i++) {
        put_row(json, machine, &machine->rows[i]);
    }
    json_text_close_list(json);
}

static void get_one_machine(struct desk_call *call)
{
    static const struct reply_problem unknown = {404, "no_machine", "没有这类记录。",
                                                 "There is no such machine.", NULL};
    struct reply reply;
    for (int id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        const struct rule_machine *machine = rule_machine((enum machine_id)id);
        if (machine != NULL && strcmp(machine->name, call->tail) == 0) {
            reply_begin(&reply);
            put_machine(&reply.json, machine, true);
            reply_send(&reply, call->exchange, 200);
            return;
        }
    }
    reply_problem(call->exchange, &unknown);
}

void desk_get_machines(struct desk *desk, struct desk_call *call)
{
    struct reply reply;
    (void)desk;
    if (call->tail[0] != 0) {
        get_one_machine(call);
        return;
    }
    reply_begin(&reply);
    json_text_open_list(&reply.json, "machines");
    for (int id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        const struct rule_machine *machine = rule_machine((enum machine_id)id);
        if (machine != NULL) {
            json_text_open(&reply.json, NULL);
            put_machine(&reply.json, machine, false);
            json_text_close(&reply.json);
        }
    }
    json_text_close_list(&reply.json);
    reply_send(&reply, call->exchange, 200);
}
