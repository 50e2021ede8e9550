/*
 * A simulated run as a page: one HTML file with everything in it, readable without a network, on a phone,
 * and without scripts. Plots of the series, the figures, and the policy file itself.
 */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include "sim/run.h"

struct sim_report {
    const char *policy;      /* the file's name */
    const char *policy_text; /* what is in it */
    const char *work;        /* its name */
    uint64_t seed;
    const struct sim_options *options;
    const struct sim_result *result; /* with a series */
    double cheapest_usd;             /* the least it could have cost; NaN: not known */
    const char *summary;             /* the figures, as text of several lines */
};

/* Look at buf_failed(out) afterwards. */
void sim_report_write(const struct sim_report *report, struct buf *out);

#endif
