#ifndef JIELI_TOWNSHIP_HUB_DAEMON_H
#define JIELI_TOWNSHIP_HUB_DAEMON_H

#include "link/link.h"
#include "node/loop.h"
#include "node/workers.h"
#include "sync/session_hub.h"
#include "township-hub/hub.h"

/* The hub on the network: sockets, one session a connection, verification on workers, group
 * commits on a thread of their own.
 *
 * Who owns what: the loop has the sockets, sessions, peers and flights. A worker has one push while
 * it checks it. The mind (hub.h) and the store belong to the loop, too, but are lent to the writer
 * from the start of a group until its end is taken back on the loop: meanwhile the loop only
 * receives pushes and hands them to workers. Whatever else it does with the mind comes after
 * daemon_settle. Nothing is shared but the queues of workers.h. */
struct daemon;

struct daemon_options {
    struct loop *loop;
    struct hub *hub;
    const uint8_t *hub_id;
    const uint8_t *curve_secret; /* LINK_KEY_SIZE */
    const char *endpoint;        /* tcp://address:port, port 0: a free one */
    const char *bell_endpoint;
    unsigned worker_count;           /* 0: one a core, at most 16 */
    const struct sync_options *sync; /* NULL: defaults */
    uint64_t (*wall_ms)(void);
    uint64_t (*mono_ms)(void);
    /* Asked for a device that is not a station in the directory: may it read the log? */
    bool (*is_auditor)(void *context, const uint8_t device[LIMIT_KEY_SIZE]);
    void *context;
};

MUST_USE enum err daemon_open(const struct daemon_options *options, struct daemon **ret_daemon);
void daemon_close(struct daemon *daemon);
const char *daemon_endpoint_view(const struct daemon *daemon);
const char *daemon_bell_endpoint_view(const struct daemon *daemon);
/* Lets a device in, or no longer: after enrolment, revocation, and for each known one at start. */
MUST_USE enum err daemon_allow(struct daemon *daemon, const uint8_t device[LIMIT_KEY_SIZE],
                               const uint8_t curve_key[LINK_KEY_SIZE]);
void daemon_revoke(struct daemon *daemon, const uint8_t curve_key[LINK_KEY_SIZE]);
/* Ends the group commit that is under way, if any, and answers it. Before every use of the hub's
 * mind or store outside the daemon: in each callback of the loop that may lead to one. False: the
 * hub is lost (hub.h), there may be no such use, and the loop ends after this round. */
MUST_USE bool daemon_settle(struct daemon *daemon);
/* The log grew by the hub's own event: tells listeners. */
void daemon_ring(struct daemon *daemon);

/* Station watch: what the last greeting of a device said. */
struct daemon_contact {
    uint8_t device[LIMIT_KEY_SIZE];
    enum sync_role role;
    bool connected;
    uint64_t last_ms;        /* wall time of the last frame; 0: never since start */
    uint64_t backlog;        /* events it had not sent yet */
    uint64_t oldest_ms;      /* claimed time of the oldest of them */
    int64_t clock_offset_ms; /* its clock - ours, when it greeted */
    char software[65];
};
/* Copies up to limit contacts; returns how many there are. */
size_t daemon_contacts(const struct daemon *daemon, struct daemon_contact *ret, size_t limit);

struct daemon_counts {
    uint64_t pushes;
    uint64_t events;
    uint64_t groups; /* commits */
    uint64_t nacks;
    uint64_t malformed;
    uint64_t store_errors;
};
void daemon_counts(const struct daemon *daemon, struct daemon_counts *ret);

#endif
