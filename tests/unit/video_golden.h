/* video_golden.h - compares text with tests/golden/NAME.  TESSERA_GOLDEN_UPDATE=1 writes it instead. */
#ifndef VIDEO_GOLDEN_H
#define VIDEO_GOLDEN_H

#include <glib.h>
#include <stdlib.h>

static inline void golden_check(const char *name, const char *text)
{
    char *path = g_strdup_printf("%s/tests/golden/%s", TESSERA_SOURCE_DIR, name);
    char *wanted = NULL;
    if (getenv("TESSERA_GOLDEN_UPDATE")) {
        assert_true(g_file_set_contents(path, text, -1, NULL));
    }
    assert_true(g_file_get_contents(path, &wanted, NULL, NULL));
    assert_string_equal(text, wanted);
    g_free(wanted);
    g_free(path);
}

#endif
