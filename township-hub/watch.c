#include "township-hub/watch.h"

#include "base/text.h"
#include "node/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CONTACT_COUNT = LIMIT_PEER_COUNT * 2 };

/* The newest contact of a device. */
static bool find_contact(const struct daemon_contact *contacts, size_t count, const uint8_t *device,
                         struct daemon_contact *ret)
{
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        if (memcmp(contacts[i].device, device, LIMIT_KEY_SIZE) == 0 &&
            (!found || contacts[i].last_ms >= ret->last_ms)) {
            *ret = contacts[i];
            found = true;
        }
    }
    return found;
}

/* 0: there is no policy yet, nobody is silent. */
static uint64_t silence_ms(const struct api *api)
{
    enum { HOUR_MS = 60 * 60 * 1000 };
    struct rule_world rules;
    const struct world *world = hub_fold(api->hub)->world;
    bool known = world_view(world, world_common_seq(world), 0, 0, &rules);
    return known ? (uint64_t)policy_get_count(rules.policy, POLICY_WATCH_SILENCE) * HOUR_MS : 0;
}

/* Counted from the daemon's start when there was not a word yet. */
static bool is_silent(const struct api *api, const struct watch_station *station, uint64_t limit_ms)
{
    uint64_t now = clock_wall_ms();
    uint64_t last = station->heard ? station->contact.last_ms : 0;
    last = last == 0 ? api->started_ms : last;
    return limit_ms != 0 && now > last && now - last > limit_ms;
}

void watch_each(struct api *api, void *context,
                void (*visit)(void *context, const struct watch_station *station))
{
    const struct fold *fold = hub_fold(api->hub);
    const struct directory *directory = world_directory(fold->world);
    struct daemon_contact *contacts = calloc(CONTACT_COUNT, sizeof *contacts);
    struct watch_station one;
    struct kv_txn txn;
    if (contacts == NULL) {
        return;
    }
    uint64_t limit_ms = silence_ms(api);
    size_t count = daemon_contacts(api->daemon, contacts, CONTACT_COUNT);
    count = count > CONTACT_COUNT ? CONTACT_COUNT : count;
    kv_begin(api->kv, false, &txn);
    for (size_t i = 0; i < directory_station_count(directory); i++) {
        memset(&one, 0, sizeof one);
        one.station = *directory_station_at(directory, i);
        if (one.station.revoked_index != 0) {
            continue;
        }
        (void)log_head_get(&fold->log, &txn, one.station.device, &one.head);
        one.heard = find_contact(contacts, count, one.station.device, &one.contact);
        one.silent = is_silent(api, &one, limit_ms);
        visit(context, &one);
    }
    kv_abort(&txn);
    free(contacts);
}

static void put_station(void *context, const struct watch_station *one)
{
    struct json_text *json = context;
    json_text_open(json, NULL);
    json_text_string(json, "code", one->station.code);
    json_text_hex(json, "device", span_of(one->station.device, LIMIT_KEY_SIZE));
    json_text_big(json, "incarnation", one->head.incarnation);
    json_text_big(json, "seq", one->head.seq);
    json_text_bool(json, "frozen", one->head.frozen);
    json_text_bool(json, "connected", one->heard && one->contact.connected);
    json_text_bool(json, "silent", one->silent);
    if (one->heard && one->contact.last_ms != 0) {
        json_text_ms(json, "last", one->contact.last_ms);
        json_text_big(json, "backlog", one->contact.backlog);
        json_text_number(json, "clockOffsetMs", one->contact.clock_offset_ms);
        json_text_string(json, "software", one->contact.software);
    }
    if (one->heard && one->contact.oldest_ms != 0) {
        json_text_ms(json, "oldest", one->contact.oldest_ms);
    }
    json_text_close(json);
}

static void reply_stations(struct api *api, struct http_exchange *exchange)
{
    struct reply reply;
    reply_begin(&reply);
    json_text_open_list(&reply.json, "stations");
    watch_each(api, &reply.json, put_station);
    json_text_close_list(&reply.json);
    reply_send(&reply, exchange, 200);
}

static void put_counts(struct api *api, struct json_text *json)
{
    struct daemon_counts counts;
    daemon_counts(api->daemon, &counts);
    json_text_big(json, "pushes", counts.pushes);
    json_text_big(json, "events", counts.events);
    json_text_big(json, "groups", counts.groups);
    json_text_big(json, "nacks", counts.nacks);
    json_text_big(json, "malformed", counts.malformed);
    json_text_big(json, "storeErrors", counts.store_errors);
    json_text_big(json, "evidence", hub_evidence_count(api->hub));
    json_text_big(json, "clockSteps", api->clock_steps);
}

static void reply_status(struct api *api, struct http_exchange *exchange)
{
    static const char *const names[] = {"", "policy",      "catalogue", "calendar",
                                        "", "departments", "stations"};
    const struct fold *fold = hub_fold(api->hub);
    uint8_t hash[LIMIT_HASH_SIZE];
    struct reply reply;
    reply_begin(&reply);
    struct json_text *json = &reply.json;
    json_text_string(json, "code", api->folder->code);
    json_text_string(json, "origin", api->folder->origin_prefix);
    json_text_big(json, "epoch", hub_epoch(api->hub));
    json_text_big(json, "size", hub_size(api->hub));
    json_text_big(json, "common", fold->log.common_seq);
    json_text_ms(json, "lastLeaf", fold->log.last_ms);
    json_text_string(json, "endpoint", daemon_endpoint_view(api->daemon));
    json_text_string(json, "bellEndpoint", daemon_bell_endpoint_view(api->daemon));
    json_text_ms(json, "started", api->started_ms);
    json_text_ms(json, "now", clock_wall_ms());
    json_text_open(json, "editions");
    for (int kind = WORLD_POLICY; kind <= WORLD_STATIONS; kind++) {
        if (names[kind][0] != 0) {
            json_text_big(json, names[kind],
                          world_edition(fold->world, (enum world_kind)kind, 0, hash));
        }
    }
    json_text_close(json);
    json_text_span(json, "checkpoint", hub_checkpoint_view(api->hub));
    put_counts(api, json);
    reply_send(&reply, exchange, 200);
}

bool watch_handle(struct api *api, struct http_exchange *exchange,
                  const struct http_request *request)
{
    if (api_is(request, "GET", "/api/v1/stations")) {
        reply_stations(api, exchange);
        return true;
    }
    if (api_is(request, "GET", "/api/v1/status")) {
        reply_status(api, exchange);
        return true;
    }
    return false;
}

/* --- Commands --- */

static const struct argp no_argp = {0};

static void show_stations(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {
        {"站点", "station", "code"},
        {"最近联系", "last contact", "last"},
        {"在线", "connected", "connected"},
        {"失联", "silent", "silent"},
        {"未报", "backlog", "backlog"},
        {"最早未报", "oldest unsent", "oldest"},
        {"时差毫秒", "clock ms", "clockOffsetMs"},
        {"软件", "software", "software"},
        {"世代", "life", "incarnation"},
        {"序号", "seq", "seq"},
    };
    cli_table(cli, wire_tree_get(answer, "stations"), columns, sizeof columns / sizeof *columns);
}

int watch_command(struct cli *cli, int argc, char **argv)
{
    int code = 0;
    if (!cli_parse(cli, &no_argp, argc, argv, NULL, &code)) {
        return code;
    }
    return cli_call_show(cli, "GET", "/api/v1/stations", span_of(NULL, 0), show_stations);
}

static void show_status(struct cli *cli, const struct wire_tree *answer)
{
    static const struct cli_column columns[] = {
        {"区划", "code", "code"},
        {"日志", "log", "origin"},
        {"纪元", "epoch", "epoch"},
        {"叶数", "leaves", "size"},
        {"最近一叶", "last leaf", "lastLeaf"},
        {"公共序号", "common feed", "common"},
        {"地址", "endpoint", "endpoint"},
        {"门铃", "doorbell", "bellEndpoint"},
        {"启动", "started", "started"},
        {"本机时间", "now", "now"},
        {"参数版本", "policy edition", "editions.policy"},
        {"事项版本", "catalogue edition", "editions.catalogue"},
        {"日历版本", "calendar edition", "editions.calendar"},
        {"去向版本", "departments edition", "editions.departments"},
        {"上报批次", "pushes", "pushes"},
        {"上报事件", "events", "events"},
        {"拒收批次", "nacks", "nacks"},
        {"坏帧", "malformed", "malformed"},
        {"存储错误", "store errors", "storeErrors"},
        {"存证", "evidence", "evidence"},
        {"时钟跳变", "clock steps", "clockSteps"},
    };
    cli_sheet(cli, answer, columns, sizeof columns / sizeof *columns);
}

int watch_status_command(struct cli *cli, int argc, char **argv)
{
    int code = 0;
    if (!cli_parse(cli, &no_argp, argc, argv, NULL, &code)) {
        return code;
    }
    return cli_call_show(cli, "GET", "/api/v1/status", span_of(NULL, 0), show_status);
}
