#include "base/limits.h"
#include "base/text.h"
#include "cases.h"
#include "rules/policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs tests/rules/policy.cases: each case changes one line of deploy/policy/policy.txt and names
 * the line and the words of the first error, or "fine". Its head explains the columns. */
enum { COLUMNS = 4, LEAST_CASES = 30 };

struct trial {
    struct cases cases;
    struct buf own;      /* deploy/policy/policy.txt */
    struct buf text;     /* changed */
    uint32_t line_there; /* of the changed line */
    uint32_t line_last;
};

/* A column mark cannot stand in a column, so "!" stands for it. */
static void put_line(struct trial *trial, struct span line)
{
    for (size_t i = 0; i < line.size; i++) {
        buf_put_u8(&trial->text, line.data[i] == '!' ? '|' : line.data[i]);
    }
    buf_put_u8(&trial->text, '\n');
}

/* Copies the file; the line of the parameter name is replaced by with, or left out when drop. */
static void change_line(struct trial *trial, struct span name, struct span with, bool drop)
{
    const char *at = (const char *)trial->own.data;
    size_t left = trial->own.size;
    uint32_t line = 0;
    while (left > 0) {
        const char *end = memchr(at, '\n', left);
        size_t size = end == NULL ? left : (size_t)(end - at);
        struct span text = span_of(at, size);
        struct span rest = text;
        bool found = span_equal(text_take_until(&rest, '='), name);
        line++;
        trial->line_there = found ? line : trial->line_there;
        if (!found || !drop) {
            put_line(trial, found ? with : text);
        }
        size += end == NULL ? 0 : 1;
        at += size;
        left -= size;
    }
    trial->line_last = line;
}

/* "replace NAME by LINE", "delete NAME", "append LINE" */
static bool change(struct trial *trial, struct span text)
{
    struct span word = text_take_word(&text);
    struct span none = span_text("");
    buf_clear(&trial->text);
    trial->line_there = 0;
    if (text_is(word, "append")) {
        change_line(trial, none, none, false);
        put_line(trial, text);
        trial->line_last++;
        return true;
    }
    struct span name = text_take_word(&text);
    if (text_is(word, "delete")) {
        change_line(trial, name, none, true);
    } else {
        (void)text_take_word(&text);
        change_line(trial, name, text, false);
    }
    return trial->line_there != 0;
}

static uint32_t expected_line(const struct trial *trial, struct span text)
{
    uint64_t number = 0;
    if (text_is(text, "there")) {
        return trial->line_there;
    }
    if (text_is(text, "above")) {
        return trial->line_there - 1;
    }
    if (text_is(text, "last")) {
        return trial->line_last;
    }
    if (text_is(text, "file")) {
        return 0;
    }
    return text_get_number(text, 10000, &number) == ERR_NONE ? (uint32_t)number : UINT32_MAX;
}

static void run_case(struct trial *trial, const struct span *columns)
{
    struct text_errors errors;
    struct policy *policy = NULL;
    text_errors_init(&errors);
    if (!change(trial, columns[1])) {
        cases_fail(&trial->cases, "no such parameter in policy.txt");
        return;
    }
    enum err err = policy_parse(buf_span(&trial->text), &policy, &errors);
    const struct text_error *first = text_errors_first(&errors);
    if (text_is(columns[2], "fine")) {
        if (err != ERR_NONE) {
            cases_fail(&trial->cases, "line %u: %s", first == NULL ? 0U : (unsigned)first->line,
                       first == NULL ? "no memory" : first->message);
        }
    } else if (err != ERR_MALFORMED || first == NULL) {
        cases_fail(&trial->cases, "%.*s: not refused", CASES_TEXT(columns[0]));
    } else if (first->line != expected_line(trial, columns[2]) ||
               memmem(first->message, strlen(first->message), columns[3].data, columns[3].size) ==
                   NULL) {
        cases_fail(&trial->cases, "%.*s: line %u: %s", CASES_TEXT(columns[0]),
                   (unsigned)first->line, first->message);
    }
    policy_free(policy);
}

int main(int argc, char **argv)
{
    struct trial trial = {0};
    struct span columns[COLUMNS];
    size_t count = 0;
    if (argc != 3) {
        (void)fprintf(stderr, "usage: policy_cases FILE.cases DEPLOY-FOLDER\n");
        return 2;
    }
    buf_init(&trial.own, LIMIT_TEXT_FILE_SIZE);
    buf_init(&trial.text, (size_t)2 * LIMIT_TEXT_FILE_SIZE);
    cases_read_file(argv[2], span_text("policy/policy.txt"), &trial.own);
    cases_open(&trial.cases, argv[1]);
    while (cases_next(&trial.cases, columns, COLUMNS, &count)) {
        if (count < 3 || count > COLUMNS) {
            cases_fail(&trial.cases, "a case has 3 or 4 columns, not %zu", count);
            continue;
        }
        trial.cases.run++;
        run_case(&trial, columns);
    }
    buf_done(&trial.own);
    buf_done(&trial.text);
    return cases_done(&trial.cases, LEAST_CASES);
}
