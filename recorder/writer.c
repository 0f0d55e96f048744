#include "recorder/writer.h"

#include <openssl/crypto.h>

#include "mcu/base/clock.h"
#include "recorder/writer_private.h"

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

void rec_writer_free(rec_writer *w)
{
    if (w != NULL) {
        rec_writer_close(w);
        rec_files_clear(&w->files);
        json_decref(w->private_facts);
        OPENSSL_cleanse(w->config.room_private, sizeof w->config.room_private);
        g_free(w);
    }
}

static void take_picture(rec_writer *w, const mcu_au *au)
{
    rec_taken taken = rec_cutter_picture(w->cutter, au);
    if (taken == REC_OTHER_FORMAT) {
        rec_writer_end_segment(w, "format");
        rec_writer_next(w);
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
    rec_writer_say(w, "gap", gap);
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
        rec_writer_next(w);
    }
}

static void end(rec_writer *w, const rec_item *item)
{
    if (w->segment != NULL) {
        rec_writer_end_segment(w, item->text);
    }
    w->active = false;
    if (item->flag && !w->stopped) {
        rec_writer_stop(w, item->text);
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
        rec_writer_give_up(w);
    }
    rec_writer_check_space(w);
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
            rec_writer_give_up(w);
        }
    }
}
