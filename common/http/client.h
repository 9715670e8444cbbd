#ifndef JIELI_HTTP_CLIENT_H
#define JIELI_HTTP_CLIENT_H

#include "base/span.h"

/* One request to the program's own daemon over its local socket; blocks. */
struct http_call {
    const char *socket_path;
    const char *method;         /* "GET", ... */
    const char *path;           /* as it goes over the wire, with the query: "/api/v1/..." */
    const char *const *headers; /* "Name: value", ends with NULL; or NULL */
    struct span body;           /* sent when not empty, or when the method is POST, PUT, PATCH */
    uint32_t timeout_ms;        /* of the whole call; 0: 30 s */
};

struct http_answer {
    unsigned status;
    char content_type[96]; /* "" when absent or longer */
    struct buf body;
};

/* Give ret an answer whose body was made with buf_init, its limit being the largest body taken.
 * ERR_NOT_FOUND: no daemon there. ERR_AUTH: no permission on the socket. ERR_BUSY: timed out.
 * ERR_LIMIT: larger than the buffer may grow. ERR_MALFORMED: line break or blank in method, path
 * or header; or not HTTP. ERR_IO: else, the outcome is unknown. */
MUST_USE enum err http_call(const struct http_call *call, struct http_answer *ret);

#endif
