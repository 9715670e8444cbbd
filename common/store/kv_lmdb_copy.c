#include "base/check.h"
#include "store/kv_lmdb.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum err kv_stat(struct kv *kv, struct kv_stat *ret)
{
    CHECK(ret != NULL);
    struct kv_txn txn;
    MDB_stat stat = {0};
    MDB_envinfo info = {0};
    kv_begin(kv, false, &txn);
    struct kv_stat found = {.map_size = kv->map_size};
    for (size_t i = 0; txn.err == ERR_NONE && i < KV_TABLE_COUNT; i++) {
        if (kv->tables[i] == 0) {
            continue;
        }
        kv_lmdb_fail(&txn, mdb_stat(txn.handle, kv->tables[i], &stat));
        found.entry_count[i] = stat.ms_entries;
        found.table_size[i] =
            (stat.ms_branch_pages + stat.ms_leaf_pages + stat.ms_overflow_pages) * stat.ms_psize;
        found.large_size[i] = stat.ms_overflow_pages * stat.ms_psize;
    }
    kv_lmdb_fail(&txn, mdb_env_info(kv->env, &info));
    if (txn.err == ERR_NONE) {
        found.used_size = kv_lmdb_page_count(&txn) * stat.ms_psize;
        found.file_size = (info.me_last_pgno + 1) * stat.ms_psize;
    }
    enum err err = kv_commit(&txn);
    if (err == ERR_NONE) {
        *ret = found;
    }
    return err;
}

static enum err copy_into(struct kv *kv, int directory_fd)
{
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
    int fd = openat(directory_fd, "data.new", flags, 0600);
    if (fd < 0) {
        return kv_place_err(errno);
    }
    int result = mdb_env_copyfd(kv->env, fd);
    if (close(fd) != 0 && result == 0) {
        result = errno;
    }
    return kv_lmdb_err(result);
}

enum err kv_copy(struct kv *kv, const char *directory)
{
    CHECK(kv != NULL);
    CHECK(directory != NULL);
    CHECK(kv->pid == getpid());
    CHECK(pthread_mutex_lock(&kv->mutex) == 0);
    /* LMDB takes the writer's lock for a moment: its holder would wait for itself. */
    CHECK(!kv->writing || !pthread_equal(kv->writer, pthread_self()));
    CHECK(pthread_mutex_unlock(&kv->mutex) == 0);
    struct kv_place place;
    enum err err = kv_place_open_empty(directory, &place);
    if (err != ERR_NONE) {
        return err;
    }
    err = copy_into(kv, place.directory_fd);
    if (err == ERR_NONE) {
        err = kv_place_adopt(&place);
    }
    if (err != ERR_NONE) {
        kv_place_discard(&place);
    }
    kv_place_close(&place);
    return err;
}

enum err kv_reader_check(struct kv *kv)
{
    CHECK(kv != NULL);
    CHECK(kv->pid == getpid());
    int dead = 0;
    return kv_lmdb_err(mdb_reader_check(kv->env, &dead));
}
