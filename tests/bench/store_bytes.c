/* Where the bytes of a store are: prints JSON, a line a table and a line a kind of row in it. Reads
 * only, and only a store that nobody has open. tests/bench/README.md says what it is for. */
#include "store/kv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { KINDS = 256, NODE_HEAD = 8, SLOT = 2, NODE_MAX = 2038, PAGE = 4096, PAGE_HEAD = 16 };

/* Rows of one kind. */
struct kind {
    uint64_t entries;
    uint64_t keys;
    uint64_t values;
    uint64_t nodes; /* what they take of shared pages */
    uint64_t large; /* whole pages that hold one value each */
};

struct tally {
    enum kv_table table;
    struct kind kinds[KINDS];
};

/* What tells the rows of a table apart: a letter of the key or the form of the value. */
static uint8_t kind_of(enum kv_table table, struct span key, struct span value)
{
    if (table == KV_LEAF || table == KV_TILE || table == KV_INDEX) {
        struct span from = table == KV_LEAF ? value : key;
        size_t at = table == KV_LEAF ? 0 : 1;
        return from.size > at ? from.data[at] : 0;
    }
    return table == KV_PART && key.size > 0 ? key.data[0] : 0;
}

static bool count_row(void *context, struct span key, struct span value)
{
    struct tally *tally = context;
    struct kind *kind = &tally->kinds[kind_of(tally->table, key, value)];
    kind->entries++;
    kind->keys += key.size;
    kind->values += value.size;
    bool large = NODE_HEAD + key.size + value.size > NODE_MAX;
    kind->large += large ? (PAGE_HEAD + value.size + PAGE - 1) / PAGE * PAGE : 0;
    kind->nodes += NODE_HEAD + SLOT + key.size + (large ? 8 : value.size);
    return true;
}

static void print_kinds(const struct tally *tally)
{
    const char *comma = "";
    for (unsigned i = 0; i < KINDS; i++) {
        const struct kind *kind = &tally->kinds[i];
        if (kind->entries == 0) {
            continue;
        }
        char name[4] = {(char)i, 0};
        if (i < 'A') {
            (void)snprintf(name, sizeof name, "%u", i);
        }
        printf("%s\n   {\"kind\": \"%s\", \"entries\": %" PRIu64 ", \"keys\": %" PRIu64
               ", \"values\": %" PRIu64 ", \"nodes\": %" PRIu64 ", \"large\": %" PRIu64 "}",
               comma, name, kind->entries, kind->keys, kind->values, kind->nodes, kind->large);
        comma = ",";
    }
}

static enum err print_all(struct kv *kv)
{
    struct kv_stat stat;
    struct kv_txn txn;
    enum err err = kv_stat(kv, &stat);
    if (err != ERR_NONE) {
        return err;
    }
    printf("{\"file\": %" PRIu64 ", \"used\": %" PRIu64 ", \"free\": %" PRIu64 ", \"tables\": [",
           stat.file_size, stat.used_size, stat.file_size - stat.used_size);
    const char *comma = "";
    kv_begin(kv, false, &txn);
    for (unsigned i = 0; i < KV_TABLE_COUNT; i++) {
        static struct tally tally;
        memset(&tally, 0, sizeof tally);
        tally.table = (enum kv_table)i;
        if (stat.entry_count[i] == 0) {
            continue;
        }
        kv_scan(&txn, tally.table, span_of(NULL, 0), span_of(NULL, 0), count_row, &tally);
        printf("%s\n {\"table\": \"%s\", \"entries\": %" PRIu64 ", \"pages\": %" PRIu64
               ", \"large\": %" PRIu64 ", \"kinds\": [",
               comma, kv_table_name(tally.table), stat.entry_count[i], stat.table_size[i],
               stat.large_size[i]);
        print_kinds(&tally);
        printf("]}");
        comma = ",";
    }
    puts("]}");
    err = txn.err;
    kv_abort(&txn);
    return err;
}

int main(int argc, char **argv)
{
    const struct kv_options options = {.must_exist = true, .read_only = true};
    struct kv *kv = NULL;
    if (argc != 2) {
        (void)fputs("usage: store_bytes DIR\nWhere the bytes of a store are, as JSON.\n", stderr);
        return 2;
    }
    enum err err = kv_open(argv[1], &options, &kv);
    if (err == ERR_NONE) {
        err = print_all(kv);
        kv_close(kv);
    }
    if (err != ERR_NONE) {
        (void)fprintf(stderr, "store_bytes: %s: %s\n", argv[1], err_name(err));
    }
    return err == ERR_NONE ? 0 : 1;
}
