#include "matrix.h"

#include "base/text.h"
#include "rules/engine.h"
#include "rules/machines.h"
#include "rules/reading.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 32, SEPARATION_COLUMNS = 5, OTHER = 77, SELF = 78 };

struct column {
    const char *name;
    uint64_t at_station;
    uint64_t at_hub;
};

static const struct column columns[] = {
    {"A03", ROLE_WORKER, 0},
    {"A04", ROLE_AB_POST, 0},
    {"A05", ROLE_AGENT, 0},
    {"A06", ROLE_GUIDE, 0},
    {"A07", ROLE_DUTY, 0},
    {"A09", ROLE_WINDOW_HEAD, 0},
    {"A10", ROLE_STATION_HEAD, 0},
    {"A11", ROLE_LINE_LEADER, 0},
    {"A12", ROLE_COMMITTEE, 0},
    {"A14", ROLE_INTEGRITY, 0},
    {"A15", ROLE_DISCIPLINE, ROLE_UPPER_DISCIPLINE}, /* A15 and A16 */
    {"A17", 0, ROLE_COMPLAINT_DESK},
    {"A18", 0, ROLE_HUB_OPERATOR | ROLE_HUB_LEADER}, /* A18 and A19 */
    {"A20", 0, ROLE_DISTRICT | ROLE_GOVERNMENT},     /* A20 and A21 */
    {"A22", ROLE_AUDITOR, ROLE_AUDITOR},
    {"A23", ROLE_APPRAISER, ROLE_APPRAISER},
    {"A24", ROLE_CUSTODIAN, 0},
    {"A25", ROLE_TECHNICIAN, 0},
    {"M", ROLE_DEVICE, ROLE_DEVICE}, /* the machine by itself */
};
enum { COLUMN_COUNT = sizeof columns / sizeof *columns };

/* Too large for a stack; every judgement makes them anew. */
static struct record before;
static struct record after;
static struct values facts;

/* --- one event, judged --- */

static void put_staff(uint8_t ret_id[LIMIT_ID_SIZE], uint64_t who)
{
    memset(ret_id, (int)who, LIMIT_ID_SIZE);
}

static struct rule_event event_of(const struct rule_machine *machine, const struct rule_row *row,
                                  enum tier tier, uint64_t role)
{
    struct rule_event event = {
        .machine = machine->id, .tier = tier, .roles = role, .verb = row->verb, .facts = &facts};
    if (civil_time_parse(span_text("2026-03-05 09:00"), &event.legal_ms) != ERR_NONE) {
        _Exit(2);
    }
    memset(event.record, 1, sizeof event.record);
    memset(event.device, tier == TIER_STATION ? 2 : 3, sizeof event.device);
    if (role != ROLE_DEVICE) {
        put_staff(event.staff, SELF);
    }
    return event;
}

static void record_of(const struct rule_machine *machine, uint16_t state, enum tier tier)
{
    values_clear(&before.facts);
    memset(before.id, 1, sizeof before.id);
    memset(before.station, 2, sizeof before.station);
    before.machine = machine->id;
    before.state = state;
    before.resume_state = 1;
    before.holder = tier == TIER_STATION ? HOLDER_STATION : HOLDER_HUB;
    before.baton_own_seq = 0;
}

static void put_fact(struct values *to, enum field field, uint64_t number)
{
    uint8_t id[LIMIT_HASH_SIZE];
    bool is_event = field == FIELD_corrected || field == FIELD_hash;
    memset(id, (int)number, sizeof id);
    if (field_type(field) == VALUE_BYTES) {
        values_set_bytes(to, field, 0, span_of(id, is_event ? sizeof id : LIMIT_ID_SIZE));
    } else {
        values_set_number(to, field, 0, number);
    }
}

/* "accused=self +mode=1": facts of the record, with + of the event; inverse: self and other change
 * places. */
static bool put_situation(struct span situation, bool inverse)
{
    while (situation.size != 0) {
        struct span word = text_take_word(&situation);
        bool of_event = word.size != 0 && word.data[0] == '+';
        struct span value = of_event ? span_of(word.data + 1, word.size - 1) : word;
        struct span key = text_take_until(&value, '=');
        enum field field = field_by_name(key);
        uint64_t number = 0;
        if (text_is(key, "attest") || text_is(key, "sealed")) {
            continue; /* see says */
        }
        if (text_is(value, "self") || text_is(value, "other")) {
            number = text_is(value, "self") != inverse ? SELF : OTHER;
        } else if (text_get_number(value, UINT32_MAX, &number) != ERR_NONE) {
            return false;
        }
        if (field == FIELD_END) {
            return false;
        }
        put_fact(of_event ? &facts : &before.facts, field, number);
    }
    return true;
}

/* "+attest=1": the applicant stands behind the event; "+sealed=1": it carries every sealed part. */
static bool says(struct span situation, const char *word)
{
    return situation.size != 0 &&
           memmem(situation.data, situation.size, word, strlen(word)) != NULL;
}

struct asked {
    const struct rule_machine *machine;
    uint16_t verb;
    const struct column *column;
    struct span situation;
    bool inverse;
};

static enum refusal judge(struct matrix *matrix, const struct asked *asked,
                          const struct rule_row *row, uint16_t state, enum tier tier, uint64_t role)
{
    struct rule_world rules = world_rules(matrix->world);
    struct rule_event event = event_of(asked->machine, row, tier, role);
    event.attestation = says(asked->situation, "+attest=1") ? ATTESTATION_PAPER : ATTESTATION_NONE;
    event.sealed_labels = says(asked->situation, "+sealed=1") ? UINT32_MAX : 0;
    values_clear(&facts);
    values_set_number(&facts, FIELD_verb, 0, row->verb);
    record_of(asked->machine, state, tier);
    if (!put_situation(asked->situation, asked->inverse)) {
        cases_fail(&matrix->cases, "this situation is not understood");
    }
    if (row->when_field != 0) {
        values_set_number(&facts, (enum field)row->when_field, 0, row->when_number);
    }
    return rule_judge(&rules, state == 0 ? NULL : &before, &event, &after).refusal;
}

/* Calls visit for every state, tier and single role of the column in which the verb has a row. */
static void each_judgement(struct matrix *matrix, const struct asked *asked,
                           void (*visit)(void *context, enum refusal refusal), void *context)
{
    for (size_t i = 0; i < asked->machine->row_count; i++) {
        const struct rule_row *row = &asked->machine->rows[i];
        for (uint16_t state = 0; state < 32 && row->verb == asked->verb; state++) {
            for (int tier = TIER_STATION; tier <= TIER_HUB; tier++) {
                uint64_t roles =
                    tier == TIER_STATION ? asked->column->at_station : asked->column->at_hub;
                for (uint64_t role = 1; (row->from >> state & 1) != 0 && role <= ROLE_DEVICE;
                     role <<= 1) {
                    if ((roles & role) != 0) {
                        visit(context, judge(matrix, asked, row, state, (enum tier)tier, role));
                    }
                }
            }
        }
    }
}

/* --- the matrix 4.3 --- */

static void note_may(void *context, enum refusal refusal)
{
    bool *may = context;
    *may = *may || (refusal != REFUSAL_WRONG_ROLE && refusal != REFUSAL_WRONG_TIER);
}

static bool may(struct matrix *matrix, const struct asked *asked)
{
    bool answer = false;
    each_judgement(matrix, asked, note_may, &answer);
    return answer;
}

/* The applicant's own act: each of the verb's rows wants it attested. */
static bool wants_attestation(const struct asked *asked)
{
    for (size_t i = 0; i < asked->machine->row_count; i++) {
        const struct rule_row *row = &asked->machine->rows[i];
        bool found = row->verb != asked->verb;
        for (size_t g = 0; g < RULE_GUARDS && row->guards[g] != NULL; g++) {
            found = found || strcmp(row->guards[g]->name, "attested") == 0 ||
                    strcmp(row->guards[g]->name, "withdrawal_requested") == 0;
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

static void check_cell(struct matrix *matrix, const struct asked *asked, struct span cell)
{
    static const char *const yes[] = {"●", "○", "△", "◇", "＋"};
    bool expected = false;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        expected = expected || text_is(cell, yes[i]);
    }
    matrix->cases.run++;
    if (cell.size != 0 && !expected) {
        cases_fail(&matrix->cases, "%s: this mark is not known", asked->column->name);
    } else if (may(matrix, asked) != expected) {
        cases_fail(&matrix->cases, "%s %s", asked->column->name,
                   expected ? "is refused by the engine" : "is allowed by the engine");
    } else if (text_is(cell, "△") && !wants_attestation(asked)) {
        cases_fail(&matrix->cases, "%s: not every row wants the applicant's signature",
                   asked->column->name);
    }
}

/* --- reading: 4.3, last row --- */

struct situation {
    const char *name;
    bool here;
    bool named;
    bool stands_in; /* for who is named */
    bool in_dossier;
    bool with_district;
};

static const struct situation situations[] = {
    {"his case here", true, true, false, false, false},
    {"another's case here", true, false, false, false, false},
    {"the case of whom he stands in for", true, false, true, false, false},
    {"another station's case", false, false, false, false, false},
    {"another station's case, complained of", false, false, false, true, false},
    {"another station's case, gone to the district", false, false, false, false, true},
};
enum { SITUATIONS = sizeof situations / sizeof *situations };

struct reading_word {
    const char *word;
    enum reading reading;
};

static const struct reading_word reading_words[] = {
    {"本人", READING_OWN},     {"窗口", READING_WINDOW},   {"本站", READING_STATION},
    {"卷宗", READING_DOSSIER}, {"区级", READING_DISTRICT}, {"全部", READING_ALL},
};

/* What the word promises, told once more and not by the engine's own table. */
static bool reading_expected(enum reading reading, const struct situation *at, bool one_window)
{
    bool own = at->named || at->stands_in;
    switch (reading) {
    case READING_NONE:
        return false;
    case READING_OWN:
        return own;
    case READING_WINDOW:
        return own || (one_window && at->here);
    case READING_STATION:
        return at->here;
    case READING_DOSSIER:
        return at->in_dossier;
    case READING_DISTRICT:
        return at->with_district;
    case READING_ALL:
        return true;
    }
    return false;
}

static bool reads(const struct situation *at, uint64_t role, enum tier tier, bool one_window)
{
    uint8_t device[LIMIT_KEY_SIZE];
    uint8_t people[2][LIMIT_ID_SIZE];
    struct reading_ask ask = {.record = &before,
                              .tier = tier,
                              .device = device,
                              .roles = role,
                              .people = people[0],
                              .people_count = at->stands_in ? 2 : 1,
                              .in_dossier = at->in_dossier,
                              .one_window = one_window};
    record_of(rule_machine(MACHINE_CASE), CASE_STATE_PROCESSING, TIER_STATION);
    memset(device, at->here ? 2 : 4, sizeof device);
    put_staff(people[0], SELF);
    put_staff(people[1], OTHER);
    put_fact(&before.facts, FIELD_handler, at->named ? SELF : OTHER);
    values_set_number(&before.facts, FIELD_district_base_day, 0, at->with_district ? 1 : 0);
    return reading_may(&ask);
}

struct reading_cell {
    const struct column *column;
    enum reading reading;
    bool one_window;
};

static void check_reader(struct matrix *matrix, const struct reading_cell *cell, uint64_t role,
                         enum tier tier)
{
    for (size_t i = 0; i < SITUATIONS; i++) {
        bool expected = reading_expected(cell->reading, &situations[i], cell->one_window);
        matrix->cases.run++;
        if (reads(&situations[i], role, tier, cell->one_window) != expected) {
            cases_fail(&matrix->cases, "%s %s %s", cell->column->name,
                       expected ? "may not read" : "reads", situations[i].name);
        }
    }
}

static void check_reading(struct matrix *matrix, const struct reading_cell *cell)
{
    for (uint64_t role = 1; role <= ROLE_DEVICE; role <<= 1) {
        if ((cell->column->at_station & role) != 0) {
            check_reader(matrix, cell, role, TIER_STATION);
        }
        if ((cell->column->at_hub & role) != 0) {
            check_reader(matrix, cell, role, TIER_HUB);
        }
    }
}

/* "read one_window=yes | 窗口 | ..." */
static void run_reading(struct matrix *matrix, const struct span *words, size_t count)
{
    struct reading_cell cell = {.one_window = says(words[0], "one_window=yes")};
    if (count < COLUMN_COUNT + 1 || (!cell.one_window && !says(words[0], "one_window=no"))) {
        cases_fail(&matrix->cases, "this line is not understood");
        return;
    }
    matrix->readings++;
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        cell.column = &columns[i];
        cell.reading = READING_NONE;
        for (size_t k = 0; k < sizeof reading_words / sizeof *reading_words; k++) {
            if (text_is(words[i + 1], reading_words[k].word)) {
                cell.reading = reading_words[k].reading;
            }
        }
        if (words[i + 1].size != 0 && cell.reading == READING_NONE) {
            cases_fail(&matrix->cases, "%s: this mark is not known", columns[i].name);
        }
        check_reading(matrix, &cell);
    }
}

/* --- 4.2 --- */

struct expected {
    enum refusal refusal;
    unsigned met;
    unsigned missed;
};

static void note_refusal(void *context, enum refusal refusal)
{
    struct expected *expected = context;
    if (refusal == REFUSAL_WRONG_ROLE || refusal == REFUSAL_WRONG_TIER) {
        return;
    }
    expected->met += refusal == expected->refusal ? 1U : 0U;
    expected->missed += refusal == expected->refusal ? 0U : 1U;
}

static enum refusal refusal_by_name(struct span name)
{
    uint32_t number = 1;
    while (number < REFUSAL_END &&
           (refusal_text(number) == NULL || !text_is(name, refusal_text(number)->name))) {
        number++;
    }
    return (enum refusal)number;
}

/* Refused where the two are one person, and not for that reason where they are not. */
static void check_separation(struct matrix *matrix, struct asked *asked, struct span name)
{
    struct expected together = {.refusal = refusal_by_name(name)};
    struct expected apart = together;
    matrix->cases.run++;
    each_judgement(matrix, asked, note_refusal, &together);
    asked->inverse = true;
    each_judgement(matrix, asked, note_refusal, &apart);
    bool is_pair = says(asked->situation, "=self") || says(asked->situation, "=other");
    if (together.met == 0 || together.missed != 0 || (is_pair && apart.met != 0)) {
        cases_fail(&matrix->cases, "%.*s: %u times refused so, %u not; apart %u times",
                   CASES_TEXT(name), together.met, together.missed, apart.met);
    }
}

/* --- the file --- */

static bool read_verb(struct span text, struct asked *ret)
{
    struct span name = text_take_word(&text);
    for (unsigned id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        const struct rule_machine *machine = rule_machine((enum machine_id)id);
        for (size_t i = 0; text_is(name, machine->name) && machine->verbs[i].name != NULL; i++) {
            if (text_is(text, machine->verbs[i].name)) {
                ret->machine = machine;
                ret->verb = machine->verbs[i].number;
                return true;
            }
        }
    }
    return false;
}

static const struct column *column_by_name(struct span name)
{
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        if (text_is(name, columns[i].name)) {
            return &columns[i];
        }
    }
    return NULL;
}

/* "D03 | complaint decided | A15 | accused=self | ACCUSED_HANDLES" */
static void run_separation(struct matrix *matrix, const struct span *words)
{
    struct asked asked = {.column = column_by_name(words[2]), .situation = words[3]};
    if (asked.column == NULL || !read_verb(words[1], &asked)) {
        cases_fail(&matrix->cases, "this line is not understood");
        return;
    }
    check_separation(matrix, &asked, words[4]);
}

static void run_verb(struct matrix *matrix, const struct span *words, size_t count)
{
    struct asked asked = {.verb = 0};
    if (!read_verb(words[0], &asked) || count < COLUMN_COUNT + 1) {
        cases_fail(&matrix->cases, "this line is not understood");
        return;
    }
    matrix->seen[asked.machine->id][asked.verb] = true;
    for (size_t i = 0; i < COLUMN_COUNT; i++) {
        asked.column = &columns[i];
        check_cell(matrix, &asked, words[i + 1]);
    }
}

static void report_unseen(struct matrix *matrix, bool print)
{
    for (unsigned id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        struct asked asked = {.machine = rule_machine((enum machine_id)id)};
        for (size_t i = 0; asked.machine->verbs[i].name != NULL; i++) {
            asked.verb = asked.machine->verbs[i].number;
            if (matrix->seen[id][asked.verb]) {
                continue;
            }
            if (!print) {
                cases_fail(&matrix->cases, "no line for %s %s", asked.machine->name,
                           asked.machine->verbs[i].name);
                continue;
            }
            (void)printf("%s %s", asked.machine->name, asked.machine->verbs[i].name);
            for (size_t c = 0; c < COLUMN_COUNT; c++) {
                asked.column = &columns[c];
                (void)printf(" | %s", may(matrix, &asked) ? "●" : " ");
            }
            (void)printf("\n");
        }
    }
}

void matrix_run(struct matrix *matrix, const char *path, bool print)
{
    struct span words[COLUMNS];
    size_t count = 0;
    memset(matrix->seen, 0, sizeof matrix->seen);
    matrix->readings = 0;
    cases_open(&matrix->cases, path);
    matrix->cases.quiet = matrix->quiet;
    while (cases_next(&matrix->cases, words, COLUMNS, &count)) {
        if (count == SEPARATION_COLUMNS) {
            run_separation(matrix, words);
        } else if (says(words[0], "one_window=")) {
            run_reading(matrix, words, count);
        } else if (!text_is(words[0], "columns")) {
            run_verb(matrix, words, count);
        }
    }
    report_unseen(matrix, print);
    if (matrix->readings != 2 && !print) {
        cases_fail(&matrix->cases, "who reads a case's events is not told for both settings");
    }
}
