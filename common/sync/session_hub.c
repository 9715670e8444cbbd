#include "sync/session_hub.h"

#include "base/check.h"

#include <string.h>

enum { HUB_BLOBS_MAX = 2 };

void sync_hub_init(struct sync_hub *hub, const struct sync_options *options, enum sync_role role,
                   const uint8_t hub_id[LIMIT_ID_SIZE], const uint8_t device[LIMIT_KEY_SIZE],
                   uint64_t now_ms)
{
    CHECK(options->credit >= 1);
    CHECK(options->credit <= SYNC_CREDIT_MAX);
    CHECK(options->pulls >= 1);
    CHECK(options->pulls <= SYNC_PULLS_MAX);
    memset(hub, 0, sizeof *hub);
    hub->options = *options;
    hub->role = role;
    memcpy(hub->hub, hub_id, sizeof hub->hub);
    memcpy(hub->device, device, sizeof hub->device);
    hub->now_ms = now_ms;
    hub->idle_at_ms = now_ms + options->idle_ms;
}

static void hub_check(const struct sync_hub *hub)
{
    CHECK(hub->ingests <= hub->options.credit);
    CHECK(hub->pulls <= 2 * hub->options.pulls);
    CHECK(hub->blobs <= HUB_BLOBS_MAX);
    CHECK(hub->dropped_told ? hub->state == SYNC_HUB_GONE : true);
}

static void hub_at(struct sync_hub *hub, uint64_t now_ms)
{
    hub->now_ms = now_ms > hub->now_ms ? now_ms : hub->now_ms;
}

static void hub_offend(struct sync_hub *hub)
{
    hub->offences++;
    if (hub->offences >= hub->options.offences) {
        hub->state = SYNC_HUB_GONE;
    }
}

static void hub_nack(struct sync_hub *hub, enum sync_nack_reason reason, uint64_t incarnation,
                     uint64_t first_seq)
{
    hub->refused++;
    hub->pending = (struct sync_hub_action){
        .kind = SYNC_HUB_SEND_NACK,
        .reason = reason,
        .incarnation = incarnation,
        .first_seq = first_seq,
    };
    if (reason == SYNC_NACK_GAP) {
        hub->pending.wanted_seq = incarnation == hub->incarnation ? hub->wanted : 1;
    }
}

static void hub_work(struct sync_hub *hub, enum sync_hub_act kind, const struct sync_frame *frame,
                     const struct sync_head_body *head)
{
    hub->pending = (struct sync_hub_action){.kind = kind, .frame = frame, .head = head};
}

/* --- HELLO --- */

static enum sync_nack_reason hub_judge_head(const struct sync_hub *hub,
                                            const struct sync_head_body *head)
{
    if (head == NULL) {
        return SYNC_NACK_MALFORMED;
    }
    if (memcmp(head->hub, hub->hub, sizeof head->hub) != 0) {
        return SYNC_NACK_NOT_OUR_HUB;
    }
    if (memcmp(head->device, hub->device, sizeof head->device) != 0) {
        return SYNC_NACK_HEAD_SIGNATURE;
    }
    return SYNC_NACK_NONE;
}

static bool hub_hello_in_bounds(const struct sync_hello *hello)
{
    uint64_t all =
        hello->common | hello->own | hello->seen_size | hello->epoch | hello->incarnation;
    bool version = hello->version >= 1 && hello->version <= SYNC_VERSION;
    bool software = hello->software.size <= SYNC_HUB_SOFTWARE_SIZE;
    bool head = !hello->head.present || (hello->head.body.size <= SYNC_HUB_HEAD_SIZE &&
                                         hello->head.signature.size == LIMIT_SIGNATURE_SIZE);
    return version && software && head && all <= SYNC_NUMBER_MAX;
}

static enum sync_nack_reason hub_judge_hello(const struct sync_hub *hub,
                                             const struct sync_hello *hello,
                                             const struct sync_head_body *head)
{
    bool known = hub->role == SYNC_ROLE_STATION || hub->role == SYNC_ROLE_AUDITOR;
    if (!known || hello->role != hub->role || !hub_hello_in_bounds(hello)) {
        return SYNC_NACK_MALFORMED;
    }
    if (memcmp(hello->hub, hub->hub, sizeof hello->hub) != 0) {
        return SYNC_NACK_NOT_OUR_HUB;
    }
    if (hub->role == SYNC_ROLE_AUDITOR) {
        return hello->head.present ? SYNC_NACK_MALFORMED : SYNC_NACK_NONE;
    }
    if (hello->incarnation == 0) {
        return SYNC_NACK_MALFORMED;
    }
    return hello->head.present ? hub_judge_head(hub, head) : SYNC_NACK_NONE;
}

static struct span hub_copy(uint8_t *room, struct span bytes)
{
    if (bytes.size > 0) {
        memcpy(room, bytes.data, bytes.size);
    }
    return span_of(room, bytes.size);
}

/* The frame's bytes are gone when the work of before has ended. */
static void hub_keep_hello(struct sync_hub *hub, const struct sync_hello *hello,
                           const struct sync_head_body *head)
{
    hub->hello = *hello;
    hub->hello.software = hub_copy(hub->hello_software, hello->software);
    if (hello->head.present) {
        hub->hello.head.body = hub_copy(hub->hello_head, hello->head.body);
        hub->hello.head.signature = hub_copy(hub->hello_signature, hello->head.signature);
        hub->head = *head;
    }
}

static void hub_hello(struct sync_hub *hub, const struct sync_hello *hello,
                      const struct sync_head_body *head)
{
    if (hub->state == SYNC_HUB_ANSWERING) {
        hub_nack(hub, SYNC_NACK_BUSY, 0, 0);
        return;
    }
    enum sync_nack_reason reason = hub_judge_hello(hub, hello, head);
    if (reason != SYNC_NACK_NONE) {
        hub->state = SYNC_HUB_NEW;
        hub_nack(hub, reason, 0, 0);
        hub_offend(hub);
        return;
    }
    hub_keep_hello(hub, hello, head);
    hub->state = SYNC_HUB_WAITING;
}

/* --- PUSH --- */

static enum sync_nack_reason hub_judge_push(const struct sync_hub *hub,
                                            const struct sync_push *push,
                                            const struct sync_head_body *head)
{
    if (hub->role != SYNC_ROLE_STATION || push->count < 1 || push->count > LIMIT_BATCH_COUNT ||
        push->first_seq < 1 || push->first_seq > SYNC_NUMBER_MAX || !push->head.present) {
        return SYNC_NACK_MALFORMED;
    }
    enum sync_nack_reason reason = hub_judge_head(hub, head);
    if (reason != SYNC_NACK_NONE) {
        return reason;
    }
    bool covered =
        head->incarnation == push->incarnation && head->seq >= push->first_seq - 1 + push->count;
    return covered ? SYNC_NACK_NONE : SYNC_NACK_MALFORMED;
}

/* What an honest station may meet. */
static enum sync_nack_reason hub_place_push(const struct sync_hub *hub,
                                            const struct sync_push *push)
{
    if (hub->state != SYNC_HUB_GREETED || hub->busy || hub->ingests >= hub->options.credit) {
        return SYNC_NACK_BUSY;
    }
    if (push->incarnation > hub->present) {
        return SYNC_NACK_BUSY;
    }
    if (push->incarnation < hub->incarnation) {
        return SYNC_NACK_NONE; /* known events are answered again: the core looks */
    }
    uint64_t wanted = push->incarnation == hub->incarnation ? hub->wanted : 1;
    return push->first_seq > wanted ? SYNC_NACK_GAP : SYNC_NACK_NONE;
}

/* After any refusal the station has to greet again: pushes behind it would only leave a gap. */
static void hub_ungreet(struct sync_hub *hub)
{
    if (hub->state == SYNC_HUB_GREETED) {
        hub->state = SYNC_HUB_NEW;
    }
}

static void hub_advance(struct sync_hub *hub, const struct sync_push *push)
{
    uint64_t wanted = push->first_seq + push->count;
    if (push->incarnation > hub->incarnation) {
        hub->incarnation = push->incarnation;
        hub->wanted = wanted;
    } else if (push->incarnation == hub->incarnation && wanted > hub->wanted) {
        hub->wanted = wanted;
    }
}

static void hub_push(struct sync_hub *hub, const struct sync_frame *frame,
                     const struct sync_head_body *head)
{
    const struct sync_push *push = &frame->push;
    enum sync_nack_reason broken = hub_judge_push(hub, push, head);
    enum sync_nack_reason reason = broken != SYNC_NACK_NONE ? broken : hub_place_push(hub, push);
    if (reason == SYNC_NACK_NONE) {
        hub_advance(hub, push);
        hub->ingests++;
        hub_work(hub, SYNC_HUB_INGEST, frame, head);
        return;
    }
    hub_nack(hub, reason, push->incarnation, push->first_seq);
    hub_ungreet(hub);
    if (broken != SYNC_NACK_NONE) {
        hub_offend(hub);
    }
}

/* --- Pulls and blobs --- */

static bool hub_may_pull(const struct sync_hub *hub, enum sync_feed feed)
{
    switch (feed) {
    case SYNC_FEED_COMMON:
    case SYNC_FEED_OWN:
    case SYNC_FEED_CHAIN:
        return hub->role == SYNC_ROLE_STATION;
    case SYNC_FEED_LOG:
        return hub->role == SYNC_ROLE_AUDITOR;
    case SYNC_FEED_NONE:
        break;
    }
    return false;
}

static void hub_pull(struct sync_hub *hub, const struct sync_frame *frame)
{
    const struct sync_pull *pull = &frame->pull;
    bool sound = pull->count >= 1 && pull->count <= LIMIT_BATCH_COUNT &&
                 pull->from <= SYNC_NUMBER_MAX && pull->incarnation <= SYNC_NUMBER_MAX &&
                 pull->seen_size <= SYNC_NUMBER_MAX;
    if (!sound || !hub_may_pull(hub, pull->feed)) {
        hub_nack(hub, SYNC_NACK_MALFORMED, 0, pull->from);
        hub_offend(hub);
    } else if (hub->state != SYNC_HUB_GREETED || hub->busy ||
               hub->pulls >= 2 * hub->options.pulls) {
        hub_nack(hub, SYNC_NACK_BUSY, 0, pull->from);
    } else {
        hub->pulls++;
        hub_work(hub, SYNC_HUB_ANSWER_PULL, frame, NULL);
    }
}

static void hub_blob(struct sync_hub *hub, const struct sync_frame *frame)
{
    bool put = frame->kind == SYNC_BLOB_PUT;
    bool may = hub->role == SYNC_ROLE_STATION || (hub->role == SYNC_ROLE_AUDITOR && !put);
    bool sound = !put || (frame->blob.data.size > 0 && frame->blob.data.size <= LIMIT_BLOB_SIZE);
    if (!may || !sound) {
        hub_nack(hub, SYNC_NACK_MALFORMED, 0, 0);
        hub_offend(hub);
    } else if (hub->state != SYNC_HUB_GREETED || hub->blobs >= HUB_BLOBS_MAX) {
        hub_nack(hub, SYNC_NACK_BUSY, 0, 0);
    } else {
        hub->blobs++;
        hub_work(hub, put ? SYNC_HUB_STORE_BLOB : SYNC_HUB_ANSWER_BLOB_GET, frame, NULL);
    }
}

/* --- Inputs --- */

void sync_hub_frame(struct sync_hub *hub, const struct sync_frame *frame,
                    const struct sync_head_body *head, uint64_t now_ms)
{
    CHECK(hub->pending.kind == SYNC_HUB_NONE);
    hub_at(hub, now_ms);
    if (hub->state == SYNC_HUB_GONE) {
        return;
    }
    hub->idle_at_ms = hub->now_ms + hub->options.idle_ms;
    switch (frame->kind) {
    case SYNC_HELLO:
        hub_hello(hub, &frame->hello, head);
        break;
    case SYNC_PUSH:
        hub_push(hub, frame, head);
        break;
    case SYNC_PULL:
        hub_pull(hub, frame);
        break;
    case SYNC_BLOB_PUT:
    case SYNC_BLOB_GET:
        hub_blob(hub, frame);
        break;
    case SYNC_NONE:
    case SYNC_WELCOME:
    case SYNC_ANSWER:
    case SYNC_NACK:
    case SYNC_BATCH:
    case SYNC_BLOB_STORED:
    case SYNC_BLOB:
        hub_offend(hub);
        break;
    }
    hub_check(hub);
}

void sync_hub_malformed(struct sync_hub *hub, uint64_t now_ms)
{
    hub_at(hub, now_ms);
    if (hub->state != SYNC_HUB_GONE) {
        hub_offend(hub);
    }
    hub_check(hub);
}

void sync_hub_busy(struct sync_hub *hub, bool busy)
{
    hub->busy = busy;
}

static bool hub_works(const struct sync_hub *hub)
{
    return hub->ingests > 0 || hub->pulls > 0 || hub->blobs > 0;
}

void sync_hub_tick(struct sync_hub *hub, uint64_t now_ms)
{
    hub_at(hub, now_ms);
    if (hub->state == SYNC_HUB_GONE || hub->now_ms < hub->idle_at_ms) {
        return;
    }
    if (hub_works(hub) || hub->state == SYNC_HUB_ANSWERING) {
        hub->idle_at_ms = hub->now_ms + hub->options.idle_ms;
    } else {
        hub->state = SYNC_HUB_GONE;
    }
    hub_check(hub);
}

/* --- Reports --- */

void sync_hub_greeted(struct sync_hub *hub, bool ok, uint64_t incarnation, uint64_t seq)
{
    if (hub->state == SYNC_HUB_GONE) {
        return;
    }
    CHECK(hub->state == SYNC_HUB_ANSWERING);
    hub->state = ok ? SYNC_HUB_GREETED : SYNC_HUB_NEW;
    hub->present = hub->hello.incarnation;
    hub->incarnation = incarnation;
    hub->wanted = seq + 1;
    hub_check(hub);
}

void sync_hub_ingested(struct sync_hub *hub, bool ok)
{
    CHECK(hub->ingests > 0);
    hub->ingests--;
    if (!ok) {
        hub->refused++;
        hub_ungreet(hub);
    }
    hub_check(hub);
}

void sync_hub_pulled(struct sync_hub *hub)
{
    CHECK(hub->pulls > 0);
    hub->pulls--;
}

void sync_hub_blob_done(struct sync_hub *hub)
{
    CHECK(hub->blobs > 0);
    hub->blobs--;
}

/* --- Outputs --- */

bool sync_hub_next(struct sync_hub *hub, struct sync_hub_action *ret_action)
{
    *ret_action = hub->pending;
    hub->pending = (struct sync_hub_action){.kind = SYNC_HUB_NONE};
    if (ret_action->kind != SYNC_HUB_NONE) {
        return true;
    }
    if (hub->state == SYNC_HUB_GONE && !hub->dropped_told) {
        hub->dropped_told = true;
        ret_action->kind = SYNC_HUB_DROP_PEER;
    } else if (hub->state == SYNC_HUB_WAITING && !hub_works(hub)) {
        hub->state = SYNC_HUB_ANSWERING;
        ret_action->kind = SYNC_HUB_ANSWER_HELLO;
        ret_action->hello = &hub->hello;
        ret_action->head = hub->hello.head.present ? &hub->head : NULL;
        ret_action->credit = hub->busy ? 0 : hub->options.credit;
    }
    hub_check(hub);
    return ret_action->kind != SYNC_HUB_NONE;
}

uint64_t sync_hub_deadline(const struct sync_hub *hub)
{
    return hub->state == SYNC_HUB_GONE ? SYNC_NEVER : hub->idle_at_ms;
}
