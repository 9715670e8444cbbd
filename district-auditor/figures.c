#include "base/text.h"
#include "desk/finding.h"
#include "district-auditor/program.h"
#include "fold/facts.h"
#include "views/claims.h"
#include "views/kpi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Indicators, findings and score sheets from the mirrored events alone, and where what a station
 * or hub claims is not what they say. The same bytes for the same log. */

enum { LINE_SIZE = 16 * 1024, SHORT_ID = 4 };

/* --- which leaves speak of a record: made once, in memory --- */

struct place {
    uint8_t record[LIMIT_ID_SIZE];
    uint64_t index;
};

struct history {
    const struct log *log;
    struct kv_txn *txn;
    struct wire_arena arena;
    struct wire_event *event;
    struct wire_leaf leaf;
    struct buf bytes;
    size_t count;
    struct place *place;
};

/* False: void, refused, or not there. */
static bool history_read(struct history *history, uint64_t index)
{
    return log_leaf(history->log, history->txn, index, &history->bytes) &&
           wire_leaf_decode(buf_span(&history->bytes), &history->leaf) == ERR_NONE &&
           !history->leaf.is_void && history->leaf.verdict == WIRE_ACCEPTED &&
           wire_event_decode(history->leaf.envelope.body, &history->arena, history->event) ==
               ERR_NONE;
}

static int place_compare(const void *left, const void *right)
{
    const struct place *a = left;
    const struct place *b = right;
    int order = memcmp(a->record, b->record, sizeof a->record);
    return order != 0 ? order : (a->index > b->index) - (a->index < b->index);
}

static enum err history_init(struct history *history, const struct fold *fold, struct kv_txn *txn)
{
    *history = (struct history){.log = &fold->log, .txn = txn};
    buf_init(&history->bytes, LIMIT_LEAF_SIZE);
    history->event = calloc(1, sizeof *history->event);
    history->place = calloc((size_t)fold->log.size + 1, sizeof *history->place);
    if (history->event == NULL || history->place == NULL ||
        wire_arena_init(&history->arena, WIRE_EVENT_ARENA) != ERR_NONE) {
        return ERR_MEMORY;
    }
    for (uint64_t i = 0; i < fold->log.size; i++) {
        if (history_read(history, i)) {
            struct place *place = &history->place[history->count++];
            memcpy(place->record, history->event->record, sizeof place->record);
            place->index = i;
        }
    }
    qsort(history->place, history->count, sizeof *history->place, place_compare);
    return txn->err;
}

static void history_done(struct history *history)
{
    free(history->place);
    free(history->event);
    wire_arena_done(&history->arena);
    buf_done(&history->bytes);
}

static void history_events(void *context, const uint8_t record[LIMIT_ID_SIZE], void *visit_context,
                           fold_event_visit visit)
{
    struct history *history = context;
    size_t low = 0;
    size_t high = history->count;
    bool more = true;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool before = memcmp(history->place[middle].record, record, LIMIT_ID_SIZE) < 0;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    for (; more && low < history->count &&
           memcmp(history->place[low].record, record, LIMIT_ID_SIZE) == 0;
         low++) {
        if (history_read(history, history->place[low].index)) {
            seal_body_id(SEAL_EVENT, history->leaf.envelope.body, history->event->id);
            history->event->leaf_ms = history->leaf.hub_ms;
            more = visit(visit_context, history->event, "accepted", 0);
        }
    }
}

/* --- lines --- */

struct figures {
    const struct options *options;
    const char *hub;
    const struct views_source *source;
    struct views_scope scope;
    const char *station; /* code of the scope's; "": the whole hub */
    struct buf line;
    struct json_text json;
};

static void line_begin(struct figures *figures, const char *kind)
{
    buf_clear(&figures->line);
    if (figures->options->json) {
        json_text_init(&figures->json, &figures->line);
        json_text_open(&figures->json, NULL);
        json_text_string(&figures->json, "hub", figures->hub);
        json_text_string(&figures->json, "kind", kind);
    }
}

static void line_end(struct figures *figures)
{
    if (figures->options->json) {
        json_text_close(&figures->json);
    }
    (void)printf("%s\n", buf_text(&figures->line));
}

static const char *code_of(const struct figures *figures, const uint8_t *device)
{
    for (size_t i = 0; i < figures->source->station_count; i++) {
        if (memcmp(figures->source->stations[i].device, device, LIMIT_KEY_SIZE) == 0) {
            return figures->source->stations[i].code;
        }
    }
    return "";
}

static const char *or_dash(const char *text)
{
    return text[0] == 0 ? "-" : text;
}

/* --- indicators --- */

static void print_kpi(struct figures *figures, const struct views_kpi_result *result)
{
    const struct views_kpi *kpi = result->kpi;
    bool english = figures->options->english;
    line_begin(figures, "kpi");
    if (figures->options->json) {
        json_text_string(&figures->json, "station", figures->station);
        json_text_string(&figures->json, "name", kpi->name);
        json_text_big(&figures->json, "good", result->good);
        json_text_big(&figures->json, "of", result->of);
        json_text_number(&figures->json, "perMille", result->per_mille);
        json_text_number(&figures->json, "target", result->target);
        json_text_bool(&figures->json, "met", result->met);
    } else {
        buf_put_format(&figures->line, "  %-10s %llu/%llu", or_dash(figures->station),
                       (unsigned long long)result->good, (unsigned long long)result->of);
        if (result->of != 0) {
            buf_put_format(&figures->line, "  %u.%u %%", result->per_mille / 10,
                           result->per_mille % 10);
        }
        if (result->target != 0) {
            buf_put_format(&figures->line, english ? "  target %lld %%%s" : "  目标 %lld %%%s",
                           (long long)result->target,
                           result->met ? ""
                           : english   ? "  missed"
                                       : "  未达标");
        }
        buf_put_format(&figures->line, "  %s", english ? kpi->en : kpi->zh);
    }
    line_end(figures);
}

static enum err print_kpis(struct figures *figures)
{
    struct views_kpi_result *results = calloc(views_kpi_count(), sizeof *results);
    if (results == NULL) {
        return ERR_MEMORY;
    }
    views_kpi_all(figures->source, &figures->scope, results);
    for (size_t i = 0; i < views_kpi_count(); i++) {
        if (results[i].kpi->not_computable == NULL) {
            print_kpi(figures, &results[i]);
        }
    }
    free(results);
    return ERR_NONE;
}

/* --- findings --- */

static void finding_json(struct figures *figures, const struct views_finding *finding)
{
    static const uint8_t none[LIMIT_ID_SIZE];
    struct json_text *json = &figures->json;
    finding_put(json, finding);
    json_text_string(json, "station", code_of(figures, finding->station));
    if (memcmp(finding->staff, none, sizeof none) != 0) {
        json_text_hex(json, "staff", span_of(finding->staff, LIMIT_ID_SIZE));
    }
    if (finding->has_record) {
        json_text_hex(json, "record", span_of(finding->record, LIMIT_ID_SIZE));
    }
}

static void finding_text(struct figures *figures, const struct views_finding *finding)
{
    static const uint8_t none[LIMIT_ID_SIZE];
    char day[CIVIL_DAY_SIZE];
    bool english = figures->options->english;
    struct buf *line = &figures->line;
    civil_day_format(finding->day, day);
    buf_put_format(line, "  %s  %-10s %s", day, or_dash(code_of(figures, finding->station)),
                   english ? finding->rule->en : finding->rule->zh);
    if (finding->rule->triggers[0] != 0) {
        buf_put_format(line, "  [%s]", finding->rule->triggers);
    }
    if (finding->cause == VIEWS_CAUSE_LINK) {
        buf_put_text(line, english ? "  (link)" : "  （线路）");
    }
    if (memcmp(finding->staff, none, sizeof none) != 0) {
        buf_put_text(line, english ? "  staff " : "  人员 ");
        text_put_hex(line, span_of(finding->staff, SHORT_ID));
    }
    if (finding->has_record) {
        buf_put_text(line, english ? "  record " : "  记录 ");
        text_put_hex(line, span_of(finding->record, LIMIT_ID_SIZE));
    }
    if (finding->what[0] != 0) {
        buf_put_format(line,
                       english ? "  %s claimed %llu, recomputed %llu" : "  %s 所报 %llu，重算 %llu",
                       finding->what, (unsigned long long)finding->claimed,
                       (unsigned long long)finding->recomputed);
    }
}

static void print_one_finding(void *context, const struct views_finding *finding)
{
    struct figures *figures = context;
    line_begin(figures, "finding");
    (figures->options->json ? finding_json : finding_text)(figures, finding);
    line_end(figures);
}

/* --- score sheets --- */

static void print_sheet(struct figures *figures, const struct views_rank *rank)
{
    const struct views_sheet *sheet = &rank->sheet;
    const char *code = figures->source->stations[rank->station].code;
    bool english = figures->options->english;
    line_begin(figures, "sheet");
    if (figures->options->json) {
        json_text_string(&figures->json, "station", code);
        json_text_number(&figures->json, "base", sheet->base);
        json_text_number(&figures->json, "deducted", sheet->deducted);
        json_text_number(&figures->json, "pending", sheet->pending);
        json_text_number(&figures->json, "points", sheet->points);
        json_text_string(&figures->json, "grade", views_word_en(VIEWS_WORDS_GRADE, sheet->grade));
        json_text_number(&figures->json, "rank", rank->rank);
        json_text_number(&figures->json, "lastYears", rank->last_years);
        json_text_bool(&figures->json, "reassign", rank->reassign);
    } else {
        buf_put_format(&figures->line,
                       english ? "  %-10s %u points (%u deducted, %u pending)  %s  rank %u"
                               : "  %-10s %u 分（扣 %u，待查实 %u）  %s  第 %u 名",
                       code, sheet->points, sheet->deducted, sheet->pending,
                       english ? views_word_en(VIEWS_WORDS_GRADE, sheet->grade)
                               : views_word_zh(VIEWS_WORDS_GRADE, sheet->grade),
                       rank->rank);
        if (rank->last_years != 0) {
            buf_put_format(&figures->line, english ? "  last %u years running" : "  连续末位 %u 年",
                           rank->last_years);
        }
    }
    line_end(figures);
}

static enum err print_sheets(struct figures *figures)
{
    size_t count = figures->source->station_count;
    struct views_rank *ranks = calloc(count + 1, sizeof *ranks);
    enum err err =
        ranks == NULL ? ERR_MEMORY : views_ranking(figures->source, &figures->scope, ranks);
    for (size_t i = 0; err == ERR_NONE && i < count; i++) {
        if (!figures->source->stations[ranks[i].station].gone) {
            print_sheet(figures, &ranks[i]);
        }
    }
    free(ranks);
    return err;
}

static void print_claim(void *context, const struct views_claim *claim)
{
    struct figures *figures = context;
    bool english = figures->options->english;
    line_begin(figures, "claim");
    if (figures->options->json) {
        json_text_string(&figures->json, "station", code_of(figures, claim->record->station));
        json_text_hex(&figures->json, "record", span_of(claim->record->id, LIMIT_ID_SIZE));
        json_text_string(&figures->json, "what", claim->what);
        json_text_big(&figures->json, "claimed", claim->claimed);
        json_text_big(&figures->json, "recomputed", claim->recomputed);
    } else {
        buf_put_text(&figures->line, english ? "  appraisal " : "  考核 ");
        text_put_hex(&figures->line, span_of(claim->record->id, LIMIT_ID_SIZE));
        buf_put_format(&figures->line,
                       english ? "  %s claimed %llu, recomputed %llu" : "  %s 所评 %llu，重算 %llu",
                       claim->what, (unsigned long long)claim->claimed,
                       (unsigned long long)claim->recomputed);
    }
    line_end(figures);
}

/* --- all --- */

static void print_title(const struct figures *figures, const char *zh, const char *en)
{
    char from[CIVIL_DAY_SIZE];
    char until[CIVIL_DAY_SIZE];
    civil_day_format(figures->scope.from_day, from);
    civil_day_format(figures->scope.until_day, until);
    if (!figures->options->json) {
        (void)printf(figures->options->english ? "%s, %s to %s\n" : "%s，%s 至 %s\n",
                     figures->options->english ? en : zh, from, until);
    }
}

static enum err print_all(struct figures *figures)
{
    print_title(figures, "工作标准（分子/分母）", "Indicators");
    enum err err = print_kpis(figures);
    for (size_t i = 0; err == ERR_NONE && i < figures->source->station_count; i++) {
        figures->scope.station = figures->source->stations[i].device;
        figures->station = figures->source->stations[i].code;
        err = print_kpis(figures);
    }
    figures->scope.station = NULL;
    if (err == ERR_NONE) {
        print_title(figures, "追责线索（由纪检认定）",
                    "Findings, for the discipline role to decide");
        err = views_findings(figures->source, &figures->scope, print_one_finding, figures);
    }
    if (err == ERR_NONE) {
        print_title(figures, "考核（按事件重算）", "Score sheets, recomputed");
        err = print_sheets(figures);
    }
    if (err == ERR_NONE) {
        print_title(figures, "所评与重算不符", "Appraisals that differ");
        err = views_claims(figures->source, &figures->scope, print_claim, figures);
    }
    return err;
}

static bool read_day(const char *text, int32_t *day)
{
    return text == NULL || civil_day_parse(span_text(text), day) == ERR_NONE;
}

enum err print_figures(const struct options *options, const char *hub, struct kv *kv,
                       struct auditor *auditor)
{
    struct auditor_status status;
    struct history history;
    struct kv_txn txn;
    struct fold_facts *facts = NULL;
    struct figures figures = {.options = options, .hub = hub, .station = ""};
    auditor_status(auditor, &status);
    int32_t today = civil_day_of_ms(status.last_ms);
    views_period(POLICY_PERIOD_YEAR, today, &figures.scope.from_day, &figures.scope.until_day);
    figures.scope.until_day = today;
    if (!read_day(options->as_of, &today) || !read_day(options->from, &figures.scope.from_day) ||
        !read_day(options->until, &figures.scope.until_day)) {
        return ERR_MALFORMED;
    }
    kv_begin(kv, false, &txn);
    enum err err = history_init(&history, auditor_fold(auditor), &txn);
    const struct fold_facts_ask ask = {.fold = auditor_fold(auditor),
                                       .txn = &txn,
                                       .space = FOLD_PROVEN,
                                       .now_ms = options->as_of == NULL ? status.last_ms
                                                                        : civil_ms_of_day(today),
                                       .context = &history,
                                       .events = history_events};
    if (err == ERR_NONE) {
        err = fold_facts_new(&ask, &facts);
    }
    buf_init(&figures.line, LINE_SIZE);
    if (err == ERR_NONE) {
        figures.source = fold_facts_source(facts);
        err = print_all(&figures);
    }
    /* A log without any edition yet has nothing to count. */
    err = err == ERR_STATE ? ERR_NONE : err;
    buf_done(&figures.line);
    fold_facts_free(facts);
    history_done(&history);
    kv_abort(&txn);
    return err == ERR_NONE ? txn.err : err;
}
