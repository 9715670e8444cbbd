#include "print/grid.h"
#include "unit.h"
#include "xlsx/xlsx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Spreadsheets of our own writer, of others, and of who means harm. */

/* --- a zip archive by hand: parts as they are, or already deflated --- */

struct part {
    const char *name;
    const char *text;
    struct span deflated; /* size 0: stored */
    uint32_t unpacked;
};

static uint32_t crc32_of(struct span bytes)
{
    uint32_t crc = 0xffffffffU;
    for (size_t i = 0; i < bytes.size; i++) {
        crc ^= bytes.data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0xedb88320U & (0U - (crc & 1)));
        }
    }
    return ~crc;
}

static void put16(struct buf *buf, uint32_t number)
{
    buf_put_u8(buf, (uint8_t)number);
    buf_put_u8(buf, (uint8_t)(number >> 8));
}

static void put32(struct buf *buf, uint32_t number)
{
    put16(buf, number & 0xffff);
    put16(buf, number >> 16);
}

static void put_entry(struct buf *buf, const struct part *part, bool central, uint32_t offset)
{
    struct span body = part->deflated.size > 0 ? part->deflated : span_text(part->text);
    put32(buf, central ? 0x02014b50 : 0x04034b50);
    if (central) {
        put16(buf, 20);
    }
    put16(buf, 20);
    put16(buf, 0);
    put16(buf, part->deflated.size > 0 ? 8 : 0);
    put32(buf, 0x21);
    put32(buf, part->deflated.size > 0 ? 0 : crc32_of(body));
    put32(buf, (uint32_t)body.size);
    put32(buf, part->deflated.size > 0 ? part->unpacked : (uint32_t)body.size);
    put16(buf, (uint32_t)strlen(part->name));
    put16(buf, 0);
    if (central) {
        put16(buf, 0);
        put16(buf, 0);
        put16(buf, 0);
        put32(buf, 0);
        put32(buf, offset);
    }
    buf_put_text(buf, part->name);
    if (!central) {
        buf_put_span(buf, body);
    }
}

static void make_zip(const struct part *parts, size_t count, struct buf *ret)
{
    uint32_t offsets[16];
    for (size_t i = 0; i < count; i++) {
        offsets[i] = (uint32_t)ret->size;
        put_entry(ret, &parts[i], false, 0);
    }
    uint32_t central = (uint32_t)ret->size;
    for (size_t i = 0; i < count; i++) {
        put_entry(ret, &parts[i], true, offsets[i]);
    }
    uint32_t end = (uint32_t)ret->size;
    put32(ret, 0x06054b50);
    put32(ret, 0);
    put16(ret, (uint32_t)count);
    put16(ret, (uint32_t)count);
    put32(ret, end - central);
    put32(ret, central);
    put16(ret, 0);
    assert_int_equal(ret->err, ERR_NONE);
}

/* --- a workbook with this first sheet --- */

static const char workbook[] = "<workbook xmlns:r='x'><workbookPr/><sheets><sheet name='一' "
                               "r:id='rId7'/><sheet name='二' r:id='rId8'/></sheets></workbook>";
static const char relations[] =
    "<Relationships><Relationship Id='rId8' Target='worksheets/sheet2.xml'/>"
    "<Relationship Id='rId7' Target='worksheets/sheet1.xml'/></Relationships>";
static const char styles[] =
    "<styleSheet><numFmts><numFmt numFmtId='164' formatCode='yyyy\"年\"m\"月\"'/>"
    "<numFmt numFmtId='165' formatCode='0.00\"day\"[Red]'/></numFmts>"
    "<cellStyleXfs><xf numFmtId='14'/></cellStyleXfs>"
    "<cellXfs><xf numFmtId='0'/><xf numFmtId='14'/><xf numFmtId='164'/><xf numFmtId='165'/>"
    "</cellXfs></styleSheet>";
static const char strings[] = "<sst><si><t>编号</t></si><si><r><t>日</t></r><r><t>期</t></r>"
                              "<rPh><t>ri</t></rPh></si><si><t>a\"b,\nc</t></si></sst>";

static enum err read_sheet(const char *sheet, struct buf *ret, struct xlsx_place *place)
{
    const struct part parts[] = {{"xl/workbook.xml", workbook, {NULL, 0}, 0},
                                 {"xl/_rels/workbook.xml.rels", relations, {NULL, 0}, 0},
                                 {"xl/styles.xml", styles, {NULL, 0}, 0},
                                 {"xl/sharedStrings.xml", strings, {NULL, 0}, 0},
                                 {"xl/worksheets/sheet1.xml", sheet, {NULL, 0}, 0}};
    struct buf zip;
    buf_init(&zip, XLSX_FILE_SIZE);
    make_zip(parts, sizeof parts / sizeof *parts, &zip);
    assert_true(xlsx_is(buf_span(&zip)));
    enum err err = xlsx_read(buf_span(&zip), ret, place);
    buf_done(&zip);
    return err;
}

#define SHEET(rows) "<worksheet><sheetData>" rows "</sheetData></worksheet>"

static void expect_csv(const char *sheet, const char *wanted)
{
    struct xlsx_place place;
    struct buf csv;
    buf_init(&csv, XLSX_CSV_SIZE);
    assert_int_equal(read_sheet(sheet, &csv, &place), ERR_NONE);
    assert_string_equal(buf_text(&csv), wanted);
    buf_done(&csv);
}

static void expect_wrong(const char *sheet, enum err wanted, size_t row, size_t column)
{
    struct xlsx_place place;
    struct buf csv;
    buf_init(&csv, XLSX_CSV_SIZE);
    assert_int_equal(read_sheet(sheet, &csv, &place), wanted);
    assert_int_equal(place.row, row);
    assert_int_equal(place.column, column);
    buf_done(&csv);
}

static void test_cells(void **state)
{
    (void)state;
    expect_csv(SHEET("<row r='1'><c r='A1' t='s'><v>0</v></c><c r='B1' t='s'><v>1</v></c></row>"),
               "\"编号\",\"日期\"\n");
    /* Rows and cells left out; text inline; a formula's value; what is no number of a date. */
    expect_csv(SHEET("<row r='3'><c r='B3' t='inlineStr'><is><t>甲</t></is></c>"
                     "<c r='D3' t='str'><f>A1</f><v>乙</v></c><c r='E3' t='e'><v>#N/A</v></c>"
                     "<c r='F3'><v>1.10105E+17</v></c></row>"),
               "\n\n,\"甲\",,\"乙\",\"#N/A\",\"1.10105E+17\"\n");
    expect_csv(SHEET("<row><c t='s'><v>2</v></c><c><v>110105</v></c><c/></row>"),
               "\"a\"\"b, c\",\"110105\",\n");
}

/* Serial numbers of days: 2023-05-01 is 45047. */
static void test_dates(void **state)
{
    (void)state;
    expect_csv(SHEET("<row><c s='1'><v>45047</v></c><c s='2'><v>45047.395833333336</v></c>"
                     "<c s='3'><v>45047</v></c><c s='0'><v>45047</v></c></row>"),
               "2023-05-01,2023-05-01 09:30,\"45047\",\"45047\"\n");
    expect_csv(
        SHEET("<row><c s='1'><v>61</v></c><c s='1'><v>60</v></c><c s='1'><v>-5</v></c>"
              "<c s='1'><v>2958465</v></c><c s='1'><v>nan</v></c><c s='9'><v>1</v></c></row>"),
        "1900-03-01,\"60\",\"-5\",\"2958465\",\"nan\",\"1\"\n");
    expect_csv(SHEET("<row><c s='1'><v>45047.99999</v></c></row>"), "2023-05-02\n");
}

static void test_wrong(void **state)
{
    (void)state;
    expect_wrong(SHEET("<row r='2'/><row r='2'/>"), ERR_MALFORMED, 2, 0);
    expect_wrong(SHEET("<row r='x'/>"), ERR_MALFORMED, 0, 0);
    expect_wrong(SHEET("<row r='60001'/>"), ERR_LIMIT, 60001, 0);
    expect_wrong(SHEET("<row r='1'><c r='B1'/><c r='A1'/></row>"), ERR_MALFORMED, 1, 1);
    expect_wrong(SHEET("<row r='1'><c r='BM1'/></row>"), ERR_LIMIT, 1, 65);
    expect_wrong(SHEET("<row r='1'><c r='ZZZZZZZZZZZZZZ1'/></row>"), ERR_LIMIT, 1, 702);
    expect_wrong(SHEET("<row r='1'><c r='A1' t='s'><v>3</v></c></row>"), ERR_MALFORMED, 1, 1);
    expect_wrong(SHEET("<row r='1'><row r='2'/></row>"), ERR_MALFORMED, 2, 0);
    expect_wrong("<worksheet><c r='A1'/></worksheet>", ERR_MALFORMED, 0, 1);
    expect_wrong("<worksheet>", ERR_MALFORMED, 0, 0);
    expect_wrong("<!DOCTYPE w [<!ENTITY a 'aaaa'>]><worksheet>&a;</worksheet>", ERR_MALFORMED, 0,
                 0);
}

static void test_deep(void **state)
{
    struct buf text;
    (void)state;
    buf_init(&text, 4096);
    for (unsigned i = 0; i <= XLSX_DEPTH; i++) {
        buf_put_text(&text, "<a>");
    }
    expect_wrong(buf_text(&text), ERR_LIMIT, 0, 0);
    buf_done(&text);
}

static void test_long_cell(void **state)
{
    struct buf text;
    (void)state;
    buf_init(&text, (size_t)4 * XLSX_CELL_SIZE);
    buf_put_text(&text, "<worksheet><row r='1'><c r='A1'><v>");
    for (unsigned i = 0; i <= XLSX_CELL_SIZE; i++) {
        buf_put_u8(&text, '7');
    }
    buf_put_text(&text, "</v></c></row></worksheet>");
    expect_wrong(buf_text(&text), ERR_LIMIT, 1, 1);
    buf_done(&text);
}

/* Bits, the lowest first, as deflate wants them. */
struct bits {
    struct buf *buf;
    uint32_t word;
    unsigned count;
};

static void put_bits(struct bits *bits, uint32_t code, unsigned count)
{
    for (unsigned i = count; i > 0; i--) { /* Huffman codes stand with their highest bit first */
        bits->word |= (code >> (i - 1) & 1) << bits->count;
        if (++bits->count == 8) {
            buf_put_u8(bits->buf, (uint8_t)bits->word);
            bits->word = 0;
            bits->count = 0;
        }
    }
}

/* Half a megabyte that unpacks to more than 64. */
static void test_bomb(void **state)
{
    struct buf deflated;
    struct buf zip;
    struct buf csv;
    struct xlsx_place place;
    (void)state;
    buf_init(&deflated, 1 << 20);
    struct bits bits = {.buf = &deflated};
    put_bits(&bits, 1, 1);    /* the last block, */
    put_bits(&bits, 2, 2);    /* fixed codes */
    put_bits(&bits, 0x50, 8); /* a blank, */
    for (unsigned i = 0; i < (XLSX_PART_SIZE / 258) + 1000; i++) {
        put_bits(&bits, 0xc5, 8); /* 258 times */
        put_bits(&bits, 0, 5);    /* the one before */
    }
    put_bits(&bits, 0, 7);
    put_bits(&bits, 0, 7);
    const struct part part = {"xl/workbook.xml", "", buf_span(&deflated), 1000};
    buf_init(&zip, XLSX_FILE_SIZE);
    buf_init(&csv, XLSX_CSV_SIZE);
    make_zip(&part, 1, &zip);
    enum err err = xlsx_read(buf_span(&zip), &csv, &place);
    assert_true(err == ERR_LIMIT || err == ERR_MALFORMED);
    assert_int_equal(csv.size, 0);
    buf_done(&zip);
    buf_clear(&zip);
    const struct part honest = {"xl/workbook.xml", "", buf_span(&deflated),
                                (XLSX_PART_SIZE / 258 + 1000) * 258 + 1};
    buf_init(&zip, XLSX_FILE_SIZE);
    make_zip(&honest, 1, &zip);
    assert_int_equal(xlsx_read(buf_span(&zip), &csv, &place), ERR_LIMIT);
    buf_done(&deflated);
    buf_done(&zip);
    buf_done(&csv);
}

/* What our own program saves comes back; every byte of it changed never crashes. */
static void test_own(void **state)
{
    struct grid grid;
    struct buf zip;
    struct buf csv;
    struct xlsx_place place;
    (void)state;
    assert_int_equal(grid_init(&grid, 2), ERR_NONE);
    grid_put_text(&grid, span_text("编号"));
    grid_put_text(&grid, span_text("身份证号"));
    grid_put_number(&grid, 7);
    grid_put_text(&grid, span_text("11010519491231002X"));
    buf_init(&zip, XLSX_FILE_SIZE);
    buf_init(&csv, XLSX_CSV_SIZE);
    assert_int_equal(grid_put_xlsx(&grid, "台帐", 1789689600, &zip), ERR_NONE);
    assert_int_equal(xlsx_read(buf_span(&zip), &csv, &place), ERR_NONE);
    assert_string_equal(buf_text(&csv), "\"编号\",\"身份证号\"\n\"7\",\"11010519491231002X\"\n");
    for (size_t i = 0; i < zip.size; i++) {
        buf_clear(&csv);
        zip.data[i] ^= 0x41;
        (void)!xlsx_read(buf_span(&zip), &csv, &place);
        zip.data[i] ^= 0x41;
    }
    for (size_t size = 0; size < zip.size; size += 37) {
        buf_clear(&csv);
        assert_int_not_equal(xlsx_read(span_of(zip.data, size), &csv, &place), ERR_NONE);
    }
    grid_done(&grid);
    buf_done(&zip);
    buf_done(&csv);
}

static void test_no_book(void **state)
{
    struct buf zip;
    struct buf csv;
    struct xlsx_place place;
    const struct part other = {"word/document.xml", "<a/>", {NULL, 0}, 0};
    const struct part lone = {"xl/workbook.xml", workbook, {NULL, 0}, 0};
    (void)state;
    buf_init(&csv, XLSX_CSV_SIZE);
    assert_false(xlsx_is(span_text("编号,日期")));
    assert_int_equal(xlsx_read(span_text("编号,日期"), &csv, &place), ERR_MALFORMED);
    buf_init(&zip, XLSX_FILE_SIZE);
    make_zip(&other, 1, &zip);
    assert_int_equal(xlsx_read(buf_span(&zip), &csv, &place), ERR_MALFORMED);
    buf_done(&zip);
    buf_init(&zip, XLSX_FILE_SIZE);
    make_zip(&lone, 1, &zip);
    assert_int_equal(xlsx_read(buf_span(&zip), &csv, &place), ERR_MALFORMED);
    buf_done(&zip);
    buf_done(&csv);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cells),     cmocka_unit_test(test_dates),
        cmocka_unit_test(test_wrong),     cmocka_unit_test(test_deep),
        cmocka_unit_test(test_long_cell), cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_own),       cmocka_unit_test(test_no_book),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
