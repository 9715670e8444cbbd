#include "base/text.h"
#include "node/files.h"
#include "village-node/program.h"

#include <stdio.h>
#include <string.h>

/* backup: by the daemon when one runs, else from the stopped store; restore: into a new folder. */

static void print_backup(struct cli *cli, const char *path, const struct sync_head_body *head)
{
    if (cli_is_json(cli)) {
        (void)printf("{\"path\":\"%s\",\"incarnation\":\"%llu\",\"seq\":\"%llu\"}\n", path,
                     (unsigned long long)head->incarnation, (unsigned long long)head->seq);
    } else {
        (void)printf(cli_is_english(cli) ? "Backed up and checked: %s (life %llu, event %llu)\n"
                                         : "已备份并核验：%s（第 %llu 世，第 %llu 条）\n",
                     path, (unsigned long long)head->incarnation, (unsigned long long)head->seq);
    }
}

static int backup_by_daemon(struct cli *cli, char ret_path[FILES_PATH_SIZE])
{
    struct http_answer answer;
    struct wire_tree *tree = NULL;
    int code = cli_call(cli, "POST", "/api/v1/backup", span_of(NULL, 0), &answer);
    if (code == CLI_OK && wire_tree_open(buf_span(&answer.body), &tree) == ERR_NONE) {
        (void)snprintf(ret_path, FILES_PATH_SIZE, "%s", wire_tree_member(tree, "path"));
        wire_tree_close(tree);
    }
    buf_done(&answer.body);
    return code;
}

/* Its daemon may have been started with another working directory: only the last part counts. */
static enum err localize(const char *directory, char path[FILES_PATH_SIZE])
{
    char name[FILES_PATH_SIZE];
    const char *last = strrchr(path, '/');
    int size = snprintf(name, sizeof name, "backups/%s", last == NULL ? path : last + 1);
    return size < 0 || (size_t)size >= sizeof name ? ERR_LIMIT : device_path(directory, name, path);
}

/* ERR_BUSY: a daemon has the store. */
static enum err backup_stopped(const char *directory, char ret_path[FILES_PATH_SIZE])
{
    static const struct kv_options options = {.must_exist = true};
    char store[FILES_PATH_SIZE];
    struct folder folder;
    struct kv *kv = NULL;
    enum err err = folder_open(directory, &folder);
    if (err != ERR_NONE) {
        return err;
    }
    err = device_path(directory, "store", store);
    if (err == ERR_NONE) {
        err = kv_open(store, &options, &kv);
    }
    if (err == ERR_NONE) {
        err = backup_make(&folder, kv, ret_path);
    }
    kv_close(kv);
    folder_close(&folder);
    return err;
}

int command_backup(struct cli *cli, int argc, char **argv)
{
    static const struct argp argp = {.options = NULL};
    char path[FILES_PATH_SIZE] = "";
    struct sync_head_body head;
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, NULL, &code)) {
        return code;
    }
    const char *directory = cli_directory(cli);
    if (directory == NULL) {
        return CLI_USAGE;
    }
    enum err err = backup_stopped(directory, path);
    if (err == ERR_BUSY) {
        code = backup_by_daemon(cli, path);
        err = localize(directory, path);
    }
    if (code != CLI_OK) {
        return code;
    }
    if (err == ERR_NONE) {
        err = backup_verify(path, &head);
    }
    if (err != ERR_NONE) {
        return cli_fail_err(cli, err, path[0] == 0 ? directory : path);
    }
    print_backup(cli, path, &head);
    return CLI_OK;
}

/* --- restore --- */

enum { OPTION_TO = 256 };

struct restore_options {
    const char *from;
    const char *to;
};

static error_t parse_restore(int key, char *argument, struct argp_state *state)
{
    struct restore_options *options = state->input;
    switch (key) {
    case OPTION_TO:
        options->to = argument;
        return 0;
    case ARGP_KEY_ARG:
        options->from = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A copy of the backup's store: the backup itself stays as it is. */
static enum err restore_store(const char *from, const char *to)
{
    static const struct kv_options options = {.must_exist = true, .read_only = true};
    char from_store[FILES_PATH_SIZE];
    char to_store[FILES_PATH_SIZE];
    struct kv *kv = NULL;
    enum err err = device_path(from, "store", from_store);
    if (err == ERR_NONE) {
        err = device_path(to, "store", to_store);
    }
    if (err == ERR_NONE) {
        err = files_make_directory(to_store);
    }
    if (err == ERR_NONE) {
        err = kv_open(from_store, &options, &kv);
    }
    if (err == ERR_NONE) {
        err = kv_copy(kv, to_store);
    }
    kv_close(kv);
    return err;
}

static enum err restore(const struct restore_options *options, struct sync_head_body *ret_head)
{
    if (files_exist(options->to)) {
        return ERR_CONFLICT;
    }
    enum err err = backup_verify(options->from, ret_head);
    if (err == ERR_NONE) {
        err = files_make_directory(options->to);
    }
    if (err == ERR_NONE) {
        err = restore_store(options->from, options->to);
    }
    return err != ERR_NONE ? err : backup_copy_files(options->from, options->to);
}

int command_restore(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"to", OPTION_TO, "DIR", 0, "a folder that is not there yet 新文件夹", 0}, {0}};
    static const struct argp argp = {
        .options = table, .parser = parse_restore, .args_doc = "BACKUP"};
    struct restore_options options = {NULL, NULL};
    struct sync_head_body head;
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &options, &code)) {
        return code;
    }
    if (options.from == NULL || options.to == NULL) {
        return cli_fail(cli, CLI_USAGE, "restore 备份文件夹 --to 新文件夹",
                        "restore BACKUP --to NEWDIR");
    }
    enum err err = restore(&options, &head);
    if (err == ERR_CONFLICT) {
        return cli_fail(cli, CLI_CONFLICT, "只能恢复到尚不存在的文件夹。",
                        "A backup is restored into a folder that is not there yet.");
    }
    if (err != ERR_NONE) {
        return cli_fail_err(cli, err, options.from);
    }
    print_backup(cli, options.to, &head);
    if (!cli_is_json(cli)) {
        (void)printf("%s\n",
                     cli_is_english(cli)
                         ? "If the hub holds newer events of this station, they are fetched at the "
                           "first contact and the next life of the chain is opened. Never start "
                           "the old folder again."
                         : "首次联系镇中心时，若中心存有更新的记录，将先取回，再开启下一世记录链。"
                           "旧文件夹不得再启动。");
    }
    return CLI_OK;
}
