#include "line_kit.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "mixer/g711.h"

void kit_booth_open(kit_booth *b, mcu_codec codec)
{
    *b = (kit_booth){.core = mix_acore_new()};
    b->line = mix_avoice_new_line(1, codec, false, NULL);
    b->listener = mix_alistener_new_line(1, 1, codec, NULL, NULL);
    assert_int_equal(mix_acore_add_voice(b->core, b->line), MCU_OK);
    assert_int_equal(mix_acore_add_listener(b->core, b->listener), MCU_OK);
}

void kit_booth_close(kit_booth *b)
{
    mix_abatch_clear(&b->batch);
    mix_acore_remove_voice(b->core, b->line);
    mix_acore_remove_listener(b->core, b->listener);
    mix_avoice_free(b->line);
    mix_alistener_free(b->listener);
    mix_acore_free(b->core);
}

const mcu_au *kit_booth_tick(kit_booth *b)
{
    int64_t now_ns = KIT_LINE_START_NS + b->tick * MIX_BLOCK_NS;
    mix_abatch_clear(&b->batch);
    mix_acore_tick(b->core, now_ns, b->tick * MIX_BLOCK, now_ns, &b->batch);
    b->tick++;
    assert_int_equal(b->batch.n, 1);
    return b->batch.out[0].au;
}

mcu_au *kit_pcmu(const int16_t *pcm48, unsigned n48, uint32_t seq, uint32_t ts, int64_t now_ns)
{
    mcu_au *au = mcu_au_new(n48 / 6);
    for (unsigned i = 0; i < n48 / 6; i++) {
        au->data[i] = mix_linear_to_ulaw(pcm48[i * 6]);
    }
    au->codec = MCU_CODEC_PCMU;
    au->seq = seq;
    au->ts = ts;
    au->time_ns = now_ns;
    return au;
}
