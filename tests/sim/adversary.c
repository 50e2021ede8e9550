#include "tests/sim/adversary.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/units.h"
#include "tests/sim/chance.h"
#include "tests/sim/check.h"
#include "tests/sim/mischief.h"
#include "tests/sim/scenario.h"
#include "tests/sim/trace.h"

#define MINUTE      (60 * NS_PER_S)
#define SETTLE_MOST (240 * MINUTE) /* longest backoff, drains and jobs included */
#define CALM        (20 * MINUTE)

const char *const adversary_breakages[] = {
    "max-doubled",
    "new-token",
    "no-journal",
    "idle-is-drained",
    "unknown-is-zero",
    "kill-another",
    "pause-forgotten",
    "foreign-listed",
    "journal-forgotten",
    "served-forgotten",
    "failed-listing-is-empty",
    "terminations-lost",
    NULL,
};

struct totals {
    int64_t seeds, steps, launches, terminations, crashes, machines;
    double hours;
};

bool adversary_range(const char *text, int64_t *ret_first, int64_t *ret_last)
{
    const char *dots = strstr(text, "..");
    struct str first = { text, dots ? (size_t)(dots - text) : strlen(text) };
    if (units_parse_int(first, ret_first, NULL) < 0)
        return false;
    *ret_last = *ret_first;
    return !dots || units_parse_int(str_from(dots + 2), ret_last, NULL) == 0;
}

/* ---- one seed -------------------------------------------------------------------------------------- */

/* Somebody else's machines, which no listing of ours shows. */
static void add_strangers(struct world *w)
{
    for (int i = 0; i < 3; i++) {
        struct intent intent = { .slots = 1, .count = 1 };
        snprintf(intent.pool, sizeof(intent.pool), "p0");
        snprintf(intent.inventory, sizeof(intent.inventory), "east");
        snprintf(intent.token, sizeof(intent.token), "stranger%d", i);
        cloud_machine(w, &intent)->foreign = true;
    }
}

static void set_up(struct world *w)
{
    chance_world(w);
    w->hostile = true;
    int64_t pools = chance_between(&w->rng, 1, 3);
    for (int64_t i = 0; i < pools; i++) {
        char name[24];
        struct error err = { 0 };
        struct buf text = { 0 };
        snprintf(name, sizeof(name), "p%lld", (long long)i);
        chance_policy(&w->rng, &text);
        tenant_policy(w, name, buf_text(&text), &err);
        tenant_get(w, name)->tells_oldest = rng_chance(&w->rng, 0.5);
        buf_release(&text);
    }
    add_strangers(w);
}

/* A pool that is not known yet cannot be resumed: a person tries again. */
static void resume_all(struct world *w)
{
    struct error err;
    for (size_t i = 0; i < w->tenants.len; i++) {
        if (w->tenants.at[i]->paused)
            tenant_pause(w, w->tenants.at[i]->name, false, &err);
    }
}

/* After the last fault: what is left to do is done, and then nothing moves any more. */
static void settle(struct world *w)
{
    int64_t give_up_ns = w->now_ns + SETTLE_MOST;
    int64_t calm_since_ns = w->now_ns;
    int64_t calls = 0;
    const char *why = "";
    while (!w->failed && w->now_ns - calm_since_ns < CALM) {
        if (w->now_ns > give_up_ns) {
            world_fail(w, "settled: %s", why ? why : "machines are bought and given back for ever");
            return;
        }
        resume_all(w);
        world_run(w, w->now_ns + MINUTE);
        why = check_unsettled(w);
        if (why || calls != w->launches + w->terminations)
            calm_since_ns = w->now_ns;
        calls = w->launches + w->terminations;
    }
}

static void run_seed(struct world *w)
{
    set_up(w);
    world_start(w);
    mischief_begin(w);
    world_run(w, w->now_ns + chance_between(&w->rng, 20, 60) * MINUTE);
    if (w->failed)
        return;
    mischief_end(w);
    settle(w);
}

/* ---- many ------------------------------------------------------------------------------------------- */

static void add_up(struct totals *t, const struct world *w)
{
    t->seeds++;
    t->steps += w->steps;
    t->launches += w->launches;
    t->terminations += w->terminations;
    t->crashes += w->crashes;
    t->machines += (int64_t)w->machines.len;
    t->hours += world_seconds(w) / 3600;
}

/* Runs one seed; true when nothing failed. The failure's text goes to failure[]. */
static bool try_seed(int64_t seed, const char *breakage, FILE *echo, bool tell, struct totals *t,
                     uint64_t *ret_hash, char *failure, size_t size)
{
    struct world w;
    world_init(&w, (uint64_t)seed);
    trace_init(w.trace, echo);
    w.breakage = breakage;
    run_seed(&w);
    *ret_hash = w.trace->hash;
    if (t)
        add_up(t, &w);
    if (w.failed && tell) {
        fprintf(stderr, "seed %lld failed at %.3fs, step %lld: %s\n", (long long)seed,
                world_seconds(&w), (long long)w.steps, w.failure);
        trace_print_last(w.trace, stderr);
        fprintf(stderr, "  again, in full: sim-runner --seed %lld --trace\n", (long long)seed);
    }
    snprintf(failure, size, "%s", w.failure);
    bool ok = !w.failed;
    world_release(&w);
    return ok;
}

/* The same seed must give the same run, to the last line of its trace. */
static bool same_again(int64_t seed, uint64_t hash)
{
    uint64_t again;
    char failure[512];
    try_seed(seed, NULL, NULL, false, NULL, &again, failure, sizeof(failure));
    if (again == hash)
        return true;
    fprintf(stderr, "seed %lld: two runs differ\n", (long long)seed);
    return false;
}

/* The first seed in which the breakage is found, as a failure that begins with `as`. */
static bool find_breakage(int64_t first, int64_t last, const char *breakage, const char *as)
{
    char failure[512];
    uint64_t hash;
    for (int64_t seed = first; seed <= last; seed++) {
        if (try_seed(seed, breakage, NULL, false, NULL, &hash, failure, sizeof(failure)))
            continue;
        printf("%s: seed %lld: %s\n", breakage, (long long)seed, failure);
        if (!as || strncmp(failure, as, strlen(as)) == 0)
            return true;
    }
    fprintf(stderr, "%s was not found in seeds %lld..%lld\n", breakage, (long long)first,
            (long long)last);
    return false;
}

static bool run_seeds(int64_t first, int64_t last, bool trace)
{
    struct totals t = { 0 };
    int64_t failures = 0;
    for (int64_t seed = first; seed <= last && failures < 5; seed++) {
        char failure[512];
        uint64_t hash;
        bool ok =
            try_seed(seed, NULL, trace ? stdout : NULL, true, &t, &hash, failure, sizeof(failure));
        if (ok && seed == first && !trace)
            ok = same_again(seed, hash);
        failures += !ok;
    }
    printf("%lld seeds, %.0f hours, %lld steps: %lld launches, %lld machines, %lld terminations, "
           "%lld crashes; %lld failed\n",
           (long long)t.seeds, t.hours, (long long)t.steps, (long long)t.launches,
           (long long)t.machines, (long long)t.terminations, (long long)t.crashes,
           (long long)failures);
    return failures == 0;
}

int adversary_run(int64_t first, int64_t last, const char *breakage, bool trace)
{
    if (!breakage)
        return run_seeds(first, last, trace) ? 0 : 1;
    if (!trace)
        return find_breakage(first, last, breakage, NULL) ? 0 : 1;
    char failure[512];
    uint64_t hash;
    try_seed(first, breakage, stdout, true, NULL, &hash, failure, sizeof(failure));
    return 0;
}

/* adversary seeds 1..40 | adversary finds BREAKAGE as CHECK within 1..60 */
bool scenario_adversary(struct scenario *s)
{
    int64_t first, last;
    const char *more = getenv("SEEDS"); /* "1..1000" instead of what the scenario says */
    if (words_take(&s->words, "seeds")) {
        const char *range = words_next(&s->words);
        if (more)
            range = more;
        if (!range || !adversary_range(range, &first, &last))
            return scenario_fail(s, "adversary seeds 1..40");
        return run_seeds(first, last, false) || scenario_fail(s, "a seed failed");
    }
    if (!words_take(&s->words, "finds"))
        return scenario_fail(s, "adversary seeds 1..40 | finds BREAKAGE as CHECK within 1..60");
    const char *breakage = words_next(&s->words);
    const char *as = words_take(&s->words, "as") ? words_next(&s->words) : NULL;
    if (!breakage || !words_take(&s->words, "within") || s->words.len == 0 ||
        !adversary_range(words_next(&s->words), &first, &last))
        return scenario_fail(s, "adversary finds BREAKAGE as CHECK within 1..60");
    return find_breakage(first, last, breakage, as) ||
           scenario_fail(s, "the checker did not see it");
}
