#include "providers/local/node_list.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

#include "base/file.h"

void node_list_release(struct node_list *list)
{
    vec_release(&list->nodes);
    vec_release(&list->dead);
}

struct reading {
    const char *root;
    const char *controller;
    int64_t boot_ns;
    struct node_list list;
};

/* Held, but its agent has not said who it is: just being started. In doubt it runs: what is only
 * being started may be stopped without asking. */
static int state_of(const char *dir, bool alive, enum listed_state *ret, struct error *err)
{
    struct local_agent agent;
    int rc = alive ? node_dir_read_agent(dir, &agent, err) : 0;
    if (rc == MUSTER_E_NOMEM)
        return rc;
    *ret = !alive ? LISTED_GONE : rc == MUSTER_E_NOTFOUND ? LISTED_PENDING : LISTED_RUNNING;
    return 0;
}

static int add_node(struct reading *r, const char *dir, const struct local_node *node, bool alive,
                    struct error *err)
{
    struct listed_node listed = { .slots = node->slots };
    int rc = state_of(dir, alive, &listed.state, err);
    if (rc < 0)
        return rc;
    str_copy_c(listed.id, sizeof(listed.id), node->id);
    str_copy_c(listed.pool, sizeof(listed.pool), node->pool);
    str_copy_c(listed.offer, sizeof(listed.offer), node->offer);
    str_copy_c(listed.token, sizeof(listed.token), node->token);
    /* A living node was created in this life of the machine, so both times are of one clock. */
    int64_t age_ns = r->boot_ns - node->created_boot_ns;
    listed.age_ns = alive && age_ns >= 0 ? age_ns : -1;
    return vec_push(&r->list.nodes, listed) ? 0 : error_nomem(err);
}

static bool add_dead(struct reading *r, const char *name)
{
    struct dead_dir dead;
    str_copy_c(dead.name, sizeof(dead.name), name);
    return vec_push(&r->list.dead, dead);
}

static int read_folder(struct reading *r, const char *name, struct error *err)
{
    char dir[NODE_DIR_MAX];
    bool alive = false;
    struct local_node node;
    int rc = file_join(dir, sizeof(dir), r->root, name, err);
    if (rc < 0)
        return rc;
    rc = node_dir_alive(dir, &alive, err);
    if (rc < 0 && rc != MUSTER_E_NOTFOUND)
        return rc;
    rc = local_node_read(dir, &node, err);
    if (rc == MUSTER_E_NOMEM)
        return rc;
    /* No meta.json yet and the lock held: a launch is being prepared, nothing runs. */
    if (rc == MUSTER_E_NOTFOUND && alive)
        return 0;
    if (rc < 0 && alive)
        return error_wrap(err, "a node runs whose record cannot be read; stop its processes and "
                               "remove its folder");
    if (rc < 0)
        return add_dead(r, name) ? 0 : error_nomem(err);
    bool ours = strcmp(node.controller, r->controller) == 0 && strcmp(node.id, name) == 0;
    rc = ours ? add_node(r, dir, &node, alive, err) : 0;
    if (rc < 0)
        return rc;
    return alive || add_dead(r, name) ? 0 : error_nomem(err);
}

static int read_root(DIR *root, struct reading *r, struct error *err)
{
    const struct dirent *entry;
    int rc = 0;
    errno = 0;
    while (rc == 0 && (entry = readdir(root))) {
        if (local_node_named(entry->d_name))
            rc = read_folder(r, entry->d_name, err);
        errno = 0;
    }
    if (rc == 0 && errno)
        return error_errno(err, errno, "read the folder %s", r->root);
    return rc;
}

int node_list_read(const char *root, const char *controller, int64_t boot_ns, struct node_list *ret,
                   struct error *err)
{
    struct reading r = { .root = root, .controller = controller, .boot_ns = boot_ns };
    DIR *folder = opendir(root);
    if (!folder && errno != ENOENT)
        return error_errno(err, errno, "open the folder %s", root);
    int rc = folder ? read_root(folder, &r, err) : 0;
    if (folder)
        closedir(folder);
    if (rc < 0)
        node_list_release(&r.list);
    else
        *ret = r.list;
    return rc;
}
