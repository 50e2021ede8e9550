#include "store/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

/* Every folder above the file; those that exist are left as they are. */
static int make_folders(const char *path, struct error *err)
{
    char *folder = str_dup(str_from(path));
    if (!folder)
        return error_nomem(err);
    int rc = 0;
    for (char *slash = strchr(folder + 1, '/'); slash && rc == 0; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0700) < 0 && errno != EEXIST)
            rc = error_errno(err, errno, "cannot make the folder %s", folder);
        *slash = '/';
    }
    free(folder);
    return rc;
}

static int refuse(int fd, const char *path, struct error *err)
{
    char pid[16] = "";
    ssize_t n = pread(fd, pid, sizeof(pid) - 1, 0);
    pid[n > 0 ? n : 0] = '\0';
    pid[strcspn(pid, "\n")] = '\0';
    return error_set(err, MUSTER_E_CONFIG,
                     "%s: another musterd%s%s uses this state; stop it, or give this one a state "
                     "file of its own",
                     path, pid[0] ? ", process " : "", pid);
}

static int lock_file(int fd, const char *path, struct error *err)
{
    char pid[16];
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? refuse(fd, path, err)
                                    : error_errno(err, errno, "cannot lock %s.lock", path);
    /* For people and for the text above; whether it could be written changes nothing. */
    int n = snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
    if (ftruncate(fd, 0) == 0 && pwrite(fd, pid, (size_t)n, 0) != n)
        error_clear(err);
    return 0;
}

int lock_take(const char *path, int *ret_fd, struct error *err)
{
    int rc = make_folders(path, err);
    if (rc < 0)
        return rc;
    struct buf name = { 0 };
    buf_addf(&name, "%s.lock", path);
    if (buf_failed(&name))
        return error_nomem(err);
    int fd = open(buf_text(&name), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        rc = error_errno(err, errno, "cannot open %s", buf_text(&name));
    else
        rc = lock_file(fd, path, err);
    buf_release(&name);
    if (rc < 0 && fd >= 0)
        close(fd);
    if (rc == 0)
        *ret_fd = fd;
    return rc;
}
