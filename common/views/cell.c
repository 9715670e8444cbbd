#include "views/inside.h"

#include <string.h>

struct views_cell views_cell_number(int64_t number)
{
    return (struct views_cell){
        .kind = VIEWS_CELL_NUMBER, .number = number, .text = "", .text_en = ""};
}

struct views_cell views_cell_day(int32_t day)
{
    return (struct views_cell){.kind = day == 0 ? VIEWS_CELL_EMPTY : VIEWS_CELL_DAY,
                               .number = day,
                               .text = "",
                               .text_en = ""};
}

struct views_cell views_cell_text(const char *zh, const char *en)
{
    return (struct views_cell){
        .kind = zh[0] == 0 ? VIEWS_CELL_EMPTY : VIEWS_CELL_TEXT, .text = zh, .text_en = en};
}

static struct views_cell cell_bytes(enum views_cell_kind kind, struct span bytes)
{
    return (struct views_cell){.kind = bytes.size == 0 ? VIEWS_CELL_EMPTY : kind,
                               .bytes = bytes,
                               .text = "",
                               .text_en = ""};
}

static struct views_cell cell_time(uint64_t ms)
{
    struct views_cell cell = views_cell_number((int64_t)ms);
    cell.kind = ms == 0 ? VIEWS_CELL_EMPTY : VIEWS_CELL_TIME;
    return cell;
}

static struct views_cell cell_station(const struct views_look *look, const struct record *record)
{
    struct views_cell cell =
        cell_bytes(VIEWS_CELL_STATION, span_of(record->station, LIMIT_KEY_SIZE));
    for (size_t i = 0; i < look->source->station_count; i++) {
        const struct views_station *station = &look->source->stations[i];
        if (memcmp(station->device, record->station, LIMIT_KEY_SIZE) == 0) {
            cell.text = station->code;
            cell.number = views_day(record, FIELD_opened_ms);
        }
    }
    return cell;
}

static struct views_cell cell_item(const struct views_look *look, const struct record *record)
{
    struct span code = values_bytes(&record->facts, FIELD_item, 0);
    const struct catalogue_item *item =
        code.size == 0 ? NULL : catalogue_item_find(look->source->catalogue, code);
    return item != NULL ? views_cell_text(item->name_zh, item->name_en)
                        : cell_bytes(VIEWS_CELL_TEXT, code);
}

static bool urgency_of(const struct views_look *look, const struct record *record,
                       struct deadline_urgency *ret)
{
    const struct deadline_limit limit = {
        (uint32_t)values_number(&record->facts, FIELD_limit_count, 0),
        values_number(&record->facts, FIELD_limit_unit, 0) == DEADLINE_CALENDAR_DAY
            ? DEADLINE_CALENDAR_DAY
            : DEADLINE_WORKING_DAY};
    struct deadline_rules rules = deadline_rules_of_policy(look->source->policy);
    int32_t due = views_day(record, FIELD_due_day);
    if (due != 0) {
        *ret = deadline_urgency(look->source->calendar, &rules, limit, due, look->today);
    }
    return due != 0;
}

static struct views_cell cell_light(const struct views_look *look, const struct record *record)
{
    static const char *const zh[] = {
        [DEADLINE_GREEN] = "正常",
        [DEADLINE_AMBER] = "预警",
        [DEADLINE_RED] = "告急",
        [DEADLINE_OVERDUE] = "超期",
    };
    struct deadline_urgency urgency;
    if (!urgency_of(look, record, &urgency)) {
        return views_cell_text("", "");
    }
    return views_cell_text(zh[urgency.state], deadline_state_name(urgency.state));
}

static struct views_cell cell_days_left(const struct views_look *look, const struct record *record)
{
    struct deadline_urgency urgency;
    return urgency_of(look, record, &urgency) ? views_cell_number(urgency.days_left)
                                              : views_cell_text("", "");
}

static struct views_cell cell_sealed(const struct views_column *column, const struct record *record)
{
    struct views_cell cell = cell_bytes(VIEWS_CELL_SEALED, span_of(record->id, LIMIT_ID_SIZE));
    cell.number = column->sealed;
    return cell;
}

static struct views_cell cell_fact(const struct views_look *look, const struct views_column *column,
                                   const struct record *record)
{
    enum field field = (enum field)column->field;
    uint16_t place = column->listed ? look->place : 0;
    uint64_t number = values_number(&record->facts, field, place);
    struct span bytes = values_bytes(&record->facts, field, place);
    enum views_words words = (enum views_words)column->words;
    switch (column->kind) {
    case VIEWS_TIME:
        return cell_time(number);
    case VIEWS_DAY:
        return views_cell_day(views_day(record, field));
    case VIEWS_COUNT:
        return views_cell_number(number > INT64_MAX ? INT64_MAX : (int64_t)number);
    case VIEWS_CODE:
        return cell_bytes(VIEWS_CELL_TEXT, bytes);
    case VIEWS_WORD:
        return views_cell_text(views_word_zh(words, number), views_word_en(words, number));
    case VIEWS_FLAG:
        return views_cell_text(values_has(&record->facts, field) ? "是" : "",
                               values_has(&record->facts, field) ? "yes" : "");
    case VIEWS_STAFF:
        return cell_bytes(VIEWS_CELL_STAFF, bytes);
    case VIEWS_PEOPLE:
    case VIEWS_PHONE:
    case VIEWS_NUMBER_OF:
    case VIEWS_STATION:
    case VIEWS_STATE:
    case VIEWS_ITEM:
    case VIEWS_SEALED:
    case VIEWS_LIGHT:
    case VIEWS_DAYS_LEFT:
    case VIEWS_KEY:
    case VIEWS_TALLY:
    case VIEWS_SUM:
    case VIEWS_SHARE:
    case VIEWS_THERE:
    case VIEWS_FORMULA:
        break;
    }
    return views_cell_text("", "");
}

static struct views_cell cell_of_record(const struct views_look *look,
                                        const struct views_column *column,
                                        const struct record *record)
{
    switch (column->kind) {
    case VIEWS_NUMBER_OF:
        return cell_bytes(VIEWS_CELL_RECORD,
                          column->listed
                              ? values_bytes(&record->facts, (enum field)column->field, look->place)
                              : span_of(record->id, LIMIT_ID_SIZE));
    case VIEWS_STATION:
        return cell_station(look, record);
    case VIEWS_STATE:
        return views_cell_text(rule_state_zh(record->machine, record->state),
                               rule_state_name(record->machine, record->state));
    case VIEWS_ITEM:
        return cell_item(look, record);
    case VIEWS_SEALED:
        return cell_sealed(column, record);
    case VIEWS_LIGHT:
        return cell_light(look, record);
    case VIEWS_DAYS_LEFT:
        return cell_days_left(look, record);
    case VIEWS_TIME:
    case VIEWS_DAY:
    case VIEWS_COUNT:
    case VIEWS_CODE:
    case VIEWS_WORD:
    case VIEWS_FLAG:
    case VIEWS_STAFF:
        return cell_fact(look, column, record);
    case VIEWS_PEOPLE:
    case VIEWS_PHONE:
    case VIEWS_KEY:
    case VIEWS_TALLY:
    case VIEWS_SUM:
    case VIEWS_SHARE:
    case VIEWS_THERE:
    case VIEWS_FORMULA:
        break;
    }
    return views_cell_text("", "");
}

static struct views_cell cell_people(const struct views_column *column, const struct record *record,
                                     uint8_t room[VIEWS_CELL_SIZE])
{
    enum field field = (enum field)column->field;
    size_t size = 0;
    for (uint16_t i = 0; i < values_places(&record->facts, field); i++) {
        struct span id = values_bytes(&record->facts, field, i);
        if (id.size == LIMIT_ID_SIZE && size + id.size <= VIEWS_CELL_SIZE) {
            memcpy(room + size, id.data, id.size);
            size += id.size;
        }
    }
    return cell_bytes(column->kind == VIEWS_PHONE ? VIEWS_CELL_PHONE : VIEWS_CELL_STAFF,
                      span_of(room, size));
}

void views_cell_of(const struct views_look *look, const struct views_column *column,
                   const struct record *record, struct views_cell *ret,
                   uint8_t room[VIEWS_CELL_SIZE])
{
    *ret = views_cell_text("", "");
    if (column->via != 0) {
        struct span id = values_bytes(&record->facts, (enum field)column->via, 0);
        record =
            id.size == LIMIT_ID_SIZE ? look->source->find(look->source->context, id.data) : NULL;
    }
    if (record == NULL) {
        return;
    }
    if (column->kind == VIEWS_FORMULA) {
        column->formula(look, record, ret, room);
    } else if (column->kind == VIEWS_PEOPLE || column->kind == VIEWS_PHONE) {
        *ret = cell_people(column, record, room);
    } else {
        *ret = cell_of_record(look, column, record);
    }
}
