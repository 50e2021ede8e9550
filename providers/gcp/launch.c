/*
 * Launching: one machine by instances.insert, zone after zone until one has room; several by
 * bulkInsert, where Compute Engine finds the zones. What is sold out is left out for a while.
 *
 * An answer that is lost, or an operation that does not end, is MUSTER_E_UNKNOWN. The core asks again
 * with the same token, which gives the same requestId: Compute Engine then answers with the operation
 * of the first time.
 */
#include "providers/gcp/launch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "providers/gcp/plugin.h"
#include "providers/user_data.h"

#define SENT_MAX  512              /* launches without an answer whose parameters are remembered */
#define FOLLOW_NS (100 * NS_PER_S) /* the core asks again after two minutes */

static struct launch_op *launch_of(struct gcp_op *op)
{
    return (struct launch_op *)op;
}

static void release(struct gcp_op *op)
{
    struct launch_op *launch = launch_of(op);
    option_set_release(&provider_gcp.options, &launch->options);
    buf_release(&launch->script);
    buf_release(&launch->template);
    buf_release(&launch->body);
    vec_release(&launch->zones.all);
    gce_instances_release(&launch->found);
    gce_operations_release(&launch->children);
    free(launch);
}

/* ---- what was sent with a token ----------------------------------------------------------------- */

static struct gcp_sent *find_sent(struct provider *self, const char *token)
{
    for (size_t i = 0; i < self->sent.len; i++) {
        if (strcmp(self->sent.at[i].token, token) == 0)
            return &self->sent.at[i];
    }
    return NULL;
}

static void forget_sent(struct provider *self, const char *token)
{
    struct gcp_sent *sent = find_sent(self, token);
    if (!sent)
        return;
    free(sent->body);
    vec_remove(&self->sent, (size_t)(sent - self->sent.at));
}

/* Without memory it is not kept: asked again, the machines are looked for by their label. */
static void keep_sent(struct launch_op *launch)
{
    struct provider *self = launch->base.provider;
    struct gcp_sent sent = { .kind = (int)launch->kind, .body = str_dup(buf_str(&launch->body)) };
    forget_sent(self, launch->intent.token);
    str_copy_c(sent.token, sizeof(sent.token), launch->intent.token);
    if (launch->kind != LAUNCH_REGION)
        str_copy_c(sent.zone, sizeof(sent.zone), launch->zones.all.at[0].name);
    if (self->sent.len >= SENT_MAX)
        forget_sent(self, self->sent.at[0].token);
    if (!sent.body || !vec_push(&self->sent, sent))
        free(sent.body);
}

/* ---- answers ------------------------------------------------------------------------------------ */

void launch_finish(struct launch_op *launch, const struct gce_instance *made, size_t len,
                   const struct error *err)
{
    provider_launch_cb *done = launch->done;
    void *ctx = launch->ctx;
    struct error bad = *err;
    char(*ids)[NODE_ID_MAX] = len > 0 ? calloc(len, sizeof(*ids)) : NULL;
    if (len > 0 && !ids) {
        /* The machines are there, and their token is on them: the next listing tells. */
        error_set(&bad, MUSTER_E_UNKNOWN, "no memory for the names of %zu machines", len);
        len = 0;
    }
    for (size_t i = 0; i < len; i++) {
        gce_node_id(made[i].name, made[i].zone, ids[i]);
        place_memory_worked(&launch->base.provider->memory, made[i].type, made[i].zone,
                            launch->market);
    }
    if (bad.code != MUSTER_E_UNKNOWN)
        forget_sent(launch->base.provider, launch->intent.token);
    gcp_op_free(&launch->base);
    done(ctx, (const char(*)[NODE_ID_MAX])ids, len, &bad);
    free(ids);
}

static void finish_without(struct launch_op *launch, const struct error *err)
{
    launch_finish(launch, NULL, 0, err);
}

/*
 * A no that is certain, whichever try it came with: the operation says so. The core takes a failure of
 * a call that was asked again for a doubt; that nothing came, for an answer.
 */
static void finish_certain(struct launch_op *launch, const struct error *err)
{
    struct error bad = *err;
    if (launch->intent.tries > 1)
        bad.code = 0;
    finish_without(launch, &bad);
}

void launch_note_sold_out(struct launch_op *launch, const char *zone)
{
    struct provider *self = launch->base.provider;
    for (size_t i = 0; i < launch->zones.all.len; i++) {
        const char *name = launch->zones.all.at[i].name;
        if (!*zone || strcmp(zone, name) == 0)
            place_memory_sold_out(&self->memory, launch->type, name, launch->market,
                                  gcp_now_ns(self));
    }
}

static void finish_one(struct launch_op *launch)
{
    const struct error none = { 0 };
    struct gce_instance made = { 0 };
    gce_machine_name(launch->intent.token, 0, made.name);
    str_copy_c(made.zone, sizeof(made.zone), launch->zones.all.at[0].name);
    str_copy_c(made.type, sizeof(made.type), launch->type);
    launch_finish(launch, &made, 1, &none);
}

/* ---- a name that is taken ----------------------------------------------------------------------- */

/* The names come from the token: so it is ours, of an earlier try, unless it is a strange coincidence. */
static void taken_answer(struct gcp_op *op, const struct gcp_response *response,
                         const struct error *err)
{
    struct launch_op *launch = launch_of(op);
    struct gce_instance there;
    struct error bad = *err;
    if (!bad.code)
        gce_read_instance(response->body, &there, &bad);
    if (bad.code) {
        error_set(&bad, MUSTER_E_UNKNOWN, "its name is taken, and by what cannot be looked up: %s",
                  err->text);
        finish_without(launch, &bad);
        return;
    }
    bool ours = strcmp(there.token, launch->intent.token) == 0 &&
                strcmp(there.controller, op->provider->env->controller) == 0;
    if (ours && there.state <= LISTED_RUNNING) {
        finish_one(launch);
        return;
    }
    if (ours)
        error_set(&bad, MUSTER_E_CAPACITY, "%s was made, and has ended since", there.name);
    else
        error_set(&bad, MUSTER_E_CONFIG, "there is an instance %s in %s that is not of muster",
                  there.name, there.zone);
    finish_certain(launch, &bad);
}

static void look_at_taken(struct launch_op *launch)
{
    char name[GCE_NAME_MAX];
    struct buf path = { 0 };
    gce_machine_name(launch->intent.token, 0, name);
    buf_addf(&path, "projects/%s/zones/%s/instances/%s", launch->base.project,
             launch->zones.all.at[0].name, name);
    struct gcp_request request = {
        .service = GCP_COMPUTE,
        .method = "GET",
        .name = "instances.get",
        .path = buf_text(&path),
        .priority = GCP_LAUNCH,
        .repeatable = true,
    };
    launch->base.answer = taken_answer;
    if (buf_failed(&path))
        gcp_op_fail(&launch->base, MUSTER_E_NOMEM, "no memory for a request");
    else
        gcp_op_call(&launch->base, &request);
    buf_release(&path);
}

/* ---- one machine -------------------------------------------------------------------------------- */

static void send_launch(struct launch_op *launch);

/* This zone is sold out, for certain: on to the next. */
static bool next_zone(struct launch_op *launch)
{
    launch_note_sold_out(launch, launch->zones.all.at[0].name);
    if (launch->kind != LAUNCH_INSERT || launch->zones.all.len < 2)
        return false;
    vec_remove(&launch->zones.all, 0);
    buf_clear(&launch->body);
    send_launch(launch);
    return true;
}

static void followed(struct gcp_op *op, const cJSON *operation, const struct error *err)
{
    struct launch_op *launch = launch_of(op);
    struct gcp_fault fault;
    struct error bad = *err;
    if (!operation) {
        finish_without(launch, err);
        return;
    }
    if (launch->kind != LAUNCH_INSERT) {
        launch_read_bulk(launch, operation);
        return;
    }
    if (!gcp_fault_from_operation(operation, &fault)) {
        finish_one(launch);
        return;
    }
    if (gcp_fault_exists(&fault)) {
        look_at_taken(launch);
        return;
    }
    gcp_fault_error(&fault, &bad);
    error_wrap(&bad, "Compute instances.insert %s in %s", launch->type,
               launch->zones.all.at[0].name);
    if (bad.code != MUSTER_E_CAPACITY || !next_zone(launch))
        finish_certain(launch, &bad);
}

/* An error answer to the launch itself. */
static void refused(struct launch_op *launch, const struct gcp_response *response,
                    const struct error *err)
{
    struct error bad = *err;
    if (response && gcp_fault_exists(&response->fault) && launch->kind == LAUNCH_INSERT) {
        look_at_taken(launch);
        return;
    }
    if (bad.code == MUSTER_E_CAPACITY && next_zone(launch))
        return;
    /* The request was heard, its answer could not be taken. */
    if (bad.code == MUSTER_E_TOOBIG || bad.code == MUSTER_E_NOMEM)
        bad.code = MUSTER_E_UNKNOWN;
    /* A template or a network that is not there. */
    if (bad.code == MUSTER_E_NOTFOUND)
        bad.code = MUSTER_E_CONFIG;
    finish_without(launch, &bad);
}

static void launch_answer(struct gcp_op *op, const struct gcp_response *response,
                          const struct error *err)
{
    if (err->code)
        refused(launch_of(op), response, err);
    else
        gcp_follow(op, response->body, FOLLOW_NS, followed);
}

/* ---- sending ------------------------------------------------------------------------------------ */

struct gce_order launch_order(const struct launch_op *launch)
{
    return (struct gce_order){
        .intent = &launch->intent,
        .options = &launch->options,
        .type = launch->type,
        .spot = launch->market == MARKET_SPOT,
        .region = launch->region,
        .controller = launch->base.provider->env->controller,
        .template = gcp_template(launch->base.provider, buf_text(&launch->template)),
        .script = buf_str(&launch->script),
    };
}

static void write_body(struct launch_op *launch)
{
    const struct gce_order order = launch_order(launch);
    const struct provider *self = launch->base.provider;
    if (launch->kind == LAUNCH_INSERT)
        gce_write_insert(&order, launch->zones.all.at[0].name, 0, &launch->body);
    else
        gce_write_bulk(&order, buf_text(&launch->template), &launch->zones,
                       launch->kind == LAUNCH_REGION ? gcp_region(self, launch->region) : NULL,
                       &launch->body);
}

static void write_address(const struct launch_op *launch, struct buf *path, struct buf *query)
{
    const char *zone = launch->zones.all.at[0].name;
    char id[GCE_UUID_MAX];
    bool region = launch->kind == LAUNCH_REGION;
    buf_addf(path, "projects/%s/%s/%s/instances%s", launch->base.project,
             region ? "regions" : "zones", region ? launch->region : zone,
             launch->kind == LAUNCH_INSERT ? "" : "/bulkInsert");
    if (gce_request_id(launch->intent.token, region ? launch->region : zone, id, NULL) < 0)
        query->failed = MUSTER_E_NOMEM;
    gcp_query_add(query, "requestId", str_from(id));
    if (launch->kind == LAUNCH_INSERT && launch->template.len > 0)
        gcp_query_add(query, "sourceInstanceTemplate", buf_str(&launch->template));
}

static void not_sent(struct gcp_op *op, const struct gcp_response *response,
                     const struct error *err)
{
    (void)response;
    finish_without(launch_of(op), err);
}

static void send_launch(struct launch_op *launch)
{
    struct buf path = { 0 };
    struct buf query = { 0 };
    bool bulk = launch->kind != LAUNCH_INSERT;
    if (launch->body.len == 0)
        write_body(launch);
    write_address(launch, &path, &query);
    struct gcp_request request = {
        .service = GCP_COMPUTE,
        .method = "POST",
        .name = launch->kind == LAUNCH_REGION ? "regionInstances.bulkInsert"
                : bulk                        ? "instances.bulkInsert"
                                              : "instances.insert",
        .path = buf_text(&path),
        .query = buf_text(&query),
        .body = buf_str(&launch->body),
        .priority = GCP_LAUNCH,
        .repeatable = true, /* by its requestId */
    };
    if (buf_failed(&launch->body) || buf_failed(&path) || buf_failed(&query)) {
        launch->base.answer = not_sent;
        gcp_op_fail(&launch->base, MUSTER_E_NOMEM, "no memory for a request");
    } else {
        keep_sent(launch);
        launch->base.answer = launch_answer;
        gcp_op_call(&launch->base, &request);
    }
    buf_release(&path);
    buf_release(&query);
}

/* ---- preparing ---------------------------------------------------------------------------------- */

static void region_known(struct gcp_op *op, const struct error *err)
{
    if (err->code)
        finish_without(launch_of(op), err);
    else
        send_launch(launch_of(op));
}

static void template_known(struct gcp_op *op, const struct error *err)
{
    struct launch_op *launch = launch_of(op);
    if (err->code)
        finish_without(launch, err);
    else if (launch->kind == LAUNCH_REGION)
        gcp_know_region(op, launch->region, region_known);
    else
        send_launch(launch);
}

static bool is_unseen(const struct provider *self, const char *zone)
{
    for (size_t i = 0; i < self->unseen.len; i++) {
        if (strcmp(self->unseen.at[i].zone, zone) == 0)
            return true;
    }
    return false;
}

/*
 * The zones of the offer's region that are not known to be sold out, or out of reach. Single machines
 * begin with a zone that their token picks, so that they do not all go to the first.
 */
static int choose(struct launch_op *launch, struct error *err)
{
    const struct provider *self = launch->base.provider;
    const struct gcp_options *o = &launch->options;
    size_t first = (size_t)(unsigned char)launch->intent.token[0] * 31 +
                   (unsigned char)launch->intent.token[1];
    for (size_t i = 0; i < o->zones.len; i++) {
        struct gcp_zone zone = { 0 };
        char region[GCE_ZONE_MAX];
        gcp_zone(o, (first + i) % o->zones.len, zone.name);
        gce_region_of(zone.name, region);
        if (strcmp(region, launch->region) != 0 || is_unseen(self, zone.name) ||
            !place_memory_open(&self->memory, launch->type, zone.name, launch->market,
                               gcp_now_ns(self)))
            continue;
        if (!vec_push(&launch->zones.all, zone))
            return error_nomem(err);
    }
    if (launch->zones.all.len == 0)
        return error_set(err, MUSTER_E_CAPACITY,
                         "every zone of %s was sold out or out of reach a moment ago",
                         launch->intent.offer);
    /* By what the entry says, not by what is sold out: so a policy names all zones, or none. */
    launch->kind = launch->intent.count == 1             ? LAUNCH_INSERT
                   : gcp_zones_in(o, launch->region) > 1 ? LAUNCH_REGION
                                                         : LAUNCH_ZONE;
    return 0;
}

static int write_script(struct launch_op *launch, struct error *err)
{
    const struct provider_env *env = launch->base.provider->env;
    const struct gcp_options *o = &launch->options;
    if (!*o->command && !*o->user_data)
        return 0;
    const struct user_data_values values = {
        .pool = launch->intent.pool,
        .offer = launch->intent.offer,
        .controller = env->controller,
        .controller_url = *o->controller ? o->controller : env->agent_url,
        .token_file = o->token_file,
        .agent = o->agent,
        .command = o->command,
        .slots = launch->intent.slots,
    };
    return user_data_make(o->user_data, gcp_user_data_default, &values, GCP_USER_DATA_MAX,
                          &launch->script, err);
}

/* Asked again: what was sent is sent again. */
static bool again(struct launch_op *launch)
{
    const struct gcp_sent *sent = find_sent(launch->base.provider, launch->intent.token);
    struct gcp_zone zone = { 0 };
    if (!sent)
        return false;
    launch->kind = (enum launch_kind)sent->kind;
    buf_add_c(&launch->body, sent->body);
    str_copy_c(zone.name, sizeof(zone.name), sent->zone);
    /* The zone it was sent to first; those after it as they are now. */
    for (size_t i = 0; zone.name[0] && i < launch->zones.all.len; i++) {
        if (strcmp(launch->zones.all.at[i].name, zone.name) == 0)
            vec_remove(&launch->zones.all, i);
    }
    if (zone.name[0] && vec_push(&launch->zones.all, zone)) {
        struct gcp_zone *zones = launch->zones.all.at;
        memmove(zones + 1, zones, (launch->zones.all.len - 1) * sizeof(*zones));
        zones[0] = zone;
    }
    return launch->zones.all.len > 0;
}

static void start(struct gcp_op *op)
{
    struct launch_op *launch = launch_of(op);
    struct error err = { 0 };
    const struct error none = { 0 };
    op->answer = not_sent;
    if (*launch->options.mig) {
        launch->kind = LAUNCH_GROUP;
        launch_from_group(launch);
        return;
    }
    int rc = choose(launch, &err);
    bool resent = launch->intent.tries > 1 && again(launch);
    if (resent)
        rc = 0;
    if (rc == 0 && !resent && launch->intent.tries > 1)
        rc = error_set(&err, MUSTER_E_UNKNOWN, "what it was sent with is not known any more");
    if (rc == 0 && !resent)
        rc = write_script(launch, &err);
    if (rc == 0 && *launch->options.template)
        gce_template_path(op->project, launch->options.template, &launch->template);
    if (rc < 0)
        gcp_op_fail(op, err.code, err.text);
    else if (launch->template.len > 0)
        gcp_know_template(op, buf_text(&launch->template), template_known);
    else
        template_known(op, &none);
}

void gcp_launch(struct provider *self, const struct launch_request *request,
                provider_launch_cb *done, void *ctx)
{
    struct error err = { 0 };
    struct launch_op *launch = calloc(1, sizeof(*launch));
    if (!launch ||
        option_set_copy(&provider_gcp.options, request->options, &launch->options, &err) < 0) {
        free(launch);
        error_nomem(&err);
        done(ctx, NULL, 0, &err);
        return;
    }
    launch->base.start = start;
    launch->base.answer = not_sent;
    launch->base.release = release;
    launch->done = done;
    launch->ctx = ctx;
    launch->intent = *request->intent;
    launch->market = request->offer->market;
    str_copy_c(launch->type, sizeof(launch->type), request->offer->type);
    gcp_offer_region(request->offer, launch->region);
    gcp_op_begin(self, &launch->base, request->intent->inventory);
}
