#include "desk/succession.h"
#include "desk_rig.h"
#include "succession_town.h"

/* What a merged station has open is handed over at the hub's desk: counted, sealed anew for the
 * station that goes on, with its number of before; done again it finds nothing more. */

static const char *handover_code;
static bool handover_check;

static void handle(struct rig *http, struct http_exchange *exchange,
                   const struct http_request *request)
{
    struct desk_rig *rig = rig_of(http);
    if (strcmp(request->path, "/handover") == 0) {
        const struct desk_succession asked = {
            .code = handover_code, .handler = rig->town->head.staff, .check = handover_check};
        desk_hand_over(rig->desk, exchange, &asked);
    } else if (!desk_handle(rig->desk, exchange, request)) {
        reply_text(exchange, 404, "not the desk's");
    }
}

static int setup(void **state)
{
    int failed = desk_rig_setup(state);
    struct desk_rig *rig = *state;
    rig->http.handle = handle;
    handover_code = OLD_CODE;
    handover_check = false;
    return failed;
}

static int64_t number_of(const struct told *told, const char *member)
{
    int64_t number = -1;
    (void)wire_tree_number(wire_tree_get(told->tree, member), &number);
    return number;
}

static void audience_at(struct desk_rig *rig, const struct signer *station)
{
    struct seal_box_secret *secret = seal_box_new_random();
    struct sealing_member nobody = {.key = {0}};
    struct town_act act;
    struct buf wraps;
    uint8_t hash[LIMIT_HASH_SIZE];
    const struct world_audience *hub =
        world_audience(hub_fold(rig->town->hub)->world, SEALING_HUB, NULL);
    memcpy(nobody.box_key, hub->box_key, sizeof nobody.box_key);
    buf_init(&wraps, LIMIT_BLOB_SIZE);
    assert_int_equal(sealing_wraps_make(secret, &nobody, 1, &wraps), ERR_NONE);
    assert_int_equal(hub_blob_add(rig->town->hub, buf_span(&wraps), hash), ERR_NONE);
    town_act(&act, WIRE_AUDIENCE, 3100, 0);
    town_number(&act, FIELD_audience, 0, SEALING_STATION);
    town_bytes(&act, FIELD_station, 0, signer_key_id_view(station), LIMIT_KEY_SIZE);
    town_bytes(&act, FIELD_box_key, 0, seal_box_public_view(secret), LIMIT_KEY_SIZE);
    town_bytes(&act, FIELD_wraps, 0, hash, sizeof hash);
    town_number(&act, FIELD_generation, 0, 1);
    assert_int_equal(town_device(rig->town, &act).verdict, WIRE_ACCEPTED);
    buf_done(&wraps);
    seal_box_free(secret);
}

static void expect_handover(struct desk_rig *rig, int64_t found, int64_t moved, int64_t left)
{
    struct told told = ask(rig, "POST", "/handover", "{}");
    expect_status(&told, 200, "");
    assert_string_equal(said(&told, "into"), FIRST_CODE);
    assert_int_equal(number_of(&told, "found"), found);
    assert_int_equal(number_of(&told, "moved"), moved);
    assert_int_equal(number_of(&told, "leftCount"), left);
    told_done(&told);
}

static void test_all(void **state)
{
    struct desk_rig *rig = *state;
    struct town *town = rig->town;
    struct other_station other;
    struct record *record = calloc(1, sizeof *record);
    assert_non_null(record);
    other_enrol(town, &other);
    audience_at(rig, town->station);
    station_swap(town, &other);
    town_case(town, 1);
    town_contact(town, 2);
    station_swap(town, &other);
    town_case(town, 5); /* of the first station: not touched */
    stations_merge(town, 1, "2026-09-18");
    unlock(rig, rig->officer);
    handover_check = true;
    expect_handover(rig, 3, 0, 0);
    handover_check = false;
    /* A case, its contact, another contact. The town's parts are made up: none opens. */
    expect_handover(rig, 3, 3, 0);
    expect_handover(rig, 0, 0, 0);
    assert_true(town_record(town, 1, record));
    assert_memory_equal(record->station, signer_key_id_view(town->station), LIMIT_KEY_SIZE);
    /* Its number is that of the station that took it in. */
    struct told told = ask(rig, "GET", "/api/v1/cases?state=accepted&machine=case", NULL);
    expect_status(&told, 200, "");
    const struct wire_tree *cases = wire_tree_get(told.tree, "records");
    assert_int_equal(wire_tree_count(cases), 2);
    bool old = false;
    for (size_t i = 0; i < 2; i++) {
        old = old || memcmp(wire_tree_member(wire_tree_at(cases, i), "number"), "002-1-", 6) == 0;
    }
    assert_true(old);
    told_done(&told);
    signer_free(other.signer);
    free(record);
}

static void test_refusals(void **state)
{
    struct desk_rig *rig = *state;
    struct town *town = rig->town;
    struct other_station other;
    other_enrol(town, &other);
    expect_problem(rig, "/handover", "{}", 401, "locked");
    unlock(rig, rig->officer);
    struct told told = ask(rig, "POST", "/handover", "{}");
    assert_int_equal(told.status, 409);
    assert_string_equal(wire_tree_member(wire_tree_get(told.tree, "refusal"), "name"),
                        "HANDOVER_NOT_MERGED");
    told_done(&told);
    stations_merge(town, 1, "2026-09-18");
    handover_code = FIRST_CODE;
    told = ask(rig, "POST", "/handover", "{}");
    assert_int_equal(told.status, 409);
    told_done(&told);
    handover_code = OLD_CODE;
    unlock(rig, rig->outsider);
    expect_problem(rig, "/handover", "{}", 403, "no_audience");
    signer_free(other.signer);
}

/* Names: then and now in a view, and as the station's own on a page. */
static void test_names(void **state)
{
    struct desk_rig *rig = *state;
    struct town *town = rig->town;
    town_case(town, 5);
    assert_int_equal(stations_publish(town, 1,
                                      "station " FIRST_CODE " 红旗村便民服务站\n"
                                      "renamed " FIRST_CODE " 2026-09-20 红旗社区便民服务站\n")
                         .refusal,
                     REFUSAL_NONE);
    unlock(rig, rig->officer);
    static const char path[] = "/api/v1/views/due";
    struct told told = ask(rig, "GET", path, NULL);
    expect_status(&told, 200, "");
    const struct wire_tree *row = wire_tree_at(wire_tree_get(told.tree, "rows"), 0);
    assert_string_equal(wire_tree_member(row, "station"), FIRST_CODE);
    assert_string_equal(wire_tree_member(row, "stationZh"), "红旗村便民服务站");
    told_done(&told);
    town->now_ms += UINT64_C(5) * 24 * 3600 * 1000;
    told = ask(rig, "GET", path, NULL);
    row = wire_tree_at(wire_tree_get(told.tree, "rows"), 0);
    assert_string_equal(wire_tree_member(row, "stationZh"),
                        "红旗村便民服务站（现红旗社区便民服务站）");
    told_done(&told);
}

/* The number of a station's edition that was never there, and one with a mistake. */
static void test_edition(void **state)
{
    struct desk_rig *rig = *state;
    assert_int_equal(stations_publish(rig->town, 2, "station 1 甲\n").refusal,
                     REFUSAL_EDITION_NOT_NEXT);
    assert_int_equal(
        stations_publish(rig->town, 1, "station 1 甲\nmerged 1 2026-09-18 9\n").refusal,
        REFUSAL_EDITION_UNREADABLE);
    assert_int_equal(stations_publish(rig->town, 1, "station 1 甲\n").refusal, REFUSAL_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, desk_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_all),
        TEST(test_refusals),
        TEST(test_names),
        TEST(test_edition),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
