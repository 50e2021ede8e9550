/*
 * For tests of lib/sim: a policy from a few lines of text, work from a shape's text, and a run.
 */
#ifndef TESTS_UNIT_SIM_FIXTURE_H
#define TESTS_UNIT_SIM_FIXTURE_H

#include "sim/run.h"

/* The text of a policy file; queue and offers may be left out: a source that tells all, and a local
 * offer of one slot at 0.1 USD/h. Fails the test when it is not right. */
struct pool_spec *sim_fixture_spec(const char *text);

/* As sim_shape_parse; the seed is 7. */
struct sim_work *sim_fixture_work(const char *text);

/* Jobs given one by one. */
struct sim_work *sim_fixture_jobs(const struct sim_job *jobs, size_t len);

/* Runs, and frees the work. What fails fails the test. */
struct sim_result sim_fixture_run(const char *policy, struct sim_work *take_work,
                                  struct sim_options *options);

#endif
