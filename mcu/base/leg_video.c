/* The pictures of a leg as JSON. */
#include "mcu/base/leg_json.h"

#define LIMIT_MAX 100000000

static bool read_srtp(mcu_leg_video *v, const json_t *j, GError **error)
{
    const json_t *srtp = json_object_get(j, "srtp");
    if (!srtp) {
        return true;
    }
    v->secure = !json_is_null(srtp);
    return !v->secure ||
           (mcu_leg_read_key(srtp, "key_out", v->key_out, error) && mcu_leg_read_key(srtp, "key_in", v->key_in, error));
}

static bool read_limits(mcu_leg_video *v, const json_t *j, GError **error)
{
    const struct {
        const char *key;
        unsigned *value;
    } limits[] = {{"max_mbs", &v->max_mbs}, {"max_mbps", &v->max_mbps}, {"max_kbps", &v->max_kbps}};
    for (size_t i = 0; i < G_N_ELEMENTS(limits); i++) {
        json_int_t n = *limits[i].value;
        if (!mcu_leg_read_number(j, limits[i].key, 0, LIMIT_MAX, &n, error)) {
            return false;
        }
        *limits[i].value = (unsigned)n;
    }
    return true;
}

bool mcu_leg_video_read(mcu_leg_video *v, bool *has, const json_t *j, GError **error)
{
    json_int_t pt = v->pt;
    if (!j) {
        return true;
    }
    bool ok = (json_is_object(j) || mcu_leg_bad(error, "video")) && mcu_leg_read_number(j, "pt", 0, 127, &pt, error) &&
              mcu_leg_read_flag(j, "whole_units", &v->whole_units, error) && mcu_leg_read_flag(j, "send", &v->send, error) &&
              mcu_leg_read_flag(j, "recv", &v->recv, error) && mcu_leg_read_flag(j, "pli", &v->pli, error) &&
              mcu_leg_read_flag(j, "fir", &v->fir, error) && read_limits(v, j, error) &&
              mcu_leg_read_address(j, "remote", &v->remote, error) &&
              mcu_leg_read_address(j, "remote_rtcp", &v->remote_rtcp, error) && read_srtp(v, j, error);
    v->pt = (uint8_t)pt;
    *has = true;
    return ok && (v->pt == 0 || v->remote.any.sa_family != AF_UNSPEC || mcu_leg_bad(error, "video.remote"));
}

json_t *mcu_leg_video_json(const mcu_leg_video *v)
{
    json_t *srtp = v->secure
                       ? json_pack("{so so}", "key_out", mcu_leg_key_json(v->key_out), "key_in", mcu_leg_key_json(v->key_in))
                       : json_null();
    json_t *j = json_pack("{si sb sb sb sb sb sI sI sI so}", "pt", v->pt, "whole_units", v->whole_units, "send", v->send, "recv",
                          v->recv, "pli", v->pli, "fir", v->fir, "max_mbs", (json_int_t)v->max_mbs, "max_mbps",
                          (json_int_t)v->max_mbps, "max_kbps", (json_int_t)v->max_kbps, "srtp", srtp);
    mcu_leg_set_address(j, "remote", &v->remote);
    mcu_leg_set_address(j, "remote_rtcp", &v->remote_rtcp);
    return j;
}
