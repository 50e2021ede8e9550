/*
 * Launching: one CreateFleet over all types and zones of an offer, or one RunInstances where there is
 * one of each. What is sold out is left out for a while.
 *
 * An answer that is lost is MUSTER_E_UNKNOWN, and the core asks again with the same token, which has to
 * come with the same parameters.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "providers/aws/aws.h"
#include "providers/aws/user_data.h"

#define SENT_MAX 512 /* launches without an answer whose parameters are remembered */

/*
 * With all its tries a launch is answered before the core takes it for lost. One that waited on would be
 * sent when nobody reckons with its machines any more.
 */
#define WAIT_MAX_NS (40 * NS_PER_S)

struct launch_op {
    struct aws_op base;
    provider_launch_cb *done;
    void *ctx;
    struct intent intent;
    enum market market;
    struct aws_choices choices;
    char template[AWS_TEMPLATE_NAME_MAX]; /* to be made first; "" for none */
    struct buf template_body;
    struct buf body;
    bool fleet;
    struct ec2_instances found; /* by the token's tag */
    int pages;
};

static struct launch_op *launch_of(struct aws_op *op)
{
    return (struct launch_op *)op;
}

static void release(struct aws_op *op)
{
    struct launch_op *launch = launch_of(op);
    vec_release(&launch->choices.all);
    buf_release(&launch->template_body);
    buf_release(&launch->body);
    ec2_instances_release(&launch->found);
    free(launch);
}

/* ---- what was sent with a token ----------------------------------------------------------------- */

static struct aws_sent *find_sent(struct provider *self, const char *token)
{
    for (size_t i = 0; i < self->sent.len; i++) {
        if (strcmp(self->sent.at[i].token, token) == 0)
            return &self->sent.at[i];
    }
    return NULL;
}

static void forget_sent(struct provider *self, const char *token)
{
    struct aws_sent *sent = find_sent(self, token);
    if (!sent)
        return;
    free(sent->body);
    vec_remove(&self->sent, (size_t)(sent - self->sent.at));
}

/* Without memory it is not kept: asked again, EC2 says that the parameters differ, and the tag helps. */
static void keep_sent(struct provider *self, const char *token, const struct buf *body)
{
    struct aws_sent sent = { .body = str_dup(buf_str(body)) };
    if (!sent.body || find_sent(self, token)) {
        free(sent.body);
        return;
    }
    str_copy_c(sent.token, sizeof(sent.token), token);
    if (self->sent.len >= SENT_MAX) {
        free(self->sent.at[0].body);
        vec_remove(&self->sent, 0);
    }
    if (!vec_push(&self->sent, sent))
        free(sent.body);
}

/* ---- answers ------------------------------------------------------------------------------------ */

static void finish(struct launch_op *launch, const struct ec2_instance *made, size_t len,
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
    for (size_t i = 0; i < len; i++)
        str_copy_c(ids[i], NODE_ID_MAX, made[i].id);
    if (bad.code != MUSTER_E_UNKNOWN)
        forget_sent(launch->base.provider, launch->intent.token);
    aws_op_free(&launch->base);
    done(ctx, (const char(*)[NODE_ID_MAX])ids, len, &bad);
    free(ids);
}

static void fail(struct launch_op *launch, int code, const char *text)
{
    struct error err = { 0 };
    error_set(&err, code, "%s", text);
    finish(launch, NULL, 0, &err);
}

static void note_sold_out(struct launch_op *launch, const char *type, const char *place)
{
    struct provider *self = launch->base.provider;
    for (size_t i = 0; i < launch->choices.all.len; i++) {
        const struct aws_choice *c = &launch->choices.all.at[i];
        /* An error that does not say where is about all places. */
        bool here = (!*type || strcmp(type, c->type) == 0) && (!*place || !strcmp(place, c->place));
        if (here)
            place_memory_sold_out(&self->memory, c->type, c->place, launch->market,
                                  aws_now_ns(self));
    }
}

static bool about_a_place(int code)
{
    return code == MUSTER_E_CAPACITY;
}

/* The remedy that most of the errors call for; of equals the first. */
static size_t commonest(const struct fleet_answer *answer)
{
    size_t best = 0;
    size_t best_count = 0;
    for (size_t i = 0; i < answer->errors.len; i++) {
        int code = aws_error_class(answer->errors.at[i].code, 400);
        size_t count = 0;
        for (size_t k = 0; k < answer->errors.len; k++)
            count += aws_error_class(answer->errors.at[k].code, 400) == code;
        if (count > best_count) {
            best = i;
            best_count = count;
        }
    }
    return best;
}

static void read_errors(struct launch_op *launch, const struct fleet_answer *answer,
                        struct error *err)
{
    const char *region = launch->base.region;
    long long count = (long long)launch->intent.count;
    for (size_t i = 0; i < answer->errors.len; i++) {
        const struct fleet_error *e = &answer->errors.at[i];
        if (about_a_place(aws_error_class(e->code, 400)))
            note_sold_out(launch, e->type, e->place);
    }
    if (answer->errors.len == 0) {
        error_set(err, MUSTER_E_CAPACITY,
                  "EC2 CreateFleet (%s): %zu of %lld machines, and no word why", region,
                  answer->instances.len, count);
        return;
    }
    const struct fleet_error *e = &answer->errors.at[commonest(answer)];
    error_set(err, aws_error_class(e->code, 400),
              "EC2 CreateFleet (%s): %zu of %lld machines; %s: %s (%s%s%s, %zu such answers)",
              region, answer->instances.len, count, e->code, e->message, e->type,
              *e->place ? " in " : "", e->place, answer->errors.len);
}

static void fleet_answer(struct launch_op *launch, struct str body)
{
    struct fleet_answer answer = { 0 };
    struct error err = { 0 };
    if (ec2_read_fleet(body, &answer, &err) < 0) {
        fail(launch, MUSTER_E_UNKNOWN, "EC2 CreateFleet: its answer is broken");
        return;
    }
    if ((int64_t)answer.instances.len < launch->intent.count)
        read_errors(launch, &answer, &err);
    /* Asked again with the same token this is what the first call did, and all that it did. */
    if (answer.instances.len == 0 && launch->intent.tries > 1)
        err.code = 0;
    finish(launch, answer.instances.at, answer.instances.len, &err);
    fleet_answer_release(&answer);
}

static void run_answer(struct launch_op *launch, struct str body)
{
    struct ec2_instances made = { 0 };
    struct error err = { 0 };
    if (ec2_read_run(body, &made, &err) < 0) {
        fail(launch, MUSTER_E_UNKNOWN, "EC2 RunInstances: its answer is broken");
    } else {
        const struct aws_choice *c = &launch->choices.all.at[0];
        if ((int64_t)made.all.len < launch->intent.count) {
            note_sold_out(launch, c->type, c->place);
            error_set(&err, MUSTER_E_CAPACITY, "EC2 RunInstances: %zu of %lld machines of %s in %s",
                      made.all.len, (long long)launch->intent.count, c->type, c->place);
        } else {
            place_memory_worked(&launch->base.provider->memory, c->type, c->place, launch->market);
        }
        finish(launch, made.all.at, made.all.len, &err);
    }
    ec2_instances_release(&made);
}

/* ---- a token that was used already -------------------------------------------------------------- */

static void ask_lookup(struct launch_op *launch, const char *next)
{
    struct buf body = { 0 };
    ec2_write_lookup(launch->base.provider->env->controller, launch->intent.token, next, &body);
    struct aws_request request = {
        .action = "DescribeInstances",
        .body = buf_str(&body),
        .priority = AWS_DESCRIBE,
        .repeatable = true,
    };
    if (buf_failed(&body))
        aws_op_fail(&launch->base, MUSTER_E_NOMEM, "no memory for a request");
    else
        aws_op_call(&launch->base, &request);
    buf_release(&body);
}

static void lookup_answer(struct aws_op *op, const struct aws_response *response,
                          const struct error *err)
{
    struct launch_op *launch = launch_of(op);
    struct error none = { 0 };
    bool good = !err->code && ec2_read_instances(response->body, &launch->found, &none) == 0;
    if (good && launch->found.next[0] && ++launch->pages < 100) {
        char next[AWS_TOKEN_MAX];
        str_copy_c(next, sizeof(next), launch->found.next);
        ask_lookup(launch, next);
        return;
    }
    if (good && launch->found.all.len > 0) {
        finish(launch, launch->found.all.at, launch->found.all.len, &none);
        return;
    }
    /* The view may lag behind: complete listings decide. */
    fail(launch, MUSTER_E_UNKNOWN,
         "the token was used with other parameters (settings changed meanwhile), and no machine of "
         "it is listed yet");
}

/* An error answer to the launch itself. */
static void launch_refused(struct launch_op *launch, const struct aws_response *response,
                           const struct error *err)
{
    const char *code = response ? response->code : "";
    struct error bad = *err;
    if (strcmp(code, "IdempotentParameterMismatch") == 0) {
        launch->base.answer = lookup_answer;
        ask_lookup(launch, "");
        return;
    }
    /* It was launched, and has ended since: nothing is there, and nothing will come. */
    if (strcmp(code, "IdempotentInstanceTerminated") == 0)
        bad.code = MUSTER_E_NOTFOUND;
    else if (bad.code == MUSTER_E_NOTFOUND)
        bad.code = MUSTER_E_CONFIG;
    if (bad.code == MUSTER_E_CAPACITY)
        note_sold_out(launch, "", "");
    /* The request was heard, its answer could not be taken. */
    if (bad.code == MUSTER_E_TOOBIG || bad.code == MUSTER_E_NOMEM)
        bad.code = MUSTER_E_UNKNOWN;
    finish(launch, NULL, 0, &bad);
}

static void launch_answer(struct aws_op *op, const struct aws_response *response,
                          const struct error *err)
{
    struct launch_op *launch = launch_of(op);
    if (err->code)
        launch_refused(launch, response, err);
    else if (launch->fleet)
        fleet_answer(launch, response->body);
    else
        run_answer(launch, response->body);
}

/* ---- sending ------------------------------------------------------------------------------------ */

static void send_launch(struct launch_op *launch)
{
    struct aws_request request = {
        .action = launch->fleet ? "CreateFleet" : "RunInstances",
        .body = buf_str(&launch->body),
        .priority = AWS_LAUNCH,
        .repeatable = true, /* by its token */
        .resource_tokens = launch->fleet ? 0 : (unsigned)launch->intent.count,
        .wait_max_ns = WAIT_MAX_NS,
    };
    keep_sent(launch->base.provider, launch->intent.token, &launch->body);
    launch->base.answer = launch_answer;
    aws_op_call(&launch->base, &request);
}

static bool template_known(const struct provider *self, const char *name)
{
    for (size_t i = 0; i < self->templates.len; i++) {
        if (strcmp(self->templates.at[i], name) == 0)
            return true;
    }
    return false;
}

static void template_answer(struct aws_op *op, const struct aws_response *response,
                            const struct error *err)
{
    struct launch_op *launch = launch_of(op);
    struct provider *self = op->provider;
    bool there =
        response && strcmp(response->code, "InvalidLaunchTemplateName.AlreadyExistsException") == 0;
    if (err->code && !there) {
        /* No launch was sent, so nothing is unknown but whether the template is there. */
        struct error bad = *err;
        if (bad.code == MUSTER_E_UNKNOWN)
            bad.code = MUSTER_E_TRANSIENT;
        finish(launch, NULL, 0, &bad);
        return;
    }
    char *name = str_dup(str_from(launch->template));
    if (!name || !vec_push(&self->templates, name))
        free(name); /* asked again next time */
    send_launch(launch);
}

static void send_first(struct launch_op *launch)
{
    if (!launch->template[0] || template_known(launch->base.provider, launch->template)) {
        send_launch(launch);
        return;
    }
    struct aws_request request = {
        .action = "CreateLaunchTemplate",
        .body = buf_str(&launch->template_body),
        .priority = AWS_LAUNCH,
        .repeatable = true, /* by its name */
    };
    launch->base.answer = template_answer;
    aws_op_call(&launch->base, &request);
}

/* ---- preparing ---------------------------------------------------------------------------------- */

static int choose(struct launch_op *launch, const struct aws_options *o, bool all,
                  struct error *err)
{
    const struct provider *self = launch->base.provider;
    for (size_t i = 0; i < o->types.len; i++) {
        for (size_t k = 0; o->types.at[i].value == launch->intent.slots && k < aws_places(o); k++) {
            struct aws_choice choice;
            str_copy_c(choice.type, sizeof(choice.type), o->types.at[i].name);
            aws_place(o, k, choice.place, sizeof(choice.place));
            if (!all && !place_memory_open(&self->memory, choice.type, choice.place, launch->market,
                                           aws_now_ns(self)))
                continue;
            if (!vec_push(&launch->choices.all, choice))
                return error_nomem(err);
        }
    }
    if (launch->choices.all.len == 0)
        return error_set(err, MUSTER_E_CAPACITY,
                         "every type and zone of %s was sold out a moment ago",
                         launch->intent.offer);
    return 0;
}

int aws_user_data(const struct provider *self, const struct launch_request *request,
                  struct buf *out, struct error *err)
{
    const struct aws_options *o = request->options;
    const struct user_data_values values = {
        .pool = request->intent->pool,
        .offer = request->intent->offer,
        .controller = self->env->controller,
        .controller_url = *o->controller ? o->controller : self->env->agent_url,
        .token_file = o->token_file,
        .agent = o->agent,
        .command = o->command,
        .slots = request->intent->slots,
    };
    return user_data_make(o->user_data, aws_user_data_default, &values, AWS_USER_DATA_MAX, out,
                          err);
}

/* Named by what is in it: another pool or another script has another template. */
static int name_template(struct launch_op *launch, const struct aws_order *order, struct error *err)
{
    char digest[DIGEST_TOKEN_MAX];
    ec2_write_template(order, "", &launch->template_body);
    if (buf_failed(&launch->template_body))
        return error_nomem(err);
    int rc = digest_token(buf_str(&launch->template_body), digest, err);
    if (rc < 0)
        return rc;
    snprintf(launch->template, sizeof(launch->template), "muster-%.20s", digest);
    buf_clear(&launch->template_body);
    ec2_write_template(order, launch->template, &launch->template_body);
    return buf_failed(&launch->template_body) ? error_nomem(err) : 0;
}

static int write_bodies(struct launch_op *launch, const struct launch_request *request,
                        struct error *err)
{
    const struct provider *self = launch->base.provider;
    const struct aws_options *o = request->options;
    struct buf user_data = { 0 };
    int rc = *o->image ? aws_user_data(self, request, &user_data, err) : 0;
    struct aws_order order = {
        .intent = &launch->intent,
        .offer = request->offer,
        .options = o,
        .controller = self->env->controller,
        .choices = &launch->choices,
        .template = o->launch_template,
        .user_data = buf_str(&user_data),
    };
    /* By what the entry says, not by what is sold out: a token keeps its kind of call. */
    launch->fleet = aws_types_of(o, launch->intent.slots) * aws_places(o) > 1;
    if (rc == 0 && launch->fleet && *o->image) {
        rc = name_template(launch, &order, err);
        order.template = launch->template;
    }
    if (rc == 0)
        (launch->fleet ? ec2_write_fleet : ec2_write_run)(&order, &launch->body);
    buf_release(&user_data);
    if (rc == 0 && buf_failed(&launch->body))
        rc = error_nomem(err);
    return rc;
}

static int prepare(struct launch_op *launch, const struct launch_request *request,
                   struct error *err)
{
    struct provider *self = launch->base.provider;
    const struct aws_sent *sent = find_sent(self, launch->intent.token);
    /* A body that may have been sent with everything is written again with everything. */
    int rc = choose(launch, request->options, launch->intent.tries > 1, err);
    if (rc == 0)
        rc = write_bodies(launch, request, err);
    if (rc == 0 && sent) {
        buf_clear(&launch->body);
        buf_add_c(&launch->body, sent->body);
        launch->template[0] = '\0';
    }
    return rc == 0 && buf_failed(&launch->body) ? error_nomem(err) : rc;
}

/* What a machine costs on demand, if that is known. */
static void learn_prices(struct provider *self, const char *region, const struct aws_options *o)
{
    for (size_t i = 0; i < o->types.len; i++) {
        int64_t price = aws_demand_price(self, o, o->types.at[i].name);
        if (price >= 0)
            place_memory_set_price(&self->memory, o->types.at[i].name, region, MARKET_ON_DEMAND,
                                   price, aws_now_ns(self));
    }
}

static void not_prepared(struct aws_op *op, const struct aws_response *response,
                         const struct error *err)
{
    (void)response;
    finish(launch_of(op), NULL, 0, err);
}

void aws_launch(struct provider *self, const struct launch_request *request,
                provider_launch_cb *done, void *ctx)
{
    struct error err = { 0 };
    struct launch_op *launch = calloc(1, sizeof(*launch));
    if (!launch) {
        error_nomem(&err);
        done(ctx, NULL, 0, &err);
        return;
    }
    launch->base.release = release;
    launch->done = done;
    launch->ctx = ctx;
    launch->intent = *request->intent;
    launch->market = request->offer->market;
    aws_op_begin(self, &launch->base, request->intent->inventory);
    learn_prices(self, launch->base.region, request->options);
    if (prepare(launch, request, &err) == 0) {
        send_first(launch);
        return;
    }
    launch->base.answer = not_prepared;
    aws_op_fail(&launch->base, err.code, err.text);
}
