#include "check.h"
#include "forms/forms.h"
#include "rules/civil.h"
#include "views/views.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Every form F01-F33 is filled from the season's own events, and no mandatory line stays empty.
 * What was sealed is the test's to know: an event that carries a sealed part has its text. */

enum { PER_FORM = 60, EVENTS = 64, TOLD_MAX = 40 };

struct forms_run {
    struct check *check;
    const struct check_facts *facts;
    const struct views_source *source;
    const struct forms_form *form;
    struct values *values; /* of EVENTS */
    struct forms_event event[EVENTS];
    size_t event_count;
    struct record *record;
    struct record *found;
    unsigned filled; /* of this form */
    unsigned total;
    unsigned forms;
};

/* --- what others say --- */

static void staff_name(void *context, const uint8_t staff[LIMIT_ID_SIZE],
                       char ret_name[FORMS_NAME_SIZE])
{
    (void)context;
    (void)snprintf(ret_name, FORMS_NAME_SIZE, "张%u", (unsigned)get_u32(staff + 12));
}

static void staff_phone(void *context, const uint8_t staff[LIMIT_ID_SIZE],
                        char ret_phone[FORMS_NAME_SIZE])
{
    (void)context;
    (void)snprintf(ret_phone, FORMS_NAME_SIZE, "8%07u", (unsigned)get_u32(staff + 12));
}

static void record_number(void *context, const uint8_t record[LIMIT_ID_SIZE],
                          char ret_number[FORMS_NUMBER_SIZE])
{
    (void)context;
    (void)snprintf(ret_number, FORMS_NUMBER_SIZE, "%u", (unsigned)get_u32(record + 12));
}

static const struct record *find(void *context, const uint8_t id[LIMIT_ID_SIZE])
{
    struct forms_run *run = context;
    return check_record(check_facts_side(run->facts), id, run->found) ? run->found : NULL;
}

struct cases {
    struct forms_run *run;
    const uint8_t *staff;
    void *context;
    bool (*visit)(void *context, const struct record *record);
    unsigned shown;
};

static bool case_of(void *context, const struct record *record)
{
    struct cases *cases = context;
    struct span handler = values_bytes(&record->facts, FIELD_handler, 0);
    if (span_equal(handler, span_of(cases->staff, LIMIT_ID_SIZE)) && cases->shown < 3) {
        cases->shown++;
        return cases->visit(cases->context, record);
    }
    return cases->shown < 3;
}

static void cases_of(void *context, const uint8_t staff[LIMIT_ID_SIZE], void *visit_context,
                     bool (*visit)(void *visit_context, const struct record *record))
{
    struct forms_run *run = context;
    const struct views_reach reach = {.machine = MACHINE_CASE};
    struct cases cases = {run, staff, visit_context, visit, 0};
    run->source->records(run->source->context, &reach, case_of, &cases);
}

/* --- one record's events --- */

static void fill_part(const struct wire_event *event, struct forms_part *ret)
{
    memset(ret, 0, sizeof *ret);
    for (uint32_t i = 0; i < event->sealed_count; i++) {
        if (event->sealed[i].label == SEALED_LABEL_IDENTITY) {
            ret->name = "符某某";
            ret->id_number = "460200199001010011";
            ret->phone = "13900000000";
            ret->address = "某村一组";
        } else {
            ret->text = "办事内容";
            ret->told = "已告知的内容";
        }
    }
}

static bool take_event(void *context, const struct wire_event *event, const char *standing,
                       uint32_t refusal)
{
    struct forms_run *run = context;
    struct forms_event *taken = &run->event[run->event_count];
    const struct directory_key *key =
        directory_key(world_directory(check_facts_side(run->facts)->fold->world), event->author);
    (void)standing;
    (void)refusal;
    memset(taken, 0, sizeof *taken);
    taken->verb = (uint16_t)values_number(&event->facts, FIELD_verb, 0);
    taken->time_ms = event->back_entry ? event->paper_ms : event->claimed_ms;
    memcpy(taken->id, event->id, LIMIT_HASH_SIZE);
    taken->is_back_entry = event->back_entry;
    if (key != NULL) {
        memcpy(taken->staff, key->staff, LIMIT_ID_SIZE);
    }
    values_copy(&run->values[run->event_count], &event->facts);
    taken->facts = &run->values[run->event_count];
    fill_part(event, &taken->part);
    return ++run->event_count < EVENTS;
}

static void input_of(struct forms_run *run, struct forms_input *ret)
{
    const struct season_person *worker = &run->check->season->station[0].person[POST_WINDOW];
    *ret = (struct forms_input){
        .form = run->form,
        .number = "一站〔2026〕1号",
        .events = run->event,
        .event_count = run->event_count,
        .catalogue = run->source->catalogue,
        .policy = run->source->policy,
        .calendar = run->source->calendar,
        .staff = worker->staff,
        .post = "综合窗口",
        .subject = "第一便民服务站",
        .office = {"第一便民服务站", "88880001", "88880002", "某村一号", "8:30-17:30"},
        .world = {run, staff_name, staff_phone, record_number, find, cases_of}};
}

static void fill(struct forms_run *run, const struct forms_input *input, uint32_t number)
{
    struct forms_sheet sheet;
    const struct forms_line *missing = NULL;
    forms_sheet_init(&sheet);
    enum err err = forms_fill(input, &sheet, &missing);
    forms_sheet_done(&sheet);
    if (err == ERR_NONE) {
        run->filled++;
        return;
    }
    if (run->check->wrong++ < TOLD_MAX) {
        printf("WRONG form %s of record %u: %s: %s\n", run->form->id, (unsigned)number,
               err_name(err), missing == NULL ? "" : missing->zh);
    }
}

static bool one_record(void *context, const struct record *record)
{
    struct forms_run *run = context;
    struct forms_input input;
    memcpy(run->record, record, sizeof *record);
    run->event_count = 0;
    check_facts_events(run->facts, run->record->id, run, take_event);
    if (forms_cited(run->form, run->record, run->event, run->event_count) == NULL) {
        return true;
    }
    input_of(run, &input);
    struct span item = values_bytes(&run->record->facts, FIELD_item, 0);
    input.record = run->record;
    input.item = item.size == 0 ? NULL : catalogue_item_find(run->source->catalogue, item);
    fill(run, &input, get_u32(run->record->id + 12));
    return run->filled < PER_FORM;
}

/* --- ledgers --- */

static bool count_row(void *context, const struct views_row *row)
{
    struct forms_run *run = context;
    (void)row;
    run->filled++;
    return true;
}

static void ledger(struct forms_run *run)
{
    const struct season *season = run->check->season;
    const struct views_view *view = views_find(run->form->id);
    struct views_scope scope = {.from_day = season->first_day, .until_day = season->last_day};
    struct views_page page = {0, PER_FORM};
    if (view != NULL) {
        MUST(views_list(run->source, view, &scope, &page, NULL, count_row, run) == ERR_NONE);
    }
}

static void one_form(struct forms_run *run)
{
    struct forms_input input;
    const struct views_reach reach = {.machine = run->form->machine};
    run->filled = 0;
    run->event_count = 0;
    if (run->form->subject == FORMS_RECORD) {
        run->source->records(run->source->context, &reach, one_record, run);
    } else if (run->form->subject == FORMS_LEDGER) {
        ledger(run);
    } else {
        input_of(run, &input);
        input.item = catalogue_item_find(run->source->catalogue, span_text("I51"));
        fill(run, &input, 0);
    }
    run->forms += run->filled > 0;
    run->total += run->filled;
    if (run->filled == 0) {
        printf("WRONG form %s %s: nothing of the season fills it\n", run->form->id, run->form->zh);
        run->check->wrong++;
    }
}

void check_forms(struct check *check, const struct check_facts *facts)
{
    struct forms_run *run = calloc(1, sizeof *run);
    MUST(run != NULL);
    run->check = check;
    run->facts = facts;
    run->source = check_facts_source(facts);
    run->values = calloc(EVENTS, sizeof *run->values);
    run->record = calloc(1, sizeof *run->record);
    run->found = calloc(1, sizeof *run->found);
    MUST(run->values != NULL && run->record != NULL && run->found != NULL);
    for (size_t i = 0; i < forms_count(); i++) {
        run->form = forms_at(i);
        one_form(run);
    }
    printf("forms %u of %zu filled from events, %u sheets and rows, no mandatory line empty\n",
           run->forms, forms_count(), run->total);
    free(run->values);
    free(run->record);
    free(run->found);
    free(run);
}
