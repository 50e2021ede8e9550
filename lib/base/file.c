#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read_fd(int fd, const char *name, size_t max, struct buf *out, struct error *err)
{
    char chunk[4096];
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(err, errno, "read %s", name);
    if (!S_ISREG(st.st_mode))
        return error_set(err, MUSTER_E_CONFIG, "%s is not a regular file", name);
    for (size_t total = 0;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, errno, "read %s", name);
        if (n == 0)
            break;
        total += (size_t)n;
        if (total > max && max >= 1024)
            return error_set(err, MUSTER_E_TOOBIG, "%s is larger than %zu KiB", name, max / 1024);
        if (total > max)
            return error_set(err, MUSTER_E_TOOBIG, "%s is larger than %zu bytes", name, max);
        buf_add(out, chunk, (size_t)n);
    }
    explicit_bzero(chunk, sizeof(chunk)); /* it may have been a secret */
    if (buf_failed(out) == MUSTER_E_NOMEM)
        return error_nomem(err);
    if (buf_failed(out))
        return error_set(err, MUSTER_E_TOOBIG, "%s is too large", name);
    return 0;
}

int file_read(const char *path, size_t max, struct buf *out, struct error *err)
{
    /* Not to wait on a FIFO that somebody put there. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return error_set(err, MUSTER_E_NOTFOUND, "%s does not exist", path);
    if (fd < 0)
        return error_errno(err, errno, "open %s", path);
    int rc = file_read_fd(fd, path, max, out, err);
    close(fd);
    return rc;
}

static int write_all(int fd, struct str text, bool sync)
{
    while (text.len > 0) {
        ssize_t n = write(fd, text.ptr, text.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        text.ptr += n;
        text.len -= (size_t)n;
    }
    return sync && fsync(fd) < 0 ? errno : 0;
}

/* The new name itself is on disk only when its folder is. */
static int sync_folder(const char *path)
{
    char folder[PATH_MAX];
    if (!str_copy_c(folder, sizeof(folder), path))
        return ENAMETOOLONG;
    char *slash = strrchr(folder, '/');
    if (slash)
        slash[slash == folder ? 1 : 0] = '\0';
    int fd = open(slash ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    int failed = fsync(fd) < 0 ? errno : 0;
    close(fd);
    return failed;
}

static int replace(const char *path, struct str text, bool sync, struct error *err)
{
    char beside[PATH_MAX];
    if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside))
        return error_set(err, MUSTER_E_TOOBIG, "path too long: %s", path);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_errno(err, errno, "create %s", beside);
    int failed = write_all(fd, text, sync);
    if (close(fd) < 0 && !failed)
        failed = errno;
    if (!failed && rename(beside, path) < 0)
        failed = errno;
    if (failed) {
        unlink(beside);
        return error_errno(err, failed, "write %s", path);
    }
    failed = sync ? sync_folder(path) : 0;
    return failed ? error_errno(err, failed, "sync the folder of %s", path) : 0;
}

int file_replace(const char *path, struct str text, struct error *err)
{
    return replace(path, text, true, err);
}

int file_replace_unsynced(const char *path, struct str text, struct error *err)
{
    return replace(path, text, false, err);
}

int file_join(char *ret, size_t size, const char *dir, const char *name, struct error *err)
{
    int n = snprintf(ret, size, "%s/%s", dir, name);
    if (n < 0 || (size_t)n >= size)
        return error_set(err, MUSTER_E_TOOBIG, "path too long: %s/%s", dir, name);
    return 0;
}
