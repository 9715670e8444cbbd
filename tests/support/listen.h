#ifndef JIELI_TESTS_SUPPORT_LISTEN_H
#define JIELI_TESTS_SUPPORT_LISTEN_H

#include "district-auditor/auditor.h"
#include "tests/support/town.h"

/* An auditor of a town, with the wire between them replaced by calls: each of its frames is
 * answered by the hub at once, unless lost. */
struct listener {
    struct town *town;
    struct auditor *auditor;
    uint64_t mono_ms;
    unsigned lose_every; /* each n-th answer is lost; 0: none */
    unsigned answers;
    size_t waiting_count;
    struct buf waiting[64]; /* answers on their way */
};

/* slot 1 of the town's own store: one process holds one store (hazards.md, L6). */
struct listener *listen_open(struct town *town);
void listen_close(struct listener *listener);
/* Closes and opens the auditor's mind again. */
void listen_restart(struct listener *listener);
/* Talks and replays for so many rounds. */
void listen_rounds(struct listener *listener, unsigned count);
/* Until all is quiet and everything replayed; ends the process when that never comes. */
void listen_catch_up(struct listener *listener);

#endif
