#include "runtime/busy_dir.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/inotify.h>

#include "base/file.h"
#include "base/process.h"
#include "base/vec.h"
#include "control/node.h"

/* A job that was seen to begin. */
struct job {
    char *name;
    int64_t began_ns;
};

#define JOBS_MAX 4096 /* further ones are counted, but not timed */

struct busy_dir {
    char *path;
    const struct clock *clock;
    uv_poll_t poll;
    int fd; /* inotify; -1: none to be had */
    VEC(struct job) jobs;
    bool used;         /* this worker marks its jobs */
    int64_t active_ns; /* last moment at which a job was there */
    int64_t served, served_ns;
};

static int64_t now(const struct busy_dir *dir)
{
    return dir->clock->boot_ns(dir->clock->ctx);
}

static size_t find_job(const struct busy_dir *dir, const char *name)
{
    for (size_t i = 0; i < dir->jobs.len; i++) {
        if (strcmp(dir->jobs.at[i].name, name) == 0)
            return i;
    }
    return SIZE_MAX;
}

static void job_began(struct busy_dir *dir, const char *name)
{
    dir->used = true;
    dir->active_ns = now(dir);
    if (dir->jobs.len >= JOBS_MAX || find_job(dir, name) != SIZE_MAX)
        return;
    struct job job = { str_dup(str_from(name)), dir->active_ns };
    /* Without memory this one job is not timed. */
    if (!job.name || !vec_push(&dir->jobs, job))
        free(job.name);
}

static void job_ended(struct busy_dir *dir, const char *name)
{
    size_t i = find_job(dir, name);
    dir->active_ns = now(dir);
    if (i == SIZE_MAX)
        return;
    dir->served++;
    dir->served_ns += dir->active_ns - dir->jobs.at[i].began_ns;
    free(dir->jobs.at[i].name);
    vec_remove_swap(&dir->jobs, i);
}

static void forget_jobs(struct busy_dir *dir)
{
    for (size_t i = 0; i < dir->jobs.len; i++)
        free(dir->jobs.at[i].name);
    vec_clear(&dir->jobs);
}

static void take_event(struct busy_dir *dir, const struct inotify_event *event)
{
    /* Events were lost: whose end we missed is not known, so none of these is timed. */
    if (event->mask & IN_Q_OVERFLOW)
        forget_jobs(dir);
    if (event->len == 0)
        return;
    if (strcmp(event->name, ".used") == 0)
        dir->used = true;
    if (event->name[0] == '.')
        return;
    if (event->mask & (IN_CREATE | IN_MOVED_TO))
        job_began(dir, event->name);
    else if (event->mask & (IN_DELETE | IN_MOVED_FROM))
        job_ended(dir, event->name);
}

static void events_came(uv_poll_t *poll, int status, int events)
{
    struct busy_dir *dir = poll->data;
    char bytes[8192] __attribute__((aligned(8)));
    (void)events;
    ssize_t n = status < 0 ? 0 : read(dir->fd, bytes, sizeof(bytes));
    for (ssize_t at = 0; at < n;) {
        const struct inotify_event *event = (const void *)(bytes + at);
        take_event(dir, event);
        at += (ssize_t)(sizeof(*event) + event->len);
    }
}

#define PID_DIGITS_MAX 9

/* The process that the file's text names; 0: none. */
static pid_t named_process(const char *folder, const char *name)
{
    char path[PATH_MAX];
    struct buf text = { 0 };
    pid_t pid = 0;
    if (file_join(path, sizeof(path), folder, name, NULL) == 0 &&
        file_read(path, 64, &text, NULL) == 0) {
        struct str word = str_trim(buf_str(&text));
        size_t i = 0;
        for (; i < word.len && isdigit((unsigned char)word.ptr[i]) && i < PID_DIGITS_MAX; i++)
            pid = pid * 10 + (word.ptr[i] - '0');
        if (i != word.len)
            pid = 0;
    }
    buf_release(&text);
    return pid;
}

static bool is_gone(pid_t pid)
{
    struct process process;
    int rc = process_read(pid, &process, NULL);
    return rc == MUSTER_E_NOTFOUND || (rc == 0 && process.state == 'Z');
}

/* What lies there is from an earlier life of the agent, whose worker is gone too, except where a
 * file names a process that still runs. */
static void tidy_folder(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        pid_t pid = named_process(path, entry->d_name);
        if (pid == 0 || is_gone(pid))
            unlinkat(dirfd(folder), entry->d_name, 0); /* "." and ".." refuse */
    }
    if (folder)
        closedir(folder);
}

static void begin_watching(struct busy_dir *dir, uv_loop_t *loop)
{
    dir->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    uint32_t mask = IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM;
    if (dir->fd >= 0 && (inotify_add_watch(dir->fd, dir->path, mask) < 0 ||
                         uv_poll_init(loop, &dir->poll, dir->fd) != 0)) {
        close(dir->fd);
        dir->fd = -1;
    }
    if (dir->fd < 0)
        return;
    dir->poll.data = dir;
    uv_poll_start(&dir->poll, UV_READABLE, events_came);
    uv_unref((uv_handle_t *)&dir->poll);
}

int busy_dir_new(uv_loop_t *loop, const struct clock *clock, const char *path,
                 struct busy_dir **ret, struct error *err)
{
    struct busy_dir *dir = calloc(1, sizeof(*dir));
    if (dir)
        dir->path = str_dup(str_from(path));
    if (!dir || !dir->path) {
        free(dir);
        return error_nomem(err);
    }
    if (access(path, R_OK | X_OK) < 0) {
        int failed = errno;
        free(dir->path);
        free(dir);
        return error_errno(err, failed, "the busy folder %s", path);
    }
    dir->clock = clock;
    dir->active_ns = now(dir);
    tidy_folder(path);
    begin_watching(dir, loop);
    *ret = dir;
    return 0;
}

static void free_dir(struct busy_dir *dir)
{
    forget_jobs(dir);
    vec_release(&dir->jobs);
    free(dir->path);
    free(dir);
}

static void poll_closed(uv_handle_t *handle)
{
    free_dir(handle->data);
}

void busy_dir_free(struct busy_dir *dir)
{
    if (!dir)
        return;
    if (dir->fd < 0) {
        free_dir(dir);
        return;
    }
    uv_poll_stop(&dir->poll);
    close(dir->fd);
    uv_close((uv_handle_t *)&dir->poll, poll_closed);
}

/* ---- looking ---- */

/* -1: the folder cannot be read. */
static int64_t count_jobs(struct busy_dir *dir)
{
    DIR *folder = opendir(dir->path);
    if (!folder)
        return -1;
    const struct dirent *entry;
    int64_t busy = 0;
    while ((entry = readdir(folder))) {
        bool hidden = entry->d_name[0] == '.';
        if (!hidden || strcmp(entry->d_name, ".used") == 0)
            dir->used = true;
        pid_t pid = hidden ? 0 : named_process(dir->path, entry->d_name);
        if (!hidden && (pid == 0 || !is_gone(pid)))
            busy++;
    }
    closedir(folder);
    return busy;
}

void busy_dir_look(struct busy_dir *dir, struct busy_report *ret)
{
    int64_t busy = count_jobs(dir);
    if (busy > 0)
        dir->active_ns = now(dir);
    bool known = busy >= 0 && dir->used;
    *ret = (struct busy_report){
        .busy = known ? busy : BUSY_UNKNOWN,
        .idle_ns = known ? now(dir) - dir->active_ns : -1,
        .served = dir->served,
        .served_ns = dir->served_ns,
    };
}
