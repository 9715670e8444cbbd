#ifndef JIELI_RULES_CATALOGUE_PARSE_H
#define JIELI_RULES_CATALOGUE_PARSE_H

#include "rules/catalogue.h"

/* Only for catalogue*.c. */

struct catalogue {
    char *pool; /* all texts, NUL-terminated */
    size_t pool_used;
    size_t pool_size;
    size_t item_count;
    struct catalogue_item items[]; /* by rising code */
};

struct catalogue_attribute_rule {
    const char *english;
    const char *chinese;
    bool required;
    const char *hint; /* what the value looks like, in both languages */
};

extern const struct catalogue_attribute_rule catalogue_attribute_rules[CATALOGUE_ATTRIBUTE_COUNT];

enum catalogue_list {
    CATALOGUE_LIST_CLASS,
    CATALOGUE_LIST_KIND,
    CATALOGUE_LIST_TIER,
    CATALOGUE_LIST_ROUTE,
    CATALOGUE_LIST_FORM,
    CATALOGUE_LIST_STATUS,
    CATALOGUE_LIST_FEE,
    CATALOGUE_LIST_UNIT,
    CATALOGUE_LIST_FLAG
};

/* ERR_NOT_FOUND when text is no word of that list. */
MUST_USE enum err catalogue_word_find(enum catalogue_list list, struct span text,
                                      int32_t *ret_value);

struct catalogue_reader {
    struct catalogue *catalogue;
    struct text_errors *errors;
    struct text_place place;
    bool in_common;
    bool spoiled;                /* this section's heading was wrong: its lines are skipped */
    struct catalogue_item *item; /* NULL before the first heading and in [common] */
    struct text_place heading;   /* of the item */
    uint32_t seen;               /* bits 1 << catalogue_attribute of the item */
    uint32_t common_count;
    struct catalogue_material common[CATALOGUE_MATERIAL_COUNT];
};

/* Copies text into the pool. */
const char *catalogue_text_keep(struct catalogue_reader *reader, struct span text);
/* Upper-case letters, digits, "-" and "_", shorter than LIMIT_CODE_SIZE. */
bool catalogue_code_read(struct span text, char ret_code[LIMIT_CODE_SIZE]);
/* "中文 / English"; both must be there. */
bool catalogue_names_read(struct catalogue_reader *reader, struct span text, const char **ret_zh,
                          const char **ret_en);
/* One attribute of reader->item; false: not what its hint says. */
bool catalogue_attribute_read(struct catalogue_reader *reader, enum catalogue_attribute attribute,
                              struct span text);
/* What a whole item must fulfil beyond its single lines. */
void catalogue_item_check(const struct catalogue_item *item, uint32_t seen, struct text_place place,
                          struct text_errors *errors);

#endif
