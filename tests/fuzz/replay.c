/* A fuzz target as an ordinary test: every corpus file, and every prefix of the small ones, each in
 * a heap block of its exact size, so that reading one byte too far is seen. */
#include "fuzz.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { REPLAY_PREFIX_SIZE = 512, REPLAY_FILE_SIZE = 4 * 1024 * 1024, REPLAY_PATH_SIZE = 4096 };

struct replay {
    size_t file_count;
    size_t input_count;
    bool failed;
};

static void replay_fail(struct replay *replay, const char *path, const char *why) {
    (void)fprintf(stderr, "%s: %s\n", path, why);
    replay->failed = true;
}

static void replay_input(struct replay *replay, const char *path, const uint8_t *data,
                         size_t size) {
    /* The empty input has no byte either: a target that reads one is caught. */
    uint8_t *exact = malloc(size); /* NOLINT(clang-analyzer-optin.portability.UnixAPI) */
    if (exact == NULL && size > 0) {
        replay_fail(replay, path, "no memory");
        return;
    }
    if (size > 0) {
        memcpy(exact, data, size);
    }
    int answer = LLVMFuzzerTestOneInput(exact, size);
    if (answer != 0 && answer != -1) {
        replay_fail(replay, path, "the target answered neither 0 nor -1");
    }
    replay->input_count++;
    free(exact);
}

/* ret has room for one byte more than the largest file, so a larger one shows. */
static size_t replay_read(struct replay *replay, const char *path, uint8_t *ret) {
    size_t size = 0;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        replay_fail(replay, path, "cannot be opened");
        return 0;
    }
    size = fread(ret, 1, REPLAY_FILE_SIZE + 1, file);
    if (ferror(file) != 0) {
        replay_fail(replay, path, "cannot be read");
    } else if (size > REPLAY_FILE_SIZE) {
        replay_fail(replay, path, "too large for a corpus");
        size = 0;
    }
    (void)fclose(file);
    return size;
}

static void replay_file(struct replay *replay, const char *path) {
    uint8_t *data = malloc(REPLAY_FILE_SIZE + 1);
    if (data == NULL) {
        replay_fail(replay, path, "no memory");
        return;
    }
    /* Said before the run, so that the last line names the input that broke the target. */
    (void)fprintf(stderr, "%s\n", path);
    size_t size = replay_read(replay, path, data);
    replay_input(replay, path, data, size);
    for (size_t prefix = 0; size <= REPLAY_PREFIX_SIZE && prefix < size; prefix++) {
        replay_input(replay, path, data, prefix);
    }
    replay->file_count++;
    free(data);
}

/* In the order of names: the same run on every machine. */
static void replay_folder(struct replay *replay, const char *folder) {
    struct dirent **entries = NULL;
    int count = scandir(folder, &entries, NULL, alphasort);
    if (count < 0) {
        replay_fail(replay, folder, "cannot be listed");
        return;
    }
    for (int i = 0; i < count; i++) {
        char path[REPLAY_PATH_SIZE];
        int size = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (size < 0 || (size_t)size >= sizeof path) {
            replay_fail(replay, folder, "name too long");
        } else if (entries[i]->d_name[0] != '.') {
            replay_file(replay, path);
        }
        free(entries[i]);
    }
    free(entries);
}

static void replay_path(struct replay *replay, const char *path) {
    struct stat status;
    if (stat(path, &status) != 0) {
        replay_fail(replay, path, "does not exist");
    } else if (S_ISDIR(status.st_mode)) {
        replay_folder(replay, path);
    } else {
        replay_file(replay, path);
    }
}

int main(int argument_count, char **arguments) {
    struct replay replay = {0};
    if (LLVMFuzzerInitialize != NULL && LLVMFuzzerInitialize(&argument_count, &arguments) != 0) {
        replay_fail(&replay, arguments[0], "the target did not start");
        return 1;
    }
    for (int i = 1; i < argument_count; i++) {
        replay_path(&replay, arguments[i]);
    }
    (void)printf("%zu files, %zu inputs\n", replay.file_count, replay.input_count);
    if (replay.file_count == 0) {
        replay_fail(&replay, arguments[0], "no corpus: name folders or files that hold inputs");
    }
    return replay.failed ? 1 : 0;
}
