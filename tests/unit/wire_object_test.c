#include "unit.h"
#include "wire/json.h"

#include <string.h>

enum { IDENTITY = 1001, MATTER = 1002 };

struct row {
    const char *name;
    const char *value;
    enum err err;
};

struct fixture {
    struct wire_object *object;
    struct buf json;
    struct wire_problem problem;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture.object = wire_object_new();
    assert_non_null(fixture.object);
    buf_init(&fixture.json, 65536);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    wire_object_free(fixture->object);
    buf_done(&fixture->json);
    return 0;
}

static enum err set(struct fixture *fixture, uint32_t payload, const char *name, const char *value)
{
    return wire_object_set(fixture->object, payload, name, value, &fixture->problem);
}

static void assert_json(struct fixture *fixture, uint32_t payload, const char *json)
{
    buf_clear(&fixture->json);
    assert_int_equal(wire_object_json(fixture->object, payload, &fixture->json), ERR_NONE);
    assert_string_equal(buf_text(&fixture->json), json);
}

static void test_scalars(void **state)
{
    struct fixture *fixture = *state;
    assert_json(fixture, WIRE_CASE, "{\"case\":{}}");
    assert_int_equal(set(fixture, WIRE_CASE, "verb", "deficiency-notified"), ERR_NONE);
    assert_int_equal(set(fixture, WIRE_CASE, "item", "I04"), ERR_NONE);
    assert_int_equal(set(fixture, WIRE_CASE, "proxy", "yes"), ERR_NONE);
    assert_int_equal(set(fixture, WIRE_CASE, "visits", "2"), ERR_NONE);
    assert_int_equal(set(fixture, WIRE_CASE, "extension-days", "5"), ERR_NONE);
    assert_int_equal(set(fixture, WIRE_CASE, "extension_days", "6"), ERR_NONE);
    assert_int_equal(set(fixture, WIRE_CASE, "handler", "000102030405060708090A0B0C0D0E0F"),
                     ERR_NONE);
    assert_json(fixture, WIRE_CASE,
                "{\"case\":{\"verb\":\"deficiency_notified\",\"item\":\"I04\",\"proxy\":true,"
                "\"visits\":2,\"extensionDays\":6,"
                "\"handler\":\"000102030405060708090a0b0c0d0e0f\"}}");
    static const char *const on[] = {"true", "yes", "1"};
    static const char *const off[] = {"no", "0", "false"};
    for (size_t i = 0; i < 3; i++) {
        buf_clear(&fixture->json);
        assert_int_equal(set(fixture, WIRE_CASE, "proxy", on[i]), ERR_NONE);
        assert_int_equal(wire_object_json(fixture->object, WIRE_CASE, &fixture->json), ERR_NONE);
        assert_non_null(strstr(buf_text(&fixture->json), "\"proxy\":true"));
        buf_clear(&fixture->json);
        assert_int_equal(set(fixture, WIRE_CASE, "proxy", off[i]), ERR_NONE);
        assert_int_equal(wire_object_json(fixture->object, WIRE_CASE, &fixture->json), ERR_NONE);
        assert_null(strstr(buf_text(&fixture->json), "proxy"));
    }
    assert_int_equal(set(fixture, WIRE_CASE, "verb", "6"), ERR_NONE);
    assert_int_equal(set(fixture, WIRE_CASE, "visits", "0"), ERR_NONE);
    assert_int_equal(set(fixture, WIRE_CASE, "item", ""), ERR_NONE);
    assert_int_equal(set(fixture, WIRE_CASE, "handler", ""), ERR_NONE);
    assert_json(fixture, WIRE_CASE, "{\"case\":{\"verb\":\"accepted\",\"extensionDays\":6}}");
}

static void test_days_and_times(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *name;
        const char *value;
        const char *json;
    } rows[] = {
        {"agreed-day", "2026-10-01", "{\"case\":{\"agreedDay\":20727}}"},
        {"agreed-day", "20728", "{\"case\":{\"agreedDay\":20728}}"},
        {"agreed-day", "1970-01-02", "{\"case\":{\"agreedDay\":1}}"},
        {"until-ms", "2026-10-01T09:00",
         "{\"case\":{\"agreedDay\":1,\"untilMs\":\"1790816400000\"}}"},
        {"until-ms", "2026-10-01 09:00:59",
         "{\"case\":{\"agreedDay\":1,\"untilMs\":\"1790816459000\"}}"},
        {"until-ms", "2026-10-01T09:00+08:00",
         "{\"case\":{\"agreedDay\":1,\"untilMs\":\"1790816400000\"}}"},
        {"until-ms", "2026-10-01T09:00:01+08:00",
         "{\"case\":{\"agreedDay\":1,\"untilMs\":\"1790816401000\"}}"},
        {"until-ms", "18446744073709551615",
         "{\"case\":{\"agreedDay\":1,\"untilMs\":\"18446744073709551615\"}}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(set(fixture, WIRE_CASE, rows[i].name, rows[i].value), ERR_NONE);
        assert_json(fixture, WIRE_CASE, rows[i].json);
    }
}

static void test_lists(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(set(fixture, WIRE_CASE, "materials", "FORM,2,1,1"), ERR_NONE);
    assert_int_equal(set(fixture, WIRE_CASE, "materials", "ID,,,2,EXPIRED"), ERR_NONE);
    assert_int_equal(set(fixture, WIRE_CASE, "materials.2.code", "PHOTO"), ERR_NONE);
    assert_int_equal(set(fixture, WIRE_CASE, "materials[2].pages", "2"), ERR_NONE);
    assert_int_equal(set(fixture, WIRE_CASE, "materials[0]", "FORM,1"), ERR_NONE);
    assert_int_equal(set(fixture, WIRE_CASE, "children", "000102030405060708090a0b0c0d0e0f"),
                     ERR_NONE);
    assert_int_equal(set(fixture, WIRE_CASE, "children", "100102030405060708090a0b0c0d0e0f"),
                     ERR_NONE);
    assert_json(fixture, WIRE_CASE,
                "{\"case\":{\"materials\":[{\"code\":\"FORM\",\"form\":1},{\"code\":\"ID\","
                "\"status\":2,\"reason\":\"EXPIRED\"},{\"code\":\"PHOTO\",\"pages\":2}],"
                "\"children\":[\"000102030405060708090a0b0c0d0e0f\","
                "\"100102030405060708090a0b0c0d0e0f\"]}}");
}

static const struct row refused_rows[] = {
    {"colour", "red", ERR_NOT_FOUND},
    {"", "red", ERR_NOT_FOUND},
    {"materials[32].code", "A", ERR_NOT_FOUND},
    {"materials[x]", "A", ERR_NOT_FOUND},
    {"materials.0.code.more", "A", ERR_NOT_FOUND},
    {"materials[0", "A", ERR_NOT_FOUND},
    {"materials.0]", "A", ERR_NOT_FOUND},
    {"materials]0", "A", ERR_NOT_FOUND},
    {"materials[", "A", ERR_NOT_FOUND},
    {"materials[0]code", "A", ERR_NOT_FOUND},
    {"materials[0].", "A", ERR_NOT_FOUND},
    {"a-name-that-is-longer-than-any-name-of-a-field-in-any-message-of-ours", "A", ERR_NOT_FOUND},
    {"materials[2]", "A,1", ERR_MALFORMED},
    {"children.1", "000102030405060708090a0b0c0d0e0f", ERR_MALFORMED},
    {"item.0", "A", ERR_MALFORMED},
    {"verb", "flown", ERR_MALFORMED},
    {"verb", "99", ERR_MALFORMED},
    {"proxy", "perhaps", ERR_MALFORMED},
    {"visits", "two", ERR_MALFORMED},
    {"visits", "-1", ERR_MALFORMED},
    {"visits", "2026-10-01", ERR_MALFORMED},
    {"agreed-day", "2026-02-30", ERR_MALFORMED},
    {"agreed-day", "1970-01-01", ERR_MALFORMED},
    {"agreed-day", "1969-12-31", ERR_MALFORMED},
    {"until-ms", "2026-10-01", ERR_MALFORMED},
    {"until-ms", "2026-10-01T24:00", ERR_MALFORMED},
    {"until-ms", "2026-10-01T09:00:60", ERR_MALFORMED},
    {"until-ms", "2026-10-01T09:00Z", ERR_MALFORMED},
    {"until-ms", "2026-10-01T09:00+01:00", ERR_MALFORMED},
    {"item", "\xff", ERR_MALFORMED},
    {"item", "\xe4\xba\x8b", ERR_MALFORMED},
    {"handler", "0001", ERR_MALFORMED},
    {"children", "0001", ERR_MALFORMED},
    {"children", "", ERR_MALFORMED},
    {"children.0.code", "A", ERR_MALFORMED},
    {"materials", "", ERR_MALFORMED},
    {"materials", ",,,", ERR_MALFORMED},
    {"materials", "\xff,1", ERR_MALFORMED},
    {"materials",
     "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567"
     "890123456789012345678901234567890123456789",
     ERR_MALFORMED},
    {"until-ms", "2026-10-01X09:00", ERR_MALFORMED},
    {"until-ms", "2026-10-01T09:00:5x", ERR_MALFORMED},
    {"until-ms", "2026-10-01T09:00:x5", ERR_MALFORMED},
    {"until-ms", "2026-10-01T09:00:/5", ERR_MALFORMED},
    {"until-ms", "2026-10-01T09:00:5/", ERR_MALFORMED},
    {"materials", "A,1,1,1,B,C", ERR_MALFORMED},
    {"materials", "A,copy", ERR_MALFORMED},
    {"materials[1].code", "A", ERR_MALFORMED},
    {"materials[0].colour", "A", ERR_MALFORMED},
};

/* A refused value leaves the object as it was. */
static void test_refusals(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(set(fixture, WIRE_CASE, "item", "I04"), ERR_NONE);
    for (size_t i = 0; i < sizeof refused_rows / sizeof refused_rows[0]; i++) {
        enum err err = set(fixture, WIRE_CASE, refused_rows[i].name, refused_rows[i].value);
        if (err != refused_rows[i].err) {
            fail_msg("%s=%s: %s", refused_rows[i].name, refused_rows[i].value, err_name(err));
        }
        assert_true(fixture->problem.message[0] != 0);
        assert_json(fixture, WIRE_CASE, "{\"case\":{\"item\":\"I04\"}}");
    }
    assert_int_equal(set(fixture, 1, "verb", "1"), ERR_NOT_FOUND);
    assert_int_equal(set(fixture, 1003, "text", "1"), ERR_NOT_FOUND);
}

static void test_list_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < LIMIT_LIST_COUNT; i++) {
        assert_int_equal(set(fixture, WIRE_CASE, "materials", "FORM,2,1,1"), ERR_NONE);
    }
    assert_int_equal(set(fixture, WIRE_CASE, "materials", "FORM,2,1,1"), ERR_MALFORMED);
    assert_string_equal(fixture->problem.field, "case.materials");
}

static void test_sealed(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(set(fixture, IDENTITY, "name", "\xe5\xbc\xa0\xe4\xb8\x89"), ERR_NONE);
    assert_int_equal(set(fixture, IDENTITY, "id-number", "1"), ERR_NONE);
    assert_int_equal(set(fixture, IDENTITY, "text", "1"), ERR_NOT_FOUND);
    assert_json(fixture, IDENTITY, "{\"name\":\"\xe5\xbc\xa0\xe4\xb8\x89\",\"idNumber\":\"1\"}");
    buf_clear(&fixture->json);
    assert_int_equal(wire_object_json(fixture->object, MATTER, &fixture->json), ERR_MALFORMED);
    assert_int_equal(wire_object_json(fixture->object, 1, &fixture->json), ERR_MALFORMED);
    assert_int_equal(fixture->json.size, 0);
}

struct seen {
    const char *name;
    char type[512];
    size_t count;
};

static void visit(void *context, const char *name, const char *type)
{
    struct seen *seen = context;
    seen->count++;
    if (strcmp(name, seen->name) == 0) {
        memcpy(seen->type, type, strlen(type) + 1);
    }
}

static void test_fields_for_help(void **state)
{
    (void)state;
    static const struct {
        uint32_t payload;
        const char *name;
        const char *type;
        size_t count;
    } rows[] = {
        {WIRE_REQUEST, "verb", "made|approved|refused|cancelled", 6},
        {WIRE_REQUEST, "kind", "withdrawal|extension|hurry", 6},
        {WIRE_REQUEST, "case-record", "hex16", 6},
        {WIRE_REQUEST, "reason", "code", 6},
        {WIRE_REQUEST, "consent", "yes|no", 6},
        {WIRE_REQUEST, "extension-days", "number", 6},
        {WIRE_CASE, "materials", "code,form,pages,status,reason", 34},
        {WIRE_CASE, "agreed-day", "day", 34},
        {WIRE_CASE, "until-ms", "time", 34},
        {WIRE_CASE, "corrected", "hex32", 34},
        {MATTER, "text", "text", 3},
        {1, "verb", "", 0},
        {1003, "text", "", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct seen seen = {rows[i].name, "", 0};
        wire_payload_fields(rows[i].payload, &seen, visit);
        assert_string_equal(seen.type, rows[i].type);
        assert_int_equal(seen.count, rows[i].count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_scalars, setup, teardown),
        cmocka_unit_test_setup_teardown(test_days_and_times, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refusals, setup, teardown),
        cmocka_unit_test_setup_teardown(test_list_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sealed, setup, teardown),
        cmocka_unit_test(test_fields_for_help),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
