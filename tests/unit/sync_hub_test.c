/* The hub's side of one connection, row by row: who may ask for what, and in what order answers may
 * leave. The core is played by hand: greeted, ingested, pulled, blobbed. */
#include "sync/session_hub.h"
#include "sync_script.h"

struct hub_rig {
    struct sync_hub hub;
    uint64_t now_ms;
    enum sync_role role;
    struct sync_frame frame;
    struct sync_head_body head;
    char out[SCRIPT_TEXT_SIZE];
};

static const uint8_t hub_id[LIMIT_ID_SIZE] = {1};
static const uint8_t device_id[LIMIT_KEY_SIZE] = {2};
static const uint8_t head_bytes[SYNC_HUB_HEAD_SIZE + 1];
static struct hub_rig rig;

static void open_as(enum sync_role role)
{
    struct sync_options options = sync_options_default();
    memset(&rig, 0, sizeof rig);
    rig.role = role;
    rig.now_ms = 500;
    options.credit = 2;
    options.pulls = 2;
    options.offences = 3;
    sync_hub_init(&rig.hub, &options, role, hub_id, device_id, rig.now_ms);
}

static struct sync_head rig_head(void)
{
    return (struct sync_head){.present = true,
                              .body = span_of(head_bytes, 100),
                              .signature = span_of(head_bytes, LIMIT_SIGNATURE_SIZE)};
}

static void rig_set_head(const char *word, uint64_t incarnation, uint64_t seq)
{
    rig.head = (struct sync_head_body){.incarnation = incarnation, .seq = seq};
    memcpy(rig.head.hub, hub_id, sizeof hub_id);
    memcpy(rig.head.device, device_id, sizeof device_id);
    rig.head.device[1] = strcmp(word, "foreign") == 0 ? 1 : 0;
    rig.head.hub[1] = strcmp(word, "elsewhere") == 0 ? 1 : 0;
}

static void rig_send(const char *word)
{
    bool headless = strcmp(word, "headless") == 0;
    sync_hub_frame(&rig.hub, &rig.frame, headless ? NULL : &rig.head, rig.now_ms);
}

/* word incarnation newest: what a HELLO may be wrong in */
static void rig_hello(const struct script_line *line)
{
    const char *word = line->word;
    struct sync_hello *hello = &rig.frame.hello;
    rig.frame = (struct sync_frame){.kind = SYNC_HELLO};
    hello->version = strcmp(word, "version") == 0 ? SYNC_VERSION + 1 : SYNC_VERSION;
    hello->role = strcmp(word, "role") == 0 ? SYNC_ROLE_NONE : rig.role;
    hello->hub[0] = strcmp(word, "stranger") == 0 ? 9 : hub_id[0];
    hello->incarnation = line->numbers[0];
    hello->seen_size = strcmp(word, "huge") == 0 ? UINT64_MAX : 0;
    hello->software = span_text("test");
    hello->software.size = strcmp(word, "software") == 0 ? 65 : 4;
    if (line->numbers[1] > 0) {
        hello->head = rig_head();
        hello->head.body.size = strcmp(word, "long") == 0 ? SYNC_HUB_HEAD_SIZE + 1 : 100;
        hello->head.signature.size = strcmp(word, "short") == 0 ? 63 : 64;
    }
    rig_set_head(word, line->numbers[0], line->numbers[1]);
    rig_send(word);
    /* The frame's bytes go as soon as the next one comes. */
    memset(&rig.head, 0xee, sizeof rig.head);
}

/* word incarnation first count */
static void rig_push(const struct script_line *line)
{
    const uint64_t *n = line->numbers;
    const char *word = line->word;
    rig.frame = (struct sync_frame){.kind = SYNC_PUSH};
    rig.frame.push.incarnation = n[0];
    rig.frame.push.first_seq = n[1];
    rig.frame.push.count = (uint32_t)n[2];
    if (strcmp(word, "bare") != 0) {
        rig.frame.push.head = rig_head();
    }
    bool uncovered = strcmp(word, "uncovered") == 0;
    rig_set_head(word, strcmp(word, "mixed") == 0 ? n[0] + 1 : n[0],
                 n[1] + n[2] - (uncovered ? 2 : 1));
    rig_send(word);
}

static void rig_pull(const struct script_line *line)
{
    rig.frame = (struct sync_frame){.kind = SYNC_PULL};
    rig.frame.pull.feed = script_feed(line->word);
    rig.frame.pull.from = line->numbers[0];
    rig.frame.pull.count = (uint32_t)line->numbers[1];
    rig_send("");
}

static void rig_blob(enum sync_kind kind, size_t size)
{
    static const uint8_t data[LIMIT_BLOB_SIZE + 1];
    rig.frame = script_blob(kind, 7);
    rig.frame.blob.data = span_of(data, size);
    rig_send("");
}

static void rig_do(const char *text)
{
    struct script_line line = script_parse(text);
    const uint64_t *n = line.numbers;
    bool ok = strcmp(line.word, "no") != 0;
    if (script_is(&line, "hello")) {
        rig_hello(&line);
    } else if (script_is(&line, "push")) {
        rig_push(&line);
    } else if (script_is(&line, "pull")) {
        rig_pull(&line);
    } else if (script_is(&line, "put")) {
        rig_blob(SYNC_BLOB_PUT, (size_t)n[0]);
    } else if (script_is(&line, "get")) {
        rig_blob(SYNC_BLOB_GET, 0);
    } else if (script_is(&line, "kind")) {
        rig.frame = (struct sync_frame){.kind = (enum sync_kind)n[0]};
        rig_send("");
    } else if (script_is(&line, "malformed")) {
        sync_hub_malformed(&rig.hub, rig.now_ms);
    } else if (script_is(&line, "busy")) {
        sync_hub_busy(&rig.hub, n[0] != 0);
    } else if (script_is(&line, "wait")) {
        rig.now_ms += n[0];
        sync_hub_tick(&rig.hub, rig.now_ms);
    } else if (script_is(&line, "greeted")) {
        sync_hub_greeted(&rig.hub, ok, n[0], n[1]);
    } else if (script_is(&line, "ingested")) {
        sync_hub_ingested(&rig.hub, ok);
    } else if (script_is(&line, "pulled")) {
        sync_hub_pulled(&rig.hub);
    } else if (script_is(&line, "blobbed")) {
        sync_hub_blob_done(&rig.hub);
    } else {
        fail_msg("no such input: %s", text);
    }
}

static const char *rig_reason(enum sync_nack_reason reason)
{
    static const char *const names[] = {"none",     "signature", "gap",       "fork",
                                        "oversize", "hub",       "revoked",   "old",
                                        "seen",     "busy",      "malformed", "frozen"};
    return names[reason];
}

static void rig_show(const struct sync_hub_action *action)
{
    static const char *const names[] = {
        [SYNC_HUB_ANSWER_HELLO] = "answer hello",
        [SYNC_HUB_INGEST] = "ingest",
        [SYNC_HUB_ANSWER_PULL] = "answer pull",
        [SYNC_HUB_STORE_BLOB] = "store blob",
        [SYNC_HUB_ANSWER_BLOB_GET] = "answer blob",
        [SYNC_HUB_SEND_NACK] = "nack",
        [SYNC_HUB_DROP_PEER] = "drop",
    };
    char text[128];
    const char *name = names[action->kind];
    if (action->kind == SYNC_HUB_SEND_NACK) {
        (void)snprintf(text, sizeof text, "%s %s %" PRIu64 "/%" PRIu64 " %" PRIu64, name,
                       rig_reason(action->reason), action->incarnation, action->first_seq,
                       action->wanted_seq);
    } else if (action->kind == SYNC_HUB_ANSWER_HELLO) {
        (void)snprintf(text, sizeof text, "%s %" PRIu64 "/%" PRIu64 " credit %u", name,
                       action->hello->incarnation, action->head == NULL ? 0 : action->head->seq,
                       action->credit);
    } else {
        (void)snprintf(text, sizeof text, "%s", name);
    }
    script_put(rig.out, text);
    assert_true(action->frame == NULL || action->frame == &rig.frame);
}

static void rig_talk(const char *name, const struct sync_row *rows)
{
    for (; rows->in != NULL; rows++) {
        struct sync_hub_action action;
        rig_do(rows->in);
        rig.out[0] = '\0';
        while (sync_hub_next(&rig.hub, &action)) {
            rig_show(&action);
        }
        assert_int_equal(action.kind, SYNC_HUB_NONE);
        script_expect(name, rows, rig.out);
    }
}

#define TALK(...) rig_talk(__func__, (const struct sync_row[]){__VA_ARGS__, {NULL, NULL}})
#define GREET(incarnation, seq)                                                                    \
    {"hello ok " incarnation " 9", "answer hello " incarnation "/9 credit 2"},                     \
    {                                                                                              \
        "greeted ok " incarnation " " seq, ""                                                      \
    }

static void test_station_day(void **state)
{
    (void)state;
    open_as(SYNC_ROLE_STATION);
    TALK({"hello ok 1 0", "answer hello 1/0 credit 2"}, {"greeted ok 0 0", ""},
         {"push ok 1 1 10", "ingest"}, {"push ok 1 11 100", "ingest"}, {"ingested ok", ""},
         {"push ok 1 111 1", "ingest"}, {"ingested ok", ""}, {"ingested ok", ""},
         {"push ok 1 50 20", "ingest"}, {"ingested ok", ""}, {"push ok 1 112 1", "ingest"},
         {"ingested ok", ""}, {"pull common 1 100", "answer pull"}, {"pull own 1 1", "answer pull"},
         {"pull chain 0 1", "answer pull"}, {"pulled", ""}, {"put 1", "store blob"},
         {"get", "answer blob"}, {"blobbed", ""}, {"blobbed", ""}, {"put 196608", "store blob"});
    assert_int_equal(rig.hub.offences, 0);
    assert_int_equal(rig.hub.refused, 0);
    assert_int_equal(rig.hub.wanted, 113);
}

static void test_greet_first(void **state)
{
    (void)state;
    open_as(SYNC_ROLE_STATION);
    TALK({"push ok 1 1 10", "nack busy 1/1 0"}, {"pull own 3 1", "nack busy 0/3 0"},
         {"put 1", "nack busy 0/0 0"}, {"get", "nack busy 0/0 0"},
         {"hello ok 1 9", "answer hello 1/9 credit 2"}, {"push ok 1 1 9", "nack busy 1/1 0"},
         {"hello ok 1 9", "nack busy 0/0 0"}, {"greeted no 0 0", ""},
         {"push ok 1 1 9", "nack busy 1/1 0"}, GREET("1", "0"), {"push ok 1 1 9", "ingest"});
    assert_int_equal(rig.hub.offences, 0);
    assert_int_equal(rig.hub.refused, 7);
}

/* A WELCOME is a barrier: nothing of before may come behind it. */
static void test_welcome_waits(void **state)
{
    (void)state;
    open_as(SYNC_ROLE_STATION);
    TALK(GREET("1", "0"), {"push ok 1 1 5", "ingest"}, {"pull own 1 5", "answer pull"},
         {"get", "answer blob"}, {"hello ok 1 8", ""}, {"hello ok 1 9", ""},
         {"push ok 1 6 1", "nack busy 1/6 0"}, {"ingested no", ""}, {"pulled", ""},
         {"blobbed", "answer hello 1/9 credit 2"}, {"greeted ok 1 4", ""},
         {"push ok 1 6 1", "nack gap 1/6 5"});
}

static void test_refusal_ends_the_run(void **state)
{
    (void)state;
    open_as(SYNC_ROLE_STATION);
    TALK(GREET("1", "0"), {"push ok 1 1 5", "ingest"}, {"push ok 1 6 4", "ingest"},
         {"ingested no", ""}, {"push ok 1 10 1", "nack busy 1/10 0"}, {"ingested no", ""},
         {"push ok 1 1 5", "nack busy 1/1 0"}, GREET("1", "0"), {"push ok 1 1 5", "ingest"});
}

static void test_credit(void **state)
{
    (void)state;
    open_as(SYNC_ROLE_STATION);
    TALK(GREET("1", "0"), {"push ok 1 1 5", "ingest"}, {"push ok 1 6 5", "ingest"},
         {"push ok 1 11 5", "nack busy 1/11 0"}, {"ingested ok", ""},
         {"push ok 1 11 5", "nack busy 1/11 0"}, {"ingested ok", ""}, GREET("1", "10"),
         {"push ok 1 11 5", "ingest"}, {"busy 1", ""}, {"push ok 1 16 5", "nack busy 1/16 0"},
         {"hello ok 1 9", ""}, {"ingested ok", "answer hello 1/9 credit 0"},
         {"greeted ok 1 15", ""}, {"pull own 1 1", "nack busy 0/1 0"}, {"busy 0", ""},
         {"pull own 1 1", "answer pull"}, {"pull own 1 1", "answer pull"},
         {"pull own 1 1", "answer pull"}, {"pull own 1 1", "answer pull"},
         {"pull own 1 1", "nack busy 0/1 0"}, {"pulled", ""}, {"pull own 1 1", "answer pull"},
         {"get", "answer blob"}, {"put 5", "store blob"}, {"get", "nack busy 0/0 0"});
    assert_int_equal(rig.hub.offences, 0);
}

static void test_lives(void **state)
{
    (void)state;
    open_as(SYNC_ROLE_STATION);
    /* Known events of an earlier life are asked for again: that is the core's to tell. */
    TALK(GREET("2", "3"), {"push ok 1 7 1", "ingest"}, {"push ok 2 4 1", "ingest"},
         {"ingested ok", ""}, {"ingested ok", ""}, {"push ok 3 1 1", "nack busy 3/1 0"});
    /* The hub holds an older life: this one starts at 1. */
    open_as(SYNC_ROLE_STATION);
    TALK({"hello ok 2 9", "answer hello 2/9 credit 2"}, {"greeted ok 1 77", ""},
         {"push ok 2 2 1", "nack gap 2/2 1"}, {"hello ok 3 9", "answer hello 3/9 credit 2"},
         {"greeted ok 1 77", ""}, {"push ok 1 78 2", "ingest"}, {"push ok 2 1 5", "ingest"},
         {"ingested ok", ""}, {"ingested ok", ""}, {"push ok 2 6 1", "ingest"},
         {"push ok 2 8 1", "nack gap 2/8 7"});
    /* The hub holds a newer one: the core refuses what it does not know. */
    open_as(SYNC_ROLE_STATION);
    TALK({"hello ok 2 9", "answer hello 2/9 credit 2"}, {"greeted ok 3 1", ""},
         {"push ok 2 2 1", "ingest"}, {"ingested no", ""}, {"push ok 2 2 1", "nack busy 2/2 0"});
    assert_int_equal(rig.hub.offences, 0);
}

static void test_broken_hello(void **state)
{
    static const struct sync_row rows[] = {
        {"hello version 1 9", "nack malformed 0/0 0"},
        {"hello role 1 9", "nack malformed 0/0 0"},
        {"hello stranger 1 9", "nack hub 0/0 0"},
        {"hello huge 1 9", "nack malformed 0/0 0"},
        {"hello software 1 9", "nack malformed 0/0 0"},
        {"hello long 1 9", "nack malformed 0/0 0"},
        {"hello short 1 9", "nack malformed 0/0 0"},
        {"hello ok 0 0", "nack malformed 0/0 0"},
        {"hello headless 1 9", "nack malformed 0/0 0"},
        {"hello foreign 1 9", "nack signature 0/0 0"},
        {"hello elsewhere 1 9", "nack hub 0/0 0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        open_as(SYNC_ROLE_STATION);
        TALK(GREET("1", "0"), rows[i], {"push ok 1 1 1", "nack busy 1/1 0"});
        assert_int_equal(rig.hub.offences, 1);
    }
}

static void test_broken_push(void **state)
{
    static const struct sync_row rows[] = {
        {"push ok 1 1 0", "nack malformed 1/1 0"},
        {"push ok 1 1 101", "nack malformed 1/1 0"},
        {"push ok 1 0 5", "nack malformed 1/0 0"},
        {"push ok 1 4611686018427387904 5", "nack malformed 1/4611686018427387904 0"},
        {"push bare 1 1 5", "nack malformed 1/1 0"},
        {"push headless 1 1 5", "nack malformed 1/1 0"},
        {"push uncovered 1 1 5", "nack malformed 1/1 0"},
        {"push mixed 1 1 5", "nack malformed 1/1 0"},
        {"push foreign 1 1 5", "nack signature 1/1 0"},
        {"push elsewhere 1 1 5", "nack hub 1/1 0"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        open_as(SYNC_ROLE_STATION);
        TALK(GREET("1", "0"), rows[i], {"push ok 1 1 5", "nack busy 1/1 0"});
        assert_int_equal(rig.hub.offences, 1);
        assert_int_equal(rig.hub.ingests, 0);
    }
}

static void test_rights(void **state)
{
    (void)state;
    open_as(SYNC_ROLE_STATION);
    TALK(GREET("1", "0"), {"pull log 1 5", "nack malformed 0/1 0"},
         {"pull none 1 5", "nack malformed 0/1 0"}, {"pull own 1 0", "nack malformed 0/1 0; drop"});
    open_as(SYNC_ROLE_AUDITOR);
    TALK({"hello ok 0 0", "answer hello 0/0 credit 2"}, {"greeted ok 0 0", ""},
         {"pull log 0 100", "answer pull"}, {"get", "answer blob"},
         {"pull chain 1 1", "nack malformed 0/1 0"}, {"put 5", "nack malformed 0/0 0"},
         {"push ok 1 1 1", "nack malformed 1/1 0; drop"});
    open_as(SYNC_ROLE_AUDITOR);
    TALK({"hello ok 1 9", "nack malformed 0/0 0"}, {"pull common 1 5", "nack malformed 0/1 0"},
         {"pull own 1 5", "nack malformed 0/1 0; drop"});
    open_as(SYNC_ROLE_NONE);
    TALK({"hello ok 1 0", "nack malformed 0/0 0"}, {"get", "nack malformed 0/0 0"},
         {"pull common 1 1", "nack malformed 0/1 0; drop"});
    open_as(SYNC_ROLE_STATION);
    TALK(GREET("1", "0"), {"put 0", "nack malformed 0/0 0"}, {"put 196609", "nack malformed 0/0 0"},
         {"pull own 4611686018427387904 1", "nack malformed 0/4611686018427387904 0; drop"});
}

static void test_offences(void **state)
{
    (void)state;
    open_as(SYNC_ROLE_STATION);
    TALK(GREET("1", "0"), {"kind 2", ""}, {"malformed", ""}, {"push ok 1 1 1", "ingest"},
         {"kind 4", "drop"}, {"push ok 1 2 1", ""}, {"malformed", ""}, {"wait 9000000", ""});
    assert_int_equal(sync_hub_deadline(&rig.hub), SYNC_NEVER);
    for (unsigned kind = 0; kind <= SYNC_BLOB; kind++) {
        bool server = kind == SYNC_NONE || kind == SYNC_WELCOME || kind == SYNC_ANSWER ||
                      kind == SYNC_NACK || kind == SYNC_BATCH || kind == SYNC_BLOB_STORED ||
                      kind == SYNC_BLOB;
        open_as(SYNC_ROLE_STATION);
        rig.frame = (struct sync_frame){.kind = (enum sync_kind)kind};
        rig_send("");
        assert_true(!server || rig.hub.offences == 1);
    }
    /* Gone while the core was answering a HELLO: its report is no matter any more. */
    open_as(SYNC_ROLE_STATION);
    TALK({"hello ok 1 9", "answer hello 1/9 credit 2"}, {"malformed", ""}, {"malformed", ""},
         {"malformed", "drop"}, {"greeted ok 1 0", ""});
}

static void test_idle(void **state)
{
    (void)state;
    open_as(SYNC_ROLE_STATION);
    TALK(GREET("1", "0"), {"wait 899999", ""}, {"pull own 1 1", "answer pull"}, {"wait 900000", ""},
         {"pulled", ""}, {"wait 899999", ""}, {"wait 1", "drop"}, {"get", ""});
    open_as(SYNC_ROLE_STATION);
    assert_int_equal(sync_hub_deadline(&rig.hub), 900500);
    TALK({"wait 900000", "drop"});
    open_as(SYNC_ROLE_STATION);
    TALK({"hello ok 1 0", "answer hello 1/0 credit 2"}, {"wait 900000", ""}, {"greeted ok 0 0", ""},
         {"wait 900000", "drop"});
}

static void test_broken_pull(void **state)
{
    static const struct sync_pull pulls[] = {
        {.feed = SYNC_FEED_OWN, .from = 1, .count = 101},
        {.feed = SYNC_FEED_OWN, .from = 1, .count = 5, .seen_size = SYNC_NUMBER_MAX + 1},
        {.feed = SYNC_FEED_CHAIN, .from = 1, .count = 5, .incarnation = SYNC_NUMBER_MAX + 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pulls / sizeof pulls[0]; i++) {
        struct sync_hub_action action;
        open_as(SYNC_ROLE_STATION);
        TALK(GREET("1", "0"));
        rig.frame = (struct sync_frame){.kind = SYNC_PULL};
        rig.frame.pull = pulls[i];
        rig_send("");
        assert_true(sync_hub_next(&rig.hub, &action));
        assert_int_equal(action.kind, SYNC_HUB_SEND_NACK);
        assert_int_equal(action.reason, SYNC_NACK_MALFORMED);
        assert_int_equal(rig.hub.offences, 1);
    }
}

/* HELLO's bytes are the session's own once taken. */
static void test_hello_is_kept(void **state)
{
    struct sync_hub_action action;
    uint8_t body[100];
    uint8_t signature[LIMIT_SIGNATURE_SIZE];
    uint8_t software[] = {'a', 'b'};
    (void)state;
    open_as(SYNC_ROLE_STATION);
    memset(body, 5, sizeof body);
    memset(signature, 6, sizeof signature);
    rig.frame = (struct sync_frame){.kind = SYNC_HELLO};
    rig.frame.hello.version = SYNC_VERSION;
    rig.frame.hello.role = SYNC_ROLE_STATION;
    rig.frame.hello.hub[0] = 1;
    rig.frame.hello.incarnation = 1;
    rig.frame.hello.head = rig_head();
    rig.frame.hello.head.body = span_of(body, sizeof body);
    rig.frame.hello.head.signature = span_of(signature, sizeof signature);
    rig.frame.hello.software = span_of(software, sizeof software);
    rig_set_head("", 1, 4);
    rig_send("");
    memset(body, 0, sizeof body);
    memset(signature, 0, sizeof signature);
    memset(software, 0, sizeof software);
    memset(&rig.frame, 0, sizeof rig.frame);
    assert_true(sync_hub_next(&rig.hub, &action));
    assert_int_equal(action.kind, SYNC_HUB_ANSWER_HELLO);
    assert_int_equal(action.hello->head.body.size, 100);
    assert_int_equal(action.hello->head.body.data[99], 5);
    assert_int_equal(action.hello->head.signature.size, LIMIT_SIGNATURE_SIZE);
    assert_int_equal(action.hello->head.signature.data[63], 6);
    assert_int_equal(action.hello->software.data[1], 'b');
    assert_int_equal(action.head->seq, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_station_day),   cmocka_unit_test(test_greet_first),
        cmocka_unit_test(test_welcome_waits), cmocka_unit_test(test_refusal_ends_the_run),
        cmocka_unit_test(test_credit),        cmocka_unit_test(test_lives),
        cmocka_unit_test(test_broken_hello),  cmocka_unit_test(test_broken_push),
        cmocka_unit_test(test_rights),        cmocka_unit_test(test_broken_pull),
        cmocka_unit_test(test_offences),      cmocka_unit_test(test_idle),
        cmocka_unit_test(test_hello_is_kept),
    };
    return cmocka_run_group_tests_name("sync_hub", tests, NULL, NULL);
}
