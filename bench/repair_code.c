/* Which packets of pictures go into which packet of FEC, and how many of these there are. */
#include "bench/repair_kit.h"

#define WHOLE 256 /* of a protection factor */
#define FAR_MS 200

/* Packets of FEC for 256 of pictures, of keyframes: what libwebrtc's VCMNackFecMethod comes to for these sizes and rates at 2, 5,
 * 10, 20 and 30 % of loss. */
static const struct {
    int bitrate_bps;
    bool far_only; /* below FAR_MS of round trip its pictures are too small for any */
    uint8_t delta[5], key[5];
} factors[] = {
    {1200000, false, {64, 64, 100, 206, 253}, {170, 170, 255, 255, 255}},
    {400000, false, {64, 64, 64, 93, 128}, {170, 170, 249, 255, 255}},
    {150000, false, {64, 64, 64, 72, 87}, {170, 170, 253, 253, 255}},
    {64000, false, {64, 64, 64, 72, 87}, {170, 170, 234, 253, 255}},
    {30000, true, {0, 0, 0, 46, 46}, {26, 67, 112, 241, 253}},
};

static unsigned loss_step(double loss)
{
    return loss < 0.035 ? 0 : loss < 0.075 ? 1 : loss < 0.15 ? 2 : loss < 0.25 ? 3 : 4;
}

unsigned repair_ulpfec_count(const mix_tier_spec *tier, const repair_link *link, bool keyframe, unsigned k)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(factors); i++) {
        if (factors[i].bitrate_bps == tier->bitrate_bps && (!factors[i].far_only || link->rtt_ms >= FAR_MS)) {
            unsigned step = loss_step(link->loss), factor = keyframe ? factors[i].key[step] : factors[i].delta[step];
            return factor == 0 ? 0 : CLAMP((k * factor + WHOLE / 2) / WHOLE, 1, k);
        }
    }
    return 0;
}

/* Few of them: each packet is in one, neighbours in different ones. Many: each is in two, in a ring, where one that was restored
 * helps its neighbour; in three where the ring is long. */
void repair_xor_within(uint32_t first, unsigned k, unsigned m, repair_xor *out)
{
    bool ring = m > 1 && 2 * m > k;
    unsigned each = ring ? ((m >= 6 ? 3 : 2) * k + m - 1) / m : 0;
    for (unsigned i = 0; i < m; i++) {
        out[i] = (repair_xor){.base = first};
        for (unsigned j = i; !ring && j < k; j += m) {
            out[i].mask |= UINT64_C(1) << j;
        }
        for (unsigned j = 0; j < each; j++) {
            out[i].mask |= UINT64_C(1) << ((i * k / m + j + (j > 1)) % k);
        }
    }
    if (k == 2 && m == 2) { /* a ring of two would say the same twice */
        out[1].mask = 2;
    }
}

void repair_xor_window(uint32_t first, unsigned k, repair_xor *out)
{
    for (unsigned i = 0; i < k; i++) {
        uint32_t id = first + i;
        out[i] = (repair_xor){.base = id - 3, .mask = 8 | 4 | (k >= 4)};
    }
}
