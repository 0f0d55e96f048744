#include "mcu/bot/rest.h"

#include <jansson.h>
#include <string.h>

#include "mcu/base/status.h"
#include "mcu/bot/signal.h"

/* NULL with `error`, else the reply (may be an empty object); *status is the HTTP status. */
static json_t *call(const mcu_rest *r, const char *method, const char *path, json_t *take_body, unsigned *status, GError **error)
{
    g_autofree char *url = g_strconcat(r->base, path, NULL);
    g_autofree char *bearer = g_strconcat("Bearer ", r->key, NULL);
    g_autoptr(SoupMessage) m = mcu_signal_request(method, url, r->insecure);
    if (m == NULL) {
        json_decref(take_body);
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "%s is not a URL", r->base);
        return NULL;
    }
    soup_message_headers_replace(soup_message_get_request_headers(m), "Authorization", bearer);
    if (take_body != NULL) {
        char *text = json_dumps(take_body, JSON_COMPACT);
        g_autoptr(GBytes) body = g_bytes_new(text, strlen(text));
        soup_message_set_request_body_from_bytes(m, "application/json", body);
        free(text);
        json_decref(take_body);
    }
    g_autoptr(GBytes) reply = soup_session_send_and_read(r->soup, m, NULL, error);
    *status = soup_message_get_status(m);
    if (reply == NULL) {
        return NULL;
    }
    json_t *parsed = json_loadb(g_bytes_get_data(reply, NULL), g_bytes_get_size(reply), 0, NULL);
    return parsed != NULL ? parsed : json_object();
}

static char *call_for(const mcu_rest *r, const char *path, json_t *take_body, const char *member, GError **error)
{
    unsigned status = 0;
    json_t *reply = call(r, "POST", path, take_body, &status, error);
    if (reply == NULL) {
        return NULL;
    }
    char *value = g_strdup(json_string_value(json_object_get(reply, member)));
    json_decref(reply);
    if (value == NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_BAD_REQUEST, "POST %s answered %u without %s", path, status, member);
    }
    return value;
}

char *mcu_rest_room(const mcu_rest *r, const char *name_or_id, GError **error)
{
    g_autofree char *escaped = g_uri_escape_string(name_or_id, NULL, FALSE);
    g_autofree char *path = g_strconcat("/api/v1/rooms/", escaped, NULL);
    unsigned status = 0;
    json_t *reply = call(r, "GET", path, NULL, &status, error);
    if (reply == NULL) {
        return NULL;
    }
    json_decref(reply);
    return status == 200 ? g_strdup(name_or_id)
                         : call_for(r, "/api/v1/rooms", json_pack("{s:s}", "name", name_or_id), "id", error);
}

char *mcu_rest_link(const mcu_rest *r, const char *room, const char *role, const char *name, GError **error)
{
    g_autofree char *path = g_strdup_printf("/api/v1/rooms/%s/links", room);
    return call_for(r, path, json_pack("{s:s, s:s}", "role", role, "name", name), "url", error);
}
