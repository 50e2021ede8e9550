#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/rng.h"
#include "sim/levels.h"
#include "tests/shipped.h"

#define BRUTE_TICKS 8
#define BRUTE_PEAK  3

/* The cheapest number of running units per tick, over all there are. */
static double brute_force(const double *demand, size_t len, double start)
{
    double now[BRUTE_PEAK + 1];
    for (int n = 0; n <= BRUTE_PEAK; n++)
        now[n] = n == 0 ? 0 : INFINITY;
    for (size_t t = 0; t < len; t++) {
        double next[BRUTE_PEAK + 1];
        for (int n = 0; n <= BRUTE_PEAK; n++) {
            next[n] = INFINITY;
            for (int before = 0; before <= BRUTE_PEAK && n >= demand[t]; before++)
                next[n] = fmin(next[n], now[before] + n + start * fmax(0, n - before));
        }
        for (int n = 0; n <= BRUTE_PEAK; n++)
            now[n] = next[n];
    }
    double best = INFINITY;
    for (int n = 0; n <= BRUTE_PEAK; n++)
        best = fmin(best, now[n]);
    return best;
}

static void the_optimum_is_the_best_of_all(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 1);
    for (int i = 0; i < 2000; i++) {
        double demand[BRUTE_TICKS];
        double start = (double)rng_below(&rng, 9) / 2;
        double cost = -1;
        for (int t = 0; t < BRUTE_TICKS; t++)
            demand[t] = (double)rng_below(&rng, BRUTE_PEAK + 1);
        assert_int_equal(levels_optimum(demand, BRUTE_TICKS, start, &cost, NULL), 0);
        if (fabs(cost - brute_force(demand, BRUTE_TICKS, start)) > 1e-9)
            fail_msg("case %d: %g, by force %g", i, cost, brute_force(demand, BRUTE_TICKS, start));
    }
}

/* A timer on each level, played tick by tick: it must give the very same sum. */
static double play_timeout(const double *demand, size_t len, double start, int hold)
{
    double cost = 0;
    for (int level = 1; level <= BRUTE_PEAK; level++) {
        bool runs = false;
        int idle = 0;
        for (size_t t = 0; t < len; t++) {
            bool busy = demand[t] >= level;
            cost += busy && !runs ? start : 0;
            idle = busy ? 0 : idle + 1;
            runs = busy || (runs && idle <= hold);
            cost += runs;
        }
    }
    return cost;
}

static void a_timer_costs_what_it_costs_played(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 2);
    for (int i = 0; i < 2000; i++) {
        double demand[BRUTE_TICKS];
        double start = (double)rng_below(&rng, 9) / 2;
        int hold = (int)rng_below(&rng, 5);
        double cost = -1;
        for (int t = 0; t < BRUTE_TICKS; t++)
            demand[t] = (double)rng_below(&rng, BRUTE_PEAK + 1);
        levels_rule(demand, BRUTE_TICKS, start, LEVEL_RULE_TIMEOUT, hold, &cost, NULL);
        double played = play_timeout(demand, BRUTE_TICKS, start, hold);
        if (fabs(cost - played) > 1e-9)
            fail_msg("case %d: %g, played %g", i, cost, played);
    }
}

static void by_hand(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double demand[6];
        size_t len;
        double start, optimum, random, peak;
    } cases[] = {
        { "nothing", { 0 }, 0, 5, 0, 0, 0 },
        { "never busy", { 0, 0, 0 }, 3, 5, 0, 0, 0 },
        { "all along", { 2, 2, 2 }, 3, 5, 16, 16, 16 },
        { "a gap worth keeping", { 1, 0, 1 }, 3, 5, 8, 2 + 5 + 1.5819767, 8 },
        { "a gap too long", { 1, 0, 0, 0, 1 }, 5, 2, 6, 2 + 2 + 2 * 1.5819767, 7 },
        { "half a unit", { 0.5, 0, 0.5 }, 3, 5, 4, 1 + 2.5 + 0.5 * 1.5819767, 4 },
        { "starts are free", { 3, 0, 1 }, 3, 0, 4, 4, 9 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double optimum = -1, drawn = -1, peak = -1;
        levels_optimum(cases[i].demand, cases[i].len, cases[i].start, &optimum, NULL);
        levels_rule(cases[i].demand, cases[i].len, cases[i].start, LEVEL_RULE_RANDOM, 0, &drawn,
                    NULL);
        levels_rule(cases[i].demand, cases[i].len, cases[i].start, LEVEL_RULE_PEAK, 0, &peak, NULL);
        if (fabs(optimum - cases[i].optimum) > 1e-6 || fabs(drawn - cases[i].random) > 1e-6 ||
            fabs(peak - cases[i].peak) > 1e-6)
            fail_msg("%s: %g, %g, %g", cases[i].name, optimum, drawn, peak);
    }
}

/* ---- against the shipped table ---- */

static double *units_wanted(const char *trace, double capacity, size_t *ret_len)
{
    char path[128];
    snprintf(path, sizeof(path), "arrivals/%s", trace);
    double *demand = shipped_counts(path, ret_len);
    for (size_t t = 0; demand && t < *ret_len; t++)
        demand[t] = ceil(demand[t] / capacity);
    return demand;
}

/* To the last figure that stands there. */
static void expect(const char *trace, const char *column, double value, const char *text)
{
    char got[32];
    const char *point = strchr(text, '.');
    snprintf(got, sizeof(got), "%.*f", point ? (int)strlen(point + 1) : 0, value);
    if (strcmp(got, text) != 0)
        fail_msg("%s: %s is %s, not %s", trace, column, got, text);
}

static void check_row(char **f)
{
    size_t len;
    double start = strtod(f[4], NULL);
    double *demand = units_wanted(f[0], strtod(f[1], NULL), &len);
    double best, timeout, drawn, follow, peak;
    assert_non_null(demand);
    levels_optimum(demand, len, start, &best, NULL);
    levels_rule(demand, len, start, LEVEL_RULE_TIMEOUT, start, &timeout, NULL);
    levels_rule(demand, len, start, LEVEL_RULE_RANDOM, 0, &drawn, NULL);
    levels_rule(demand, len, start, LEVEL_RULE_TIMEOUT, 0, &follow, NULL);
    levels_rule(demand, len, start, LEVEL_RULE_PEAK, 0, &peak, NULL);
    free(demand);
    expect(f[0], "opt_cost", best, f[6]);
    expect(f[0], "idle timeout", timeout / best, f[8]);
    expect(f[0], "randomised timeout", drawn / best, f[9]);
    expect(f[0], "largest of the last", timeout / best, f[10]);
    expect(f[0], "follow", follow / best, f[11]);
    expect(f[0], "peak", peak / best, f[12]);
}

static void the_shipped_table_exactly(void **state)
{
    (void)state;
    char line[512];
    char *fields[13];
    size_t rows = 0;
    FILE *file = shipped_open("anchors/scale_in_ratio_to_opt.csv");
    if (!file) {
        print_message(
            "[  SKIPPED ] the reference data is not here: set MUSTER_DATA to its directory\n");
        return;
    }
    shipped_row(file, line, sizeof(line), fields, 13);
    while (shipped_row(file, line, sizeof(line), fields, 13) == 13) {
        check_row(fields);
        rows++;
    }
    fclose(file);
    assert_int_equal(rows, 12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_optimum_is_the_best_of_all),
        cmocka_unit_test(a_timer_costs_what_it_costs_played),
        cmocka_unit_test(by_hand),
        cmocka_unit_test(the_shipped_table_exactly),
    };
    return cmocka_run_group_tests_name("levels", tests, NULL, NULL);
}
