#include "providers/local/node_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/file.h"
#include "base/json.h"
#include "base/process.h"

#define AGENT_BYTES_MAX 256

static int open_lock(const char *dir, int flags, int *ret_fd, struct error *err)
{
    char path[NODE_DIR_MAX];
    int rc = file_join(path, sizeof(path), dir, "lock", err);
    if (rc < 0)
        return rc;
    int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == ENOENT)
        return error_set(err, MUSTER_E_NOTFOUND, "there is no %s", path);
    if (fd < 0)
        return error_errno(err, errno, "open %s", path);
    *ret_fd = fd;
    return 0;
}

static struct flock whole_file(void)
{
    return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
}

/* Is fd still what the name leads to? Not after somebody removed the folder in between. */
static bool is_current(int fd, const char *dir)
{
    char path[NODE_DIR_MAX];
    struct stat opened, named;
    return file_join(path, sizeof(path), dir, "lock", NULL) == 0 && fstat(fd, &opened) == 0 &&
           stat(path, &named) == 0 && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

/* *ret_fd -1 and 0: somebody else holds it. */
static int take_lock(const char *dir, int flags, int *ret_fd, struct error *err)
{
    int fd;
    int rc = open_lock(dir, flags, &fd, err);
    if (rc < 0)
        return rc;
    struct flock lock = whole_file();
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
        if (is_current(fd, dir)) {
            *ret_fd = fd;
            return 0;
        }
        close(fd);
        return error_set(err, MUSTER_E_TRANSIENT, "%s was removed meanwhile", dir);
    }
    int failed = errno;
    close(fd);
    if (failed != EAGAIN && failed != EACCES)
        return error_errno(err, failed, "lock %s/lock", dir);
    *ret_fd = -1;
    return 0;
}

int node_dir_lock(const char *dir, int *ret_lock, struct error *err)
{
    int fd;
    int rc = take_lock(dir, O_RDWR | O_CREAT, &fd, err);
    if (rc == 0 && fd < 0)
        return error_set(err, MUSTER_E_REFUSED, "another agent runs in %s", dir);
    if (rc == 0)
        *ret_lock = fd;
    return rc;
}

int node_dir_alive(const char *dir, bool *ret_alive, struct error *err)
{
    int fd;
    int rc = open_lock(dir, O_RDONLY, &fd, err);
    if (rc < 0)
        return rc;
    struct flock lock = whole_file();
    if (fcntl(fd, F_OFD_GETLK, &lock) < 0)
        rc = error_errno(err, errno, "look at the lock of %s", dir);
    else
        *ret_alive = lock.l_type != F_UNLCK;
    close(fd);
    return rc;
}

static int make_folder(const char *path, struct error *err)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return error_errno(err, errno, "make the folder %s", path);
    return 0;
}

static int write_meta(const char *dir, const struct local_node *node, struct error *err)
{
    char path[NODE_DIR_MAX];
    struct buf text = { 0 };
    local_node_print(node, &text);
    int rc =
        buf_failed(&text) ? error_nomem(err) : file_join(path, sizeof(path), dir, "meta.json", err);
    if (rc == 0)
        rc = file_replace(path, buf_str(&text), err);
    buf_release(&text);
    return rc;
}

/* With the lock held: is this ours to start? */
static int settle_claim(const char *dir, const struct local_node *node, enum local_claim *ret_claim,
                        struct error *err)
{
    struct local_node there;
    struct local_agent agent;
    int rc = local_node_read(dir, &there, err);
    if (rc < 0 && rc != MUSTER_E_NOTFOUND)
        return rc;
    if (rc == 0 && strcmp(there.token, node->token) != 0)
        return error_set(err, MUSTER_E_REFUSED, "%s belongs to another launch", dir);
    /* The agent writes agent.json before it does anything: with it there, the node has lived. */
    bool ran = rc == 0 && node_dir_read_agent(dir, &agent, NULL) == 0;
    *ret_claim = ran ? LOCAL_RAN : LOCAL_CLAIMED;
    return rc == 0 ? 0 : write_meta(dir, node, err);
}

int node_dir_claim(const char *root, const char *dir, const struct local_node *node,
                   enum local_claim *ret_claim, int *ret_lock, struct error *err)
{
    char busy[NODE_DIR_MAX];
    int fd = -1;
    enum local_claim claim = LOCAL_RUNNING;
    int rc = file_join(busy, sizeof(busy), dir, "busy", err);
    if (rc == 0)
        rc = make_folder(root, err);
    if (rc == 0)
        rc = make_folder(dir, err);
    if (rc == 0)
        rc = take_lock(dir, O_RDWR | O_CREAT, &fd, err);
    if (rc < 0)
        return rc;
    if (fd >= 0) {
        rc = settle_claim(dir, node, &claim, err);
        if (rc == 0)
            rc = make_folder(busy, err);
    }
    if (rc == 0)
        *ret_claim = claim;
    if (rc == 0 && claim == LOCAL_CLAIMED)
        *ret_lock = fd;
    else if (fd >= 0)
        close(fd);
    return rc;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
    (void)status;
    (void)kind;
    (void)at;
    return remove(path) < 0 && errno != ENOENT ? errno : 0;
}

int node_dir_remove(const char *dir, struct error *err)
{
    int fd;
    int rc = take_lock(dir, O_RDWR | O_CREAT, &fd, err);
    if (rc == MUSTER_E_NOTFOUND)
        return 0;
    if (rc < 0)
        return rc;
    if (fd < 0)
        return error_set(err, MUSTER_E_REFUSED, "%s is in use", dir);
    int failed = nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    close(fd);
    return failed ? error_errno(err, failed > 0 ? failed : errno, "remove %s", dir) : 0;
}

int node_dir_write_agent(const char *dir, struct error *err)
{
    struct process self;
    char path[NODE_DIR_MAX];
    char text[AGENT_BYTES_MAX];
    int rc = file_join(path, sizeof(path), dir, "agent.json", err);
    if (rc == 0)
        rc = process_read(getpid(), &self, err);
    if (rc < 0)
        return rc;
    snprintf(text, sizeof(text), "{\"pid\":%ld,\"start\":%llu}\n", (long)self.pid,
             (unsigned long long)self.start);
    return file_replace_unsynced(path, str_from(text), err);
}

static int parse_agent(struct str text, struct local_agent *ret, struct error *err)
{
    cJSON *root = NULL;
    int rc = json_parse(text, &root, err);
    const cJSON *pid = cJSON_GetObjectItemCaseSensitive(root, "pid");
    const cJSON *start = cJSON_GetObjectItemCaseSensitive(root, "start");
    bool good = cJSON_IsNumber(pid) && pid->valuedouble >= 1 && pid->valuedouble < 1e9 &&
                cJSON_IsNumber(start) && start->valuedouble >= 0 && start->valuedouble < 1e15;
    if (rc == 0 && !good)
        rc = error_set(err, MUSTER_E_INVALID, "no pid and start time in it");
    if (rc == 0)
        *ret = (struct local_agent){ (pid_t)pid->valuedouble, (uint64_t)start->valuedouble };
    cJSON_Delete(root);
    return rc;
}

int node_dir_read_agent(const char *dir, struct local_agent *ret, struct error *err)
{
    char path[NODE_DIR_MAX];
    struct buf text = { 0 };
    int rc = file_join(path, sizeof(path), dir, "agent.json", err);
    if (rc == 0)
        rc = file_read(path, AGENT_BYTES_MAX, &text, err);
    if (rc == 0) {
        rc = parse_agent(buf_str(&text), ret, err);
        if (rc < 0)
            error_wrap(err, "%s", path);
    }
    buf_release(&text);
    return rc;
}
