/* phone_far.c - tessera-phone-far: the telephones of a bench alone, for a conference that somebody else holds.
 * tessera-phone-far [-n LEGS] [-t TALKERS] [-s SECONDS]   prints the ports of its telephones as a JSON array, reads as many ports
 * of loopback to send to, in words, prints "go" when it begins, and at the end, as JSON, how long a sound takes. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bench/telephones.h"

int main(int argc, char **argv)
{
    telephones t = {.n = 10, .talkers = 10, .seconds = 10};
    if (!telephones_options(&t, argc, argv)) {
        fprintf(stderr, "tessera-phone-far [-n LEGS] [-t TALKERS] [-s SECONDS]\n");
        return 2;
    }
    for (unsigned i = 0; i < t.n; i++) {
        mcu_leg_address at;
        t.fd[i] = telephones_socket(&at);
        printf("%s%u", i ? ", " : "[", ntohs(at.v4.sin_port));
    }
    puts("]");
    fflush(stdout);
    for (unsigned i = 0; i < t.n; i++) {
        unsigned port;
        if (scanf("%u", &port) != 1 || port == 0 || port > 65535) {
            fprintf(stderr, "tessera-phone-far: port %u of %u is missing\n", i + 1, t.n);
            return 2;
        }
        t.to[i] = (mcu_leg_address){
            .v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((in_port_t)port)}};
    }
    puts("go");
    putchar('{');
    fflush(stdout);
    telephones_talk(&t, STDOUT_FILENO);
    puts("}");
    return 0;
}
