#include "desk/cli_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* form list [RECORD] | form show F01 RECORD | form print F01 RECORD --out FILE */

enum { PATH_SIZE = 1024, PAGE_MODE = 0600, OPTION_COPIES = 256, OPTION_REASON, OPTION_PREVIEW };

struct form_words {
    const char *words[3];
    unsigned count;
    const char *out;
    const char *copies;
    const char *reason;
    bool preview;
};

static error_t parse_form(int key, char *arg, struct argp_state *state)
{
    struct form_words *words = state->input;
    switch (key) {
    case 'o':
        words->out = arg;
        return 0;
    case OPTION_COPIES:
        words->copies = arg;
        return 0;
    case OPTION_REASON:
        words->reason = arg;
        return 0;
    case OPTION_PREVIEW:
        words->preview = true;
        return 0;
    case ARGP_KEY_ARG:
        if (words->count == sizeof words->words / sizeof *words->words) {
            return ARGP_ERR_UNKNOWN;
        }
        words->words[words->count++] = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void show_forms(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {
        {"表号", "form", "form"},         {"名称", "name", "zh"},
        {"依据", "source", "source"},     {"打印", "prints", "prints"},
        {"补打", "reprints", "reprints"}, {"最近编号", "last number", "printed"}};
    cli_table(cli, wire_tree_get(answer, "forms"), columns, sizeof columns / sizeof *columns);
}

static void show_table(const struct wire_tree *field)
{
    const struct wire_tree *rows = wire_tree_get(field, "rows");
    for (size_t i = 0; i < wire_tree_count(rows); i++) {
        const struct wire_tree *row = wire_tree_at(rows, i);
        (void)printf("  ");
        for (size_t k = 0; k < wire_tree_count(row); k++) {
            const char *text = wire_tree_text(wire_tree_at(row, k));
            cli_print(k == 0 ? "" : " | ");
            cli_print(text == NULL ? "" : text);
        }
        (void)printf("\n");
    }
}

static void show_fields(struct cli *cli, const struct wire_tree *answer)
{
    const struct wire_tree *fields = wire_tree_get(answer, "fields");
    const char *name = cli->english ? "en" : "zh";
    (void)printf("%s %s\n", wire_tree_member(answer, "form"), wire_tree_member(answer, name));
    for (size_t i = 0; i < wire_tree_count(fields); i++) {
        const struct wire_tree *field = wire_tree_at(fields, i);
        cli_print(wire_tree_member(field, name));
        (void)printf("%s", cli->english ? ": " : "：");
        cli_print(wire_tree_is_true(wire_tree_get(field, "byHand"))
                      ? "________"
                      : wire_tree_member(field, "text"));
        (void)printf("\n");
        show_table(field);
    }
}

/* The path of a form, about a record or what else it is about. */
static void form_path(struct buf *path, const struct form_words *words, const char *tail)
{
    /* Without its own kind of subject a form is about a record; the daemon knows which. */
    static const char *const alone[] = {"F22", "F23", "F24", "F25"};
    bool about_record = true;
    for (size_t i = 0; i < sizeof alone / sizeof *alone; i++) {
        about_record = about_record && strcasecmp(words->words[1], alone[i]) != 0;
    }
    buf_put_text(path, about_record ? "/api/v1/records/" : "/api/v1/forms/");
    if (about_record) {
        cli_escape(path, words->words[2] == NULL ? "" : words->words[2]);
        buf_put_text(path, "/forms/");
    }
    cli_escape(path, words->words[1]);
    if (!about_record && words->words[2] != NULL) {
        buf_put_text(path, "/");
        cli_escape(path, words->words[2]);
    }
    buf_put_text(path, tail);
}

static void show_printed(struct cli *cli, const struct wire_tree *answer)
{
    const char *replaced = wire_tree_member(answer, "replaced");
    (void)printf(cli->english ? "%s number %s\n" : "%s 编号 %s\n", wire_tree_member(answer, "form"),
                 wire_tree_member(answer, "printed"));
    if (replaced[0] != 0) {
        (void)printf(cli->english ? "replaces %s\n" : "代替原第 %s 号\n", replaced);
    }
}

/* Counts the print first: what the paper says, the record says, too. */
static int count_print(struct cli *cli, const struct form_words *words)
{
    struct buf path;
    struct buf body;
    buf_init(&path, PATH_SIZE);
    buf_init(&body, PATH_SIZE);
    form_path(&path, words, "/prints");
    bool plain = words->reason == NULL || strpbrk(words->reason, "\"\\") == NULL;
    buf_put_text(&body, "{\"reason\":\"");
    buf_put_text(&body, words->reason == NULL || !plain ? "" : words->reason);
    buf_put_text(&body, "\"");
    if (words->copies != NULL && strspn(words->copies, "0123456789") == strlen(words->copies)) {
        buf_put_text(&body, ",\"copies\":\"");
        buf_put_text(&body, words->copies);
        buf_put_text(&body, "\"");
    }
    buf_put_text(&body, "}");
    int code = cli_call_show(cli, "POST", buf_text(&path), buf_span(&body), show_printed);
    buf_done(&path);
    buf_done(&body);
    return code;
}

static int write_page(struct cli *cli, const struct form_words *words)
{
    struct http_answer answer;
    struct buf path;
    buf_init(&path, PATH_SIZE);
    form_path(&path, words, cli->english ? "/page?lang=en" : "/page");
    int code = cli_call(cli, "GET", buf_text(&path), span_of(NULL, 0), &answer);
    if (code == CLI_OK) {
        enum err err = files_write(words->out, buf_span(&answer.body), PAGE_MODE);
        code = err == ERR_NONE ? CLI_OK : cli_fail_err(cli, err, words->out);
    }
    buf_done(&answer.body);
    buf_done(&path);
    return code;
}

static int list_forms(struct cli *cli, const char *record)
{
    struct buf path;
    buf_init(&path, PATH_SIZE);
    if (record == NULL) {
        buf_put_text(&path, "/api/v1/forms");
    } else {
        buf_put_text(&path, "/api/v1/records/");
        cli_escape(&path, record);
        buf_put_text(&path, "/forms");
    }
    int code = cli_call_show(cli, "GET", buf_text(&path), span_of(NULL, 0), show_forms);
    buf_done(&path);
    return code;
}

static int show_form(struct cli *cli, const struct form_words *words)
{
    struct buf path;
    buf_init(&path, PATH_SIZE);
    form_path(&path, words, "");
    int code = cli_call_show(cli, "GET", buf_text(&path), span_of(NULL, 0), show_fields);
    buf_done(&path);
    return code;
}

int cli_command_form(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option options[] = {
        {"out", 'o', "FILE", 0, "网页文件，供打印 / page to print", 0},
        {"copies", OPTION_COPIES, "N", 0, "份数 / sheets", 0},
        {"reason", OPTION_REASON, "CODE", 0, "补打原因 / why it is printed again", 0},
        {"preview", OPTION_PREVIEW, NULL, 0, "只预览，不登记 / look, do not count", 0},
        {0}};
    static const struct argp argp = {
        .options = options,
        .parser = parse_form,
        .args_doc = "list [RECORD]\nshow FORM [RECORD]\nprint FORM [RECORD] --out FILE"};
    struct form_words words = {.count = 0};
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &words, &code)) {
        return code;
    }
    const char *what = words.words[0] == NULL ? "" : words.words[0];
    if (strcmp(what, "list") == 0 && words.count <= 2) {
        return list_forms(cli, words.words[1]);
    }
    if (strcmp(what, "show") == 0 && words.count >= 2) {
        return show_form(cli, &words);
    }
    if (strcmp(what, "print") == 0 && words.count >= 2 && words.out != NULL) {
        code = words.preview ? CLI_OK : count_print(cli, &words);
        return code != CLI_OK ? code : write_page(cli, &words);
    }
    return cli_fail(cli, CLI_USAGE,
                    "form list [编号] | form show F01 编号 | form print F01 编号 --out 文件",
                    "form list [RECORD] | form show F01 RECORD | form print F01 RECORD --out FILE");
}
