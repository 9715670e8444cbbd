#include "transitions_world.h"

#include "base/text.h"
#include "rules/machines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct actor world_actors[] = {
    {"worker", TIER_STATION, 1, 1, ROLE_WORKER},
    {"worker2", TIER_STATION, 1, 2, ROLE_WORKER},
    {"duty", TIER_STATION, 1, 3, ROLE_DUTY},
    {"bpost", TIER_STATION, 1, 4, ROLE_AB_POST},
    {"windowhead", TIER_STATION, 1, 5, ROLE_WINDOW_HEAD},
    {"head", TIER_STATION, 1, 6, ROLE_STATION_HEAD},
    {"agent", TIER_STATION, 1, 7, ROLE_AGENT},
    {"agent2", TIER_STATION, 1, 8, ROLE_AGENT},
    {"guide", TIER_STATION, 1, 9, ROLE_GUIDE},
    {"committee", TIER_STATION, 1, 10, ROLE_COMMITTEE},
    {"leader", TIER_STATION, 1, 11, ROLE_LINE_LEADER},
    {"custodian", TIER_STATION, 1, 12, ROLE_CUSTODIAN},
    {"device", TIER_STATION, 1, 0, ROLE_DEVICE},
    {"headworker", TIER_STATION, 1, 13, ROLE_STATION_HEAD | ROLE_WORKER},
    {"far", TIER_STATION, 2, 21, ROLE_WORKER | ROLE_STATION_HEAD},
    {"clerk", TIER_HUB, 0, 31, ROLE_HUB_OPERATOR},
    {"clerk2", TIER_HUB, 0, 32, ROLE_HUB_OPERATOR},
    {"director", TIER_HUB, 0, 33, ROLE_HUB_LEADER},
    {"hubagent", TIER_HUB, 0, 34, ROLE_AGENT},
    {"auditor", TIER_HUB, 0, 35, ROLE_AUDITOR},
    {"discipline", TIER_STATION, 1, 14, ROLE_DISCIPLINE},
    {"discipline2", TIER_STATION, 1, 15, ROLE_DISCIPLINE},
    {"integrity", TIER_STATION, 1, 16, ROLE_INTEGRITY},
    {"technician", TIER_STATION, 1, 17, ROLE_TECHNICIAN},
    {"dutyleader", TIER_STATION, 1, 18, ROLE_DUTY_LEADER},
    {"groupleader", TIER_STATION, 1, 19, ROLE_GROUP_LEADER},
    {"upper", TIER_HUB, 0, 37, ROLE_UPPER_DISCIPLINE},
    {"desk", TIER_HUB, 0, 38, ROLE_COMPLAINT_DESK},
    {"appraiser", TIER_HUB, 0, 39, ROLE_APPRAISER},
    {"district", TIER_HUB, 0, 40, ROLE_DISTRICT},
    {"government", TIER_HUB, 0, 41, ROLE_GOVERNMENT},
    {"nowhere", TIER_NONE, 0, 36, ROLE_WORKER},
};

/* --- files --- */

static void world_refused(const struct text_errors *errors, const char *name)
{
    const char *const names[TEXT_FILE_COUNT] = {name, name};
    struct buf text;
    buf_init(&text, LIMIT_TEXT_FILE_SIZE);
    text_errors_print(errors, names, &text);
    (void)fprintf(stderr, "%s", buf_text(&text));
    _Exit(2);
}

static void world_read_calendar(struct world *world, const char *deploy)
{
    static const char *const names[] = {"calendar/cn-2025.txt", "calendar/cn-2026.txt"};
    enum { FILES = sizeof names / sizeof *names };
    struct text_errors errors;
    struct buf texts[FILES];
    struct span files[FILES];
    for (size_t i = 0; i < FILES; i++) {
        buf_init(&texts[i], LIMIT_TEXT_FILE_SIZE);
        cases_read_file(deploy, span_text(names[i]), &texts[i]);
        files[i] = buf_span(&texts[i]);
    }
    text_errors_init(&errors);
    if (calendar_parse(files, FILES, &world->calendar, &errors) != ERR_NONE) {
        world_refused(&errors, "calendar");
    }
    for (size_t i = 0; i < FILES; i++) {
        buf_done(&texts[i]);
    }
}

static void world_read_catalogue(struct world *world, const char *deploy, const char *own)
{
    enum { FILES = 2 };
    struct text_errors errors;
    struct buf texts[FILES];
    struct span files[FILES];
    for (size_t i = 0; i < FILES; i++) {
        buf_init(&texts[i], LIMIT_TEXT_FILE_SIZE);
    }
    cases_read_file(deploy, span_text("catalogue/catalogue.txt"), &texts[0]);
    cases_read_file("", span_text(own), &texts[1]);
    for (size_t i = 0; i < FILES; i++) {
        files[i] = buf_span(&texts[i]);
    }
    text_errors_init(&errors);
    if (catalogue_parse(files, FILES, &world->catalogue, &errors) != ERR_NONE) {
        world_refused(&errors, "catalogue");
    }
    for (size_t i = 0; i < FILES; i++) {
        buf_done(&texts[i]);
    }
}

void world_open(struct world *world, const char *deploy, const char *own_items)
{
    *world = (struct world){0};
    buf_init(&world->policy_text, LIMIT_TEXT_FILE_SIZE);
    buf_init(&world->policy_now, LIMIT_TEXT_FILE_SIZE);
    buf_init(&world->policy_shipped, LIMIT_TEXT_FILE_SIZE);
    cases_read_file(deploy, span_text("policy/policy.txt"), &world->policy_text);
    buf_put_span(&world->policy_shipped, buf_span(&world->policy_text));
    world_read_catalogue(world, deploy, own_items);
    world_read_calendar(world, deploy);
    world->records = calloc(WORLD_RECORDS, sizeof *world->records);
    if (world->records == NULL) {
        _Exit(2);
    }
    world_reset(world);
}

void world_close(struct world *world)
{
    policy_free(world->policy);
    catalogue_free(world->catalogue);
    calendar_free(world->calendar);
    free(world->records);
    buf_done(&world->policy_text);
    buf_done(&world->policy_now);
    buf_done(&world->policy_shipped);
}

static bool world_parse_policy(struct world *world, struct span text)
{
    struct policy *policy = NULL;
    struct text_errors errors;
    text_errors_init(&errors);
    if (policy_parse(text, &policy, &errors) != ERR_NONE) {
        return false;
    }
    policy_free(world->policy);
    world->policy = policy;
    return true;
}

void world_reset(struct world *world)
{
    world->record_count = 0;
    world->own_seq = 0;
    buf_clear(&world->policy_now);
    buf_put_span(&world->policy_now, buf_span(&world->policy_text));
    if (!world_parse_policy(world, buf_span(&world->policy_text))) {
        (void)fprintf(stderr, "policy: refused\n");
        _Exit(2);
    }
}

/* text with the line of name replaced; false: there is no such line, or the whole is refused. */
static bool world_replace(struct world *world, struct buf *text, struct span name,
                          struct span value)
{
    struct buf changed;
    struct text_lines lines;
    struct span line;
    bool found = false;
    buf_init(&changed, LIMIT_TEXT_FILE_SIZE);
    text_lines_init(&lines, buf_span(text), 0);
    while (text_lines_next(&lines, &line, NULL)) {
        struct span rest = line;
        if (span_equal(text_take_until(&rest, '='), name)) {
            buf_put_span(&changed, name);
            buf_put_text(&changed, " = ");
            line = value;
            found = true;
        }
        buf_put_span(&changed, line);
        buf_put_u8(&changed, '\n');
    }
    found = found && world_parse_policy(world, buf_span(&changed));
    if (found) {
        buf_clear(text);
        buf_put_span(text, buf_span(&changed));
    }
    buf_done(&changed);
    return found;
}

bool world_set_policy(struct world *world, struct span name, struct span value)
{
    return world_replace(world, &world->policy_now, name, value);
}

bool world_shift_policy(struct world *world, struct span name, struct span value)
{
    return world_replace(world, &world->policy_text, name, value);
}

/* "check.0402 = ..." is of heading 4, as "heading.04 = ..."; 0: another line. */
static size_t world_heading(struct span line)
{
    static const char *const prefixes[] = {"check.", "heading."};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t size = strlen(prefixes[i]);
        if (line.size > size + 2 && memcmp(line.data, prefixes[i], size) == 0) {
            return 10u * (line.data[size] - '0') + line.data[size + 1] - '0';
        }
    }
    return 0;
}

/* "check.0402 = zh / en | R61 R63 | D4": the second column lists the regimes. */
static bool world_carries(struct span line, const char *regime)
{
    if (line.size < 10 || memcmp(line.data, "check.", 6) != 0) {
        return false;
    }
    (void)text_take_until(&line, '|');
    struct span regimes = text_take_until(&line, '|');
    bool carries = false;
    while (regimes.size != 0) {
        carries = text_is(text_take_word(&regimes), regime) || carries;
    }
    return carries;
}

bool world_drop_questions(struct world *world, const char *regime)
{
    enum { HEADINGS = 100 };
    bool gone[HEADINGS] = {false}; /* a heading goes with its first question */
    struct buf changed;
    struct text_lines lines;
    struct span line;
    bool dropped = false;
    text_lines_init(&lines, buf_span(&world->policy_text), 0);
    while (text_lines_next(&lines, &line, NULL)) {
        bool carries = world_carries(line, regime);
        dropped = dropped || carries;
        if (carries && memcmp(line.data + 8, "01", 2) == 0) {
            gone[world_heading(line) % HEADINGS] = true;
        }
    }
    buf_init(&changed, LIMIT_TEXT_FILE_SIZE);
    text_lines_init(&lines, buf_span(&world->policy_text), 0);
    while (text_lines_next(&lines, &line, NULL)) {
        if (!world_carries(line, regime) && !gone[world_heading(line) % HEADINGS]) {
            buf_put_span(&changed, line);
            buf_put_u8(&changed, '\n');
        }
    }
    if (dropped) {
        buf_clear(&world->policy_text);
        buf_put_span(&world->policy_text, buf_span(&changed));
    }
    buf_done(&changed);
    return dropped;
}

void world_restore_policy(struct world *world)
{
    buf_clear(&world->policy_text);
    buf_put_span(&world->policy_text, buf_span(&world->policy_shipped));
    world_reset(world);
}

/* --- people and records --- */

const struct actor *world_actor(struct span name)
{
    for (size_t i = 0; i < sizeof world_actors / sizeof *world_actors; i++) {
        if (text_is(name, world_actors[i].name)) {
            return &world_actors[i];
        }
    }
    return NULL;
}

void world_staff_id(const struct actor *actor, uint8_t ret_id[LIMIT_ID_SIZE])
{
    memset(ret_id, actor->staff, LIMIT_ID_SIZE);
}

void world_device_id(const struct actor *actor, uint8_t ret_id[LIMIT_KEY_SIZE])
{
    memset(ret_id, actor->station == 0 ? 0xff : actor->station, LIMIT_KEY_SIZE);
}

struct world_record *world_record(struct world *world, struct span name)
{
    for (size_t i = 0; i < world->record_count; i++) {
        if (text_is(name, world->records[i].name)) {
            return &world->records[i];
        }
    }
    if (world->record_count == WORLD_RECORDS || name.size >= WORLD_NAME_SIZE) {
        return NULL;
    }
    struct world_record *made = &world->records[world->record_count++];
    memset(made, 0, sizeof *made);
    memcpy(made->name, name.data, name.size);
    memset(made->record.id, (int)world->record_count + 100, sizeof made->record.id);
    return made;
}

static const struct record *world_find_record(void *context, const uint8_t id[LIMIT_ID_SIZE])
{
    struct world *world = context;
    for (size_t i = 0; i < world->record_count; i++) {
        if (world->records[i].exists &&
            memcmp(world->records[i].record.id, id, LIMIT_ID_SIZE) == 0) {
            return &world->records[i].record;
        }
    }
    return NULL;
}

struct rule_world world_rules(struct world *world)
{
    return (struct rule_world){
        .policy = world->policy,
        .catalogue = world->catalogue,
        .calendar = world->calendar,
        .policy_edition = 1,
        .catalogue_edition = 1,
        .context = world,
        .find = world_find_record,
    };
}
