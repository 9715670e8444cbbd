#ifndef JIELI_DESK_CLI_H
#define JIELI_DESK_CLI_H

#include "http/client.h"
#include "wire/tree.h"

#include <argp.h>

/* The commands that station and hub have in common, as clients of the daemon's local socket, and
 * what their own commands need: options, calls, tables, exit codes. */

enum cli_exit {
    CLI_OK = 0,
    CLI_FINDING = 1, /* a verification failed, or a rule refused */
    CLI_USAGE = 2,
    CLI_NO_DAEMON = 3,
    CLI_DAMAGED = 4,
    CLI_NOT_PERMITTED = 5,
    CLI_CONFLICT = 6,
    CLI_LATER = 75
};

struct cli; /* one run */

struct cli_command {
    const char *name;
    const char *zh; /* one line of help */
    const char *en;
    /* argv[0] is the command's name; returns the exit code. */
    int (*run)(struct cli *cli, int argc, char **argv);
};

struct cli_program {
    const char *name; /* "village-node" */
    const char *version;
    const char *zh; /* one line */
    const char *en;
    const struct cli_command *commands; /* of the program; they win over the common ones */
    size_t command_count;
};

/* The whole of main: options before or after the command are --dir DIR (else $JIELI_DIR), --json,
 * --lang zh|en, --as STAFF with --password-file FILE (unlocks for this command alone). */
MUST_USE int cli_main(const struct cli_program *program, int argc, char **argv);

/* --- for a program's own commands --- */

/* argp_parse with the common options added. False: *ret_exit says how to end (--help: CLI_OK). */
MUST_USE bool cli_parse(struct cli *cli, const struct argp *argp, int argc, char **argv,
                        void *input, int *ret_exit);
/* NULL after a message when neither --dir nor JIELI_DIR was given. */
const char *cli_directory(struct cli *cli);
bool cli_is_json(const struct cli *cli);
bool cli_is_english(const struct cli *cli);
const char *cli_staff(const struct cli *cli); /* of --as; NULL */

/* One message on stderr in Chinese with English behind it (or English alone); returns code. */
int cli_fail(const struct cli *cli, enum cli_exit code, const char *zh, const char *en);
/* The same about what, "cannot read X: not found"; the code follows from err. */
int cli_fail_err(const struct cli *cli, enum err err, const char *what);

/* The password: of --password-file (its first line), else asked for on the terminal. Wiped and
 * freed with buf_done. 0, or the exit code after a message. */
MUST_USE int cli_password(struct cli *cli, bool twice, struct buf *ret);

/* One call to the daemon over DIR/ctl.sock, with the token of --as or of DIR/token if there is one.
 * path is escaped already, "/api/v1/..."; body may be empty. The caller's answer.body is
 * initialised here and freed with buf_done. 0 for a 2xx status; else the exit code after a message
 * (with --json the problem is printed on stdout as it came). */
MUST_USE int cli_call(struct cli *cli, const char *method, const char *path, struct span body,
                      struct http_answer *ret_answer);
/* The same, and prints the answer: with --json as it came, else by show. */
MUST_USE int cli_call_show(struct cli *cli, const char *method, const char *path, struct span body,
                           void (*show)(struct cli *cli, const struct wire_tree *answer));
/* Appends text escaped for a path or a query value. */
void cli_escape(struct buf *path, const char *text);

/* Shows how a person is reached, or tells it. */
struct cli_phone {
    const char *person; /* staff id in hex, or name */
    const char *number; /* NULL: is shown only; "-": none any more */
    const char *keys;   /* keys folder of another PC that gets it, too; NULL: none */
};
int cli_phone(struct cli *cli, const struct cli_phone *phone);

/* --- tables: columns as wide as their widest cell on a terminal (a Chinese character is two) ---
 */

struct cli_column {
    const char *zh;
    const char *en;
    const char *member; /* of each entry; "a.b" for one inside another; in English "stateZh" is
                           read as stateEn or state, "zh" as en */
};
/* Prints one line an entry of list. */
void cli_table(const struct cli *cli, const struct wire_tree *list,
               const struct cli_column *columns, size_t count);
/* "name  value" for each column of one object; absent ones are left out. */
void cli_sheet(const struct cli *cli, const struct wire_tree *object,
               const struct cli_column *columns, size_t count);
/* Columns that text takes on a terminal. */
size_t cli_width(const char *text);

#endif
