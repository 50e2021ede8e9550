/* Starting agents, and reaping those that end while we are here. */
#include <stdlib.h>

#include "providers/local/local.h"

struct local_child {
    uv_process_t process;
    struct provider *provider; /* NULL: nobody wants to know any more */
    char node[NODE_ID_MAX];
    struct local_child *next, **prev;
};

static void unlink_child(struct local_child *child)
{
    if (child->next)
        child->next->prev = child->prev;
    *child->prev = child->next;
    child->provider = NULL;
}

static void child_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void agent_exited(uv_process_t *process, int64_t status, int signal_number)
{
    struct local_child *child = process->data;
    log_line(child->provider->env->log, LOG_DEBUG, "a local node's agent ended",
             LOG_STR("node", child->node), LOG_INT("status", status),
             LOG_INT("signal", signal_number));
    unlink_child(child);
    uv_close((uv_handle_t *)process, child_closed);
}

static int spawn_failed(int rc, const char *program, struct error *err)
{
    if (rc == UV_ENOENT || rc == UV_EACCES)
        return error_set(err, MUSTER_E_CONFIG, "start %s: %s (is muster-agent installed?)", program,
                         uv_strerror(rc));
    /* No more processes or memory on this machine: the same as a cloud that is sold out. */
    if (rc == UV_EAGAIN || rc == UV_ENOMEM)
        return error_set(err, MUSTER_E_CAPACITY, "start %s: %s", program, uv_strerror(rc));
    return error_set(err, MUSTER_E_TRANSIENT, "start %s: %s", program, uv_strerror(rc));
}

struct to_spawn {
    char **argv, **environment;
    int log, lock;
};

static int spawn(struct provider *self, struct local_child *child, const struct to_spawn *what)
{
    uv_stdio_container_t stdio[4] = { { .flags = UV_IGNORE },
                                      { .flags = UV_INHERIT_FD, .data.fd = what->log },
                                      { .flags = UV_INHERIT_FD, .data.fd = what->log },
                                      { .flags = UV_INHERIT_FD, .data.fd = what->lock } };
    uv_process_options_t options = {
        .exit_cb = agent_exited,
        .file = what->argv[0],
        .args = what->argv,
        .env = what->environment,
        .flags = UV_PROCESS_DETACHED,
        .stdio_count = 4,
        .stdio = stdio,
    };
    return uv_spawn(self->env->loop, &child->process, &options);
}

static void watch(struct provider *self, struct local_child *child)
{
    child->provider = self;
    child->next = self->children;
    child->prev = &self->children;
    if (child->next)
        child->next->prev = &child->next;
    self->children = child;
    /* A running agent is no reason for musterd to stay. */
    uv_unref((uv_handle_t *)&child->process);
}

int local_spawn(struct provider *self, const char *node, const struct local_command *command,
                int log, int lock, struct error *err)
{
    struct to_spawn what = { word_list_array(&command->argv),
                             word_list_array(&command->environment), log, lock };
    struct local_child *child = calloc(1, sizeof(*child));
    int rc = 0;
    if (!child || !what.argv || !what.environment) {
        free(child);
        rc = error_nomem(err);
    } else {
        child->process.data = child;
        str_copy_c(child->node, sizeof(child->node), node);
        int failed = spawn(self, child, &what);
        if (failed == 0) {
            watch(self, child);
        } else {
            rc = spawn_failed(failed, what.argv[0], err);
            uv_close((uv_handle_t *)&child->process, child_closed);
        }
    }
    free(what.argv);
    free(what.environment);
    return rc;
}

void local_children_forget(struct provider *self)
{
    while (self->children) {
        struct local_child *child = self->children;
        unlink_child(child);
        uv_close((uv_handle_t *)&child->process, child_closed);
    }
}
