/* Whether an audit trail is whole: from the file and the public key alone. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "mcu/base/hex.h"
#include "signaling/audit_file.h"

typedef struct {
    mcu_audit_head head;
    uint64_t lines;
    const char *problem; /* NULL = none so far */
    bool half;           /* the file ends within a line */
    const char *wanted;  /* "SEQ:HASH" or NULL */
    bool found;
} verdict;

static void note_wanted(verdict *v)
{
    char at[MCU_AUDIT_HASH + 24];
    snprintf(at, sizeof at, "%" PRIu64 ":%s", v->head.seq, v->head.hash);
    v->found = v->found || (v->wanted && strcmp(at, v->wanted) == 0);
}

static void read_lines(verdict *v, FILE *f, const uint8_t key[MCU_SIGN_KEY])
{
    char *line = NULL;
    size_t size = 0;
    ssize_t n = 0;
    while (!v->problem && (n = getline(&line, &size, f)) > 0) {
        if (line[n - 1] != '\n') {
            v->half = true;
            break;
        }
        v->problem = mcu_audit_check(&v->head, line, (size_t)n - 1, key);
        v->lines++;
        note_wanted(v);
    }
    if (!v->problem && ferror(f)) {
        v->problem = "reading";
    }
    free(line);
}

/* SEQ:HASH */
static bool is_head(const char *text)
{
    uint8_t hash[MCU_AUDIT_HASH / 2];
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && text[digits] == ':' && mcu_unhex(text + digits + 1, hash, sizeof hash);
}

bool sig_audit_verify(const char *path, const uint8_t public_key[MCU_SIGN_KEY], const char *head, FILE *out)
{
    verdict v = {.wanted = head};
    mcu_audit_begin(&v.head);
    if (head && !is_head(head)) {
        fprintf(out, "--head %s is malformed: SEQ:HASH as this prints it, the hash of %d hexadecimal digits\n", head,
                MCU_AUDIT_HASH);
        return false;
    }
    FILE *f = fopen(path, "re");
    if (!f) {
        fprintf(out, "%s: %s\n", path, strerror(errno));
        return false;
    }
    read_lines(&v, f, public_key);
    fclose(f);
    if (v.problem) {
        fprintf(out, "BROKEN at line %" PRIu64 ": %s; good up to record %" PRIu64 "\n", v.lines, v.problem, v.head.seq);
    } else if (head && !v.found) {
        fprintf(out, "BROKEN: does not hold %s; ends at record %" PRIu64 "\n", head, v.head.seq);
    } else if (v.head.seq == 0) {
        fprintf(out, "good: 0 records, the trail is empty%s\n", v.half ? " but for half a line, as a crash leaves it" : "");
    } else {
        fprintf(out, "good: %" PRIu64 " records, head %" PRIu64 ":%s%s\n", v.lines, v.head.seq, v.head.hash,
                v.half ? ", then half a line, as a crash leaves it" : "");
    }
    return !v.problem && (!head || v.found);
}
