#include "views/inside.h"

#include <stdlib.h>
#include <string.h>

/* Columns and headings, for the table. */
#define NAME(name_, form_, zh_, en_) .name = (name_), .form = (form_), .zh = (zh_), .en = (en_)
#define SOURCE(article_, regimes_) .article = (article_), .regimes = (regimes_)
#define RECORDS(machine_, order_)                                                                  \
    .shape = VIEWS_RECORDS, .machine = MACHINE_##machine_, .order = FIELD_##order_
#define GROUPS(machine_, by, field_)                                                               \
    .shape = VIEWS_GROUPS, .machine = MACHINE_##machine_, .group = VIEWS_BY_##by,                  \
    .group_field = (field_)
#define SLOTS(machine_, kind_, policy_, field_, gaps)                                              \
    .shape = VIEWS_SLOTS, .machine = MACHINE_##machine_,                                           \
    .slots = {.kind = VIEWS_SLOT_##kind_,                                                          \
              .policy = (policy_),                                                                 \
              .least = POLICY_COUNT,                                                               \
              .field = FIELD_##field_,                                                             \
              .gaps_only = (gaps)}
/* What each leader owes, half-month by half-month. */
#define LEADERS_SLOTS .shape = VIEWS_SLOTS, .machine = MACHINE_DUTY, .slots = VIEWS_LEADERS
#define IS_IN(names) .states = (names)
#define AND(machine_) .also = MACHINE_##machine_
/* A case that may still be finished; those whose clock stands are not among them. */
#define OPEN_CASE                                                                                  \
    "examining need_materials entrusted accepted processing referred_up hub_processing "           \
    "referred_district district_processing joint result_on_way result_at_station"
#define EACH(period_) .period = POLICY_PERIOD_##period_
#define COLUMN(name_, zh_, en_, kind_) .name = (name_), .zh = (zh_), .en = (en_), .kind = (kind_)
#define FACT(name, zh, en, kind, field_)                                                           \
    {                                                                                              \
        COLUMN(name, zh, en, VIEWS_##kind), .field = FIELD_##field_                                \
    }
#define CASES(name, zh, en, kind, field_)                                                          \
    {                                                                                              \
        COLUMN(name, zh, en, VIEWS_##kind), .field = FIELD_##field_, .via = FIELD_case_record      \
    }
#define LISTED(name, zh, en, kind, field_)                                                         \
    {                                                                                              \
        COLUMN(name, zh, en, VIEWS_##kind), .field = FIELD_##field_, .listed = true                \
    }
#define EACH_NUMBER(from, until) .each_from = FIELD_##from, .each_until = FIELD_##until
#define NAMED(name, zh, en, field_, list)                                                          \
    {                                                                                              \
        COLUMN(name, zh, en, VIEWS_WORD), .field = FIELD_##field_, .words = VIEWS_WORDS_##list     \
    }
#define PLAIN(name, zh, en, kind)                                                                  \
    {                                                                                              \
        COLUMN(name, zh, en, VIEWS_##kind)                                                         \
    }
#define KEY(name, zh, en, list)                                                                    \
    {                                                                                              \
        COLUMN(name, zh, en, VIEWS_KEY), .words = VIEWS_WORDS_##list                               \
    }
#define HIDDEN(name, zh, en, part_)                                                                \
    {                                                                                              \
        COLUMN(name, zh, en, VIEWS_SEALED), .sealed = VIEWS_SEALED_##part_                         \
    }
#define OWN(name, zh, en, formula_)                                                                \
    {                                                                                              \
        COLUMN(name, zh, en, VIEWS_FORMULA), .formula = views_formula_##formula_                   \
    }
#define TALLY(name, zh, en, machine_, ...)                                                         \
    {                                                                                              \
        COLUMN(name, zh, en, VIEWS_TALLY), .of = MACHINE_##machine_, .tests = { __VA_ARGS__ }      \
    }
#define SUM(name, zh, en, field_, unit_)                                                           \
    {                                                                                              \
        COLUMN(name, zh, en, VIEWS_SUM), .field = FIELD_##field_, .unit = (unit_)                  \
    }
#define SHARE(name, zh, en, part_, whole_)                                                         \
    {                                                                                              \
        COLUMN(name, zh, en, VIEWS_SHARE), .part = (part_), .whole = (whole_)                      \
    }
#define THE_RECORD PLAIN("number", "编号", "number", NUMBER_OF)
#define THE_STATION PLAIN("station", "站点", "station", STATION)
#define THE_ITEM PLAIN("item", "服务事项", "item", ITEM)
#define THE_STATE PLAIN("state", "状态", "state", STATE)
#define THE_CLIENT HIDDEN("client", "办事群众姓名", "client", NAME)
#define DOSSIER_COLUMNS                                                                            \
    FACT("opened", "立卷日期", "begun", DAY, opened_ms),                                           \
        FACT("finished", "办结日期", "finished", DAY, finished_ms),                                \
        FACT("archived", "归档日期", "archived", DAY, archived_ms),                                \
        FACT("serial", "卷号", "file", CODE, serial), THE_STATION
/* Complaints and what follows from them: never the accused or his window (4.2). */
#define DISCIPLINE_ONLY                                                                            \
    .who = (ROLE_DISCIPLINE | ROLE_UPPER_DISCIPLINE | ROLE_COMPLAINT_DESK | ROLE_AUDITOR)
/* Who reads what was found and decided about a station. */
#define OVERSEERS_ONLY                                                                             \
    .who = (ROLE_STATION_HEAD | ROLE_LINE_LEADER | ROLE_COMMITTEE | ROLE_INTEGRITY |               \
            ROLE_DISCIPLINE | ROLE_UPPER_DISCIPLINE | ROLE_COMPLAINT_DESK | ROLE_HUB_OPERATOR |    \
            ROLE_HUB_LEADER | ROLE_DISTRICT | ROLE_APPRAISER | ROLE_AUDITOR)
#define ABOUT(name, zh, en)                                                                        \
    {                                                                                              \
        COLUMN(name, zh, en, VIEWS_NUMBER_OF), .via = FIELD_subject                                \
    }
enum { MS_A_MINUTE = 60000 };

static const struct views_view views[] = {
#include "views/views.def"
};

size_t views_count(void)
{
    return sizeof views / sizeof *views;
}

const struct views_view *views_at(size_t index)
{
    return index < views_count() ? &views[index] : NULL;
}

const struct views_view *views_find(const char *name)
{
    for (size_t i = 0; i < views_count(); i++) {
        if (strcmp(views[i].name, name) == 0 ||
            (views[i].form[0] != 0 && strcmp(views[i].form, name) == 0)) {
            return &views[i];
        }
    }
    return NULL;
}

size_t views_column_count(const struct views_view *view)
{
    size_t count = 0;
    while (count < VIEWS_COLUMNS && view->columns[count].name != NULL) {
        count++;
    }
    return count;
}

/* --- rows --- */

/* What a cell points at goes when the next record is found: the row keeps its own copy. */
static void keep_bytes(struct views_row *row, size_t index)
{
    struct views_cell *cell = &row->cell[index];
    if (cell->bytes.size > VIEWS_CELL_SIZE) {
        cell->bytes.size = VIEWS_CELL_SIZE;
    }
    if (cell->bytes.size != 0) {
        memmove(row->bytes[index], cell->bytes.data, cell->bytes.size);
        cell->bytes.data = row->bytes[index];
    }
}

bool views_show(struct views_asked *asked, const struct record *record)
{
    size_t place = asked->total++;
    const struct views_page *page = asked->page;
    if (place < page->offset || (page->limit != 0 && place - page->offset >= page->limit)) {
        return true;
    }
    asked->row.record = record;
    asked->row.count = views_column_count(asked->view);
    for (size_t i = 0; record != NULL && i < asked->row.count; i++) {
        views_cell_of(&asked->look, &asked->view->columns[i], record, &asked->row.cell[i],
                      asked->row.bytes[i]);
        keep_bytes(&asked->row, i);
    }
    return asked->visit(asked->context, &asked->row);
}

/* --- one record a row --- */

struct gather {
    struct views_asked *asked;
    uint32_t states; /* 0: all */
    struct views_entries entries;
};

static int64_t order_of(const struct views_view *view, const struct record *record)
{
    uint64_t number = values_number(&record->facts, (enum field)view->order, 0);
    return number == 0 || number > INT64_MAX ? INT64_MAX : (int64_t)number;
}

static bool gather_one(void *context, const struct record *record)
{
    struct gather *gather = context;
    const struct views_view *view = gather->asked->view;
    const struct views_look *look = &gather->asked->look;
    if ((record->machine == view->machine || record->machine == view->also) &&
        views_in_scope(look, record) &&
        (gather->states == 0 || (gather->states >> record->state & 1) != 0) &&
        views_all_hold(look, view->where, record)) {
        views_entries_add(&gather->entries, order_of(view, record), record->id, false);
    }
    return gather->entries.err == ERR_NONE;
}

static struct views_reach reach_of(const struct views_asked *asked)
{
    const struct views_view *view = asked->view;
    struct views_reach reach = {.machine = view->machine};
    if (view->states != NULL) {
        reach.states = views_states(view->machine, view->states);
    }
    (void)views_reach_period(asked->look.scope, view->where, &reach);
    return reach;
}

static void show_gathered(struct views_asked *asked, const struct views_entries *entries,
                          struct record *copy)
{
    const struct views_source *source = asked->look.source;
    const struct views_page *page = asked->page;
    bool more = true;
    for (size_t i = page->offset; more && i < entries->count; i++) {
        const struct record *found = source->find(source->context, entries->entry[i].id);
        if (page->limit != 0 && i - page->offset >= page->limit) {
            break;
        }
        if (found == NULL) {
            continue;
        }
        *copy = *found;
        values_copy(&copy->facts, &found->facts);
        asked->total = i;
        more = views_show(asked, copy);
    }
    asked->total = entries->count;
}

/* A row a number: all are counted, those of the page shown. */
static void show_each_number(struct views_asked *asked, const struct views_entries *entries,
                             struct record *copy)
{
    enum { NUMBERS_MAX = 64 };
    const struct views_source *source = asked->look.source;
    bool more = true;
    for (size_t i = 0; more && i < entries->count; i++) {
        const struct record *found = source->find(source->context, entries->entry[i].id);
        if (found == NULL) {
            continue;
        }
        *copy = *found;
        values_copy(&copy->facts, &found->facts);
        uint64_t first = values_number(&copy->facts, (enum field)asked->view->each_from, 0);
        uint64_t last = values_number(&copy->facts, (enum field)asked->view->each_until, 0);
        uint64_t count = first == 0 || last < first ? 0 : last - first + 1;
        for (uint16_t place = 0; more && place < count && place < NUMBERS_MAX; place++) {
            asked->look.place = place;
            more = views_show(asked, copy);
        }
    }
    asked->look.place = 0;
}

enum err views_list_records(struct views_asked *asked)
{
    const struct views_source *source = asked->look.source;
    struct views_reach reach = reach_of(asked);
    struct gather gather = {.asked = asked, .states = reach.states};
    struct record *copy = malloc(sizeof *copy);
    if (copy == NULL) {
        return ERR_MEMORY;
    }
    source->records(source->context, &reach, gather_one, &gather);
    if (asked->view->also != MACHINE_NONE) {
        reach.machine = asked->view->also;
        source->records(source->context, &reach, gather_one, &gather);
    }
    enum err err = gather.entries.err;
    if (err == ERR_NONE) {
        views_entries_sort(&gather.entries);
        (asked->view->each_from == 0 ? show_gathered : show_each_number)(asked, &gather.entries,
                                                                         copy);
    }
    views_entries_done(&gather.entries);
    free(copy);
    return err;
}

/* --- all --- */

enum err views_list(const struct views_source *source, const struct views_view *view,
                    const struct views_scope *scope, const struct views_page *page,
                    size_t *ret_total, views_row_visit visit, void *context)
{
    enum err err = ERR_NONE;
    struct views_asked *asked = calloc(1, sizeof *asked);
    if (asked == NULL) {
        return ERR_MEMORY;
    }
    *asked = (struct views_asked){.view = view, .page = page, .visit = visit, .context = context};
    views_look_init(&asked->look, source, scope);
    switch (view->shape) {
    case VIEWS_RECORDS:
        err = views_list_records(asked);
        break;
    case VIEWS_GROUPS:
        err = views_list_groups(asked);
        break;
    case VIEWS_SLOTS:
        err = views_list_slots(asked);
        break;
    }
    if (ret_total != NULL) {
        *ret_total = asked->total;
    }
    free(asked);
    return err;
}
