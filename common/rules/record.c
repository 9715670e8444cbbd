#include "rules/record.h"

#include <string.h>

enum {
    RECORD_FORMAT = 1,
    RECORD_HEAD_SIZE = 1 + 1 + 2 + 2 + 1 + LIMIT_ID_SIZE + LIMIT_KEY_SIZE + 8 + 2,
    RECORD_VALUE_SIZE = 2 + 2 + 8, /* a value without its bytes: at most this */
};

_Static_assert(RECORD_HEAD_SIZE + LIMIT_VALUE_COUNT * RECORD_VALUE_SIZE + VALUES_STORAGE <=
                   LIMIT_RECORD_SIZE,
               "every record can be encoded");

void record_encode(const struct record *record, struct buf *ret)
{
    buf_put_u8(ret, RECORD_FORMAT);
    buf_put_u8(ret, (uint8_t)record->machine);
    buf_put_u16(ret, record->state);
    buf_put_u16(ret, record->resume_state);
    buf_put_u8(ret, (uint8_t)record->holder);
    buf_put(ret, record->id, sizeof record->id);
    buf_put(ret, record->station, sizeof record->station);
    buf_put_u64(ret, record->baton_own_seq);
    buf_put_u16(ret, (uint16_t)record->facts.count);
    for (size_t i = 0; i < record->facts.count; i++) {
        const struct value *value = &record->facts.value[i];
        buf_put_u16(ret, value->field);
        buf_put_u16(ret, value->place);
        if (value->type == VALUE_NUMBER) {
            buf_put_u64(ret, value->number);
        } else {
            buf_put_u16(ret, (uint16_t)value->bytes.size);
            buf_put_span(ret, value->bytes);
        }
    }
}

/* One value; false when it may not stand behind one with key last. */
static bool record_read_value(struct reader *reader, uint32_t *last, bool first, struct value *ret)
{
    *ret = (struct value){.field = reader_u16(reader), .place = reader_u16(reader)};
    enum value_type type = field_type((enum field)ret->field);
    uint32_t key = (uint32_t)ret->field << 16 | ret->place;
    if (reader->failed || type == 0 || (!first && key <= *last)) {
        return false;
    }
    *last = key;
    ret->type = (uint8_t)type;
    if (type == VALUE_NUMBER) {
        ret->number = reader_u64(reader);
        return !reader->failed && ret->number != 0;
    }
    size_t size = reader_u16(reader);
    ret->bytes = reader_bytes(reader, size);
    return !reader->failed && size != 0;
}

/* All values of a record, checked before the first is stored: ret stays whole on failure. */
static enum err record_check_values(struct reader reader, size_t count)
{
    uint32_t last = 0;
    size_t storage = 0;
    for (size_t i = 0; i < count; i++) {
        struct value value;
        if (!record_read_value(&reader, &last, i == 0, &value)) {
            return ERR_MALFORMED;
        }
        storage += value.bytes.size;
    }
    if (reader.left != 0) {
        return ERR_MALFORMED;
    }
    return storage > VALUES_STORAGE ? ERR_LIMIT : ERR_NONE;
}

/* They are sorted and fit: appended without a search. */
static void record_take_values(struct reader reader, size_t count, struct values *ret)
{
    uint32_t last = 0;
    values_clear(ret);
    for (size_t i = 0; i < count; i++) {
        struct value *value = &ret->value[i];
        if (!record_read_value(&reader, &last, i == 0, value)) {
            return;
        }
        if (value->type == VALUE_BYTES && value->bytes.data != NULL) {
            uint8_t *data = ret->storage + ret->storage_used;
            memcpy(data, value->bytes.data, value->bytes.size);
            value->bytes.data = data;
            ret->storage_used += value->bytes.size;
        }
        ret->count++;
    }
}

enum err record_decode(struct span bytes, struct record *ret)
{
    struct reader reader;
    if (bytes.size > LIMIT_RECORD_SIZE) {
        return ERR_LIMIT;
    }
    reader_init(&reader, bytes);
    uint8_t format = reader_u8(&reader);
    unsigned machine = reader_u8(&reader);
    uint16_t state = reader_u16(&reader);
    uint16_t resume_state = reader_u16(&reader);
    unsigned holder = reader_u8(&reader);
    struct span id = reader_bytes(&reader, LIMIT_ID_SIZE);
    struct span station = reader_bytes(&reader, LIMIT_KEY_SIZE);
    uint64_t baton_own_seq = reader_u64(&reader);
    size_t count = reader_u16(&reader);
    if (reader.failed || machine == MACHINE_NONE || machine >= MACHINE_END || holder > HOLDER_HUB) {
        return ERR_MALFORMED;
    }
    if (format != RECORD_FORMAT) {
        return ERR_VERSION;
    }
    if (count > LIMIT_VALUE_COUNT) {
        return ERR_LIMIT;
    }
    enum err err = record_check_values(reader, count);
    if (err != ERR_NONE) {
        return err;
    }
    memcpy(ret->id, id.data, id.size);
    ret->machine = (enum machine_id)machine;
    ret->state = state;
    ret->resume_state = resume_state;
    ret->holder = (enum holder)holder;
    memcpy(ret->station, station.data, station.size);
    ret->baton_own_seq = baton_own_seq;
    record_take_values(reader, count, &ret->facts);
    return ERR_NONE;
}
