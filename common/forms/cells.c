#include "base/text.h"
#include "forms/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void forms_sheet_init(struct forms_sheet *sheet)
{
    memset(sheet, 0, sizeof *sheet);
    buf_init(&sheet->bytes, FORMS_SHEET_SIZE);
}

void forms_sheet_done(struct forms_sheet *sheet)
{
    buf_done(&sheet->bytes);
    sheet->cell_count = 0;
}

struct span forms_cell_text(const struct forms_sheet *sheet, const struct forms_cell *cell)
{
    return span_of(sheet->bytes.data + cell->start, cell->end - cell->start);
}

static size_t cell_of_table(const struct forms_sheet *sheet, size_t start, size_t end)
{
    const uint8_t *nul = memchr(sheet->bytes.data + start, 0, end - start);
    return nul == NULL ? end : (size_t)(nul - sheet->bytes.data);
}

void forms_cell_each(const struct forms_sheet *sheet, const struct forms_cell *cell, void *context,
                     void (*visit)(void *context, size_t row, size_t column, struct span text))
{
    size_t index = 0;
    for (size_t at = cell->start; at < cell->end && cell->column_count > 0; index++) {
        size_t end = cell_of_table(sheet, at, cell->end);
        visit(context, index / cell->column_count, index % cell->column_count,
              span_of(sheet->bytes.data + at, end - at));
        at = end + 1;
    }
}

/* --- making text from outside harmless --- */

/* C0, DEL, C1, the line and paragraph separators and what turns the direction of writing: a name
 * must not rearrange the sheet around it. */
static bool is_control(const uint8_t *data, size_t size)
{
    if (size == 1) {
        return data[0] < 0x20 || data[0] == 0x7f;
    }
    if (size == 2) {
        return data[0] == 0xc2 && data[1] < 0xa0;
    }
    return size == 3 && data[0] == 0xe2 &&
           ((data[1] == 0x80 && data[2] >= 0xa8 && data[2] <= 0xae) ||
            (data[1] == 0x80 && (data[2] == 0x8e || data[2] == 0x8f)) ||
            (data[1] == 0x81 && data[2] >= 0xa6 && data[2] <= 0xa9));
}

void forms_text_put(struct buf *ret, struct span text, bool keep_lines)
{
    size_t at = 0;
    for (size_t written = 0; at < text.size && written < FORMS_TEXT_SIZE; written++) {
        size_t size = text_character_size(text.data + at, text.size - at);
        if (size == 0) {
            buf_put_text(ret, text.data[at] == 0 ? " " : "\xef\xbf\xbd");
            size = 1;
        } else if (keep_lines && text.data[at] == '\n') {
            buf_put_text(ret, "\n");
        } else if (is_control(text.data + at, size)) {
            buf_put_text(ret, " ");
        } else {
            buf_put(ret, text.data + at, size);
        }
        at += size;
    }
    if (at < text.size) {
        buf_put_text(ret, "…");
    }
}

/* --- writing a cell --- */

void forms_put(struct forms_work *work, struct span text)
{
    forms_text_put(&work->sheet->bytes, text, work->cell->columns == NULL);
}

void forms_put_text(struct forms_work *work, const char *text)
{
    forms_put(work, span_text(text == NULL ? "" : text));
}

void forms_put_number(struct forms_work *work, uint64_t number)
{
    buf_put_format(&work->sheet->bytes, "%" PRIu64, number);
}

void forms_put_day(struct forms_work *work, uint64_t day)
{
    char text[CIVIL_DAY_SIZE];
    if (day != 0 && day <= CIVIL_DAY_MAX) {
        civil_day_format((int32_t)day, text);
        buf_put_text(&work->sheet->bytes, text);
    }
}

void forms_put_time(struct forms_work *work, uint64_t ms)
{
    char text[CIVIL_TIME_SIZE];
    if (ms != 0) {
        civil_time_format(ms, text);
        buf_put_text(&work->sheet->bytes, text);
    }
}

void forms_put_staff(struct forms_work *work, struct span staff)
{
    char name[FORMS_NAME_SIZE] = "";
    const struct forms_world *world = &work->input->world;
    if (staff.size != LIMIT_ID_SIZE) {
        return;
    }
    if (world->staff_name != NULL) {
        world->staff_name(world->context, staff.data, name);
    }
    if (name[0] == 0) {
        (void)snprintf(name, sizeof name, "%s%02x%02x%02x%02x",
                       work->input->english ? "staff " : "工号 ", staff.data[0], staff.data[1],
                       staff.data[2], staff.data[3]);
    }
    forms_put_text(work, name);
}

void forms_put_record(struct forms_work *work, struct span record)
{
    char number[FORMS_NUMBER_SIZE] = "";
    const struct forms_world *world = &work->input->world;
    if (record.size == LIMIT_ID_SIZE && world->record_number != NULL) {
        world->record_number(world->context, record.data, number);
    }
    forms_put_text(work, number);
}

void forms_table(struct forms_work *work, const struct forms_column *columns, size_t count)
{
    work->cell->columns = columns;
    work->cell->column_count = count;
}

void forms_next(struct forms_work *work)
{
    buf_put_u8(&work->sheet->bytes, 0);
}

bool forms_is_empty(const struct forms_work *work)
{
    return work->sheet->bytes.size == work->cell->start;
}
