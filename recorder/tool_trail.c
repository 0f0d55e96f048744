/* tool_trail.c - the gateway's audit trail, as far as it concerns recordings: heads that it countersigned, and whether it is
 * whole. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcu/base/audit_chain.h"
#include "recorder/tool.h"

static FILE *open_trail(const char *path, GError **error)
{
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_NOT_FOUND, "%s cannot be read", path);
    }
    return f;
}

/* Of each segment the furthest head: what comes before it is in its chain. */
static void keep_furthest(json_t *heads, json_t *take_head)
{
    char number[24];
    g_snprintf(number, sizeof number, "%lld", (long long)json_integer_value(json_object_get(take_head, "segment")));
    const json_t *before = json_object_get(heads, number);
    if (before == NULL ||
        json_integer_value(json_object_get(before, "record")) < json_integer_value(json_object_get(take_head, "record"))) {
        json_object_set(heads, number, take_head);
    }
    json_decref(take_head);
}

static void take_line(json_t *heads, const char *line, const char *recording)
{
    json_t *m = strstr(line, recording) != NULL ? json_loads(line, 0, NULL) : NULL;
    const char *target = json_string_value(json_object_get(m, "target"));
    if (target != NULL && strcmp(target, recording) == 0 && json_object_get(m, "signature") && json_object_get(m, "hash")) {
        json_object_set_new(m, "recording", json_string(recording));
        keep_furthest(heads, m);
    } else {
        json_decref(m);
    }
}

bool tool_trail_heads(json_t *anchors, const char *path, const char *recording, GError **error)
{
    FILE *f = open_trail(path, error);
    if (f == NULL) {
        return false;
    }
    json_t *heads = json_object(), *head;
    char *line = NULL;
    size_t size = 0;
    while (recording != NULL && getline(&line, &size, f) > 0) {
        take_line(heads, line, recording); /* a last line that a crash tore is none */
    }
    free(line);
    fclose(f);
    const char *key;
    json_object_foreach(heads, key, head)
    {
        json_array_append(anchors, head);
    }
    json_decref(heads);
    return true;
}

bool tool_trail_check(const char *path, const uint8_t key[32], GPtrArray *findings, bool *broken, GError **error)
{
    FILE *f = open_trail(path, error);
    if (f == NULL) {
        return false;
    }
    mcu_audit_head head;
    mcu_audit_begin(&head);
    const char *problem = NULL;
    char *line = NULL;
    size_t size = 0;
    for (ssize_t n = getline(&line, &size, f); problem == NULL && n > 0 && line[n - 1] == '\n'; n = getline(&line, &size, f)) {
        problem = mcu_audit_check(&head, line, (size_t)n - 1, key);
    }
    free(line);
    fclose(f);
    *broken = problem != NULL;
    if (problem == NULL && head.seq == 0) {
        g_ptr_array_add(findings, g_strdup("audit trail: it is empty"));
        return true;
    }
    g_ptr_array_add(findings, problem != NULL
                                  ? g_strdup_printf("audit trail: broken behind record %" PRIu64 ": %s", head.seq, problem)
                                  : g_strdup_printf("audit trail: whole, %" PRIu64 " records, head %" PRIu64 ":%s", head.seq,
                                                    head.seq, head.hash));
    return true;
}
