#include "district-auditor/ahead.h"

#include "base/check.h"
#include "seal/hash.h"
#include "seal/sign.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { WINDOW = 256, RING = 8, THREADS_MAX = 16 };

/* Leaves that follow each other. */
struct window {
    const struct fold *fold;
    uint64_t first;
    size_t count;
    uint32_t start[WINDOW + 1]; /* where each begins in bytes */
    struct buf bytes;
    struct ahead_leaf leaf[WINDOW];
    atomic_size_t next; /* the one to be taken */
    size_t done;        /* under the mutex, as is: */
    unsigned inside;    /* threads at work on it */
    bool again;         /* only what was not checked the first time */
};

/* What one thread needs to decode an event. */
struct bench {
    struct ahead *ahead;
    struct wire_event *event;
};

struct ahead {
    pthread_rwlock_t *lock;
    unsigned thread_count;
    pthread_t threads[THREADS_MAX];
    struct bench benches[THREADS_MAX + 1]; /* the last one is the caller's */
    pthread_mutex_t mutex;
    pthread_cond_t work;       /* a window is there, or the end */
    pthread_cond_t idle;       /* a window is done */
    struct window *ring[RING]; /* from first on, count of them: one after the other in the log */
    size_t first;
    size_t count;
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
        wire_event_read(envelope->body, bench->event) != ERR_NONE) {
        return;
    }
    ret->decoded = true;
    seal_body_id(SEAL_EVENT, envelope->body, ret->id);
    memcpy(ret->author, bench->event->author, sizeof ret->author);
    ret->checked = find_public(bench->ahead, window, ret->author, ret->public_key);
    ret->signature = ret->checked && envelope->suite == SEAL_SUITE_ED25519 &&
                     seal_verify(ret->public_key, SEAL_EVENT, envelope->body, envelope->signature);
}

static bool is_left(const struct window *window, size_t i)
{
    return !window->again || (window->leaf[i].decoded && !window->leaf[i].checked);
}

/* Takes leaves of window until none is left. */
static void work_on(struct bench *bench, struct window *window)
{
    size_t done = 0;
    for (size_t i = atomic_fetch_add(&window->next, 1); i < window->count;
         i = atomic_fetch_add(&window->next, 1)) {
        if (is_left(window, i)) {
            verify_leaf(bench, window, i, &window->leaf[i]);
        }
        done++;
    }
    CHECK(pthread_mutex_lock(&bench->ahead->mutex) == 0);
    window->done += done;
    if (window->done == window->count) {
        CHECK(pthread_cond_broadcast(&bench->ahead->idle) == 0);
    }
    CHECK(pthread_mutex_unlock(&bench->ahead->mutex) == 0);
}

static struct window *window_at(const struct ahead *ahead, size_t i)
{
    return ahead->ring[(ahead->first + i) % RING];
}

/* The first window with a leaf that nobody took; NULL: none. */
static struct window *find_work(const struct ahead *ahead)
{
    for (size_t i = 0; i < ahead->count; i++) {
        struct window *window = window_at(ahead, i);
        if (atomic_load(&window->next) < window->count) {
            return window;
        }
    }
    return NULL;
}

static void *run_thread(void *argument)
{
    struct bench *bench = argument;
    struct ahead *ahead = bench->ahead;
    CHECK(pthread_mutex_lock(&ahead->mutex) == 0);
    while (!ahead->ending) {
        struct window *window = find_work(ahead);
        if (window == NULL) {
            CHECK(pthread_cond_wait(&ahead->work, &ahead->mutex) == 0);
            continue;
        }
        window->inside++;
        CHECK(pthread_mutex_unlock(&ahead->mutex) == 0);
        work_on(bench, window);
        CHECK(pthread_mutex_lock(&ahead->mutex) == 0);
        window->inside--;
        CHECK(pthread_cond_broadcast(&ahead->idle) == 0);
    }
    CHECK(pthread_mutex_unlock(&ahead->mutex) == 0);
    return NULL;
}

/* Lends a hand until the window is done and nobody holds it any more. */
static void finish(struct ahead *ahead, struct window *window)
{
    work_on(&ahead->benches[THREADS_MAX], window);
    CHECK(pthread_mutex_lock(&ahead->mutex) == 0);
    while (window->done < window->count || window->inside > 0) {
        CHECK(pthread_cond_wait(&ahead->idle, &ahead->mutex) == 0);
    }
    CHECK(pthread_mutex_unlock(&ahead->mutex) == 0);
}

/* Lets the threads at a window that is filled and that none of them sees yet. */
static void show(struct ahead *ahead, struct window *window, bool again)
{
    CHECK(pthread_mutex_lock(&ahead->mutex) == 0);
    window->done = 0;
    window->again = again;
    atomic_store(&window->next, 0);
    ahead->count += again ? 0 : 1;
    CHECK(pthread_cond_broadcast(&ahead->work) == 0);
    CHECK(pthread_mutex_unlock(&ahead->mutex) == 0);
}

/* Copies the leaves from first on, WINDOW of them at most. */
static enum err fill(struct window *window, const struct fold *fold, struct kv_txn *txn,
                     uint64_t first)
{
    uint64_t left = fold->log.size - first;
    window->fold = fold;
    window->first = first;
    window->count = left < WINDOW ? (size_t)left : WINDOW;
    buf_clear(&window->bytes);
    for (size_t i = 0; i < window->count; i++) {
        struct span leaf;
        if (!log_leaf_view(&fold->log, txn, first + i, &leaf)) {
            return txn->err != ERR_NONE ? txn->err : ERR_STORE;
        }
        window->start[i] = (uint32_t)window->bytes.size;
        buf_put_span(&window->bytes, leaf);
    }
    window->start[window->count] = (uint32_t)window->bytes.size;
    return window->bytes.err;
}

static bool holds(const struct window *window, const struct fold *fold, uint64_t index)
{
    return window->fold == fold && index >= window->first && index - window->first < window->count;
}

/* The first window goes. */
static void drop_first(struct ahead *ahead)
{
    finish(ahead, window_at(ahead, 0));
    CHECK(pthread_mutex_lock(&ahead->mutex) == 0);
    ahead->first = (ahead->first + 1) % RING;
    ahead->count--;
    CHECK(pthread_mutex_unlock(&ahead->mutex) == 0);
}

void ahead_drop(struct ahead *ahead)
{
    while (ahead != NULL && ahead->count > 0) {
        drop_first(ahead);
    }
}

/* Windows behind those that are there, up to the log's end; without threads none but the first. */
static enum err top_up(struct ahead *ahead, const struct fold *fold, struct kv_txn *txn,
                       uint64_t index)
{
    size_t most = ahead->thread_count > 0 ? RING : 1;
    enum err err = ERR_NONE;
    while (err == ERR_NONE && ahead->count < most) {
        const struct window *last = ahead->count > 0 ? window_at(ahead, ahead->count - 1) : NULL;
        uint64_t first = last != NULL ? last->first + last->count : index;
        if (first >= fold->log.size) {
            break;
        }
        struct window *window = window_at(ahead, ahead->count);
        err = fill(window, fold, txn, first);
        if (err == ERR_NONE) {
            show(ahead, window, false);
        }
    }
    return err;
}

/* Authors that became known since the threads looked: those leaves again, on all threads. */
static void look_again(struct ahead *ahead, struct window *window)
{
    uint8_t key[LIMIT_KEY_SIZE];
    bool found = false;
    for (size_t i = 0; i < window->count && !found; i++) {
        const struct ahead_leaf *leaf = &window->leaf[i];
        found = leaf->decoded && !leaf->checked && find_public(ahead, window, leaf->author, key);
    }
    if (found) {
        show(ahead, window, true);
        finish(ahead, window);
    }
}

enum err ahead_get(struct ahead *ahead, const struct fold *fold, struct kv_txn *txn, uint64_t index,
                   const struct ahead_leaf **ret_leaf)
{
    if (ahead->count == 0 || !holds(window_at(ahead, 0), fold, index)) {
        if (ahead->count > 0) {
            drop_first(ahead);
        }
        if (ahead->count > 0 && !holds(window_at(ahead, 0), fold, index)) {
            ahead_drop(ahead);
        }
        enum err err = top_up(ahead, fold, txn, index);
        if (err != ERR_NONE || ahead->count == 0) {
            return err != ERR_NONE ? err : ERR_STORE;
        }
        finish(ahead, window_at(ahead, 0));
        look_again(ahead, window_at(ahead, 0));
    }
    const struct window *window = window_at(ahead, 0);
    *ret_leaf = &window->leaf[index - window->first];
    return ERR_NONE;
}

static enum err make_room(struct ahead *ahead)
{
    for (size_t i = 0; i < RING; i++) {
        ahead->ring[i] = calloc(1, sizeof *ahead->ring[i]);
        if (ahead->ring[i] == NULL) {
            return ERR_MEMORY;
        }
        buf_init(&ahead->ring[i]->bytes, (size_t)WINDOW * LIMIT_LEAF_SIZE);
    }
    for (unsigned i = 0; i <= THREADS_MAX; i++) {
        struct bench *bench = &ahead->benches[i];
        bench->ahead = ahead;
        if (i >= ahead->thread_count && i < THREADS_MAX) {
            continue;
        }
        bench->event = malloc(sizeof *bench->event);
        if (bench->event == NULL) {
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
    ahead_drop(ahead);
    CHECK(pthread_mutex_lock(&ahead->mutex) == 0);
    ahead->ending = true;
    CHECK(pthread_cond_broadcast(&ahead->work) == 0);
    CHECK(pthread_mutex_unlock(&ahead->mutex) == 0);
    for (unsigned i = 0; i < ahead->thread_count; i++) {
        (void)pthread_join(ahead->threads[i], NULL);
    }
    for (unsigned i = 0; i <= THREADS_MAX; i++) {
        free(ahead->benches[i].event);
    }
    for (size_t i = 0; i < RING; i++) {
        window_free(ahead->ring[i]);
    }
    (void)pthread_cond_destroy(&ahead->work);
    (void)pthread_cond_destroy(&ahead->idle);
    (void)pthread_mutex_destroy(&ahead->mutex);
    free(ahead);
}
