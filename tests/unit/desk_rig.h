#ifndef JIELI_TESTS_DESK_RIG_H
#define JIELI_TESTS_DESK_RIG_H

#include "base/text.h"
#include "desk/desk.h"
#include "desk/device.h"
#include "desk/sealing.h"
#include "http_rig.h"
#include "tests/support/town.h"
#include "wire/tree.h"

/* The desk of a founded town's hub behind a real local socket, with people who have key files. */

#define PASSWORD "correct horse battery"

enum { REPLY_MAX = 8 * 1024 * 1024 };

static const uint64_t rig_start_ms = 1789689600000; /* 2026-09-18 08:00 at +08:00, a Friday */

struct desk_rig {
    struct rig http; /* first: the handler finds the rest from it */
    struct town *town;
    struct desk *desk;
    char keys[64];
    char office[64];
    uint8_t device_secret[KEYFILE_DEVICE_SECRET_SIZE];
    uint64_t mono_ms;
    char token[96]; /* "Authorization: Bearer ..." once unlocked */
    uint8_t officer[LIMIT_ID_SIZE];
    uint8_t outsider[LIMIT_ID_SIZE]; /* same role, no member of the hub audience */
    uint64_t hub_generation;
};

/* --- the port: what the hub's daemon does --- */

static inline struct desk_rig *rig_of(void *context)
{
    return context;
}

static inline uint64_t port_wall(void *context)
{
    return rig_of(context)->town->now_ms;
}

static inline uint64_t port_mono(void *context)
{
    return rig_of(context)->mono_ms;
}

static inline struct fold *port_fold(void *context)
{
    return hub_fold(rig_of(context)->town->hub);
}

static inline enum err port_submit(void *context, const struct author_draft *draft,
                                   const struct signer *signer, const struct desk_blob *blobs,
                                   size_t blob_count, struct fold_verdict *ret_verdict,
                                   uint8_t ret_id[LIMIT_HASH_SIZE], uint64_t *ret_seq)
{
    struct town *town = rig_of(context)->town;
    struct kv_txn txn;
    struct log_head head;
    town->now_ms += 1000;
    enum err err = hub_submit(town->hub, draft, signer, town->now_ms, ret_verdict, ret_id);
    if (err != ERR_NONE || ret_verdict->verdict != WIRE_ACCEPTED) {
        return err;
    }
    kv_begin(town->kv, true, &txn);
    for (size_t i = 0; i < blob_count; i++) {
        kv_put(&txn, KV_BLOB, span_of(blobs[i].hash, LIMIT_HASH_SIZE), blobs[i].bytes);
    }
    assert_true(
        log_head_get(&hub_fold(town->hub)->log, &txn, signer_key_id_view(town->hub_signer), &head));
    *ret_seq = head.seq;
    return kv_commit(&txn);
}

static inline void port_events(void *context, const uint8_t record[LIMIT_ID_SIZE],
                               void *visit_context,
                               bool (*visit)(void *visit_context, const struct wire_event *event,
                                             const char *standing, uint32_t refusal))
{
    struct town *town = rig_of(context)->town;
    struct log *log = &hub_fold(town->hub)->log;
    struct wire_event *event = calloc(1, sizeof *event);
    struct wire_arena arena;
    struct wire_leaf leaf;
    struct kv_txn txn;
    struct buf bytes;
    bool more = true;
    assert_int_equal(wire_arena_init(&arena, WIRE_EVENT_ARENA), ERR_NONE);
    buf_init(&bytes, LIMIT_LEAF_SIZE);
    kv_begin(town->kv, false, &txn);
    for (uint64_t i = 0; i < log->size && more; i++) {
        assert_true(log_leaf(log, &txn, i, &bytes));
        assert_int_equal(wire_leaf_decode(buf_span(&bytes), &leaf), ERR_NONE);
        if (!leaf.is_void && wire_event_decode(leaf.envelope.body, &arena, event) == ERR_NONE &&
            memcmp(event->record, record, LIMIT_ID_SIZE) == 0) {
            more = visit(visit_context, event,
                         leaf.verdict == WIRE_ACCEPTED ? "accepted" : "returned", leaf.refusal);
        }
    }
    kv_abort(&txn);
    buf_done(&bytes);
    wire_arena_done(&arena);
    free(event);
}

/* --- people and audiences --- */

static inline void write_key(struct desk_rig *rig, const uint8_t *staff,
                             const struct keyring *keyring)
{
    struct buf file;
    struct buf path;
    buf_init(&file, KEYFILE_SIZE_MAX);
    buf_init(&path, 256);
    buf_put_format(&path, "%s/", rig->keys);
    text_put_hex(&path, span_of(staff, LIMIT_ID_SIZE));
    buf_put_text(&path, ".key");
    assert_int_equal(
        keyfile_seal(keyring, span_text(PASSWORD), rig->device_secret, keyfile_cost_floor(), &file),
        ERR_NONE);
    assert_int_equal(files_write(buf_text(&path), buf_span(&file), 0600), ERR_NONE);
    buf_done(&file);
    buf_done(&path);
}

/* Enrols person number n with a key file, at the hub. The caller frees the keyring. */
static inline struct keyring *employ(struct desk_rig *rig, uint8_t number, uint64_t roles,
                                     uint8_t staff[LIMIT_ID_SIZE])
{
    struct town_act act;
    struct keyring *keyring = keyring_new_random();
    assert_non_null(keyring);
    memset(staff, number, LIMIT_ID_SIZE);
    town_act(&act, WIRE_PERSON, 2000U + number, PERSON_ENROLLED);
    town_bytes(&act, FIELD_staff, 0, staff, LIMIT_ID_SIZE);
    town_number(&act, FIELD_suite, 0, SEAL_SUITE_ED25519);
    town_bytes(&act, FIELD_public_key, 0, signer_public_view(keyring_signer_view(keyring)),
               LIMIT_KEY_SIZE);
    town_bytes(&act, FIELD_box_key, 0, seal_box_public_view(keyring_box_view(keyring)),
               LIMIT_KEY_SIZE);
    assert_int_equal(town_hub(rig->town, &rig->town->registrar, &act).verdict, WIRE_ACCEPTED);
    town_act(&act, WIRE_PERSON, 2000U + number, PERSON_GRANTED);
    town_bytes(&act, FIELD_staff, 0, staff, LIMIT_ID_SIZE);
    town_number(&act, FIELD_grants_roles, 0, roles);
    assert_int_equal(town_hub(rig->town, &rig->town->leader, &act).verdict, WIRE_ACCEPTED);
    write_key(rig, staff, keyring);
    return keyring;
}

static inline struct sealing_member member_of(const struct keyring *keyring)
{
    struct sealing_member member;
    memcpy(member.key, signer_key_id_view(keyring_signer_view(keyring)), sizeof member.key);
    memcpy(member.box_key, seal_box_public_view(keyring_box_view(keyring)), sizeof member.box_key);
    return member;
}

static inline void publish_kind(struct desk_rig *rig, uint32_t kind,
                                const struct seal_box_secret *secret, struct span wraps)
{
    struct town_act act;
    uint8_t hash[LIMIT_HASH_SIZE];
    assert_int_equal(hub_blob_add(rig->town->hub, wraps, hash), ERR_NONE);
    town_act(&act, WIRE_AUDIENCE, 3000U + (uint32_t)rig->hub_generation, 0);
    town_number(&act, FIELD_audience, 0, kind);
    town_bytes(&act, FIELD_box_key, 0, seal_box_public_view(secret), LIMIT_KEY_SIZE);
    town_bytes(&act, FIELD_wraps, 0, hash, sizeof hash);
    town_number(&act, FIELD_generation, 0, ++rig->hub_generation);
    assert_int_equal(town_device(rig->town, &act).verdict, WIRE_ACCEPTED);
}

/* An audience of these members. */
static inline void found_kind(struct desk_rig *rig, uint32_t kind,
                              const struct sealing_member *members, size_t count)
{
    struct seal_box_secret *secret = seal_box_new_random();
    struct buf wraps;
    buf_init(&wraps, LIMIT_BLOB_SIZE);
    assert_int_equal(sealing_wraps_make(secret, members, count, &wraps), ERR_NONE);
    publish_kind(rig, kind, secret, buf_span(&wraps));
    buf_done(&wraps);
    seal_box_free(secret);
}

/* The hub audience with one member. */
static inline void found_audience(struct desk_rig *rig, const struct keyring *keyring)
{
    struct sealing_member member = member_of(keyring);
    found_kind(rig, SEALING_HUB, &member, 1);
}

/* --- life --- */

static inline void desk_rig_handle(struct rig *http, struct http_exchange *exchange,
                                   const struct http_request *request)
{
    struct desk_rig *rig = rig_of(http);
    if (!desk_handle(rig->desk, exchange, request)) {
        reply_text(exchange, 404, "not the desk's");
    }
}

static inline void open_desk(struct desk_rig *rig, enum tier tier, const struct signer *device)
{
    const struct desk_options options = {
        .port = {rig, NULL, port_submit, port_wall, port_mono, port_fold, port_events},
        .kv = rig->town->kv,
        .tier = tier,
        .space = FOLD_PROVEN,
        .device = signer_key_id_view(device),
        .key_directory = rig->keys,
        .device_secret = rig->device_secret,
        .signer = device,
        .office_path = rig->office};
    assert_int_equal(desk_new(&options, &rig->desk), ERR_NONE);
}

static inline int desk_rig_setup_with(void **state, bool audience)
{
    struct desk_rig *rig = calloc(1, sizeof *rig);
    struct http_server_options options;
    assert_non_null(rig);
    rig->town = town_open(rig_start_ms);
    memcpy(rig->http.directory, "/tmp/jieli-desk-XXXXXX", 23);
    assert_non_null(mkdtemp(rig->http.directory));
    (void)snprintf(rig->http.path, sizeof rig->http.path, "%s/ctl.sock", rig->http.directory);
    (void)snprintf(rig->keys, sizeof rig->keys, "%s/keys", rig->http.directory);
    (void)snprintf(rig->office, sizeof rig->office, "%s/office.conf", rig->http.directory);
    assert_int_equal(files_make_directory(rig->keys), ERR_NONE);
    assert_int_equal(files_write(rig->office,
                                 span_text("[slip]\nstation = 沿湖镇便民服务中心\n"
                                           "phone = 0898-12345670\n"
                                           "complaints = 0898-12345678\n"),
                                 0600),
                     ERR_NONE);
    memset(rig->device_secret, 8, sizeof rig->device_secret);
    struct keyring *officer = employ(rig, 60, ROLE_HUB_OPERATOR, rig->officer);
    struct keyring *outsider = employ(rig, 61, ROLE_HUB_OPERATOR, rig->outsider);
    if (audience) {
        found_audience(rig, officer);
    }
    keyring_free(officer);
    keyring_free(outsider);
    open_desk(rig, TIER_HUB, rig->town->hub_signer);
    rig->http.handle = desk_rig_handle;
    options = rig_options(&rig->http);
    options.tcp_address = "127.0.0.1";
    assert_int_equal(http_server_open(&options, &rig->http.server), ERR_NONE);
    *state = rig;
    return 0;
}

static inline int desk_rig_setup(void **state)
{
    return desk_rig_setup_with(state, true);
}

static inline int desk_rig_teardown(void **state)
{
    struct desk_rig *rig = *state;
    desk_free(rig->desk);
    town_close(rig->town);
    return rig_teardown(state);
}

/* --- requests --- */

struct told {
    unsigned status;
    struct wire_tree *tree; /* NULL: no JSON */
};

static inline void told_done(struct told *told)
{
    wire_tree_close(told->tree);
    told->tree = NULL;
}

static inline struct told ask(struct desk_rig *rig, const char *method, const char *path,
                              const char *body)
{
    const char *headers[] = {rig->token, NULL};
    const struct http_call call = {.socket_path = rig->http.path,
                                   .method = method,
                                   .path = path,
                                   .headers = rig->token[0] == 0 ? NULL : headers,
                                   .body = span_text(body == NULL ? "" : body)};
    struct http_answer answer = {.status = 0};
    struct told told = {0, NULL};
    buf_init(&answer.body, REPLY_MAX);
    assert_int_equal(rig_call(&rig->http, &call, &answer), ERR_NONE);
    told.status = answer.status;
    if (wire_tree_open(buf_span(&answer.body), &told.tree) != ERR_NONE) {
        told.tree = NULL;
    }
    buf_done(&answer.body);
    return told;
}

static inline const char *said(const struct told *told, const char *member)
{
    return wire_tree_member(told->tree, member);
}

static inline void expect_status(struct told *told, unsigned status, const char *code)
{
    if (told->status != status || strcmp(said(told, "code"), code) != 0) {
        fail_msg("status %u code \"%s\" field \"%s\" en \"%s\", wanted %u \"%s\"", told->status,
                 said(told, "code"), said(told, "field"), said(told, "en"), status, code);
    }
}

/* Asks, expects a problem of that status and code, and forgets the answer. */
static inline void expect_problem(struct desk_rig *rig, const char *path, const char *body,
                                  unsigned status, const char *code)
{
    struct told told = ask(rig, body == NULL ? "GET" : "POST", path, body);
    expect_status(&told, status, code);
    told_done(&told);
}

static inline struct told try_unlock(struct desk_rig *rig, const uint8_t *staff,
                                     const char *password)
{
    struct buf body;
    buf_init(&body, 1024);
    buf_put_text(&body, "{\"staff\":\"");
    text_put_hex(&body, span_of(staff, LIMIT_ID_SIZE));
    buf_put_format(&body, "\",\"password\":\"%s\"}", password);
    struct told told = ask(rig, "POST", "/api/v1/unlock", buf_text(&body));
    buf_done(&body);
    return told;
}

static inline void unlock(struct desk_rig *rig, const uint8_t *staff)
{
    struct told told = try_unlock(rig, staff, PASSWORD);
    expect_status(&told, 200, "");
    assert_int_equal(strlen(said(&told, "token")), 64);
    (void)snprintf(rig->token, sizeof rig->token, "Authorization: Bearer %s", said(&told, "token"));
    told_done(&told);
}

/* Writes a first contact; its record id goes to ret. */
static inline void contact(struct desk_rig *rig, char ret[40])
{
    struct told told = ask(rig, "POST", "/api/v1/events",
                           "{\"contact\":{\"verb\":\"received\",\"channel\":1,\"item\":\"I51\"},"
                           "\"matter\":{\"text\":\"问低保怎么办\"}}");
    expect_status(&told, 200, "");
    (void)snprintf(ret, 40, "%s", said(&told, "record"));
    told_done(&told);
}

/* Opens a case of item I51 for that person; the answer is the caller's. */
static inline struct told open_case(struct desk_rig *rig, const char *name, const char *id_number,
                                    const char *rest)
{
    char cited[40];
    struct buf body;
    contact(rig, cited);
    buf_init(&body, 4096);
    buf_put_format(&body,
                   "{\"case\":{\"verb\":\"opened\",\"contact\":\"%s\",\"item\":\"I51\"},"
                   "\"identity\":{\"name\":\"%s\",\"idNumber\":\"%s\",\"phone\":\"13800138000\"}"
                   "%s}",
                   cited, name, id_number, rest);
    struct told told = ask(rig, "POST", "/api/v1/events", buf_text(&body));
    buf_done(&body);
    return told;
}

#endif
