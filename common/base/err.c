#include "base/err.h"

const char *err_name(enum err err)
{
    static const char *const names[ERR_COUNT] = {
        [ERR_NONE] = "none",
        [ERR_MALFORMED] = "malformed",
        [ERR_LIMIT] = "limit",
        [ERR_MEMORY] = "memory",
        [ERR_STORE] = "store",
        [ERR_FULL] = "full",
        [ERR_NOT_FOUND] = "not found",
        [ERR_CONFLICT] = "conflict",
        [ERR_AUTH] = "not authentic",
        [ERR_VERSION] = "version",
        [ERR_IO] = "io",
        [ERR_STATE] = "state",
        [ERR_BUSY] = "busy",
    };
    if ((unsigned)err >= ERR_COUNT) {
        return "unknown";
    }
    return names[err];
}
