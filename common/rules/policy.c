#include "rules/checklist.h"

#include "base/check.h"

#include <stdlib.h>

struct policy {
    struct policy_entry entries[POLICY_COUNT];
    struct checklist *checklist;
};

static const struct policy_info infos[POLICY_COUNT] = {
#define POLICY(id, name, unit, min, max, source, zh, en)                                           \
    [POLICY_##id] = {(name), (unit), (min), (max), (source), (zh), (en)},
#include "rules/policy.def"
#undef POLICY
};

/* --- reading the file --- */

static void put_value(const struct policy_info *info, int64_t value, enum deadline_unit days,
                      struct buf *ret_text) {
    struct policy_entry entry = {.info = info, .value = value, .days = days};
    policy_value_format(&entry, ret_text);
}

static bool info_has_words(const struct policy_info *info) {
    return info->unit == POLICY_UNIT_CHOICE || info->unit == POLICY_UNIT_PERIOD ||
           info->unit == POLICY_UNIT_SWITCH || info->unit == POLICY_UNIT_WEEKDAY;
}

/* Says what would have been right: all words of a choice, else the two ends of the range. */
static void wrong_value(const struct policy_info *info, struct text_place place,
                        struct text_errors *errors) {
    struct buf right;
    buf_init(&right, TEXT_MESSAGE_SIZE);
    if (info_has_words(info)) {
        for (int64_t value = info->min; value <= info->max; value++) {
            put_value(info, value, DEADLINE_WORKING_DAY, &right);
            buf_put_text(&right, value < info->max ? ", " : "");
        }
    } else {
        put_value(info, info->min, DEADLINE_WORKING_DAY, &right);
        buf_put_text(&right, " .. ");
        put_value(info, info->max, DEADLINE_WORKING_DAY, &right);
    }
    text_errors_add(errors, place, "%s 应为 %s / %s must be one of these", info->name,
                    buf_text(&right), info->name);
    buf_done(&right);
}

static void read_parameter(struct policy *policy, struct span name, struct span line,
                           struct text_place place, struct text_errors *errors) {
    struct span shown = text_short(name);
    enum policy_id id = policy_by_name(name);
    if (id == POLICY_COUNT) {
        text_errors_add(errors, place, "没有名为“%.*s”的参数 / there is no parameter of this name",
                        (int)shown.size, (const char *)shown.data);
        return;
    }
    struct policy_entry *entry = &policy->entries[id];
    if (entry->line != 0) {
        text_errors_add(errors, place, "%s 已在第 %u 行写过 / %s was already given at line %u",
                        entry->info->name, (unsigned)entry->line, entry->info->name,
                        (unsigned)entry->line);
        return;
    }
    entry->line = place.line;
    entry->is_default = text_take_suffix(&line, "默认") || text_take_suffix(&line, "default");
    if (policy_value_parse(line, entry) != ERR_NONE || entry->value < entry->info->min ||
        entry->value > entry->info->max) {
        wrong_value(entry->info, place, errors);
    }
}

static void read_line(struct policy *policy, struct span line, struct span comment,
                      struct text_place place, struct text_errors *errors) {
    struct span name = text_take_until(&line, '=');
    if (!checklist_read_line(policy->checklist, name, line, comment, place, errors)) {
        read_parameter(policy, name, line, place, errors);
    }
}

/* Values that only make sense together. */
static void check_pairs(const struct policy *policy, struct text_errors *errors) {
    static const struct {
        enum policy_id low;
        enum policy_id high;
    } pairs[] = {
        {POLICY_SCORE_PASS, POLICY_SCORE_EXCELLENT},
        {POLICY_SCORE_EXCELLENT, POLICY_SCORE_BASE},
        {POLICY_HOURS_OPENING, POLICY_HOURS_CLOSING},
        {POLICY_LEAVE_VILLAGE_HEAD_MAX, POLICY_LEAVE_VILLAGE_LINE_MAX},
        {POLICY_LEAVE_HALL_HEAD_MAX, POLICY_LEAVE_HALL_LINE_MAX},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        const struct policy_entry *low = &policy->entries[pairs[i].low];
        const struct policy_entry *high = &policy->entries[pairs[i].high];
        if (low->value > high->value) {
            text_errors_add(errors, (struct text_place){0, high->line},
                            "%s 不应小于 %s / %s must not be less than %s", high->info->name,
                            low->info->name, high->info->name, low->info->name);
        }
    }
    int64_t share = policy_get(policy, POLICY_SHARE_STATION) +
                    policy_get(policy, POLICY_SHARE_TOWNSHIP) +
                    policy_get(policy, POLICY_SHARE_DISTRICT);
    if (share != 100) {
        text_errors_add(errors, (struct text_place){0, policy->entries[POLICY_SHARE_DISTRICT].line},
                        "share.* 三项之和应为 100 %% / the three share.* add up to 100 %%");
    }
    if (policy_get(policy, POLICY_LIFE_COMMUNITY) + policy_get(policy, POLICY_LIFE_EMPLOYER) !=
        100) {
        text_errors_add(errors, (struct text_place){0, policy->entries[POLICY_LIFE_EMPLOYER].line},
                        "life.* 两项之和应为 100 %% / the two life.* add up to 100 %%");
    }
}

static void read_all(struct policy *policy, struct span text, struct text_errors *errors) {
    struct text_lines lines;
    struct span line;
    struct span comment;
    uint32_t before = errors->total;
    for (enum policy_id id = 0; id < POLICY_COUNT; id++) {
        policy->entries[id] =
            (struct policy_entry){.id = id, .info = &infos[id], .days = DEADLINE_WORKING_DAY};
    }
    text_lines_init(&lines, text, 0);
    while (text_lines_next(&lines, &line, &comment)) {
        read_line(policy, line, comment, lines.place, errors);
    }
    for (enum policy_id id = 0; id < POLICY_COUNT; id++) {
        if (policy->entries[id].line == 0) {
            text_errors_add(errors, (struct text_place){0}, "缺少 %s / %s is missing",
                            infos[id].name, infos[id].name);
        }
    }
    checklist_check(policy->checklist, errors);
    if (errors->total == before) {
        check_pairs(policy, errors);
    }
}

enum err policy_parse(struct span text, struct policy **ret_policy,
                      struct text_errors *ret_errors) {
    uint32_t before = ret_errors->total;
    if (!text_file_check(text, 0, ret_errors)) {
        return ERR_MALFORMED;
    }
    struct policy *policy = calloc(1, sizeof *policy);
    if (policy == NULL) {
        return ERR_MEMORY;
    }
    policy->checklist = checklist_new(text);
    if (policy->checklist == NULL) {
        policy_free(policy);
        return ERR_MEMORY;
    }
    read_all(policy, text, ret_errors);
    if (ret_errors->total != before) {
        policy_free(policy);
        return ERR_MALFORMED;
    }
    *ret_policy = policy;
    return ERR_NONE;
}

void policy_free(struct policy *policy) {
    if (policy != NULL) {
        checklist_free(policy->checklist);
    }
    free(policy);
}

/* --- asking --- */

const struct policy_info *policy_info(enum policy_id id) {
    CHECK(id < POLICY_COUNT);
    return &infos[id];
}

enum policy_id policy_by_name(struct span name) {
    enum policy_id id = 0;
    while (id < POLICY_COUNT && !text_is(name, infos[id].name)) {
        id++;
    }
    return id;
}

int64_t policy_get(const struct policy *policy, enum policy_id id) {
    CHECK(policy_info(id)->unit != POLICY_UNIT_LIMIT);
    return policy->entries[id].value;
}

uint32_t policy_get_count(const struct policy *policy, enum policy_id id) {
    int64_t value = policy_get(policy, id);
    CHECK(value >= 0 && value <= UINT32_MAX);
    return (uint32_t)value;
}

bool policy_is(const struct policy *policy, enum policy_id id) {
    CHECK(policy_info(id)->unit == POLICY_UNIT_SWITCH);
    return policy->entries[id].value != 0;
}

struct deadline_limit policy_limit(const struct policy *policy, enum policy_id id) {
    CHECK(policy_info(id)->unit == POLICY_UNIT_LIMIT);
    return (struct deadline_limit){(uint32_t)policy->entries[id].value, policy->entries[id].days};
}

enum policy_period policy_period(const struct policy *policy, enum policy_id id) {
    CHECK(policy_info(id)->unit == POLICY_UNIT_PERIOD);
    return (enum policy_period)policy->entries[id].value;
}

enum policy_choice policy_choice(const struct policy *policy, enum policy_id id) {
    CHECK(policy_info(id)->unit == POLICY_UNIT_CHOICE);
    return (enum policy_choice)policy->entries[id].value;
}

const struct checklist *policy_checklist(const struct policy *policy) {
    return policy->checklist;
}

struct policy_entry policy_entry(const struct policy *policy, enum policy_id id) {
    CHECK(id < POLICY_COUNT);
    return policy->entries[id];
}

void policy_each(const struct policy *policy,
                 void (*visit)(void *context, const struct policy_entry *entry), void *context) {
    for (enum policy_id id = 0; id < POLICY_COUNT; id++) {
        visit(context, &policy->entries[id]);
    }
}

struct deadline_rules deadline_rules_of_policy(const struct policy *policy) {
    bool restart = policy_choice(policy, POLICY_CLOCK_ON_SUPPLEMENT) == POLICY_CHOICE_RESTART;
    return (struct deadline_rules){
        .start_offset = policy_get_count(policy, POLICY_CLOCK_START_OFFSET),
        .supplement = restart ? DEADLINE_RESTART : DEADLINE_RESUME,
        .suspension_stops = policy_is(policy, POLICY_CLOCK_SUSPENSION_STOPS),
        .calendar_day_rolls = policy_is(policy, POLICY_CLOCK_CALENDAR_DAY_ROLLS),
        .amber_percent = policy_get_count(policy, POLICY_AMBER_PERCENT),
        .amber_days_min = policy_get_count(policy, POLICY_AMBER_DAYS_MIN),
        .red_days = policy_get_count(policy, POLICY_RED_DAYS),
        .extension_count_max = policy_get_count(policy, POLICY_EXTENSION_COUNT_MAX),
        .extension_percent_max = policy_get_count(policy, POLICY_EXTENSION_PERCENT_MAX),
        .extension_before_due = policy_is(policy, POLICY_EXTENSION_BEFORE_DUE),
    };
}
