/*
 * What happened, line by line: the last lines are kept for a failure's report, a hash of all of them
 * shows that the same seed gives the same run.
 */
#ifndef TESTS_SIM_TRACE_H
#define TESTS_SIM_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define TRACE_KEPT 40
#define TRACE_LINE 240

struct trace {
    char kept[TRACE_KEPT][TRACE_LINE]; /* a ring */
    uint64_t lines;
    uint64_t hash;
    FILE *echo; /* every line, as it comes; NULL: none */
};

void trace_init(struct trace *t, FILE *echo);
void trace_line(struct trace *t, const char *line);
void trace_print_last(const struct trace *t, FILE *to);

#endif
