#include "district-auditor/ahead.h"

#include "base/check.h"
#include "seal/hash.h"
#include "seal/sign.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 256, THREADS_MAX = 16 };

/* Leaves that are verified together. */
struct window {
    const struct fold *fold;
    uint64_t first;
    size_t count;
    uint32_t start[WINDOW + 1]; /* where each begins in bytes */
    struct buf bytes;
    struct ahead_leaf leaf[WINDOW];
    atomic_size_t next; /* the one to be taken */
    size_t done;        /* under the mutex */
};

/* What one thread needs to decode an event. */
struct bench {
    struct ahead *ahead;
    struct wire_arena arena;
    struct wire_event *event;
};

struct ahead {
    pthread_rwlock_t *lock;
    unsigned thread_count;
    pthread_t threads[THREADS_MAX];
    struct bench benches[THREADS_MAX + 1]; /* the last one is the caller's */
    pthread_mutex_t mutex;
    pthread_cond_t work; /* a window is there, or the end */
    pthread_cond_t idle; /* a window is done */
    struct window *now;  /* the caller reads it */
    struct window *later;
    struct window *open; /* being worked on; NULL: none */
    unsigned inside;     /* threads at work on it */
    bool ending;
};

static bool find_public(struct ahead *ahead, const struct window *window, const uint8_t *key_id,
                        uint8_t *ret_public)
{
    (void)pthread_rwlock_rdlock(ahead->lock);
    const uint8_t *key = directory_public(world_directory(window->fold->world), key_id);
    if (key != NULL) {
        memcpy(ret_public, key, LIMIT_KEY_SIZE);
    }
    (void)pthread_rwlock_unlock(ahead->lock);
    return key != NULL;
}

static void verify_leaf(struct bench *bench, const struct window *window, size_t i,
                        struct ahead_leaf *ret)
{
    struct span bytes =
        span_of(window->bytes.data + window->start[i], window->start[i + 1] - window->start[i]);
    const struct wire_envelope *envelope = &ret->leaf.envelope;
    ret->decoded = false;
    ret->checked = false;
    ret->readable = wire_leaf_decode(bytes, &ret->leaf) == ERR_NONE;
    if (!ret->readable || ret->leaf.is_void ||
        wire_event_decode(envelope->body, &bench->arena, bench->event) != ERR_NONE) {
        return;
    }
    ret->decoded = true;
    seal_body_id(SEAL_EVENT, envelope->body, ret->id);
    ret->checked = find_public(bench->ahead, window, bench->event->author, ret->public_key);
    ret->signature = ret->checked && envelope->suite == SEAL_SUITE_ED25519 &&
                     seal_verify(ret->public_key, SEAL_EVENT, envelope->body, envelope->signature);
}

/* Takes leaves of window until none is left. */
static void work_on(struct bench *bench, struct window *window)
{
    size_t done = 0;
    for (size_t i = atomic_fetch_add(&window->next, 1); i < window->count;
         i = atomic_fetch_add(&window->next, 1)) {
        verify_leaf(bench, window, i, &window->leaf[i]);
        done++;
    }
    CHECK(pthread_mutex_lock(&bench->ahead->mutex) == 0);
    window->done += done;
    if (window->done == window->count) {
        CHECK(pthread_cond_broadcast(&bench->ahead->idle) == 0);
    }
    CHECK(pthread_mutex_unlock(&bench->ahead->mutex) == 0);
}

static bool has_work(const struct ahead *ahead)
{
    return ahead->open != NULL && atomic_load(&ahead->open->next) < ahead->open->count;
}

static void *run_thread(void *argument)
{
    struct bench *bench = argument;
    struct ahead *ahead = bench->ahead;
    CHECK(pthread_mutex_lock(&ahead->mutex) == 0);
    while (!ahead->ending) {
        if (!has_work(ahead)) {
            CHECK(pthread_cond_wait(&ahead->work, &ahead->mutex) == 0);
            continue;
        }
        struct window *window = ahead->open;
        ahead->inside++;
        CHECK(pthread_mutex_unlock(&ahead->mutex) == 0);
        work_on(bench, window);
        CHECK(pthread_mutex_lock(&ahead->mutex) == 0);
        ahead->inside--;
        CHECK(pthread_cond_broadcast(&ahead->idle) == 0);
    }
    CHECK(pthread_mutex_unlock(&ahead->mutex) == 0);
    return NULL;
}

/* Lends a hand until the open window is done and nobody holds it any more. */
static void finish(struct ahead *ahead)
{
    if (ahead->open == NULL) {
        return;
    }
    struct window *window = ahead->open;
    work_on(&ahead->benches[THREADS_MAX], window);
    CHECK(pthread_mutex_lock(&ahead->mutex) == 0);
    while (window->done < window->count || ahead->inside > 0) {
        CHECK(pthread_cond_wait(&ahead->idle, &ahead->mutex) == 0);
    }
    ahead->open = NULL;
    CHECK(pthread_mutex_unlock(&ahead->mutex) == 0);
}

/* Copies the leaves from first on and lets the threads at them. */
static enum err begin(struct ahead *ahead, const struct fold *fold, struct kv_txn *txn,
                      uint64_t first, struct window *window)
{
    CHECK(ahead->open == NULL);
    uint64_t left = first < fold->log.size ? fold->log.size - first : 0;
    window->fold = fold;
    window->first = first;
    window->count = left < WINDOW ? (size_t)left : WINDOW;
    window->done = 0;
    atomic_store(&window->next, 0);
    buf_clear(&window->bytes);
    for (size_t i = 0; i < window->count; i++) {
        struct span leaf;
        if (!log_leaf_view(&fold->log, txn, first + i, &leaf)) {
            window->count = 0;
            return txn->err != ERR_NONE ? txn->err : ERR_STORE;
        }
        window->start[i] = (uint32_t)window->bytes.size;
        buf_put_span(&window->bytes, leaf);
    }
    window->start[window->count] = (uint32_t)window->bytes.size;
    if (window->bytes.err != ERR_NONE) {
        window->count = 0;
        return window->bytes.err;
    }
    CHECK(pthread_mutex_lock(&ahead->mutex) == 0);
    ahead->open = window->count > 0 ? window : NULL;
    CHECK(pthread_cond_broadcast(&ahead->work) == 0);
    CHECK(pthread_mutex_unlock(&ahead->mutex) == 0);
    return ERR_NONE;
}

static bool holds(const struct window *window, const struct fold *fold, uint64_t index)
{
    return window->fold == fold && index >= window->first && index - window->first < window->count;
}

enum err ahead_get(struct ahead *ahead, const struct fold *fold, struct kv_txn *txn, uint64_t index,
                   const struct ahead_leaf **ret_leaf)
{
    enum err err = ERR_NONE;
    if (!holds(ahead->now, fold, index)) {
        finish(ahead);
        if (!holds(ahead->later, fold, index)) {
            err = begin(ahead, fold, txn, index, ahead->later);
            finish(ahead);
        }
        struct window *former = ahead->now;
        ahead->now = ahead->later;
        ahead->later = former;
        former->count = 0;
        if (err == ERR_NONE && ahead->thread_count > 0) {
            err = begin(ahead, fold, txn, ahead->now->first + ahead->now->count, former);
        }
    }
    if (err == ERR_NONE && !holds(ahead->now, fold, index)) {
        err = ERR_STORE;
    }
    if (err == ERR_NONE) {
        *ret_leaf = &ahead->now->leaf[index - ahead->now->first];
    }
    return err;
}

void ahead_drop(struct ahead *ahead)
{
    if (ahead != NULL) {
        finish(ahead);
        ahead->now->count = 0;
        ahead->later->count = 0;
    }
}

static enum err make_room(struct ahead *ahead)
{
    struct window **windows[] = {&ahead->now, &ahead->later};
    for (size_t i = 0; i < 2; i++) {
        *windows[i] = calloc(1, sizeof **windows[i]);
        if (*windows[i] == NULL) {
            return ERR_MEMORY;
        }
        buf_init(&(*windows[i])->bytes, (size_t)WINDOW * LIMIT_LEAF_SIZE);
    }
    for (unsigned i = 0; i <= THREADS_MAX; i++) {
        struct bench *bench = &ahead->benches[i];
        bench->ahead = ahead;
        if (i >= ahead->thread_count && i < THREADS_MAX) {
            continue;
        }
        bench->event = malloc(sizeof *bench->event);
        if (bench->event == NULL || wire_arena_init(&bench->arena, WIRE_EVENT_ARENA) != ERR_NONE) {
            return ERR_MEMORY;
        }
    }
    return ERR_NONE;
}

enum err ahead_new(unsigned thread_count, pthread_rwlock_t *lock, struct ahead **ret_ahead)
{
    struct ahead *ahead = calloc(1, sizeof *ahead);
    if (ahead == NULL) {
        return ERR_MEMORY;
    }
    ahead->lock = lock;
    (void)pthread_mutex_init(&ahead->mutex, NULL);
    (void)pthread_cond_init(&ahead->work, NULL);
    (void)pthread_cond_init(&ahead->idle, NULL);
    unsigned wanted = thread_count < THREADS_MAX ? thread_count : THREADS_MAX;
    ahead->thread_count = wanted;
    enum err err = make_room(ahead);
    ahead->thread_count = 0;
    /* Fewer threads than wanted is slower, no more. */
    while (err == ERR_NONE && ahead->thread_count < wanted &&
           pthread_create(&ahead->threads[ahead->thread_count], NULL, run_thread,
                          &ahead->benches[ahead->thread_count]) == 0) {
        ahead->thread_count++;
    }
    if (err != ERR_NONE) {
        ahead_free(ahead);
        return err;
    }
    *ret_ahead = ahead;
    return ERR_NONE;
}

static void window_free(struct window *window)
{
    if (window != NULL) {
        buf_done(&window->bytes);
        free(window);
    }
}

void ahead_free(struct ahead *ahead)
{
    if (ahead == NULL) {
        return;
    }
    finish(ahead);
    CHECK(pthread_mutex_lock(&ahead->mutex) == 0);
    ahead->ending = true;
    CHECK(pthread_cond_broadcast(&ahead->work) == 0);
    CHECK(pthread_mutex_unlock(&ahead->mutex) == 0);
    for (unsigned i = 0; i < ahead->thread_count; i++) {
        (void)pthread_join(ahead->threads[i], NULL);
    }
    for (unsigned i = 0; i <= THREADS_MAX; i++) {
        wire_arena_done(&ahead->benches[i].arena);
        free(ahead->benches[i].event);
    }
    window_free(ahead->now);
    window_free(ahead->later);
    (void)pthread_cond_destroy(&ahead->work);
    (void)pthread_cond_destroy(&ahead->idle);
    (void)pthread_mutex_destroy(&ahead->mutex);
    free(ahead);
}
