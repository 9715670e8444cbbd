#include "sim.h"

#include <stdlib.h>

static bool before(const struct sim_event *a, const struct sim_event *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

static void swap(struct sim_event *a, struct sim_event *b)
{
    struct sim_event kept = *a;
    *a = *b;
    *b = kept;
}

void queue_push(struct sim_queue *queue, const struct sim_event *event)
{
    sim_grow((void **)&queue->event, queue->count, &queue->capacity, sizeof *queue->event);
    size_t at = queue->count++;
    queue->event[at] = *event;
    queue->event[at].order = queue->order++;
    while (at > 0 && before(&queue->event[at], &queue->event[(at - 1) / 2])) {
        swap(&queue->event[at], &queue->event[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
}

bool queue_pop(struct sim_queue *queue, struct sim_event *ret)
{
    if (queue->count == 0) {
        return false;
    }
    *ret = queue->event[0];
    queue->event[0] = queue->event[--queue->count];
    size_t at = 0;
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < queue->count; child++) {
            least = before(&queue->event[child], &queue->event[least]) ? child : least;
        }
        if (least == at) {
            return true;
        }
        swap(&queue->event[at], &queue->event[least]);
        at = least;
    }
}

void queue_done(struct sim_queue *queue)
{
    for (size_t i = 0; i < queue->count; i++) {
        free(queue->event[i].bytes);
    }
    free(queue->event);
    queue->event = NULL;
    queue->count = 0;
}
