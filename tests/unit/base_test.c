#include "base/span.h"
#include "base/text.h"
#include "unit.h"

#include <cmocka.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

static void test_buf_limit_sticks(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4);
    buf_put_text(&buf, "abc");
    assert_int_equal(buf.err, ERR_NONE);
    buf_put_text(&buf, "de");
    assert_int_equal(buf.err, ERR_LIMIT);
    buf_put_text(&buf, "f");
    assert_int_equal(buf.size, 3);
    buf_clear(&buf);
    buf_put_format(&buf, "%d", 1234);
    assert_string_equal(buf_text(&buf), "1234");
    buf_done(&buf);
}

static void test_reader_short(void **state)
{
    (void)state;
    struct buf buf;
    struct reader reader;
    buf_init(&buf, 100);
    buf_put_u16(&buf, 0x1234);
    buf_put_u64(&buf, UINT64_MAX - 1);
    reader_init(&reader, buf_span(&buf));
    assert_int_equal(reader_u16(&reader), 0x1234);
    assert_true(reader_u64(&reader) == UINT64_MAX - 1);
    assert_false(reader.failed);
    assert_int_equal(reader_u8(&reader), 0);
    assert_true(reader.failed);
    buf_done(&buf);
}

static void test_varints(void **state)
{
    static const struct {
        uint64_t value;
        size_t size;
    } good[] = {{0, 1}, {127, 1}, {128, 2}, {16383, 2}, {16384, 3}, {UINT64_MAX, 10}};
    static const char overflow[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02";
    static const char *const bad[] = {"", "\x80", "\x81\x80", overflow};
    struct buf buf;
    struct reader reader;
    (void)state;
    buf_init(&buf, 100);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        buf_clear(&buf);
        buf_put_varint(&buf, good[i].value);
        assert_int_equal(buf.size, good[i].size);
        reader_init(&reader, buf_span(&buf));
        assert_true(reader_varint(&reader) == good[i].value);
        assert_true(!reader.failed && reader.left == 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        reader_init(&reader, span_text(bad[i]));
        assert_true(reader_varint(&reader) == 0 && reader.failed);
    }
    reader_init(&reader, span_of("\x81\x00", 2)); /* 1, but not as short as can be */
    assert_true(reader_varint(&reader) == 0 && reader.failed);
    buf_done(&buf);
}

static void test_base64(void **state)
{
    (void)state;
    static const char *const refused[] = {
        "A", "AA==A", "AB==", "AAB=", "AA=A", "A===", "AA =", "=AAA"};
    struct buf text;
    struct buf bytes;
    buf_init(&text, 1000);
    buf_init(&bytes, 1000);
    for (size_t size = 0; size < 40; size++) {
        uint8_t data[40];
        for (size_t i = 0; i < size; i++) {
            data[i] = (uint8_t)(i * 37 + size);
        }
        buf_clear(&text);
        buf_clear(&bytes);
        text_put_base64(&text, span_of(data, size));
        assert_int_equal(text_get_base64(buf_span(&text), &bytes), ERR_NONE);
        assert_true(span_equal(buf_span(&bytes), span_of(data, size)));
    }
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        buf_clear(&bytes);
        assert_int_equal(text_get_base64(span_text(refused[i]), &bytes), ERR_MALFORMED);
    }
    buf_done(&text);
    buf_done(&bytes);
}

static void test_hex_and_number(void **state)
{
    (void)state;
    uint8_t bytes[2];
    uint64_t number = 0;
    assert_int_equal(text_get_hex(span_text("0aFf"), bytes, 2), ERR_NONE);
    assert_int_equal(bytes[1], 255);
    assert_int_equal(text_get_hex(span_text("0aF"), bytes, 2), ERR_MALFORMED);
    assert_int_equal(text_get_hex(span_text("0aFg"), bytes, 2), ERR_MALFORMED);
    assert_int_equal(text_get_number(span_text("18446744073709551615"), UINT64_MAX, &number),
                     ERR_NONE);
    assert_true(number == UINT64_MAX);
    assert_int_equal(text_get_number(span_text("18446744073709551616"), UINT64_MAX, &number),
                     ERR_LIMIT);
    assert_int_equal(text_get_number(span_text("01"), 10, &number), ERR_MALFORMED);
    assert_int_equal(text_get_number(span_text("11"), 10, &number), ERR_LIMIT);
    assert_int_equal(text_get_number(span_text(""), 10, &number), ERR_MALFORMED);
}

static void test_utf8(void **state)
{
    (void)state;
    assert_true(text_is_utf8(span_text("村民 \xf0\xa0\x80\x80")));
    assert_false(text_is_utf8(span_of("a\0b", 3)));
    assert_false(text_is_utf8(span_text("\xc0\xaf")));
    assert_false(text_is_utf8(span_text("\xe0\x80\xaf")));
    assert_false(text_is_utf8(span_text("\xed\xa0\x80")));
    assert_false(text_is_utf8(span_text("\xf4\x90\x80\x80")));
    assert_false(text_is_utf8(span_text("\xe6\x9d")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_buf_limit_sticks), cmocka_unit_test(test_reader_short),
        cmocka_unit_test(test_varints),          cmocka_unit_test(test_base64),
        cmocka_unit_test(test_hex_and_number),   cmocka_unit_test(test_utf8),
    };
    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
