/* layout.h - ways to arrange people in a picture, as data: what a file of assets/layouts says, checked.
 * Thread: any; immutable once parsed. Places are fractions of the picture, sides are pixels. The format:
 * assets/layouts/README.md. */
#ifndef MCU_BASE_LAYOUT_H
#define MCU_BASE_LAYOUT_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>

#define MCU_LAYOUTS_MAX 32
#define MCU_LAYOUT_NAME_MAX 32
#define MCU_LAYOUT_ARRANGEMENTS_MAX 32
#define MCU_LAYOUT_SLOTS_MAX 24
#define MCU_LAYOUT_WHO_MAX 8
#define MCU_LAYOUT_PEOPLE_MAX 64

/* Who may take a slot: a role, or what somebody does just now. */
typedef enum {
    MCU_WHO_NONE = 0,
    MCU_WHO_PATIENT,
    MCU_WHO_CLINICIAN,
    MCU_WHO_INTERPRETER,
    MCU_WHO_GUEST,
    MCU_WHO_OBSERVER,
    MCU_WHO_KIOSK,
    MCU_WHO_COMPLIANCE,
    MCU_WHO_SPEAKER, /* who speaks or spoke last */
    MCU_WHO_CONTENT, /* the picture is a screen */
    MCU_WHO_SIGNING,
    MCU_WHO_ANYONE,
} mcu_who;
const char *mcu_who_name(mcu_who w);
mcu_who mcu_who_of(const char *name); /* NONE = there is no such word */

#define MCU_LAYOUT_ROLES (((1u << (MCU_WHO_COMPLIANCE + 1)) - 1) & ~1u)
/* Whose view may be another than everybody's: so many pictures a tier are drawn and encoded at most besides the common one. */
#define MCU_LAYOUT_VIEWS (1u << MCU_WHO_PATIENT | 1u << MCU_WHO_CLINICIAN | 1u << MCU_WHO_OBSERVER)

/* How a picture sits in its tile. */
typedef enum {
    MCU_FIT_NONE = 0, /* not said: as MCU_FIT_WHOLE */
    MCU_FIT_WHOLE,    /* keeps its shape between bars, but for a tenth that may be cropped */
    MCU_FIT_FILL,     /* no bars: the middle is shown */
    MCU_FIT_SMART,    /* at most two fifths are cropped, less of it from above, where heads are; bars take the rest */
    MCU_FIT_SHARP,    /* all of it, never enlarged: for screens */
} mcu_fit;
const char *mcu_fit_name(mcu_fit f);

typedef struct {
    double x, y, width, height;
    int z;                           /* higher is nearer; equal: the later slot */
    mcu_who who[MCU_LAYOUT_WHO_MAX]; /* in order of preference */
    unsigned n_who;
    unsigned many; /* 0 = one tile of just this place; else a grid of 1 to `many` tiles in it */
    double shape;  /* of the tiles of a grid, width to height */
    mcu_fit fit;
    bool optional; /* may stay empty */
    bool card;     /* name and initials instead of the picture */
} mcu_layout_slot;

typedef struct {
    unsigned people_min, people_max; /* in the picture's room */
    int side_min_px, side_max_px;    /* the picture's shorter side */
    bool wide, tall;                 /* which shapes it serves */
    char **tiers;                    /* names; NULL = every tier */
    unsigned views;                  /* for viewers of these roles, bits of MCU_LAYOUT_VIEWS; 0 = for everybody */
    unsigned without;                /* who is left out of it: bits of MCU_LAYOUT_ROLES */
    mcu_layout_slot *slots;
    unsigned n_slots;
} mcu_arrangement;

typedef struct {
    char name[MCU_LAYOUT_NAME_MAX + 1];
    char *title;
    mcu_arrangement *arrangements; /* the first that serves a picture and whose slots are all taken is used */
    unsigned n_arrangements;
} mcu_layout;

/* NULL with MCU_ERROR_CONFIG, whose message begins with the place: "arrangements.0.slots.2.at: must lie within the picture". */
mcu_layout *mcu_layout_parse(const json_t *document, GError **error);
void mcu_layout_free(mcu_layout *l); /* NULL is fine */
/* Everybody in one grid: for who was given no layouts. Static. */
const mcu_layout *mcu_layout_grid(void);

/* Whether it is made for pictures like this, whoever is in them. */
bool mcu_arrangement_serves(const mcu_arrangement *a, const char *tier, int width_px, int height_px);
/* Whether viewers of that role have a picture of their own on such a tier. */
bool mcu_layout_has_view(const mcu_layout *l, mcu_who view, const char *tier, int width_px, int height_px);

/* Several of them, by name. */
typedef struct mcu_layouts mcu_layouts;
/* Every *.json of a folder, sorted; the error names the file, and the line or the place in it. Reads the disk. */
mcu_layouts *mcu_layouts_load(const char *folder, GError **error);
mcu_layouts *mcu_layouts_parse(const json_t *documents, GError **error);    /* an array; NULL or empty = the grid alone */
void mcu_layouts_free(mcu_layouts *l);                                      /* NULL is fine */
const mcu_layout *mcu_layouts_find(const mcu_layouts *l, const char *name); /* borrowed; NULL = unknown */
const json_t *mcu_layouts_documents(const mcu_layouts *l);                  /* what mcu_layouts_parse() takes; borrowed */
json_t *mcu_layouts_list(const mcu_layouts *l);                             /* [{"name","title"}]; the caller's */
char *mcu_layouts_names(const mcu_layouts *l);                              /* "grid, speaker": for messages; g_free */

#define MCU_LAYOUT_DEFAULT "grid"

#endif
