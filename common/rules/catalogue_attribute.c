#include "base/text.h"
#include "rules/catalogue_parse.h"

static bool read_word(enum catalogue_list list, struct span text, int32_t *ret_value) {
    return catalogue_word_find(list, text, ret_value) == ERR_NONE;
}

/* "10 wd", "3 d"; never 0. */
static bool read_limit(struct span text, struct deadline_limit *ret_limit) {
    struct span number = text_take_word(&text);
    uint64_t count = 0;
    int32_t unit = 0;
    if (text_get_number(number, DEADLINE_COUNT_MAX, &count) != ERR_NONE || count == 0 ||
        !read_word(CATALOGUE_LIST_UNIT, text, &unit)) {
        return false;
    }
    *ret_limit = (struct deadline_limit){(uint32_t)count, (enum deadline_unit)unit};
    return true;
}

/* "12.50": yuan with exactly two decimals. */
static bool read_money(struct span text, uint64_t *ret_minor) {
    struct span yuan = text_take_until(&text, '.');
    uint64_t whole = 0;
    bool cents = text.size == 2 && text.data[0] >= '0' && text.data[0] <= '9' &&
                 text.data[1] >= '0' && text.data[1] <= '9';
    if (!cents || text_get_number(yuan, 10000000, &whole) != ERR_NONE) {
        return false;
    }
    *ret_minor = whole * 100 + (uint64_t)(text.data[0] - '0') * 10 + (uint64_t)(text.data[1] - '0');
    return true;
}

/* --- single attributes --- */

static bool read_stage(struct catalogue_reader *reader, struct span text) {
    struct catalogue_item *item = reader->item;
    struct catalogue_stage stage = {.name_zh = "", .name_en = "", .source = ""};
    struct span limit = text_take_until(&text, '|');
    struct span second = text_take_until(&text, '|');
    bool named = text.size > 0;
    if (item->stage_count == CATALOGUE_STAGE_COUNT || second.size == 0 ||
        !read_limit(limit, &stage.limit) ||
        (named && !catalogue_names_read(reader, second, &stage.name_zh, &stage.name_en))) {
        return false;
    }
    stage.source = catalogue_text_keep(reader, named ? text : second);
    item->stage[item->stage_count++] = stage;
    return true;
}

static bool read_tiers(struct span text, uint32_t *ret_tiers) {
    uint32_t tiers = 0;
    while (text.size > 0) {
        int32_t tier = 0;
        if (!read_word(CATALOGUE_LIST_TIER, text_take_word(&text), &tier)) {
            return false;
        }
        tiers |= (uint32_t)tier;
    }
    *ret_tiers = tiers;
    return tiers != 0;
}

static bool read_share(struct span text, uint8_t ret_share[3]) {
    uint64_t sum = 0;
    for (int i = 0; i < 3; i++) {
        uint64_t part = 0;
        if (text_get_number(text_take_word(&text), 100, &part) != ERR_NONE) {
            return false;
        }
        ret_share[i] = (uint8_t)part;
        sum += part;
    }
    return sum == 100 && text.size == 0;
}

static bool read_departments(struct catalogue_item *item, struct span text) {
    while (text.size > 0) {
        if (item->department_count == CATALOGUE_DEPARTMENT_COUNT ||
            !catalogue_code_read(text_take_word(&text), item->department[item->department_count])) {
            return false;
        }
        item->department_count++;
    }
    return item->department_count > 0;
}

static bool read_fee(struct catalogue_reader *reader, struct span text) {
    struct catalogue_item *item = reader->item;
    int32_t fee = 0;
    if (!read_word(CATALOGUE_LIST_FEE, text_take_word(&text), &fee)) {
        return false;
    }
    item->fee = (enum catalogue_fee)fee;
    if (item->fee != CATALOGUE_FEE_STATUTORY) {
        return text.size == 0;
    }
    struct span amount = text_take_until(&text, '|');
    item->fee_basis = catalogue_text_keep(reader, text);
    return text.size > 0 && read_money(amount, &item->fee_minor);
}

/* Where a text attribute is kept; NULL when the attribute is no plain text. */
static const char **text_slot(struct catalogue_item *item, enum catalogue_attribute attribute) {
    const struct {
        enum catalogue_attribute attribute;
        const char **slot;
    } slots[] = {
        {CATALOGUE_ATTRIBUTE_WINDOW, &item->window},
        {CATALOGUE_ATTRIBUTE_BASIS, &item->basis},
        {CATALOGUE_ATTRIBUTE_CONDITION, &item->condition},
        {CATALOGUE_ATTRIBUTE_GROUPS, &item->groups},
        {CATALOGUE_ATTRIBUTE_REMEDY, &item->remedy},
        {CATALOGUE_ATTRIBUTE_RESULT, &item->result},
        {CATALOGUE_ATTRIBUTE_WHERE, &item->where},
        {CATALOGUE_ATTRIBUTE_GUIDE, &item->guide},
    };
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        if (slots[i].attribute == attribute) {
            return slots[i].slot;
        }
    }
    return NULL;
}

static bool *flag_slot(struct catalogue_item *item, enum catalogue_attribute attribute) {
    const struct {
        enum catalogue_attribute attribute;
        bool *slot;
    } slots[] = {
        {CATALOGUE_ATTRIBUTE_WORK_LOG, &item->work_log},
        {CATALOGUE_ATTRIBUTE_PROXY, &item->proxy},
        {CATALOGUE_ATTRIBUTE_IN_PERSON, &item->in_person},
        {CATALOGUE_ATTRIBUTE_HOME_VISIT, &item->home_visit},
        {CATALOGUE_ATTRIBUTE_MANUAL, &item->manual_possible},
    };
    for (size_t i = 0; i < sizeof slots / sizeof slots[0]; i++) {
        if (slots[i].attribute == attribute) {
            return slots[i].slot;
        }
    }
    return NULL;
}

/* Attributes that are one word of a closed list. */
static bool read_choice(struct catalogue_item *item, enum catalogue_attribute attribute,
                        struct span text) {
    int32_t value = 0;
    bool known = false;
    if (attribute == CATALOGUE_ATTRIBUTE_CLASS) {
        known = read_word(CATALOGUE_LIST_CLASS, text, &value);
        item->class = (enum catalogue_class)value;
    } else if (attribute == CATALOGUE_ATTRIBUTE_KIND) {
        known = read_word(CATALOGUE_LIST_KIND, text, &value);
        item->kind = (enum catalogue_kind)value;
    } else if (attribute == CATALOGUE_ATTRIBUTE_ROUTE) {
        known = read_word(CATALOGUE_LIST_ROUTE, text, &value);
        item->route = (enum catalogue_route)value;
    } else if (attribute == CATALOGUE_ATTRIBUTE_STATUS) {
        known = read_word(CATALOGUE_LIST_STATUS, text, &value);
        item->status = (enum catalogue_status)value;
    }
    return known;
}

bool catalogue_attribute_read(struct catalogue_reader *reader, enum catalogue_attribute attribute,
                              struct span text) {
    struct catalogue_item *item = reader->item;
    const char **slot = text_slot(item, attribute);
    bool *flag = flag_slot(item, attribute);
    int32_t value = 0;
    if (slot != NULL) {
        *slot = catalogue_text_keep(reader, text);
        return text.size > 0;
    }
    if (flag != NULL) {
        bool known = read_word(CATALOGUE_LIST_FLAG, text, &value);
        *flag = value != 0;
        return known;
    }
    if (attribute == CATALOGUE_ATTRIBUTE_NAME) {
        return catalogue_names_read(reader, text, &item->name_zh, &item->name_en);
    }
    if (attribute == CATALOGUE_ATTRIBUTE_DECIDES) {
        return read_tiers(text, &item->decides);
    }
    if (attribute == CATALOGUE_ATTRIBUTE_LIMIT) {
        return read_stage(reader, text);
    }
    if (attribute == CATALOGUE_ATTRIBUTE_STATUTORY) {
        return read_limit(text, &item->statutory);
    }
    if (attribute == CATALOGUE_ATTRIBUTE_FORWARD) {
        return read_limit(text, &item->forward);
    }
    if (attribute == CATALOGUE_ATTRIBUTE_SHARE) {
        return read_share(text, item->share_percent);
    }
    if (attribute == CATALOGUE_ATTRIBUTE_DEPARTMENTS) {
        return read_departments(item, text);
    }
    if (attribute == CATALOGUE_ATTRIBUTE_FEE) {
        return read_fee(reader, text);
    }
    if (attribute == CATALOGUE_ATTRIBUTE_VALID_FROM) {
        return civil_day_parse(text, &item->valid_from_day) == ERR_NONE;
    }
    return read_choice(item, attribute, text);
}
