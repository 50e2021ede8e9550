/*
 * How long a machine takes from the accepted launch to its first job: the boot of the machine, then the
 * warm-up of its worker; some are stragglers, some never come.
 *
 * The profiles are published measurements: Hao et al. 2021 (arXiv:2107.03467; more than 300,000 samples
 * per cloud): AWS Linux 55.9 s cold, 34.0 s warm, GCP Linux 124.1 s cold, 32.8 s warm, where "warm" is
 * an image used in the same zone within the last 85 minutes or so.
 */
#ifndef SIM_BOOT_H
#define SIM_BOOT_H

#include "control/spec.h"
#include "sim/dist.h"

struct sim_boot {
    struct sim_dist boot;   /* launch accepted to the machine's first word */
    struct sim_dist cached; /* the same while the offer's image is warm; used when cache_ns > 0 */
    int64_t cache_ns;     /* an image stays warm so long after a machine booted with it; 0: never */
    struct sim_dist warm; /* the worker's own start */
    double stragglers;    /* share of machines that take straggle times as long */
    double straggle;
    double failures; /* share of machines that are never heard of */
};

/* "aws", "gcp", "local", "instant", "fast"; NULL when there is none of that name. */
const struct sim_boot *sim_boot_profile(const char *name);
/* The names, ends with NULL. */
extern const char *const sim_boot_profiles[];
/* The profile for an offer's provider; "fast" for one that has none. */
const struct sim_boot *sim_boot_for(const struct offer *offer);

/*
 * A profile's name, a distribution (sim_dist_parse) of the whole time to ready, or a profile with changes:
 * "aws, failures 2%, stragglers 5% x3, warm lognormal 20s cv 0.5".
 */
int sim_boot_parse(struct str text, struct sim_boot *ret, struct error *err);

#endif
