#include "providers/aws/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- telling ------------------------------------------------------------------------------------ */

void aws_check_tell(struct aws_check *c, enum finding_answer answer, const char *what,
                    const char *remedy, const char *format, ...)
{
    struct buf text = { 0 };
    va_list args;
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    const struct finding finding = {
        .answer = answer,
        .what = what,
        .text = buf_failed(&text) ? "(no memory for the text)" : buf_text(&text),
        .remedy = remedy,
    };
    c->check.tell(c->check.ctx, &finding);
    buf_release(&text);
}

static const char *remedy_of(int code, const char *action, char *ret, size_t size)
{
    switch (code) {
    case MUSTER_E_AUTH:
        snprintf(ret, size, "allow %s; deploy/aws/policy.json has all that muster needs", action);
        return ret;
    case MUSTER_E_THROTTLED:
    case MUSTER_E_TRANSIENT:
    case MUSTER_E_UNKNOWN:
        return "see that the region's name is right and that its services can be reached from this "
               "machine, and try again";
    case MUSTER_E_QUOTA:
        return "ask AWS for a higher quota (Service Quotas in the console), or lower slots.max";
    case MUSTER_E_CAPACITY:
        return "add types or zones: this one is sold out now";
    default:
        return "correct it in the policy file";
    }
}

void aws_check_tell_error(struct aws_check *c, const char *what, const char *action,
                          const struct error *err)
{
    char remedy[200];
    /* musterd itself does not look at templates and images: it can do without that right. */
    bool looking = err->code == MUSTER_E_AUTH && strstr(action, ":Describe") &&
                   strcmp(action, "ec2:DescribeInstances") != 0;
    aws_check_tell(c, looking ? FINDING_UNKNOWN : FINDING_NO, what,
                   remedy_of(err->code, action, remedy, sizeof(remedy)), "%s", err->text);
}

void aws_check_name_types(struct aws_check *c)
{
    c->names_len = 0;
    for (size_t i = 0; i < c->o->types.len && i < AWS_CHECK_NAMES_MAX; i++)
        c->names[c->names_len++] = c->o->types.at[i].name;
}

/* ---- who am I ----------------------------------------------------------------------------------- */

static bool ask_identity(struct aws_check *c, struct aws_request *request, struct buf *body)
{
    if (c->asked > 0)
        return false;
    request->service = "sts";
    request->action = "GetCallerIdentity";
    sts_write_identity(body);
    return true;
}

static void take_identity(struct aws_check *c, const struct aws_response *response,
                          const struct error *err)
{
    char arn[512];
    struct error bad = *err;
    if (!bad.code)
        (void)sts_read_identity(response->body, arn, sizeof(arn), &bad);
    if (!bad.code) {
        aws_check_tell(c, FINDING_OK, "who am I", NULL, "%s", arn);
        return;
    }
    aws_check_tell(
        c, FINDING_NO, "who am I",
        bad.code == MUSTER_E_AUTH
            ? "give musterd credentials that AWS takes: docs/internals/aws-credentials.md "
              "tells where they are looked for"
            : "see that AWS can be reached from this machine, and try again",
        "%s", bad.text);
    c->step = SIZE_MAX; /* everything else would only say the same */
}

/* ---- where nodes report ------------------------------------------------------------------------- */

static bool on_loopback(const char *url)
{
    return strstr(url, "://127.") || strstr(url, "://localhost") || strstr(url, "://[::1]");
}

/* Asks nobody. A launch template says by itself where its nodes report. */
static bool ask_report(struct aws_check *c, struct aws_request *request, struct buf *body)
{
    const char *url = *c->o->controller ? c->o->controller : c->base.provider->env->agent_url;
    (void)request, (void)body;
    if (!*c->o->image || !url)
        return false;
    if (on_loopback(url))
        aws_check_tell(c, FINDING_NO, "nodes report to",
                       "say `controller: https://...`, the address at which machines of the cloud "
                       "reach musterd",
                       "%s, which means themselves to them", url);
    else
        aws_check_tell(c, FINDING_OK, "nodes report to", NULL, "%s", url);
    return false;
}

/* ---- the steps ---------------------------------------------------------------------------------- */

static const struct step {
    aws_check_ask *ask;
    aws_check_answer *answer;
} steps[] = {
    { ask_identity, take_identity },
    { aws_check_ask_template, aws_check_template },
    { aws_check_ask_image, aws_check_image },
    { ask_report, NULL },
    { aws_check_ask_places, aws_check_places },
    { aws_check_ask_offerings, aws_check_offerings },
    { aws_check_ask_types, aws_check_types },
    { aws_check_ask_launch, aws_check_launch },
    { aws_check_ask_list, aws_check_list },
    { aws_check_ask_terminate, aws_check_terminate },
    { aws_check_ask_quota, aws_check_quota },
    { aws_check_ask_spot, aws_check_spot },
    { aws_check_ask_demand, aws_check_demand },
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

static struct aws_check *check_of(struct aws_op *op)
{
    return (struct aws_check *)op;
}

static void release(struct aws_op *op)
{
    struct aws_check *c = check_of(op);
    ec2_subnets_release(&c->subnets);
    ec2_offerings_release(&c->offerings);
    ec2_types_release(&c->types);
    ec2_prices_release(&c->spot);
    free(c);
}

static bool ask(struct aws_check *c)
{
    struct buf body = { 0 };
    struct aws_request request = { .priority = AWS_DESCRIBE, .repeatable = true };
    bool asks = steps[c->step].ask(c, &request, &body);
    request.body = buf_str(&body);
    if (asks && buf_failed(&body))
        aws_op_fail(&c->base, MUSTER_E_NOMEM, "no memory for a request");
    else if (asks)
        aws_op_call(&c->base, &request);
    buf_release(&body);
    return asks;
}

static void go_on(struct aws_check *c)
{
    while (c->step < STEPS) {
        if (ask(c))
            return;
        c->step++;
        c->asked = 0;
        c->token[0] = '\0';
    }
    struct provider_check check = c->check;
    aws_op_free(&c->base);
    check.done(check.ctx);
}

static void on_answer(struct aws_op *op, const struct aws_response *response,
                      const struct error *err)
{
    struct aws_check *c = check_of(op);
    c->asked++;
    steps[c->step].answer(c, response, err);
    go_on(c);
}

void aws_check(struct provider *self, const struct provider_check *check)
{
    struct aws_check *c = calloc(1, sizeof(*c));
    if (!c) {
        check->done(check->ctx);
        return;
    }
    c->base.answer = on_answer;
    c->base.release = release;
    c->check = *check;
    c->o = check->spec->offer_entries.at[check->entry].options;
    aws_op_begin(self, &c->base, c->o->region);
    go_on(c);
}
