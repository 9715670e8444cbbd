#ifndef JIELI_NODE_TEAM_H
#define JIELI_NODE_TEAM_H

#include "base/span.h"

/* Threads that help one other thread with work that falls into parts. */
struct team;

enum { TEAM_HELPERS_MAX = 16 };

/* helpers: threads beside the caller's, up to TEAM_HELPERS_MAX; with 0 it does all by itself. Make
 * it after loop_watch_signals. */
MUST_USE enum err team_new(unsigned helpers, struct team **ret_team);
void team_free(struct team *team);
/* Calls part(argument, i) once for each i below count, here and on the helpers, in any order, and
 * returns when all have ended; what the parts wrote can be read then. By one thread at a time, and
 * not from within a part. context is the team: fits struct log_help. */
void team_each(void *context, size_t count, void (*part)(void *argument, size_t i), void *argument);

#endif
