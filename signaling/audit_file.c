#include "signaling/audit_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcu/base/log.h"
#include "mcu/base/status.h"
#include "mcu/base/whole_io.h"

struct sig_audit_file {
    int fd;
    const uint8_t *key;
    mcu_audit_head newest, durable;
    GString *group;
    off_t size; /* of what is durable */
    bool dirty; /* there may be more behind it, of a group that failed */
};

static bool fail(GError **error, const char *what, const char *path)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "cannot %s %s: %s", what, path, g_strerror(errno));
    return false;
}

/* Finds the last whole line; everything before it is for those who verify. */
static bool find_end(sig_audit_file *f, const char *path, GError **error)
{
    g_autofree char *end = g_malloc(2 * MCU_AUDIT_LINE_MAX);
    struct stat st;
    if (fstat(f->fd, &st) != 0) {
        return fail(error, "read", path);
    }
    size_t n = (size_t)MIN(st.st_size, 2 * MCU_AUDIT_LINE_MAX);
    if (pread(f->fd, end, n, st.st_size - (off_t)n) != (ssize_t)n) {
        return fail(error, "read", path);
    }
    const char *last = n > 0 ? memrchr(end, '\n', n) : NULL;
    f->size = last ? st.st_size - (off_t)n + (last + 1 - end) : 0;
    f->dirty = f->size != st.st_size;
    if (!last) {
        if (st.st_size >= MCU_AUDIT_LINE_MAX) {
            g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s is not an audit trail: move it away", path);
            return false;
        }
        return true;
    }
    const char *before = memrchr(end, '\n', (size_t)(last - end));
    const char *line = before ? before + 1 : end;
    mcu_audit_resume(&f->durable, line, (size_t)(last - line));
    return true;
}

static bool sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

sig_audit_file *sig_audit_file_open(const char *folder, const uint8_t private_key[MCU_SIGN_KEY], GError **error)
{
    g_autofree char *path = g_build_filename(folder, SIG_AUDIT_FILE, NULL);
    sig_audit_file *f = g_new0(sig_audit_file, 1);
    f->key = private_key;
    f->group = g_string_new(NULL);
    mcu_audit_begin(&f->durable);
    f->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (f->fd < 0 || !sync_folder(folder) || !find_end(f, path, error)) {
        if (error && !*error) {
            fail(error, "open", path);
        }
        sig_audit_file_close(f);
        return NULL;
    }
    if (f->dirty) {
        mcu_warn("audit.torn", "seq=%" G_GUINT64_FORMAT, f->durable.seq);
    }
    f->newest = f->durable;
    return f;
}

void sig_audit_file_close(sig_audit_file *f)
{
    if (f) {
        if (f->fd >= 0) {
            close(f->fd);
        }
        g_string_free(f->group, TRUE);
        g_free(f);
    }
}

uint64_t sig_audit_file_add(sig_audit_file *f, const char *members)
{
    g_autofree char *line = mcu_audit_line(&f->newest, members, f->key);
    g_string_append(f->group, line);
    return f->newest.seq;
}

static bool write_group(sig_audit_file *f)
{
    return mcu_pwrite_whole(f->fd, f->group->str, f->group->len, (uint64_t)f->size) && fdatasync(f->fd) == 0;
}

/* What a failed sync leaves in the page cache is not to be trusted: a group that failed is cut off before the next is written. */
bool sig_audit_file_flush(sig_audit_file *f)
{
    if (f->group->len == 0) {
        return true;
    }
    bool ok = (!f->dirty || ftruncate(f->fd, f->size) == 0) && write_group(f);
    if (ok) {
        f->size += (off_t)f->group->len;
        f->durable = f->newest;
    } else {
        mcu_error_log("audit.write", "error=%s", g_strerror(errno));
        f->newest = f->durable;
    }
    f->dirty = !ok;
    g_string_truncate(f->group, 0);
    return ok;
}

const mcu_audit_head *sig_audit_file_head(const sig_audit_file *f)
{
    return &f->durable;
}
