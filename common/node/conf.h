#ifndef JIELI_NODE_CONF_H
#define JIELI_NODE_CONF_H

#include "base/span.h"

/* INI files in systemd's manner: [section], key = value, later files win over earlier ones. Every
 * key is in a table; an unknown key, a bad value or a line of more than 198 bytes is an error. A
 * line that begins with # or ; is a comment, and so is what stands behind a blank and ;. */

enum conf_kind {
    CONF_TEXT,
    CONF_NUMBER, /* decimal, min to max */
    CONF_SWITCH, /* yes or no; as a number 1 or 0 */
};

struct conf_key {
    const char *section;
    const char *name;
    enum conf_kind kind;
    const char *fallback; /* as it would stand in a file; NULL, for text only: none, and "" */
    uint64_t min;         /* of a number, both included */
    uint64_t max;
};

enum { CONF_KEY_COUNT = 128, CONF_VALUE_SIZE = 256, CONF_PROBLEM_SIZE = 512 };

/* What is wrong and where, for a person: "/etc/jieli/hub.conf:12: unknown key [link] adress". */
struct conf_problem {
    char text[CONF_PROBLEM_SIZE];
};

struct conf;

/* keys is borrowed until conf_free. NULL: no memory. */
struct conf *conf_new(const struct conf_key *keys, size_t key_count);
void conf_free(struct conf *conf);
/* Reads path, then each path.d/x.conf in order of name. A missing path is ERR_NOT_FOUND, a missing
 * path.d nothing. On failure problem is filled and conf must be freed: read into a new one and
 * keep the old until that succeeded. */
MUST_USE enum err conf_read(struct conf *conf, const char *path, struct conf_problem *ret_problem);
/* One value, as from a command line; origin is named in problems and by conf_origin. */
MUST_USE enum err conf_set(struct conf *conf, const char *section, const char *name,
                           const char *value, const char *origin, struct conf_problem *ret_problem);
/* Takes PREFIX_SECTION_NAME (upper case, "-" and "." as "_") of the environment for each key. */
MUST_USE enum err conf_read_environment(struct conf *conf, const char *prefix,
                                        struct conf_problem *ret_problem);

/* Asking for a key that is not in the table, or with the wrong kind, is a bug. Text is borrowed
 * until the next read, set or free. */
const char *conf_get_text(const struct conf *conf, const char *section, const char *name);
uint64_t conf_get_number(const struct conf *conf, const char *section, const char *name);
bool conf_get_switch(const struct conf *conf, const char *section, const char *name);
/* False: the fallback stands, or nothing. */
bool conf_is_set(const struct conf *conf, const char *section, const char *name);
/* "file:line", "environment", "default", ...; borrowed as text is. */
const char *conf_origin(const struct conf *conf, const char *section, const char *name);

#endif
