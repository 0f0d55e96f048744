#include "signaling/recording_tool.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mcu/base/log.h"
#include "signaling/recording_files.h"

#define ARGUMENTS_MAX 24
#define AHEAD (256u * 1024) /* output that is read before somebody takes it */
#define COMPLAINT_MAX 512u
#define NICE 10 /* media of running visits goes first */

struct sig_tool {
    pid_t pid;
    int pidfd;
    struct event *exited;
    struct bufferevent *output, *complaints;
    sig_tool_events events;
    void *user;
    bool stopped; /* nobody listens any more */
    bool output_ended, complaints_ended, reaped;
    int status;
};

static GHashTable *running; /* of sig_tool */

/* ---- paths ---- */

static char *program_path(void)
{
    char self[4096] = "";
    if (readlink("/proc/self/exe", self, sizeof self - 1) <= 0) {
        return NULL;
    }
    g_autofree char *bin = g_path_get_dirname(self);
    return g_build_filename(bin, "tessera-recording", NULL);
}

char *sig_recording_private_key(const sig_gateway *g)
{
    char *path = *g->settings->recording_key ? g_strdup(g->settings->recording_key)
                                             : g_build_filename(g->data, SIG_RECORDING_KEY ".key", NULL);
    if (access(path, R_OK) != 0) {
        g_clear_pointer(&path, g_free);
    }
    return path;
}

char *sig_recording_folder(const sig_gateway *g, const char *recording)
{
    return g_build_filename(g->data, "recordings", recording, NULL);
}

char *sig_recording_spare_folder(const sig_gateway *g, const char *recording)
{
    char *path = g_build_filename(g->data, "recordings", SIG_SPARE_FOLDER, recording, NULL);
    if (access(path, F_OK) != 0) {
        g_clear_pointer(&path, g_free);
    }
    return path;
}

bool sig_recording_is_here(const sig_gateway *g, const char *recording)
{
    g_autofree char *folder = sig_recording_folder(g, recording), *spare = sig_recording_spare_folder(g, recording);
    return spare != NULL || access(folder, F_OK) == 0;
}

/* ---- the end ---- */

static void free_tool(sig_tool *t)
{
    if (running) {
        g_hash_table_remove(running, t);
    }
    event_free(t->exited);
    bufferevent_free(t->output);
    bufferevent_free(t->complaints);
    close(t->pidfd);
    g_free(t);
}

/* Where this server keeps its files is nobody's business: each path becomes its last part. */
static void shorten_paths(char *text)
{
    char *to = text;
    for (const char *at = text; *at;) {
        size_t word = strcspn(at, " \t\"';,()");
        size_t path = at[0] == '/' ? strcspn(at, " \t\"';,():") : 0;
        const char *last = at;
        for (const char *c = at; c + 1 < at + path; c++) {
            last = *c == '/' ? c + 1 : last;
        }
        word -= (size_t)(last - at);
        memmove(to, last, word);
        to += word;
        at = last + word;
        if (*at) {
            *to++ = *at++;
        }
    }
    *to = '\0';
}

/* Its last line, without the program's name. */
static char *last_words(const sig_tool *t)
{
    struct evbuffer *in = bufferevent_get_input(t->complaints);
    char text[COMPLAINT_MAX + 1] = "";
    size_t length = evbuffer_get_length(in);
    evbuffer_drain(in, length > COMPLAINT_MAX ? length - COMPLAINT_MAX : 0);
    evbuffer_remove(in, text, COMPLAINT_MAX);
    g_strchomp(text);
    shorten_paths(text);
    const char *line = strrchr(text, '\n') ? strrchr(text, '\n') + 1 : text;
    const char *prefix = "tessera-recording: ";
    return g_utf8_make_valid(g_str_has_prefix(line, prefix) ? line + strlen(prefix) : line, -1);
}

static void finish_when_done(sig_tool *t)
{
    if (!t->reaped || (!t->stopped && (!t->output_ended || !t->complaints_ended))) {
        return;
    }
    if (!t->stopped) {
        g_autofree char *words = last_words(t);
        t->events.on_end(t->user, t->status, bufferevent_get_input(t->output), words);
    }
    free_tool(t);
}

static void on_exited(evutil_socket_t fd, short what, void *user)
{
    (void)what;
    sig_tool *t = user;
    siginfo_t info = {0};
    if (waitid(P_PIDFD, (id_t)fd, &info, WEXITED) == 0) {
        t->status = info.si_code == CLD_EXITED ? info.si_status : -1;
    }
    t->reaped = true;
    finish_when_done(t);
}

static void on_output(struct bufferevent *b, void *user)
{
    const sig_tool *t = user;
    struct evbuffer *in = bufferevent_get_input(b);
    if (t->stopped) {
        evbuffer_drain(in, evbuffer_get_length(in));
    } else if (t->events.on_output) {
        t->events.on_output(t->user, in);
    } else if (evbuffer_get_length(in) > SIG_TOOL_OUTPUT_MAX) {
        evbuffer_drain(in, evbuffer_get_length(in));
        kill(t->pid, SIGKILL);
    }
}

static void on_output_event(struct bufferevent *b, short what, void *user)
{
    (void)b;
    (void)what; /* its end, or an error: neither gives more */
    sig_tool *t = user;
    t->output_ended = true;
    finish_when_done(t);
}

static void on_complaints(struct bufferevent *b, void *user)
{
    (void)user;
    struct evbuffer *in = bufferevent_get_input(b);
    size_t length = evbuffer_get_length(in);
    evbuffer_drain(in, length > 8 * COMPLAINT_MAX ? length - COMPLAINT_MAX : 0);
}

static void on_complaints_event(struct bufferevent *b, short what, void *user)
{
    (void)b;
    (void)what;
    sig_tool *t = user;
    t->complaints_ended = true;
    finish_when_done(t);
}

void sig_tool_pause(sig_tool *t, bool paused)
{
    if (paused) {
        bufferevent_disable(t->output, EV_READ);
    } else {
        bufferevent_enable(t->output, EV_READ);
        bufferevent_trigger(t->output, EV_READ, 0); /* what was read before */
    }
}

void sig_tool_stop(sig_tool *t)
{
    if (t) {
        t->stopped = true;
        kill(t->pid, SIGKILL);
    }
}

void sig_tools_end(void)
{
    GHashTable *all = g_steal_pointer(&running);
    GHashTableIter i;
    void *tool = NULL;
    if (!all) {
        return;
    }
    g_hash_table_iter_init(&i, all);
    while (g_hash_table_iter_next(&i, &tool, NULL)) {
        sig_tool *t = tool;
        kill(t->pid, SIGKILL);
        waitpid(t->pid, NULL, 0);
        free_tool(t);
    }
    g_hash_table_destroy(all);
}

/* ---- the beginning ---- */

/* Its descriptors are these two and nothing else of ours. */
static pid_t spawn(const char *program, char *const *arguments, int output, int complaints)
{
    static char *const no_environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    pid_t pid = 0;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, complaints, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    int rc = posix_spawn(&pid, program, &actions, &attributes, arguments, no_environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (rc != 0) {
        mcu_error_log("recording.tool", "error=\"%s\"", g_strerror(rc));
    }
    return rc == 0 ? pid : 0;
}

static pid_t spawn_tool(const char *const *arguments, int output, int complaints)
{
    g_autofree char *program = program_path();
    char *argv[ARGUMENTS_MAX + 2] = {program};
    for (unsigned i = 0; arguments[i]; i++) {
        g_assert(i < ARGUMENTS_MAX);
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    }
    return program ? spawn(program, argv, output, complaints) : 0;
}

static struct bufferevent *reader(const sig_gateway *g, int fd, bufferevent_data_cb on_data, bufferevent_event_cb on_event,
                                  sig_tool *t)
{
    evutil_make_socket_nonblocking(fd);
    struct bufferevent *b = bufferevent_socket_new(g->base, fd, BEV_OPT_CLOSE_ON_FREE);
    bufferevent_setcb(b, on_data, NULL, on_event, t);
    return b;
}

static sig_tool *adopt(const sig_gateway *g, pid_t pid, int pidfd, int output, int complaints, const sig_tool_events *events,
                       void *user)
{
    sig_tool *t = g_new0(sig_tool, 1);
    *t = (sig_tool){.pid = pid, .pidfd = pidfd, .events = *events, .user = user, .status = -1};
    t->output = reader(g, output, on_output, on_output_event, t);
    t->complaints = reader(g, complaints, on_complaints, on_complaints_event, t);
    if (events->on_output) {
        bufferevent_setwatermark(t->output, EV_READ, 0, AHEAD);
    }
    t->exited = event_new(g->base, pidfd, EV_READ, on_exited, t);
    event_add(t->exited, NULL);
    bufferevent_enable(t->output, EV_READ);
    bufferevent_enable(t->complaints, EV_READ);
    g_hash_table_add(running, t);
    return t;
}

sig_tool *sig_tool_start(const sig_gateway *g, const char *const *arguments, const sig_tool_events *events, void *user)
{
    int output[2] = {-1, -1}, complaints[2] = {-1, -1};
    running = running ? running : g_hash_table_new(NULL, NULL);
    if (g_hash_table_size(running) >= SIG_TOOLS_MAX || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, output) != 0) {
        return NULL;
    }
    bool ok = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, complaints) == 0;
    pid_t pid = ok ? spawn_tool(arguments, output[1], complaints[1]) : 0;
    int pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
    close(output[1]);
    if (complaints[1] >= 0) {
        close(complaints[1]);
    }
    if (pidfd < 0) {
        close(output[0]);
        if (complaints[0] >= 0) {
            close(complaints[0]);
        }
        if (pid > 0) {
            kill(pid, SIGKILL);
            waitpid(pid, NULL, 0);
        }
        return NULL;
    }
    (void)setpriority(PRIO_PROCESS, (id_t)pid, NICE);
    return adopt(g, pid, pidfd, output[0], complaints[0], events, user);
}
