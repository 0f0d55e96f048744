#include "signaling/adoption.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "mcu/base/log.h"
#include "signaling/launcher_link.h"

#define ADOPT_MS 1000
#define SILENT_MS 9000 /* after that */

/* A process found running that has not said hello yet. */
typedef struct {
    sig_adoption *adoption;
    sig_room_link *link;
} stray;

struct sig_adoption {
    sig_gateway *gateway;
    sig_adoption_events events;
    void *user;
    GPtrArray *strays;
    struct event *adopt_deadline, *silent_deadline;
};

static void free_stray(void *value)
{
    stray *s = value;
    sig_room_link_free(s->link);
    g_free(s);
}

static void on_hello(void *user, const char *room, const char *build)
{
    stray *s = user;
    sig_adoption *a = s->adoption;
    sig_room_link *link = g_steal_pointer(&s->link);
    g_ptr_array_remove_fast(a->strays, s);
    a->events.found(a->user, room, build, link);
    a->events.fewer(a->user);
}

static void on_message(void *user, const char *type, const json_t *message)
{
    (void)user;
    (void)type;
    (void)message;
}

static void on_closed(void *user)
{
    stray *s = user;
    sig_adoption *a = s->adoption;
    sig_room_link_unlink(s->link);
    g_ptr_array_remove_fast(a->strays, s);
    a->events.fewer(a->user);
}

static void connect_stray(sig_adoption *a, const char *name)
{
    static const sig_room_link_events events = {on_hello, on_message, on_closed};
    sig_gateway *g = a->gateway;
    stray *s = g_new0(stray, 1);
    s->adoption = a;
    s->link = sig_room_link_connect(g->base, g->rooms_dir_fd, name, g->generation, &events, s, NULL);
    if (!s->link) { /* nobody listens any more */
        unlinkat(g->rooms_dir_fd, name, 0);
        g_free(s);
        return;
    }
    g_ptr_array_add(a->strays, s);
}

/* Late, but not lost: a process that says hello until then is taken all the same. */
static void on_silent_deadline(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_adoption *a = user;
    for (guint i = 0; i < a->strays->len; i++) {
        const stray *s = g_ptr_array_index(a->strays, i);
        mcu_warn("supervisor.hung", "socket=%s", sig_room_link_name(s->link));
        sig_launcher_kill(a->gateway->launcher, sig_room_link_inode(s->link)); /* its link closes then */
    }
}

static void on_adopt_deadline(evutil_socket_t fd, short what, void *user)
{
    (void)fd;
    (void)what;
    sig_adoption *a = user;
    if (a->strays->len > 0) {
        mcu_warn("supervisor.silent", "processes=%u", a->strays->len);
        sig_timer_arm(a->silent_deadline, SILENT_MS);
    }
    a->events.overdue(a->user);
}

void sig_adoption_start(sig_adoption *a)
{
    int fd = openat(a->gateway->rooms_dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    for (const struct dirent *e = dir ? readdir(dir) : NULL; e; e = readdir(dir)) {
        if (g_str_has_suffix(e->d_name, ".sock")) {
            connect_stray(a, e->d_name);
        }
    }
    if (dir) {
        closedir(dir);
    }
    sig_timer_arm(a->adopt_deadline, ADOPT_MS);
}

unsigned sig_adoption_silent(const sig_adoption *a)
{
    return a->strays->len;
}

sig_adoption *sig_adoption_new(sig_gateway *g, const sig_adoption_events *events, void *user)
{
    sig_adoption *a = g_new0(sig_adoption, 1);
    a->gateway = g;
    a->events = *events;
    a->user = user;
    a->strays = g_ptr_array_new_with_free_func(free_stray);
    a->adopt_deadline = sig_timer_new(g->base, on_adopt_deadline, a);
    a->silent_deadline = sig_timer_new(g->base, on_silent_deadline, a);
    return a;
}

void sig_adoption_free(sig_adoption *a)
{
    g_ptr_array_free(a->strays, TRUE);
    event_free(a->adopt_deadline);
    event_free(a->silent_deadline);
    g_free(a);
}
