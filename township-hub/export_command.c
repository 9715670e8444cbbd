#include "base/text.h"
#include "township-hub/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* log export DIR: fetched from the daemon piece by piece, so that a long log stops nobody. */

struct exporting {
    struct cli *cli;
    const char *directory;
    uint64_t size; /* of the checkpoint */
    struct wire_arena arena;
    struct wire_event event;
};

static int write_file(struct exporting *exporting, const char *name, struct span bytes)
{
    char path[FILES_PATH_SIZE];
    enum err err = device_path(exporting->directory, name, path);
    if (err == ERR_NONE) {
        err = files_write(path, bytes, 0644);
    }
    return err == ERR_NONE ? 0 : cli_fail_err(exporting->cli, err, name);
}

static int make_directory(struct exporting *exporting, const char *name)
{
    char path[FILES_PATH_SIZE];
    enum err err = device_path(exporting->directory, name, path);
    if (err == ERR_NONE) {
        err = files_make_directory(path);
    }
    return err == ERR_NONE ? 0 : cli_fail_err(exporting->cli, err, exporting->directory);
}

/* Second line of the note. */
static enum err read_size(struct span note, uint64_t *ret_size)
{
    const uint8_t *first = memchr(note.data, '\n', note.size);
    if (first == NULL) {
        return ERR_MALFORMED;
    }
    size_t left = note.size - (size_t)(first + 1 - note.data);
    const uint8_t *second = memchr(first + 1, '\n', left);
    if (second == NULL) {
        return ERR_MALFORMED;
    }
    return text_get_number(span_of(first + 1, (size_t)(second - first - 1)), UINT64_MAX, ret_size);
}

static int fetch_checkpoint(struct exporting *exporting)
{
    struct http_answer answer;
    int code = cli_call(exporting->cli, "GET", "/api/v1/log/checkpoint", span_of(NULL, 0), &answer);
    if (code == 0 && read_size(buf_span(&answer.body), &exporting->size) != ERR_NONE) {
        code = cli_fail_err(exporting->cli, ERR_MALFORMED, "checkpoint");
    }
    if (code == 0) {
        code = write_file(exporting, "checkpoint", buf_span(&answer.body));
    }
    buf_done(&answer.body);
    return code;
}

static int fetch_blob(struct exporting *exporting, struct span hash)
{
    struct http_answer answer;
    struct buf path;
    struct buf name;
    buf_init(&path, 256);
    buf_init(&name, 256);
    buf_put_text(&path, "/api/v1/log/blobs/");
    text_put_hex(&path, hash);
    buf_put_text(&name, "blobs/");
    text_put_hex(&name, hash);
    int code = cli_call(exporting->cli, "GET", buf_text(&path), span_of(NULL, 0), &answer);
    if (code == 0) {
        code = write_file(exporting, buf_text(&name), buf_span(&answer.body));
    }
    buf_done(&answer.body);
    buf_done(&path);
    buf_done(&name);
    return code;
}

/* Fetches the public blob that an accepted event names. */
static int take_leaf(struct exporting *exporting, struct span bytes)
{
    struct wire_leaf leaf;
    if (wire_leaf_decode(bytes, &leaf) != ERR_NONE || leaf.is_void ||
        leaf.verdict != WIRE_ACCEPTED ||
        wire_event_decode(leaf.envelope.body, &exporting->arena, &exporting->event) != ERR_NONE) {
        return 0;
    }
    uint32_t payload = exporting->event.payload;
    if (payload != WIRE_EDITION && payload != WIRE_AUDIENCE) {
        return 0;
    }
    enum field field = payload == WIRE_EDITION ? FIELD_hash : FIELD_wraps;
    struct span hash = values_bytes(&exporting->event.facts, field, 0);
    return hash.size == LIMIT_HASH_SIZE ? fetch_blob(exporting, hash) : 0;
}

/* Leaves beyond the checkpoint came in meanwhile and are left out. */
static int take_chunk(struct exporting *exporting, uint64_t from, struct span chunk)
{
    char name[64];
    struct reader reader;
    int code = 0;
    uint64_t wanted = exporting->size - from;
    wanted = wanted > EXPORT_LEAVES ? EXPORT_LEAVES : wanted;
    reader_init(&reader, chunk);
    for (uint64_t i = 0; i < wanted && code == 0; i++) {
        struct span leaf = reader_bytes(&reader, reader_u32(&reader));
        code = reader.failed ? cli_fail_err(exporting->cli, ERR_MALFORMED, "leaves")
                             : take_leaf(exporting, leaf);
    }
    (void)snprintf(name, sizeof name, "leaves/%08llu", (unsigned long long)(from / EXPORT_LEAVES));
    return code != 0 ? code
                     : write_file(exporting, name, span_of(chunk.data, chunk.size - reader.left));
}

static int fetch_leaves(struct exporting *exporting)
{
    int code = 0;
    for (uint64_t from = 0; from < exporting->size && code == 0; from += EXPORT_LEAVES) {
        char path[96];
        struct http_answer answer;
        (void)snprintf(path, sizeof path, "/api/v1/log/leaves?from=%llu", (unsigned long long)from);
        code = cli_call(exporting->cli, "GET", path, span_of(NULL, 0), &answer);
        if (code == 0) {
            code = take_chunk(exporting, from, buf_span(&answer.body));
        }
        buf_done(&answer.body);
    }
    return code;
}

static int export_all(struct exporting *exporting)
{
    int code = make_directory(exporting, "leaves");
    if (code == 0) {
        code = make_directory(exporting, "blobs");
    }
    if (code == 0) {
        code = fetch_checkpoint(exporting);
    }
    if (code == 0) {
        code = fetch_leaves(exporting);
    }
    if (code != 0) {
        return code;
    }
    if (cli_is_json(exporting->cli)) {
        (void)printf("{\"leaves\":\"%llu\"}\n", (unsigned long long)exporting->size);
    } else {
        (void)printf(cli_is_english(exporting->cli) ? "%llu leaves\n" : "导出 %llu 叶\n",
                     (unsigned long long)exporting->size);
    }
    return CLI_OK;
}

static error_t parse_log(int key, char *argument, struct argp_state *state)
{
    const char **words = state->input;
    if (key != ARGP_KEY_ARG || words[1] != NULL) {
        return ARGP_ERR_UNKNOWN;
    }
    words[words[0] == NULL ? 0 : 1] = argument;
    return 0;
}

static const struct argp log_argp = {.parser = parse_log, .args_doc = "export DIR"};

int export_log_command(struct cli *cli, int argc, char **argv)
{
    const char *words[2] = {NULL, NULL};
    int code = 0;
    if (!cli_parse(cli, &log_argp, argc, argv, words, &code)) {
        return code;
    }
    if (words[1] == NULL || strcmp(words[0], "export") != 0) {
        return cli_fail(cli, CLI_USAGE, "用法：log export 目录", "usage: log export DIR");
    }
    struct exporting *exporting = calloc(1, sizeof *exporting);
    if (exporting == NULL || wire_arena_init(&exporting->arena, WIRE_EVENT_ARENA) != ERR_NONE) {
        free(exporting);
        return cli_fail_err(cli, ERR_MEMORY, "log export");
    }
    exporting->cli = cli;
    exporting->directory = words[1];
    code = export_all(exporting);
    wire_arena_done(&exporting->arena);
    free(exporting);
    return code;
}
