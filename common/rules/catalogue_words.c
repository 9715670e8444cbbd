#include "rules/catalogue_parse.h"

#define TEXT "文字 / text"
#define FLAG "yes 或 no / yes or no"
#define LIMIT                                                                                      \
    "10 wd | 来源，分段时 15 wd | 名称 / name | 来源 / 10 wd | source, or with a stage's name"
#define DAYS "10 wd 或 20 d / 10 wd or 20 d"

const struct catalogue_attribute_rule catalogue_attribute_rules[CATALOGUE_ATTRIBUTE_COUNT] = {
    [CATALOGUE_ATTRIBUTE_NAME] = {"name", "名称", true, "中文 / English"},
    [CATALOGUE_ATTRIBUTE_CLASS] = {"class", "类别", true, "administrative, life"},
    [CATALOGUE_ATTRIBUTE_WINDOW] = {"window", "窗口", true, TEXT},
    [CATALOGUE_ATTRIBUTE_KIND] = {"kind", "件别", true,
                                  "immediate, commitment, answer, joint, approval, work"},
    [CATALOGUE_ATTRIBUTE_WORK_LOG] = {"work_log", "工作记录", false, FLAG},
    [CATALOGUE_ATTRIBUTE_DECIDES] = {"decides", "决定", true, "S T D"},
    [CATALOGUE_ATTRIBUTE_ROUTE] = {"route", "路径", true, "none, hub, hub-district, district"},
    [CATALOGUE_ATTRIBUTE_LIMIT] = {"limit", "时限", false, LIMIT},
    [CATALOGUE_ATTRIBUTE_STATUTORY] = {"statutory", "法定时限", false, DAYS},
    [CATALOGUE_ATTRIBUTE_FORWARD] = {"forward", "转送时限", false, DAYS},
    [CATALOGUE_ATTRIBUTE_SHARE] = {"share", "份额", false, "20 30 50 (sum 100)"},
    [CATALOGUE_ATTRIBUTE_BASIS] = {"basis", "依据", true, TEXT},
    [CATALOGUE_ATTRIBUTE_CONDITION] = {"condition", "条件", false, TEXT},
    [CATALOGUE_ATTRIBUTE_PROXY] = {"proxy", "代办", true, FLAG},
    [CATALOGUE_ATTRIBUTE_IN_PERSON] = {"in_person", "须到场", true, FLAG},
    [CATALOGUE_ATTRIBUTE_HOME_VISIT] = {"home_visit", "上门", true, FLAG},
    [CATALOGUE_ATTRIBUTE_GROUPS] = {"groups", "特殊群体", false, TEXT},
    [CATALOGUE_ATTRIBUTE_DEPARTMENTS] = {"departments", "部门", false, "POLICE CIVIL ..."},
    [CATALOGUE_ATTRIBUTE_MANUAL] = {"manual", "人工登记", true, FLAG},
    [CATALOGUE_ATTRIBUTE_REMEDY] = {"remedy", "救济", false, TEXT},
    [CATALOGUE_ATTRIBUTE_RESULT] = {"result", "结果", false, TEXT},
    [CATALOGUE_ATTRIBUTE_FEE] = {"fee", "收费", true,
                                 "none, external, statutory 12.50 | 依据 / basis"},
    [CATALOGUE_ATTRIBUTE_WHERE] = {"where", "去处", false, TEXT},
    [CATALOGUE_ATTRIBUTE_STATUS] = {"status", "状态", true,
                                    "proposed, active, withdrawn, elsewhere"},
    [CATALOGUE_ATTRIBUTE_VALID_FROM] = {"valid_from", "生效日", true, "2026-01-01"},
    [CATALOGUE_ATTRIBUTE_GUIDE] = {"guide", "指南", false, TEXT},
};

static const struct text_word class_words[] = {
    {"administrative", "行政", CATALOGUE_ADMINISTRATIVE},
    {"life", "生活", CATALOGUE_LIFE},
};
static const struct text_word kind_words[] = {
    {"immediate", "即办", CATALOGUE_IMMEDIATE}, {"commitment", "承诺", CATALOGUE_COMMITMENT},
    {"answer", "答复", CATALOGUE_ANSWER},       {"joint", "联办", CATALOGUE_JOINT},
    {"approval", "报批", CATALOGUE_APPROVAL},   {"work", "工作项", CATALOGUE_WORK},
};
static const struct text_word tier_words[] = {
    {"S", "站", CATALOGUE_STATION},
    {"T", "镇", CATALOGUE_TOWNSHIP},
    {"D", "区", CATALOGUE_DISTRICT},
};
static const struct text_word route_words[] = {
    {"none", "不上报", CATALOGUE_ROUTE_NONE},
    {"hub", "报镇", CATALOGUE_ROUTE_HUB},
    {"hub-district", "经镇报区", CATALOGUE_ROUTE_HUB_DISTRICT},
    {"district", "直报区", CATALOGUE_ROUTE_DISTRICT},
};
static const struct text_word form_words[] = {
    {"original", "原件", CATALOGUE_ORIGINAL},
    {"copy", "复印件", CATALOGUE_COPY},
    {"electronic", "电子件", CATALOGUE_ELECTRONIC},
    {"shown", "核验退还", CATALOGUE_SHOWN},
};
static const struct text_word status_words[] = {
    {"proposed", "拟进驻", CATALOGUE_PROPOSED},
    {"active", "在办", CATALOGUE_ACTIVE},
    {"withdrawn", "已退出", CATALOGUE_WITHDRAWN},
    {"elsewhere", "未进驻", CATALOGUE_ELSEWHERE},
};
static const struct text_word fee_words[] = {
    {"none", "免费", CATALOGUE_FEE_NONE},
    {"statutory", "规费", CATALOGUE_FEE_STATUTORY},
    {"external", "代收", CATALOGUE_FEE_EXTERNAL},
};
static const struct text_word unit_words[] = {
    {"wd", "个工作日", DEADLINE_WORKING_DAY},
    {"d", "日", DEADLINE_CALENDAR_DAY},
};
static const struct text_word flag_words[] = {{"yes", "是", 1}, {"no", "否", 0}};

#define WORDS(list)                                                                                \
    { (list), sizeof(list) / sizeof((list)[0]) }

static const struct {
    const struct text_word *words;
    size_t count;
} lists[] = {
    [CATALOGUE_LIST_CLASS] = WORDS(class_words), [CATALOGUE_LIST_KIND] = WORDS(kind_words),
    [CATALOGUE_LIST_TIER] = WORDS(tier_words),   [CATALOGUE_LIST_ROUTE] = WORDS(route_words),
    [CATALOGUE_LIST_FORM] = WORDS(form_words),   [CATALOGUE_LIST_STATUS] = WORDS(status_words),
    [CATALOGUE_LIST_FEE] = WORDS(fee_words),     [CATALOGUE_LIST_UNIT] = WORDS(unit_words),
    [CATALOGUE_LIST_FLAG] = WORDS(flag_words),
};

enum err catalogue_word_find(enum catalogue_list list, struct span text, int32_t *ret_value) {
    return text_word_find(lists[list].words, lists[list].count, text, ret_value);
}

static const struct text_word *word_of(enum catalogue_list list, int32_t value) {
    static const struct text_word none = {"", "", 0};
    for (size_t i = 0; i < lists[list].count; i++) {
        if (lists[list].words[i].value == value) {
            return &lists[list].words[i];
        }
    }
    return &none;
}

const char *catalogue_class_name(enum catalogue_class class) {
    return word_of(CATALOGUE_LIST_CLASS, (int32_t) class)->english;
}

const char *catalogue_class_zh(enum catalogue_class class) {
    return word_of(CATALOGUE_LIST_CLASS, (int32_t) class)->chinese;
}

const char *catalogue_kind_name(enum catalogue_kind kind) {
    return word_of(CATALOGUE_LIST_KIND, (int32_t)kind)->english;
}

const char *catalogue_kind_zh(enum catalogue_kind kind) {
    return word_of(CATALOGUE_LIST_KIND, (int32_t)kind)->chinese;
}

const char *catalogue_status_name(enum catalogue_status status) {
    return word_of(CATALOGUE_LIST_STATUS, (int32_t)status)->english;
}

const char *catalogue_status_zh(enum catalogue_status status) {
    return word_of(CATALOGUE_LIST_STATUS, (int32_t)status)->chinese;
}

const char *catalogue_route_name(enum catalogue_route route) {
    return word_of(CATALOGUE_LIST_ROUTE, (int32_t)route)->english;
}

const char *catalogue_route_zh(enum catalogue_route route) {
    return word_of(CATALOGUE_LIST_ROUTE, (int32_t)route)->chinese;
}

const char *catalogue_form_name(enum catalogue_material_form form) {
    return word_of(CATALOGUE_LIST_FORM, (int32_t)form)->english;
}

const char *catalogue_form_zh(enum catalogue_material_form form) {
    return word_of(CATALOGUE_LIST_FORM, (int32_t)form)->chinese;
}

const char *catalogue_fee_name(enum catalogue_fee fee) {
    return word_of(CATALOGUE_LIST_FEE, (int32_t)fee)->english;
}

const char *catalogue_fee_zh(enum catalogue_fee fee) {
    return word_of(CATALOGUE_LIST_FEE, (int32_t)fee)->chinese;
}

const char *catalogue_attribute_name(enum catalogue_attribute attribute) {
    return attribute < CATALOGUE_ATTRIBUTE_COUNT ? catalogue_attribute_rules[attribute].english
                                                 : "";
}

const char *catalogue_attribute_zh(enum catalogue_attribute attribute) {
    return attribute < CATALOGUE_ATTRIBUTE_COUNT ? catalogue_attribute_rules[attribute].chinese
                                                 : "";
}
