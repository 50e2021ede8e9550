/* "p95 wait < 10m": what a run must keep. */
#include <stdio.h>

#include "base/units.h"
#include "sim/trial.h"

#define USUAL_QUANTILE 0.95

#define EXPECTED                                                                                   \
    "expected something like 'p95 wait < 10m', 'p99 done < 1h' or 'max wait < 30m': a quantile, "  \
    "wait (to the start of a job) or done (to its end), and a duration"

/* The next word; *rest is what stands behind it. */
static struct str word(struct str *rest)
{
    *rest = str_trim(*rest);
    size_t len = 0;
    while (len < rest->len && rest->ptr[len] != ' ' && rest->ptr[len] != '<')
        len++;
    struct str first = { rest->ptr, len };
    *rest = (struct str){ rest->ptr + len, rest->len - len };
    return first;
}

static bool parse_quantile(struct str text, double *ret)
{
    double share = 0;
    double place = 1;
    if (str_eq_c(text, "max")) {
        *ret = 1;
        return true;
    }
    if (text.len < 2 || text.len > 8 || text.ptr[0] != 'p')
        return false;
    bool point = false;
    for (size_t i = 1; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '.' && !point && i > 1) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9')
            return false;
        place /= point ? 10 : 1;
        share = point ? share + (c - '0') * place : share * 10 + (c - '0');
    }
    if (share <= 0 || share > 100)
        return false;
    *ret = share / 100;
    return true;
}

int promise_parse(struct str text, struct promise *ret, struct error *err)
{
    struct promise promise = { 0 };
    struct str rest = text;
    struct str of = word(&rest);
    bool good = true;
    promise.quantile = USUAL_QUANTILE;
    if (!str_eq_c(of, "wait") && !str_eq_c(of, "done")) {
        good = parse_quantile(of, &promise.quantile);
        of = word(&rest);
    }
    rest = str_trim(rest);
    good = good && rest.len > 1 && rest.ptr[0] == '<';
    if (str_eq_c(of, "done"))
        promise.of = PROMISE_DONE;
    else
        good = good && str_eq_c(of, "wait");
    if (good) {
        rest = (struct str){ rest.ptr + 1, rest.len - 1 };
        if (rest.len > 0 && rest.ptr[0] == '=')
            rest = (struct str){ rest.ptr + 1, rest.len - 1 };
        good = units_parse_duration(str_trim(rest), &promise.limit_ns, NULL) == 0 &&
               promise.limit_ns > 0;
    }
    if (!good)
        return error_set(err, MUSTER_E_INVALID, "'%.*s' is no promise: " EXPECTED,
                         (int)(text.len < 60 ? text.len : 60), text.ptr);
    *ret = promise;
    return 0;
}

void promise_print(const struct promise *promise, struct buf *out)
{
    char limit[UNITS_TEXT_MAX];
    if (promise->quantile >= 1)
        buf_add_c(out, "max");
    else
        buf_addf(out, "p%g", promise->quantile * 100);
    buf_addf(out, " %s < %s", promise->of == PROMISE_DONE ? "done" : "wait",
             units_format_duration(promise->limit_ns, limit));
}

/*
 * By counting those that are late, not by the histogram: that is exact. Jobs that were never begun are
 * late too.
 */
bool promise_kept(const struct promise *promise, const struct sim_result *result)
{
    double may = (1 - promise->quantile) * (double)result->judged;
    return (double)result->late <= may + 1e-6;
}

void promise_apply(const struct promise *promise, struct sim_options *options)
{
    options->promise_ns = promise->limit_ns;
    options->promise = promise->of == PROMISE_DONE ? SIM_PROMISE_DONE : SIM_PROMISE_START;
}
