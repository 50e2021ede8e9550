#include "tests/unit/ec2_buckets.h"

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

static void add_instance(const struct ec2_buckets *ec2, struct buf *out, size_t n,
                         const char *token)
{
    char intent[33];
    snprintf(intent, sizeof(intent), "%.32s", token);
    buf_addf(out,
             "<item><instanceId>i-%zu</instanceId><instanceState><code>16</code></instanceState>"
             "<tagSet><item><key>muster:controller</key><value>test</value></item>"
             "<item><key>muster:pool</key><value>p</value></item>"
             "<item><key>muster:intent</key><value>%s</value></item>"
             "<item><key>muster:offer</key><value>%s</value></item>"
             "<item><key>muster:slots</key><value>1</value></item></tagSet></item>",
             n, intent, ec2->offer);
}

static const struct ec2_launched *launch(struct ec2_buckets *ec2, const char *token, size_t count)
{
    for (size_t i = 0; i < ec2->launched.len; i++) {
        if (strcmp(ec2->launched.at[i].token, token) == 0) {
            ec2->again++;
            return &ec2->launched.at[i];
        }
    }
    struct ec2_launched new = { .first = ec2->machines, .count = count };
    snprintf(new.token, sizeof(new.token), "%s", token);
    if (!vec_push(&ec2->launched, new))
        abort();
    ec2->machines += count;
    ec2->last_ns = ec2->clock->boot_ns(ec2->clock->ctx);
    return &ec2->launched.at[ec2->launched.len - 1];
}

static bool run(struct ec2_buckets *ec2, struct str body, int64_t now_ns, struct buf *out)
{
    char token[64];
    size_t count = number(body, "&MaxCount=");
    ec2->calls++;
    if (!take(&ec2->run, 1, now_ns) || !take(&ec2->run_machines, (double)count, now_ns))
        return false;
    text(body, "&ClientToken=", token, sizeof(token));
    const struct ec2_launched *l = launch(ec2, token, count);
    buf_add_c(out, "<RunInstancesResponse><instancesSet>");
    for (size_t i = 0; i < l->count; i++)
        add_instance(ec2, out, l->first + i, token);
    buf_add_c(out, "</instancesSet></RunInstancesResponse>");
    return true;
}

static bool fleet(struct ec2_buckets *ec2, struct str body, int64_t now_ns, struct buf *out)
{
    char token[64];
    ec2->calls++;
    if (!take(&ec2->fleet, 1, now_ns))
        return false;
    text(body, "&ClientToken=", token, sizeof(token));
    const struct ec2_launched *l = launch(ec2, token, number(body, ".TotalTargetCapacity="));
    buf_add_c(out, "<CreateFleetResponse><fleetInstanceSet><item><instanceIds>");
    for (size_t i = 0; i < l->count; i++)
        buf_addf(out, "<item>i-%zu</item>", l->first + i);
    buf_add_c(out, "</instanceIds></item></fleetInstanceSet></CreateFleetResponse>");
    return true;
}

static bool describe(struct ec2_buckets *ec2, struct str body, int64_t now_ns, struct buf *out)
{
    if (!take(&ec2->describe, 1, now_ns))
        return false;
    size_t first = number(body, "&NextToken=");
    buf_add_c(out, "<DescribeInstancesResponse><reservationSet><item><instancesSet>");
    for (size_t i = 0; i < ec2->launched.len; i++) {
        const struct ec2_launched *l = &ec2->launched.at[i];
        for (size_t n = l->first; n < l->first + l->count; n++) {
            if (n >= first && n < first + PAGE)
                add_instance(ec2, out, n, l->token);
        }
    }
    buf_add_c(out, "</instancesSet></item></reservationSet>");
    if (first + PAGE < ec2->machines)
        buf_addf(out, "<nextToken>%d</nextToken>", (int)first + PAGE);
    buf_add_c(out, "</DescribeInstancesResponse>");
    return true;
}

/* Calls may be late, and then come close upon each other. */
static int64_t arrival_ns(struct ec2_buckets *ec2)
{
    int64_t at_ns = ec2->clock->boot_ns(ec2->clock->ctx) +
                    (int64_t)(rng_unit(&ec2->rng) * (double)ec2->jitter_ns);
    if (at_ns > ec2->arrived_ns)
        ec2->arrived_ns = at_ns;
    return ec2->arrived_ns;
}

static void handle(void *ctx, const struct http_exchange *x, struct http_answer *ret)
{
    struct ec2_buckets *ec2 = ctx;
    struct buf out = { 0 };
    int64_t now_ns = arrival_ns(ec2);
    bool served = false;
    if (number(x->body, "Version=") != 2016)
        ret->status = 400;
    else if (str_starts(x->body, "Action=RunInstances&"))
        served = run(ec2, x->body, now_ns, &out);
    else if (str_starts(x->body, "Action=CreateFleet&"))
        served = fleet(ec2, x->body, now_ns, &out);
    else if (str_starts(x->body, "Action=DescribeInstances&"))
        served = describe(ec2, x->body, now_ns, &out);
    if (!served) {
        ec2->refused++;
        buf_clear(&out);
        buf_add_c(&out,
                  "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request "
                  "limit exceeded.</Message></Error></Errors></Response>");
    }
    size_t len = out.len;
    ret->status = served ? 200 : 503;
    ret->take_body = http_body_new(buf_take(&out), len, "text/xml");
}

void ec2_buckets_start(struct ec2_buckets *ec2, uv_loop_t *loop, const struct clock *clock)
{
    int64_t now_ns = clock->boot_ns(clock->ctx);
    const struct http_server_options options = { .host = "127.0.0.1", .body_max = 1 << 20 };
    struct error err = { 0 };
    *ec2 = (struct ec2_buckets){ .clock = clock,
                                 .run = { 5, 2, 5, now_ns },
                                 .run_machines = { 1000, 2, 1000, now_ns },
                                 .fleet = { 50, 5, 50, now_ns },
                                 .describe = { 100, 20, 100, now_ns } };
    rng_init(&ec2->rng, 1);
    if (http_server_new(loop, NULL, &options, handle, ec2, &ec2->server, &err) < 0)
        abort();
}

void ec2_buckets_stop(struct ec2_buckets *ec2)
{
    http_server_free(ec2->server);
    vec_release(&ec2->launched);
}
