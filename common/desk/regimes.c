#include "desk/looking.h"
#include "rules/checklist.h"
#include "views/findings.h"
#include "views/kpi.h"

#include <stdio.h>
#include <string.h>

/* The rule book beside the software: R01-R120 with what carries each, and where it stands this
 * week. The list is docs/regimes.list, made into rows when this is built. */

enum { CARRIER_SIZE = 1024, RULES_MAX = 128 };

static const struct regime {
    const char *number;
    const char *kind; /* F, D, C or X */
    const char *zh;
    const char *en;
    const char *reason; /* of X */
} regimes[] = {
#include "regimes_list.inc"
};

#define REGIME_READERS                                                                             \
    (ROLE_STATION_HEAD | ROLE_LINE_LEADER | ROLE_COMMITTEE | ROLE_INTEGRITY | ROLE_DISCIPLINE |    \
     ROLE_UPPER_DISCIPLINE | ROLE_COMPLAINT_DESK | ROLE_HUB_OPERATOR | ROLE_HUB_LEADER |           \
     ROLE_DISTRICT | ROLE_AUDITOR | ROLE_APPRAISER)

/* How often each rule found something, in the order of views_rule_at. */
struct counts {
    uint32_t found[RULES_MAX];
};

static void count_finding(void *context, const struct views_finding *finding)
{
    struct counts *counts = context;
    for (size_t i = 0; i < views_rule_count() && i < RULES_MAX; i++) {
        counts->found[i] += views_rule_at(i) == finding->rule ? 1U : 0U;
    }
}

/* number among "R01 R02 ..." */
static bool lists(const char *list, const char *number)
{
    size_t size = strlen(number);
    for (const char *at = list; at != NULL && *at != 0;) {
        const char *end = strchr(at, ' ');
        size_t word = end == NULL ? strlen(at) : (size_t)(end - at);
        if (word == size && memcmp(at, number, size) == 0) {
            return true;
        }
        at = end == NULL ? NULL : end + 1;
    }
    return false;
}

static void add_word(struct buf *text, const char *word)
{
    struct span all = buf_span(text);
    if (all.size == 0 || memmem(all.data, all.size, word, strlen(word)) == NULL) {
        buf_put_format(text, "%s%s", all.size == 0 ? "" : ", ", word);
    }
}

static void add_rows(struct buf *text, const char *number)
{
    for (unsigned id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        const struct rule_machine *machine = rule_machine((enum machine_id)id);
        for (size_t i = 0; i < machine->row_count; i++) {
            const char *listed = machine->rows[i].regimes;
            if (listed != NULL && lists(listed, number)) {
                add_word(text, machine->name);
            }
        }
    }
}

static void add_looks(struct buf *text, const char *number)
{
    for (size_t i = 0; i < views_count(); i++) {
        if (lists(views_at(i)->regimes, number)) {
            add_word(text, views_at(i)->name);
        }
    }
    for (size_t i = 0; i < views_kpi_count(); i++) {
        if (lists(views_kpi_at(i)->regimes, number)) {
            add_word(text, views_kpi_at(i)->name);
        }
    }
    for (size_t i = 0; i < views_rule_count(); i++) {
        if (lists(views_rule_at(i)->regimes, number)) {
            add_word(text, views_rule_at(i)->name);
        }
    }
}

static void add_questions(struct buf *text, const char *number, const struct policy *policy)
{
    const struct checklist *checklist = policy_checklist(policy);
    for (size_t i = 0; i < checklist_question_count(checklist); i++) {
        const struct checklist_question *question = checklist_question_at(checklist, i);
        if (lists(question->regimes, number)) {
            buf_put_format(text, "%scheck.%02u%02u", buf_span(text).size == 0 ? "" : ", ",
                           (unsigned)question->heading, (unsigned)question->number);
        }
    }
}

/* "本周全面检查 1": what was found, then what is wanted and not there yet. */
static void put_live(struct looking *looking, const char *number, const struct counts *found,
                     const struct counts *open)
{
    struct buf zh;
    struct buf en;
    buf_init(&zh, CARRIER_SIZE);
    buf_init(&en, CARRIER_SIZE);
    for (size_t i = 0; i < views_rule_count() && i < RULES_MAX; i++) {
        const struct views_rule *rule = views_rule_at(i);
        bool wanted = rule->expected.kind != 0 && open->found[i] > found->found[i];
        if (!lists(rule->regimes, number) || (found->found[i] == 0 && !wanted)) {
            continue;
        }
        const char *comma = buf_span(&zh).size == 0 ? "" : "; ";
        buf_put_format(&zh, "%s%s %u%s", comma, rule->zh, (unsigned)found->found[i],
                       wanted ? "（本期尚缺）" : "");
        buf_put_format(&en, "%s%s %u%s", comma, rule->en, (unsigned)found->found[i],
                       wanted ? " (not yet in this period)" : "");
    }
    json_text_string(looking->json, "liveZh", buf_text(&zh));
    json_text_string(looking->json, "liveEn", buf_text(&en));
    buf_done(&zh);
    buf_done(&en);
}

static void put_regime(struct looking *looking, const struct regime *regime,
                       const struct counts *found, const struct counts *open)
{
    struct buf by;
    buf_init(&by, CARRIER_SIZE);
    add_rows(&by, regime->number);
    add_looks(&by, regime->number);
    add_questions(&by, regime->number, looking->source->policy);
    if (strcmp(regime->number, "R59") == 0) {
        add_word(&by, "who");
    }
    json_text_open(looking->json, NULL);
    json_text_string(looking->json, "number", regime->number);
    json_text_string(looking->json, "class", regime->kind);
    json_text_string(looking->json, "zh", regime->zh);
    json_text_string(looking->json, "en", regime->en);
    json_text_string(looking->json, "carriedBy",
                     buf_span(&by).size == 0 ? regime->reason : buf_text(&by));
    put_live(looking, regime->number, found, open);
    json_text_close(looking->json);
    buf_done(&by);
}

void desk_get_regimes(struct desk *desk, struct desk_call *call)
{
    struct looking looking = {.desk = desk, .call = call};
    struct counts found = {{0}};
    struct counts open = {{0}};
    if (!looking_may(desk, call, REGIME_READERS) || !looking_begin(&looking, POLICY_PERIOD_WEEK)) {
        return;
    }
    enum err err = views_findings(looking.source, &looking.scope, count_finding, &found);
    if (err == ERR_NONE) {
        /* As if nothing more came before the period ended: what is still wanted shows then. */
        struct views_source later = *looking.source;
        struct views_scope scope = looking.scope;
        scope.until_day++;
        uint64_t end_ms = civil_ms_of_day(scope.until_day);
        later.now_ms = later.now_ms > end_ms ? later.now_ms : end_ms;
        err = views_findings(&later, &scope, count_finding, &open);
    }
    /* Longer periods than the one asked for, too: a half-month, a quarter. */
    int32_t today = civil_day_of_ms(call->now_ms);
    if (err == ERR_NONE && looking.scope.from_day <= today && today <= looking.scope.until_day) {
        err = views_wanting(looking.source, &looking.scope, count_finding, &open);
    }
    json_text_open_list(looking.json, "regimes");
    for (size_t i = 0; i < sizeof regimes / sizeof *regimes; i++) {
        put_regime(&looking, &regimes[i], &found, &open);
    }
    json_text_close_list(looking.json);
    looking_send(&looking, err);
}
