#include "recorder/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/base/media.h"
#include "mcu/base/whole_io.h"

#define AHEAD (1024 * 1024) /* space asked for at a time */
#define RESERVE (64 * 1024) /* of it, kept for the end of the segment */

/* How far the chain has come. */
typedef struct {
    uint32_t next_record, fragments;
    int64_t media_ns;
    uint8_t hash[MCU_HASH];
} position;

struct rec_segment {
    int fd;
    rec_seal *seal;
    uint8_t room_private[MCU_SIGN_KEY];
    GByteArray *pending;
    uint64_t written, allocated; /* file offsets */
    bool no_allocation;          /* the file system cannot */
    position now, flushed;       /* with what is pending, without it */
    bool torn;                   /* a write began and did not end well: nothing more may be written */
    mcu_chain_head head, synced;
};

static rec_disk disk_of(int error)
{
    return error == ENOSPC || error == EDQUOT ? REC_DISK_FULL : REC_DISK_ERROR;
}

static rec_disk write_whole(int fd, const GByteArray *data, uint64_t at)
{
    return mcu_pwrite_whole(fd, data->data, data->len, at) ? REC_DISK_OK : disk_of(errno);
}

/* So that a full disk shows before a write is torn, and leaves room to end the segment. */
static rec_disk allocate(rec_segment *s, uint64_t end)
{
    if (s->no_allocation || end <= s->allocated) {
        return REC_DISK_OK;
    }
    uint64_t until = end + AHEAD;
    while (fallocate(s->fd, FALLOC_FL_KEEP_SIZE, (off_t)s->written, (off_t)(until - s->written)) != 0) {
        if (errno == EOPNOTSUPP || errno == ENOSYS) {
            s->no_allocation = true;
            return REC_DISK_OK;
        }
        if (errno != EINTR && until != end) {
            until = end; /* nearly full: what is needed now may still fit */
        } else if (errno != EINTR) {
            return disk_of(errno);
        }
    }
    s->allocated = until;
    return REC_DISK_OK;
}

static rec_disk begin(rec_segment *s, const rec_header *h, const uint8_t recipient[MCU_SEAL_KEY], const char *kid)
{
    uint8_t key[MCU_SEAL_KEY];
    char context[MCU_SEAL_CONTEXT];
    rec_header full = *h;
    mcu_wrapped_key wrapped = {.generation = 1};
    mcu_random(key, sizeof key);
    mcu_random(full.salt, sizeof full.salt);
    mcu_seal_context(h->recording, h->segment, context);
    bool ok = rec_key_check(key, full.salt, full.check) && mcu_key_wrap(&wrapped, recipient, kid, context, key);
    GByteArray *header = rec_header_pack(&full, s->now.hash);
    s->seal = ok ? rec_seal_new(key, full.salt, context, s->now.hash) : NULL;
    OPENSSL_cleanse(key, sizeof key);
    s->written = MCU_KEY_PAGE + header->len;
    rec_disk disk = s->seal != NULL ? allocate(s, s->written + RESERVE) : REC_DISK_ERROR;
    if (disk == REC_DISK_OK && (ftruncate(s->fd, MCU_KEY_PAGE) != 0 || !mcu_key_page_write(s->fd, &wrapped))) {
        disk = disk_of(errno);
    }
    if (disk == REC_DISK_OK) {
        disk = write_whole(s->fd, header, MCU_KEY_PAGE);
    }
    if (disk == REC_DISK_OK && fsync(s->fd) != 0) {
        disk = disk_of(errno);
    }
    g_byte_array_unref(header);
    return disk;
}

rec_segment *rec_segment_open(int take_fd, const rec_header *h, const uint8_t recipient[MCU_SEAL_KEY], const char *kid,
                              const uint8_t room_private[MCU_SIGN_KEY], rec_disk *disk)
{
    rec_segment *s = g_new0(rec_segment, 1);
    s->fd = take_fd;
    s->pending = g_byte_array_new();
    memcpy(s->room_private, room_private, MCU_SIGN_KEY);
    g_strlcpy(s->head.recording, h->recording, sizeof s->head.recording);
    s->head.segment = h->segment;
    *disk = begin(s, h, recipient, kid);
    s->flushed = s->now;
    s->synced = s->head;
    if (*disk != REC_DISK_OK) {
        g_clear_pointer(&s, rec_segment_free);
    }
    return s;
}

void rec_segment_free(rec_segment *s)
{
    if (s != NULL) {
        rec_seal_free(s->seal);
        OPENSSL_cleanse(s->room_private, sizeof s->room_private);
        g_byte_array_unref(s->pending);
        close(s->fd);
        g_free(s);
    }
}

void rec_segment_add(rec_segment *s, const rec_record *given, const void *payload, size_t size)
{
    rec_record r = *given;
    bool sealed = rec_type_is_sealed(r.type);
    r.size = (uint32_t)(size + (sealed ? REC_TAG : 0));
    r.index = s->now.next_record++;
    guint at = s->pending->len;
    g_byte_array_set_size(s->pending, at + REC_RECORD_HEAD + r.size);
    uint8_t *out = s->pending->data + at;
    rec_record_pack(&r, out);
    if (sealed) {
        bool ok = rec_seal_close(s->seal, &r, payload, out + REC_RECORD_HEAD);
        g_assert(ok); /* OpenSSL fails here only without memory */
    } else if (size > 0) {
        memcpy(out + REC_RECORD_HEAD, payload, size);
    }
    rec_chain(s->now.hash, out, REC_RECORD_HEAD + r.size);
    s->now.fragments += r.type == REC_FRAGMENT;
    if (r.type == REC_FRAGMENT) {
        s->now.media_ns = MAX(s->now.media_ns, r.time_ns + r.hold_ns);
    }
}

void rec_segment_add_event(rec_segment *s, int64_t at_ns, json_t *take)
{
    json_object_set_new(take, "at_ms", json_integer(at_ns / MCU_NS_PER_MS));
    char *text = json_dumps(take, JSON_COMPACT | JSON_SORT_KEYS);
    json_decref(take);
    g_assert(text != NULL);
    rec_segment_add(s, &(rec_record){.type = REC_EVENT, .time_ns = MAX(at_ns, 0)}, text, strlen(text));
    free(text);
}

static void add_head(rec_segment *s)
{
    s->head.record = s->now.next_record - 1;
    s->head.fragments = s->now.fragments;
    s->head.media_ns = s->now.media_ns;
    memcpy(s->head.hash, s->now.hash, MCU_HASH);
    bool ok = mcu_chain_head_sign(&s->head, s->room_private);
    g_assert(ok);
    rec_segment_add(s, &(rec_record){.type = REC_HEAD, .time_ns = s->now.media_ns}, s->head.signature, sizeof s->head.signature);
}

static rec_disk flush(rec_segment *s, uint64_t reserve)
{
    rec_disk disk = s->torn ? REC_DISK_ERROR : allocate(s, s->written + s->pending->len + reserve);
    if (disk != REC_DISK_OK) {
        return disk;
    }
    disk = write_whole(s->fd, s->pending, s->written);
    if (disk == REC_DISK_OK && fdatasync(s->fd) != 0) {
        disk = disk_of(errno);
    }
    s->torn = disk != REC_DISK_OK;
    s->written += s->pending->len;
    g_byte_array_set_size(s->pending, 0);
    s->flushed = s->now;
    if (!s->torn) {
        s->synced = s->head;
    }
    return disk;
}

rec_disk rec_segment_commit(rec_segment *s)
{
    add_head(s);
    return flush(s, RESERVE);
}

/* Never written, so its indices may be used again: the nonces have met no other plaintext on the disk. */
static void drop_pending(rec_segment *s)
{
    g_byte_array_set_size(s->pending, 0);
    s->now = s->flushed;
}

rec_disk rec_segment_finish(rec_segment *s, int64_t at_ns, const char *reason)
{
    drop_pending(s);
    rec_segment_add_event(s, at_ns, json_pack("{ss ss}", "what", "ended", "reason", reason));
    rec_segment_add(s, &(rec_record){.type = REC_END, .flags = REC_FLAG_LAST, .time_ns = s->now.media_ns}, NULL, 0);
    add_head(s);
    rec_disk disk = flush(s, 0);
    if (disk == REC_DISK_OK && !s->no_allocation && ftruncate(s->fd, (off_t)s->written) != 0) {
        mcu_warn("recording.space", "errno=%d", errno); /* what was set aside stays taken; the file is complete */
    }
    return disk;
}

const mcu_chain_head *rec_segment_head(const rec_segment *s)
{
    return &s->synced;
}

uint64_t rec_segment_bytes(const rec_segment *s)
{
    return s->written;
}

int rec_segment_fd(const rec_segment *s)
{
    return s->fd;
}
