#include "signaling/phone/dialog.h"

#include <glib.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/su_alloc.h>
#include <sofia-sip/url.h>
#include <string.h>

#define ROUTES_MAX 16
#define TEXT_MAX 1024

static json_t *text_of_url(su_home_t *home, const url_t *url)
{
    const char *text = url_as_string(home, url);
    return json_string(text && strlen(text) <= TEXT_MAX ? text : "");
}

void tel_dialog_note_way(json_t **dialog, const sip_t *sip, bool caller)
{
    su_home_t home[1] = {SU_HOME_INIT(home)};
    json_t *routes = json_array();
    su_home_init(home);
    for (const sip_record_route_t *r = sip->sip_record_route; r && json_array_size(routes) < ROUTES_MAX; r = r->r_next) {
        const char *url = url_as_string(home, r->r_url);
        g_autofree char *route = g_strdup_printf("<%s>", url ? url : "");
        json_array_insert_new(routes, caller ? json_array_size(routes) : 0, json_string(route)); /* RFC 3261 12.1.1, 12.1.2 */
    }
    json_decref(*dialog);
    *dialog = json_pack("{s:o, s:o}", "routes", routes, "target",
                        sip->sip_contact ? text_of_url(home, sip->sip_contact->m_url) : json_string(""));
    su_home_deinit(home);
}

static void set_header(json_t *dialog, const char *key, su_home_t *home, const void *header)
{
    const char *text = header ? sip_header_as_string(home, header) : NULL;
    json_object_set_new(dialog, key, json_string(text && strlen(text) <= TEXT_MAX ? text : ""));
}

void tel_dialog_note_names(json_t *dialog, const sip_t *sip, bool caller)
{
    su_home_t home[1] = {SU_HOME_INIT(home)};
    su_home_init(home);
    set_header(dialog, "ours", home, caller ? (const void *)sip->sip_to : (const void *)sip->sip_from);
    set_header(dialog, "theirs", home, caller ? (const void *)sip->sip_from : (const void *)sip->sip_to);
    set_header(dialog, "id", home, sip->sip_call_id);
    json_object_set_new(dialog, "cseq", json_integer(caller || !sip->sip_cseq ? 1 : sip->sip_cseq->cs_seq));
    su_home_deinit(home);
}

bool tel_dialog_is_whole(const json_t *dialog)
{
    static const char *const needed[] = {"target", "ours", "theirs", "id"};
    for (size_t i = 0; i < G_N_ELEMENTS(needed); i++) {
        const char *v = json_string_value(json_object_get(dialog, needed[i]));
        if (!v || !*v) {
            return false;
        }
    }
    return json_is_array(json_object_get(dialog, "routes")) && json_is_integer(json_object_get(dialog, "cseq"));
}
