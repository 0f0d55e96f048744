#include "mcu/room/leg_reader.h"

#include "mcu/base/clock.h"
#include "mcu/room/leg.h"

#define EVERY_NS (20 * MCU_NS_PER_MS)
#define AHEAD_NS (4 * MCU_NS_PER_MS) /* of the tick: a timer's late millisecond, and the time it takes */
#define ALONG_US 10000

typedef struct {
    GSource base;
    mcu_leg_reader *reader;
} timer;

struct mcu_leg_reader {
    mcu_room *room;
    GSource *timer;
    int64_t tick_ns; /* one of the clock's */
};

static void set_next(const mcu_leg_reader *reader, int64_t now_ns)
{
    int64_t since_ns = now_ns + AHEAD_NS - reader->tick_ns;
    int64_t into_ns = (since_ns % EVERY_NS + EVERY_NS) % EVERY_NS;
    g_source_set_ready_time(reader->timer, (now_ns + EVERY_NS - into_ns) / 1000);
}

/* What the room does ten times a second waits for no moment of its own if it is due soon: a wake-up costs as much as two legs. */
static void take_along(GSource *ticker)
{
    int64_t due_us = g_source_get_ready_time(ticker), now_us = g_get_monotonic_time();
    if (due_us > now_us && due_us - now_us < ALONG_US) {
        g_source_set_ready_time(ticker, 0);
    }
}

static gboolean on_time(GSource *source, GSourceFunc unused, gpointer user)
{
    (void)unused;
    (void)user;
    mcu_leg_reader *reader = ((timer *)source)->reader;
    const GPtrArray *seats = reader->room->order;
    int64_t now_ns = mcu_now_ns(); /* once: what all of them need together is a twentieth of a millisecond */
    bool any = false;
    for (guint i = 0; i < seats->len; i++) {
        mcu_leg *leg = ((const mcu_seat *)seats->pdata[i])->leg;
        if (leg != NULL) {
            mcu_leg_read(leg, now_ns);
            any = true;
        }
    }
    if (any) {
        set_next(reader, mcu_now_ns());
        take_along(reader->room->ticker);
    } else {
        g_source_set_ready_time(source, -1);
    }
    return G_SOURCE_CONTINUE;
}

mcu_leg_reader *mcu_leg_reader_new(mcu_room *r)
{
    static GSourceFuncs funcs = {.dispatch = on_time};
    mcu_leg_reader *reader = g_new0(mcu_leg_reader, 1);
    reader->room = r;
    reader->timer = g_source_new(&funcs, sizeof(timer));
    ((timer *)reader->timer)->reader = reader;
    g_source_attach(reader->timer, r->context);
    return reader;
}

void mcu_leg_reader_wake(mcu_leg_reader *reader)
{
    g_source_set_ready_time(reader->timer, 0);
}

void mcu_leg_reader_free(mcu_leg_reader *reader)
{
    if (reader != NULL) {
        g_source_destroy(reader->timer);
        g_source_unref(reader->timer);
        g_free(reader);
    }
}

void mcu_leg_reader_follow(mcu_leg_reader *reader, int64_t tick_ns)
{
    reader->tick_ns = tick_ns;
}
