/* Calls in flight: work on the thread pool, answers on the loop's thread. */
#include <stdlib.h>

#include "providers/local/local.h"

static void free_op(struct local_op *op)
{
    op->release(op);
    free(op);
}

static void timer_closed(uv_handle_t *timer)
{
    free_op(timer->data);
}

static void unlink_op(struct local_op *op)
{
    if (op->next)
        op->next->prev = op->prev;
    *op->prev = op->next;
    op->provider = NULL;
}

static void end_op(struct local_op *op)
{
    if (op->timing)
        uv_close((uv_handle_t *)&op->timer, timer_closed);
    else
        free_op(op);
}

static void run_work(uv_work_t *work)
{
    struct local_op *op = work->data;
    error_clear(&op->err);
    op->run(op);
}

static void after_work(uv_work_t *work, int status)
{
    struct local_op *op = work->data;
    (void)status; /* never cancelled */
    if (op->provider && op->after(op))
        return;
    if (op->provider)
        unlink_op(op);
    end_op(op);
}

static void queue_work(struct local_op *op)
{
    op->work.data = op;
    /* Fails only without a work function. */
    uv_queue_work(op->provider->env->loop, &op->work, run_work, after_work);
}

void local_op_start(struct provider *self, struct local_op *op)
{
    op->provider = self;
    op->next = self->ops;
    op->prev = &self->ops;
    if (op->next)
        op->next->prev = &op->next;
    self->ops = op;
    queue_work(op);
}

static void timer_fired(uv_timer_t *timer)
{
    queue_work(timer->data);
}

void local_op_again(struct local_op *op, int64_t in_ns)
{
    if (in_ns <= 0) {
        queue_work(op);
        return;
    }
    if (!op->timing) {
        uv_timer_init(op->provider->env->loop, &op->timer);
        op->timer.data = op;
        op->timing = true;
    }
    uv_timer_start(&op->timer, timer_fired, (uint64_t)(in_ns / NS_PER_MS), 0);
}

void local_op_orphan(struct local_op *op)
{
    bool waiting = op->timing && uv_is_active((uv_handle_t *)&op->timer);
    unlink_op(op);
    /* Work that is running cannot be called back; its end will find the op without a provider. */
    if (waiting)
        end_op(op);
}
