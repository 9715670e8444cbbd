#include "rules/civil.h"
#include "rules/record.h"
#include "unit.h"

#include <string.h>

static struct values values;
static struct record record;
static struct record again;

static void test_sorted_and_zero_removes(void **state)
{
    (void)state;
    values_clear(&values);
    values_set_number(&values, FIELD_due_day, 0, 20000);
    values_set_number(&values, FIELD_channel, 0, 2);
    values_set_bytes(&values, FIELD_papers_code, 1, span_text("hukou"));
    values_set_bytes(&values, FIELD_papers_code, 0, span_text("card"));
    assert_int_equal(values.count, 4);
    assert_int_equal(values.value[0].field, FIELD_channel);
    assert_int_equal(values.value[1].place, 0);
    assert_int_equal(values.value[2].place, 1);
    assert_int_equal(values.value[3].field, FIELD_due_day);
    assert_int_equal(values_places(&values, FIELD_papers_code), 2);
    assert_true(values_has(&values, FIELD_papers_code));
    values_set_number(&values, FIELD_channel, 0, 0);
    values_set_bytes(&values, FIELD_papers_code, 0, (struct span){NULL, 0});
    assert_int_equal(values.count, 2);
    assert_int_equal(values.storage_used, 5);
    assert_true(span_equal(values_bytes(&values, FIELD_papers_code, 1), span_text("hukou")));
    assert_int_equal(values_number(&values, FIELD_channel, 0), 0);
    assert_int_equal(values_places(&values, FIELD_channel), 0);
    assert_int_equal(values_places(&values, FIELD_papers_code), 2);
    assert_false(values_has(&values, FIELD_channel));
    assert_int_equal(values_bytes(&values, FIELD_papers_code, 0).size, 0);
}

static void test_replacing_from_own_storage(void **state)
{
    (void)state;
    values_clear(&values);
    values_set_bytes(&values, FIELD_item, 0, span_text("longer-than-the-next"));
    values_set_bytes(&values, FIELD_reason, 0, span_text("why"));
    values_set_bytes(&values, FIELD_item, 0, values_bytes(&values, FIELD_reason, 0));
    values_set_bytes(&values, FIELD_post, 0, values_bytes(&values, FIELD_item, 0));
    assert_true(span_equal(values_bytes(&values, FIELD_item, 0), span_text("why")));
    assert_true(span_equal(values_bytes(&values, FIELD_reason, 0), span_text("why")));
    assert_true(span_equal(values_bytes(&values, FIELD_post, 0), span_text("why")));
    assert_int_equal(values.storage_used, 9);
}

static void test_limits_stick(void **state)
{
    (void)state;
    static uint8_t large[VALUES_STORAGE];
    memset(large, 'x', sizeof large);
    values_clear(&values);
    for (unsigned i = 0; i < LIMIT_VALUE_COUNT; i++) {
        values_set_number(&values, FIELD_papers_holder, (uint16_t)i, 1);
    }
    assert_int_equal(values.err, ERR_NONE);
    values_set_number(&values, FIELD_papers_holder, 7, 2);
    assert_int_equal(values.err, ERR_NONE);
    values_set_number(&values, FIELD_channel, 0, 1);
    assert_int_equal(values.err, ERR_LIMIT);
    values_set_number(&values, FIELD_papers_holder, 7, 3);
    assert_int_equal(values_number(&values, FIELD_papers_holder, 7), 2);
    values_clear(&values);
    values_set_bytes(&values, FIELD_item, 0, span_of(large, sizeof large));
    assert_int_equal(values.err, ERR_NONE);
    values_set_bytes(&values, FIELD_reason, 0, span_text("r"));
    assert_int_equal(values.err, ERR_LIMIT);
    assert_int_equal(values.count, 1);
}

static void test_copy_owns_its_bytes(void **state)
{
    (void)state;
    static struct values copy;
    values_clear(&values);
    values_set_bytes(&values, FIELD_item, 0, span_text("item"));
    values_copy(&copy, &values);
    values_set_bytes(&values, FIELD_item, 0, span_text("gone"));
    assert_true(span_equal(values_bytes(&copy, FIELD_item, 0), span_text("item")));
    assert_ptr_equal(values_bytes(&copy, FIELD_item, 0).data, copy.storage);
    values_copy(&copy, &copy);
    assert_int_equal(copy.count, 1);
}

static void test_field_names(void **state)
{
    (void)state;
    assert_string_equal(field_name(FIELD_due_day), "due_day");
    assert_int_equal(field_type(FIELD_due_day), VALUE_NUMBER);
    assert_int_equal(field_type(FIELD_item), VALUE_BYTES);
    assert_int_equal(field_by_name(span_text("papers_holder")), FIELD_papers_holder);
    assert_int_equal(field_by_name(span_text("papers_holde")), FIELD_END);
    assert_int_equal(field_by_name(span_text("")), FIELD_END);
    assert_null(field_name((enum field)0));
    assert_null(field_name((enum field)9999));
    assert_int_equal(field_type((enum field)9999), 0);
}

static void make_record(void)
{
    memset(&record, 0, sizeof record);
    memset(record.id, 0x11, sizeof record.id);
    memset(record.station, 0x22, sizeof record.station);
    record.machine = MACHINE_CASE;
    record.state = 3;
    record.resume_state = 2;
    record.holder = HOLDER_STATION;
    record.baton_own_seq = 0x0102030405060708;
    values_clear(&record.facts);
    values_set_bytes(&record.facts, FIELD_item, 0, span_text("minzheng-01"));
    values_set_number(&record.facts, FIELD_due_day, 0, 20737);
    values_set_bytes(&record.facts, FIELD_papers_code, 2, span_text("hukou"));
    /* Times one after another and backwards, one id twice. */
    values_set_number(&record.facts, FIELD_received_ms, 0, 1789956120000);
    values_set_number(&record.facts, FIELD_opened_ms, 0, 1789956060000);
    values_set_number(&record.facts, FIELD_last_ms, 0, 1789956000001);
    values_set_bytes(&record.facts, FIELD_handler, 0, span_text("0123456789abcdef"));
    values_set_bytes(&record.facts, FIELD_first_responsible, 0, span_text("0123456789abcdef"));
}

static void test_record_round_trip(void **state)
{
    (void)state;
    struct buf bytes;
    struct buf second;
    make_record();
    buf_init(&bytes, LIMIT_RECORD_SIZE);
    buf_init(&second, LIMIT_RECORD_SIZE);
    record_encode(&record, &bytes);
    assert_int_equal(bytes.err, ERR_NONE);
    assert_int_equal(record_decode(buf_span(&bytes), &again), ERR_NONE);
    assert_int_equal(again.baton_own_seq, record.baton_own_seq);
    assert_int_equal(again.state, 3);
    assert_true(span_equal(values_bytes(&again.facts, FIELD_item, 0), span_text("minzheng-01")));
    record_encode(&again, &second);
    assert_true(span_equal(buf_span(&bytes), buf_span(&second)));
    buf_done(&bytes);
    buf_done(&second);
}

/* One content has one encoding: any changed byte is refused or is another record's own encoding. */
static void test_record_strict(void **state)
{
    (void)state;
    struct buf bytes;
    struct buf second;
    make_record();
    buf_init(&bytes, LIMIT_RECORD_SIZE);
    buf_init(&second, LIMIT_RECORD_SIZE);
    record_encode(&record, &bytes);
    for (size_t i = 0; i < bytes.size; i++) {
        for (unsigned flip = 1; flip < 256; flip++) {
            bytes.data[i] ^= (uint8_t)flip;
            if (record_decode(buf_span(&bytes), &again) == ERR_NONE) {
                buf_clear(&second);
                record_encode(&again, &second);
                assert_true(span_equal(buf_span(&bytes), buf_span(&second)));
            }
            bytes.data[i] ^= (uint8_t)flip;
        }
    }
    for (size_t size = 0; size < bytes.size; size++) {
        assert_int_not_equal(record_decode(span_of(bytes.data, size), &again), ERR_NONE);
    }
    buf_put_u8(&bytes, 0);
    assert_int_equal(record_decode(buf_span(&bytes), &again), ERR_MALFORMED);
    buf_done(&bytes);
    buf_done(&second);
}

static void test_record_refuses(void **state)
{
    (void)state;
    struct buf bytes;
    make_record();
    values_clear(&record.facts);
    buf_init(&bytes, LIMIT_RECORD_SIZE + 1);
    record_encode(&record, &bytes);
    bytes.data[0] = 1;
    assert_int_equal(record_decode(buf_span(&bytes), &again), ERR_VERSION);
    bytes.data[0] = 3;
    bytes.data[1] = MACHINE_END;
    assert_int_equal(record_decode(buf_span(&bytes), &again), ERR_MALFORMED);
    bytes.data[1] = MACHINE_CASE;
    assert_int_equal(record_decode(buf_span(&bytes), &again), ERR_NONE);
    /* One value without bytes. */
    bytes.data[bytes.size - 1] = 1;
    buf_put_u8(&bytes, FIELD_item << 1);
    buf_put_u8(&bytes, 0);
    assert_int_equal(record_decode(buf_span(&bytes), &again), ERR_MALFORMED);
    bytes.data[bytes.size - 1] = 1;
    buf_put_u8(&bytes, 'x');
    assert_int_equal(record_decode(buf_span(&bytes), &again), ERR_NONE);
    /* The same in a longer form, and with a station that is none. */
    bytes.size -= 2;
    buf_put_u8(&bytes, 0x81);
    buf_put_u8(&bytes, 0);
    buf_put_u8(&bytes, 'x');
    assert_int_equal(record_decode(buf_span(&bytes), &again), ERR_MALFORMED);
    make_record();
    buf_clear(&bytes);
    record_encode(&record, &bytes);
    memset(bytes.data + 5 + LIMIT_ID_SIZE + 1, 0, LIMIT_KEY_SIZE);
    assert_int_equal(record_decode(buf_span(&bytes), &again), ERR_MALFORMED);
    buf_clear(&bytes);
    assert_non_null(buf_grow(&bytes, LIMIT_RECORD_SIZE + 1));
    assert_int_equal(record_decode(buf_span(&bytes), &again), ERR_LIMIT);
    buf_done(&bytes);
}

/* A row leaves out what is known beside it, and is no record by itself. */
static void test_record_row(void **state)
{
    static const uint8_t no_station[LIMIT_KEY_SIZE];
    struct buf whole;
    struct buf row;
    struct record_outline first;
    struct record_outline second;
    bool cut = true;
    (void)state;
    buf_init(&whole, LIMIT_RECORD_SIZE);
    buf_init(&row, LIMIT_RECORD_SIZE);
    make_record();
    record_encode(&record, &whole);
    record_encode_row(&record, false, &row);
    assert_int_equal(row.size, whole.size - LIMIT_ID_SIZE);
    assert_int_equal(record_decode(buf_span(&row), &again), ERR_MALFORMED);
    assert_int_equal(record_decode_row(buf_span(&whole), record.id, &again, &cut), ERR_MALFORMED);
    assert_int_equal(record_decode_row(buf_span(&row), record.id, &again, &cut), ERR_NONE);
    assert_false(cut);
    assert_memory_equal(again.station, record.station, LIMIT_KEY_SIZE);
    buf_clear(&row);
    record_encode_row(&record, true, &row);
    assert_int_equal(row.size, whole.size - LIMIT_ID_SIZE - LIMIT_KEY_SIZE + RECORD_STATION_PREFIX);
    assert_int_equal(record_decode_row(buf_span(&row), record.id, &again, &cut), ERR_NONE);
    assert_true(cut);
    assert_memory_equal(again.station, record.station, RECORD_STATION_PREFIX);
    assert_memory_equal(again.station + RECORD_STATION_PREFIX, no_station,
                        LIMIT_KEY_SIZE - RECORD_STATION_PREFIX);
    assert_memory_equal(again.id, record.id, LIMIT_ID_SIZE);
    assert_true(record_outline(buf_span(&row), &first));
    assert_true(record_outline(buf_span(&whole), &second));
    assert_memory_equal(&first, &second, sizeof first);
    memset(record.station, 0, sizeof record.station);
    buf_clear(&row);
    record_encode_row(&record, true, &row);
    assert_int_equal(record_decode_row(buf_span(&row), record.id, &again, &cut), ERR_NONE);
    assert_false(cut);
    row.data[5] = 7; /* no such form */
    assert_int_equal(record_decode_row(buf_span(&row), record.id, &again, &cut), ERR_MALFORMED);
    buf_done(&whole);
    buf_done(&row);
}

/* What a record says twice costs little the second time. */
static void test_record_is_small(void **state)
{
    struct buf bytes;
    (void)state;
    make_record();
    values_clear(&record.facts);
    buf_init(&bytes, LIMIT_RECORD_SIZE);
    record_encode(&record, &bytes);
    size_t empty = bytes.size;
    values_set_number(&record.facts, FIELD_opened_ms, 0, 1789956060000);
    values_set_number(&record.facts, FIELD_last_ms, 0, 1789956061000);
    values_set_bytes(&record.facts, FIELD_handler, 0, span_text("0123456789abcdef"));
    values_set_bytes(&record.facts, FIELD_first_responsible, 0, span_text("0123456789abcdef"));
    buf_clear(&bytes);
    record_encode(&record, &bytes);
    assert_in_range(bytes.size - empty, 1, (2 + 6) + (2 + 2) + (2 + 1 + 16) + (2 + 2));
    /* The greatest difference there is, both ways. */
    values_set_number(&record.facts, FIELD_opened_ms, 0, UINT64_MAX);
    values_set_number(&record.facts, FIELD_accepted_ms, 0, 1);
    buf_clear(&bytes);
    record_encode(&record, &bytes);
    assert_int_equal(record_decode(buf_span(&bytes), &again), ERR_NONE);
    assert_true(values_number(&again.facts, FIELD_opened_ms, 0) == UINT64_MAX);
    assert_true(values_number(&again.facts, FIELD_accepted_ms, 0) == 1);
    assert_true(values_number(&again.facts, FIELD_last_ms, 0) == 1789956061000);
    buf_done(&bytes);
}

/* Its earliest and latest day, whichever field says it; how long something took is no day. */
static void test_record_outline(void **state)
{
    enum { DAY = 20737, DAY_MS = 24 * 60 * 60 * 1000 };
    (void)state;
    struct buf bytes;
    struct record_outline read;
    struct record_outline made;
    make_record();
    values_set_number(&record.facts, FIELD_short_ms, 0, 60000);
    values_set_number(&record.facts, FIELD_extended_days, 0, 3);
    values_set_number(&record.facts, FIELD_told_ms, 0, (uint64_t)(DAY - 40) * DAY_MS);
    values_set_number(&record.facts, FIELD_extended_ms, 2, (uint64_t)(DAY + 9) * DAY_MS);
    buf_init(&bytes, LIMIT_RECORD_SIZE);
    record_encode(&record, &bytes);
    assert_true(record_outline(buf_span(&bytes), &read));
    assert_int_equal(read.machine, MACHINE_CASE);
    assert_int_equal(read.state, 3);
    assert_int_equal(read.due_day, DAY);
    assert_int_equal(read.from_day, DAY - 40);
    assert_int_equal(read.until_day, DAY + 9);
    record_outline_of(&record, &made);
    assert_int_equal(made.machine, MACHINE_CASE);
    assert_int_equal(made.state, 3);
    assert_int_equal(made.due_day, DAY);
    assert_int_equal(made.from_day, DAY - 40);
    assert_int_equal(made.until_day, DAY + 9);
    values_set_number(&record.facts, FIELD_until_day, 0, UINT64_MAX);
    record_outline_of(&record, &made);
    assert_int_equal(made.until_day, CIVIL_DAY_MAX);
    bytes.data[1] = 0;
    assert_false(record_outline(buf_span(&bytes), &read));
    bytes.data[1] = MACHINE_CASE;
    assert_false(record_outline(span_of(bytes.data, bytes.size - 1), &read));
    buf_done(&bytes);
}

static void test_record_at_the_bound(void **state)
{
    (void)state;
    static uint8_t large[VALUES_STORAGE];
    struct buf bytes;
    make_record();
    values_clear(&record.facts);
    memset(large, 'x', sizeof large);
    values_set_bytes(&record.facts, FIELD_item, 0, span_of(large, sizeof large));
    for (unsigned i = 1; i < LIMIT_VALUE_COUNT; i++) {
        values_set_number(&record.facts, FIELD_papers_holder, (uint16_t)i, UINT64_MAX);
    }
    buf_init(&bytes, LIMIT_RECORD_SIZE);
    record_encode(&record, &bytes);
    assert_int_equal(bytes.err, ERR_NONE);
    assert_int_equal(record_decode(buf_span(&bytes), &again), ERR_NONE);
    assert_int_equal(again.facts.count, LIMIT_VALUE_COUNT);
    buf_done(&bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorted_and_zero_removes),
        cmocka_unit_test(test_replacing_from_own_storage),
        cmocka_unit_test(test_limits_stick),
        cmocka_unit_test(test_copy_owns_its_bytes),
        cmocka_unit_test(test_field_names),
        cmocka_unit_test(test_record_round_trip),
        cmocka_unit_test(test_record_strict),
        cmocka_unit_test(test_record_refuses),
        cmocka_unit_test(test_record_row),
        cmocka_unit_test(test_record_is_small),
        cmocka_unit_test(test_record_outline),
        cmocka_unit_test(test_record_at_the_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
