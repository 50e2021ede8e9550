/*
 * Listing: DescribeInstances by our tag, page by page, then (where there are spot machines) the spot
 * requests that EC2 is about to end. A page that fails makes the whole listing fail.
 */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "providers/aws/aws.h"
#include "providers/doubles.h"

#define PAGES_MAX      1000
#define PAGE_BYTES_MAX ((size_t)32 << 20)

struct list_op {
    struct aws_op base;
    provider_list_cb *done;
    void *ctx;
    VEC(struct listed_node) nodes;
    struct ec2_instances page;
    struct ec2_page *reader; /* of the answer that is coming in */
    struct ec2_notices notices;
    char token[AWS_TOKEN_MAX]; /* of the page that is asked for */
    int pages;
    bool spot; /* there is a living spot machine */
};

static struct list_op *list_of(struct aws_op *op)
{
    return (struct list_op *)op;
}

static void release(struct aws_op *op)
{
    struct list_op *list = list_of(op);
    vec_release(&list->nodes);
    ec2_page_free(list->reader);
    ec2_instances_release(&list->page);
    ec2_notices_release(&list->notices);
    free(list);
}

static void finish(struct list_op *list, const struct error *err)
{
    /* The callback may close the provider, which must not find this op any more. */
    provider_list_cb *done = list->done;
    void *ctx = list->ctx;
    struct list_op last = *list;
    list->nodes.at = NULL;
    aws_op_free(&list->base);
    done(ctx, last.nodes.at, err->code ? 0 : last.nodes.len, err);
    vec_release(&last.nodes);
}

static void fail(struct list_op *list, int code, const char *text)
{
    struct error err = { 0 };
    error_set(&err, code, "%s", text);
    finish(list, &err);
}

/* ---- instances to nodes ------------------------------------------------------------------------- */

/*
 * A stopped machine is not gone: it is kept and costs a little. It is listed as running; as it is
 * silent it is lost, and given back in time like any other lost machine.
 */
static enum listed_state state_of(int state)
{
    switch (state) {
    case 0:
        return LISTED_PENDING;
    case 32:
        return LISTED_STOPPING;
    case 48:
        return LISTED_GONE;
    default:
        return LISTED_RUNNING;
    }
}

static int add_node(struct list_op *list, const struct ec2_instance *i, struct error *err)
{
    const struct provider *self = list->base.provider;
    const struct clock *clock = self->env->clock;
    /* The filter said so; a server that does not filter would hand us machines of others. */
    if (strcmp(i->controller, self->env->controller) != 0)
        return 0;
    if (i->state < 0)
        return error_set(err, MUSTER_E_TRANSIENT, "the answer lacks the state of %s", i->id);
    int64_t price = aws_price_of(self, list->base.region, i);
    int64_t age_ns = clock->wall_ns(clock->ctx) - i->launched_wall_ns;
    struct listed_node node = {
        .state = state_of(i->state),
        .slots = i->slots,
        .price_usd_micro = price > 0 ? price : 0,
        .age_ns = i->launched_wall_ns > 0 && age_ns >= 0 ? age_ns : -1,
    };
    str_copy_c(node.id, sizeof(node.id), i->id);
    str_copy_c(node.pool, sizeof(node.pool), i->pool);
    str_copy_c(node.offer, sizeof(node.offer), i->offer);
    str_copy_c(node.token, sizeof(node.token), i->token);
    list->spot |= i->spot && node.state <= LISTED_RUNNING;
    return vec_push(&list->nodes, node) ? 0 : error_nomem(err);
}

/* ---- spot notices ------------------------------------------------------------------------------- */

static void mark_interrupted(struct list_op *list)
{
    for (size_t i = 0; i < list->notices.all.len; i++) {
        struct listed_node key = { 0 };
        str_copy_c(key.id, sizeof(key.id), list->notices.all.at[i].id);
        size_t low = 0;
        size_t high = list->nodes.len;
        while (low < high) {
            size_t middle = low + (high - low) / 2;
            if (strcmp(list->nodes.at[middle].id, key.id) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        if (low < list->nodes.len && strcmp(list->nodes.at[low].id, key.id) == 0)
            list->nodes.at[low].interrupted = true;
    }
}

static void notices_answer(struct aws_op *op, const struct aws_response *response,
                           const struct error *err);

static void ask_notices(struct list_op *list, const char *next)
{
    struct buf body = { 0 };
    ec2_write_notices(next, &body);
    struct aws_request request = {
        .action = "DescribeSpotInstanceRequests",
        .body = buf_str(&body),
        .priority = AWS_DESCRIBE,
        .repeatable = true,
    };
    list->base.answer = notices_answer;
    if (buf_failed(&body))
        aws_op_fail(&list->base, MUSTER_E_NOMEM, "no memory for a request");
    else
        aws_op_call(&list->base, &request);
    buf_release(&body);
}

/* Notices are a service on top: the machines are known without them. */
static void notices_failed(struct list_op *list, const struct error *err)
{
    struct provider *self = list->base.provider;
    if (!self->notices_failed)
        log_printf(self->env->log, LOG_WARNING,
                   "spot interruptions cannot be looked up: %s; continuing: machines taken back "
                   "are noticed when they are gone",
                   err->text);
    self->notices_failed = true;
}

static void notices_answer(struct aws_op *op, const struct aws_response *response,
                           const struct error *err)
{
    struct list_op *list = list_of(op);
    struct error none = { 0 };
    struct error bad = *err;
    if (!bad.code)
        ec2_read_notices(response->body, &list->notices, &bad);
    bool more = !bad.code && list->notices.next[0] && ++list->pages < PAGES_MAX &&
                strcmp(list->notices.next, list->token) != 0;
    if (more) {
        str_copy_c(list->token, sizeof(list->token), list->notices.next);
        ask_notices(list, list->token);
        return;
    }
    if (bad.code)
        notices_failed(list, &bad);
    else
        op->provider->notices_failed = false;
    mark_interrupted(list);
    finish(list, &none);
}

/* ---- pages -------------------------------------------------------------------------------------- */

/* A new first piece: what came of an earlier try is thrown away. */
static int page_piece(struct aws_op *op, bool first, struct str piece, struct error *err)
{
    struct list_op *list = list_of(op);
    if (first) {
        ec2_page_free(list->reader);
        list->reader = NULL;
        list->page.all.len = 0;
        int rc = ec2_page_new(&list->page, &list->reader, err);
        if (rc < 0)
            return rc;
    }
    return ec2_page_feed(list->reader, piece, err);
}

static void ask_page(struct list_op *list)
{
    struct buf body = { 0 };
    ec2_write_list(list->base.provider->env->controller, list->token, &body);
    struct aws_request request = {
        .action = "DescribeInstances",
        .body = buf_str(&body),
        .priority = AWS_DESCRIBE,
        .repeatable = true,
        .response_max = PAGE_BYTES_MAX,
    };
    if (buf_failed(&body))
        aws_op_fail(&list->base, MUSTER_E_NOMEM, "no memory for a request");
    else
        aws_op_call_streamed(&list->base, &request);
    buf_release(&body);
}

static void all_read(struct list_op *list)
{
    struct error none = { 0 };
    list->nodes.len = drop_doubles(list->nodes.at, list->nodes.len);
    list->token[0] = '\0';
    list->pages = 0;
    if (list->spot)
        ask_notices(list, "");
    else
        finish(list, &none);
}

static int take_page(struct list_op *list, struct error *err)
{
    int rc = list->reader ? ec2_page_end(list->reader, err) : 0;
    for (size_t i = 0; rc == 0 && i < list->page.all.len; i++)
        rc = add_node(list, &list->page.all.at[i], err);
    return rc;
}

static void page_answer(struct aws_op *op, const struct aws_response *response,
                        const struct error *err)
{
    struct list_op *list = list_of(op);
    struct error bad = *err;
    (void)response;
    if (!bad.code && take_page(list, &bad) < 0)
        error_wrap(&bad, "EC2 DescribeInstances (%s)", op->region);
    ec2_page_free(list->reader);
    list->reader = NULL;
    /* Whatever came instead, the next try may bring a listing. */
    if (bad.code == MUSTER_E_INVALID)
        error_set(&bad, MUSTER_E_TRANSIENT, "EC2 DescribeInstances (%s): its answer is broken",
                  op->region);
    if (bad.code) {
        finish(list, &bad);
        return;
    }
    if (!list->page.next[0]) {
        all_read(list);
        return;
    }
    if (++list->pages >= PAGES_MAX || strcmp(list->page.next, list->token) == 0) {
        fail(list, MUSTER_E_TRANSIENT, "EC2 DescribeInstances: its pages do not end");
        return;
    }
    str_copy_c(list->token, sizeof(list->token), list->page.next);
    ask_page(list);
}

void aws_list(struct provider *self, const char *inventory, provider_list_cb *done, void *ctx)
{
    struct list_op *list = calloc(1, sizeof(*list));
    if (!list) {
        /* Not from inside the call, the contract says; without memory there is nothing else. */
        struct error err = { 0 };
        error_nomem(&err);
        done(ctx, NULL, 0, &err);
        return;
    }
    list->base.answer = page_answer;
    list->base.piece = page_piece;
    list->base.release = release;
    list->done = done;
    list->ctx = ctx;
    aws_op_begin(self, &list->base, inventory);
    ask_page(list);
}
