#include "base/check.h"
#include "base/text.h"
#include "link/internal.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

/* ZeroMQ asks whoever is bound here about every handshake of the process (RFC 27). */
static const char zap_endpoint[] = "inproc://zeromq.zap.01";

enum { ZAP_LIST_COUNT = 8, ZAP_DOMAIN_SIZE = 24, ZAP_PART_COUNT = 7, ZAP_PART_SIZE = 256 };

enum { ZAP_VERSION, ZAP_REQUEST, ZAP_DOMAIN, ZAP_ADDRESS, ZAP_IDENTITY, ZAP_MECHANISM, ZAP_KEY };

struct zap_entry {
    uint8_t key[LINK_KEY_SIZE];
    char user[LINK_USER_SIZE];
};

struct zap_list {
    char domain[ZAP_DOMAIN_SIZE];
    size_t count;
    struct zap_entry entries[LIMIT_PEER_COUNT];
    uint64_t admitted;
    uint64_t refused;
};

/* One lock for all lists: taken once a frame for the time of a search. */
static struct {
    pthread_mutex_t lock;
    pthread_t thread;
    void *socket;
    struct zap_list *lists[ZAP_LIST_COUNT];
    unsigned made_count;
} zap = {.lock = PTHREAD_MUTEX_INITIALIZER};

struct zap_part {
    size_t size;
    uint8_t bytes[ZAP_PART_SIZE];
};

static void zap_lock(void)
{
    CHECK(pthread_mutex_lock(&zap.lock) == 0);
}

static void zap_unlock(void)
{
    CHECK(pthread_mutex_unlock(&zap.lock) == 0);
}

static struct zap_entry *list_find(struct zap_list *list, const uint8_t key[LINK_KEY_SIZE])
{
    for (size_t i = 0; i < list->count; i++) {
        if (memcmp(list->entries[i].key, key, LINK_KEY_SIZE) == 0) {
            return &list->entries[i];
        }
    }
    return NULL;
}

enum err zap_list_new(struct zap_list **ret_list)
{
    struct zap_list *list = calloc(1, sizeof *list);
    enum err err = ERR_LIMIT;

    if (list == NULL) {
        return ERR_MEMORY;
    }
    zap_lock();
    for (size_t i = 0; i < ZAP_LIST_COUNT && err != ERR_NONE; i++) {
        if (zap.lists[i] == NULL) {
            (void)snprintf(list->domain, sizeof list->domain, "jieli-%u", zap.made_count++);
            zap.lists[i] = list;
            err = ERR_NONE;
        }
    }
    zap_unlock();
    if (err != ERR_NONE) {
        free(list);
        return err;
    }
    *ret_list = list;
    return ERR_NONE;
}

void zap_list_free(struct zap_list *list)
{
    if (list == NULL) {
        return;
    }
    zap_lock();
    for (size_t i = 0; i < ZAP_LIST_COUNT; i++) {
        if (zap.lists[i] == list) {
            zap.lists[i] = NULL;
        }
    }
    zap_unlock();
    free(list);
}

const char *zap_list_domain_view(const struct zap_list *list)
{
    return list->domain;
}

enum err zap_list_allow(struct zap_list *list, const uint8_t key[LINK_KEY_SIZE], const char *user)
{
    const size_t size = strnlen(user, LINK_USER_SIZE);
    struct zap_entry *entry = NULL;

    if (size == 0) {
        return ERR_MALFORMED;
    }
    if (size == LINK_USER_SIZE) {
        return ERR_LIMIT;
    }
    zap_lock();
    entry = list_find(list, key);
    if (entry == NULL && list->count < LIMIT_PEER_COUNT) {
        entry = &list->entries[list->count++];
    }
    if (entry != NULL) {
        memcpy(entry->key, key, LINK_KEY_SIZE);
        memcpy(entry->user, user, size + 1);
    }
    zap_unlock();
    return entry != NULL ? ERR_NONE : ERR_LIMIT;
}

void zap_list_revoke(struct zap_list *list, const uint8_t key[LINK_KEY_SIZE])
{
    zap_lock();
    struct zap_entry *entry = list_find(list, key);
    if (entry != NULL) {
        *entry = list->entries[--list->count];
    }
    zap_unlock();
}

bool zap_list_user(struct zap_list *list, const char *property, char ret[LINK_USER_SIZE])
{
    uint8_t key[LINK_KEY_SIZE] = {0};
    bool found = false;

    if (property == NULL || text_get_hex(span_text(property), key, sizeof key) != ERR_NONE) {
        return false;
    }
    zap_lock();
    const struct zap_entry *entry = list_find(list, key);
    if (entry != NULL) {
        found = true;
        if (ret != NULL) {
            memcpy(ret, entry->user, LINK_USER_SIZE);
        }
    }
    zap_unlock();
    return found;
}

void zap_list_counts(struct zap_list *list, uint64_t *ret_admitted, uint64_t *ret_refused)
{
    zap_lock();
    *ret_admitted = list->admitted;
    *ret_refused = list->refused;
    zap_unlock();
}

static bool part_is(const struct zap_part *part, const char *text)
{
    return span_equal(span_of(part->bytes, part->size), span_text(text));
}

/* False: the context ends. Parts that are too many or too large leave ret_count at 0. */
static bool request_receive(struct zap_part parts[ZAP_PART_COUNT], size_t *ret_count)
{
    size_t count = 0;
    int more = 1;
    bool fits = true;

    while (more != 0) {
        struct zap_part part = {0};
        size_t size = sizeof more;
        const int received = zmq_recv(zap.socket, part.bytes, sizeof part.bytes, 0);

        if (received < 0 && zmq_errno() == EINTR) {
            continue;
        }
        if (received < 0 || zmq_getsockopt(zap.socket, ZMQ_RCVMORE, &more, &size) != 0) {
            return false;
        }
        part.size = (size_t)received;
        fits = fits && count < ZAP_PART_COUNT && part.size <= sizeof part.bytes;
        if (fits) {
            parts[count++] = part;
        }
    }
    *ret_count = fits ? count : 0;
    return true;
}

static bool request_admit(const struct zap_part parts[ZAP_PART_COUNT], size_t count)
{
    bool admitted = false;

    if (count != ZAP_PART_COUNT || !part_is(&parts[ZAP_VERSION], "1.0") ||
        !part_is(&parts[ZAP_MECHANISM], "CURVE") || parts[ZAP_KEY].size != LINK_KEY_SIZE) {
        return false;
    }
    zap_lock();
    for (size_t i = 0; i < ZAP_LIST_COUNT; i++) {
        struct zap_list *list = zap.lists[i];
        if (list != NULL && part_is(&parts[ZAP_DOMAIN], list->domain)) {
            admitted = list_find(list, parts[ZAP_KEY].bytes) != NULL;
            list->admitted += admitted ? 1 : 0;
            list->refused += admitted ? 0 : 1;
        }
    }
    zap_unlock();
    return admitted;
}

static bool reply_part(struct span part, bool last)
{
    int rc = -1;

    do {
        rc = zmq_send(zap.socket, part.data, part.size, last ? 0 : ZMQ_SNDMORE);
    } while (rc < 0 && zmq_errno() == EINTR);
    return rc >= 0;
}

static bool request_answer(const struct zap_part parts[ZAP_PART_COUNT], bool admitted)
{
    struct buf user = {0};
    bool sent = false;

    buf_init(&user, LINK_USER_SIZE);
    if (admitted) {
        text_put_hex(&user, span_of(parts[ZAP_KEY].bytes, LINK_KEY_SIZE));
        admitted = user.err == ERR_NONE;
    }
    sent = reply_part(span_text("1.0"), false) &&
           reply_part(span_of(parts[ZAP_REQUEST].bytes, parts[ZAP_REQUEST].size), false) &&
           reply_part(span_text(admitted ? "200" : "400"), false) &&
           reply_part(span_text(admitted ? "OK" : "key not known"), false) &&
           reply_part(admitted ? buf_span(&user) : span_of(NULL, 0), false) &&
           reply_part(span_of(NULL, 0), true);
    buf_done(&user);
    return sent;
}

static void *zap_run(void *unused)
{
    bool running = true;
    (void)unused;

    while (running) {
        struct zap_part parts[ZAP_PART_COUNT] = {{0}};
        size_t count = 0;
        running = request_receive(parts, &count);
        if (running) {
            running = request_answer(parts, request_admit(parts, count));
        }
    }
    CHECK(zmq_close(zap.socket) == 0);
    return NULL;
}

enum err zap_start(void *context)
{
    sigset_t all;
    sigset_t before;
    int rc = 0;

    zap.socket = zmq_socket(context, ZMQ_REP);
    if (zap.socket == NULL) {
        return ERR_IO;
    }
    if (link_option_number(zap.socket, ZMQ_LINGER, 0) != ERR_NONE ||
        zmq_bind(zap.socket, zap_endpoint) != 0) {
        CHECK(zmq_close(zap.socket) == 0);
        return ERR_IO;
    }
    /* Signals are the loop's. */
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    rc = pthread_create(&zap.thread, NULL, zap_run, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0) {
        CHECK(zmq_close(zap.socket) == 0);
        return ERR_MEMORY;
    }
    return ERR_NONE;
}

void zap_join(void)
{
    CHECK(pthread_join(zap.thread, NULL) == 0);
}
