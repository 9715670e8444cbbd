#include "store/kv_lmdb.h"

#include "base/check.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The names in the file: never renamed, never given to another table. */
static const char *const TABLE_NAME[KV_TABLE_COUNT] = {
    [KV_META] = "meta",           [KV_EVENT] = "event",   [KV_ANSWER] = "answer",
    [KV_LEAF] = "leaf",           [KV_TILE] = "tile",     [KV_CHAIN] = "chain",
    [KV_HEAD] = "head",           [KV_FEED] = "feed",     [KV_RECORD] = "record",
    [KV_TENTATIVE] = "tentative", [KV_INDEX] = "index",   [KV_BLOB] = "blob",
    [KV_TASK] = "task",           [KV_OUTBOX] = "outbox", [KV_WORLD] = "world",
    [KV_EVIDENCE] = "evidence",   [KV_DRAFT] = "draft",   [KV_CACHE] = "cache",
    [KV_PART] = "part",
};

/* A table of its own tells our stores from other programs' and carries the format. */
static const char FORMAT_TABLE[] = "jieli-store";
static char format_name[] = "format"; /* LMDB takes it as writable */
enum { FORMAT = 7 }; /* of the tables' rows, too: one more whenever any of them changes */

static const uint64_t DEFAULT_MAP_SIZE = 16ULL << 30;
static const uint64_t LEAST_MAP_SIZE = 1ULL << 20;
static const uint64_t LARGEST_RESERVE = 64ULL << 20;
enum { READER_COUNT = 256 };

_Static_assert(sizeof(size_t) == 8, "the map needs a 64-bit address space");

/* LMDB's file locks break when a process opens one environment twice, so a process opens one. */
static atomic_flag is_open = ATOMIC_FLAG_INIT;

enum err kv_lmdb_err(int result)
{
    switch (result) {
    case MDB_MAP_FULL:
        return ERR_FULL;
    case MDB_TXN_FULL:
    case MDB_BAD_VALSIZE:
        return ERR_LIMIT;
    case MDB_READERS_FULL:
    case MDB_MAP_RESIZED:
        return ERR_BUSY;
    case MDB_NOTFOUND:
        return ERR_NOT_FOUND;
    case MDB_INVALID:
        return ERR_MALFORMED;
    case MDB_VERSION_MISMATCH:
        return ERR_VERSION;
    case EIO:
        return ERR_STORE;
    default:
        return result < 0 ? ERR_STORE : kv_place_err(result);
    }
}

const char *kv_table_name(enum kv_table table)
{
    CHECK((unsigned)table < KV_TABLE_COUNT);
    return TABLE_NAME[table];
}

bool kv_lmdb_version_is_safe(int major, int minor, int patch)
{
    return major == 0 && minor == 9 &&
           ((patch >= 24 && patch <= 25) || (patch >= 32 && patch < 70));
}

static enum err make_path(const char *directory, const char *name, char ret[PATH_MAX])
{
    int size = snprintf(ret, PATH_MAX, "%s/%s", directory, name);
    return size > 0 && size < PATH_MAX ? ERR_NONE : ERR_LIMIT;
}

static int write_format(MDB_txn *txn)
{
    MDB_dbi table = 0;
    uint8_t bytes[4];
    put_u32(bytes, FORMAT);
    int result = mdb_dbi_open(txn, FORMAT_TABLE, MDB_CREATE, &table);
    if (result != 0) {
        return result;
    }
    MDB_val key = {sizeof format_name - 1, format_name};
    MDB_val value = {sizeof bytes, bytes};
    return mdb_put(txn, table, &key, &value, 0);
}

static int create_tables(MDB_env *env)
{
    MDB_txn *txn = NULL;
    int result = mdb_txn_begin(env, NULL, 0, &txn);
    for (size_t i = 0; result == 0 && i < KV_TABLE_COUNT; i++) {
        MDB_dbi table = 0;
        result = mdb_dbi_open(txn, TABLE_NAME[i], MDB_CREATE, &table);
    }
    if (result == 0) {
        result = write_format(txn);
    }
    if (result != 0) {
        mdb_txn_abort(txn);
        return result;
    }
    return mdb_txn_commit(txn);
}

static int new_env(uint64_t map_size, MDB_env **ret_env)
{
    MDB_env *env = NULL;
    int result = mdb_env_create(&env);
    if (result == 0) {
        result = mdb_env_set_maxdbs(env, KV_TABLE_COUNT + 1);
    }
    if (result == 0) {
        result = mdb_env_set_maxreaders(env, READER_COUNT);
    }
    if (result == 0) {
        result = mdb_env_set_mapsize(env, map_size);
    }
    if (result != 0) {
        mdb_env_close(env);
        return result;
    }
    *ret_env = env;
    return 0;
}

/* Made whole beside its place and then renamed: no power cut can leave half a store. */
static enum err create_store(const char *directory, struct kv_place *place)
{
    char path[PATH_MAX];
    MDB_env *env = NULL;
    enum err err = make_path(directory, "data.new", path);
    if (err != ERR_NONE) {
        return err;
    }
    kv_place_discard(place);
    int result = new_env(LEAST_MAP_SIZE, &env);
    if (result == 0) {
        result = mdb_env_open(env, path, MDB_NOSUBDIR, 0600);
    }
    if (result == 0) {
        result = create_tables(env);
    }
    mdb_env_close(env);
    err = kv_lmdb_err(result);
    if (err == ERR_NONE) {
        err = kv_place_adopt(place);
    }
    kv_place_discard(place);
    return err;
}

static enum err check_format(MDB_txn *txn)
{
    MDB_dbi table = 0;
    MDB_val key = {sizeof format_name - 1, format_name};
    MDB_val value = {0, NULL};
    int result = mdb_dbi_open(txn, FORMAT_TABLE, 0, &table);
    if (result == 0) {
        result = mdb_get(txn, table, &key, &value);
    }
    if (result == MDB_NOTFOUND || result == MDB_INCOMPATIBLE) {
        return ERR_MALFORMED;
    }
    if (result != 0) {
        return kv_lmdb_err(result);
    }
    if (value.mv_size != sizeof(uint32_t)) {
        return ERR_MALFORMED;
    }
    return get_u32(value.mv_data) == FORMAT ? ERR_NONE : ERR_VERSION;
}

/* A store of an older build lacks newer tables: they are added, or read as empty. */
static enum err open_tables(struct kv *kv)
{
    MDB_txn *txn = NULL;
    int result = mdb_txn_begin(kv->env, NULL, kv->read_only ? MDB_RDONLY : 0, &txn);
    if (result != 0) {
        return kv_lmdb_err(result);
    }
    enum err err = check_format(txn);
    for (size_t i = 0; err == ERR_NONE && i < KV_TABLE_COUNT; i++) {
        result = mdb_dbi_open(txn, TABLE_NAME[i], kv->read_only ? 0 : MDB_CREATE, &kv->tables[i]);
        if (result == MDB_NOTFOUND && kv->read_only) {
            kv->tables[i] = 0;
            result = 0;
        }
        err = result == MDB_INCOMPATIBLE ? ERR_MALFORMED : kv_lmdb_err(result);
    }
    if (err != ERR_NONE) {
        mdb_txn_abort(txn);
        return err;
    }
    return kv_lmdb_err(mdb_txn_commit(txn));
}

/* A page beyond the end of a file cut short would kill the process with SIGBUS when read; as a
 * hole it reads as zeros, which LMDB refuses. */
static enum err fill_short_file(struct kv *kv)
{
    MDB_envinfo info;
    MDB_stat stat_main;
    struct stat status;
    int fd = -1;
    int result = mdb_env_info(kv->env, &info);
    if (result == 0) {
        result = mdb_env_stat(kv->env, &stat_main);
    }
    if (result == 0) {
        result = mdb_env_get_fd(kv->env, &fd);
    }
    if (result == 0 && fstat(fd, &status) != 0) {
        result = errno;
    }
    if (result != 0) {
        return kv_lmdb_err(result);
    }
    uint64_t size = ((uint64_t)info.me_last_pgno + 1) * stat_main.ms_psize;
    if (size <= (uint64_t)status.st_size || kv->read_only) {
        return ERR_NONE;
    }
    return ftruncate(fd, (off_t)size) == 0 ? ERR_NONE : kv_place_err(errno);
}

/* The last part of the map is kept for transactions that shrink the store: without free pages
 * LMDB cannot even delete. A store already larger than its map gets that part on top. */
static enum err set_page_limit(struct kv *kv)
{
    MDB_envinfo info;
    MDB_stat stat_main;
    int result = mdb_env_info(kv->env, &info);
    if (result == 0) {
        result = mdb_env_stat(kv->env, &stat_main);
    }
    if (result != 0) {
        return kv_lmdb_err(result);
    }
    uint64_t reserve = kv->map_size / 8;
    reserve = reserve < LARGEST_RESERVE ? reserve : LARGEST_RESERVE;
    reserve -= reserve % stat_main.ms_psize;
    kv->page_limit = (kv->map_size - reserve) / stat_main.ms_psize;
    uint64_t file_size = ((uint64_t)info.me_last_pgno + 1) * stat_main.ms_psize;
    if (file_size > kv->map_size - reserve) {
        return kv_lmdb_err(mdb_env_set_mapsize(kv->env, file_size + reserve));
    }
    return ERR_NONE;
}

static enum err open_env(struct kv *kv, const char *directory)
{
    unsigned flags = MDB_NOTLS | (kv->read_only ? MDB_RDONLY : 0);
    int dead = 0;
    int result = new_env(kv->map_size, &kv->env);
    if (result == 0) {
        result = mdb_env_open(kv->env, directory, flags, 0600);
    }
    if (result == 0) {
        CHECK(mdb_env_get_maxkeysize(kv->env) >= KV_KEY_SIZE);
        result = mdb_reader_check(kv->env, &dead);
    }
    if (result != 0) {
        return kv_lmdb_err(result);
    }
    enum err err = fill_short_file(kv);
    if (err == ERR_NONE) {
        err = set_page_limit(kv);
    }
    return err == ERR_NONE ? open_tables(kv) : err;
}

static enum err check_options(struct kv_options *options)
{
    int major = 0;
    int minor = 0;
    int patch = 0;
    (void)mdb_version(&major, &minor, &patch);
    if (!kv_lmdb_version_is_safe(major, minor, patch)) {
        return ERR_VERSION;
    }
    uint64_t page_size = (uint64_t)sysconf(_SC_PAGESIZE);
    if (options->map_size == 0) {
        options->map_size = DEFAULT_MAP_SIZE;
    }
    if (options->map_size < LEAST_MAP_SIZE || options->map_size > UINT64_MAX / 4) {
        return ERR_LIMIT;
    }
    options->map_size = (options->map_size + page_size - 1) / page_size * page_size;
    return ERR_NONE;
}

static void free_store(struct kv *kv)
{
    mdb_env_close(kv->env);
    kv_place_close(&kv->place); /* the lock goes last, when LMDB is out of the files */
    (void)pthread_mutex_destroy(&kv->mutex);
    free(kv);
    atomic_flag_clear(&is_open);
}

enum err kv_open(const char *directory, const struct kv_options *options, struct kv **ret_kv)
{
    CHECK(directory != NULL);
    CHECK(ret_kv != NULL);
    struct kv_options chosen = options == NULL ? (struct kv_options){0} : *options;
    enum err err = check_options(&chosen);
    if (err != ERR_NONE) {
        return err;
    }
    if (atomic_flag_test_and_set(&is_open)) {
        return ERR_BUSY;
    }
    struct kv *kv = calloc(1, sizeof *kv);
    if (kv == NULL) {
        atomic_flag_clear(&is_open);
        return ERR_MEMORY;
    }
    kv->pid = getpid();
    kv->read_only = chosen.read_only;
    kv->map_size = chosen.map_size;
    kv->place = (struct kv_place){.directory_fd = -1, .lock_fd = -1};
    CHECK(pthread_mutex_init(&kv->mutex, NULL) == 0);
    err = kv_place_open(directory, &chosen, &kv->place);
    if (err == ERR_NONE && !kv->place.has_store) {
        err = create_store(directory, &kv->place);
    }
    if (err == ERR_NONE) {
        err = open_env(kv, directory);
    }
    if (err != ERR_NONE) {
        free_store(kv);
        return err;
    }
    *ret_kv = kv;
    return ERR_NONE;
}

void kv_close(struct kv *kv)
{
    if (kv == NULL) {
        return;
    }
    CHECK(kv->pid == getpid());
    CHECK(kv->open_count == 0);
    free_store(kv);
}
