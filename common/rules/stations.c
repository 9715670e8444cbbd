#include "rules/stations.h"

#include <stdlib.h>
#include <string.h>

struct stations {
    size_t count;
    struct stations_line line[STATIONS_COUNT]; /* in order of the text */
};

enum line_kind { LINE_STATION, LINE_RENAMED, LINE_MERGED };

static const struct text_word line_words[] = {
    {"station", "站点", LINE_STATION},
    {"renamed", "更名", LINE_RENAMED},
    {"merged", "并入", LINE_MERGED},
};

struct reading {
    struct stations *stations;
    struct text_errors *errors;
    struct text_place place;
};

static void wrong(struct reading *reading, const char *text)
{
    text_errors_add(reading->errors, reading->place, "%s", text);
}

/* Digits, as many as fit. */
static bool take_code(struct span *rest, char ret[STATIONS_CODE_SIZE])
{
    struct span word = text_take_word(rest);
    for (size_t i = 0; i < word.size; i++) {
        if (word.data[i] < '0' || word.data[i] > '9') {
            return false;
        }
    }
    if (word.size == 0 || word.size >= STATIONS_CODE_SIZE) {
        return false;
    }
    memcpy(ret, word.data, word.size);
    ret[word.size] = 0;
    return true;
}

static bool take_name(struct reading *reading, struct span rest, char ret[STATIONS_NAME_SIZE])
{
    if (rest.size == 0 || rest.size >= STATIONS_NAME_SIZE) {
        wrong(reading, "站名为空或过长 / the name is missing or too long");
        return false;
    }
    memcpy(ret, rest.data, rest.size);
    ret[rest.size] = 0;
    return true;
}

static const struct stations_line *line_of(const struct stations *stations, const char *code,
                                           bool merger)
{
    for (size_t i = 0; i < stations->count; i++) {
        const struct stations_line *line = &stations->line[i];
        if (strcmp(line->code, code) == 0 && (line->into[0] != 0) == merger) {
            return line;
        }
    }
    return NULL;
}

/* The newest line of its name; NULL: no such station. */
static const struct stations_line *last_name(const struct stations *stations, const char *code)
{
    const struct stations_line *last = NULL;
    for (size_t i = 0; i < stations->count; i++) {
        const struct stations_line *line = &stations->line[i];
        if (strcmp(line->code, code) == 0 && line->into[0] == 0) {
            last = line;
        }
    }
    return last;
}

/* Each line after those it builds upon: known, in the order of days, and not after its end. */
static bool follows(struct reading *reading, const struct stations_line *line)
{
    const struct stations_line *before = last_name(reading->stations, line->code);
    if (before == NULL) {
        wrong(reading, "前面没有这个站点的 station 行 / no station line of it stands before");
        return false;
    }
    if (line_of(reading->stations, line->code, true) != NULL) {
        wrong(reading, "该站已并入别站，不能再改 / this station was merged already");
        return false;
    }
    if (line->day <= before->day) {
        wrong(reading, "日期应晚于上一次更名 / the day must be later than the one before");
        return false;
    }
    return true;
}

static bool read_station(struct reading *reading, struct span rest, struct stations_line *line)
{
    if (last_name(reading->stations, line->code) != NULL) {
        wrong(reading, "站点代码重复，改名请用 renamed / given twice: renamed is for new names");
        return false;
    }
    return take_name(reading, rest, line->name);
}

/* Did another go into it on that day or later? */
static bool is_gone_into(const struct stations *stations, const struct stations_line *line)
{
    for (size_t i = 0; i < stations->count; i++) {
        const struct stations_line *other = &stations->line[i];
        if (strcmp(other->into, line->code) == 0 && other->day >= line->day) {
            return true;
        }
    }
    return false;
}

static bool read_merged(struct reading *reading, struct span rest, struct stations_line *line)
{
    if (!take_code(&rest, line->into) || rest.size != 0) {
        wrong(reading, "应写并入哪个站点的代码 / the code of the station it goes into");
        return false;
    }
    const struct stations_line *end = line_of(reading->stations, line->into, true);
    if (strcmp(line->into, line->code) == 0 || last_name(reading->stations, line->into) == NULL) {
        wrong(reading, "不能并入自身或未登记的站点 / not into itself nor an unknown station");
        return false;
    }
    if ((end != NULL && end->day <= line->day) || is_gone_into(reading->stations, line)) {
        wrong(reading, "两站的先后颠倒：并入的一站届时须还在 / who goes on must still exist then");
        return false;
    }
    return true;
}

static bool read_line(struct reading *reading, struct span text, struct stations_line *line)
{
    int32_t kind = 0;
    struct span word = text_take_word(&text);
    if (text_word_find(line_words, sizeof line_words / sizeof *line_words, word, &kind) !=
        ERR_NONE) {
        wrong(reading, "应以 station、renamed 或 merged 开头 / station, renamed or merged first");
        return false;
    }
    if (!take_code(&text, line->code)) {
        wrong(reading, "站点代码应为数字 / the code of a station is digits");
        return false;
    }
    if (kind == LINE_STATION) {
        return read_station(reading, text, line);
    }
    if (civil_day_parse(text_take_word(&text), &line->day) != ERR_NONE || line->day <= 0) {
        wrong(reading, "日期应为 2026-12-01，且确有此日 / a day is written 2026-12-01");
        return false;
    }
    return follows(reading, line) && (kind == LINE_RENAMED ? take_name(reading, text, line->name)
                                                           : read_merged(reading, text, line));
}

enum err stations_parse(struct span text, struct stations **ret_stations,
                        struct text_errors *ret_errors)
{
    uint32_t before = ret_errors->total;
    struct text_lines lines;
    struct span line;
    struct reading reading = {.errors = ret_errors};
    if (!text_file_check(text, 0, ret_errors)) {
        return ERR_MALFORMED;
    }
    reading.stations = calloc(1, sizeof *reading.stations);
    if (reading.stations == NULL) {
        return ERR_MEMORY;
    }
    text_lines_init(&lines, text, 0);
    while (text_lines_next(&lines, &line, NULL)) {
        struct stations_line read = {.day = 0};
        reading.place = lines.place;
        if (reading.stations->count == STATIONS_COUNT) {
            wrong(&reading, "行数过多 / too many lines");
            break;
        }
        if (read_line(&reading, line, &read)) {
            reading.stations->line[reading.stations->count++] = read;
        }
    }
    if (ret_errors->total != before) {
        stations_free(reading.stations);
        return ERR_MALFORMED;
    }
    *ret_stations = reading.stations;
    return ERR_NONE;
}

void stations_free(struct stations *stations)
{
    free(stations);
}

const char *stations_name(const struct stations *stations, const char *code, int32_t day)
{
    const char *name = "";
    for (size_t i = 0; stations != NULL && i < stations->count; i++) {
        const struct stations_line *line = &stations->line[i];
        if (line->into[0] == 0 && line->day <= day && strcmp(line->code, code) == 0) {
            name = line->name;
        }
    }
    return name;
}

const struct stations_line *stations_merger(const struct stations *stations, const char *code)
{
    return stations == NULL ? NULL : line_of(stations, code, true);
}

const char *stations_successor(const struct stations *stations, const char *code, int32_t day)
{
    const struct stations_line *merger = stations_merger(stations, code);
    /* A merger leads to one that ends on a later day or not at all, so this ends. */
    while (merger != NULL && merger->day <= day) {
        code = merger->into;
        merger = stations_merger(stations, code);
    }
    return code;
}
