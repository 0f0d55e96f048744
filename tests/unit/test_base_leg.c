/* test_base_leg.c - a call's state goes through JSON and comes back the same; what does not fit is refused by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mcu/base/leg.h"
#include "mcu/base/status.h"

static mcu_leg_state whole(void)
{
    mcu_leg_state s;
    memset(&s, 0, sizeof s);
    s.codec = MCU_CODEC_PCMU;
    s.pt_out = 8;
    s.event_pt = 101;
    s.ptime_ms = 20;
    s.ssrc = 0xfedcba98;
    s.seq = 65530;
    s.ts = UINT32_MAX;
    s.latched = true;
    s.remote_ssrc = 7;
    s.remote_seq = 65535;
    s.secure = true;
    s.roc_out = 3;
    s.roc_in = UINT32_MAX;
    s.srtcp_index = 12;
    for (unsigned i = 0; i < MCU_LEG_KEY_SIZE; i++) {
        s.key_out[i] = (uint8_t)(i * 7);
        s.key_in[i] = (uint8_t)(255 - i);
    }
    assert_true(mcu_leg_address_parse("192.0.2.9:4000", &s.remote));
    assert_true(mcu_leg_address_parse("[2001:db8::5]:4001", &s.remote_rtcp));
    return s;
}

static void the_state_survives_json(void **state)
{
    (void)state;
    mcu_leg_state a = whole(), b;
    json_t *j = mcu_leg_to_json(&a);
    assert_true(mcu_leg_from_json(j, &b, NULL));
    assert_memory_equal(&a, &b, sizeof a);
    mcu_leg_json_wipe(j);
    assert_false(mcu_leg_from_json(j, &b, NULL));
    json_decref(j);
    a.secure = false;
    memset(a.key_in, 0, sizeof a.key_in);
    memset(a.key_out, 0, sizeof a.key_out);
    a.roc_in = a.roc_out = a.srtcp_index = 0;
    j = mcu_leg_to_json(&a);
    assert_true(json_is_null(json_object_get(j, "srtp")));
    assert_true(mcu_leg_from_json(j, &b, NULL));
    assert_memory_equal(&a, &b, sizeof a);
    json_decref(j);
}

static void what_does_not_fit_is_refused_by_name(void **state)
{
    (void)state;
    static const struct {
        const char *key, *value, *named;
    } rows[] = {
        {"codec", "\"H264\"", "codec"},
        {"codec", "\"speex\"", "codec"},
        {"codec", "3", "codec"},
        {"pt_in", "128", "pt_in"},
        {"pt_out", "-1", "pt_out"},
        {"pt_out", "\"8\"", "pt_out"},
        {"event_pt", "200", "event_pt"},
        {"ptime", "30", "ptime"},
        {"ptime", "0", "ptime"},
        {"ssrc", "0", "ssrc"},
        {"ssrc", "4294967296", "ssrc"},
        {"seq", "65536", "seq"},
        {"ts", "-1", "ts"},
        {"remote", "\"nowhere\"", "remote"},
        {"remote", "\"1.2.3.4\"", "remote"},
        {"remote", "\"1.2.3.4:0\"", "remote"},
        {"remote", "\"::1:5\"", "remote"},
        {"remote", "\"[1.2.3.4]:5\"", "remote"},
        {"hold", "1", "hold"},
        {"srtp", "{}", "key_out"},
        {"srtp", "{\"key_out\":\"AA==\"}", "key_out"},
        {"remote_rtcp", "false", "remote_rtcp"},
    };
    mcu_leg_state good = whole();
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        json_t *j = mcu_leg_to_json(&good);
        json_object_set_new(j, rows[i].key, json_loads(rows[i].value, JSON_DECODE_ANY, NULL));
        mcu_leg_state out, zero;
        memset(&zero, 0, sizeof zero);
        g_autoptr(GError) error = NULL;
        assert_false(mcu_leg_from_json(j, &out, &error));
        assert_true(g_error_matches(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST));
        if (strstr(error->message, rows[i].named) == NULL) {
            fail_msg("%s=%s: %s", rows[i].key, rows[i].value, error->message);
        }
        assert_memory_equal(&out, &zero, sizeof out);
        json_object_del(j, rows[i].key);
        json_decref(j);
    }
    static const char *const needed[] = {"codec", "pt_in", "pt_out", "ssrc", "seq", "ts", "remote", "srtp"};
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        json_t *j = mcu_leg_to_json(&good);
        mcu_leg_state out;
        json_object_del(j, needed[i]);
        assert_false(mcu_leg_from_json(j, &out, NULL));
        json_decref(j);
    }
}

static void a_change_touches_only_what_it_names(void **state)
{
    (void)state;
    mcu_leg_state s = whole(), before = s;
    json_t *j = json_pack("{sb ss}", "hold", 1, "remote", "192.0.2.10:9000");
    assert_true(mcu_leg_state_change(&s, j, NULL));
    assert_true(s.hold);
    before.hold = true;
    assert_true(mcu_leg_address_parse("192.0.2.10:9000", &before.remote));
    assert_memory_equal(&s, &before, sizeof s);
    json_decref(j);
    j = json_pack("{sb ss}", "hold", 0, "remote", "bad");
    assert_false(mcu_leg_state_change(&s, j, NULL));
    assert_memory_equal(&s, &before, sizeof s);
    json_decref(j);
    json_t *keys = mcu_leg_to_json(&s);
    json_object_del(json_object_get(keys, "srtp"), "roc_out");
    assert_true(mcu_leg_state_change(&s, keys, NULL));
    assert_int_equal(s.roc_out, 0); /* new keys begin anew unless they say where they are */
    json_decref(keys);
}

static void time_never_leads_back_to_a_used_number(void **state)
{
    (void)state;
    mcu_leg_state s = whole();
    uint64_t before = (uint64_t)s.roc_out << 16 | s.seq;
    mcu_leg_advance(&s, 60 * MCU_NS_PER_SEC);
    uint64_t after = (uint64_t)s.roc_out << 16 | s.seq;
    assert_true(after >= before + 3000 && after < before + 3500);
    assert_int_equal(s.roc_out, 4);
    assert_int_equal(s.ts, UINT32_MAX + (uint32_t)((after - before) * 160));
    assert_true(s.srtcp_index >= 12 + 12);
    mcu_leg_advance(&s, -5);
    assert_true(((uint64_t)s.roc_out << 16 | s.seq) > after);
}

static void addresses_come_back_as_they_went(void **state)
{
    (void)state;
    static const char *const rows[] = {"192.0.2.1:1", "[2001:db8::1]:65535", "[::1]:5004"};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        mcu_leg_address a, b;
        char text[MCU_LEG_ADDRESS_TEXT];
        assert_true(mcu_leg_address_parse(rows[i], &a));
        mcu_leg_address_text(&a, text);
        assert_string_equal(text, rows[i]);
        assert_true(mcu_leg_address_parse(text, &b));
        assert_true(mcu_leg_address_same(&a, &b));
        assert_true(mcu_leg_address_parse("192.0.2.1:2", &b));
        assert_false(mcu_leg_address_same(&a, &b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_state_survives_json),
        cmocka_unit_test(what_does_not_fit_is_refused_by_name),
        cmocka_unit_test(a_change_touches_only_what_it_names),
        cmocka_unit_test(time_never_leads_back_to_a_used_number),
        cmocka_unit_test(addresses_come_back_as_they_went),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
