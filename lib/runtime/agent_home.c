#include "runtime/agent_home.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/file.h"
#include "providers/local/node_dir.h"

/* Out of the way of workers that use low descriptors as they like: whoever closes the lock by
 * accident makes the node look dead. */
#define LOCK_FD_MIN 200

/* Hands the lock down: without close-on-exec, every process of the node holds it. */
static int keep_lock(int fd, struct error *err)
{
    int kept = fcntl(fd, F_DUPFD, LOCK_FD_MIN);
    if (kept < 0 && errno == EINVAL)
        kept = fcntl(fd, F_DUPFD, 0);
    int failed = errno;
    close(fd);
    return kept < 0 ? error_errno(err, failed, "keep the node's lock") : kept;
}

static int take_node(const struct agent_options *options, int *ret_lock, struct error *err)
{
    int fd = (int)options->lock_fd;
    if (!*options->state_dir)
        return 0;
    if (fd >= 0 && fcntl(fd, F_GETFD) < 0)
        return error_errno(err, errno, "--lock-fd %d", fd);
    int rc = fd >= 0 ? 0 : node_dir_lock(options->state_dir, &fd, err);
    if (rc == 0)
        rc = keep_lock(fd, err);
    if (rc < 0)
        return rc;
    *ret_lock = rc;
    return node_dir_write_agent(options->state_dir, err);
}

static int make_busy_dir(const struct agent_options *options, struct agent_home *home,
                         struct error *err)
{
    const char *tmp = secure_getenv("TMPDIR");
    if (*options->busy_dir) {
        if (!str_copy_c(home->busy_dir, sizeof(home->busy_dir), options->busy_dir))
            return error_set(err, MUSTER_E_INVALID, "--busy-dir: the path is too long");
        if (mkdir(home->busy_dir, 0700) < 0 && errno != EEXIST)
            return error_errno(err, errno, "make the busy folder %s", home->busy_dir);
        return 0;
    }
    int rc = file_join(home->busy_dir, sizeof(home->busy_dir), tmp && *tmp ? tmp : "/tmp",
                       "muster-busy-XXXXXX", err);
    if (rc == 0 && !mkdtemp(home->busy_dir))
        rc = error_errno(err, errno, "make the busy folder %s", home->busy_dir);
    home->own_busy_dir = rc == 0;
    return rc;
}

static void remove_busy_dir(const char *path)
{
    DIR *folder = opendir(path);
    const struct dirent *entry;
    while (folder && (entry = readdir(folder)))
        unlinkat(dirfd(folder), entry->d_name, 0); /* "." and ".." refuse */
    if (folder)
        closedir(folder);
    rmdir(path);
}

/* Our own settings are not the worker's: MUSTER_SLOTS of a copy is its share. */
static int make_environment(const struct agent_options *options, char *const *from,
                            struct agent_home *home, struct error *err)
{
    char slots[24];
    int64_t share = options->slots / options->copies;
    snprintf(slots, sizeof(slots), "%lld", share > 0 ? (long long)share : 1LL);
    const char *const ours[][2] = { { "MUSTER_NODE", options->node },
                                    { "MUSTER_POOL", options->pool },
                                    { "MUSTER_SLOTS", slots },
                                    { "MUSTER_BUSY_DIR", home->busy_dir } };
    int rc = 0;
    for (; rc == 0 && *from; from++) {
        if (strncmp(*from, "MUSTER_", 7) != 0)
            rc = word_list_add(&home->environment, *from, err);
    }
    for (size_t i = 0; rc == 0 && i < sizeof(ours) / sizeof(ours[0]); i++)
        rc = word_list_addf(&home->environment, err, "%s=%s", ours[i][0], ours[i][1]);
    if (rc < 0)
        return rc;
    home->environment_array = word_list_array(&home->environment);
    return home->environment_array ? 0 : error_nomem(err);
}

int agent_home_init(const struct agent_options *options, char *const *environment,
                    struct agent_home *ret, struct error *err)
{
    struct agent_home home = { .lock = -1 };
    int rc = take_node(options, &home.lock, err);
    if (rc == 0)
        rc = make_busy_dir(options, &home, err);
    if (rc == 0)
        rc = make_environment(options, environment, &home, err);
    if (rc < 0)
        agent_home_release(&home);
    else
        *ret = home;
    return rc;
}

void agent_home_release(struct agent_home *home)
{
    if (home->own_busy_dir)
        remove_busy_dir(home->busy_dir);
    word_list_release(&home->environment);
    free(home->environment_array);
    if (home->lock >= 0)
        close(home->lock);
    *home = (struct agent_home){ .lock = -1 };
}
