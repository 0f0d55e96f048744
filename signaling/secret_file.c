#include "signaling/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "mcu/base/clock.h"
#include "mcu/base/status.h"

static bool fail(GError **error, const char *what, const char *path)
{
    g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s %s: %s", what, path, g_strerror(errno));
    return false;
}

bool sig_make_private_folder(const char *path, GError **error)
{
    return g_mkdir_with_parents(path, 0700) == 0 || fail(error, "cannot make folder", path);
}

static bool write_all(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, text, length);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        text += n;
        length -= (size_t)n;
    }
    return true;
}

bool sig_write_private(const char *folder, const char *name, const char *text, size_t length, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    g_autofree char *temporary = g_strdup_printf("%s.new", path);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return fail(error, "cannot write", temporary);
    }
    bool ok = fchmod(fd, 0600) == 0 && write_all(fd, text, length) && fsync(fd) == 0;
    ok = close(fd) == 0 && ok && rename(temporary, path) == 0;
    return ok || fail(error, "cannot write", path);
}

static bool looks_right(const char *text)
{
    for (size_t i = 0; i < SIG_SECRET_HEX; i++) {
        if (!g_ascii_isxdigit(text[i])) {
            return false;
        }
    }
    return text[SIG_SECRET_HEX] == '\0';
}

static char *read_secret(const char *path, GError **error)
{
    char text[SIG_SECRET_HEX + 8] = "";
    FILE *f = fopen(path, "re");
    if (!f) {
        fail(error, "cannot read", path);
        return NULL;
    }
    struct stat st;
    if (fstat(fileno(f), &st) != 0 || ((st.st_mode & 077) && fchmod(fileno(f), 0600) != 0)) { /* as a backup may bring it back */
        fail(error, "others may read and it cannot be changed:", path);
        fclose(f);
        return NULL;
    }
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    g_strchomp(text);
    char *secret = looks_right(text) ? g_strdup(text) : NULL;
    OPENSSL_cleanse(text, sizeof text);
    if (!secret) {
        g_set_error(error, MCU_ERROR, MCU_ERROR_CONFIG, "%s is damaged: remove it and a new one is made", path);
    }
    return secret;
}

char *sig_secret_load(const char *folder, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    if (access(path, F_OK) == 0) {
        return read_secret(path, error);
    }
    unsigned char raw[SIG_SECRET_HEX / 2];
    char text[SIG_SECRET_HEX + 2];
    mcu_random(raw, sizeof raw);
    for (size_t i = 0; i < sizeof raw; i++) {
        snprintf(text + 2 * i, 3, "%02x", raw[i]);
    }
    char *secret = g_strdup(text);
    text[SIG_SECRET_HEX] = '\n';
    bool ok = sig_write_private(folder, name, text, SIG_SECRET_HEX + 1, error);
    OPENSSL_cleanse(raw, sizeof raw);
    OPENSSL_cleanse(text, sizeof text);
    if (!ok) {
        sig_secret_free(secret);
        return NULL;
    }
    return secret;
}

void sig_secret_free(char *secret)
{
    if (secret) {
        OPENSSL_cleanse(secret, strlen(secret));
        g_free(secret);
    }
}
