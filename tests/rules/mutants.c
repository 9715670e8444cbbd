#include "flow.h"
#include "matrix.h"
#include "rules/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* How good are the tables' tests? Each mutant is the rule book with one thing wrong: a row gone, a
 * guard that always holds, a limit shifted by one. Some scenario must fail over it. The engine asks
 * rule_machine of this program, so a mutant is a changed copy of a table and nothing is compiled
 * again; it runs in a process of its own, so that one which crashes is noticed, too. */

enum { SURVIVORS = 400, NAME_SIZE = 160, WANTED_PERCENT = 95, BOOK_REGIMES = 120 };

static const struct rule_machine *const originals[MACHINE_END] = {
    [MACHINE_CONTACT] = &machine_contact,       [MACHINE_CASE] = &machine_case,
    [MACHINE_REQUEST] = &machine_request,       [MACHINE_TASK] = &machine_task,
    [MACHINE_DELEGATION] = &machine_delegation, [MACHINE_NOTE] = &machine_note,
#define MACHINE(id, name) [MACHINE_##id] = &machine_##name,
#include "rules/office.def"
#undef MACHINE
};

static struct rule_machine machines[MACHINE_END];
static struct rule_row rows[MACHINE_END][FLOW_ROWS];

const struct rule_machine *rule_machine(enum machine_id id)
{
    bool known = (unsigned)id < MACHINE_END && originals[id] != NULL;
    return known ? &machines[id] : NULL;
}

struct tally {
    const char *name;
    unsigned made;
    unsigned noticed;
};

struct trial {
    struct flow flow;
    struct matrix matrix;
    const char *matrix_path;
    struct tally *tally; /* that the next mutant counts in */
    char survivors[SURVIVORS][NAME_SIZE];
    unsigned survivor_count;
    char *program; /* deadline_cases: also asked about a shifted limit; NULL: it is not */
    char *file;
    const char *deploy;
};

static void whole_book(void)
{
    for (unsigned id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        machines[id] = *originals[id];
        memcpy(rows[id], originals[id]->rows, originals[id]->row_count * sizeof rows[id][0]);
        machines[id].rows = rows[id];
    }
}

static bool always(const struct rule_input *input)
{
    (void)input;
    return true;
}

static const struct rule_guard open_guard = {"open", always, REFUSAL_NONE};

/* The first scenario that fails, of those that speak of one of machines and carry tag (NULL: any);
 * NULL: none. */
static const struct flow_scenario *first_failing(struct flow *flow, uint32_t wanted,
                                                 const char *tag)
{
    for (size_t i = 0; i < flow->scenario_count; i++) {
        const struct flow_scenario *scenario = &flow->scenarios[i];
        /* A limit may be asked by scenarios that speak of no record. */
        bool asked = wanted == UINT32_MAX || (scenario->machines & wanted) != 0;
        if (asked && (tag == NULL || flow_is_tagged(scenario, tag)) &&
            flow_run(flow, scenario) != 0) {
            return scenario;
        }
    }
    return NULL;
}

static bool matrix_fails(struct trial *trial)
{
    matrix_run(&trial->matrix, trial->matrix_path, false);
    buf_done(&trial->matrix.cases.text);
    return trial->matrix.cases.failed != 0;
}

static void be_quiet(FILE *stream)
{
    if (freopen("/dev/null", "w", stream) == NULL) {
        _exit(2);
    }
}

/* In a child, so that a crash counts as noticed; what it prints is lost. */
static bool is_noticed(struct trial *trial, uint32_t wanted)
{
    (void)fflush(NULL);
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        _Exit(2);
    }
    if (child == 0) {
        be_quiet(stderr);
        _exit(first_failing(&trial->flow, wanted, NULL) != NULL || matrix_fails(trial) ? 1 : 0);
    }
    int status = 0;
    if (waitpid(child, &status, 0) != child) {
        perror("waitpid");
        _Exit(2);
    }
    return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void count(struct trial *trial, bool noticed, const char *name)
{
    trial->tally->made++;
    trial->tally->noticed += noticed ? 1U : 0U;
    if (!noticed && trial->survivor_count < SURVIVORS) {
        (void)snprintf(trial->survivors[trial->survivor_count++], NAME_SIZE, "%s", name);
    }
}

static const char *verb_name(const struct rule_machine *machine, uint16_t verb)
{
    const struct rule_name *name = machine->verbs;
    while (name->name != NULL && name->number != verb) {
        name++;
    }
    return name->name == NULL ? "?" : name->name;
}

static void try_row(struct trial *trial, unsigned id, size_t index, struct tally *removed,
                    struct tally *loosened)
{
    char name[NAME_SIZE];
    struct rule_row *row = &rows[id][index];
    const struct rule_row whole = *row;
    const char *verb = verb_name(&machines[id], whole.verb);
    trial->tally = removed;
    row->from = 0;
    (void)snprintf(name, sizeof name, "%s %s (row %zu) removed", machines[id].name, verb, index);
    count(trial, is_noticed(trial, (uint32_t)1 << id), name);
    *row = whole;
    trial->tally = loosened;
    for (size_t g = 0; g < RULE_GUARDS && whole.guards[g] != NULL; g++) {
        row->guards[g] = &open_guard;
        (void)snprintf(name, sizeof name, "%s %s (row %zu) without %s", machines[id].name, verb,
                       index, whole.guards[g]->name);
        count(trial, is_noticed(trial, (uint32_t)1 << id), name);
        *row = whole;
    }
}

/* --- limits --- */

static void write_text(const char *path, struct span text)
{
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(text.data, 1, text.size, file) != text.size || fclose(file) != 0) {
        perror(path);
        _Exit(2);
    }
}

static bool runs_well(char *const *command)
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        be_quiet(stderr);
        be_quiet(stdout);
        (void)execv(command[0], command);
        _exit(2);
    }
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
           WEXITSTATUS(status) == 0;
}

/* PROGRAM FILE over a deploy folder whose policy is the changed one. */
static bool command_notices(struct trial *trial)
{
    static const char *const linked[] = {"calendar", "catalogue"};
    enum { LINKS = sizeof linked / sizeof *linked };
    char folder[] = "/tmp/mutant-XXXXXX";
    char path[LINKS + 2][2 * NAME_SIZE];
    char target[2 * NAME_SIZE];
    if (trial->program == NULL) {
        return false;
    }
    if (mkdtemp(folder) == NULL) {
        perror(folder);
        _Exit(2);
    }
    for (size_t i = 0; i < LINKS; i++) {
        (void)snprintf(path[i], sizeof path[i], "%s/%s", folder, linked[i]);
        (void)snprintf(target, sizeof target, "%s/%s", trial->deploy, linked[i]);
        if (symlink(target, path[i]) != 0) {
            perror(path[i]);
            _Exit(2);
        }
    }
    (void)snprintf(path[LINKS], sizeof path[LINKS], "%s/policy", folder);
    (void)snprintf(path[LINKS + 1], sizeof path[LINKS + 1], "%s/policy/policy.txt", folder);
    (void)mkdir(path[LINKS], 0700);
    write_text(path[LINKS + 1], buf_span(&trial->flow.world.policy_text));
    char *command[] = {trial->program, trial->file, folder, NULL};
    bool well = runs_well(command);
    for (size_t i = 0; i < LINKS; i++) {
        (void)unlink(path[i]);
    }
    (void)unlink(path[LINKS + 1]);
    (void)rmdir(path[LINKS]);
    (void)rmdir(folder);
    return !well;
}

static void try_value(struct trial *trial, struct policy_entry entry, int64_t value)
{
    char name[NAME_SIZE];
    struct buf text;
    struct buf shipped;
    buf_init(&text, NAME_SIZE);
    buf_init(&shipped, NAME_SIZE);
    policy_value_format(&entry, &shipped);
    entry.value = value;
    policy_value_format(&entry, &text);
    (void)snprintf(name, sizeof name, "%s = %s, not %s", entry.info->name, buf_text(&text),
                   buf_text(&shipped));
    /* A value that the whole file refuses cannot come into force. */
    if (world_shift_policy(&trial->flow.world, span_text(entry.info->name), buf_span(&text))) {
        count(trial, is_noticed(trial, UINT32_MAX) || command_notices(trial), name);
    }
    world_restore_policy(&trial->flow.world);
    buf_done(&text);
    buf_done(&shipped);
}

static void try_limits(struct trial *trial, struct tally *tally)
{
    trial->tally = tally;
    for (enum policy_id id = 0; id < POLICY_COUNT; id++) {
        struct policy_entry entry = policy_entry(trial->flow.world.policy, id);
        if (entry.value > entry.info->min) {
            try_value(trial, entry, entry.value - 1);
        }
        if (entry.value < entry.info->max) {
            try_value(trial, entry, entry.value + 1);
        }
    }
}

/* --- regimes --- */

/* Takes away the rows and questions that carry regime; false: nothing carries it. */
static bool switch_off(struct trial *trial, const char *regime)
{
    bool carried = world_drop_questions(&trial->flow.world, regime);
    for (unsigned id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        for (size_t i = 0; i < machines[id].row_count; i++) {
            char list[NAME_SIZE];
            char wanted[16];
            (void)snprintf(list, sizeof list, " %s ", rows[id][i].regimes);
            (void)snprintf(wanted, sizeof wanted, " %s ", regime);
            if (strstr(list, wanted) != NULL) {
                rows[id][i].from = 0;
                carried = true;
            }
        }
    }
    return carried;
}

/* R59 is the tables' column of roles: with it gone anybody may do anything, and the matrix says so.
 */
static bool roles_are_noticed(struct trial *trial)
{
    for (unsigned id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        for (size_t i = 0; i < machines[id].row_count; i++) {
            rows[id][i].who = UINT64_MAX;
        }
    }
    bool noticed = matrix_fails(trial);
    whole_book();
    return noticed;
}

/* Each regime's own test must fail without what carries it. */
static void try_regimes(struct trial *trial, struct tally *tally)
{
    trial->tally = tally;
    for (unsigned number = 1; number <= BOOK_REGIMES; number++) {
        char regime[8];
        char name[NAME_SIZE];
        (void)snprintf(regime, sizeof regime, "R%02u", number);
        if (switch_off(trial, regime)) {
            const struct flow_scenario *failing = first_failing(&trial->flow, UINT32_MAX, regime);
            (void)snprintf(name, sizeof name, "%s: no test of its own fails without it", regime);
            count(trial, failing != NULL, name);
            if (failing != NULL) {
                (void)printf("%s off: %s:%u fails: %.*s\n", regime, failing->path,
                             (unsigned)failing->line, CASES_TEXT(failing->title));
            }
        }
        whole_book();
        world_restore_policy(&trial->flow.world);
    }
    bool noticed = roles_are_noticed(trial);
    count(trial, noticed, "R59: the matrix does not notice that roles are gone");
    if (noticed) {
        (void)printf("R59 off: %s fails\n", trial->matrix_path);
    }
}

/* --- all of it --- */

static unsigned report(const struct trial *trial, const struct tally *tallies, size_t tally_count)
{
    unsigned made = 0;
    unsigned noticed = 0;
    for (unsigned i = 0; i < trial->survivor_count; i++) {
        (void)printf("survived: %s\n", trial->survivors[i]);
    }
    for (size_t i = 0; i < tally_count; i++) {
        (void)printf("%-16s %4u made, %4u noticed\n", tallies[i].name, tallies[i].made,
                     tallies[i].noticed);
        made += tallies[i].made;
        noticed += tallies[i].noticed;
    }
    (void)printf("together %u of %u noticed\n", noticed, made);
    return made == 0 ? 0 : noticed * 100 / made;
}

static void try_tables(struct trial *trial, struct tally *tallies)
{
    for (unsigned id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        for (size_t i = 0; i < machines[id].row_count; i++) {
            try_row(trial, id, i, &tallies[0], &tallies[1]);
        }
    }
    try_limits(trial, &tallies[2]);
}

/* "roles": every row open to everybody, one at a time. */
static void try_roles(struct trial *trial, struct tally *tally)
{
    char name[NAME_SIZE];
    trial->tally = tally;
    for (unsigned id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        for (size_t i = 0; i < machines[id].row_count; i++) {
            uint64_t who = rows[id][i].who;
            rows[id][i].who = UINT64_MAX;
            (void)snprintf(name, sizeof name, "%s %s (row %zu) open to all", machines[id].name,
                           verb_name(&machines[id], rows[id][i].verb), i);
            count(trial, is_noticed(trial, (uint32_t)1 << id), name);
            rows[id][i].who = who;
        }
    }
}

static void open_trial(struct trial *trial, char **files, size_t file_count, const char *deploy)
{
    trial->deploy = deploy;
    trial->matrix_path = files[0];
    whole_book();
    flow_open(&trial->flow, (const char *const *)files + 1, file_count - 1, deploy);
    trial->flow.cases.quiet = true;
    trial->matrix.world = &trial->flow.world;
    trial->matrix.quiet = true;
    /* Also the other program: one that fails over the book as it is would notice everything. */
    if (first_failing(&trial->flow, UINT32_MAX, NULL) != NULL || matrix_fails(trial) ||
        command_notices(trial)) {
        (void)fprintf(stderr, "mutants: the tests fail as it is\n");
        _Exit(2);
    }
}

int main(int argc, char **argv)
{
    static struct trial trial;
    struct tally tables[] = {{"rows removed", 0, 0},
                             {"guards loosened", 0, 0},
                             {"limits shifted", 0, 0},
                             {"roles opened", 0, 0}};
    struct tally regimes = {"regimes off", 0, 0};
    bool short_form = argc > 1 && strcmp(argv[1], "--regimes") == 0;
    int first = short_form ? 2 : 3;
    if (argc < first + 3) {
        (void)fprintf(stderr, "usage: mutants --regimes MATRIX FILE.cases ... DEPLOY\n"
                              "       mutants DEADLINE_CASES DEADLINE.cases MATRIX FILE.cases ... "
                              "DEPLOY\n");
        return 2;
    }
    trial.program = short_form ? NULL : argv[1];
    trial.file = short_form ? NULL : argv[2];
    open_trial(&trial, argv + first, (size_t)(argc - first) - 1, argv[argc - 1]);
    if (short_form) {
        try_regimes(&trial, &regimes);
    } else {
        try_tables(&trial, tables);
        try_roles(&trial, &tables[3]);
    }
    unsigned percent = short_form ? report(&trial, &regimes, 1) : report(&trial, tables, 4);
    flow_close(&trial.flow);
    return percent >= (short_form ? 100 : WANTED_PERCENT) ? 0 : 1;
}
