/* test_base_config.c - values, defaults, environment, and errors that name file, line and reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/config.h"
#include "mcu/base/status.h"

static const mcu_config_key keys[] = {
    {"server", "port", MCU_CONFIG_INT, "8443", 1, 65535, "port"},
    {"server", "name", MCU_CONFIG_STRING, "tessera", 0, 0, "name"},
    {"server", "tls", MCU_CONFIG_BOOL, "true", 0, 0, "tls"},
    {"media", "stun-servers", MCU_CONFIG_LIST, "", 0, 0, "servers"},
    {"media", "offset", MCU_CONFIG_INT, "-3", 0, 0, "any number"},
    {NULL, NULL, MCU_CONFIG_NONE, NULL, 0, 0, NULL},
};

static char *write_file(const char *text)
{
    char *path = g_strdup_printf("%s/tessera-config-test-%d.ini", g_get_tmp_dir(), (int)getpid());
    assert_true(g_file_set_contents(path, text, -1, NULL));
    return path;
}

static void defaults_without_a_file(void **state)
{
    (void)state;
    GError *error = NULL;
    mcu_config *c = mcu_config_load(NULL, keys, &error);
    assert_non_null(c);
    assert_null(error);
    assert_int_equal(mcu_config_int(c, "server", "port"), 8443);
    assert_string_equal(mcu_config_str(c, "server", "name"), "tessera");
    assert_true(mcu_config_bool(c, "server", "tls"));
    assert_null(mcu_config_list(c, "media", "stun-servers")[0]);
    assert_int_equal(mcu_config_int(c, "media", "offset"), -3);
    mcu_config_free(c);
    mcu_config_free(NULL);
}

static void file_and_environment(void **state)
{
    (void)state;
    char *path =
        write_file("# comment\n\n[server]\nport = 9000\nname=a b\\tc\n  tls=No\r\n[media]\nstun-servers= one:1 ; two:2;\n");
    g_setenv("TESSERA_SERVER_PORT", "9001", TRUE);
    g_setenv("TESSERA_MEDIA_STUN_SERVERS", "three", TRUE);
    GError *error = NULL;
    mcu_config *c = mcu_config_load(path, keys, &error);
    if (error) {
        fail_msg("%s", error->message);
    }
    assert_int_equal(mcu_config_int(c, "server", "port"), 9001);
    assert_string_equal(mcu_config_str(c, "server", "name"), "a b\tc");
    assert_false(mcu_config_bool(c, "server", "tls"));
    assert_string_equal(mcu_config_list(c, "media", "stun-servers")[0], "three");
    mcu_config_free(c);
    g_unsetenv("TESSERA_MEDIA_STUN_SERVERS");
    c = mcu_config_load(path, keys, NULL);
    assert_string_equal(mcu_config_list(c, "media", "stun-servers")[0], "one:1");
    assert_string_equal(mcu_config_list(c, "media", "stun-servers")[1], "two:2");
    assert_null(mcu_config_list(c, "media", "stun-servers")[2]);
    mcu_config_free(c);
    g_setenv("TESSERA_SERVER_PORT", "70000", TRUE);
    assert_null(mcu_config_load(path, keys, &error));
    assert_non_null(strstr(error->message, "environment TESSERA_SERVER_PORT"));
    assert_non_null(strstr(error->message, "from 1 to 65535"));
    g_clear_error(&error);
    g_unsetenv("TESSERA_SERVER_PORT");
    unlink(path);
    g_free(path);
}

static void a_comma_separates_no_list(void **state)
{
    (void)state;
    char *path = write_file("[media]\nstun-servers = one:1, two:2\n");
    GError *error = NULL;
    assert_null(mcu_config_load(path, keys, &error));
    assert_non_null(strstr(error->message, ".ini:2: stun-servers "));
    assert_non_null(strstr(error->message, "separator of lists is ;"));
    g_clear_error(&error);
    unlink(path);
    g_free(path);
}

static void mistakes_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned line;
        const char *reason;
    } rows[] = {
        {"[server]\nport=x\n", 2, "port wants a whole number from 1 to 65535, not \"x\""},
        {"[server]\n\n#\nport=0\n", 4, "not \"0\""},
        {"[server]\nport=12 34\n", 2, "whole number"},
        {"[server]\nport=99999999999999999999\n", 2, "whole number"},
        {"[server]\nporch=1\n", 2, "unknown key porch in [server]"},
        {"[server]\nstun-servers=1\n", 2, "unknown key stun-servers in [server]"},
        {"[servers]\n", 1, "unknown section [servers"},
        {"port=1\n", 1, "no [section] before key port"},
        {"[server]\nport\n", 2, "a line is key=value"},
        {"[server]\n=5\n", 2, "a line is key=value"},
        {"[server\nport=1\n", 1, "a section is written [name]"},
        {"[server]\nport=1\nport=2\n", 3, "a second value for port (first at line 2)"},
        {"[server]\ntls=maybe\n", 2, "tls wants true or false, not \"maybe\""},
        {"[server]\nname=\\q\n", 2, "name"},
        {"[server]\nname=\xff\xfe\n", 2, "name"},
        {"[media]\noffset=1.5\n", 2, "whole number, not \"1.5\""},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        char *path = write_file(rows[i].text);
        GError *error = NULL;
        mcu_config *c = mcu_config_load(path, keys, &error);
        if (c || !error) {
            fail_msg("row %zu was taken", i);
        }
        char *where = g_strdup_printf("%s:%u: ", path, rows[i].line);
        if (!g_str_has_prefix(error->message, where) || !strstr(error->message, rows[i].reason)) {
            fail_msg("row %zu: \"%s\" is not \"%s...%s\"", i, error->message, where, rows[i].reason);
        }
        assert_true(g_error_matches(error, MCU_ERROR, MCU_ERROR_CONFIG));
        g_free(where);
        g_clear_error(&error);
        unlink(path);
        g_free(path);
    }
}

static void file_that_is_missing_or_empty(void **state)
{
    (void)state;
    GError *error = NULL;
    assert_null(mcu_config_load("/nonexistent/tessera.ini", keys, &error));
    assert_non_null(strstr(error->message, "/nonexistent/tessera.ini"));
    g_clear_error(&error);
    char *path = write_file("");
    mcu_config *c = mcu_config_load(path, keys, &error);
    assert_non_null(c);
    mcu_config_free(c);
    unlink(path);
    g_free(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_without_a_file),       cmocka_unit_test(file_and_environment),
        cmocka_unit_test(a_comma_separates_no_list),     cmocka_unit_test(mistakes_are_named),
        cmocka_unit_test(file_that_is_missing_or_empty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
