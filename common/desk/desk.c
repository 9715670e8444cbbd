#include "desk/inside.h"
#include "wire/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "/api/v1"

enum { LOCK_AFTER_MS = 15 * 60 * 1000 };

enum route_access {
    ROUTE_PUBLIC, /* nothing about anybody's case */
    ROUTE_LOCAL,  /* over the local socket, or unlocked */
    ROUTE_UNLOCKED
};

struct route {
    const char *method;
    const char *path; /* behind the prefix */
    bool has_tail;    /* "/..." may follow */
    enum route_access access;
    void (*handle)(struct desk *desk, struct desk_call *call);
};

static void get_openapi(struct desk *desk, struct desk_call *call)
{
    const struct http_reply reply = {.status = 200,
                                     .content_type = "application/json",
                                     .body = wire_openapi_json(),
                                     .body_lasts = true};
    (void)desk;
    http_exchange_reply(call->exchange, &reply);
}

static const struct route routes[] = {
    {"POST", "/unlock", false, ROUTE_PUBLIC, desk_post_unlock},
    {"POST", "/lock", false, ROUTE_PUBLIC, desk_post_lock},
    {"GET", "/session", false, ROUTE_UNLOCKED, desk_get_session},
    {"GET", "/people", true, ROUTE_LOCAL, desk_get_person},
    {"POST", "/people", true, ROUTE_UNLOCKED, desk_post_person},
    {"POST", "/events", false, ROUTE_UNLOCKED, desk_post_event},
    {"GET", "/records", true, ROUTE_LOCAL, desk_get_record},
    {"POST", "/records", true, ROUTE_UNLOCKED, desk_post_record},
    {"GET", "/forms", true, ROUTE_PUBLIC, desk_get_forms},
    {"POST", "/forms", true, ROUTE_UNLOCKED, desk_get_forms},
    {"GET", "/cases", false, ROUTE_LOCAL, desk_get_cases},
    {"GET", "/views", true, ROUTE_LOCAL, desk_get_views},
    {"POST", "/views", true, ROUTE_UNLOCKED, desk_post_views},
    {"GET", "/kpi", true, ROUTE_LOCAL, desk_get_kpi},
    {"GET", "/findings", true, ROUTE_UNLOCKED, desk_get_findings},
    {"GET", "/regimes", false, ROUTE_UNLOCKED, desk_get_regimes},
    {"GET", "/appraisal", true, ROUTE_UNLOCKED, desk_get_appraisal},
    {"GET", "/catalogue", true, ROUTE_PUBLIC, desk_get_catalogue},
    {"GET", "/policy", false, ROUTE_PUBLIC, desk_get_policy},
    {"GET", "/calendar", false, ROUTE_PUBLIC, desk_get_calendar},
    {"GET", "/refusals", true, ROUTE_PUBLIC, desk_get_refusals},
    {"GET", "/machines", true, ROUTE_PUBLIC, desk_get_machines},
    {"GET", "/openapi.json", false, ROUTE_PUBLIC, get_openapi},
};

enum err desk_new(const struct desk_options *options, struct desk **ret_desk)
{
    struct desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL) {
        return ERR_MEMORY;
    }
    desk->options = *options;
    if (options->lock_after_ms == 0) {
        desk->options.lock_after_ms = LOCK_AFTER_MS;
    }
    int size =
        snprintf(desk->key_directory, sizeof desk->key_directory, "%s", options->key_directory);
    int office = snprintf(desk->office_path, sizeof desk->office_path, "%s",
                          options->office_path == NULL ? "" : options->office_path);
    desk->search = search_new();
    desk->record = malloc(sizeof *desk->record);
    desk->other = malloc(sizeof *desk->other);
    if (size < 0 || (size_t)size >= sizeof desk->key_directory || office < 0 ||
        (size_t)office >= sizeof desk->office_path || desk->search == NULL ||
        desk->record == NULL || desk->other == NULL) {
        desk_free(desk);
        return ERR_MEMORY;
    }
    memcpy(desk->device, options->device, sizeof desk->device);
    memcpy(desk->device_secret, options->device_secret, sizeof desk->device_secret);
    desk->options.device = desk->device;
    desk->options.device_secret = desk->device_secret;
    desk->options.key_directory = desk->key_directory;
    desk->options.office_path = desk->office_path;
    *ret_desk = desk;
    return ERR_NONE;
}

void desk_free(struct desk *desk)
{
    if (desk == NULL) {
        return;
    }
    for (size_t i = 0; i < DESK_SESSION_COUNT; i++) {
        desk_session_end(desk, &desk->sessions[i]);
    }
    search_free(desk->search);
    free(desk->record);
    free(desk->other);
    explicit_bzero(desk, sizeof *desk);
    free(desk);
}

/* The rest of the path behind the route's; NULL: another route. */
static const char *route_tail(const struct route *route, const char *path)
{
    size_t size = strlen(route->path);
    if (strncmp(path, route->path, size) != 0) {
        return NULL;
    }
    if (path[size] == 0) {
        return path + size;
    }
    return route->has_tail && path[size] == '/' && path[size + 1] != 0 ? path + size + 1 : NULL;
}

static void refuse_locked(struct http_exchange *exchange)
{
    static const struct reply_problem problem = {
        401, "locked", "还没有解锁，或已自动上锁。请用本人的口令解锁。",
        "Nobody is unlocked, or the lock closed by itself. Unlock with your own password.", NULL};
    reply_problem(exchange, &problem);
}

static void call_route(struct desk *desk, const struct route *route, struct desk_call *call)
{
    bool local = call->request->peer_uid >= 0;
    bool open = route->access == ROUTE_PUBLIC || (route->access == ROUTE_LOCAL && local);
    call->session = desk_session_of(desk, call->exchange);
    call->now_ms = desk->options.port.wall_ms(desk->options.port.context);
    if (!open && call->session == NULL) {
        refuse_locked(call->exchange);
    } else {
        route->handle(desk, call);
    }
}

bool desk_handle(struct desk *desk, struct http_exchange *exchange,
                 const struct http_request *request)
{
    static const struct reply_problem wrong_method = {405, "wrong_method",
                                                      "这个地址不接受这种请求。",
                                                      "This path does not take this method.", NULL};
    struct desk_call call = {.exchange = exchange, .request = request};
    bool known = false;
    if (strncmp(request->path, PREFIX, strlen(PREFIX)) != 0) {
        return false;
    }
    const char *path = request->path + strlen(PREFIX);
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        call.tail = route_tail(&routes[i], path);
        if (call.tail != NULL && strcmp(routes[i].method, request->method) == 0) {
            call_route(desk, &routes[i], &call);
            return true;
        }
        known = known || call.tail != NULL;
    }
    if (known) {
        reply_problem(exchange, &wrong_method);
    }
    return known;
}

const struct keyring *desk_authorize(struct desk *desk, struct http_exchange *exchange,
                                     uint8_t ret_staff[LIMIT_ID_SIZE])
{
    struct desk_session *session = desk_session_of(desk, exchange);
    if (session == NULL) {
        refuse_locked(exchange);
        return NULL;
    }
    memcpy(ret_staff, session->staff, LIMIT_ID_SIZE);
    return session->keyring;
}

void desk_tick(struct desk *desk)
{
    desk_sessions_tick(desk);
    desk_search_tick(desk);
}
