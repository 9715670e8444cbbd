#include "views/inside.h"

#include <stdlib.h>
#include <string.h>

/* Records counted by station, person, item, day or state. */

enum { FIRST_CAPACITY = 32, GROUPS_MAX = 100000 };

struct group {
    uint8_t key[LIMIT_KEY_SIZE]; /* sorts as the rows do */
    uint64_t count[VIEWS_COLUMNS];
};

struct groups {
    struct views_asked *asked;
    enum machine_id machine; /* now walked over */
    uint32_t columns;        /* bits of those now counted */
    size_t count;
    size_t capacity;
    enum err err;
    struct group *group; /* by rising key */
};

/* Place of the key, or where it belongs. */
static size_t groups_place(const struct groups *groups, const uint8_t *key, bool *ret_found)
{
    size_t low = 0;
    size_t high = groups->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(groups->group[middle].key, key, LIMIT_KEY_SIZE);
        if (order == 0) {
            *ret_found = true;
            return middle;
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    *ret_found = false;
    return low;
}

static bool groups_grow(struct groups *groups)
{
    size_t capacity = groups->capacity == 0 ? FIRST_CAPACITY : groups->capacity * 2;
    if (groups->count < groups->capacity) {
        return true;
    }
    if (groups->count >= GROUPS_MAX) {
        groups->err = ERR_LIMIT;
        return false;
    }
    struct group *group = realloc(groups->group, capacity * sizeof *group);
    if (group == NULL) {
        groups->err = ERR_MEMORY;
        return false;
    }
    groups->group = group;
    groups->capacity = capacity;
    return true;
}

static struct group *groups_get(struct groups *groups, const uint8_t *key)
{
    bool found = false;
    size_t place = groups_place(groups, key, &found);
    if (found) {
        return &groups->group[place];
    }
    if (!groups_grow(groups)) {
        return NULL;
    }
    memmove(groups->group + place + 1, groups->group + place,
            (groups->count - place) * sizeof *groups->group);
    groups->count++;
    groups->group[place] = (struct group){.count = {0}};
    memcpy(groups->group[place].key, key, LIMIT_KEY_SIZE);
    return &groups->group[place];
}

/* False: the record belongs to no group. */
static bool key_of(const struct views_view *view, const struct record *record, uint8_t *ret)
{
    struct span bytes = {NULL, 0};
    memset(ret, 0, LIMIT_KEY_SIZE);
    switch (view->group) {
    case VIEWS_BY_STATION:
        bytes = span_of(record->station, LIMIT_KEY_SIZE);
        break;
    case VIEWS_BY_STAFF:
        bytes = values_bytes(&record->facts, (enum field)view->group_field, 0);
        break;
    case VIEWS_BY_ITEM:
        bytes = values_bytes(&record->facts, FIELD_item, 0);
        break;
    case VIEWS_BY_DAY:
        put_u32(ret, (uint32_t)views_day(record, (enum field)view->group_field));
        return views_day(record, (enum field)view->group_field) > 0;
    case VIEWS_BY_STATE:
        put_u32(ret, record->state);
        return true;
    }
    if (bytes.size == 0 || bytes.size > LIMIT_KEY_SIZE) {
        return false;
    }
    memcpy(ret, bytes.data, bytes.size);
    return true;
}

static bool is_counted(const struct views_column *column)
{
    return column->kind == VIEWS_TALLY || column->kind == VIEWS_SUM;
}

static enum machine_id machine_of(const struct views_view *view, const struct views_column *column)
{
    return column->of == MACHINE_NONE ? view->machine : column->of;
}

static void count_record(struct groups *groups, const struct record *record, struct group *group)
{
    const struct views_view *view = groups->asked->view;
    for (size_t i = 0; i < views_column_count(view); i++) {
        const struct views_column *column = &view->columns[i];
        if ((groups->columns >> i & 1) != 0 &&
            views_all_hold(&groups->asked->look, column->tests, record)) {
            uint64_t number = values_number(&record->facts, (enum field)column->field, 0);
            group->count[i] += column->kind == VIEWS_SUM ? number : 1;
        }
    }
}

/* Does any of the columns that are walked for count it? Else it makes no row, however much more a
 * source gives. */
static bool is_counted_now(const struct groups *groups, const struct record *record)
{
    const struct views_view *view = groups->asked->view;
    bool any = false;
    for (size_t i = 0; !any && i < views_column_count(view); i++) {
        any = (groups->columns >> i & 1) != 0 &&
              views_all_hold(&groups->asked->look, view->columns[i].tests, record);
    }
    return any;
}

static bool group_one(void *context, const struct record *record)
{
    struct groups *groups = context;
    const struct views_look *look = &groups->asked->look;
    uint8_t key[LIMIT_KEY_SIZE];
    if (record->machine == groups->machine && views_in_scope(look, record) &&
        views_all_hold(look, groups->asked->view->where, record) &&
        is_counted_now(groups, record) && key_of(groups->asked->view, record, key)) {
        struct group *group = groups_get(groups, key);
        if (group != NULL) {
            count_record(groups, record, group);
        }
    }
    return groups->err == ERR_NONE;
}

/* One walk over a machine's records: for the columns that count what has to do with the period, or
 * for the others. */
static void group_walk(struct groups *groups, enum machine_id machine, bool of_period)
{
    const struct views_view *view = groups->asked->view;
    const struct views_scope *scope = groups->asked->look.scope;
    const struct views_source *source = groups->asked->look.source;
    struct views_reach reach = {.machine = machine};
    bool whole = views_reach_period(scope, view->where, &reach);
    groups->machine = machine;
    groups->columns = 0;
    for (size_t i = 0; i < views_column_count(view); i++) {
        const struct views_column *column = &view->columns[i];
        struct views_reach own = {.machine = machine};
        bool by_period = whole || views_reach_period(scope, column->tests, &own);
        if (is_counted(column) && machine_of(view, column) == machine && by_period == of_period) {
            views_reach_states(column->tests, &own);
            bool all = groups->columns != 0 && reach.states == 0;
            reach.states = all || own.states == 0 ? 0 : reach.states | own.states;
            groups->columns |= (uint32_t)1 << i;
        }
    }
    if (of_period) {
        views_reach_days(scope, &reach);
    }
    if (groups->columns != 0 && groups->err == ERR_NONE) {
        source->records(source->context, &reach, group_one, groups);
    }
}

/* Every machine that a column counts. */
static void group_machines(struct groups *groups)
{
    for (int id = MACHINE_NONE + 1; id < MACHINE_END; id++) {
        group_walk(groups, (enum machine_id)id, true);
        group_walk(groups, (enum machine_id)id, false);
    }
}

/* Stations without a record have a row of zeros. */
static void seed_stations(struct groups *groups)
{
    const struct views_look *look = &groups->asked->look;
    const uint8_t *only = look->scope->station;
    for (size_t i = 0; i < look->source->station_count; i++) {
        const struct views_station *station = &look->source->stations[i];
        if (only == NULL || memcmp(only, station->device, LIMIT_KEY_SIZE) == 0) {
            (void)groups_get(groups, station->device);
        }
    }
}

static struct views_cell key_cell(const struct views_asked *asked, const struct group *group)
{
    const struct views_view *view = asked->view;
    struct record keyed = {.machine = view->machine, .state = (uint16_t)get_u32(group->key)};
    struct views_column column = {.kind = VIEWS_STATION};
    struct views_cell cell = views_cell_text("", "");
    switch (view->group) {
    case VIEWS_BY_STATION:
        memcpy(keyed.station, group->key, LIMIT_KEY_SIZE);
        break;
    case VIEWS_BY_STAFF:
        column = (struct views_column){.kind = VIEWS_STAFF, .field = FIELD_staff};
        values_set_bytes(&keyed.facts, FIELD_staff, 0, span_of(group->key, LIMIT_ID_SIZE));
        break;
    case VIEWS_BY_ITEM:
        column.kind = VIEWS_ITEM;
        values_set_bytes(&keyed.facts, FIELD_item, 0,
                         span_of(group->key, strnlen((const char *)group->key, LIMIT_KEY_SIZE)));
        break;
    case VIEWS_BY_DAY:
        return views_cell_day((int32_t)get_u32(group->key));
    case VIEWS_BY_STATE:
        column.kind = VIEWS_STATE;
        break;
    }
    uint8_t room[VIEWS_CELL_SIZE];
    views_cell_of(&asked->look, &column, &keyed, &cell, room);
    if (cell.bytes.size != 0) {
        cell.bytes.data = group->key;
    }
    return cell;
}

static uint64_t count_named(const struct views_asked *asked, const struct group *group,
                            const char *name)
{
    for (size_t i = 0; i < views_column_count(asked->view); i++) {
        if (strcmp(asked->view->columns[i].name, name) == 0) {
            return group->count[i];
        }
    }
    return 0;
}

static struct views_cell group_cell(const struct views_asked *asked, const struct group *group,
                                    size_t index)
{
    enum { PER_MILLE = 1000 };
    const struct views_column *column = &asked->view->columns[index];
    if (column->kind == VIEWS_KEY) {
        return key_cell(asked, group);
    }
    if (column->kind != VIEWS_SHARE) {
        return views_cell_number(
            (int64_t)(group->count[index] / (column->unit == 0 ? 1 : column->unit)));
    }
    uint64_t whole = count_named(asked, group, column->whole);
    struct views_cell cell = views_cell_text("", "");
    if (whole != 0) {
        cell = views_cell_number(
            (int64_t)(count_named(asked, group, column->part) * PER_MILLE / whole));
        cell.kind = VIEWS_CELL_SHARE;
    }
    return cell;
}

enum err views_list_groups(struct views_asked *asked)
{
    struct groups groups = {.asked = asked};
    bool more = true;
    if (asked->view->group == VIEWS_BY_STATION) {
        seed_stations(&groups);
    }
    group_machines(&groups);
    for (size_t i = 0; more && groups.err == ERR_NONE && i < groups.count; i++) {
        for (size_t k = 0; k < views_column_count(asked->view); k++) {
            asked->row.cell[k] = group_cell(asked, &groups.group[i], k);
        }
        more = views_show(asked, NULL);
    }
    free(groups.group);
    return groups.err;
}
