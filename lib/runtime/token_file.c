#include "runtime/token_file.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define TOKEN_BYTES    32
#define FILE_MAX_BYTES 8192

static int make_file(const char *path, struct error *err)
{
    unsigned char bytes[TOKEN_BYTES];
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return error_errno(err, errno, "no random bytes for %s", path);
    char text[2 * TOKEN_BYTES + 1];
    for (size_t i = 0; i < TOKEN_BYTES; i++) {
        static const char digits[] = "0123456789abcdef";
        text[2 * i] = digits[bytes[i] >> 4];
        text[2 * i + 1] = digits[bytes[i] & 15];
    }
    text[2 * TOKEN_BYTES] = '\n';
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST)
        return 0; /* another was faster: read theirs */
    if (fd < 0)
        return error_errno(err, errno, "token file %s cannot be made", path);
    int rc = 0;
    if (write(fd, text, sizeof(text)) != (ssize_t)sizeof(text) || fsync(fd) < 0)
        rc = error_errno(err, errno, "token file %s cannot be written", path);
    close(fd);
    explicit_bzero(bytes, sizeof(bytes));
    explicit_bzero(text, sizeof(text));
    return rc;
}

int token_file_read(const char *path, bool make, struct buf *out, struct error *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT && make) {
        int rc = make_file(path, err);
        if (rc < 0)
            return rc;
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (fd < 0)
        return error_errno(err, errno, "token file %s", path);
    struct stat st;
    char text[FILE_MAX_BYTES];
    ssize_t n = -1;
    int rc = 0;
    if (fstat(fd, &st) < 0 || (n = read(fd, text, sizeof(text))) < 0)
        rc = error_errno(err, errno, "token file %s", path);
    else if (!S_ISREG(st.st_mode) || (st.st_mode & (S_IRWXO | S_IWGRP)))
        rc = error_set(err, MUSTER_E_CONFIG,
                       "token file %s may be read by others: chmod 600 it, and make a new token",
                       path);
    else if (n == (ssize_t)sizeof(text))
        rc = error_set(err, MUSTER_E_TOOBIG, "token file %s is too large", path);
    close(fd);
    if (rc == 0) {
        buf_add(out, text, (size_t)n);
        rc = buf_failed(out) ? error_nomem(err) : 0;
    }
    explicit_bzero(text, sizeof(text));
    return rc;
}
