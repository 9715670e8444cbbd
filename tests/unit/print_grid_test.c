#include "print/grid.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put(struct grid *grid, const char *text)
{
    grid_put_text(grid, span_text(text));
}

static void test_csv(void **state)
{
    struct grid grid;
    struct buf csv;
    (void)state;
    assert_int_equal(grid_init(&grid, 3), ERR_NONE);
    put(&grid, "姓名");
    put(&grid, "身份证号");
    put(&grid, "天数");
    put(&grid, "a,\"b\"");
    put(&grid, "11010519491231002X");
    grid_put_number(&grid, -3);
    put(&grid, "=cmd|' /C calc'!A0");
    put(&grid, "+86");
    put(&grid, "-1");
    put(&grid, "@x\r\ny");
    put(&grid, "");
    put(&grid, "\xff");
    buf_init(&csv, 4096);
    grid_put_csv(&grid, &csv);
    assert_int_equal(csv.err, ERR_NONE);
    assert_string_equal(buf_text(&csv), "\xef\xbb\xbf姓名,身份证号,天数\r\n"
                                        "\"a,\"\"b\"\"\",11010519491231002X,-3\r\n"
                                        "'=cmd|' /C calc'!A0,'+86,'-1\r\n"
                                        "'@x  y,,\xef\xbf\xbd\r\n");
    buf_done(&csv);
    grid_done(&grid);
}

static void test_limits(void **state)
{
    struct grid grid;
    struct buf csv;
    char *text = calloc(1, 2 * GRID_CELL_SIZE + 1);
    (void)state;
    assert_non_null(text);
    assert_int_equal(grid_init(&grid, 0), ERR_LIMIT);
    grid_done(&grid);
    assert_int_equal(grid_init(&grid, GRID_COLUMN_COUNT + 1), ERR_LIMIT);
    grid_done(&grid);
    assert_int_equal(grid_init(&grid, 1), ERR_NONE);
    memset(text, 'x', 2 * GRID_CELL_SIZE);
    put(&grid, text);
    assert_int_equal(grid.cells.size, GRID_CELL_SIZE + 1);
    for (size_t i = 1; i < GRID_ROW_COUNT; i++) {
        put(&grid, "");
    }
    assert_int_equal(grid.cells.err, ERR_NONE);
    put(&grid, "");
    assert_int_equal(grid.cells.err, ERR_LIMIT);
    buf_init(&csv, GRID_SIZE);
    grid_put_csv(&grid, &csv);
    assert_int_equal(csv.err, ERR_LIMIT);
    assert_int_equal(grid_put_xlsx(&grid, "x", 0, &csv), ERR_LIMIT);
    buf_done(&csv);
    grid_done(&grid);
    free(text);
}

/* What a member of the file says, as another program reads it. */
static char *member_of(const struct buf *file, const char *member)
{
    enum { TEXT_SIZE = 64 * 1024 };
    char path[] = "/tmp/jieli-grid-XXXXXX";
    char command[256];
    char *text = calloc(1, TEXT_SIZE);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_non_null(text);
    assert_int_equal(write(fd, file->data, file->size), (ssize_t)file->size);
    (void)close(fd);
    (void)snprintf(command, sizeof command,
                   "python3 -c 'import sys,zipfile;"
                   "sys.stdout.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]).decode())' "
                   "%s %s",
                   path, member);
    FILE *pipe = popen(command, "r");
    assert_non_null(pipe);
    assert_true(fread(text, 1, TEXT_SIZE - 1, pipe) > 0);
    assert_int_equal(pclose(pipe), 0);
    (void)unlink(path);
    return text;
}

static void test_xlsx(void **state)
{
    struct grid grid;
    struct buf file;
    (void)state;
    assert_int_equal(grid_init(&grid, 2), ERR_NONE);
    put(&grid, "身份证号");
    put(&grid, "天数");
    put(&grid, "110105194912310021");
    grid_put_number(&grid, 7);
    put(&grid, "=1+1");
    put(&grid, "<b>&\"");
    buf_init(&file, GRID_SIZE);
    assert_int_equal(grid_put_xlsx(&grid, "首问/台帐", 1789689600, &file), ERR_NONE);
    char *strings = member_of(&file, "xl/sharedStrings.xml");
    assert_non_null(strstr(strings, "<t>110105194912310021</t>"));
    assert_non_null(strstr(strings, "<t>=1+1</t>"));
    assert_non_null(strstr(strings, "<t>&lt;b&gt;&amp;\"</t>"));
    char *sheet = member_of(&file, "xl/worksheets/sheet1.xml");
    assert_null(strstr(sheet, "<f>")); /* no formula */
    assert_non_null(strstr(sheet, "<v>7</v>"));
    assert_non_null(strstr(sheet, "state=\"frozen\""));
    char *book = member_of(&file, "xl/workbook.xml");
    assert_non_null(strstr(book, "首问_台帐"));
    free(strings);
    free(sheet);
    free(book);
    buf_done(&file);
    grid_done(&grid);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_xlsx),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
