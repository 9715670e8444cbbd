#include "forms/inside.h"

#include <string.h>

/* What the catalogue and the policy say. */

/* "[S4:462]", "N07", "X09" and "(inferred)" are for who keeps the file, not for the applicant. */
void forms_put_plain(struct forms_work *work, const char *text)
{
    while (*text != 0) {
        size_t size = strcspn(text, "[(");
        forms_put(work, span_of(text, size));
        text += size;
        const char *end = *text == '[' && text[1] == 'S' ? strchr(text, ']') : NULL;
        if (end != NULL) {
            text = end + 1;
        } else if (strncmp(text, "(inferred)", 10) == 0) {
            text += 10;
        } else if (*text != 0) {
            forms_put(work, span_of(text, 1));
            text++;
        }
    }
}

static void put_limit(struct forms_work *work, struct deadline_limit limit)
{
    bool english = work->input->english;
    if (limit.count == 0) {
        forms_put_text(work, english ? "at once" : "即办");
        return;
    }
    forms_put_number(work, limit.count);
    if (limit.unit == DEADLINE_CALENDAR_DAY) {
        forms_put_text(work, english ? " days" : " 日");
    } else {
        forms_put_text(work, english ? " working days" : " 个工作日");
    }
}

static void put_limits(struct forms_work *work, const struct catalogue_item *item)
{
    struct deadline_limit fallback = {0, DEADLINE_WORKING_DAY};
    if (work->input->policy != NULL) {
        fallback = policy_limit(work->input->policy, POLICY_ITEM_LIMIT);
    }
    uint32_t count = item->stage_count == 0 ? 1 : item->stage_count;
    for (uint32_t i = 0; i < count; i++) {
        const char *name = i < item->stage_count ? item->stage[i].name_zh : "";
        if (work->input->english && i < item->stage_count && item->stage[i].name_en[0] != 0) {
            name = item->stage[i].name_en;
        }
        forms_put_text(work, i == 0 ? "" : "，");
        forms_put_plain(work, name);
        put_limit(work, catalogue_item_limit(item, i, fallback));
    }
}

/* The way a case takes, read off kind, powers and route. */
static void put_procedure(struct forms_work *work, const struct catalogue_item *item)
{
    bool english = work->input->english;
    bool district = (item->decides & CATALOGUE_DISTRICT) != 0;
    bool up = (item->decides & CATALOGUE_STATION) == 0;
    forms_put_text(work, english ? "application at the window" : "窗口申请受理");
    if (item->kind == CATALOGUE_IMMEDIATE && !up) {
        forms_put_text(work, english ? ", done on the spot" : " → 当场办结");
        return;
    }
    if (item->kind == CATALOGUE_ANSWER) {
        forms_put_text(work, english ? ", answered" : " → 答复");
        return;
    }
    if (up && item->route != CATALOGUE_ROUTE_DISTRICT) {
        forms_put_text(work, english ? ", the township" : " → 报送镇便民服务中心");
    }
    if (up && district) {
        forms_put_text(work, english ? ", the district's department" : " → 区级主管部门办理");
    }
    if (!up) {
        forms_put_text(work, english ? ", handled at the station" : " → 本站办理");
    }
    forms_put_text(work, english ? ", told, picked up" : " → 告知取件");
}

static void put_fee(struct forms_work *work, const struct catalogue_item *item)
{
    bool english = work->input->english;
    switch (item->fee) {
    case CATALOGUE_FEE_NONE:
        forms_put_text(work, english ? "no fee" : "不收费");
        return;
    case CATALOGUE_FEE_STATUTORY:
        forms_put_number(work, item->fee_minor / 100);
        forms_put_text(work, item->fee_minor % 100 < 10 ? ".0" : ".");
        forms_put_number(work, item->fee_minor % 100);
        forms_put_text(work, english ? " yuan " : " 元 ");
        forms_put_plain(work, item->fee_basis);
        return;
    case CATALOGUE_FEE_EXTERNAL:
        forms_put_text(work, english ? "collected by the outside provider"
                                     : "由提供服务的单位按其标准收取");
        return;
    }
}

FORMS_MAKER(item)
{
    const struct catalogue_item *item = work->input->item;
    (void)text;
    if (item == NULL) {
        return;
    }
    bool english = work->input->english;
    switch ((enum forms_item)number) {
    case FORMS_ITEM_NAME:
        forms_put_plain(work, english && item->name_en[0] != 0 ? item->name_en : item->name_zh);
        return;
    case FORMS_ITEM_KIND:
        forms_put_text(work,
                       english ? catalogue_kind_name(item->kind) : catalogue_kind_zh(item->kind));
        return;
    case FORMS_ITEM_BASIS:
        forms_put_plain(work, item->basis);
        return;
    case FORMS_ITEM_CONDITION:
        forms_put_plain(work, item->condition);
        return;
    case FORMS_ITEM_PROCEDURE:
        put_procedure(work, item);
        return;
    case FORMS_ITEM_LIMIT:
        put_limits(work, item);
        return;
    case FORMS_ITEM_FEE:
        put_fee(work, item);
        return;
    case FORMS_ITEM_REMEDY:
        forms_put_plain(work, item->remedy);
        return;
    case FORMS_ITEM_WINDOW:
        forms_put_plain(work, item->window);
        return;
    }
}

/* What the item's text says, and that both ways were told; the periods of law stand in the item. */
FORMS_MAKER(remedies)
{
    uint64_t told = work->cited == NULL ? 0 : values_number(work->cited->facts, FIELD_remedies, 0);
    bool english = work->input->english;
    (void)number;
    (void)text;
    if (told == 0) {
        return;
    }
    if (work->input->item != NULL && work->input->item->remedy[0] != 0 && !english) {
        forms_put_plain(work, work->input->item->remedy);
        return;
    }
    if ((told & CASE_REMEDY_REVIEW) != 0) {
        forms_put_text(work, english ? "administrative review" : "可依法申请行政复议");
    }
    if ((told & CASE_REMEDY_LITIGATION) != 0) {
        forms_put_text(work, forms_is_empty(work) ? "" : (english ? " or " : "，也可"));
        forms_put_text(work, english ? "administrative litigation" : "依法提起行政诉讼");
    }
}

FORMS_MAKER(policy_limit)
{
    (void)text;
    if (work->input->policy != NULL) {
        put_limit(work, policy_limit(work->input->policy, (enum policy_id)number));
    }
}

FORMS_MAKER(base_points)
{
    (void)number;
    (void)text;
    if (work->input->policy != NULL) {
        forms_put_number(work, policy_get_count(work->input->policy, POLICY_SCORE_BASE));
        forms_put_text(work, work->input->english ? " points" : " 分");
    }
}
