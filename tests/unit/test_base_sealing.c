/* Keys, signatures and certificates of recordings: what fits opens, and nothing else does. */
#include <openssl/crypto.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "mcu/base/hex.h"
#include "mcu/base/seal_key.h"
#include "mcu/base/signing.h"

static void test_hex(void **state)
{
    (void)state;
    char text[9];
    uint8_t bytes[4];
    assert_string_equal(mcu_hex("\x00\x7f\xab\xff", 4, text), "007fabff");
    assert_true(mcu_unhex(text, bytes, 4));
    assert_memory_equal(bytes, "\x00\x7f\xab\xff", 4);
    assert_false(mcu_unhex("007fabf", bytes, 4));
    assert_false(mcu_unhex("007FABFF", bytes, 4));
    assert_false(mcu_unhex(NULL, bytes, 4));
}

/* RFC 8032 7.1, test 2. */
static void test_known_signature(void **state)
{
    (void)state;
    uint8_t key[32], public_key[32], want_public[32], signature[64], want[64];
    assert_true(mcu_unhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", key, 32));
    assert_true(mcu_unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", want_public, 32));
    assert_true(mcu_unhex("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                          "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
                          want, 64));
    assert_true(mcu_sign_public(key, public_key));
    assert_memory_equal(public_key, want_public, 32);
    assert_true(mcu_sign(key, "\x72", 1, signature));
    assert_memory_equal(signature, want, 64);
    assert_true(mcu_sign_check(public_key, "\x72", 1, signature));
    assert_false(mcu_sign_check(public_key, "\x73", 1, signature));
}

/* RFC 5869 A.1. */
static void test_known_hkdf(void **state)
{
    (void)state;
    uint8_t secret[22], salt[13], out[42], want[42];
    memset(secret, 0x0b, sizeof secret);
    assert_true(mcu_unhex("000102030405060708090a0b0c", salt, sizeof salt));
    assert_true(
        mcu_unhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865", want, sizeof want));
    assert_true(mcu_hkdf(secret, sizeof secret, salt, sizeof salt, "\xf0\xf1\xf2\xf3\xf4\xf5\xf6\xf7\xf8\xf9", out, sizeof out));
    assert_memory_equal(out, want, sizeof want);
}

static void test_wrap(void **state)
{
    (void)state;
    uint8_t private_key[32], public_key[32], other[32], other_public[32], key[32], back[32];
    char context[MCU_SEAL_CONTEXT];
    mcu_wrapped_key w = {.generation = 1};
    memset(key, 0x5a, sizeof key);
    assert_true(mcu_seal_pair_new(private_key, public_key) && mcu_seal_pair_new(other, other_public));
    assert_true(mcu_key_wrap(&w, public_key, "k1", mcu_seal_context("rec1", 3, context), key));
    assert_true(mcu_key_unwrap(&w, private_key, context, back));
    assert_memory_equal(key, back, 32);
    assert_false(mcu_key_unwrap(&w, other, context, back));
    assert_false(mcu_key_unwrap(&w, private_key, "rec1/4", back));
    for (size_t i = 0; i < sizeof w.sealed; i++) {
        mcu_wrapped_key bent = w;
        bent.sealed[i] ^= 1;
        assert_false(mcu_key_unwrap(&bent, private_key, context, back));
    }
    memset(public_key, 0, sizeof public_key); /* a point of small order */
    assert_false(mcu_key_wrap(&w, public_key, "k1", context, key));
}

static void test_page(void **state)
{
    (void)state;
    uint8_t old[32], old_public[32], fresh[32], fresh_public[32], key[32], back[32];
    mcu_wrapped_key w = {.generation = 1};
    FILE *file = tmpfile();
    int fd = fileno(file);
    memset(key, 7, sizeof key);
    assert_true(mcu_seal_pair_new(old, old_public) && mcu_seal_pair_new(fresh, fresh_public));
    assert_int_equal(mcu_key_page_read(fd, &w), MCU_EINVAL);
    assert_true(mcu_key_wrap(&w, old_public, "old", "r/0", key) && mcu_key_page_write(fd, &w));
    assert_int_equal(ftruncate(fd, MCU_KEY_PAGE), 0);
    assert_true(mcu_key_page_rewrap(fd, old, fresh_public, "new", "r/0", NULL));
    assert_int_equal(mcu_key_page_read(fd, &w), MCU_OK);
    assert_int_equal(w.generation, 2);
    assert_string_equal(w.kid, "new");
    assert_true(mcu_key_unwrap(&w, fresh, "r/0", back));
    assert_memory_equal(key, back, 32);
    assert_false(mcu_key_unwrap(&w, old, "r/0", back));
    assert_false(mcu_key_page_rewrap(fd, old, fresh_public, "new", "r/0", NULL));
    assert_true(mcu_key_page_shred(fd, NULL));
    assert_int_equal(mcu_key_page_read(fd, &w), MCU_ENOSUP);
    fclose(file);
}

/* The power fails inside a rewrap: whatever part of the new slot is there, one slot opens. */
static void test_torn_rewrap(void **state)
{
    (void)state;
    uint8_t private_key[32], public_key[32], key[32] = {1}, back[32], page[MCU_KEY_PAGE] = {0};
    mcu_wrapped_key first = {.generation = 1}, second = {.generation = 2}, read;
    assert_true(mcu_seal_pair_new(private_key, public_key));
    assert_true(mcu_key_wrap(&first, public_key, "a", "r/0", key) && mcu_key_wrap(&second, public_key, "b", "r/0", key));
    FILE *file = tmpfile();
    assert_true(mcu_key_page_write(fileno(file), &first) && mcu_key_page_write(fileno(file), &second));
    assert_int_equal(pread(fileno(file), page, sizeof page, 0), sizeof page);
    for (size_t there = 0; there <= 160; there++) {
        uint8_t torn[MCU_KEY_PAGE] = {0};
        memcpy(torn, page, MCU_KEY_SLOT + there);
        assert_int_equal(mcu_key_page_parse(torn, &read), MCU_OK);
        assert_true(mcu_key_unwrap(&read, private_key, "r/0", back));
        assert_memory_equal(key, back, 32);
    }
    fclose(file);
}

static void test_certificate(void **state)
{
    (void)state;
    uint8_t gateway[32], gateway_public[32], room[32], other_public[32];
    mcu_room_certificate c = {.recording = "rec1", .room = "room1", .issued_ms = 1700000000000}, back;
    assert_true(mcu_sign_key_new(gateway, gateway_public) && mcu_sign_key_new(room, c.key));
    assert_true(mcu_sign_key_new(room, other_public));
    assert_true(mcu_room_certificate_sign(&c, gateway));
    json_t *json = mcu_room_certificate_json(&c);
    assert_true(mcu_room_certificate_read(&back, json));
    assert_true(mcu_room_certificate_check(&back, gateway_public));
    assert_false(mcu_room_certificate_check(&back, other_public));
    back.issued_ms++;
    assert_false(mcu_room_certificate_check(&back, gateway_public));
    json_object_set_new(json, "recording", json_string("rec1\nroom1"));
    assert_false(mcu_room_certificate_read(&back, json));
    json_decref(json);
}

static void test_head(void **state)
{
    (void)state;
    uint8_t key[32], public_key[32];
    mcu_chain_head h = {.recording = "rec1", .segment = 2, .record = 9, .fragments = 4, .media_ns = INT64_C(2000000000)}, back;
    assert_true(mcu_sign_key_new(key, public_key));
    memset(h.hash, 3, sizeof h.hash);
    assert_true(mcu_chain_head_sign(&h, key));
    json_t *json = mcu_chain_head_json(&h);
    assert_true(mcu_chain_head_read(&back, json));
    assert_true(mcu_chain_head_check(&back, public_key));
    back.fragments--;
    assert_false(mcu_chain_head_check(&back, public_key));
    json_object_set_new(json, "segment", json_integer(-1));
    assert_false(mcu_chain_head_read(&back, json));
    json_decref(json);
}

static void test_signed_json(void **state)
{
    (void)state;
    uint8_t key[32], public_key[32], other[32], other_public[32];
    assert_true(mcu_sign_key_new(key, public_key) && mcu_sign_key_new(other, other_public));
    json_t *o = json_pack("{s[iii] ss}", "list", 1, 2, 3, "word", "Zo\u00eb");
    assert_true(mcu_json_sign(o, "gateway", key) && mcu_json_sign(o, "witness", other));
    assert_true(mcu_json_check(o, "gateway", public_key) && mcu_json_check(o, "witness", other_public));
    assert_false(mcu_json_check(o, "witness", public_key) || mcu_json_check(o, "nobody", public_key));
    json_object_set_new(o, "word", json_string("Zoe"));
    assert_false(mcu_json_check(o, "gateway", public_key));
    json_decref(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hex),         cmocka_unit_test(test_known_signature),
        cmocka_unit_test(test_known_hkdf),  cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_page),        cmocka_unit_test(test_torn_rewrap),
        cmocka_unit_test(test_certificate), cmocka_unit_test(test_head),
        cmocka_unit_test(test_signed_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
