/* What a room's process is told when it opens: settings, layouts, and the seats that there are. */
#include "signaling/hears.h"
#include "signaling/permissions.h"
#include "signaling/room_private.h"
#include "signaling/supervisor.h"

json_t *sig_room_seat_json(const sig_seat_facts *s)
{
    sig_role role = sig_role_of(s->role);
    char hears[SIG_HEARS_MAX + 1];
    sig_hears_of(s, hears);
    return json_pack("{s:s, s:s, s:s, s:b, s:b, s:s, s:b, s:b, s:s, s:b, s:b}", "seat", s->id, "name", s->name, "role", s->role,
                     "host", s->host, "muted", s->muted, "tier", s->tier, "fixed", s->fixed, "signing", s->signing, "hears",
                     hears, "sends_audio", sig_may(SIG_MAY_AUDIO, role, s->host), "sends_video",
                     sig_may(SIG_MAY_VIDEO, role, s->host));
}

static json_t *media_json(const sig_room *r)
{
    const sig_settings *s = r->gateway->settings;
    json_t *addresses = json_array();
    for (const char *const *a = s->addresses; *a; a++) {
        json_array_append_new(addresses, json_string(*a));
    }
    json_t *media =
        json_pack("{s:o, s:s, s:i, s:i, s:b, s:s, s:s}", "addresses", addresses, "nat_address", s->nat_address, "port_min",
                  s->port_min, "port_max", s->port_max, "ice_tcp", s->ice_tcp, "denoise", s->denoise, "stun", "");
    sig_ice_add_to_room(r->gateway->ice, media, r->id, sig_now_s());
    return media;
}

json_t *sig_room_layouts_json(const sig_room *r)
{
    return json_incref(
        (json_t *)(uintptr_t)mcu_layouts_documents(r->gateway->layouts)); /* jansson counts in what is not changed */
}

static json_t *config_json(const sig_room *r)
{
    const sig_settings *s = r->gateway->settings;
    json_t *tiers = json_array();
    for (unsigned i = 0; i < s->n_tiers; i++) {
        const sig_tier *t = &s->tiers[i];
        json_array_append_new(tiers,
                              json_pack("{s:s, s:i, s:i, s:i, s:i, s:i}", "name", t->name, "width", t->width_px, "height",
                                        t->height_px, "fps", t->fps, "every", t->every_s, "bitrate", t->bitrate_kbps * 1000));
    }
    return json_pack("{s:o, s:o, s:{s:i}, s:I, s:s, s:o, s:s, s:O*, s:s}", "media", media_json(r), "tiers", tiers, "limits",
                     "seats", (int)s->max_seats, "empty_seconds", (json_int_t)s->empty_seconds, "preset", s->preset, "layouts",
                     sig_room_layouts_json(r), "layout", sig_facts_room(r->gateway->facts, r->id)->layout, "keypad",
                     s->phone.keypad, "recorded_view", s->recording_view);
}

json_t *sig_room_open_json(const sig_room *r)
{
    const sig_room_facts *f = sig_facts_room(r->gateway->facts, r->id);
    json_t *seats = json_array();
    GHashTableIter i;
    void *seat = NULL;
    g_hash_table_iter_init(&i, f->seats);
    while (g_hash_table_iter_next(&i, NULL, &seat)) {
        json_t *one = sig_room_seat_json(seat);
        json_t *sound = json_object_get(r->sounds, ((const sig_seat_facts *)seat)->id);
        if (sound) {
            json_object_set(one, "sound", sound);
        }
        json_array_append_new(seats, one);
    }
    return json_pack("{s:s, s:s, s:s, s:o, s:o}", "type", "open", "room", r->id, "name", f->name, "config", config_json(r),
                     "seats", seats);
}
