/*
 * When credentials that expire are given out and when they are renewed. Pure; the caches of both clouds
 * go by it.
 *
 *     now                        advisory            mandatory      expiry
 *      |  given out as they are     | given out, and      |  all wait   |
 *      |                            | fetched meanwhile   |             |
 */
#ifndef AUTH_RENEWAL_H
#define AUTH_RENEWAL_H

#include <stdbool.h>
#include <stdint.h>

struct renewal {
    int64_t advisory_ns, mandatory_ns; /* before expiry */
    bool fetching;
    bool stale;            /* a service refused what is held */
    int64_t not_before_ns; /* boot time: a fetch failed a moment ago */
};

struct renewal_step {
    bool give;  /* what is held; otherwise the answer waits for the fetch under way */
    bool fetch; /* begin one now */
};

/* left_ns: until what is held expires; <= 0: nothing is. Marks a fetch that begins. */
struct renewal_step renewal_ask(struct renewal *r, int64_t left_ns, int64_t boot_ns);
void renewal_done(struct renewal *r);
/* The next try waits half a minute, unless nothing usable is held. */
void renewal_failed(struct renewal *r, int64_t boot_ns);

#endif
