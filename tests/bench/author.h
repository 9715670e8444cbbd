#ifndef JIELI_TESTS_BENCH_AUTHOR_H
#define JIELI_TESTS_BENCH_AUTHOR_H

#include "desk/device.h"
#include "desk/sealing.h"
#include "fold/author.h"

#include <stdio.h>

/* One station's pen: writes what its window worker would have entered in many days, signed and
 * sealed as the daemon does it. */
struct pen {
    struct device device;
    struct keyring *person;
    struct author_chain chain;
    struct sealing_readers readers;
    uint64_t claimed_ms;
    uint64_t step_ms; /* between two events */
    uint64_t state;   /* of the choice of visits */
    const char *const *forms;
    size_t form_count;
    FILE *events; /* (size u32, body, signature) an event */
    FILE *parts;  /* (seq u64, size u32, hash, blob) a sealed part */
    uint64_t written;
    uint64_t part_bytes;
    uint64_t plain_bytes; /* of the sealed parts before sealing */
    struct wire_event event;
};

/* Writes whole visits until count events stand in the chain (a few more, to end the last visit).
 * ERR_MALFORMED: an act is not as the API wants it, said on stderr. */
MUST_USE enum err pen_write(struct pen *pen, uint64_t count);

#endif
