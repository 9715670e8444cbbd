#include "desk/csv.h"

#include "base/text.h"
#include "xlsx/xlsx.h"

#include <stdlib.h>
#include <string.h>

/* Cells lie in bytes, each with a NUL; at says where, row by row, the headings first. */
struct csv {
    struct buf bytes;
    size_t columns;
    size_t rows; /* with the headings */
    size_t *lines;
    size_t *at;
};

struct reading {
    struct csv *csv;
    struct span text;
    size_t pos;
    size_t line;
    size_t column;
    size_t cells[CSV_COLUMNS]; /* where those of the present row begin in bytes */
};

void csv_close(struct csv *csv)
{
    if (csv != NULL) {
        buf_done(&csv->bytes);
        free(csv->lines);
        free(csv->at);
        free(csv);
    }
}

/* Ends a cell: blanks at its end go. */
static enum err cell_end(struct csv *csv, size_t start)
{
    while (csv->bytes.size > start && (csv->bytes.data[csv->bytes.size - 1] == ' ' ||
                                       csv->bytes.data[csv->bytes.size - 1] == '\t')) {
        csv->bytes.size--;
    }
    if (csv->bytes.size - start > CSV_CELL_SIZE) {
        return ERR_LIMIT;
    }
    buf_put_u8(&csv->bytes, 0);
    return csv->bytes.err;
}

static void put_byte(struct csv *csv, size_t start, uint8_t byte)
{
    bool blank = byte == ' ' || byte == '\t';
    if (!blank || csv->bytes.size > start) {
        buf_put_u8(&csv->bytes, byte < 0x20 && byte != '\n' ? ' ' : byte);
    }
}

static enum err read_quoted(struct reading *reading, size_t start)
{
    const struct span text = reading->text;
    for (reading->pos++; reading->pos < text.size; reading->pos++) {
        uint8_t byte = text.data[reading->pos];
        if (byte == '"' && reading->pos + 1 < text.size && text.data[reading->pos + 1] == '"') {
            reading->pos++;
        } else if (byte == '"') {
            reading->pos++;
            return ERR_NONE;
        }
        reading->line += byte == '\n' ? 1 : 0;
        put_byte(reading->csv, start, byte);
    }
    return ERR_MALFORMED;
}

/* One cell, up to its comma or the line's end. */
static enum err read_cell(struct reading *reading)
{
    struct csv *csv = reading->csv;
    const struct span text = reading->text;
    size_t start = csv->bytes.size;
    enum err err = ERR_NONE;
    if (reading->pos < text.size && text.data[reading->pos] == '"') {
        err = read_quoted(reading, start);
    }
    while (err == ERR_NONE && reading->pos < text.size && text.data[reading->pos] != ',' &&
           text.data[reading->pos] != '\n' && text.data[reading->pos] != '\r') {
        put_byte(csv, start, text.data[reading->pos++]);
    }
    return err == ERR_NONE ? cell_end(csv, start) : err;
}

static enum err keep_row(struct reading *reading, size_t count, size_t line)
{
    struct csv *csv = reading->csv;
    bool empty = true;
    for (size_t i = 0; i < count; i++) {
        empty = empty && csv->bytes.data[reading->cells[i]] == 0;
    }
    if (empty) {
        return ERR_NONE;
    }
    if (csv->rows == 0) {
        csv->columns = count;
        csv->at = calloc((size_t)(CSV_ROWS + 1) * count, sizeof *csv->at);
        csv->lines = calloc(CSV_ROWS + 1, sizeof *csv->lines);
        if (csv->at == NULL || csv->lines == NULL) {
            return ERR_MEMORY;
        }
    }
    if (csv->rows > CSV_ROWS) {
        return ERR_LIMIT;
    }
    if (count > csv->columns) {
        reading->column = csv->columns + 1;
        return ERR_MALFORMED;
    }
    for (size_t i = 0; i < csv->columns; i++) {
        csv->at[csv->rows * csv->columns + i] = i < count ? reading->cells[i] + 1 : 0;
    }
    csv->lines[csv->rows++] = line;
    return ERR_NONE;
}

static enum err read_row(struct reading *reading)
{
    const struct span text = reading->text;
    size_t line = reading->line;
    size_t count = 0;
    enum err err = ERR_NONE;
    bool more = true;
    while (more && err == ERR_NONE) {
        reading->column = count + 1;
        if (count == CSV_COLUMNS) {
            return ERR_LIMIT;
        }
        reading->cells[count++] = reading->csv->bytes.size;
        err = read_cell(reading);
        more = reading->pos < text.size && text.data[reading->pos] == ',';
        reading->pos += more ? 1 : 0;
    }
    if (err == ERR_NONE) {
        err = keep_row(reading, count, line);
    }
    if (err == ERR_NONE) {
        reading->pos += reading->pos < text.size && text.data[reading->pos] == '\r' ? 1 : 0;
        reading->pos += reading->pos < text.size && text.data[reading->pos] == '\n' ? 1 : 0;
        reading->line++;
    }
    return err;
}

static size_t first_wrong_line(struct span text)
{
    size_t line = 1;
    for (size_t at = 0; at < text.size;) {
        size_t size = text_character_size(text.data + at, text.size - at);
        if (size == 0) {
            break;
        }
        line += text.data[at] == '\n' ? 1 : 0;
        at += size;
    }
    return line;
}

enum err csv_open(struct span text, struct csv **ret_csv, struct csv_place *ret_place)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    struct reading reading = {.text = text, .line = 1};
    if (text.size > CSV_SIZE) {
        *ret_place = (struct csv_place){1, 1};
        return ERR_LIMIT;
    }
    if (!text_is_utf8(text)) {
        *ret_place = (struct csv_place){first_wrong_line(text), 1};
        return ERR_MALFORMED;
    }
    reading.csv = calloc(1, sizeof *reading.csv);
    if (reading.csv == NULL) {
        return ERR_MEMORY;
    }
    buf_init(&reading.csv->bytes, (size_t)2 * CSV_SIZE);
    if (text.size >= sizeof mark && memcmp(text.data, mark, sizeof mark) == 0) {
        reading.pos = sizeof mark;
    }
    enum err err = ERR_NONE;
    while (err == ERR_NONE && reading.pos < text.size) {
        err = read_row(&reading);
    }
    err = err == ERR_NONE && reading.csv->rows == 0 ? ERR_MALFORMED : err;
    if (err != ERR_NONE) {
        *ret_place = (struct csv_place){reading.line, reading.column};
        csv_close(reading.csv);
        return err;
    }
    *ret_csv = reading.csv;
    return ERR_NONE;
}

enum err csv_open_file(struct span bytes, struct csv **ret_csv, struct csv_place *ret_place)
{
    struct xlsx_place place = {0, 0};
    struct buf text;
    if (!xlsx_is(bytes)) {
        return csv_open(bytes, ret_csv, ret_place);
    }
    buf_init(&text, CSV_SIZE);
    enum err err = xlsx_read(bytes, &text, &place);
    *ret_place = (struct csv_place){place.row, place.column};
    if (err == ERR_NONE) {
        err = csv_open(buf_span(&text), ret_csv, ret_place);
    }
    if (text.data != NULL) {
        explicit_bzero(text.data, text.size);
    }
    buf_done(&text);
    return err;
}

size_t csv_row_count(const struct csv *csv)
{
    return csv->rows - 1;
}

size_t csv_column_count(const struct csv *csv)
{
    return csv->columns;
}

size_t csv_line(const struct csv *csv, size_t row)
{
    return csv->lines[row + 1];
}

static const char *cell_at(const struct csv *csv, size_t row, size_t column)
{
    size_t at = row < csv->rows && column < csv->columns ? csv->at[row * csv->columns + column] : 0;
    return at == 0 ? "" : (const char *)csv->bytes.data + at - 1;
}

const char *csv_cell(const struct csv *csv, size_t row, size_t column)
{
    return cell_at(csv, row + 1, column);
}

const char *csv_heading(const struct csv *csv, size_t column)
{
    return cell_at(csv, 0, column);
}
