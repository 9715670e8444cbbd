/* A hostile peer for the scenarios and the demo: speaks to a running hub with the keys of a folder
 * and does one wrong thing. Prints what came back as one line; exit code 0 when an answer of any
 * kind (or the refusal to connect) was seen, 3 when the hub stayed silent.
 *
 *   peer stranger BUNDLE                 a CURVE key that nobody enrolled
 *   peer usurper FOLDER BUNDLE DEVICE    a valid key of another device claims to be DEVICE (hex)
 *   peer replay FOLDER BUNDLE            sends again what the hub already holds of this station
 *   peer forge FOLDER BUNDLE             an event of the next seq under a signature of nobody
 *   peer giant FOLDER BUNDLE             a frame larger than any frame may be
 *   peer garbage FOLDER BUNDLE           frames of noise
 *   peer listen FOLDER BUNDLE            writes what the doorbell says to standard output
 */
#include "base/text.h"
#include "desk/device.h"
#include "fold/author.h"
#include "link/link.h"
#include "node/files.h"
#include "wire/trust.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct peer {
    struct device device;
    struct wire_bundle bundle;
    struct wire_trust trust;
    struct link_client *client;
    uint8_t id[LIMIT_KEY_SIZE]; /* claimed */
    struct wire_arena arena;
    struct sync_frame frame;
};

static _Noreturn void give_up(const char *what)
{
    (void)fprintf(stderr, "peer: %s\n", what);
    _Exit(2);
}

static void read_bundle(struct peer *peer, const char *path)
{
    struct buf file;
    buf_init(&file, WIRE_TRUST_SIZE);
    if (files_read(path, &file) != ERR_NONE ||
        wire_bundle_open(buf_span(&file), NULL, &peer->bundle, &peer->trust) != ERR_NONE) {
        give_up("cannot read the bundle");
    }
    buf_done(&file);
}

static void dial(struct peer *peer, enum link_kind kind)
{
    const char *endpoint =
        kind == LINK_DOORBELL ? peer->bundle.bell_endpoint : peer->bundle.endpoint;
    struct link_client_options options = {
        .kind = kind, .endpoint = endpoint, .reconnect_ms = 100, .reconnect_max_ms = 1000};
    memcpy(options.server_public, peer->trust.curve_key, LINK_KEY_SIZE);
    memcpy(options.secret, peer->device.curve_secret, LINK_KEY_SIZE);
    if (link_init() != ERR_NONE || link_client_open(&options, &peer->client) != ERR_NONE) {
        give_up("cannot dial");
    }
}

static void pause_briefly(void)
{
    const struct timespec wait = {0, 20000000L};
    (void)nanosleep(&wait, NULL);
}

/* Waits up to about 10 s for a connection. */
static enum link_status settle(struct peer *peer)
{
    enum link_status status = LINK_CONNECTING;
    for (int i = 0; i < 500 && status == LINK_CONNECTING; i++) {
        (void)link_client_pending(peer->client);
        status = link_client_status(peer->client);
        pause_briefly();
    }
    return status;
}

static void send_frame(struct peer *peer, const struct sync_frame *frame)
{
    struct buf bytes;
    buf_init(&bytes, LIMIT_FRAME_SIZE);
    if (wire_frame_encode(frame, &bytes) != ERR_NONE) {
        give_up("cannot encode");
    }
    for (int i = 0; i < 200 && link_client_send(peer->client, buf_span(&bytes)) != ERR_NONE; i++) {
        pause_briefly();
    }
    buf_done(&bytes);
}

/* The next frame; false: about 5 s of silence. */
static bool receive(struct peer *peer)
{
    struct span bytes;
    for (int i = 0; i < 250; i++) {
        if (link_client_receive(peer->client, &bytes) == ERR_NONE) {
            return wire_frame_decode(bytes, &peer->arena, &peer->frame) == ERR_NONE;
        }
        pause_briefly();
    }
    return false;
}

/* The frame that came last, as a line. */
static int describe(const struct peer *peer)
{
    struct sync_nack_body nack;
    switch (peer->frame.kind) {
    case SYNC_NACK:
        if (wire_nack_decode(peer->frame.nack.body, &nack) == ERR_NONE) {
            (void)printf("nack %d wanted %llu\n", (int)nack.reason,
                         (unsigned long long)nack.wanted_seq);
        }
        return 0;
    case SYNC_ANSWER:
        (void)printf("answer first %llu count %u verdict %u void %u\n",
                     (unsigned long long)peer->frame.answer.first_index, peer->frame.answer.count,
                     peer->frame.answer.answers[0].verdict,
                     peer->frame.answer.answers[0].void_reason);
        return 0;
    case SYNC_WELCOME:
        (void)printf("welcome seq %llu\n", (unsigned long long)peer->frame.welcome.seq);
        return 0;
    case SYNC_NONE:
    case SYNC_HELLO:
    case SYNC_PUSH:
    case SYNC_PULL:
    case SYNC_BATCH:
    case SYNC_BLOB_PUT:
    case SYNC_BLOB_STORED:
    case SYNC_BLOB_GET:
    case SYNC_BLOB:
        (void)printf("frame %d\n", (int)peer->frame.kind);
        return 0;
    }
    return 0;
}

static int tell(struct peer *peer)
{
    if (!receive(peer)) {
        (void)printf("silence\n");
        return 3;
    }
    return describe(peer);
}

static void hello(struct peer *peer)
{
    struct sync_frame *frame = calloc(1, sizeof *frame);
    if (frame == NULL) {
        give_up("memory");
    }
    frame->kind = SYNC_HELLO;
    frame->hello.version = SYNC_VERSION;
    frame->hello.role = SYNC_ROLE_STATION;
    frame->hello.incarnation = 1;
    frame->hello.greeting = 1;
    memcpy(frame->hello.hub, peer->trust.hub, LIMIT_ID_SIZE);
    send_frame(peer, frame);
    free(frame);
}

/* Pushes envelopes first.. under a head signed by the folder's key. */
static void push(struct peer *peer, const struct wire_envelope *envelopes, size_t count,
                 uint64_t incarnation, uint64_t first)
{
    struct sync_head_body head = {.incarnation = incarnation, .seq = first + count - 1};
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    struct buf body;
    struct buf packed;
    struct sync_frame *frame = calloc(1, sizeof *frame);
    if (frame == NULL) {
        give_up("memory");
    }
    buf_init(&body, LIMIT_BODY_SIZE);
    buf_init(&packed, LIMIT_FRAME_SIZE);
    memcpy(head.hub, peer->trust.hub, LIMIT_ID_SIZE);
    memcpy(head.device, peer->id, LIMIT_KEY_SIZE);
    seal_body_id(SEAL_EVENT, envelopes[count - 1].body, head.id);
    wire_head_encode(&head, &body);
    signer_sign(keyring_signer_view(peer->device.keyring), SEAL_HEAD, buf_span(&body), signature);
    frame->kind = SYNC_PUSH;
    frame->push.head =
        (struct sync_head){true, buf_span(&body), span_of(signature, sizeof signature)};
    frame->push.incarnation = incarnation;
    frame->push.first_seq = first;
    frame->push.count = (uint32_t)count;
    if (wire_envelopes_pack(envelopes, count, &packed, &frame->push.raw_size) != ERR_NONE) {
        give_up("cannot pack");
    }
    frame->push.packed = buf_span(&packed);
    send_frame(peer, frame);
    buf_done(&body);
    buf_done(&packed);
    free(frame);
}

static void pull_chain(struct peer *peer, uint64_t incarnation, uint64_t first, uint32_t count)
{
    struct sync_frame *frame = calloc(1, sizeof *frame);
    if (frame == NULL) {
        give_up("memory");
    }
    frame->kind = SYNC_PULL;
    frame->pull = (struct sync_pull){
        .feed = SYNC_FEED_CHAIN, .from = first, .count = count, .incarnation = incarnation};
    send_frame(peer, frame);
    free(frame);
    if (!receive(peer) || peer->frame.kind != SYNC_BATCH || peer->frame.batch.count == 0) {
        give_up("no chain");
    }
}

/* The newest event the hub holds, sent once more, word for word. */
static int replay(struct peer *peer)
{
    struct wire_arena arena;
    struct span leaves[LIMIT_BATCH_COUNT];
    struct wire_leaf leaf;
    size_t count = 0;
    hello(peer);
    if (!receive(peer) || peer->frame.kind != SYNC_WELCOME || peer->frame.welcome.seq == 0) {
        give_up("no welcome, or nothing to replay");
    }
    uint64_t incarnation = peer->frame.welcome.incarnation;
    uint64_t seq = peer->frame.welcome.seq;
    pull_chain(peer, incarnation, seq, 1);
    if (wire_arena_init(&arena, (size_t)LIMIT_BATCH_SIZE * 2) != ERR_NONE ||
        wire_leaves_unpack(peer->frame.batch.packed, peer->frame.batch.raw_size, &arena, leaves,
                           &count) != ERR_NONE ||
        wire_leaf_decode(leaves[0], &leaf) != ERR_NONE || leaf.is_void) {
        give_up("cannot read the chain");
    }
    push(peer, &leaf.envelope, 1, incarnation, seq);
    int code = tell(peer);
    wire_arena_done(&arena);
    return code;
}

/* An event that says it is by a member of staff, signed by a key of nobody. */
static int forge(struct peer *peer)
{
    static const uint8_t seed[32] = {66};
    struct wire_event *event = calloc(1, sizeof *event);
    struct author_draft *draft = calloc(1, sizeof *draft);
    struct values *facts = calloc(1, sizeof *facts);
    struct author_chain chain = {.incarnation = 1, .clock = 1};
    struct signer *nobody = signer_new(seed);
    struct wire_envelope envelope;
    uint8_t id[LIMIT_HASH_SIZE];
    struct buf body;
    if (event == NULL || draft == NULL || facts == NULL || nobody == NULL) {
        give_up("memory");
    }
    memcpy(chain.hub, peer->trust.hub, LIMIT_ID_SIZE);
    memcpy(chain.device, peer->id, LIMIT_KEY_SIZE);
    memset(chain.boot, 1, sizeof chain.boot);
    chain.incarnation = peer->frame.welcome.incarnation == 0 ? 1 : peer->frame.welcome.incarnation;
    chain.seq = peer->frame.welcome.seq;
    memcpy(chain.id, peer->frame.welcome.id, LIMIT_HASH_SIZE);
    values_clear(facts);
    values_set_number(facts, FIELD_verb, 0, 1);
    values_set_number(facts, FIELD_channel, 0, 1);
    draft->payload = WIRE_CONTACT;
    draft->facts = facts;
    draft->claimed_ms = peer->frame.welcome.clock_ms;
    memset(draft->record, 9, sizeof draft->record);
    author_fill(&chain, draft, signer_key_id_view(nobody), event);
    buf_init(&body, LIMIT_BODY_SIZE);
    if (author_sign(event, nobody, &body, &envelope, id) != ERR_NONE) {
        give_up("cannot sign");
    }
    push(peer, &envelope, 1, chain.incarnation, chain.seq + 1);
    int code = tell(peer);
    buf_done(&body);
    signer_free(nobody);
    free(event);
    free(draft);
    free(facts);
    return code;
}

static int noise(struct peer *peer, size_t size)
{
    uint8_t *bytes = malloc(size);
    if (bytes == NULL) {
        give_up("memory");
    }
    memset(bytes, 0xa5, size);
    for (int i = 0; i < 20; i++) {
        enum err err = link_client_send(peer->client, span_of(bytes, size));
        (void)err;
        pause_briefly();
    }
    free(bytes);
    hello(peer);
    return tell(peer);
}

/* Until it is ended from outside. */
static int listen_on(struct peer *peer)
{
    struct span bytes;
    while (true) {
        if (link_client_receive(peer->client, &bytes) != ERR_NONE) {
            pause_briefly();
        } else if (fwrite(bytes.data, 1, bytes.size, stdout) != bytes.size || fflush(stdout) != 0) {
            give_up("cannot write");
        }
    }
}

static int run(struct peer *peer, const char *what, const char *device)
{
    enum link_status status = settle(peer);
    if (status != LINK_CONNECTED) {
        (void)printf("%s\n", status == LINK_REFUSED ? "refused" : "no connection");
        return 0;
    }
    if (strcmp(what, "stranger") == 0) {
        (void)printf("let in\n");
        return 1;
    }
    memcpy(peer->id, signer_key_id_view(keyring_signer_view(peer->device.keyring)), LIMIT_KEY_SIZE);
    if (strcmp(what, "replay") == 0) {
        return replay(peer);
    }
    if (strcmp(what, "giant") == 0 || strcmp(what, "garbage") == 0) {
        return noise(peer, strcmp(what, "giant") == 0 ? LIMIT_FRAME_SIZE : 999);
    }
    if (device != NULL && text_get_hex(span_text(device), peer->id, LIMIT_KEY_SIZE) != ERR_NONE) {
        give_up("DEVICE is 64 hex digits");
    }
    hello(peer);
    if (!receive(peer)) {
        give_up("silence");
    }
    return peer->frame.kind == SYNC_WELCOME ? forge(peer) : describe(peer);
}

int main(int argc, char **argv)
{
    struct peer *peer = calloc(1, sizeof *peer);
    bool stranger = argc == 3 && strcmp(argv[1], "stranger") == 0;
    if (peer == NULL || seal_init() != ERR_NONE || (argc < 4 && !stranger)) {
        (void)fprintf(stderr, "see the head of peer.c\n");
        free(peer);
        return 2;
    }
    read_bundle(peer, argv[stranger ? 2 : 3]);
    if (stranger) {
        seal_random(peer->device.curve_secret, sizeof peer->device.curve_secret);
    } else if (device_open(argv[2], &peer->device) != ERR_NONE) {
        give_up("cannot open the folder");
    }
    if (wire_arena_init(&peer->arena, WIRE_FRAME_ARENA) != ERR_NONE) {
        give_up("memory");
    }
    bool listens = strcmp(argv[1], "listen") == 0;
    dial(peer, listens ? LINK_DOORBELL : LINK_DIALOG);
    if (listens) {
        return listen_on(peer);
    }
    int code = run(peer, argv[1], argc > 4 ? argv[4] : NULL);
    link_client_close(peer->client);
    link_done();
    wire_arena_done(&peer->arena);
    device_close(&peer->device);
    free(peer);
    return code;
}
