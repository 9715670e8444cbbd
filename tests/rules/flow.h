#ifndef JIELI_TESTS_FLOW_H
#define JIELI_TESTS_FLOW_H

#include "transitions_world.h"

/* Runs the .cases files that script events: each line is an event by somebody, and what becomes of
 * it. A line of tags such as "# R46 N44 X11" stands before the scenario that proves them. */
enum {
    FLOW_SCENARIOS = 512,
    FLOW_FILES = 16,
    FLOW_TAGS_SIZE = 160,
    FLOW_ROWS = 128,
    FLOW_REFUSALS = 3000,
    FLOW_EVENTS = 512
};

struct flow_scenario {
    const char *path;
    uint32_t line;             /* of "scenario" */
    struct span title;         /* borrowed from the file */
    struct span text;          /* from that line to the next scenario */
    char tags[FLOW_TAGS_SIZE]; /* " R46 N44 "; "" when there are none */
    uint32_t machines;         /* bits 1 << machine_id of the records it speaks of */
};

/* An accepted event of the scenario, for the views. */
struct flow_event {
    uint8_t id[LIMIT_HASH_SIZE];
    uint8_t record[LIMIT_ID_SIZE];
    uint8_t staff[LIMIT_ID_SIZE];
    uint16_t verb;
    uint64_t legal_ms;
};

struct flow {
    struct cases cases;
    struct world world;
    struct buf texts[FLOW_FILES];
    size_t text_count;
    struct flow_scenario scenarios[FLOW_SCENARIOS];
    size_t scenario_count;
    bool taken[MACHINE_END][FLOW_ROWS];
    bool refused[REFUSAL_END];
    struct record ready; /* after the event, when it was accepted */
    struct record again;
    struct values facts;
    struct values expected;
    struct buf first;
    struct buf second;
    struct flow_event events[FLOW_EVENTS];
    size_t event_count;
    struct values no_facts;
};

/* "finding", "kpi" and "sheet" lines: what the views make of the records so far. False: the line
 * begins with another word. */
bool flow_run_view(struct flow *flow, struct span word, struct span rest);

/* Reads the files; items beside the first of them. Ends the program with 2 when one cannot be read.
 */
void flow_open(struct flow *flow, const char *const *paths, size_t path_count, const char *deploy);
void flow_close(struct flow *flow);
/* Runs one scenario and returns how many of its lines fail; each is printed with its tags, unless
 * flow->cases.quiet. */
unsigned flow_run(struct flow *flow, const struct flow_scenario *scenario);
/* Is tag ("R46") among the scenario's? */
bool flow_is_tagged(const struct flow_scenario *scenario, const char *tag);

#endif
