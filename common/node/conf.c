#include "node/conf.h"

#include "base/check.h"
#include "base/limits.h"
#include "base/text.h"
#include "node/files.h"

#include <ctype.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONF_ORIGIN_SIZE = FILES_PATH_SIZE + 16, CONF_VARIABLE_SIZE = 128 };

struct conf_value {
    bool set;
    char text[CONF_VALUE_SIZE];
    char origin[CONF_ORIGIN_SIZE];
};

struct conf {
    const struct conf_key *keys;
    size_t key_count;
    struct conf_value values[CONF_KEY_COUNT];
};

/* One file while it is read; inih calls back line by line. */
struct conf_reading {
    struct conf *conf;
    const char *path;
    struct span left;
    int line;
    enum err err;
    struct conf_problem *problem;
};

__attribute__((format(printf, 2, 3))) static enum err conf_fail(struct conf_problem *problem,
                                                                const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(problem->text, sizeof problem->text, format, arguments);
    va_end(arguments);
    return ERR_MALFORMED;
}

static size_t conf_find(const struct conf *conf, const char *section, const char *name)
{
    size_t i = 0;

    while (i < conf->key_count &&
           (strcmp(conf->keys[i].section, section) != 0 || strcmp(conf->keys[i].name, name) != 0)) {
        i++;
    }
    return i;
}

static bool conf_is_switch(const char *text)
{
    return strcmp(text, "yes") == 0 || strcmp(text, "no") == 0;
}

static bool conf_is_number(const struct conf_key *key, const char *text)
{
    uint64_t value = 0;

    return text_get_number(span_text(text), key->max, &value) == ERR_NONE && value >= key->min;
}

static enum err conf_check(const struct conf_key *key, const char *value, const char *origin,
                           struct conf_problem *problem)
{
    if (strnlen(value, CONF_VALUE_SIZE) == CONF_VALUE_SIZE) {
        return conf_fail(problem, "%s: [%s] %s: longer than %d bytes", origin, key->section,
                         key->name, CONF_VALUE_SIZE - 1);
    }
    switch (key->kind) {
    case CONF_TEXT:
        return ERR_NONE;
    case CONF_NUMBER:
        if (!conf_is_number(key, value)) {
            return conf_fail(problem, "%s: [%s] %s: not a number from %llu to %llu: %.64s", origin,
                             key->section, key->name, (unsigned long long)key->min,
                             (unsigned long long)key->max, value);
        }
        return ERR_NONE;
    case CONF_SWITCH:
        if (!conf_is_switch(value)) {
            return conf_fail(problem, "%s: [%s] %s: neither yes nor no: %.64s", origin,
                             key->section, key->name, value);
        }
        return ERR_NONE;
    }
    return ERR_NONE;
}

struct conf *conf_new(const struct conf_key *keys, size_t key_count)
{
    struct conf_problem problem = {""};
    struct conf *conf = calloc(1, sizeof *conf);

    CHECK(key_count <= CONF_KEY_COUNT);
    if (conf == NULL) {
        return NULL;
    }
    conf->keys = keys;
    conf->key_count = key_count;
    for (size_t i = 0; i < key_count; i++) {
        CHECK(conf_find(conf, keys[i].section, keys[i].name) == i);
        CHECK(keys[i].kind == CONF_TEXT || keys[i].fallback != NULL);
        (void)snprintf(conf->values[i].origin, CONF_ORIGIN_SIZE, "default");
        if (keys[i].fallback != NULL) {
            CHECK(conf_check(&keys[i], keys[i].fallback, "default", &problem) == ERR_NONE);
            (void)snprintf(conf->values[i].text, CONF_VALUE_SIZE, "%s", keys[i].fallback);
        }
    }
    return conf;
}

void conf_free(struct conf *conf)
{
    free(conf);
}

enum err conf_set(struct conf *conf, const char *section, const char *name, const char *value,
                  const char *origin, struct conf_problem *ret_problem)
{
    const size_t index = conf_find(conf, section, name);
    struct conf_value *slot = NULL;
    enum err err = ERR_NONE;

    if (index == conf->key_count) {
        return conf_fail(ret_problem, "%s: unknown key [%.64s] %.64s", origin, section, name);
    }
    err = conf_check(&conf->keys[index], value, origin, ret_problem);
    if (err == ERR_NONE) {
        slot = &conf->values[index];
        slot->set = true;
        (void)snprintf(slot->text, sizeof slot->text, "%s", value);
        (void)snprintf(slot->origin, sizeof slot->origin, "%s", origin);
    }
    return err;
}

/* --- Files --- */

/* As fgets; a line that does not fit whole ends the reading with an error. */
static char *conf_next_line(char *ret, int size, void *context)
{
    struct conf_reading *reading = context;
    const uint8_t *end = NULL;
    const size_t most = (size_t)size - 2; /* with line end and NUL */
    size_t length = reading->left.size;

    if (reading->left.size == 0 || reading->err != ERR_NONE) {
        return NULL;
    }
    end = memchr(reading->left.data, '\n', reading->left.size);
    if (end != NULL) {
        length = (size_t)(end - reading->left.data) + 1;
    }
    reading->line++;
    if (length - (end != NULL ? 1 : 0) > most) {
        reading->err = conf_fail(reading->problem, "%s:%d: line too long, %zu bytes are the most",
                                 reading->path, reading->line, most);
        return NULL;
    }
    memcpy(ret, reading->left.data, length);
    ret[length] = '\0';
    reading->left = span_of(reading->left.data + length, reading->left.size - length);
    return ret;
}

static int conf_take_line(void *context, const char *section, const char *name, const char *value)
{
    struct conf_reading *reading = context;
    char origin[CONF_ORIGIN_SIZE] = "";

    if (reading->err == ERR_NONE) {
        (void)snprintf(origin, sizeof origin, "%s:%d", reading->path, reading->line);
        reading->err = conf_set(reading->conf, section, name, value, origin, reading->problem);
    }
    return reading->err == ERR_NONE ? 1 : 0;
}

static enum err conf_parse(struct conf_reading *reading)
{
    int line = 0;

    /* An indented line is a key like any other, not the rest of the value above. */
    ini_allow_multiline = false;
    line = ini_parse_stream(conf_next_line, reading, conf_take_line, reading);
    if (line > 0 && reading->err == ERR_NONE) {
        reading->err = conf_fail(reading->problem, "%s:%d: neither [section] nor key = value",
                                 reading->path, line);
    }
    return line < 0 ? ERR_MEMORY : reading->err;
}

static enum err conf_read_one(struct conf_reading *reading)
{
    struct buf bytes = {0};
    enum err err = ERR_NONE;

    buf_init(&bytes, LIMIT_TEXT_FILE_SIZE);
    err = files_read(reading->path, &bytes);
    if (err != ERR_NONE) {
        (void)conf_fail(reading->problem, "%s: cannot be read: %s", reading->path, err_name(err));
    } else if (!text_is_utf8(buf_span(&bytes))) {
        err = conf_fail(reading->problem, "%s: not UTF-8 text", reading->path);
    } else {
        reading->left = buf_span(&bytes);
        err = conf_parse(reading);
    }
    buf_done(&bytes);
    return err;
}

static enum err conf_read_next(void *context, const char *path)
{
    const struct conf_reading *all = context;
    struct conf_reading reading = {.conf = all->conf, .path = path, .problem = all->problem};

    return conf_read_one(&reading);
}

enum err conf_read(struct conf *conf, const char *path, struct conf_problem *ret_problem)
{
    struct conf_reading reading = {.conf = conf, .path = path, .problem = ret_problem};
    char directory[FILES_PATH_SIZE] = "";
    const int length = snprintf(directory, sizeof directory, "%s.d", path);
    enum err err = ERR_NONE;

    ret_problem->text[0] = '\0';
    if (length < 0 || length >= FILES_PATH_SIZE) {
        (void)conf_fail(ret_problem, "path too long");
        return ERR_LIMIT;
    }
    err = conf_read_one(&reading);
    if (err == ERR_NONE) {
        err = files_each(directory, ".conf", conf_read_next, &reading);
    }
    if (err != ERR_NONE && ret_problem->text[0] == '\0') {
        (void)conf_fail(ret_problem, "%s: %s", directory, err_name(err));
    }
    return err;
}

/* --- Environment --- */

static bool conf_variable(const char *prefix, const struct conf_key *key,
                          char ret[CONF_VARIABLE_SIZE])
{
    const int length =
        snprintf(ret, CONF_VARIABLE_SIZE, "%s_%s_%s", prefix, key->section, key->name);

    for (int i = 0; i < length && i < CONF_VARIABLE_SIZE; i++) {
        const unsigned char letter = (unsigned char)ret[i];
        bool dash = letter == '-' || letter == '.';
        ret[i] = (char)(dash ? '_' : toupper(letter));
    }
    return length > 0 && length < CONF_VARIABLE_SIZE;
}

enum err conf_read_environment(struct conf *conf, const char *prefix,
                               struct conf_problem *ret_problem)
{
    enum err err = ERR_NONE;

    for (size_t i = 0; i < conf->key_count && err == ERR_NONE; i++) {
        const struct conf_key *key = &conf->keys[i];
        char variable[CONF_VARIABLE_SIZE] = "";
        char origin[CONF_VARIABLE_SIZE + 16] = "";
        /* NOLINTNEXTLINE(concurrency-mt-unsafe): read once, at start */
        const char *value = conf_variable(prefix, key, variable) ? getenv(variable) : NULL;

        if (value != NULL) {
            (void)snprintf(origin, sizeof origin, "environment %s", variable);
            err = conf_set(conf, key->section, key->name, value, origin, ret_problem);
        }
    }
    return err;
}

/* --- Asking --- */

static size_t conf_index(const struct conf *conf, const char *section, const char *name)
{
    const size_t index = conf_find(conf, section, name);

    CHECK(index < conf->key_count);
    return index;
}

const char *conf_get_text(const struct conf *conf, const char *section, const char *name)
{
    return conf->values[conf_index(conf, section, name)].text;
}

uint64_t conf_get_number(const struct conf *conf, const char *section, const char *name)
{
    const size_t index = conf_index(conf, section, name);
    uint64_t value = 0;

    CHECK(conf->keys[index].kind == CONF_NUMBER);
    CHECK(text_get_number(span_text(conf->values[index].text), UINT64_MAX, &value) == ERR_NONE);
    return value;
}

bool conf_get_switch(const struct conf *conf, const char *section, const char *name)
{
    const size_t index = conf_index(conf, section, name);

    CHECK(conf->keys[index].kind == CONF_SWITCH);
    return strcmp(conf->values[index].text, "yes") == 0;
}

bool conf_is_set(const struct conf *conf, const char *section, const char *name)
{
    return conf->values[conf_index(conf, section, name)].set;
}

const char *conf_origin(const struct conf *conf, const char *section, const char *name)
{
    return conf->values[conf_index(conf, section, name)].origin;
}
