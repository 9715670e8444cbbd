#include "desk/computed.h"

#include "base/check.h"
#include "fold/facts.h"
#include "views/views.h"
#include "wire/tree.h"

#include <string.h>

enum { FIGURES = 8 };

struct computed {
    enum machine_id machine;
    const char *verbs[3]; /* of the events that say them */
    uint64_t kinds;       /* bits 1 << kind of the records that have them */
    const char *view;     /* over from_day .. until_day of the record */
    struct figure {
        uint16_t field;
        const char *column;
    } figure[FIGURES];
};

static const struct computed table[] = {
    {.machine = MACHINE_REPORT,
     .verbs = {"drawn_up", "corrected"},
     .kinds = 1U << 1 | 1U << 2 | 1U << 3 | 1U << 4 | 1U << 5, /* day .. year */
     .view = "figures",
     .figure = {{FIELD_total_accepted, "accepted"},
                {FIELD_total_finished, "finished"},
                {FIELD_total_overdue, "overdue"},
                {FIELD_total_extended, "extended"},
                {FIELD_total_complaints, "complaints"},
                {FIELD_total_rated, "rated"},
                {FIELD_total_proxy, "proxy"}}},
    {.machine = MACHINE_REPORT,
     .verbs = {"drawn_up", "corrected"},
     .kinds = 1U << 7, /* 归档目录 */
     .view = "archive-figures",
     .figure = {{FIELD_total_archived, "archived"},
                {FIELD_total_contacts, "contacts"},
                {FIELD_total_dossiers, "dossiers"}}},
};

/* --- counting --- */

struct counting {
    const struct computed *row;
    const struct views_view *view;
    size_t column[FIGURES];
    uint64_t number[FIGURES];
};

static size_t figure_count(const struct computed *row)
{
    size_t count = 0;
    while (count < FIGURES && row->figure[count].column != NULL) {
        count++;
    }
    return count;
}

/* False: nothing is counted for records of that machine and kind. */
static bool find_row(enum machine_id machine, const struct values *facts, struct counting *ret)
{
    uint64_t kind = values_number(facts, FIELD_kind, 0);
    *ret = (struct counting){.row = NULL};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].machine == machine && kind < 64 && (table[i].kinds >> kind & 1) != 0) {
            ret->row = &table[i];
        }
    }
    ret->view = ret->row == NULL ? NULL : views_find(ret->row->view);
    for (size_t i = 0; ret->view != NULL && i < figure_count(ret->row); i++) {
        while (strcmp(ret->view->columns[ret->column[i]].name, ret->row->figure[i].column) != 0) {
            ret->column[i]++;
            CHECK(ret->column[i] < views_column_count(ret->view));
        }
    }
    return ret->view != NULL;
}

static bool take_row(void *context, const struct views_row *row)
{
    struct counting *counting = context;
    for (size_t i = 0; i < figure_count(counting->row); i++) {
        counting->number[i] = (uint64_t)row->cell[counting->column[i]].number;
    }
    return false; /* one station, one row */
}

static enum err count(struct desk *desk, struct kv_txn *txn, uint64_t now_ms,
                      const struct views_scope *scope, struct counting *counting)
{
    struct fold_facts *facts = NULL;
    const struct fold_facts_ask ask = {.fold = desk_fold(desk),
                                       .txn = txn,
                                       .space = desk->options.space,
                                       .now_ms = now_ms,
                                       .context = desk->options.port.context,
                                       .events = desk->options.port.events};
    enum err err = fold_facts_new(&ask, &facts);
    if (err != ERR_NONE) {
        return err;
    }
    const struct views_page page = {.limit = 1};
    err = views_list(fold_facts_source(facts), counting->view, scope, &page, NULL, take_row,
                     counting);
    fold_facts_free(facts);
    return err != ERR_NONE ? err : txn->err;
}

/* False: no such days, which the rules refuse. */
static bool scope_of(const struct values *facts, const uint8_t *station, struct views_scope *ret)
{
    uint64_t from = values_number(facts, FIELD_from_day, 0);
    uint64_t until = values_number(facts, FIELD_until_day, 0);
    bool good = from != 0 && from <= until && until < CIVIL_DAY_MAX;
    *ret = (struct views_scope){.station = station};
    if (good) {
        ret->from_day = (int32_t)from;
        ret->until_day = (int32_t)until;
    }
    return good;
}

/* --- filling --- */

static bool says_them(const struct computed *row, const struct values *facts)
{
    const struct rule_name *verb = rule_machine(row->machine)->verbs;
    uint64_t number = values_number(facts, FIELD_verb, 0);
    while (verb->name != NULL && verb->number != number) {
        verb++;
    }
    for (size_t i = 0; verb->name != NULL && row->verbs[i] != NULL; i++) {
        if (strcmp(verb->name, row->verbs[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void fill(const struct counting *counting, const struct wire_tree *request,
                 struct values *facts)
{
    const char *payload = rule_machine(counting->row->machine)->name;
    const struct wire_tree *named = wire_tree_get(request, payload);
    char member[DESK_MEMBER_SIZE];
    for (size_t i = 0; i < figure_count(counting->row); i++) {
        enum field field = (enum field)counting->row->figure[i].field;
        desk_member_name(field_name(field), member);
        /* Its name in the request counts: a 0 leaves nothing behind among the facts. */
        if (counting->number[i] != 0 && wire_tree_get(named, member) == NULL) {
            values_set_number(facts, field, 0, counting->number[i]);
        }
    }
}

enum err computed_fill(struct desk *desk, const struct desk_call *call, const uint8_t *station,
                       struct wire_act *act)
{
    struct counting counting;
    struct views_scope scope;
    struct kv_txn txn;
    struct wire_tree *request = NULL;
    if (!find_row(fold_machine_of(act->payload), &act->facts, &counting) ||
        !says_them(counting.row, &act->facts) || !scope_of(&act->facts, station, &scope)) {
        return ERR_NONE;
    }
    kv_begin(desk->options.kv, false, &txn);
    enum err err = count(desk, &txn, call->now_ms, &scope, &counting);
    kv_abort(&txn);
    if (err == ERR_NONE) {
        err = wire_tree_open(call->request->body, &request);
    }
    if (err == ERR_NONE) {
        fill(&counting, request, &act->facts);
    }
    wire_tree_close(request);
    return err;
}

/* --- comparing --- */

static void put_one(const struct counting *counting, size_t index, uint64_t claimed,
                    struct json_text *json)
{
    const struct views_column *column = &counting->view->columns[counting->column[index]];
    json_text_open(json, NULL);
    json_text_string(json, "name", column->name);
    json_text_string(json, "zh", column->zh);
    json_text_string(json, "en", column->en);
    json_text_big(json, "claimed", claimed);
    json_text_big(json, "recomputed", counting->number[index]);
    json_text_close(json);
}

enum err computed_put_differing(struct desk *desk, struct kv_txn *txn, uint64_t now_ms,
                                const struct record *record, struct json_text *json)
{
    struct counting counting;
    struct views_scope scope;
    bool here = desk->options.tier == TIER_HUB ||
                memcmp(record->station, desk->device, LIMIT_KEY_SIZE) == 0;
    bool any = false;
    if (!here || !find_row(record->machine, &record->facts, &counting) ||
        !scope_of(&record->facts, record->station, &scope)) {
        return ERR_NONE;
    }
    enum err err = count(desk, txn, now_ms, &scope, &counting);
    for (size_t i = 0; err == ERR_NONE && i < figure_count(counting.row); i++) {
        enum field field = (enum field)counting.row->figure[i].field;
        uint64_t claimed = values_number(&record->facts, field, 0);
        if (claimed == counting.number[i]) {
            continue;
        }
        if (!any) {
            json_text_open_list(json, "differing");
        }
        any = true;
        put_one(&counting, i, claimed, json);
    }
    if (any) {
        json_text_close_list(json);
    }
    return err;
}
