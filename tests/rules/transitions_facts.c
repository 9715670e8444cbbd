#include "base/text.h"
#include "rules/checklist.h"
#include "rules/machines.h"
#include "transitions_world.h"

#include <string.h>

/* "key=value" of a script's line as a fact. */

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

static bool world_people(struct span list, struct values *facts)
{
    for (uint16_t place = 0; list.size != 0; place++) {
        uint8_t id[LIMIT_ID_SIZE];
        const struct actor *actor = world_actor(text_take_until(&list, ','));
        if (actor == NULL) {
            return false;
        }
        world_staff_id(actor, id);
        values_set_bytes(facts, FIELD_people, place, span_of(id, sizeof id));
    }
    return true;
}

/* "heading.question:answer@measure!reason"; question, measure and reason may be left out. */
static bool world_line(struct span text, uint16_t place, struct values *facts)
{
    static const enum field fields[] = {FIELD_lines_heading, FIELD_lines_question,
                                        FIELD_lines_answer, FIELD_lines_measure};
    struct span rest = text_take_until(&text, '!');
    struct span asked = text_take_until(&rest, ':');
    struct span words[sizeof fields / sizeof *fields];
    words[0] = text_take_until(&asked, '.');
    words[1] = asked;
    words[2] = text_take_until(&rest, '@');
    words[3] = rest;
    values_set_bytes(facts, FIELD_lines_reason, place, text);
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        uint64_t number = 0;
        if (words[i].size != 0 && text_get_number(words[i], UINT64_MAX, &number) != ERR_NONE) {
            return false;
        }
        values_set_number(facts, fields[i], place, number);
    }
    return words[0].size != 0;
}

/* Yes to each heading that a full inspection must answer. */
static bool world_all_lines(const struct world *world, struct values *facts)
{
    const struct checklist *checklist = policy_checklist(world->policy);
    uint16_t place = 0;
    for (uint32_t number = 1; number <= CHECKLIST_HEADINGS; number++) {
        const struct checklist_heading *heading = checklist_heading(checklist, number);
        if (heading != NULL && heading->full) {
            values_set_number(facts, FIELD_lines_heading, place, number);
            values_set_number(facts, FIELD_lines_answer, place, 1);
            place++;
        }
    }
    return place != 0;
}

/* "post:person@section"; a part may be left out. */
static bool world_post(struct span text, uint16_t place, struct values *facts)
{
    uint8_t id[LIMIT_ID_SIZE];
    values_set_bytes(facts, FIELD_posts_code, place, text_take_until(&text, ':'));
    const struct actor *actor = world_actor(text_take_until(&text, '@'));
    if (actor != NULL) {
        world_staff_id(actor, id);
        values_set_bytes(facts, FIELD_posts_staff, place, span_of(id, sizeof id));
    }
    values_set_bytes(facts, FIELD_posts_department, place, text);
    return true;
}

static bool world_is_record(enum field field)
{
    return field == FIELD_contact || field == FIELD_case_record || field == FIELD_approval ||
           field == FIELD_subject || field == FIELD_training;
}

static bool world_is_staff(enum field field)
{
    static const enum field people[] = {
        FIELD_handler,
        FIELD_receiver,
        FIELD_principal,
        FIELD_delegate,
        FIELD_agent,
        FIELD_decider,
        FIELD_first_responsible,
        FIELD_requester,
        FIELD_accused,
        FIELD_witness,
        FIELD_cover,
        FIELD_leader,
        FIELD_staff,
        FIELD_assessor,
        FIELD_posts_staff,
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
    } else if (field == FIELD_corrected || field == FIELD_hash) {
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
    if (text_is(key, "lines")) {
        return text_is(value, "all") ? world_all_lines(world, facts)
                                     : world_each(value, facts, world_line);
    }
    if (text_is(key, "posts")) {
        return world_each(value, facts, world_post);
    }
    if (text_is(key, "people")) {
        return world_people(value, facts);
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
