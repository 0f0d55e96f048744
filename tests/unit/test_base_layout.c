/* test_base_layout.c - layout files: what is taken, and errors that name file and place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/layout.h"
#include "mcu/base/status.h"

#define SLOTS(s) "{\"name\":\"x\",\"title\":\"X\",\"arrangements\":[{\"slots\":[" s "]}]}"
#define SLOT(members) SLOTS("{\"for\":[\"anyone\"],\"at\":[0,0,1,1]" members "}")

static mcu_layout *parse(const char *text, GError **error)
{
    json_t *j = json_loads(text, 0, NULL);
    assert_non_null(j);
    mcu_layout *l = mcu_layout_parse(j, error);
    json_decref(j);
    return l;
}

static void test_good(void **state)
{
    (void)state;
    mcu_layout *l =
        parse("{\"name\":\"pip-2\",\"title\":\"Two\",\"comment\":\"words\",\"arrangements\":[{\"picture\":\"tall\","
              "\"side_px\":[100,400],\"tiers\":[\"D\"],\"slots\":[{\"for\":[\"signing\",\"speaker\"],\"at\":[0,0,1,1]},"
              "{\"for\":[\"anyone\"],\"at\":[0.5,0.5,0.5,0.5],\"many\":4,\"shape\":1.5,\"z\":2,\"fit\":\"fill\","
              "\"optional\":true,\"card\":true}]}]}",
              NULL);
    assert_non_null(l);
    const mcu_arrangement *a = &l->arrangements[0];
    assert_string_equal(l->name, "pip-2");
    assert_true(a->tall && !a->wide);
    assert_int_equal(a->people_min, 1); /* what its slots need and hold */
    assert_int_equal(a->people_max, 5);
    assert_string_equal(a->tiers[0], "D");
    assert_int_equal(a->slots[0].who[1], MCU_WHO_SPEAKER);
    assert_int_equal(a->slots[0].fit, MCU_FIT_WHOLE);
    assert_int_equal(a->slots[1].fit, MCU_FIT_FILL);
    assert_int_equal(a->slots[1].z, 2);
    assert_true(a->slots[1].optional && a->slots[1].card);
    mcu_layout_free(l);
}

static void test_bad(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"[]", "document: must be an object"},
        {"{\"name\":\"X y\"}", "name: must be 1 to 32 of a-z, 0-9 and -"},
        {"{\"name\":\"x\"}", "title: must be 1 to 80 bytes of text"},
        {"{\"name\":\"x\",\"title\":\"X\"}", "arrangements: must be a list of 1 to 32"},
        {"{\"name\":\"x\",\"titel\":\"X\"}", "titel: is not known; there are name, title, arrangements, comment"},
        {SLOTS(""), "arrangements.0.slots: must be a list of 1 to 24 slots"},
        {SLOTS("7"), "arrangements.0.slots.0: must be an object"},
        {SLOTS("{\"for\":[\"anyone\"]}"), "arrangements.0.slots.0.at: must be [x, y, width, height], fractions of the picture"},
        {SLOTS("{\"for\":[\"anyone\"],\"at\":[0.5,0,0.6,1]}"), "arrangements.0.slots.0.at: must lie within the picture"},
        {SLOTS("{\"for\":[\"anyone\"],\"at\":[0,0,0.001,1]}"), "arrangements.0.slots.0.at: is too small to show anything"},
        {SLOTS("{\"at\":[0,0,1,1]}"), "arrangements.0.slots.0.for: must be a list of 1 to 8 words"},
        {SLOTS("{\"for\":[\"anyone\"],\"at\":[0,0,1,1]},{\"for\":[\"doctor\"],\"at\":[0,0,1,1]}"),
         "arrangements.0.slots.1.for: \"doctor\" is none of patient, clinician, interpreter, guest, observer, kiosk, compliance, "
         "speaker, content, signing, anyone"},
        {SLOT(",\"fit\":\"stretch\""), "arrangements.0.slots.0.fit: must be fit, fill, smart or sharp"},
        {SLOT(",\"many\":65"), "arrangements.0.slots.0.many: must be a number from 1 to 64"},
        {SLOT(",\"shape\":1"), "arrangements.0.slots.0.shape: is of the tiles of a grid: it goes with many"},
        {SLOT(",\"optional\":1"), "arrangements.0.slots.0.optional: must be true or false"},
        {SLOT(",\"zz\":1"), "arrangements.0.slots.0.zz: is not known; there are at, for, fit, many, shape, z, optional, card"},
        {"{\"name\":\"x\",\"title\":\"X\",\"arrangements\":[{\"people\":[3,2],\"slots\":[{\"for\":[\"anyone\"],\"at\":[0,0,1,1]}]"
         "}]}",
         "arrangements.0.people: must be [least, most], whole numbers from 0 to 64"},
        {"{\"name\":\"x\",\"title\":\"X\",\"arrangements\":[{\"picture\":\"square\",\"slots\":[{\"for\":[\"anyone\"],\"at\":[0,0,"
         "1,1]}]}]}",
         "arrangements.0.picture: must be wide, tall or any"},
        {"{\"name\":\"x\",\"title\":\"X\",\"arrangements\":[{\"view\":[\"guest\"],\"slots\":[{\"for\":[\"anyone\"],\"at\":[0,0,1,"
         "1]}]}]}",
         "arrangements.0.view: must be a list of roles: patient, clinician, observer"},
        {"{\"name\":\"x\",\"title\":\"X\",\"arrangements\":[{\"without\":\"me\",\"slots\":[{\"for\":[\"anyone\"],\"at\":[0,0,1,1]"
         "}]}]}",
         "arrangements.0.without: must be a list of roles: patient, clinician, interpreter, guest, observer, kiosk, compliance"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        GError *error = NULL;
        assert_null(parse(rows[i].text, &error));
        assert_string_equal(error->message, rows[i].message);
        assert_int_equal(error->code, MCU_ERROR_CONFIG);
        g_error_free(error);
    }
}

static void put(const char *folder, const char *name, const char *text)
{
    char *path = g_build_filename(folder, name, NULL);
    assert_true(g_file_set_contents(path, text, -1, NULL));
    g_free(path);
}

static void test_folder(void **state)
{
    (void)state;
    char folder[] = "/tmp/layouts-XXXXXX";
    assert_non_null(mkdtemp(folder));
    put(folder, "b.json", SLOT(""));
    put(folder, "notes.txt", "not read");
    mcu_layouts *l = mcu_layouts_load(folder, NULL);
    assert_non_null(mcu_layouts_find(l, "x"));
    assert_ptr_equal(mcu_layouts_find(l, "grid"), mcu_layout_grid()); /* always there */
    assert_null(mcu_layouts_find(l, "y"));
    char *names = mcu_layouts_names(l);
    assert_string_equal(names, "grid, x");
    g_free(names);
    mcu_layouts *again = mcu_layouts_parse(mcu_layouts_documents(l), NULL);
    assert_non_null(mcu_layouts_find(again, "x"));
    mcu_layouts_free(again);
    mcu_layouts_free(l);

    GError *error = NULL;
    put(folder, "c.json", SLOT(",\"fit\":1"));
    assert_null(mcu_layouts_load(folder, &error));
    char *message = g_strdup_printf("%s/c.json: arrangements.0.slots.0.fit: must be fit, fill, smart or sharp", folder);
    assert_string_equal(error->message, message);
    g_free(message);
    g_clear_error(&error);
    put(folder, "c.json", SLOT(""));
    assert_null(mcu_layouts_load(folder, &error));
    assert_non_null(strstr(error->message, "c.json: name: \"x\" is taken by another layout"));
    g_clear_error(&error);
    put(folder, "c.json", "{\n\"name\": \"c\",\n]");
    assert_null(mcu_layouts_load(folder, &error));
    assert_non_null(strstr(error->message, "c.json: line 3: "));
    g_clear_error(&error);
    static const char *const files[] = {"b.json", "c.json", "notes.txt"};
    for (size_t i = 0; i < 3; i++) {
        char *path = g_build_filename(folder, files[i], NULL);
        unlink(path);
        g_free(path);
    }
    rmdir(folder);
    assert_null(mcu_layouts_load(folder, &error));
    g_clear_error(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_good), cmocka_unit_test(test_bad), cmocka_unit_test(test_folder)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
