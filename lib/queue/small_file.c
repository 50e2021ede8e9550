#include "queue/small_file.h"

#include <string.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int read_all(int fd, const char *path, struct buf *to, struct error *err)
{
    char chunk[2048];
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_errno(err, errno, "%s", path);
    if (!S_ISREG(st.st_mode))
        return error_set(err, MUSTER_E_CONFIG, "%s is not a regular file", path);
    for (size_t total = 0;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));
        if (n < 0)
            return error_errno(err, errno, "%s", path);
        if (n == 0)
            break;
        total += (size_t)n;
        if (total > SMALL_FILE_MAX)
            return error_set(err, MUSTER_E_TOOBIG, "%s is larger than %zu bytes", path,
                             SMALL_FILE_MAX);
        buf_add(to, chunk, (size_t)n);
    }
    explicit_bzero(chunk, sizeof(chunk));
    return buf_failed(to) ? error_set(err, buf_failed(to), "%s does not fit", path) : 0;
}

int small_file_read(const char *path, struct buf *to, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0)
        return error_errno(err, errno, "%s", path);
    int rc = read_all(fd, path, to, err);
    close(fd);
    return rc;
}

int small_file_read_secret(const char *path, struct buf *to, struct error *err)
{
    struct buf all;
    buf_init(&all, SMALL_FILE_MAX + 1);
    int rc = small_file_read(path, &all, err);
    struct str secret = str_trim(buf_str(&all));
    for (size_t i = 0; rc == 0 && i < secret.len; i++) {
        if ((unsigned char)secret.ptr[i] < ' ' || secret.ptr[i] == 0x7f)
            rc = error_set(err, MUSTER_E_CONFIG, "%s has more than one line in it", path);
    }
    if (rc == 0 && secret.len == 0)
        rc = error_set(err, MUSTER_E_CONFIG, "%s is empty", path);
    if (rc == 0) {
        buf_add_str(to, secret);
        if (buf_failed(to))
            rc = error_nomem(err);
    }
    small_file_wipe(&all);
    return rc;
}

void small_file_wipe(struct buf *secret)
{
    if (secret->ptr)
        explicit_bzero(secret->ptr, secret->size);
    buf_release(secret);
}
