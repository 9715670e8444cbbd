#include "township-hub/peers.h"

#include <stdlib.h>
#include <string.h>

struct peers {
    struct peer peer[LIMIT_PEER_COUNT];
    struct daemon_contact past[LIMIT_PEER_COUNT]; /* of connections that are gone */
    size_t past_count;
    uint64_t serial;
};

enum err peers_new(struct peers **ret_peers)
{
    *ret_peers = calloc(1, sizeof **ret_peers);
    return *ret_peers == NULL ? ERR_MEMORY : ERR_NONE;
}

void peers_free(struct peers *peers)
{
    for (size_t i = 0; peers != NULL && i < LIMIT_PEER_COUNT; i++) {
        buf_done(&peers->peer[i].held);
    }
    free(peers);
}

static bool same_id(const struct link_peer *a, const struct link_peer *b)
{
    return a->size == b->size && memcmp(a->id, b->id, a->size) == 0;
}

struct peer *peers_find(struct peers *peers, const struct link_peer *id, const uint8_t *device)
{
    for (size_t i = 0; i < LIMIT_PEER_COUNT; i++) {
        struct peer *peer = &peers->peer[i];
        if (peer->used && same_id(&peer->id, id)) {
            if (memcmp(peer->device, device, LIMIT_KEY_SIZE) == 0) {
                return peer;
            }
            peers_drop(peers, peer);
            return NULL;
        }
    }
    return NULL;
}

struct peer *peers_add(struct peers *peers, const struct link_peer *id, const uint8_t *device)
{
    enum { SAME_DEVICE = 4 };
    struct peer *room = NULL;
    struct peer *oldest = NULL;
    unsigned same = 0;
    for (size_t i = 0; i < LIMIT_PEER_COUNT; i++) {
        struct peer *peer = &peers->peer[i];
        if (!peer->used) {
            room = room == NULL ? peer : room;
        } else if (memcmp(peer->device, device, LIMIT_KEY_SIZE) == 0) {
            same++;
            bool older = oldest == NULL || peer->contact.last_ms < oldest->contact.last_ms;
            oldest = older ? peer : oldest;
        }
    }
    /* A device that comes again and again must not crowd the others out. */
    room = same >= SAME_DEVICE ? oldest : room;
    if (room == NULL) {
        return NULL;
    }
    buf_done(&room->held);
    memset(room, 0, sizeof *room);
    buf_init(&room->held, LIMIT_FRAME_SIZE);
    room->used = true;
    room->serial = ++peers->serial;
    room->id = *id;
    memcpy(room->device, device, LIMIT_KEY_SIZE);
    memcpy(room->contact.device, device, LIMIT_KEY_SIZE);
    room->contact.connected = true;
    return room;
}

static void remember(struct peers *peers, const struct daemon_contact *contact)
{
    struct daemon_contact *place = NULL;
    for (size_t i = 0; i < peers->past_count && place == NULL; i++) {
        bool same = memcmp(peers->past[i].device, contact->device, LIMIT_KEY_SIZE) == 0;
        place = same ? &peers->past[i] : NULL;
    }
    if (place == NULL && peers->past_count < LIMIT_PEER_COUNT) {
        place = &peers->past[peers->past_count++];
    }
    if (place != NULL) {
        *place = *contact;
        place->connected = false;
    }
}

void peers_drop(struct peers *peers, struct peer *peer)
{
    remember(peers, &peer->contact);
    buf_done(&peer->held);
    peer->held_at = 0;
    peer->used = false;
}

void peers_each(struct peers *peers, void (*visit)(void *context, struct peer *peer), void *context)
{
    for (size_t i = 0; i < LIMIT_PEER_COUNT; i++) {
        if (peers->peer[i].used) {
            visit(context, &peers->peer[i]);
        }
    }
}

static bool has_room(const struct peer *peer, struct span frame)
{
    return frame.size + sizeof(uint32_t) <= LIMIT_FRAME_SIZE - peer->held.size;
}

bool peer_hold(struct peer *peer, struct span frame)
{
    if (!has_room(peer, frame) && peer->held_at > 0) {
        peer->held.size -= peer->held_at; /* what has been sent */
        memmove(peer->held.data, peer->held.data + peer->held_at, peer->held.size);
        peer->held_at = 0;
    }
    if (!has_room(peer, frame)) {
        return false;
    }
    buf_put_u32(&peer->held, (uint32_t)frame.size);
    buf_put_span(&peer->held, frame);
    bool held = peer->held.err == ERR_NONE;
    if (!held) {
        buf_done(&peer->held); /* no memory: they are asked for again */
        peer->held_at = 0;
    }
    return held;
}

struct span peer_held(const struct peer *peer)
{
    struct reader reader;
    struct span bytes = buf_span(&peer->held);
    if (peer->held_at >= bytes.size) {
        return span_of(NULL, 0);
    }
    reader_init(&reader, span_of(bytes.data + peer->held_at, bytes.size - peer->held_at));
    uint32_t size = reader_u32(&reader);
    return reader_bytes(&reader, size);
}

void peer_release(struct peer *peer)
{
    peer->held_at += sizeof(uint32_t) + peer_held(peer).size;
    if (peer->held_at >= peer->held.size) {
        buf_clear(&peer->held);
        peer->held_at = 0;
    }
}

bool peer_send(struct peer *peer, struct link_server *server, struct span frame)
{
    enum err err = ERR_BUSY;
    if (peer_held(peer).size == 0) {
        err = link_server_send(server, &peer->id, frame);
    }
    return err == ERR_BUSY && peer_hold(peer, frame);
}

struct sending {
    struct link_server *server;
    bool holding;
};

static void send_held(void *context, struct peer *peer)
{
    struct sending *sending = context;
    struct span frame = peer_held(peer);
    enum err err = ERR_NONE;
    while (frame.size > 0 && err != ERR_BUSY) {
        err = link_server_send(sending->server, &peer->id, frame);
        if (err != ERR_BUSY) {
            peer_release(peer);
            frame = peer_held(peer);
        }
    }
    sending->holding = sending->holding || frame.size > 0;
}

bool peers_send_held(struct peers *peers, struct link_server *server)
{
    struct sending sending = {server, false};
    peers_each(peers, send_held, &sending);
    return sending.holding;
}

void peer_greeted(struct peer *peer, const struct sync_hello *hello, uint64_t wall_ms)
{
    struct daemon_contact *contact = &peer->contact;
    size_t size = hello->software.size < sizeof contact->software - 1
                      ? hello->software.size
                      : sizeof contact->software - 1;
    contact->role = hello->role;
    contact->backlog = hello->backlog;
    contact->oldest_ms = hello->oldest_ms;
    contact->clock_offset_ms =
        hello->clock_ms == 0 ? 0 : (int64_t)hello->clock_ms - (int64_t)wall_ms;
    memset(contact->software, 0, sizeof contact->software);
    if (size > 0) {
        memcpy(contact->software, hello->software.data, size);
    }
}

static size_t add_contact(struct daemon_contact *ret, size_t limit, size_t count,
                          const struct daemon_contact *contact)
{
    for (size_t i = 0; i < count && i < limit; i++) {
        if (memcmp(ret[i].device, contact->device, LIMIT_KEY_SIZE) == 0) {
            ret[i] = contact->last_ms >= ret[i].last_ms ? *contact : ret[i];
            return count;
        }
    }
    if (count < limit) {
        ret[count] = *contact;
    }
    return count + 1;
}

size_t peers_contacts(const struct peers *peers, struct daemon_contact *ret, size_t limit)
{
    size_t count = 0;
    for (size_t i = 0; i < peers->past_count; i++) {
        count = add_contact(ret, limit, count, &peers->past[i]);
    }
    for (size_t i = 0; i < LIMIT_PEER_COUNT; i++) {
        if (peers->peer[i].used) {
            count = add_contact(ret, limit, count, &peers->peer[i].contact);
        }
    }
    return count;
}
