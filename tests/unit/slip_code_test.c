#include "unit.h"
#include "forms/slip_code.h"

#include <string.h>

static struct signer *station;

static void make(struct buf *text, uint32_t due_day)
{
    struct slip_code slip = {.incarnation = 2, .seq = 42, .due_day = due_day};
    memset(slip.id, 7, sizeof slip.id);
    buf_init(text, 1024);
    slip_code_make(&slip, station, text);
    assert_int_equal(text->err, ERR_NONE);
}

static void test_slip_says_what_was_signed(void **state)
{
    (void)state;
    static const uint32_t days[] = {0, 20728};
    for (size_t i = 0; i < 2; i++) {
        struct buf text;
        struct slip_code slip;
        make(&text, days[i]);
        assert_true(text.size < SLIP_CODE_SIZE);
        assert_memory_equal(text.data, "JL1:", 4);
        assert_int_equal(slip_code_open(buf_span(&text), &slip), ERR_NONE);
        assert_memory_equal(slip.public_key, signer_public_view(station), LIMIT_KEY_SIZE);
        assert_int_equal(slip.incarnation, 2);
        assert_int_equal(slip.seq, 42);
        assert_int_equal(slip.due_day, days[i]);
        assert_int_equal(slip.id[31], 7);
        buf_done(&text);
    }
}

static void test_no_character_can_be_changed(void **state)
{
    (void)state;
    struct buf text;
    struct slip_code slip;
    make(&text, 20728);
    for (size_t i = 0; i < text.size; i++) {
        uint8_t was = text.data[i];
        text.data[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(slip_code_open(buf_span(&text), &slip), ERR_NONE);
        text.data[i] = was;
    }
    for (size_t size = 0; size < text.size; size++) {
        assert_int_not_equal(slip_code_open(span_of(text.data, size), &slip), ERR_NONE);
    }
    buf_put_u8(&text, 'A');
    assert_int_equal(slip_code_open(buf_span(&text), &slip), ERR_MALFORMED);
    buf_done(&text);
}

int main(void)
{
    static const uint8_t seed[32] = {5};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slip_says_what_was_signed),
        cmocka_unit_test(test_no_character_can_be_changed),
    };
    if (seal_init() != ERR_NONE) {
        return 1;
    }
    station = signer_new(seed);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    signer_free(station);
    return failed;
}
