#include "base/clock.h"

#include <stddef.h>
#include <stdio.h>
#include <time.h>

static int64_t system_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int64_t system_boot_ns(void *ctx)
{
    (void)ctx;
    return system_ns(CLOCK_BOOTTIME);
}

static int64_t system_wall_ns(void *ctx)
{
    (void)ctx;
    return system_ns(CLOCK_REALTIME);
}

const struct clock clock_system = { system_boot_ns, system_wall_ns, NULL };

void clock_format_wall(int64_t wall_ns, char text[static CLOCK_TEXT_MAX])
{
    time_t seconds = (time_t)(wall_ns / NS_PER_S - (wall_ns % NS_PER_S < 0));
    struct tm tm;
    if (!gmtime_r(&seconds, &tm) || strftime(text, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
        snprintf(text, CLOCK_TEXT_MAX, "?");
}
