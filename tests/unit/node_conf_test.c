#include "node/conf.h"
#include "node/files.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char root[] = "/tmp/jieli-conf-XXXXXX";
static char path[FILES_PATH_SIZE];

static const struct conf_key keys[] = {
    {"hub", "name", CONF_TEXT, NULL, 0, 0},
    {"hub", "motto", CONF_TEXT, "relay", 0, 0},
    {"link", "endpoint", CONF_TEXT, "tcp://0.0.0.0:7420", 0, 0},
    {"link", "handshake-ms", CONF_NUMBER, "2000", 100, 60000},
    {"http", "enabled", CONF_SWITCH, "yes", 0, 0},
};

static struct conf *conf_make(void)
{
    struct conf *conf = conf_new(keys, sizeof keys / sizeof keys[0]);

    assert_non_null(conf);
    return conf;
}

static void put(const char *name, const char *text)
{
    char full[FILES_PATH_SIZE + 64];

    (void)snprintf(full, sizeof full, "%s/%s", root, name);
    assert_int_equal(files_write(full, span_text(text), 0600), ERR_NONE);
}

/* Reads text as hub.conf and demands err with exactly this problem behind the path. */
static void refuse(const char *text, const char *problem_tail)
{
    struct conf *conf = conf_make();
    struct conf_problem problem = {""};
    char expected[CONF_PROBLEM_SIZE + FILES_PATH_SIZE] = "";

    put("hub.conf", text);
    assert_int_equal(conf_read(conf, path, &problem), ERR_MALFORMED);
    (void)snprintf(expected, sizeof expected, "%s%s", path, problem_tail);
    assert_string_equal(problem.text, expected);
    conf_free(conf);
}

static void defaults_stand(void **state)
{
    struct conf *conf = conf_make();
    (void)state;

    assert_string_equal(conf_get_text(conf, "hub", "name"), "");
    assert_string_equal(conf_get_text(conf, "hub", "motto"), "relay");
    assert_int_equal(conf_get_number(conf, "link", "handshake-ms"), 2000);
    assert_true(conf_get_switch(conf, "http", "enabled"));
    assert_false(conf_is_set(conf, "hub", "motto"));
    assert_string_equal(conf_origin(conf, "hub", "motto"), "default");
    conf_free(conf);
}

static void later_files_win(void **state)
{
    struct conf *conf = conf_make();
    struct conf_problem problem = {""};
    char expected[FILES_PATH_SIZE + 64] = "";
    (void)state;

    put("hub.conf", "# comment\n; comment\n[hub]\nname = 为民服务中心\n  motto=one ; why\n\n"
                    "[link]\n  endpoint = tcp://[::1]:7420\nhandshake-ms = 100\n");
    put("hub.conf.d/20-x.conf", "[hub]\r\nmotto = two\r\n[http]\nenabled = no");
    put("hub.conf.d/10-x.conf", "[hub]\nmotto = three\n[link]\nhandshake-ms: 60000\n");
    put("hub.conf.d/30-x.conf~", "nonsense\n");
    assert_int_equal(conf_read(conf, path, &problem), ERR_NONE);
    assert_string_equal(conf_get_text(conf, "hub", "name"), "为民服务中心");
    assert_string_equal(conf_get_text(conf, "hub", "motto"), "two");
    assert_string_equal(conf_get_text(conf, "link", "endpoint"), "tcp://[::1]:7420");
    assert_int_equal(conf_get_number(conf, "link", "handshake-ms"), 60000);
    assert_false(conf_get_switch(conf, "http", "enabled"));
    assert_true(conf_is_set(conf, "hub", "motto"));
    (void)snprintf(expected, sizeof expected, "%s.d/20-x.conf:2", path);
    assert_string_equal(conf_origin(conf, "hub", "motto"), expected);
    (void)snprintf(expected, sizeof expected, "%s:4", path);
    assert_string_equal(conf_origin(conf, "hub", "name"), expected);
    conf_free(conf);
    put("hub.conf.d/20-x.conf", "");
    put("hub.conf.d/10-x.conf", "");
}

static void problems_name_file_and_line(void **state)
{
    (void)state;
    refuse("[hub]\n\nadress = 1\n", ":3: unknown key [hub] adress");
    refuse("name = 1\n", ":1: unknown key [] name");
    refuse("[hub]\nname\n", ":2: neither [section] nor key = value");
    refuse("[hub\n", ":1: neither [section] nor key = value");
    refuse("[link]\nhandshake-ms = 99\n",
           ":2: [link] handshake-ms: not a number from 100 to 60000: 99");
    refuse("[link]\nhandshake-ms = 60001\n",
           ":2: [link] handshake-ms: not a number from 100 to 60000: 60001");
    refuse("[link]\nhandshake-ms = -1\n",
           ":2: [link] handshake-ms: not a number from 100 to 60000: -1");
    refuse("[http]\nenabled = true\n", ":2: [http] enabled: neither yes nor no: true");
    refuse("[hub]\nname = \xff\n", ": not UTF-8 text");
}

static void line_length_at_the_border(void **state)
{
    struct conf *conf = conf_make();
    struct conf_problem problem = {""};
    char text[256] = "";
    (void)state;

    /* "name=" and 193 letters: 198 bytes. */
    (void)snprintf(text, sizeof text, "[hub]\nname=%0193d\n", 7);
    put("hub.conf", text);
    assert_int_equal(conf_read(conf, path, &problem), ERR_NONE);
    assert_int_equal(strlen(conf_get_text(conf, "hub", "name")), 193);
    assert_string_equal(conf_get_text(conf, "hub", "name") + 190, "007");
    conf_free(conf);
    (void)snprintf(text, sizeof text, "[hub]\nname=%0194d\n", 7);
    refuse(text, ":2: line too long, 198 bytes are the most");
    (void)snprintf(text, sizeof text, "[hub]\nname=%0194d", 7);
    refuse(text, ":2: line too long, 198 bytes are the most");
}

static void problem_in_a_drop_in(void **state)
{
    struct conf *conf = conf_make();
    struct conf_problem problem = {""};
    char expected[FILES_PATH_SIZE + 64] = "";
    (void)state;

    put("hub.conf", "[hub]\nname = a\n");
    put("hub.conf.d/10-x.conf", "[hub]\n[link]\nendpiont = x\n");
    assert_int_equal(conf_read(conf, path, &problem), ERR_MALFORMED);
    (void)snprintf(expected, sizeof expected, "%s.d/10-x.conf:3: unknown key [link] endpiont",
                   path);
    assert_string_equal(problem.text, expected);
    conf_free(conf);
    put("hub.conf.d/10-x.conf", "");
}

static void missing_file_is_told(void **state)
{
    struct conf *conf = conf_make();
    struct conf_problem problem = {""};
    (void)state;

    assert_int_equal(conf_read(conf, "/nowhere/hub.conf", &problem), ERR_NOT_FOUND);
    assert_string_equal(problem.text, "/nowhere/hub.conf: cannot be read: not found");
    conf_free(conf);
}

static void single_values(void **state)
{
    struct conf *conf = conf_make();
    struct conf_problem problem = {""};
    char longest[CONF_VALUE_SIZE + 1] = "";
    (void)state;

    assert_int_equal(conf_set(conf, "link", "handshake-ms", "500", "--set", &problem), ERR_NONE);
    assert_int_equal(conf_get_number(conf, "link", "handshake-ms"), 500);
    assert_string_equal(conf_origin(conf, "link", "handshake-ms"), "--set");
    assert_int_equal(conf_set(conf, "link", "handshake", "500", "--set", &problem), ERR_MALFORMED);
    assert_string_equal(problem.text, "--set: unknown key [link] handshake");
    memset(longest, 'x', CONF_VALUE_SIZE);
    assert_int_equal(conf_set(conf, "hub", "name", longest, "--set", &problem), ERR_MALFORMED);
    assert_string_equal(problem.text, "--set: [hub] name: longer than 255 bytes");
    longest[CONF_VALUE_SIZE - 1] = '\0';
    assert_int_equal(conf_set(conf, "hub", "name", longest, "--set", &problem), ERR_NONE);
    assert_string_equal(conf_get_text(conf, "hub", "name"), longest);
    conf_free(conf);
}

static void environment_wins_last(void **state)
{
    struct conf *conf = conf_make();
    struct conf_problem problem = {""};
    (void)state;

    assert_int_equal(setenv("JIELI_LINK_HANDSHAKE_MS", "700", 1), 0);
    assert_int_equal(conf_read_environment(conf, "JIELI", &problem), ERR_NONE);
    assert_int_equal(conf_get_number(conf, "link", "handshake-ms"), 700);
    assert_string_equal(conf_origin(conf, "link", "handshake-ms"),
                        "environment JIELI_LINK_HANDSHAKE_MS");
    assert_int_equal(setenv("JIELI_LINK_HANDSHAKE_MS", "soon", 1), 0);
    assert_int_equal(conf_read_environment(conf, "JIELI", &problem), ERR_MALFORMED);
    assert_string_equal(problem.text, "environment JIELI_LINK_HANDSHAKE_MS: [link] handshake-ms: "
                                      "not a number from 100 to 60000: soon");
    assert_int_equal(unsetenv("JIELI_LINK_HANDSHAKE_MS"), 0);
    conf_free(conf);
}

static int root_make(void **state)
{
    char directory[FILES_PATH_SIZE + 16];
    (void)state;

    if (mkdtemp(root) == NULL) {
        return -1;
    }
    (void)snprintf(path, sizeof path, "%s/hub.conf", root);
    (void)snprintf(directory, sizeof directory, "%s/hub.conf.d", root);
    return files_make_directory(directory) == ERR_NONE ? 0 : -1;
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
        cmocka_unit_test(defaults_stand),
        cmocka_unit_test(later_files_win),
        cmocka_unit_test(problems_name_file_and_line),
        cmocka_unit_test(line_length_at_the_border),
        cmocka_unit_test(problem_in_a_drop_in),
        cmocka_unit_test(missing_file_is_told),
        cmocka_unit_test(single_values),
        cmocka_unit_test(environment_wins_last),
    };

    return cmocka_run_group_tests(tests, root_make, root_remove);
}
