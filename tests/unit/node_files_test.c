#include "node/clock.h"
#include "node/files.h"
#include "node/uuid.h"
#include "unit.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_SIZE = 256 };

static char root[] = "/tmp/jieli-files-XXXXXX";

static const char *in_root(const char *name)
{
    static char path[4][FILES_PATH_SIZE];
    static unsigned next;

    next = (next + 1) % 4;
    (void)snprintf(path[next], sizeof path[next], "%s/%s", root, name);
    return path[next];
}

static unsigned mode_of(const char *path)
{
    struct stat status;

    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}

static void assert_content(const char *path, const char *text)
{
    struct buf bytes;

    buf_init(&bytes, 1000);
    assert_int_equal(files_read(path, &bytes), ERR_NONE);
    assert_string_equal(buf_text(&bytes), text);
    buf_done(&bytes);
}

static void written_whole_or_not_at_all(void **state)
{
    (void)state;
    assert_int_equal(files_write(in_root("a"), span_text("one"), 0640), ERR_NONE);
    assert_content(in_root("a"), "one");
    assert_int_equal(mode_of(in_root("a")), 0640);
    assert_int_equal(files_write(in_root("a"), span_of(NULL, 0), 0600), ERR_NONE);
    assert_content(in_root("a"), "");
    assert_int_equal(mode_of(in_root("a")), 0600);
    assert_int_equal(files_write(in_root("none/a"), span_text("x"), 0600), ERR_NOT_FOUND);
    /* What a run that was cut off left behind does not matter. */
    assert_int_equal(files_write(in_root("a.tmp"), span_text("left over"), 0400), ERR_NONE);
    assert_int_equal(files_write(in_root("a"), span_text("two"), 0600), ERR_NONE);
    assert_content(in_root("a"), "two");
    assert_false(files_exist(in_root("a.tmp")));
    /* Not over a directory: nothing is left of the attempt. */
    assert_int_equal(files_make_directory(in_root("dir")), ERR_NONE);
    assert_int_not_equal(files_write(in_root("dir"), span_text("x"), 0600), ERR_NONE);
    assert_false(files_exist(in_root("dir.tmp")));
}

static void failed_write_keeps_the_old(void **state)
{
    static uint8_t large[8192];
    const struct rlimit small = {.rlim_cur = 4096, .rlim_max = RLIM_INFINITY};
    struct rlimit before;
    char name[301];
    (void)state;

    memset(name, 'n', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_int_equal(files_write(in_root(name), span_text("x"), 0600), ERR_LIMIT);
    assert_int_equal(files_write(in_root("kept"), span_text("old"), 0600), ERR_NONE);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(files_write(in_root("kept"), span_of(large, sizeof large), 0600), ERR_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_content(in_root("kept"), "old");
    assert_false(files_exist(in_root("kept.tmp")));
}

static void read_is_bounded_and_never_waits(void **state)
{
    struct buf bytes;
    (void)state;

    buf_init(&bytes, 3);
    assert_int_equal(files_read(in_root("absent"), &bytes), ERR_NOT_FOUND);
    assert_int_equal(files_read(root, &bytes), ERR_MALFORMED);
    assert_int_equal(mkfifo(in_root("fifo"), 0600), 0);
    assert_int_equal(files_read(in_root("fifo"), &bytes), ERR_MALFORMED);
    assert_int_equal(files_read("/dev/zero", &bytes), ERR_MALFORMED);
    assert_int_equal(files_write(in_root("b"), span_text("123"), 0600), ERR_NONE);
    assert_int_equal(files_read(in_root("b"), &bytes), ERR_NONE);
    assert_int_equal(bytes.size, 3);
    buf_clear(&bytes);
    assert_int_equal(files_write(in_root("b"), span_text("1234"), 0600), ERR_NONE);
    assert_int_equal(files_read(in_root("b"), &bytes), ERR_LIMIT);
    buf_done(&bytes);
}

static void directories_are_made_private(void **state)
{
    (void)state;
    assert_int_equal(files_make_directory(in_root("x/y//z/")), ERR_NONE);
    assert_int_equal(mode_of(in_root("x")), 0700);
    assert_int_equal(mode_of(in_root("x/y/z")), 0700);
    assert_int_equal(files_make_directory(in_root("x/y/z")), ERR_NONE);
    assert_int_equal(files_write(in_root("x/file"), span_text(""), 0600), ERR_NONE);
    assert_int_equal(files_make_directory(in_root("x/file")), ERR_CONFLICT);
    assert_int_equal(files_make_directory(in_root("x/file/more")), ERR_CONFLICT);
    assert_int_equal(files_make_directory(""), ERR_MALFORMED);
}

static void removed_is_gone(void **state)
{
    (void)state;
    assert_int_equal(files_write(in_root("r"), span_text(""), 0600), ERR_NONE);
    assert_true(files_exist(in_root("r")));
    assert_int_equal(files_remove(in_root("r")), ERR_NONE);
    assert_false(files_exist(in_root("r")));
    assert_int_equal(files_remove(in_root("r")), ERR_NOT_FOUND);
}

static enum err note(void *context, const char *path)
{
    char *names = context;
    const char *name = strrchr(path, '/') + 1;

    assert_true(files_exist(path));
    if (strcmp(name, "stop.conf") == 0) {
        return ERR_AUTH;
    }
    (void)snprintf(names + strlen(names), NAMES_SIZE - strlen(names), "%s ", name);
    return ERR_NONE;
}

static void each_in_order(void **state)
{
    static const char *const made[] = {"20-b.conf", "10-a.conf", "x.conf~", ".hidden.conf",
                                       "9-c.conf"};
    char names[NAMES_SIZE] = "";
    (void)state;

    assert_int_equal(files_each(in_root("conf.d"), ".conf", note, names), ERR_NONE);
    assert_int_equal(files_make_directory(in_root("conf.d")), ERR_NONE);
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        char path[FILES_PATH_SIZE];
        (void)snprintf(path, sizeof path, "%s/conf.d/%s", root, made[i]);
        assert_int_equal(files_write(path, span_text(""), 0600), ERR_NONE);
    }
    assert_int_equal(files_each(in_root("conf.d"), ".conf", note, names), ERR_NONE);
    assert_string_equal(names, "10-a.conf 20-b.conf 9-c.conf ");
    assert_int_equal(files_write(in_root("conf.d/stop.conf"), span_text(""), 0600), ERR_NONE);
    assert_int_equal(files_write(in_root("conf.d/zz.conf"), span_text(""), 0600), ERR_NONE);
    names[0] = '\0';
    assert_int_equal(files_each(in_root("conf.d"), ".conf", note, names), ERR_AUTH);
    assert_string_equal(names, "10-a.conf 20-b.conf 9-c.conf ");
}

static void names_are_bounded(void **state)
{
    char names[NAMES_SIZE] = "";
    (void)state;

    assert_int_equal(files_make_directory(in_root("many")), ERR_NONE);
    for (unsigned i = 0; i <= 1024; i++) {
        char path[FILES_PATH_SIZE];
        FILE *file = NULL;
        (void)snprintf(path, sizeof path, "%s/many/%u.conf", root, i);
        file = fopen(path, "w");
        assert_non_null(file);
        (void)fclose(file);
    }
    assert_int_equal(files_each(in_root("many"), ".conf", note, names), ERR_LIMIT);
    assert_string_equal(names, "");
}

static void uuid_is_version_7(void **state)
{
    /* The example of RFC 9562, appendix A.6. */
    static const uint8_t random[UUID_RANDOM_SIZE] = {0x0c, 0xc3, 0x18, 0xc4, 0xdc,
                                                     0x0c, 0x0c, 0x07, 0x39, 0x8f};
    static const uint8_t all_bits[UUID_RANDOM_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff,
                                                       0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t id[LIMIT_ID_SIZE] = {0};
    uint8_t parsed[LIMIT_ID_SIZE] = {0};
    char text[UUID_TEXT_SIZE] = "";
    (void)state;

    uuid_make(0x017F22E279B0, random, id);
    uuid_text(id, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    assert_int_equal(uuid_parse(span_text("017F22E2-79B0-7CC3-98C4-DC0C0C07398F"), parsed),
                     ERR_NONE);
    assert_memory_equal(parsed, id, sizeof id);
    uuid_make(0xffffffffffff, all_bits, id);
    uuid_text(id, text);
    assert_string_equal(text, "ffffffff-ffff-7fff-bfff-ffffffffffff");
}

static void uuid_refuses(void **state)
{
    static const char *const bad[] = {
        "",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398ff",
        "017f22e2079b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e279b0-7cc3-98c4-dc0c0c07398f0-",
    };
    uint8_t id[LIMIT_ID_SIZE] = {7};
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(uuid_parse(span_text(bad[i]), id), ERR_MALFORMED);
    }
    assert_int_equal(id[0], 7);
}

static void clock_is_shifted_only_on_purpose(void **state)
{
    const uint64_t day_ms = 86400000;
    const uint64_t before_ms = clock_wall_ms();
    const uint64_t mono_ms = clock_mono_ms();
    (void)state;

    assert_true(before_ms > 1600000000000);
    clock_set_offset_ms(400 * (int64_t)day_ms);
    assert_true(clock_wall_ms() >= before_ms + 400 * day_ms);
    clock_set_offset_ms(INT64_MIN);
    assert_int_equal(clock_wall_ms(), 0);
    clock_set_offset_ms(INT64_MAX);
    assert_int_equal(clock_wall_ms(), 0);
    clock_set_offset_ms(0);
    assert_true(clock_wall_ms() < before_ms + day_ms);
    assert_true(clock_mono_ms() >= mono_ms);
    assert_true(clock_mono_ms() < mono_ms + day_ms);
}

static void boot_id_stays(void **state)
{
    uint8_t a[LIMIT_ID_SIZE] = {0};
    uint8_t b[LIMIT_ID_SIZE] = {0};
    const uint8_t none[LIMIT_ID_SIZE] = {0};
    (void)state;

    assert_int_equal(clock_boot_id(a), ERR_NONE);
    assert_int_equal(clock_boot_id(b), ERR_NONE);
    assert_memory_equal(a, b, sizeof a);
    assert_memory_not_equal(a, none, sizeof a);
}

static int root_make(void **state)
{
    (void)state;
    return mkdtemp(root) != NULL ? 0 : -1;
}

static int root_remove(void **state)
{
    char command[FILES_PATH_SIZE];
    (void)state;

    (void)snprintf(command, sizeof command, "rm -rf '%s'", root);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_whole_or_not_at_all),
        cmocka_unit_test(failed_write_keeps_the_old),
        cmocka_unit_test(read_is_bounded_and_never_waits),
        cmocka_unit_test(directories_are_made_private),
        cmocka_unit_test(removed_is_gone),
        cmocka_unit_test(each_in_order),
        cmocka_unit_test(names_are_bounded),
        cmocka_unit_test(uuid_is_version_7),
        cmocka_unit_test(uuid_refuses),
        cmocka_unit_test(clock_is_shifted_only_on_purpose),
        cmocka_unit_test(boot_id_stays),
    };

    return cmocka_run_group_tests(tests, root_make, root_remove);
}
