/*
 * The adversary: runs drawn from a seed, in which everything fails that can. First faults of every
 * kind, then none; after the first part nothing may have been broken, after the second all must be
 * settled.
 */
#ifndef TESTS_SIM_ADVERSARY_H
#define TESTS_SIM_ADVERSARY_H

#include <stdbool.h>
#include <stdint.h>

/* What may be done wrong on purpose, to see that it is found; ends with NULL. */
extern const char *const adversary_breakages[];

/* "17" or "1..200" */
bool adversary_range(const char *text, int64_t *ret_first, int64_t *ret_last);

/* Runs the seeds; 0: none failed. A failure tells its seed and the end of its trace on stderr. */
int adversary_run(int64_t first, int64_t last, const char *breakage, bool trace);

#endif
