#include "xlsx/xlsx.h"

#include "xlsx/inside.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

enum { PIECE_SIZE = 16 * 1024, ENTRIES = 4096 };

struct xlsx_archive {
    zip_t *zip;
};

struct parsing {
    XML_Parser parser;
    const struct xlsx_reader *reader;
    size_t depth;
    enum err err;
};

bool xlsx_is(struct span bytes)
{
    static const uint8_t mark[] = {'P', 'K', 3, 4};
    return bytes.size >= sizeof mark && memcmp(bytes.data, mark, sizeof mark) == 0;
}

/* The name without its name space's prefix: writers differ in that. */
static const char *local(const char *name)
{
    const char *colon = strchr(name, ':');
    return colon == NULL ? name : colon + 1;
}

const char *xlsx_attribute(const char *const *attributes, const char *name)
{
    for (size_t i = 0; attributes[i] != NULL; i += 2) {
        if (strcmp(local(attributes[i]), name) == 0) {
            return attributes[i + 1];
        }
    }
    return "";
}

bool xlsx_number(const char *text, uint32_t most, uint32_t *ret)
{
    uint32_t number = 0;
    const char *at = text;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint32_t digit = (uint32_t)(*at - '0');
        if (number > (most - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *ret = number;
    return at != text && *at == 0 && number <= most;
}

/* --- XML --- */

static void stop(struct parsing *parsing, enum err err)
{
    if (err != ERR_NONE && parsing->err == ERR_NONE) {
        parsing->err = err;
        (void)XML_StopParser(parsing->parser, XML_FALSE);
    }
}

static void XMLCALL on_begin(void *context, const XML_Char *name, const XML_Char **attributes)
{
    struct parsing *parsing = context;
    if (++parsing->depth > XLSX_DEPTH) {
        stop(parsing, ERR_LIMIT);
    } else {
        stop(parsing, parsing->reader->begin(parsing->reader->context, local(name),
                                             (const char *const *)attributes));
    }
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
    struct parsing *parsing = context;
    parsing->depth--;
    if (parsing->err == ERR_NONE && parsing->reader->end != NULL) {
        stop(parsing, parsing->reader->end(parsing->reader->context, local(name)));
    }
}

static void XMLCALL on_text(void *context, const XML_Char *text, int size)
{
    struct parsing *parsing = context;
    if (parsing->err == ERR_NONE && parsing->reader->text != NULL) {
        stop(parsing, parsing->reader->text(parsing->reader->context,
                                            span_of((const uint8_t *)text, (size_t)size)));
    }
}

/* Nobody writes one into a spreadsheet but who wants its entities to grow. */
static void XMLCALL on_doctype(void *context, const XML_Char *name, const XML_Char *system_id,
                               const XML_Char *public_id, int has_subset)
{
    (void)name;
    (void)system_id;
    (void)public_id;
    (void)has_subset;
    stop(context, ERR_MALFORMED);
}

static enum err feed(struct parsing *parsing, zip_file_t *file)
{
    size_t total = 0;
    bool more = true;
    while (more && parsing->err == ERR_NONE) {
        void *piece = XML_GetBuffer(parsing->parser, PIECE_SIZE);
        if (piece == NULL) {
            return ERR_MEMORY;
        }
        zip_int64_t size = zip_fread(file, piece, PIECE_SIZE);
        if (size < 0) {
            return ERR_MALFORMED;
        }
        total += (size_t)size;
        more = size > 0;
        if (total > XLSX_PART_SIZE) {
            return ERR_LIMIT;
        }
        if (XML_ParseBuffer(parsing->parser, (int)size, more ? XML_FALSE : XML_TRUE) !=
                XML_STATUS_OK &&
            parsing->err == ERR_NONE) {
            return XML_GetErrorCode(parsing->parser) == XML_ERROR_NO_MEMORY ? ERR_MEMORY
                                                                            : ERR_MALFORMED;
        }
    }
    return parsing->err;
}

enum err xlsx_part(struct xlsx_archive *archive, const char *name, const struct xlsx_reader *reader)
{
    struct parsing parsing = {.reader = reader, .err = ERR_NONE};
    zip_file_t *file = zip_fopen(archive->zip, name, 0);
    if (file == NULL) {
        zip_error_t *error = zip_get_error(archive->zip);
        return zip_error_code_zip(error) == ZIP_ER_NOENT ? ERR_NOT_FOUND : ERR_MALFORMED;
    }
    parsing.parser = XML_ParserCreate(NULL);
    if (parsing.parser == NULL) {
        (void)zip_fclose(file);
        return ERR_MEMORY;
    }
    XML_SetUserData(parsing.parser, &parsing);
    XML_SetElementHandler(parsing.parser, on_begin, on_end);
    XML_SetCharacterDataHandler(parsing.parser, on_text);
    XML_SetStartDoctypeDeclHandler(parsing.parser, on_doctype);
    enum err err = feed(&parsing, file);
    XML_ParserFree(parsing.parser);
    (void)zip_fclose(file);
    return err;
}

/* --- the archive --- */

static enum err archive_open(struct span bytes, struct xlsx_archive *ret)
{
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t *source = zip_source_buffer_create(bytes.data, bytes.size, 0, &error);
    ret->zip = source == NULL ? NULL : zip_open_from_source(source, ZIP_RDONLY, &error);
    if (ret->zip == NULL && source != NULL) {
        zip_source_free(source);
    }
    bool memory = zip_error_code_zip(&error) == ZIP_ER_MEMORY;
    zip_error_fini(&error);
    if (ret->zip == NULL) {
        return memory ? ERR_MEMORY : ERR_MALFORMED;
    }
    return zip_get_num_entries(ret->zip, 0) > ENTRIES ? ERR_LIMIT : ERR_NONE;
}

enum err xlsx_read(struct span bytes, struct buf *ret_csv, struct xlsx_place *ret_place)
{
    struct xlsx_archive archive = {NULL};
    struct xlsx_book *book = calloc(1, sizeof *book);
    *ret_place = (struct xlsx_place){0, 0};
    if (book == NULL) {
        return ERR_MEMORY;
    }
    enum err err = bytes.size > XLSX_FILE_SIZE ? ERR_LIMIT : archive_open(bytes, &archive);
    if (err == ERR_NONE) {
        err = xlsx_book_read(&archive, book);
    }
    if (err == ERR_NONE) {
        err = xlsx_cells_read(&archive, book, ret_csv, ret_place);
    }
    xlsx_book_done(book);
    free(book);
    if (archive.zip != NULL) {
        zip_discard(archive.zip);
    }
    return err == ERR_NOT_FOUND ? ERR_MALFORMED : err;
}
