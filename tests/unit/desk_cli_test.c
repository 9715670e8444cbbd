#include "desk/cli.h"
#include "desk_rig.h"

#include <fcntl.h>
#include <sys/wait.h>

/* The commands as a person calls them: a child runs cli_main while this process is the daemon. */

enum { OUTPUT_MAX = 256 * 1024, WORDS = 40 };

static int run_own(struct cli *cli, int argc, char **argv)
{
    int code = CLI_OK;
    if (!cli_parse(cli, NULL, argc, argv, NULL, &code)) {
        return code;
    }
    (void)printf("own %s %d\n", argv[0], cli_is_json(cli));
    return CLI_CONFLICT;
}

static const struct cli_command own_commands[] = {{"own", "自有", "own", run_own}};
static const struct cli_program program = {"program", "1.2", "程序", "a program", own_commands, 1};

struct ran {
    int code;
    char *out;
    char *err;
};

static void ran_done(struct ran *ran)
{
    free(ran->out);
    free(ran->err);
}

static char *read_back(const char *path)
{
    char *text = calloc(1, OUTPUT_MAX);
    FILE *file = fopen(path, "rb");
    assert_non_null(text);
    assert_non_null(file);
    assert_true(fread(text, 1, OUTPUT_MAX - 1, file) > 0 || feof(file));
    (void)fclose(file);
    return text;
}

static _Noreturn void child(struct desk_rig *rig, const char *const *words, const char *out,
                            const char *err)
{
    char *argv[WORDS] = {NULL};
    int argc = 0;
    if (freopen(out, "wb", stdout) == NULL || freopen(err, "wb", stderr) == NULL ||
        setenv("JIELI_DIR", rig->http.directory, 1) != 0) {
        _exit(99);
    }
    argv[argc++] = strdup("program");
    for (; *words != NULL && argc + 1 < WORDS; words++) {
        argv[argc++] = strdup(*words);
    }
    int code = cli_main(&program, argc, argv);
    (void)fflush(NULL);
    _exit(code);
}

/* Runs the command; serves it meanwhile. */
static struct ran run(struct desk_rig *rig, const char *const *words)
{
    char out[80];
    char err[80];
    int ends[2];
    int status = 0;
    (void)snprintf(out, sizeof out, "%s/out", rig->http.directory);
    (void)snprintf(err, sizeof err, "%s/err", rig->http.directory);
    (void)fflush(NULL);
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)close(ends[0]); /* the other end closes with the child */
        child(rig, words, out, err);
    }
    (void)close(ends[1]);
    while (!rig_pump(&rig->http, ends[0])) {
    }
    (void)close(ends[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return (struct ran){WEXITSTATUS(status), read_back(out), read_back(err)};
}

#define RUN(rig, ...) run((rig), (const char *const[]){__VA_ARGS__, NULL})

static void expect(struct ran ran, int code, const char *out, const char *err)
{
    if (ran.code != code || strstr(ran.out, out) == NULL || strstr(ran.err, err) == NULL) {
        fail_msg("exit %d, wanted %d and \"%s\", \"%s\":\n%s\n%s", ran.code, code, out, err,
                 ran.out, ran.err);
    }
    ran_done(&ran);
}

static void password_file(struct desk_rig *rig, const char *text, char ret[80])
{
    (void)snprintf(ret, 80, "%s/password", rig->http.directory);
    assert_int_equal(files_write(ret, span_text(text), 0600), ERR_NONE);
}

static void staff_text(const uint8_t *staff, char ret[40])
{
    for (size_t i = 0; i < LIMIT_ID_SIZE; i++) {
        (void)snprintf(ret + 2 * i, 3, "%02x", staff[i]);
    }
}

/* The word behind a JSON member's name in one line of output. */
static void take_member(const char *json, const char *name, char ret[80])
{
    struct wire_tree *tree = NULL;
    assert_int_equal(wire_tree_open(span_text(json), &tree), ERR_NONE);
    (void)snprintf(ret, 80, "%s", wire_tree_member(tree, name));
    wire_tree_close(tree);
}

static void test_usage(void **state)
{
    struct desk_rig *rig = *state;
    expect(RUN(rig, "--version"), CLI_OK, "program 1.2", "");
    expect(RUN(rig, "nonsense"), CLI_USAGE, "", "no such command");
    expect(RUN(rig, "--json"), CLI_USAGE, "", "no command");
    expect(RUN(rig, "case"), CLI_USAGE, "", "program case: 缺少动作 / the verb is missing");
    expect(RUN(rig, "suggestion"), CLI_USAGE, "", "the verb is missing");
    expect(RUN(rig, "--help"), CLI_OK, "delegation", "");
    expect(RUN(rig, "case", "flew"), CLI_USAGE, "", "no such verb: flew");
    expect(RUN(rig, "case", "opened", "--colour", "red"), CLI_USAGE, "", "colour");
    expect(RUN(rig, "case", "opened", "--rating", "x"), CLI_USAGE, "", "--rating x");
    expect(RUN(rig, "show"), CLI_USAGE, "", "name the record");
    expect(RUN(rig, "case", "--help"), CLI_OK, "--relative-id-number", "");
    expect(RUN(rig, "--lang", "en", "own", "--json"), CLI_CONFLICT, "own own 1", "");
    expect(RUN(rig, "--dir", "/nowhere", "policy"), CLI_NO_DAEMON, "", "not running");
    expect(RUN(rig, "show", "000-1-1-1"), CLI_USAGE, "", "There is no record of that number.");
}

/* A ledger of two rows, twice; one with mistakes, not at all. */
static void test_import(void **state)
{
    static const char rows[] =
        "编号,日期,姓名,身份证,事项,结果\r\n"
        "2023-1,2023-05-01 09:30,张三,11010519491231002X,咨询低保,已当场答复\r\n"
        "2023-2,2023年5月2日,李四,,医保报销,\r\n";
    struct desk_rig *rig = *state;
    char password[80];
    char staff[40];
    char file[96];
    char map[96];
    (void)snprintf(file, sizeof file, "%s/ledger.csv", rig->http.directory);
    (void)snprintf(map, sizeof map, "%s/map.conf", rig->http.directory);
    password_file(rig, PASSWORD "\n", password);
    staff_text(rig->officer, staff);
    assert_int_equal(files_write(map,
                                 span_text("[import]\nledger = hall-2023\nserial = 编号\n"
                                           "time = 日期\nname = 姓名\nid_number = 身份证\n"
                                           "matter = 事项\ntold = 结果\n"),
                                 0600),
                     ERR_NONE);
    assert_int_equal(files_write(file,
                                 span_text("编号,日期,姓名,身份证,事项,结果\r\n"
                                           "2023-1,2023-02-30,张三,110105194912310021,,\r\n"),
                                 0600),
                     ERR_NONE);
    expect(RUN(rig, "import", file, "--map", map, "--as", staff, "--password-file", password),
           CLI_FINDING, "", "第 2 行 第 2 列（日期）");
    expect(RUN(rig, "import", file, "--map", map), CLI_FINDING, "",
           "第 2 行 第 4 列（身份证）：身份证号码校验位不符");
    expect(RUN(rig, "import", file, "--map", map), CLI_FINDING, "",
           "共 3 处有误，一条也没有导入。");
    assert_int_equal(files_write(file, span_text(rows), 0600), ERR_NONE);
    expect(RUN(rig, "import", file, "--map", map, "--check"), CLI_OK, "2 行，没有发现错误", "");
    expect(RUN(rig, "import", file, "--map", map, "--as", staff, "--password-file", password),
           CLI_OK, "导入 2 条，原已导入 0 条", "");
    expect(RUN(rig, "import", file, "--map", map, "--as", staff, "--password-file", password),
           CLI_OK, "导入 0 条，原已导入 2 条", "");
    expect(RUN(rig, "import", file), CLI_USAGE, "", "--map");
    expect(RUN(rig, "import", "/nowhere.csv", "--map", map), CLI_USAGE, "", "nowhere");
}

/* R26: the same matter under another number is in the store already. */
static void test_import_twin(void **state)
{
    static const char columns[] =
        "[import]\nledger = hall-2024\nserial = 编号\ntime = 日期\nname = 姓名\n"
        "id_number = 身份证\nmatter = 事由\nitem = 事项\n";
    static const char first[] = "编号,日期,姓名,身份证,事由,事项\r\n"
                                "2024-3,2024-06-03,张三,11010519491231002X,办理,I51\r\n";
    static const char again[] = "编号,日期,姓名,身份证,事由,事项\r\n"
                                "2024-9,2024-06-03,张三,11010519491231002X,办理,I51\r\n";
    struct desk_rig *rig = *state;
    char password[80];
    char staff[40];
    char file[96];
    char map[96];
    (void)snprintf(file, sizeof file, "%s/twin.csv", rig->http.directory);
    (void)snprintf(map, sizeof map, "%s/twin.conf", rig->http.directory);
    password_file(rig, PASSWORD "\n", password);
    staff_text(rig->officer, staff);
    assert_int_equal(files_write(map, span_text(columns), 0600), ERR_NONE);
    assert_int_equal(files_write(file, span_text(first), 0600), ERR_NONE);
    expect(RUN(rig, "import", file, "--map", map, "--as", staff, "--password-file", password),
           CLI_OK, "导入 1 条，原已导入 0 条", "");
    assert_int_equal(files_write(file, span_text(again), 0600), ERR_NONE);
    expect(RUN(rig, "import", file, "--map", map, "--as", staff, "--password-file", password),
           CLI_FINDING, "", "第 2 行：同一人的同一事项已登记为");
    expect(RUN(rig, "import", file, "--map", map, "--as", staff, "--password-file", password,
               "--again", "renewed"),
           CLI_OK, "导入 1 条，原已导入 0 条", "");
}

/* R26: the station's own commands ask before they write. */
static void test_twin_by_hand(void **state)
{
    struct desk_rig *rig = *state;
    char file[80];
    char staff[40];
    password_file(rig, PASSWORD "\n", file);
    staff_text(rig->officer, staff);
    expect(RUN(rig, "unlock", staff, "--password-file", file), CLI_OK, "", "");
    expect(RUN(rig, "contact", "received", "--channel", "1", "--item", "I51", "--name", "张三",
               "--id-number", "11010519491231002X"),
           CLI_OK, "", "");
    uint64_t size = hub_size(rig->town->hub);
    struct ran ran = RUN(rig, "contact", "received", "--channel", "1", "--item", "I51", "--name",
                         "张三", "--id-number", "11010519491231002X", "--lang", "zh");
    assert_int_equal(ran.code, CLI_CONFLICT);
    assert_non_null(strstr(ran.err, "同一人的同一事项已登记为 000-1-"));
    assert_non_null(strstr(ran.err, "R26 S3-3三4 [S3:105]"));
    assert_non_null(strstr(ran.err, "没有登记。仍要登记的，加 --again 原因"));
    ran_done(&ran);
    assert_int_equal(hub_size(rig->town->hub), size);
    expect(RUN(rig, "contact", "received", "--channel", "1", "--item", "I51", "--name", "张三",
               "--id-number", "11010519491231002X", "--again", "renewed"),
           CLI_OK, "", "");
    assert_int_equal(hub_size(rig->town->hub), size + 1);
}

/* A figure that somebody typed stands beside the one that was counted. */
static void test_report(void **state)
{
    struct desk_rig *rig = *state;
    char record[80];
    char file[80];
    char staff[40];
    password_file(rig, PASSWORD "\n", file);
    staff_text(rig->officer, staff);
    expect(RUN(rig, "unlock", staff, "--password-file", file), CLI_OK, "", "");
    struct ran ran = RUN(rig, "report", "drawn_up", "--kind", "3", "--from-day", "2026-08-01",
                         "--until-day", "2026-08-31", "--total-rated", "2", "--json");
    assert_int_equal(ran.code, CLI_OK);
    take_member(ran.out, "record", record);
    ran_done(&ran);
    expect(RUN(rig, "show", record, "--lang", "zh"), CLI_OK, "数字不符", "");
    expect(RUN(rig, "show", record, "--lang", "en"), CLI_OK, "figure that differs", "");
    ran = RUN(rig, "report", "drawn_up", "--kind", "3", "--from-day", "2026-07-01", "--until-day",
              "2026-07-31", "--json");
    assert_int_equal(ran.code, CLI_OK);
    take_member(ran.out, "record", record);
    ran_done(&ran);
    ran = RUN(rig, "show", record);
    assert_null(strstr(ran.out, "数字不符"));
    ran_done(&ran);
}

static void test_as_one_command(void **state)
{
    struct desk_rig *rig = *state;
    char file[80];
    char staff[40];
    password_file(rig, PASSWORD "\n", file);
    staff_text(rig->officer, staff);
    struct ran ran = RUN(rig, "contact", "received", "--channel", "1", "--item", "I51", "--text",
                         "问低保", "--as", staff, "--password-file", file, "--json");
    assert_int_equal(ran.code, CLI_OK);
    char number[80];
    take_member(ran.out, "number", number);
    ran_done(&ran);
    /* The number stands for the contact's id; the sheet is for people. */
    ran = RUN(rig, "case", "opened", "--contact", number, "--item", "I51", "--name", "黄阿妹",
              "--id-number", "11010519491231002X", "--as", staff, "--password-file", file);
    assert_int_equal(ran.code, CLI_OK);
    assert_non_null(strstr(ran.out, "审查"));
    ran_done(&ran);
    expect(RUN(rig, "case", "opened", "--contact", number, "--item", "I51", "--name", "黄阿妹",
               "--id-number", "110105194912310021", "--as", staff, "--password-file", file),
           CLI_FINDING, "", "check digit");
    /* Rules refuse with their article. */
    ran = RUN(rig, "case", "archived", "--record", number, "--as", staff, "--password-file", file);
    assert_int_equal(ran.code, CLI_FINDING);
    assert_non_null(strstr(ran.err, "UNKNOWN_MACHINE"));
    ran_done(&ran);
    password_file(rig, "wrong", file);
    expect(RUN(rig, "session", "--as", staff, "--password-file", file), CLI_NOT_PERMITTED, "",
           "Wrong person or password");
    /* --as is over with its command. */
    expect(RUN(rig, "session"), CLI_NOT_PERMITTED, "", "locked");
}

static void test_unlock_lock(void **state)
{
    struct desk_rig *rig = *state;
    char file[80];
    char token[80];
    password_file(rig, PASSWORD, file);
    assert_int_equal(device_name_write(rig->keys, rig->officer, "李四"), ERR_NONE);
    (void)snprintf(token, sizeof token, "%s/token", rig->http.directory);
    expect(RUN(rig, "unlock"), CLI_USAGE, "", "say who");
    expect(RUN(rig, "unlock", "李四", "--password-file", file), CLI_OK, "A18", "");
    assert_true(files_exist(token));
    expect(RUN(rig, "session"), CLI_OK, "李四", "");
    expect(RUN(rig, "list"), CLI_OK, "编号", "");
    expect(RUN(rig, "list", "--search", "黄"), CLI_OK, "姓名", "");
    expect(RUN(rig, "lock"), CLI_OK, "已上锁", "");
    assert_false(files_exist(token));
    expect(RUN(rig, "session"), CLI_NOT_PERMITTED, "", "locked");
    expect(RUN(rig, "list", "--search", "黄"), CLI_NOT_PERMITTED, "", "unlocked");
}

/* How people are reached: told by themselves or who keeps the people, on this PC alone. */
static void test_phone(void **state)
{
    struct desk_rig *rig = *state;
    uint8_t registrar[LIMIT_ID_SIZE];
    char file[80];
    char other[80];
    char path[200];
    char id[2 * LIMIT_ID_SIZE + 1];
    char number[DEVICE_NAME_SIZE];
    password_file(rig, PASSWORD, file);
    keyring_free(employ(rig, 62, ROLE_REGISTRAR, registrar));
    const uint64_t size = hub_fold(rig->town->hub)->log.size;
    assert_int_equal(device_name_write(rig->keys, rig->officer, "李四"), ERR_NONE);
    assert_int_equal(device_name_write(rig->keys, rig->outsider, "王五"), ERR_NONE);
    assert_int_equal(device_name_write(rig->keys, registrar, "钱登记"), ERR_NONE);
    expect(RUN(rig, "phone", "李四", "13912345678"), CLI_NOT_PERMITTED, "", "locked");
    expect(RUN(rig, "unlock", "李四", "--password-file", file), CLI_OK, "", "");
    expect(RUN(rig, "phone"), CLI_USAGE, "", "usage");
    expect(RUN(rig, "phone", "李四"), CLI_OK, "-", "");
    expect(RUN(rig, "phone", "李四", "139 1234-5678"), CLI_OK, "139 1234-5678", "");
    expect(RUN(rig, "phone", "王五", "13900000000"), CLI_NOT_PERMITTED, "", "registrar");
    expect(RUN(rig, "phone", "赵六", "13900000000"), CLI_USAGE, "", "Nobody of that name");
    static const char *const bad[] = {"12", "1234567890123456", "call me", "139\n1", " 139", "()-"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect(RUN(rig, "phone", "李四", bad[i]), CLI_USAGE, "", "3 to 15 digits");
    }
    expect(RUN(rig, "phone", "李四"), CLI_OK, "139 1234-5678", "");
    /* Who keeps the people, and the PC where he works. */
    (void)snprintf(other, sizeof other, "%s/other", rig->http.directory);
    expect(RUN(rig, "unlock", "钱登记", "--password-file", file), CLI_OK, "", "");
    expect(RUN(rig, "phone", "王五", "110", "--keys", other), CLI_USAGE, "", "other");
    assert_int_equal(files_make_directory(other), ERR_NONE);
    expect(RUN(rig, "phone", "王五", "0898-65321234", "--keys", other), CLI_OK, "0898-65321234",
           "");
    device_phone_read(other, rig->outsider, number);
    assert_string_equal(number, "0898-65321234");
    device_phone_read(rig->keys, rig->outsider, number);
    assert_string_equal(number, "0898-65321234");
    expect(RUN(rig, "phone", "王五", "-", "--keys", other), CLI_OK, "-", "");
    device_phone_read(other, rig->outsider, number);
    assert_string_equal(number, "");
    device_phone_read(rig->keys, rig->outsider, number);
    assert_string_equal(number, "");
    /* An id that nobody enrolled. */
    memset(id, 'e', sizeof id - 1);
    id[sizeof id - 1] = 0;
    expect(RUN(rig, "phone", id, "13900000000"), CLI_USAGE, "", "enrolled");
    (void)snprintf(path, sizeof path, "%s/%s.phone", rig->keys, id);
    assert_false(files_exist(path));
    /* No event speaks of it. */
    assert_int_equal(hub_fold(rig->town->hub)->log.size, size);
}

static void test_books(void **state)
{
    struct desk_rig *rig = *state;
    expect(RUN(rig, "catalogue"), CLI_OK, "I51", "");
    expect(RUN(rig, "catalogue", "I51"), CLI_OK, "FORM", "");
    expect(RUN(rig, "catalogue", "I999"), CLI_USAGE, "", "no such item");
    expect(RUN(rig, "policy", "show", "--sources"), CLI_OK, "[S4:494]", "");
    expect(RUN(rig, "policy"), CLI_OK, "clock.start_offset", "");
    expect(RUN(rig, "calendar", "2026"), CLI_OK, "2026-10-01", "");
    expect(RUN(rig, "calendar", "2031"), CLI_OK, "暂定", "");
    expect(RUN(rig, "refusal", "not_holder"), CLI_OK, "NOT_HOLDER", "");
    expect(RUN(rig, "list", "--due=2026-10-01", "--limit", "5"), CLI_OK, "到期", "");
    expect(RUN(rig, "list", "--state", "nonsense"), CLI_USAGE, "", "state");
    expect(RUN(rig, "--lang", "en", "list"), CLI_OK, "number", "");
    expect(RUN(rig, "--lang", "en", "catalogue"), CLI_OK, "commitment", "");
    expect(RUN(rig, "--lang", "en", "policy"), CLI_OK, "1: day 1 is the day after receipt", "");
}

#define DESK(test) cmocka_unit_test_setup_teardown(test, desk_rig_setup, desk_rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DESK(test_usage),       DESK(test_as_one_command), DESK(test_report),
        DESK(test_import),      DESK(test_import_twin),    DESK(test_twin_by_hand),
        DESK(test_unlock_lock), DESK(test_phone),          DESK(test_books)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
