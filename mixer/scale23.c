/* scale23.c - see scale23.h. Weights are 85/128 and 43/128: they fit the signed byte of pmaddubsw. */
#include "mixer/scale23.h"

#include <stddef.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define FAR_WEIGHT 43
#define NEAR_WEIGHT 85

static uint8_t mix2(unsigned near, unsigned far)
{
    return (uint8_t)((near * NEAR_WEIGHT + far * FAR_WEIGHT + 64) >> 7);
}

static void row_down(const uint8_t *near, const uint8_t *far, uint8_t *out, int n)
{
    for (int i = 0; i < n; i++) {
        out[i] = mix2(near[i], far[i]);
    }
}

static void row_across(const uint8_t *in, uint8_t *out, int n)
{
    for (int i = 0; i + 1 < n; i += 2, in += 3) {
        out[i] = mix2(in[0], in[1]);
        out[i + 1] = mix2(in[2], in[1]);
    }
}

typedef void (*row_down_fn)(const uint8_t *near, const uint8_t *far, uint8_t *out, int n);
typedef void (*row_across_fn)(const uint8_t *in, uint8_t *out, int n);

static void run(const uint8_t *src, int src_stride, uint8_t *dst, int dst_stride, int w, int h, row_down_fn down,
                row_across_fn across)
{
    uint8_t row[MIX_SCALE23_MAX_PX + 64];
    int n = w / 2 * 3;
    for (int y = 0; y + 1 < h; y += 2) {
        const uint8_t *a = src, *b = src + src_stride, *c = src + 2 * (ptrdiff_t)src_stride;
        down(a, b, row, n);
        across(row, dst, w);
        down(c, b, row, n);
        across(row, dst + dst_stride, w);
        src += 3 * (ptrdiff_t)src_stride;
        dst += 2 * (ptrdiff_t)dst_stride;
    }
}

void mix_scale23_plain(const uint8_t *src, int src_stride, uint8_t *dst, int dst_stride, int w, int h)
{
    run(src, src_stride, dst, dst_stride, w, h, row_down, row_across);
}

#if defined(__x86_64__)

static __m128i load(const uint8_t *p)
{
    return _mm_loadu_si128((const void *)p);
}

__attribute__((target("ssse3"))) static __m128i weigh(__m128i pairs, __m128i weights)
{
    return _mm_srli_epi16(_mm_add_epi16(_mm_maddubs_epi16(pairs, weights), _mm_set1_epi16(64)), 7);
}

__attribute__((target("ssse3"))) static void row_down_ssse3(const uint8_t *near, const uint8_t *far, uint8_t *out, int n)
{
    const __m128i weights = _mm_set1_epi16(FAR_WEIGHT << 8 | NEAR_WEIGHT);
    int i = 0;
    for (; i + 16 <= n; i += 16) {
        __m128i a = load(near + i), b = load(far + i);
        __m128i lo = weigh(_mm_unpacklo_epi8(a, b), weights), hi = weigh(_mm_unpackhi_epi8(a, b), weights);
        _mm_storeu_si128((void *)(out + i), _mm_packus_epi16(lo, hi));
    }
    row_down(near + i, far + i, out + i, n - i);
}

/* Twelve bytes in, eight out; `in` may be read four bytes beyond. */
__attribute__((target("ssse3"))) static void row_across_ssse3(const uint8_t *in, uint8_t *out, int n)
{
    const __m128i pairs = _mm_setr_epi8(0, 1, 2, 1, 3, 4, 5, 4, 6, 7, 8, 7, 9, 10, 11, 10);
    const __m128i weights = _mm_set1_epi16(FAR_WEIGHT << 8 | NEAR_WEIGHT);
    int i = 0;
    for (; i + 16 <= n; i += 16, in += 24) {
        __m128i lo = weigh(_mm_shuffle_epi8(load(in), pairs), weights),
                hi = weigh(_mm_shuffle_epi8(load(in + 12), pairs), weights);
        _mm_storeu_si128((void *)(out + i), _mm_packus_epi16(lo, hi));
    }
    row_across(in, out + i, n - i);
}

__attribute__((target("avx2"))) static __m256i weigh2(__m256i pairs, __m256i weights)
{
    return _mm256_srli_epi16(_mm256_add_epi16(_mm256_maddubs_epi16(pairs, weights), _mm256_set1_epi16(64)), 7);
}

/* Steps that do not divide end with one that overlaps the one before. */
__attribute__((target("avx2"))) static void row_down_avx2(const uint8_t *near, const uint8_t *far, uint8_t *out, int n)
{
    const __m256i weights = _mm256_set1_epi16(FAR_WEIGHT << 8 | NEAR_WEIGHT);
    if (n < 32) {
        row_down_ssse3(near, far, out, n);
        return;
    }
    for (int i = 0; i < n; i += 32) {
        int at = i + 32 <= n ? i : n - 32;
        __m256i a = _mm256_loadu_si256((const void *)(near + at)), b = _mm256_loadu_si256((const void *)(far + at));
        __m256i lo = weigh2(_mm256_unpacklo_epi8(a, b), weights), hi = weigh2(_mm256_unpackhi_epi8(a, b), weights);
        _mm256_storeu_si256((void *)(out + at), _mm256_packus_epi16(lo, hi));
    }
}

__attribute__((target("avx2"))) static void row_across_avx2(const uint8_t *in, uint8_t *out, int n)
{
    const __m128i one = _mm_setr_epi8(0, 1, 2, 1, 3, 4, 5, 4, 6, 7, 8, 7, 9, 10, 11, 10);
    const __m256i pairs = _mm256_set_m128i(one, one), weights = _mm256_set1_epi16(FAR_WEIGHT << 8 | NEAR_WEIGHT);
    if (n < 32) {
        row_across_ssse3(in, out, n);
        return;
    }
    for (int i = 0; i < n; i += 32) {
        int at = i + 32 <= n ? i : n - 32;
        const uint8_t *p = in + at / 2 * 3;
        __m256i lo = _mm256_set_m128i(load(p + 24), load(p)), hi = _mm256_set_m128i(load(p + 36), load(p + 12));
        lo = weigh2(_mm256_shuffle_epi8(lo, pairs), weights);
        hi = weigh2(_mm256_shuffle_epi8(hi, pairs), weights);
        _mm256_storeu_si256((void *)(out + at), _mm256_packus_epi16(lo, hi));
    }
}

void mix_scale23(const uint8_t *src, int src_stride, uint8_t *dst, int dst_stride, int w, int h)
{
    if (__builtin_cpu_supports("avx2")) {
        run(src, src_stride, dst, dst_stride, w, h, row_down_avx2, row_across_avx2);
    } else if (__builtin_cpu_supports("ssse3")) {
        run(src, src_stride, dst, dst_stride, w, h, row_down_ssse3, row_across_ssse3);
    } else {
        mix_scale23_plain(src, src_stride, dst, dst_stride, w, h);
    }
}

#else

void mix_scale23(const uint8_t *src, int src_stride, uint8_t *dst, int dst_stride, int w, int h)
{
    mix_scale23_plain(src, src_stride, dst, dst_stride, w, h);
}

#endif
