/* One content, one encoding: everything else is refused. */
#include "wire_raw.h"

struct row { /* NOLINT(clang-analyzer-optin.performance.Padding): read as a table */
    const char *what;
    unsigned replaced; /* a part of smallest */
    const char *hex;   /* what stands there instead */
    enum err err;
};

#define PART "8a014d" "0801" "1002" "1d01000000" "2220" X32 "2a20" X32 /* sealed */

/* clang-format off */
static const struct row header_rows[] = {
    {"the smallest event", 0, "", ERR_NONE},
    {"no version", 1, "", ERR_MALFORMED},
    {"version 0", 1, "0800", ERR_MALFORMED},
    {"version 2", 1, "0802", ERR_VERSION},
    {"version 200", 1, "08c801", ERR_VERSION},
    {"version 2^32", 1, "088080808010", ERR_MALFORMED},
    {"version 1 in two bytes", 1, "088100", ERR_MALFORMED},
    {"version 2 in two bytes", 1, "088200", ERR_MALFORMED},
    {"tag in two bytes", 1, "880001", ERR_MALFORMED},
    {"version without end", 1, "08ffffffffffffffffffff", ERR_MALFORMED},
    {"version twice", 1, "08010801", ERR_MALFORMED},
    {"version as fixed32", 1, "0d01000000", ERR_MALFORMED},
    {"version as a group", 1, "0b0c", ERR_MALFORMED},
    {"wire type 6", 1, "0e01", ERR_MALFORMED},
    {"field 0", 1, "080100", ERR_MALFORMED},
    {"no hub", 2, "", ERR_MALFORMED},
    {"hub of 15 bytes", 2, "120f" X8 "11111111111111", ERR_MALFORMED},
    {"hub of 17 bytes", 2, "1211" X16 "11", ERR_MALFORMED},
    {"hub of zeros", 2, "1210" Z16, ERR_MALFORMED},
    {"hub of no bytes", 2, "1200", ERR_MALFORMED},
    {"hub's length in two bytes", 2, "129000" X16, ERR_MALFORMED},
    {"hub twice", 2, "1210" X16 "1210" X16, ERR_MALFORMED},
    {"no device", 3, "", ERR_MALFORMED},
    {"device of 16 bytes", 3, "1a10" X16, ERR_MALFORMED},
    {"device of zeros", 3, "1a20" Z16 Z16, ERR_MALFORMED},
    {"no incarnation", 4, "", ERR_MALFORMED},
    {"incarnation 0", 4, "210000000000000000", ERR_MALFORMED},
    {"incarnation 2", 4, "210200000000000000", ERR_NONE},
    {"incarnation as varint", 4, "2001", ERR_MALFORMED},
    {"no seq", 5, "", ERR_MALFORMED},
    {"seq 0", 5, "290000000000000000", ERR_MALFORMED},
    {"seq 2 without prev", 5, "290200000000000000", ERR_MALFORMED},
    {"seq 2 with prev", 5, "2902000000000000003220" X32, ERR_NONE},
    {"seq 2 with prev of 31 bytes", 5, "290200000000000000321f" X16 X8 "11111111111111",
     ERR_MALFORMED},
    {"seq 1 with prev", 5, "2901000000000000003220" X32, ERR_MALFORMED},
    {"prev before seq", 5, "3220" X32 "290200000000000000", ERR_MALFORMED},
    {"no author", 9, "", ERR_MALFORMED},
    {"author of 31 bytes", 9, "4a1f" X16 X8 "11111111111111", ERR_MALFORMED},
    {"record before author", 9, "5210" X16 "4a20" X32, ERR_MALFORMED},
    {"no record", 10, "", ERR_MALFORMED},
    {"record of 32 bytes", 10, "5220" X32, ERR_MALFORMED},
    {"clock good", 10, "5210" X16 "6001", ERR_NONE},
    {"clock 0", 10, "5210" X16 "6000", ERR_MALFORMED},
    {"clock 4", 10, "5210" X16 "6004", ERR_MALFORMED},
    {"clock -1", 10, "5210" X16 "60ffffffffffffffffff01", ERR_MALFORMED},
    {"clock 2^32 + 1", 10, "5210" X16 "608180808010", ERR_MALFORMED},
    {"boot", 10, "5210" X16 "6a10" X16, ERR_NONE},
    {"boot of zeros", 10, "5210" X16 "6a10" Z16, ERR_MALFORMED},
    {"unknown field 18", 10, "5210" X16 "900101", ERR_MALFORMED},
    {"unknown field 18 of bytes", 10, "5210" X16 "920100", ERR_MALFORMED},
    {"largest field number", 37, "aa02021002f8ffffff0f01", ERR_MALFORMED},
    {"field number past 32 bits", 37, "aa02021002f8ffffffff0f01", ERR_MALFORMED},
};

static const struct row part_rows[] = {
    {"seen", 9, "3a2b" "0a016809" "0100000000000000" "1a20" X32 "4a20" X32, ERR_MALFORMED},
    {"seen", 9, "3a2e" "0a0168" "110100000000000000" "1a20" X32 "4a20" X32, ERR_NONE},
    {"seen without size", 9, "3a25" "0a0168" "1a20" X32 "4a20" X32, ERR_NONE},
    {"seen without origin", 9, "3a22" "1a20" X32 "4a20" X32, ERR_MALFORMED},
    {"seen without root", 9, "3a03" "0a0168" "4a20" X32, ERR_MALFORMED},
    {"seen without anything", 9, "3a00" "4a20" X32, ERR_MALFORMED},
    {"seen with NUL", 9, "3a26" "0a026800" "1a20" X32 "4a20" X32, ERR_MALFORMED},
    {"seen with bad UTF-8", 9, "3a26" "0a0268ff" "1a20" X32 "4a20" X32, ERR_MALFORMED},
    {"seen with a surrogate", 9, "3a27" "0a03eda080" "1a20" X32 "4a20" X32, ERR_MALFORMED},
    {"seen with good UTF-8", 9, "3a27" "0a03e4ba8b" "1a20" X32 "4a20" X32, ERR_MALFORMED},
    {"seen with a line break", 9, "3a26" "0a02680a" "1a20" X32 "4a20" X32, ERR_MALFORMED},
    {"applied", 9, "4209" "090100000000000000" "4a20" X32, ERR_NONE},
    {"applied in the second log", 9, "4212" "090100000000000000" "190200000000000000" "4a20" X32,
     ERR_NONE},
    {"applied in the first log, said", 9,
     "4212" "090100000000000000" "190100000000000000" "4a20" X32, ERR_MALFORMED},
    {"applied, an epoch only", 9, "4209" "190200000000000000" "4a20" X32, ERR_MALFORMED},
    {"applied, empty", 9, "4200" "4a20" X32, ERR_MALFORMED},
    {"applied after author", 9, "4a20" X32 "4209" "090100000000000000", ERR_MALFORMED},
    {"applied too long", 9, "420a" "090100000000000000" "4a20" X32, ERR_MALFORMED},
    {"applied too short", 9, "4208" "090100000000000000" "4a20" X32, ERR_MALFORMED},
    {"back entry, empty", 37, "7a00" "aa02021002", ERR_NONE},
    {"back entry", 37, "7a03" "0a0141" "aa02021002", ERR_NONE},
    {"back entry with NUL", 37, "7a04" "0a024100" "aa02021002", ERR_MALFORMED},
    {"back entry with an empty text", 37, "7a02" "0a00" "aa02021002", ERR_MALFORMED},
    {"attestation on paper", 37, "820102" "0801" "aa02021002", ERR_NONE},
    {"attestation, empty", 37, "820100" "aa02021002", ERR_MALFORMED},
    {"attestation 8", 37, "820102" "0808" "aa02021002", ERR_MALFORMED},
    {"attestation without kind", 37, "820103" "120141" "aa02021002", ERR_MALFORMED},
    {"evidence", 37, "820124" "0801" "1a20" X32 "aa02021002", ERR_NONE},
    {"evidence of 16 bytes", 37, "820114" "0801" "1a10" X16 "aa02021002", ERR_MALFORMED},
    {"sealed", 37, PART "aa02021002", ERR_NONE},
    {"sealed without label", 37, "8a014b" "1002" "1d01000000" "2220" X32 "2a20" X32 "aa02021002",
     ERR_MALFORMED},
    {"sealed without audience", 37, "8a014b" "0801" "1d01000000" "2220" X32 "2a20" X32 "aa02021002",
     ERR_MALFORMED},
    {"sealed without size", 37, "8a0148" "0801" "1002" "2220" X32 "2a20" X32 "aa02021002",
     ERR_MALFORMED},
    {"sealed, as large as a blob", 37,
     "8a014d" "0801" "1002" "1d00000300" "2220" X32 "2a20" X32 "aa02021002", ERR_NONE},
    {"sealed, larger than a blob", 37,
     "8a014d" "0801" "1002" "1d01000300" "2220" X32 "2a20" X32 "aa02021002", ERR_MALFORMED},
    {"sealed without hash", 37, "8a012b" "0801" "1002" "1d01000000" "2a20" X32 "aa02021002",
     ERR_MALFORMED},
    {"sealed without commitment", 37, "8a012b" "0801" "1002" "1d01000000" "2220" X32 "aa02021002",
     ERR_MALFORMED},
    {"four sealed parts", 37, PART PART PART PART "aa02021002", ERR_NONE},
    {"five sealed parts", 37, PART PART PART PART PART "aa02021002", ERR_LIMIT},
    {"four sealed parts, then one cut short", 37, PART PART PART PART "8a014d" "0801",
     ERR_MALFORMED},
    {"five empty sealed parts", 37, "8a0100" "8a0100" "8a0100" "8a0100" "8a0100" "aa02021002",
     ERR_LIMIT},
};

static const struct row payload_rows[] = {
    {"no payload", 37, "", ERR_MALFORMED},
    {"empty payload", 37, "aa0200", ERR_NONE},
    {"payload of a number", 37, "a80201", ERR_MALFORMED},
    {"two payloads", 37, "aa02021002" "820600", ERR_MALFORMED},
    {"the same payload twice", 37, "aa02021002" "aa02021002", ERR_MALFORMED},
    {"payload longer than the body", 37, "aa02031002", ERR_MALFORMED},
    {"payload's length past 64 bits", 37, "aa02ffffffffffffffffff02", ERR_MALFORMED},
    {"payload's length of 2^63", 37, "aa0280808080808080808001", ERR_MALFORMED},
    {"kind in two bytes", 37, "aa0203108200", ERR_MALFORMED},
    {"kind 0", 37, "aa02021000", ERR_MALFORMED},
    {"kind 2^32", 37, "aa0206108080808010", ERR_MALFORMED},
    {"kind 2^32 - 1", 37, "aa020610ffffffff0f", ERR_NONE},
    {"unknown field of the payload", 37, "aa02021802", ERR_MALFORMED},
    {"case record", 37, "aa02120a10" X16, ERR_NONE},
    {"case record of 15 bytes", 37, "aa02110a0f" X8 "11111111111111", ERR_MALFORMED},
    {"case of a known verb", 37, "8a02020806", ERR_NONE},
    {"case of an unknown verb", 37, "8a0202082b", ERR_MALFORMED},
    {"case: proxy 1", 37, "8a02022001", ERR_NONE},
    {"case: proxy 2", 37, "8a02022002", ERR_MALFORMED},
    {"case: item", 37, "8a02051a03493034", ERR_NONE},
    {"case: item with NUL", 37, "8a02051a03490034", ERR_MALFORMED},
    {"case: item with an escape", 37, "8a02051a03491b34", ERR_MALFORMED},
    {"case: item not ASCII", 37, "8a02051a03e4ba8b", ERR_MALFORMED},
    {"case: one material", 37, "8a02042a021002", ERR_NONE},
    {"case: an empty material", 37, "8a02022a00", ERR_MALFORMED},
    {"case: an empty material behind one", 37, "8a02062a0210022a00", ERR_MALFORMED},
    {"case: materials apart", 37, "8a02" "0b" "2a021002" "320210022a021002", ERR_MALFORMED},
    {"case: an empty child", 37, "8a0203aa0100", ERR_MALFORMED},
    {"case: a child", 37, "8a0213aa0110" X16, ERR_NONE},
    {"heads: one", 37, "9a06" "22" "0a20" X32, ERR_MALFORMED},
    {"heads: one", 37, "9a06" "24" "0a22" "0a20" X32, ERR_NONE},
};
/* clang-format on */

static void run(struct raw *raw, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        raw_build(raw, rows[i].replaced, rows[i].hex);
        enum err err = raw_decode(raw, buf_span(&raw->body));
        if (err != rows[i].err) {
            fail_msg("%s (row %zu): %s, not %s", rows[i].what, i, err_name(err),
                     err_name(rows[i].err));
        }
    }
}

static void test_tables(void **state)
{
    struct raw *raw = *state;
    run(raw, header_rows, sizeof header_rows / sizeof header_rows[0]);
    run(raw, part_rows, sizeof part_rows / sizeof part_rows[0]);
    run(raw, payload_rows, sizeof payload_rows / sizeof payload_rows[0]);
}

/* A failed decode leaves the result alone. */
static void test_failure_touches_nothing(void **state)
{
    struct raw *raw = *state;
    static struct wire_event before;
    raw_build(raw, 37, "8a02022a00");
    memset(&raw->event, 0xa5, sizeof raw->event);
    memset(&before, 0xa5, sizeof before);
    assert_int_equal(wire_event_decode(buf_span(&raw->body), &raw->arena, &raw->event),
                     ERR_MALFORMED);
    assert_memory_equal(&raw->event, &before, sizeof before);
}

static void test_every_truncation_and_flip(void **state)
{
    struct raw *raw = *state;
    uint8_t bytes[LIMIT_BODY_SIZE];
    size_t accepted = 0;
    for (uint64_t seed = 0; seed < make_payload_count(); seed++) {
        struct make make = {seed};
        make_event(&make, make_payload(seed), &raw->event);
        buf_clear(&raw->body);
        assert_int_equal(wire_event_encode(&raw->event, &raw->body), ERR_NONE);
        size_t size = raw->body.size;
        memcpy(bytes, raw->body.data, size);
        for (size_t cut = 0; cut < size; cut++) {
            uint8_t *exact = malloc(cut + 1);
            assert_non_null(exact);
            memcpy(exact, bytes, cut);
            enum err err = raw_decode(raw, span_of(exact, cut));
            free(exact);
            /* Only what stood behind the payload could be cut off, and nothing stands there. */
            assert_int_not_equal(err, ERR_NONE);
        }
        for (size_t bit = 0; bit < size * 8; bit++) {
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            accepted += raw_decode(raw, span_of(bytes, size)) == ERR_NONE ? 1 : 0;
            bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        }
    }
    /* A flipped key is still a key: the signature finds that, not the decoder. */
    assert_true(accepted > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_tables, raw_setup, raw_teardown),
        cmocka_unit_test_setup_teardown(test_failure_touches_nothing, raw_setup, raw_teardown),
        cmocka_unit_test_setup_teardown(test_every_truncation_and_flip, raw_setup, raw_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
