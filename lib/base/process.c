#include "base/process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/pidfd.h>

#include "base/file.h"

#define STAT_BYTES_MAX 4096

const char *const process_signal_words[] = { "TERM", "INT",  "QUIT", "HUP",
                                             "USR1", "USR2", "TSTP", NULL };

int process_signal_number(int word)
{
    static const int numbers[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGTSTP };
    return numbers[word];
}

/* Reads one decimal number and what follows it up to the next; false when there is none. */
static bool next_number(const char **at, uint64_t *ret)
{
    while (**at == ' ')
        (*at)++;
    bool negative = **at == '-';
    if (negative)
        (*at)++;
    if (!isdigit((unsigned char)**at))
        return false;
    char *end;
    uint64_t n = strtoull(*at, &end, 10);
    *ret = negative ? 0 : n;
    *at = end;
    return true;
}

/* Field numbers are those of proc(5). */
#define FIELD_PARENT  4
#define FIELD_GROUP   5
#define FIELD_SESSION 6
#define FIELD_START   22

int process_parse(struct str text, struct process *ret, struct error *err)
{
    char copy[STAT_BYTES_MAX];
    if (!str_copy(copy, sizeof(copy), text))
        return error_set(err, MUSTER_E_INVALID, "/proc/PID/stat is too long");
    const char *at = copy;
    uint64_t fields[FIELD_START + 1] = { 0 };
    /* The name (field 2) may hold spaces and brackets: what counts begins after the last one. */
    const char *name_end = strrchr(copy, ')');
    if (!next_number(&at, &fields[1]) || !name_end || name_end[1] != ' ' || !name_end[2])
        return error_set(err, MUSTER_E_INVALID, "not a line of /proc/PID/stat");
    char state = name_end[2];
    at = name_end + 3;
    for (int i = FIELD_PARENT; i <= FIELD_START; i++) {
        if (!next_number(&at, &fields[i]))
            return error_set(err, MUSTER_E_INVALID, "/proc/PID/stat has no field %d", i);
    }
    *ret = (struct process){
        .pid = (pid_t)fields[1],
        .parent = (pid_t)fields[FIELD_PARENT],
        .group = (pid_t)fields[FIELD_GROUP],
        .session = (pid_t)fields[FIELD_SESSION],
        .state = state,
        .start = fields[FIELD_START],
    };
    return 0;
}

int process_read(pid_t pid, struct process *ret, struct error *err)
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
    struct buf text = { 0 };
    int rc = file_read(path, STAT_BYTES_MAX, &text, err);
    /* The file opens, but cannot be read any more, when the process ends in between: ESRCH. */
    if (rc < 0 && rc != MUSTER_E_NOMEM)
        rc = error_set(err, MUSTER_E_NOTFOUND, "there is no process %ld", (long)pid);
    if (rc == 0)
        rc = process_parse(buf_str(&text), ret, err);
    buf_release(&text);
    return rc;
}

static bool is_running(const struct process *p, uint64_t start)
{
    return p->start == start && p->state != 'Z' && p->state != 'X';
}

bool process_alive(pid_t pid, uint64_t start)
{
    struct process p;
    return process_read(pid, &p, NULL) == 0 && is_running(&p, start);
}

/* fd -1: without a pidfd. */
static int send_signal(int fd, const struct process *p, int signal_number)
{
    if (fd >= 0 && pidfd_send_signal(fd, signal_number, NULL, 0) == 0)
        return 0;
    if (fd >= 0 && errno != ENOSYS && errno != EPERM)
        return errno;
    return kill(p->pid, signal_number) == 0 ? 0 : errno;
}

int process_signal(pid_t pid, uint64_t start, int signal_number, struct error *err)
{
    if (pid <= 0)
        return error_set(err, MUSTER_E_INVALID, "no process has the number %ld", (long)pid);
    int fd = pidfd_open(pid, 0);
    if (fd < 0 && errno == ESRCH)
        return error_set(err, MUSTER_E_NOTFOUND, "there is no process %ld", (long)pid);
    /* Some containers' filters, and valgrind, know no pidfds. The look below is then all there is. */
    if (fd < 0 && errno != ENOSYS && errno != EPERM)
        return error_errno(err, errno, "pidfd_open %ld", (long)pid);
    /* Looked at after the pidfd was made, so that it stands for the very process looked at. */
    struct process p;
    int rc = process_read(pid, &p, err);
    if (rc == 0 && !is_running(&p, start))
        rc = error_set(err, MUSTER_E_NOTFOUND, "process %ld is another one now", (long)pid);
    int failed = rc == 0 ? send_signal(fd, &p, signal_number) : 0;
    if (failed == ESRCH)
        rc = error_set(err, MUSTER_E_NOTFOUND, "process %ld is gone", (long)pid);
    else if (failed)
        rc = error_errno(err, failed, "signal process %ld", (long)pid);
    if (fd >= 0)
        close(fd);
    return rc;
}

int process_each(process_each_cb *each, void *ctx, struct error *err)
{
    DIR *proc = opendir("/proc");
    if (!proc)
        return error_errno(err, errno, "open /proc");
    const struct dirent *entry;
    bool more = true;
    while (more && (entry = readdir(proc))) {
        const char *at = entry->d_name;
        uint64_t pid;
        struct process p;
        if (!isdigit((unsigned char)*at) || !next_number(&at, &pid) || *at)
            continue;
        if (process_read((pid_t)pid, &p, NULL) == 0)
            more = each(ctx, &p);
    }
    closedir(proc);
    return 0;
}
