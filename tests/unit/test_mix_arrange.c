/* test_mix_arrange.c - who is where: golden rectangles of every shipped layout, count and tier; who takes which slot; invariants.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mixer/arrange.h"
#include "video_golden.h"

static const mix_ground grounds[] = {{"A", 1280, 720, MCU_WHO_NONE, 0}, {"B", 640, 360, MCU_WHO_NONE, 0},
                                     {"C", 480, 270, MCU_WHO_NONE, 0},  {"D", 320, 180, MCU_WHO_NONE, 0},
                                     {"A", 720, 1280, MCU_WHO_NONE, 0}, {"B", 360, 640, MCU_WHO_NONE, 0},
                                     {"C", 270, 480, MCU_WHO_NONE, 0},  {"D", 180, 320, MCU_WHO_NONE, 0}};

#define BIT(w) (1u << MCU_WHO_##w)
#define LETTERS "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ+-"

static mcu_layouts *shipped;

static int load(void **state)
{
    (void)state;
    GError *error = NULL;
    shipped = mcu_layouts_load(TESSERA_SOURCE_DIR "/assets/layouts", &error);
    return shipped ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    mcu_layouts_free(shipped);
    return 0;
}

/* a is a clinician, b a patient who spoke last, c an interpreter, d spoke before b; the rest are guests. */
static void company(mix_guest guests[MIX_MAX_PEOPLE], unsigned signing, unsigned content)
{
    static const unsigned roles[] = {BIT(CLINICIAN), BIT(PATIENT), BIT(INTERPRETER)};
    for (unsigned i = 0; i < MIX_MAX_PEOPLE; i++) {
        guests[i] = (mix_guest){i < 3 ? roles[i] : BIT(GUEST), i == 1 ? 0 : i == 3 ? 1 : MIX_RANK_NEVER, 0};
        guests[i].who |= i == signing ? BIT(SIGNING) : 0;
        guests[i].who |= i == content ? BIT(CONTENT) : 0;
    }
}

static void write_one(GString *text, const mix_place *p, unsigned n, unsigned people)
{
    g_string_append_printf(text, "%u:", people);
    for (unsigned i = 0; i < n; i++) {
        static const char *const fits[] = {"", "", "!", "~", "#"};
        g_string_append_printf(text, " %c%s%s%dx%d+%d+%d", LETTERS[p[i].guest], fits[p[i].fit], p[i].card ? "=" : " ",
                               p[i].tile.width_px, p[i].tile.height_px, p[i].tile.x_px, p[i].tile.y_px);
    }
    g_string_append_c(text, '\n');
}

typedef struct {
    const char *what;
    unsigned signing, content; /* MIX_RANK_NEVER = nobody */
    bool beside;               /* the screen is one more than people */
    mcu_who view;
} occasion;

static void write_layout(GString *text, const mcu_layout *l, const occasion *o)
{
    mix_guest guests[MIX_MAX_PEOPLE];
    company(guests, o->signing, o->content);
    if (o->beside) {
        guests[o->content].who = BIT(CONTENT);
    }
    for (unsigned g = 0; g < G_N_ELEMENTS(grounds); g++) {
        g_string_append_printf(text, "-- %dx%d%s\n", grounds[g].width_px, grounds[g].height_px, o->what);
        for (unsigned n = 1; n <= 16; n++) {
            mix_place places[MIX_MAX_PEOPLE];
            mix_ground ground = grounds[g];
            ground.view = o->view;
            unsigned shown = mix_arrange(l, &ground, guests, n, places);
            write_one(text, places, shown, n);
        }
    }
}

/* Person, how the picture sits ("!" fill, "~" smart, "#" sharp), "=" a card, size and place; in drawing order. */
static void test_golden(void **state)
{
    (void)state;
    static const occasion occasions[] = {
        {"", MIX_RANK_NEVER, MIX_RANK_NEVER, false, MCU_WHO_NONE},
        {", a shows a screen", MIX_RANK_NEVER, 0, false, MCU_WHO_NONE},
        {", c signs", 2, MIX_RANK_NEVER, false, MCU_WHO_NONE},
        {", a is a screen and b signs", 1, 0, true, MCU_WHO_NONE},
    };
    json_t *list = mcu_layouts_list(shipped), *one = NULL;
    size_t i;
    assert_true(json_array_size(list) >= 8);
    json_array_foreach(list, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        const mcu_layout *l = mcu_layouts_find(shipped, name);
        GString *text = g_string_new(NULL);
        for (unsigned k = 0; k < G_N_ELEMENTS(occasions); k++) {
            write_layout(text, l, &occasions[k]);
        }
        for (mcu_who w = MCU_WHO_PATIENT; w <= MCU_WHO_OBSERVER; w++) {
            if ((MCU_LAYOUT_VIEWS & 1u << w) && mcu_layout_has_view(l, w, "A", 1280, 720)) {
                char *what = g_strdup_printf(", a %s looks", mcu_who_name(w));
                write_layout(text, l, &(occasion){what, MIX_RANK_NEVER, MIX_RANK_NEVER, false, w});
                g_free(what);
            }
        }
        char *file = g_strdup_printf("layout/of-%s.txt", name);
        golden_check(file, text->str);
        g_free(file);
        g_string_free(text, TRUE);
    }
    json_decref(list);
}

static void check_places(const mix_ground *g, const mix_place *p, unsigned n)
{
    bool seen[MIX_MAX_PEOPLE] = {false};
    for (unsigned i = 0; i < n; i++) {
        const mix_tile *t = &p[i].tile;
        assert_int_equal((t->x_px | t->y_px | t->width_px | t->height_px) & 1, 0);
        assert_true(t->x_px >= 0 && t->y_px >= 0 && t->width_px >= 2 && t->height_px >= 2);
        assert_true(t->x_px + t->width_px <= g->width_px && t->y_px + t->height_px <= g->height_px);
        assert_false(seen[p[i].guest]);
        seen[p[i].guest] = true;
    }
}

/* Any number of people on any tier: inside the picture, nobody twice, somebody there; tiles are never so small that nobody is
 * seen. */
static void test_invariants(void **state)
{
    (void)state;
    json_t *list = mcu_layouts_list(shipped), *one = NULL;
    size_t k;
    json_array_foreach(list, k, one)
    {
        const mcu_layout *l = mcu_layouts_find(shipped, json_string_value(json_object_get(one, "name")));
        for (unsigned g = 0; g < G_N_ELEMENTS(grounds); g++) {
            for (unsigned n = 0; n <= MIX_MAX_PEOPLE; n++) {
                mix_guest guests[MIX_MAX_PEOPLE];
                mix_place places[MIX_MAX_PEOPLE];
                company(guests, n % 3 ? n % 5 : MIX_RANK_NEVER, n % 4 ? MIX_RANK_NEVER : n % 7);
                unsigned shown = mix_arrange(l, &grounds[g], guests, n, places);
                assert_true(n == 0 || shown > 0);
                check_places(&grounds[g], places, shown);
                for (unsigned i = 0; n <= 16 && i < shown; i++) {
                    assert_true(places[i].tile.width_px >= 54 && places[i].tile.height_px >= 44);
                }
            }
        }
    }
    json_decref(list);
}

/* What a layout file may say, on the smallest tier that may be configured: never outside the picture, and nobody is lost. */
static void test_smallest_slots(void **state)
{
    (void)state;
    static const mix_ground small = {"A", 64, 36, MCU_WHO_NONE, 0};
    json_t *documents = json_loads("[{\"name\":\"edge\",\"title\":\"Edge\",\"arrangements\":[{\"slots\":["
                                   "{\"for\":[\"patient\"],\"at\":[0.98,0.98,0.02,0.02],\"z\":1,\"optional\":true},"
                                   "{\"for\":[\"clinician\"],\"at\":[0,0,1,1],\"optional\":true},"
                                   "{\"for\":[\"anyone\"],\"at\":[0,0.9,0.1,0.1],\"many\":40,\"optional\":true}]}]}]",
                                   0, NULL);
    GError *error = NULL;
    mcu_layouts *layouts = mcu_layouts_parse(documents, &error);
    if (!layouts) {
        fail_msg("%s", error->message);
    }
    for (unsigned n = 1; n <= MIX_MAX_PEOPLE; n++) {
        mix_guest guests[MIX_MAX_PEOPLE];
        mix_place places[MIX_MAX_PEOPLE];
        company(guests, MIX_RANK_NEVER, MIX_RANK_NEVER);
        check_places(&small, places, mix_arrange(mcu_layouts_find(layouts, "edge"), &small, guests, n, places));
    }
    mcu_layouts_free(layouts);
    json_decref(documents);
}

static mix_place place_of(const mix_place *p, unsigned n, unsigned guest)
{
    for (unsigned i = 0; i < n; i++) {
        if (p[i].guest == guest) {
            return p[i];
        }
    }
    return (mix_place){.guest = guest}; /* a tile without size */
}

/* The signer has a quarter of the picture on the large tiers and all of it on the small ones, whoever speaks. */
static void test_signer_is_safe(void **state)
{
    (void)state;
    const mcu_layout *l = mcu_layouts_find(shipped, "signer-safe");
    for (unsigned n = 2; n <= 16; n++) {
        mix_guest guests[MIX_MAX_PEOPLE];
        mix_place p[MIX_MAX_PEOPLE];
        company(guests, n - 1, MIX_RANK_NEVER);
        for (unsigned g = 0; g < G_N_ELEMENTS(grounds); g++) {
            unsigned shown = mix_arrange(l, &grounds[g], guests, n, p);
            mix_place signer = place_of(p, shown, n - 1);
            int whole = grounds[g].width_px * grounds[g].height_px;
            assert_true(signer.tile.width_px * signer.tile.height_px * 4 >= whole);
            if (MIN(grounds[g].width_px, grounds[g].height_px) < 300) {
                assert_int_equal(shown, 1);
                assert_int_equal(signer.tile.width_px * signer.tile.height_px, whole);
            }
        }
    }
}

static void test_roles_have_their_slots(void **state)
{
    (void)state;
    mix_guest guests[] = {
        {BIT(GUEST), 0, 0}, {BIT(PATIENT), MIX_RANK_NEVER, 0}, {BIT(INTERPRETER), 1, 0}, {BIT(CLINICIAN), MIX_RANK_NEVER, 0}};
    mix_place p[MIX_MAX_PEOPLE];
    unsigned n = mix_arrange(mcu_layouts_find(shipped, "interview"), &grounds[0], guests, 4, p);
    assert_int_equal(n, 4);
    assert_int_equal(place_of(p, n, 3).tile.x_px, 0); /* clinician left, patient right, the others below */
    assert_int_equal(place_of(p, n, 1).tile.x_px, 640);
    assert_true(place_of(p, n, 0).tile.y_px >= 540 && place_of(p, n, 2).tile.y_px >= 540);
}

/* Who spoke last is large on the smallest tier; who spoke before is the inset, drawn over it. */
static void test_small_tier_shows_who_speaks(void **state)
{
    (void)state;
    mix_guest guests[] = {{BIT(GUEST), 2, 0}, {BIT(GUEST), 0, 0}, {BIT(GUEST), MIX_RANK_NEVER, 0}, {BIT(GUEST), 1, 0}};
    mix_place p[MIX_MAX_PEOPLE];
    assert_int_equal(mix_arrange(mcu_layouts_find(shipped, "grid"), &grounds[3], guests, 4, p), 2);
    assert_int_equal(p[0].guest, 1);
    assert_int_equal(p[0].tile.width_px, 320);
    assert_int_equal(p[1].guest, 3);
    assert_true(p[1].tile.width_px >= 100);
    guests[2].who |= BIT(SIGNING); /* as if speaking */
    assert_int_equal(mix_arrange(mcu_layouts_find(shipped, "grid"), &grounds[3], guests, 4, p), 2);
    assert_int_equal(p[0].guest, 2);
}

/* Of several the interpreter is the one for whom the others sit here. */
static void test_interpreter_signs_first(void **state)
{
    (void)state;
    mix_guest guests[] = {{BIT(PATIENT) | BIT(SIGNING), 0, 0}, {BIT(CLINICIAN), 1, 0}, {BIT(INTERPRETER) | BIT(SIGNING), 2, 0}};
    mix_place p[MIX_MAX_PEOPLE];
    assert_int_equal(mix_arrange(mcu_layouts_find(shipped, "signer-safe"), &grounds[3], guests, 3, p), 1);
    assert_int_equal(p[0].guest, 2);
}

/* A change of speaker moves who speaks and who spoke, and nobody else. */
static void test_strip_is_steady(void **state)
{
    (void)state;
    mix_guest guests[MIX_MAX_PEOPLE];
    mix_place before[MIX_MAX_PEOPLE], after[MIX_MAX_PEOPLE];
    company(guests, MIX_RANK_NEVER, MIX_RANK_NEVER);
    const mcu_layout *l = mcu_layouts_find(shipped, "side-by-side");
    unsigned n = mix_arrange(l, &grounds[3], guests, 6, before);
    assert_int_equal(n, 2);
    guests[5].rank = 0;
    guests[1].rank = 1;
    guests[3].rank = 2;
    assert_int_equal(mix_arrange(l, &grounds[3], guests, 6, after), 2);
    assert_int_equal(place_of(before, 2, 1).tile.x_px, place_of(after, 2, 1).tile.x_px);
    assert_true(place_of(after, 2, 5).tile.width_px > 0);
}

static void test_screens_are_sharp(void **state)
{
    (void)state;
    mix_guest guests[MIX_MAX_PEOPLE];
    mix_place p[MIX_MAX_PEOPLE];
    json_t *list = mcu_layouts_list(shipped), *one = NULL;
    size_t k;
    company(guests, MIX_RANK_NEVER, 0);
    json_array_foreach(list, k, one)
    {
        const mcu_layout *l = mcu_layouts_find(shipped, json_string_value(json_object_get(one, "name")));
        for (unsigned g = 0; g < G_N_ELEMENTS(grounds); g++) {
            for (unsigned n = 1; n <= 16; n++) {
                unsigned shown = mix_arrange(l, &grounds[g], guests, n, p);
                mix_place screen = place_of(p, shown, 0);
                assert_true(!screen.tile.width_px || (screen.fit == MCU_FIT_SHARP && !screen.card));
            }
        }
    }
    json_decref(list);
}

/* A screen beside the camera has three quarters of the width on 720p and all of it on 360 lines, where somebody is the inset. */
static void test_screens_can_be_read(void **state)
{
    (void)state;
    static const char *const names[] = {"grid",      "speaker",      "side-by-side",
                                        "interview", "audio-card",   "picture-in-picture",
                                        "content",   "face-to-face", "signer-safe"};
    for (unsigned k = 0; k < G_N_ELEMENTS(names); k++) {
        for (unsigned n = 2; n <= 16; n++) {
            mix_guest guests[MIX_MAX_PEOPLE];
            mix_place p[MIX_MAX_PEOPLE];
            company(guests, MIX_RANK_NEVER, MIX_RANK_NEVER);
            guests[0] = (mix_guest){BIT(CONTENT), MIX_RANK_NEVER, 0};
            unsigned shown = mix_arrange(mcu_layouts_find(shipped, names[k]), &grounds[0], guests, n, p);
            assert_true(place_of(p, shown, 0).tile.width_px >= 960 && shown > 1);
            shown = mix_arrange(mcu_layouts_find(shipped, names[k]), &grounds[1], guests, n, p);
            assert_int_equal(place_of(p, shown, 0).tile.width_px, 640);
            assert_true(shown == 2 && p[1].guest != 0);
        }
    }
}

/* A screen and hands at a time: there are pixels enough for 20 px text of 720 lines, and for hands. Nobody is so safe that the
 * screen is not seen, nor is a screen so large that the signer who is to have a quarter has less. */
static void test_screens_and_hands(void **state)
{
    (void)state;
    json_t *list = mcu_layouts_list(shipped), *one = NULL;
    size_t k;
    json_array_foreach(list, k, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        bool safe = strcmp(name, "signer-safe") == 0;
        for (unsigned n = 2; n <= 16; n++) {
            mix_guest guests[MIX_MAX_PEOPLE];
            mix_place p[MIX_MAX_PEOPLE];
            company(guests, n - 1, MIX_RANK_NEVER);
            guests[0] = (mix_guest){BIT(CONTENT), MIX_RANK_NEVER, 0};
            for (unsigned g = 0; g <= 1; g++) {
                unsigned shown = mix_arrange(mcu_layouts_find(shipped, name), &grounds[g], guests, n, p);
                mix_tile screen = place_of(p, shown, 0).tile, hands = place_of(p, shown, n - 1).tile;
                assert_true(screen.width_px >= (g == 0 ? 800 : 640));
                assert_true(hands.width_px >= 240 && hands.height_px >= 134);
                assert_true(!safe || hands.width_px * hands.height_px * 4 >= grounds[g].width_px * grounds[g].height_px);
            }
        }
    }
    json_decref(list);
}

/* Only viewers of a role see what is made for them, and not themselves. */
static void test_views_of_roles(void **state)
{
    (void)state;
    const mcu_layout *l = mcu_layouts_find(shipped, "face-to-face");
    mix_guest guests[] = {{BIT(PATIENT), 0, 0}, {BIT(CLINICIAN), MIX_RANK_NEVER, 0}, {BIT(INTERPRETER), 1, 0}};
    mix_ground mine = grounds[0];
    mix_place p[MIX_MAX_PEOPLE];
    assert_int_equal(mix_arrange(l, &mine, guests, 2, p), 2); /* everybody's */
    mine.view = MCU_WHO_PATIENT;
    assert_int_equal(mix_arrange(l, &mine, guests, 2, p), 1);
    assert_int_equal(p[0].guest, 1);
    assert_int_equal(p[0].tile.width_px, 1280);
    assert_int_equal(mix_arrange(l, &mine, guests, 3, p), 2);
    assert_true(!place_of(p, 2, 0).tile.width_px && place_of(p, 2, 1).tile.width_px == 960);
    mine.view = MCU_WHO_CLINICIAN;
    assert_int_equal(mix_arrange(l, &mine, guests, 2, p), 1);
    assert_int_equal(p[0].guest, 0);
    assert_int_equal(mix_arrange(l, &mine, guests + 1, 1, p), 1); /* alone: himself */
    assert_true(mcu_layout_has_view(l, MCU_WHO_PATIENT, "A", 1280, 720));
    assert_false(mcu_layout_has_view(l, MCU_WHO_OBSERVER, "A", 1280, 720));
    assert_false(mcu_layout_has_view(mcu_layouts_find(shipped, "grid"), MCU_WHO_PATIENT, "A", 1280, 720));
}

static unsigned only_tile(const mix_ground *g, const mix_guest *guests, unsigned n)
{
    mix_place p[MIX_MAX_PEOPLE];
    assert_int_equal(mix_arrange(mcu_layouts_find(shipped, "grid"), g, guests, n, p), 1);
    assert_int_equal(p[0].tile.width_px, g->width_px);
    assert_int_equal(p[0].tile.height_px, g->height_px);
    return p[0].guest;
}

/* The first who speaks with hands looks at the next, everybody else who does at the first; without one, at who spoke last. */
static void test_hands_fill_the_picture(void **state)
{
    (void)state;
    mix_guest guests[] = {{BIT(CONTENT), MIX_RANK_NEVER, 0},
                          {BIT(PATIENT) | BIT(SIGNING), 0, 2},
                          {BIT(CLINICIAN), 1, 0},
                          {BIT(INTERPRETER) | BIT(SIGNING), 2, 1},
                          {BIT(GUEST), MIX_RANK_NEVER, 0}};
    const unsigned n = sizeof guests / sizeof guests[0];
    mix_ground first = {"D", 320, 180, MCU_WHO_NONE, 1}, next = {"E", 176, 144, MCU_WHO_NONE, 2};
    assert_int_equal(only_tile(&first, guests, n), 3);
    assert_int_equal(only_tile(&next, guests, n), 1);
    guests[1].signer = 0;
    assert_int_equal(only_tile(&next, guests, n), 1); /* he spoke last */
    guests[1].rank = MIX_RANK_NEVER;
    assert_int_equal(only_tile(&next, guests, n), 2);
    assert_int_equal(only_tile(&first, guests + 4, 1), 0);
}

/* An arrangement for some tiers is for no other, whatever the size. */
static void test_tiers_have_their_arrangements(void **state)
{
    (void)state;
    json_t *documents = json_loads(
        "[{\"name\":\"some\",\"title\":\"Some\",\"arrangements\":[{\"tiers\":[\"C\",\"D\"],\"people\":[1,64],\"slots\":["
        "{\"for\":[\"speaker\"],\"at\":[0,0,1,1]}]},{\"slots\":["
        "{\"for\":[\"anyone\"],\"at\":[0,0,1,1],\"many\":16}]}]}]",
        0, NULL);
    mcu_layouts *layouts = mcu_layouts_parse(documents, NULL);
    assert_non_null(layouts);
    mix_guest guests[MIX_MAX_PEOPLE];
    mix_place p[MIX_MAX_PEOPLE];
    company(guests, MIX_RANK_NEVER, MIX_RANK_NEVER);
    static const unsigned shown[] = {4, 4, 1, 1};
    for (unsigned g = 0; g < 4; g++) {
        mix_ground ground = {grounds[g].name, 640, 360, MCU_WHO_NONE, 0};
        assert_int_equal(mix_arrange(mcu_layouts_find(layouts, "some"), &ground, guests, 4, p), shown[g]);
    }
    mcu_layouts_free(layouts);
    json_decref(documents);
}

static void test_no_layout_is_the_grid(void **state)
{
    (void)state;
    mix_guest guests[MIX_MAX_PEOPLE];
    mix_place p[MIX_MAX_PEOPLE], q[MIX_MAX_PEOPLE];
    company(guests, MIX_RANK_NEVER, MIX_RANK_NEVER);
    unsigned n = mix_arrange(NULL, &grounds[0], guests, 7, p);
    assert_int_equal(n, 7);
    assert_int_equal(mix_arrange(mcu_layouts_find(shipped, "grid"), &grounds[0], guests, 7, q), 7);
    for (unsigned i = 0; i < 7; i++) {
        assert_int_equal(p[i].guest, i);
        assert_memory_equal(&p[i].tile, &q[i].tile, sizeof p[i].tile);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_invariants),
        cmocka_unit_test(test_smallest_slots),
        cmocka_unit_test(test_signer_is_safe),
        cmocka_unit_test(test_roles_have_their_slots),
        cmocka_unit_test(test_small_tier_shows_who_speaks),
        cmocka_unit_test(test_interpreter_signs_first),
        cmocka_unit_test(test_strip_is_steady),
        cmocka_unit_test(test_screens_are_sharp),
        cmocka_unit_test(test_screens_can_be_read),
        cmocka_unit_test(test_screens_and_hands),
        cmocka_unit_test(test_views_of_roles),
        cmocka_unit_test(test_hands_fill_the_picture),
        cmocka_unit_test(test_tiers_have_their_arrangements),
        cmocka_unit_test(test_no_layout_is_the_grid),
    };
    return cmocka_run_group_tests(tests, load, unload);
}
