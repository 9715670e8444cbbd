#include "unit.h"
#include "wire/dense.h"

#include <string.h>

enum { LIMIT = 1 << 16 };

static void expect(struct span text, size_t size)
{
    struct buf packed;
    struct buf back;
    buf_init(&packed, LIMIT);
    buf_init(&back, LIMIT);
    dense_put(text, &packed);
    assert_int_equal(packed.err, ERR_NONE);
    assert_true(size == 0 || packed.size == size);
    assert_true(packed.size <= text.size + (text.size > 0 && text.data[0] == DENSE_MARK ? 600 : 0));
    assert_int_equal(dense_take(buf_span(&packed), text.size, &back), ERR_NONE);
    assert_true(span_equal(buf_span(&back), text));
    if (text.size > 0) {
        assert_int_equal(dense_take(buf_span(&packed), text.size - 1, &back), ERR_LIMIT);
        assert_int_equal(back.size, text.size); /* nothing is left of what failed */
    }
    buf_done(&packed);
    buf_done(&back);
}

static void test_known_sizes(void **state)
{
    static const struct {
        const char *text;
        size_t size;
    } rows[] = {
        {"", 0},
        {"plain", 5},
        {"新农合", 1 + 6},
        {"残疾证补办，材料：", 1 + 18},
        {"低保2024年", 1 + 6 + 4},
        {"“你好”——…", 1 + 14},
        {"　", 3},         /* U+3000 alone gains nothing: as it is */
        {"　　", 1 + 4},   /* the first with a short form */
        {"鿿鿿", 1 + 4}, /* U+9FFF, the last */
        {"ꀀꀀ", 6},       /* one more: none */
        {"𠮷𠮷", 8},       /* four bytes */
        {"𠮷田永德", 1 + 2 + 4 + 6},
        {"café 咖啡馆", 1 + 3 + 4 + 1 + 6},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expect(span_text(rows[i].text), rows[i].size);
    }
}

/* Any bytes come back, texts or not. */
static void test_any_bytes(void **state)
{
    static uint8_t bytes[2000];
    static const uint8_t likely[] = {0xe4, 0xb8, 0xad, 0xef, 0xbc, 0x8c, 0xf8, 0xff, 0x80, 'a'};
    uint64_t random = 5;
    (void)state;
    for (size_t round = 0; round < 3000; round++) {
        size_t size = round % 700;
        for (size_t i = 0; i < size; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            unsigned take = (unsigned)(random >> 40);
            bytes[i] = round % 3 == 0 ? (uint8_t)take : likely[take % sizeof likely];
        }
        expect(span_of(bytes, size), 0);
    }
    memset(bytes, 0xc0, sizeof bytes);
    bytes[0] = DENSE_MARK;
    expect(span_of(bytes, 1), 4);
    expect(span_of(bytes, sizeof bytes), 1 + sizeof bytes + 2 * 8);
}

/* What would only grow has room wherever it fits as it is. */
static void test_no_room_to_grow(void **state)
{
    static uint8_t bytes[50000]; /* half as much again in the other form */
    struct buf packed;
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = i % 2 == 0 ? 0xff : 'a';
    }
    expect(span_of(bytes, sizeof bytes), sizeof bytes);
    buf_init(&packed, 4);
    dense_put(span_text("\xff\xff\xff\xff\xff"), &packed);
    assert_int_equal(packed.err, ERR_LIMIT);
    dense_put(span_text("a"), &packed); /* the first failure sticks */
    assert_int_equal(packed.err, ERR_LIMIT);
    buf_done(&packed);
}

static void test_wrong_forms(void **state)
{
    static const char *const bad[] = {"\xf8\x80",      "\xf8\xf0",  "\xf8\xff",
                                      "\xf8\xff\x02x", "\xf8\xf2x", "\xf8\xf8"};
    struct buf text;
    (void)state;
    buf_init(&text, LIMIT);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(dense_take(span_text(bad[i]), LIMIT, &text), ERR_MALFORMED);
        assert_int_equal(text.size, 0);
    }
    assert_int_equal(dense_take(span_of("\xf8\xff\x00x", 4), LIMIT, &text), ERR_MALFORMED);
    assert_int_equal(dense_take(span_of("\xf8", 1), LIMIT, &text), ERR_NONE);
    buf_done(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_sizes),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_no_room_to_grow),
        cmocka_unit_test(test_wrong_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
