#include "xlsx/inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- which sheet is the first --- */

static enum err workbook_begin(void *context, const char *name, const char *const *attributes)
{
    struct xlsx_book *book = context;
    if (strcmp(name, "workbookPr") == 0) {
        const char *from = xlsx_attribute(attributes, "date1904");
        book->from_1904 = strcmp(from, "1") == 0 || strcmp(from, "true") == 0;
    } else if (strcmp(name, "sheet") == 0 && book->sheet_id[0] == 0) {
        (void)snprintf(book->sheet_id, sizeof book->sheet_id, "%s",
                       xlsx_attribute(attributes, "id"));
    }
    return ERR_NONE;
}

static enum err relation_begin(void *context, const char *name, const char *const *attributes)
{
    struct xlsx_book *book = context;
    const char *target = xlsx_attribute(attributes, "Target");
    if (strcmp(name, "Relationship") != 0 || book->sheet_id[0] == 0 ||
        strcmp(xlsx_attribute(attributes, "Id"), book->sheet_id) != 0) {
        return ERR_NONE;
    }
    int size = snprintf(book->sheet, sizeof book->sheet, "%s%s", target[0] == '/' ? "" : "xl/",
                        target[0] == '/' ? target + 1 : target);
    return size > 0 && (size_t)size < sizeof book->sheet ? ERR_NONE : ERR_LIMIT;
}

/* --- styles: which are dates --- */

struct styles {
    struct xlsx_book *book;
    bool in_cells; /* inside cellXfs: the styles that cells name */
};

/* Of Excel's own formats; 27-36 and 50-58 are the Chinese ones. */
static bool is_date_format(uint32_t format)
{
    return (format >= 14 && format <= 22) || (format >= 27 && format <= 36) ||
           (format >= 45 && format <= 47) || (format >= 50 && format <= 58);
}

/* Has it a year, day or hour outside quoted text and brackets? */
static bool says_date(const char *code)
{
    char closing = 0;
    for (; *code != 0; code++) {
        if (closing != 0) {
            if (*code == closing) {
                closing = 0;
            }
        } else if (*code == '"') {
            closing = '"';
        } else if (*code == '[') {
            closing = ']';
        } else if (*code == '\\' && code[1] != 0) {
            code++;
        } else if (strchr("yYdDhH", *code) != NULL) {
            return true;
        }
    }
    return false;
}

static enum err style_format(struct xlsx_book *book, const char *const *attributes)
{
    uint32_t id = 0;
    if (!xlsx_number(xlsx_attribute(attributes, "numFmtId"), UINT32_MAX, &id) ||
        !says_date(xlsx_attribute(attributes, "formatCode"))) {
        return ERR_NONE;
    }
    if (book->format_count == XLSX_STYLES) {
        return ERR_LIMIT;
    }
    book->formats[book->format_count++] = id;
    return ERR_NONE;
}

static enum err style_cell(struct xlsx_book *book, const char *const *attributes)
{
    uint32_t id = 0;
    if (book->style_count == XLSX_STYLES) {
        return ERR_LIMIT;
    }
    bool known = xlsx_number(xlsx_attribute(attributes, "numFmtId"), UINT32_MAX, &id);
    bool date = known && is_date_format(id);
    for (size_t i = 0; known && i < book->format_count; i++) {
        date = date || book->formats[i] == id;
    }
    book->dates[book->style_count++] = date;
    return ERR_NONE;
}

static enum err style_begin(void *context, const char *name, const char *const *attributes)
{
    struct styles *styles = context;
    if (strcmp(name, "cellXfs") == 0) {
        styles->in_cells = true;
    } else if (strcmp(name, "numFmt") == 0) {
        return style_format(styles->book, attributes);
    } else if (strcmp(name, "xf") == 0 && styles->in_cells) {
        return style_cell(styles->book, attributes);
    }
    return ERR_NONE;
}

static enum err style_end(void *context, const char *name)
{
    struct styles *styles = context;
    styles->in_cells = styles->in_cells && strcmp(name, "cellXfs") != 0;
    return ERR_NONE;
}

/* --- shared strings --- */

struct strings {
    struct xlsx_book *book;
    bool in_text;
    bool in_sound; /* how characters are pronounced is no part of the text */
};

static enum err string_begin(void *context, const char *name, const char *const *attributes)
{
    struct strings *strings = context;
    struct xlsx_book *book = strings->book;
    (void)attributes;
    if (strcmp(name, "si") == 0) {
        if (book->string_count == XLSX_STRINGS) {
            return ERR_LIMIT;
        }
        book->string_at[book->string_count++] = (uint32_t)book->strings.size;
    }
    strings->in_sound = strings->in_sound || strcmp(name, "rPh") == 0;
    strings->in_text = strcmp(name, "t") == 0 && book->string_count > 0 && !strings->in_sound;
    return ERR_NONE;
}

static enum err string_end(void *context, const char *name)
{
    struct strings *strings = context;
    strings->in_text = false;
    strings->in_sound = strings->in_sound && strcmp(name, "rPh") != 0;
    if (strcmp(name, "si") == 0) {
        buf_put_u8(&strings->book->strings, 0);
    }
    return strings->book->strings.err;
}

static enum err string_text(void *context, struct span text)
{
    struct strings *strings = context;
    if (strings->in_text) {
        buf_put_span(&strings->book->strings, text);
    }
    return strings->book->strings.err;
}

/* --- all --- */

/* A part that a small file may lack. */
static enum err optional(enum err err)
{
    return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err xlsx_book_read(struct xlsx_archive *archive, struct xlsx_book *book)
{
    struct styles styles = {.book = book};
    struct strings strings = {.book = book};
    const struct xlsx_reader workbook = {book, workbook_begin, NULL, NULL};
    const struct xlsx_reader relations = {book, relation_begin, NULL, NULL};
    const struct xlsx_reader style = {&styles, style_begin, style_end, NULL};
    const struct xlsx_reader string = {&strings, string_begin, string_end, string_text};
    buf_init(&book->strings, XLSX_PART_SIZE);
    book->string_at = malloc(XLSX_STRINGS * sizeof *book->string_at);
    if (book->string_at == NULL) {
        return ERR_MEMORY;
    }
    enum err err = xlsx_part(archive, "xl/workbook.xml", &workbook);
    if (err == ERR_NONE) {
        err = xlsx_part(archive, "xl/_rels/workbook.xml.rels", &relations);
    }
    if (err == ERR_NONE && book->sheet[0] == 0) {
        err = ERR_MALFORMED;
    }
    if (err == ERR_NONE) {
        err = optional(xlsx_part(archive, "xl/styles.xml", &style));
    }
    return err != ERR_NONE ? err : optional(xlsx_part(archive, "xl/sharedStrings.xml", &string));
}

void xlsx_book_done(struct xlsx_book *book)
{
    buf_done(&book->strings);
    free(book->string_at);
    book->string_at = NULL;
}
