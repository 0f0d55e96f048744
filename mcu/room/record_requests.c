/* record_requests.c - `record` messages of the gateway. */
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/hex.h"
#include "mcu/room/caption.h"
#include "mcu/room/record_private.h"
#include "mcu/room/requests.h"

#define RESERVE_BYTES (INT64_C(1024) * 1024 * 1024)

static const char *text(const json_t *m, const char *key)
{
    return json_string_value(json_object_get(m, key));
}

static bool refuse(GError **error, int code, const char *what)
{
    g_set_error(error, MCU_ERROR, code, "%s", what);
    return false;
}

void mcu_record_answer(mcu_record *c, const char *failure)
{
    if (c->start_id == NULL) {
        return;
    }
    json_t *reply = failure == NULL ? json_pack("{ss}", "type", "ok")
                                    : json_pack("{ss ss ss}", "type", "error", "code", mcu_error_name(MCU_ERROR_UNAVAILABLE),
                                                "message", failure);
    json_object_set_new(reply, "id", g_steal_pointer(&c->start_id));
    mcu_room_send(c->room, reply, NULL);
}

/* ---- file ---- */

static mcu_record *record_for(mcu_room *r, const char *id)
{
    if (r->record == NULL) {
        r->record = g_new0(mcu_record, 1);
        r->record->room = r;
        g_strlcpy(r->record->id, id, sizeof r->record->id);
        r->record->consents = json_object();
        r->record->here = json_object();
        r->record->masked = json_object();
        r->record->own_canvas = -1;
        r->record->scenes_until = UINT64_MAX;
        r->record->state = json_object();
    }
    return r->record;
}

static bool is_usable(int fd)
{
    struct stat st;
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) == O_RDWR && (flags & O_APPEND) == 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
           st.st_size == 0;
}

static bool act_file(mcu_room *r, mcu_record *c, const json_t *m, GError **error)
{
    const char *name = text(m, "file");
    if (name == NULL || name[0] == '\0' || strlen(name) > REC_FILE_NAME_MAX) {
        return refuse(error, MCU_ERROR_BAD_REQUEST, "file needs a name of 1 to 64 characters");
    }
    if (r->n_passed != 1 || r->passed[0] < 0 || !is_usable(r->passed[0])) {
        return refuse(error, MCU_ERROR_BAD_REQUEST,
                      "file needs one descriptor: an empty regular file, open for reading and writing");
    }
    bool spare = json_is_true(json_object_get(m, "spare"));
    if (c->recorder == NULL && c->n_files == REC_FILES_MAX) {
        return refuse(error, MCU_ERROR_FULL, "16 files wait already");
    }
    int fd = r->passed[0];
    r->passed[0] = -1;
    if (c->recorder != NULL) {
        (void)rec_recorder_add_file(c->recorder, fd, name, spare);
        return true;
    }
    mcu_record_file *f = &c->files[c->n_files++];
    *f = (mcu_record_file){.fd = fd, .spare = spare};
    g_strlcpy(f->name, name, sizeof f->name);
    return true;
}

/* ---- consent ---- */

static bool add_consent(mcu_record *c, const json_t *m, GError **error)
{
    const char *seat = text(m, "seat"), *version = text(m, "version"), *method = text(m, "method");
    json_int_t time_ms = json_integer_value(json_object_get(m, "time_ms"));
    if (!mcu_valid_id(seat) || version == NULL || method == NULL || time_ms <= 0 || strlen(version) > 64 || strlen(method) > 64) {
        return refuse(error, MCU_ERROR_BAD_REQUEST, "consent needs seat, version, method and time_ms");
    }
    json_object_set_new(
        c->consents, seat,
        json_pack("{ss ss ss ss sI}", "what", "consent", "seat", seat, "version", version, "method", method, "time_ms", time_ms));
    return true;
}

static bool act_consent(mcu_room *r, mcu_record *c, const json_t *m, GError **error)
{
    const char *seat = text(m, "seat");
    bool given = json_is_true(json_object_get(m, "given"));
    if (given ? !add_consent(c, m, error) : !mcu_valid_id(seat) && !refuse(error, MCU_ERROR_BAD_REQUEST, "consent needs seat")) {
        return false;
    }
    bool took_back = !given && json_object_del(c->consents, seat) == 0;
    if (c->recorder != NULL) {
        json_t *event = given ? json_deep_copy(json_object_get(c->consents, seat))
                              : json_pack("{ss ss}", "what", took_back ? "consent_withdrawn" : "consent_refused", "seat", seat);
        rec_recorder_event(c->recorder, mcu_now_ns(), event);
    }
    if (given) {
        mcu_people_show(r); /* before everybody's picture may be recorded */
        mcu_record_settle(c);
    } else {
        mcu_record_settle(c);
        mcu_people_show(r); /* the other encoder begins with the tick on which he leaves the picture */
    }
    return true;
}

/* ---- start ---- */

static bool read_certificate(const mcu_room *r, const mcu_record *c, const json_t *m, rec_config *config, GError **error)
{
    mcu_room_certificate *cert = &config->header.certificate;
    uint8_t public_key[MCU_SIGN_KEY];
    if (r->callbacks.signing_key == NULL || !mcu_sign_public(r->callbacks.signing_key, public_key)) {
        return refuse(error, MCU_ERROR_UNAVAILABLE, "this process has no signing key");
    }
    memcpy(config->room_private, r->callbacks.signing_key, MCU_SIGN_KEY);
    if (!mcu_room_certificate_read(cert, json_object_get(m, "certificate")) || !mcu_room_certificate_check(cert, cert->issuer)) {
        return refuse(error, MCU_ERROR_BAD_REQUEST, "the certificate is not valid");
    }
    if (memcmp(cert->key, public_key, sizeof public_key) != 0 || strcmp(cert->recording, c->id) != 0 ||
        strcmp(cert->room, config->header.room) != 0) {
        return refuse(error, MCU_ERROR_BAD_REQUEST, "the certificate is for another process, recording or room");
    }
    return true;
}

static bool read_tier(const mcu_room *r, mcu_record *c, const json_t *m, rec_tier *tier, GError **error)
{
    const char *name = text(m, "tier");
    int index = name != NULL ? mcu_room_options_tier(&r->options, name) : -1;
    if (index < 0 || index >= (int)r->options.tiers.n_tiers) {
        return refuse(error, MCU_ERROR_BAD_REQUEST, "start needs the name of a tier");
    }
    const mix_tier_spec *spec = &r->options.video.tiers[index];
    *tier =
        (rec_tier){.width_px = spec->width_px, .height_px = spec->height_px, .fps = spec->fps, .bitrate_bps = spec->bitrate_bps};
    g_strlcpy(tier->name, spec->name, sizeof tier->name);
    c->tier = (unsigned)index;
    c->own_canvas = mcu_room_options_recorded(&r->options, c->tier);
    if (c->own_canvas < 0 && mcu_caption_is_apart(r->caption)) {
        return refuse(error, MCU_ERROR_BAD_REQUEST,
                      "this tier has no picture of its own for the recording: people have to see the line");
    }
    return true;
}

static bool read_keys(const json_t *m, rec_config *config, GError **error)
{
    const char *kid = text(m, "kid"), *previous = text(m, "previous");
    rec_header *h = &config->header;
    if (kid == NULL || kid[0] == '\0' || strlen(kid) > MCU_SEAL_KID_MAX ||
        !mcu_unhex(text(m, "key"), config->recipient, sizeof config->recipient)) {
        return refuse(error, MCU_ERROR_BAD_REQUEST, "start needs kid and key");
    }
    h->has_previous = previous != NULL && previous[0] != '\0';
    if (h->has_previous && !mcu_unhex(previous, h->previous, sizeof h->previous)) {
        return refuse(error, MCU_ERROR_BAD_REQUEST, "previous is not a hash");
    }
    return true;
}

static bool read_policy(mcu_record *c, const json_t *m, rec_header *h, GError **error)
{
    const char *policy = text(m, "policy");
    if (policy == NULL || (strcmp(policy, "announced") != 0 && strcmp(policy, "everyone") != 0)) {
        return refuse(error, MCU_ERROR_BAD_REQUEST, "policy is neither announced nor everyone");
    }
    g_strlcpy(h->policy, policy, sizeof h->policy);
    c->everyone = strcmp(policy, "everyone") == 0;
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(m, "consents"), i, one)
    {
        if (!add_consent(c, one, error)) {
            return false;
        }
    }
    return true;
}

static bool read_slate(const json_t *m, GError **error)
{
    const char *words = text(m, "slate");
    return words == NULL || g_utf8_strlen(words, -1) <= MCU_RECORD_SLATE_WORDS ||
           refuse(error, MCU_ERROR_BAD_REQUEST, "slate is longer than 64 characters");
}

static bool read_start(mcu_room *r, mcu_record *c, const json_t *m, rec_config *config, GError **error)
{
    rec_header *h = &config->header;
    json_int_t segment = json_integer_value(json_object_get(m, "segment"));
    const json_t *reserve = json_object_get(m, "reserve");
    const char *room = text(m, "room");
    if (segment < 0 || segment > UINT32_MAX / 2 || (reserve != NULL && json_integer_value(reserve) < 0) || !mcu_valid_id(room)) {
        return refuse(error, MCU_ERROR_BAD_REQUEST, "start needs room and segment; reserve is not negative");
    }
    h->segment = (uint32_t)segment;
    c->begun = segment > 0;
    config->sound_age_ns = MIX_AUDIO_AGE_NS;
    config->reserve_bytes = (uint64_t)(reserve != NULL ? json_integer_value(reserve) : RESERVE_BYTES);
    g_strlcpy(h->recording, c->id, sizeof h->recording);
    g_strlcpy(h->room, room, sizeof h->room);
    g_strlcpy(h->software, "tessera " TESSERA_VERSION, sizeof h->software);
    return read_slate(m, error) && read_tier(r, c, m, &h->tier, error) && read_keys(m, config, error) &&
           read_policy(c, m, h, error) && read_certificate(r, c, m, config, error);
}

static bool act_start(mcu_room *r, mcu_record *c, const json_t *m, GError **error)
{
    rec_config config = {0};
    if (c->recorder != NULL) {
        return refuse(error, MCU_ERROR_CONFLICT, "it has been started already");
    }
    if (c->n_files == 0) {
        return refuse(error, MCU_ERROR_UNAVAILABLE, "there is no file for the segment");
    }
    bool ok = read_start(r, c, m, &config, error);
    c->recorder = ok ? rec_recorder_new(r->context, &config, &mcu_record_callbacks, c, error) : NULL;
    OPENSSL_cleanse(&config, sizeof config);
    if (c->recorder == NULL) {
        mcu_record_drop(c); /* with its files */
        return false;
    }
    for (unsigned i = 0; i < c->n_files; i++) {
        (void)rec_recorder_add_file(c->recorder, c->files[i].fd, c->files[i].name, c->files[i].spare);
    }
    c->n_files = 0;
    mcu_record_forget(r);
    c->start_id = json_incref(json_object_get(m, "id"));
    mcu_record_slate_prepare(c, text(m, "slate") != NULL ? text(m, "slate") : "Recording paused");
    c->wanted = true;
    mcu_record_settle(c);
    return true;
}

/* ---- pause, resume, stop ---- */

static bool act_pause(mcu_room *r, mcu_record *c, const json_t *m, GError **error)
{
    (void)r, (void)m, (void)error;
    c->wanted = false;
    mcu_record_settle(c);
    return true;
}

static bool act_resume(mcu_room *r, mcu_record *c, const json_t *m, GError **error)
{
    (void)r, (void)m, (void)error;
    c->wanted = true;
    mcu_record_settle(c);
    return true;
}

static bool act_stop(mcu_room *r, mcu_record *c, const json_t *m, GError **error)
{
    (void)r, (void)error;
    const char *reason = text(m, "reason");
    if (c->recorder == NULL) {
        mcu_record_drop(c);
        return true;
    }
    mcu_record_stop(c, mcu_valid_id(reason) ? reason : "stop");
    return true;
}

/* That somebody wrote, not what. */
static bool act_mark(mcu_room *r, mcu_record *c, const json_t *m, GError **error)
{
    (void)r;
    const char *what = text(m, "what"), *seat = text(m, "seat");
    if (what == NULL || strcmp(what, "chat") != 0 || !mcu_valid_id(seat)) {
        return refuse(error, MCU_ERROR_BAD_REQUEST, "mark needs what and seat");
    }
    mcu_record_event(c, "chat", "seat", seat);
    return true;
}

static const struct {
    const char *name;
    bool (*act)(mcu_room *r, mcu_record *c, const json_t *m, GError **error);
    bool before_start; /* may come first */
} actions[] = {
    {"file", act_file, true},      {"start", act_start, true}, {"consent", act_consent, false}, {"pause", act_pause, false},
    {"resume", act_resume, false}, {"stop", act_stop, true},   {"mark", act_mark, false},
};

bool mcu_request_record(mcu_room *r, const json_t *m, GError **error)
{
    const char *id = text(m, "recording"), *name = text(m, "action");
    if (!mcu_valid_id(id) || name == NULL) {
        return refuse(error, MCU_ERROR_BAD_REQUEST, "record needs recording and action");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(actions); i++) {
        if (strcmp(actions[i].name, name) != 0) {
            continue;
        }
        if (r->record != NULL && strcmp(r->record->id, id) != 0) {
            return refuse(error, MCU_ERROR_CONFLICT, "another recording is under way");
        }
        if (!actions[i].before_start && (r->record == NULL || r->record->recorder == NULL)) {
            return refuse(error, MCU_ERROR_NOT_FOUND, "no such recording is under way");
        }
        mcu_record *c = record_for(r, id);
        if (c->stopping) {
            return refuse(error, MCU_ERROR_CONFLICT, "it is being stopped");
        }
        if (!actions[i].act(r, c, m, error)) {
            return false;
        }
        if (actions[i].act != act_start) { /* answered when the first segment is there */
            mcu_reply_ok(r, m);
        }
        return true;
    }
    return refuse(error, MCU_ERROR_BAD_REQUEST, "unknown action");
}
