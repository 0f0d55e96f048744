/* The body of a PATCH, taken and put into an offer; any text as the offer or answer that a fragment is made with. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "signaling/sdpfrag.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool good)
{
    if (!good) {
        abort();
    }
}

static const char offer[] =
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
    "a=ice-ufrag:former\r\na=ice-pwd:0123456789012345678901\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\n";

static unsigned lines(const char *text, const char *prefix)
{
    unsigned n = 0;
    for (const char *at = text; (at = strstr(at, prefix)); at++) {
        n += at == text || at[-1] == '\n';
    }
    return n;
}

/* Whatever a device sends, the offer keeps its own lines and gets none but those of ICE. */
static void put_into_an_offer(const sig_sdpfrag *f)
{
    g_autofree char *restart = sig_sdp_with_restart(offer, f);
    g_autofree char *ufrag = sig_sdp_ufrag(restart);
    check(strcmp(ufrag, f->ufrag) == 0 && lines(restart, "m=") == 2 && lines(restart, "a=mid:") == 2);
    check(lines(restart, "a=candidate:") == f->n_candidates && lines(restart, "a=ice-ufrag:") == 2);
    check(strcspn(restart, "\r") == strlen("v=0"));
    for (const char *at = strchr(restart, '\r'); at; at = strchr(at + 1, '\r')) {
        check(at[1] == '\n');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    sig_sdpfrag f;
    g_autoptr(GError) error = NULL;
    g_autofree char *exact = g_memdup2(data, size);
    bool ok = sig_sdpfrag_parse(exact ? exact : "", size, &f, &error);
    check(ok == (error == NULL) && f.n_candidates <= SIG_SDPFRAG_CANDIDATES && !f.ufrag == !f.pwd);
    if (ok && f.ufrag) {
        put_into_an_offer(&f);
    }
    sig_sdpfrag_clear(&f);
    g_autofree char *text = g_strndup((const char *)data, size);
    g_autofree char *ufrag = sig_sdp_ufrag(text);
    g_autofree char *fragment = sig_sdpfrag_of_answer(text);
    check(lines(fragment, "m=") <= 1 && (!ufrag || !strpbrk(ufrag, "\r\n")));
    return 0;
}
