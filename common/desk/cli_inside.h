#ifndef JIELI_DESK_CLI_INSIDE_H
#define JIELI_DESK_CLI_INSIDE_H

/* Private to the commands. */

#include "desk/cli.h"
#include "node/files.h"

enum { CLI_TOKEN_SIZE = 65, CLI_TITLE_SIZE = 96, CLI_BODY_SIZE = 512 * 1024 };

struct cli {
    const struct cli_program *program;
    char title[CLI_TITLE_SIZE]; /* "village-node case", for messages and usage */
    const char *directory;
    bool json;
    bool english;
    const char *staff;         /* --as */
    const char *password_file; /* --password-file */
    char token[CLI_TOKEN_SIZE];
    bool unlocked; /* by --as, for this run */
    bool quiet;    /* a refusal is expected: nothing is said */
};

/* The common options, for a parser's children. */
extern const struct argp cli_common_argp;

/* DIR/name. False after a message. */
MUST_USE bool cli_path(struct cli *cli, const char *name, char ret_path[FILES_PATH_SIZE]);
/* Unlocks as staff and keeps the token in cli; 0 or the exit code after a message. The caller frees
 * the answer's body. */
MUST_USE int cli_unlock(struct cli *cli, const char *staff, struct http_answer *ret_answer);
/* What an --as has opened is closed again. */
void cli_lock_again(struct cli *cli);
/* Prints text without control characters. */
void cli_print(const char *text);
/* The member "a.b" of an object as text for people; "" when absent. */
void cli_member(const struct cli *cli, const struct wire_tree *object, const char *member,
                struct buf *ret);

/* cli_act.c: "case VERB ..." and its like; argv[0] names the machine. */
int cli_act(struct cli *cli, int argc, char **argv);

/* cli_look.c, cli_book.c, cli_views.c */
int cli_command_unlock(struct cli *cli, int argc, char **argv);
int cli_command_lock(struct cli *cli, int argc, char **argv);
int cli_command_session(struct cli *cli, int argc, char **argv);
int cli_command_show(struct cli *cli, int argc, char **argv);
int cli_command_events(struct cli *cli, int argc, char **argv);
int cli_command_list(struct cli *cli, int argc, char **argv);
int cli_command_form(struct cli *cli, int argc, char **argv);  /* cli_form.c */
int cli_command_phone(struct cli *cli, int argc, char **argv); /* cli_people.c */
int cli_command_view(struct cli *cli, int argc, char **argv);
int cli_command_kpi(struct cli *cli, int argc, char **argv);
int cli_command_findings(struct cli *cli, int argc, char **argv);
int cli_command_regimes(struct cli *cli, int argc, char **argv);
int cli_command_appraisal(struct cli *cli, int argc, char **argv);
int cli_command_import(struct cli *cli, int argc, char **argv); /* cli_import.c */
int cli_command_catalogue(struct cli *cli, int argc, char **argv);
int cli_command_policy(struct cli *cli, int argc, char **argv);
int cli_command_calendar(struct cli *cli, int argc, char **argv);
int cli_command_refusal(struct cli *cli, int argc, char **argv);

#endif
