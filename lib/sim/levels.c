/*
 * levels: the idle spans are found with a stack. When the demand falls, the levels that become idle
 * are pushed; the lowest of them lie on top. When it rises, levels are taken from the top again: those
 * are exactly the ones that were idle longest ago among those now needed. Each fall is pushed once.
 */
#include "sim/levels.h"

#include <math.h>

#include "base/vec.h"

struct idle {
    double units;
    size_t since; /* first idle tick */
};

struct stack {
    VEC(struct idle) idle;
};

static void rise(struct stack *stack, double units, size_t now, level_span_fn *fn, void *ctx)
{
    while (units > 0 && stack->idle.len > 0) {
        struct idle *top = &stack->idle.at[stack->idle.len - 1];
        double some = fmin(units, top->units);
        fn(ctx, LEVEL_GAP, some, (double)(now - top->since));
        units -= some;
        top->units -= some;
        if (top->units <= 0)
            stack->idle.len--;
    }
    if (units > 0)
        fn(ctx, LEVEL_FIRST, units, 0);
}

int levels_spans(const double *demand, size_t len, level_span_fn *fn, void *ctx, struct error *err)
{
    struct stack stack = { 0 };
    double before = 0;
    for (size_t t = 0; t < len; t++) {
        if (demand[t] > before) {
            rise(&stack, demand[t] - before, t, fn, ctx);
        } else if (demand[t] < before) {
            struct idle idle = { before - demand[t], t };
            if (!vec_push(&stack.idle, idle)) {
                vec_release(&stack.idle);
                return error_nomem(err);
            }
        }
        before = demand[t];
    }
    for (size_t i = 0; i < stack.idle.len; i++)
        fn(ctx, LEVEL_TAIL, stack.idle.at[i].units, (double)(len - stack.idle.at[i].since));
    vec_release(&stack.idle);
    return 0;
}

struct sum {
    double start;
    double hold;
    double cost; /* of what is beyond the demand itself */
};

static double demand_total(const double *demand, size_t len)
{
    double total = 0;
    for (size_t t = 0; t < len; t++)
        total += demand[t];
    return total;
}

static void add_best(void *ctx, enum level_span kind, double units, double ticks)
{
    struct sum *sum = ctx;
    if (kind == LEVEL_FIRST)
        sum->cost += units * sum->start;
    else if (kind == LEVEL_GAP)
        sum->cost += units * fmin(ticks, sum->start);
}

static void add_timeout(void *ctx, enum level_span kind, double units, double ticks)
{
    struct sum *sum = ctx;
    if (kind != LEVEL_FIRST)
        sum->cost += units * fmin(ticks, sum->hold);
    if (kind == LEVEL_FIRST || (kind == LEVEL_GAP && ticks > sum->hold))
        sum->cost += units * sum->start;
}

/*
 * With this density a gap costs e / (e - 1) times what the optimum pays for it, however long it is.
 * At the end nobody comes back, so only the hold is paid, start / (e - 1) on average; of one that the
 * end cuts off, the part in proportion (as the published figures have it; it differs from the integral
 * in the fourth decimal of a cost).
 */
static void add_random(void *ctx, enum level_span kind, double units, double ticks)
{
    const double e = exp(1);
    struct sum *sum = ctx;
    double idle = fmin(ticks, sum->start);
    if (kind == LEVEL_FIRST)
        sum->cost += units * sum->start;
    else if (kind == LEVEL_GAP)
        sum->cost += units * idle * e / (e - 1);
    else
        sum->cost += units * idle / (e - 1);
}

int levels_optimum(const double *demand, size_t len, double start_ticks, double *ret_cost,
                   struct error *err)
{
    struct sum sum = { .start = start_ticks };
    int rc = levels_spans(demand, len, add_best, &sum, err);
    if (rc == 0)
        *ret_cost = demand_total(demand, len) + sum.cost;
    return rc;
}

int levels_rule(const double *demand, size_t len, double start_ticks, enum level_rule rule,
                double hold, double *ret_cost, struct error *err)
{
    struct sum sum = { .start = start_ticks, .hold = hold };
    if (rule == LEVEL_RULE_PEAK) {
        double peak = 0;
        for (size_t t = 0; t < len; t++)
            peak = fmax(peak, demand[t]);
        *ret_cost = peak * ((double)len + start_ticks);
        return 0;
    }
    level_span_fn *add = rule == LEVEL_RULE_RANDOM ? add_random : add_timeout;
    int rc = levels_spans(demand, len, add, &sum, err);
    if (rc == 0)
        *ret_cost = demand_total(demand, len) + sum.cost;
    return rc;
}
