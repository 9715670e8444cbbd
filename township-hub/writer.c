#include "township-hub/writer.h"

#include "base/check.h"
#include "node/team.h"
#include "node/workers.h"

#include <stdlib.h>

struct writer {
    struct hub *hub;
    struct workers *thread; /* one */
    struct workers_job job;
    struct team *team;
    struct log_help help;
    void (*written)(void *context, size_t count, enum err err);
    void *context;
    /* The group. */
    struct hub_push *const *pushes;
    size_t count;
    uint64_t now_ms;
    enum err err;
};

static void run_group(void *context)
{
    struct writer *writer = context;
    writer->err = hub_ingest(writer->hub, writer->pushes, writer->count, writer->now_ms);
}

static void group_done(void *context)
{
    struct writer *writer = context;
    writer->written(writer->context, writer->count, writer->err);
}

enum err writer_new(struct loop *loop, struct hub *hub, unsigned helpers,
                    void (*written)(void *context, size_t count, enum err err), void *context,
                    struct writer **ret_writer)
{
    struct writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL) {
        return ERR_MEMORY;
    }
    writer->hub = hub;
    writer->written = written;
    writer->context = context;
    writer->job = (struct workers_job){run_group, group_done, writer, NULL};
    enum err err = team_new(helpers, &writer->team);
    if (err == ERR_NONE) {
        err = workers_new(loop, 1, 1, 0, &writer->thread);
    }
    if (err != ERR_NONE) {
        team_free(writer->team);
        free(writer);
        return err;
    }
    writer->help = (struct log_help){team_each, writer->team};
    hub_set_help(hub, &writer->help);
    *ret_writer = writer;
    return ERR_NONE;
}

void writer_free(struct writer *writer)
{
    if (writer != NULL) {
        workers_free(writer->thread);
        hub_set_help(writer->hub, NULL);
        team_free(writer->team);
        free(writer);
    }
}

bool writer_works(const struct writer *writer)
{
    return workers_count(writer->thread) > 0;
}

void writer_start(struct writer *writer, struct hub_push *const *pushes, size_t count,
                  uint64_t now_ms)
{
    writer->pushes = pushes;
    writer->count = count;
    writer->now_ms = now_ms;
    enum err err = workers_push(writer->thread, &writer->job);
    CHECK(err == ERR_NONE);
}

void writer_settle(struct writer *writer)
{
    workers_wait(writer->thread);
}
