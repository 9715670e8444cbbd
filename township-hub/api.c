#include "township-hub/api.h"

#include "base/log.h"
#include "base/text.h"
#include "node/clock.h"
#include "township-hub/export.h"
#include "township-hub/metrics.h"
#include "township-hub/queue.h"
#include "township-hub/staff.h"
#include "township-hub/watch.h"

#include <stdio.h>
#include <string.h>

bool api_is(const struct http_request *request, const char *method, const char *path)
{
    return strcmp(request->method, method) == 0 && strcmp(request->path, path) == 0;
}

bool api_path(const struct http_request *request, const char *prefix, const char *suffix, char *ret,
              size_t size)
{
    size_t start = strlen(prefix);
    size_t end = strlen(suffix);
    size_t whole = strlen(request->path);
    if (strncmp(request->path, prefix, start) != 0 || whole <= start + end ||
        strcmp(request->path + whole - end, suffix) != 0 || whole - start - end >= size) {
        return false;
    }
    memcpy(ret, request->path + start, whole - start - end);
    ret[whole - start - end] = 0;
    return strchr(ret, '/') == NULL;
}

struct wire_tree *api_body(struct http_exchange *exchange, const struct http_request *request)
{
    struct wire_tree *tree = NULL;
    enum err err = wire_tree_open(request->body, &tree);
    if (err != ERR_NONE) {
        struct reply_problem problem = {400, "not_json", "请求不是 JSON", "the body is not JSON",
                                        NULL};
        reply_problem(exchange, &problem);
        return NULL;
    }
    return tree;
}

void api_bad(struct http_exchange *exchange, const char *field)
{
    struct reply_problem problem = {400, "bad_field", "内容不合要求", "not a possible value",
                                    field};
    reply_problem(exchange, &problem);
}

void api_missing(struct http_exchange *exchange, const char *field)
{
    struct reply_problem problem = {404, "not_found", "找不到", "no such thing here", field};
    reply_problem(exchange, &problem);
}

bool api_accepted(struct http_exchange *exchange, enum err err, const struct fold_verdict *verdict)
{
    if (err != ERR_NONE) {
        log_error("cannot write an event: %s", err_name(err));
        reply_err(exchange, err);
        return false;
    }
    if (verdict->verdict != WIRE_ACCEPTED) {
        reply_refusal(exchange, verdict->refusal);
        return false;
    }
    return true;
}

void api_done(struct http_exchange *exchange)
{
    struct reply reply;
    reply_begin(&reply);
    reply_send(&reply, exchange, 200);
}

/* --- Who is let in --- */

static void auditor_path(const struct api *api, const uint8_t *device, char ret[FILES_PATH_SIZE])
{
    struct buf hex;
    buf_init(&hex, 128);
    text_put_hex(&hex, span_of(device, LIMIT_KEY_SIZE));
    int length =
        snprintf(ret, FILES_PATH_SIZE, "%s/auditors/%s.request", api->folder->path, buf_text(&hex));
    if (length < 0 || length >= FILES_PATH_SIZE) {
        ret[0] = 0;
    }
    buf_done(&hex);
}

bool api_is_auditor(void *context, const uint8_t device[LIMIT_KEY_SIZE])
{
    char path[FILES_PATH_SIZE];
    auditor_path(context, device, path);
    return path[0] != 0 && files_exist(path);
}

static enum err allow_auditor(void *context, const char *path)
{
    struct api *api = context;
    struct wire_enrolment request;
    struct buf file;
    uint8_t device[LIMIT_KEY_SIZE];
    buf_init(&file, WIRE_TRUST_SIZE);
    enum err err = files_read(path, &file);
    if (err == ERR_NONE) {
        err = wire_enrolment_open(buf_span(&file), &request);
    }
    if (err == ERR_NONE && request.kind == WIRE_ENROL_AUDITOR) {
        seal_key_id(SEAL_SUITE_ED25519, request.public_key, device);
        err = daemon_allow(api->daemon, device, request.curve_key);
    } else {
        log_warning("%s is not an auditor's request: %s", path, err_name(err));
        err = ERR_NONE;
    }
    buf_done(&file);
    return err;
}

enum err api_allow_all(struct api *api)
{
    char path[FILES_PATH_SIZE];
    const struct directory *directory = world_directory(hub_fold(api->hub)->world);
    enum err err = ERR_NONE;
    for (size_t i = 0; i < directory_station_count(directory); i++) {
        const struct directory_station *station = directory_station_at(directory, i);
        if (station->revoked_index != 0) {
            daemon_revoke(api->daemon, station->curve_key);
        }
    }
    /* Then those let in: a renewed station may keep its curve key. */
    for (size_t i = 0; i < directory_station_count(directory) && err == ERR_NONE; i++) {
        const struct directory_station *station = directory_station_at(directory, i);
        if (station->revoked_index == 0) {
            err = daemon_allow(api->daemon, station->device, station->curve_key);
        }
    }
    if (err == ERR_NONE) {
        err = device_path(api->folder->path, "auditors", path);
    }
    return err != ERR_NONE ? err : files_each(path, ".request", allow_auditor, api);
}

/* --- Editions --- */

static const struct {
    const char *path;
    enum world_kind kind;
} kinds[] = {
    {"/api/v1/editions/policy", WORLD_POLICY},
    {"/api/v1/editions/catalogue", WORLD_CATALOGUE},
    {"/api/v1/editions/calendar", WORLD_CALENDAR},
    {"/api/v1/editions/departments", WORLD_DEPARTMENTS},
    {"/api/v1/editions/stations", WORLD_STATIONS},
};

static void reply_text_errors(struct http_exchange *exchange, const struct text_errors *errors)
{
    struct reply reply;
    reply_begin(&reply);
    json_text_number(&reply.json, "status", 422);
    json_text_string(&reply.json, "code", "text_errors");
    json_text_string(&reply.json, "zh", "文本有误，未发布");
    json_text_string(&reply.json, "en", "the text has errors; nothing was published");
    json_text_open_list(&reply.json, "errors");
    for (uint32_t i = 0; i < errors->count; i++) {
        json_text_open(&reply.json, NULL);
        json_text_number(&reply.json, "line", errors->list[i].line);
        json_text_string(&reply.json, "message", errors->list[i].message);
        json_text_close(&reply.json);
    }
    json_text_close_list(&reply.json);
    reply_send(&reply, exchange, 422);
}

static bool text_is_whole(struct http_exchange *exchange, struct publish_text *text)
{
    struct text_errors errors;
    text_errors_init(&errors);
    if (text->text.size > LIMIT_BLOB_SIZE) {
        struct reply_problem problem = {413, "too_large", "文本太长", "the text is too long", NULL};
        reply_problem(exchange, &problem);
        return false;
    }
    enum err err = world_check_text(text->kind, text->text, &errors);
    if (err != ERR_NONE) {
        reply_text_errors(exchange, &errors);
        return false;
    }
    text->year = text->kind == WORLD_CALENDAR ? publish_calendar_year(text->text) : 0;
    if (text->kind == WORLD_CALENDAR && text->year == 0) {
        struct reply_problem problem = {422, "not_one_year", "日历每个文件只写一年",
                                        "a calendar text speaks of exactly one year", "year"};
        reply_problem(exchange, &problem);
        return false;
    }
    return true;
}

static void publish_route(struct api *api, struct http_exchange *exchange,
                          struct publish_text *text)
{
    uint8_t staff[LIMIT_ID_SIZE];
    struct fold_verdict verdict = {.verdict = WIRE_ACCEPTED};
    uint64_t edition = 0;
    bool unchanged = false;
    const struct keyring *keyring = desk_authorize(api->desk, exchange, staff);
    if (keyring == NULL || !text_is_whole(exchange, text)) {
        return;
    }
    enum err err = publish_edition(&api->publisher, text, keyring_signer_view(keyring), &verdict,
                                   &edition, &unchanged);
    if (api_accepted(exchange, err, &verdict)) {
        struct reply reply;
        reply_begin(&reply);
        json_text_big(&reply.json, "edition", edition);
        json_text_number(&reply.json, "year", text->year);
        json_text_bool(&reply.json, "unchanged", unchanged);
        reply_send(&reply, exchange, 200);
    }
}

static bool publish_handle(struct api *api, struct http_exchange *exchange,
                           const struct http_request *request)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (api_is(request, "POST", kinds[i].path)) {
            struct publish_text text = {.kind = kinds[i].kind, .text = request->body};
            publish_route(api, exchange, &text);
            return true;
        }
    }
    return false;
}

/* --- Drill --- */

static bool drill_handle(struct api *api, struct http_exchange *exchange,
                         const struct http_request *request)
{
    int64_t offset = 0;
    if (!api->drill || !api_is(request, "POST", "/api/v1/drill/clock")) {
        return false;
    }
    struct wire_tree *body = api_body(exchange, request);
    if (body == NULL) {
        return true;
    }
    bool good = wire_tree_number(wire_tree_get(body, "offset_ms"), &offset);
    wire_tree_close(body);
    if (!good) {
        api_bad(exchange, "offset_ms");
        return true;
    }
    clock_set_offset_ms(offset);
    api->clock_difference_ms = (int64_t)clock_wall_ms() - (int64_t)clock_mono_ms();
    api_done(exchange);
    return true;
}

void api_handle(void *context, struct http_exchange *exchange, const struct http_request *request)
{
    struct api *api = context;
    if (hub_is_lost(api->hub)) {
        reply_err(exchange, ERR_STORE); /* a request before this one in the round lost it */
        return;
    }
    bool done = desk_handle(api->desk, exchange, request) || staff_handle(api, exchange, request) ||
                staff_station_handle(api, exchange, request) ||
                publish_handle(api, exchange, request) || queue_handle(api, exchange, request) ||
                watch_handle(api, exchange, request) || metrics_handle(api, exchange, request) ||
                export_handle(api, exchange, request) || drill_handle(api, exchange, request);
    if (!done) {
        api_missing(exchange, NULL);
    }
}
