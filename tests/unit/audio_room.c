#include "audio_room.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

double tone_hz(unsigned person)
{
    return 350 + 190 * person;
}

room *room_new(unsigned people, const mix_audio_config *config, const kit_sender_config *sender)
{
    room *r = calloc(1, sizeof *r);
    r->core = mix_acore_new();
    r->people = people;
    for (unsigned p = 0; p < people; p++) {
        r->voice[p] = mix_avoice_new(p + 1, sender->codec, NULL);
        r->listener[p] = mix_alistener_new(p + 1, p + 1, config, NULL);
        r->ear[p] = mix_adec_new(MCU_CODEC_OPUS, NULL);
        kit_link_init(&r->link[p], sender, &(kit_network){.seed = p + 1}, tone_hz(p), 0, START_NS);
        assert_int_equal(mix_acore_add_voice(r->core, r->voice[p]), MCU_OK);
        assert_int_equal(mix_acore_add_listener(r->core, r->listener[p]), MCU_OK);
    }
    return r;
}

void room_free(room *r)
{
    for (unsigned p = 0; p < r->people; p++) {
        mix_acore_remove_voice(r->core, r->voice[p]);
        mix_acore_remove_listener(r->core, r->listener[p]);
        mix_avoice_free(r->voice[p]);
        mix_alistener_free(r->listener[p]);
        mix_adec_free(r->ear[p]);
        kit_link_clear(&r->link[p]);
    }
    mix_acore_free(r->core);
    free(r);
}

void room_run(room *r, unsigned ticks)
{
    for (unsigned t = 0; t < ticks; t++, r->tick++) {
        int64_t now_ns = START_NS + r->tick * MIX_BLOCK_NS;
        for (unsigned p = 0; p < r->people; p++) {
            kit_link_step(&r->link[p], now_ns, r->voice[p]);
        }
        mix_abatch_clear(&r->batch);
        mix_acore_tick(r->core, now_ns, r->tick * MIX_BLOCK, now_ns, &r->batch);
        assert_int_equal(r->batch.n, r->people);
        for (unsigned p = 0; p < r->people; p++) {
            assert_ptr_equal(r->batch.out[p].listener, r->listener[p]);
            const mcu_au *au = r->batch.out[p].au;
            assert_int_equal(au->ts, r->tick * MIX_BLOCK);
            int16_t pcm[MIX_PACKET_MAX];
            unsigned n = 0;
            assert_int_equal(mix_adec_decode(r->ear[p], au->data, au->size, pcm, &n), MCU_OK);
            assert_int_equal(n, MIX_BLOCK);
            memcpy(r->heard[p] + r->tick * MIX_BLOCK, pcm, sizeof(int16_t) * MIX_BLOCK);
        }
    }
    mix_abatch_clear(&r->batch);
}

double heard_db(const room *r, unsigned listener, unsigned voice, unsigned last_ticks)
{
    return kit_level_db(r->heard[listener] + (r->tick - last_ticks) * MIX_BLOCK, last_ticks * MIX_BLOCK, tone_hz(voice));
}

int heard_roughness(const room *r, unsigned listener, unsigned last_ticks)
{
    return kit_roughness(r->heard[listener] + (r->tick - last_ticks) * MIX_BLOCK, last_ticks * MIX_BLOCK);
}

unsigned encodes(const room *r)
{
    mix_acore_stats s;
    mix_acore_get_stats(r->core, &s);
    return s.encodes_last_tick;
}
