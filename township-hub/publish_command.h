#ifndef JIELI_TOWNSHIP_HUB_PUBLISH_COMMAND_H
#define JIELI_TOWNSHIP_HUB_PUBLISH_COMMAND_H

#include "desk/cli.h"

/* publish policy|catalogue|calendar|departments FILE...: files with errors are refused whole, with
 * file and line, before anything is sent. */
int publish_command(struct cli *cli, int argc, char **argv);

#endif
