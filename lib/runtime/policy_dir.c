#include "runtime/policy_dir.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"

#define FILE_MAX_BYTES ((size_t)1 << 20)
#define GONE_AFTER_NS  (3 * NS_PER_S) /* editors replace a file by removing it for a moment */

struct file {
    char *name;                  /* within the directory */
    char digest[DIGEST_HEX_MAX]; /* of the content looked at last */
    char pool[POOL_NAME_MAX];    /* the pool it describes, by its last good content; "" none */
    char *problem;               /* NULL: the content is in force */
    int64_t problem_since_wall_ns;
    int64_t gone_since_ns; /* boot clock: since when it is missing; 0: it is there */
    bool clashes;          /* the problem is another file that describes the same pool */
    bool seen;
};

struct policy_dir {
    struct policy_dir_env env;
    char *path;
    char *problem; /* of the directory itself */
    int64_t problem_since_wall_ns;
    VEC(struct file) files;
};

int policy_dir_new(const char *path, const struct policy_dir_env *env, struct policy_dir **ret,
                   struct error *err)
{
    struct policy_dir *dir = calloc(1, sizeof(*dir));
    if (dir)
        dir->path = str_dup(str_from(path));
    if (!dir || !dir->path) {
        free(dir);
        return error_nomem(err);
    }
    dir->env = *env;
    *ret = dir;
    return 0;
}

static void file_release(struct file *file)
{
    free(file->name);
    free(file->problem);
}

void policy_dir_free(struct policy_dir *dir)
{
    if (!dir)
        return;
    for (size_t i = 0; i < dir->files.len; i++)
        file_release(&dir->files.at[i]);
    vec_release(&dir->files);
    free(dir->problem);
    free(dir->path);
    free(dir);
}

static bool is_policy_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return name[0] != '.' && dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

/* Reads a file that only its owner may write: who writes policies spends money. */
static int read_whole(int dir_fd, const char *name, struct buf *out, struct error *err)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_errno(err, errno, "cannot be read");
    struct stat st;
    int rc = 0;
    if (fstat(fd, &st) < 0)
        rc = error_errno(err, errno, "cannot be read");
    else if (S_ISREG(st.st_mode) && (st.st_mode & S_IWOTH))
        rc = error_set(err, MUSTER_E_INVALID,
                       "may be written by anybody on this machine: chmod o-w it first");
    else
        rc = file_read_fd(fd, "the file", FILE_MAX_BYTES, out, err);
    close(fd);
    return rc;
}

static void set_problem(struct policy_dir *dir, struct file *file, const char *text)
{
    bool first = !file->problem;
    char *copy = str_dup(str_from(text));
    if (!copy)
        return; /* the log line below still tells */
    free(file->problem);
    file->problem = copy;
    if (first)
        file->problem_since_wall_ns = dir->env.clock->wall_ns(dir->env.clock->ctx);
}

static void report(struct policy_dir *dir, struct file *file, const char *text)
{
    set_problem(dir, file, text);
    log_line(dir->env.log, LOG_ERROR,
             file->pool[0] ? "policy file has errors; continuing: its last good version stays"
                           : "policy file has errors; continuing: without it",
             LOG_STR("file", file->name), LOG_STR("problem", text));
}

/* The first error in one line, and how many more there are. */
static void report_problems(struct policy_dir *dir, struct file *file, const struct problems *found)
{
    const struct problem *first = NULL;
    for (size_t i = 0; i < found->all.len && !first; i++) {
        if (found->all.at[i].severity == SEVERITY_ERROR)
            first = &found->all.at[i];
    }
    char text[512];
    if (!first)
        snprintf(text, sizeof(text), "%s: cannot be used", file->name);
    else if (found->errors > 1)
        snprintf(text, sizeof(text), "%s:%d:%d: %.300s (and %zu more: muster check shows all)",
                 file->name, first->line, first->column, first->text, found->errors - 1);
    else
        snprintf(text, sizeof(text), "%s:%d:%d: %.400s", file->name, first->line, first->column,
                 first->text);
    report(dir, file, text);
}

static const struct file *other_file_of(const struct policy_dir *dir, const struct file *file,
                                        const char *pool)
{
    for (size_t i = 0; i < dir->files.len; i++) {
        const struct file *other = &dir->files.at[i];
        if (other != file && strcmp(other->pool, pool) == 0)
            return other;
    }
    return NULL;
}

static void take_spec(struct policy_dir *dir, struct file *file, struct pool_spec *spec,
                      struct str text)
{
    const struct file *other = other_file_of(dir, file, spec->name);
    if (other) {
        char problem[512];
        snprintf(problem, sizeof(problem), "%s: pool '%s' is already described by %s", file->name,
                 spec->name, other->name);
        pool_spec_free(spec);
        if (!file->clashes)
            report(dir, file, problem);
        file->clashes = true;
        return;
    }
    file->clashes = false;
    if (file->pool[0] && strcmp(file->pool, spec->name) != 0)
        dir->env.removed(dir->env.ctx, file->pool); /* the file was given to another pool */
    str_copy_c(file->pool, sizeof(file->pool), spec->name);
    free(file->problem);
    file->problem = NULL;
    log_line(dir->env.log, LOG_INFO, "policy in force", LOG_STR("pool", file->pool),
             LOG_STR("file", file->name));
    dir->env.changed(dir->env.ctx, spec, file->name, text);
}

static int parse(struct policy_dir *dir, struct file *file, struct str text, struct error *err)
{
    struct buf path = { 0 };
    buf_addf(&path, "%s/%s", dir->path, file->name);
    if (buf_failed(&path))
        return error_nomem(err);
    struct problems problems;
    problems_init(&problems);
    struct pool_spec *spec = NULL;
    int rc = kinds_parse_policy(dir->env.kinds, text, buf_text(&path), &spec, &problems, err);
    if (rc == 0)
        take_spec(dir, file, spec, text);
    else if (rc == MUSTER_E_INVALID)
        report_problems(dir, file, &problems);
    problems_release(&problems);
    buf_release(&path);
    return rc == MUSTER_E_INVALID ? 0 : rc;
}

static struct file *file_of(struct policy_dir *dir, const char *name)
{
    for (size_t i = 0; i < dir->files.len; i++) {
        if (strcmp(dir->files.at[i].name, name) == 0)
            return &dir->files.at[i];
    }
    struct file file = { .name = str_dup(str_from(name)) };
    if (!file.name || !vec_push(&dir->files, file)) {
        free(file.name);
        return NULL;
    }
    return &dir->files.at[dir->files.len - 1];
}

static int look_at(struct policy_dir *dir, int dir_fd, const char *name, struct error *err)
{
    struct file *file = file_of(dir, name);
    if (!file)
        return error_nomem(err);
    file->seen = true;
    struct buf text;
    struct error why = { 0 };
    buf_init(&text, FILE_MAX_BYTES);
    int rc = read_whole(dir_fd, name, &text, &why);
    char digest[DIGEST_HEX_MAX];
    if (rc < 0 && rc != MUSTER_E_NOMEM) {
        file->digest[0] = '\0';
        if (!file->problem || !strstr(file->problem, why.text)) {
            error_wrap(&why, "%s", name);
            report(dir, file, why.text);
        }
        rc = 0;
    } else if (rc == 0) {
        rc = digest_hex(buf_str(&text), digest, err);
        /* A file that clashed with another may be good now that the other changed. */
        bool look = rc == 0 && (strcmp(digest, file->digest) != 0 || file->clashes);
        if (look) {
            memcpy(file->digest, digest, sizeof(digest));
            rc = parse(dir, file, buf_str(&text), err);
        }
    }
    buf_release(&text);
    return rc;
}

static void forget_removed(struct policy_dir *dir)
{
    int64_t now_ns = dir->env.clock->boot_ns(dir->env.clock->ctx);
    for (size_t i = 0; i < dir->files.len; i++) {
        struct file *file = &dir->files.at[i];
        if (file->seen) {
            file->gone_since_ns = 0;
            continue;
        }
        if (file->gone_since_ns == 0)
            file->gone_since_ns = now_ns;
        if (now_ns - file->gone_since_ns < GONE_AFTER_NS)
            continue;
        if (file->pool[0])
            dir->env.removed(dir->env.ctx, file->pool);
        file_release(file);
        vec_remove(&dir->files, i);
        i--;
    }
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In the order of their names, so that which of two clashing files wins does not depend on luck. */
static int scan_files(struct policy_dir *dir, DIR *open_dir, struct error *err)
{
    VEC(char *) names = { 0 };
    int rc = 0;
    for (struct dirent *entry; rc == 0 && (entry = readdir(open_dir)) != NULL;) {
        if (!is_policy_name(entry->d_name))
            continue;
        char *name = str_dup(str_from(entry->d_name));
        if (!name || !vec_push(&names, name)) {
            free(name);
            rc = error_nomem(err);
        }
    }
    if (names.len > 1)
        qsort(names.at, names.len, sizeof(names.at[0]), compare_names);
    for (size_t i = 0; i < dir->files.len; i++)
        dir->files.at[i].seen = false;
    /* Gone files first: a pool that moved to another file must be free when that one is read. */
    for (size_t i = 0; rc == 0 && i < names.len; i++) {
        for (size_t k = 0; k < dir->files.len; k++)
            dir->files.at[k].seen |= strcmp(dir->files.at[k].name, names.at[i]) == 0;
    }
    if (rc == 0)
        forget_removed(dir);
    for (size_t i = 0; rc == 0 && i < names.len; i++)
        rc = look_at(dir, dirfd(open_dir), names.at[i], err);
    for (size_t i = 0; i < names.len; i++)
        free(names.at[i]);
    vec_release(&names);
    return rc;
}

/* A directory that cannot be read says nothing about the files in it. */
static int unreadable(struct policy_dir *dir, int errno_value, struct error *err)
{
    struct error why = { 0 };
    int rc = error_errno(&why, errno_value, "policy directory %s", dir->path);
    if (!dir->problem) {
        dir->problem = str_dup(str_from(why.text));
        dir->problem_since_wall_ns = dir->env.clock->wall_ns(dir->env.clock->ctx);
    }
    if (err)
        *err = why;
    dir->env.scanned(dir->env.ctx, false);
    return rc;
}

int policy_dir_scan(struct policy_dir *dir, struct error *err)
{
    DIR *open_dir = opendir(dir->path);
    if (!open_dir)
        return unreadable(dir, errno, err);
    free(dir->problem);
    dir->problem = NULL;
    int rc = scan_files(dir, open_dir, err);
    closedir(open_dir);
    bool complete = rc == 0;
    for (size_t i = 0; i < dir->files.len; i++)
        complete = complete && !dir->files.at[i].problem;
    dir->env.scanned(dir->env.ctx, complete);
    return rc;
}

bool policy_dir_problem(const struct policy_dir *dir, size_t index, struct policy_dir_problem *ret)
{
    if (dir->problem && index-- == 0) {
        *ret = (struct policy_dir_problem){ dir->path, dir->problem, dir->problem_since_wall_ns };
        return true;
    }
    for (size_t i = 0; i < dir->files.len; i++) {
        const struct file *file = &dir->files.at[i];
        if (!file->problem || index-- > 0)
            continue;
        *ret =
            (struct policy_dir_problem){ file->name, file->problem, file->problem_since_wall_ns };
        return true;
    }
    return false;
}

bool policy_dir_unsettled(const struct policy_dir *dir)
{
    for (size_t i = 0; i < dir->files.len; i++) {
        if (dir->files.at[i].gone_since_ns != 0)
            return true;
    }
    return false;
}
