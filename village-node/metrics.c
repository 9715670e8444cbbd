#include "base/text.h"
#include "node/clock.h"
#include "node/files.h"
#include "village-node/program.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Prometheus text, version 0.0.4. Counts only: nothing of any person. */

enum { METRICS_SIZE = 64 * 1024 };

static void head(struct buf *text, const char *name, const char *type, const char *help)
{
    buf_put_format(text, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void gauge(struct buf *text, const char *name, const char *help, int64_t value)
{
    head(text, name, "gauge", help);
    buf_put_format(text, "%s %" PRId64 "\n", name, value);
}

static void gauge_ms(struct buf *text, const char *name, const char *help, int64_t ms)
{
    int64_t size = ms < 0 ? -ms : ms;
    head(text, name, "gauge", help);
    buf_put_format(text, "%s %s%" PRId64 ".%03" PRId64 "\n", name, ms < 0 ? "-" : "", size / 1000,
                   size % 1000);
}

static void put_sync(struct daemon *daemon, struct buf *text)
{
    struct station_status status;
    int64_t age = 0;
    station_status(daemon->station, &status);
    if (status.oldest_unsent_ms != 0 && clock_wall_ms() > status.oldest_unsent_ms) {
        age = (int64_t)(clock_wall_ms() - status.oldest_unsent_ms);
    }
    gauge(text, "jieli_connected", "1 when linked with the hub.", daemon->connected ? 1 : 0);
    gauge(text, "jieli_outbox_records", "Kept events without the hub's answer.",
          (int64_t)(status.newest - status.answered));
    gauge_ms(text, "jieli_outbox_oldest_age_seconds", "Age of the oldest of them.", age);
    gauge(text, "jieli_outbox_sealed_parts", "Sealed parts still to be handed over.",
          (int64_t)status.outbox);
    gauge(text, "jieli_returned_events", "Events returned to their authors and not dealt with.",
          (int64_t)status.returned);
    gauge_ms(text, "jieli_last_sync_timestamp_seconds", "Last verified frame of the hub.",
             (int64_t)status.last_contact_ms);
    gauge_ms(text, "jieli_clock_offset_seconds", "The hub's clock minus ours at the last contact.",
             status.clock_offset_ms);
    gauge(text, "jieli_clock_quality", "1 good, 2 entered by a person, 3 not plausible.",
          daemon->clock_quality);
    gauge(text, "jieli_disk_full", "1 when the last write found no room.", daemon->full ? 1 : 0);
    head(text, "jieli_alarms", "gauge", "1 while the alarm stands.");
    buf_put_format(text, "jieli_alarms{alarm=\"hub_went_back\"} %d\n", status.hub_went_back);
    buf_put_format(text, "jieli_alarms{alarm=\"split\"} %d\n", status.split);
    buf_put_format(text, "jieli_alarms{alarm=\"stuck\"} %d\n", status.stuck);
    buf_put_format(text, "jieli_alarms{alarm=\"refused\"} %d\n", status.refusal != SYNC_NACK_NONE);
}

static bool count_one(void *context, const uint8_t id[LIMIT_ID_SIZE], uint32_t due_day)
{
    int64_t *count = context;
    (void)id;
    (void)due_day;
    (*count)++;
    return true;
}

/* Open cases, whose limit runs, beyond their day. */
static int64_t count_overdue(struct daemon *daemon, const struct view_list *open, struct view *view)
{
    int64_t count = 0;
    for (size_t i = 0; i < open->count; i++) {
        struct kv_txn txn;
        kv_begin(daemon->kv, false, &txn);
        bool found = view_read(daemon, &txn, open->id[i], view);
        kv_abort(&txn);
        count += found && view->is_timed && view->urgency.state == DEADLINE_OVERDUE ? 1 : 0;
    }
    return count;
}

static void put_cases(struct daemon *daemon, struct buf *text)
{
    const struct rule_machine *machine = rule_machine(MACHINE_CASE);
    struct view *view = calloc(1, sizeof *view);
    struct view_list *open = calloc(1, sizeof *open);
    struct kv_txn txn;
    if (view == NULL || open == NULL) {
        free(view);
        free(open);
        text->err = ERR_MEMORY;
        return;
    }
    head(text, "jieli_cases", "gauge", "Cases in each state.");
    kv_begin(daemon->kv, false, &txn);
    for (const struct rule_name *state = machine->states; state->name != NULL; state++) {
        int64_t count = 0;
        fold_list_state(station_fold(daemon->station), &txn, MACHINE_CASE, state->number, NULL,
                        count_one, &count);
        buf_put_format(text, "jieli_cases{state=\"%s\"} %" PRId64 "\n", state->name, count);
    }
    fold_list_due(station_fold(daemon->station), &txn, 0, view_list_add, open);
    kv_abort(&txn);
    gauge(text, "jieli_deadline_overdue_cases", "Open cases after their due day.",
          count_overdue(daemon, open, view));
    free(view);
    free(open);
}

static int64_t last_backup_ms(const struct daemon *daemon)
{
    char path[FILES_PATH_SIZE];
    struct buf file;
    uint64_t ms = 0;
    buf_init(&file, BACKUP_LATEST_SIZE);
    if (device_path(daemon->folder.directory, "backups/latest", path) == ERR_NONE &&
        files_read(path, &file) == ERR_NONE &&
        text_get_number(buf_span(&file), INT64_MAX, &ms) != ERR_NONE) {
        ms = 0;
    }
    buf_done(&file);
    return (int64_t)ms;
}

void metrics_get(struct daemon *daemon, struct http_exchange *exchange)
{
    struct buf text;
    struct kv_stat stat;
    buf_init(&text, METRICS_SIZE);
    head(&text, "jieli_build_info", "gauge", "Which build this is.");
    buf_put_text(&text,
                 "jieli_build_info{program=\"village-node\",version=\"" JIELI_VERSION "\"} 1\n");
    put_sync(daemon, &text);
    put_cases(daemon, &text);
    if (kv_stat(daemon->kv, &stat) == ERR_NONE) {
        gauge(&text, "jieli_lmdb_used_bytes", "Pages of the store in use.",
              (int64_t)stat.used_size);
        gauge(&text, "jieli_lmdb_map_bytes", "Size the store may grow to.", (int64_t)stat.map_size);
    }
    gauge_ms(&text, "jieli_backup_last_success_timestamp_seconds", "Newest backup made here.",
             last_backup_ms(daemon));
    if (text.err == ERR_NONE) {
        const struct http_reply reply = {.status = 200,
                                         .content_type = "text/plain; version=0.0.4; charset=utf-8",
                                         .body = buf_span(&text)};
        http_exchange_reply(exchange, &reply);
    } else {
        reply_err(exchange, text.err);
    }
    buf_done(&text);
}
