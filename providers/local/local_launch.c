/* Launching: claim the folder, write down what the node is, start its agent; in this order. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/file.h"
#include "providers/local/local.h"

struct launch_op {
    struct local_op op;
    char root[sizeof(((struct provider *)0)->root)];
    char dir[NODE_DIR_MAX];
    struct local_node node;
    struct local_command command;
    struct error unfit; /* the request cannot be carried out at all */
    enum local_claim claim;
    int lock, log;
    provider_launch_cb *done;
    void *ctx;
};

static int open_log(struct launch_op *op, struct error *err)
{
    char *path = op->command.log;
    char *slash = strrchr(path, '/');
    *slash = '\0';
    mkdir(path, 0700); /* `logs` may name a folder that is not there yet */
    *slash = '/';
    op->log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (op->log >= 0)
        return 0;
    error_errno(err, errno, "open the node's log %s", path);
    return err->code = MUSTER_E_CONFIG;
}

static void run_claim(struct local_op *base)
{
    struct launch_op *op = (struct launch_op *)base;
    if (op->unfit.code) {
        base->err = op->unfit;
        return;
    }
    int rc = node_dir_claim(op->root, op->dir, &op->node, &op->claim, &op->lock, &base->err);
    if (rc == 0 && op->claim == LOCAL_CLAIMED)
        rc = open_log(op, &base->err);
    if (rc == 0)
        error_clear(&base->err);
}

static void drop_descriptors(struct launch_op *op)
{
    if (op->lock >= 0)
        close(op->lock);
    if (op->log >= 0)
        close(op->log);
    op->lock = op->log = -1;
}

/* The agent did not start: nothing exists, and nothing may look as if it did. */
static void run_undo(struct local_op *base)
{
    node_dir_remove(((struct launch_op *)base)->dir, NULL);
}

static bool after_undo(struct local_op *base)
{
    struct launch_op *op = (struct launch_op *)base;
    op->done(op->ctx, NULL, 0, &op->unfit);
    return false;
}

static bool after_claim(struct local_op *base)
{
    struct launch_op *op = (struct launch_op *)base;
    bool claimed = op->claim == LOCAL_CLAIMED;
    op->unfit = base->err;
    if (!op->unfit.code && claimed)
        local_spawn(base->provider, op->node.id, &op->command, op->log, op->lock, &op->unfit);
    drop_descriptors(op);
    if (op->unfit.code && claimed) {
        base->run = run_undo;
        base->after = after_undo;
        local_op_again(base, 0);
        return true;
    }
    const char(*id)[NODE_ID_MAX] = (const char(*)[NODE_ID_MAX]) & op->node.id;
    op->done(op->ctx, op->unfit.code ? NULL : id, op->unfit.code ? 0 : 1, &op->unfit);
    return false;
}

static void release_launch(struct local_op *base)
{
    struct launch_op *op = (struct launch_op *)base;
    drop_descriptors(op);
    local_command_release(&op->command);
}

static void describe(struct launch_op *op, const struct provider_env *env,
                     const struct intent *intent)
{
    struct local_node *node = &op->node;
    local_node_id(intent->token, node->id);
    str_copy_c(node->pool, sizeof(node->pool), intent->pool);
    str_copy_c(node->offer, sizeof(node->offer), intent->offer);
    str_copy_c(node->token, sizeof(node->token), intent->token);
    str_copy_c(node->controller, sizeof(node->controller), env->controller);
    node->slots = intent->slots;
    node->created_boot_ns = env->clock->boot_ns(env->clock->ctx);
    node->created_wall_ns = env->clock->wall_ns(env->clock->ctx);
}

static int prepare(struct launch_op *op, struct provider *self,
                   const struct launch_request *request, struct error *err)
{
    if (strlen(request->intent->token) < 16)
        return error_set(err, MUSTER_E_INVALID, "a launch without a token");
    describe(op, self->env, request->intent);
    str_copy_c(op->root, sizeof(op->root), self->root);
    int rc = file_join(op->dir, sizeof(op->dir), self->root, op->node.id, err);
    if (rc == 0)
        rc = local_command_make(self->env, request, op->node.id, op->dir, &op->command, err);
    return rc;
}

void local_launch(struct provider *self, const struct launch_request *request,
                  provider_launch_cb *done, void *ctx)
{
    struct launch_op *op = calloc(1, sizeof(*op));
    if (!op) {
        log_line(self->env->log, LOG_ERROR, "continuing: no memory to launch a local node",
                 LOG_STR("pool", request->intent->pool));
        return;
    }
    op->op.run = run_claim;
    op->op.after = after_claim;
    op->op.release = release_launch;
    op->claim = LOCAL_RUNNING;
    op->lock = op->log = -1;
    op->done = done;
    op->ctx = ctx;
    prepare(op, self, request, &op->unfit);
    local_op_start(self, &op->op);
}
