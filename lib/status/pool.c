/* One pool: what /status shows of it, and /status/POOL with its settings and open intents. */
#include <math.h>
#include <string.h>

#include "control/policy.h"
#include "runtime/books.h"
#include "status/parts.h"

void status_node_counts(struct json_out *j, const char *key, const int64_t counts[NODE_STATES])
{
    int64_t total = 0;
    json_open(j, key, '{');
    for (int i = 0; i < NODE_GONE; i++) {
        json_int(j, node_state_word((enum node_state)i), counts[i]);
        total += counts[i];
    }
    json_int(j, "total", total);
    json_close(j, '}');
}

/* The last believable numbers; beside them how old they are and whether they still count. */
static void put_signal(struct json_out *j, const struct signal *signal,
                       const struct status_facts *facts)
{
    bool any = signal->state != SIGNAL_NONE && signal->sampled_ns != 0;
    const struct sample *last = &signal->last;
    json_open(j, "signal", '{');
    json_str(j, "state", signal_state_word(signal->state));
    json_num(j, "waiting", any ? last->waiting : (double)NAN);
    json_num(j, "running", any && last->has_running ? last->running : (double)NAN);
    json_num(j, "oldest_s", any && last->has_oldest ? last->oldest_s : (double)NAN);
    json_num(j, "lag_s", any && last->has_lag ? last->lag_s : (double)NAN);
    json_str(j, "basis", signal_basis_word(signal_reckon(signal, facts->now_ns, 0, 0).basis));
    status_age(j, "age_s", facts, any ? signal->sampled_ns : 0);
    status_age(j, "failing_s", facts, signal->failing_since_ns);
    json_str(j, "problem", signal->problem);
    json_close(j, '}');
}

static void put_slots(struct json_out *j, const struct pool_view *pool)
{
    json_open(j, "slots", '{');
    if (pool->spec) {
        json_int(j, "min", pool->spec->slots_min);
        json_int(j, "max", pool->spec->slots_max);
    }
    json_int(j, "ready", pool->slots_ready);
    json_int(j, "booting", pool->slots_booting);
    json_int(j, "draining", pool->slots_draining);
    json_int(j, "busy", pool->busy);
    json_int(j, "busy_unknown", pool->busy_unknown);
    json_close(j, '}');
}

static void put_sentence(struct buf *out, const struct trail_step *step)
{
    if (!step)
        return;
    if (out->len > 0)
        buf_add_c(out, "; ");
    buf_addf(out, "%s: ", step->who);
    trail_step_text(step, out);
}

/* The trail in one line: the policy that won, and the last guard that changed what it wanted. */
static void put_summary(struct json_out *j, const struct trail *trail)
{
    const struct trail_step *won = NULL;
    const struct trail_step *guarded = NULL;
    for (size_t i = 0; i < trail->len; i++) {
        const struct trail_step *step = &trail->steps[i];
        if (step->stage == STAGE_DECIDE && (!won || step->after > won->after))
            won = step;
        if (step->stage == STAGE_GUARD)
            guarded = step;
    }
    struct buf text = { 0 };
    put_sentence(&text, won);
    put_sentence(&text, guarded);
    json_str(j, "summary", buf_text(&text));
    if (buf_failed(&text))
        j->to->failed = buf_failed(&text);
    buf_release(&text);
}

static void put_decision(struct json_out *j, const char *key, const struct decision *decision,
                         const struct status_facts *facts)
{
    if (!decision) {
        json_null(j, key);
        return;
    }
    json_open(j, key, '{');
    json_int(j, "number", (int64_t)decision->number);
    status_time(j, "at", decision->at_wall_ns);
    status_age(j, "age_s", facts, decision->at_ns);
    json_int(j, "before", decision->desired_before);
    json_int(j, "desired", decision->desired);
    json_bool(j, "held", decision->held);
    put_summary(j, &decision->trail);
    json_close(j, '}');
}

static void put_real(struct json_out *j, const struct status_facts *facts, const char *pool)
{
    struct books_view real = books_look(facts->books, pool, facts->now_ns);
    json_open(j, "real", '{');
    json_int(j, "nodes", real.nodes);
    json_int(j, "unpriced", real.unpriced);
    status_usd(j, "price_usd_per_hour", real.price_usd_micro);
    status_usd(j, "cost_usd", real.cost_usd_micro);
    status_usd(j, "month_usd", books_month(real.cost_usd_micro, facts->started_ns, facts->now_ns));
    json_close(j, '}');
}

void status_books(struct json_out *j, const struct status_facts *facts, const char *pool,
                  int64_t cost_usd_micro)
{
    if (!facts->books)
        return;
    json_open(j, "dry_run", '{');
    status_usd(j, "cost_usd", cost_usd_micro);
    status_usd(j, "month_usd", books_month(cost_usd_micro, facts->started_ns, facts->now_ns));
    put_real(j, facts, pool);
    json_close(j, '}');
}

void status_pool_members(struct json_out *j, const struct pool_view *pool,
                         const struct status_facts *facts)
{
    json_str(j, "name", pool->name);
    json_str(j, "problem", pool->problem);
    json_bool(j, "paused", pool->paused);
    json_bool(j, "retiring", pool->retiring);
    json_bool(j, "panic", pool->panic);
    json_int(j, "desired", pool->desired);
    put_signal(j, pool->signal, facts);
    put_slots(j, pool);
    status_node_counts(j, "nodes", pool->nodes);
    json_int(j, "intents_open", pool->intents_open);
    status_usd(j, "price_usd_per_hour", pool->price_usd_micro);
    status_usd(j, "cost_usd", pool->cost_usd_micro);
    status_books(j, facts, pool->name, pool->cost_usd_micro);
    json_open(j, "boot", '{');
    status_seconds(j, "p90_s", pool->boot_ns);
    json_int(j, "measured", pool->boot_count);
    json_close(j, '}');
    put_decision(j, "last", pool->last, facts);
    put_decision(j, "changed", pool->changed, facts);
}

/* ---- /status/POOL ---- */

static void put_rates(struct json_out *j, const struct signal *signal)
{
    json_open(j, "rates", '{');
    json_num(j, "arrival_per_s", signal->arrival_per_s);
    status_seconds(j, "service_s", signal->service_ns > 0 ? signal->service_ns : -1);
    json_int(j, "services_measured", signal->service_count);
    json_int(j, "samples", (int64_t)signal->samples);
    json_int(j, "failures", (int64_t)signal->failures);
    json_close(j, '}');
}

static void put_offers(struct json_out *j, const struct pool_spec *spec)
{
    json_open(j, "offers", '[');
    for (size_t i = 0; i < spec->offers.len; i++) {
        const struct offer *offer = &spec->offers.at[i];
        json_open(j, NULL, '{');
        json_str(j, "name", offer->name);
        json_str(j, "inventory", offer->inventory);
        json_str(j, "type", offer->type);
        json_str(j, "zone", offer->zone);
        json_str(j, "market", market_words[offer->market]);
        json_int(j, "slots", offer->slots);
        status_usd(j, "price_usd_per_hour", offer->price_usd_micro);
        json_close(j, '}');
    }
    json_close(j, ']');
}

static void put_settings(struct json_out *j, const struct pool_spec *spec)
{
    json_open(j, "settings", '{');
    json_str(j, "file", spec->file);
    json_str(j, "queue", spec->queue.set ? spec->queue.set->name : NULL);
    status_seconds(j, "every_s", spec->poll_every_ns);
    status_seconds(j, "stale_after_s", spec->stale_after_ns);
    json_int(j, "nodes_max", spec->nodes_max);
    json_open(j, "policies", '[');
    for (size_t i = 0; i < spec->scale.len; i++)
        json_str(j, NULL, spec->scale.at[i].policy->options.name);
    json_close(j, ']');
    put_offers(j, spec);
    json_close(j, '}');
}

static void put_intents(struct json_out *j, const struct control *control, const char *pool,
                        const struct status_facts *facts)
{
    const struct intent *intent;
    json_open(j, "intents", '[');
    for (size_t i = 0; (intent = control_intent(control, i)); i++) {
        if (strcmp(intent->pool, pool) != 0)
            continue;
        json_open(j, NULL, '{');
        json_int(j, "number", (int64_t)intent->number);
        json_str(j, "kind", intent_kind_word(intent->kind));
        json_str(j, "state", intent_state_word(intent->state));
        json_str(j, "about", intent->kind == INTENT_LAUNCH ? intent->offer : intent->node);
        json_int(j, "count", intent->count);
        json_int(j, "tries", intent->tries);
        status_age(j, "age_s", facts, intent->planned_ns);
        json_close(j, '}');
    }
    json_close(j, ']');
}

int status_pool_page(struct status *status, struct status_request *r)
{
    struct pool_view pool;
    if (!control_pool_find(status->env.control, r->name, &pool)) {
        error_set(&r->err, MUSTER_E_NOTFOUND, "there is no pool '%s'", r->name);
        return 404;
    }
    struct json_out j = json_begin(&r->out);
    json_open(&j, NULL, '{');
    status_time(&j, "at", r->facts.wall_ns);
    status_pool_members(&j, &pool, &r->facts);
    put_rates(&j, pool.signal);
    if (pool.spec)
        put_settings(&j, pool.spec);
    else
        json_null(&j, "settings");
    put_intents(&j, status->env.control, pool.name, &r->facts);
    json_close(&j, '}');
    buf_add_char(&r->out, '\n');
    return 200;
}
