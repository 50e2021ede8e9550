/* /status, /healthz, /readyz. */
#include <stdio.h>

#include "status/parts.h"

#define READY_NS (10 * NS_PER_S)
#define ALIVE_NS (15 * 60 * NS_PER_S)

bool status_is_ready(const struct status_facts *facts, char *why, size_t size)
{
    int64_t within_ns = 3 * facts->tick_every_ns > READY_NS ? 3 * facts->tick_every_ns : READY_NS;
    char ago[UNITS_TEXT_MAX];
    if (facts->ticked_ns == 0) {
        snprintf(why, size, "no tick has succeeded yet");
        return false;
    }
    if (facts->now_ns - facts->ticked_ns > within_ns) {
        snprintf(why, size, "the last tick that succeeded was %s ago",
                 units_format_duration(facts->now_ns - facts->ticked_ns, ago));
        return false;
    }
    why[0] = '\0';
    return true;
}

int status_readyz(struct status *status, struct status_request *r)
{
    (void)status;
    char why[160];
    bool ready = status_is_ready(&r->facts, why, sizeof(why));
    buf_addf(&r->out, "%s%s\n", ready ? "ready" : "not ready: ", why);
    r->content_type = TYPE_TEXT;
    return ready ? 200 : 503;
}

/* A daemon that answers but has decided nothing for a long time is better started again. */
int status_healthz(struct status *status, struct status_request *r)
{
    (void)status;
    const struct status_facts *facts = &r->facts;
    int64_t since_ns = facts->ticked_ns ? facts->ticked_ns : facts->started_ns;
    bool alive = facts->now_ns - since_ns <= ALIVE_NS;
    char ago[UNITS_TEXT_MAX];
    if (alive)
        buf_add_c(&r->out, "alive\n");
    else
        buf_addf(&r->out, "no tick has succeeded for %s\n",
                 units_format_duration(facts->now_ns - since_ns, ago));
    r->content_type = TYPE_TEXT;
    return alive ? 200 : 503;
}

static void put_timing(struct json_out *j, const char *key, const struct status_timing *timing)
{
    json_open(j, key, '{');
    status_seconds(j, "p50_s", timing->p50_ns);
    status_seconds(j, "p99_s", timing->p99_ns);
    status_seconds(j, "max_s", timing->max_ns);
    json_close(j, '}');
}

static void put_ticks(struct json_out *j, const struct status_facts *facts)
{
    json_open(j, "tick", '{');
    json_int(j, "count", (int64_t)facts->tick.count);
    status_seconds(j, "every_s", facts->tick_every_ns);
    status_age(j, "age_s", facts, facts->ticked_ns);
    put_timing(j, "duration", &facts->tick);
    put_timing(j, "lateness", &facts->lateness);
    json_close(j, '}');
}

static void put_store(struct json_out *j, const struct store_health *store)
{
    json_open(j, "store", '{');
    json_bool(j, "writable", store->writable);
    json_int(j, "failures", (int64_t)store->failures);
    json_int(j, "pending", (int64_t)store->pending);
    json_str(j, "problem", store->problem);
    json_close(j, '}');
}

static void put_file_problems(struct json_out *j, const struct status_facts *facts)
{
    json_open(j, "policy_errors", '[');
    for (size_t i = 0; i < facts->file_problems_len; i++) {
        const struct status_file_problem *problem = &facts->file_problems[i];
        json_open(j, NULL, '{');
        json_str(j, "file", problem->file);
        json_str(j, "error", problem->text);
        status_time(j, "since", problem->since_wall_ns);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void put_inventories(struct json_out *j, const struct control *control,
                            const struct status_facts *facts)
{
    struct inventory_view inventory;
    json_open(j, "inventories", '[');
    for (size_t i = 0; control_inventory(control, i, &inventory); i++) {
        json_open(j, NULL, '{');
        json_str(j, "name", inventory.name);
        status_age(j, "listed_age_s", facts, inventory.listed_ns);
        status_age(j, "failing_s", facts, inventory.failing_since_ns);
        json_str(j, "problem", inventory.problem);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void put_notices(struct json_out *j, const struct status_facts *facts)
{
    json_open(j, "notices", '[');
    for (size_t i = 0; i < facts->notices_len; i++) {
        const struct notice_queue_view *queue = &facts->notices[i];
        json_open(j, NULL, '{');
        json_str(j, "queue", queue->url);
        json_int(j, "taken", (int64_t)queue->taken);
        json_int(j, "foreign", (int64_t)queue->foreign);
        json_int(j, "malformed", (int64_t)queue->malformed);
        status_age(j, "received_age_s", facts, queue->received_ns);
        status_age(j, "failing_s", facts, queue->failing_since_ns);
        json_str(j, "problem", queue->problem);
        json_close(j, '}');
    }
    json_close(j, ']');
}

struct totals {
    int64_t desired, paused, problems, ready, booting, draining, price_usd_micro, cost_usd_micro;
    int64_t nodes[NODE_STATES];
};

static void add_pool(struct totals *sum, const struct pool_view *pool)
{
    sum->desired += pool->desired;
    sum->paused += pool->paused;
    sum->problems += pool->problem[0] != '\0';
    sum->ready += pool->slots_ready;
    sum->booting += pool->slots_booting;
    sum->draining += pool->slots_draining;
    sum->price_usd_micro += pool->price_usd_micro;
    sum->cost_usd_micro += pool->cost_usd_micro;
    for (int i = 0; i < NODE_STATES; i++)
        sum->nodes[i] += pool->nodes[i];
}

static void put_totals(struct json_out *j, const struct status_facts *facts, size_t pools,
                       const struct totals *sum)
{
    json_open(j, "totals", '{');
    json_int(j, "pools", (int64_t)pools);
    json_int(j, "pools_paused", sum->paused);
    json_int(j, "pools_with_problems", sum->problems);
    json_int(j, "desired", sum->desired);
    json_open(j, "slots", '{');
    json_int(j, "ready", sum->ready);
    json_int(j, "booting", sum->booting);
    json_int(j, "draining", sum->draining);
    json_close(j, '}');
    status_node_counts(j, "nodes", sum->nodes);
    status_usd(j, "price_usd_per_hour", sum->price_usd_micro);
    status_usd(j, "cost_usd", sum->cost_usd_micro);
    status_books(j, facts, NULL, sum->cost_usd_micro);
    json_close(j, '}');
}

static void put_pools(struct json_out *j, const struct control *control,
                      const struct status_facts *facts)
{
    struct totals sum = { 0 };
    size_t len = control_pools(control);
    json_open(j, "pools", '[');
    for (size_t i = 0; i < len; i++) {
        struct pool_view pool;
        control_pool_view(control, i, &pool);
        add_pool(&sum, &pool);
        json_open(j, NULL, '{');
        status_pool_members(j, &pool, facts);
        json_close(j, '}');
    }
    json_close(j, ']');
    put_totals(j, facts, len, &sum);
}

int status_overview(struct status *status, struct status_request *r)
{
    const struct status_facts *facts = &r->facts;
    char why[160];
    struct json_out j = json_begin(&r->out);
    json_open(&j, NULL, '{');
    json_str(&j, "version", MUSTER_VERSION);
    json_str(&j, "controller", facts->controller);
    json_str(&j, "mode", facts->mode);
    status_time(&j, "at", facts->wall_ns);
    status_time(&j, "started", facts->started_wall_ns);
    status_seconds(&j, "uptime_s", facts->now_ns - facts->started_ns);
    json_bool(&j, "ready", status_is_ready(facts, why, sizeof(why)));
    json_str(&j, "problem", why);
    put_ticks(&j, facts);
    put_store(&j, &facts->store);
    put_file_problems(&j, facts);
    put_inventories(&j, status->env.control, facts);
    put_notices(&j, facts);
    put_pools(&j, status->env.control, facts);
    json_close(&j, '}');
    buf_add_char(&r->out, '\n');
    return 200;
}
