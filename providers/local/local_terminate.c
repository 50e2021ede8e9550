/*
 * Terminating: the agent is asked (SIGTERM: it tells its worker to finish, and goes when the worker
 * is gone), and after a grace everything of the node is killed. Done when the node's lock is free.
 */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "providers/local/local.h"

#define GRACE_NS    (10 * NS_PER_S)
#define GIVE_UP_NS  (40 * NS_PER_S)
#define LOOK_MIN_NS (10 * NS_PER_MS) /* a drained agent goes at once */
#define LOOK_MAX_NS (250 * NS_PER_MS)

struct terminate_op {
    struct local_op op;
    char dir[NODE_DIR_MAX];
    char node[NODE_ID_MAX];
    char controller[LOCAL_CONTROLLER_MAX];
    const struct clock *clock;
    int64_t began_ns, look_ns;
    bool asked; /* the agent got its SIGTERM */
    bool gone;
    bool killing;
    size_t killed;
    provider_terminate_cb *done;
    void *ctx;
};

static int64_t waited_ns(const struct terminate_op *op)
{
    return op->clock->boot_ns(op->clock->ctx) - op->began_ns;
}

/* A folder may have been copied here from another controller: what it names is then not ours. */
static bool is_ours(const struct terminate_op *op, struct error *err)
{
    struct local_node node;
    if (local_node_read(op->dir, &node, err) < 0)
        return false;
    if (strcmp(node.controller, op->controller) == 0)
        return true;
    error_set(err, MUSTER_E_REFUSED, "node %s belongs to the controller '%s'", op->node,
              node.controller);
    return false;
}

static void run_terminate(struct local_op *base)
{
    struct terminate_op *op = (struct terminate_op *)base;
    bool alive = false;
    if (op->gone)
        return;
    int rc = node_dir_alive(op->dir, &alive, &base->err);
    if (rc == MUSTER_E_NOTFOUND || (rc == 0 && !alive)) {
        op->gone = true;
        error_clear(&base->err);
        return;
    }
    if (rc < 0 || !is_ours(op, &base->err))
        return;
    if (op->killing)
        rc = node_dir_kill(op->dir, &op->killed, &base->err);
    else if (!op->asked && node_dir_stop(op->dir, NULL) == 0)
        op->asked = true;
    /* Between looking and killing it may have gone by itself. */
    if (rc == MUSTER_E_NOTFOUND)
        error_clear(&base->err);
}

static bool after_terminate(struct local_op *base)
{
    struct terminate_op *op = (struct terminate_op *)base;
    if (!op->gone && !base->err.code && waited_ns(op) < GIVE_UP_NS) {
        op->killing = waited_ns(op) >= GRACE_NS;
        local_op_again(base, op->look_ns);
        op->look_ns = op->look_ns * 2 < LOOK_MAX_NS ? op->look_ns * 2 : LOOK_MAX_NS;
        return true;
    }
    if (!op->gone && !base->err.code)
        error_set(&base->err, MUSTER_E_UNKNOWN, "node %s still has processes (%zu) after SIGKILL",
                  op->node, op->killed);
    op->done(op->ctx, &base->err);
    return false;
}

static void release_nothing(struct local_op *op)
{
    (void)op;
}

void local_terminate(struct provider *self, const struct intent *intent,
                     provider_terminate_cb *done, void *ctx)
{
    struct terminate_op *op = calloc(1, sizeof(*op));
    if (!op) {
        log_line(self->env->log, LOG_ERROR, "continuing: no memory to terminate a local node",
                 LOG_STR("node", intent->node));
        return;
    }
    op->op.run = run_terminate;
    op->op.after = after_terminate;
    op->op.release = release_nothing;
    op->clock = self->env->clock;
    op->began_ns = op->clock->boot_ns(op->clock->ctx);
    op->look_ns = LOOK_MIN_NS;
    op->done = done;
    op->ctx = ctx;
    str_copy_c(op->node, sizeof(op->node), intent->node);
    str_copy_c(op->controller, sizeof(op->controller), self->env->controller);
    /* A name that is none of ours names nothing here: gone. It never becomes a path. */
    op->gone = !local_node_named(intent->node) || strchr(intent->node, '/');
    if (file_join(op->dir, sizeof(op->dir), self->root, op->node, NULL) < 0)
        op->gone = true;
    local_op_start(self, &op->op);
}
