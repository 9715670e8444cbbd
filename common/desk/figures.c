#include "desk/finding.h"
#include "desk/looking.h"
#include "views/appraisal.h"
#include "views/kpi.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Indicators, findings and score sheets of common/views as JSON. */

/* Who reads suspicions about other people, and who about complaints (4.2, 4.3). */
#define FINDING_READERS                                                                            \
    (ROLE_STATION_HEAD | ROLE_LINE_LEADER | ROLE_COMMITTEE | ROLE_INTEGRITY | ROLE_DISCIPLINE |    \
     ROLE_UPPER_DISCIPLINE | ROLE_COMPLAINT_DESK | ROLE_HUB_OPERATOR | ROLE_HUB_LEADER |           \
     ROLE_DISTRICT | ROLE_AUDITOR | ROLE_APPRAISER)
#define COMPLAINT_READERS                                                                          \
    (ROLE_DISCIPLINE | ROLE_UPPER_DISCIPLINE | ROLE_COMPLAINT_DESK | ROLE_AUDITOR)

/* --- indicators --- */

static void put_share(struct json_text *json, const char *name, uint32_t per_mille)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%u.%u %%", per_mille / 10, per_mille % 10);
    json_text_string(json, name, text);
}

static void put_kpi(struct json_text *json, const struct views_kpi_result *result)
{
    const struct views_kpi *kpi = result->kpi;
    json_text_string(json, "name", kpi->name);
    json_text_string(json, "zh", kpi->zh);
    json_text_string(json, "en", kpi->en);
    json_text_string(json, "article", kpi->article);
    json_text_string(json, "regimes", kpi->regimes);
    if (kpi->not_computable != NULL) {
        json_text_string(json, "notComputable", kpi->not_computable);
        return;
    }
    json_text_number(json, "good", (int64_t)result->good);
    json_text_number(json, "of", (int64_t)result->of);
    if (result->of != 0) {
        put_share(json, "share", result->per_mille);
    }
    if (result->target != 0) {
        json_text_number(json, "target", result->target);
        json_text_bool(json, "met", result->met);
    }
}

static bool put_case(void *context, const struct record *record, bool good)
{
    struct looking *looking = context;
    struct json_text *json = looking->json;
    size_t place = looking->page.offset;
    /* offset counts down to the first that is shown, limit to the last. */
    if (place > 0) {
        looking->page.offset--;
        return true;
    }
    if (looking->page.limit == 0) {
        return false;
    }
    looking->page.limit--;
    json_text_open(json, NULL);
    looking_put_record(looking, record->id);
    json_text_string(json, "stateZh", rule_state_zh(record->machine, record->state));
    json_text_string(json, "stateEn", rule_state_name(record->machine, record->state));
    json_text_bool(json, "good", good);
    json_text_close(json);
    return json->buf->err == ERR_NONE;
}

static void show_cases(struct looking *looking, const struct views_kpi *kpi)
{
    struct views_kpi_result *results = calloc(views_kpi_count(), sizeof *results);
    enum err err = results == NULL ? ERR_MEMORY : ERR_NONE;
    if (err == ERR_NONE) {
        views_kpi_all(looking->source, &looking->scope, results);
        for (size_t i = 0; i < views_kpi_count(); i++) {
            if (results[i].kpi == kpi) {
                put_kpi(looking->json, &results[i]);
            }
        }
        json_text_open_list(looking->json, "cases");
        err = views_kpi_cases(looking->source, kpi, &looking->scope, put_case, looking);
        json_text_close_list(looking->json);
    }
    free(results);
    looking_send(looking, err);
}

static void show_kpis(struct looking *looking)
{
    struct views_kpi_result *results = calloc(views_kpi_count(), sizeof *results);
    if (results == NULL) {
        looking_send(looking, ERR_MEMORY);
        return;
    }
    views_kpi_all(looking->source, &looking->scope, results);
    json_text_open_list(looking->json, "indicators");
    for (size_t i = 0; i < views_kpi_count(); i++) {
        json_text_open(looking->json, NULL);
        put_kpi(looking->json, &results[i]);
        json_text_close(looking->json);
    }
    json_text_close_list(looking->json);
    free(results);
    looking_send(looking, ERR_NONE);
}

void desk_get_kpi(struct desk *desk, struct desk_call *call)
{
    static const struct reply_problem unknown = {404, "no_indicator", "没有这项指标。",
                                                 "There is no such indicator.", NULL};
    struct looking looking = {.desk = desk, .call = call};
    char name[64];
    size_t size = strcspn(call->tail, "/");
    const struct views_kpi *kpi = NULL;
    if (size != 0 && size < sizeof name && strcmp(call->tail + size, "/cases") == 0) {
        (void)snprintf(name, sizeof name, "%.*s", (int)size, call->tail);
        kpi = views_kpi_find(name);
    }
    if (call->tail[0] != 0 && kpi == NULL) {
        reply_problem(call->exchange, &unknown);
        return;
    }
    if (!looking_begin(&looking, POLICY_PERIOD_MONTH)) {
        return;
    }
    if (kpi != NULL) {
        show_cases(&looking, kpi);
    } else {
        show_kpis(&looking);
    }
}

/* --- findings --- */

struct finding_list {
    struct looking *looking;
    const char *only; /* name of a rule; NULL: all */
    bool complaints;  /* those of complaints, too */
    size_t total;
};

static void put_station(struct looking *looking, const uint8_t *device)
{
    const char *code = desk_station_code(looking->desk, device);
    json_text_string(looking->json, "station", code == NULL ? "" : code);
}

static void put_finding(struct looking *looking, const struct views_finding *finding)
{
    static const uint8_t nobody[LIMIT_ID_SIZE];
    struct json_text *json = looking->json;
    json_text_open(json, NULL);
    finding_put(json, finding);
    put_station(looking, finding->station);
    if (memcmp(finding->staff, nobody, sizeof nobody) != 0) {
        looking_put_staff(looking, "staff", span_of(finding->staff, LIMIT_ID_SIZE));
    }
    if (finding->has_record) {
        looking_put_record(looking, finding->record);
    }
    json_text_close(json);
}

static void take_finding(void *context, const struct views_finding *finding)
{
    struct finding_list *list = context;
    const struct views_page *page = &list->looking->page;
    bool asked = (list->only == NULL || strcmp(list->only, finding->rule->name) == 0) &&
                 (list->complaints || finding->rule->machine != MACHINE_COMPLAINT);
    if (!asked) {
        return;
    }
    size_t place = list->total++;
    if (place >= page->offset && place - page->offset < page->limit) {
        put_finding(list->looking, finding);
    }
}

static void show_rules(struct desk_call *call)
{
    struct reply reply;
    reply_begin(&reply);
    json_text_open_list(&reply.json, "rules");
    for (size_t i = 0; i < views_rule_count(); i++) {
        const struct views_rule *rule = views_rule_at(i);
        json_text_open(&reply.json, NULL);
        json_text_string(&reply.json, "name", rule->name);
        json_text_string(&reply.json, "triggers", rule->triggers);
        json_text_string(&reply.json, "zh", rule->zh);
        json_text_string(&reply.json, "en", rule->en);
        json_text_string(&reply.json, "article", rule->article);
        json_text_string(&reply.json, "regimes", rule->regimes);
        if (rule->by_people != NULL) {
            json_text_string(&reply.json, "byPeople", rule->by_people);
        }
        json_text_close(&reply.json);
    }
    json_text_close_list(&reply.json);
    reply_send(&reply, call->exchange, 200);
}

/* Who reads no findings of others reads his own. */
static bool is_own(const struct looking *looking)
{
    return looking->call->session != NULL && looking->scope.staff != NULL &&
           memcmp(looking->scope.staff, looking->call->session->staff, LIMIT_ID_SIZE) == 0;
}

static bool begin_readers(struct looking *looking, enum policy_period period, uint64_t *ret_roles)
{
    *ret_roles = desk_session_roles(looking->desk, looking->call->session);
    if (!looking_begin(looking, period)) {
        return false;
    }
    if ((*ret_roles & FINDING_READERS) == 0 && !is_own(looking)) {
        looking_end(looking);
        buf_done(&looking->reply.body);
        (void)!looking_may(looking->desk, looking->call, FINDING_READERS);
        return false;
    }
    return true;
}

void desk_get_findings(struct desk *desk, struct desk_call *call)
{
    static const struct reply_problem unknown = {404, "no_finding", "没有这类线索。",
                                                 "There is no such kind of finding.", NULL};
    struct looking looking = {.desk = desk, .call = call};
    struct finding_list list = {.looking = &looking};
    uint64_t roles = 0;
    if (strcmp(call->tail, "rules") == 0) {
        show_rules(call);
        return;
    }
    if (call->tail[0] != 0 && views_rule_find(call->tail) == NULL) {
        reply_problem(call->exchange, &unknown);
        return;
    }
    if (!begin_readers(&looking, POLICY_PERIOD_MONTH, &roles)) {
        return;
    }
    list.only = call->tail[0] == 0 ? NULL : call->tail;
    list.complaints = (roles & COMPLAINT_READERS) != 0;
    json_text_open_list(looking.json, "findings");
    enum err err = views_findings(looking.source, &looking.scope, take_finding, &list);
    json_text_close_list(looking.json);
    json_text_number(looking.json, "total", (int64_t)list.total);
    looking_send(&looking, err);
}

/* --- score sheets --- */

static void put_sheet(struct json_text *json, const struct views_sheet *sheet)
{
    json_text_number(json, "base", sheet->base);
    json_text_number(json, "deducted", sheet->deducted);
    json_text_number(json, "pending", sheet->pending);
    json_text_number(json, "points", sheet->points);
    json_text_string(json, "gradeZh", views_word_zh(VIEWS_WORDS_GRADE, sheet->grade));
    json_text_string(json, "gradeEn", views_word_en(VIEWS_WORDS_GRADE, sheet->grade));
}

/* What a deduction rests on; a complaint's record is for the discipline role. */
static void take_deduction(void *context, const struct views_deduction *deduction)
{
    static const uint8_t none[LIMIT_ID_SIZE];
    struct finding_list *list = context;
    struct looking *looking = list->looking;
    struct json_text *json = looking->json;
    const struct views_rule *rule = views_rule_find(deduction->ground);
    bool complaint = rule != NULL && rule->machine == MACHINE_COMPLAINT;
    char kind[8];
    (void)snprintf(kind, sizeof kind, "D%u", deduction->kind);
    json_text_open(json, NULL);
    json_text_string(json, "kind", kind);
    json_text_number(json, "points", deduction->points);
    json_text_bool(json, "pending", deduction->pending);
    json_text_day(json, "day", deduction->day);
    json_text_string(json, "ground", deduction->ground);
    json_text_string(json, "groundZh", rule == NULL ? "督查扣分" : rule->zh);
    json_text_string(json, "groundEn", rule == NULL ? "inspection" : rule->en);
    json_text_string(json, "triggers", rule == NULL ? "" : rule->triggers);
    json_text_string(json, "article", rule == NULL ? "S2-5.3.7 1.K" : rule->article);
    if (deduction->told_day != 0) {
        json_text_day(json, "toldDay", deduction->told_day);
    }
    put_station(looking, deduction->station);
    if (memcmp(deduction->staff, none, sizeof none) != 0) {
        looking_put_staff(looking, "staff", span_of(deduction->staff, LIMIT_ID_SIZE));
    }
    if ((!complaint || list->complaints) && memcmp(deduction->record, none, sizeof none) != 0) {
        looking_put_record(looking, deduction->record);
        if (deduction->has_event) {
            json_text_hex(json, "event", span_of(deduction->event, LIMIT_HASH_SIZE));
        }
    }
    json_text_close(json);
}

static enum err put_ranking(struct looking *looking)
{
    struct views_rank *ranks = calloc(looking->source->station_count + 1, sizeof *ranks);
    enum err err =
        ranks == NULL ? ERR_MEMORY : views_ranking(looking->source, &looking->scope, ranks);
    json_text_open_list(looking->json, "ranking");
    for (size_t i = 0; err == ERR_NONE && i < looking->source->station_count; i++) {
        const struct views_station *station = &looking->source->stations[ranks[i].station];
        if (station->gone) {
            continue;
        }
        json_text_open(looking->json, NULL);
        json_text_number(looking->json, "rank", ranks[i].rank);
        json_text_string(looking->json, "station", station->code);
        put_sheet(looking->json, &ranks[i].sheet);
        json_text_number(looking->json, "lastYears", ranks[i].last_years);
        json_text_bool(looking->json, "reassign", ranks[i].reassign);
        json_text_close(looking->json);
    }
    json_text_close_list(looking->json);
    free(ranks);
    return err;
}

static enum err put_appraisal(struct looking *looking, struct finding_list *list)
{
    struct views_sheet sheet;
    json_text_open_list(looking->json, "deductions");
    enum err err = views_appraise(looking->source, &looking->scope, take_deduction, list, &sheet);
    json_text_close_list(looking->json);
    put_sheet(looking->json, &sheet);
    return err;
}

void desk_get_appraisal(struct desk *desk, struct desk_call *call)
{
    static const struct reply_problem unknown = {404, "no_sheet", "没有这张考核表。",
                                                 "There is no such sheet.", NULL};
    struct looking looking = {.desk = desk, .call = call};
    struct finding_list list = {.looking = &looking};
    bool ranking = strcmp(call->tail, "ranking") == 0;
    uint64_t roles = 0;
    if (call->tail[0] != 0 && !ranking) {
        reply_problem(call->exchange, &unknown);
        return;
    }
    if (!begin_readers(&looking, ranking ? POLICY_PERIOD_YEAR : POLICY_PERIOD_QUARTER, &roles)) {
        return;
    }
    list.complaints = (roles & COMPLAINT_READERS) != 0;
    looking_send(&looking, ranking ? put_ranking(&looking) : put_appraisal(&looking, &list));
}
