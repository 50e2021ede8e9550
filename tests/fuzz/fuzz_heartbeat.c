/*
 * Heartbeats come from machines that run other people's jobs. Whatever is accepted is within its
 * ranges; whatever is not leaves the outputs alone and says why.
 */
#include "status/heartbeat.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_accepted(const struct heartbeat *beat, const char *pool)
{
    assert(beat->seq >= 1);
    assert(beat->state >= BEAT_BOOTING && beat->state <= BEAT_DRAINED);
    assert(beat->slots >= 0);
    assert(beat->busy == BUSY_UNKNOWN || beat->busy >= 0);
    assert(beat->slots == 0 || beat->busy <= beat->slots);
    assert(beat->idle_ns >= -1);
    assert(isfinite(beat->served) && beat->served >= 0);
    assert(beat->served_mean_ns >= 0);
    assert(memchr(beat->version, '\0', sizeof(beat->version)) != NULL);
    assert(memchr(pool, '\0', POOL_NAME_MAX) != NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct heartbeat beat = { .seq = 0 };
    char pool[POOL_NAME_MAX] = "untouched";
    struct error err = { 0 };
    int rc = heartbeat_parse((struct str){ (const char *)data, size }, "node", &beat, pool, &err);
    if (rc == 0) {
        check_accepted(&beat, pool);
        return 0;
    }
    assert(beat.seq == 0);
    assert(strcmp(pool, "untouched") == 0);
    assert(err.code == rc && err.text[0] != '\0');
    return 0;
}
