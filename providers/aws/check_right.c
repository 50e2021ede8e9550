/*
 * What we may do: launches, fleets, templates and terminations sent as they would be, with DryRun: EC2
 * judges them, and carries nothing out.
 */
#include <stdio.h>
#include <string.h>

#include "providers/aws/check.h"

enum trial_kind { TRIAL_RUN, TRIAL_FLEET, TRIAL_TEMPLATE };

struct trial {
    enum trial_kind kind;
    enum market market;
};

static const char *const actions[] = { "RunInstances", "CreateFleet", "CreateLaunchTemplate" };

static bool is_fleet(const struct aws_options *o)
{
    return aws_types_of(o, o->types.at[0].value) * aws_places(o) > 1;
}

/* The n-th of the entry's trials; false: there is none. */
static bool trial_at(const struct aws_options *o, size_t n, struct trial *ret)
{
    for (size_t m = 0; m < AWS_MARKETS_MAX && o->markets[m] >= 0; m++) {
        for (int kind = TRIAL_RUN; kind <= (is_fleet(o) ? TRIAL_FLEET : TRIAL_RUN); kind++) {
            *ret = (struct trial){ (enum trial_kind)kind, (enum market)o->markets[m] };
            if (n-- == 0)
                return true;
        }
    }
    *ret = (struct trial){ .kind = TRIAL_TEMPLATE };
    return n == 0 && is_fleet(o) && *o->image;
}

static const struct offer *offer_of(const struct aws_check *c, enum market market)
{
    const struct pool_spec *spec = c->check.spec;
    for (size_t i = 0; i < spec->offers.len; i++) {
        if (spec->offers.at[i].entry == c->check.entry && spec->offers.at[i].market == market)
            return &spec->offers.at[i];
    }
    return NULL;
}

/* ---- launches ----------------------------------------------------------------------------------- */

static void write_trial(const struct trial *trial, const struct aws_order *order, struct buf *body)
{
    if (trial->kind == TRIAL_RUN)
        ec2_write_run(order, body);
    else if (trial->kind == TRIAL_FLEET)
        ec2_write_fleet(order, body);
    else
        ec2_write_template(order, "muster-check", body);
    buf_add_c(body, "&DryRun=true");
}

/* One machine of the entry's first type in its first place. */
static int write_launch(struct aws_check *c, const struct trial *trial, struct buf *body,
                        struct error *err)
{
    const struct aws_options *o = c->o;
    const struct pool_spec *spec = c->check.spec;
    const struct offer *offer = offer_of(c, trial->market);
    struct intent intent = { .token = "mustercheck", .slots = o->types.at[0].value, .count = 1 };
    struct aws_choice choice;
    struct aws_choices choices = { { &choice, 1, 1 } };
    struct buf user_data = { 0 };
    const struct launch_request launch = { .intent = &intent, .offer = offer, .options = o };
    str_copy_c(intent.pool, sizeof(intent.pool), spec->name);
    str_copy_c(intent.offer, sizeof(intent.offer), offer ? offer->name : "");
    str_copy_c(choice.type, sizeof(choice.type), o->types.at[0].name);
    aws_place(o, 0, choice.place, sizeof(choice.place));
    int rc = *o->image ? aws_user_data(c->base.provider, &launch, &user_data, err) : 0;
    /* A fleet wants a template; that of an image is made at the first launch. */
    bool made_later = *o->image && trial->kind == TRIAL_FLEET;
    const struct aws_order order = { .intent = &intent,
                                     .offer = offer ? offer : &spec->offers.at[0],
                                     .options = o,
                                     .controller = c->base.provider->env->controller,
                                     .choices = &choices,
                                     .template = made_later ? "muster-check" : o->launch_template,
                                     .user_data = buf_str(&user_data) };
    if (rc == 0)
        write_trial(trial, &order, body);
    buf_release(&user_data);
    return rc;
}

bool aws_check_ask_launch(struct aws_check *c, struct aws_request *request, struct buf *body)
{
    struct trial trial;
    struct error err = { 0 };
    if (!trial_at(c->o, c->asked, &trial))
        return false;
    if (write_launch(c, &trial, body, &err) < 0) {
        aws_check_tell(c, FINDING_NO, "first-boot script", "correct `user_data`", "%s", err.text);
        return false;
    }
    request->action = actions[trial.kind];
    request->priority = AWS_LAUNCH;
    return true;
}

static bool is_code(const struct aws_response *response, const char *code)
{
    return response && strcmp(response->code, code) == 0;
}

void aws_check_launch(struct aws_check *c, const struct aws_response *response,
                      const struct error *err)
{
    struct trial trial;
    char what[48], action[48];
    (void)trial_at(c->o, c->asked - 1, &trial);
    bool template = trial.kind == TRIAL_TEMPLATE;
    snprintf(what, sizeof(what), "may %s%s",
             template                    ? "make a template"
             : trial.kind == TRIAL_FLEET ? "launch a fleet, "
                                         : "launch, ",
             template ? "" : market_words[trial.market]);
    snprintf(action, sizeof(action), "ec2:%s", actions[trial.kind]);
    if (is_code(response, "DryRunOperation"))
        aws_check_tell(c, FINDING_OK, what, NULL, "EC2 would do it");
    else if (!err->code)
        aws_check_tell(c, FINDING_NO, what, "see whether something was made, and remove it",
                       "%s was to be tried only, and was carried out: this is not EC2",
                       actions[trial.kind]);
    else if (*c->o->image && trial.kind == TRIAL_FLEET && err->code == MUSTER_E_CONFIG &&
             strstr(err->text, "LaunchTemplate"))
        aws_check_tell(c, FINDING_UNKNOWN, what, NULL,
                       "EC2 judges it only once there is a launch template: the first launch makes "
                       "one");
    else
        aws_check_tell_error(c, what, action, err);
}

/* ---- listing and terminating -------------------------------------------------------------------- */

bool aws_check_ask_list(struct aws_check *c, struct aws_request *request, struct buf *body)
{
    if (c->asked > 0)
        return false;
    request->action = "DescribeInstances";
    ec2_write_list(c->base.provider->env->controller, "", body);
    return true;
}

void aws_check_list(struct aws_check *c, const struct aws_response *response,
                    const struct error *err)
{
    struct error bad = *err;
    struct ec2_instances found = { 0 };
    size_t living = 0;
    if (!bad.code)
        (void)ec2_read_instances(response->body, &found, &bad);
    for (size_t i = 0; !bad.code && i < found.all.len; i++) {
        const struct ec2_instance *at = &found.all.at[i];
        if (at->state != 0 && at->state != 16)
            continue;
        living++;
        str_copy_c(c->machine, sizeof(c->machine), at->id);
    }
    if (bad.code)
        aws_check_tell_error(c, "may list", "ec2:DescribeInstances", &bad);
    else
        aws_check_tell(c, FINDING_OK, "may list", NULL, "%zu%s machine%s of controller '%s' in %s",
                       living, found.next[0] ? " or more" : "", living == 1 ? "" : "s",
                       c->base.provider->env->controller, c->base.region);
    ec2_instances_release(&found);
}

/* A name that no machine has: without one of ours EC2 can still say that we may not. */
#define NO_MACHINE "i-00000000000000000"

bool aws_check_ask_terminate(struct aws_check *c, struct aws_request *request, struct buf *body)
{
    const char *id = c->machine[0] ? c->machine : NO_MACHINE;
    if (c->asked > 0)
        return false;
    request->action = "TerminateInstances";
    request->priority = AWS_TERMINATE;
    ec2_write_terminate(&id, 1, body);
    buf_add_c(body, "&DryRun=true");
    return true;
}

void aws_check_terminate(struct aws_check *c, const struct aws_response *response,
                         const struct error *err)
{
    const char *what = "may terminate";
    if (is_code(response, "DryRunOperation"))
        aws_check_tell(c, FINDING_OK, what, NULL, "EC2 would do it");
    else if (!c->machine[0] && err->code && response)
        /* Who may end what carries a tag only, may not end what is not there. */
        aws_check_tell(c, FINDING_UNKNOWN, what, "try again when the first machine runs",
                       "there is no machine of ours yet to try it on");
    else if (!err->code)
        aws_check_tell(c, FINDING_NO, what, "see that this is EC2",
                       "it was to be tried only, and was carried out");
    else
        aws_check_tell_error(c, what, "ec2:TerminateInstances", err);
}
