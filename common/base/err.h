#ifndef JIELI_BASE_ERR_H
#define JIELI_BASE_ERR_H

/* Operating failures: bytes, disk, peer, memory. A refusal by a rule is not an error (see
 * rules/rule.h), and a bug is a CHECK. */
enum err {
    ERR_NONE = 0,
    ERR_MALFORMED, /* bytes that break their format: the peer's or file's fault */
    ERR_LIMIT,     /* larger or more than a bound of limits.h */
    ERR_MEMORY,
    ERR_STORE, /* the disk or the store failed: outcome unknown, close and reopen */
    ERR_FULL,  /* no room on the disk or in the map: nothing was written */
    ERR_NOT_FOUND,
    ERR_CONFLICT, /* something else stands there already */
    ERR_AUTH,     /* a signature, password, key or permission does not hold */
    ERR_VERSION,  /* a version this build does not know */
    ERR_IO,       /* file or socket */
    ERR_STATE,    /* not possible in the present state */
    ERR_BUSY,     /* try again later */
    ERR_COUNT
};

#define MUST_USE __attribute__((warn_unused_result))

/* A constant, lower-case English name such as "malformed"; for logs and exit messages. */
const char *err_name(enum err err);

#endif
