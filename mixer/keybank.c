/* keybank.c - see keybank.h. */
#include "mixer/keybank.h"

#include <glib.h>

struct mix_keybank {
    GPtrArray *pictures; /* empty = nothing usable until the next keyframe */
    size_t bytes, max_bytes;
};

static void unref_au(gpointer au)
{
    mcu_au_unref(au);
}

mix_keybank *mix_keybank_new(size_t max_bytes)
{
    mix_keybank *b = g_new0(mix_keybank, 1);
    b->pictures = g_ptr_array_new_with_free_func(unref_au);
    b->max_bytes = max_bytes;
    return b;
}

void mix_keybank_free(mix_keybank *b)
{
    if (b) {
        g_ptr_array_free(b->pictures, TRUE);
        g_free(b);
    }
}

void mix_keybank_clear(mix_keybank *b)
{
    g_ptr_array_set_size(b->pictures, 0);
    b->bytes = 0;
}

static const mcu_au *keyframe_of(const mix_keybank *b)
{
    return b->pictures->len ? g_ptr_array_index(b->pictures, 0) : NULL;
}

void mix_keybank_add(mix_keybank *b, mcu_au *au)
{
    if (au->keyframe) {
        mix_keybank_clear(b);
    } else if (!b->pictures->len) {
        return;
    }
    const mcu_au *key = au->keyframe ? au : keyframe_of(b);
    if (b->bytes + au->size > b->max_bytes || au->time_ns - key->time_ns > MIX_BANK_AGE_NS) {
        mix_keybank_clear(b);
        return;
    }
    g_ptr_array_add(b->pictures, mcu_au_ref(au));
    b->bytes += au->size;
}

unsigned mix_keybank_get(const mix_keybank *b, int64_t now_ns, mcu_au *const **pictures)
{
    const mcu_au *key = keyframe_of(b);
    if (!key || now_ns - key->time_ns > MIX_BANK_AGE_NS) {
        *pictures = NULL;
        return 0;
    }
    *pictures = (mcu_au *const *)b->pictures->pdata;
    return b->pictures->len;
}
