/* The route table, and the pages: join links, the WebSocket, static files. */
#include <string.h>

#include "mcu/base/status.h"
#include "signaling/access.h"
#include "signaling/api_recording.h"
#include "signaling/assets.h"
#include "signaling/client.h"
#include "signaling/http_private.h"
#include "signaling/session.h"

#define GET (EVHTTP_REQ_GET | EVHTTP_REQ_HEAD)

const sig_route sig_routes[] = {
    {EVHTTP_REQ_GET, "/ws", sig_page_websocket, SIG_ACCESS_PUBLIC},
    {GET, "/j/*", sig_page_join, SIG_ACCESS_PUBLIC},
    {GET, "/r/*", sig_page_recording, SIG_ACCESS_PUBLIC},
    {GET, "/admin", sig_page_admin, SIG_ACCESS_OPERATOR},
    {GET, "/healthz", sig_api_health, SIG_ACCESS_PUBLIC},
    {GET, "/readyz", sig_api_ready, SIG_ACCESS_PUBLIC},
    {GET, "/metrics", sig_api_metrics, SIG_ACCESS_OPERATOR},
    {GET, "/api/openapi.json", sig_api_openapi, SIG_ACCESS_PUBLIC},
    {GET, "/api/messages.json", sig_api_messages, SIG_ACCESS_PUBLIC},
    {GET, "/api/v1/layouts", sig_api_list_layouts, SIG_ACCESS_ADMIN},
    {GET, "/api/v1/rooms", sig_api_list_rooms, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_POST, "/api/v1/rooms", sig_api_create_room, SIG_ACCESS_ADMIN},
    {GET, "/api/v1/rooms/*", sig_api_get_room, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_DELETE, "/api/v1/rooms/*", sig_api_end_room, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_POST, "/api/v1/rooms/*/links", sig_api_create_link, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_DELETE, "/api/v1/rooms/*/links/*", sig_api_revoke_link, SIG_ACCESS_ADMIN},
    {GET, "/api/v1/rooms/*/tiers/*", sig_api_tier_picture, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_POST, "/api/v1/rooms/*/mute-all", sig_api_mute_all, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_POST, "/api/v1/rooms/*/lock", sig_api_lock, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_PUT | EVHTTP_REQ_POST, "/api/v1/rooms/*/layout", sig_api_set_layout, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_PUT | EVHTTP_REQ_POST, "/api/v1/rooms/*/caption", sig_api_caption, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_POST, "/api/v1/rooms/*/record", sig_api_record, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_PUT | EVHTTP_REQ_POST, "/api/v1/rooms/*/recording", sig_api_set_policy, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_POST, "/api/v1/rooms/*/participants/*/consent", sig_api_consent, SIG_ACCESS_ADMIN},
    {GET, "/api/v1/recordings", sig_api_list_recordings, SIG_ACCESS_REVIEWER},
    {GET, "/api/v1/recordings/*", sig_api_get_recording, SIG_ACCESS_REVIEWER},
    {GET, "/api/v1/recordings/*/manifest", sig_api_recording_manifest, SIG_ACCESS_REVIEWER},
    {GET, "/api/v1/recordings/*/poster.jpg", sig_api_recording_poster, SIG_ACCESS_REVIEWER},
    {GET, "/api/v1/recordings/*/chapters.vtt", sig_api_recording_chapters, SIG_ACCESS_REVIEWER},
    {EVHTTP_REQ_POST, "/api/v1/recordings/*/verify", sig_api_recording_verify, SIG_ACCESS_REVIEWER},
    {EVHTTP_REQ_POST, "/api/v1/recordings/*/rewrap", sig_api_recording_rewrap, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_POST, "/api/v1/recordings/*/links", sig_api_recording_link, SIG_ACCESS_REVIEWER},
    {EVHTTP_REQ_DELETE, "/api/v1/recordings/*", sig_api_shred_recording, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_PUT | EVHTTP_REQ_POST, "/api/v1/recordings/*/hold", sig_api_hold_recording, SIG_ACCESS_REVIEWER},
    {EVHTTP_REQ_POST, "/api/v1/rooms/*/participants/*/mute", sig_api_mute, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_POST, "/api/v1/rooms/*/participants/*/tier", sig_api_tier, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_POST, "/api/v1/rooms/*/participants/*/freeze", sig_api_freeze, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_POST, "/api/v1/rooms/*/participants/*/sound", sig_api_sound, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_POST, "/api/v1/rooms/*/participants/*/admit", sig_api_admit, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_POST, "/api/v1/rooms/*/participants/*/deny", sig_api_deny, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_DELETE, "/api/v1/rooms/*/participants/*", sig_api_remove, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_POST, "/api/v1/rooms/*/pins", sig_api_create_pin, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_POST, "/api/v1/rooms/*/calls", sig_api_dial, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_DELETE, "/api/v1/rooms/*/calls/*", sig_api_hang_up, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_POST, "/api/v1/rooms/*/calls/*/transfer", sig_api_transfer, SIG_ACCESS_ADMIN},
    {GET, "/api/v1/calls", sig_api_list_calls, SIG_ACCESS_ADMIN},
    {EVHTTP_REQ_POST, "/whip/*", sig_whip_create, SIG_ACCESS_PUBLIC},
    {EVHTTP_REQ_POST, "/whep/*", sig_whip_create, SIG_ACCESS_PUBLIC},
    {EVHTTP_REQ_OPTIONS, "/whip/*", sig_whip_options, SIG_ACCESS_PUBLIC},
    {EVHTTP_REQ_OPTIONS, "/whep/*", sig_whip_options, SIG_ACCESS_PUBLIC},
    {EVHTTP_REQ_PATCH, "/whip/*/*/*", sig_whip_patch, SIG_ACCESS_PUBLIC},
    {EVHTTP_REQ_PATCH, "/whep/*/*/*", sig_whip_patch, SIG_ACCESS_PUBLIC},
    {EVHTTP_REQ_DELETE, "/whip/*/*/*", sig_whip_delete, SIG_ACCESS_PUBLIC},
    {EVHTTP_REQ_DELETE, "/whep/*/*/*", sig_whip_delete, SIG_ACCESS_PUBLIC},
    {EVHTTP_REQ_OPTIONS, "/whip/*/*/*", sig_whip_options, SIG_ACCESS_PUBLIC},
    {EVHTTP_REQ_OPTIONS, "/whep/*/*/*", sig_whip_options, SIG_ACCESS_PUBLIC},
};
const unsigned sig_n_routes = G_N_ELEMENTS(sig_routes);

/* The page is the same for every valid link; the client takes the token out of the address. Who may look at recordings comes to
 * them first, and from there into the visit. Else one page says why not. */
void sig_page_join(sig_request *q)
{
    sig_token t;
    sig_operator reviewer;
    const char *query = evhttp_uri_get_query(evhttp_request_get_evhttp_uri(q->ev));
    bool to_visit = query && strcmp(query, "visit") == 0;
    if (!to_visit && sig_access_reviews(q->gateway, q->part[0], &reviewer)) {
        sig_assets_serve(q, "/web/recordings/index.html", 200);
        return;
    }
    sig_token_status s = sig_access_check(q->gateway, q->part[0], NULL, &t);
    if (s == SIG_TOKEN_OK) {
        sig_assets_serve(q, "/web/index.html", 200);
    } else if (!sig_assets_explain(q, "/web/invalid.html", 403, sig_token_status_code(s))) {
        sig_reply_problem(q, 403, sig_token_status_code(s), sig_token_status_text(s));
    }
}

/* Answers where the REST interface does, which it asks with the key that the person gives it; shows nothing before that. */
void sig_page_admin(sig_request *q)
{
    sig_assets_serve(q, "/web/admin/index.html", 200);
}

void sig_page_websocket(sig_request *q)
{
    const char *problem = sig_ws_check_request(q->ev);
    if (problem) {
        sig_reply_header(q, "Sec-WebSocket-Version", "13");
        sig_reply_header(q, "Upgrade", "websocket");
        sig_reply_problem(q, 426, mcu_error_name(MCU_ERROR_BAD_REQUEST), problem);
        return;
    }
    if (!sig_access_origin_allowed(q->gateway->settings, sig_request_header(q, "Origin"), sig_client_host(q))) {
        sig_reply_problem(q, 403, mcu_error_name(MCU_ERROR_FORBIDDEN), "Pages of this origin may not connect.");
        return;
    }
    sig_http_note_request(q->ev, true);
    sig_session_open(q->gateway, sig_http_sockets(q->gateway->http), q->ev);
    sig_reply_release(q);
}

/* A service worker answers for what lies below it: the page of a join link, too. */
static const char *at_the_top(const char *path)
{
    static const char *const files[][2] = {
        {"/", "/web/index.html"}, {"/recordings", "/web/recordings/index.html"}, {"/sw.js", "/web/sw.js"}};
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        if (strcmp(path, files[i][0]) == 0) {
            return files[i][1];
        }
    }
    return path;
}

void sig_page_fallback(sig_request *q)
{
    bool read = evhttp_request_get_command(q->ev) == EVHTTP_REQ_GET || evhttp_request_get_command(q->ev) == EVHTTP_REQ_HEAD;
    if (!read) {
        sig_reply_problem(q, 404, mcu_error_name(MCU_ERROR_NOT_FOUND), "There is nothing here.");
        return;
    }
    if (sig_assets_is_admin(q->path) && !sig_http_may_operate(q)) {
        return;
    }
    sig_assets_serve(q, at_the_top(q->path), 200);
}
