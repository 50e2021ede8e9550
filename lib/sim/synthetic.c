#include "sim/synthetic.h"

#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/units.h"

#define DAY_NS     (86400 * NS_PER_S)
#define DAY_LOW_NS (9 * 3600 * NS_PER_S)

struct synthetic {
    struct sim_work base;
    struct sim_shape shape;
    uint64_t seed;
    struct rng arrivals, services, bursts;
    double most_per_s;
    int64_t at_ns;
    int64_t burst_from_ns, burst_until_ns; /* the burst that goes on, or comes next */
};

static double exponential(struct rng *rng, double mean)
{
    return -log(1 - rng_unit(rng)) * mean;
}

/* Moves on to the burst that ends after now. */
static void next_burst(struct synthetic *s)
{
    while (s->burst_until_ns <= s->at_ns) {
        double gap = exponential(&s->bursts, (double)s->shape.burst_every_ns);
        double length = exponential(&s->bursts, (double)s->shape.burst_ns);
        s->burst_from_ns = s->burst_until_ns + (int64_t)fmin(gap, 1e18);
        s->burst_until_ns = s->burst_from_ns + 1 + (int64_t)fmin(length, 1e18);
    }
}

static double rate_now(struct synthetic *s)
{
    const struct sim_shape *shape = &s->shape;
    double rate = shape->rate_per_s;
    if (shape->daily > 0) {
        double phase = (double)((s->at_ns - DAY_LOW_NS) % DAY_NS) / (double)DAY_NS;
        rate *= 1 + shape->daily * sin(2 * M_PI * phase);
    }
    if (s->at_ns / DAY_NS % 7 >= 5)
        rate *= shape->weekend;
    if (shape->burst_times > 1) {
        next_burst(s);
        if (s->at_ns >= s->burst_from_ns)
            rate *= shape->burst_times;
    }
    return rate;
}

static bool later(struct synthetic *s, double seconds)
{
    if (!(seconds * 1e9 < (double)(s->shape.for_ns - s->at_ns)))
        return false;
    s->at_ns += (int64_t)(seconds * 1e9);
    return true;
}

/*
 * A rate that is never exceeded from now on until *ret_until_ns, when a burst begins or ends: thinning by
 * the highest rate of all would throw most draws away. Exponential gaps have no memory, so a draw that
 * falls past that moment is begun anew from there.
 */
static double rate_bound(struct synthetic *s, int64_t *ret_until_ns)
{
    *ret_until_ns = s->shape.for_ns;
    if (!(s->shape.burst_times > 1))
        return s->most_per_s;
    next_burst(s);
    bool bursts = s->at_ns >= s->burst_from_ns;
    *ret_until_ns = bursts ? s->burst_until_ns : s->burst_from_ns;
    return bursts ? s->most_per_s : s->most_per_s / s->shape.burst_times;
}

static bool next_arrival(struct synthetic *s)
{
    if (s->shape.even)
        return later(s, 1 / rate_now(s));
    bool flat = !(s->shape.daily > 0) && !islessgreater(s->shape.weekend, 1);
    for (;;) {
        int64_t until_ns;
        double bound = rate_bound(s, &until_ns);
        double gap_ns = exponential(&s->arrivals, 1e9 / bound);
        if (gap_ns >= (double)(until_ns - s->at_ns)) {
            s->at_ns = until_ns;
            if (until_ns >= s->shape.for_ns)
                return false;
            continue;
        }
        s->at_ns += (int64_t)gap_ns;
        if (s->at_ns >= s->shape.for_ns)
            return false;
        if (flat || rng_unit(&s->arrivals) * bound <= rate_now(s))
            return true;
    }
}

static int synthetic_next(struct sim_work *self, struct sim_job *ret, struct error *err)
{
    struct synthetic *s = (struct synthetic *)self;
    (void)err;
    if (!next_arrival(s))
        return 0;
    int64_t service_ns = sim_dist_draw(&s->shape.service, &s->services);
    *ret = (struct sim_job){ s->at_ns, service_ns > 0 ? service_ns : 1, 1 };
    return 1;
}

/* A stream each, so that another distribution of services leaves the arrivals as they are. */
static int synthetic_rewind(struct sim_work *self, struct error *err)
{
    struct synthetic *s = (struct synthetic *)self;
    (void)err;
    rng_init(&s->arrivals, s->seed);
    rng_init(&s->services, s->seed ^ 0x5e7a1ce5);
    rng_init(&s->bursts, s->seed ^ 0xb0057);
    s->at_ns = 0;
    s->burst_from_ns = s->burst_until_ns = 0;
    return 0;
}

static void synthetic_free(struct sim_work *self)
{
    free(self);
}

static const struct sim_work_ops synthetic_ops = {
    .next = synthetic_next,
    .rewind = synthetic_rewind,
    .free = synthetic_free,
};

int sim_work_synthetic(const struct sim_shape *shape, uint64_t seed, struct sim_work **ret,
                       struct error *err)
{
    struct synthetic *s = calloc(1, sizeof(*s));
    if (!s)
        return error_nomem(err);
    s->base.ops = &synthetic_ops;
    s->base.name = shape->even ? "steady" : "poisson";
    s->base.facts.span_ns = shape->for_ns;
    s->base.facts.services_assumed = true;
    s->shape = *shape;
    s->seed = seed;
    s->most_per_s = shape->rate_per_s * (1 + shape->daily) * fmax(1, shape->weekend) *
                    fmax(1, shape->burst_times);
    synthetic_rewind(&s->base, err);
    *ret = &s->base;
    return 0;
}

/* ---- as people write them ---------------------------------------------------------------------- */

static int bad(struct error *err, struct str part)
{
    return error_set(err, MUSTER_E_INVALID,
                     "'%.*s' was not understood: expected 'poisson RATE' or 'steady RATE' (0.4/s, "
                     "20/m, 5000/d), then after commas any of: for 30d, service DISTRIBUTION, "
                     "daily 60%%, weekend 30%%, bursts x10 every 6h lasting 10m",
                     (int)(part.len < 80 ? part.len : 80), part.ptr);
}

static struct str take_word(struct str *text)
{
    struct str rest = str_trim(*text);
    size_t len = 0;
    while (len < rest.len && rest.ptr[len] != ' ' && rest.ptr[len] != '\t')
        len++;
    *text = str_trim((struct str){ rest.ptr + len, rest.len - len });
    return (struct str){ rest.ptr, len };
}

static bool take_number(struct str text, double *ret)
{
    char copy[32];
    char *end;
    bool digit = text.len > 0 && text.ptr[0] >= '0' && text.ptr[0] <= '9';
    if (!digit || !str_copy(copy, sizeof(copy), text))
        return false;
    double value = strtod(copy, &end);
    if (*end || !isfinite(value))
        return false;
    *ret = value;
    return true;
}

/* "0.4/s" */
static bool take_rate(struct str word, double *ret_per_s)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = { { "/s", 1 }, { "/m", 60 }, { "/h", 3600 }, { "/d", 86400 } };
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (word.len < 3 || !str_eq_c((struct str){ word.ptr + word.len - 2, 2 }, units[i].unit))
            continue;
        double number;
        if (!take_number((struct str){ word.ptr, word.len - 2 }, &number) || !(number > 0) ||
            number > 1e9)
            return false;
        *ret_per_s = number / units[i].seconds;
        return true;
    }
    return false;
}

static bool take_duration(struct str word, int64_t *ret_ns)
{
    int64_t ns;
    if (units_parse_duration(word, &ns, NULL) < 0 || ns <= 0 || ns == UNITS_NEVER)
        return false;
    *ret_ns = ns;
    return true;
}

static bool take_bursts(struct str rest, struct sim_shape *shape)
{
    struct str times = take_word(&rest);
    return times.len > 1 && times.ptr[0] == 'x' &&
           take_number((struct str){ times.ptr + 1, times.len - 1 }, &shape->burst_times) &&
           shape->burst_times >= 1 && shape->burst_times <= 1e6 &&
           str_eq_c(take_word(&rest), "every") &&
           take_duration(take_word(&rest), &shape->burst_every_ns) &&
           str_eq_c(take_word(&rest), "lasting") &&
           take_duration(take_word(&rest), &shape->burst_ns) && rest.len == 0;
}

static int take_part(struct str part, struct sim_shape *shape, struct error *err)
{
    struct str rest = part;
    struct str name = take_word(&rest);
    bool well = false;
    if (str_eq_c(name, "service"))
        return sim_dist_parse(rest, &shape->service, err);
    if (str_eq_c(name, "for"))
        well = take_duration(rest, &shape->for_ns);
    else if (str_eq_c(name, "daily"))
        well = units_parse_percent(rest, &shape->daily, NULL) == 0 && shape->daily <= 1;
    else if (str_eq_c(name, "weekend"))
        well = units_parse_percent(rest, &shape->weekend, NULL) == 0 && shape->weekend <= 100;
    else if (str_eq_c(name, "bursts"))
        well = take_bursts(rest, shape);
    return well ? 0 : bad(err, part);
}

bool sim_shape_is_one(struct str text)
{
    struct str rest = text;
    struct str first = take_word(&rest);
    return rest.len > 0 && (str_eq_c(first, "poisson") || str_eq_c(first, "steady"));
}

int sim_shape_parse(struct str text, struct sim_shape *ret, struct error *err)
{
    struct sim_shape shape = {
        .for_ns = 7 * DAY_NS,
        .weekend = 1,
        .burst_times = 1,
        .service = sim_dist_exponential(30 * NS_PER_S),
    };
    size_t from = 0;
    for (size_t i = 0, parts = 0; i <= text.len; i++) {
        if (i < text.len && text.ptr[i] != ',')
            continue;
        struct str part = str_trim((struct str){ text.ptr + from, i - from });
        from = i + 1;
        if (parts++ > 0) {
            int rc = take_part(part, &shape, err);
            if (rc < 0)
                return rc;
            continue;
        }
        struct str rest = part;
        struct str kind = take_word(&rest);
        shape.even = str_eq_c(kind, "steady");
        if (!sim_shape_is_one(part) || !take_rate(rest, &shape.rate_per_s))
            return bad(err, part);
    }
    *ret = shape;
    return 0;
}
