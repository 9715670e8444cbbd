#include "base/check.h"
#include "township-hub/inside.h"

#include <string.h>

enum {
    EVENT_ROOM = 1024, /* of one event: what unpacking and keeping it take, most often */
    PUSH_ROOM = 4 * 1024
};

enum err hub_push_make(struct rooms *rooms, const uint8_t device[LIMIT_KEY_SIZE], uint32_t count,
                       size_t size, struct hub_push **ret_push)
{
    size_t events_size = count * sizeof(struct hub_event);
    size_t room_size = sizeof(struct hub_push) + events_size + size + 3 * _Alignof(max_align_t);
    void *room = rooms_take(rooms, &room_size);
    if (room == NULL) {
        return ERR_MEMORY;
    }
    struct wire_arena arena = {room, room_size, 0};
    struct hub_push *push = wire_arena_take(&arena, sizeof *push);
    struct hub_event *events = wire_arena_take(&arena, events_size);
    CHECK(push == room);
    CHECK(events != NULL);
    *push = (struct hub_push){.count = count, .rooms = rooms, .arena = arena, .events = events};
    buf_init(&push->reply, LIMIT_FRAME_SIZE);
    memcpy(push->device, device, LIMIT_KEY_SIZE);
    *ret_push = push;
    return ERR_NONE;
}

static bool copy_into(struct wire_arena *arena, struct span bytes, struct span *ret)
{
    uint8_t *room = wire_arena_take(arena, bytes.size);
    if (room == NULL) {
        return false;
    }
    if (bytes.size > 0) {
        memcpy(room, bytes.data, bytes.size);
    }
    *ret = span_of(room, bytes.size);
    return true;
}

enum err hub_push_new_in(struct rooms *rooms, const uint8_t device[LIMIT_KEY_SIZE],
                         const struct sync_push *frame, struct hub_push **ret_push)
{
    struct hub_push *push = NULL;
    const struct sync_head *head = &frame->head;
    bool signed_head = head->present && head->signature.size == LIMIT_SIGNATURE_SIZE;
    if (frame->count == 0 || frame->count > LIMIT_BATCH_COUNT ||
        frame->raw_size > LIMIT_BATCH_SIZE || frame->packed.size > LIMIT_FRAME_SIZE ||
        head->body.size > LIMIT_BODY_SIZE) {
        return ERR_LIMIT;
    }
    size_t room = PUSH_ROOM + frame->packed.size + head->body.size + frame->raw_size +
                  (size_t)frame->count * EVENT_ROOM;
    enum err err = hub_push_make(rooms, device, frame->count, room, &push);
    if (err != ERR_NONE) {
        return err;
    }
    push->incarnation = frame->incarnation;
    push->first_seq = frame->first_seq;
    push->raw_size = frame->raw_size;
    bool copied = copy_into(&push->arena, frame->packed, &push->packed);
    if (signed_head) {
        copied = copied && copy_into(&push->arena, head->body, &push->head_body);
        memcpy(push->head_signature, head->signature.data, LIMIT_SIGNATURE_SIZE);
    }
    CHECK(copied);
    *ret_push = push;
    return ERR_NONE;
}

enum err hub_push_new(const uint8_t device[LIMIT_KEY_SIZE], const struct sync_push *frame,
                      struct hub_push **ret_push)
{
    return hub_push_new_in(NULL, device, frame, ret_push);
}

void hub_push_free(struct hub_push *push)
{
    if (push != NULL) {
        buf_done(&push->reply);
        rooms_give(push->rooms, push, push->arena.size);
    }
}

void hub_push_set_line(struct hub_push *push, uint64_t line)
{
    push->line = line;
}

uint32_t hub_push_events(const struct hub_push *push)
{
    return push->count;
}

size_t hub_push_size(const struct hub_push *push)
{
    return push->arena.size;
}

/* A copy of the public key: the directory may change once the lock is gone. */
static bool find_public(struct hub *hub, const uint8_t *key_id, uint8_t *ret_public)
{
    (void)pthread_rwlock_rdlock(&hub->directory_lock);
    const uint8_t *key =
        hub->fold == NULL ? NULL : directory_public(world_directory(hub->fold->world), key_id);
    if (key != NULL) {
        memcpy(ret_public, key, LIMIT_KEY_SIZE);
    }
    (void)pthread_rwlock_unlock(&hub->directory_lock);
    return key != NULL;
}

static enum sync_nack_reason check_head(struct hub *hub, struct hub_push *push)
{
    uint8_t public_key[LIMIT_KEY_SIZE];
    if (wire_head_decode(push->head_body, &push->head) != ERR_NONE) {
        return SYNC_NACK_HEAD_SIGNATURE;
    }
    if (memcmp(push->head.hub, hub->id, LIMIT_ID_SIZE) != 0) {
        return SYNC_NACK_NOT_OUR_HUB;
    }
    if (push->incarnation > LOG_INCARNATION_MAX) {
        return SYNC_NACK_OVERSIZE;
    }
    bool fits = memcmp(push->head.device, push->device, LIMIT_KEY_SIZE) == 0 &&
                push->head.incarnation == push->incarnation &&
                push->head.seq >= push->first_seq + push->count - 1;
    if (!fits || !find_public(hub, push->device, public_key) ||
        !seal_verify(public_key, SEAL_HEAD, push->head_body, push->head_signature)) {
        return SYNC_NACK_HEAD_SIGNATURE;
    }
    return SYNC_NACK_NONE;
}

/* One author's key, remembered: most events of a batch are by one person. */
struct known_key {
    bool known;
    uint8_t id[LIMIT_KEY_SIZE];
    uint8_t public_key[LIMIT_KEY_SIZE];
};

static enum hub_check check_event(struct hub *hub, const struct wire_envelope *envelope,
                                  const struct wire_event *event, struct known_key *key)
{
    if (envelope->suite != SEAL_SUITE_ED25519) {
        return HUB_CHECK_SIGNATURE; /* nobody's, whoever becomes known until it is logged */
    }
    if (!key->known || memcmp(key->id, event->author, LIMIT_KEY_SIZE) != 0) {
        key->known = find_public(hub, event->author, key->public_key);
        memcpy(key->id, event->author, LIMIT_KEY_SIZE);
    }
    if (!key->known) {
        return HUB_CHECK_UNKNOWN;
    }
    return seal_verify(key->public_key, SEAL_EVENT, envelope->body, envelope->signature)
               ? HUB_CHECK_GOOD
               : HUB_CHECK_SIGNATURE;
}

static void note_seen(const struct hub *hub, const struct wire_event *event, struct hub_seen *ret)
{
    ret->shown = event->has_seen && span_equal(event->seen_origin, span_text(hub->origin));
    ret->size = event->seen_size;
    memcpy(ret->root, event->seen_root, sizeof ret->root);
}

static void check_events(struct hub *hub, struct hub_push *push)
{
    struct wire_event event;
    struct known_key key = {.known = false};
    for (uint32_t i = 0; i < push->count; i++) {
        struct hub_event *one = &push->events[i];
        seal_body_id(SEAL_EVENT, one->envelope.body, one->id);
        one->check = HUB_CHECK_UNREADABLE;
        if (wire_event_read(one->envelope.body, &event) == ERR_NONE) {
            one->check = check_event(hub, &one->envelope, &event, &key);
            one->kept = kept_event_take(&push->arena, &event);
            note_seen(hub, &event, &one->seen);
        }
    }
}

static enum sync_nack_reason unpack(struct hub_push *push)
{
    struct wire_envelope envelopes[LIMIT_BATCH_COUNT];
    size_t count = 0;
    if (wire_envelopes_unpack(push->packed, push->raw_size, &push->arena, envelopes, &count) !=
            ERR_NONE ||
        count != push->count) {
        return SYNC_NACK_MALFORMED;
    }
    for (size_t i = 0; i < count; i++) {
        push->events[i] = (struct hub_event){.envelope = envelopes[i]};
    }
    return SYNC_NACK_NONE;
}

void hub_push_check(struct hub *hub, struct hub_push *push)
{
    push->nack = check_head(hub, push);
    if (push->nack == SYNC_NACK_NONE) {
        push->nack = unpack(push);
    }
    if (push->nack == SYNC_NACK_NONE) {
        check_events(hub, push);
        uint64_t last = push->first_seq + push->count - 1;
        bool ends_wrong =
            push->head.seq == last &&
            memcmp(push->head.id, push->events[push->count - 1].id, LIMIT_HASH_SIZE) != 0;
        push->nack = ends_wrong ? SYNC_NACK_HEAD_SIGNATURE : SYNC_NACK_NONE;
    }
}

struct span hub_push_reply_view(const struct hub_push *push)
{
    return buf_span(&push->reply);
}

bool hub_push_accepted(const struct hub_push *push)
{
    return push->nack == SYNC_NACK_NONE;
}

uint32_t hub_push_count(const struct hub_push *push)
{
    return push->answered;
}
