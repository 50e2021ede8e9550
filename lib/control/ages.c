#include "control/ages.h"

#include <string.h>

static void remove_first(struct ages *ages, size_t count)
{
    ages->len -= count;
    memmove(ages->bins, ages->bins + count, ages->len * sizeof(ages->bins[0]));
}

/* Jobs leave from the front: the queue is served oldest first. */
static void take_oldest(struct ages *ages, double jobs)
{
    size_t done = 0;
    while (done < ages->len && jobs >= ages->bins[done].jobs) {
        jobs -= ages->bins[done].jobs;
        ages->total -= ages->bins[done].jobs;
        done++;
    }
    remove_first(ages, done);
    if (ages->len > 0 && jobs > 0) {
        ages->bins[0].jobs -= jobs;
        ages->total -= jobs;
    }
}

/* Merges the pair of neighbours nearest in time, as of the older one's. */
static void merge_nearest(struct ages *ages)
{
    size_t nearest = 0;
    for (size_t i = 1; i + 1 < ages->len; i++) {
        int64_t here = ages->bins[i + 1].since_ns - ages->bins[i].since_ns;
        if (here < ages->bins[nearest + 1].since_ns - ages->bins[nearest].since_ns)
            nearest = i;
    }
    ages->bins[nearest].jobs += ages->bins[nearest + 1].jobs;
    memmove(ages->bins + nearest + 1, ages->bins + nearest + 2,
            (ages->len - nearest - 2) * sizeof(ages->bins[0]));
    ages->len--;
}

static void push_newest(struct ages *ages, int64_t since_ns, double jobs)
{
    if (ages->len == AGES_MAX)
        merge_nearest(ages);
    ages->bins[ages->len++] = (struct age_bin){ since_ns, jobs };
    ages->total += jobs;
}

/* Nothing is known of how a backlog that was found came about: spread it evenly over its age. */
static void spread(struct ages *ages, int64_t now_ns, double waiting, int64_t oldest_ns)
{
    enum { PARTS = 8 };
    int parts = oldest_ns > 0 ? PARTS : 1;
    for (int i = 0; i < parts; i++)
        push_newest(ages, now_ns - oldest_ns + oldest_ns / parts * i, waiting / parts);
}

void ages_update(struct ages *ages, int64_t now_ns, int64_t last_ns, double waiting, double joined,
                 int64_t oldest_ns)
{
    if (waiting < 1e-9) {
        ages->len = 0;
        ages->total = 0;
        return;
    }
    if (ages->len == 0) {
        /* Seen empty (or never) before: what waits now came since, unless the source knows better. */
        int64_t age_ns = oldest_ns >= 0 ? oldest_ns : last_ns > 0 ? now_ns - last_ns : 0;
        ages->total = 0;
        spread(ages, now_ns, waiting, age_ns);
        return;
    }
    double growth = waiting - ages->total;
    double came = joined > growth ? joined : growth;
    if (came > waiting)
        came = waiting;
    if (came > 0)
        push_newest(ages, last_ns, came);
    if (ages->total > waiting)
        take_oldest(ages, ages->total - waiting);
    /* The source's own word on the oldest job corrects the front, in both directions. */
    if (oldest_ns >= 0 && ages->len > 0) {
        int64_t oldest_since = now_ns - oldest_ns;
        ages->bins[0].since_ns = oldest_since;
        for (size_t i = 1; i < ages->len && ages->bins[i].since_ns < oldest_since; i++)
            ages->bins[i].since_ns = oldest_since;
    }
}
