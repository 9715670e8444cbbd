#include "matrix.h"

#include <stdio.h>
#include <string.h>

/* Runs matrix.cases. --missing prints lines for the verbs that it leaves out. */
enum { LEAST_CASES = 1000 };

int main(int argc, char **argv)
{
    static struct world world;
    static struct matrix matrix = {.world = &world};
    bool print = argc == 5 && strcmp(argv[1], "--missing") == 0;
    if (argc != 4 && !print) {
        (void)fprintf(stderr, "usage: matrix_cases [--missing] FILE.cases DEPLOY ITEMS\n");
        return 2;
    }
    world_open(&world, argv[argc - 2], argv[argc - 1]);
    matrix_run(&matrix, argv[argc - 3], print);
    world_close(&world);
    return cases_done(&matrix.cases, LEAST_CASES);
}
