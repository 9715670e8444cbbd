#include "desk/reply.h"
#include "node/clock.h"
#include "village-node/program.h"
#include "wire/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The station's own routes beside the desk's: how it stands with the hub, drills. */

static struct span daemon_device(const struct daemon *daemon)
{
    return span_of(signer_key_id_view(keyring_signer_view(daemon->folder.device.keyring)),
                   LIMIT_KEY_SIZE);
}

static void get_status(struct daemon *daemon, struct http_exchange *exchange)
{
    struct station_status status;
    struct reply reply;
    station_status(daemon->station, &status);
    reply_begin(&reply);
    struct json_text *json = &reply.json;
    json_text_hex(json, "device", daemon_device(daemon));
    json_text_string(json, "clock", clock_quality_name(daemon->clock_quality));
    json_text_number(json, "incarnation", (int64_t)status.incarnation);
    json_text_big(json, "kept", status.newest);
    json_text_big(json, "accepted", status.answered);
    json_text_big(json, "backlog", status.newest - status.answered);
    json_text_big(json, "returned", status.returned);
    if (status.oldest_unsent_ms != 0) {
        json_text_ms(json, "oldestUnsent", status.oldest_unsent_ms);
    }
    if (status.last_contact_ms != 0) {
        json_text_ms(json, "lastContact", status.last_contact_ms);
        json_text_big(json, "clockOffsetMs", (uint64_t)llabs(status.clock_offset_ms));
    }
    json_text_bool(json, "connected", daemon->connected);
    json_text_big(json, "epoch", status.epoch);
    json_text_big(json, "logSize", status.log_size);
    json_text_big(json, "common", status.common);
    json_text_big(json, "own", status.own);
    json_text_big(json, "sealedWaiting", status.outbox);
    json_text_bool(json, "hubWentBack", status.hub_went_back);
    json_text_bool(json, "restored", status.restored);
    json_text_bool(json, "restoring", status.restoring || status.folding);
    json_text_bool(json, "split", status.split);
    json_text_bool(json, "stuck", status.stuck);
    json_text_number(json, "hubRefuses", status.refusal);
    json_text_big(json, "displaced", status.displaced);
    json_text_bool(json, "diskFull", daemon->full);
    json_text_ms(json, "now", clock_wall_ms());
    reply_send(&reply, exchange, 200);
}

bool api_number(struct http_exchange *exchange, const struct http_request *request,
                const char *name, int64_t *ret)
{
    struct wire_tree *tree = NULL;
    bool good = wire_tree_open(request->body, &tree) == ERR_NONE &&
                wire_tree_number(wire_tree_get(tree, name), ret);
    wire_tree_close(tree);
    if (!good) {
        api_refuse(exchange, 400, "bad_request", "请求内容有误",
                   "the request's body is not what this route takes");
    }
    return good;
}

void api_ok(struct http_exchange *exchange)
{
    struct reply reply;
    reply_begin(&reply);
    json_text_bool(&reply.json, "ok", true);
    reply_send(&reply, exchange, 200);
}

void api_refuse(struct http_exchange *exchange, unsigned status, const char *code, const char *zh,
                const char *en)
{
    const struct reply_problem problem = {status, code, zh, en, NULL};
    reply_problem(exchange, &problem);
}

static void post_sync(struct daemon *daemon, struct http_exchange *exchange)
{
    daemon_sync(daemon);
    api_ok(exchange);
}

static void drill_clock(struct daemon *daemon, struct http_exchange *exchange,
                        const struct http_request *request)
{
    int64_t offset = 0;
    if (api_number(exchange, request, "offset_ms", &offset)) {
        daemon->clock_offset_ms = offset;
        clock_set_offset_ms(offset);
        api_ok(exchange);
    }
}

static void drill_link(struct daemon *daemon, struct http_exchange *exchange,
                       const struct http_request *request)
{
    int64_t up = 0;
    if (!api_number(exchange, request, "up", &up)) {
        return;
    }
    daemon->link_cut = up == 0;
    enum err err = daemon_link(daemon, up != 0);
    if (err == ERR_NONE) {
        api_ok(exchange);
    } else {
        reply_err(exchange, err);
    }
}

/* Routes without body or tail. */
static bool handle_plain(struct daemon *daemon, struct http_exchange *exchange, const char *method,
                         const char *path)
{
    static const struct {
        const char *method;
        const char *path;
        void (*handle)(struct daemon *daemon, struct http_exchange *exchange);
    } routes[] = {
        {"GET", "/status", get_status},   {"GET", "/tasks", tasks_get},
        {"GET", "/metrics", metrics_get}, {"POST", "/sync", post_sync},
        {"POST", "/backup", backup_post},
    };
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (strcmp(method, routes[i].method) == 0 && strcmp(path, routes[i].path) == 0) {
            routes[i].handle(daemon, exchange);
            return true;
        }
    }
    return false;
}

static bool handle_post(struct daemon *daemon, struct http_exchange *exchange,
                        const struct http_request *request, const char *path)
{
    static const struct {
        const char *path;
        bool drill;
        void (*handle)(struct daemon *daemon, struct http_exchange *exchange,
                       const struct http_request *request);
    } routes[] = {
        {"/tasks/done", false, tasks_post_done}, {"/clock", false, clock_post},
        {"/handover", false, handover_post},     {"/drill/clock", true, drill_clock},
        {"/drill/link", true, drill_link},
    };
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (strcmp(path, routes[i].path) == 0 && (daemon->drill || !routes[i].drill)) {
            routes[i].handle(daemon, exchange, request);
            return true;
        }
    }
    return false;
}

/* What stands behind prefix; NULL: another path. */
static const char *tail_of(const char *path, const char *prefix)
{
    size_t size = strlen(prefix);
    return strncmp(path, prefix, size) == 0 && path[size] != 0 ? path + size : NULL;
}

bool api_handle(struct daemon *daemon, struct http_exchange *exchange,
                const struct http_request *request)
{
    const char *path = tail_of(request->path, "/api/v1");
    if (path == NULL) {
        return false;
    }
    const char *slip = tail_of(path, "/slips/");
    const char *draft = strcmp(path, "/drafts") == 0 ? "" : tail_of(path, "/drafts/");
    if (slip != NULL && strcmp(request->method, "GET") == 0) {
        slip_get(daemon, exchange, slip);
        return true;
    }
    if (draft != NULL) {
        drafts_handle(daemon, exchange, request, draft);
        return true;
    }
    return handle_plain(daemon, exchange, request->method, path) ||
           (strcmp(request->method, "POST") == 0 && handle_post(daemon, exchange, request, path));
}
