/*
 * What came of a bulkInsert. Its operation says whether at least one machine came; which ones is read
 * from the listing, by the token's label, and why not the others from the operations of its group.
 */
#include <string.h>

#include "base/clock.h"
#include "providers/gcp/launch.h"

#define PAGES_MAX 40

static struct launch_op *launch_of(struct gcp_op *op)
{
    return (struct launch_op *)op;
}

/* The call was accepted, and what became of it cannot be read now: it is asked again. */
static void unknown(struct launch_op *launch, const struct error *err)
{
    struct error bad = *err;
    bad.code = MUSTER_E_UNKNOWN;
    launch_finish(launch, NULL, 0, &bad);
}

/* Those that are there to stay. */
static size_t keep_alive(struct gce_instances *found, const char *token)
{
    size_t kept = 0;
    for (size_t i = 0; i < found->all.len; i++) {
        if (found->all.at[i].state <= LISTED_RUNNING && strcmp(found->all.at[i].token, token) == 0)
            found->all.at[kept++] = found->all.at[i];
    }
    found->all.len = kept;
    return kept;
}

/* ---- why not all -------------------------------------------------------------------------------- */

/* The remedy that most of them call for; of equals the first. NULL: none failed. */
static const struct gce_operation *commonest(const struct gce_operations *operations)
{
    const struct gce_operation *best = NULL;
    size_t best_count = 0;
    for (size_t i = 0; i < operations->all.len; i++) {
        const struct gce_operation *o = &operations->all.at[i];
        size_t count = 0;
        for (size_t k = 0; o->failed && k < operations->all.len; k++) {
            const struct gce_operation *other = &operations->all.at[k];
            count += other->failed && gcp_fault_class(&other->fault) == gcp_fault_class(&o->fault);
        }
        if (count > best_count) {
            best = o;
            best_count = count;
        }
    }
    return best;
}

static bool any_open(const struct launch_op *launch)
{
    const struct provider *self = launch->base.provider;
    for (size_t i = 0; i < launch->zones.all.len; i++) {
        if (place_memory_open(&self->memory, launch->type, launch->zones.all.at[i].name,
                              launch->market, gcp_now_ns(self)))
            return true;
    }
    return false;
}

static void finish_short(struct launch_op *launch)
{
    size_t made = launch->found.all.len;
    struct error err = launch->why;
    const struct gce_operation *worst = commonest(&launch->children);
    for (size_t i = 0; i < launch->children.all.len; i++) {
        const struct gce_operation *o = &launch->children.all.at[i];
        if (o->failed && gcp_fault_class(&o->fault) == MUSTER_E_CAPACITY)
            launch_note_sold_out(launch, o->zone);
    }
    if (worst)
        gcp_fault_error(&worst->fault, &err);
    if (!worst && (!err.code || err.code == MUSTER_E_CAPACITY))
        launch_note_sold_out(launch, "");
    if (!err.code)
        error_set(&err, MUSTER_E_CAPACITY, "no word why");
    /* The next launch leaves out what is sold out; it need not wait until that is not so any more. */
    if (err.code == MUSTER_E_CAPACITY && any_open(launch))
        err.code = MUSTER_E_TRANSIENT;
    error_wrap(&err, "Compute bulkInsert %s in %s: %zu of %lld machines", launch->type,
               launch->region, made, (long long)launch->intent.count);
    /* Asked again with the same requestId this is what the first call did, and all that it did. */
    if (made == 0 && launch->intent.tries > 1)
        err.code = 0;
    launch_finish(launch, launch->found.all.at, made, &err);
}

static void children_answer(struct gcp_op *op, const struct gcp_response *response,
                            const struct error *err)
{
    struct launch_op *launch = launch_of(op);
    struct error none = { 0 };
    /* Which machines there are is known; without the reasons the rest is taken to be sold out. */
    if (!err->code)
        gce_read_operations(response->body, &launch->children, &none);
    finish_short(launch);
}

static void ask_children(struct launch_op *launch)
{
    struct buf path = { 0 };
    struct buf filter = { 0 };
    struct buf query = { 0 };
    buf_addf(&path, "projects/%s/aggregated/operations", launch->base.project);
    buf_addf(&filter, "operationGroupId=\"%s\"", launch->group);
    gcp_query_add(&query, "filter", buf_str(&filter));
    gcp_query_add(&query, "returnPartialSuccess", STR("true"));
    gcp_query_add(&query, "fields", str_from(gce_operation_fields));
    struct gcp_request request = {
        .service = GCP_COMPUTE,
        .method = "GET",
        .name = "globalOperations.aggregatedList",
        .path = buf_text(&path),
        .query = buf_text(&query),
        .priority = GCP_LAUNCH,
        .repeatable = true,
    };
    launch->base.answer = children_answer;
    if (buf_failed(&path) || buf_failed(&filter) || buf_failed(&query))
        gcp_op_fail(&launch->base, MUSTER_E_NOMEM, "no memory for a request");
    else
        gcp_op_call(&launch->base, &request);
    buf_release(&path);
    buf_release(&filter);
    buf_release(&query);
}

/* ---- which there are ---------------------------------------------------------------------------- */

static void ask_found(struct launch_op *launch);

static void all_found(struct launch_op *launch)
{
    struct error none = { 0 };
    size_t made = keep_alive(&launch->found, launch->intent.token);
    bool whole = !launch->found.partial && launch->found.unseen.len == 0;
    if ((int64_t)made >= launch->intent.count) {
        launch_finish(launch, launch->found.all.at, made, &none);
    } else if (!whole) {
        error_set(&none, MUSTER_E_UNKNOWN,
                  "%zu of %lld machines are seen, and a zone cannot be reached", made,
                  (long long)launch->intent.count);
        unknown(launch, &none);
    } else if (launch->group[0]) {
        ask_children(launch);
    } else {
        finish_short(launch);
    }
}

static void found_answer(struct gcp_op *op, const struct gcp_response *response,
                         const struct error *err)
{
    struct launch_op *launch = launch_of(op);
    struct error bad = *err;
    if (!bad.code)
        gce_read_page(response->body, &launch->found, &bad);
    if (bad.code)
        unknown(launch, &bad);
    else if (launch->found.next[0] && ++launch->pages < PAGES_MAX)
        ask_found(launch);
    else
        all_found(launch);
}

static void ask_found(struct launch_op *launch)
{
    struct buf path = { 0 };
    struct buf filter = { 0 };
    struct buf query = { 0 };
    buf_addf(&path, "projects/%s/aggregated/instances", launch->base.project);
    buf_addf(&filter, "labels." GCE_LABEL_INTENT "=%s", launch->intent.token);
    gcp_query_add(&query, "filter", buf_str(&filter));
    gcp_query_add(&query, "returnPartialSuccess", STR("true"));
    gcp_query_add(&query, "fields", str_from(gce_instance_fields));
    if (launch->found.next[0])
        gcp_query_add(&query, "pageToken", str_from(launch->found.next));
    struct gcp_request request = {
        .service = GCP_COMPUTE,
        .method = "GET",
        .name = "instances.aggregatedList",
        .path = buf_text(&path),
        .query = buf_text(&query),
        .priority = GCP_LAUNCH,
        .repeatable = true,
    };
    launch->base.answer = found_answer;
    if (buf_failed(&path) || buf_failed(&filter) || buf_failed(&query))
        gcp_op_fail(&launch->base, MUSTER_E_NOMEM, "no memory for a request");
    else
        gcp_op_call(&launch->base, &request);
    buf_release(&path);
    buf_release(&filter);
    buf_release(&query);
}

void launch_read_bulk(struct launch_op *launch, const cJSON *operation)
{
    struct gcp_fault fault;
    const char *group =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(operation, "operationGroupId"));
    if (group && !strpbrk(group, "\"\\"))
        str_copy_c(launch->group, sizeof(launch->group), group);
    if (gcp_fault_from_operation(operation, &fault))
        gcp_fault_error(&fault, &launch->why);
    ask_found(launch);
}
