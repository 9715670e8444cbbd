#ifndef JIELI_TESTS_MATRIX_H
#define JIELI_TESTS_MATRIX_H

#include "transitions_world.h"

/* The permission matrix 4.3 cell by cell, and the separation of duties 4.2, held against the
 * engine. Every cell is an event judged in every state it may happen in, by somebody who has that
 * role and no other. How the file is written stands at its head. */
enum { MATRIX_VERBS = 64 };

struct matrix {
    struct cases cases;
    struct world *world;
    bool quiet;
    unsigned readings; /* lines that tell who reads */
    bool seen[MACHINE_END][MATRIX_VERBS];
};

/* print: lines for the verbs that the file leaves out, as the engine has them, go to stdout instead
 * of failing. */
void matrix_run(struct matrix *matrix, const char *path, bool print);

#endif
