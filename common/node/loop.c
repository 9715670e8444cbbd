#include "node/loop.h"

#include "base/check.h"
#include "node/clock.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

enum { LOOP_READY_COUNT = 64, LOOP_SLEEP_MAX_MS = 60000 };

struct loop_fd {
    int fd; /* -1: free */
    uint32_t generation;
    void (*ready)(void *context, unsigned events);
    void *context;
};

struct loop_timer {
    uint64_t id; /* 0: free */
    uint64_t due_ms;
    uint64_t period_ms;
    void (*fire)(void *context);
    void *context;
};

struct loop_idle {
    bool (*check)(void *context); /* NULL: free */
    void *context;
};

struct loop {
    int epoll;
    int wake; /* eventfd */
    int signals;
    atomic_bool stopped;
    struct loop_fd fds[LOOP_FD_COUNT];
    struct loop_timer timers[LOOP_TIMER_COUNT];
    struct loop_idle idles[LOOP_IDLE_COUNT];
    uint64_t timer_id;
    pthread_mutex_t lock; /* of the two below */
    struct loop_call *call_first;
    struct loop_call *call_last;
    void (*reload)(void *context);
    void *reload_context;
};

static void loop_woken(void *context, unsigned events)
{
    const struct loop *loop = context;
    uint64_t count = 0;
    (void)events;

    (void)!read(loop->wake, &count, sizeof count);
}

enum err loop_new(struct loop **ret_loop)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct loop *loop = calloc(1, sizeof *loop);
    enum err err = ERR_NONE;

    if (loop == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < LOOP_FD_COUNT; i++) {
        loop->fds[i].fd = -1;
    }
    CHECK(pthread_mutex_init(&loop->lock, NULL) == 0);
    CHECK(sigaction(SIGPIPE, &ignore, NULL) == 0);
    loop->signals = -1;
    loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop->epoll = epoll_create1(EPOLL_CLOEXEC);
    err = loop->wake >= 0 && loop->epoll >= 0
              ? loop_add_fd(loop, loop->wake, LOOP_READ, loop_woken, loop)
              : ERR_IO;
    if (err != ERR_NONE) {
        loop_free(loop);
        return err;
    }
    *ret_loop = loop;
    return ERR_NONE;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL) {
        return;
    }
    const int fds[] = {loop->epoll, loop->wake, loop->signals};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++) {
        if (fds[i] >= 0) {
            (void)close(fds[i]);
        }
    }
    CHECK(pthread_mutex_destroy(&loop->lock) == 0);
    free(loop);
}

/* --- Descriptors --- */

static struct loop_fd *loop_find_fd(struct loop *loop, int fd)
{
    for (size_t i = 0; i < LOOP_FD_COUNT; i++) {
        if (loop->fds[i].fd == fd) {
            return &loop->fds[i];
        }
    }
    return NULL;
}

static enum err loop_control(struct loop *loop, int operation, const struct loop_fd *slot,
                             unsigned events)
{
    struct epoll_event event = {.events = 0};

    event.events |= (events & LOOP_READ) != 0 ? (uint32_t)EPOLLIN : 0;
    event.events |= (events & LOOP_WRITE) != 0 ? (uint32_t)EPOLLOUT : 0;
    event.data.u64 = (uint64_t)slot->generation << 32 | (uint64_t)(slot - loop->fds);
    return epoll_ctl(loop->epoll, operation, slot->fd, &event) == 0 ? ERR_NONE : ERR_IO;
}

enum err loop_add_fd(struct loop *loop, int fd, unsigned events,
                     void (*ready)(void *context, unsigned events), void *context)
{
    struct loop_fd *slot = NULL;
    enum err err = ERR_NONE;

    CHECK(ready != NULL);
    if (fd < 0) {
        return ERR_IO;
    }
    if (loop_find_fd(loop, fd) != NULL) {
        return ERR_CONFLICT;
    }
    slot = loop_find_fd(loop, -1);
    if (slot == NULL) {
        return ERR_LIMIT;
    }
    *slot = (struct loop_fd){fd, slot->generation + 1, ready, context};
    err = loop_control(loop, EPOLL_CTL_ADD, slot, events);
    if (err != ERR_NONE) {
        slot->fd = -1;
    }
    return err;
}

enum err loop_change_fd(struct loop *loop, int fd, unsigned events)
{
    const struct loop_fd *slot = fd >= 0 ? loop_find_fd(loop, fd) : NULL;

    return slot != NULL ? loop_control(loop, EPOLL_CTL_MOD, slot, events) : ERR_NOT_FOUND;
}

void loop_remove_fd(struct loop *loop, int fd)
{
    struct loop_fd *slot = fd >= 0 ? loop_find_fd(loop, fd) : NULL;

    if (slot != NULL) {
        (void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
        slot->fd = -1;
    }
}

static void loop_dispatch(struct loop *loop, const struct epoll_event *event)
{
    const struct loop_fd *slot = &loop->fds[event->data.u64 & UINT32_MAX];
    unsigned events = 0;

    /* Removed, perhaps replaced, by a callback of the same round. */
    if (slot->fd < 0 || slot->generation != event->data.u64 >> 32) {
        return;
    }
    events |= (event->events & EPOLLIN) != 0 ? LOOP_READ : 0;
    events |= (event->events & EPOLLOUT) != 0 ? LOOP_WRITE : 0;
    events |= (event->events & (EPOLLERR | EPOLLHUP)) != 0 ? LOOP_HANGUP : 0;
    slot->ready(slot->context, events);
}

/* --- Timers --- */

enum err loop_add_timer(struct loop *loop, uint64_t after_ms, uint64_t period_ms,
                        void (*fire)(void *context), void *context, uint64_t *ret_timer)
{
    struct loop_timer timer = {.period_ms = period_ms, .fire = fire, .context = context};

    CHECK(fire != NULL);
    if (__builtin_add_overflow(clock_mono_ms(), after_ms, &timer.due_ms)) {
        timer.due_ms = UINT64_MAX;
    }
    for (size_t i = 0; i < LOOP_TIMER_COUNT; i++) {
        if (loop->timers[i].id == 0) {
            timer.id = ++loop->timer_id;
            loop->timers[i] = timer;
            if (ret_timer != NULL) {
                *ret_timer = timer.id;
            }
            return ERR_NONE;
        }
    }
    return ERR_LIMIT;
}

void loop_cancel_timer(struct loop *loop, uint64_t timer)
{
    for (size_t i = 0; i < LOOP_TIMER_COUNT && timer != 0; i++) {
        if (loop->timers[i].id == timer) {
            loop->timers[i].id = 0;
        }
    }
}

/* NULL: none. Of two due at once the older. */
static struct loop_timer *loop_next_timer(struct loop *loop)
{
    struct loop_timer *next = NULL;

    for (size_t i = 0; i < LOOP_TIMER_COUNT; i++) {
        struct loop_timer *timer = &loop->timers[i];
        if (timer->id == 0) {
            continue;
        }
        if (next == NULL || timer->due_ms < next->due_ms ||
            (timer->due_ms == next->due_ms && timer->id < next->id)) {
            next = timer;
        }
    }
    return next;
}

static void loop_fire_timers(struct loop *loop)
{
    const uint64_t now_ms = clock_mono_ms();

    /* Bounded, so that timers which set themselves again leave room for the rest. */
    for (size_t i = 0; i < LOOP_TIMER_COUNT; i++) {
        struct loop_timer *timer = loop_next_timer(loop);
        if (timer == NULL || timer->due_ms > now_ms) {
            return;
        }
        const struct loop_timer fired = *timer;
        if (timer->period_ms == 0) {
            timer->id = 0;
        } else {
            const uint64_t next_ms = timer->due_ms + timer->period_ms;
            timer->due_ms = next_ms > now_ms ? next_ms : now_ms + timer->period_ms;
        }
        fired.fire(fired.context);
    }
}

static int loop_sleep_ms(struct loop *loop)
{
    const struct loop_timer *timer = loop_next_timer(loop);
    const uint64_t now_ms = clock_mono_ms();

    /* Never longer than a minute: waiting does not count the machine's sleep, timers do. */
    if (timer == NULL || timer->due_ms > now_ms + LOOP_SLEEP_MAX_MS) {
        return LOOP_SLEEP_MAX_MS;
    }
    return timer->due_ms > now_ms ? (int)(timer->due_ms - now_ms) : 0;
}

/* --- Hooks and calls --- */

enum err loop_add_idle(struct loop *loop, bool (*check)(void *context), void *context)
{
    CHECK(check != NULL);
    for (size_t i = 0; i < LOOP_IDLE_COUNT; i++) {
        if (loop->idles[i].check == NULL) {
            loop->idles[i] = (struct loop_idle){check, context};
            return ERR_NONE;
        }
    }
    return ERR_LIMIT;
}

void loop_remove_idle(struct loop *loop, bool (*check)(void *context), void *context)
{
    for (size_t i = 0; i < LOOP_IDLE_COUNT; i++) {
        if (loop->idles[i].check == check && loop->idles[i].context == context) {
            loop->idles[i] = (struct loop_idle){NULL, NULL};
        }
    }
}

static bool loop_check_idles(struct loop *loop)
{
    bool busy = false;

    for (size_t i = 0; i < LOOP_IDLE_COUNT; i++) {
        if (loop->idles[i].check != NULL) {
            busy = loop->idles[i].check(loop->idles[i].context) || busy;
        }
    }
    return busy;
}

void loop_wake(struct loop *loop)
{
    const uint64_t one = 1;

    /* Fails only when the count is full, and then the loop is awake already. */
    (void)!write(loop->wake, &one, sizeof one);
}

void loop_post(struct loop *loop, struct loop_call *call)
{
    call->next = NULL;
    CHECK(pthread_mutex_lock(&loop->lock) == 0);
    if (loop->call_last != NULL) {
        loop->call_last->next = call;
    } else {
        loop->call_first = call;
    }
    loop->call_last = call;
    /* Within the lock: the last call may be the one after which the loop is freed. */
    loop_wake(loop);
    CHECK(pthread_mutex_unlock(&loop->lock) == 0);
}

static void loop_run_calls(struct loop *loop)
{
    struct loop_call *call = NULL;

    CHECK(pthread_mutex_lock(&loop->lock) == 0);
    call = loop->call_first;
    loop->call_first = NULL;
    loop->call_last = NULL;
    CHECK(pthread_mutex_unlock(&loop->lock) == 0);
    while (call != NULL) {
        struct loop_call *next = call->next;
        call->run(call->context);
        call = next;
    }
}

/* --- Signals --- */

static void loop_take_signal(struct loop *loop, uint32_t number)
{
    if (number == SIGTERM || number == SIGINT) {
        loop_stop(loop);
    }
    if (number == SIGHUP && loop->reload != NULL) {
        loop->reload(loop->reload_context);
    }
}

static void loop_signalled(void *context, unsigned events)
{
    struct loop *loop = context;
    struct signalfd_siginfo info = {0};
    (void)events;

    while (read(loop->signals, &info, sizeof info) == (ssize_t)sizeof info) {
        loop_take_signal(loop, info.ssi_signo);
    }
}

enum err loop_watch_signals(struct loop *loop, void (*reload)(void *context), void *context)
{
    sigset_t set;

    if (loop->signals >= 0) {
        return ERR_STATE;
    }
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGHUP);
    CHECK(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
    loop->reload = reload;
    loop->reload_context = context;
    loop->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return loop_add_fd(loop, loop->signals, LOOP_READ, loop_signalled, loop);
}

/* --- The round --- */

void loop_stop(struct loop *loop)
{
    atomic_store(&loop->stopped, true);
    loop_wake(loop);
}

enum err loop_run(struct loop *loop)
{
    struct epoll_event ready[LOOP_READY_COUNT];

    while (!atomic_load(&loop->stopped)) {
        loop_fire_timers(loop);
        loop_run_calls(loop);
        const bool busy = loop_check_idles(loop);
        const int count =
            epoll_wait(loop->epoll, ready, LOOP_READY_COUNT, busy ? 0 : loop_sleep_ms(loop));
        if (count < 0 && errno != EINTR) {
            return ERR_IO;
        }
        for (int i = 0; i < count; i++) {
            loop_dispatch(loop, &ready[i]);
        }
    }
    atomic_store(&loop->stopped, false);
    return ERR_NONE;
}
