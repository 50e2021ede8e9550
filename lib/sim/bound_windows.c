/*
 * The window bound. The promise leaves a job no more freedom than to run somewhere between its earliest
 * run [a, a + s) and its latest one [a + D, a + D + s). How much of a run falls into a window is
 * smallest for one of these two, so that much must be served inside the window whatever is done. The mean
 * number of slots in a window is thus at least its work over its length; rises of the means need starts;
 * and the cheapest fleet above given means is a sum over levels (levels.h).
 *
 * Short windows see the ups and downs, long ones the work that can be moved; several lengths are tried,
 * each at two phases.
 */
#include <math.h>

#include "sim/bound_parts.h"
#include "sim/levels.h"

static bool has_length(const struct divisions *d, double length_s)
{
    for (size_t i = 0; i < d->len; i++) {
        if (d->all[i].length_s > length_s * 0.9 && d->all[i].length_s < length_s * 1.1)
            return true;
    }
    return false;
}

static void add_length(struct divisions *d, double length_s, double span_s)
{
    double least = span_s / (WINDOWS_MAX - 2);
    length_s = fmax(length_s, fmax(least, 1e-3));
    if (d->len + 2 > DIVISIONS_MAX || has_length(d, length_s))
        return;
    d->all[d->len++] = (struct division){ .length_s = length_s };
    d->all[d->len++] = (struct division){ .length_s = length_s, .shift_s = length_s / 2 };
}

int divisions_init(struct divisions *d, const struct bound_options *options, struct error *err)
{
    (void)err;
    double start_s = (double)options->start_ns / 1e9;
    double span_s = (double)options->span_ns / 1e9;
    *d = (struct divisions){ .wait_s = (double)options->wait_ns / 1e9 };
    for (int i = -3; i <= 4 && d->wait_s > 0; i++)
        add_length(d, d->wait_s * exp2(i), span_s);
    for (int i = -2; i <= 6 && start_s > 0; i += 2)
        add_length(d, start_s * exp2(i), span_s);
    add_length(d, 60, span_s);
    return 0;
}

void divisions_release(struct divisions *d)
{
    for (size_t i = 0; i < d->len; i++) {
        vec_release(&d->all[i].work);
        vec_release(&d->all[i].whole);
    }
}

static bool make_room(struct division *d, size_t windows)
{
    if (windows <= d->work.len)
        return true;
    size_t size = windows + windows / 2 + 64;
    if (!vec_reserve(&d->work, size) || !vec_reserve(&d->whole, size))
        return false;
    while (d->work.len < size) {
        d->work.at[d->work.len++] = 0;
        d->whole.at[d->whole.len++] = 0;
    }
    return true;
}

static double overlap(double a, double b, double from, double to)
{
    return fmax(0, fmin(b, to) - fmax(a, from));
}

/* What of the job must fall into window j. */
static double forced(const struct division *d, size_t j, double a, double s, double wait)
{
    double from = (double)j * d->length_s - d->shift_s;
    double to = from + d->length_s;
    return fmin(overlap(a, a + s, from, to), overlap(a + wait, a + wait + s, from, to));
}

/*
 * Only windows that end after a + D and begin before a + s can hold any of it. Between the first and the
 * last of them it fills windows whole; those are counted by differences, so a job costs the same however
 * long it is.
 */
static bool add_job(struct division *d, double a, double s, double wait, double count)
{
    double first = floor((a + wait + d->shift_s) / d->length_s);
    double last = ceil((a + s + d->shift_s) / d->length_s) - 1;
    if (last < first)
        return true;
    if (last > 1e8 || !make_room(d, (size_t)last + 2))
        return false;
    size_t lo = (size_t)first;
    size_t hi = (size_t)last;
    d->work.at[lo] += count * forced(d, lo, a, s, wait);
    if (hi > lo)
        d->work.at[hi] += count * forced(d, hi, a, s, wait);
    if (hi > lo + 1) {
        d->whole.at[lo + 1] += count;
        d->whole.at[hi] -= count;
    }
    return true;
}

int divisions_add(struct divisions *d, double arrival_s, double service_s, double count,
                  struct error *err)
{
    for (size_t i = 0; i < d->len; i++) {
        if (!add_job(&d->all[i], arrival_s, service_s, d->wait_s, count))
            return error_nomem(err);
    }
    return 0;
}

static int evaluate(const struct division *d, double start_s, double *ret, struct error *err)
{
    VEC(double) demand = { 0 };
    double whole = 0;
    double cost = 0;
    if (!vec_reserve(&demand, d->work.len + 1))
        return error_nomem(err);
    for (size_t j = 0; j < d->work.len; j++) {
        whole += d->whole.at[j];
        demand.at[demand.len++] = d->work.at[j] / d->length_s + whole;
    }
    int rc = levels_optimum(demand.at, demand.len, start_s / d->length_s, &cost, err);
    vec_release(&demand);
    if (rc == 0)
        *ret = cost * d->length_s;
    return rc;
}

int divisions_best(struct divisions *d, double start_s, double *ret, struct error *err)
{
    double best = 0;
    for (size_t i = 0; i < d->len; i++) {
        double cost = 0;
        int rc = evaluate(&d->all[i], start_s, &cost, err);
        if (rc < 0)
            return rc;
        best = fmax(best, cost);
    }
    *ret = best;
    return 0;
}
