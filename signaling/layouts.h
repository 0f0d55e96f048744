/* layouts.h - the layouts that rooms may use: files of assets/layouts, read at start and again on SIGHUP.
 * Thread: the gateway's loop. */
#ifndef SIGNALING_LAYOUTS_H
#define SIGNALING_LAYOUTS_H

#include "signaling/gateway.h"

/* `assets` is the folder that holds `layouts`; without it there is the grid alone, and also when files are not good: then false,
 * and the error names file and place. */
bool sig_layouts_open(sig_gateway *g, const char *assets, GError **error);
bool sig_layouts_check(const char *assets, GError **error); /* whether they would open; without a gateway */
/* Reads them again and tells the rooms that run. Files that are not good change nothing; it is said in the log. */
void sig_layouts_reload(sig_gateway *g);
void sig_layouts_close(sig_gateway *g);

bool sig_layouts_known(const sig_gateway *g, const char *name);
/* "layout: there is no such layout; there are grid, speaker". Free with g_free. */
char *sig_layouts_problem(const sig_gateway *g, const char *member);

#endif
