/* The lower bounds, against the best of all schedules of small cases. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "sim/bound.h"
#include "sim/levels.h"

#define SECOND  INT64_C(1000000000)
#define HOUR    3600.0
#define JOBS    5
#define HORIZON 48
#define POOLS   2

struct job {
    int64_t arrival, service; /* seconds */
};

static struct bound *made(const struct bound_options *options, const struct job *jobs, size_t len)
{
    struct bound *bound = NULL;
    assert_int_equal(bound_new(options, &bound, NULL), 0);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(
            bound_add(bound, jobs[i].arrival * SECOND, jobs[i].service * SECOND, 1, NULL), 0);
    return bound;
}

static struct bound_result result(const struct bound_options *options, const struct job *jobs,
                                  size_t len, int64_t late)
{
    struct bound_result r;
    struct bound *bound = made(options, jobs, len);
    assert_int_equal(bound_finish(bound, late, &r, NULL), 0);
    bound_free(bound);
    return r;
}

/* ---- windows: the cheapest fleet over all start times ---- */

static double cheapest(const struct job *jobs, size_t len, size_t next, int64_t wait, double start,
                       int64_t late, double *demand)
{
    double best = INFINITY;
    if (next == len) {
        levels_optimum(demand, HORIZON, start, &best, NULL);
        return best;
    }
    for (int64_t delay = 0; delay <= wait + (late > 0 ? 6 : 0); delay++) {
        int64_t from = jobs[next].arrival + delay;
        for (int64_t t = 0; t < jobs[next].service; t++)
            demand[from + t]++;
        best =
            fmin(best, cheapest(jobs, len, next + 1, wait, start, late - (delay > wait), demand));
        for (int64_t t = 0; t < jobs[next].service; t++)
            demand[from + t]--;
    }
    return best;
}

static size_t draw_jobs(struct rng *rng, struct job *jobs)
{
    size_t len = 1 + rng_below(rng, JOBS);
    int64_t at = 0;
    for (size_t i = 0; i < len; i++) {
        at += (int64_t)rng_below(rng, 6);
        jobs[i] = (struct job){ at, 1 + (int64_t)rng_below(rng, 8) };
    }
    return len;
}

static void never_above_the_cheapest_schedule(void **state)
{
    (void)state;
    struct rng rng;
    double sum = 0;
    int exact = 0;
    rng_init(&rng, 5);
    for (int i = 0; i < 400; i++) {
        struct job jobs[JOBS];
        double demand[HORIZON] = { 0 };
        size_t len = draw_jobs(&rng, jobs);
        int64_t wait = (int64_t)rng_below(&rng, 4);
        int64_t start = (int64_t)rng_below(&rng, 6);
        int64_t late = rng_chance(&rng, 0.3) ? 1 : 0;
        const struct bound_options options = {
            wait * SECOND, start * SECOND, 40 * SECOND, HOUR, NULL, 0, 0, 0, false
        };
        struct bound_result r = result(&options, jobs, len, late);
        double best = cheapest(jobs, len, 0, wait, (double)start, late, demand);
        if (r.usd_micro > best + 1e-6)
            fail_msg("case %d: %s %g, the cheapest schedule %g", i, r.method, r.usd_micro, best);
        sum += r.usd_micro / best;
        exact += r.usd_micro > best - 1e-6;
    }
    /* It is a bound worth having: often the very optimum. */
    assert_true(sum / 400 > 0.9);
    assert_in_range(exact, 150, 400);
}

static void by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int64_t wait, start, late;
        struct job jobs[4];
        size_t len;
        double cost;
        const char *method;
    } cases[] = {
        { "nothing", 10, 5, 0, { { 0, 0 } }, 0, 0, "work" },
        { "one long job", 10, 5, 0, { { 0, 100 } }, 1, 105, "work" },
        { "two at once, no wait", 0, 60, 0, { { 60, 60 }, { 60, 60 } }, 2, 240, "windows" },
        { "two at once, one may be late", 0, 60, 1, { { 60, 60 }, { 60, 60 } }, 2, 180, "work" },
        { "the second may wait for the first",
          60,
          60,
          0,
          { { 60, 60 }, { 60, 60 } },
          2,
          180,
          "work" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct bound_options options = { cases[i].wait * SECOND,
                                               cases[i].start * SECOND,
                                               300 * SECOND,
                                               HOUR,
                                               NULL,
                                               0,
                                               0,
                                               0,
                                               false };
        struct bound_result r = result(&options, cases[i].jobs, cases[i].len, cases[i].late);
        if (fabs(r.usd_micro - cases[i].cost) > 1e-6 || strcmp(r.method, cases[i].method) != 0)
            fail_msg("%s: %s %g", cases[i].name, r.method, r.usd_micro);
    }
}

/* With no wait and short windows it is the sum over levels itself. */
static void without_wait_it_is_nearly_the_level_sum(void **state)
{
    (void)state;
    enum { LEN = 2000 };
    static double demand[LEN + 200];
    static struct job jobs[LEN];
    struct rng rng;
    size_t len = 0;
    rng_init(&rng, 6);
    for (int64_t t = 0; t < LEN; t++) {
        if (!rng_chance(&rng, t / 200 % 2 ? 0.4 : 0.05))
            continue;
        jobs[len++] = (struct job){ t, 20 + (int64_t)rng_below(&rng, 60) };
        for (int64_t k = 0; k < jobs[len - 1].service; k++)
            demand[t + k]++;
    }
    const struct bound_options options = {
        0, 30 * SECOND, LEN * SECOND, HOUR, NULL, 0, 0, 0, false
    };
    struct bound_result r = result(&options, jobs, len, 0);
    double exact;
    levels_optimum(demand, LEN + 200, 30, &exact, NULL);
    if (r.usd_micro > exact + 1e-6 || r.usd_micro < 0.95 * exact)
        fail_msg("%g, exactly %g", r.usd_micro, exact);
}

/* ---- spot: the cheapest assignment of unit jobs to bins ---- */

#define BINS 6

struct market {
    double price[POOLS][BINS], slots[POOLS][BINS];
    double on_demand;
    int64_t wait;
};

static double assign(const struct market *m, const struct job *jobs, size_t len, size_t next,
                     double used[POOLS][BINS])
{
    if (next == len)
        return 0;
    double best = m->on_demand + assign(m, jobs, len, next + 1, used);
    int64_t last = jobs[next].arrival + m->wait + 1;
    for (int64_t t = jobs[next].arrival; t <= last && t < BINS; t++) {
        for (int k = 0; k < POOLS; k++) {
            if (used[k][t] >= m->slots[k][t])
                continue;
            used[k][t]++;
            best = fmin(best, m->price[k][t] + assign(m, jobs, len, next + 1, used));
            used[k][t]--;
        }
    }
    return best;
}

static struct market draw_market(struct rng *rng)
{
    struct market m = { .on_demand = 5, .wait = (int64_t)rng_below(rng, 3) };
    for (int k = 0; k < POOLS; k++) {
        for (int t = 0; t < BINS; t++) {
            m.price[k][t] = 1 + (double)rng_below(rng, 6);
            m.slots[k][t] = (double)rng_below(rng, 3);
        }
    }
    return m;
}

/* Jobs of one bin of work: what can be served of each is a unit, so the assignment is exact. */
static void spot_is_the_cheapest_assignment(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 7);
    for (int i = 0; i < 300; i++) {
        struct market m = draw_market(&rng);
        struct job jobs[JOBS];
        double used[POOLS][BINS] = { 0 };
        size_t len = 1 + rng_below(&rng, JOBS);
        for (size_t k = 0, at = 0; k < len; k++) {
            at += rng_below(&rng, 2);
            jobs[k] = (struct job){ (int64_t)at, 1 };
        }
        struct bound_pool pools[POOLS];
        for (int k = 0; k < POOLS; k++)
            pools[k] = (struct bound_pool){ m.price[k], m.slots[k] };
        const struct bound_options options = {
            m.wait * SECOND, 0, 10 * SECOND, m.on_demand, pools, POOLS, BINS, SECOND, false
        };
        struct bound_result r = result(&options, jobs, len, 0);
        double best = assign(&m, jobs, len, 0, used) / HOUR;
        if (fabs(r.spot_usd_micro - best) > 1e-9)
            fail_msg("case %d: %g, the cheapest %g", i, r.spot_usd_micro * HOUR, best * HOUR);
    }
}

/* More prices than are told apart: it stays below, and near. */
static void many_prices_are_rounded_down(void **state)
{
    (void)state;
    enum { LEN = 400 };
    static double price[LEN], slots[LEN];
    double exact = 0;
    struct job jobs[LEN];
    for (int t = 0; t < LEN; t++) {
        price[t] = 1 + t / (double)LEN;
        slots[t] = 1;
        jobs[t] = (struct job){ t, 1 };
        exact += price[t];
    }
    const struct bound_pool pool = { price, slots };
    const struct bound_options options = { 0, 0, LEN * SECOND, 3, &pool, 1, LEN, SECOND, false };
    struct bound_result r = result(&options, jobs, LEN, 0);
    assert_true(r.spot_usd_micro * HOUR <= exact);
    assert_true(r.spot_usd_micro * HOUR > 0.95 * exact);
}

/* A late job lowers the bound by what it would cost alone, and no more. */
static void late_jobs_take_their_work_out(void **state)
{
    (void)state;
    struct job jobs[40];
    for (int i = 0; i < 40; i++)
        jobs[i] = (struct job){ 1000 * (i + 1), i < 20 ? 100 : 200 };
    const struct bound_options options = { 0, 100 * SECOND, 42000 * SECOND, HOUR, NULL, 0, 0,
                                           0, false };
    struct bound_result none = result(&options, jobs, 40, 0);
    struct bound_result one = result(&options, jobs, 40, 1);
    struct bound_result all = result(&options, jobs, 40, 40);
    assert_true(none.usd_micro > 9500);
    assert_true(fabs(none.usd_micro - one.usd_micro - 300) < 1);
    assert_true(fabs(all.usd_micro - (20 * 300 + 100)) < 1e-6);
    assert_string_equal(all.method, "work");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_above_the_cheapest_schedule),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(without_wait_it_is_nearly_the_level_sum),
        cmocka_unit_test(spot_is_the_cheapest_assignment),
        cmocka_unit_test(many_prices_are_rounded_down),
        cmocka_unit_test(late_jobs_take_their_work_out),
    };
    return cmocka_run_group_tests_name("bound", tests, NULL, NULL);
}
