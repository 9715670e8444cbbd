#ifndef JIELI_STORE_KV_PLACE_H
#define JIELI_STORE_KV_PLACE_H

#include "store/kv.h"

#include <sys/types.h>

/* The directory of a store: made, examined, locked and synced. */
struct kv_place {
    int directory_fd;
    int lock_fd;    /* -1 on a read-only file system, where nobody can write */
    bool has_store; /* data.mdb stands there */
};

/* Creates directory (0700, its parent must exist) unless the options forbid it, and locks it until
 * kv_place_close. ERR_NOT_FOUND: no store and none may be made. ERR_BUSY: locked by another open
 * store, in this process or another. ERR_STATE: a file system that cannot keep a store.
 * ERR_CONFLICT: something else than a directory. ERR_MALFORMED: only remains of a store, or an
 * empty one. ERR_FULL, ERR_IO. */
MUST_USE enum err kv_place_open(const char *directory, const struct kv_options *options,
                                struct kv_place *ret);
void kv_place_close(struct kv_place *place);
/* The finished <directory>/data.new becomes data.mdb for good: file, directory and parent are
 * synced. Before, a power cut leaves no data.mdb; afterwards a whole one. */
MUST_USE enum err kv_place_adopt(struct kv_place *place);
/* Removes what an interrupted creation left. */
void kv_place_discard(const struct kv_place *place);
/* A new directory or an empty one, for kv_place_adopt: ERR_CONFLICT when anything is in it. */
MUST_USE enum err kv_place_open_empty(const char *directory, struct kv_place *ret);

/* A statfs type on which locks, mapped pages or fsync do not hold: network, cluster, FUSE. */
bool kv_place_is_remote(uint32_t magic);
/* Whether a /proc/self/mountinfo text shows the device mounted "volatile": an overlay which
 * answers fsync without doing it. */
bool kv_place_is_volatile(const char *mountinfo, unsigned major, unsigned minor);
/* The file can hardly grow: no room on its disk, or not for this process. */
bool kv_place_is_full(int fd);
/* For files and for LMDB alike. */
enum err kv_place_err(int error_number);

#endif
