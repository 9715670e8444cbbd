#include "desk/inside.h"

#include <string.h>

enum { WHOLE_NUMBER_MAX = 0x7fffffff };

/* Entries of these lists are shown as objects. */
static const char *const list_prefixes[] = {"materials_", "papers_", "grants_", "heads_"};

/* Ids and keys: always hex; every other text is a code. */
static bool is_id(enum field field)
{
    static const uint16_t ids[] = {
        FIELD_receiver,  FIELD_case_record, FIELD_corrected, FIELD_contact,
        FIELD_approval,  FIELD_handler,     FIELD_children,  FIELD_principal,
        FIELD_delegate,  FIELD_agent,       FIELD_decider,   FIELD_first_responsible,
        FIELD_requester, FIELD_staff,       FIELD_device,    FIELD_station};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        if (ids[i] == field) {
            return true;
        }
    }
    return false;
}

/* Facts of which a record may have several: always a list. */
static bool is_list(enum field field)
{
    static const uint16_t lists[] = {FIELD_children,      FIELD_people,      FIELD_approval,
                                     FIELD_passed,        FIELD_extended_ms, FIELD_late_up_ms,
                                     FIELD_lapsed_due_day};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        if (lists[i] == field) {
            return true;
        }
    }
    return false;
}

static bool is_code(struct span text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e) {
            return false;
        }
    }
    return true;
}

static bool ends_with(const char *name, const char *tail)
{
    size_t size = strlen(name);
    size_t tail_size = strlen(tail);
    return size >= tail_size && strcmp(name + size - tail_size, tail) == 0;
}

void desk_member_name(const char *name, char ret[DESK_MEMBER_SIZE])
{
    size_t size = 0;
    bool up = false;
    for (; *name != 0 && size + 1 < DESK_MEMBER_SIZE; name++) {
        if (*name == '_') {
            up = true;
            continue;
        }
        ret[size++] = (char)(up && *name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name);
        up = false;
    }
    ret[size] = 0;
}

static void put_value(struct json_text *json, const char *name, const struct value *value)
{
    const char *field = field_name((enum field)value->field);
    if (value->type == VALUE_BYTES) {
        if (is_id((enum field)value->field) || !is_code(value->bytes)) {
            json_text_hex(json, name, value->bytes);
        } else {
            json_text_span(json, name, value->bytes);
        }
    } else if (ends_with(field, "_day") && value->number <= CIVIL_DAY_MAX) {
        json_text_day(json, name, (int64_t)value->number);
    } else if (ends_with(field, "_ms")) {
        json_text_ms(json, name, value->number);
    } else if (value->number <= WHOLE_NUMBER_MAX) {
        json_text_number(json, name, (int64_t)value->number);
    } else {
        json_text_big(json, name, value->number);
    }
}

/* The list a field is an entry's member of, NULL: none. */
static const char *list_of(enum field field)
{
    const char *name = field_name(field);
    for (size_t i = 0; name != NULL && i < sizeof list_prefixes / sizeof *list_prefixes; i++) {
        if (strncmp(name, list_prefixes[i], strlen(list_prefixes[i])) == 0) {
            return list_prefixes[i];
        }
    }
    return NULL;
}

static void put_entry(struct json_text *json, const struct values *facts, const char *prefix,
                      uint16_t place)
{
    char name[DESK_MEMBER_SIZE];
    json_text_open(json, NULL);
    for (size_t i = 0; i < facts->count; i++) {
        const struct value *value = &facts->value[i];
        if (value->place == place && list_of((enum field)value->field) == prefix) {
            desk_member_name(field_name((enum field)value->field) + strlen(prefix), name);
            put_value(json, name, value);
        }
    }
    json_text_close(json);
}

static void put_lists(struct json_text *json, const struct values *facts)
{
    char name[DESK_MEMBER_SIZE];
    for (size_t i = 0; i < sizeof list_prefixes / sizeof *list_prefixes; i++) {
        uint16_t places = 0;
        for (size_t k = 0; k < facts->count; k++) {
            const struct value *value = &facts->value[k];
            if (list_of((enum field)value->field) == list_prefixes[i] && value->place >= places) {
                places = (uint16_t)(value->place + 1);
            }
        }
        if (places == 0) {
            continue;
        }
        desk_member_name(list_prefixes[i], name);
        json_text_open_list(json, name);
        for (uint16_t place = 0; place < places; place++) {
            put_entry(json, facts, list_prefixes[i], place);
        }
        json_text_close_list(json);
    }
}

void desk_put_facts(struct json_text *json, const char *name, const struct values *facts)
{
    char member[DESK_MEMBER_SIZE];
    json_text_open(json, name);
    for (size_t i = 0; i < facts->count; i++) {
        const struct value *value = &facts->value[i];
        enum field field = (enum field)value->field;
        if (field_name(field) == NULL || list_of(field) != NULL || field == FIELD_verb) {
            continue;
        }
        desk_member_name(field_name(field), member);
        if (!is_list(field)) {
            put_value(json, member, value);
            continue;
        }
        if (value->place == 0) {
            json_text_open_list(json, member);
        }
        put_value(json, NULL, value);
        if (i + 1 == facts->count || facts->value[i + 1].field != value->field) {
            json_text_close_list(json);
        }
    }
    put_lists(json, facts);
    json_text_close(json);
}
