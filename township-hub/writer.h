#ifndef JIELI_TOWNSHIP_HUB_WRITER_H
#define JIELI_TOWNSHIP_HUB_WRITER_H

#include "node/loop.h"
#include "township-hub/hub.h"

/* A thread that commits groups of pushes, one at a time, while the loop receives the next, and
 * helpers that hash and pack leaves for it. From writer_start until written is called they have
 * the hub's mind, the store and the group for themselves; at any other time they touch nothing.
 * Everything here is called on the loop's thread. */
struct writer;

/* helpers: threads beside it, for work that falls into parts (node/team.h). written: on the loop,
 * with the outcome of hub_ingest; it may not start the next group. */
MUST_USE enum err writer_new(struct loop *loop, struct hub *hub, unsigned helpers,
                             void (*written)(void *context, size_t count, enum err err),
                             void *context, struct writer **ret_writer);
/* After the end of the group that it has. */
void writer_free(struct writer *writer);
bool writer_works(const struct writer *writer);
/* pushes are borrowed until written, and the writer must not have another group. */
void writer_start(struct writer *writer, struct hub_push *const *pushes, size_t count,
                  uint64_t now_ms);
/* Waits for the end of the group that it has, if any, and calls written. */
void writer_settle(struct writer *writer);

#endif
