/* options.h - the gateway's command line. Thread: read once at start. */
#ifndef SIGNALING_OPTIONS_H
#define SIGNALING_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct {
    const char *data, *config;
    int port, sockets, admin_sockets; /* the last ones are the operator's */
    int64_t closing_ms;               /* -1 = not closing: else visits may go on for this long */
    bool again;                       /* an earlier gateway has served: visits may be running */
} sig_options;

/* -1 = go on, else the exit status: what was asked for has been printed, or what is wrong. */
int sig_options_read(sig_options *o, int argc, char **argv);

#endif
