#include "base/limits.h"
#include "base/text.h"
#include "cases.h"
#include "rules/policy.h"

#include <stdio.h>
#include <stdlib.h>

/* Runs tests/rules/deadline.cases; its head explains the columns. */
enum { COLUMNS = 7, LEAST_CASES = 60 };

struct world {
    struct cases cases;
    const char *deploy;
    struct buf calendar_names; /* words of the last "calendar" line */
    struct buf calendar_extra; /* lines of "calendar-line" since then */
    struct buf policy_extra;   /* lines of "set" since the last "reset" */
    struct calendar *calendar;
    struct policy *policy;
    struct deadline_rules rules;
};

static void load_failed(const char *what, const struct text_errors *errors)
{
    const struct text_error *first = text_errors_first(errors);
    (void)fprintf(
        stderr, "%s: file %u line %u: %s\n", what, first == NULL ? 0U : (unsigned)first->file,
        first == NULL ? 0U : (unsigned)first->line, first == NULL ? "no memory" : first->message);
    _Exit(2);
}

static void calendar_load(struct world *world)
{
    struct buf texts[TEXT_FILE_COUNT];
    struct span files[TEXT_FILE_COUNT + 1];
    struct text_errors errors;
    char folder[1024];
    size_t count = 0;
    struct span names = buf_span(&world->calendar_names);
    (void)snprintf(folder, sizeof folder, "%s/calendar", world->deploy);
    for (struct span name = text_take_word(&names); name.size > 0 && count < TEXT_FILE_COUNT;
         name = text_take_word(&names)) {
        buf_init(&texts[count], LIMIT_TEXT_FILE_SIZE);
        cases_read_file(folder, name, &texts[count]);
        files[count] = buf_span(&texts[count]);
        count++;
    }
    files[count] = buf_span(&world->calendar_extra);
    calendar_free(world->calendar);
    world->calendar = NULL;
    text_errors_init(&errors);
    if (calendar_parse(files, count + 1, &world->calendar, &errors) != ERR_NONE) {
        load_failed("calendar", &errors);
    }
    for (size_t i = 0; i < count; i++) {
        buf_done(&texts[i]);
    }
}

static bool extra_has(const struct world *world, struct span name)
{
    struct text_lines lines;
    struct span line;
    text_lines_init(&lines, buf_span(&world->policy_extra), 0);
    while (text_lines_next(&lines, &line, NULL)) {
        if (span_equal(text_take_until(&line, '='), name)) {
            return true;
        }
    }
    return false;
}

/* deploy/policy/policy.txt with the lines of "set" in place of its own. */
static void policy_load(struct world *world)
{
    struct buf own;
    struct buf text;
    struct text_lines lines;
    struct span line;
    struct text_errors errors;
    buf_init(&own, LIMIT_TEXT_FILE_SIZE);
    buf_init(&text, LIMIT_TEXT_FILE_SIZE);
    cases_read_file(world->deploy, span_text("policy/policy.txt"), &own);
    text_lines_init(&lines, buf_span(&own), 0);
    while (text_lines_next(&lines, &line, NULL)) {
        struct span rest = line;
        if (!extra_has(world, text_take_until(&rest, '='))) {
            buf_put_span(&text, line);
            buf_put_u8(&text, '\n');
        }
    }
    buf_put_span(&text, buf_span(&world->policy_extra));
    policy_free(world->policy);
    world->policy = NULL;
    text_errors_init(&errors);
    if (policy_parse(buf_span(&text), &world->policy, &errors) != ERR_NONE) {
        load_failed("policy", &errors);
    }
    world->rules = deadline_rules_of_policy(world->policy);
    buf_done(&own);
    buf_done(&text);
}

static void put_line(struct buf *buf, struct span line)
{
    buf_put_span(buf, line);
    buf_put_u8(buf, '\n');
}

/* A line without columns changes what the following cases stand on. */
static void directive(struct world *world, struct span line)
{
    struct span word = text_take_word(&line);
    if (text_is(word, "calendar")) {
        buf_clear(&world->calendar_names);
        buf_clear(&world->calendar_extra);
        buf_put_span(&world->calendar_names, line);
        calendar_load(world);
    } else if (text_is(word, "calendar-line")) {
        put_line(&world->calendar_extra, line);
        calendar_load(world);
    } else if (text_is(word, "set")) {
        put_line(&world->policy_extra, line);
        policy_load(world);
    } else if (text_is(word, "reset")) {
        buf_clear(&world->policy_extra);
        policy_load(world);
    } else {
        cases_fail(&world->cases, "unknown directive %.*s", CASES_TEXT(word));
    }
}

/* --- one case --- */

struct trial {
    struct world *world;
    struct deadline_receipt receipt;
    struct deadline_limit limit;
    struct deadline_clock clock;
    struct deadline_limit other; /* count 0: none */
    uint32_t extensions;
    int32_t printed_day;
    bool printed;
    bool sound;
};

static void broken(struct trial *trial, const char *what, struct span text)
{
    cases_fail(&trial->world->cases, "%s: %.*s", what, CASES_TEXT(text));
    trial->sound = false;
}

static int32_t take_day(struct trial *trial, struct span *text)
{
    struct span word = text_take_word(text);
    int32_t day = 0;
    if (civil_day_parse(word, &day) != ERR_NONE) {
        broken(trial, "no day", word);
    }
    return day;
}

/* "2026-03-05 10:00": two words. */
static uint64_t take_time(struct trial *trial, struct span *text)
{
    char time[CIVIL_TIME_SIZE];
    struct span day = text_take_word(text);
    struct span clock = text_take_word(text);
    uint64_t ms = 0;
    (void)snprintf(time, sizeof time, "%.*s %.*s", CASES_TEXT(day), CASES_TEXT(clock));
    if (day.size != 10 || clock.size != 5 || civil_time_parse(span_text(time), &ms) != ERR_NONE) {
        broken(trial, "no time", day);
    }
    return ms;
}

static uint32_t take_count(struct trial *trial, struct span *text)
{
    struct span word = text_take_word(text);
    uint64_t count = 0;
    if (text_get_number(word, 1000000, &count) != ERR_NONE) {
        broken(trial, "no number", word);
    }
    return (uint32_t)count;
}

static struct deadline_limit take_limit(struct trial *trial, struct span text)
{
    struct deadline_limit limit = {0, DEADLINE_WORKING_DAY};
    if (text_is(text, "at once")) {
        return limit;
    }
    limit.count = take_count(trial, &text);
    limit.unit = text_is(text, "d") ? DEADLINE_CALENDAR_DAY : DEADLINE_WORKING_DAY;
    if (!text_is(text, "d") && !text_is(text, "wd")) {
        broken(trial, "no unit", text);
    }
    return limit;
}

static const char *extension_name(enum deadline_extension extension)
{
    switch (extension) {
    case DEADLINE_EXTENSION_OK:
        return "granted";
    case DEADLINE_EXTENSION_EMPTY:
        return "empty";
    case DEADLINE_EXTENSION_TOO_MANY:
        return "too-many";
    case DEADLINE_EXTENSION_TOO_LONG:
        return "too-long";
    case DEADLINE_EXTENSION_TOO_LATE:
        return "too-late";
    }
    return "";
}

/* "extend 5 asked 2026-03-11 granted" */
static void event_extend(struct trial *trial, struct span text)
{
    struct world *world = trial->world;
    struct deadline_extension_ask ask = {.granted_count = trial->extensions};
    ask.days = take_count(trial, &text);
    (void)text_take_word(&text);
    ask.asked_day = take_day(trial, &text);
    enum deadline_extension answer =
        deadline_extension_check(world->calendar, &world->rules, &trial->clock, &ask);
    if (!text_is(text, extension_name(answer))) {
        cases_fail(&world->cases, "extension: %s, expected %.*s", extension_name(answer),
                   CASES_TEXT(text));
    }
    if (answer == DEADLINE_EXTENSION_OK) {
        deadline_clock_extend(&trial->clock, ask.days);
        trial->extensions++;
    }
}

/* Events that speak of the receipt come before the clock starts. */
static bool receipt_event(struct trial *trial, struct span word, struct span text)
{
    if (text_is(word, "paper")) {
        trial->receipt.back_entry = true;
        trial->receipt.paper_ms = take_time(trial, &text);
    } else if (text_is(word, "proven-after")) {
        trial->receipt.not_before_ms = take_time(trial, &text);
    } else if (text_is(word, "proven-before")) {
        trial->receipt.not_after_ms = take_time(trial, &text);
    } else {
        return false;
    }
    return true;
}

static void clock_event(struct trial *trial, struct span word, struct span text)
{
    struct world *world = trial->world;
    if (text_is(word, "supplement")) { /* notified .. supplemented */
        int32_t notice = take_day(trial, &text);
        int32_t day = take_day(trial, &text);
        deadline_clock_supplement(world->calendar, &world->rules, &trial->clock, notice, day);
    } else if (text_is(word, "outage")) { /* begun .. resumed */
        int32_t from = take_day(trial, &text);
        int32_t resumed = take_day(trial, &text);
        (void)deadline_clock_suspend(world->calendar, &world->rules, &trial->clock, from, resumed);
    } else if (text_is(word, "extend")) {
        event_extend(trial, text);
    } else if (text_is(word, "superior")) { /* the other limit of a proxy case */
        trial->other = take_limit(trial, text);
    } else if (text_is(word, "printed")) {
        trial->printed = true;
        trial->printed_day = take_day(trial, &text);
    } else {
        broken(trial, "unknown event", word);
    }
}

static void run_events(struct trial *trial, struct span events)
{
    struct span rest = events;
    while (rest.size > 0) {
        struct span text = text_take_until(&rest, ';');
        struct span word = text_take_word(&text);
        (void)receipt_event(trial, word, text);
    }
    uint64_t ms = deadline_receipt_ms(&trial->receipt, NULL);
    trial->clock = deadline_clock_start(trial->limit, civil_day_of_ms(ms));
    while (events.size > 0) {
        struct span text = text_take_until(&events, ';');
        struct span word = text_take_word(&text);
        if (!receipt_event(trial, word, text)) {
            clock_event(trial, word, text);
        }
    }
}

static const char *shift_name(enum deadline_shift shift)
{
    switch (shift) {
    case DEADLINE_SAME:
        return "same";
    case DEADLINE_EARLIER:
        return "earlier";
    case DEADLINE_HELD_BACK:
        return "held-back";
    }
    return "";
}

/* "2026-03-11 amber 1; 2026-03-12 red 0", or the shift against the printed day. */
static void check_remarks(struct trial *trial, struct span remarks, struct deadline_due due,
                          const char *shift)
{
    struct world *world = trial->world;
    while (remarks.size > 0) {
        struct span text = text_take_until(&remarks, ';');
        if (trial->printed) {
            if (!text_is(text, shift)) {
                cases_fail(&world->cases, "%s, expected %.*s", shift, CASES_TEXT(text));
            }
            continue;
        }
        char got[64];
        int32_t today = take_day(trial, &text);
        struct deadline_urgency urgency =
            deadline_urgency(world->calendar, &world->rules, trial->limit, due.day, today);
        (void)snprintf(got, sizeof got, "%s %d", deadline_state_name(urgency.state),
                       (int)urgency.days_left);
        if (!text_is(text, got)) {
            cases_fail(&world->cases, "%s, expected %.*s", got, CASES_TEXT(text));
        }
    }
}

static void run_case(struct world *world, const struct span *columns)
{
    struct trial trial = {.world = world, .sound = true};
    struct span receipt = columns[1];
    struct span expected = columns[4];
    const char *shift = "";
    char got[CIVIL_DAY_SIZE];
    trial.receipt.claimed_ms = take_time(&trial, &receipt);
    trial.limit = take_limit(&trial, columns[2]);
    run_events(&trial, columns[3]);
    if (!trial.sound) {
        return;
    }
    struct deadline_due due = deadline_due(world->calendar, &world->rules, &trial.clock);
    if (trial.other.count > 0) {
        struct deadline_clock other = trial.clock;
        other.limit = trial.other;
        due = deadline_earlier(due, deadline_due(world->calendar, &world->rules, &other));
    }
    if (trial.printed) {
        struct deadline_effective effective = deadline_effective(trial.printed_day, due);
        due.day = effective.day;
        shift = shift_name(effective.shift);
    }
    civil_day_format(due.day, got);
    if (!text_is(expected, got) || !text_is(columns[5], due.provisional ? "yes" : "no")) {
        cases_fail(&world->cases, "%.*s: due %s%s, expected %.*s, provisional %.*s",
                   CASES_TEXT(columns[0]), got, due.provisional ? " provisional" : "",
                   CASES_TEXT(expected), CASES_TEXT(columns[5]));
    }
    check_remarks(&trial, columns[6], due, shift);
}

int main(int argc, char **argv)
{
    struct world world = {0};
    struct span columns[COLUMNS];
    size_t count = 0;
    if (argc != 3) {
        (void)fprintf(stderr, "usage: deadline_cases FILE.cases DEPLOY-FOLDER\n");
        return 2;
    }
    world.deploy = argv[2];
    buf_init(&world.calendar_names, LIMIT_TEXT_FILE_SIZE);
    buf_init(&world.calendar_extra, LIMIT_TEXT_FILE_SIZE);
    buf_init(&world.policy_extra, LIMIT_TEXT_FILE_SIZE);
    cases_open(&world.cases, argv[1]);
    calendar_load(&world);
    policy_load(&world);
    while (cases_next(&world.cases, columns, COLUMNS, &count)) {
        if (count == 1) {
            directive(&world, columns[0]);
        } else if (count < 6 || count > COLUMNS) {
            cases_fail(&world.cases, "a case has 6 or 7 columns, not %zu", count);
        } else {
            world.cases.run++;
            run_case(&world, columns);
        }
    }
    calendar_free(world.calendar);
    policy_free(world.policy);
    buf_done(&world.calendar_names);
    buf_done(&world.calendar_extra);
    buf_done(&world.policy_extra);
    return cases_done(&world.cases, LEAST_CASES);
}
