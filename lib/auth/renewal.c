#include "auth/renewal.h"

#include "base/clock.h"

/* After a fetch in the background failed, how long until the next one. */
#define FORGIVE_NS (30 * NS_PER_S)

struct renewal_step renewal_ask(struct renewal *r, int64_t left_ns, int64_t boot_ns)
{
    int64_t left = r->stale ? 0 : left_ns;
    bool usable = left > 0;
    bool rested = !usable || boot_ns >= r->not_before_ns;
    bool fetch = left <= r->advisory_ns && !r->fetching && rested;
    bool wait = left <= r->mandatory_ns && (fetch || r->fetching);
    r->fetching = r->fetching || fetch;
    return (struct renewal_step){ .give = usable && !wait, .fetch = fetch };
}

void renewal_done(struct renewal *r)
{
    r->fetching = r->stale = false;
}

void renewal_failed(struct renewal *r, int64_t boot_ns)
{
    r->fetching = false;
    r->not_before_ns = boot_ns + FORGIVE_NS;
}
