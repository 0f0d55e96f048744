/* sdpfrag.h - the body of a WHIP PATCH, application/trickle-ice-sdpfrag.  Thread: any; pure text.
 * Source: RFC 8840 9, RFC 9725 4.3. */
#ifndef SIGNALING_SDPFRAG_H
#define SIGNALING_SDPFRAG_H

#include <glib.h>
#include <stdbool.h>

#define SIG_SDPFRAG_CANDIDATES 32

typedef struct {
    char *candidate; /* "candidate:..." */
    char *mid;
} sig_sdpfrag_candidate;

typedef struct {
    char *ufrag, *pwd; /* NULL = not given */
    sig_sdpfrag_candidate candidates[SIG_SDPFRAG_CANDIDATES];
    unsigned n_candidates;
    bool end; /* a=end-of-candidates */
} sig_sdpfrag;

/* MCU_ERROR_BAD_SDP names the line. More than SIG_SDPFRAG_CANDIDATES are an error. */
bool sig_sdpfrag_parse(const char *text, size_t length, sig_sdpfrag *out, GError **error);
void sig_sdpfrag_clear(sig_sdpfrag *f);

/* The ICE user fragment of the first m-line of an SDP (or of the session); NULL = none. Free with g_free. */
char *sig_sdp_ufrag(const char *sdp);
/* An offer with the credentials and candidates of `f` in place of its own: an ICE restart asked for by PATCH. Free with g_free.
 */
char *sig_sdp_with_restart(const char *offer, const sig_sdpfrag *f);
/* Credentials and candidates of an answer as a fragment. Free with g_free. */
char *sig_sdpfrag_of_answer(const char *answer);

#endif
