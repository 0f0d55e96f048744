/* chapters.c - who came and left, how the picture was arranged, where something was written: WebVTT chapters (W3C WebVTT 4.2). */
#include <stdio.h>
#include <string.h>

#include "mcu/base/media.h"
#include "recorder/tool.h"

enum { BEGIN, GOES_ON, JOIN, LEAVE, LAYOUT, CHAT, N_WORDS };

static const struct {
    const char *language, *word[N_WORDS];
} tongues[] = {
    {"en", {"Beginning", "Goes on after a gap", "%s joins", "%s leaves", "Arrangement: %s", "%s writes a message"}},
    {"es", {"Inicio", "Sigue tras una interrupción", "Entra %s", "Sale %s", "Disposición: %s", "%s escribe un mensaje"}},
    {"fr", {"Début", "Reprise après une interruption", "%s arrive", "%s part", "Disposition : %s", "%s écrit un message"}},
};

typedef struct {
    const char *const *word;
    json_t *names;    /* seat -> name, as far as they can be read */
    GHashTable *here; /* seats */
    char *layout;     /* the newest */
    GArray *chapters; /* of chapter, by time */
} book;

typedef struct {
    int64_t at_ms;
    char *text;
} chapter;

static void clear_chapter(gpointer data)
{
    g_free(((chapter *)data)->text);
}

/* Line ends and markup of a name would be the file's own (WebVTT 4.1). */
static char *safe(const char *text)
{
    g_autofree char *one_line = g_strdelimit(g_strdup(text), "\r\n\t", ' ');
    return g_markup_escape_text(one_line, -1);
}

/* What happens within half a second is one chapter: a player cannot show less. */
static void add(book *b, int64_t at_ms, const char *text)
{
    chapter *last = b->chapters->len > 0 ? &g_array_index(b->chapters, chapter, b->chapters->len - 1) : NULL;
    if (last != NULL && at_ms < last->at_ms + 500) {
        char *both = g_strconcat(last->text, ", ", text, NULL);
        g_free(last->text);
        last->text = both;
        return;
    }
    chapter fresh = {at_ms, g_strdup(text)};
    g_array_append_val(b->chapters, fresh);
}

static void add_named(book *b, int64_t at_ms, int word, const char *name)
{
    g_autofree char *shown = safe(name);
    char **around = g_strsplit(b->word[word], "%s", 2);
    g_autofree char *text = g_strconcat(around[0], shown, around[1], NULL);
    g_strfreev(around);
    add(b, at_ms, text);
}

static const char *name_of(const book *b, const char *seat)
{
    const char *name = json_string_value(json_object_get(b->names, seat));
    return name != NULL ? name : seat;
}

static void take_event(book *b, int64_t at_ms, const json_t *e)
{
    const char *what = json_string_value(json_object_get(e, "what")), *seat = json_string_value(json_object_get(e, "seat")),
               *layout = json_string_value(json_object_get(e, "layout"));
    if (what == NULL) {
        return;
    }
    if (strcmp(what, "join") == 0 && seat != NULL && g_hash_table_add(b->here, g_strdup(seat))) {
        add_named(b, at_ms, JOIN, name_of(b, seat));
    } else if (strcmp(what, "leave") == 0 && seat != NULL && g_hash_table_remove(b->here, seat)) {
        add_named(b, at_ms, LEAVE, name_of(b, seat));
    } else if (strcmp(what, "chat") == 0 && seat != NULL) {
        add_named(b, at_ms, CHAT, name_of(b, seat));
    } else if (strcmp(what, "layout") == 0 && layout != NULL && g_strcmp0(layout, b->layout) != 0) {
        add_named(b, at_ms, LAYOUT, layout);
        g_free(b->layout);
        b->layout = g_strdup(layout);
    }
}

static json_t *read_json(rec_reader *r, unsigned entry)
{
    g_autoptr(GByteArray) text = rec_reader_payload(r, entry, NULL);
    return text != NULL ? json_loadb((const char *)text->data, text->len, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static void learn_names(book *b, rec_reader *r)
{
    const rec_proof *p = rec_reader_proof(r);
    for (unsigned i = 0; i < p->n_proven; i++) {
        json_t *m = p->entries[i].r.type == REC_PRIVATE ? read_json(r, i) : NULL;
        json_object_update(b->names, json_object_get(m, "seats"));
        json_decref(m);
    }
}

static void read_segment(book *b, rec_reader *r, int64_t from_ms, int64_t hold_ms)
{
    const rec_proof *p = rec_reader_proof(r);
    learn_names(b, r);
    add(b, from_ms, b->word[from_ms == 0 ? BEGIN : GOES_ON]);
    for (unsigned i = 0; i < p->n_proven; i++) {
        json_t *e = p->entries[i].r.type == REC_EVENT ? read_json(r, i) : NULL;
        if (e != NULL) {
            take_event(b, from_ms + CLAMP(json_integer_value(json_object_get(e, "at_ms")), 0, hold_ms), e);
        }
        json_decref(e);
    }
}

static void put_time(int64_t ms)
{
    printf("%02d:%02d:%02d.%03d", (int)(ms / 3600000), (int)(ms / 60000 % 60), (int)(ms / 1000 % 60), (int)(ms % 1000));
}

static void write_out(const book *b, int64_t end_ms)
{
    puts("WEBVTT");
    for (guint i = 0; i < b->chapters->len; i++) {
        const chapter *c = &g_array_index(b->chapters, chapter, i);
        int64_t until_ms = i + 1 < b->chapters->len ? (c + 1)->at_ms : MAX(end_ms, c->at_ms + 1);
        printf("\n%u\n", i + 1);
        put_time(c->at_ms);
        fputs(" --> ", stdout);
        put_time(until_ms);
        printf("\n%s\n", c->text);
    }
}

bool tool_chapters(const rec_store *store, const char *language)
{
    book b = {.names = json_object(),
              .here = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
              .chapters = g_array_new(FALSE, FALSE, sizeof(chapter))};
    g_array_set_clear_func(b.chapters, clear_chapter);
    b.word = tongues[0].word;
    for (size_t i = 0; language != NULL && i < G_N_ELEMENTS(tongues); i++) {
        b.word = strcmp(language, tongues[i].language) == 0 ? tongues[i].word : b.word;
    }
    int64_t at_ms = 0;
    for (unsigned i = 0; i < rec_store_count(store); i++) {
        rec_reader *r = rec_store_at(store, i)->reader;
        int64_t hold_ms = r != NULL ? rec_movie_hold_ns(r) / MCU_NS_PER_MS : 0;
        if (hold_ms > 0) {
            read_segment(&b, r, at_ms, hold_ms);
            at_ms += hold_ms;
        }
    }
    write_out(&b, at_ms);
    json_decref(b.names);
    g_hash_table_destroy(b.here);
    g_array_unref(b.chapters);
    g_free(b.layout);
    return fflush(stdout) == 0;
}
