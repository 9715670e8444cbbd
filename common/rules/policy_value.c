#include "base/text.h"
#include "rules/policy.h"

#define WORDS(list) (list), sizeof(list) / sizeof((list)[0])

/* The unit behind a number; POLICY_UNIT_COUNT has none, POLICY_UNIT_LIMIT has its own two. */
static const struct text_word unit_words[] = {
    {"%", "％", POLICY_UNIT_PERCENT},
    {"point", "分", POLICY_UNIT_POINT},
    {"min", "分钟", POLICY_UNIT_MINUTE},
    {"h", "小时", POLICY_UNIT_HOUR},
    {"half-day", "个半天", POLICY_UNIT_HALF_DAY},
    {"d", "日", POLICY_UNIT_DAY},
    {"month", "个月", POLICY_UNIT_MONTH},
    {"year", "年", POLICY_UNIT_YEAR},
    {"m", "米", POLICY_UNIT_METRE},
    {"C", "℃", POLICY_UNIT_CELSIUS},
};

static const struct text_word limit_words[] = {
    {"wd", "个工作日", DEADLINE_WORKING_DAY},
    {"d", "日", DEADLINE_CALENDAR_DAY},
};

static const struct text_word weekday_words[] = {
    {"monday", "星期一", CIVIL_MONDAY},       {"tuesday", "星期二", CIVIL_TUESDAY},
    {"wednesday", "星期三", CIVIL_WEDNESDAY}, {"thursday", "星期四", CIVIL_THURSDAY},
    {"friday", "星期五", CIVIL_FRIDAY},       {"saturday", "星期六", CIVIL_SATURDAY},
    {"sunday", "星期日", CIVIL_SUNDAY},
};

static const struct text_word period_words[] = {
    {"day", "每日", POLICY_PERIOD_DAY},
    {"week", "每周", POLICY_PERIOD_WEEK},
    {"half-month", "每半月", POLICY_PERIOD_HALF_MONTH},
    {"month", "每月", POLICY_PERIOD_MONTH},
    {"quarter", "每季度", POLICY_PERIOD_QUARTER},
    {"half-year", "每半年", POLICY_PERIOD_HALF_YEAR},
    {"year", "每年", POLICY_PERIOD_YEAR},
};

static const struct text_word switch_words[] = {{"yes", "是", 1}, {"no", "否", 0}};

static const struct text_word choice_words[] = {
    {"restart", "重新计算", POLICY_CHOICE_RESTART},
    {"resume", "接续计算", POLICY_CHOICE_RESUME},
    {"nobody", "无", POLICY_CHOICE_NOBODY},
    {"proxy", "代办件", POLICY_CHOICE_PROXY},
    {"all", "全部", POLICY_CHOICE_ALL},
    {"shorter", "取短", POLICY_CHOICE_SHORTER},
    {"law", "法定", POLICY_CHOICE_LAW},
    {"superior", "上级时限", POLICY_CHOICE_SUPERIOR},
    {"no-power", "无权办理", POLICY_CHOICE_NO_POWER},
    {"no-power-or-not-at-once", "无权或不能当场办结", POLICY_CHOICE_NO_POWER_OR_NOT_AT_ONCE},
    {"result-told", "告知结果", POLICY_CHOICE_RESULT_TOLD},
    {"handed-over", "移交", POLICY_CHOICE_HANDED_OVER},
    {"second-notice", "第二次补正告知", POLICY_CHOICE_SECOND_NOTICE},
    {"second-visit", "第二次往返", POLICY_CHOICE_SECOND_VISIT},
    {"via-hub", "经镇中心", POLICY_CHOICE_VIA_HUB},
    {"direct", "直送区级", POLICY_CHOICE_DIRECT},
    {"manual", "人工登记", POLICY_CHOICE_MANUAL},
    {"suspend", "中止", POLICY_CHOICE_SUSPEND},
    {"village", "村级大厅", POLICY_CHOICE_LADDER_VILLAGE},
    {"hall", "核算中心大厅", POLICY_CHOICE_LADDER_HALL},
    {"station", "便民服务站", POLICY_CHOICE_LADDER_STATION},
    {"secretary", "村支部书记", POLICY_CHOICE_SECRETARY},
    {"hub", "镇中心", POLICY_CHOICE_HUB},
    {"district", "区级", POLICY_CHOICE_DISTRICT},
    {"late", "迟到", POLICY_CHOICE_LATE},
    {"absent", "缺席", POLICY_CHOICE_ABSENT},
    {"thirty-minutes", "三十分钟", POLICY_CHOICE_THIRTY_MINUTES},
    {"unexplained", "未说明", POLICY_CHOICE_UNEXPLAINED},
    {"morning", "上午", POLICY_CHOICE_MORNING},
    {"afternoon", "下午", POLICY_CHOICE_AFTERNOON},
};

_Static_assert(sizeof choice_words / sizeof choice_words[0] == POLICY_CHOICE_END - 1,
               "every choice has its word");

/* Digits at the start; the rest, trimmed, is the unit. */
static bool take_number(struct span *text, uint64_t max, int64_t *ret_number)
{
    size_t size = 0;
    uint64_t number = 0;
    while (size < text->size && text->data[size] >= '0' && text->data[size] <= '9') {
        size++;
    }
    if (text_get_number(span_of(text->data, size), max, &number) != ERR_NONE) {
        return false;
    }
    *text = text_trim(span_of(text->data + size, text->size - size));
    *ret_number = (int64_t)number;
    return true;
}

static bool read_clock(struct span text, int64_t *ret_value)
{
    char full[CIVIL_TIME_SIZE] = "2000-01-01 00:00";
    uint64_t ms = 0;
    if (text.size != 5) {
        return false;
    }
    for (size_t i = 0; i < 5; i++) {
        full[11 + i] = (char)text.data[i];
    }
    if (civil_time_parse(span_of(full, CIVIL_TIME_SIZE - 1), &ms) != ERR_NONE) {
        return false;
    }
    *ret_value = civil_minute_of_ms(ms);
    return true;
}

static bool read_word(const struct text_word *words, size_t count, struct span text,
                      int64_t *ret_value)
{
    int32_t value = 0;
    if (text_word_find(words, count, text, &value) != ERR_NONE) {
        return false;
    }
    *ret_value = value;
    return true;
}

static bool read_counted(struct span text, struct policy_entry *entry)
{
    int64_t unit = 0;
    enum policy_unit wanted = entry->info->unit;
    if (!take_number(&text, 1000000, &entry->value)) {
        return false;
    }
    if (wanted == POLICY_UNIT_COUNT) {
        return text.size == 0;
    }
    if (wanted == POLICY_UNIT_LIMIT) {
        bool known = read_word(WORDS(limit_words), text, &unit);
        entry->days = (enum deadline_unit)unit;
        return known;
    }
    return read_word(WORDS(unit_words), text, &unit) && unit == (int64_t)wanted;
}

static bool read_value(struct span text, struct policy_entry *entry)
{
    switch (entry->info->unit) {
    case POLICY_UNIT_COUNT:
    case POLICY_UNIT_PERCENT:
    case POLICY_UNIT_POINT:
    case POLICY_UNIT_MINUTE:
    case POLICY_UNIT_HOUR:
    case POLICY_UNIT_HALF_DAY:
    case POLICY_UNIT_DAY:
    case POLICY_UNIT_MONTH:
    case POLICY_UNIT_YEAR:
    case POLICY_UNIT_METRE:
    case POLICY_UNIT_CELSIUS:
    case POLICY_UNIT_LIMIT:
        return read_counted(text, entry);
    case POLICY_UNIT_WEEKDAY:
        return read_word(WORDS(weekday_words), text, &entry->value);
    case POLICY_UNIT_CLOCK:
        return read_clock(text, &entry->value);
    case POLICY_UNIT_PERIOD:
        return read_word(WORDS(period_words), text, &entry->value);
    case POLICY_UNIT_SWITCH:
        return read_word(WORDS(switch_words), text, &entry->value);
    case POLICY_UNIT_CHOICE:
        return read_word(WORDS(choice_words), text, &entry->value);
    }
    return false;
}

enum err policy_value_parse(struct span text, struct policy_entry *entry)
{
    return read_value(text, entry) ? ERR_NONE : ERR_MALFORMED;
}

static void put_word(const struct text_word *words, size_t count, int64_t value,
                     struct buf *ret_text)
{
    for (size_t i = 0; i < count; i++) {
        if (words[i].value == value) {
            buf_put_text(ret_text, words[i].english);
            return;
        }
    }
}

void policy_value_format(const struct policy_entry *entry, struct buf *ret_text)
{
    switch (entry->info->unit) {
    case POLICY_UNIT_COUNT:
        buf_put_format(ret_text, "%lld", (long long)entry->value);
        return;
    case POLICY_UNIT_PERCENT:
    case POLICY_UNIT_POINT:
    case POLICY_UNIT_MINUTE:
    case POLICY_UNIT_HOUR:
    case POLICY_UNIT_HALF_DAY:
    case POLICY_UNIT_DAY:
    case POLICY_UNIT_MONTH:
    case POLICY_UNIT_YEAR:
    case POLICY_UNIT_METRE:
    case POLICY_UNIT_CELSIUS:
        buf_put_format(ret_text, "%lld ", (long long)entry->value);
        put_word(WORDS(unit_words), entry->info->unit, ret_text);
        return;
    case POLICY_UNIT_LIMIT:
        buf_put_format(ret_text, "%lld ", (long long)entry->value);
        put_word(WORDS(limit_words), entry->days, ret_text);
        return;
    case POLICY_UNIT_CLOCK:
        buf_put_format(ret_text, "%02lld:%02lld", (long long)entry->value / 60,
                       (long long)entry->value % 60);
        return;
    case POLICY_UNIT_WEEKDAY:
        put_word(WORDS(weekday_words), entry->value, ret_text);
        return;
    case POLICY_UNIT_PERIOD:
        put_word(WORDS(period_words), entry->value, ret_text);
        return;
    case POLICY_UNIT_SWITCH:
        put_word(WORDS(switch_words), entry->value, ret_text);
        return;
    case POLICY_UNIT_CHOICE:
        put_word(WORDS(choice_words), entry->value, ret_text);
        return;
    }
}
