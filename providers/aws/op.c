/* Calls in flight, and the timers of the provider. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "providers/aws/aws.h"

#define BATCH_MS 50

struct aws_timers {
    struct provider *provider; /* NULL: closed */
    uv_timer_t late, batch, prices;
    int open;
};

int64_t aws_now_ns(const struct provider *self)
{
    return self->env->clock->boot_ns(self->env->clock->ctx);
}

/* ---- ops ---------------------------------------------------------------------------------------- */

void aws_op_begin(struct provider *self, struct aws_op *op, const char *inventory)
{
    const char *colon = strchr(inventory, ':');
    str_copy_c(op->region, sizeof(op->region), colon ? colon + 1 : inventory);
    op->provider = self;
    op->next = self->ops;
    op->prev = &self->ops;
    if (op->next)
        op->next->prev = &op->next;
    self->ops = op;
}

static void unlink_op(struct aws_op *op)
{
    if (!op->prev)
        return;
    *op->prev = op->next;
    if (op->next)
        op->next->prev = op->prev;
    op->next = NULL;
    op->prev = NULL;
}

void aws_op_free(struct aws_op *op)
{
    unlink_op(op);
    op->release(op);
}

static void on_answer(void *ctx, const struct aws_response *response, const struct error *err)
{
    struct aws_op *op = ctx;
    op->calling = false;
    op->answer(op, response, err);
}

static void deliver_late(uv_timer_t *timer);

void aws_op_fail(struct aws_op *op, int code, const char *text)
{
    error_set(&op->late, code, "%s", text);
    uv_timer_start(&op->provider->timers->late, deliver_late, 0, 0);
}

void aws_op_call(struct aws_op *op, struct aws_request *request)
{
    struct error err = { 0 };
    if (!request->service)
        request->service = "ec2";
    request->region = op->region;
    op->calling = true;
    if (aws_call(op->provider->env->aws, request, on_answer, op, &err) == 0)
        return;
    op->calling = false;
    aws_op_fail(op, err.code, err.text);
}

static int on_piece(void *ctx, bool first, struct str piece, struct error *err)
{
    struct aws_op *op = ctx;
    return op->piece(op, first, piece, err);
}

void aws_op_call_streamed(struct aws_op *op, struct aws_request *request)
{
    request->piece = on_piece;
    aws_op_call(op, request);
}

/* ---- timers ------------------------------------------------------------------------------------- */

static struct aws_op *next_late(const struct provider *self)
{
    struct aws_op *op = self->ops;
    while (op && !op->late.code)
        op = op->next;
    return op;
}

/* One at a time: each may end others, or be the last thing before the provider is closed. */
static void deliver_late(uv_timer_t *timer)
{
    struct aws_timers *timers = timer->data;
    struct aws_op *op;
    while (timers->provider && (op = next_late(timers->provider)) != NULL) {
        struct error err = op->late;
        op->late.code = 0;
        op->answer(op, NULL, &err);
    }
}

static void batch_due(uv_timer_t *timer)
{
    struct aws_timers *timers = timer->data;
    if (timers->provider)
        aws_terminate_flush(timers->provider);
}

void aws_timers_batch(struct provider *self)
{
    if (!uv_is_active((uv_handle_t *)&self->timers->batch))
        uv_timer_start(&self->timers->batch, batch_due, BATCH_MS, 0);
}

static void prices_due(uv_timer_t *timer)
{
    struct aws_timers *timers = timer->data;
    if (timers->provider)
        aws_prices_refresh(timers->provider);
}

void aws_timers_prices(struct provider *self)
{
    uv_timer_start(&self->timers->prices, prices_due, 0, 0);
}

int aws_timers_open(struct provider *self, struct error *err)
{
    struct aws_timers *timers = calloc(1, sizeof(*timers));
    if (!timers)
        return error_nomem(err);
    timers->provider = self;
    uv_timer_init(self->env->loop, &timers->late);
    uv_timer_init(self->env->loop, &timers->batch);
    uv_timer_init(self->env->loop, &timers->prices);
    timers->late.data = timers->batch.data = timers->prices.data = timers;
    timers->open = 3;
    self->timers = timers;
    return 0;
}

static void timer_closed(uv_handle_t *handle)
{
    struct aws_timers *timers = handle->data;
    if (--timers->open == 0)
        free(timers);
}

void aws_timers_close(struct provider *self)
{
    self->timers->provider = NULL;
    uv_close((uv_handle_t *)&self->timers->late, timer_closed);
    uv_close((uv_handle_t *)&self->timers->batch, timer_closed);
    uv_close((uv_handle_t *)&self->timers->prices, timer_closed);
    while (self->ops) {
        struct aws_op *op = self->ops;
        if (op->calling)
            aws_client_drop(self->env->aws, op);
        aws_op_free(op);
    }
}
