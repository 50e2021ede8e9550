#include "config/text_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <errno.h>
#include <sys/stat.h>

static int read_chunks(int fd, const char *path, size_t most, struct buf *ret, struct error *err)
{
    char chunk[4096];
    size_t total = 0;
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_errno(err, errno, "read %s", path);
        if (n == 0)
            break;
        total += (size_t)n;
        if (total > most)
            return error_set(err, MUSTER_E_TOOBIG, "%s is larger than %zu KiB", path, most / 1024);
        buf_add(ret, chunk, (size_t)n);
    }
    return buf_failed(ret) == MUSTER_E_NOMEM ? error_nomem(err) : 0;
}

int text_file_read(const char *path, size_t most, struct buf *ret, struct error *err)
{
    /* Not to wait on a FIFO that somebody put there. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return error_set(err, MUSTER_E_NOTFOUND, "%s does not exist", path);
    if (fd < 0)
        return error_errno(err, errno, "open %s", path);
    struct stat st;
    int rc;
    if (fstat(fd, &st) < 0)
        rc = error_errno(err, errno, "stat %s", path);
    else if (!S_ISREG(st.st_mode))
        rc = error_set(err, MUSTER_E_IO, "%s is not a regular file", path);
    else
        rc = read_chunks(fd, path, most, ret, err);
    close(fd);
    return rc;
}
