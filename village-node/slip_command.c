#include "base/text.h"
#include "forms/slip_code.h"
#include "node/files.h"
#include "print/qr.h"
#include "village-node/program.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* slip: the text and the code as they go home with the person; slip-verify: is such a code of the
 * station that it names? That needs no daemon and no network. */

enum { OPTION_BUNDLE = 256, OPTION_SVG, OPTION_PAPER };

struct slip_options {
    const char *word;
    const char *bundle;
    bool svg;
    bool paper;
};

static error_t parse_slip(int key, char *argument, struct argp_state *state)
{
    struct slip_options *options = state->input;
    switch (key) {
    case OPTION_BUNDLE:
        options->bundle = argument;
        return 0;
    case OPTION_SVG:
        options->svg = true;
        return 0;
    case OPTION_PAPER:
        options->paper = true;
        return 0;
    case ARGP_KEY_ARG:
        options->word = argument;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void put_line(struct buf *text, const char *label, const char *value)
{
    if (value[0] != 0) {
        buf_put_format(text, "%s：%s\n", label, value);
    }
}

static void put_materials(struct buf *text, const struct wire_tree *list)
{
    static const char *const status[] = {"", "已交", "缺", "有误", "已验原件"};
    size_t count = wire_tree_count(list);
    if (count > 0) {
        buf_put_text(text, "收到材料：\n");
    }
    for (size_t i = 0; i < count; i++) {
        const struct wire_tree *entry = wire_tree_at(list, i);
        const char *name = wire_tree_member(entry, "zh");
        int64_t pages = 0;
        int64_t standing = 0;
        (void)wire_tree_number(wire_tree_get(entry, "pages"), &pages);
        (void)wire_tree_number(wire_tree_get(entry, "status"), &standing);
        buf_put_format(text, "  %zu. %s", i + 1,
                       name[0] != 0 ? name : wire_tree_member(entry, "code"));
        if (pages > 0) {
            buf_put_format(text, " %lld 页", (long long)pages);
        }
        buf_put_format(text, " %s\n", standing > 0 && standing < 5 ? status[standing] : "");
    }
}

static void put_papers(struct buf *text, const struct wire_tree *list)
{
    static const char *const holders[] = {"", "申请人", "本站", "代办员", "镇中心", "区级", "途中"};
    size_t count = wire_tree_count(list);
    for (size_t i = 0; i < count; i++) {
        const struct wire_tree *entry = wire_tree_at(list, i);
        int64_t pages = 0;
        int64_t holder = 0;
        (void)wire_tree_number(wire_tree_get(entry, "pages"), &pages);
        (void)wire_tree_number(wire_tree_get(entry, "holder"), &holder);
        buf_put_format(text, "  原件 %s %lld 页，现由%s保管\n", wire_tree_member(entry, "code"),
                       (long long)pages, holder > 0 && holder < 7 ? holders[holder] : "—");
    }
}

static void put_slip(struct buf *text, const struct wire_tree *answer)
{
    const struct wire_tree *row = wire_tree_get(answer, "case");
    const char *station = wire_tree_member(answer, "station");
    const char *due = wire_tree_member(row, "due");
    buf_put_format(text, "%s\n办件凭条\n\n", station[0] != 0 ? station : "村级便民服务站");
    put_line(text, "编号", wire_tree_member(answer, "number"));
    put_line(text, "事项", wire_tree_member(row, "itemZh"));
    put_line(text, "状态", wire_tree_member(row, "stateZh"));
    put_materials(text, wire_tree_get(answer, "materials"));
    put_papers(text, wire_tree_get(answer, "papers"));
    if (due[0] != 0) {
        buf_put_format(text, "办结期限：%s%s\n", due,
                       wire_tree_is_true(wire_tree_get(answer, "provisional")) ? "（暂定）" : "");
    }
    put_line(text, "首问责任人", wire_tree_member(answer, "responsible"));
    put_line(text, "联系电话", wire_tree_member(answer, "responsiblePhone"));
    put_line(text, "监督投诉电话", wire_tree_member(answer, "complaints"));
    put_line(text, "核对码", wire_tree_member(answer, "tail"));
    put_line(text, "记录情况",
             strcmp(wire_tree_member(answer, "standing"), "accepted") == 0
                 ? "镇中心已登记"
                 : "本站已登记，待上报镇中心");
}

static int print_slip(struct cli *cli, const struct wire_tree *answer,
                      const struct slip_options *options)
{
    enum { SLIP_SIZE = 512 * 1024 };
    struct qr *qr = NULL;
    struct buf text;
    enum err err = qr_new(span_text(wire_tree_member(answer, "code")), &qr);
    if (err != ERR_NONE) {
        return cli_fail_err(cli, err, "QR");
    }
    buf_init(&text, SLIP_SIZE);
    if (options->svg) {
        qr_put_svg(qr, &text);
    } else {
        put_slip(&text, answer);
        buf_put_text(&text, "\n");
        qr_put_blocks(qr, options->paper || isatty(STDOUT_FILENO) == 0, &text);
        buf_put_format(&text, "\n短信或电话告知：%s\n", wire_tree_member(answer, "sentence"));
    }
    err = text.err;
    if (err == ERR_NONE) {
        (void)fputs(buf_text(&text), stdout);
    }
    buf_done(&text);
    qr_free(qr);
    return err == ERR_NONE ? CLI_OK : cli_fail_err(cli, err, "slip");
}

int command_slip(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"svg", OPTION_SVG, NULL, 0, "only the code, as SVG 仅输出二维码 SVG", 0},
        {"paper", OPTION_PAPER, NULL, 0, "draw for paper, not a dark screen 按纸面绘制", 0},
        {0}};
    static const struct argp argp = {.options = table, .parser = parse_slip, .args_doc = "RECORD"};
    struct slip_options options = {.word = NULL};
    struct http_answer answer;
    struct wire_tree *tree = NULL;
    struct buf path;
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &options, &code)) {
        return code;
    }
    if (options.word == NULL) {
        return cli_fail(cli, CLI_USAGE, "slip 编号", "slip RECORD");
    }
    buf_init(&path, FILES_PATH_SIZE);
    buf_put_text(&path, "/api/v1/slips/");
    cli_escape(&path, options.word);
    code = cli_call(cli, "GET", buf_text(&path), span_of(NULL, 0), &answer);
    buf_done(&path);
    if (code == CLI_OK && cli_is_json(cli)) {
        (void)printf("%.*s\n", (int)answer.body.size, (const char *)answer.body.data);
    } else if (code == CLI_OK) {
        enum err err = wire_tree_open(buf_span(&answer.body), &tree);
        code = err == ERR_NONE ? print_slip(cli, tree, &options) : cli_fail_err(cli, err, "slip");
        wire_tree_close(tree);
    }
    buf_done(&answer.body);
    return code;
}

/* --- slip-verify --- */

/* The station that a bundle was made for: of the file, else of our own folder. */
static enum err bundle_device(struct cli *cli, const char *path, uint8_t ret[LIMIT_KEY_SIZE])
{
    char own[FILES_PATH_SIZE];
    struct buf file;
    struct wire_bundle bundle;
    struct wire_trust trust;
    enum err err = ERR_NONE;
    if (path == NULL) {
        const char *directory = cli_directory(cli);
        err = directory == NULL ? ERR_NOT_FOUND : device_path(directory, "bundle", own);
        path = own;
    }
    buf_init(&file, WIRE_TRUST_SIZE);
    if (err == ERR_NONE) {
        err = files_read(path, &file);
    }
    if (err == ERR_NONE) {
        err = wire_bundle_open(buf_span(&file), NULL, &bundle, &trust);
    }
    if (err == ERR_NONE) {
        memcpy(ret, bundle.device, LIMIT_KEY_SIZE);
    }
    buf_done(&file);
    return err;
}

static void print_code(struct cli *cli, const struct slip_code *slip)
{
    char day[CIVIL_DAY_SIZE] = "";
    struct buf id;
    buf_init(&id, 128);
    text_put_hex(&id, span_of(slip->id, sizeof slip->id));
    if (slip->due_day != 0 && slip->due_day <= CIVIL_DAY_MAX) {
        civil_day_format((int32_t)slip->due_day, day);
    }
    if (cli_is_json(cli)) {
        (void)printf("{\"valid\":true,\"incarnation\":\"%llu\",\"seq\":\"%llu\",\"event\":\"%s\","
                     "\"due\":\"%s\"}\n",
                     (unsigned long long)slip->incarnation, (unsigned long long)slip->seq,
                     buf_text(&id), day);
    } else {
        (void)printf(cli_is_english(cli)
                         ? "Genuine: event %llu of life %llu, tail %s, due %s\n"
                         : "凭条真实：第 %llu 条（第 %llu 世），核对码 %s，期限 %s\n",
                     (unsigned long long)slip->seq, (unsigned long long)slip->incarnation,
                     buf_text(&id) + (id.size < 8 ? 0 : id.size - 8), day[0] == 0 ? "—" : day);
    }
    buf_done(&id);
}

int command_slip_verify(struct cli *cli, int argc, char **argv)
{
    static const struct argp_option table[] = {
        {"bundle", OPTION_BUNDLE, "FILE", 0, "bundle of the station 该站的接入文件", 0}, {0}};
    static const struct argp argp = {.options = table, .parser = parse_slip, .args_doc = "TEXT"};
    struct slip_options options = {.word = NULL};
    struct slip_code slip;
    uint8_t wanted[LIMIT_KEY_SIZE];
    uint8_t device[LIMIT_KEY_SIZE];
    int code = CLI_OK;
    if (!cli_parse(cli, &argp, argc, argv, &options, &code)) {
        return code;
    }
    if (options.word == NULL) {
        return cli_fail(cli, CLI_USAGE, "slip-verify 二维码文字", "slip-verify TEXT");
    }
    enum err err = bundle_device(cli, options.bundle, wanted);
    if (err != ERR_NONE) {
        return cli_fail_err(cli, err, options.bundle == NULL ? "bundle" : options.bundle);
    }
    err = slip_code_open(span_text(options.word), &slip);
    if (err == ERR_MALFORMED) {
        return cli_fail(cli, CLI_FINDING, "这不是凭条的二维码。",
                        "This is not the code of a slip.");
    }
    if (err == ERR_NONE) {
        seal_key_id(SEAL_SUITE_ED25519, slip.public_key, device);
        err = memcmp(device, wanted, sizeof device) == 0 ? ERR_NONE : ERR_AUTH;
    }
    if (err != ERR_NONE) {
        return cli_fail(cli, CLI_FINDING, "凭条不是该站签发的，或已被改动。",
                        "The slip was not signed by that station, or was altered.");
    }
    print_code(cli, &slip);
    return CLI_OK;
}
