#include "desk/import.h"

#include "desk/guards.h"
#include "desk/json_text.h"
#include "node/conf.h"
#include "rules/civil.h"
#include "seal/hash.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NO_COLUMN = CSV_COLUMNS, MS_A_MINUTE = 60000, DEFAULT_MINUTE = 8 * 60, SERIAL_MAX = 64 };

static const struct conf_key settings[] = {
    {"import", "ledger", CONF_TEXT, NULL, 0, 0},    {"import", "serial", CONF_TEXT, NULL, 0, 0},
    {"import", "time", CONF_TEXT, NULL, 0, 0},      {"import", "name", CONF_TEXT, NULL, 0, 0},
    {"import", "id_number", CONF_TEXT, NULL, 0, 0}, {"import", "phone", CONF_TEXT, NULL, 0, 0},
    {"import", "unit", CONF_TEXT, NULL, 0, 0},      {"import", "matter", CONF_TEXT, NULL, 0, 0},
    {"import", "told", CONF_TEXT, NULL, 0, 0},      {"import", "item", CONF_TEXT, NULL, 0, 0},
    {"import", "done", CONF_TEXT, NULL, 0, 0},      {"import", "agent", CONF_TEXT, NULL, 0, 0}};

static bool is_code(const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i++) {
        if (text[i] < 0x21 || text[i] > 0x7e) {
            return false;
        }
    }
    return size > 0 && size <= SERIAL_MAX;
}

enum err import_map_read(const char *path, struct import_map *ret,
                         char ret_problem[IMPORT_PROBLEM_SIZE])
{
    static const char *const names[] = {"serial", "time", "name", "id_number", "phone", "unit",
                                        "matter", "told", "item", "done",      "agent"};
    struct conf_problem problem = {.text = ""};
    struct conf *conf = conf_new(settings, sizeof settings / sizeof *settings);
    enum err err = conf == NULL ? ERR_MEMORY : conf_read(conf, path, &problem);
    memset(ret, 0, sizeof *ret);
    ret_problem[0] = 0;
    if (err == ERR_NONE) {
        const char *ledger = conf_get_text(conf, "import", "ledger");
        (void)snprintf(ret->ledger, sizeof ret->ledger, "%s", ledger);
        for (size_t i = 0; i < IMPORT_COLUMNS; i++) {
            (void)snprintf(ret->heading[i], sizeof ret->heading[i], "%s",
                           conf_get_text(conf, "import", names[i]));
        }
        bool whole = strlen(ledger) < sizeof ret->ledger && is_code(ledger) &&
                     ret->heading[IMPORT_SERIAL][0] != 0 && ret->heading[IMPORT_TIME][0] != 0 &&
                     ret->heading[IMPORT_MATTER][0] != 0;
        err = whole ? ERR_NONE : ERR_MALFORMED;
        (void)snprintf(problem.text, sizeof problem.text, "%s",
                       whole ? "" : "映射须写明 ledger（代码）、serial、time、matter");
    }
    (void)snprintf(ret_problem, IMPORT_PROBLEM_SIZE, "%s", problem.text);
    conf_free(conf);
    return err;
}

/* NO_COLUMN: the file has no such heading. */
static size_t column_of(const struct csv *csv, const char *heading)
{
    for (size_t i = 0; heading[0] != 0 && i < csv_column_count(csv); i++) {
        if (strcmp(csv_heading(csv, i), heading) == 0) {
            return i;
        }
    }
    return NO_COLUMN;
}

/* --- times as people wrote them --- */

static bool take_number(const char **text, unsigned most, int32_t *ret)
{
    const char *at = *text;
    *ret = 0;
    while (*at >= '0' && *at <= '9' && (unsigned)(at - *text) < most) {
        *ret = *ret * 10 + (*at++ - '0');
    }
    bool some = at != *text;
    *text = at;
    return some;
}

static bool take_mark(const char **text, const char *zh)
{
    size_t size = strlen(zh);
    if (strncmp(*text, zh, size) == 0) {
        *text += size;
        return true;
    }
    if (**text == '-' || **text == '/' || **text == '.') {
        (*text)++;
        return true;
    }
    return false;
}

/* False: no day and time of that kind. */
static bool read_time(const char *text, uint64_t *ret_ms)
{
    struct civil_date date = {0};
    int32_t hour = 0;
    int32_t minute = DEFAULT_MINUTE;
    if (!take_number(&text, 4, &date.year) || !take_mark(&text, "年") ||
        !take_number(&text, 2, &date.month) || !take_mark(&text, "月") ||
        !take_number(&text, 2, &date.day) || !civil_date_is_valid(date)) {
        return false;
    }
    text += strncmp(text, "日", strlen("日")) == 0 ? strlen("日") : 0;
    text += strspn(text, " T");
    if (*text != 0) {
        bool good = take_number(&text, 2, &hour) && *text == ':';
        text += good ? 1 : 0;
        good = good && take_number(&text, 2, &minute) && hour < 24 && minute < 60;
        if (!good) {
            return false;
        }
        minute += hour * 60;
        text += *text == ':' ? strspn(text + 1, "0123456789") + 1 : 0;
    }
    int64_t days = civil_day_of_date(date);
    int64_t ms = days * CIVIL_MINUTES_A_DAY * MS_A_MINUTE + (int64_t)minute * MS_A_MINUTE -
                 (int64_t)8 * 60 * MS_A_MINUTE; /* China */
    *ret_ms = ms > 0 ? (uint64_t)ms : 0;
    return *text == 0 && ms > 0;
}

/* --- checking --- */

struct checking {
    const struct csv *csv;
    const struct import_map *map;
    size_t columns[IMPORT_COLUMNS];
    size_t wrong_count;
    void *context;
    void (*wrong)(void *context, size_t line, size_t column, const char *heading, const char *zh);
};

static void say(struct checking *checking, size_t line, enum import_column column, const char *zh)
{
    size_t at = checking->columns[column];
    checking->wrong_count++;
    checking->wrong(checking->context, line, at == NO_COLUMN ? 0 : at + 1,
                    checking->map->heading[column], zh);
}

static const char *cell(const struct checking *checking, size_t row, enum import_column column)
{
    return checking->columns[column] == NO_COLUMN
               ? ""
               : csv_cell(checking->csv, row, checking->columns[column]);
}

static void check_id_number(struct checking *checking, size_t row, int32_t today)
{
    const char *number = cell(checking, row, IMPORT_ID_NUMBER);
    size_t line = csv_line(checking->csv, row);
    if (number[0] == 0) {
        return;
    }
    switch (guards_id_check(number, today)) {
    case GUARDS_ID_GOOD:
        return;
    case GUARDS_ID_FORM:
        say(checking, line, IMPORT_ID_NUMBER,
            "身份证号码应为十八位。电子表格可能截去了末位，请按文本格式保存。");
        return;
    case GUARDS_ID_DAY:
        say(checking, line, IMPORT_ID_NUMBER, "身份证号码中的出生日期不存在。");
        return;
    case GUARDS_ID_CHECK:
        say(checking, line, IMPORT_ID_NUMBER, "身份证号码校验位不符（GB 11643）。");
        return;
    }
}

/* NULL: no such item; "": none is named. */
static const char *item_code(const struct import_map *map, const char *text)
{
    for (size_t i = 0; text[0] != 0 && i < map->item_count; i++) {
        if (strcmp(map->items[i].code, text) == 0 || strcmp(map->items[i].name, text) == 0) {
            return map->items[i].code;
        }
    }
    return text[0] == 0 ? "" : NULL;
}

static void check_result(struct checking *checking, size_t row, uint64_t time_ms, int32_t today)
{
    uint64_t ms = 0;
    const char *done = cell(checking, row, IMPORT_DONE);
    size_t line = csv_line(checking->csv, row);
    if (done[0] == 0) {
        return;
    }
    if (!read_time(done, &ms)) {
        say(checking, line, IMPORT_DONE, "办结日期不存在或写法不认识，请写成 2023-05-01。");
    } else if (civil_day_of_ms(ms) > today || civil_day_of_ms(ms) < civil_day_of_ms(time_ms)) {
        say(checking, line, IMPORT_DONE, "办结日期早于受理日期，或晚于今天。");
    } else if (cell(checking, row, IMPORT_TOLD)[0] == 0) {
        say(checking, line, IMPORT_TOLD, "有办结日期而没有办理结果，请补写结果或删去日期。");
    }
}

static void check_row(struct checking *checking, size_t row, int32_t today)
{
    uint64_t ms = 0;
    size_t line = csv_line(checking->csv, row);
    if (!is_code(cell(checking, row, IMPORT_SERIAL))) {
        say(checking, line, IMPORT_SERIAL, "编号为空，或不是数字、字母（不超过六十四个）。");
    }
    if (!read_time(cell(checking, row, IMPORT_TIME), &ms)) {
        say(checking, line, IMPORT_TIME, "日期不存在或写法不认识，请写成 2023-05-01 09:30。");
    } else if (civil_day_of_ms(ms) > today) {
        say(checking, line, IMPORT_TIME, "日期晚于今天。");
    }
    if (cell(checking, row, IMPORT_MATTER)[0] == 0) {
        say(checking, line, IMPORT_MATTER, "事项为空。");
    }
    if (item_code(checking->map, cell(checking, row, IMPORT_ITEM)) == NULL) {
        say(checking, line, IMPORT_ITEM, "事项目录中没有这个事项，请写目录中的代码或名称。");
    }
    check_id_number(checking, row, today);
    check_result(checking, row, ms, today);
}

static int compare_serials(const void *a, const void *b)
{
    const char *const *left = a;
    const char *const *right = b;
    int order = strcmp(*left, *right);
    return order != 0 ? order : (*left > *right) - (*left < *right);
}

/* The later of two rows with one number is told; cells lie in the order of the file. */
static void check_twice(struct checking *checking)
{
    size_t count = csv_row_count(checking->csv);
    const char **serials = count == 0 ? NULL : malloc(count * sizeof *serials);
    for (size_t i = 0; serials != NULL && i < count; i++) {
        serials[i] = cell(checking, i, IMPORT_SERIAL);
    }
    if (serials != NULL) {
        qsort(serials, count, sizeof *serials, compare_serials);
    }
    for (size_t i = 1; serials != NULL && i < count; i++) {
        if (serials[i][0] == 0 || strcmp(serials[i], serials[i - 1]) != 0) {
            continue;
        }
        for (size_t row = 0; row < count; row++) {
            if (cell(checking, row, IMPORT_SERIAL) == serials[i]) {
                say(checking, csv_line(checking->csv, row), IMPORT_SERIAL, "编号与前面一行重复。");
                break;
            }
        }
    }
    free(serials);
}

/* --- one matter entered twice --- */

struct same {
    const char *id_number;
    const char *matter; /* the item, else what it was about */
    int32_t day;
    size_t row;
};

static int compare_same(const void *a, const void *b)
{
    const struct same *left = a;
    const struct same *right = b;
    int order = strcmp(left->id_number, right->id_number);
    order = order != 0 ? order : strcmp(left->matter, right->matter);
    order = order != 0 ? order : (left->day > right->day) - (left->day < right->day);
    return order != 0 ? order : (left->row > right->row) - (left->row < right->row);
}

static bool is_same(const struct same *left, const struct same *right)
{
    return left->id_number[0] != 0 && strcmp(left->id_number, right->id_number) == 0 &&
           strcmp(left->matter, right->matter) == 0 && left->day == right->day;
}

static void check_same(struct checking *checking)
{
    size_t count = csv_row_count(checking->csv);
    struct same *list = count == 0 ? NULL : calloc(count, sizeof *list);
    for (size_t i = 0; list != NULL && i < count; i++) {
        uint64_t ms = 0;
        const char *item = cell(checking, i, IMPORT_ITEM);
        (void)!read_time(cell(checking, i, IMPORT_TIME), &ms);
        list[i] = (struct same){.id_number = cell(checking, i, IMPORT_ID_NUMBER),
                                .matter = item[0] != 0 ? item : cell(checking, i, IMPORT_MATTER),
                                .day = civil_day_of_ms(ms),
                                .row = i};
    }
    if (list != NULL) {
        qsort(list, count, sizeof *list, compare_same);
    }
    for (size_t i = 1; list != NULL && i < count; i++) {
        if (is_same(&list[i - 1], &list[i])) {
            char zh[128];
            (void)snprintf(zh, sizeof zh,
                           "与第 %zu 行是同一人、同一日、同一事项，请核对后删去一行。",
                           csv_line(checking->csv, list[i - 1].row));
            say(checking, csv_line(checking->csv, list[i].row), IMPORT_MATTER, zh);
        }
    }
    free(list);
}

size_t import_check(const struct csv *csv, const struct import_map *map, int32_t today,
                    void *context,
                    void (*wrong)(void *context, size_t line, size_t column, const char *heading,
                                  const char *zh))
{
    struct checking checking = {.csv = csv, .map = map, .context = context, .wrong = wrong};
    for (size_t i = 0; i < IMPORT_COLUMNS; i++) {
        checking.columns[i] = column_of(csv, map->heading[i]);
    }
    for (size_t i = 0; i < IMPORT_COLUMNS; i++) {
        if (map->heading[i][0] != 0 && checking.columns[i] == NO_COLUMN) {
            say(&checking, 1, (enum import_column)i, "文件没有这一列。");
        }
    }
    if (checking.wrong_count == 0) {
        for (size_t row = 0; row < csv_row_count(csv); row++) {
            check_row(&checking, row, today);
        }
        check_twice(&checking);
        check_same(&checking);
    }
    return checking.wrong_count;
}

/* --- writing --- */

void import_row(const struct csv *csv, const struct import_map *map, size_t index,
                struct import_row *ret)
{
    static const char purpose[] = "jieli import record 1";
    struct seal_sha256 sha;
    uint8_t hash[LIMIT_HASH_SIZE];
    for (size_t i = 0; i < IMPORT_COLUMNS; i++) {
        size_t column = column_of(csv, map->heading[i]);
        ret->cell[i] = column == NO_COLUMN ? "" : csv_cell(csv, index, column);
    }
    if (!read_time(ret->cell[IMPORT_TIME], &ret->time_ms)) {
        ret->time_ms = 0;
    }
    if (!read_time(ret->cell[IMPORT_DONE], &ret->done_ms)) {
        ret->done_ms = ret->time_ms;
    }
    ret->done_ms = ret->done_ms < ret->time_ms ? ret->time_ms : ret->done_ms;
    ret->item = item_code(map, ret->cell[IMPORT_ITEM]);
    ret->item = ret->item == NULL ? "" : ret->item;
    seal_sha256_init(&sha);
    seal_sha256_update(&sha, span_of(purpose, sizeof purpose));
    seal_sha256_update(&sha, span_of(map->ledger, strlen(map->ledger) + 1));
    seal_sha256_update(&sha, span_text(ret->cell[IMPORT_SERIAL]));
    seal_sha256_final(&sha, hash);
    memcpy(ret->record, hash, LIMIT_ID_SIZE);
}

static void put_common(const struct import_row *row, uint64_t time_ms, struct json_text *json)
{
    json_text_hex(json, "record", span_of(row->record, LIMIT_ID_SIZE));
    json_text_open(json, "backEntry");
    json_text_string(json, "serial", row->cell[IMPORT_SERIAL]);
    json_text_big(json, "time", time_ms);
    json_text_string(json, "reason", "import");
    json_text_close(json);
}

void import_put_received(const struct import_row *row, const char *again, struct buf *ret)
{
    static const struct {
        enum import_column column;
        const char *name;
    } parts[] = {{IMPORT_NAME, "name"},
                 {IMPORT_ID_NUMBER, "idNumber"},
                 {IMPORT_PHONE, "phone"},
                 {IMPORT_UNIT, "unit"}};
    struct json_text json;
    bool has_identity = false;
    json_text_init(&json, ret);
    json_text_open(&json, NULL);
    json_text_open(&json, "contact");
    json_text_string(&json, "verb", "received");
    json_text_number(&json, "channel", 1);
    if (row->item[0] != 0) {
        json_text_string(&json, "item", row->item);
    }
    if (again[0] != 0) {
        json_text_string(&json, "reason", again);
    }
    json_text_close(&json);
    if (again[0] != 0) {
        json_text_bool(&json, "force", true);
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        has_identity = has_identity || row->cell[parts[i].column][0] != 0;
    }
    if (has_identity) {
        json_text_open(&json, "identity");
        for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
            if (row->cell[parts[i].column][0] != 0) {
                json_text_string(&json, parts[i].name, row->cell[parts[i].column]);
            }
        }
        json_text_close(&json);
    }
    json_text_open(&json, "matter");
    json_text_string(&json, "text", row->cell[IMPORT_MATTER]);
    json_text_close(&json);
    put_common(row, row->time_ms, &json);
    json_text_close(&json);
}

static void put_told(const struct import_row *row, struct json_text *json)
{
    struct buf text;
    const char *agent = row->cell[IMPORT_AGENT];
    buf_init(&text, (size_t)2 * CSV_CELL_SIZE + 64);
    buf_put_format(&text, agent[0] == 0 ? "%s%s" : "%s（经办：%s）", row->cell[IMPORT_TOLD], agent);
    json_text_string(json, "told", buf_text(&text));
    buf_done(&text);
}

bool import_put_answered(const struct import_row *row, struct buf *ret)
{
    struct json_text json;
    if (row->cell[IMPORT_TOLD][0] == 0) {
        return false;
    }
    json_text_init(&json, ret);
    json_text_open(&json, NULL);
    json_text_open(&json, "contact");
    json_text_string(&json, "verb", "answered");
    json_text_close(&json);
    json_text_open(&json, "matter");
    put_told(row, &json);
    json_text_close(&json);
    put_common(row, row->done_ms, &json);
    json_text_close(&json);
    return true;
}
