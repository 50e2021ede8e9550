#include "queue/spool_scan.h"

#include <math.h>
#include <stdbool.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

struct count {
    int64_t files;
    int64_t seen;      /* entries of any kind, against SPOOL_SCAN_MAX */
    int64_t oldest_ns; /* modification time of the oldest file; INT64_MAX: none, or not asked for */
    bool with_times, with_directories;
};

enum kind { KIND_FILE, KIND_DIRECTORY, KIND_OTHER };

/* What an entry is; its times too, if asked for. KIND_OTHER for one that is gone already. */
static enum kind kind_of(int dir, const struct dirent *entry, struct count *count)
{
    struct stat st;
    bool file = entry->d_type == DT_REG, known = entry->d_type != DT_UNKNOWN;
    if (known && !(file && count->with_times))
        return file ? KIND_FILE : entry->d_type == DT_DIR ? KIND_DIRECTORY : KIND_OTHER;
    if (fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return KIND_OTHER;
    if (S_ISREG(st.st_mode)) {
        int64_t ns = (int64_t)st.st_mtim.tv_sec * NS_PER_S + st.st_mtim.tv_nsec;
        if (ns < count->oldest_ns)
            count->oldest_ns = ns;
        return KIND_FILE;
    }
    return S_ISDIR(st.st_mode) ? KIND_DIRECTORY : KIND_OTHER;
}

static int count_entries(int fd, const char *name, struct count *count, struct error *err);

static int count_below(int parent, const char *name, struct count *count, struct error *err)
{
    struct count below = { .seen = count->seen, .oldest_ns = INT64_MAX };
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
        return 0; /* it went away, or is no directory any more */
    if (fd < 0)
        return error_errno(err, errno, "%s", name);
    int rc = count_entries(fd, name, &below, err);
    count->files += below.files;
    count->seen = below.seen;
    return rc;
}

/* Takes fd over. */
static int count_entries(int fd, const char *name, struct count *count, struct error *err)
{
    DIR *dir = fdopendir(fd);
    int rc = 0;
    if (!dir) {
        rc = error_errno(err, errno, "%s", name);
        close(fd);
        return rc;
    }
    while (rc == 0 && count->seen < SPOOL_SCAN_MAX) {
        errno = 0;
        const struct dirent *entry = readdir(dir);
        if (!entry) {
            rc = errno ? error_errno(err, errno, "%s", name) : 0;
            break;
        }
        if (entry->d_name[0] == '.')
            continue;
        count->seen++;
        enum kind kind = kind_of(dirfd(dir), entry, count);
        if (kind == KIND_FILE)
            count->files++;
        else if (kind == KIND_DIRECTORY && count->with_directories)
            rc = count_below(dirfd(dir), entry->d_name, count, err);
    }
    closedir(dir);
    return rc;
}

/* Gives 1 when the directory is not there and need not be. */
static int count_place(int dir, const char *name, bool required, struct count *count,
                       struct error *err)
{
    count->oldest_ns = INT64_MAX;
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        return count_entries(fd, name, count, err);
    if (errno == ENOENT && !required)
        return 1;
    if (errno == ENOENT)
        return error_set(err, MUSTER_E_CONFIG, "there is no directory %s in it: mkdir it", name);
    return error_errno(err, errno, "%s", name);
}

/*
 * In the direction in which jobs move: one that moves meanwhile is seen twice, at worst, and never
 * missed, so that a spool with a job in it cannot look empty.
 */
static int scan(int dir, const struct spool_places *places, int64_t wall_ns, struct sample *sample,
                struct error *err)
{
    struct count waiting = { .with_times = true };
    struct count running = { .with_directories = true };
    struct count done = { 0 };
    int rc = count_place(dir, places->waiting, true, &waiting, err);
    if (rc == 0)
        rc = count_place(dir, places->running, true, &running, err);
    if (rc < 0)
        return rc;
    rc = count_place(dir, places->done, false, &done, err);
    if (rc < 0)
        return rc;
    *sample = (struct sample){ .waiting = (double)waiting.files,
                               .running = (double)running.files,
                               .has_running = true,
                               .oldest_s = (double)NAN,
                               .completed = (double)NAN };
    if (waiting.oldest_ns < INT64_MAX) {
        int64_t age_ns = wall_ns > waiting.oldest_ns ? wall_ns - waiting.oldest_ns : 0;
        sample->has_oldest = true;
        sample->oldest_s = (double)age_ns / (double)NS_PER_S;
    }
    /* A counter that has stopped at the limit would say that nothing is finished any more. */
    if (rc == 0 && done.seen < SPOOL_SCAN_MAX) {
        sample->has_completed = true;
        sample->completed = (double)done.files;
    }
    return 0;
}

int spool_scan(const struct spool_places *places, int64_t wall_ns, struct sample *ret,
               struct error *err)
{
    int dir = open(places->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 && errno == ENOENT)
        return error_set(err, MUSTER_E_CONFIG, "spool %s: there is no such directory", places->dir);
    if (dir < 0)
        return error_errno(err, errno, "spool %s", places->dir);
    int rc = scan(dir, places, wall_ns, ret, err);
    close(dir);
    return rc < 0 ? error_wrap(err, "spool %s", places->dir) : 0;
}
