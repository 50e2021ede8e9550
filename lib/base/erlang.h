/*
 * Erlang's formulas: what becomes of jobs that arrive at random (Poisson) at `c` servers, `a` of which
 * they keep busy on average (a = arrival rate x mean service time).
 *
 * Exact for M/M/c. Erlang 1917; the recursion over c is numerically stable in floating point.
 */
#ifndef BASE_ERLANG_H
#define BASE_ERLANG_H

#include <stdint.h>

/* Share of jobs that find all servers busy where none may wait. c >= 0, a >= 0. */
double erlang_b(int64_t c, double a);

/* Share of jobs that must wait where all may; 1 when a >= c. */
double erlang_c(int64_t c, double a);

/* Mean wait, in service times: C / (c - a); infinite when a >= c. */
double erlang_wait(int64_t c, double a);

/* The fewest servers with which at most this share of jobs waits longer than `within` service times:
 * C exp(-(c - a) within) <= late. late > 0. */
int64_t erlang_servers(double a, double within, double late);

#endif
