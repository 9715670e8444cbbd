#include "township-hub/publish_command.h"

#include "fold/world.h"
#include "node/files.h"

#include <stdio.h>
#include <string.h>

struct publish_options {
    const char *kind;
    const char *files[TEXT_FILE_COUNT];
    size_t count;
};

static error_t parse_publish(int key, char *argument, struct argp_state *state)
{
    struct publish_options *options = state->input;
    if (key != ARGP_KEY_ARG || options->count == TEXT_FILE_COUNT) {
        return ARGP_ERR_UNKNOWN;
    }
    if (options->kind == NULL) {
        options->kind = argument;
    } else {
        options->files[options->count++] = argument;
    }
    return 0;
}

static const struct argp publish_argp = {
    .parser = parse_publish,
    .args_doc = "policy|catalogue|calendar|departments|stations FILE...",
};

static enum world_kind kind_of(const char *name)
{
    return strcmp(name, "policy") == 0        ? WORLD_POLICY
           : strcmp(name, "catalogue") == 0   ? WORLD_CATALOGUE
           : strcmp(name, "calendar") == 0    ? WORLD_CALENDAR
           : strcmp(name, "departments") == 0 ? WORLD_DEPARTMENTS
           : strcmp(name, "stations") == 0    ? WORLD_STATIONS
                                              : (enum world_kind)0;
}

/* Checked together where files make one edition, so that each message names its own file. */
static enum err check_together(enum world_kind kind, const struct span *files, size_t count,
                               struct text_errors *errors)
{
    if (kind == WORLD_CATALOGUE) {
        struct catalogue *catalogue = NULL;
        enum err err = catalogue_parse(files, count, &catalogue, errors);
        catalogue_free(catalogue);
        return err;
    }
    return world_check_text(kind, files[0], errors);
}

static int check(struct cli *cli, enum world_kind kind, const struct span *files,
                 const char *const *names, size_t count)
{
    struct text_errors errors;
    struct buf text;
    text_errors_init(&errors);
    enum err err = check_together(kind, files, count, &errors);
    if (err == ERR_NONE) {
        return 0;
    }
    buf_init(&text, 65536);
    text_errors_print(&errors, names, &text);
    (void)fprintf(stderr, "%s", buf_text(&text));
    buf_done(&text);
    return cli_fail(cli, CLI_FINDING, "文本有误，未发布", "the text has errors; nothing published");
}

static void show_edition(struct cli *cli, const struct wire_tree *answer)
{
    const char *number = wire_tree_member(answer, "edition");
    bool unchanged = wire_tree_is_true(wire_tree_get(answer, "unchanged"));
    if (cli_is_english(cli)) {
        (void)printf(unchanged ? "edition %s, unchanged\n" : "edition %s in force\n", number);
    } else {
        (void)printf(unchanged ? "第 %s 版，内容未变\n" : "第 %s 版已发布\n", number);
    }
}

static int send_text(struct cli *cli, const char *kind, struct span text)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/api/v1/editions/%s", kind);
    return cli_call_show(cli, "POST", path, text, show_edition);
}

/* One edition of all files, one behind the other. */
static int publish_joined(struct cli *cli, const char *kind, const struct span *files, size_t count)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    struct buf text;
    buf_init(&text, LIMIT_BLOB_SIZE);
    for (size_t i = 0; i < count; i++) {
        struct span file = files[i];
        if (file.size >= sizeof mark && memcmp(file.data, mark, sizeof mark) == 0) {
            file = span_of(file.data + sizeof mark, file.size - sizeof mark);
        }
        buf_put_span(&text, file);
        buf_put_text(&text, file.size > 0 && file.data[file.size - 1] == '\n' ? "" : "\n");
    }
    int code = text.err == ERR_NONE ? send_text(cli, kind, buf_span(&text))
                                    : cli_fail_err(cli, text.err, kind);
    buf_done(&text);
    return code;
}

static int publish_files(struct cli *cli, const struct publish_options *options,
                         const struct span *files)
{
    enum world_kind kind = kind_of(options->kind);
    int code = 0;
    bool one = kind != WORLD_CATALOGUE && kind != WORLD_CALENDAR;
    if (one && options->count > 1) {
        return cli_fail(cli, CLI_USAGE, "只能给一个文件", "one file only");
    }
    if (kind == WORLD_CATALOGUE) {
        code = check(cli, kind, files, options->files, options->count);
        return code != 0 ? code : publish_joined(cli, options->kind, files, options->count);
    }
    for (size_t i = 0; i < options->count && code == 0; i++) {
        code = check(cli, kind, &files[i], &options->files[i], 1);
    }
    for (size_t i = 0; i < options->count && code == 0; i++) {
        code = send_text(cli, options->kind, files[i]);
    }
    return code;
}

int publish_command(struct cli *cli, int argc, char **argv)
{
    struct publish_options options = {.kind = NULL};
    struct buf texts[TEXT_FILE_COUNT];
    struct span files[TEXT_FILE_COUNT];
    int code = 0;
    if (!cli_parse(cli, &publish_argp, argc, argv, &options, &code)) {
        return code;
    }
    if (options.kind == NULL || kind_of(options.kind) == 0 || options.count == 0) {
        return cli_fail(cli, CLI_USAGE,
                        "用法：publish policy|catalogue|calendar|departments|stations 文件",
                        "usage: publish policy|catalogue|calendar|departments|stations FILE...");
    }
    for (size_t i = 0; i < options.count; i++) {
        buf_init(&texts[i], LIMIT_TEXT_FILE_SIZE);
        enum err err = code == 0 ? files_read(options.files[i], &texts[i]) : ERR_NONE;
        code = err == ERR_NONE ? code : cli_fail_err(cli, err, options.files[i]);
        files[i] = buf_span(&texts[i]);
    }
    code = code != 0 ? code : publish_files(cli, &options, files);
    for (size_t i = 0; i < options.count; i++) {
        buf_done(&texts[i]);
    }
    return code;
}
