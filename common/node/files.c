#include "node/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_SIZE = 16384, NAME_COUNT = 1024 };

static enum err files_error(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return ERR_AUTH;
    case ENOSPC:
    case EDQUOT:
        return ERR_FULL;
    case ENOMEM:
        return ERR_MEMORY;
    case ENAMETOOLONG:
        return ERR_LIMIT;
    default:
        return ERR_IO;
    }
}

static enum err files_read_from(int fd, struct buf *ret)
{
    uint8_t chunk[READ_SIZE];
    struct stat status;

    if (fstat(fd, &status) != 0) {
        return files_error();
    }
    if (!S_ISREG(status.st_mode)) {
        return ERR_MALFORMED;
    }
    while (ret->err == ERR_NONE) {
        const ssize_t size = read(fd, chunk, sizeof chunk);

        if (size < 0 && errno != EINTR) {
            return files_error();
        }
        if (size == 0) {
            break;
        }
        if (size > 0) {
            buf_put(ret, chunk, (size_t)size);
        }
    }
    return ret->err;
}

enum err files_read(const char *path, struct buf *ret)
{
    enum err err = ERR_NONE;
    /* A pipe in the way is refused above, but must not hold us up before. */
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0) {
        return files_error();
    }
    err = files_read_from(fd, ret);
    (void)close(fd);
    return err;
}

/* The directory of path; "." when it names none. */
static enum err files_directory_of(const char *path, char ret[FILES_PATH_SIZE])
{
    const char *slash = strrchr(path, '/');
    const size_t size = slash == NULL ? 0 : slash == path ? 1 : (size_t)(slash - path);

    if (size >= FILES_PATH_SIZE) {
        return ERR_LIMIT;
    }
    memcpy(ret, path, size);
    ret[size] = '\0';
    if (size == 0) {
        memcpy(ret, ".", 2);
    }
    return ERR_NONE;
}

static enum err files_sync_directory_of(const char *path)
{
    char directory[FILES_PATH_SIZE] = "";
    enum err err = files_directory_of(path, directory);
    int fd = -1;

    if (err != ERR_NONE) {
        return err;
    }
    fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return files_error();
    }
    err = fsync(fd) == 0 ? ERR_NONE : files_error();
    (void)close(fd);
    return err;
}

static enum err files_write_to(int fd, struct span bytes, unsigned mode)
{
    size_t written = 0;

    while (written < bytes.size) {
        const ssize_t size = write(fd, bytes.data + written, bytes.size - written);

        if (size < 0 && errno != EINTR) {
            return files_error();
        }
        written += size > 0 ? (size_t)size : 0;
    }
    return fchmod(fd, (mode_t)mode) == 0 && fsync(fd) == 0 ? ERR_NONE : files_error();
}

enum err files_write(const char *path, struct span bytes, unsigned mode)
{
    char temporary[FILES_PATH_SIZE] = "";
    const int length = snprintf(temporary, sizeof temporary, "%s.tmp", path);
    enum err err = ERR_NONE;
    int fd = -1;

    if (length < 0 || length >= FILES_PATH_SIZE) {
        return ERR_LIMIT;
    }
    (void)unlink(temporary); /* of a run that was cut off */
    fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return files_error();
    }
    err = files_write_to(fd, bytes, mode);
    if (close(fd) != 0 && err == ERR_NONE) {
        err = files_error();
    }
    if (err == ERR_NONE && rename(temporary, path) != 0) {
        err = files_error();
    }
    if (err != ERR_NONE) {
        (void)unlink(temporary);
        return err;
    }
    return files_sync_directory_of(path) == ERR_NONE ? ERR_NONE : ERR_STORE;
}

static enum err files_make_one(const char *path)
{
    struct stat status;

    if (mkdir(path, 0700) == 0) {
        return files_sync_directory_of(path);
    }
    if (errno != EEXIST) {
        return files_error();
    }
    if (stat(path, &status) != 0) {
        return files_error();
    }
    return S_ISDIR(status.st_mode) ? ERR_NONE : ERR_CONFLICT;
}

enum err files_make_directory(const char *path)
{
    char part[FILES_PATH_SIZE] = "";
    const size_t size = strnlen(path, FILES_PATH_SIZE);
    enum err err = ERR_NONE;

    if (size == 0) {
        return ERR_MALFORMED;
    }
    if (size == FILES_PATH_SIZE) {
        return ERR_LIMIT;
    }
    for (size_t i = 1; i <= size && err == ERR_NONE; i++) {
        if ((path[i] == '/' || path[i] == '\0') && path[i - 1] != '/') {
            memcpy(part, path, i);
            part[i] = '\0';
            err = files_make_one(part);
        }
    }
    return err;
}

enum err files_remove(const char *path)
{
    return unlink(path) == 0 ? files_sync_directory_of(path) : files_error();
}

bool files_exist(const char *path)
{
    return access(path, F_OK) == 0;
}

struct files_names {
    char *texts[NAME_COUNT];
    size_t count;
};

static bool files_name_fits(const char *name, const char *suffix)
{
    const size_t size = strlen(name);
    const size_t suffix_size = strlen(suffix);

    return name[0] != '.' && size >= suffix_size && strcmp(name + size - suffix_size, suffix) == 0;
}

static enum err files_collect(DIR *directory, const char *suffix, struct files_names *ret)
{
    const struct dirent *entry = NULL;

    errno = 0;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): the stream is ours alone */
    while ((entry = readdir(directory)) != NULL) {
        if (!files_name_fits(entry->d_name, suffix)) {
            continue;
        }
        if (ret->count == NAME_COUNT) {
            return ERR_LIMIT;
        }
        ret->texts[ret->count] = strdup(entry->d_name);
        if (ret->texts[ret->count] == NULL) {
            return ERR_MEMORY;
        }
        ret->count++;
        errno = 0;
    }
    return errno == 0 ? ERR_NONE : files_error();
}

static int files_compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static enum err files_visit(const char *directory, const char *name,
                            enum err (*each)(void *context, const char *path), void *context)
{
    char path[FILES_PATH_SIZE] = "";
    const int length = snprintf(path, sizeof path, "%s/%s", directory, name);

    return length > 0 && length < FILES_PATH_SIZE ? each(context, path) : ERR_LIMIT;
}

enum err files_each(const char *directory, const char *suffix,
                    enum err (*each)(void *context, const char *path), void *context)
{
    DIR *stream = opendir(directory);
    struct files_names *names = NULL;
    enum err err = ERR_NONE;

    if (stream == NULL) {
        err = files_error();
        return err == ERR_NOT_FOUND ? ERR_NONE : err;
    }
    names = calloc(1, sizeof *names);
    err = names != NULL ? files_collect(stream, suffix, names) : ERR_MEMORY;
    (void)closedir(stream);
    if (err == ERR_NONE) {
        qsort(names->texts, names->count, sizeof names->texts[0], files_compare);
    }
    for (size_t i = 0; names != NULL && i < names->count; i++) {
        if (err == ERR_NONE) {
            err = files_visit(directory, names->texts[i], each, context);
        }
        free(names->texts[i]);
    }
    free(names);
    return err;
}
