#include "district-auditor/inside.h"
#include "seal/hash.h"

#include <stdlib.h>
#include <string.h>

/* The session's actions carried out. */

static bool send_frame(const struct auditor_port *port, const struct sync_frame *frame)
{
    struct buf bytes;
    buf_init(&bytes, LIMIT_FRAME_SIZE);
    bool sent =
        wire_frame_encode(frame, &bytes) == ERR_NONE && port->send(port->context, buf_span(&bytes));
    buf_done(&bytes);
    return sent;
}

static void send_hello(struct auditor *auditor, const struct auditor_port *port, uint64_t greeting)
{
    struct sync_frame *frame = calloc(1, sizeof *frame);
    if (frame == NULL) {
        return;
    }
    frame->kind = SYNC_HELLO;
    frame->hello.version = SYNC_VERSION;
    frame->hello.role = SYNC_ROLE_AUDITOR;
    memcpy(frame->hello.hub, auditor->hub, LIMIT_ID_SIZE);
    frame->hello.seen_size = auditor->state.seen_size;
    frame->hello.epoch = auditor->state.epoch;
    frame->hello.software = span_text("jieli-auditor");
    frame->hello.greeting = greeting;
    (void)send_frame(port, frame);
    free(frame);
}

static void send_pull(struct auditor *auditor, const struct auditor_port *port,
                      const struct sync_auditor_action *action)
{
    struct sync_frame *frame = calloc(1, sizeof *frame);
    if (frame == NULL) {
        return;
    }
    frame->kind = SYNC_PULL;
    frame->pull.feed = SYNC_FEED_LOG;
    frame->pull.from = action->from;
    frame->pull.count = action->count;
    frame->pull.seen_size = auditor->state.seen_size;
    (void)send_frame(port, frame);
    free(frame);
}

static void send_blob_get(struct auditor *auditor, const struct auditor_port *port,
                          uint64_t mono_ms)
{
    struct sync_frame *frame = calloc(1, sizeof *frame);
    bool asks = auditor->wants && frame != NULL;
    if (asks) {
        frame->kind = SYNC_BLOB_GET;
        memcpy(frame->blob.hash, auditor->wanted, LIMIT_HASH_SIZE);
        (void)send_frame(port, frame);
    }
    sync_auditor_blob_asked(&auditor->session, asks ? auditor->wanted : NULL, mono_ms);
    free(frame);
}

static bool storing_failed(enum err err)
{
    return err == ERR_STORE || err == ERR_FULL || err == ERR_MEMORY || err == ERR_IO;
}

/* Runs take in a write transaction with the state; findings are kept even when it fails. */
static enum err in_transaction(struct auditor *auditor,
                               enum err (*take)(struct auditor *, struct kv_txn *, const void *),
                               const void *argument, enum err *ret_taken)
{
    struct kv_txn txn;
    uint64_t size = auditor->fold->log.size;
    kv_begin(auditor->kv, true, &txn);
    *ret_taken = take(auditor, &txn, argument);
    auditor_state_put(auditor, &txn);
    enum err err = kv_commit(&txn);
    kv_abort(&txn);
    if (err != ERR_NONE || (*ret_taken != ERR_NONE && auditor->fold->log.size != size)) {
        enum err again = auditor_reload(auditor);
        err = again != ERR_NONE ? again : err;
    }
    return err;
}

static enum err take_welcome(struct auditor *auditor, struct kv_txn *txn, const void *argument)
{
    const struct sync_welcome *welcome = argument;
    struct tlog_checkpoint checkpoint;
    if (memcmp(welcome->hub, auditor->hub, LIMIT_ID_SIZE) != 0) {
        return ERR_AUTH;
    }
    uint64_t epoch = auditor->state.epoch;
    if (epoch != 0 && welcome->epoch != epoch) {
        return ERR_NONE; /* the session tells NEW_EPOCH or HUB_WENT_BACK */
    }
    return auditor_take_checkpoint(auditor, txn, welcome->epoch, welcome->checkpoint,
                                   welcome->consistency, &checkpoint);
}

static enum err take_batch(struct auditor *auditor, struct kv_txn *txn, const void *argument)
{
    return auditor_take_leaves(auditor, txn, argument);
}

/* Not the hub's fault: said aloud, where a bad proof only leads to another try. */
static enum err own_trouble(enum err err, enum err taken)
{
    return err == ERR_NONE && storing_failed(taken) ? taken : err;
}

static enum err apply_welcome(struct auditor *auditor, const struct sync_welcome *welcome,
                              uint64_t mono_ms)
{
    enum err taken = ERR_NONE;
    enum err err = in_transaction(auditor, take_welcome, welcome, &taken);
    err = own_trouble(err, taken);
    sync_auditor_welcomed(&auditor->session, err != ERR_NONE ? err : taken,
                          auditor->state.seen_size, mono_ms);
    return err;
}

static enum err apply_batch(struct auditor *auditor, const struct sync_batch *batch,
                            uint64_t mono_ms)
{
    enum err taken = ERR_NONE;
    enum err err = in_transaction(auditor, take_batch, batch, &taken);
    err = own_trouble(err, taken);
    sync_auditor_batch_applied(&auditor->session, err != ERR_NONE ? err : taken,
                               auditor->state.seen_size, mono_ms);
    return err;
}

static enum err apply_blob(struct auditor *auditor, const struct sync_blob *blob, uint64_t mono_ms)
{
    uint8_t hash[LIMIT_HASH_SIZE];
    struct kv_txn txn;
    enum err err = ERR_NONE;
    seal_sha256(blob->data, hash);
    if (auditor->wants && blob->data.size > 0 && memcmp(hash, auditor->wanted, sizeof hash) == 0) {
        kv_begin(auditor->kv, true, &txn);
        kv_put(&txn, KV_BLOB, span_of(hash, sizeof hash), blob->data);
        err = kv_commit(&txn);
        kv_abort(&txn);
        auditor->wants = err != ERR_NONE;
    }
    sync_auditor_blobs(&auditor->session, auditor->wants ? 1 : 0, mono_ms);
    sync_auditor_blob_done(&auditor->session, mono_ms);
    return err;
}

static void apply_nack(struct auditor *auditor, const struct sync_nack *nack, uint64_t mono_ms)
{
    struct sync_nack_body body;
    bool good = nack->signature.size == LIMIT_SIGNATURE_SIZE &&
                seal_verify(auditor->hub_public, SEAL_NACK, nack->body, nack->signature.data) &&
                wire_nack_decode(nack->body, &body) == ERR_NONE;
    sync_auditor_nack_applied(&auditor->session, good ? ERR_NONE : ERR_AUTH, good ? &body : NULL,
                              mono_ms);
}

static enum err carry_out(struct auditor *auditor, const struct auditor_port *port,
                          const struct sync_auditor_action *action, uint64_t mono_ms)
{
    switch (action->kind) {
    case SYNC_AUDIT_SEND_HELLO:
        send_hello(auditor, port, action->greeting);
        return ERR_NONE;
    case SYNC_AUDIT_APPLY_WELCOME:
        return apply_welcome(auditor, &action->frame->welcome, mono_ms);
    case SYNC_AUDIT_SEND_PULL:
        send_pull(auditor, port, action);
        return ERR_NONE;
    case SYNC_AUDIT_APPLY_BATCH:
        return apply_batch(auditor, &action->frame->batch, mono_ms);
    case SYNC_AUDIT_APPLY_NACK:
        apply_nack(auditor, &action->frame->nack, mono_ms);
        return ERR_NONE;
    case SYNC_AUDIT_SEND_BLOB_GET:
        send_blob_get(auditor, port, mono_ms);
        return ERR_NONE;
    case SYNC_AUDIT_APPLY_BLOB:
        return apply_blob(auditor, &action->frame->blob, mono_ms);
    case SYNC_AUDIT_RECONNECT:
        port->reconnect(port->context);
        return ERR_NONE;
    case SYNC_AUDIT_NEW_EPOCH:     /* held: an operator opens the new mirror */
    case SYNC_AUDIT_HUB_WENT_BACK: /* the mirror is kept; the session looks again later */
        auditor->alarm = true;
        return ERR_NONE;
    case SYNC_AUDIT_NONE:
        return ERR_NONE;
    }
    return ERR_NONE;
}

static enum err drain(struct auditor *auditor, const struct auditor_port *port, uint64_t mono_ms)
{
    struct sync_auditor_action action;
    enum err err = ERR_NONE;
    while (err == ERR_NONE && sync_auditor_next(&auditor->session, &action)) {
        err = carry_out(auditor, port, &action, mono_ms);
    }
    return storing_failed(err) ? err : ERR_NONE;
}

void auditor_connected(struct auditor *auditor, const struct auditor_port *port, uint64_t mono_ms)
{
    sync_auditor_connected(&auditor->session, mono_ms);
    (void)drain(auditor, port, mono_ms);
}

void auditor_disconnected(struct auditor *auditor, uint64_t mono_ms)
{
    sync_auditor_disconnected(&auditor->session, mono_ms);
}

enum err auditor_frame(struct auditor *auditor, const struct auditor_port *port, struct span frame,
                       uint64_t mono_ms)
{
    if (!sync_auditor_takes_frame(&auditor->session)) {
        return ERR_NONE; /* one at a time; what is lost is asked for again */
    }
    if (wire_frame_decode(frame, &auditor->frame_arena, auditor->frame) == ERR_NONE) {
        sync_auditor_frame(&auditor->session, auditor->frame, mono_ms);
    } else {
        sync_auditor_malformed(&auditor->session, mono_ms);
    }
    return drain(auditor, port, mono_ms);
}

void auditor_doorbell(struct auditor *auditor, struct span payload, uint64_t mono_ms)
{
    uint64_t epoch = 0;
    uint64_t size = 0;
    if (wire_doorbell_decode(payload, &epoch, &size) == ERR_NONE) {
        sync_auditor_doorbell(&auditor->session, epoch, size, mono_ms);
    }
}

enum err auditor_tick(struct auditor *auditor, const struct auditor_port *port, uint64_t mono_ms)
{
    sync_auditor_blobs(&auditor->session, auditor->wants ? 1 : 0, mono_ms);
    sync_auditor_tick(&auditor->session, mono_ms);
    return drain(auditor, port, mono_ms);
}

uint64_t auditor_deadline(const struct auditor *auditor)
{
    return sync_auditor_deadline(&auditor->session);
}

bool auditor_idle(const struct auditor *auditor)
{
    return sync_auditor_idle(&auditor->session);
}
