#include "township-hub/export.h"

#include "base/text.h"
#include "seal/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_SIZE = EXPORT_LEAVES * (LIMIT_LEAF_SIZE + 4) };

static void reply_bytes(struct http_exchange *exchange, struct span bytes)
{
    struct http_reply reply = {
        .status = 200, .content_type = "application/octet-stream", .body = bytes};
    http_exchange_reply(exchange, &reply);
}

static void reply_leaves(struct api *api, struct http_exchange *exchange, uint64_t from)
{
    const struct log *log = &hub_fold(api->hub)->log;
    struct buf chunk;
    struct buf leaf;
    struct kv_txn txn;
    buf_init(&chunk, CHUNK_SIZE);
    buf_init(&leaf, LIMIT_LEAF_SIZE);
    kv_begin(api->kv, false, &txn);
    for (uint64_t i = from; i < from + EXPORT_LEAVES && i < log->size; i++) {
        if (!log_leaf(log, &txn, i, &leaf)) {
            break;
        }
        buf_put_u32(&chunk, (uint32_t)leaf.size);
        buf_put_span(&chunk, buf_span(&leaf));
    }
    kv_abort(&txn);
    enum err err = txn.err != ERR_NONE ? txn.err : chunk.err;
    if (err == ERR_NONE) {
        reply_bytes(exchange, buf_span(&chunk));
    } else {
        reply_err(exchange, err);
    }
    buf_done(&chunk);
    buf_done(&leaf);
}

/* What is stored under its own hash is public; sealed parts lie under that of their ciphertext. */
static void reply_blob(struct api *api, struct http_exchange *exchange, const uint8_t *hash)
{
    uint8_t real[LIMIT_HASH_SIZE];
    struct buf blob;
    struct kv_txn txn;
    buf_init(&blob, LIMIT_BLOB_SIZE);
    kv_begin(api->kv, false, &txn);
    bool found = kv_get(&txn, KV_BLOB, span_of(hash, LIMIT_HASH_SIZE), &blob);
    kv_abort(&txn);
    seal_sha256(buf_span(&blob), real);
    if (found && memcmp(real, hash, sizeof real) == 0) {
        reply_bytes(exchange, buf_span(&blob));
    } else {
        api_missing(exchange, "hash");
    }
    buf_done(&blob);
}

bool export_handle(struct api *api, struct http_exchange *exchange,
                   const struct http_request *request)
{
    char hex[LIMIT_HASH_SIZE * 2 + 1];
    uint8_t hash[LIMIT_HASH_SIZE];
    uint64_t from = 0;
    if (api_is(request, "GET", "/api/v1/log/checkpoint")) {
        reply_bytes(exchange, hub_checkpoint_view(api->hub));
        return true;
    }
    if (api_is(request, "GET", "/api/v1/log/leaves")) {
        const char *text = http_exchange_query(exchange, "from");
        if (text == NULL || text_get_number(span_text(text), UINT32_MAX, &from) != ERR_NONE) {
            api_bad(exchange, "from");
        } else {
            reply_leaves(api, exchange, from);
        }
        return true;
    }
    if (strcmp(request->method, "GET") == 0 &&
        api_path(request, "/api/v1/log/blobs/", "", hex, sizeof hex)) {
        if (text_get_hex(span_text(hex), hash, sizeof hash) == ERR_NONE) {
            reply_blob(api, exchange, hash);
        } else {
            api_bad(exchange, "hash");
        }
        return true;
    }
    return false;
}
