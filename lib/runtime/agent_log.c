#include "runtime/agent_log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <sys/sendfile.h>
#include <sys/stat.h>

int agent_log_open(const char *path, struct error *err)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_errno(err, errno, "open the log %s", path);
    bool well = dup2(fd, STDOUT_FILENO) >= 0 && dup2(fd, STDERR_FILENO) >= 0;
    int failed = errno;
    close(fd);
    return well ? 0 : error_errno(err, failed, "write to the log %s", path);
}

static void keep_copy(const char *path)
{
    char beside[PATH_MAX];
    struct stat status;
    if (snprintf(beside, sizeof(beside), "%s.1", path) >= (int)sizeof(beside))
        return;
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int to = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (from >= 0 && to >= 0 && fstat(from, &status) == 0) {
        off_t at = 0;
        while (at < status.st_size && sendfile(to, from, &at, (size_t)(status.st_size - at)) > 0)
            ;
    }
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
}

void agent_log_bound(const char *path, size_t max)
{
    struct stat status;
    if (stat(path, &status) < 0 || !S_ISREG(status.st_mode) || (size_t)status.st_size <= max)
        return;
    keep_copy(path);
    if (truncate(path, 0) < 0)
        return; /* the next time, perhaps */
}
