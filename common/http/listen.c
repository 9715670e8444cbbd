#include "http/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { LISTEN_BACKLOG = 128, LOCAL_MODE = 0660 };

static enum err listen_error(void)
{
    switch (errno) {
    case EADDRINUSE:
        return ERR_CONFLICT;
    case EACCES:
    case EPERM:
        return ERR_AUTH;
    case ENOENT:
    case ENOTDIR:
        return ERR_NOT_FOUND;
    case EADDRNOTAVAIL:
        return ERR_MALFORMED;
    default:
        return ERR_IO;
    }
}

static enum err listen_lock(const char *path, int *ret_fd)
{
    char lock_path[HTTP_SOCKET_PATH_SIZE + 8] = "";
    enum err err = ERR_NONE;
    int fd = -1;

    (void)snprintf(lock_path, sizeof lock_path, "%s.lock", path);
    fd = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return listen_error();
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        err = errno == EWOULDBLOCK ? ERR_CONFLICT : ERR_IO;
        (void)close(fd);
        return err;
    }
    *ret_fd = fd;
    return ERR_NONE;
}

/* Under the lock: what stands there belongs to nobody alive, if it is a socket. */
static enum err listen_clear(const char *path)
{
    struct stat status;

    if (lstat(path, &status) != 0) {
        return errno == ENOENT ? ERR_NONE : listen_error();
    }
    if (!S_ISSOCK(status.st_mode)) {
        return ERR_CONFLICT;
    }
    return unlink(path) == 0 ? ERR_NONE : listen_error();
}

static enum err listen_bind_local(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    memcpy(address.sun_path, path, strlen(path) + 1);
    /* Before bind: the mode the file is born with; after it: without the umask. */
    if (fchmod(fd, LOCAL_MODE) != 0 ||
        bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        chmod(path, LOCAL_MODE) != 0 || listen(fd, LISTEN_BACKLOG) != 0) {
        return listen_error();
    }
    return ERR_NONE;
}

enum err http_listen_local(const char *path, int *ret_lock_fd, int *ret_fd)
{
    enum err err = ERR_NONE;
    int lock_fd = -1;
    int fd = -1;

    if (strnlen(path, HTTP_SOCKET_PATH_SIZE) == HTTP_SOCKET_PATH_SIZE || path[0] == '\0') {
        return ERR_LIMIT;
    }
    err = listen_lock(path, &lock_fd);
    if (err == ERR_NONE) {
        err = listen_clear(path);
    }
    if (err == ERR_NONE) {
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        err = fd >= 0 ? listen_bind_local(fd, path) : ERR_IO;
    }
    if (err == ERR_NONE) {
        *ret_lock_fd = lock_fd;
        *ret_fd = fd;
        return ERR_NONE;
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    if (lock_fd >= 0) {
        (void)close(lock_fd);
    }
    return err;
}

union listen_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* The size of the address, 0: not numeric. */
static socklen_t listen_parse(const char *text, uint16_t port, union listen_address *ret)
{
    memset(ret, 0, sizeof *ret);
    if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1) {
        ret->v4.sin_family = AF_INET;
        ret->v4.sin_port = htons(port);
        return sizeof ret->v4;
    }
    if (inet_pton(AF_INET6, text, &ret->v6.sin6_addr) == 1) {
        ret->v6.sin6_family = AF_INET6;
        ret->v6.sin6_port = htons(port);
        return sizeof ret->v6;
    }
    return 0;
}

bool http_listen_is_loopback(const char *address)
{
    union listen_address parsed;

    if (listen_parse(address, 0, &parsed) == 0) {
        return false;
    }
    if (parsed.any.sa_family == AF_INET) {
        return ntohl(parsed.v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    }
    return IN6_IS_ADDR_LOOPBACK(&parsed.v6.sin6_addr);
}

enum err http_listen_tcp(const char *address, uint16_t port, int *ret_fd, uint16_t *ret_port)
{
    union listen_address bound;
    socklen_t size = listen_parse(address, port, &bound);
    /* Only lets a restart pass old connections; two listeners at once stay impossible. */
    const int reuse = 1;
    enum err err = ERR_NONE;
    int fd = -1;

    if (size == 0) {
        return ERR_MALFORMED;
    }
    fd = socket(bound.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return ERR_IO;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse) != 0 ||
        bind(fd, &bound.any, size) != 0 || listen(fd, LISTEN_BACKLOG) != 0 ||
        getsockname(fd, &bound.any, &size) != 0) {
        err = listen_error();
        (void)close(fd);
        return err;
    }
    *ret_fd = fd;
    *ret_port = ntohs(bound.any.sa_family == AF_INET ? bound.v4.sin_port : bound.v6.sin6_port);
    return ERR_NONE;
}
