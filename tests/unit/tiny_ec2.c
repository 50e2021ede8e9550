#include "tests/unit/tiny_ec2.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE 1000

static bool take(struct ec2_bucket *b, double tokens, int64_t now_ns)
{
    b->level += (double)(now_ns - b->at_ns) / (double)NS_PER_S * b->rate;
    b->level = b->level < b->capacity ? b->level : b->capacity;
    b->at_ns = now_ns;
    if (b->level < tokens - 1e-3)
        return false;
    b->level -= tokens;
    return true;
}

static size_t number(struct str body, const char *name)
{
    const char *at = memmem(body.ptr, body.len, name, strlen(name));
    return at ? strtoul(at + strlen(name), NULL, 10) : 0;
}

static void text(struct str body, const char *name, char *to, size_t size)
{
    const char *at = memmem(body.ptr, body.len, name, strlen(name));
    size_t len = 0;
    to[0] = '\0';
    for (at = at ? at + strlen(name) : NULL;
         at && at + len < body.ptr + body.len && at[len] != '&' && len + 1 < size; len++)
        to[len] = at[len];
    to[len] = '\0';
}

static bool wants_spot(struct str body)
{
    return memmem(body.ptr, body.len, "CapacityType=spot", 17) ||
           memmem(body.ptr, body.len, "MarketType=spot", 15);
}

static void add_machine(const struct tiny_ec2 *ec2, struct buf *out, const struct ec2_machine *m)
{
    buf_addf(out,
             "<item><instanceId>%s</instanceId><instanceState><code>%d</code></instanceState>"
             "<tagSet><item><key>muster:controller</key><value>test</value></item>"
             "<item><key>muster:pool</key><value>p</value></item>"
             "<item><key>muster:intent</key><value>%.32s</value></item>"
             "<item><key>muster:offer</key><value>%s</value></item>"
             "<item><key>muster:slots</key><value>1</value></item></tagSet></item>",
             m->id, m->ended ? 48 : 16, m->token, ec2->offers[m->spot]);
}

/* The same token again makes nothing. */
static void launch(struct tiny_ec2 *ec2, const char *token, size_t count, bool spot)
{
    bool again = false;
    for (size_t i = 0; i < ec2->machines.len; i++)
        again |= strcmp(ec2->machines.at[i].token, token) == 0;
    ec2->again += again;
    for (size_t i = 0; i < count && !again; i++) {
        struct ec2_machine m = { .spot = spot };
        snprintf(m.id, sizeof(m.id), "i-%zu", ec2->machines.len);
        snprintf(m.token, sizeof(m.token), "%s", token);
        if (!vec_push(&ec2->machines, m))
            abort();
        ec2->last_ns = ec2->clock->boot_ns(ec2->clock->ctx);
    }
}

static void hear_token(struct tiny_ec2 *ec2, struct str body, char token[static 64])
{
    text(body, "&ClientToken=", token, 64);
    char *copy = str_dup(str_from(token));
    if (!copy || !vec_push(&ec2->tokens, copy))
        abort();
    ec2->calls++;
}

static bool run(struct tiny_ec2 *ec2, struct str body, int64_t now_ns, struct buf *out)
{
    char token[64];
    size_t count = number(body, "&MaxCount=");
    hear_token(ec2, body, token);
    if (!take(&ec2->run, 1, now_ns) || !take(&ec2->run_machines, (double)count, now_ns))
        return false;
    launch(ec2, token, count, wants_spot(body));
    buf_add_c(out, "<RunInstancesResponse><instancesSet>");
    for (size_t i = 0; i < ec2->machines.len; i++) {
        if (strcmp(ec2->machines.at[i].token, token) == 0)
            add_machine(ec2, out, &ec2->machines.at[i]);
    }
    buf_add_c(out, "</instancesSet></RunInstancesResponse>");
    return true;
}

static bool fleet(struct tiny_ec2 *ec2, struct str body, int64_t now_ns, struct buf *out)
{
    char token[64];
    hear_token(ec2, body, token);
    if (!take(&ec2->fleet, 1, now_ns))
        return false;
    launch(ec2, token, number(body, ".TotalTargetCapacity="), wants_spot(body));
    buf_add_c(out, "<CreateFleetResponse><fleetInstanceSet><item><instanceIds>");
    for (size_t i = 0; i < ec2->machines.len; i++) {
        if (strcmp(ec2->machines.at[i].token, token) == 0)
            buf_addf(out, "<item>%s</item>", ec2->machines.at[i].id);
    }
    buf_add_c(out, "</instanceIds></item></fleetInstanceSet></CreateFleetResponse>");
    return true;
}

/* All, or those of one launch. */
static bool describe(struct tiny_ec2 *ec2, struct str body, int64_t now_ns, struct buf *out)
{
    char token[64];
    if (!take(&ec2->describe, 1, now_ns))
        return false;
    size_t first = number(body, "&NextToken=");
    text(body, "&Filter.2.Value.1=", token, sizeof(token));
    buf_add_c(out, "<DescribeInstancesResponse><reservationSet><item><instancesSet>");
    for (size_t i = first; i < ec2->machines.len && i < first + PAGE; i++) {
        if (!token[0] || strncmp(ec2->machines.at[i].token, token, 32) == 0)
            add_machine(ec2, out, &ec2->machines.at[i]);
    }
    buf_add_c(out, "</instancesSet></item></reservationSet>");
    if (first + PAGE < ec2->machines.len)
        buf_addf(out, "<nextToken>%d</nextToken>", (int)first + PAGE);
    buf_add_c(out, "</DescribeInstancesResponse>");
    return true;
}

static bool terminate(struct tiny_ec2 *ec2, struct str body, struct buf *out)
{
    ec2->terminations++;
    for (size_t n = 1; n <= 1000; n++) {
        char name[32], id[24];
        snprintf(name, sizeof(name), "&InstanceId.%zu=", n);
        text(body, name, id, sizeof(id));
        for (size_t i = 0; i < ec2->machines.len; i++) {
            if (strcmp(ec2->machines.at[i].id, id) == 0)
                ec2->machines.at[i].ended = true;
        }
    }
    buf_add_c(out, "<TerminateInstancesResponse/>");
    return true;
}

size_t tiny_ec2_alive(const struct tiny_ec2 *ec2, bool spot)
{
    size_t n = 0;
    for (size_t i = 0; i < ec2->machines.len; i++)
        n += ec2->machines.at[i].spot == spot && !ec2->machines.at[i].ended;
    return n;
}

/* ---- faults ------------------------------------------------------------------------------------- */

static struct ec2_fault *fault_for(struct tiny_ec2 *ec2, struct str body)
{
    char action[64];
    size_t n = 0;
    text((struct str){ body.ptr, body.len }, "Action=", action, sizeof(action) - 8);
    for (; n < 4 && ec2->faults[n].action; n++) {
        struct ec2_fault *f = &ec2->faults[n];
        size_t len = strlen(action);
        bool same =
            strncmp(f->action, action, len) == 0 &&
            (!f->action[len] || (wants_spot(body) && strcmp(f->action + len, " spot") == 0));
        if (same && f->times > 0)
            return f;
    }
    return NULL;
}

static void write_fault(const struct ec2_fault *f, struct buf *out)
{
    buf_clear(out);
    if (!f->code)
        buf_add_c(out, f->text);
    else if (f->status == 200)
        buf_addf(out,
                 "<CreateFleetResponse><errorSet><item><errorCode>%s</errorCode><errorMessage>%s"
                 "</errorMessage></item></errorSet></CreateFleetResponse>",
                 f->code, f->text ? f->text : "as the test wants it");
    else
        buf_addf(out,
                 "<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors>"
                 "<RequestID>r-1</RequestID></Response>",
                 f->code, f->text ? f->text : "as the test wants it");
}

/* ---- the wire ----------------------------------------------------------------------------------- */

/* Calls may be late, and then come close upon each other. */
static int64_t arrival_ns(struct tiny_ec2 *ec2)
{
    int64_t at_ns = ec2->clock->boot_ns(ec2->clock->ctx) +
                    (int64_t)(rng_unit(&ec2->rng) * (double)ec2->jitter_ns);
    if (at_ns > ec2->arrived_ns)
        ec2->arrived_ns = at_ns;
    return ec2->arrived_ns;
}

static bool serve(struct tiny_ec2 *ec2, struct str body, struct buf *out)
{
    int64_t now_ns = arrival_ns(ec2);
    if (number(body, "Version=") != 2016)
        return false;
    if (str_starts(body, "Action=RunInstances&"))
        return run(ec2, body, now_ns, out);
    if (str_starts(body, "Action=CreateFleet&"))
        return fleet(ec2, body, now_ns, out);
    if (str_starts(body, "Action=DescribeInstances&"))
        return describe(ec2, body, now_ns, out);
    return str_starts(body, "Action=TerminateInstances&") && terminate(ec2, body, out);
}

static void handle(void *ctx, const struct http_exchange *x, struct http_answer *ret)
{
    static const struct ec2_fault throttled = { .code = "RequestLimitExceeded",
                                                .text = "Request limit exceeded." };
    struct tiny_ec2 *ec2 = ctx;
    struct buf out = { 0 };
    struct ec2_fault *fault = fault_for(ec2, x->body);
    ret->status = 200;
    if (!fault && !serve(ec2, x->body, &out)) {
        ec2->refused++;
        ret->status = 503;
        write_fault(&throttled, &out);
    }
    if (fault) {
        char token[64];
        fault->times--;
        ret->status = fault->status;
        if (fault->done)
            serve(ec2, x->body, &out);
        else if (memmem(x->body.ptr, x->body.len, "&ClientToken=", 13))
            hear_token(ec2, x->body, token);
        write_fault(fault, &out);
    }
    size_t len = out.len;
    ret->take_body = http_body_new(buf_take(&out), len, "text/xml");
}

void tiny_ec2_start(struct tiny_ec2 *ec2, uv_loop_t *loop, const struct clock *clock)
{
    int64_t now_ns = clock->boot_ns(clock->ctx);
    const struct http_server_options options = { .host = "127.0.0.1", .body_max = 1 << 20 };
    struct error err = { 0 };
    *ec2 = (struct tiny_ec2){ .clock = clock,
                              .run = { 5, 2, 5, now_ns },
                              .run_machines = { 1000, 2, 1000, now_ns },
                              .fleet = { 50, 5, 50, now_ns },
                              .describe = { 100, 20, 100, now_ns } };
    rng_init(&ec2->rng, 1);
    if (http_server_new(loop, NULL, &options, handle, ec2, &ec2->server, &err) < 0)
        abort();
}

void tiny_ec2_stop(struct tiny_ec2 *ec2)
{
    http_server_free(ec2->server);
    for (size_t i = 0; i < ec2->tokens.len; i++)
        free(ec2->tokens.at[i]);
    vec_release(&ec2->tokens);
    vec_release(&ec2->machines);
}
