#include "sim/boot.h"

#include <string.h>

#include "base/clock.h"
#include "base/units.h"

/*
 * Two components: 95 % lognormal with a coefficient of variation of a quarter, 5 % stragglers that take
 * three times as long. The worker's warm-up: quantiles of a measured one that loads its model.
 */
#define STRAGGLERS .stragglers = 0.05, .straggle = 3
#define LOGNORMAL(seconds)                                                                         \
    {                                                                                              \
        .kind = SIM_DIST_LOGNORMAL, .mean_ns = (seconds)*1e9, .cv = 0.25                           \
    }
#define WARM_UP                                                                                    \
    {                                                                                              \
        .kind = SIM_DIST_CONSTANT, .mean_ns = 2e9                                                  \
    }

static const struct {
    const char *name;
    struct sim_boot boot;
} profiles[] = {
    { "aws", { .boot = LOGNORMAL(56), .warm = WARM_UP, STRAGGLERS } },
    { "gcp",
      { .boot = LOGNORMAL(124),
        .cached = LOGNORMAL(33),
        .cache_ns = 85 * 60 * NS_PER_S,
        .warm = WARM_UP,
        STRAGGLERS } },
    { "fast", { .boot = LOGNORMAL(25), .warm = WARM_UP, STRAGGLERS } },
    { "local", { .boot = { .kind = SIM_DIST_CONSTANT, .mean_ns = 1e9 } } },
    { "instant", { .boot = { .kind = SIM_DIST_CONSTANT } } },
};

#define PROFILES (sizeof(profiles) / sizeof(profiles[0]))

const char *const sim_boot_profiles[] = { "aws", "gcp", "fast", "local", "instant", NULL };

const struct sim_boot *sim_boot_profile(const char *name)
{
    for (size_t i = 0; i < PROFILES; i++) {
        if (strcmp(profiles[i].name, name) == 0)
            return &profiles[i].boot;
    }
    return NULL;
}

const struct sim_boot *sim_boot_for(const struct offer *offer)
{
    const struct sim_boot *boot = sim_boot_profile(offer->provider);
    return boot ? boot : sim_boot_profile("fast");
}

/* ---- as people write them ---------------------------------------------------------------------- */

static int bad(struct error *err, struct str part)
{
    return error_set(err, MUSTER_E_INVALID,
                     "'%.*s' is no boot setting: expected a profile (aws, gcp, fast, local, "
                     "instant) or a distribution first, then any of: warm DISTRIBUTION, failures "
                     "2%%, stragglers 5%% x3",
                     (int)(part.len < 80 ? part.len : 80), part.ptr);
}

/* What stands behind a name and a space; empty when it is not that name. */
static struct str behind(struct str part, const char *name)
{
    size_t len = strlen(name);
    if (!str_starts(part, name) || part.len <= len || part.ptr[len] != ' ')
        return (struct str){ 0 };
    return str_trim((struct str){ part.ptr + len, part.len - len });
}

static bool take_stragglers(struct str text, struct sim_boot *boot)
{
    size_t x = 0;
    while (x < text.len && text.ptr[x] != 'x')
        x++;
    int64_t times = 3;
    if (x < text.len &&
        units_parse_int((struct str){ text.ptr + x + 1, text.len - x - 1 }, &times, NULL) < 0)
        return false;
    double share;
    if (times < 1 || times > 1000 ||
        units_parse_percent(str_trim((struct str){ text.ptr, x }), &share, NULL) < 0 || share > 1)
        return false;
    boot->stragglers = share;
    boot->straggle = (double)times;
    return true;
}

static int take_change(struct str part, struct sim_boot *boot, struct error *err)
{
    struct str value = behind(part, "warm");
    if (value.len > 0)
        return sim_dist_parse(value, &boot->warm, err);
    value = behind(part, "failures");
    if (value.len > 0) {
        double share;
        if (units_parse_percent(value, &share, NULL) < 0 || share > 1)
            return bad(err, part);
        boot->failures = share;
        return 0;
    }
    value = behind(part, "stragglers");
    return value.len > 0 && take_stragglers(value, boot) ? 0 : bad(err, part);
}

static int take_first(struct str part, struct sim_boot *boot, struct error *err)
{
    for (size_t i = 0; i < PROFILES; i++) {
        if (str_eq_c(part, profiles[i].name)) {
            *boot = profiles[i].boot;
            return 0;
        }
    }
    return sim_dist_parse(part, &boot->boot, NULL) < 0 ? bad(err, part) : 0;
}

int sim_boot_parse(struct str text, struct sim_boot *ret, struct error *err)
{
    struct sim_boot boot = { 0 };
    size_t from = 0;
    for (size_t i = 0, parts = 0; i <= text.len; i++) {
        if (i < text.len && text.ptr[i] != ',')
            continue;
        struct str part = str_trim((struct str){ text.ptr + from, i - from });
        int rc = parts++ == 0 ? take_first(part, &boot, err) : take_change(part, &boot, err);
        if (rc < 0)
            return rc;
        from = i + 1;
    }
    *ret = boot;
    return 0;
}
