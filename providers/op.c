#include "providers/op.h"

#include <stdlib.h>

struct op_list {
    struct op *first;
    uv_timer_t timer;
    bool closed;
};

int op_list_new(uv_loop_t *loop, struct op_list **ret, struct error *err)
{
    struct op_list *list = calloc(1, sizeof(*list));
    if (!list)
        return error_nomem(err);
    uv_timer_init(loop, &list->timer);
    list->timer.data = list;
    *ret = list;
    return 0;
}

static void timer_closed(uv_handle_t *handle)
{
    free(handle->data);
}

void op_list_free(struct op_list *list)
{
    if (!list)
        return;
    list->closed = true;
    while (list->first)
        op_free(list->first);
    uv_close((uv_handle_t *)&list->timer, timer_closed);
}

void op_begin(struct op_list *list, struct op *op)
{
    op->list = list;
    op->next = list->first;
    op->prev = &list->first;
    if (op->next)
        op->next->prev = &op->next;
    list->first = op;
}

void op_free(struct op *op)
{
    if (op->prev) {
        *op->prev = op->next;
        if (op->next)
            op->next->prev = op->prev;
    }
    op->next = NULL;
    op->prev = NULL;
    op->release(op);
}

static struct op *soonest(const struct op_list *list)
{
    struct op *best = NULL;
    for (struct op *op = list->first; op; op = op->next) {
        if (op->waits && (!best || op->due_ms < best->due_ms))
            best = op;
    }
    return best;
}

static void timer_due(uv_timer_t *timer);

static void start_timer(struct op_list *list)
{
    const struct op *op = soonest(list);
    uint64_t now_ms = uv_now(list->timer.loop);
    if (op)
        uv_timer_start(&list->timer, timer_due, op->due_ms > now_ms ? op->due_ms - now_ms : 0, 0);
}

/* One at a time: each may end others, or be the last thing before the provider is closed. The list
 * itself stays until the loop's next turn. */
static void timer_due(uv_timer_t *timer)
{
    struct op_list *list = timer->data;
    struct op *op;
    while (!list->closed && (op = soonest(list)) != NULL && op->due_ms <= uv_now(timer->loop)) {
        struct error err = op->late;
        op->waits = false;
        op->due(op, &err);
    }
    if (!list->closed)
        start_timer(list);
}

void op_later(struct op *op, uint64_t after_ms, const struct error *err)
{
    op->late = err ? *err : (struct error){ 0 };
    op->waits = true;
    op->due_ms = uv_now(op->list->timer.loop) + after_ms;
    start_timer(op->list);
}
