#include "mcu/room/splice.h"

#define SOUND_MAX 64 /* packets that wait */

void mcu_splice_init(mcu_splice *s, mix_video *video, unsigned n_canvases, void (*out)(void *user, mcu_au *au), void *user)
{
    *s = (mcu_splice){.video = video, .out = out, .user = user, .none = n_canvases};
    s->current = s->wanted = s->next = n_canvases;
    g_queue_init(&s->old);
    g_queue_init(&s->fresh);
    g_queue_init(&s->sound);
}

static bool settled(const mcu_splice *s)
{
    return s->wanted == s->current;
}

static void give_back(mcu_splice *s, unsigned canvas)
{
    if (canvas < s->none) {
        mix_video_unuse(s->video, canvas, MCU_CODEC_H264);
    }
}

static void ask_key(mcu_splice *s, unsigned canvas)
{
    if (canvas < s->none) {
        mix_video_request_keyframe(s->video, canvas, MCU_CODEC_H264);
    }
}

/* ---- what waits ---- */

static int64_t head_ns(GQueue *q)
{
    const mcu_au *au = g_queue_peek_head(q);
    return au != NULL ? au->time_ns : INT64_MAX;
}

static void keep(GQueue *q, mcu_au *au)
{
    g_queue_push_tail(q, mcu_au_ref(au));
}

static void emit(mcu_splice *s, GQueue *q)
{
    mcu_au *au = g_queue_pop_head(q);
    s->out(s->user, au);
    mcu_au_unref(au);
}

static void emit_sound(mcu_splice *s, int64_t until_ns)
{
    while (s->sound.length > 0 && (head_ns(&s->sound) <= until_ns || s->sound.length > SOUND_MAX)) {
        emit(s, &s->sound);
    }
}

static void emit_picture(mcu_splice *s, GQueue *q)
{
    s->given_ns = head_ns(q);
    emit_sound(s, s->given_ns);
    emit(s, q);
}

/* Whether the oldest that waits of the canvas before belongs to it. */
static bool is_decided(mcu_splice *s, int64_t now_ns)
{
    int64_t at_ns = head_ns(&s->old);
    if (settled(s) || s->cut_ns != 0) {
        return true;
    }
    return at_ns <= s->fresh_ns || at_ns + MCU_SPLICE_HOLD_NS <= now_ns;
}

static void release(mcu_splice *s, int64_t now_ns)
{
    while (s->old.length > 0 && is_decided(s, now_ns)) {
        emit_picture(s, &s->old);
    }
    emit_sound(s, MIN(head_ns(&s->old), head_ns(&s->fresh)));
}

/* ---- which canvas ---- */

static void begin(mcu_splice *s, unsigned canvas)
{
    if (mix_video_use(s->video, canvas, MCU_CODEC_H264) != MCU_OK) {
        return;
    }
    s->fresh_ns = 0;
    s->fresh_broken = false;
    s->wanted = canvas;
    if (s->current == s->none) { /* there is nothing to be bridged */
        s->current = canvas;
        s->needs_key = true;
        ask_key(s, canvas);
    }
}

void mcu_splice_want(mcu_splice *s, unsigned canvas)
{
    if (s->cut_ns != 0) { /* it has begun to change: this one comes after */
        s->next = canvas;
        return;
    }
    if (canvas == s->wanted) {
        return;
    }
    if (!settled(s)) {
        give_back(s, s->wanted);
        s->wanted = s->current;
        release(s, 0);
    }
    if (canvas != s->current) {
        begin(s, canvas);
    }
}

static void finish(mcu_splice *s)
{
    release(s, 0);
    give_back(s, s->current);
    s->current = s->wanted;
    s->needs_key = s->fresh_broken;
    s->cut_ns = 0;
    s->changes++;
    s->seen_ns = s->fresh_ns;
    while (s->fresh.length > 0) {
        emit_picture(s, &s->fresh);
    }
    release(s, 0);
    unsigned next = s->next;
    s->next = s->none;
    if (next < s->none) {
        mcu_splice_want(s, next);
    }
}

/* ---- pictures ---- */

static void of_current(mcu_splice *s, mcu_au *au, bool allowed)
{
    s->seen_ns = au->time_ns;
    if (s->cut_ns != 0 && au->time_ns >= s->cut_ns) {
        finish(s); /* all before the cut have come */
        return;
    }
    if (!allowed || (s->needs_key && !au->keyframe)) {
        s->needs_key = true;
        if (allowed) {
            ask_key(s, s->current);
        }
        return;
    }
    s->needs_key = false;
    keep(&s->old, au);
}

static void cut(mcu_splice *s, const mcu_au *au)
{
    s->cut_ns = au->time_ns;
    while (s->old.length > 0 && ((const mcu_au *)g_queue_peek_tail(&s->old))->time_ns >= s->cut_ns) {
        mcu_au_unref(g_queue_pop_tail(&s->old));
    }
}

static void of_wanted(mcu_splice *s, mcu_au *au, bool allowed)
{
    s->fresh_ns = au->time_ns;
    if (s->cut_ns == 0 && !au->keyframe) {
        return;
    }
    if (s->cut_ns == 0 && (!allowed || au->time_ns <= s->given_ns)) {
        ask_key(s, s->wanted); /* this one is of no use */
        return;
    }
    if (s->cut_ns == 0) {
        cut(s, au);
    }
    s->fresh_broken = !allowed || (s->fresh_broken && !au->keyframe);
    if (!s->fresh_broken) {
        keep(&s->fresh, au);
    }
    if (s->seen_ns >= s->cut_ns || au->time_ns >= s->cut_ns + MCU_SPLICE_CHANGE_NS) {
        finish(s);
    }
}

void mcu_splice_picture(mcu_splice *s, unsigned canvas, mcu_au *au, bool allowed)
{
    if (s->video == NULL || au->codec != MCU_CODEC_H264 || au->entry || canvas >= s->none) { /* everybody's alone */
        return;
    }
    if (canvas == s->current) {
        of_current(s, au, allowed);
    } else if (canvas == s->wanted) {
        of_wanted(s, au, allowed);
    } else {
        return;
    }
    release(s, au->time_ns);
}

void mcu_splice_sound(mcu_splice *s, mcu_au *au)
{
    if (s->video == NULL) {
        return;
    }
    keep(&s->sound, au);
    if (s->cut_ns != 0 && au->time_ns >= s->cut_ns + MCU_SPLICE_CHANGE_NS) {
        finish(s);
    }
    release(s, au->time_ns);
}

void mcu_splice_restart(mcu_splice *s)
{
    ask_key(s, s->current);
    if (!settled(s)) {
        ask_key(s, s->wanted);
    }
}

void mcu_splice_clear(mcu_splice *s)
{
    if (s->video == NULL) {
        return;
    }
    s->next = s->none;
    if (s->cut_ns != 0) {
        finish(s);
    } else if (!settled(s)) {
        give_back(s, s->wanted);
        s->wanted = s->current;
    }
    release(s, 0);
    give_back(s, s->current);
    s->video = NULL;
}
