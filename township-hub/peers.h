#ifndef JIELI_TOWNSHIP_HUB_PEERS_H
#define JIELI_TOWNSHIP_HUB_PEERS_H

#include "township-hub/daemon.h"

/* The connections of the daemon, by routing id, and what each device last said of itself (kept
 * when its connection is gone: the station watch). At most LIMIT_PEER_COUNT of each. */
struct peer {
    struct link_peer id;
    uint8_t device[LIMIT_KEY_SIZE];
    struct sync_hub session;
    struct daemon_contact contact;
    bool used;
    uint64_t serial; /* another one for each connection: a place may be used again */
    struct buf held; /* frames for which the line had no room: size u32, bytes, one after another */
    size_t held_at;  /* of the first not sent yet */
};

struct peers;

MUST_USE enum err peers_new(struct peers **ret_peers);
void peers_free(struct peers *peers);
/* NULL: not there, or the routing id now belongs to another device (it is then dropped). */
struct peer *peers_find(struct peers *peers, const struct link_peer *id, const uint8_t *device);
/* Makes room by dropping older connections of the same device. NULL: full. */
struct peer *peers_add(struct peers *peers, const struct link_peer *id, const uint8_t *device);
void peers_drop(struct peers *peers, struct peer *peer);
/* visit may drop the peer it is given. */
void peers_each(struct peers *peers, void (*visit)(void *context, struct peer *peer),
                void *context);
/* Keeps a frame behind those held already, LIMIT_FRAME_SIZE in all; false: no room. */
bool peer_hold(struct peer *peer, struct span frame);
/* The oldest frame held; empty: none. Until the next call. */
struct span peer_held(const struct peer *peer);
void peer_release(struct peer *peer); /* forgets it */
/* Sends a frame, or holds it when the line has no room: answers come in bursts, and the line takes
 * few at once. What finds no room even here is asked for again after the next greeting. True: this
 * peer has frames held now. */
bool peer_send(struct peer *peer, struct link_server *server, struct span frame);
/* Sends what is held, as far as there is room; true: some is still held. */
bool peers_send_held(struct peers *peers, struct link_server *server);
void peer_greeted(struct peer *peer, const struct sync_hello *hello, uint64_t wall_ms);
size_t peers_contacts(const struct peers *peers, struct daemon_contact *ret, size_t limit);

#endif
