/*
 * The two clocks, behind one interface so that tests and simulations bring their own.
 *
 * Decisions use boot_ns: CLOCK_BOOTTIME, which nobody can set and which goes on during suspend.
 * wall_ns is Unix time: for schedules, signatures and records only.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*boot_ns)(void *ctx);
    int64_t (*wall_ns)(void *ctx);
    void *ctx;
};

extern const struct clock clock_system;

#define NS_PER_US INT64_C(1000)
#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S  INT64_C(1000000000)

/* "2026-11-22T09:40:14Z" into a field of at least 21 bytes. */
#define CLOCK_TEXT_MAX 32
void clock_format_wall(int64_t wall_ns, char text[static CLOCK_TEXT_MAX]);

#endif
