#include "signaling/phone/prompts.h"

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <unistd.h>

#include "mcu/base/log.h"
#include "mixer/wav.h"
#include "signaling/phone/spoken.h"

/* Who calls, in three files: words before the clinic's name, the name, words after it. */
#define BEFORE_NAME "calling-by"
#define NAME "clinic"
#define AFTER_NAME "calling-press"

struct tel_prompts {
    char *folder;
    GHashTable *names; /* language -> GArray of int16_t: the clinic's name where it is spoken, not recorded */
};

static void free_pcm(void *pcm)
{
    g_array_free(pcm, TRUE);
}

tel_prompts *tel_prompts_new(const char *folder)
{
    tel_prompts *p = g_new0(tel_prompts, 1);
    p->folder = g_strdup(folder);
    p->names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_pcm);
    return p;
}

void tel_prompts_free(tel_prompts *p)
{
    if (p) {
        g_hash_table_destroy(p->names);
        g_free(p->folder);
        g_free(p);
    }
}

static int open_file(const tel_prompts *p, const char *language, const char *name)
{
    g_autofree char *file = g_strconcat(name, ".wav", NULL);
    g_autofree char *path = g_build_filename(p->folder, language, file, NULL);
    return open(path, O_RDONLY | O_CLOEXEC);
}

static bool load(const tel_prompts *p, const char *language, const char *name, GArray *out)
{
    unsigned n = 0;
    int fd = open_file(p, language, name);
    g_autofree int16_t *pcm = fd >= 0 ? mix_wav_read(fd, &n, NULL) : NULL;
    if (fd >= 0) {
        close(fd);
    }
    if (!pcm) {
        mcu_error_log("phone.prompt", "language=%s prompt=%s missing=1", language, name);
        return false;
    }
    g_array_append_vals(out, pcm, n);
    return true;
}

/* ---- who calls ---- */

static bool is_recorded(const tel_prompts *p, const char *language)
{
    int fd = open_file(p, language, NAME);
    if (fd >= 0) {
        close(fd);
    }
    return fd >= 0;
}

bool tel_prompts_name_clinic(tel_prompts *p, const char *const *languages, const char *words)
{
    bool all = true;
    for (unsigned i = 0; languages[i]; i++) {
        g_autoptr(GError) error = NULL;
        unsigned n = 0;
        bool recorded = is_recorded(p, languages[i]);
        g_autofree int16_t *pcm = !recorded && *words ? tel_spoken(languages[i], words, &n, &error) : NULL;
        if (pcm) {
            GArray *name = g_array_new(FALSE, FALSE, sizeof(int16_t));
            g_hash_table_replace(p->names, g_strdup(languages[i]), g_array_append_vals(name, pcm, n));
        } else if (!recorded) {
            mcu_warn("phone.clinic", "language=%s named=0 why=\"%s\"", languages[i],
                     error ? error->message : "there is no [phone] clinic, and no clinic.wav");
            all = false;
        }
    }
    return all;
}

static bool load_name(const tel_prompts *p, const char *language, GArray *out)
{
    const GArray *name = g_hash_table_lookup(p->names, language);
    if (name) {
        g_array_append_vals(out, name->data, name->len);
        return true;
    }
    return is_recorded(p, language) && load(p, language, NAME, out);
}

static bool load_who_calls(const tel_prompts *p, const char *language, GArray *out)
{
    guint before = out->len;
    bool good = load(p, language, BEFORE_NAME, out) && load_name(p, language, out) && load(p, language, AFTER_NAME, out);
    if (!good) {
        g_array_set_size(out, before);
    }
    return good;
}

tel_sound *tel_prompts_get(const tel_prompts *p, const char *const *languages, tel_prompt prompt)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(int16_t));
    tel_sound *sound = NULL;
    for (unsigned i = 0; languages[i]; i++) {
        if (prompt != TEL_PROMPT_CALLING || !load_who_calls(p, languages[i], all)) {
            load(p, languages[i], tel_prompt_name(prompt), all);
        }
    }
    if (all->len > 0) {
        sound = g_malloc(sizeof *sound + all->len * sizeof(int16_t));
        sound->n = all->len;
        memcpy(sound->pcm, all->data, all->len * sizeof(int16_t));
    }
    g_array_free(all, TRUE);
    return sound;
}
