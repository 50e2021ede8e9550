/*
 * Listing: instances.aggregatedList by our label, page by page, then (where there is spot) what was
 * preempted lately. A page that fails makes the whole listing fail; a zone that cannot be reached is
 * told as unseen.
 */
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "providers/doubles.h"
#include "providers/gcp/gcp.h"

#define PAGES_MAX      1000
#define PAGE_BYTES_MAX ((size_t)32 << 20)

struct list_op {
    struct gcp_op base;
    provider_list_cb *done;
    void *ctx;
    VEC(struct listed_node) nodes;
    struct gce_instances page;
    struct gce_operations operations;
    char token[GCE_PAGE_TOKEN_MAX]; /* of the page that is asked for */
    int pages;
    size_t listed; /* nodes of the pages, sorted by their ids */
    bool spot;     /* there is a spot machine */
};

static struct list_op *list_of(struct gcp_op *op)
{
    return (struct list_op *)op;
}

static void release(struct gcp_op *op)
{
    struct list_op *list = list_of(op);
    vec_release(&list->nodes);
    gce_instances_release(&list->page);
    gce_operations_release(&list->operations);
    free(list);
}

static void finish(struct list_op *list, const struct error *err)
{
    /* The callback may close the provider, which must not find this op any more. */
    provider_list_cb *done = list->done;
    void *ctx = list->ctx;
    struct listed_node *nodes = list->nodes.at;
    size_t len = err->code ? 0 : list->nodes.len;
    struct error copy = *err;
    list->nodes.at = NULL;
    gcp_op_free(&list->base);
    done(ctx, nodes, len, &copy);
    free(nodes);
}

static void fail(struct list_op *list, int code, const char *text)
{
    struct error err = { 0 };
    error_set(&err, code, "%s", text);
    finish(list, &err);
}

/* ---- instances to nodes ------------------------------------------------------------------------- */

static int add_node(struct list_op *list, const struct gce_instance *i, struct error *err)
{
    const struct provider *self = list->base.provider;
    const struct clock *clock = self->env->clock;
    /* The filter said so; a server that does not filter would hand us machines of others. */
    if (strcmp(i->controller, self->env->controller) != 0)
        return 0;
    int64_t price = gcp_price_of(self, i);
    int64_t age_ns = clock->wall_ns(clock->ctx) - i->created_wall_ns;
    struct listed_node node = {
        .state = i->state,
        .slots = i->slots,
        .price_usd_micro = price > 0 ? price : 0,
        .age_ns = i->created_wall_ns > 0 && age_ns >= 0 ? age_ns : -1,
    };
    gce_node_id(i->name, i->zone, node.id);
    str_copy_c(node.place, sizeof(node.place), i->zone);
    str_copy_c(node.pool, sizeof(node.pool), i->pool);
    str_copy_c(node.offer, sizeof(node.offer), i->offer);
    str_copy_c(node.token, sizeof(node.token), i->token);
    list->spot |= i->spot;
    return vec_push(&list->nodes, node) ? 0 : error_nomem(err);
}

/* Among the first `len`, which are sorted. */
static bool is_listed(const struct list_op *list, size_t len, const char *id)
{
    size_t low = 0;
    size_t high = len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(list->nodes.at[middle].id, id) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low < len && strcmp(list->nodes.at[low].id, id) == 0;
}

/* ---- what is gone ------------------------------------------------------------------------------- */

/* That a machine is not listed proves little; that its deletion was done, or that it was preempted,
 * and it is not listed, proves that it is gone. */
static int add_gone(struct list_op *list, const char *id, const char *zone, struct error *err)
{
    struct listed_node node = { .state = LISTED_GONE, .age_ns = -1 };
    if (is_listed(list, list->listed, id))
        return 0;
    str_copy_c(node.id, sizeof(node.id), id);
    str_copy_c(node.place, sizeof(node.place), zone);
    return vec_push(&list->nodes, node) ? 0 : error_nomem(err);
}

static int add_deleted(struct list_op *list, struct error *err)
{
    struct provider *self = list->base.provider;
    int rc = 0;
    gcp_forget_gone(self);
    for (size_t i = 0; rc == 0 && i < self->gone.len; i++)
        rc = add_gone(list, self->gone.at[i].id, "", err);
    return rc;
}

static int add_preempted(struct list_op *list, struct error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < list->operations.all.len; i++) {
        const struct gce_operation *o = &list->operations.all.at[i];
        char id[NODE_ID_MAX];
        gce_node_id(o->instance, o->zone, id);
        if (strncmp(o->instance, "muster-", 7) == 0)
            rc = add_gone(list, id, o->zone, err);
    }
    return rc;
}

/* They are a service on top: the machines are known without them. */
static void preempted_failed(struct list_op *list, const struct error *err)
{
    struct provider *self = list->base.provider;
    if (!self->preempted_failed)
        log_printf(self->env->log, LOG_WARNING,
                   "preemptions cannot be looked up: %s; continuing: machines taken back are "
                   "noticed when they are gone",
                   err->text);
    self->preempted_failed = true;
}

static void preempted_answer(struct gcp_op *op, const struct gcp_response *response,
                             const struct error *err)
{
    struct list_op *list = list_of(op);
    struct error none = { 0 };
    struct error bad = *err;
    if (!bad.code)
        gce_read_operations(response->body, &list->operations, &bad);
    if (!bad.code)
        add_preempted(list, &bad);
    if (bad.code)
        preempted_failed(list, &bad);
    else
        op->provider->preempted_failed = false;
    finish(list, &none);
}

/* The newest page is enough: a machine that is gone for longer is not waited for. */
static void ask_preempted(struct list_op *list)
{
    struct buf path = { 0 };
    struct buf query = { 0 };
    buf_addf(&path, "projects/%s/aggregated/operations", list->base.project);
    gcp_query_add(&query, "filter", STR("operationType=\"compute.instances.preempted\""));
    gcp_query_add(&query, "orderBy", STR("creationTimestamp desc"));
    gcp_query_add(&query, "returnPartialSuccess", STR("true"));
    gcp_query_add(&query, "fields", str_from(gce_operation_fields));
    struct gcp_request request = {
        .service = GCP_COMPUTE,
        .method = "GET",
        .name = "globalOperations.aggregatedList",
        .path = buf_text(&path),
        .query = buf_text(&query),
        .priority = GCP_DESCRIBE,
        .repeatable = true,
    };
    list->base.answer = preempted_answer;
    if (buf_failed(&path) || buf_failed(&query))
        gcp_op_fail(&list->base, MUSTER_E_NOMEM, "no memory for a request");
    else
        gcp_op_call(&list->base, &request);
    buf_release(&path);
    buf_release(&query);
}

/* ---- pages -------------------------------------------------------------------------------------- */

static void ask_page(struct list_op *list)
{
    struct buf path = { 0 };
    struct buf filter = { 0 };
    struct buf query = { 0 };
    buf_addf(&path, "projects/%s/aggregated/instances", list->base.project);
    buf_addf(&filter, "labels." GCE_LABEL_CONTROLLER "=%s", list->base.provider->env->controller);
    gcp_query_add(&query, "filter", buf_str(&filter));
    gcp_query_add(&query, "maxResults", STR("500"));
    gcp_query_add(&query, "returnPartialSuccess", STR("true"));
    gcp_query_add(&query, "fields", str_from(gce_instance_fields));
    if (list->token[0])
        gcp_query_add(&query, "pageToken", str_from(list->token));
    struct gcp_request request = {
        .service = GCP_COMPUTE,
        .method = "GET",
        .name = "instances.aggregatedList",
        .path = buf_text(&path),
        .query = buf_text(&query),
        .priority = GCP_DESCRIBE,
        .repeatable = true,
        .response_max = PAGE_BYTES_MAX,
    };
    if (buf_failed(&path) || buf_failed(&filter) || buf_failed(&query))
        gcp_op_fail(&list->base, MUSTER_E_NOMEM, "no memory for a request");
    else
        gcp_op_call(&list->base, &request);
    buf_release(&path);
    buf_release(&filter);
    buf_release(&query);
}

/* Zones without a word are zones whose machines are unknown; launches go elsewhere meanwhile. */
static int add_unseen(struct list_op *list, struct error *err)
{
    struct provider *self = list->base.provider;
    vec_clear(&self->unseen);
    for (size_t i = 0; i < list->page.unseen.len; i++) {
        struct listed_node node = { .state = LISTED_UNSEEN, .age_ns = -1 };
        str_copy_c(node.place, sizeof(node.place), list->page.unseen.at[i].zone);
        if (!vec_push(&list->nodes, node) || !vec_push(&self->unseen, list->page.unseen.at[i]))
            return error_nomem(err);
    }
    return 0;
}

static void all_read(struct list_op *list)
{
    struct error err = { 0 };
    list->nodes.len = drop_doubles(list->nodes.at, list->nodes.len);
    list->listed = list->nodes.len;
    if (list->page.partial)
        error_set(&err, MUSTER_E_TRANSIENT,
                  "Compute instances.aggregatedList: a part of it could not be reached");
    else if (add_deleted(list, &err) == 0)
        add_unseen(list, &err);
    if (err.code || !list->spot)
        finish(list, &err);
    else
        ask_preempted(list);
}

static int take_page(struct list_op *list, struct str body, struct error *err)
{
    list->page.all.len = 0;
    int rc = gce_read_page(body, &list->page, err);
    for (size_t i = 0; rc == 0 && i < list->page.all.len; i++)
        rc = add_node(list, &list->page.all.at[i], err);
    if (rc < 0)
        error_wrap(err, "Compute instances.aggregatedList: its answer is broken");
    /* Whatever came instead, the next try may bring a listing. */
    if (rc == MUSTER_E_INVALID && err)
        err->code = MUSTER_E_TRANSIENT;
    return rc;
}

static void page_answer(struct gcp_op *op, const struct gcp_response *response,
                        const struct error *err)
{
    struct list_op *list = list_of(op);
    struct error bad = *err;
    if (!bad.code)
        take_page(list, response->body, &bad);
    if (bad.code) {
        finish(list, &bad);
        return;
    }
    if (!list->page.next[0]) {
        all_read(list);
        return;
    }
    if (++list->pages >= PAGES_MAX || strcmp(list->page.next, list->token) == 0) {
        fail(list, MUSTER_E_TRANSIENT, "Compute instances.aggregatedList: its pages do not end");
        return;
    }
    str_copy_c(list->token, sizeof(list->token), list->page.next);
    ask_page(list);
}

static void start(struct gcp_op *op)
{
    ask_page(list_of(op));
}

void gcp_list(struct provider *self, const char *inventory, provider_list_cb *done, void *ctx)
{
    struct list_op *list = calloc(1, sizeof(*list));
    if (!list) {
        /* Not from inside the call, the contract says; without memory there is nothing else. */
        struct error err = { 0 };
        error_nomem(&err);
        done(ctx, NULL, 0, &err);
        return;
    }
    list->base.start = start;
    list->base.answer = page_answer;
    list->base.release = release;
    list->done = done;
    list->ctx = ctx;
    gcp_op_begin(self, &list->base, inventory);
}
