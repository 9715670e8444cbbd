#include "township-hub/metrics.h"

#include "node/clock.h"
#include "rules/civil.h"
#include "township-hub/watch.h"

#include <stdio.h>
#include <string.h>

enum { METRICS_SIZE = 4 * 1024 * 1024 };

typedef unsigned long long number;

static void put_help(struct buf *text, const char *name, const char *type, const char *help)
{
    buf_put_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void put_one(struct buf *text, const char *name, const char *type, const char *help,
                    uint64_t value)
{
    put_help(text, name, type, help);
    buf_put_format(text, "%s %llu\n", name, (number)value);
}

/* --- Stations --- */

enum station_figure { FIGURE_BACKLOG, FIGURE_OLDEST, FIGURE_LAST, FIGURE_OFFSET, FIGURE_SILENT };

struct station_walk {
    struct buf *text;
    const char *name;
    enum station_figure figure;
};

static void put_station(void *context, const struct watch_station *one)
{
    struct station_walk *walk = context;
    const struct daemon_contact *contact = &one->contact;
    uint64_t now = clock_wall_ms();
    bool heard = one->heard && contact->last_ms != 0;
    if (!heard && walk->figure != FIGURE_SILENT) {
        return;
    }
    buf_put_format(walk->text, "%s{station=\"%s\"} ", walk->name, one->station.code);
    switch (walk->figure) {
    case FIGURE_BACKLOG:
        buf_put_format(walk->text, "%llu\n", (number)contact->backlog);
        return;
    case FIGURE_OLDEST: {
        uint64_t since = contact->oldest_ms;
        uint64_t age = since == 0 || since > now ? 0 : now - since;
        buf_put_format(walk->text, "%llu\n", (number)(age / 1000));
        return;
    }
    case FIGURE_LAST:
        buf_put_format(walk->text, "%llu\n", (number)(contact->last_ms / 1000));
        return;
    case FIGURE_OFFSET: {
        int64_t offset = contact->clock_offset_ms;
        uint64_t size = offset < 0 ? (uint64_t)0 - (uint64_t)offset : (uint64_t)offset;
        buf_put_format(walk->text, "%s%llu.%03u\n", offset < 0 ? "-" : "", (number)(size / 1000),
                       (unsigned)(size % 1000));
        return;
    }
    case FIGURE_SILENT:
        buf_put_format(walk->text, "%d\n", one->silent ? 1 : 0);
        return;
    }
}

static void put_stations(struct api *api, struct buf *text)
{
    static const struct {
        const char *name;
        const char *help;
        enum station_figure figure;
    } rows[] = {
        {"jieli_outbox_records", "Events a station had not sent at its last greeting.",
         FIGURE_BACKLOG},
        {"jieli_outbox_oldest_age_seconds", "Age of the oldest of them.", FIGURE_OLDEST},
        {"jieli_last_sync_timestamp_seconds", "Last frame of a station.", FIGURE_LAST},
        {"jieli_clock_offset_seconds", "Clock of a station less ours.", FIGURE_OFFSET},
        {"jieli_station_silent", "1: nothing heard of a station for too long.", FIGURE_SILENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct station_walk walk = {text, rows[i].name, rows[i].figure};
        put_help(text, rows[i].name, "gauge", rows[i].help);
        watch_each(api, &walk, put_station);
    }
}

/* --- Cases --- */

static bool count_record(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    uint64_t *count = context;
    (void)id;
    (void)due_day;
    (*count)++;
    return true;
}

struct overdue {
    uint32_t today;
    uint64_t count;
};

static bool count_overdue(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    struct overdue *overdue = context;
    (void)id;
    if (due_day == 0 || due_day >= overdue->today) {
        return false;
    }
    overdue->count++;
    return true;
}

static void put_cases(struct api *api, struct buf *text)
{
    const struct fold *fold = hub_fold(api->hub);
    const struct rule_machine *machine = rule_machine(MACHINE_CASE);
    struct overdue overdue = {(uint32_t)civil_day_of_ms(clock_wall_ms()), 0};
    struct kv_txn txn;
    kv_begin(api->kv, false, &txn);
    put_help(text, "jieli_cases", "gauge", "Cases in each state.");
    for (const struct rule_name *state = machine->states; state->name != NULL; state++) {
        uint64_t count = 0;
        fold_list_state(fold, &txn, MACHINE_CASE, state->number, NULL, count_record, &count);
        buf_put_format(text, "jieli_cases{state=\"%s\"} %llu\n", state->name, (number)count);
    }
    fold_list_due(fold, &txn, 0, count_overdue, &overdue);
    kv_abort(&txn);
    put_one(text, "jieli_deadline_overdue_cases", "gauge", "Open cases past their due day.",
            overdue.count);
}

/* --- Log, store, sync --- */

static void put_store(struct api *api, struct buf *text)
{
    struct kv_stat stat;
    if (kv_stat(api->kv, &stat) == ERR_NONE) {
        put_one(text, "jieli_lmdb_used_bytes", "gauge", "Pages in use.", stat.used_size);
        put_one(text, "jieli_lmdb_map_bytes", "gauge", "Size of the map.", stat.map_size);
    }
    put_one(text, "jieli_log_leaves", "gauge", "Leaves of the log.", hub_size(api->hub));
    put_one(text, "jieli_log_epoch", "gauge", "Life of the log.", hub_epoch(api->hub));
    put_one(text, "jieli_evidence_records", "gauge", "Forks and other evidence kept.",
            hub_evidence_count(api->hub));
}

static void put_sync(struct api *api, struct buf *text)
{
    struct daemon_counts counts;
    daemon_counts(api->daemon, &counts);
    put_one(text, "jieli_pushes_total", "counter", "Pushes taken.", counts.pushes);
    put_one(text, "jieli_events_total", "counter", "Events logged for stations.", counts.events);
    put_one(text, "jieli_commits_total", "counter", "Group commits.", counts.groups);
    put_help(text, "jieli_verify_failures_total", "counter", "Frames that were not taken.");
    buf_put_format(text, "jieli_verify_failures_total{reason=\"nack\"} %llu\n",
                   (number)counts.nacks);
    buf_put_format(text, "jieli_verify_failures_total{reason=\"malformed\"} %llu\n",
                   (number)counts.malformed);
    put_one(text, "jieli_store_errors_total", "counter", "Commits that failed.",
            counts.store_errors);
    put_one(text, "jieli_clock_steps_total", "counter", "Steps of our clock by more than 2 s.",
            api->clock_steps);
}

bool metrics_handle(struct api *api, struct http_exchange *exchange,
                    const struct http_request *request)
{
    struct buf text;
    if (!api_is(request, "GET", "/metrics")) {
        return false;
    }
    buf_init(&text, METRICS_SIZE);
    put_help(&text, "jieli_build_info", "gauge", "The program.");
    buf_put_format(&text, "jieli_build_info{program=\"township-hub\",version=\"%s\"} 1\n",
                   JIELI_VERSION);
    put_store(api, &text);
    put_sync(api, &text);
    put_cases(api, &text);
    put_stations(api, &text);
    if (text.err == ERR_NONE) {
        struct http_reply reply = {.status = 200,
                                   .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                   .body = buf_span(&text)};
        http_exchange_reply(exchange, &reply);
    } else {
        reply_err(exchange, text.err);
    }
    buf_done(&text);
    return true;
}

int metrics_command(struct cli *cli, int argc, char **argv)
{
    static const struct argp no_argp = {0};
    struct http_answer answer;
    int code = 0;
    if (!cli_parse(cli, &no_argp, argc, argv, NULL, &code)) {
        return code;
    }
    code = cli_call(cli, "GET", "/metrics", span_of(NULL, 0), &answer);
    if (code == 0) {
        (void)fwrite(answer.body.data, 1, answer.body.size, stdout);
    }
    buf_done(&answer.body);
    return code;
}
