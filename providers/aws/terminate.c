/*
 * Terminating: what is asked for within a moment goes into one call. EC2 refuses a whole call for one
 * bad id; that one is taken out by its name, or found by halving, and the others are sent again.
 */
#include <stdlib.h>
#include <string.h>

#include "providers/aws/aws.h"

#define BATCH_MAX 200

struct terminate_op {
    struct aws_op base;
    VEC(struct aws_doomed) all;
};

static struct terminate_op *terminate_of(struct aws_op *op)
{
    return (struct terminate_op *)op;
}

static void release(struct aws_op *op)
{
    struct terminate_op *t = terminate_of(op);
    vec_release(&t->all);
    free(t);
}

static void answer(struct aws_op *op, const struct aws_response *response, const struct error *err);

static struct terminate_op *new_op(struct provider *self, const char *region)
{
    struct terminate_op *t = calloc(1, sizeof(*t));
    if (!t)
        return NULL;
    t->base.answer = answer;
    t->base.release = release;
    aws_op_begin(self, &t->base, region);
    return t;
}

static void send_batch(struct terminate_op *t)
{
    const char *ids[BATCH_MAX];
    struct buf body = { 0 };
    for (size_t i = 0; i < t->all.len; i++)
        ids[i] = t->all.at[i].id;
    ec2_write_terminate(ids, t->all.len, &body);
    struct aws_request request = {
        .action = "TerminateInstances",
        .body = buf_str(&body),
        .priority = AWS_TERMINATE,
        .repeatable = true,
        .resource_tokens = (unsigned)t->all.len,
    };
    if (buf_failed(&body))
        aws_op_fail(&t->base, MUSTER_E_NOMEM, "no memory for a request");
    else
        aws_op_call(&t->base, &request);
    buf_release(&body);
}

/* Tells all of them, and ends the op. A callback may close the provider. */
static void finish(struct terminate_op *t, const struct error *err)
{
    struct terminate_op last = *t;
    struct error copy = *err;
    t->all.at = NULL;
    aws_op_free(&t->base);
    for (size_t i = 0; i < last.all.len; i++)
        last.all.at[i].done(last.all.at[i].ctx, &copy);
    vec_release(&last.all);
}

/* Moves those that the predicate names into an op of their own; NULL: none, or no memory. */
static struct terminate_op *split(struct terminate_op *t,
                                  bool (*goes)(const struct aws_doomed *d, size_t index, size_t len,
                                               const char *text),
                                  const char *text)
{
    size_t kept = 0;
    size_t len = t->all.len;
    struct terminate_op *other = new_op(t->base.provider, t->base.region);
    if (!other || !vec_reserve(&other->all, len)) {
        if (other)
            aws_op_free(&other->base);
        return NULL;
    }
    for (size_t i = 0; i < len; i++) {
        if (goes(&t->all.at[i], i, len, text))
            other->all.at[other->all.len++] = t->all.at[i];
        else
            t->all.at[kept++] = t->all.at[i];
    }
    t->all.len = kept;
    if (other->all.len > 0)
        return other;
    aws_op_free(&other->base);
    return NULL;
}

/* "The instance IDs 'i-1, i-2' do not exist": not i-1 where i-12 is meant. */
static bool is_named(const struct aws_doomed *d, size_t index, size_t len, const char *text)
{
    (void)index, (void)len;
    size_t n = strlen(d->id);
    for (const char *at = text; (at = strstr(at, d->id)) != NULL; at += n) {
        if (!strchr("0123456789abcdefghijklmnopqrstuvwxyz-", at[n]) || !at[n])
            return true;
    }
    return false;
}

static bool is_second_half(const struct aws_doomed *d, size_t index, size_t len, const char *text)
{
    (void)d, (void)text;
    return index >= len / 2;
}

/* Errors that one id of many may be to blame for. */
static bool may_be_one(int code)
{
    return code == MUSTER_E_NOTFOUND || code == MUSTER_E_CONFIG || code == MUSTER_E_INVALID;
}

static void answer(struct aws_op *op, const struct aws_response *response, const struct error *err)
{
    struct terminate_op *t = terminate_of(op);
    struct error bad = *err;
    if (response && strncmp(response->code, "InvalidInstanceID.", 18) == 0)
        bad.code = MUSTER_E_NOTFOUND;
    if (!may_be_one(bad.code) || t->all.len == 1) {
        finish(t, &bad);
        return;
    }
    struct terminate_op *named =
        bad.code == MUSTER_E_NOTFOUND && response ? split(t, is_named, bad.text) : NULL;
    if (named) {
        if (t->all.len > 0)
            send_batch(t);
        else
            aws_op_free(&t->base);
        finish(named, &bad);
        return;
    }
    struct terminate_op *half = split(t, is_second_half, "");
    if (!half) {
        error_set(&bad, MUSTER_E_TRANSIENT, "no memory to try the machines one by one");
        finish(t, &bad);
        return;
    }
    send_batch(t);
    send_batch(half);
}

/* One region's share of what waits, at most a batch. */
static bool flush_one(struct provider *self)
{
    if (self->doomed.len == 0)
        return false;
    struct terminate_op *t = new_op(self, self->doomed.at[0].region);
    if (!t || !vec_reserve(&t->all, BATCH_MAX)) {
        if (t)
            aws_op_free(&t->base);
        aws_timers_batch(self);
        return false;
    }
    for (size_t i = 0; i < self->doomed.len && t->all.len < BATCH_MAX;) {
        if (strcmp(self->doomed.at[i].region, t->base.region) == 0) {
            t->all.at[t->all.len++] = self->doomed.at[i];
            vec_remove(&self->doomed, i);
        } else {
            i++;
        }
    }
    send_batch(t);
    return true;
}

void aws_terminate_flush(struct provider *self)
{
    while (flush_one(self))
        ;
}

void aws_terminate(struct provider *self, const struct intent *intent, provider_terminate_cb *done,
                   void *ctx)
{
    const char *colon = strchr(intent->inventory, ':');
    struct aws_doomed doomed = { .done = done, .ctx = ctx };
    str_copy_c(doomed.id, sizeof(doomed.id), intent->node);
    str_copy_c(doomed.region, sizeof(doomed.region), colon ? colon + 1 : "");
    if (!vec_push(&self->doomed, doomed)) {
        struct error err = { 0 };
        error_nomem(&err);
        done(ctx, &err);
        return;
    }
    aws_timers_batch(self);
}
