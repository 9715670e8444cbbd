#ifndef JIELI_TOWNSHIP_HUB_MAIN_RUN_H
#define JIELI_TOWNSHIP_HUB_MAIN_RUN_H

#include "desk/cli.h"

/* The daemon: township-hub run. */
int run_command(struct cli *cli, int argc, char **argv);

#endif
