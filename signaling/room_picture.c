/* What lies over a room's picture by the clinic's wish: the logo, and a line of words such as a caption of what is said. */
#include <string.h>

#include "signaling/room_private.h"

static void tell_line(sig_room *r)
{
    sig_room_tell(r, json_pack("{s:s, s:s}", "type", "line", "text", r->line ? r->line : ""));
}

unsigned sig_room_line_turn(sig_room *r)
{
    return ++r->line_turns;
}

void sig_room_set_line(sig_room *r, unsigned turn, const char *text)
{
    if (turn < r->line_turn) {
        return;
    }
    r->line_turn = turn;
    g_free(r->line);
    r->line = *text ? g_strdup(text) : NULL;
    tell_line(r);
}

bool sig_room_line_begins_or_ends(const sig_room *r, const char *text)
{
    return (r->line != NULL) != (*text != '\0');
}

void sig_room_tell_picture(sig_room *r)
{
    if (r->line) {
        tell_line(r);
    }
    if (r->gateway->logo) {
        sig_room_tell(r, json_pack("{s:s, s:s}", "type", "logo", "png", r->gateway->logo));
    }
}
