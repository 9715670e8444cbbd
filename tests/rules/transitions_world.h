#ifndef JIELI_TESTS_TRANSITIONS_WORLD_H
#define JIELI_TESTS_TRANSITIONS_WORLD_H

#include "cases.h"
#include "rules/rule.h"

/* A small township for tests/rules/transitions.cases: two stations and a hub, their people, the
 * files of deploy/, and the records of one scenario by their names in the script. */
enum { WORLD_RECORDS = 256, WORLD_NAME_SIZE = 32 };

struct world_record {
    char name[WORLD_NAME_SIZE];
    bool exists;
    struct record record;
};

struct actor {
    const char *name;
    enum tier tier;
    uint8_t station; /* 0: the hub */
    uint8_t staff;   /* 0: the device itself */
    uint64_t roles;
};

struct world {
    struct buf policy_shipped; /* deploy/policy/policy.txt */
    struct buf policy_text;    /* that, or what world_shift_policy made of it */
    struct buf policy_now;     /* with this scenario's changes */
    struct policy *policy;
    struct catalogue *catalogue;
    struct calendar *calendar;
    struct world_record *records;
    size_t record_count;
    uint64_t now_ms;
    uint64_t event_count;
    uint64_t own_seq; /* of the last event that gave a baton back */
    uint8_t last_event[LIMIT_HASH_SIZE];
};

/* own_items: a catalogue file of items beside those of deploy/. Ends the program with 2 when a file
 * cannot be read or is refused. */
void world_open(struct world *world, const char *deploy, const char *own_items);
void world_close(struct world *world);
/* A new scenario: no records, the policy as shipped. */
void world_reset(struct world *world);
/* Another value for one parameter until the next scenario; false: refused. */
bool world_set_policy(struct world *world, struct span name, struct span value);

/* The same for all scenarios to come; the shipped text comes back with value NULL data. */
bool world_shift_policy(struct world *world, struct span name, struct span value);
/* All scenarios to come run without the checklist's questions that carry this regime; false: it has
 * none, or no checklist is left without them. */
bool world_drop_questions(struct world *world, const char *regime);
void world_restore_policy(struct world *world);

/* NULL: nobody of that name. */
const struct actor *world_actor(struct span name);
void world_staff_id(const struct actor *actor, uint8_t ret_id[LIMIT_ID_SIZE]);
void world_device_id(const struct actor *actor, uint8_t ret_id[LIMIT_KEY_SIZE]);
/* The record of that name, made up when it is new; NULL when there are too many. */
struct world_record *world_record(struct world *world, struct span name);
struct rule_world world_rules(struct world *world);

/* One fact "key=value" of a script line, into facts; false: not understood. */
bool world_fact(struct world *world, const struct catalogue_item *item, struct span key,
                struct span value, struct values *facts);

#endif
