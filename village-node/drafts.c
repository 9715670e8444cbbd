#include "node/clock.h"
#include "store/keys.h"
#include "village-node/program.h"

#include <string.h>

/* Unfinished input of a person, kept over a power cut and sealed to her key: KV_DRAFT
 *   staff id, name -> wrap of a fresh key (80 bytes), ciphertext
 * Nobody else can open it, whoever reads the disk. */

enum { DRAFT_NAME_SIZE = 64, DRAFT_TEXT_SIZE = 48 * 1024, DRAFT_LABEL = 1 };

struct draft {
    struct daemon *daemon;
    struct http_exchange *exchange;
    const struct keyring *keyring;
    uint8_t staff[LIMIT_ID_SIZE];
    struct kv_key key;
};

/* The ciphertext is bound to its person and, by the zeros, to no event. */
static struct seal_part_context context_of(const struct draft *draft)
{
    return (struct seal_part_context){
        .device = draft->daemon->folder.hub_device, .record = draft->staff, .label = DRAFT_LABEL};
}

static bool is_name(const char *name)
{
    size_t size = strlen(name);
    return size > 0 && size <= DRAFT_NAME_SIZE &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") ==
               size;
}

static void finish(struct draft *draft, struct kv_txn *txn)
{
    enum err err = kv_commit(txn);
    kv_abort(txn);
    if (err == ERR_NONE) {
        api_ok(draft->exchange);
    } else {
        reply_err(draft->exchange, err);
    }
}

static void draft_put(struct draft *draft, struct span text)
{
    uint8_t secret[SEAL_RECORD_KEY_SIZE];
    uint8_t part_key[SEAL_PART_KEY_SIZE];
    uint8_t wrap[SEAL_WRAP_SIZE];
    struct buf value;
    struct kv_txn txn;
    const struct seal_part_context context = context_of(draft);
    if (text.size > DRAFT_TEXT_SIZE) {
        api_refuse(draft->exchange, 413, "too_large", "草稿过长。", "The draft is too long.");
        return;
    }
    buf_init(&value, LIMIT_BLOB_SIZE);
    seal_random(secret, sizeof secret);
    seal_wrap(seal_box_public_view(keyring_box_view(draft->keyring)), secret, wrap);
    buf_put(&value, wrap, sizeof wrap);
    seal_part_key(secret, &context, part_key);
    enum err err = seal_part_encrypt(part_key, &context, text, &value);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(part_key, sizeof part_key);
    err = err == ERR_NONE ? value.err : err;
    if (err == ERR_NONE) {
        kv_begin(draft->daemon->kv, true, &txn);
        kv_put(&txn, KV_DRAFT, kv_key_span(&draft->key), buf_span(&value));
        finish(draft, &txn);
    } else {
        reply_err(draft->exchange, err);
    }
    buf_done(&value);
}

static enum err open_value(const struct draft *draft, struct span value, struct buf *ret)
{
    uint8_t secret[SEAL_RECORD_KEY_SIZE];
    uint8_t part_key[SEAL_PART_KEY_SIZE];
    const struct seal_part_context context = context_of(draft);
    if (value.size <= SEAL_WRAP_SIZE) {
        return ERR_MALFORMED;
    }
    enum err err = seal_unwrap(keyring_box_view(draft->keyring), value.data, secret);
    if (err == ERR_NONE) {
        seal_part_key(secret, &context, part_key);
        err = seal_part_decrypt(part_key, &context,
                                span_of(value.data + SEAL_WRAP_SIZE, value.size - SEAL_WRAP_SIZE),
                                ret);
    }
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(part_key, sizeof part_key);
    return err;
}

static void draft_get(struct draft *draft)
{
    struct kv_txn txn;
    struct buf value;
    struct buf text;
    buf_init(&value, LIMIT_BLOB_SIZE);
    buf_init(&text, LIMIT_BLOB_SIZE);
    kv_begin(draft->daemon->kv, false, &txn);
    bool found = kv_get(&txn, KV_DRAFT, kv_key_span(&draft->key), &value);
    kv_abort(&txn);
    enum err err = found ? open_value(draft, buf_span(&value), &text) : ERR_NOT_FOUND;
    if (err == ERR_NONE) {
        const struct http_reply reply = {
            .status = 200, .content_type = "application/octet-stream", .body = buf_span(&text)};
        http_exchange_reply(draft->exchange, &reply);
    } else if (err == ERR_NOT_FOUND) {
        api_refuse(draft->exchange, 404, "no_draft", "没有这份草稿。", "There is no such draft.");
    } else {
        reply_err(draft->exchange, err);
    }
    buf_done(&value);
    buf_done(&text);
}

static bool list_one(void *context, struct span key, struct span value)
{
    (void)value;
    json_text_span(context, NULL, span_of(key.data + LIMIT_ID_SIZE, key.size - LIMIT_ID_SIZE));
    return true;
}

static void draft_list(struct draft *draft)
{
    struct kv_txn txn;
    struct reply reply;
    reply_begin(&reply);
    json_text_open_list(&reply.json, "drafts");
    kv_begin(draft->daemon->kv, false, &txn);
    kv_scan(&txn, KV_DRAFT, span_of(draft->staff, LIMIT_ID_SIZE), span_of(NULL, 0), list_one,
            &reply.json);
    kv_abort(&txn);
    json_text_close_list(&reply.json);
    reply_send(&reply, draft->exchange, 200);
}

static void draft_delete(struct draft *draft)
{
    struct kv_txn txn;
    kv_begin(draft->daemon->kv, true, &txn);
    kv_delete(&txn, KV_DRAFT, kv_key_span(&draft->key));
    finish(draft, &txn);
}

void drafts_handle(struct daemon *daemon, struct http_exchange *exchange,
                   const struct http_request *request, const char *tail)
{
    struct draft draft = {.daemon = daemon, .exchange = exchange};
    const char *method = request->method;
    draft.keyring = desk_authorize(daemon->desk, exchange, draft.staff);
    if (draft.keyring == NULL) {
        return;
    }
    if (tail[0] == 0 && strcmp(method, "GET") == 0) {
        draft_list(&draft);
        return;
    }
    if (!is_name(tail)) {
        api_refuse(exchange, 400, "bad_name", "草稿名只能用字母、数字和 - _ .",
                   "A draft's name has letters, digits and - _ . only.");
        return;
    }
    kv_key_init(&draft.key);
    kv_key_bytes(&draft.key, span_of(draft.staff, LIMIT_ID_SIZE));
    kv_key_bytes(&draft.key, span_text(tail));
    if (strcmp(method, "PUT") == 0) {
        draft_put(&draft, request->body);
    } else if (strcmp(method, "GET") == 0) {
        draft_get(&draft);
    } else if (strcmp(method, "DELETE") == 0) {
        draft_delete(&draft);
    } else {
        api_refuse(exchange, 405, "wrong_method", "这个地址不接受这种请求。",
                   "This path does not take this method.");
    }
}
