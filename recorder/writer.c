#include "recorder/writer.h"

#include <openssl/crypto.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "mcu/base/metrics.h"
#include "recorder/cutter.h"
#include "recorder/disk.h"
#include "recorder/segment.h"

#define LOW_CHECK_COMMITS 10

typedef struct {
    mcu_counter *segments, *bytes, *failures, *gaps[2];
    mcu_histogram *commit_seconds;
} writer_metrics;

struct rec_writer {
    rec_config config;
    rec_callbacks callbacks;
    void *user;
    rec_files files;
    rec_file file; /* of the open segment; its descriptor is the segment's */
    rec_segment *segment;
    rec_cutter *cutter;
    json_t *private_facts;
    rec_disk disk;    /* of the last commit */
    bool active;      /* between begin and end */
    bool stopped;     /* for good */
    bool waiting_key; /* one was asked for */
    unsigned commits;
    bool low;
    writer_metrics metrics;
};

static void say(rec_writer *w, const char *state, json_t *take)
{
    json_object_set_new(take, "segment", json_integer(w->config.header.segment));
    w->callbacks.message(w->user, state, take);
}

static void want_key(rec_writer *w)
{
    if (!w->waiting_key) {
        w->waiting_key = true;
        w->callbacks.keyframe_wanted(w->user);
    }
}

static void register_metrics(writer_metrics *m)
{
    static const double bounds[] = {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30};
    const char *gaps = "tessera_recording_gaps_total", *help = "times that a recording left media out, by media";
    m->segments = mcu_counter_get("tessera_recording_segments_total", NULL, "segments that were begun");
    m->bytes = mcu_counter_get("tessera_recording_bytes_total", NULL, "bytes of segments that were ended");
    m->failures = mcu_counter_get("tessera_recording_failures_total", NULL, "segments that a failed write ended");
    m->gaps[0] = mcu_counter_get(gaps, "media=\"audio\"", help);
    m->gaps[1] = mcu_counter_get(gaps, "media=\"video\"", help);
    m->commit_seconds = mcu_histogram_get("tessera_recording_commit_seconds", NULL,
                                          "time from a fragment's write to the end of its sync", bounds, G_N_ELEMENTS(bounds));
}

rec_writer *rec_writer_new(const rec_config *config, const rec_callbacks *callbacks, void *user)
{
    rec_writer *w = g_new0(rec_writer, 1);
    w->config = *config;
    w->callbacks = *callbacks;
    w->user = user;
    register_metrics(&w->metrics);
    return w;
}

static void close_segment(rec_writer *w)
{
    rec_cutter_free(w->cutter);
    rec_segment_free(w->segment);
    w->cutter = NULL;
    w->segment = NULL;
}

void rec_writer_free(rec_writer *w)
{
    if (w != NULL) {
        close_segment(w);
        rec_files_clear(&w->files);
        json_decref(w->private_facts);
        OPENSSL_cleanse(w->config.room_private, sizeof w->config.room_private);
        g_free(w);
    }
}

/* ---- one segment ---- */

static void note_head(rec_writer *w)
{
    rec_header *h = &w->config.header;
    const mcu_chain_head *head = rec_segment_head(w->segment);
    h->has_previous = true;
    memcpy(h->previous, head->hash, sizeof h->previous);
}

static void commit(rec_writer *w)
{
    int64_t start_ns = mcu_now_ns();
    w->disk = rec_segment_commit(w->segment);
    mcu_histogram_observe(w->metrics.commit_seconds, (double)(mcu_now_ns() - start_ns) * 1e-9);
    if (w->disk == REC_DISK_OK) {
        note_head(w);
        say(w, "head", mcu_chain_head_json(rec_segment_head(w->segment)));
    }
}

static void add_start(rec_writer *w, const GByteArray *init)
{
    int64_t began_ms = (mcu_wall_ns() - (mcu_now_ns() - rec_cutter_start_ns(w->cutter))) / MCU_NS_PER_MS;
    rec_segment_add(w->segment, &(rec_record){.type = REC_INIT}, init->data, init->len);
    rec_segment_add_event(
        w->segment, 0,
        json_pack("{ss ss sI}", "what", "started", "tier", w->config.header.tier.name, "wall_ms", (json_int_t)began_ms));
    if (w->private_facts != NULL) {
        char *text = json_dumps(w->private_facts, JSON_COMPACT);
        rec_segment_add(w->segment, &(rec_record){.type = REC_PRIVATE}, text, strlen(text));
        free(text);
    }
}

/* From the cutter. What cannot be written any more is left to the caller of the cutter, who looks at `disk`. */
static void on_cut(void *user, const rec_record *r, const GByteArray *payload)
{
    rec_writer *w = user;
    if (w->disk != REC_DISK_OK) {
        return;
    }
    if (r->type == REC_INIT) {
        add_start(w, payload);
    } else {
        rec_segment_add(w->segment, r, payload->data, payload->len);
    }
    commit(w);
}

static rec_disk open_file(rec_writer *w)
{
    rec_disk disk = REC_DISK_FULL;
    rec_header *h = &w->config.header;
    if (rec_space_of(w->file.fd).free_bytes < w->config.reserve_bytes) {
        close(w->file.fd);
        return disk;
    }
    h->started_ms = mcu_wall_ns() / MCU_NS_PER_MS;
    w->segment = rec_segment_open(w->file.fd, h, w->config.recipient, w->config.kid, w->config.room_private, &disk);
    if (w->segment != NULL) {
        w->cutter = rec_cutter_new((rec_cutter_sink){on_cut, w});
        w->disk = REC_DISK_OK;
        w->waiting_key = false;
    }
    return disk;
}

static const char *code_of(rec_disk disk)
{
    return disk == REC_DISK_FULL ? "disk_full" : "disk_error";
}

static void stop(rec_writer *w, const char *reason)
{
    w->active = false;
    w->stopped = true;
    rec_files_clear(&w->files);
    say(w, "stopped", json_pack("{ss}", "reason", reason));
}

static void failed(rec_writer *w, rec_disk disk)
{
    mcu_counter_add(w->metrics.failures, 1);
    mcu_warn("recording.failed", "code=%s spare=%d", code_of(disk), w->file.spare);
    w->files.main_failed = true;
    rec_files rest = w->files;
    rec_file next;
    bool goes_on = rec_files_next(&rest, &next);
    say(w, "error", json_pack("{ss ss sb}", "file", w->file.name, "code", code_of(disk), "next", goes_on));
}

/* Begins a segment in the next file that takes it; without one the recording is over. */
static void next_segment(rec_writer *w)
{
    while (rec_files_next(&w->files, &w->file)) {
        rec_disk disk = open_file(w);
        if (disk == REC_DISK_OK) {
            mcu_counter_add(w->metrics.segments, 1);
            say(w, "started",
                json_pack("{ss sb sI}", "file", w->file.name, "spare", w->file.spare, "started_ms",
                          (json_int_t)w->config.header.started_ms));
            want_key(w);
            return;
        }
        failed(w, disk);
    }
    say(w, "error", json_pack("{ss ss sb}", "file", "", "code", "no_file", "next", false));
    stop(w, "no_file");
}

static void say_ended(rec_writer *w, const char *reason)
{
    json_t *m = mcu_chain_head_json(rec_segment_head(w->segment));
    json_object_set_new(m, "file", json_string(w->file.name));
    json_object_set_new(m, "reason", json_string(reason));
    json_object_set_new(m, "bytes", json_integer((json_int_t)rec_segment_bytes(w->segment)));
    mcu_counter_add(w->metrics.bytes, rec_segment_bytes(w->segment));
    say(w, "ended", m);
}

/* The file is final. A full disk still takes the end of the segment; after any other failure nothing is written. */
static void give_up_file(rec_writer *w)
{
    rec_disk disk = w->disk;
    if (disk == REC_DISK_FULL && rec_segment_finish(w->segment, rec_cutter_end_ns(w->cutter), code_of(disk)) == REC_DISK_OK) {
        note_head(w);
    }
    say_ended(w, "failed");
    close_segment(w);
    failed(w, disk);
    w->config.header.segment++;
    next_segment(w);
}

static void check_space(rec_writer *w)
{
    if (w->segment == NULL || w->commits++ % LOW_CHECK_COMMITS != 0) {
        return;
    }
    rec_space space = rec_space_of(rec_segment_fd(w->segment));
    if (space.low && !w->low) {
        say(w, "disk_low", json_pack("{sI}", "free", (json_int_t)space.free_bytes));
    }
    w->low = space.low;
}

static void end_segment(rec_writer *w, const char *reason)
{
    rec_cutter_flush(w->cutter);
    if (w->disk == REC_DISK_OK) {
        int64_t at_ns = rec_cutter_end_ns(w->cutter), skew_ns = rec_cutter_skew_ns(w->cutter);
        rec_segment_add_event(w->segment, at_ns,
                              json_pack("{ss sI sI}", "what", "skew", "ms", (json_int_t)(skew_ns / MCU_NS_PER_MS), "filled",
                                        (json_int_t)rec_cutter_filled(w->cutter)));
        commit(w);
    }
    if (w->disk == REC_DISK_OK || w->disk == REC_DISK_FULL) {
        rec_disk disk = rec_segment_finish(w->segment, rec_cutter_end_ns(w->cutter), reason);
        if (disk == REC_DISK_OK) {
            note_head(w);
        } else {
            failed(w, disk);
        }
    }
    say_ended(w, reason);
    close_segment(w);
    w->config.header.segment++;
}

/* ---- items ---- */

static void take_picture(rec_writer *w, const mcu_au *au)
{
    rec_taken taken = rec_cutter_picture(w->cutter, au);
    if (taken == REC_OTHER_FORMAT) {
        end_segment(w, "format");
        next_segment(w);
        taken = w->segment != NULL ? rec_cutter_picture(w->cutter, au) : REC_SKIPPED;
    }
    w->waiting_key = w->waiting_key && taken != REC_TAKEN;
}

static int64_t in_segment(const rec_writer *w, int64_t at_ns)
{
    return rec_cutter_started(w->cutter) ? MAX(at_ns - rec_cutter_start_ns(w->cutter), 0) : 0;
}

static void add_gap(rec_writer *w, const rec_item *item)
{
    const char *media = item->flag ? "video" : "audio";
    json_int_t from_ms = in_segment(w, item->at_ns) / MCU_NS_PER_MS, to_ms = in_segment(w, item->to_ns) / MCU_NS_PER_MS;
    json_t *gap = json_pack("{ss sI sI ss}", "media", media, "from_ms", from_ms, "to_ms", to_ms, "why", "slow_disk");
    json_t *event = json_copy(gap);
    json_object_set_new(event, "what", json_string("gap"));
    mcu_counter_add(w->metrics.gaps[item->flag], 1);
    rec_segment_add_event(w->segment, in_segment(w, item->at_ns), event);
    say(w, "gap", gap);
}

static void set_private(rec_writer *w, rec_item *item)
{
    json_decref(w->private_facts);
    w->private_facts = g_steal_pointer(&item->json);
    if (w->segment != NULL && rec_cutter_started(w->cutter)) {
        char *text = json_dumps(w->private_facts, JSON_COMPACT);
        rec_segment_add(w->segment, &(rec_record){.type = REC_PRIVATE, .time_ns = rec_cutter_end_ns(w->cutter)}, text,
                        strlen(text));
        free(text);
    }
}

static void begin(rec_writer *w)
{
    if (!w->active && !w->stopped) {
        w->active = true;
        next_segment(w);
    }
}

static void end(rec_writer *w, const rec_item *item)
{
    if (w->segment != NULL) {
        end_segment(w, item->text);
    }
    w->active = false;
    if (item->flag && !w->stopped) {
        stop(w, item->text);
    }
}

static void add_file(rec_writer *w, rec_item *item)
{
    rec_file f = {.fd = item->fd, .spare = item->flag};
    g_strlcpy(f.name, item->text, sizeof f.name);
    item->fd = -1;
    (void)rec_files_add(&w->files, f);
}

/* What only a segment can take. */
static void take_media(rec_writer *w, rec_item *item)
{
    if (w->segment == NULL) {
        return;
    }
    if (item->kind == REC_ITEM_PICTURE) {
        take_picture(w, item->au);
    } else if (item->kind == REC_ITEM_SOUND) {
        (void)rec_cutter_sound(w->cutter, item->au);
    } else if (item->kind == REC_ITEM_GAP) {
        add_gap(w, item);
    } else {
        rec_segment_add_event(w->segment, in_segment(w, item->at_ns), g_steal_pointer(&item->json));
    }
    if (w->segment != NULL && w->disk != REC_DISK_OK) {
        give_up_file(w);
    }
    check_space(w);
}

void rec_writer_item(rec_writer *w, rec_item *item)
{
    switch (item->kind) {
    case REC_ITEM_PICTURE:
    case REC_ITEM_SOUND:
    case REC_ITEM_GAP:
    case REC_ITEM_EVENT:
        take_media(w, item);
        break;
    case REC_ITEM_PRIVATE:
        set_private(w, item);
        break;
    case REC_ITEM_FILE:
        add_file(w, item);
        break;
    case REC_ITEM_BEGIN:
        begin(w);
        break;
    case REC_ITEM_END:
        end(w, item);
        break;
    case REC_ITEM_NONE:
    case REC_ITEM_QUIT:
        break;
    }
}

bool rec_writer_waits(const rec_writer *w)
{
    return w->segment != NULL && rec_cutter_started(w->cutter);
}

void rec_writer_flush(rec_writer *w)
{
    if (rec_writer_waits(w)) {
        rec_cutter_flush(w->cutter);
        if (w->disk != REC_DISK_OK) {
            give_up_file(w);
        }
    }
}
