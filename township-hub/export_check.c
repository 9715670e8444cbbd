#include "base/text.h"
#include "township-hub/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* check: every leaf is read and hashed again; tiles and leaves must give the same root, every
 * event must decode and be signed by who it names. */

struct checking {
    struct hub *hub;
    struct kv *kv;
    struct wire_arena arena;
    struct wire_event event;
    struct tlog_peaks peaks;
    uint64_t leaves;
    uint64_t accepted;
    uint64_t unreadable;
    uint64_t unsigned_count;
    bool same_root;
    struct tlog_hash root;
};

static void check_event(struct checking *checking, const struct wire_leaf *leaf)
{
    const struct directory *directory = world_directory(hub_fold(checking->hub)->world);
    if (wire_event_decode(leaf->envelope.body, &checking->arena, &checking->event) != ERR_NONE) {
        checking->unreadable++;
        return;
    }
    const uint8_t *key = directory_public(directory, checking->event.author);
    bool good =
        key != NULL && seal_verify(key, SEAL_EVENT, leaf->envelope.body, leaf->envelope.signature);
    checking->unsigned_count += good || leaf->verdict != WIRE_ACCEPTED ? 0 : 1;
    checking->accepted += leaf->verdict == WIRE_ACCEPTED ? 1 : 0;
}

static void check_leaf(struct checking *checking, struct span bytes)
{
    struct wire_leaf leaf;
    struct tlog_hash hash;
    tlog_leaf_hash(bytes, &hash);
    tlog_peaks_push(&checking->peaks, &hash);
    checking->leaves++;
    if (wire_leaf_decode(bytes, &leaf) != ERR_NONE) {
        checking->unreadable++;
    } else if (!leaf.is_void) {
        check_event(checking, &leaf);
    }
}

static enum err check_all(struct checking *checking)
{
    const struct log *log = &hub_fold(checking->hub)->log;
    struct kv_txn txn;
    struct buf leaf;
    struct tlog_hash again;
    struct log_tiles context = {log, &txn};
    struct tlog_tiles tiles = log_tiles(&context);
    enum err err = ERR_NONE;
    buf_init(&leaf, LIMIT_LEAF_SIZE);
    tlog_peaks_init(&checking->peaks);
    kv_begin(checking->kv, false, &txn);
    for (uint64_t i = 0; i < log->size && err == ERR_NONE; i++) {
        err = log_leaf(log, &txn, i, &leaf) ? ERR_NONE : ERR_STORE;
        if (err == ERR_NONE) {
            check_leaf(checking, buf_span(&leaf));
        }
    }
    if (err == ERR_NONE) {
        err = tlog_root(&tiles, log->size, &checking->root);
    }
    err = txn.err != ERR_NONE ? txn.err : err;
    kv_abort(&txn);
    tlog_peaks_root(&checking->peaks, &again);
    checking->same_root = memcmp(&again, &checking->root, sizeof again) == 0;
    buf_done(&leaf);
    return err;
}

static int show(struct cli *cli, const struct checking *checking)
{
    bool good = checking->same_root && checking->unreadable == 0 && checking->unsigned_count == 0;
    struct buf text;
    struct json_text json;
    buf_init(&text, 4096);
    if (cli_is_json(cli)) {
        json_text_init(&json, &text);
        json_text_open(&json, NULL);
        json_text_bool(&json, "ok", good);
        json_text_big(&json, "leaves", checking->leaves);
        json_text_big(&json, "accepted", checking->accepted);
        json_text_big(&json, "unreadable", checking->unreadable);
        json_text_big(&json, "unsigned", checking->unsigned_count);
        json_text_bool(&json, "sameRoot", checking->same_root);
        json_text_hex(&json, "root", span_of(checking->root.bytes, LIMIT_HASH_SIZE));
        json_text_close(&json);
    } else {
        buf_put_format(&text,
                       cli_is_english(cli) ? "%llu leaves, %llu unreadable, %llu not signed: %s"
                                           : "%llu 叶，%llu 不可读，%llu 签名不符：%s",
                       (unsigned long long)checking->leaves,
                       (unsigned long long)checking->unreadable,
                       (unsigned long long)checking->unsigned_count,
                       !checking->same_root ? (cli_is_english(cli) ? "roots differ" : "根不一致")
                       : good               ? (cli_is_english(cli) ? "good" : "完好")
                                            : (cli_is_english(cli) ? "damaged" : "有损"));
    }
    (void)printf("%s\n", buf_text(&text));
    buf_done(&text);
    return good ? CLI_OK : CLI_DAMAGED;
}

static int check(struct cli *cli, const struct folder *folder, struct checking *checking)
{
    enum err err = folder_store(folder, &checking->kv);
    if (err == ERR_BUSY) {
        return cli_fail(cli, CLI_CONFLICT, "中心正在运行，请先停下", "the hub runs: stop it first");
    }
    if (err == ERR_NONE) {
        err = folder_hub(folder, checking->kv, &checking->hub);
    }
    if (err == ERR_NONE) {
        err = wire_arena_init(&checking->arena, WIRE_EVENT_ARENA);
    }
    if (err == ERR_NONE) {
        err = check_all(checking);
    }
    return err == ERR_NONE ? show(cli, checking) : cli_fail_err(cli, err, folder->path);
}

int export_check_command(struct cli *cli, int argc, char **argv)
{
    static const struct argp no_argp = {0};
    struct folder folder;
    int code = 0;
    if (!cli_parse(cli, &no_argp, argc, argv, NULL, &code)) {
        return code;
    }
    struct checking *checking = calloc(1, sizeof *checking);
    if (checking == NULL) {
        return cli_fail_err(cli, ERR_MEMORY, "check");
    }
    code = folder_open(cli, &folder);
    if (code == 0) {
        code = check(cli, &folder, checking);
    }
    wire_arena_done(&checking->arena);
    hub_close(checking->hub);
    kv_close(checking->kv);
    folder_close(&folder);
    free(checking);
    return code;
}
