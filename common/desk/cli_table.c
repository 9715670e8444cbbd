#include "desk/cli_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

enum { COLUMN_COUNT = 16, CELL_SIZE = 64 * 1024, GAP = 2, PATH_SIZE = 64 };

size_t cli_width(const char *text)
{
    mbstate_t state = {0};
    size_t width = 0;
    while (*text != 0) {
        wchar_t letter = 0;
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): a command has one thread. */
        size_t size = mbrtowc(&letter, text, MB_CUR_MAX, &state);
        if (size == (size_t)-1 || size == (size_t)-2 || size == 0) {
            memset(&state, 0, sizeof state);
            size = 1;
            letter = L'?';
        }
        int columns = wcwidth(letter);
        width += columns > 0 ? (size_t)columns : 0;
        text += size;
    }
    return width;
}

void cli_print(const char *text)
{
    for (; *text != 0; text++) {
        uint8_t c = (uint8_t)*text;
        (void)putchar(c < 0x20 || c == 0x7f ? ' ' : c);
    }
}

/* As deep as a tree: WIRE_TREE_DEPTH. NOLINTNEXTLINE(misc-no-recursion) */
static void put_value(const struct cli *cli, const struct wire_tree *value, struct buf *ret)
{
    int64_t number = 0;
    const char *text = wire_tree_text(value);
    if (text != NULL) {
        buf_put_text(ret, text);
    } else if (wire_tree_number(value, &number)) {
        buf_put_format(ret, "%lld", (long long)number);
    } else if (wire_tree_is_list(value)) {
        for (size_t i = 0; i < wire_tree_count(value); i++) {
            buf_put_text(ret, i == 0 ? "" : " ");
            put_value(cli, wire_tree_at(value, i), ret);
        }
    } else if (wire_tree_is_object(value)) {
        wire_tree_write(value, false, ret);
    } else if (value != NULL) {
        bool yes = wire_tree_is_true(value);
        buf_put_text(ret, cli->english ? (yes ? "yes" : "no") : (yes ? "是" : "否"));
    }
}

static const struct wire_tree *find(const struct wire_tree *object, const char *member)
{
    char name[PATH_SIZE];
    const char *dot = strchr(member, '.');
    while (dot != NULL && object != NULL && (size_t)(dot - member) < sizeof name) {
        (void)snprintf(name, sizeof name, "%.*s", (int)(dot - member), member);
        object = wire_tree_get(object, name);
        member = dot + 1;
        dot = strchr(member, '.');
    }
    return wire_tree_get(object, member);
}

/* "itemZh" -> "itemEn", else "item"; "zh" -> "en". NULL: nothing of the kind. */
static const struct wire_tree *find_english(const struct wire_tree *object, const char *member)
{
    char name[PATH_SIZE];
    size_t size = strlen(member);
    if (size < 2 || size >= sizeof name || strcasecmp(member + size - 2, "zh") != 0) {
        return NULL;
    }
    (void)snprintf(name, sizeof name, "%.*s%s", (int)(size - 2), member,
                   member[size - 2] == 'Z' ? "En" : "en");
    const struct wire_tree *value = find(object, name);
    name[size - 2] = 0;
    return value != NULL ? value : find(object, name);
}

void cli_member(const struct cli *cli, const struct wire_tree *object, const char *member,
                struct buf *ret)
{
    const struct wire_tree *english = cli->english ? find_english(object, member) : NULL;
    put_value(cli, english != NULL ? english : find(object, member), ret);
}

static void put_cell(const char *text, size_t width, bool last)
{
    size_t own = cli_width(text);
    cli_print(text);
    for (; !last && own < width + GAP; own++) {
        (void)putchar(' ');
    }
}

static const char *title_of(const struct cli *cli, const struct cli_column *column)
{
    return cli->english ? column->en : column->zh;
}

/* Widths of the columns, headings included. */
static void measure(const struct cli *cli, const struct wire_tree *list,
                    const struct cli_column *columns, size_t count, size_t *ret)
{
    struct buf cell;
    buf_init(&cell, CELL_SIZE);
    for (size_t k = 0; k < count; k++) {
        ret[k] = cli_width(title_of(cli, &columns[k]));
        for (size_t i = 0; i < wire_tree_count(list); i++) {
            buf_clear(&cell);
            cli_member(cli, wire_tree_at(list, i), columns[k].member, &cell);
            size_t width = cli_width(buf_text(&cell));
            ret[k] = width > ret[k] ? width : ret[k];
        }
    }
    buf_done(&cell);
}

void cli_table(const struct cli *cli, const struct wire_tree *list,
               const struct cli_column *columns, size_t count)
{
    size_t widths[COLUMN_COUNT];
    struct buf cell;
    count = count > COLUMN_COUNT ? COLUMN_COUNT : count;
    measure(cli, list, columns, count, widths);
    buf_init(&cell, CELL_SIZE);
    for (size_t k = 0; k < count; k++) {
        put_cell(title_of(cli, &columns[k]), widths[k], k + 1 == count);
    }
    (void)putchar('\n');
    for (size_t i = 0; i < wire_tree_count(list); i++) {
        for (size_t k = 0; k < count; k++) {
            buf_clear(&cell);
            cli_member(cli, wire_tree_at(list, i), columns[k].member, &cell);
            put_cell(buf_text(&cell), widths[k], k + 1 == count);
        }
        (void)putchar('\n');
    }
    buf_done(&cell);
}

void cli_sheet(const struct cli *cli, const struct wire_tree *object,
               const struct cli_column *columns, size_t count)
{
    size_t width = 0;
    struct buf cell;
    buf_init(&cell, CELL_SIZE);
    for (size_t k = 0; k < count; k++) {
        size_t own = cli_width(title_of(cli, &columns[k]));
        width = own > width ? own : width;
    }
    for (size_t k = 0; k < count; k++) {
        buf_clear(&cell);
        cli_member(cli, object, columns[k].member, &cell);
        if (cell.size > 0) {
            put_cell(title_of(cli, &columns[k]), width, false);
            put_cell(buf_text(&cell), 0, true);
            (void)putchar('\n');
        }
    }
    buf_done(&cell);
}
