/*
 * Cron expressions from anywhere: read or refused. Of one that was read, the occurrences around an
 * instant stand in order, in a zone that jumps.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/cron.h"
#include "base/timezone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_around(const struct cron *cron, const struct timezone *zone, int64_t now_ns)
{
    int64_t last_ns = cron_last(cron, zone, now_ns);
    int64_t next_ns = cron_next(cron, zone, now_ns);
    if (last_ns > now_ns || next_ns <= now_ns)
        abort();
    if (next_ns != INT64_MAX && cron_last(cron, zone, next_ns) != next_ns)
        abort();
    /* The search ends after five years: further apart, one does not see the other. */
    bool near = last_ns != INT64_MIN && next_ns != INT64_MAX &&
                (next_ns - last_ns) / NS_PER_S < INT64_C(4) * 365 * 86400;
    if (near && cron_next(cron, zone, last_ns) != next_ns)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* Winter, and both sides of both changes of clock in Berlin, 2026. */
    static const int64_t instants_s[] = { 1767571200, 1774745999, 1774746000,
                                          1792886400, 1792889999, 1792890000 };
    struct cron cron;
    struct timezone *zone = NULL;
    if (cron_parse((struct str){ (const char *)data, size }, &cron, NULL) < 0)
        return 0;
    timezone_load(STR("Europe/Berlin"), &zone, NULL);
    for (size_t i = 0; i < sizeof(instants_s) / sizeof(instants_s[0]); i++)
        check_around(&cron, zone, instants_s[i] * NS_PER_S);
    timezone_free(zone);
    return 0;
}
