#ifndef JIELI_SYNC_SESSION_AUDITOR_INNER_H
#define JIELI_SYNC_SESSION_AUDITOR_INNER_H

#include "sync/session_auditor.h"

/* Between session_auditor.c and session_auditor_act.c only. */

/* Stops the program when an invariant of struct sync_auditor is broken. */
void sync_auditor_check(const struct sync_auditor *auditor);
/* HELLO again; what is in flight counts as never asked. */
void sync_auditor_greet(struct sync_auditor *auditor, uint64_t wait_ms);
/* The size the mirror should reach, proven or only heard of. */
uint64_t sync_auditor_goal(const struct sync_auditor *auditor);

#endif
