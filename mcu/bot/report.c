#include "mcu/bot/report.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "mcu/base/clock.h"

enum { MOVING = 5 }; /* changes of the number that count as moving */

static const mcu_tile_tally *tile_of(const mcu_tally *t, const char *seat)
{
    for (unsigned i = 0; i < t->tiles->len; i++) {
        const mcu_tile_tally *tile = t->tiles->pdata[i];
        if (strcmp(tile->seat, seat) == 0) {
            return tile;
        }
    }
    return NULL;
}

/* How many of the others who send a marker this one has seen moving. */
static unsigned seen(mcu_crew *c, const mcu_participant_view *v, unsigned *expected)
{
    unsigned n = 0;
    *expected = 0;
    for (unsigned i = 0; i < c->participants->len; i++) {
        mcu_participant_view other;
        mcu_participant_look(c->participants->pdata[i], &other);
        if (i == v->index || !other.sends_marked || other.seat[0] == '\0') {
            continue;
        }
        const mcu_tile_tally *tile = tile_of(v->tally, other.seat);
        (*expected)++;
        n += tile != NULL && tile->changes >= MOVING;
    }
    return n;
}

static bool sees_all(mcu_crew *c, const mcu_participant_view *v)
{
    unsigned expected = 0;
    const unsigned n = seen(c, v, &expected);
    return v->tally->pictures > 0 && (!v->decodes || (n == expected && v->tally->decoded > 0));
}

bool mcu_report_all_seen(mcu_crew *c)
{
    for (unsigned i = 0; i < c->participants->len; i++) {
        mcu_participant_view v;
        mcu_participant_look(c->participants->pdata[i], &v);
        if (!sees_all(c, &v)) {
            return false;
        }
    }
    return c->participants->len > 0;
}

/* ---- JSON ---- */

/* In ms of the wall clock, which others can read as well. */
static json_int_t unix_ms(int64_t at_ns)
{
    return at_ns == 0 ? 0 : g_get_real_time() / 1000 - (mcu_now_ns() - at_ns) / MCU_NS_PER_MS;
}

static json_t *stream_json(const mcu_stream_stats *s)
{
    return json_pack("{s:I, s:I, s:I, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:s}", "packets", (json_int_t)s->packets,
                     "bytes", (json_int_t)s->bytes, "lost", (json_int_t)s->lost, "loss", s->loss, "jitter_ms", s->jitter_ms,
                     "rtx", (json_int_t)s->rtx_packets, "nacks", (json_int_t)s->nacks, "plis", (json_int_t)s->plis, "pictures",
                     (json_int_t)s->pictures, "keyframes", (json_int_t)s->keyframes, "dropped", (json_int_t)s->dropped,
                     "bitrate_bps", (json_int_t)s->bitrate_bps, "copies", (json_int_t)s->copies, "codec",
                     mcu_codec_name(s->codec));
}

static json_t *tiles_json(mcu_crew *c, const mcu_tally *t)
{
    json_t *tiles = json_array();
    for (unsigned i = 0; i < t->tiles->len; i++) {
        const mcu_tile_tally *tile = t->tiles->pdata[i];
        mcu_participant *who = mcu_crew_by_seat(c, tile->seat);
        mcu_participant_view other = {0};
        if (who != NULL) {
            mcu_participant_look(who, &other);
        }
        json_array_append_new(
            tiles, json_pack("{s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:f, s:f, s:f, s:f, s:f}", "seat", tile->seat,
                             "participant", who != NULL ? (int)other.index : -1, "person", tile->person, "frame", tile->frame,
                             "changes", (int)tile->changes, "distinct", (int)tile->distinct, "gaps", (int)tile->gaps,
                             "unreadable", (int)tile->unreadable, "wrong_person", (int)tile->wrong_person, "longest_gap_ms",
                             (double)tile->longest_gap_ns / 1e6, "frozen_ms", (double)tile->frozen_ns / 1e6, "still_ms",
                             (double)(tile->frame >= 0 ? mcu_now_ns() - tile->last_change_ns : 0) / 1e6, "latency_p50_ms",
                             mcu_tally_latency_ms(t, tile, .5), "latency_p95_ms", mcu_tally_latency_ms(t, tile, .95)));
    }
    return tiles;
}

static json_t *hearing_json(const mcu_crew *c, const mcu_participant_view *v)
{
    const mcu_hearing_stats *h = v->hearing;
    json_t *tones = json_array();
    for (unsigned i = 0; c->options->tone && v->decodes && i < MIN(c->participants->len, MCU_HEARING_MAX_TONES); i++) {
        json_array_append_new(tones,
                              json_pack("{s:i, s:i, s:f, s:i, s:b}", "participant", (int)i, "hz", (int)mcu_tone_hz(i), "level_db",
                                        h->level_db[i], "heard_windows", (int)h->heard[i], "own", i == v->index));
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:i, s:f, s:o}", "packets", (json_int_t)h->packets, "lost", (json_int_t)h->lost,
                     "late", (json_int_t)h->late, "recovered", (json_int_t)h->recovered, "windows", (int)h->windows, "rms_db",
                     h->rms_db, "tones", tones);
}

static json_t *participant_json(mcu_crew *c, const mcu_participant_view *v, bool final)
{
    const mcu_tally *t = v->tally;
    unsigned expected = 0;
    const unsigned n = seen(c, v, &expected);
    json_t *o = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:f}", "type", final ? "final" : "report", "participant", (int)v->index,
                          "seat", v->seat, "phase", mcu_participant_phase_name(v->phase), "why", v->why, "tier", v->tier,
                          "elapsed_s", (double)(mcu_now_ns() - c->start_ns) / 1e9);
    json_t *more[] = {
        json_pack("{s:I, s:i, s:I, s:i, s:I}", "unix_ms", unix_ms(mcu_now_ns()), "sent_frame", (int)v->sent_frame, "sent_unix_ms",
                  unix_ms(v->sent_ns), "said_packet", (int)v->said_packet, "said_unix_ms", unix_ms(v->said_ns)),
        json_pack("{s:f, s:f, s:f, s:i, s:i, s:I, s:I, s:I}", "join_ms", v->join_ms, "up_ms", v->up_ms, "first_picture_ms",
                  v->first_picture_ms, "signal_losses", (int)v->signal_losses, "connections", (int)v->connections,
                  "sent_pictures", (json_int_t)v->sent_pictures, "refused_pictures", (json_int_t)v->refused_pictures,
                  "keyframe_requests", (json_int_t)v->keyframe_requests),
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:i, s:f, s:i, s:i}", "frames", (json_int_t)t->pictures, "keyframes",
                  (json_int_t)t->keyframes, "decoded", (json_int_t)t->decoded, "undecodable", (json_int_t)t->undecodable,
                  "not_decoded", (json_int_t)t->dropped, "freezes", (int)t->freezes, "longest_gap_ms",
                  (double)t->longest_gap_ns / 1e6, "width", t->width_px, "height", t->height_px),
        json_pack("{s:f, s:f, s:s, s:s, s:s}", "rtt_ms", v->peer.rtt_ms, "loss", v->peer.video_in.loss, "peer",
                  mcu_peer_state_name(v->peer.state), "local_candidate", v->peer.local_candidate, "remote_candidate",
                  v->peer.remote_candidate),
        json_pack("{s:i, s:i, s:f, s:f}", "seen", (int)n, "expected", (int)expected, "latency_p50_ms",
                  mcu_tally_latency_ms(t, NULL, .5), "latency_p95_ms", mcu_tally_latency_ms(t, NULL, .95)),
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "audio_in", stream_json(&v->peer.audio_in), "video_in",
                  stream_json(&v->peer.video_in), "audio_out", stream_json(&v->peer.audio_out), "video_out",
                  stream_json(&v->peer.video_out), "tiles", tiles_json(c, t), "hearing", hearing_json(c, v)),
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(more); i++) {
        json_object_update_missing(o, more[i]);
        json_decref(more[i]);
    }
    return o;
}

static void print_json(json_t *take)
{
    char *text = json_dumps(take, JSON_COMPACT | JSON_REAL_PRECISION(6));
    if (text != NULL) {
        puts(text);
    }
    free(text);
    json_decref(take);
}

/* ---- text ---- */

static void print_text(mcu_crew *c, const mcu_participant_view *v)
{
    const mcu_tally *t = v->tally;
    unsigned expected = 0;
    const unsigned n = seen(c, v, &expected);
    printf("%2u %-10s %-12s tier %-2s %4dx%-4d frames %-6" G_GUINT64_FORMAT
           " freezes %-3u gap %4.0f ms rtt %3.0f ms loss %4.1f %% sees %u/%u",
           v->index, mcu_participant_phase_name(v->phase), v->seat, v->tier, t->width_px, t->height_px, t->pictures, t->freezes,
           (double)t->longest_gap_ns / 1e6, v->peer.rtt_ms, v->peer.video_in.loss * 100, n, expected);
    printf(" latency %.0f/%.0f ms sound %.0f dB", mcu_tally_latency_ms(t, NULL, .5), mcu_tally_latency_ms(t, NULL, .95),
           v->hearing->rms_db);
    if (c->options->tone && v->decodes) {
        printf(" hears");
        for (unsigned i = 0; i < MIN(c->participants->len, MCU_HEARING_MAX_TONES); i++) {
            printf("%s%u:%.0f", i == v->index ? " own" : " ", i, v->hearing->level_db[i]);
        }
    }
    printf("\n");
    for (unsigned i = 0; i < t->tiles->len; i++) {
        const mcu_tile_tally *tile = t->tiles->pdata[i];
        printf("     tile %-12s person %-2d frame %-4d changes %-5u gaps %u longest %.0f ms unreadable %u\n", tile->seat,
               tile->person, tile->frame, tile->changes, tile->gaps, (double)tile->longest_gap_ns / 1e6, tile->unreadable);
    }
}

/* ---- all together ---- */

static double percentile(mcu_crew *c, double p)
{
    double first[MCU_BOT_MAX_PARTICIPANTS];
    unsigned n = 0;
    for (unsigned i = 0; i < c->participants->len && n < G_N_ELEMENTS(first); i++) {
        mcu_participant_view v;
        mcu_participant_look(c->participants->pdata[i], &v);
        if (v.first_picture_ms < 0) {
            continue;
        }
        unsigned at = n++;
        for (; at > 0 && first[at - 1] > v.first_picture_ms; at--) {
            first[at] = first[at - 1];
        }
        first[at] = v.first_picture_ms;
    }
    return n == 0 ? -1 : first[(unsigned)(p * (n - 1) + 0.5)];
}

static void print_summary(mcu_crew *c)
{
    unsigned live = 0;
    const bool ok = mcu_report_all_seen(c);
    for (unsigned i = 0; i < c->participants->len; i++) {
        mcu_participant_view v;
        mcu_participant_look(c->participants->pdata[i], &v);
        live += v.up_ms >= 0;
    }
    if (c->options->json) {
        print_json(json_pack("{s:s, s:b, s:i, s:i, s:f, s:f, s:f}", "type", "summary", "ok", ok, "participants",
                             (int)c->participants->len, "connected", (int)live, "first_picture_p50_ms", percentile(c, .5),
                             "first_picture_p95_ms", percentile(c, .95), "elapsed_s",
                             (double)(mcu_now_ns() - c->start_ns) / 1e9));
    } else {
        printf("%u of %u connected; join to first picture p50 %.0f ms p95 %.0f ms; %s\n", live, c->participants->len,
               percentile(c, .5), percentile(c, .95),
               ok ? "everyone saw all the others moving" : "NOT everyone saw all the others moving");
    }
}

void mcu_report(mcu_crew *c, bool final)
{
    for (unsigned i = 0; i < c->participants->len; i++) {
        mcu_participant_view v;
        mcu_participant_look(c->participants->pdata[i], &v);
        if (c->options->json) {
            print_json(participant_json(c, &v, final));
        } else {
            print_text(c, &v);
        }
    }
    if (final) {
        print_summary(c);
    }
    fflush(stdout);
}
