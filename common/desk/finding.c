#include "desk/finding.h"

static const char *cause_name(enum views_cause cause)
{
    return cause == VIEWS_CAUSE_LINK ? "link" : cause == VIEWS_CAUSE_PERSON ? "person" : "station";
}

static const char *cause_zh(enum views_cause cause)
{
    return cause == VIEWS_CAUSE_LINK ? "线路" : cause == VIEWS_CAUSE_PERSON ? "个人" : "站点";
}

void finding_put(struct json_text *json, const struct views_finding *finding)
{
    json_text_day(json, "day", finding->day);
    json_text_string(json, "rule", finding->rule->name);
    json_text_string(json, "triggers", finding->rule->triggers);
    json_text_string(json, "zh", finding->rule->zh);
    json_text_string(json, "en", finding->rule->en);
    json_text_string(json, "article", finding->rule->article);
    json_text_string(json, "causeZh", cause_zh(finding->cause));
    json_text_string(json, "causeEn", cause_name(finding->cause));
    if (finding->what[0] != 0) {
        json_text_string(json, "what", finding->what);
        json_text_big(json, "claimed", finding->claimed);
        json_text_big(json, "recomputed", finding->recomputed);
    }
    json_text_open_list(json, "events");
    for (size_t i = 0; i < finding->event_count; i++) {
        json_text_hex(json, NULL, span_of(finding->event[i], LIMIT_HASH_SIZE));
    }
    json_text_close_list(json);
}
