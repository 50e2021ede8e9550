/*
 * /metrics, in Prometheus' text format. Labels are pools, states and inventories only, and no more
 * than POOLS_MAX pools are listed, so the number of series is bounded.
 */
#include <math.h>

#include "base/vec.h"
#include "status/parts.h"

#define POOLS_MAX 2000

struct sheet {
    struct buf *out;
    const struct status_facts *facts;
    VEC(struct pool_view) pools;
};

/* ---- writing ---- */

static void family(struct sheet *s, const char *name, const char *type, const char *help)
{
    buf_addf(s->out, "# HELP muster_%s %s\n# TYPE muster_%s %s\n", name, help, name, type);
}

static void put_label(struct buf *out, const char *key, const char *value)
{
    buf_addf(out, "%s=\"", key);
    for (const char *p = value; *p; p++) {
        if (*p == '\n')
            buf_add_c(out, "\\n");
        else if (*p == '"' || *p == '\\')
            buf_addf(out, "\\%c", *p);
        else
            buf_add_char(out, *p);
    }
    buf_add_char(out, '"');
}

static void put_value(struct buf *out, double value)
{
    buf_addf(out, " %.15g\n", value);
}

/* Unknown (NaN) is no sample at all. key2 may be NULL. */
static void sample(struct sheet *s, const char *name, const char *key, const char *label,
                   const char *key2, const char *label2, double value)
{
    if (isnan(value))
        return;
    buf_addf(s->out, "muster_%s", name);
    if (key) {
        buf_add_char(s->out, '{');
        put_label(s->out, key, label);
        if (key2) {
            buf_add_char(s->out, ',');
            put_label(s->out, key2, label2);
        }
        buf_add_char(s->out, '}');
    }
    put_value(s->out, value);
}

static void single(struct sheet *s, const char *name, const char *type, const char *help,
                   double value)
{
    family(s, name, type, help);
    sample(s, name, NULL, NULL, NULL, NULL, value);
}

static double seconds(int64_t ns)
{
    return (double)ns * 1e-9;
}

static double age(const struct sheet *s, int64_t at_ns)
{
    return at_ns == 0 ? (double)NAN : seconds(s->facts->now_ns - at_ns);
}

/* ---- the daemon ---- */

static void timing(struct sheet *s, const char *name, const char *help,
                   const struct status_timing *t)
{
    family(s, name, "summary", help);
    sample(s, name, "quantile", "0.5", NULL, NULL, seconds(t->p50_ns));
    sample(s, name, "quantile", "0.99", NULL, NULL, seconds(t->p99_ns));
    buf_addf(s->out, "muster_%s_sum", name);
    put_value(s->out, seconds(t->sum_ns));
    buf_addf(s->out, "muster_%s_count", name);
    put_value(s->out, (double)t->count);
}

static void put_notices(struct sheet *s, const struct notice_queue_view *queue)
{
    sample(s, "notices_total", "queue", queue->url, "result", "taken", (double)queue->taken);
    sample(s, "notices_total", "queue", queue->url, "result", "foreign", (double)queue->foreign);
    sample(s, "notices_total", "queue", queue->url, "result", "malformed",
           (double)queue->malformed);
}

static void put_daemon(struct sheet *s, const struct status *status)
{
    const struct status_facts *f = s->facts;
    char why[160];
    family(s, "build_info", "gauge", "Version and mode (live or dry-run) of this daemon.");
    sample(s, "build_info", "version", MUSTER_VERSION, "mode", f->mode, 1);
    single(s, "start_time_seconds", "gauge", "When the daemon started, Unix time.",
           seconds(f->started_wall_ns));
    single(s, "ready", "gauge", "1 while ticks succeed (what /readyz says).",
           status_is_ready(f, why, sizeof(why)));
    single(s, "last_tick_age_seconds", "gauge", "Since the last tick that succeeded.",
           age(s, f->ticked_ns));
    timing(s, "tick_duration_seconds", "How long ticks take.", &f->tick);
    timing(s, "tick_lateness_seconds", "How late ticks begin.", &f->lateness);
    single(s, "policy_errors", "gauge", "Policy files that cannot be used now.",
           (double)f->file_problems_len);
    single(s, "store_writable", "gauge", "1 if the last write to the journal worked.",
           f->store.writable);
    single(s, "store_failures_total", "counter", "Writes to the journal that failed.",
           (double)f->store.failures);
    single(s, "store_pending", "gauge", "Entries that wait to be written.",
           (double)f->store.pending);

    family(s, "notice_queue_failing", "gauge", "1 while a queue of notices cannot be read.");
    for (size_t i = 0; i < f->notices_len; i++)
        sample(s, "notice_queue_failing", "queue", f->notices[i].url, NULL, NULL,
               f->notices[i].failing_since_ns != 0);
    family(s, "notices_total", "counter", "Messages of queues of notices, by what became of them.");
    for (size_t i = 0; i < f->notices_len; i++)
        put_notices(s, &f->notices[i]);

    static const char *const classes[] = { NULL, NULL, "2xx", "3xx", "4xx", "5xx" };
    family(s, "http_requests_total", "counter", "Requests to this endpoint, by kind of answer.");
    for (int i = 2; i < STATUS_CLASSES; i++)
        sample(s, "http_requests_total", "code", classes[i], NULL, NULL,
               (double)status->answered[i]);
}

static void put_inventories(struct sheet *s, const struct control *control)
{
    struct inventory_view v;
    family(s, "inventory_failing", "gauge", "1 while an inventory cannot be listed.");
    for (size_t i = 0; control_inventory(control, i, &v); i++)
        sample(s, "inventory_failing", "inventory", v.name, NULL, NULL, v.failing_since_ns != 0);
    family(s, "inventory_listing_age_seconds", "gauge", "Since the last complete listing.");
    for (size_t i = 0; control_inventory(control, i, &v); i++)
        sample(s, "inventory_listing_age_seconds", "inventory", v.name, NULL, NULL,
               age(s, v.listed_ns));
}

/* ---- pools: one row per metric ---- */

typedef double pool_value(const struct sheet *s, const struct pool_view *p);

static double desired(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return (double)p->desired;
}

static double slots_min(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return p->spec ? (double)p->spec->slots_min : (double)NAN;
}

static double slots_max(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return p->spec ? (double)p->spec->slots_max : (double)NAN;
}

static double busy(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return (double)p->busy;
}

static double busy_unknown(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return (double)p->busy_unknown;
}

static bool sampled(const struct pool_view *p)
{
    return p->signal->sampled_ns != 0;
}

static double waiting(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return sampled(p) ? p->signal->last.waiting : (double)NAN;
}

static double running(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return sampled(p) && p->signal->last.has_running ? p->signal->last.running : (double)NAN;
}

static double oldest(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return sampled(p) && p->signal->last.has_oldest ? p->signal->last.oldest_s : (double)NAN;
}

static double signal_age_of(const struct sheet *s, const struct pool_view *p)
{
    return age(s, p->signal->sampled_ns);
}

static double samples(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return (double)p->signal->samples;
}

static double failures(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return (double)p->signal->failures;
}

static double arrivals(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return sampled(p) ? p->signal->arrival_per_s : (double)NAN;
}

static double service(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return p->signal->service_ns > 0 ? seconds(p->signal->service_ns) : (double)NAN;
}

static double boot(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return seconds(p->boot_ns);
}

static double decisions(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return p->last ? (double)p->last->number : 0;
}

static double held(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return p->last && p->last->held;
}

static double paused(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return p->paused;
}

static double retiring(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return p->retiring;
}

static double panic(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return p->panic;
}

static double problem(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return p->problem[0] != '\0';
}

static double intents(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return (double)p->intents_open;
}

static double price(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return (double)p->price_usd_micro * 1e-6;
}

static double cost(const struct sheet *s, const struct pool_view *p)
{
    (void)s;
    return (double)p->cost_usd_micro * 1e-6;
}

static const struct {
    const char *name, *type, *help;
    pool_value *value;
} pool_metrics[] = {
    { "pool_desired_slots", "gauge", "Slots the pool should have, after guards.", desired },
    { "pool_min_slots", "gauge", "slots.min of the policy file.", slots_min },
    { "pool_max_slots", "gauge", "slots.max of the policy file.", slots_max },
    { "pool_busy_slots", "gauge", "Slots known to be working.", busy },
    { "pool_busy_unknown_slots", "gauge", "Slots of ready nodes that do not tell.", busy_unknown },
    { "pool_waiting_jobs", "gauge", "Jobs waiting, by the last believable sample.", waiting },
    { "pool_running_jobs", "gauge", "Jobs in flight, by the last believable sample.", running },
    { "pool_oldest_job_age_seconds", "gauge", "Age of the oldest waiting job.", oldest },
    { "pool_signal_age_seconds", "gauge", "Since the last believable sample.", signal_age_of },
    { "pool_signal_samples_total", "counter", "Believable samples of the queue.", samples },
    { "pool_signal_failures_total", "counter", "Polls of the queue that failed.", failures },
    { "pool_arrivals_per_second", "gauge", "Jobs that arrive, measured.", arrivals },
    { "pool_service_seconds", "gauge", "Mean time of one job on one slot, measured.", service },
    { "pool_boot_seconds", "gauge", "Launch to first job: p90 measured, or the guess.", boot },
    { "pool_decisions_total", "counter", "Decisions taken.", decisions },
    { "pool_held", "gauge", "1 while the signal is unknown and capacity is held.", held },
    { "pool_paused", "gauge", "1 while an operator has paused the pool.", paused },
    { "pool_retiring", "gauge", "1 once the policy file is gone and nodes drain.", retiring },
    { "pool_panic", "gauge", "1 while too many nodes look unhealthy to act on it.", panic },
    { "pool_problem", "gauge", "1 while /status names a problem of the pool.", problem },
    { "pool_open_intents", "gauge", "Launches and terminations under way.", intents },
    { "pool_price_usd_per_hour", "gauge", "What all its machines cost now.", price },
    { "pool_cost_usd_total", "counter", "What its machines have cost since the start.", cost },
};

static void put_pool_metrics(struct sheet *s)
{
    for (size_t m = 0; m < sizeof(pool_metrics) / sizeof(pool_metrics[0]); m++) {
        family(s, pool_metrics[m].name, pool_metrics[m].type, pool_metrics[m].help);
        for (size_t i = 0; i < s->pools.len; i++)
            sample(s, pool_metrics[m].name, "pool", s->pools.at[i].name, NULL, NULL,
                   pool_metrics[m].value(s, &s->pools.at[i]));
    }
}

static void put_by_state(struct sheet *s)
{
    family(s, "pool_nodes", "gauge", "Machines, by state.");
    for (size_t i = 0; i < s->pools.len; i++) {
        for (int state = 0; state < NODE_GONE; state++)
            sample(s, "pool_nodes", "pool", s->pools.at[i].name, "state",
                   node_state_word((enum node_state)state), (double)s->pools.at[i].nodes[state]);
    }
    family(s, "pool_slots", "gauge", "Slots, by the state of their machine.");
    for (size_t i = 0; i < s->pools.len; i++) {
        const struct pool_view *p = &s->pools.at[i];
        sample(s, "pool_slots", "pool", p->name, "state", "ready", (double)p->slots_ready);
        sample(s, "pool_slots", "pool", p->name, "state", "booting", (double)p->slots_booting);
        sample(s, "pool_slots", "pool", p->name, "state", "draining", (double)p->slots_draining);
    }
    family(s, "pool_signal_state", "gauge", "1 for the state the pool's signal is in.");
    for (size_t i = 0; i < s->pools.len; i++) {
        for (int state = SIGNAL_NONE; state <= SIGNAL_ABSURD; state++)
            sample(s, "pool_signal_state", "pool", s->pools.at[i].name, "state",
                   signal_state_word((enum signal_state)state),
                   (int)s->pools.at[i].signal->state == state);
    }
}

static bool gather_pools(struct sheet *s, const struct control *control, size_t len)
{
    if (!vec_reserve(&s->pools, len))
        return false;
    for (size_t i = 0; i < len; i++)
        control_pool_view(control, i, &s->pools.at[i]);
    s->pools.len = len;
    return true;
}

int status_metrics_page(struct status *status, struct status_request *r)
{
    struct sheet s = { .out = &r->out, .facts = &r->facts };
    size_t all = control_pools(status->env.control);
    size_t shown = all < POOLS_MAX ? all : POOLS_MAX;
    if (shown > 0 && !gather_pools(&s, status->env.control, shown)) {
        error_nomem(&r->err);
        return 503;
    }
    put_daemon(&s, status);
    put_inventories(&s, status->env.control);
    single(&s, "pools", "gauge", "Pools there are.", (double)all);
    single(&s, "pools_not_shown", "gauge", "Pools past the number that is listed here.",
           (double)(all - shown));
    put_pool_metrics(&s);
    put_by_state(&s);
    vec_release(&s.pools);
    r->content_type = TYPE_METRICS;
    return 200;
}
