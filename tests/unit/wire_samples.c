#include "wire_samples.h"

#include "base/check.h"
#include "sealed.pb-c.h"
#include "tlog/checkpoint.h"
#include "wire/json.h"
#include "wire/trust.h"

#include <stdio.h>
#include <string.h>

const uint8_t sample_hub[LIMIT_ID_SIZE] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
                                           0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff};
const char sample_origin[] = "hub.example.shuiwan.jieli/1";

static void must(enum err err)
{
    CHECK(err == ERR_NONE);
}

struct buf *samples_add(struct samples *samples, const char *name)
{
    CHECK(samples->count < SAMPLE_COUNT);
    struct sample *sample = &samples->list[samples->count++];
    CHECK(strlen(name) < sizeof sample->name);
    memcpy(sample->name, name, strlen(name) + 1);
    buf_init(&sample->bytes, LIMIT_FRAME_SIZE);
    return &sample->bytes;
}

static struct signer *a_signer(uint8_t seed_byte)
{
    uint8_t seed[32];
    memset(seed, seed_byte, sizeof seed);
    struct signer *signer = signer_new(seed);
    CHECK(signer != NULL);
    return signer;
}

/* What every event of a chain has. */
static void header(struct wire_event *event, const struct signer *device,
                   const struct signer *author, uint64_t seq)
{
    memset(event, 0, sizeof *event);
    event->version = WIRE_VERSION;
    memcpy(event->hub, sample_hub, sizeof event->hub);
    memcpy(event->device, signer_key_id_view(device), sizeof event->device);
    memcpy(event->author, signer_key_id_view(author), sizeof event->author);
    memset(event->record, 0x70 + (int)seq, sizeof event->record);
    event->incarnation = 1;
    event->seq = seq;
    event->claimed_ms = SAMPLE_MORNING_MS + seq * 60000;
    event->clock = 1;
    memset(event->boot, 0xb0, sizeof event->boot);
    event->mono_ms = seq * 60000;
}

static void payload(struct wire_event *event, const char *json)
{
    struct wire_problem problem;
    must(wire_payload_from_json(span_text(json), &event->payload, &event->facts, &problem));
}

static void add_signed(struct samples *samples, const struct wire_event *event,
                       const struct signer *author, const char *body_name,
                       const char *envelope_name)
{
    struct buf *body = samples_add(samples, body_name);
    struct wire_envelope envelope = {.suite = SEAL_SUITE_ED25519};
    must(wire_event_encode(event, body));
    envelope.body = buf_span(body);
    signer_sign(author, SEAL_EVENT, envelope.body, envelope.signature);
    must(wire_envelope_encode(&envelope, samples_add(samples, envelope_name)));
}

/* At the station a person asks, and is told what is missing. */
static void add_events(struct samples *samples)
{
    static struct wire_event event;
    header(&event, samples->station, samples->agent, 1);
    payload(&event, "{\"contact\":{\"verb\":\"received\",\"channel\":1,\"item\":\"I04\","
                    "\"ownDuty\":true}}");
    add_signed(samples, &event, samples->agent, "body-1", "envelope-1");

    header(&event, samples->station, samples->agent, 2);
    seal_body_id(SEAL_EVENT, samples_view(samples, "body-1"), event.prev);
    event.has_prev = true;
    event.has_seen = true;
    event.seen_origin = span_text(sample_origin);
    event.seen_size = 1;
    memcpy(event.seen_root, samples->hash[0].bytes, sizeof event.seen_root);
    event.applied_common = 1;
    event.applied_epoch = 1;
    event.back_entry = true;
    event.paper_serial = span_text("P0007");
    event.paper_ms = SAMPLE_MORNING_MS;
    event.back_reason = span_text("power");
    event.attestation = 1;
    event.sealed_count = 1;
    event.sealed[0] = (struct wire_sealed){.label = 1, .audience = 3, .size = 184};
    memset(event.sealed[0].hash, 0x5a, LIMIT_HASH_SIZE);
    memset(event.sealed[0].commitment, 0xc0, LIMIT_HASH_SIZE);
    payload(&event, "{\"case\":{\"verb\":\"deficiency_notified\",\"item\":\"I04\",\"materials\":["
                    "{\"code\":\"FORM\",\"form\":1,\"pages\":2,\"status\":1},"
                    "{\"code\":\"ID\",\"status\":2}]}}");
    add_signed(samples, &event, samples->agent, "body-2", "envelope-2");
}

static void add_leaf(struct samples *samples, const char *envelope, struct wire_leaf *leaf,
                     size_t index)
{
    char name[32];
    (void)snprintf(name, sizeof name, "leaf-%zu", index);
    must(wire_envelope_decode(samples_view(samples, envelope), &leaf->envelope));
    struct buf *bytes = samples_add(samples, name);
    must(wire_leaf_encode(leaf, bytes));
    tlog_leaf_hash(buf_span(bytes), &samples->hash[index]);
}

static void add_leaves(struct samples *samples)
{
    struct wire_leaf accepted = {.hub_ms = SAMPLE_MORNING_MS + 600000, .verdict = WIRE_ACCEPTED};
    struct wire_leaf refused = {
        .hub_ms = SAMPLE_MORNING_MS + 600000, .verdict = WIRE_REFUSED, .refusal = 2001};
    add_leaf(samples, "envelope-1", &accepted, 1);
    add_leaf(samples, "envelope-2", &refused, 2);
    struct tlog_hash left;
    tlog_node_hash(&samples->hash[0], &samples->hash[1], &left);
    tlog_node_hash(&left, &samples->hash[2], &samples->root);
    struct wire_leaf lost = {.hub_ms = SAMPLE_MORNING_MS, .verdict = WIRE_VOID, .is_void = true};
    lost.void_incarnation = 1;
    lost.void_seq = 9;
    lost.void_reason = WIRE_VOID_UNREADABLE;
    memcpy(lost.void_device, signer_key_id_view(samples->station), LIMIT_KEY_SIZE);
    memset(lost.void_id, 0x1d, sizeof lost.void_id);
    must(wire_leaf_encode(&lost, samples_add(samples, "leaf-void")));
}

/* The hub's own event is the log's first leaf and the first of the common feed. */
static void add_first_leaf(struct samples *samples)
{
    static struct wire_event event;
    struct wire_leaf first = {
        .hub_ms = SAMPLE_MORNING_MS - 86400000, .verdict = WIRE_ACCEPTED, .common_seq = 1};
    header(&event, samples->hub, samples->hub, 1);
    payload(&event, "{\"epoch\":{\"epoch\":\"1\"}}");
    add_signed(samples, &event, samples->hub, "body-hub", "envelope-hub");
    add_leaf(samples, "envelope-hub", &first, 0);
}

/* A zstd frame that holds raw_size bytes as they are: the same with every version of zstd. */
static void put_stored(struct span raw, struct buf *ret)
{
    CHECK(raw.size >= 256 && raw.size < 65536 + 256);
    buf_put(ret, "\x28\xb5\x2f\xfd\x60", 5); /* magic; single segment, size in two bytes */
    buf_put_u8(ret, (uint8_t)(raw.size - 256));
    buf_put_u8(ret, (uint8_t)((raw.size - 256) >> 8));
    uint32_t block = (uint32_t)raw.size << 3 | 1; /* the last block, raw */
    buf_put_u8(ret, (uint8_t)block);
    buf_put_u8(ret, (uint8_t)(block >> 8));
    buf_put_u8(ret, (uint8_t)(block >> 16));
    buf_put_span(ret, raw);
}

/* A repeated field 1: what EnvelopeList and LeafList are. */
static void put_entry(struct span entry, struct buf *ret)
{
    CHECK(entry.size >= 128 && entry.size < 16384);
    buf_put_u8(ret, 0x0a);
    buf_put_u8(ret, (uint8_t)(entry.size | 0x80));
    buf_put_u8(ret, (uint8_t)(entry.size >> 7));
    buf_put_span(ret, entry);
}

static void add_list(struct samples *samples, const char *name, const char *const *entries,
                     size_t count)
{
    char packed[32];
    (void)snprintf(packed, sizeof packed, "%s-packed", name);
    struct buf *list = samples_add(samples, name);
    for (size_t i = 0; i < count; i++) {
        put_entry(samples_view(samples, entries[i]), list);
    }
    put_stored(buf_span(list), samples_add(samples, packed));
}

static void add_checkpoint(struct samples *samples, const char *name, uint64_t size,
                           const struct tlog_hash *root)
{
    struct tlog_checkpoint checkpoint = {.size = size, .root = *root};
    memcpy(checkpoint.origin, sample_origin, strlen(sample_origin) + 1);
    must(tlog_checkpoint_sign(&checkpoint, samples->hub, samples_add(samples, name)));
}

static void add_lists(struct samples *samples)
{
    static const char *const envelopes[] = {"envelope-1", "envelope-2"};
    static const char *const leaves[] = {"leaf-0", "leaf-1", "leaf-2"};
    add_list(samples, "envelope-list", envelopes, 2);
    add_list(samples, "leaf-list", leaves, 3);
    add_list(samples, "leaf-list-common", leaves, 1);
    add_list(samples, "leaf-list-chain", leaves + 1, 2);
    add_checkpoint(samples, "checkpoint-1", 1, &samples->hash[0]);
    add_checkpoint(samples, "checkpoint-3", 3, &samples->root);
    struct buf *proof = samples_add(samples, "range-proof");
    buf_put(proof, &samples->hash[0], sizeof samples->hash[0]); /* left of leaves 1 and 2 */
    struct tlog_hash left;
    tlog_node_hash(&samples->hash[0], &samples->hash[1], &left);
    buf_put(samples_add(samples, "proof-0"), &samples->hash[1], 2 * sizeof samples->hash[0]);
    struct buf *middle = samples_add(samples, "proof-1");
    buf_put(middle, &samples->hash[0], sizeof left);
    buf_put(middle, &samples->hash[2], sizeof left);
    buf_put(samples_add(samples, "proof-2"), &left, sizeof left);
    buf_put(samples_add(samples, "consistency"), &samples->hash[1], 2 * sizeof left);
}

static struct sync_head add_head(struct samples *samples)
{
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    struct sync_head_body head = {.incarnation = 1, .seq = 2};
    memcpy(head.hub, sample_hub, sizeof head.hub);
    memcpy(head.device, signer_key_id_view(samples->station), sizeof head.device);
    seal_body_id(SEAL_EVENT, samples_view(samples, "body-2"), head.id);
    struct buf *body = samples_add(samples, "head-body");
    wire_head_encode(&head, body);
    signer_sign(samples->station, SEAL_HEAD, buf_span(body), signature);
    struct buf *kept = samples_add(samples, "head-signature");
    buf_put(kept, signature, sizeof signature);
    return (struct sync_head){true, buf_span(body), buf_span(kept)};
}

static void add_key(struct samples *samples, const char *name, const struct signer *signer)
{
    char sample[32];
    (void)snprintf(sample, sizeof sample, "%s-public", name);
    buf_put(samples_add(samples, sample), signer_public_view(signer), LIMIT_KEY_SIZE);
    (void)snprintf(sample, sizeof sample, "%s-key-id", name);
    buf_put(samples_add(samples, sample), signer_key_id_view(signer), LIMIT_KEY_SIZE);
}

static void add_hashes(struct samples *samples)
{
    struct span body = samples_view(samples, "body-1");
    const char *type = seal_purpose_type(SEAL_EVENT);
    uint8_t id[LIMIT_HASH_SIZE];
    struct buf *pae = samples_add(samples, "pae-1");
    buf_put_format(pae, "DSSEv1 %zu %s %zu ", strlen(type), type, body.size);
    buf_put_span(pae, body);
    seal_body_id(SEAL_EVENT, body, id);
    buf_put(samples_add(samples, "event-id-1"), id, sizeof id);
    buf_put(samples_add(samples, "leaf-hash-0"), &samples->hash[0], LIMIT_HASH_SIZE);
    buf_put(samples_add(samples, "leaf-hash-1"), &samples->hash[1], LIMIT_HASH_SIZE);
    buf_put(samples_add(samples, "leaf-hash-2"), &samples->hash[2], LIMIT_HASH_SIZE);
    buf_put(samples_add(samples, "root"), &samples->root, LIMIT_HASH_SIZE);
}

static void add_files(struct samples *samples)
{
    struct wire_enrolment enrolment = {.kind = WIRE_ENROL_STATION, .made_ms = SAMPLE_MORNING_MS};
    struct wire_trust trust = {.issued_ms = SAMPLE_MORNING_MS};
    struct wire_bundle bundle = {.kind = WIRE_ENROL_STATION, .issued_ms = SAMPLE_MORNING_MS};
    struct signer *root = a_signer(4);
    (void)snprintf(enrolment.code, sizeof enrolment.code, "500101001001");
    memcpy(enrolment.public_key, signer_public_view(samples->station), LIMIT_KEY_SIZE);
    memset(enrolment.curve_key, 0x0c, LIMIT_KEY_SIZE);
    memset(enrolment.box_key, 0x0b, LIMIT_KEY_SIZE);
    must(wire_enrolment_seal(&enrolment, samples->station, samples_add(samples, "enrolment")));
    memcpy(trust.hub, sample_hub, sizeof trust.hub);
    memcpy(trust.public_key, signer_public_view(samples->hub), LIMIT_KEY_SIZE);
    memset(trust.curve_key, 0xcc, LIMIT_KEY_SIZE);
    (void)snprintf(trust.origin_prefix, sizeof trust.origin_prefix, "hub.example.shuiwan.jieli");
    (void)snprintf(trust.code, sizeof trust.code, "500101001");
    must(wire_trust_seal(&trust, root, samples_add(samples, "trust-note")));
    bundle.trust = samples_view(samples, "trust-note");
    memcpy(bundle.root, signer_public_view(root), LIMIT_KEY_SIZE);
    memcpy(bundle.device, signer_key_id_view(samples->station), LIMIT_KEY_SIZE);
    (void)snprintf(bundle.endpoint, sizeof bundle.endpoint, "tcp://192.0.2.7:5670");
    (void)snprintf(bundle.bell_endpoint, sizeof bundle.bell_endpoint, "tcp://192.0.2.7:5671");
    must(wire_bundle_seal(&bundle, samples->hub, samples_add(samples, "bundle")));
    signer_free(root);
}

/* No code of ours reads it yet but by JSON; its shape is fixed all the same. */
static void add_staff_name(struct samples *samples)
{
    Jieli__V1__StaffName name;
    uint8_t staff[LIMIT_ID_SIZE];
    for (size_t i = 0; i < sizeof staff; i++) {
        staff[i] = (uint8_t)i;
    }
    char text[] = "\xe6\x9d\x8e\xe5\x9b\x9b";
    jieli__v1__staff_name__init(&name);
    name.staff.data = staff;
    name.staff.len = sizeof staff;
    name.name = text;
    struct buf *bytes = samples_add(samples, "staff-name");
    uint8_t *room = buf_grow(bytes, jieli__v1__staff_name__get_packed_size(&name));
    CHECK(room != NULL);
    (void)jieli__v1__staff_name__pack(&name, room);
}

void samples_init(struct samples *samples)
{
    memset(samples, 0, sizeof *samples);
    samples->station = a_signer(1);
    samples->agent = a_signer(2);
    samples->hub = a_signer(3);
    add_first_leaf(samples);
    add_events(samples);
    add_leaves(samples);
    add_lists(samples);
    struct sync_head head = add_head(samples);
    samples_add_frames(samples, &head);
    add_key(samples, "station", samples->station);
    add_key(samples, "agent", samples->agent);
    add_key(samples, "hub", samples->hub);
    add_hashes(samples);
    add_files(samples);
    add_staff_name(samples);
}

void samples_done(struct samples *samples)
{
    signer_free(samples->station);
    signer_free(samples->agent);
    signer_free(samples->hub);
    for (size_t i = 0; i < samples->count; i++) {
        buf_done(&samples->list[i].bytes);
    }
}

struct span samples_view(const struct samples *samples, const char *name)
{
    for (size_t i = 0; i < samples->count; i++) {
        if (strcmp(samples->list[i].name, name) == 0) {
            return buf_span(&samples->list[i].bytes);
        }
    }
    CHECK(false); /* no such sample */
    return span_of(NULL, 0);
}
