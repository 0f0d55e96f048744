/* sources.h - the addresses that may speak SIP to us, and a filter that keeps all others out in the kernel.  Thread: the loop's.
 * A packet or a connection of another address gets no answer and costs this process nothing (classic BPF on the socket). */
#ifndef SIGNALING_PHONE_SOURCES_H
#define SIGNALING_PHONE_SOURCES_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <sys/socket.h>

#define TEL_SOURCES_MAX 64

typedef struct tel_sources tel_sources;

/* From an array of "192.0.2.7", "10.0.0.0/8", "fd00::/8". NULL: MCU_ERROR_CONFIG that names what is no network. */
tel_sources *tel_sources_new(const json_t *list, GError **error);
void tel_sources_free(tel_sources *s);
bool tel_sources_have(const tel_sources *s, const struct sockaddr *from);
/* Adds what `other` has; false = more than TEL_SOURCES_MAX. */
bool tel_sources_add(tel_sources *s, const tel_sources *other);

/* Lets only these through to a bound socket (UDP, or TCP that listens: those accepted inherit it) and drops what came before. */
bool tel_sources_guard(const tel_sources *s, int fd, GError **error);
/* Every socket of this process that is bound to `port`. Returns how many, -1 = error. */
int tel_sources_guard_port(const tel_sources *s, unsigned port, GError **error);

#endif
