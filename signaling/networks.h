/* networks.h - IP addresses and lists of networks ("10.0.0.0/8", "fd00::/8", "192.0.2.7").  Thread: any; immutable once made. */
#ifndef SIGNALING_NETWORKS_H
#define SIGNALING_NETWORKS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* Always as IPv6; IPv4 is mapped (::ffff:a.b.c.d), so that both spellings of one address are equal. */
typedef struct {
    uint8_t bytes[16];
} sig_address;

bool sig_address_parse(const char *text, sig_address *out); /* remote text is fine; without port, brackets or zone */
bool sig_address_of(const struct sockaddr *from, sig_address *out);
bool sig_address_is_loopback(const sig_address *a);
bool sig_address_is_ipv4(const sig_address *a);

typedef struct sig_networks sig_networks;
/* NULL with MCU_ERROR_CONFIG that names what is no network. */
sig_networks *sig_networks_new(const char *const *list, GError **error);
void sig_networks_free(sig_networks *n);
bool sig_networks_have(const sig_networks *n, const sig_address *a);

#endif
