#ifndef JIELI_NODE_FILES_H
#define JIELI_NODE_FILES_H

#include "base/span.h"

enum { FILES_PATH_SIZE = 1024 }; /* with the NUL */

/* Appends the whole file. Only regular files: else ERR_MALFORMED, never waits on a pipe. ERR_LIMIT:
 * larger than what ret may still take. ERR_NOT_FOUND, ERR_AUTH, ERR_IO. After an error ret may
 * hold a part. */
MUST_USE enum err files_read(const char *path, struct buf *ret);
/* After ERR_NONE the file holds exactly bytes, also after a power cut; after any error it is what
 * it was before, but for ERR_STORE: then it is one of the two, and nobody knows which after a power
 * cut. mode as in chmod, exactly. ERR_FULL: no room. path.tmp is used meanwhile. */
MUST_USE enum err files_write(const char *path, struct span bytes, unsigned mode);
/* mkdir -p; what is made has mode 0700 and is synced. ERR_CONFLICT: a file stands in the way. */
MUST_USE enum err files_make_directory(const char *path);
/* ERR_NOT_FOUND when it is not there. Syncs the directory. */
MUST_USE enum err files_remove(const char *path);
bool files_exist(const char *path);
/* Calls each with the full path of every file in directory whose name ends in suffix, in byte
 * order of the names; stops at the first error and returns it. Names beginning with "." are left
 * out. A directory that is not there is empty. At most 1,024 names, else ERR_LIMIT. */
MUST_USE enum err files_each(const char *directory, const char *suffix,
                             enum err (*each)(void *context, const char *path), void *context);

#endif
