#include "base/text.h"
#include "district-auditor/program.h"
#include "rules/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* report: what the events alone say about each station, by the same facts the hub has. Nothing a
 * station or hub claims about itself is used. */

enum { STATIONS_MAX = 512, STATES_MAX = 32 };

struct tally {
    uint8_t station[LIMIT_KEY_SIZE]; /* zeros: the hub's own */
    uint64_t cases;
    uint64_t by_state[STATES_MAX];
    uint64_t due_done;      /* decided cases that had a due day */
    uint64_t on_time;       /* of these, decided on or before it */
    uint64_t overdue_open;  /* open and past the due day */
    uint64_t provisional;   /* due day counted over a year without calendar */
    uint64_t second_notice; /* more than one deficiency notice */
    uint64_t extended;
    uint64_t withdrawn;
    uint64_t corrected;
    uint64_t clock_marked;
};

struct report {
    const struct options *options;
    struct fold *fold;
    struct kv_txn *txn;
    int32_t today; /* as-of day */
    size_t count;
    struct tally tally[STATIONS_MAX];
    struct record *record;
    enum err err;
};

static struct tally *tally_of(struct report *report, const uint8_t *station)
{
    for (size_t i = 0; i < report->count; i++) {
        if (memcmp(report->tally[i].station, station, LIMIT_KEY_SIZE) == 0) {
            return &report->tally[i];
        }
    }
    if (report->count == STATIONS_MAX) {
        return NULL;
    }
    struct tally *tally = &report->tally[report->count++];
    memcpy(tally->station, station, LIMIT_KEY_SIZE);
    return tally;
}

static void count_deadline(const struct report *report, const struct record *record,
                           struct tally *tally)
{
    uint64_t due = values_number(&record->facts, FIELD_due_day, 0);
    uint64_t finished_ms = values_number(&record->facts, FIELD_finished_ms, 0);
    if (due == 0 || strcmp(rule_state_name(MACHINE_CASE, record->state), "withdrawn") == 0) {
        return;
    }
    if (finished_ms != 0) {
        tally->due_done++;
        tally->on_time += (uint64_t)civil_day_of_ms(finished_ms) <= due ? 1 : 0;
    } else {
        const struct rule_machine *machine = rule_machine(MACHINE_CASE);
        bool final = (machine->final_states >> record->state & 1) != 0;
        tally->overdue_open += !final && (uint64_t)report->today > due ? 1 : 0;
    }
    tally->provisional += values_number(&record->facts, FIELD_due_provisional, 0);
}

static void count_case(struct report *report, const struct record *record)
{
    struct tally *tally = tally_of(report, record->station);
    if (tally == NULL || record->state >= STATES_MAX) {
        report->err = ERR_LIMIT;
        return;
    }
    const struct values *facts = &record->facts;
    tally->cases++;
    tally->by_state[record->state]++;
    count_deadline(report, record, tally);
    tally->second_notice += values_number(facts, FIELD_deficiency_count, 0) > 1 ? 1 : 0;
    tally->extended += values_has(facts, FIELD_extension_count) ? 1 : 0;
    tally->corrected += values_has(facts, FIELD_corrected_count) ? 1 : 0;
    tally->clock_marked += values_has(facts, FIELD_clock_marked) ? 1 : 0;
    bool withdrawn = strcmp(rule_state_name(MACHINE_CASE, record->state), "withdrawn") == 0;
    tally->withdrawn += withdrawn ? 1 : 0;
}

static bool visit_record(void *context, struct span key, struct span value)
{
    struct report *report = context;
    if (!fold_record_read(report->fold, report->txn, key, value, report->record)) {
        return false;
    }
    if (report->record->machine == MACHINE_CASE) {
        count_case(report, report->record);
    }
    return report->err == ERR_NONE;
}

static void station_name(const struct report *report, const uint8_t *device, struct buf *ret)
{
    const struct directory_station *station =
        directory_station(world_directory(report->fold->world), device);
    buf_clear(ret);
    if (station != NULL) {
        buf_put_text(ret, station->code);
    } else {
        buf_put_text(ret, "-");
    }
}

static void print_json(const struct report *report, const char *hub)
{
    struct buf name;
    buf_init(&name, 64);
    for (size_t i = 0; i < report->count; i++) {
        const struct tally *tally = &report->tally[i];
        station_name(report, tally->station, &name);
        (void)printf("{\"hub\":\"%s\",\"station\":\"%s\",\"cases\":%llu,\"due\":%llu,"
                     "\"onTime\":%llu,\"overdue\":%llu,\"provisional\":%llu,\"secondNotice\":%llu,"
                     "\"extended\":%llu,\"withdrawn\":%llu,\"corrected\":%llu,"
                     "\"clockMarked\":%llu,\"states\":{",
                     hub, buf_text(&name), (unsigned long long)tally->cases,
                     (unsigned long long)tally->due_done, (unsigned long long)tally->on_time,
                     (unsigned long long)tally->overdue_open,
                     (unsigned long long)tally->provisional,
                     (unsigned long long)tally->second_notice, (unsigned long long)tally->extended,
                     (unsigned long long)tally->withdrawn, (unsigned long long)tally->corrected,
                     (unsigned long long)tally->clock_marked);
        const char *comma = "";
        for (unsigned state = 0; state < STATES_MAX; state++) {
            if (tally->by_state[state] > 0) {
                (void)printf("%s\"%s\":%llu", comma, rule_state_name(MACHINE_CASE, (uint16_t)state),
                             (unsigned long long)tally->by_state[state]);
                comma = ",";
            }
        }
        (void)printf("}}\n");
    }
    buf_done(&name);
}

static void print_table(const struct report *report, const char *hub)
{
    char day[CIVIL_DAY_SIZE];
    struct buf name;
    bool english = report->options->english;
    civil_day_format(report->today, day);
    buf_init(&name, 64);
    (void)printf(english ? "%s, as of %s, recomputed from the events alone\n"
                         : "%s 截至 %s，仅凭事件重算\n",
                 hub, day);
    for (size_t i = 0; i < report->count; i++) {
        const struct tally *tally = &report->tally[i];
        station_name(report, tally->station, &name);
        (void)printf(english ? "  %-14s cases %llu  on time %llu/%llu  overdue %llu  extended %llu"
                               "  withdrawn %llu  corrected %llu  second notice %llu\n"
                             : "  %-14s 办件 %llu  按期 %llu/%llu  逾期未办 %llu  延期 %llu"
                               "  撤回 %llu  更正 %llu  二次补正 %llu\n",
                     buf_text(&name), (unsigned long long)tally->cases,
                     (unsigned long long)tally->on_time, (unsigned long long)tally->due_done,
                     (unsigned long long)tally->overdue_open, (unsigned long long)tally->extended,
                     (unsigned long long)tally->withdrawn, (unsigned long long)tally->corrected,
                     (unsigned long long)tally->second_notice);
        for (unsigned state = 0; state < STATES_MAX; state++) {
            if (tally->by_state[state] > 0) {
                (void)printf("      %s %llu\n",
                             english ? rule_state_name(MACHINE_CASE, (uint16_t)state)
                                     : rule_state_zh(MACHINE_CASE, (uint16_t)state),
                             (unsigned long long)tally->by_state[state]);
            }
        }
    }
    buf_done(&name);
}

/* What nobody can ask again, and of how many events. */
static void print_unseen(const struct options *options, const char *hub,
                         const struct auditor_status *status)
{
    static const struct {
        const char *zh;
        const char *en;
    } names[UNSEEN_COUNT] = {
        [UNSEEN_IDENTITY] = {"身份证号与重复办件", "ID numbers and duplicate cases"},
        [UNSEEN_MATTER] = {"事由文字", "the matter's text"},
        [UNSEEN_ATTACHMENT] = {"附件", "attachments"},
        [UNSEEN_CLOCK] = {"录入日期与本机时钟", "dates entered, against the writer's clock"},
    };
    if (options->json) {
        (void)printf("{\"hub\":\"%s\",\"notRecomputable\":{", hub);
    } else {
        (void)printf(options->english ? "  cannot be recomputed (events):" : "  无法重算（条）：");
    }
    for (int i = 0; i < UNSEEN_COUNT; i++) {
        const char *name = options->json      ? auditor_unseen_name((enum auditor_unseen)i)
                           : options->english ? names[i].en
                                              : names[i].zh;
        (void)printf(options->json ? "%s\"%s\":%llu" : "%s %s %llu",
                     i == 0          ? ""
                     : options->json ? ","
                                     : ";",
                     name, (unsigned long long)status->unseen[i]);
    }
    (void)printf(options->json ? "}}\n" : "\n");
}

static enum err report_hub(struct report *report, struct kv *kv, const struct hub_file *hub,
                           struct auditor *auditor)
{
    struct kv_txn txn;
    struct auditor_status status;
    auditor_status(auditor, &status);
    report->fold = auditor_fold(auditor);
    report->count = 0;
    memset(report->tally, 0, sizeof report->tally);
    report->today = civil_day_of_ms(status.last_ms);
    if (report->options->as_of != NULL &&
        civil_day_parse(span_text(report->options->as_of), &report->today) != ERR_NONE) {
        return ERR_MALFORMED;
    }
    report->txn = &txn;
    kv_begin(kv, false, &txn);
    kv_scan(&txn, KV_RECORD, span_of(&hub->slot, 1), span_of(NULL, 0), visit_record, report);
    enum err err = txn.err != ERR_NONE ? txn.err : report->err;
    kv_abort(&txn);
    if (err == ERR_NONE) {
        (report->options->json ? print_json : print_table)(report, hub->name);
        print_unseen(report->options, hub->name, &status);
    }
    return err;
}

int print_verified(const struct options *options, const char *name, struct auditor *auditor)
{
    struct auditor_status status;
    struct buf root;
    uint64_t findings = 0;
    auditor_status(auditor, &status);
    for (int i = 1; i < FINDING_COUNT; i++) {
        findings += status.findings[i];
    }
    uint64_t gaps = status.findings[FINDING_CHAIN] + status.findings[FINDING_FEED];
    buf_init(&root, 128);
    text_put_hex(&root, span_of(status.root, sizeof status.root));
    if (options->json) {
        (void)printf("{\"hub\":\"%s\",\"verified\":%llu,\"accepted\":%llu,\"refused\":%llu,"
                     "\"quarantined\":%llu,\"void\":%llu,\"gaps\":%llu,\"findings\":%llu,"
                     "\"size\":%llu,\"root\":\"%s\"}\n",
                     name, (unsigned long long)status.replayed, (unsigned long long)status.accepted,
                     (unsigned long long)status.refused, (unsigned long long)status.quarantined,
                     (unsigned long long)status.void_count, (unsigned long long)gaps,
                     (unsigned long long)findings, (unsigned long long)status.checkpoint_size,
                     buf_text(&root));
    } else {
        (void)printf(options->english ? "%s: verified %llu events, %llu gaps, %llu findings "
                                        "(accepted %llu, refused %llu, set aside %llu, void %llu)\n"
                                      : "%s：已核验 %llu 条，缺口 %llu，发现问题 %llu"
                                        "（采纳 %llu，退回 %llu，搁置 %llu，作废 %llu）\n",
                     name, (unsigned long long)status.replayed, (unsigned long long)gaps,
                     (unsigned long long)findings, (unsigned long long)status.accepted,
                     (unsigned long long)status.refused, (unsigned long long)status.quarantined,
                     (unsigned long long)status.void_count);
    }
    buf_done(&root);
    bool whole = findings == 0 && status.replayed == status.checkpoint_size && !status.alarm;
    return whole ? EXIT_OK : EXIT_FINDING;
}

static bool print_finding(void *context, enum auditor_finding finding, uint64_t leaf_index,
                          uint32_t expected, uint32_t found)
{
    const struct options *options = context;
    (void)printf(options->json ? "{\"finding\":\"%s\",\"leaf\":%llu,\"expected\":%u,\"found\":%u}\n"
                               : "%-12s leaf %llu  expected %u  found %u\n",
                 auditor_finding_name(finding), (unsigned long long)leaf_index, expected, found);
    return true;
}

/* Every hub in turn, with the store open; visit answers an exit code. */
static int each_hub(const struct options *options, const char *what,
                    int (*visit)(const struct options *options, struct kv *kv,
                                 const struct hub_file *hub, struct auditor *auditor))
{
    char path[FILES_PATH_SIZE];
    struct kv *kv = NULL;
    int code = EXIT_OK;
    struct hub_list *hubs = calloc(1, sizeof *hubs);
    enum err err = hubs == NULL ? ERR_MEMORY : device_path(options->directory, "store", path);
    if (err == ERR_NONE) {
        err = kv_open(path, NULL, &kv);
    }
    if (err == ERR_NONE) {
        err = hubs_read(options, hubs);
    }
    for (size_t i = 0; err == ERR_NONE && i < hubs->count; i++) {
        struct auditor *auditor = NULL;
        err = hub_auditor_open(&hubs->hub[i], kv, 0, &auditor);
        if (err == ERR_NONE) {
            int one = visit(options, kv, &hubs->hub[i], auditor);
            code = one > code ? one : code;
        }
        auditor_close(auditor);
    }
    kv_close(kv);
    free(hubs);
    return err == ERR_NONE ? code : fail(options, err, what);
}

static int report_one(const struct options *options, struct kv *kv, const struct hub_file *hub,
                      struct auditor *auditor)
{
    struct report *report = calloc(1, sizeof *report);
    enum err err = ERR_MEMORY;
    if (report != NULL) {
        report->options = options;
        report->record = calloc(1, sizeof *report->record);
        err = report->record == NULL ? ERR_MEMORY : report_hub(report, kv, hub, auditor);
        free(report->record);
    }
    free(report);
    if (err == ERR_NONE) {
        err = print_figures(options, hub->name, kv, auditor);
    }
    return err == ERR_NONE ? EXIT_OK : fail(options, err, hub->name);
}

static int findings_one(const struct options *options, struct kv *kv, const struct hub_file *hub,
                        struct auditor *auditor)
{
    struct options copy = *options;
    (void)kv;
    (void)hub;
    auditor_findings(auditor, print_finding, &copy);
    return EXIT_OK;
}

static int status_one(const struct options *options, struct kv *kv, const struct hub_file *hub,
                      struct auditor *auditor)
{
    (void)kv;
    return print_verified(options, hub->name, auditor);
}

static int verify_one(const struct options *options, struct kv *kv, const struct hub_file *hub,
                      struct auditor *auditor)
{
    enum { ROUND = 1000 };
    uint64_t done = 1;
    enum err err = ERR_NONE;
    (void)kv;
    if (options->argument_count == 1) {
        err = auditor_import(auditor, options->arguments[0]);
    }
    while (err == ERR_NONE && done > 0) {
        err = auditor_replay(auditor, ROUND, &done);
    }
    return err == ERR_NONE ? print_verified(options, hub->name, auditor)
                           : fail(options, err, hub->name);
}

int command_report(const struct options *options)
{
    return each_hub(options, "report", report_one);
}

int command_findings(const struct options *options)
{
    return each_hub(options, "findings", findings_one);
}

int command_status(const struct options *options)
{
    return each_hub(options, "status", status_one);
}

int command_verify(const struct options *options)
{
    return each_hub(options, "verify", verify_one);
}
