#include "base/text.h"
#include "desk/inside.h"
#include "rules/civil.h"

#include <string.h>

enum { VALUE_SIZE = 256 };

static bool editions_view(struct desk *desk, struct desk_call *call, struct rule_world *ret)
{
    const struct world *world = desk_fold(desk)->world;
    memset(ret, 0, sizeof *ret);
    if (world_view(world, world_common_seq(world), 0, 0, ret)) {
        return true;
    }
    reply_err(call->exchange, ERR_STATE);
    return false;
}

/* --- catalogue --- */

static void put_limit(struct json_text *json, const char *name, struct deadline_limit limit)
{
    json_text_open(json, name);
    json_text_number(json, "count", limit.count);
    json_text_string(json, "unit", limit.unit == DEADLINE_CALENDAR_DAY ? "d" : "wd");
    json_text_close(json);
}

static void put_stages(struct json_text *json, const struct catalogue_item *item)
{
    json_text_open_list(json, "stages");
    for (uint32_t i = 0; i < item->stage_count; i++) {
        const struct catalogue_stage *stage = &item->stage[i];
        json_text_open(json, NULL);
        json_text_string(json, "zh", stage->name_zh);
        json_text_string(json, "en", stage->name_en);
        put_limit(json, "limit", stage->limit);
        json_text_string(json, "source", stage->source);
        json_text_close(json);
    }
    json_text_close_list(json);
}

static void put_materials(struct json_text *json, const struct catalogue_item *item)
{
    json_text_open_list(json, "materials");
    for (uint32_t i = 0; i < item->material_count; i++) {
        const struct catalogue_material *material = &item->material[i];
        json_text_open(json, NULL);
        json_text_string(json, "code", material->code);
        json_text_string(json, "zh", material->name_zh);
        json_text_string(json, "en", material->name_en);
        json_text_string(json, "form", catalogue_form_name(material->form));
        json_text_string(json, "formZh", catalogue_form_zh(material->form));
        json_text_number(json, "count", material->count);
        json_text_bool(json, "required", material->required);
        json_text_bool(json, "inferred", material->inferred);
        json_text_string(json, "basis", material->basis);
        json_text_close(json);
    }
    json_text_close_list(json);
}

static void put_head(struct json_text *json, const struct catalogue_item *item)
{
    json_text_string(json, "code", item->code);
    json_text_string(json, "zh", item->name_zh);
    json_text_string(json, "en", item->name_en);
    json_text_string(json, "kind", catalogue_kind_name(item->kind));
    json_text_string(json, "kindZh", catalogue_kind_zh(item->kind));
    json_text_string(json, "window", item->window);
    json_text_string(json, "status", catalogue_status_name(item->status));
    json_text_string(json, "statusZh", catalogue_status_zh(item->status));
    json_text_string(json, "route", catalogue_route_name(item->route));
    json_text_bool(json, "proxy", item->proxy);
}

static void put_item_texts(struct json_text *json, const struct catalogue_item *item)
{
    json_text_string(json, "class", catalogue_class_name(item->class));
    json_text_string(json, "classZh", catalogue_class_zh(item->class));
    json_text_string(json, "routeZh", catalogue_route_zh(item->route));
    json_text_string(json, "basis", item->basis);
    json_text_string(json, "condition", item->condition);
    json_text_string(json, "groups", item->groups);
    json_text_string(json, "remedy", item->remedy);
    json_text_string(json, "result", item->result);
    json_text_string(json, "where", item->where);
    json_text_string(json, "guide", item->guide);
    json_text_string(json, "fee", catalogue_fee_name(item->fee));
    json_text_string(json, "feeZh", catalogue_fee_zh(item->fee));
    json_text_big(json, "feeMinor", item->fee_minor);
    json_text_string(json, "feeBasis", item->fee_basis);
}

static void put_item(struct json_text *json, const struct catalogue_item *item,
                     const struct policy *policy)
{
    put_head(json, item);
    put_item_texts(json, item);
    json_text_bool(json, "workLog", item->work_log);
    json_text_bool(json, "inPerson", item->in_person);
    json_text_bool(json, "homeVisit", item->home_visit);
    json_text_bool(json, "manual", item->manual_possible);
    json_text_open_list(json, "decides");
    if ((item->decides & CATALOGUE_STATION) != 0) {
        json_text_string(json, NULL, "station");
    }
    if ((item->decides & CATALOGUE_TOWNSHIP) != 0) {
        json_text_string(json, NULL, "township");
    }
    if ((item->decides & CATALOGUE_DISTRICT) != 0) {
        json_text_string(json, NULL, "district");
    }
    json_text_close_list(json);
    json_text_open_list(json, "departments");
    for (uint32_t i = 0; i < item->department_count; i++) {
        json_text_string(json, NULL, item->department[i]);
    }
    json_text_close_list(json);
    put_limit(json, "limit",
              catalogue_item_limit(item, 0, policy_limit(policy, POLICY_ITEM_LIMIT)));
    json_text_bool(json, "limitPrinted", item->stage_count > 0);
    put_stages(json, item);
    put_materials(json, item);
    json_text_day(json, "validFrom", item->valid_from_day);
    json_text_open_list(json, "inferred");
    for (int i = 0; i < CATALOGUE_ATTRIBUTE_COUNT; i++) {
        if (catalogue_item_is_inferred(item, (enum catalogue_attribute)i)) {
            json_text_string(json, NULL, catalogue_attribute_name((enum catalogue_attribute)i));
        }
    }
    json_text_close_list(json);
}

void desk_get_catalogue(struct desk *desk, struct desk_call *call)
{
    static const struct reply_problem unknown = {404, "no_item", "目录里没有这个事项。",
                                                 "The catalogue has no such item.", NULL};
    struct rule_world world;
    struct reply reply;
    if (!editions_view(desk, call, &world)) {
        return;
    }
    const struct catalogue_item *item =
        call->tail[0] == 0 ? NULL : catalogue_item_find(world.catalogue, span_text(call->tail));
    if (call->tail[0] != 0 && item == NULL) {
        reply_problem(call->exchange, &unknown);
        return;
    }
    reply_begin(&reply);
    json_text_big(&reply.json, "edition", world.catalogue_edition);
    if (item != NULL) {
        put_item(&reply.json, item, world.policy);
        reply_send(&reply, call->exchange, 200);
        return;
    }
    json_text_open_list(&reply.json, "items");
    for (size_t i = 0; i < catalogue_item_count(world.catalogue); i++) {
        json_text_open(&reply.json, NULL);
        put_head(&reply.json, catalogue_item_at(world.catalogue, i));
        json_text_close(&reply.json);
    }
    json_text_close_list(&reply.json);
    reply_send(&reply, call->exchange, 200);
}

/* --- policy --- */

static void put_entry(void *context, const struct policy_entry *entry)
{
    struct json_text *json = context;
    struct buf value;
    buf_init(&value, VALUE_SIZE);
    policy_value_format(entry, &value);
    json_text_open(json, NULL);
    json_text_string(json, "name", entry->info->name);
    json_text_string(json, "value", buf_text(&value));
    json_text_bool(json, "default", entry->is_default);
    json_text_string(json, "source", entry->info->source);
    json_text_string(json, "zh", entry->info->zh);
    json_text_string(json, "en", entry->info->en);
    json_text_number(json, "line", entry->line);
    json_text_close(json);
    buf_done(&value);
}

void desk_get_policy(struct desk *desk, struct desk_call *call)
{
    struct rule_world world;
    struct reply reply;
    if (!editions_view(desk, call, &world)) {
        return;
    }
    reply_begin(&reply);
    json_text_big(&reply.json, "edition", world.policy_edition);
    json_text_open_list(&reply.json, "parameters");
    policy_each(world.policy, put_entry, &reply.json);
    json_text_close_list(&reply.json);
    reply_send(&reply, call->exchange, 200);
}

/* --- calendar --- */

static const char *mark_name(enum calendar_kind kind, bool english)
{
    switch (kind) {
    case CALENDAR_PLAIN:
        break;
    case CALENDAR_HOLIDAY:
        return english ? "holiday" : "放假";
    case CALENDAR_WORKDAY:
        return english ? "workday" : "补班";
    case CALENDAR_CLOSED:
        return english ? "closed" : "停办";
    }
    return "";
}

static void put_mark(struct json_text *json, const struct calendar_mark *mark)
{
    json_text_open(json, NULL);
    json_text_day(json, "day", mark->day);
    json_text_number(json, "weekday", civil_weekday_of_day(mark->day));
    json_text_string(json, "kind", mark_name(mark->kind, true));
    json_text_string(json, "kindZh", mark_name(mark->kind, false));
    json_text_string(json, "name", mark->name);
    json_text_close(json);
}

void desk_get_calendar(struct desk *desk, struct desk_call *call)
{
    static const struct reply_problem wrong = {400, "bad_query", "年份有误。", "The year is wrong.",
                                               "year"};
    struct rule_world world;
    struct reply reply;
    const char *text = http_exchange_query(call->exchange, "year");
    uint64_t year = (uint64_t)civil_date_of_day(civil_day_of_ms(call->now_ms)).year;
    if (text != NULL && text_get_number(span_text(text), 9999, &year) != ERR_NONE) {
        reply_problem(call->exchange, &wrong);
        return;
    }
    if (!editions_view(desk, call, &world)) {
        return;
    }
    reply_begin(&reply);
    json_text_big(&reply.json, "year", year);
    json_text_bool(&reply.json, "known", calendar_has_year(world.calendar, (int32_t)year));
    json_text_open_list(&reply.json, "days");
    for (size_t i = 0; i < calendar_mark_count(world.calendar); i++) {
        const struct calendar_mark *mark = calendar_mark_at(world.calendar, i);
        if (civil_date_of_day(mark->day).year == (int32_t)year) {
            put_mark(&reply.json, mark);
        }
    }
    json_text_close_list(&reply.json);
    reply_send(&reply, call->exchange, 200);
}
