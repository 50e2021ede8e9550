/*
 * Spot prices: DescribeSpotPriceHistory for the types that offers name, all zones at once, every five
 * minutes. Nobody waits for them: an offer costs what was known last.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "providers/aws/aws.h"

#define EVERY_NS  (300 * NS_PER_S)
#define TYPES_MAX 100
#define PAGES_MAX 50

struct price_op {
    struct aws_op base;
    const char *types[TYPES_MAX]; /* of the provider's table, whose entries stay */
    size_t len;
    struct ec2_prices prices;
    char token[AWS_TOKEN_MAX];
    int pages;
};

static struct price_op *price_of(struct aws_op *op)
{
    return (struct price_op *)op;
}

static void release(struct aws_op *op)
{
    ec2_prices_release(&price_of(op)->prices);
    free(op);
}

static void ask(struct price_op *op)
{
    const struct clock *clock = op->base.provider->env->clock;
    struct buf body = { 0 };
    ec2_write_prices(op->types, op->len, clock->wall_ns(clock->ctx), op->token, &body);
    struct aws_request request = {
        .action = "DescribeSpotPriceHistory",
        .body = buf_str(&body),
        .priority = AWS_DESCRIBE,
        .repeatable = true,
    };
    if (buf_failed(&body))
        aws_op_fail(&op->base, MUSTER_E_NOMEM, "no memory for a request");
    else
        aws_op_call(&op->base, &request);
    buf_release(&body);
}

/* Of two products or changes the later one counts; the cheapest zone stands for the region. */
static void remember(struct price_op *op)
{
    struct provider *self = op->base.provider;
    int64_t now_ns = aws_now_ns(self);
    for (size_t i = 0; i < op->prices.all.len; i++) {
        const struct ec2_price *p = &op->prices.all.at[i];
        bool newest = true;
        int64_t cheapest = p->usd_micro;
        for (size_t k = 0; k < op->prices.all.len; k++) {
            const struct ec2_price *other = &op->prices.all.at[k];
            if (strcmp(other->type, p->type) != 0)
                continue;
            if (strcmp(other->zone, p->zone) == 0 && other->wall_ns > p->wall_ns)
                newest = false;
            if (other->usd_micro < cheapest)
                cheapest = other->usd_micro;
        }
        if (newest)
            place_memory_set_price(&self->memory, p->type, p->zone, MARKET_SPOT, p->usd_micro,
                                   now_ns);
        place_memory_set_price(&self->memory, p->type, op->base.region, MARKET_SPOT, cheapest,
                               now_ns);
    }
}

static void answer(struct aws_op *base, const struct aws_response *response,
                   const struct error *err)
{
    struct price_op *op = price_of(base);
    struct provider *self = base->provider;
    struct error bad = *err;
    if (!bad.code)
        ec2_read_prices(response->body, &op->prices, &bad);
    bool more = !bad.code && op->prices.next[0] && ++op->pages < PAGES_MAX &&
                strcmp(op->prices.next, op->token) != 0;
    if (more) {
        str_copy_c(op->token, sizeof(op->token), op->prices.next);
        ask(op);
        return;
    }
    if (!bad.code)
        remember(op);
    else if (!self->prices_failed)
        log_printf(self->env->log, LOG_WARNING,
                   "spot prices cannot be looked up: %s; continuing: with those known last",
                   bad.text);
    self->prices_failed = bad.code != 0;
    aws_op_free(base);
}

/* All types of this region whose price is old, in one call. */
static void refresh(struct provider *self, const char *region)
{
    struct price_op *op = calloc(1, sizeof(*op));
    if (!op)
        return;
    int64_t now_ns = aws_now_ns(self);
    op->base.answer = answer;
    op->base.release = release;
    aws_op_begin(self, &op->base, region);
    for (size_t i = 0; i < self->wanted.len && op->len < TYPES_MAX; i++) {
        struct aws_wanted *w = self->wanted.at[i];
        if (!w->spot || strcmp(w->region, region) != 0 || now_ns < w->due_ns)
            continue;
        w->due_ns = now_ns + EVERY_NS;
        op->types[op->len++] = w->type;
    }
    if (op->len > 0)
        ask(op);
    else
        aws_op_free(&op->base);
}

void aws_prices_refresh(struct provider *self)
{
    int64_t now_ns = aws_now_ns(self);
    for (size_t i = 0; i < self->wanted.len; i++) {
        if (self->wanted.at[i]->spot && now_ns >= self->wanted.at[i]->due_ns)
            refresh(self, self->wanted.at[i]->region);
    }
    aws_demand_refresh(self);
}

/* NULL: no memory. */
static struct aws_wanted *want(struct provider *self, const char *region, const char *type)
{
    for (size_t i = 0; i < self->wanted.len; i++) {
        struct aws_wanted *w = self->wanted.at[i];
        if (strcmp(w->type, type) == 0 && strcmp(w->region, region) == 0)
            return w;
    }
    struct aws_wanted *w = calloc(1, sizeof(*w));
    if (!w || !vec_push(&self->wanted, w)) {
        free(w);
        return NULL;
    }
    str_copy_c(w->type, sizeof(w->type), type);
    str_copy_c(w->region, sizeof(w->region), region);
    return w;
}

static int64_t cheaper(int64_t a, int64_t b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

static int64_t spot_price(const struct provider *self, const struct aws_options *o,
                          const char *type)
{
    int64_t best = PRICE_UNKNOWN;
    for (size_t i = 0; i < o->zones.len; i++) {
        char zone[AWS_PLACE_MAX];
        aws_place(o, i, zone, sizeof(zone));
        best = cheaper(
            best, place_memory_price(&self->memory, type, zone, MARKET_SPOT, aws_now_ns(self)));
    }
    /* Which zone a subnet is in is not known here. */
    return best >= 0
               ? best
               : place_memory_price(&self->memory, type, o->region, MARKET_SPOT, aws_now_ns(self));
}

int64_t aws_price(struct provider *self, const struct offer *offer, const void *options)
{
    const struct aws_options *o = options;
    int64_t best = PRICE_UNKNOWN;
    for (size_t i = 0; i < o->types.len; i++) {
        const char *type = o->types.at[i].name;
        if (o->types.at[i].value != offer->slots)
            continue;
        int64_t listed = aws_demand_price(self, o, type);
        struct aws_wanted *wanted = want(self, o->region, type);
        if (wanted && offer->market == MARKET_SPOT)
            wanted->spot = true;
        if (wanted && aws_listed_price(o, type) < 0)
            aws_demand_want(self, wanted);
        if (listed >= 0)
            place_memory_set_price(&self->memory, type, o->region, MARKET_ON_DEMAND, listed,
                                   aws_now_ns(self));
        int64_t spot = offer->market == MARKET_SPOT ? spot_price(self, o, type) : PRICE_UNKNOWN;
        best = cheaper(best, spot >= 0 ? spot : listed);
    }
    aws_timers_prices(self);
    return best;
}
