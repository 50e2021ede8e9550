#include "sim/dist.h"

#include <math.h>

#include "base/units.h"

#define DRAW_MAX_NS 9e17 /* 28 years: what a heavy tail may draw, and no more */

struct sim_dist sim_dist_constant(int64_t ns)
{
    return (struct sim_dist){ .kind = SIM_DIST_CONSTANT, .mean_ns = (double)ns };
}

struct sim_dist sim_dist_exponential(int64_t mean_ns)
{
    return (struct sim_dist){ .kind = SIM_DIST_EXPONENTIAL, .mean_ns = (double)mean_ns };
}

struct sim_dist sim_dist_lognormal(int64_t mean_ns, double cv)
{
    return (struct sim_dist){ .kind = SIM_DIST_LOGNORMAL, .mean_ns = (double)mean_ns, .cv = cv };
}

/* ---- drawing --------------------------------------------------------------------------------- */

/* (0, 1] */
static double unit_above_zero(struct rng *rng)
{
    return 1 - rng_unit(rng);
}

/* Box and Muller; the second of the pair is left alone, so that one draw is one value. */
static double normal(struct rng *rng)
{
    double radius = sqrt(-2 * log(unit_above_zero(rng)));
    return radius * cos(2 * M_PI * rng_unit(rng));
}

static double draw_quantiles(const struct sim_dist *dist, double share)
{
    const struct sim_quantile *points = dist->points;
    uint8_t i = 0;
    while (i < dist->points_len && points[i].share < share)
        i++;
    if (i == 0)
        return points[0].ns;
    if (i == dist->points_len)
        return points[i - 1].ns;
    double width = points[i].share - points[i - 1].share;
    double along = width > 0 ? (share - points[i - 1].share) / width : 1;
    return points[i - 1].ns + along * (points[i].ns - points[i - 1].ns);
}

static double draw(const struct sim_dist *dist, struct rng *rng)
{
    switch (dist->kind) {
    case SIM_DIST_CONSTANT:
        return dist->mean_ns;
    case SIM_DIST_EXPONENTIAL:
        return -log(unit_above_zero(rng)) * dist->mean_ns;
    case SIM_DIST_LOGNORMAL: {
        double variance = log1p(dist->cv * dist->cv);
        return dist->mean_ns * exp(sqrt(variance) * normal(rng) - variance / 2);
    }
    case SIM_DIST_PARETO: {
        double scale = dist->mean_ns * (dist->shape - 1);
        return scale * (pow(unit_above_zero(rng), -1 / dist->shape) - 1);
    }
    case SIM_DIST_QUANTILES:
        return draw_quantiles(dist, rng_unit(rng));
    }
    return 0;
}

int64_t sim_dist_draw(const struct sim_dist *dist, struct rng *rng)
{
    double ns = draw(dist, rng);
    return ns > 0 ? (int64_t)fmin(ns, DRAW_MAX_NS) : 0;
}

double sim_dist_mean_ns(const struct sim_dist *dist)
{
    if (dist->kind != SIM_DIST_QUANTILES)
        return dist->mean_ns;
    const struct sim_quantile *points = dist->points;
    uint8_t last = (uint8_t)(dist->points_len - 1);
    double mean = points[0].share * points[0].ns + (1 - points[last].share) * points[last].ns;
    for (uint8_t i = 1; i < dist->points_len; i++)
        mean += (points[i].share - points[i - 1].share) * (points[i].ns + points[i - 1].ns) / 2;
    return mean;
}

/* ---- as people write them ---------------------------------------------------------------------- */

static int bad(struct error *err, struct str text)
{
    return error_set(err, MUSTER_E_INVALID,
                     "'%.*s' is no distribution: expected 30s, exponential 30s, lognormal 30s cv "
                     "1.2, pareto 30s shape 1.5, or quantiles 50%%=8.5s 90%%=26.8s",
                     (int)(text.len < 80 ? text.len : 80), text.ptr);
}

/* The next word, and *text after it. */
static struct str take_word(struct str *text)
{
    struct str rest = str_trim(*text);
    size_t len = 0;
    while (len < rest.len && rest.ptr[len] != ' ' && rest.ptr[len] != '\t')
        len++;
    *text = str_trim((struct str){ rest.ptr + len, rest.len - len });
    return (struct str){ rest.ptr, len };
}

/* "1.5": digits and one point, nothing a strtod would also take. */
static bool take_number(struct str word, double *ret)
{
    double value = 0;
    double scale = 0;
    for (size_t i = 0; i < word.len; i++) {
        char c = word.ptr[i];
        if (c == '.' && !(scale > 0)) {
            scale = 1;
        } else if (c >= '0' && c <= '9') {
            value = value * 10 + (c - '0');
            scale *= 10;
        } else {
            return false;
        }
    }
    if (word.len == 0 || word.len > 15)
        return false;
    *ret = scale > 0 ? value / scale : value;
    return true;
}

static bool take_setting(struct str *rest, const char *name, double *ret)
{
    return str_eq_c(take_word(rest), name) && take_number(take_word(rest), ret);
}

static bool take_point(struct str word, struct sim_dist *dist)
{
    size_t equals = 0;
    while (equals < word.len && word.ptr[equals] != '=')
        equals++;
    double share;
    int64_t ns;
    if (equals == word.len || dist->points_len == SIM_QUANTILES_MAX ||
        units_parse_percent((struct str){ word.ptr, equals }, &share, NULL) < 0 ||
        units_parse_duration((struct str){ word.ptr + equals + 1, word.len - equals - 1 }, &ns,
                             NULL) < 0)
        return false;
    const struct sim_quantile *last =
        dist->points_len > 0 ? &dist->points[dist->points_len - 1] : NULL;
    if (share > 1 || (last && (share <= last->share || (double)ns < last->ns)))
        return false;
    dist->points[dist->points_len++] = (struct sim_quantile){ share, (double)ns };
    return true;
}

static bool take_points(struct str rest, struct sim_dist *dist)
{
    dist->kind = SIM_DIST_QUANTILES;
    while (rest.len > 0) {
        if (!take_point(take_word(&rest), dist))
            return false;
    }
    return dist->points_len > 0;
}

static bool take_kind(struct str kind, struct str rest, struct sim_dist *dist)
{
    int64_t mean_ns;
    if (str_eq_c(kind, "quantiles"))
        return take_points(rest, dist);
    if (units_parse_duration(take_word(&rest), &mean_ns, NULL) < 0 || mean_ns == UNITS_NEVER)
        return false;
    dist->mean_ns = (double)mean_ns;
    if (str_eq_c(kind, "exponential")) {
        dist->kind = SIM_DIST_EXPONENTIAL;
    } else if (str_eq_c(kind, "lognormal")) {
        dist->kind = SIM_DIST_LOGNORMAL;
        if (!take_setting(&rest, "cv", &dist->cv) || !(dist->cv > 0 && dist->cv <= 100))
            return false;
    } else if (str_eq_c(kind, "pareto")) {
        dist->kind = SIM_DIST_PARETO;
        if (!take_setting(&rest, "shape", &dist->shape) || !(dist->shape > 1))
            return false;
    } else {
        return false;
    }
    return rest.len == 0;
}

int sim_dist_parse(struct str text, struct sim_dist *ret, struct error *err)
{
    struct sim_dist dist = { 0 };
    struct str rest = text;
    struct str first = take_word(&rest);
    int64_t ns;
    if (rest.len == 0 && units_parse_duration(first, &ns, NULL) == 0 && ns != UNITS_NEVER) {
        *ret = sim_dist_constant(ns);
        return 0;
    }
    if (!take_kind(first, rest, &dist))
        return bad(err, text);
    *ret = dist;
    return 0;
}

void sim_dist_print(const struct sim_dist *dist, struct buf *out)
{
    char text[UNITS_TEXT_MAX];
    const char *mean = units_format_duration((int64_t)dist->mean_ns, text);
    switch (dist->kind) {
    case SIM_DIST_CONSTANT:
        buf_add_c(out, mean);
        break;
    case SIM_DIST_EXPONENTIAL:
        buf_addf(out, "exponential %s", mean);
        break;
    case SIM_DIST_LOGNORMAL:
        buf_addf(out, "lognormal %s cv %.4g", mean, dist->cv);
        break;
    case SIM_DIST_PARETO:
        buf_addf(out, "pareto %s shape %.4g", mean, dist->shape);
        break;
    case SIM_DIST_QUANTILES:
        buf_add_c(out, "quantiles");
        for (uint8_t i = 0; i < dist->points_len; i++)
            buf_addf(out, " %.4g%%=%s", dist->points[i].share * 100,
                     units_format_duration((int64_t)dist->points[i].ns, text));
        break;
    }
}
