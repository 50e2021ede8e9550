/*
 * libuv timers in virtual time, for tests linked with the Makefile's WRAP_TIMERS: those that are made
 * while `virtual_timers_on` is true fire when virtual_timers_run says so, all others as ever. So the code
 * under test waits for minutes in no time, and its sockets stay real.
 */
#ifndef TESTS_UNIT_VIRTUAL_TIMERS_H
#define TESTS_UNIT_VIRTUAL_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

extern bool virtual_timers_on;
extern int64_t virtual_now_ns;

/* When the next one is due; INT64_MAX: none is set. */
int64_t virtual_timers_next_ns(void);
/* Fires the first one that is due at virtual_now_ns; false if there is none. */
bool virtual_timers_fire(void);

#endif
