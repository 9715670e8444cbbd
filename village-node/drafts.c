#include "base/text.h"
#include "node/clock.h"
#include "store/keys.h"
#include "village-node/program.h"

#include <stdlib.h>
#include <string.h>

/* Unfinished input of a person, kept over a power cut and sealed to her key: KV_DRAFT
 *   staff id, name -> wrap of a fresh key (80 bytes), ciphertext
 * Nobody else can open it, whoever reads the disk. Who leaves seals hers anew for another; when her
 * password is gone with her so are they: nothing was ever signed of them. */

enum { DRAFT_COUNT = 512, DRAFT_NAME_SIZE = 64, DRAFT_TEXT_SIZE = 48 * 1024, DRAFT_LABEL = 1 };

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

/* Appends the draft of draft->staff, sealed for that box key. */
static enum err seal_value(const struct draft *draft, const uint8_t *box_key, struct span text,
                           struct buf *ret)
{
    uint8_t secret[SEAL_RECORD_KEY_SIZE];
    uint8_t part_key[SEAL_PART_KEY_SIZE];
    uint8_t wrap[SEAL_WRAP_SIZE];
    const struct seal_part_context context = context_of(draft);
    seal_random(secret, sizeof secret);
    seal_wrap(box_key, secret, wrap);
    buf_put(ret, wrap, sizeof wrap);
    seal_part_key(secret, &context, part_key);
    enum err err = seal_part_encrypt(part_key, &context, text, ret);
    explicit_bzero(secret, sizeof secret);
    explicit_bzero(part_key, sizeof part_key);
    return err == ERR_NONE ? ret->err : err;
}

static void draft_put(struct draft *draft, struct span text)
{
    struct buf value;
    struct kv_txn txn;
    if (text.size > DRAFT_TEXT_SIZE) {
        api_refuse(draft->exchange, 413, "too_large", "草稿过长。", "The draft is too long.");
        return;
    }
    buf_init(&value, LIMIT_BLOB_SIZE);
    enum err err =
        seal_value(draft, seal_box_public_view(keyring_box_view(draft->keyring)), text, &value);
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

/* --- handing all of them to another --- */

struct drafts_list {
    size_t count;
    char name[DRAFT_COUNT][DRAFT_NAME_SIZE + 1];
};

static bool list_name(void *context, struct span key, struct span value)
{
    struct drafts_list *list = context;
    size_t size = key.size - LIMIT_ID_SIZE;
    (void)value;
    if (size > 0 && size <= DRAFT_NAME_SIZE && list->count < DRAFT_COUNT) {
        memcpy(list->name[list->count], key.data + LIMIT_ID_SIZE, size);
        list->name[list->count++][size] = 0;
    }
    return list->count < DRAFT_COUNT;
}

static void draft_key(struct draft *draft, const char *name)
{
    kv_key_init(&draft->key);
    kv_key_bytes(&draft->key, span_of(draft->staff, LIMIT_ID_SIZE));
    kv_key_bytes(&draft->key, span_text(name));
}

/* The newest key that is not revoked, of a person; NULL: none. */
static const uint8_t *box_key_of(const struct daemon *daemon, const uint8_t *staff)
{
    const struct directory *directory = world_directory(station_fold(daemon->station)->world);
    const struct directory_key *newest = NULL;
    for (size_t i = 0; i < directory_key_count(directory); i++) {
        const struct directory_key *key = directory_key_at(directory, i);
        if (memcmp(key->staff, staff, LIMIT_ID_SIZE) == 0 && key->revoked_index == 0 &&
            (newest == NULL || key->since > newest->since)) {
            newest = key;
        }
    }
    return newest == NULL ? NULL : newest->box_key;
}

/* Its name stays, with the giver's id behind when the taker has one of that name. */
static void taker_key(struct draft *taker, struct kv_txn *txn, const uint8_t *from,
                      const char *name)
{
    struct buf text;
    draft_key(taker, name);
    if (!kv_has(txn, KV_DRAFT, kv_key_span(&taker->key))) {
        return;
    }
    buf_init(&text, DRAFT_NAME_SIZE + 1);
    buf_put_format(&text, "%.40s.", name);
    text_put_hex(&text, span_of(from, 4));
    draft_key(taker, buf_text(&text));
    buf_done(&text);
}

static enum err hand_one(struct draft *giver, struct draft *taker, struct kv_txn *txn,
                         const uint8_t *box_key, const char *name)
{
    struct buf value;
    struct buf text;
    struct buf again;
    buf_init(&value, LIMIT_BLOB_SIZE);
    buf_init(&text, LIMIT_BLOB_SIZE);
    buf_init(&again, LIMIT_BLOB_SIZE);
    draft_key(giver, name);
    taker_key(taker, txn, giver->staff, name);
    bool there = kv_get(txn, KV_DRAFT, kv_key_span(&giver->key), &value) &&
                 !kv_has(txn, KV_DRAFT, kv_key_span(&taker->key));
    enum err err = there ? open_value(giver, buf_span(&value), &text) : ERR_NOT_FOUND;
    if (err == ERR_NONE) {
        err = seal_value(taker, box_key, buf_span(&text), &again);
    }
    if (err == ERR_NONE) {
        kv_put(txn, KV_DRAFT, kv_key_span(&taker->key), buf_span(&again));
        kv_delete(txn, KV_DRAFT, kv_key_span(&giver->key));
    }
    if (text.data != NULL) {
        explicit_bzero(text.data, text.size);
    }
    buf_done(&value);
    buf_done(&text);
    buf_done(&again);
    return err;
}

enum err drafts_hand_over(struct daemon *daemon, const struct keyring *keyring,
                          const uint8_t from[LIMIT_ID_SIZE], const uint8_t to[LIMIT_ID_SIZE],
                          size_t *ret_moved)
{
    struct draft giver = {.daemon = daemon, .keyring = keyring};
    struct draft taker = {.daemon = daemon};
    struct kv_txn txn;
    struct drafts_list *list = calloc(1, sizeof *list);
    const uint8_t *box_key = box_key_of(daemon, to);
    *ret_moved = 0;
    if (list == NULL || box_key == NULL) {
        free(list);
        return box_key == NULL ? ERR_NOT_FOUND : ERR_MEMORY;
    }
    memcpy(giver.staff, from, LIMIT_ID_SIZE);
    memcpy(taker.staff, to, LIMIT_ID_SIZE);
    kv_begin(daemon->kv, true, &txn);
    kv_scan(&txn, KV_DRAFT, span_of(from, LIMIT_ID_SIZE), span_of(NULL, 0), list_name, list);
    size_t moved = 0;
    for (size_t i = 0; i < list->count; i++) {
        moved += hand_one(&giver, &taker, &txn, box_key, list->name[i]) == ERR_NONE ? 1 : 0;
    }
    enum err err = kv_commit(&txn);
    kv_abort(&txn);
    *ret_moved = err == ERR_NONE ? moved : 0;
    free(list);
    return err;
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
    draft_key(&draft, tail);
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
