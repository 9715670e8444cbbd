#include "base/check.h"
#include "views/inside.h"

#include <string.h>

/* What ought to be there, station by station and slot by slot, and how much of it is. */

struct filling {
    const struct views_look *look;
    const struct views_slots *slots;
    enum machine_id machine;
    const struct views_test *where;
    struct views_entries entries; /* key: station, then slot; id: record, or who filled it */
    struct views_entries people;  /* the same; id: who is named in that slot */
};

static enum policy_period period_of(const struct filling *filling)
{
    if (filling->slots->kind == VIEWS_SLOT_WEEKS) {
        return POLICY_PERIOD_WEEK;
    }
    return filling->slots->kind == VIEWS_SLOT_PERIODS
               ? policy_period(filling->look->source->policy, filling->slots->policy)
               : POLICY_PERIOD_DAY;
}

static bool has_periods(const struct filling *filling)
{
    return filling->slots->kind == VIEWS_SLOT_PERIODS || filling->slots->kind == VIEWS_SLOT_WEEKS;
}

static int64_t entry_key(size_t station, int32_t slot)
{
    return (int64_t)((uint64_t)station << 32 | (uint32_t)slot);
}

/* The record's slot: a day, or one of the numbers; 0: none. */
static int32_t slot_of(const struct filling *filling, const struct record *record)
{
    enum field field = (enum field)filling->slots->field;
    uint64_t number = values_number(&record->facts, field, 0);
    if (filling->slots->kind == VIEWS_SLOT_NUMBERS) {
        return number > INT32_MAX ? 0 : (int32_t)number;
    }
    return views_day(record, field);
}

static void fill_station(struct filling *filling, size_t station, int32_t slot,
                         const struct record *record)
{
    const struct views_slots *slots = filling->slots;
    int64_t key = entry_key(station, slot);
    if (slots->named == 0) {
        views_entries_add(&filling->entries, key, record->id, false);
        return;
    }
    for (uint16_t i = 0; i < values_places(&record->facts, (enum field)slots->named); i++) {
        struct span staff = values_bytes(&record->facts, (enum field)slots->named, i);
        if (staff.size == LIMIT_ID_SIZE) {
            views_entries_add(&filling->people, key, staff.data, false);
        }
    }
    struct span by = values_bytes(&record->facts, (enum field)slots->by, 0);
    if (by.size == LIMIT_ID_SIZE && views_all_hold(filling->look, slots->done, record)) {
        views_entries_add(&filling->entries, key, by.data, false);
    }
}

static bool fill_one(void *context, const struct record *record)
{
    struct filling *filling = context;
    const struct views_source *source = filling->look->source;
    int32_t slot = slot_of(filling, record);
    int32_t until = 0;
    if (record->machine != filling->machine ||
        !views_all_hold(filling->look, filling->where, record) || slot <= 0) {
        return true;
    }
    if (has_periods(filling)) {
        views_period(period_of(filling), slot, &slot, &until);
    }
    if (filling->slots->ahead && views_day(record, FIELD_opened_ms) > slot) {
        return true;
    }
    for (size_t i = 0; i < source->station_count; i++) {
        if (memcmp(source->stations[i].device, record->station, LIMIT_KEY_SIZE) == 0) {
            fill_station(filling, i, slot, record);
        }
    }
    return filling->entries.err == ERR_NONE && filling->people.err == ERR_NONE;
}

static size_t first_entry(const struct views_entries *entries, int64_t key)
{
    size_t low = 0;
    size_t high = entries->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        bool before = entries->entry[middle].key < key;
        low = before ? middle + 1 : low;
        high = before ? high : middle;
    }
    return low;
}

static void fill_slot(const struct filling *filling, struct views_slot *slot)
{
    const struct views_entries *entries = &filling->entries;
    int64_t key = entry_key(slot->station, slot->key);
    slot->least = filling->slots->least == POLICY_COUNT
                      ? 1
                      : policy_get_count(views_policy_on(filling->look->source, slot->until_day),
                                         filling->slots->least);
    for (size_t i = first_entry(entries, key); i < entries->count && entries->entry[i].key == key;
         i++) {
        if (filling->slots->named != 0) {
            slot->count += memcmp(entries->entry[i].id, slot->staff, LIMIT_ID_SIZE) == 0 ? 1U : 0U;
            continue;
        }
        slot->count++;
        slot->has_record = true;
        memcpy(slot->record, entries->entry[i].id, sizeof slot->record);
    }
}

static bool named_before(const struct views_entries *people, size_t from, size_t at)
{
    bool found = false;
    for (size_t i = from; !found && i < at; i++) {
        found = memcmp(people->entry[i].id, people->entry[at].id, LIMIT_ID_SIZE) == 0;
    }
    return found;
}

/* The slot of the station, or of each who was named in its period up to now. */
static bool show_slots(const struct filling *filling, struct views_slot *slot,
                       views_slot_visit visit, void *context)
{
    const struct views_entries *people = &filling->people;
    int32_t from = 0;
    int32_t until = 0;
    bool more = true;
    bool any = false;
    if (filling->slots->named != 0) {
        views_period(policy_period(filling->look->source->policy, filling->slots->named_in),
                     slot->key, &from, &until);
    }
    size_t first = first_entry(people, entry_key(slot->station, from));
    for (size_t i = first;
         more && i < people->count && people->entry[i].key <= entry_key(slot->station, slot->key);
         i++) {
        if (!named_before(people, first, i)) {
            struct views_slot own = *slot;
            any = true;
            memcpy(own.staff, people->entry[i].id, sizeof own.staff);
            fill_slot(filling, &own);
            more = visit(context, &own);
        }
    }
    if (!any) {
        fill_slot(filling, slot);
        more = visit(context, slot);
    }
    return more;
}

static bool day_counts(const struct filling *filling, int32_t day)
{
    const struct views_source *source = filling->look->source;
    if (filling->slots->kind == VIEWS_SLOT_WORKDAYS) {
        return calendar_is_working_day(source->calendar, day, NULL);
    }
    return (uint32_t)civil_weekday_of_day(day) <=
           policy_get_count(source->policy, POLICY_ROTA_DAYS);
}

/* Slots of one station, in order; false: stop. */
static bool station_numbers(const struct filling *filling, size_t station, views_slot_visit visit,
                            void *context)
{
    uint32_t count = policy_get_count(filling->look->source->policy, filling->slots->policy);
    int32_t until = filling->look->source->stations[station].until_day;
    bool ended = until != 0 && until < filling->look->scope->until_day;
    bool more = true;
    for (uint32_t number = 1; more && !ended && number <= count; number++) {
        struct views_slot slot = {.station = station, .key = (int32_t)number};
        more = show_slots(filling, &slot, visit, context);
    }
    return more;
}

static bool station_days(const struct filling *filling, size_t station, views_slot_visit visit,
                         void *context)
{
    const struct views_scope *scope = filling->look->scope;
    bool periods = has_periods(filling);
    int32_t since = filling->look->source->stations[station].since_day;
    int32_t until = filling->look->source->stations[station].until_day;
    bool more = true;
    for (int32_t day = scope->from_day; more && day <= scope->until_day;) {
        struct views_slot slot = {.station = station};
        views_period(period_of(filling), day, &slot.key, &slot.until_day);
        day = slot.until_day + 1;
        if (slot.key >= scope->from_day && slot.key >= since && (until == 0 || slot.key <= until) &&
            (periods || day_counts(filling, slot.key))) {
            more = show_slots(filling, &slot, visit, context);
        }
    }
    return more;
}

/* Days of the records that can fill its slots. */
static struct views_reach reach_of(const struct filling *filling)
{
    const struct views_look *look = filling->look;
    const struct views_slots *slots = filling->slots;
    struct views_reach reach = {.machine = filling->machine};
    int32_t unused = 0;
    if (slots->kind != VIEWS_SLOT_NUMBERS) {
        views_reach_days(look->scope, &reach);
        views_period(period_of(filling), look->scope->until_day, &unused, &reach.until_day);
    }
    if (slots->named != 0) {
        views_period(policy_period(look->source->policy, slots->named_in), look->scope->from_day,
                     &reach.from_day, &unused);
    }
    return reach;
}

static void reach_widen(struct views_reach *reach, const struct views_reach *other)
{
    bool any = reach->until_day == 0 || other->until_day == 0;
    reach->from_day = other->from_day < reach->from_day ? other->from_day : reach->from_day;
    reach->until_day = any                                   ? 0
                       : other->until_day > reach->until_day ? other->until_day
                                                             : reach->until_day;
}

struct fillings {
    size_t count;
    struct filling filling[VIEWS_SLOTS_TOGETHER];
};

static bool fill_each(void *context, const struct record *record)
{
    struct fillings *fillings = context;
    bool more = true;
    for (size_t i = 0; more && i < fillings->count; i++) {
        more = fill_one(&fillings->filling[i], record);
    }
    return more;
}

static enum err show_filling(struct filling *filling, views_slot_visit visit, void *context)
{
    const struct views_source *source = filling->look->source;
    const uint8_t *only = filling->look->scope->station;
    bool numbers = filling->slots->kind == VIEWS_SLOT_NUMBERS;
    bool more = true;
    views_entries_sort(&filling->entries);
    views_entries_sort(&filling->people);
    enum err err = filling->entries.err != ERR_NONE ? filling->entries.err : filling->people.err;
    for (size_t i = 0; more && err == ERR_NONE && i < source->station_count; i++) {
        bool asked = only == NULL || memcmp(only, source->stations[i].device, LIMIT_KEY_SIZE) == 0;
        if (asked && !source->stations[i].gone) {
            more = (numbers ? station_numbers : station_days)(filling, i, visit, context);
        }
    }
    return err;
}

enum err views_slots_each(const struct views_look *look, enum machine_id machine,
                          const struct views_slots_ask *asks, size_t count, views_slot_visit visit)
{
    struct fillings fillings = {.count = count};
    struct views_reach reach = {.machine = machine};
    enum err err = ERR_NONE;
    CHECK(count <= VIEWS_SLOTS_TOGETHER);
    for (size_t i = 0; i < count; i++) {
        struct filling *filling = &fillings.filling[i];
        *filling = (struct filling){
            .look = look, .slots = asks[i].slots, .machine = machine, .where = asks[i].where};
        struct views_reach one = reach_of(filling);
        if (i == 0) {
            reach = one;
        } else {
            reach_widen(&reach, &one);
        }
    }
    look->source->records(look->source->context, &reach, fill_each, &fillings);
    for (size_t i = 0; i < count; i++) {
        if (err == ERR_NONE) {
            err = show_filling(&fillings.filling[i], visit, asks[i].context);
        }
        views_entries_done(&fillings.filling[i].entries);
        views_entries_done(&fillings.filling[i].people);
    }
    return err;
}

/* --- as a view --- */

/* Borrowed from the slot: of the row that is shown now. */
static struct views_cell staff_cell(const struct views_slot *slot)
{
    static const uint8_t nobody[LIMIT_ID_SIZE];
    struct views_cell cell = views_cell_text("", "");
    if (memcmp(slot->staff, nobody, sizeof nobody) == 0) {
        cell.kind = VIEWS_CELL_EMPTY;
    } else {
        cell.kind = VIEWS_CELL_STAFF;
        cell.bytes = span_of(slot->staff, sizeof slot->staff);
    }
    return cell;
}

static struct views_cell slot_cell(const struct views_asked *asked, const struct views_slot *slot,
                                   size_t index)
{
    const struct views_column *column = &asked->view->columns[index];
    const struct views_source *source = asked->look.source;
    enum views_words words = (enum views_words)column->words;
    switch (column->kind) {
    case VIEWS_STATION:
        return views_cell_text(source->stations[slot->station].code, "");
    case VIEWS_KEY:
        return asked->view->slots.kind == VIEWS_SLOT_NUMBERS
                   ? views_cell_text(views_word_zh(words, (uint64_t)slot->key),
                                     views_word_en(words, (uint64_t)slot->key))
                   : views_cell_day(slot->key);
    case VIEWS_THERE:
        return views_cell_number(slot->count);
    case VIEWS_COUNT:
        return views_cell_number(slot->least);
    case VIEWS_FLAG:
        return slot->count < slot->least ? views_cell_text("缺", "missing")
                                         : views_cell_text("", "");
    case VIEWS_STAFF:
        return staff_cell(slot);
    case VIEWS_TIME:
    case VIEWS_DAY: {
        const struct record *record =
            slot->has_record ? source->find(source->context, slot->record) : NULL;
        struct views_cell cell = views_cell_text("", "");
        uint8_t room[VIEWS_CELL_SIZE];
        if (record != NULL) {
            views_cell_of(&asked->look, column, record, &cell, room);
        }
        return cell;
    }
    case VIEWS_NUMBER_OF:
    case VIEWS_CODE:
    case VIEWS_WORD:
    case VIEWS_PEOPLE:
    case VIEWS_PHONE:
    case VIEWS_STATE:
    case VIEWS_ITEM:
    case VIEWS_SEALED:
    case VIEWS_LIGHT:
    case VIEWS_DAYS_LEFT:
    case VIEWS_TALLY:
    case VIEWS_SUM:
    case VIEWS_SHARE:
    case VIEWS_FORMULA:
        break;
    }
    return views_cell_text("", "");
}

static bool show_slot(void *context, const struct views_slot *slot)
{
    struct views_asked *asked = context;
    if (asked->view->slots.gaps_only && slot->count >= slot->least) {
        return true;
    }
    for (size_t i = 0; i < views_column_count(asked->view); i++) {
        asked->row.cell[i] = slot_cell(asked, slot, i);
    }
    return views_show(asked, NULL);
}

enum err views_list_slots(struct views_asked *asked)
{
    const struct views_view *view = asked->view;
    const struct views_slots_ask ask = {&view->slots, view->where, asked};
    return views_slots_each(&asked->look, view->machine, &ask, 1, show_slot);
}
