/* video_mail.c - what media threads tell the loop.  Thread: deliver, ended, applied and notify from media threads; the rest the
 * loop. */
#include "mixer/video_private.h"

#include <string.h>

#define MAIL_BOUND 2048

typedef enum { MAIL_NONE = 0, MAIL_PICTURE, MAIL_ENDED, MAIL_APPLIED, MAIL_NOTICE } mail_kind;

typedef struct {
    mail_kind kind;
    mix_notice notice;
    mix_encoder *encoder; /* references */
    mix_source *source;
    mix_scene *scene;
    mcu_au *au;
} mail;

static void drop(void *message)
{
    mail *m = message;
    if (m->kind == MAIL_PICTURE) {
        mix_encoder_taken(m->encoder);
    }
    mix_encoder_unref(m->encoder);
    mix_source_unref(m->source);
    mix_scene_unref(m->scene);
    mcu_au_unref(m->au);
    g_free(m);
}

static void post(mix_video *v, mail m)
{
    mail *copy = g_new(mail, 1);
    *copy = m;
    mcu_mailbox_push(v->mail, copy);
}

void mix_video_deliver(void *user, mix_encoder *e, mcu_au *take_au)
{
    post(user, (mail){.kind = MAIL_PICTURE, .encoder = mix_encoder_ref(e), .au = take_au});
}

void mix_video_ended(void *user, mix_encoder *e)
{
    post(user, (mail){.kind = MAIL_ENDED, .encoder = mix_encoder_ref(e)});
}

void mix_video_applied(void *user, mix_scene *take_scene)
{
    post(user, (mail){.kind = MAIL_APPLIED, .scene = take_scene});
}

void mix_video_notify(void *user, mix_source *s, mix_notice what)
{
    post(user, (mail){.kind = MAIL_NOTICE, .source = mix_source_ref(s), .notice = what});
}

/* ---- on the loop ---- */

static void keep(mix_tier_entry *t, int slot, mcu_au *au)
{
    if (au->entry) {
        mix_keybank_add(t->entry_bank[slot], au);
        return;
    }
    t->encoded++;
    t->keyframes += au->keyframe;
    mix_keybank_add(t->bank[slot], au);
    if (au->keyframe) {
        mix_keybank_clear(t->entry_bank[slot]);
    }
}

static void got_picture(mix_video *v, mix_encoder *e, mcu_au *au)
{
    unsigned tier = mix_encoder_tier(e);
    int slot = mix_video_codec_slot(mix_encoder_codec(e));
    mix_tier_entry *t = &v->tiers[tier];
    if (t->encoder[slot] != e) {
        return; /* of an encoder that was told to stop */
    }
    if (t->bank[slot]) { /* not a still */
        keep(t, slot, au);
    }
    if (v->callbacks.on_picture) {
        v->callbacks.on_picture(v->user, tier, au);
    }
}

static void got_ended(mix_video *v, mix_encoder *e)
{
    if (g_ptr_array_remove_fast(v->ending, e)) {
        mix_encoder_join(e);
        mix_encoder_unref(e);
    }
}

static void got_applied(mix_video *v, const mix_scene *s)
{
    for (unsigned i = 0; i < s->n_tiers; i++) {
        mix_tier_entry *t = &v->tiers[i];
        bool live = mix_video_tier_live(t);
        unsigned n = s->tiers[i].n_tiles;
        size_t size = n * sizeof t->told[0];
        if (!live || !s->tiers[i].live || (t->n_told == (int)n && memcmp(t->told, s->tiers[i].tiles, size) == 0)) {
            continue;
        }
        memcpy(t->told, s->tiers[i].tiles, size);
        t->n_told = (int)n;
        if (v->callbacks.on_layout) {
            v->callbacks.on_layout(v->user, i, s->tiers[i].tiles, n);
        }
    }
}

static void got_notice(mix_video *v, mix_source *s, mix_notice what)
{
    mix_source_entry *e = mix_video_find_source(v, mix_source_id(s));
    if (!e || e->source != s) {
        return;
    }
    if (what == MIX_NOTICE_WANT_KEY) {
        if (v->callbacks.on_keyframe_wanted) {
            v->callbacks.on_keyframe_wanted(v->user, mix_source_id(s));
        }
        return;
    }
    mix_video_set_state(v, e, what == MIX_NOTICE_LIVE ? MIX_SOURCE_LIVE : MIX_SOURCE_REFUSED);
}

static void got_mail(void *message, void *user)
{
    mix_video *v = user;
    mail *m = message;
    switch (m->kind) {
    case MAIL_PICTURE:
        got_picture(v, m->encoder, m->au);
        break;
    case MAIL_ENDED:
        got_ended(v, m->encoder);
        break;
    case MAIL_APPLIED:
        got_applied(v, m->scene);
        break;
    case MAIL_NOTICE:
        got_notice(v, m->source, m->notice);
        break;
    case MAIL_NONE:
        break;
    }
    drop(m);
}

bool mix_video_mail_start(mix_video *v)
{
    v->mail = mcu_mailbox_new(MAIL_BOUND, drop);
    v->mail_source = v->mail ? mcu_mailbox_attach(v->mail, v->context, got_mail, v) : NULL;
    return v->mail_source != NULL;
}

void mix_video_mail_stop(mix_video *v)
{
    if (v->mail_source) {
        g_source_destroy(v->mail_source);
        g_source_unref(v->mail_source);
    }
    mcu_mailbox_free(v->mail);
}
