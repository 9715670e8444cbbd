#include "desk/cli.h"
#include "desk/guards.h"
#include "desk/json_text.h"
#include "desk/number.h"
#include "rules/civil.h"
#include "unit.h"
#include "wire/act.h"
#include "wire/tree.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

/* The small pieces: numbers, ID numbers, JSON both ways, widths. */

static void test_number(void **state)
{
    struct number number;
    char text[NUMBER_SIZE];
    (void)state;
    number_make("460200001001", 1, 42, &number);
    number_format(&number, text);
    assert_string_equal(text, "001-1-000042-4");
    assert_int_equal(number_parse(text, &number), ERR_NONE);
    assert_string_equal(number.village, "001");
    assert_int_equal(number.incarnation, 1);
    assert_int_equal(number.seq, 42);
    assert_int_equal(number_parse("001-1-42-4", &number), ERR_NONE);
    number_make(NULL, 3, 1234567, &number);
    number_format(&number, text);
    assert_int_equal(number_parse(text, &number), ERR_NONE);
    assert_string_equal(number.village, "000");
    assert_int_equal(number.seq, 1234567);
    static const char *const wrong[] = {"",
                                        "001",
                                        "001-1-000042",
                                        "001-1-000042-",
                                        "001-1-000042-5",
                                        "01-1-42-1",
                                        "0001-1-42-4",
                                        "001-0-42-1",
                                        "001-1-0-1",
                                        "001-1-42-4 ",
                                        "abc-1-42-1",
                                        "001--42-1",
                                        "001-1-42-11",
                                        "001-1-4x-1",
                                        "-001-1-42-4",
                                        "001-1-42-4-1",
                                        "001-99999999999999999999-42-1"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(number_parse(wrong[i], &number), ERR_MALFORMED);
    }
}

/* Every single wrong digit and every swap of unequal neighbours in one part is noticed. */
static void test_number_errors_noticed(void **state)
{
    static const char right[] = "001-1-000042-4";
    struct number number;
    char text[sizeof right];
    (void)state;
    for (size_t i = 0; i + 1 < sizeof right; i++) {
        for (char digit = '0'; digit <= '9' && right[i] != '-'; digit++) {
            memcpy(text, right, sizeof right);
            text[i] = digit;
            assert_int_equal(number_parse(text, &number),
                             digit == right[i] ? ERR_NONE : ERR_MALFORMED);
        }
        if (right[i] != '-' && right[i + 1] != '-' && right[i + 1] != right[i] &&
            right[i + 1] != 0) {
            memcpy(text, right, sizeof right);
            text[i] = right[i + 1];
            text[i + 1] = right[i];
            assert_int_equal(number_parse(text, &number), ERR_MALFORMED);
        }
    }
}

static void test_id_number(void **state)
{
    int32_t today = 0;
    (void)state;
    assert_int_equal(civil_day_parse(span_text("2026-09-18"), &today), ERR_NONE);
    assert_int_equal(guards_id_check("11010519491231002X", today), GUARDS_ID_GOOD);
    assert_int_equal(guards_id_check("11010519491231002x", today), GUARDS_ID_GOOD);
    assert_int_equal(guards_id_check("440524198001010013", today), GUARDS_ID_GOOD);
    for (char digit = '0'; digit <= '9'; digit++) {
        char text[] = "44052419800101001?";
        text[17] = digit;
        assert_int_equal(guards_id_check(text, today),
                         digit == '3' ? GUARDS_ID_GOOD : GUARDS_ID_CHECK);
    }
    assert_int_equal(guards_id_check("440524188001010014", today), GUARDS_ID_DAY);
    assert_int_equal(guards_id_check("440524202609190018", today), GUARDS_ID_DAY);
    assert_int_equal(guards_id_check("440524198013010013", today), GUARDS_ID_DAY);
    static const char *const wrong[] = {"",
                                        "1",
                                        "44052419800101001",
                                        "4405241980010100133",
                                        "4405241980010100X3",
                                        "44052419800101001Y"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(guards_id_check(wrong[i], today), GUARDS_ID_FORM);
    }
}

static void test_json_text(void **state)
{
    struct buf buf;
    struct json_text json;
    (void)state;
    buf_init(&buf, 4096);
    json_text_init(&json, &buf);
    json_text_open(&json, NULL);
    json_text_string(&json, "a\"b", "x\\y\n\x7f汉");
    json_text_open_list(&json, "l");
    json_text_number(&json, NULL, -7);
    json_text_bool(&json, NULL, true);
    json_text_open(&json, NULL);
    json_text_close(&json);
    json_text_close_list(&json);
    json_text_span(&json, "bad", span_text("\xff"));
    json_text_hex(&json, "h", span_of("\x0a\xff", 2));
    json_text_big(&json, "n", UINT64_MAX);
    json_text_day(&json, "d", 0);
    json_text_ms(&json, "t", 1789689600999);
    json_text_raw(&json, "r", span_text("{}"));
    json_text_close(&json);
    assert_string_equal(buf_text(&buf),
                        "{\"a\\\"b\":\"x\\\\y\\u000a\\u007f汉\",\"l\":[-7,true,{}],"
                        "\"bad\":\"\xef\xbf\xbd\",\"h\":\"0aff\",\"n\":\"18446744073709551615\","
                        "\"d\":\"1970-01-01\",\"t\":\"2026-09-18T08:00:00.999+08:00\",\"r\":{}}");
    buf_done(&buf);
}

static void test_tree(void **state)
{
    static const char text[] = "{\"a\":{\"b\":[1,\"2\",true]},\"s\":\"x\"}";
    struct wire_tree *tree = NULL;
    int64_t number = 0;
    struct buf out;
    (void)state;
    assert_int_equal(wire_tree_open(span_text(text), &tree), ERR_NONE);
    const struct wire_tree *list = wire_tree_get(wire_tree_get(tree, "a"), "b");
    assert_int_equal(wire_tree_count(list), 3);
    assert_true(wire_tree_number(wire_tree_at(list, 0), &number));
    assert_int_equal(number, 1);
    assert_true(wire_tree_number(wire_tree_at(list, 1), &number));
    assert_int_equal(number, 2);
    assert_false(wire_tree_number(wire_tree_at(list, 2), &number));
    assert_true(wire_tree_is_true(wire_tree_at(list, 2)));
    assert_null(wire_tree_at(list, 3));
    assert_null(wire_tree_get(wire_tree_get(tree, "x"), "y"));
    assert_string_equal(wire_tree_member(tree, "s"), "x");
    assert_string_equal(wire_tree_member(tree, "a"), "");
    buf_init(&out, 200);
    wire_tree_write(tree, false, &out);
    assert_string_equal(buf_text(&out), text);
    buf_done(&out);
    wire_tree_close(tree);
    static const char *const wrong[] = {
        "", "{", "{\"a\":1,\"a\":2}", "[1,]", "{}x", "\xff", "[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(wire_tree_open(span_text(wrong[i]), &tree), ERR_MALFORMED);
    }
}

static void test_act(void **state)
{
    struct wire_act act;
    struct wire_problem problem;
    struct wire_identity identity;
    (void)state;
    wire_act_init(&act);
    assert_int_equal(
        wire_act_from_json(
            span_text("{\"case\":{\"verb\":\"accepted\",\"item\":\"I04\"},\"record\":\"001-1-2-3\","
                      "\"identity\":{\"name\":\"黄阿妹\",\"idNumber\":\"7\"},"
                      "\"attestation\":{\"kind\":\"relative\",\"ground\":\"spouse\"},"
                      "\"backEntry\":{\"serial\":\"B7\",\"time\":\"2026-09-18T08:00\","
                      "\"reason\":\"power\"},\"force\":true}"),
            &act, &problem),
        ERR_NONE);
    assert_int_equal(act.payload, WIRE_CASE);
    assert_int_equal(values_number(&act.facts, FIELD_verb, 0), 6);
    assert_string_equal(act.record, "001-1-2-3");
    assert_int_equal(act.attestation, 7);
    assert_string_equal(act.ground, "spouse");
    assert_false(act.has_evidence);
    assert_true(act.back_entry);
    assert_string_equal(act.serial, "B7");
    assert_int_equal(act.paper_ms, 1789689600000);
    assert_true(act.force);
    assert_int_equal(act.matter.size, 0);
    assert_int_equal(wire_identity_read(buf_span(&act.identity), &identity), ERR_NONE);
    assert_string_equal(identity.name, "黄阿妹");
    assert_string_equal(identity.id_number, "7");
    assert_string_equal(identity.phone, "");
    wire_act_done(&act);
    assert_int_equal(wire_identity_read(span_text("\xff\xff"), &identity), ERR_MALFORMED);
}

static void test_width(void **state)
{
    (void)state;
    assert_non_null(setlocale(LC_ALL, "C.UTF-8"));
    assert_int_equal(cli_width("abc"), 3);
    assert_int_equal(cli_width("办件a"), 5);
    assert_int_equal(cli_width(""), 0);
    assert_int_equal(cli_width("\xff"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_number),    cmocka_unit_test(test_number_errors_noticed),
        cmocka_unit_test(test_id_number), cmocka_unit_test(test_json_text),
        cmocka_unit_test(test_tree),      cmocka_unit_test(test_act),
        cmocka_unit_test(test_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
