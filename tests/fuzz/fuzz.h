#ifndef JIELI_TESTS_FUZZ_H
#define JIELI_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* What a target X_fuzz.c defines. data is borrowed for the call and exactly size bytes long.
 * 0: tried; -1: of no interest, keep it out of the corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* May be left out. Called once, before the first input; 0 to go on. */
__attribute__((weak)) int LLVMFuzzerInitialize(int *argument_count, char ***arguments);

#endif
