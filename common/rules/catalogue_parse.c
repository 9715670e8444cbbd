#include "rules/catalogue_parse.h"

#include "base/text.h"

#include <stdlib.h>
#include <string.h>

/* --- texts and codes --- */

const char *catalogue_text_keep(struct catalogue_reader *reader, struct span text) {
    struct catalogue *catalogue = reader->catalogue;
    if (text.size == 0) {
        return "";
    }
    if (text.size >= catalogue->pool_size - catalogue->pool_used) {
        text_errors_add(reader->errors, reader->place, "文字过多 / too much text");
        return "";
    }
    char *start = catalogue->pool + catalogue->pool_used;
    memcpy(start, text.data, text.size);
    start[text.size] = 0;
    catalogue->pool_used += text.size + 1;
    return start;
}

bool catalogue_code_read(struct span text, char ret_code[LIMIT_CODE_SIZE]) {
    if (text.size == 0 || text.size >= LIMIT_CODE_SIZE) {
        return false;
    }
    for (size_t i = 0; i < text.size; i++) {
        uint8_t c = text.data[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!letter) {
            return false;
        }
    }
    memset(ret_code, 0, LIMIT_CODE_SIZE);
    memcpy(ret_code, text.data, text.size);
    return true;
}

bool catalogue_names_read(struct catalogue_reader *reader, struct span text, const char **ret_zh,
                          const char **ret_en) {
    for (size_t i = 1; i + 1 < text.size; i++) {
        if (memcmp(text.data + i - 1, " / ", 3) == 0) {
            struct span zh = text_trim(span_of(text.data, i - 1));
            struct span en = text_trim(span_of(text.data + i + 1, text.size - i - 1));
            *ret_zh = catalogue_text_keep(reader, zh);
            *ret_en = catalogue_text_keep(reader, en);
            return zh.size > 0 && en.size > 0;
        }
    }
    return false;
}

/* --- materials --- */

/* "original 1", "copy 2 optional". */
static bool read_form(struct span text, struct catalogue_material *material) {
    int32_t form = 0;
    uint64_t count = 0;
    if (catalogue_word_find(CATALOGUE_LIST_FORM, text_take_word(&text), &form) != ERR_NONE ||
        text_get_number(text_take_word(&text), CATALOGUE_COPY_COUNT, &count) != ERR_NONE ||
        count == 0) {
        return false;
    }
    material->form = (enum catalogue_material_form)form;
    material->count = (uint32_t)count;
    material->required = text.size == 0;
    return material->required || text_is(text, "optional") || text_is(text, "可选");
}

static const struct catalogue_material *common_find(const struct catalogue_reader *reader,
                                                    const char *code) {
    for (uint32_t i = 0; i < reader->common_count; i++) {
        if (strcmp(reader->common[i].code, code) == 0) {
            return &reader->common[i];
        }
    }
    return NULL;
}

static void material_wrong(struct catalogue_reader *reader, const char *chinese,
                           const char *english) {
    text_errors_add(reader->errors, reader->place, "%s / %s", chinese, english);
}

/* "CODE | 名称 / name | form count | basis", or in an item "CODE" alone for one of [common]. */
static bool read_material(struct catalogue_reader *reader, struct span text,
                          struct catalogue_material *ret) {
    bool inferred = text_take_suffix(&text, "(inferred)") || text_take_suffix(&text, "（推定）");
    struct span code = text_take_until(&text, '|');
    *ret = (struct catalogue_material){.name_zh = "", .name_en = "", .basis = ""};
    if (!catalogue_code_read(code, ret->code)) {
        material_wrong(reader, "材料代码应为大写字母和数字，少于 24 字节",
                       "a material code is upper-case letters and digits");
        return false;
    }
    if (text.size == 0) {
        const struct catalogue_material *common = common_find(reader, ret->code);
        if (common == NULL) {
            material_wrong(reader, "[common] 中没有此材料", "no such material in [common]");
            return false;
        }
        *ret = *common;
        ret->inferred = inferred || common->inferred;
        return true;
    }
    struct span names = text_take_until(&text, '|');
    struct span form = text_take_until(&text, '|');
    if (!catalogue_names_read(reader, names, &ret->name_zh, &ret->name_en) ||
        !read_form(form, ret)) {
        material_wrong(reader, "材料应为 代码 | 中文 / English | copy 1 | 依据",
                       "a material is CODE | zh / en | form count | basis");
        return false;
    }
    ret->basis = catalogue_text_keep(reader, text);
    ret->inferred = inferred;
    return true;
}

static void read_material_line(struct catalogue_reader *reader, struct span text) {
    struct catalogue_material material;
    struct catalogue_item *item = reader->item;
    if (!read_material(reader, text, &material)) {
        return;
    }
    struct catalogue_material *list = item == NULL ? reader->common : item->material;
    uint32_t *count = item == NULL ? &reader->common_count : &item->material_count;
    for (uint32_t i = 0; i < *count; i++) {
        if (strcmp(list[i].code, material.code) == 0) {
            text_errors_add(reader->errors, reader->place, "材料 %s 重复 / material %s is twice",
                            material.code, material.code);
            return;
        }
    }
    if (*count == CATALOGUE_MATERIAL_COUNT) {
        text_errors_add(reader->errors, reader->place, "材料超过 %d 种 / more than %d materials",
                        CATALOGUE_MATERIAL_COUNT, CATALOGUE_MATERIAL_COUNT);
        return;
    }
    list[(*count)++] = material;
}

/* --- lines and sections --- */

static enum catalogue_attribute attribute_find(struct span key) {
    enum catalogue_attribute attribute = 0;
    while (attribute < CATALOGUE_ATTRIBUTE_COUNT &&
           !text_is(key, catalogue_attribute_rules[attribute].english) &&
           !text_is(key, catalogue_attribute_rules[attribute].chinese)) {
        attribute++;
    }
    return attribute;
}

static void read_attribute_line(struct catalogue_reader *reader, struct span key,
                                struct span value) {
    enum catalogue_attribute attribute = attribute_find(key);
    struct span shown = text_short(key);
    if (attribute == CATALOGUE_ATTRIBUTE_COUNT) {
        text_errors_add(reader->errors, reader->place,
                        "没有名为“%.*s”的属性 / there is no attribute of this name",
                        (int)shown.size, (const char *)shown.data);
        return;
    }
    const struct catalogue_attribute_rule *rule = &catalogue_attribute_rules[attribute];
    uint32_t bit = UINT32_C(1) << attribute;
    if ((reader->seen & bit) != 0 && attribute != CATALOGUE_ATTRIBUTE_LIMIT) {
        text_errors_add(reader->errors, reader->place, "%s 写了两次 / %s is given twice",
                        rule->english, rule->english);
        return;
    }
    reader->seen |= bit;
    if (text_take_suffix(&value, "(inferred)") || text_take_suffix(&value, "（推定）")) {
        reader->item->inferred |= bit;
    }
    if (!catalogue_attribute_read(reader, attribute, value)) {
        text_errors_add(reader->errors, reader->place, "%s（%s）应为 / must be: %s", rule->english,
                        rule->chinese, rule->hint);
    }
}

static void item_close(struct catalogue_reader *reader) {
    if (reader->item != NULL) {
        catalogue_item_check(reader->item, reader->seen, reader->heading, reader->errors);
    }
    reader->item = NULL;
    reader->in_common = false;
    reader->spoiled = false;
}

/* "[common]" or "[I51]". There is room for every heading: they were counted. */
static void read_heading(struct catalogue_reader *reader, struct span line) {
    item_close(reader);
    struct span code = text_trim(span_of(line.data + 1, line.size - 1));
    bool closed = text_take_suffix(&code, "]");
    if (closed && text_is(code, "common")) {
        reader->in_common = true;
        return;
    }
    struct catalogue_item *item = &reader->catalogue->items[reader->catalogue->item_count];
    if (!closed || !catalogue_code_read(code, item->code)) {
        text_errors_add(reader->errors, reader->place,
                        "标题应为 [I51]：大写字母、数字，少于 24 字节 / a heading is [I51]");
        reader->spoiled = true;
        return;
    }
    reader->catalogue->item_count++;
    item->name_zh = item->name_en = item->window = item->basis = item->condition = "";
    item->groups = item->remedy = item->result = item->fee_basis = item->where = "";
    item->guide = "";
    item->line = reader->place.line;
    item->file = reader->place.file;
    reader->item = item;
    reader->heading = reader->place;
    reader->seen = 0;
}

static void read_line(struct catalogue_reader *reader, struct span line) {
    if (line.data[0] == '[') {
        read_heading(reader, line);
        return;
    }
    if (reader->spoiled) {
        return;
    }
    bool assigned = memchr(line.data, '=', line.size) != NULL;
    struct span key = text_take_until(&line, '=');
    bool material = text_is(key, "material") || text_is(key, "材料");
    if (!assigned || (reader->item == NULL && !(reader->in_common && material))) {
        text_errors_add(reader->errors, reader->place,
                        "应为 [代码] 标题或“名称 = 值” / expected a heading or \"name = value\"");
        return;
    }
    if (material) {
        read_material_line(reader, line);
    } else {
        read_attribute_line(reader, key, line);
    }
}

/* --- the whole --- */

static int item_compare(const void *a, const void *b) {
    const struct catalogue_item *left = a;
    const struct catalogue_item *right = b;
    int order = strcmp(left->code, right->code);
    if (order != 0) {
        return order;
    }
    if (left->file != right->file) {
        return left->file < right->file ? -1 : 1;
    }
    return left->line < right->line ? -1 : 1;
}

static void items_sort(struct catalogue *catalogue, struct text_errors *errors) {
    if (catalogue->item_count > 0) {
        qsort(catalogue->items, catalogue->item_count, sizeof catalogue->items[0], item_compare);
    }
    for (size_t i = 1; i < catalogue->item_count; i++) {
        const struct catalogue_item *item = &catalogue->items[i];
        const struct catalogue_item *other = &catalogue->items[i - 1];
        if (strcmp(item->code, other->code) == 0) {
            text_errors_add(errors, (struct text_place){item->file, item->line},
                            "%s 已在第 %u 行写过 / %s was already given at line %u", item->code,
                            (unsigned)other->line, item->code, (unsigned)other->line);
        }
    }
}

static enum err catalogue_new(const struct span *files, size_t file_count,
                              struct catalogue **ret_catalogue, struct text_errors *errors) {
    size_t headings = 0;
    size_t size = 64;
    for (size_t i = 0; i < file_count; i++) {
        struct text_lines lines;
        struct span line;
        text_lines_init(&lines, files[i], (uint32_t)i);
        while (text_lines_next(&lines, &line, NULL)) {
            headings += line.data[0] == '[' ? 1U : 0U;
        }
        size += files[i].size;
    }
    if (headings > CATALOGUE_ITEM_COUNT + file_count) {
        text_errors_add(errors, (struct text_place){0}, "事项超过 %d 个 / more than %d items",
                        CATALOGUE_ITEM_COUNT, CATALOGUE_ITEM_COUNT);
        return ERR_LIMIT;
    }
    struct catalogue *catalogue =
        calloc(1, sizeof *catalogue + headings * sizeof(struct catalogue_item));
    char *pool = malloc(size);
    if (catalogue == NULL || pool == NULL) {
        free(catalogue);
        free(pool);
        return ERR_MEMORY;
    }
    catalogue->pool = pool;
    catalogue->pool_size = size;
    *ret_catalogue = catalogue;
    return ERR_NONE;
}

static enum err read_all(const struct span *files, size_t file_count, struct catalogue *catalogue,
                         struct text_errors *errors) {
    uint32_t before = errors->total;
    struct catalogue_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return ERR_MEMORY;
    }
    reader->catalogue = catalogue;
    reader->errors = errors;
    for (size_t i = 0; i < file_count; i++) {
        struct text_lines lines;
        struct span line;
        text_lines_init(&lines, files[i], (uint32_t)i);
        while (text_lines_next(&lines, &line, NULL)) {
            reader->place = lines.place;
            read_line(reader, line);
        }
        item_close(reader);
    }
    free(reader);
    items_sort(catalogue, errors);
    return errors->total == before ? ERR_NONE : ERR_MALFORMED;
}

enum err catalogue_parse(const struct span *files, size_t file_count,
                         struct catalogue **ret_catalogue, struct text_errors *ret_errors) {
    struct catalogue *catalogue = NULL;
    uint32_t before = ret_errors->total;
    if (file_count > TEXT_FILE_COUNT) {
        text_errors_add(ret_errors, (struct text_place){0}, "文件过多 / too many files");
        return ERR_LIMIT;
    }
    for (size_t i = 0; i < file_count; i++) {
        (void)text_file_check(files[i], (uint32_t)i, ret_errors);
    }
    if (ret_errors->total != before) {
        return ERR_MALFORMED;
    }
    enum err err = catalogue_new(files, file_count, &catalogue, ret_errors);
    if (err != ERR_NONE) {
        return err;
    }
    err = read_all(files, file_count, catalogue, ret_errors);
    if (err != ERR_NONE) {
        catalogue_free(catalogue);
        return err;
    }
    *ret_catalogue = catalogue;
    return ERR_NONE;
}
