#include "config/policy_file.h"

#include <stdio.h>
#include <string.h>

#include "config/lint_schedule.h"
#include "config/yaml.h"

struct lint {
    const struct pool_spec *spec;
    struct problems *problems;
    const struct yaml_node *root; /* of the file, for places; NULL: not known */
};

/* ---- places ---- */

/* The value at "pace.in.after", or the deepest key on the way that is there, or NULL. */
static const struct yaml_node *place_of(const struct lint *lint, const char *path)
{
    const struct yaml_node *node = lint->root;
    const struct yaml_node *found = NULL;
    while (node && *path) {
        char key[64];
        size_t len = strcspn(path, ".");
        str_copy(key, sizeof(key), (struct str){ path, len });
        path += path[len] == '.' ? len + 1 : len;
        found = yaml_get_key(node, key) ? yaml_get_key(node, key) : found;
        node = yaml_get(node, key);
    }
    return node && node->kind == YAML_SCALAR && node->line > 0 ? node : found;
}

static void warn_at(const struct lint *lint, const struct yaml_node *at, const char *path,
                    const char *text)
{
    problems_add(lint->problems, SEVERITY_WARNING, at ? at->line : 0, at ? at->column : 0,
                 at ? at->width : 1, "%s: %s", path, text);
}

static void warn(const struct lint *lint, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void warn(const struct lint *lint, const char *path, const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    warn_at(lint, place_of(lint, path), path, n < 0 ? "" : text);
}

/* ---- the queue ---- */

static void lint_queue(const struct lint *lint)
{
    const struct pool_spec *spec = lint->spec;
    char every[UNITS_TEXT_MAX];
    if (spec->stale_after_ns < spec->poll_every_ns)
        warn(lint, "queue.stale_after",
             "shorter than the poll interval, %s: every sample is unknown again before the next "
             "one comes, and capacity will only hold",
             units_format_duration(spec->poll_every_ns, every));
}

/* ---- bounds ---- */

static const struct offer *smallest_offer(const struct pool_spec *spec)
{
    const struct offer *least = NULL;
    for (size_t i = 0; i < spec->offers.len; i++) {
        if (!least || spec->offers.at[i].slots < least->slots)
            least = &spec->offers.at[i];
    }
    return least;
}

static int64_t largest_node(const struct pool_spec *spec)
{
    int64_t most = 0;
    for (size_t i = 0; i < spec->offers.len; i++)
        most = spec->offers.at[i].slots > most ? spec->offers.at[i].slots : most;
    return most;
}

/* Slots when every offer is bought to its own limit; INT64_MAX: one has none. */
static int64_t slots_on_offer(const struct pool_spec *spec)
{
    int64_t total = 0;
    for (size_t i = 0; i < spec->offers.len; i++) {
        const struct offer *o = &spec->offers.at[i];
        if (o->nodes_max == 0)
            return INT64_MAX;
        total += o->nodes_max * o->slots;
    }
    return total;
}

static void lint_reach(const struct lint *lint)
{
    const struct pool_spec *spec = lint->spec;
    int64_t node = largest_node(spec);
    int64_t on_offer = slots_on_offer(spec);
    if (spec->nodes_max * node < spec->slots_max)
        warn(lint, "slots.max",
             "never reached: nodes.max, %lld, of at most %lld slots each make %lld slots",
             (long long)spec->nodes_max, (long long)node, (long long)(spec->nodes_max * node));
    else if (on_offer < spec->slots_max)
        warn(lint, "slots.max", "never reached: all offers at their limits make %lld slots",
             (long long)on_offer);
}

static void lint_band(const struct lint *lint)
{
    const struct pool_spec *spec = lint->spec;
    const struct offer *least = smallest_offer(spec);
    if (!least || spec->slots_max == 0)
        return;
    if (least->slots > spec->slots_max) {
        warn(lint, "slots.max",
             "less than the %lld slots of the smallest node, %s: nothing can be bought",
             (long long)least->slots, least->name);
        return;
    }
    int64_t fits = spec->slots_max / least->slots * least->slots;
    if (largest_node(spec) == least->slots && fits < spec->slots_min)
        warn(lint, "slots.min",
             "no number of nodes of %lld slots comes to %lld at least and %lld at most",
             (long long)least->slots, (long long)spec->slots_min, (long long)spec->slots_max);
    else
        lint_reach(lint);
}

/* ---- pace ---- */

static void lint_rate(const struct lint *lint, const struct rate *rate, const char *path)
{
    const struct offer *least = smallest_offer(lint->spec);
    if (least && rate->unit == RATE_SLOTS && rate->amount < (double)least->slots)
        warn(lint, path, "less than one node: the smallest, %s, has %lld slots", least->name,
             (long long)least->slots);
    if (rate->unit == RATE_NODES && rate->amount < 1)
        warn(lint, path, "less than one node");
}

static void lint_pace(const struct lint *lint)
{
    const struct pool_spec *spec = lint->spec;
    char boot[UNITS_TEXT_MAX];
    units_format_duration(spec->boot_guess_ns, boot);
    lint_rate(lint, &spec->out.rate, "pace.out.at_most");
    lint_rate(lint, &spec->in.rate, "pace.in.at_most");
    bool windows = false; /* of a policy's own */
    for (size_t i = 0; i < spec->scale.len; i++)
        windows |= spec->scale.at[i].policy->memory_size > 0;
    if (spec->in.after_ns < spec->boot_guess_ns && !windows)
        warn(lint, "pace.in.after",
             "shorter than a boot (health.boot, %s): nodes are given back sooner than new ones "
             "could replace them",
             boot);
    if (spec->ready_within_ns < spec->boot_guess_ns)
        warn(lint, "health.ready_within",
             "shorter than a boot (health.boot, %s): nodes would be replaced before they are ready",
             boot);
}

/* ---- release ---- */

static void lint_release(const struct lint *lint)
{
    const struct pool_spec *spec = lint->spec;
    if (spec->drain_force && spec->drain_timeout_ns == UNITS_NEVER)
        warn(lint, "release.force", "without effect: release.drain_timeout is never");
    if (spec->drain_force && spec->drain_timeout_ns == 0)
        warn(lint, "release.drain_timeout",
             "with force, busy nodes are ended at once, with their "
             "jobs");
}

/* ---- money ---- */

static const struct yaml_node *offer_place(const struct lint *lint, size_t entry)
{
    const struct yaml_node *offers = yaml_get(yaml_get(lint->root, "buy"), "offers");
    if (!offers || offers->kind != YAML_LIST || entry >= offers->items.len)
        return place_of(lint, "buy.offers");
    const struct yaml_node *item = offers->items.at[entry];
    return item->kind == YAML_MAP && item->keys.len > 0 ? item->keys.at[0] : item;
}

/* The first unpriced offer alone: the others say nothing new. */
static bool lint_prices(const struct lint *lint)
{
    const struct pool_spec *spec = lint->spec;
    for (size_t i = 0; i < spec->offers.len; i++) {
        const struct offer *o = &spec->offers.at[i];
        char text[ERROR_TEXT_MAX];
        if (o->price_usd_micro != PRICE_UNKNOWN)
            continue;
        snprintf(text, sizeof(text),
                 "the price of %s is not known, so budget.per_hour cannot count it", o->name);
        warn_at(lint, offer_place(lint, o->entry), "buy.offers", text);
        return false;
    }
    return true;
}

static void lint_budget(const struct lint *lint)
{
    const struct pool_spec *spec = lint->spec;
    char budget[UNITS_TEXT_MAX];
    char needed[UNITS_TEXT_MAX];
    if (spec->budget_per_hour_usd_micro < 0 || !lint_prices(lint))
        return;
    double cheapest = 0; /* micro-dollars per slot and hour */
    for (size_t i = 0; i < spec->offers.len; i++) {
        const struct offer *o = &spec->offers.at[i];
        double each = (double)o->price_usd_micro / (double)o->slots;
        cheapest = i == 0 || each < cheapest ? each : cheapest;
    }
    double total = cheapest * (double)spec->slots_max;
    if (total <= (double)spec->budget_per_hour_usd_micro)
        return;
    warn(lint, "slots.max", "the budget, %s, never pays for it: %lld of the cheapest slots cost %s",
         units_format_price(spec->budget_per_hour_usd_micro, budget), (long long)spec->slots_max,
         units_format_price((int64_t)total, needed));
}

/* ---- policies, by their tables: what they mean is not known on this floor ---- */

static const void *setting(const struct scale_entry *entry, const char *policy, const char *key,
                           enum option_type type)
{
    const struct option_set *set = &entry->policy->options;
    const struct option *row = option_find(set, str_from(key));
    if (strcmp(set->name, policy) != 0 || !row || row->type != type)
        return NULL;
    return (const char *)entry->options + row->offset;
}

static void warn_scale(const struct lint *lint, const struct scale_entry *entry, const char *text)
{
    problems_add(lint->problems, SEVERITY_WARNING, entry->line, entry->line > 0 ? 1 : 0, 1,
                 "scale.%s: %s", entry->policy->options.name, text);
}

static void lint_promise(const struct lint *lint, const struct scale_entry *entry)
{
    const int64_t *within_ns = setting(entry, "drain", "within", OPTION_TYPE_DURATION);
    char text[ERROR_TEXT_MAX];
    char boot[UNITS_TEXT_MAX];
    if (!within_ns || *within_ns > lint->spec->boot_guess_ns)
        return;
    snprintf(text, sizeof(text),
             "the promise is not longer than a boot (health.boot, %s): a node bought for it comes "
             "too late",
             units_format_duration(lint->spec->boot_guess_ns, boot));
    warn_scale(lint, entry, text);
}

static void lint_crons(const struct lint *lint, const struct scale_entry *entry)
{
    const struct option_set *set = &entry->policy->options;
    for (const struct option *row = set->rows; row && row->key; row++) {
        char text[ERROR_TEXT_MAX];
        if (row->type != OPTION_TYPE_CRON || option_absent(row, entry->options))
            continue;
        const struct cron *cron = (const void *)((const char *)entry->options + row->offset);
        if (cron_next(cron, NULL, LINT_WEEK_NS) != INT64_MAX)
            continue;
        snprintf(text, sizeof(text), "%s: '%s' does not occur within five years", row->key,
                 cron->text);
        warn_scale(lint, entry, text);
    }
}

static void lint_schedules(const struct lint *lint)
{
    struct lint_schedule schedules[LINT_SCHEDULES_MAX];
    const struct pool_spec *spec = lint->spec;
    char gap[LINT_GAP_TEXT_MAX];
    if (spec->scale.len > LINT_SCHEDULES_MAX)
        return;
    for (size_t i = 0; i < spec->scale.len; i++) {
        const struct scale_entry *entry = &spec->scale.at[i];
        struct timezone *const *zone = setting(entry, "schedule", "timezone", OPTION_TYPE_TIMEZONE);
        schedules[i].from = setting(entry, "schedule", "from", OPTION_TYPE_CRON);
        schedules[i].to = setting(entry, "schedule", "to", OPTION_TYPE_CRON);
        schedules[i].zone = zone ? *zone : NULL;
        if (!schedules[i].from || !schedules[i].to)
            return; /* another policy looks after the rest of the day */
    }
    if (spec->scale.len == 0 || !lint_schedule_gap(schedules, spec->scale.len, gap))
        return;
    warn(lint, "scale",
         "no schedule is active %s; there is no other policy, so jobs that come then "
         "find slots.min, %lld, slots",
         gap, (long long)spec->slots_min);
}

/* Policies with a memory have windows of their own, as the ones they imitate have. */
static void lint_windows(const struct lint *lint)
{
    const struct pool_spec *spec = lint->spec;
    char after[UNITS_TEXT_MAX];
    if (spec->in.after_ns == 0 && spec->in.rate.unit == RATE_NONE)
        return;
    for (size_t i = 0; i < spec->scale.len; i++) {
        if (spec->scale.at[i].policy->memory_size == 0)
            continue;
        warn(lint, "pace.in",
             "scale.%s has windows of its own, and pace.in (after %s) comes on top: write pace: { "
             "in: "
             "{ after: 0s, at_most: unlimited } } to have it as it is elsewhere",
             spec->scale.at[i].policy->options.name,
             units_format_duration(spec->in.after_ns, after));
        return;
    }
}

static void lint_scale(const struct lint *lint)
{
    lint_windows(lint);
    for (size_t i = 0; i < lint->spec->scale.len; i++) {
        lint_promise(lint, &lint->spec->scale.at[i]);
        lint_crons(lint, &lint->spec->scale.at[i]);
    }
    lint_schedules(lint);
}

void policy_file_lint(const struct pool_spec *spec, struct problems *problems)
{
    /* The spec does not carry places; the text does. Without them warnings are about the file. */
    struct yaml_node *root = NULL;
    struct problems aside;
    problems_init(&aside);
    if (problems->source)
        yaml_parse(str_from(problems->source), &root, &aside, NULL);
    problems_release(&aside);

    struct lint lint = { .spec = spec, .problems = problems, .root = root };
    lint_queue(&lint);
    if (spec->offers.len > 0) {
        lint_band(&lint);
        lint_pace(&lint);
        lint_budget(&lint);
    }
    lint_release(&lint);
    lint_scale(&lint);
    yaml_free(root);
}
