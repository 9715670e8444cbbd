#include "base/check.h"
#include "wire_samples.h"

#include <stdio.h>
#include <string.h>

static void must(enum err err)
{
    CHECK(err == ERR_NONE);
}

static void add_frame(struct samples *samples, const char *name, const struct sync_frame *frame)
{
    must(wire_frame_encode(frame, samples_add(samples, name)));
}

static void add_greeting(struct samples *samples, const struct sync_head *head)
{
    static struct sync_frame frame;
    memset(&frame, 0, sizeof frame);
    frame.kind = SYNC_HELLO;
    frame.hello = (struct sync_hello){.version = SYNC_VERSION,
                                      .role = SYNC_ROLE_STATION,
                                      .head = *head,
                                      .common = 1,
                                      .seen_size = 1,
                                      .epoch = 1,
                                      .clock_ms = SAMPLE_MORNING_MS + 590000,
                                      .software = span_text("village-node 0.1.0"),
                                      .incarnation = 1,
                                      .backlog = 2,
                                      .oldest_ms = SAMPLE_MORNING_MS + 60000,
                                      .greeting = 7};
    memcpy(frame.hello.hub, sample_hub, sizeof frame.hello.hub);
    add_frame(samples, "hello", &frame);
    frame.kind = SYNC_WELCOME;
    frame.welcome = (struct sync_welcome){.version = SYNC_VERSION,
                                          .epoch = 1,
                                          .common = 1,
                                          .checkpoint = samples_view(samples, "checkpoint-1"),
                                          .clock_ms = SAMPLE_MORNING_MS + 590500,
                                          .credit = 4,
                                          .greeting = 7};
    memcpy(frame.welcome.hub, sample_hub, sizeof frame.welcome.hub);
    add_frame(samples, "welcome", &frame);
}

static void add_push(struct samples *samples, const struct sync_head *head)
{
    static struct sync_frame frame;
    memset(&frame, 0, sizeof frame);
    frame.kind = SYNC_PUSH;
    frame.push = (struct sync_push){
        .head = *head,
        .incarnation = 1,
        .first_seq = 1,
        .count = 2,
        .raw_size = (uint32_t)samples_view(samples, "envelope-list").size,
        .packed = samples_view(samples, "envelope-list-packed"),
    };
    add_frame(samples, "push", &frame);
    memset(&frame, 0, sizeof frame);
    frame.kind = SYNC_ANSWER;
    frame.answer.incarnation = 1;
    frame.answer.first_seq = 1;
    frame.answer.first_index = 1;
    frame.answer.hub_ms = SAMPLE_MORNING_MS + 600000;
    frame.answer.count = 2;
    frame.answer.answers[0].verdict = WIRE_ACCEPTED;
    frame.answer.answers[1].verdict = WIRE_REFUSED;
    frame.answer.answers[1].refusal = 2001;
    frame.answer.checkpoint = samples_view(samples, "checkpoint-3");
    frame.answer.proof = samples_view(samples, "range-proof");
    frame.answer.credit = 4;
    add_frame(samples, "answer", &frame);
}

static void add_nack(struct samples *samples)
{
    static struct sync_frame frame;
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    struct sync_nack_body nack = {.incarnation = 1,
                                  .first_seq = 5,
                                  .reason = SYNC_NACK_GAP,
                                  .wanted_seq = 3,
                                  .hub_ms = SAMPLE_MORNING_MS + 700000};
    memcpy(nack.hub, sample_hub, sizeof nack.hub);
    memcpy(nack.device, signer_key_id_view(samples->station), sizeof nack.device);
    seal_body_id(SEAL_EVENT, samples_view(samples, "body-2"), nack.head_id);
    struct buf *body = samples_add(samples, "nack-body");
    wire_nack_encode(&nack, body);
    signer_sign(samples->hub, SEAL_NACK, buf_span(body), signature);
    frame.kind = SYNC_NACK;
    frame.nack = (struct sync_nack){buf_span(body), span_of(signature, sizeof signature)};
    add_frame(samples, "nack", &frame);
}

static void add_pull(struct samples *samples, const char *name, struct sync_pull pull)
{
    static struct sync_frame frame;
    frame.kind = SYNC_PULL;
    frame.pull = pull;
    add_frame(samples, name, &frame);
}

static void add_batch(struct samples *samples, const char *name, const char *leaves,
                      struct sync_batch batch)
{
    static struct sync_frame frame;
    char packed[32];
    (void)snprintf(packed, sizeof packed, "%s-packed", leaves);
    frame.kind = SYNC_BATCH;
    frame.batch = batch;
    frame.batch.raw_size = (uint32_t)samples_view(samples, leaves).size;
    frame.batch.packed = samples_view(samples, packed);
    frame.batch.checkpoint = samples_view(samples, "checkpoint-3");
    add_frame(samples, name, &frame);
}

static void add_feeds(struct samples *samples)
{
    add_pull(samples, "pull-common",
             (struct sync_pull){.feed = SYNC_FEED_COMMON, .from = 1, .count = 100});
    add_batch(samples, "batch-common", "leaf-list-common",
              (struct sync_batch){.feed = SYNC_FEED_COMMON,
                                  .from = 1,
                                  .count = 1,
                                  .proof_count = 1,
                                  .proofs = {samples_view(samples, "proof-0")},
                                  .newest = 1});
    add_pull(samples, "pull-log",
             (struct sync_pull){.feed = SYNC_FEED_LOG, .count = 100, .seen_size = 1});
    add_batch(samples, "batch-log", "leaf-list",
              (struct sync_batch){.feed = SYNC_FEED_LOG,
                                  .count = 3,
                                  .proof_count = 1,
                                  .consistency = samples_view(samples, "consistency"),
                                  .newest = 2});
    add_pull(
        samples, "pull-chain",
        (struct sync_pull){.feed = SYNC_FEED_CHAIN, .from = 1, .count = 100, .incarnation = 1});
    add_batch(samples, "batch-chain", "leaf-list-chain",
              (struct sync_batch){
                  .feed = SYNC_FEED_CHAIN,
                  .from = 1,
                  .count = 2,
                  .indexes = {1, 2},
                  .proof_count = 2,
                  .proofs = {samples_view(samples, "proof-1"), samples_view(samples, "proof-2")},
                  .newest = 2});
}

static void add_blobs(struct samples *samples)
{
    static struct wire_sealed_blob blob;
    static struct sync_frame frame;
    blob.wrap_count = 1;
    blob.wraps[0].audience = 1;
    blob.wraps[0].generation = 1;
    memcpy(blob.wraps[0].station, signer_key_id_view(samples->station), LIMIT_KEY_SIZE);
    memset(blob.wraps[0].box, 0xb0, sizeof blob.wraps[0].box);
    blob.ciphertext = span_text("nonce and ciphertext");
    struct buf *bytes = samples_add(samples, "sealed-blob");
    must(wire_sealed_encode(&blob, bytes));
    memset(frame.blob.hash, 0x5a, sizeof frame.blob.hash);
    frame.blob.data = buf_span(bytes);
    frame.kind = SYNC_BLOB_PUT;
    add_frame(samples, "blob-put", &frame);
    frame.kind = SYNC_BLOB;
    add_frame(samples, "blob", &frame);
    frame.blob.data = span_of(NULL, 0);
    frame.kind = SYNC_BLOB_STORED;
    add_frame(samples, "blob-stored", &frame);
    frame.kind = SYNC_BLOB_GET;
    add_frame(samples, "blob-get", &frame);
    wire_doorbell_encode(1, 3, samples_add(samples, "doorbell"));
}

void samples_add_frames(struct samples *samples, const struct sync_head *head)
{
    add_greeting(samples, head);
    add_push(samples, head);
    add_nack(samples);
    add_feeds(samples);
    add_blobs(samples);
}
