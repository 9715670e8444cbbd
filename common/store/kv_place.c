#include "store/kv_place.h"

#include "base/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { MAGIC_OVERLAY = 0x794C7630 };

/* linux/magic.h lacks half of these. */
static const uint32_t REMOTE_MAGIC[] = {
    0x00006969, /* NFS */
    0x0000517B, /* SMB */
    0xFF534D42, /* CIFS */
    0xFE534D42, /* SMB2 */
    0x0000564C, /* NCP */
    0x73757245, /* Coda */
    0x5346414F, /* AFS */
    0x6B414653, /* kAFS */
    0x01021997, /* 9p */
    0x00C36400, /* Ceph */
    0x65735546, /* FUSE: sshfs and the like */
    0x65735543, /* fusectl */
    0x01161970, /* GFS2 */
    0x7461636F, /* OCFS2 */
    0x0BD00BD0, /* Lustre */
    0x47504653, /* GPFS */
    0x19830326, /* BeeGFS */
    0x786F4256, /* VirtualBox shared folder */
    0xBACBACBC, /* VMware shared folder */
};

bool kv_place_is_remote(uint32_t magic)
{
    for (size_t i = 0; i < sizeof REMOTE_MAGIC / sizeof REMOTE_MAGIC[0]; i++) {
        if (REMOTE_MAGIC[i] == magic) {
            return true;
        }
    }
    return false;
}

static bool has_volatile_option(const char *options, size_t size)
{
    static const char WORD[] = ",volatile";
    size_t word_size = sizeof WORD - 1;
    const char *found = memmem(options, size, WORD, word_size);
    if (found == NULL) {
        return false;
    }
    const char *behind = found + word_size;
    return behind == options + size || *behind == ',' || *behind == ' ';
}

bool kv_place_is_volatile(const char *mountinfo, unsigned major, unsigned minor)
{
    char device[32];
    int device_size = snprintf(device, sizeof device, " %u:%u ", major, minor);
    CHECK(device_size > 0 && (size_t)device_size < sizeof device);
    const char *line = mountinfo;
    while (*line != 0) {
        size_t size = strcspn(line, "\n");
        const char *found = memmem(line, size, device, (size_t)device_size);
        const char *behind = memmem(line, size, " - ", 3);
        if (found != NULL && behind != NULL && found < behind &&
            has_volatile_option(behind, size - (size_t)(behind - line))) {
            return true;
        }
        line += size;
        line += *line == '\n' ? 1 : 0;
    }
    return false;
}

enum err kv_place_err(int error_number)
{
    switch (error_number) {
    case 0:
        return ERR_NONE;
    case ENOENT:
        return ERR_NOT_FOUND;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return ERR_FULL;
    case ENOMEM:
        return ERR_MEMORY;
    case EWOULDBLOCK:
        return ERR_BUSY;
    case ENOTDIR:
    case EEXIST:
    case EISDIR:
    case ELOOP:
        return ERR_CONFLICT;
    case ENAMETOOLONG:
        return ERR_LIMIT;
    default:
        return ERR_IO;
    }
}

bool kv_place_is_full(int fd)
{
    enum { LEAST_ROOM = 64 * 1024 };
    struct statvfs disk;
    struct stat status;
    struct rlimit limit;
    if (fstatvfs(fd, &disk) == 0 && disk.f_bavail * disk.f_frsize < LEAST_ROOM) {
        return true;
    }
    return fstat(fd, &status) == 0 && getrlimit(RLIMIT_FSIZE, &limit) == 0 &&
           limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < (rlim_t)status.st_size + LEAST_ROOM;
}

static bool is_volatile_here(int directory_fd)
{
    struct stat status;
    struct buf text;
    bool found = false;
    buf_init(&text, LIMIT_TEXT_FILE_SIZE);
    FILE *file = fopen("/proc/self/mountinfo", "re");
    if (file == NULL || fstat(directory_fd, &status) != 0) {
        goto out;
    }
    char piece[4096];
    size_t size = 0;
    while ((size = fread(piece, 1, sizeof piece, file)) > 0) {
        buf_put(&text, piece, size);
    }
    found = kv_place_is_volatile(buf_text(&text), major(status.st_dev), minor(status.st_dev));
out:
    if (file != NULL) {
        (void)fclose(file);
    }
    buf_done(&text);
    return found;
}

static enum err check_file_system(int directory_fd)
{
    struct statfs status;
    if (fstatfs(directory_fd, &status) != 0) {
        return kv_place_err(errno);
    }
    uint32_t magic = (uint32_t)status.f_type;
    if (kv_place_is_remote(magic)) {
        return ERR_STATE;
    }
    if (magic == MAGIC_OVERLAY && is_volatile_here(directory_fd)) {
        return ERR_STATE;
    }
    return ERR_NONE;
}

static enum err open_directory(const char *directory, bool create, int *ret_fd)
{
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    int fd = open(directory, flags);
    if (fd < 0 && errno == ENOENT && create) {
        if (mkdir(directory, 0700) != 0 && errno != EEXIST) {
            return kv_place_err(errno);
        }
        fd = open(directory, flags);
    }
    if (fd < 0) {
        return kv_place_err(errno);
    }
    *ret_fd = fd;
    return ERR_NONE;
}

/* An empty data.mdb, or none beside a lock.mdb, is what remains of a store: kv_place_adopt never
 * leaves such. Making a new store over it would hide the loss. */
static enum err find_store(struct kv_place *place)
{
    struct stat status;
    place->has_store = false;
    if (fstatat(place->directory_fd, "data.mdb", &status, AT_SYMLINK_NOFOLLOW) == 0) {
        if (!S_ISREG(status.st_mode)) {
            return ERR_CONFLICT;
        }
        place->has_store = true;
        return status.st_size == 0 ? ERR_MALFORMED : ERR_NONE;
    }
    if (errno != ENOENT) {
        return kv_place_err(errno);
    }
    if (fstatat(place->directory_fd, "lock.mdb", &status, AT_SYMLINK_NOFOLLOW) == 0) {
        return ERR_MALFORMED;
    }
    return errno == ENOENT ? ERR_NONE : kv_place_err(errno);
}

static enum err lock_store(struct kv_place *place, bool read_only)
{
    int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW;
    place->lock_fd = openat(place->directory_fd, "lock", flags, 0600);
    if (place->lock_fd < 0) {
        return read_only && errno == EROFS ? ERR_NONE : kv_place_err(errno);
    }
    if (flock(place->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return kv_place_err(errno);
    }
    return ERR_NONE;
}

enum err kv_place_open(const char *directory, const struct kv_options *options,
                       struct kv_place *ret)
{
    CHECK(directory != NULL);
    CHECK(options != NULL);
    CHECK(ret != NULL);
    bool create = !options->must_exist && !options->read_only;
    struct kv_place place = {.directory_fd = -1, .lock_fd = -1};
    enum err err = open_directory(directory, create, &place.directory_fd);
    if (err == ERR_NONE) {
        err = check_file_system(place.directory_fd);
    }
    if (err == ERR_NONE) {
        err = find_store(&place);
    }
    if (err == ERR_NONE && !place.has_store && !create) {
        err = ERR_NOT_FOUND;
    }
    if (err == ERR_NONE) {
        err = lock_store(&place, options->read_only);
    }
    if (err == ERR_NONE) {
        err = find_store(&place); /* another process may have made it before the lock was ours */
    }
    if (err != ERR_NONE) {
        kv_place_close(&place);
        return err;
    }
    *ret = place;
    return ERR_NONE;
}

void kv_place_close(struct kv_place *place)
{
    if (place->lock_fd >= 0) {
        (void)close(place->lock_fd);
    }
    if (place->directory_fd >= 0) {
        (void)close(place->directory_fd);
    }
    *place = (struct kv_place){.directory_fd = -1, .lock_fd = -1};
}

static enum err sync_at(int directory_fd, const char *name, int flags)
{
    int fd = openat(directory_fd, name, O_RDONLY | O_CLOEXEC | flags);
    if (fd < 0 && errno == EACCES && (flags & O_DIRECTORY) != 0) {
        /* A parent which may be searched but not read, as /var/lib/private. */
        return syncfs(directory_fd) == 0 ? ERR_NONE : kv_place_err(errno);
    }
    if (fd < 0) {
        return kv_place_err(errno);
    }
    enum err err = fsync(fd) == 0 ? ERR_NONE : kv_place_err(errno);
    (void)close(fd);
    return err;
}

enum err kv_place_adopt(struct kv_place *place)
{
    int fd = place->directory_fd;
    enum err err = sync_at(fd, "data.new", 0);
    if (err == ERR_NONE && renameat(fd, "data.new", fd, "data.mdb") != 0) {
        err = kv_place_err(errno);
    }
    if (err == ERR_NONE) {
        err = sync_at(fd, ".", O_DIRECTORY);
    }
    if (err == ERR_NONE) {
        err = sync_at(fd, "..", O_DIRECTORY);
    }
    place->has_store = err == ERR_NONE;
    return err;
}

void kv_place_discard(const struct kv_place *place)
{
    (void)unlinkat(place->directory_fd, "data.new", 0);
    (void)unlinkat(place->directory_fd, "data.new-lock", 0);
}

static enum err check_empty(int directory_fd)
{
    int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? NULL : fdopendir(fd);
    if (stream == NULL) {
        enum err err = kv_place_err(errno);
        if (fd >= 0) {
            (void)close(fd);
        }
        return err;
    }
    enum err err = ERR_NONE;
    const struct dirent *entry = NULL;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone */
    while (err == ERR_NONE && (entry = readdir(stream)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            err = ERR_CONFLICT;
        }
    }
    (void)closedir(stream);
    return err;
}

enum err kv_place_open_empty(const char *directory, struct kv_place *ret)
{
    struct kv_place place = {.directory_fd = -1, .lock_fd = -1};
    enum err err = open_directory(directory, true, &place.directory_fd);
    if (err == ERR_NONE) {
        err = check_empty(place.directory_fd);
    }
    if (err != ERR_NONE) {
        kv_place_close(&place);
        return err;
    }
    *ret = place;
    return ERR_NONE;
}
