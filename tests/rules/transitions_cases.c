#include "flow.h"

#include <stdio.h>
#include <string.h>

/* Runs transitions.cases and the office's .cases beside it. At the end every row of every machine
 * must have been taken, and every refusal seen. */
enum { LEAST_CASES = 600 };

static void report_rows(struct flow *flow)
{
    for (unsigned id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        const struct rule_machine *machine = rule_machine((enum machine_id)id);
        for (size_t i = 0; i < machine->row_count; i++) {
            const struct rule_row *row = &machine->rows[i];
            if (!flow->taken[id][i]) {
                cases_fail(&flow->cases, "row never taken: %s verb %u, index %zu (6.3 row %u)",
                           machine->name, (unsigned)row->verb, i, (unsigned)row->number);
            }
        }
    }
}

static void report_refusals(struct flow *flow)
{
    for (uint32_t number = 1; number < FLOW_REFUSALS; number++) {
        const struct refusal_text *text = refusal_text(number);
        if (text != NULL && !flow->refused[number]) {
            cases_fail(&flow->cases, "refusal never seen: %s", text->name);
        }
    }
}

int main(int argc, char **argv)
{
    static struct flow flow;
    if (argc < 3) {
        (void)fprintf(stderr, "usage: transitions_cases FOLDER/FILE.cases ... DEPLOY\n");
        return 2;
    }
    flow_open(&flow, (const char *const *)argv + 1, (size_t)argc - 2, argv[argc - 1]);
    for (size_t i = 0; i < flow.scenario_count; i++) {
        (void)flow_run(&flow, &flow.scenarios[i]);
    }
    flow.cases.tags = NULL;
    report_rows(&flow);
    report_refusals(&flow);
    unsigned scenarios = (unsigned)flow.scenario_count;
    flow_close(&flow);
    (void)printf("%u scenarios; up to ", scenarios);
    return cases_done(&flow.cases, LEAST_CASES);
}
