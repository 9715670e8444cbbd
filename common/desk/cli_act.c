#include "desk/cli_inside.h"
#include "desk/json_text.h"
#include "rules/rule.h"
#include "wire/json.h"
#include "wire/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NOLINTBEGIN(concurrency-mt-unsafe): a command has one thread. */

/* "case VERB --field value ...": the options are the fields of the payload and of the sealed parts,
 * read off the same descriptors as the API. */

enum {
    FIELD_COUNT = 80,
    NAME_SIZE = 64,
    HELP_SIZE = 160,
    KEY_FIELD = 0x2000,
    KEY_RECORD = 0x3000,
    KEY_ATTEST,
    KEY_GROUND,
    KEY_EVIDENCE,
    KEY_SERIAL,
    KEY_TIME,
    KEY_REASON,
    KEY_AGAIN,
    PAYLOAD_IDENTITY = 1001,
    PAYLOAD_MATTER = 1002,
    RECORD_HEX_SIZE = 33
};

struct act_field {
    uint32_t payload;
    char name[NAME_SIZE];
    char help[HELP_SIZE];
    bool is_id; /* of a record, perhaps: its human number will do */
};

struct act {
    struct cli *cli;
    uint32_t payload;
    struct wire_object *facts;
    struct wire_object *identity;
    struct wire_object *matter;
    bool has_verb;
    bool has_identity;
    bool has_matter;
    const char *verb;
    const char *record;
    const char *attest;
    const char *ground;
    const char *evidence;
    const char *serial;
    const char *time;
    const char *reason;
    const char *again;
    uint32_t filling; /* payload whose fields are being collected */
    size_t field_count;
    struct act_field fields[FIELD_COUNT];
    struct argp_option options[FIELD_COUNT + 16];
};

static uint32_t payload_of(const char *command)
{
    for (int id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        const struct rule_machine *machine = rule_machine((enum machine_id)id);
        if (machine != NULL && strcmp(machine->name, command) == 0) {
            return machine->payload_field;
        }
    }
    return 0;
}

/* --- the options --- */

static void add_field(void *context, const char *name, const char *type)
{
    struct act *act = context;
    act->has_verb = act->has_verb || strcmp(name, "verb") == 0;
    if (strcmp(name, "verb") == 0 || act->field_count == FIELD_COUNT) {
        return;
    }
    for (size_t i = 0; i < act->field_count; i++) {
        if (strcmp(act->fields[i].name, name) == 0) {
            return; /* the payload's own field wins */
        }
    }
    size_t index = act->field_count++;
    struct act_field *field = &act->fields[index];
    field->payload = act->filling;
    (void)snprintf(field->name, sizeof field->name, "%s", name);
    (void)snprintf(field->help, sizeof field->help, "%.*s", HELP_SIZE - 1, type);
    field->is_id = strcmp(type, "hex16") == 0;
    act->options[index] = (struct argp_option){.name = field->name,
                                               .key = KEY_FIELD + (int)index,
                                               .arg = "VALUE",
                                               .doc = field->help,
                                               .group = act->filling < PAYLOAD_IDENTITY ? 1 : 2};
}

static void fill_options(struct act *act)
{
    static const struct argp_option fixed[] = {
        {"record", KEY_RECORD, "ID", 0, "记录编号；不写则新立 / record; a new one without", 3},
        {"attest", KEY_ATTEST, "KIND", 0,
         "paper|screen|thumb|witness|call_back|slip|relative 当事人确认方式", 3},
        {"ground", KEY_GROUND, "CODE", 0, "代签依据 / ground of a relative or witness", 3},
        {"evidence", KEY_EVIDENCE, "HEX", 0, "确认的凭据 / what shows it", 3},
        {"paper-serial", KEY_SERIAL, "NO", 0, "补录：纸质登记编号 / number of the paper", 4},
        {"paper-time", KEY_TIME, "TIME", 0, "补录：纸上时间 / 2026-10-01 09:30", 4},
        {"paper-reason", KEY_REASON, "CODE", 0, "补录原因 / power, network, import", 4},
        {"again", KEY_AGAIN, "REASON", 0, "已登记的仍登记，注明原因 / register again, and why", 4},
        {0}};
    static const uint32_t payloads[] = {0, PAYLOAD_IDENTITY, PAYLOAD_MATTER};
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        act->filling = payloads[i] == 0 ? act->payload : payloads[i];
        wire_payload_fields(act->filling, act, add_field);
    }
    memcpy(act->options + act->field_count, fixed, sizeof fixed);
}

/* The record's id in hex for its number. */
static bool resolve_record(struct act *act, const char *value, char ret[RECORD_HEX_SIZE])
{
    struct buf path;
    struct http_answer answer;
    struct wire_tree *tree = NULL;
    buf_init(&path, FILES_PATH_SIZE);
    buf_put_text(&path, "/api/v1/records/");
    cli_escape(&path, value);
    bool found = cli_call(act->cli, "GET", buf_text(&path), span_of(NULL, 0), &answer) == CLI_OK &&
                 wire_tree_open(buf_span(&answer.body), &tree) == ERR_NONE;
    (void)snprintf(ret, RECORD_HEX_SIZE, "%s", wire_tree_member(tree, "record"));
    wire_tree_close(tree);
    buf_done(&answer.body);
    buf_done(&path);
    return found;
}

static void set_field(struct act *act, const struct act_field *field, const char *value,
                      struct argp_state *state)
{
    struct wire_problem problem;
    char record[RECORD_HEX_SIZE];
    struct wire_object *object = field->payload == PAYLOAD_IDENTITY ? act->identity
                                 : field->payload == PAYLOAD_MATTER ? act->matter
                                                                    : act->facts;
    act->has_identity = act->has_identity || field->payload == PAYLOAD_IDENTITY;
    act->has_matter = act->has_matter || field->payload == PAYLOAD_MATTER;
    if (field->is_id && strchr(value, '-') != NULL) {
        if (!resolve_record(act, value, record)) {
            argp_error(state, "--%s %s", field->name, value);
        }
        value = record;
    }
    if (wire_object_set(object, field->payload, field->name, value, &problem) != ERR_NONE) {
        argp_error(state, "--%s %s: %s (%s)", field->name, value, problem.message, field->help);
    }
}

/* As the import: the act itself says why. */
static error_t set_again(struct act *act, const char *reason)
{
    struct wire_problem problem;
    act->again = reason;
    return wire_object_set(act->facts, act->payload, "reason", reason, &problem) == ERR_NONE
               ? 0
               : ARGP_ERR_UNKNOWN;
}

static error_t parse_fixed(struct act *act, int key, const char *arg)
{
    switch (key) {
    case KEY_RECORD:
        act->record = arg;
        return 0;
    case KEY_ATTEST:
        act->attest = arg;
        return 0;
    case KEY_GROUND:
        act->ground = arg;
        return 0;
    case KEY_EVIDENCE:
        act->evidence = arg;
        return 0;
    case KEY_SERIAL:
        act->serial = arg;
        return 0;
    case KEY_TIME:
        act->time = arg;
        return 0;
    case KEY_REASON:
        act->reason = arg;
        return 0;
    case KEY_AGAIN:
        return set_again(act, arg);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_act(int key, char *arg, struct argp_state *state)
{
    struct act *act = state->input;
    struct wire_problem problem;
    if (key >= KEY_FIELD && key < KEY_FIELD + (int)act->field_count) {
        set_field(act, &act->fields[key - KEY_FIELD], arg, state);
        return 0;
    }
    if (key == ARGP_KEY_ARG && act->verb == NULL) {
        act->verb = arg;
        /* A note has no verb of its own. */
        if (act->has_verb &&
            wire_object_set(act->facts, act->payload, "verb", arg, &problem) != ERR_NONE) {
            argp_error(state, "没有这个动作 / no such verb: %s", arg);
        }
        return 0;
    }
    if (key == ARGP_KEY_END && act->verb == NULL && act->has_verb) {
        argp_error(state, "缺少动作 / the verb is missing");
    }
    return parse_fixed(act, key, arg);
}

/* --- the request --- */

static void put_optional(struct json_text *json, const char *name, const char *text)
{
    if (text != NULL) {
        json_text_string(json, name, text);
    }
}

static enum err put_object(struct json_text *json, const char *name,
                           const struct wire_object *object, uint32_t payload)
{
    struct buf text;
    buf_init(&text, CLI_BODY_SIZE);
    enum err err = wire_object_json(object, payload, &text);
    if (err == ERR_NONE) {
        json_text_raw(json, name, buf_span(&text));
    }
    buf_done(&text);
    return err;
}

static enum err put_beside(const struct act *act, struct json_text *json)
{
    enum err err = ERR_NONE;
    put_optional(json, "record", act->record);
    if (act->has_identity) {
        err = put_object(json, "identity", act->identity, PAYLOAD_IDENTITY);
    }
    if (err == ERR_NONE && act->has_matter) {
        err = put_object(json, "matter", act->matter, PAYLOAD_MATTER);
    }
    if (act->attest != NULL) {
        json_text_open(json, "attestation");
        json_text_string(json, "kind", act->attest);
        put_optional(json, "ground", act->ground);
        put_optional(json, "evidence", act->evidence);
        json_text_close(json);
    }
    if (act->serial != NULL || act->time != NULL) {
        json_text_open(json, "backEntry");
        put_optional(json, "serial", act->serial);
        put_optional(json, "time", act->time);
        put_optional(json, "reason", act->reason);
        json_text_close(json);
    }
    if (act->again != NULL) {
        json_text_bool(json, "force", true);
    }
    return err;
}

/* {"case":{...}, then what stands beside it. */
static enum err put_request(const struct act *act, struct buf *body)
{
    struct json_text json;
    enum err err = wire_object_json(act->facts, act->payload, body);
    if (err != ERR_NONE || body->size == 0) {
        return err != ERR_NONE ? err : ERR_MALFORMED;
    }
    body->size--; /* its closing bracket comes after the rest */
    json_text_init(&json, body);
    json.depth = 1;
    json.has_entry[0] = true;
    err = put_beside(act, &json);
    json_text_close(&json);
    return err != ERR_NONE ? err : body->err;
}

static void show_written(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {
        {"编号", "number", "number"}, {"记录", "record", "record"},
        {"状态", "state", "stateZh"}, {"事项", "item", "itemZh"},
        {"到期", "due", "due.day"},   {"紧急", "light", "due.light"},
        {"打印表单", "form", "form"}, {"去向", "standing", "standingZh"},
        {"事件", "event", "id"}};
    const struct wire_tree *warnings = wire_tree_get(answer, "warnings");
    cli_sheet(cli, answer, columns, sizeof columns / sizeof *columns);
    for (size_t i = 0; i < wire_tree_count(warnings); i++) {
        const struct wire_tree *warning = wire_tree_at(warnings, i);
        (void)printf("! ");
        cli_print(wire_tree_member(warning, cli->english ? "en" : "zh"));
        (void)printf(" ");
        cli_print(wire_tree_member(warning, "number"));
        (void)printf("\n");
    }
}

/* What is registered already is told before anything is written, and how to go on. */
static int ask_store(struct cli *cli, struct span body)
{
    struct http_answer answer = {0};
    struct wire_tree *tree = NULL;
    int code = cli_call(cli, "POST", "/api/v1/events?check=1", body, &answer);
    if (code != CLI_OK && wire_tree_open(buf_span(&answer.body), &tree) == ERR_NONE &&
        strcmp(wire_tree_member(tree, "code"), "duplicate") == 0) {
        (void)fprintf(stderr, "%s\n",
                      cli_is_english(cli) ? "Nothing was written. To go on: --again REASON"
                                          : "没有登记。仍要登记的，加 --again 原因");
    }
    wire_tree_close(tree);
    buf_done(&answer.body);
    return code;
}

static int send_act(struct act *act)
{
    bool is_new = (act->payload == WIRE_CONTACT || act->payload == WIRE_CASE) &&
                  act->record == NULL && act->has_identity;
    struct buf body;
    buf_init(&body, CLI_BODY_SIZE);
    enum err err = put_request(act, &body);
    int code = err == ERR_NONE ? CLI_OK : cli_fail_err(act->cli, err, "events");
    if (code == CLI_OK && is_new) {
        code = ask_store(act->cli, buf_span(&body));
    }
    if (code == CLI_OK) {
        code = cli_call_show(act->cli, "POST", "/api/v1/events", buf_span(&body), show_written);
    }
    buf_done(&body);
    return code;
}

static void act_free(struct act *act)
{
    if (act != NULL) {
        wire_object_free(act->facts);
        wire_object_free(act->identity);
        wire_object_free(act->matter);
        free(act);
    }
}

int cli_act(struct cli *cli, int argc, char **argv)
{
    int code = CLI_OK;
    struct act *act = calloc(1, sizeof *act);
    if (act != NULL) {
        act->cli = cli;
        act->payload = payload_of(argv[0]);
        act->facts = wire_object_new();
        act->identity = wire_object_new();
        act->matter = wire_object_new();
    }
    if (act == NULL || act->facts == NULL || act->identity == NULL || act->matter == NULL) {
        act_free(act);
        return cli_fail_err(cli, ERR_MEMORY, argv[0]);
    }
    fill_options(act);
    const struct argp argp = {.options = act->options, .parser = parse_act, .args_doc = "VERB"};
    if (cli_parse(cli, &argp, argc, argv, act, &code)) {
        code = send_act(act);
    }
    act_free(act);
    return code;
}
/* NOLINTEND(concurrency-mt-unsafe) */
