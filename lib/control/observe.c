/* observe: what is known about the pool's work and capacity, as the policies get to see it. */
#include <math.h>
#include <stdlib.h>

#include "control/state.h"

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

void boot_measured(struct pool *p, int64_t boot_ns)
{
    p->boots_ns[p->boot_count++ % BOOTS_KEPT] = boot_ns > 0 ? boot_ns : 1;
    size_t n = p->boot_count < BOOTS_KEPT ? (size_t)p->boot_count : BOOTS_KEPT;
    int64_t sorted[BOOTS_KEPT];
    memcpy(sorted, p->boots_ns, n * sizeof(sorted[0]));
    qsort(sorted, n, sizeof(sorted[0]), compare_times);
    p->boot_p90_ns = sorted[(n * 9 + 9) / 10 - 1];
}

int64_t boot_expected_ns(const struct pool *p)
{
    int64_t guess = p->spec->boot_guess_ns > 0 ? p->spec->boot_guess_ns : 1;
    return p->boot_count > 0 ? p->boot_p90_ns : guess;
}

static int compare_booting(const void *a, const void *b)
{
    return compare_times(&((const struct booting *)a)->eta_ns,
                         &((const struct booting *)b)->eta_ns);
}

static int list_booting(struct control *c, const struct pool *p, int64_t boot_ns, struct error *err)
{
    vec_clear(&c->booting);
    for (size_t i = 0; i < p->nodes.len; i++) {
        const struct node *node = p->nodes.at[i];
        if (node->state != NODE_REQUESTED && node->state != NODE_BOOTING)
            continue;
        int64_t eta_ns = node->launched_ns + boot_ns - c->now_ns;
        struct booting entry = { eta_ns > 0 ? eta_ns : 0, node->slots };
        if (!vec_push(&c->booting, entry))
            return error_nomem(err);
    }
    if (c->booting.len > 1)
        qsort(c->booting.at, c->booting.len, sizeof(c->booting.at[0]), compare_booting);
    return 0;
}

/* Slots that became ready while nobody looked at the queue. */
static int64_t fresh_slots(const struct pool *p)
{
    int64_t slots = 0, true_ns = signal_true_ns(&p->signal);
    for (size_t i = 0; i < p->nodes.len; i++) {
        const struct node *node = p->nodes.at[i];
        if (node->state == NODE_READY && node->state_since_ns > true_ns)
            slots += node->slots;
    }
    return slots;
}

static void observe_signal(const struct pool *p, const struct census *census,
                           struct observation *seen)
{
    const struct signal *s = &p->signal;
    seen->signal_known = signal_known(s);
    seen->ages = &s->ages;
    seen->oldest_ns = -1;
    if (!seen->signal_known)
        return;
    struct reckoned now =
        signal_reckon(s, seen->now_ns, (double)census->busy, (double)census->busy_leaving);
    seen->basis = now.basis;
    seen->sample_age_ns = now.basis == BASIS_QUEUE ? seen->now_ns - signal_true_ns(s) : 0;
    seen->waiting = now.waiting;
    seen->running = now.running;
    if (s->last.has_oldest && s->last.oldest_s < 9e9)
        seen->oldest_ns = (int64_t)(s->last.oldest_s * 1e9);
    seen->arrival_per_s = s->arrival_per_s;
}

static void tell(const struct pool *p, const struct census *census, const struct observation *seen,
                 struct trail *trail)
{
    static const char *const known[] = {
        [BASIS_QUEUE] =
            "{waiting} waiting, {running} running, {arrivals} arrivals/s; {ready} slots "
            "ready, {booting} booting, {draining} draining",
        [BASIS_HEARTBEATS] =
            "{waiting} waiting, {running} running, by a late count and what nodes finished since, "
            "{arrivals} arrivals/s; {ready} slots ready, {booting} booting, {draining} draining",
    };
    if (seen->signal_known) {
        trail_step(trail, STAGE_OBSERVE, "signal", p->desired, p->desired, known[seen->basis],
                   TRAIL_COUNT("waiting", seen->waiting), TRAIL_COUNT("running", seen->running),
                   TRAIL_COUNT("arrivals", seen->arrival_per_s),
                   TRAIL_COUNT("ready", census->slots_ready),
                   TRAIL_COUNT("booting", census->slots_booting),
                   TRAIL_COUNT("draining", census->slots_draining));
        return;
    }
    static const char *const why[] = {
        [SIGNAL_NONE] = "no sample yet: the demand is unknown, not zero; {ready} slots ready",
        [SIGNAL_FRESH] = "",
        [SIGNAL_STALE] = "the last sample is too old: the demand is unknown; {ready} slots ready",
        [SIGNAL_FAILED] = "the queue does not answer: the demand is unknown; {ready} slots ready",
        [SIGNAL_ABSURD] =
            "the queue's numbers are absurd: the demand is unknown; {ready} slots ready",
    };
    trail_step(trail, STAGE_OBSERVE, "signal", p->desired, p->desired, why[p->signal.state],
               TRAIL_COUNT("ready", census->slots_ready));
}

int observe(struct control *c, struct pool *p, const struct census *census, struct trail *trail,
            struct observation *ret, struct error *err)
{
    signal_age(&p->signal, c->now_ns, p->spec->stale_after_ns);
    struct observation seen = { .now_ns = c->now_ns, .wall_ns = c->wall_ns };
    observe_signal(p, census, &seen);
    seen.service_ns = p->signal.service_ns;
    seen.service_count = p->signal.service_count;
    seen.boot_ns = boot_expected_ns(p);
    seen.boot_count = p->boot_count;
    seen.slots_ready = census->slots_ready;
    seen.slots_fresh = fresh_slots(p);
    seen.slots_booting = census->slots_booting;
    seen.desired = p->desired;
    seen.slots_per_node = p->spec->offers.len > 0 ? p->spec->offers.at[0].slots : 1;
    int rc = list_booting(c, p, seen.boot_ns, err);
    if (rc < 0)
        return rc;
    seen.booting = c->booting.at;
    seen.booting_len = c->booting.len;
    tell(p, census, &seen, trail);
    *ret = seen;
    return 0;
}
