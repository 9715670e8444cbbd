#ifndef JIELI_TESTS_RULES_FILES_H
#define JIELI_TESTS_RULES_FILES_H

#include "base/limits.h"
#include "base/span.h"

#include <stdio.h>
#include <stdlib.h>

/* A shipped file of deploy/, whole; the test ends when it cannot be read. */
static inline struct buf shipped(const char *name)
{
    char path[1024];
    struct buf text;
    uint8_t block[4096];
    buf_init(&text, LIMIT_TEXT_FILE_SIZE);
    (void)snprintf(path, sizeof path, "%s/deploy/%s", JIELI_SOURCE_DIR, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        _Exit(2);
    }
    size_t size = fread(block, 1, sizeof block, file);
    while (size > 0) {
        buf_put(&text, block, size);
        size = fread(block, 1, sizeof block, file);
    }
    (void)fclose(file);
    return text;
}

#endif
