/* All scaling policies, for lib/config and the documentation. One policy a file. */
#ifndef POLICIES_POLICIES_H
#define POLICIES_POLICIES_H

#include "control/policy.h"

extern const struct policy policy_backlog;
extern const struct policy policy_drain;
extern const struct policy policy_step;
extern const struct policy policy_schedule;
extern const struct policy policy_fixed;

/* What others do, to compare with; docs/baselines.md. */
extern const struct policy policy_asg_backlog;
extern const struct policy policy_asg_target_tracking;
extern const struct policy policy_hpa;
extern const struct policy policy_keda;
extern const struct policy policy_mig;

/* Ends with NULL. */
extern const struct policy *const policies[];

const struct policy *policy_find(const char *name);

#endif
