/* Writes the corpus of the wire targets anew: wire_seeds tests/fuzz/corpus. */
#include "base/check.h"
#include "wire_samples.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH_SIZE = 512 };

struct seed {
    const char *target;
    const char *sample;
};

static const struct seed seeds[] = {
    {"wire_event", "body-1"},      {"wire_event", "body-2"},       {"wire_event", "body-hub"},
    {"wire_leaf", "leaf-0"},       {"wire_leaf", "leaf-2"},        {"wire_leaf", "leaf-void"},
    {"wire_leaf", "envelope-1"},   {"wire_leaf", "head-body"},     {"wire_leaf", "nack-body"},
    {"wire_leaf", "doorbell"},     {"wire_frame", "hello"},        {"wire_frame", "welcome"},
    {"wire_frame", "push"},        {"wire_frame", "answer"},       {"wire_frame", "nack"},
    {"wire_frame", "pull-chain"},  {"wire_frame", "batch-common"}, {"wire_frame", "batch-log"},
    {"wire_frame", "batch-chain"}, {"wire_frame", "blob-put"},     {"wire_frame", "blob-stored"},
    {"wire_frame", "blob-get"},    {"wire_frame", "blob"},         {"wire_sealed", "sealed-blob"},
    {"wire_sealed", "staff-name"},
};

/* Texts; two of them are wrong in a telling way. */
static const struct {
    const char *target;
    const char *name;
    const char *text;
} texts[] = {
    {"wire_json", "case",
     "{\"case\":{\"verb\":\"accepted\",\"item\":\"I04\",\"proxy\":true,\"agreedDay\":20728,"
     "\"untilMs\":\"1790000000000\",\"handler\":\"000102030405060708090a0b0c0d0e0f\",\"materials\":"
     "[{\"code\":\"FORM\",\"form\":2,\"status\":\"1\"}],"
     "\"children\":[\"000102030405060708090a0b0c0d0e0f\"]}}"},
    {"wire_json", "person",
     "{\"person\":{\"verb\":1,\"suite\":1,\"grants\":[{\"roles\":\"8\",\"fromDay\":20728}]}}"},
    {"wire_json", "identity", "{\"name\":\"\xe5\xbc\xa0\",\"idNumber\":\"x\\u0007\\\"\"}"},
    {"wire_json", "matter", "{\"text\":\"a\\nb\",\"told\":\"\",\"handover\":\"c\"}"},
    {"wire_json", "twice", "{\"case\":{\"verb\":1,\"verb\":2}}"},
    {"wire_json", "deep", "{\"case\":[[[[[[[[[[[["},
    {"wire_sealed", "identity", "\x0a\x03\xe5\xbc\xa0\x12\x01x"},
    {"wire_sealed", "matter", "\x0a\x01x\x12\x01y\x1a\x01z"},
};

static void write_seed(const char *corpus, const char *target, const char *name, struct span bytes)
{
    char path[PATH_SIZE];
    CHECK(snprintf(path, sizeof path, "%s/%s", corpus, target) < PATH_SIZE);
    CHECK(mkdir(path, 0755) == 0 || errno == EEXIST);
    CHECK(snprintf(path, sizeof path, "%s/%s/%s", corpus, target, name) < PATH_SIZE);
    FILE *file = fopen(path, "wb");
    CHECK(file != NULL);
    CHECK(fwrite(bytes.data, 1, bytes.size, file) == bytes.size);
    CHECK(fclose(file) == 0);
}

int main(int argument_count, char **arguments)
{
    static struct samples samples;
    if (argument_count != 2) {
        (void)fprintf(stderr, "usage: wire_seeds CORPUS\n");
        return 2;
    }
    CHECK(seal_init() == ERR_NONE);
    samples_init(&samples);
    for (size_t i = 0; i < sizeof seeds / sizeof seeds[0]; i++) {
        write_seed(arguments[1], seeds[i].target, seeds[i].sample,
                   samples_view(&samples, seeds[i].sample));
    }
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        write_seed(arguments[1], texts[i].target, texts[i].name, span_text(texts[i].text));
    }
    samples_done(&samples);
    return 0;
}
