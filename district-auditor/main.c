#include "district-auditor/program.h"

#include <argp.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const char *help;
    int (*run)(const struct options *options);
} commands[] = {
    {"root", "root init | root sign REQUEST > NOTE: the district root", command_root},
    {"init", "make the auditor's folder; --root root.pub", command_init},
    {"join", "join BUNDLE: follow the hub of this bundle", command_join},
    {"follow", "mirror and verify live; --once ends when caught up; --json streams events",
     command_follow},
    {"verify", "verify [EXPORT]: replay everything mirrored, or an exported log", command_verify},
    {"report", "cases, indicators, findings and score sheets per station, from the events alone",
     command_report},
    {"findings", "what does not agree, leaf by leaf", command_findings},
    {"status", "how far, and with which root", command_status},
};

enum {
    OPTION_AS_OF = 256,
    OPTION_ONCE,
    OPTION_JSON,
    OPTION_LANG,
    OPTION_CODE,
    OPTION_ROOT,
    OPTION_DEAF,
    OPTION_FROM,
    OPTION_UNTIL
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct options *options = state->input;
    switch (key) {
    case 'd':
        options->directory = argument;
        return 0;
    case 'p':
        options->password_file = argument;
        return 0;
    case 'h':
        options->hub = argument;
        return 0;
    case OPTION_AS_OF:
        options->as_of = argument;
        return 0;
    case OPTION_FROM:
        options->from = argument;
        return 0;
    case OPTION_UNTIL:
        options->until = argument;
        return 0;
    case OPTION_ONCE:
        options->once = true;
        return 0;
    case OPTION_JSON:
        options->json = true;
        return 0;
    case OPTION_DEAF:
        options->deafness = (unsigned)strtoul(argument, NULL, 10);
        return 0;
    case OPTION_LANG:
        options->english = strncmp(argument, "en", 2) == 0;
        return 0;
    case OPTION_CODE:
        options->code = argument;
        return 0;
    case OPTION_ROOT:
        options->root_file = argument;
        return 0;
    case ARGP_KEY_ARGS:
        options->arguments = state->argv + state->next;
        options->argument_count = state->argc - state->next;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option argp_options[] = {
    {"dir", 'd', "DIR", 0, "the program's folder (or JIELI_DIR)", 0},
    {"password-file", 'p', "FILE", 0, "file whose first line is the password", 0},
    {"hub", 'h', "NAME", 0, "only this hub", 0},
    {"as-of", OPTION_AS_OF, "DAY", 0, "report: the day it is, such as 2026-10-01", 0},
    {"from", OPTION_FROM, "DAY", 0, "report: first day of indicators and findings", 0},
    {"until", OPTION_UNTIL, "DAY", 0, "report: last day; without both the running year", 0},
    {"once", OPTION_ONCE, NULL, 0, "follow: end when caught up", 0},
    {"drill-deaf", OPTION_DEAF, "PERCENT", 0, "follow, for drills: misses so many doorbells", 0},
    {"json", OPTION_JSON, NULL, 0, "one JSON object a line", 0},
    {"lang", OPTION_LANG, "zh|en", 0, "language of messages", 0},
    {"code", OPTION_CODE, "CODE", 0, "init: county code", 0},
    {"root", OPTION_ROOT, "FILE", 0, "init: public key of the district root", 0},
    {0}};

static int usage(void)
{
    (void)fprintf(stderr, "district-auditor COMMAND [--dir DIR] ...\n");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        (void)fprintf(stderr, "  %-9s %s\n", commands[i].name, commands[i].help);
    }
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    static const struct argp argp = {.options = argp_options, .parser = parse};
    /* One thread yet. NOLINTBEGIN(concurrency-mt-unsafe) */
    struct options options = {.directory = getenv("JIELI_DIR")};
    (void)setlocale(LC_CTYPE, "C.UTF-8");
    /* NOLINTEND(concurrency-mt-unsafe) */
    if (argc < 2 || seal_init() != ERR_NONE) {
        return usage();
    }
    /* NOLINTNEXTLINE(concurrency-mt-unsafe) one thread yet */
    if (argp_parse(&argp, argc - 1, argv + 1, 0, NULL, &options) != 0) {
        return EXIT_USAGE;
    }
    if (options.directory == NULL) {
        options.directory = ".";
    }
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        if (strcmp(argv[1], commands[i].name) == 0) {
            return commands[i].run(&options);
        }
    }
    return usage();
}
