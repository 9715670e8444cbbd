#include "node/workers.h"

#include "base/check.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

enum { WORKERS_THREAD_COUNT = 16 };

struct workers_list {
    struct workers_job *first;
    struct workers_job *last;
};

struct workers {
    struct loop *loop;
    int finished_fd; /* eventfd: done is not empty */
    unsigned queue_count;
    unsigned taken_count; /* the loop thread's */
    unsigned thread_count;
    int nice;
    pthread_t threads[WORKERS_THREAD_COUNT];
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t changed;
    pthread_cond_t finished; /* for who waits for done */
    struct workers_list waiting;
    struct workers_list done;
    bool ending;
};

static void list_put(struct workers_list *list, struct workers_job *job)
{
    job->next = NULL;
    if (list->last != NULL) {
        list->last->next = job;
    } else {
        list->first = job;
    }
    list->last = job;
}

static struct workers_job *list_take(struct workers_list *list)
{
    struct workers_job *job = list->first;

    if (job != NULL) {
        list->first = job->next;
        list->last = list->first != NULL ? list->last : NULL;
    }
    return job;
}

static void workers_lock(struct workers *workers)
{
    CHECK(pthread_mutex_lock(&workers->lock) == 0);
}

static void workers_unlock(struct workers *workers)
{
    CHECK(pthread_mutex_unlock(&workers->lock) == 0);
}

/* NULL: the pool ends and nothing is left. */
static struct workers_job *workers_take(struct workers *workers)
{
    struct workers_job *job = NULL;

    workers_lock(workers);
    while ((job = list_take(&workers->waiting)) == NULL && !workers->ending) {
        CHECK(pthread_cond_wait(&workers->changed, &workers->lock) == 0);
    }
    workers_unlock(workers);
    return job;
}

static void *workers_work(void *context)
{
    struct workers *workers = context;
    struct workers_job *job = NULL;
    const uint64_t one = 1;

    /* Of this thread alone, on Linux. Who may not be nice is as quick as the others. */
    (void)setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + workers->nice);
    while ((job = workers_take(workers)) != NULL) {
        job->run(job->context);
        workers_lock(workers);
        list_put(&workers->done, job);
        CHECK(pthread_cond_signal(&workers->finished) == 0);
        workers_unlock(workers);
        (void)!write(workers->finished_fd, &one, sizeof one);
    }
    return NULL;
}

static void workers_finish(struct workers *workers)
{
    struct workers_list done = {NULL, NULL};
    struct workers_job *job = NULL;

    workers_lock(workers);
    done = workers->done;
    workers->done = (struct workers_list){NULL, NULL};
    workers_unlock(workers);
    while ((job = list_take(&done)) != NULL) {
        workers->taken_count--;
        job->done(job->context);
    }
}

static void workers_finished(void *context, unsigned events)
{
    struct workers *workers = context;
    uint64_t count = 0;
    (void)events;

    (void)!read(workers->finished_fd, &count, sizeof count);
    workers_finish(workers);
}

static enum err workers_start(struct workers *workers, unsigned thread_count)
{
    workers->finished_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (workers->finished_fd < 0) {
        return ERR_IO;
    }
    for (unsigned i = 0; i < thread_count; i++) {
        if (pthread_create(&workers->threads[i], NULL, workers_work, workers) != 0) {
            return ERR_MEMORY;
        }
        workers->thread_count++;
    }
    return loop_add_fd(workers->loop, workers->finished_fd, LOOP_READ, workers_finished, workers);
}

enum err workers_new(struct loop *loop, unsigned thread_count, unsigned queue_count, int nice,
                     struct workers **ret_workers)
{
    struct workers *workers = NULL;
    enum err err = ERR_NONE;

    CHECK(thread_count >= 1);
    CHECK(thread_count <= WORKERS_THREAD_COUNT);
    workers = calloc(1, sizeof *workers);
    if (workers == NULL) {
        return ERR_MEMORY;
    }
    workers->loop = loop;
    workers->queue_count = queue_count;
    workers->nice = nice;
    workers->finished_fd = -1;
    CHECK(pthread_mutex_init(&workers->lock, NULL) == 0);
    CHECK(pthread_cond_init(&workers->changed, NULL) == 0);
    CHECK(pthread_cond_init(&workers->finished, NULL) == 0);
    err = workers_start(workers, thread_count);
    if (err != ERR_NONE) {
        workers_free(workers);
        return err;
    }
    *ret_workers = workers;
    return ERR_NONE;
}

void workers_free(struct workers *workers)
{
    if (workers == NULL) {
        return;
    }
    workers_lock(workers);
    workers->ending = true;
    CHECK(pthread_cond_broadcast(&workers->changed) == 0);
    workers_unlock(workers);
    for (unsigned i = 0; i < workers->thread_count; i++) {
        CHECK(pthread_join(workers->threads[i], NULL) == 0);
    }
    workers_finish(workers);
    if (workers->finished_fd >= 0) {
        loop_remove_fd(workers->loop, workers->finished_fd);
        (void)close(workers->finished_fd);
    }
    CHECK(pthread_cond_destroy(&workers->changed) == 0);
    CHECK(pthread_cond_destroy(&workers->finished) == 0);
    CHECK(pthread_mutex_destroy(&workers->lock) == 0);
    free(workers);
}

enum err workers_push(struct workers *workers, struct workers_job *job)
{
    bool taken = false;

    workers_lock(workers);
    if (!workers->ending && workers->taken_count < workers->queue_count) {
        list_put(&workers->waiting, job);
        workers->taken_count++;
        taken = true;
        CHECK(pthread_cond_signal(&workers->changed) == 0);
    }
    workers_unlock(workers);
    return taken ? ERR_NONE : ERR_BUSY;
}

void workers_wait(struct workers *workers)
{
    while (workers->taken_count > 0) {
        workers_lock(workers);
        while (workers->done.first == NULL) {
            CHECK(pthread_cond_wait(&workers->finished, &workers->lock) == 0);
        }
        workers_unlock(workers);
        workers_finish(workers);
    }
}

unsigned workers_count(const struct workers *workers)
{
    return workers->taken_count;
}
