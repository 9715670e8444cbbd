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

/* Nothing was looked at yet, or since the last drop. */
bool search_is_new(const struct search *search);
/* Looks at up to limit records; false: the first pass over all of them is not done yet. */
bool search_work(struct search *search, const struct search_ask *ask, size_t limit);
/* This record has new events: the next work reads it. */
void search_touch(struct search *search, const uint8_t record[LIMIT_ID_SIZE]);
/* Any record may have new events: the next work passes over all. */
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
/* One record, read now when it has to be. Views until the next call. False: no memory. */
bool search_look(struct search *search, const struct search_ask *ask,
                 const uint8_t record[LIMIT_ID_SIZE], struct search_entry *ret);

#endif
