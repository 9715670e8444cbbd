#include "base/text.h"
#include "desk/json_text.h"
#include "desk/sealing.h"
#include "node/clock.h"
#include "township-hub/publish.h"
#include "township-hub/setup.h"
#include "township-hub/staff.h"

#include <stdio.h>
#include <string.h>

/* The first leader and the first registrar, by the hub's device itself: afterwards nobody gets in
 * without those two people. */

struct found_options {
    const char *leader;
    const char *leader_password;
    const char *registrar;
    const char *registrar_password;
    int64_t clock_offset_ms;
};

enum { KEY_LEADER = 1000, KEY_LEADER_PASSWORD, KEY_REGISTRAR, KEY_REGISTRAR_PASSWORD, KEY_OFFSET };

static error_t parse_found(int key, char *argument, struct argp_state *state)
{
    struct found_options *options = state->input;
    switch (key) {
    case KEY_LEADER:
        options->leader = argument;
        return 0;
    case KEY_LEADER_PASSWORD:
        options->leader_password = argument;
        return 0;
    case KEY_REGISTRAR:
        options->registrar = argument;
        return 0;
    case KEY_REGISTRAR_PASSWORD:
        options->registrar_password = argument;
        return 0;
    case KEY_OFFSET:
        setup_offset(argument, state, &options->clock_offset_ms);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option found_table[] = {
    {"leader", KEY_LEADER, "NAME", 0, "中心负责人姓名 / the hub leader's name", 0},
    {"leader-password-file", KEY_LEADER_PASSWORD, "FILE", 0, "其口令 / his password", 0},
    {"registrar", KEY_REGISTRAR, "NAME", 0, "登记员姓名 / the registrar's name", 0},
    {"registrar-password-file", KEY_REGISTRAR_PASSWORD, "FILE", 0, "其口令 / his password", 0},
    {"clock-offset", KEY_OFFSET, "MS", 0, "演练：时钟偏移 / for drills: shifts the clock", 0},
    {0},
};
static const struct argp found_argp = {.options = found_table, .parser = parse_found};

struct founder {
    uint8_t staff[LIMIT_ID_SIZE];
    struct keyring *keyring;
    uint64_t role;
    const char *name;
};

struct founding {
    const struct folder *folder;
    struct publisher publisher;
    struct founder people[2]; /* registrar, leader: the leader's grant ends the founding */
};

static enum err make_person(const struct folder *folder, struct founder *person,
                            const char *password_file)
{
    char keys[FILES_PATH_SIZE];
    struct buf password;
    buf_init(&password, 1024);
    seal_random(person->staff, sizeof person->staff);
    enum err err = setup_password(password_file, &password);
    if (err == ERR_NONE) {
        err = device_path(folder->path, "keys", keys);
    }
    if (err == ERR_NONE) {
        err = device_person_create(&folder->device, keys, person->staff, buf_span(&password),
                                   &person->keyring);
    }
    if (err == ERR_NONE) {
        err = device_name_write(keys, person->staff, person->name);
    }
    if (err == ERR_NONE) {
        err = staff_name_add(folder->path, person->staff, person->name);
    }
    buf_done(&password);
    return err;
}

static enum err hub_audience(const struct founding *founding)
{
    struct sealing_member members[2];
    struct buf wraps;
    struct seal_box_secret *audience = seal_box_new_random();
    buf_init(&wraps, LIMIT_BLOB_SIZE);
    for (size_t i = 0; i < 2; i++) {
        const struct keyring *keyring = founding->people[i].keyring;
        memcpy(members[i].key, signer_key_id_view(keyring_signer_view(keyring)), LIMIT_KEY_SIZE);
        memcpy(members[i].box_key, seal_box_public_view(keyring_box_view(keyring)),
               SEAL_BOX_PUBLIC_SIZE);
    }
    enum err err = audience == NULL ? ERR_MEMORY : ERR_NONE;
    if (err == ERR_NONE) {
        err = sealing_wraps_make(audience, members, 2, &wraps);
    }
    if (err == ERR_NONE) {
        err = publish_audience(&founding->publisher, SEALING_HUB, NULL,
                               seal_box_public_view(audience), buf_span(&wraps),
                               keyring_signer_view(founding->folder->device.keyring));
    }
    seal_box_free(audience);
    buf_done(&wraps);
    return err;
}

/* Its first member is the leader: he grants the roles that read it, and can hand its key on. */
static enum err discipline_audience(const struct founding *founding, const struct keyring *leader)
{
    struct buf wraps;
    struct seal_box_secret *audience = NULL;
    buf_init(&wraps, LIMIT_BLOB_SIZE);
    enum err err = staff_audience_found(leader, &audience, &wraps);
    if (err == ERR_NONE) {
        err = publish_audience(&founding->publisher, SEALING_DISCIPLINE, NULL,
                               seal_box_public_view(audience), buf_span(&wraps),
                               keyring_signer_view(founding->folder->device.keyring));
    }
    seal_box_free(audience);
    buf_done(&wraps);
    return err;
}

static enum err must(const struct founding *founding, const struct values *facts)
{
    struct fold_verdict verdict;
    enum err err = publish_event(&founding->publisher, WIRE_PERSON, facts,
                                 keyring_signer_view(founding->folder->device.keyring), &verdict);
    return err != ERR_NONE ? err : verdict.verdict == WIRE_ACCEPTED ? ERR_NONE : ERR_AUTH;
}

static enum err employ(const struct founding *founding, const struct founder *person)
{
    struct values facts;
    setup_person_facts(person->staff, person->keyring, &facts);
    enum err err = must(founding, &facts);
    if (err != ERR_NONE) {
        return err;
    }
    values_clear(&facts);
    values_set_number(&facts, FIELD_verb, 0, PERSON_GRANTED);
    values_set_bytes(&facts, FIELD_staff, 0, span_of(person->staff, LIMIT_ID_SIZE));
    values_set_number(&facts, FIELD_grants_roles, 0, person->role);
    return must(founding, &facts);
}

static bool is_founded(struct hub *hub)
{
    const struct directory *directory = world_directory(hub_fold(hub)->world);
    uint64_t roles = 0;
    for (size_t i = 0; i < directory_grant_count(directory); i++) {
        roles |= directory_grant_at(directory, i)->roles;
    }
    return (roles & ROLE_HUB_LEADER) != 0 && (roles & ROLE_REGISTRAR) != 0;
}

static enum err found(struct founding *founding, const struct found_options *options)
{
    if (is_founded(founding->publisher.hub)) {
        return ERR_CONFLICT;
    }
    founding->people[0] = (struct founder){.role = ROLE_REGISTRAR, .name = options->registrar};
    founding->people[1] = (struct founder){.role = ROLE_HUB_LEADER, .name = options->leader};
    enum err err = make_person(founding->folder, &founding->people[0], options->registrar_password);
    if (err == ERR_NONE) {
        err = make_person(founding->folder, &founding->people[1], options->leader_password);
    }
    if (err == ERR_NONE) {
        err = hub_audience(founding);
    }
    if (err == ERR_NONE) {
        err = discipline_audience(founding, founding->people[1].keyring);
    }
    for (size_t i = 0; i < 2 && err == ERR_NONE; i++) {
        err = employ(founding, &founding->people[i]);
    }
    return err;
}

static void show_people(struct cli *cli, const struct founding *founding)
{
    struct buf text;
    struct json_text json;
    buf_init(&text, 4096);
    json_text_init(&json, &text);
    json_text_open(&json, NULL);
    json_text_hex(&json, "registrar", span_of(founding->people[0].staff, LIMIT_ID_SIZE));
    json_text_hex(&json, "leader", span_of(founding->people[1].staff, LIMIT_ID_SIZE));
    json_text_close(&json);
    if (!cli_is_json(cli)) {
        buf_clear(&text);
        buf_put_text(&text, cli_is_english(cli) ? "registrar  " : "登记员  ");
        text_put_hex(&text, span_of(founding->people[0].staff, LIMIT_ID_SIZE));
        buf_put_format(&text, "  %s\n", founding->people[0].name);
        buf_put_text(&text, cli_is_english(cli) ? "leader  " : "负责人  ");
        text_put_hex(&text, span_of(founding->people[1].staff, LIMIT_ID_SIZE));
        buf_put_format(&text, "  %s", founding->people[1].name);
    }
    (void)printf("%s\n", buf_text(&text));
    buf_done(&text);
}

static int found_in(struct cli *cli, const struct folder *folder,
                    const struct found_options *options)
{
    struct founding founding = {.folder = folder};
    enum err err = folder_store(folder, &founding.publisher.kv);
    if (err == ERR_NONE) {
        err = folder_hub(folder, founding.publisher.kv, &founding.publisher.hub);
    }
    if (err == ERR_NONE) {
        err = found(&founding, options);
    }
    if (err == ERR_NONE) {
        show_people(cli, &founding);
    }
    keyring_free(founding.people[0].keyring);
    keyring_free(founding.people[1].keyring);
    hub_close(founding.publisher.hub);
    kv_close(founding.publisher.kv);
    return err == ERR_NONE ? CLI_OK : cli_fail_err(cli, err, "found");
}

int setup_found(struct cli *cli, int argc, char **argv)
{
    struct found_options options = {NULL, NULL, NULL, NULL, 0};
    struct folder folder;
    int code = 0;
    if (!cli_parse(cli, &found_argp, argc, argv, &options, &code)) {
        return code;
    }
    if (options.leader == NULL || options.registrar == NULL || options.leader_password == NULL ||
        options.registrar_password == NULL) {
        return cli_fail(cli, CLI_USAGE, "要有 --leader、--registrar 和两个口令文件",
                        "--leader, --registrar and both password files are needed");
    }
    clock_set_offset_ms(options.clock_offset_ms);
    code = folder_open(cli, &folder);
    if (code == 0) {
        code = found_in(cli, &folder, &options);
    }
    folder_close(&folder);
    return code;
}
