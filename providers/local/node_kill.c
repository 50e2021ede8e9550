/* Stopping a local node: its agent politely, all of its processes for certain. */
#include <ctype.h>
#include <dirent.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "providers/local/node_dir.h"

int node_dir_stop(const char *dir, struct error *err)
{
    struct local_agent agent;
    int rc = node_dir_read_agent(dir, &agent, err);
    return rc < 0 ? rc : process_signal(agent.pid, agent.start, SIGTERM, err);
}

/* One descriptor of a process: does it hold the lock? Merely having the file open (a backup program
 * does, we ourselves do) is no crime; fdinfo says who holds a lock through it. */
static bool holds_lock(pid_t pid, const char *fd, const char *lock_path)
{
    char path[96];
    char target[PATH_MAX];
    snprintf(path, sizeof(path), "/proc/%ld/fd/%.20s", (long)pid, fd);
    ssize_t n = readlink(path, target, sizeof(target) - 1);
    if (n <= 0)
        return false;
    target[n] = '\0';
    if (strcmp(target, lock_path) != 0)
        return false;
    snprintf(path, sizeof(path), "/proc/%ld/fdinfo/%.20s", (long)pid, fd);
    struct buf info = { 0 };
    bool holds = file_read(path, 64 * 1024, &info, NULL) == 0 && strstr(buf_text(&info), "OFDLCK");
    buf_release(&info);
    return holds;
}

static bool any_fd_holds_lock(pid_t pid, const char *lock_path)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%ld/fd", (long)pid);
    DIR *fds = opendir(path);
    if (!fds)
        return false;
    const struct dirent *entry;
    bool found = false;
    while (!found && (entry = readdir(fds))) {
        if (isdigit((unsigned char)entry->d_name[0]))
            found = holds_lock(pid, entry->d_name, lock_path);
    }
    closedir(fds);
    return found;
}

#define ENVIRON_BYTES_MAX ((size_t)1 << 20)

static bool has_mark(pid_t pid, const char *mark)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%ld/environ", (long)pid);
    struct buf text = { 0 };
    bool found = false;
    if (file_read(path, ENVIRON_BYTES_MAX, &text, NULL) == 0) {
        const char *at = buf_text(&text);
        const char *end = at + text.len;
        for (; at < end && !found; at += strlen(at) + 1)
            found = strcmp(at, mark) == 0;
    }
    buf_release(&text);
    return found;
}

struct hunt {
    const char *lock_path; /* as the kernel spells it in /proc/PID/fd */
    const char *mark;      /* "MUSTER_BUSY_DIR=/state/local/NODE/busy" */
    size_t count;
};

static bool kill_member(void *ctx, const struct process *p)
{
    struct hunt *hunt = ctx;
    if (p->pid == getpid() || p->state == 'Z')
        return true;
    if (!any_fd_holds_lock(p->pid, hunt->lock_path) && !has_mark(p->pid, hunt->mark))
        return true;
    if (process_signal(p->pid, p->start, SIGKILL, NULL) == 0)
        hunt->count++;
    return true;
}

int node_dir_kill(const char *dir, size_t *ret_count, struct error *err)
{
    char lock_path[NODE_DIR_MAX];
    char mark[NODE_DIR_MAX + 32];
    int rc = file_join(lock_path, sizeof(lock_path), dir, "lock", err);
    if (rc < 0)
        return rc;
    char *canonical = realpath(lock_path, NULL);
    if (!canonical)
        return error_set(err, MUSTER_E_NOTFOUND, "there is no %s", lock_path);
    snprintf(mark, sizeof(mark), "MUSTER_BUSY_DIR=%s/busy", dir);
    struct hunt hunt = { .lock_path = canonical, .mark = mark };
    rc = process_each(kill_member, &hunt, err);
    free(canonical);
    if (rc == 0)
        *ret_count = hunt.count;
    return rc;
}
