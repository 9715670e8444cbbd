#include "base/text.h"
#include "desk/device.h"
#include "desk/inside.h"
#include "rules/civil.h"
#include "seal/hash.h"
#include "wire/tree.h"

#include <stdio.h>
#include <string.h>

enum {
    TOKEN_SIZE = 32,
    FAILURES_FREE = 5,       /* wrong passwords before waiting begins */
    FAILURE_WAIT_MS = 60000, /* after each further one */
    PASSWORD_MAX = 1024
};

static uint64_t mono_ms(struct desk *desk)
{
    return desk->options.port.mono_ms(desk->options.port.context);
}

void desk_session_end(struct desk *desk, struct desk_session *session)
{
    bool others = false;
    if (session->used) {
        sealing_keys_free(session->keys);
        keyring_free(session->keyring);
        explicit_bzero(session, sizeof *session);
    }
    for (size_t i = 0; i < DESK_SESSION_COUNT; i++) {
        others = others || desk->sessions[i].used;
    }
    if (!others) {
        search_drop(desk->search);
    }
}

void desk_sessions_tick(struct desk *desk)
{
    uint64_t now = mono_ms(desk);
    for (size_t i = 0; i < DESK_SESSION_COUNT; i++) {
        struct desk_session *session = &desk->sessions[i];
        if (session->used && now - session->last_ms >= desk->options.lock_after_ms) {
            desk_session_end(desk, session);
        }
    }
}

/* Hash of the bearer token; false: none was sent. */
static bool token_hash(struct http_exchange *exchange, uint8_t ret[LIMIT_HASH_SIZE])
{
    static const char scheme[] = "Bearer ";
    const char *header = http_exchange_header(exchange, "Authorization");
    uint8_t token[TOKEN_SIZE];
    if (header == NULL || strncmp(header, scheme, sizeof scheme - 1) != 0 ||
        text_get_hex(span_text(header + sizeof scheme - 1), token, sizeof token) != ERR_NONE) {
        return false;
    }
    seal_sha256(span_of(token, sizeof token), ret);
    explicit_bzero(token, sizeof token);
    return true;
}

struct desk_session *desk_session_of(struct desk *desk, struct http_exchange *exchange)
{
    uint8_t hash[LIMIT_HASH_SIZE];
    desk_sessions_tick(desk);
    if (!token_hash(exchange, hash)) {
        return NULL;
    }
    for (size_t i = 0; i < DESK_SESSION_COUNT; i++) {
        struct desk_session *session = &desk->sessions[i];
        if (session->used && memcmp(session->token_hash, hash, sizeof hash) == 0) {
            session->last_ms = mono_ms(desk);
            return session;
        }
    }
    return NULL;
}

/* --- roles --- */

static void ask_directory(struct desk *desk, const struct keyring *keyring,
                          struct directory_author *ret)
{
    struct fold *fold = desk_fold(desk);
    struct directory_ask ask = {
        .author = signer_key_id_view(keyring_signer_view(keyring)),
        .device = desk->device,
        .day = civil_day_of_ms(desk->options.port.wall_ms(desk->options.port.context)),
        .applied = world_common_seq(fold->world),
        .leaf_index = UINT64_MAX};
    directory_ask(world_directory(fold->world), &ask, ret);
}

uint64_t desk_roles(struct desk *desk, const struct keyring *keyring)
{
    struct directory_author author;
    ask_directory(desk, keyring, &author);
    return author.known && !author.revoked ? author.roles : 0;
}

uint64_t desk_session_roles(struct desk *desk, const struct desk_session *session)
{
    return session == NULL ? 0 : desk_roles(desk, session->keyring);
}

static void put_person(struct desk *desk, struct json_text *json,
                       const struct desk_session *session)
{
    enum { ROLE_COUNT = 27 };
    char name[DEVICE_NAME_SIZE];
    char role[8];
    uint64_t roles = desk_session_roles(desk, session);
    device_name_read(desk->key_directory, session->staff, name);
    json_text_hex(json, "staff", span_of(session->staff, LIMIT_ID_SIZE));
    json_text_hex(
        json, "key",
        span_of(signer_key_id_view(keyring_signer_view(session->keyring)), LIMIT_KEY_SIZE));
    json_text_string(json, "name", name);
    json_text_open_list(json, "roles");
    for (unsigned i = 0; i < ROLE_COUNT; i++) {
        if ((roles >> i & 1) != 0) {
            (void)snprintf(role, sizeof role, "A%02u", i + 1);
            json_text_string(json, NULL, role);
        }
    }
    json_text_close_list(json);
    json_text_number(json, "lockAfterMs", desk->options.lock_after_ms);
}

/* --- unlock --- */

/* A place for the person's wrong passwords, the oldest one given up for him. */
static struct desk_failure *failure_of(struct desk *desk, const uint8_t *staff)
{
    struct desk_failure *oldest = &desk->failures[0];
    for (size_t i = 0; i < DESK_FAILURE_COUNT; i++) {
        struct desk_failure *failure = &desk->failures[i];
        if (failure->count > 0 && memcmp(failure->staff, staff, LIMIT_ID_SIZE) == 0) {
            return failure;
        }
        oldest = failure->last_ms < oldest->last_ms ? failure : oldest;
    }
    memset(oldest, 0, sizeof *oldest);
    memcpy(oldest->staff, staff, LIMIT_ID_SIZE);
    return oldest;
}

static void refuse_password(struct desk_call *call)
{
    /* The same for a person without a key file: nobody learns who has one. */
    static const struct reply_problem problem = {403, "wrong_password", "姓名、工号或口令不对。",
                                                 "Wrong person or password.", NULL};
    reply_problem(call->exchange, &problem);
}

static bool refuse_waiting(struct desk *desk, struct desk_call *call,
                           const struct desk_failure *failure)
{
    static const struct reply_problem problem = {429, "wait", "口令连续输错，请一分钟后再试。",
                                                 "Too many wrong passwords. Try again in a minute.",
                                                 NULL};
    bool wait =
        failure->count >= FAILURES_FREE && mono_ms(desk) - failure->last_ms < FAILURE_WAIT_MS;
    if (wait) {
        reply_problem(call->exchange, &problem);
    }
    return wait;
}

static bool refuse_stranger(struct desk *desk, struct desk_call *call, const uint8_t *staff,
                            const struct keyring *keyring)
{
    static const struct reply_problem unknown = {
        403, "not_enrolled", "镇中心尚未登记此人的密钥，或登记信息还没有同步到本机。",
        "The hub has not enrolled this key, or its word has not arrived here yet.", NULL};
    static const struct reply_problem revoked = {403, "revoked", "此人的密钥已被吊销。",
                                                 "The key of this person was revoked.", NULL};
    struct directory_author author;
    ask_directory(desk, keyring, &author);
    if (author.known && author.revoked) {
        reply_problem(call->exchange, &revoked);
        return true;
    }
    if (!author.known || memcmp(author.staff, staff, LIMIT_ID_SIZE) != 0) {
        reply_problem(call->exchange, &unknown);
        return true;
    }
    return false;
}

/* A free place; the one idle longest is locked when all are taken. */
static struct desk_session *free_session(struct desk *desk)
{
    struct desk_session *oldest = &desk->sessions[0];
    for (size_t i = 0; i < DESK_SESSION_COUNT; i++) {
        if (!desk->sessions[i].used) {
            return &desk->sessions[i];
        }
        oldest = desk->sessions[i].last_ms < oldest->last_ms ? &desk->sessions[i] : oldest;
    }
    desk_session_end(desk, oldest);
    return oldest;
}

/* Takes the keyring over. */
static void begin_session(struct desk *desk, struct desk_call *call, const uint8_t *staff,
                          struct keyring *keyring)
{
    struct reply reply;
    uint8_t token[TOKEN_SIZE];
    struct sealing_keys *keys = sealing_keys_new(keyring);
    if (keys == NULL) {
        keyring_free(keyring);
        reply_err(call->exchange, ERR_MEMORY);
        return;
    }
    struct desk_session *session = free_session(desk);
    session->used = true;
    session->keyring = keyring;
    session->keys = keys;
    session->last_ms = mono_ms(desk);
    memcpy(session->staff, staff, LIMIT_ID_SIZE);
    seal_random(token, sizeof token);
    seal_sha256(span_of(token, sizeof token), session->token_hash);
    reply_begin(&reply);
    json_text_hex(&reply.json, "token", span_of(token, sizeof token));
    put_person(desk, &reply.json, session);
    reply_send(&reply, call->exchange, 200);
    explicit_bzero(token, sizeof token);
}

static void unlock(struct desk *desk, struct desk_call *call, const char *who, const char *password)
{
    uint8_t staff[LIMIT_ID_SIZE];
    struct keyring *keyring = NULL;
    enum err err = device_person_find(desk->key_directory, who, staff);
    if (err == ERR_NOT_FOUND || err == ERR_CONFLICT || err == ERR_MALFORMED) {
        refuse_password(call);
        return;
    }
    struct desk_failure *failure = failure_of(desk, staff);
    if (refuse_waiting(desk, call, failure)) {
        return;
    }
    err = device_person_open(desk->device_secret, desk->key_directory, staff, span_text(password),
                             &keyring);
    if (err == ERR_AUTH || err == ERR_NOT_FOUND) {
        failure->count++;
        failure->last_ms = mono_ms(desk);
        refuse_password(call);
    } else if (err != ERR_NONE) {
        reply_err(call->exchange, err);
    } else if (refuse_stranger(desk, call, staff, keyring)) {
        keyring_free(keyring);
    } else {
        memset(failure, 0, sizeof *failure);
        begin_session(desk, call, staff, keyring);
    }
}

void desk_post_unlock(struct desk *desk, struct desk_call *call)
{
    static const struct reply_problem problem = {
        400, "bad_request", "请求须为 {\"staff\":…,\"password\":…}。",
        "The request must be {\"staff\":...,\"password\":...}.", NULL};
    struct wire_tree *tree = NULL;
    enum err err = wire_tree_open(call->request->body, &tree);
    const char *staff = err == ERR_NONE ? wire_tree_text(wire_tree_get(tree, "staff")) : NULL;
    const char *password = err == ERR_NONE ? wire_tree_text(wire_tree_get(tree, "password")) : NULL;
    if (staff == NULL || password == NULL || strlen(password) > PASSWORD_MAX) {
        reply_problem(call->exchange, &problem);
    } else {
        unlock(desk, call, staff, password);
    }
    wire_tree_close(tree);
}

void desk_post_lock(struct desk *desk, struct desk_call *call)
{
    struct reply reply;
    if (call->session != NULL) {
        desk_session_end(desk, call->session);
    }
    reply_begin(&reply);
    json_text_bool(&reply.json, "locked", true);
    reply_send(&reply, call->exchange, 200);
}

void desk_get_session(struct desk *desk, struct desk_call *call)
{
    struct reply reply;
    reply_begin(&reply);
    put_person(desk, &reply.json, call->session);
    reply_send(&reply, call->exchange, 200);
}
