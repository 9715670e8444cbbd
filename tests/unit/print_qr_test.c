#include "print/qr.h"
#include "unit.h"

#include <string.h>

/* A code's three corners hold the same finder pattern, whatever it says. */
static void finder_stands(const struct qr *qr, unsigned column, unsigned row)
{
    static const char *const rows[] = {"#######", "#.....#", "#.###.#", "#.###.#",
                                       "#.###.#", "#.....#", "#######"};
    for (unsigned y = 0; y < 7; y++) {
        for (unsigned x = 0; x < 7; x++) {
            assert_int_equal(qr_is_dark(qr, column + x, row + y), rows[y][x] == '#');
        }
    }
}

static void test_code_has_its_finders(void **state)
{
    (void)state;
    struct qr *qr = NULL;
    assert_int_equal(qr_new(span_text("JIELI"), &qr), ERR_NONE);
    assert_int_equal(qr_size(qr), 21);
    finder_stands(qr, 0, 0);
    finder_stands(qr, 14, 0);
    finder_stands(qr, 0, 14);
    assert_false(qr_is_dark(qr, 21, 0));
    assert_false(qr_is_dark(qr, 0, 21));
    qr_free(qr);
}

static size_t count_of(struct span text, const char *what)
{
    size_t count = 0;
    for (size_t i = 0; i + strlen(what) <= text.size; i++) {
        count += memcmp(text.data + i, what, strlen(what)) == 0 ? 1 : 0;
    }
    return count;
}

static void test_blocks_and_svg_show_every_module(void **state)
{
    (void)state;
    struct qr *qr = NULL;
    struct buf text;
    size_t dark = 0;
    buf_init(&text, 64 * 1024);
    assert_int_equal(qr_new(span_text("JIELI"), &qr), ERR_NONE);
    for (unsigned i = 0; i < 21 * 21; i++) {
        dark += qr_is_dark(qr, i % 21, i / 21) ? 1 : 0;
    }
    qr_put_blocks(qr, true, &text);
    assert_int_equal(count_of(buf_span(&text), "\n"), 15);
    assert_int_equal(count_of(buf_span(&text), "▀") + count_of(buf_span(&text), "▄") +
                         2 * count_of(buf_span(&text), "█"),
                     dark);
    buf_clear(&text);
    qr_put_blocks(qr, false, &text);
    assert_int_equal(count_of(buf_span(&text), "▀") + count_of(buf_span(&text), "▄") +
                         2 * count_of(buf_span(&text), "█"),
                     29 * 29 - dark);
    buf_clear(&text);
    qr_put_svg(qr, &text);
    assert_int_equal(count_of(buf_span(&text), "h1v1h-1z"), dark);
    buf_done(&text);
    qr_free(qr);
}

static void test_what_does_not_fit_is_refused(void **state)
{
    (void)state;
    struct qr *qr = NULL;
    uint8_t many[QR_TEXT_SIZE + 1];
    memset(many, 'x', sizeof many);
    assert_int_equal(qr_new(span_of(many, sizeof many), &qr), ERR_LIMIT);
    assert_int_equal(qr_new(span_of(NULL, 0), &qr), ERR_MALFORMED);
    assert_int_equal(qr_new(span_of("a\0b", 3), &qr), ERR_MALFORMED);
    assert_int_equal(qr_new(span_of(many, QR_TEXT_SIZE), &qr), ERR_NONE);
    qr_free(qr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_code_has_its_finders),
        cmocka_unit_test(test_blocks_and_svg_show_every_module),
        cmocka_unit_test(test_what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
