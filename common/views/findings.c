#include "base/check.h"
#include "views/inside.h"
#include "views/known.h"

#include <stdlib.h>
#include <string.h>

#define NAME(name_, triggers_, zh_, en_)                                                           \
    .name = (name_), .triggers = (triggers_), .zh = (zh_), .en = (en_)
#define SOURCE(article_, regimes_) .article = (article_), .regimes = (regimes_)
#define LOOK(name_) .look = views_look_##name_
#define EXPECTED(machine_, kind_, policy_, least_, field_)                                         \
    .machine = MACHINE_##machine_, .cause = VIEWS_CAUSE_STATION,                                   \
    .expected = {.kind = VIEWS_SLOT_##kind_,                                                       \
                 .policy = (policy_),                                                              \
                 .least = (least_),                                                                \
                 .field = FIELD_##field_,                                                          \
                 .gaps_only = true}
#define EXPECTED_AHEAD(machine_, policy_, field_)                                                  \
    .machine = MACHINE_##machine_, .cause = VIEWS_CAUSE_STATION,                                   \
    .expected = {.kind = VIEWS_SLOT_PERIODS,                                                       \
                 .policy = (policy_),                                                              \
                 .least = POLICY_COUNT,                                                            \
                 .field = FIELD_##field_,                                                          \
                 .ahead = true}
#define EXPECTED_LEADERS .machine = MACHINE_DUTY, .expected = VIEWS_LEADERS
#define BY_PEOPLE(reason_) .by_people = (reason_)

static const struct views_rule rules[] = {
#include "views/findings.def"
};

size_t views_rule_count(void)
{
    return sizeof rules / sizeof *rules;
}

const struct views_rule *views_rule_at(size_t index)
{
    return index < views_rule_count() ? &rules[index] : NULL;
}

const struct views_rule *views_rule_find(const char *name)
{
    for (size_t i = 0; i < views_rule_count(); i++) {
        if (strcmp(rules[i].name, name) == 0) {
            return &rules[i];
        }
    }
    return NULL;
}

/* --- gathering --- */

struct findings {
    struct views_known known;
    const struct views_source *source;
    struct views_source judged; /* the same under the policy that judges */
    enum machine_id machine;
    size_t count;
    size_t capacity;
    enum err err;
    struct views_finding *finding;
};

static bool grow(struct findings *findings)
{
    enum { FIRST_CAPACITY = 64 };
    size_t capacity = findings->capacity == 0 ? FIRST_CAPACITY : findings->capacity * 2;
    if (findings->count < findings->capacity) {
        return true;
    }
    if (findings->count >= VIEWS_FINDINGS_MAX) {
        findings->err = ERR_LIMIT;
        return false;
    }
    struct views_finding *finding = realloc(findings->finding, capacity * sizeof *finding);
    if (finding == NULL) {
        findings->err = ERR_MEMORY;
        return false;
    }
    findings->finding = finding;
    findings->capacity = capacity;
    return true;
}

/* Keeps what arose within the scope, of whom it asks for. */
static void keep(void *context, const struct views_finding *finding)
{
    struct findings *findings = context;
    const struct views_scope *scope = findings->known.look.scope;
    bool asked =
        finding->day >= scope->from_day && finding->day <= scope->until_day &&
        (scope->station == NULL || memcmp(scope->station, finding->station, LIMIT_KEY_SIZE) == 0) &&
        (scope->staff == NULL || memcmp(scope->staff, finding->staff, LIMIT_ID_SIZE) == 0);
    if (asked && findings->err == ERR_NONE && grow(findings)) {
        findings->finding[findings->count++] = *finding;
    }
}

/* --- of a record --- */

struct evidence {
    const struct views_look *look;
    const struct views_rule *rule;
    const struct rule_machine *machine;
    struct views_finding *finding;
    bool any;
    int32_t day; /* of the newest */
    uint8_t staff[LIMIT_ID_SIZE];
};

static const char *verb_name(const struct rule_machine *machine, uint16_t verb)
{
    for (const struct rule_name *at = machine->verbs; at->name != NULL; at++) {
        if (at->number == verb) {
            return at->name;
        }
    }
    return "";
}

static bool is_among(const char *names, const char *name)
{
    size_t size = strlen(name);
    while (*names != 0) {
        size_t length = strcspn(names, " ");
        if (length == size && strncmp(names, name, size) == 0) {
            return true;
        }
        names += length;
        names += strspn(names, " ");
    }
    return false;
}

/* The newest few, in their order. */
static bool take_event(void *context, const struct views_event *event)
{
    struct evidence *evidence = context;
    struct views_finding *finding = evidence->finding;
    if (!is_among(evidence->rule->verbs, verb_name(evidence->machine, event->verb))) {
        return true;
    }
    if (finding->event_count == VIEWS_FINDING_EVENTS) {
        memmove(finding->event[0], finding->event[1],
                (VIEWS_FINDING_EVENTS - 1) * sizeof finding->event[0]);
        finding->event_count--;
    }
    memcpy(finding->event[finding->event_count++], event->id, LIMIT_HASH_SIZE);
    evidence->any = true;
    evidence->day = views_event_day(evidence->look, event);
    memcpy(evidence->staff, event->staff, sizeof evidence->staff);
    return true;
}

static bool day_is_behind(enum field field)
{
    const char *name = field_name(field);
    size_t size = name == NULL ? 0 : strlen(name);
    return field != FIELD_from_day && field != FIELD_until_day && size > 4 &&
           strcmp(name + size - 4, "_day") == 0;
}

static void finding_of(const struct views_known *known, const struct views_rule *rule,
                       const struct record *record, struct views_finding *ret)
{
    const struct views_source *source = known->look.source;
    struct evidence evidence = {.look = &known->look,
                                .rule = rule,
                                .machine = rule_machine(record->machine),
                                .finding = ret,
                                .day = views_day(record, FIELD_last_ms)};
    *ret = (struct views_finding){.rule = rule,
                                  .cause = rule->cause == 0 ? VIEWS_CAUSE_PERSON : rule->cause,
                                  .has_record = true,
                                  .what = ""};
    memcpy(ret->record, record->id, sizeof ret->record);
    memcpy(ret->station, record->station, sizeof ret->station);
    if (rule->verbs != NULL) {
        source->events(source->context, record->id, take_event, &evidence);
    }
    ret->day = rule->day == 0 ? evidence.day : views_day(record, (enum field)rule->day);
    ret->day += rule->day != 0 && day_is_behind((enum field)rule->day) ? 1 : 0;
    struct span who = {NULL, 0};
    if (rule->who == VIEWS_WHO_AUTHOR) {
        who = span_of(evidence.staff, evidence.any ? LIMIT_ID_SIZE : 0);
    } else if (rule->who != 0) {
        who = values_bytes(&record->facts, (enum field)rule->who, 0);
    }
    if (who.size == LIMIT_ID_SIZE) {
        memcpy(ret->staff, who.data, who.size);
    } else if (ret->cause == VIEWS_CAUSE_PERSON) {
        ret->cause = VIEWS_CAUSE_STATION;
    }
}

static bool of_station(const struct views_scope *scope, const struct record *record)
{
    return scope->station == NULL || memcmp(scope->station, record->station, LIMIT_KEY_SIZE) == 0;
}

static bool judge_one(void *context, const struct record *record)
{
    struct findings *findings = context;
    const struct views_look *look = &findings->known.look;
    if (record->machine != findings->machine) {
        return true;
    }
    findings->judged.policy = findings->source->policy;
    views_known_count(&findings->known, record);
    if (!of_station(look->scope, record)) {
        return true;
    }
    findings->judged.policy = views_policy_of(findings->source, record);
    for (size_t i = 0; i < views_rule_count(); i++) {
        const struct views_rule *rule = &rules[i];
        struct views_finding finding;
        if (rule->machine != record->machine || rule->expected.kind != 0 ||
            rule->by_people != NULL || !views_all_hold(look, rule->where, record)) {
            continue;
        }
        finding_of(&findings->known, rule, record, &finding);
        if (rule->look != NULL) {
            rule->look(&findings->known, &finding, record, keep, findings);
        } else {
            keep(findings, &finding);
        }
    }
    return findings->err == ERR_NONE;
}

/* Is a record of the reach's machine judged at all? Then also in which states. */
static bool is_judged(struct views_reach *reach)
{
    bool any = false;
    bool all = false;
    for (size_t i = 0; i < views_rule_count(); i++) {
        struct views_reach one = {.machine = reach->machine};
        if (rules[i].machine == reach->machine && rules[i].expected.kind == 0 &&
            rules[i].by_people == NULL) {
            views_reach_states(rules[i].where, &one);
            any = true;
            all = all || one.states == 0;
            reach->states |= one.states;
        }
    }
    reach->states = all ? 0 : reach->states;
    return any;
}

/* Reports come after what they are compared with. */
static void judge_records(struct findings *findings)
{
    const struct views_source *source = findings->known.look.source;
    _Static_assert((int)MACHINE_REPORT > (int)MACHINE_CASE, "cases are counted first");
    _Static_assert((int)MACHINE_REPORT > (int)MACHINE_COMPLAINT, "complaints are counted first");
    _Static_assert((int)MACHINE_REPORT > (int)MACHINE_CONTACT, "contacts are counted first");
    for (int id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        struct views_reach reach = {.machine = (enum machine_id)id};
        views_reach_days(findings->known.look.scope, &reach);
        bool counted = views_known_widen(&findings->known, &reach);
        bool judged = is_judged(&reach);
        reach.states = counted ? 0 : reach.states;
        findings->machine = reach.machine;
        if (findings->err == ERR_NONE && (judged || counted)) {
            source->records(source->context, &reach, judge_one, findings);
        }
    }
}

/* --- of what is not there --- */

static struct views_finding lack_of(const struct views_look *look, const struct views_rule *rule,
                                    const struct views_slot *slot)
{
    static const uint8_t nobody[LIMIT_ID_SIZE];
    bool person = memcmp(slot->staff, nobody, sizeof nobody) != 0;
    struct views_finding lack = {.rule = rule,
                                 .cause = person ? VIEWS_CAUSE_PERSON : VIEWS_CAUSE_STATION,
                                 .what = "",
                                 .claimed = slot->count,
                                 .recomputed = slot->least};
    memcpy(lack.station, look->source->stations[slot->station].device, sizeof lack.station);
    memcpy(lack.staff, slot->staff, sizeof lack.staff);
    return lack;
}

struct slot_judge {
    struct findings *findings;
    const struct views_rule *rule;
};

static bool judge_slot(void *context, const struct views_slot *slot)
{
    const struct slot_judge *judge = context;
    struct findings *findings = judge->findings;
    const struct views_look *look = &findings->known.look;
    const struct views_rule *rule = judge->rule;
    const struct policy *policy = views_policy_on(look->source, slot->until_day);
    int32_t over = rule->expected.ahead ? slot->key - 1 : slot->until_day;
    if (rule->grace != POLICY_COUNT) {
        struct deadline_rules counting = deadline_rules_of_policy(policy);
        struct deadline_clock clock =
            deadline_clock_start(policy_limit(policy, rule->grace), slot->until_day);
        over = deadline_due(look->source->calendar, &counting, &clock).day;
    }
    if (slot->count < slot->least && over < look->today) {
        struct views_finding finding = lack_of(look, rule, slot);
        finding.day = over + 1;
        keep(findings, &finding);
    }
    return findings->err == ERR_NONE;
}

/* What today's slot still wants. */
static bool judge_present(void *context, const struct views_slot *slot)
{
    const struct slot_judge *judge = context;
    struct findings *findings = judge->findings;
    const struct views_look *look = &findings->known.look;
    if (slot->count < slot->least && slot->key <= look->today && slot->until_day >= look->today) {
        struct views_finding finding = lack_of(look, judge->rule, slot);
        finding.day = look->today;
        keep(findings, &finding);
    }
    return findings->err == ERR_NONE;
}

/* All rules that miss records of one machine, in one walk over these. */
static void judge_slots_of(struct findings *findings, enum machine_id machine,
                           const struct views_look *look, views_slot_visit visit)
{
    struct slot_judge judge[VIEWS_SLOTS_TOGETHER];
    struct views_slots_ask ask[VIEWS_SLOTS_TOGETHER];
    size_t count = 0;
    for (size_t i = 0; i < views_rule_count(); i++) {
        if (rules[i].machine == machine && rules[i].expected.kind != 0) {
            CHECK(count < VIEWS_SLOTS_TOGETHER);
            judge[count] = (struct slot_judge){findings, &rules[i]};
            ask[count] =
                (struct views_slots_ask){&rules[i].expected, rules[i].where, &judge[count]};
            count++;
        }
    }
    if (count != 0) {
        findings->err = views_slots_each(look, machine, ask, count, visit);
    }
}

/* A slot's finding arises after its end: slots that began before the scope are asked, too. */
static void judge_slots(struct findings *findings, views_slot_visit judge)
{
    enum { DAYS_BACK = 400 };
    const struct views_scope *scope = findings->known.look.scope;
    struct views_scope wide = *scope;
    struct views_look look = findings->known.look;
    wide.from_day = scope->from_day > DAYS_BACK ? scope->from_day - DAYS_BACK : 1;
    wide.until_day = scope->until_day < look.today ? scope->until_day : look.today;
    findings->judged.policy = findings->source->policy;
    look.scope = &wide;
    for (int id = MACHINE_NONE + 1; id < MACHINE_END && findings->err == ERR_NONE; id++) {
        judge_slots_of(findings, (enum machine_id)id, &look, judge);
    }
}

/* --- in order --- */

static int finding_compare(const void *left, const void *right)
{
    const struct views_finding *a = left;
    const struct views_finding *b = right;
    if (a->day != b->day) {
        return a->day < b->day ? -1 : 1;
    }
    if (a->rule != b->rule) {
        return a->rule < b->rule ? -1 : 1;
    }
    int order = memcmp(a->station, b->station, sizeof a->station);
    if (order == 0) {
        order = memcmp(a->record, b->record, sizeof a->record);
    }
    if (order == 0) {
        order = strcmp(a->what, b->what);
    }
    return order != 0 ? order : memcmp(a->staff, b->staff, sizeof a->staff);
}

/* Visits what was found in order, and lets it go. */
static enum err tell(struct findings *findings, views_finding_visit visit, void *context)
{
    if (findings->err == ERR_NONE && findings->count != 0) {
        qsort(findings->finding, findings->count, sizeof *findings->finding, finding_compare);
    }
    for (size_t i = 0; findings->err == ERR_NONE && i < findings->count; i++) {
        visit(context, &findings->finding[i]);
    }
    free(findings->finding);
    views_known_done(&findings->known);
    return findings->err;
}

enum err views_findings(const struct views_source *source, const struct views_scope *scope,
                        views_finding_visit visit, void *context)
{
    struct findings findings = {.source = source, .judged = *source};
    findings.err = views_known_init(&findings.known, &findings.judged, scope);
    if (findings.err == ERR_NONE) {
        judge_records(&findings);
        judge_slots(&findings, judge_slot);
    }
    return tell(&findings, visit, context);
}

enum err views_wanting(const struct views_source *source, const struct views_scope *scope,
                       views_finding_visit visit, void *context)
{
    struct findings findings = {.source = source, .judged = *source};
    views_look_init(&findings.known.look, &findings.judged, scope);
    judge_slots(&findings, judge_present);
    return tell(&findings, visit, context);
}
