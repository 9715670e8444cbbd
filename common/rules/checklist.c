#include "rules/checklist.h"

#include <stdlib.h>
#include <string.h>

enum { DEDUCTION_LAST = 5 };
/* Ends of the texts kept from all lines: at most four a line. */
enum { TEXT_ENDS = 4 * (CHECKLIST_QUESTIONS + CHECKLIST_HEADINGS) };

struct checklist {
    struct checklist_heading headings[CHECKLIST_HEADINGS + 1]; /* by number */
    uint32_t heading_lines[CHECKLIST_HEADINGS + 1];
    struct checklist_question questions[CHECKLIST_QUESTIONS];
    size_t question_count;
    size_t used;
    size_t size;
    char *texts;
};

struct checklist *checklist_new(struct span text)
{
    struct checklist *checklist = calloc(1, sizeof *checklist);
    if (checklist == NULL) {
        return NULL;
    }
    /* No text is longer than where it stands, and each ends with a zero. */
    checklist->size = text.size + TEXT_ENDS + 1;
    checklist->texts = calloc(1, checklist->size);
    if (checklist->texts == NULL) {
        free(checklist);
        return NULL;
    }
    return checklist;
}

void checklist_free(struct checklist *checklist)
{
    if (checklist != NULL) {
        free(checklist->texts);
        free(checklist);
    }
}

static const char *keep(struct checklist *checklist, struct span text)
{
    if (text.size + 1 > checklist->size - checklist->used) {
        return "";
    }
    char *kept = checklist->texts + checklist->used;
    if (text.size != 0) {
        memcpy(kept, text.data, text.size);
    }
    checklist->used += text.size + 1;
    return kept;
}

/* prefix and exactly so many digits. */
static bool take_digits(struct span name, const char *prefix, size_t digits, uint64_t *ret_number)
{
    enum { TEN = 10 };
    size_t size = strlen(prefix);
    uint64_t number = 0;
    if (name.size != size + digits || memcmp(name.data, prefix, size) != 0) {
        return false;
    }
    for (; size < name.size; size++) {
        if (name.data[size] < '0' || name.data[size] > '9') {
            return false;
        }
        number = number * TEN + (uint64_t)(name.data[size] - '0');
    }
    *ret_number = number;
    return true;
}

static bool starts(struct span text, const char *prefix)
{
    size_t size = strlen(prefix);
    return text.size >= size && memcmp(text.data, prefix, size) == 0;
}

static void keep_names(struct checklist *checklist, struct span names, const char **ret_zh,
                       const char **ret_en)
{
    *ret_zh = keep(checklist, text_take_until(&names, '/'));
    *ret_en = keep(checklist, names);
}

/* "zh / en | full", or without the last column. */
static const char *read_heading(struct checklist *checklist, uint64_t number, struct span value,
                                struct span comment, uint32_t line)
{
    struct checklist_heading heading = {.number = (uint32_t)number};
    if (number == 0 || number > CHECKLIST_HEADINGS) {
        return "检查表条目编号应为 01 至 31 / a heading is numbered 01 to 31";
    }
    if (checklist->headings[number].number != 0) {
        return "该检查条目已经写过 / this heading was already given";
    }
    keep_names(checklist, text_take_until(&value, '|'), &heading.zh, &heading.en);
    heading.full = text_is(value, "full");
    heading.source = keep(checklist, comment);
    if (*heading.zh == 0 || *heading.en == 0 || (value.size != 0 && !heading.full)) {
        return "应为：中文 / English | full / must be: Chinese / English | full";
    }
    checklist->headings[number] = heading;
    checklist->heading_lines[number] = line;
    return NULL;
}

static bool regimes_are_good(struct span list)
{
    bool good = list.size != 0;
    while (good && list.size != 0) {
        uint64_t number = 0;
        struct span word = text_take_word(&list);
        good = (take_digits(word, "R", 2, &number) || take_digits(word, "R", 3, &number)) &&
               number != 0;
    }
    return good;
}

static bool read_deduction(struct span text, uint32_t *ret_deduction)
{
    uint64_t number = 0;
    if (text_is(text, "-")) {
        return true;
    }
    bool good = take_digits(text, "D", 1, &number) && number != 0 && number <= DEDUCTION_LAST;
    *ret_deduction = (uint32_t)number;
    return good;
}

/* ">= parameter" or "<= parameter"; nothing: no number is measured. */
static bool read_bound(struct span text, struct checklist_question *question)
{
    if (text.size == 0) {
        return true;
    }
    struct span word = text_take_word(&text);
    question->bound = text_is(word, ">=") ? CHECKLIST_AT_LEAST : CHECKLIST_AT_MOST;
    question->parameter = policy_by_name(text);
    return (text_is(word, ">=") || text_is(word, "<=")) && question->parameter != POLICY_COUNT &&
           policy_info(question->parameter)->unit != POLICY_UNIT_LIMIT;
}

/* "zh / en | R61 R63 | D4 | >= parameter"; the last column may be left out. */
static const char *read_question(struct checklist *checklist, uint64_t number, struct span value,
                                 struct span comment)
{
    enum { OF_HEADING = CHECKLIST_OF_HEADING + 1 };
    struct checklist_question question = {.heading = (uint32_t)(number / OF_HEADING),
                                          .number = (uint32_t)(number % OF_HEADING)};
    if (question.number == 0 || checklist_heading(checklist, question.heading) == NULL) {
        return "没有该检查条目，或问题编号为 00 / no such heading, or the question is number 00";
    }
    if (checklist_question(checklist, question.heading, question.number) != NULL) {
        return "该检查问题已经写过 / this question was already given";
    }
    if (checklist->question_count == CHECKLIST_QUESTIONS) {
        return "检查问题过多 / too many questions";
    }
    keep_names(checklist, text_take_until(&value, '|'), &question.zh, &question.en);
    struct span regimes = text_take_until(&value, '|');
    question.regimes = keep(checklist, regimes);
    struct span deduction = text_take_until(&value, '|');
    question.source = keep(checklist, comment);
    if (*question.zh == 0 || *question.en == 0 || !regimes_are_good(regimes) ||
        !read_deduction(deduction, &question.deduction) || !read_bound(value, &question)) {
        return "应为：中文 / English | R.. | D1..D5 或 - | >= 参数 / must be: Chinese / English | "
               "R.. | D1..D5 or - | >= parameter";
    }
    checklist->questions[checklist->question_count++] = question;
    return NULL;
}

bool checklist_read_line(struct checklist *checklist, struct span name, struct span value,
                         struct span comment, struct text_place place, struct text_errors *errors)
{
    enum { HEADING_DIGITS = 2, QUESTION_DIGITS = 4 };
    const char *wrong = "编号写法不对 / the number is not written so";
    uint64_t number = 0;
    if (starts(name, "heading.")) {
        if (take_digits(name, "heading.", HEADING_DIGITS, &number)) {
            wrong = read_heading(checklist, number, value, comment, place.line);
        }
    } else if (starts(name, "check.")) {
        if (take_digits(name, "check.", QUESTION_DIGITS, &number)) {
            wrong = read_question(checklist, number, value, comment);
        }
    } else {
        return false;
    }
    if (wrong != NULL) {
        struct span shown = text_short(name);
        text_errors_add(errors, place, "%.*s: %s", (int)shown.size, (const char *)shown.data,
                        wrong);
    }
    return true;
}

void checklist_check(const struct checklist *checklist, struct text_errors *errors)
{
    uint32_t full = 0;
    for (uint32_t number = 1; number <= CHECKLIST_HEADINGS; number++) {
        if (checklist->headings[number].number != 0 &&
            checklist_question(checklist, number, 1) == NULL) {
            text_errors_add(errors, (struct text_place){0, checklist->heading_lines[number]},
                            "heading.%02u 没有第一个问题 / has no first question",
                            (unsigned)number);
        }
        full += checklist->headings[number].full ? 1U : 0U;
    }
    if (full == 0) {
        text_errors_add(errors, (struct text_place){0},
                        "缺少值周检查表 / the checklist of the weekly inspection is missing");
    }
}

const struct checklist_heading *checklist_heading(const struct checklist *checklist,
                                                  uint64_t number)
{
    bool known = number <= CHECKLIST_HEADINGS && checklist->headings[number].number != 0;
    return known ? &checklist->headings[number] : NULL;
}

const struct checklist_question *checklist_question(const struct checklist *checklist,
                                                    uint64_t heading, uint64_t number)
{
    for (size_t i = 0; i < checklist->question_count; i++) {
        const struct checklist_question *question = &checklist->questions[i];
        if (question->heading == heading && question->number == number) {
            return question;
        }
    }
    return NULL;
}

size_t checklist_question_count(const struct checklist *checklist)
{
    return checklist->question_count;
}

const struct checklist_question *checklist_question_at(const struct checklist *checklist,
                                                       size_t index)
{
    return index < checklist->question_count ? &checklist->questions[index] : NULL;
}

bool checklist_measure_is_good(const struct policy *policy,
                               const struct checklist_question *question, uint64_t measure)
{
    if (question->bound == CHECKLIST_FREE) {
        return true;
    }
    int64_t border = policy_get(policy, question->parameter);
    int64_t read = measure > INT32_MAX ? INT32_MAX : (int64_t)measure;
    return question->bound == CHECKLIST_AT_LEAST ? read >= border : read <= border;
}
