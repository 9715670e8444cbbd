#ifndef JIELI_DESK_SEARCH_H
#define JIELI_DESK_SEARCH_H

#include "desk/desk.h"
#include "desk/sealing.h"

/* Names, ID numbers and telephones of all records that somebody unlocked can open, in memory only.
 * Built a portion at a time, brought up to date before each use, wiped when nobody is unlocked. */
struct search;

struct search *search_new(void);
void search_free(struct search *search);
/* Wipes and forgets everything. */
void search_drop(struct search *search);

struct search_ask {
    const struct desk_port *port;
    struct kv *kv;
    enum fold_space space;
    struct sealing_keys *keys;
};

enum { SEARCH_ALL = 0 };
/* Looks at up to limit records (SEARCH_ALL: all that are left); false: more are left. */
bool search_work(struct search *search, const struct search_ask *ask, size_t limit);
/* The facts or parts of a record changed. */
void search_touch(struct search *search, const uint8_t record[LIMIT_ID_SIZE]);
/* The log grew: the next work looks for changed records. */
void search_again(struct search *search);

struct search_entry {
    uint8_t record[LIMIT_ID_SIZE];
    const char *name; /* "" when none */
    const char *id_number;
    const char *phone;
};
/* Those whose name contains text, whose ID number or telephone begins or ends with it (at least
 * four characters), newest first. visit returns false to stop. */
void search_find(const struct search *search, const char *text, void *context,
                 bool (*visit)(void *context, const struct search_entry *entry));
/* False: not known. Views until the next work or drop. */
bool search_entry(const struct search *search, const uint8_t record[LIMIT_ID_SIZE],
                  struct search_entry *ret);

#endif
