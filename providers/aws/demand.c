/*
 * On-demand prices: one GetProducts for each type that the policy files name without a price, once a
 * day, in the background. What was read is kept in the state directory, with its date; nobody waits.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "providers/aws/aws.h"

#define EVERY_NS (86400 * NS_PER_S)
#define AGAIN_NS (3600 * NS_PER_S) /* after a failure */

/* ---- the file ----------------------------------------------------------------------------------- */

static int file_path(const struct provider_env *env, char *ret, size_t size)
{
    return env->state_dir ? file_join(ret, size, env->state_dir, "aws-prices.json", NULL) : -1;
}

void aws_demand_load(struct provider *self)
{
    char path[4096];
    struct buf text = { 0 };
    struct error err = { 0 };
    if (file_path(self->env, path, sizeof(path)) < 0)
        return;
    int rc = file_read(path, AWS_PRICE_LIST_BYTES, &text, &err);
    if (rc == 0)
        rc = aws_price_list_parse(buf_str(&text), &self->price_list, &err);
    if (rc < 0 && rc != MUSTER_E_NOTFOUND)
        log_printf(self->env->log, LOG_WARNING,
                   "on-demand prices kept in %s cannot be read: %s; continuing: they are asked for "
                   "again",
                   path, err.text);
    buf_release(&text);
}

struct save {
    uv_work_t work;
    struct log *log;
    char path[4096];
    struct buf text;
    struct error err;
};

static void save_on_thread(uv_work_t *work)
{
    struct save *save = work->data;
    (void)file_replace(save->path, buf_str(&save->text), &save->err);
}

static void saved(uv_work_t *work, int status)
{
    struct save *save = work->data;
    (void)status;
    if (save->err.code)
        log_printf(save->log, LOG_WARNING,
                   "on-demand prices cannot be kept: %s; continuing: after a restart they are "
                   "asked for again",
                   save->err.text);
    buf_release(&save->text);
    free(save);
}

static void start_saving(struct provider *self)
{
    struct save *save = calloc(1, sizeof(*save));
    if (!save)
        return;
    aws_price_list_print(&self->price_list, &save->text);
    if (buf_failed(&save->text) || file_path(self->env, save->path, sizeof(save->path)) < 0) {
        buf_release(&save->text);
        free(save);
        return;
    }
    save->log = self->env->log;
    save->work.data = save;
    uv_queue_work(self->env->loop, &save->work, save_on_thread, saved);
}

/* ---- asking ------------------------------------------------------------------------------------- */

struct demand_op {
    struct aws_op base;
    struct aws_wanted *asked; /* of the provider's table, whose entries stay */
    bool learned;
};

static struct demand_op *demand_of(struct aws_op *op)
{
    return (struct demand_op *)op;
}

static void release(struct aws_op *op)
{
    free(demand_of(op));
}

int aws_demand_ask(struct aws_op *op, const char *type, struct buf *body,
                   struct aws_request *request)
{
    aws_write_products(op->region, type, body);
    *request = (struct aws_request){
        .service = "pricing",
        .action = "GetProducts",
        .target = "AWSPriceListService",
        .protocol = AWS_JSON_1_1,
        .body = buf_str(body),
        .priority = AWS_DESCRIBE,
        .repeatable = true,
    };
    return buf_failed(body);
}

static struct aws_wanted *next_due(struct demand_op *op)
{
    const struct provider *self = op->base.provider;
    for (size_t i = 0; i < self->wanted.len; i++) {
        struct aws_wanted *w = self->wanted.at[i];
        if (w->demand && aws_now_ns(self) >= w->demand_due_ns &&
            strcmp(w->region, op->base.region) == 0)
            return w;
    }
    return NULL;
}

static void ask_next(struct demand_op *op)
{
    struct buf body = { 0 };
    struct aws_request request;
    op->asked = next_due(op);
    if (!op->asked) {
        if (op->learned)
            start_saving(op->base.provider);
        aws_op_free(&op->base);
        return;
    }
    op->asked->demand_due_ns = aws_now_ns(op->base.provider) + AGAIN_NS;
    if (aws_demand_ask(&op->base, op->asked->type, &body, &request) < 0)
        aws_op_fail(&op->base, MUSTER_E_NOMEM, "no memory for a request");
    else
        aws_op_call(&op->base, &request);
    buf_release(&body);
}

void aws_demand_learned(struct provider *self, const char *region, const char *type,
                        int64_t usd_micro)
{
    const struct clock *clock = self->env->clock;
    struct aws_listed price = { .usd_micro = usd_micro,
                                .read_wall_ns = clock->wall_ns(clock->ctx) };
    str_copy_c(price.type, sizeof(price.type), type);
    str_copy_c(price.region, sizeof(price.region), region);
    aws_price_list_put(&self->price_list, &price);
}

/* All types of a region that are due were put off when it was asked: one failure stands for them. */
static void failed(struct demand_op *op, const struct error *err)
{
    struct provider *self = op->base.provider;
    struct aws_wanted *w;
    if (!self->demand_failed)
        log_printf(
            self->env->log, LOG_WARNING,
            "on-demand prices cannot be looked up: %s; continuing: with those known last, or "
            "none (`prices` in the policy file sets them)",
            err->text);
    self->demand_failed = true;
    while ((w = next_due(op)) != NULL)
        w->demand_due_ns = aws_now_ns(self) + AGAIN_NS;
}

static void answer(struct aws_op *base, const struct aws_response *response,
                   const struct error *err)
{
    struct demand_op *op = demand_of(base);
    struct provider *self = base->provider;
    struct error bad = *err;
    int64_t usd_micro = PRICE_UNKNOWN;
    if (!bad.code)
        (void)aws_read_products(response->body, &usd_micro, &bad);
    if (bad.code) {
        failed(op, &bad);
    } else {
        self->demand_failed = false;
        op->asked->demand_due_ns = aws_now_ns(self) + EVERY_NS;
    }
    if (usd_micro >= 0) {
        aws_demand_learned(self, base->region, op->asked->type, usd_micro);
        op->learned = true;
    }
    ask_next(op);
}

static bool under_way(const struct provider *self, const char *region)
{
    for (const struct aws_op *op = self->ops; op; op = op->next) {
        if (op->answer == answer && strcmp(op->region, region) == 0)
            return true;
    }
    return false;
}

void aws_demand_want(struct provider *self, struct aws_wanted *wanted)
{
    const struct clock *clock = self->env->clock;
    const struct aws_listed *known =
        aws_price_list_find(&self->price_list, wanted->region, wanted->type);
    int64_t age_ns = known ? clock->wall_ns(clock->ctx) - known->read_wall_ns : -1;
    if (!wanted->demand && age_ns >= 0 && age_ns < EVERY_NS)
        wanted->demand_due_ns = aws_now_ns(self) + EVERY_NS - age_ns;
    wanted->demand = true;
}

void aws_demand_refresh(struct provider *self)
{
    for (size_t i = 0; i < self->wanted.len; i++) {
        const struct aws_wanted *w = self->wanted.at[i];
        if (!w->demand || aws_now_ns(self) < w->demand_due_ns || under_way(self, w->region))
            continue;
        struct demand_op *op = calloc(1, sizeof(*op));
        if (!op)
            return;
        op->base.answer = answer;
        op->base.release = release;
        aws_op_begin(self, &op->base, w->region);
        ask_next(op);
    }
}

/* ---- what is known ------------------------------------------------------------------------------ */

int64_t aws_demand_price(const struct provider *self, const struct aws_options *o, const char *type)
{
    int64_t said = aws_listed_price(o, type);
    const struct aws_listed *listed = aws_price_list_find(&self->price_list, o->region, type);
    return said >= 0 ? said : listed ? listed->usd_micro : PRICE_UNKNOWN;
}
