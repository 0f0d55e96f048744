/* One segment after the other: each in the next file, until none is left. */
#include <string.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/log.h"
#include "recorder/writer_private.h"

#define LOW_CHECK_COMMITS 10

void rec_writer_say(rec_writer *w, const char *state, json_t *take)
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

void rec_writer_close(rec_writer *w)
{
    rec_cutter_free(w->cutter);
    rec_segment_free(w->segment);
    w->cutter = NULL;
    w->segment = NULL;
}

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
        rec_writer_say(w, "head", mcu_chain_head_json(rec_segment_head(w->segment)));
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
        w->cutter = rec_cutter_new((rec_cutter_sink){on_cut, w}, w->config.sound_age_ns);
        w->disk = REC_DISK_OK;
        w->waiting_key = false;
    }
    return disk;
}

static const char *code_of(rec_disk disk)
{
    return disk == REC_DISK_FULL ? "disk_full" : "disk_error";
}

void rec_writer_stop(rec_writer *w, const char *reason)
{
    w->active = false;
    w->stopped = true;
    rec_files_clear(&w->files);
    rec_writer_say(w, "stopped", json_pack("{ss}", "reason", reason));
}

static void failed(rec_writer *w, rec_disk disk)
{
    mcu_counter_add(w->metrics.failures, 1);
    mcu_warn("recording.failed", "code=%s spare=%d", code_of(disk), w->file.spare);
    w->files.main_failed = true;
    rec_files rest = w->files;
    rec_file next;
    bool goes_on = rec_files_next(&rest, &next);
    rec_writer_say(w, "error", json_pack("{ss ss sb}", "file", w->file.name, "code", code_of(disk), "next", goes_on));
}

/* Begins a segment in the next file that takes it; without one the recording is over. */
void rec_writer_next(rec_writer *w)
{
    while (rec_files_next(&w->files, &w->file)) {
        rec_disk disk = open_file(w);
        if (disk == REC_DISK_OK) {
            mcu_counter_add(w->metrics.segments, 1);
            rec_writer_say(w, "started",
                           json_pack("{ss sb sI}", "file", w->file.name, "spare", w->file.spare, "started_ms",
                                     (json_int_t)w->config.header.started_ms));
            want_key(w);
            return;
        }
        failed(w, disk);
    }
    rec_writer_say(w, "error", json_pack("{ss ss sb}", "file", "", "code", "no_file", "next", false));
    rec_writer_stop(w, "no_file");
}

static void say_ended(rec_writer *w, const char *reason, bool complete)
{
    json_t *m = mcu_chain_head_json(rec_segment_head(w->segment));
    json_object_set_new(m, "file", json_string(w->file.name));
    json_object_set_new(m, "reason", json_string(reason));
    json_object_set_new(m, "complete", json_boolean(complete));
    json_object_set_new(m, "bytes", json_integer((json_int_t)rec_segment_bytes(w->segment)));
    mcu_counter_add(w->metrics.bytes, rec_segment_bytes(w->segment));
    rec_writer_say(w, "ended", m);
}

/* The file is final. A full disk still takes the end of the segment; after any other failure nothing is written. */
void rec_writer_give_up(rec_writer *w)
{
    rec_disk disk = w->disk;
    bool complete =
        disk == REC_DISK_FULL && rec_segment_finish(w->segment, rec_cutter_end_ns(w->cutter), code_of(disk)) == REC_DISK_OK;
    if (complete) {
        note_head(w);
    }
    say_ended(w, "failed", complete);
    rec_writer_close(w);
    failed(w, disk);
    w->config.header.segment++;
    rec_writer_next(w);
}

void rec_writer_check_space(rec_writer *w)
{
    if (w->segment == NULL || w->commits++ % LOW_CHECK_COMMITS != 0) {
        return;
    }
    rec_space space = rec_space_of(rec_segment_fd(w->segment));
    if (space.low && !w->low) {
        rec_writer_say(w, "disk_low", json_pack("{sI}", "free", (json_int_t)space.free_bytes));
    }
    w->low = space.low;
}

void rec_writer_end_segment(rec_writer *w, const char *reason)
{
    bool complete = false;
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
        complete = disk == REC_DISK_OK;
        if (complete) {
            note_head(w);
        } else {
            failed(w, disk);
        }
    }
    say_ended(w, reason, complete);
    rec_writer_close(w);
    w->config.header.segment++;
}
