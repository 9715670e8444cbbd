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

struct word {
    enum field field;
    const char *word;
    uint64_t number;
};

static const struct word world_words[] = {
    {FIELD_channel, "visit", 1},
    {FIELD_channel, "phone", 2},
    {FIELD_channel, "letter", 3},
    {FIELD_mode, "written", CASE_MODE_WRITTEN},
    {FIELD_mode, "oral", CASE_MODE_ORAL},
    {FIELD_mode, "phone", CASE_MODE_TELEPHONE},
    {FIELD_remedies, "review", CASE_REMEDY_REVIEW},
    {FIELD_remedies, "both", CASE_REMEDY_REVIEW | CASE_REMEDY_LITIGATION},
    {FIELD_decision, "approved", CASE_DECISION_APPROVED},
    {FIELD_decision, "refused", CASE_DECISION_REFUSED},
    {FIELD_correction, "person", CASE_CORRECTION_PERSON},
    {FIELD_correction, "item", CASE_CORRECTION_ITEM},
    {FIELD_correction, "material", CASE_CORRECTION_MATERIAL},
    {FIELD_correction, "date", CASE_CORRECTION_DATE},
    {FIELD_order, "sequence", CASE_ORDER_SEQUENCE},
    {FIELD_order, "parallel", CASE_ORDER_PARALLEL},
    {FIELD_kind, "withdrawal", REQUEST_WITHDRAWAL},
    {FIELD_kind, "extension", REQUEST_EXTENSION},
    {FIELD_kind, "hurry", REQUEST_HURRY},
    {FIELD_kind, "text", 1},
    {FIELD_kind, "call", 2},
    {FIELD_materials_status, "present", MATERIAL_STATUS_PRESENT},
    {FIELD_materials_status, "missing", MATERIAL_STATUS_MISSING},
    {FIELD_materials_status, "defective", MATERIAL_STATUS_DEFECTIVE},
    {FIELD_materials_status, "shown", MATERIAL_STATUS_SHOWN},
    {FIELD_materials_form, "original", MATERIAL_FORM_ORIGINAL},
    {FIELD_materials_form, "copy", MATERIAL_FORM_COPY},
    {FIELD_materials_form, "electronic", MATERIAL_FORM_ELECTRONIC},
    {FIELD_papers_holder, "applicant", PAPER_HOLDER_APPLICANT},
    {FIELD_papers_holder, "station", PAPER_HOLDER_STATION},
    {FIELD_papers_holder, "agent", PAPER_HOLDER_AGENT},
    {FIELD_papers_holder, "hub", PAPER_HOLDER_HUB},
    {FIELD_papers_holder, "district", PAPER_HOLDER_DISTRICT},
    {FIELD_papers_holder, "courier", PAPER_HOLDER_COURIER},
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
    cases_read_file(deploy, span_text("policy/policy.txt"), &world->policy_text);
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

/* The policy in force with the one line of name replaced. */
bool world_set_policy(struct world *world, struct span name, struct span value)
{
    struct buf text;
    struct text_lines lines;
    struct span line;
    bool found = false;
    buf_init(&text, LIMIT_TEXT_FILE_SIZE);
    text_lines_init(&lines, buf_span(&world->policy_now), 0);
    while (text_lines_next(&lines, &line, NULL)) {
        struct span rest = line;
        if (span_equal(text_take_until(&rest, '='), name)) {
            buf_put_span(&text, name);
            buf_put_text(&text, " = ");
            line = value;
            found = true;
        }
        buf_put_span(&text, line);
        buf_put_u8(&text, '\n');
    }
    found = found && world_parse_policy(world, buf_span(&text));
    if (found) {
        buf_clear(&world->policy_now);
        buf_put_span(&world->policy_now, buf_span(&text));
    }
    buf_done(&text);
    return found;
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

/* --- facts --- */

static bool world_number(enum field field, struct span text, uint64_t *ret_number)
{
    for (size_t i = 0; i < sizeof world_words / sizeof *world_words; i++) {
        if (world_words[i].field == field && text_is(text, world_words[i].word)) {
            *ret_number = world_words[i].number;
            return true;
        }
    }
    return text_get_number(text, UINT64_MAX, ret_number) == ERR_NONE;
}

static bool world_moment(enum field field, struct span text, uint64_t *ret_number)
{
    const char *name = field_name(field);
    size_t size = strlen(name);
    char minutes[CIVIL_TIME_SIZE];
    int32_t day = 0;
    if (size > 4 && strcmp(name + size - 4, "_day") == 0 &&
        civil_day_parse(text, &day) == ERR_NONE) {
        *ret_number = (uint64_t)day;
        return true;
    }
    if (size <= 3 || strcmp(name + size - 3, "_ms") != 0 || text.size != CIVIL_TIME_SIZE - 1) {
        return false;
    }
    memcpy(minutes, text.data, text.size);
    minutes[10] = ' ';
    return civil_time_parse(span_of(minutes, text.size), ret_number) == ERR_NONE;
}

/* "CODE:status/form!reason"; form and reason may be left out. */
static bool world_material(struct span text, uint16_t place, struct values *facts)
{
    uint64_t number = 0;
    struct span code = text_take_until(&text, ':');
    struct span rest = text_take_until(&text, '!');
    struct span status = text_take_until(&rest, '/');
    values_set_bytes(facts, FIELD_materials_code, place, code);
    values_set_bytes(facts, FIELD_materials_reason, place, text);
    if (!world_number(FIELD_materials_status, status, &number)) {
        return false;
    }
    values_set_number(facts, FIELD_materials_status, place, number);
    if (rest.size != 0 && world_number(FIELD_materials_form, rest, &number)) {
        values_set_number(facts, FIELD_materials_form, place, number);
    }
    return true;
}

static void world_all_materials(const struct catalogue_item *item, struct values *facts)
{
    for (uint16_t i = 0; item != NULL && i < item->material_count; i++) {
        const struct catalogue_material *material = &item->material[i];
        bool shown = material->form == CATALOGUE_SHOWN;
        values_set_bytes(facts, FIELD_materials_code, i, span_text(material->code));
        values_set_number(facts, FIELD_materials_status, i,
                          shown ? MATERIAL_STATUS_SHOWN : MATERIAL_STATUS_PRESENT);
        if (!shown) {
            values_set_number(facts, FIELD_materials_form, i, (uint64_t)material->form);
        }
        values_set_number(facts, FIELD_materials_pages, i, 1);
    }
}

/* "CODE:holder/pages"; pages may be left out. */
static bool world_paper(struct span text, uint16_t place, struct values *facts)
{
    uint64_t number = 0;
    values_set_bytes(facts, FIELD_papers_code, place, text_take_until(&text, ':'));
    if (!world_number(FIELD_papers_holder, text_take_until(&text, '/'), &number)) {
        return false;
    }
    values_set_number(facts, FIELD_papers_holder, place, number);
    if (text.size != 0 && text_get_number(text, UINT64_MAX, &number) == ERR_NONE) {
        values_set_number(facts, FIELD_papers_pages, place, number);
    }
    return true;
}

static bool world_each(struct span list, struct values *facts,
                       bool (*put)(struct span text, uint16_t place, struct values *facts))
{
    bool good = true;
    for (uint16_t place = 0; good && list.size != 0; place++) {
        good = put(text_take_until(&list, ','), place, facts);
    }
    return good;
}

static bool world_children(struct world *world, struct span list, struct values *facts)
{
    for (uint16_t place = 0; list.size != 0; place++) {
        struct world_record *child = world_record(world, text_take_until(&list, ','));
        if (child == NULL) {
            return false;
        }
        values_set_bytes(facts, FIELD_children, place,
                         span_of(child->record.id, sizeof child->record.id));
    }
    return true;
}

static bool world_is_record(enum field field)
{
    return field == FIELD_contact || field == FIELD_case_record || field == FIELD_approval ||
           field == FIELD_subject;
}

static bool world_is_staff(enum field field)
{
    static const enum field people[] = {
        FIELD_handler, FIELD_receiver,          FIELD_principal, FIELD_delegate, FIELD_agent,
        FIELD_decider, FIELD_first_responsible, FIELD_requester, FIELD_accused,  FIELD_witness,
    };
    for (size_t i = 0; i < sizeof people / sizeof *people; i++) {
        if (people[i] == field) {
            return true;
        }
    }
    return false;
}

static bool world_bytes(struct world *world, enum field field, struct span value,
                        struct values *facts)
{
    uint8_t id[LIMIT_KEY_SIZE];
    struct span bytes = value;
    if (world_is_record(field)) {
        struct world_record *named = world_record(world, value);
        if (named == NULL) {
            return false;
        }
        bytes = span_of(named->record.id, sizeof named->record.id);
    } else if (world_is_staff(field) || field == FIELD_station) {
        const struct actor *actor = world_actor(value);
        if (actor == NULL) {
            return false;
        }
        world_staff_id(actor, id);
        bytes = span_of(id, LIMIT_ID_SIZE);
        if (field == FIELD_station) {
            world_device_id(actor, id);
            bytes = span_of(id, LIMIT_KEY_SIZE);
        }
    } else if (field == FIELD_corrected) {
        bytes = span_of(world->last_event, sizeof world->last_event);
    }
    values_set_bytes(facts, field, 0, bytes);
    return true;
}

bool world_fact(struct world *world, const struct catalogue_item *item, struct span key,
                struct span value, struct values *facts)
{
    uint64_t number = 0;
    if (text_is(key, "materials")) {
        if (text_is(value, "all")) {
            world_all_materials(item, facts);
            return item != NULL;
        }
        return world_each(value, facts, world_material);
    }
    if (text_is(key, "papers")) {
        return world_each(value, facts, world_paper);
    }
    if (text_is(key, "children")) {
        return world_children(world, value, facts);
    }
    enum field field = field_by_name(key);
    if (field == FIELD_END) {
        return false;
    }
    if (field_type(field) == VALUE_BYTES) {
        return world_bytes(world, field, value, facts);
    }
    if (!world_moment(field, value, &number) && !world_number(field, value, &number)) {
        return false;
    }
    values_set_number(facts, field, 0, number);
    return true;
}
