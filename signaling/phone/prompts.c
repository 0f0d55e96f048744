#include "signaling/phone/prompts.h"

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/log.h"
#include "mixer/wav.h"

struct tel_prompts {
    char *folder;
};

tel_prompts *tel_prompts_new(const char *folder)
{
    tel_prompts *p = g_new0(tel_prompts, 1);
    p->folder = g_strdup(folder);
    return p;
}

void tel_prompts_free(tel_prompts *p)
{
    if (p) {
        g_free(p->folder);
        g_free(p);
    }
}

static bool load(const tel_prompts *p, const char *language, tel_prompt prompt, GArray *out)
{
    g_autofree char *name = g_strconcat(tel_prompt_name(prompt), ".wav", NULL);
    g_autofree char *path = g_build_filename(p->folder, language, name, NULL);
    unsigned n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    g_autofree int16_t *pcm = fd >= 0 ? mix_wav_read(fd, &n, NULL) : NULL;
    if (fd >= 0) {
        close(fd);
    }
    if (!pcm) {
        mcu_error_log("phone.prompt", "language=%s prompt=%s missing=1", language, tel_prompt_name(prompt));
        return false;
    }
    g_array_append_vals(out, pcm, n);
    return true;
}

tel_sound *tel_prompts_get(const tel_prompts *p, const char *const *languages, tel_prompt prompt)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(int16_t));
    tel_sound *sound = NULL;
    for (unsigned i = 0; languages[i]; i++) {
        load(p, languages[i], prompt, all);
    }
    if (all->len > 0) {
        sound = g_malloc(sizeof *sound + all->len * sizeof(int16_t));
        sound->n = all->len;
        memcpy(sound->pcm, all->data, all->len * sizeof(int16_t));
    }
    g_array_free(all, TRUE);
    return sound;
}
