/* Listing, and tidying away what has been gone for long. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "providers/local/local.h"
#include "providers/local/node_list.h"

/* A dead node is listed as gone for so long, so that its end is seen and not guessed from absence;
 * its folder keeps the log meanwhile. */
#define GONE_KEEP_NS (600 * NS_PER_S)
#define GONE_MAX     1000 /* past this many, the one dead for longest goes at once */

struct list_op {
    struct local_op op;
    char root[sizeof(((struct provider *)0)->root)];
    char controller[LOCAL_CONTROLLER_MAX];
    int64_t asked_ns;
    provider_list_cb *done;
    void *ctx;
    struct node_list list;
};

struct tidy_op {
    struct local_op op;
    char dir[NODE_DIR_MAX];
};

static void release_nothing(struct local_op *op)
{
    (void)op;
}

static void run_tidy(struct local_op *op)
{
    node_dir_remove(((struct tidy_op *)op)->dir, &op->err);
}

static bool after_tidy(struct local_op *op)
{
    if (op->err.code)
        log_line(op->provider->env->log, LOG_WARNING, "continuing: a dead node's folder stays",
                 LOG_STR("error", op->err.text));
    return false;
}

static void tidy(struct provider *self, const char *name)
{
    struct tidy_op *op = calloc(1, sizeof(*op));
    if (!op)
        return;
    op->op.run = run_tidy;
    op->op.after = after_tidy;
    op->op.release = release_nothing;
    if (file_join(op->dir, sizeof(op->dir), self->root, name, NULL) < 0)
        free(op);
    else
        local_op_start(self, &op->op);
}

static struct local_gone *find_gone(struct provider *self, const char *name)
{
    for (size_t i = 0; i < self->gone.len; i++) {
        if (strcmp(self->gone.at[i].name, name) == 0)
            return &self->gone.at[i];
    }
    return NULL;
}

/* Notes the dead that are new; forgetting one for lack of memory only lets it lie longer. */
static void note_dead(struct provider *self, const struct node_list *list, int64_t now_ns)
{
    for (size_t i = 0; i < list->dead.len; i++) {
        struct local_gone gone = { .since_ns = now_ns };
        str_copy_c(gone.name, sizeof(gone.name), list->dead.at[i].name);
        if (!find_gone(self, gone.name))
            (void)vec_push(&self->gone, gone);
    }
}

/* self->gone is in the order of time: new ones are pushed at the end. */
static void tidy_old(struct provider *self, int64_t now_ns)
{
    while (self->gone.len > 0) {
        bool old = now_ns - self->gone.at[0].since_ns >= GONE_KEEP_NS;
        if (!old && self->gone.len <= GONE_MAX)
            return;
        tidy(self, self->gone.at[0].name);
        vec_remove(&self->gone, 0);
    }
}

static void run_list(struct local_op *base)
{
    struct list_op *op = (struct list_op *)base;
    if (node_list_read(op->root, op->controller, op->asked_ns, &op->list, &base->err) == 0)
        error_clear(&base->err);
}

static bool after_list(struct local_op *base)
{
    struct list_op *op = (struct list_op *)base;
    struct provider *self = base->provider;
    if (!base->err.code) {
        note_dead(self, &op->list, op->asked_ns);
        tidy_old(self, op->asked_ns);
    }
    op->done(op->ctx, op->list.nodes.at, op->list.nodes.len, &base->err);
    return false;
}

static void release_list(struct local_op *base)
{
    node_list_release(&((struct list_op *)base)->list);
}

void local_list(struct provider *self, const char *inventory, provider_list_cb *done, void *ctx)
{
    (void)inventory; /* there is one: "local" */
    struct list_op *op = calloc(1, sizeof(*op));
    if (!op) {
        log_line(self->env->log, LOG_ERROR, "continuing: no memory for a listing of local nodes");
        return;
    }
    op->op.run = run_list;
    op->op.after = after_list;
    op->op.release = release_list;
    op->asked_ns = self->env->clock->boot_ns(self->env->clock->ctx);
    op->done = done;
    op->ctx = ctx;
    str_copy_c(op->root, sizeof(op->root), self->root);
    str_copy_c(op->controller, sizeof(op->controller), self->env->controller);
    local_op_start(self, &op->op);
}
