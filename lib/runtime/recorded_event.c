#include "runtime/recorded_event.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_MAX ((int64_t)1 << 53) /* whole numbers up to here are exact in a double */

/*
 * Each kind of event is described once, by a function that walks its fields; the walk writes them
 * when `out` is set and reads them when `in` is.
 */
struct walk {
    struct json_out *out;
    const cJSON *in;
    const char *bad; /* reading: the first field that is missing or wrong */
    bool no_memory;
};

static const cJSON *member(struct walk *w, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(w->in, key); /* `in` may be NULL */
    if (!item && !w->bad)
        w->bad = key;
    return item;
}

static void whole(struct walk *w, const char *key, int64_t *value)
{
    if (w->out) {
        struct buf text = { 0 };
        if (*value >= -EXACT_MAX && *value <= EXACT_MAX) {
            json_int(w->out, key, *value);
            return;
        }
        buf_addf(&text, "%lld", (long long)*value);
        json_str(w->out, key, buf_text(&text));
        buf_release(&text);
        return;
    }
    const cJSON *item = member(w, key);
    if (!item)
        return;
    if (cJSON_IsString(item)) {
        errno = 0;
        *value = strtoll(item->valuestring, NULL, 10);
        if (errno && !w->bad)
            w->bad = key;
    } else if (cJSON_IsNumber(item) && fabs(item->valuedouble) <= (double)EXACT_MAX) {
        *value = (int64_t)item->valuedouble;
    } else if (!w->bad) {
        w->bad = key;
    }
}

static void number(struct walk *w, const char *key, double *value)
{
    if (w->out) {
        struct buf text = { 0 };
        buf_addf(&text, isfinite(*value) ? "%.17g" : "\"%g\"", *value);
        json_raw(w->out, key, buf_str(&text));
        buf_release(&text);
        return;
    }
    const cJSON *item = member(w, key);
    if (cJSON_IsString(item))
        *value = strtod(item->valuestring, NULL);
    else if (cJSON_IsNumber(item))
        *value = item->valuedouble;
    else if (!w->bad)
        w->bad = key;
}

static void truth(struct walk *w, const char *key, bool *value)
{
    if (w->out) {
        json_bool(w->out, key, *value);
        return;
    }
    const cJSON *item = member(w, key);
    *value = cJSON_IsTrue(item);
    if (!cJSON_IsBool(item) && !w->bad)
        w->bad = key;
}

/* A text with bytes that are not UTF-8, which JSON has no way to write: {"hex": "..."}. */
static bool write_bytes(struct walk *w, const char *key, const char *value)
{
    struct buf quoted = { 0 }, hex = { 0 };
    json_quote(&quoted, value ? value : "");
    bool strange = strstr(buf_text(&quoted), "\\ufffd") != NULL;
    if (strange) {
        for (const char *c = value; *c; c++)
            buf_addf(&hex, "%02x", (unsigned)(unsigned char)*c);
        json_open(w->out, key, '{');
        json_str(w->out, "hex", buf_text(&hex));
        json_close(w->out, '}');
    }
    buf_release(&quoted);
    buf_release(&hex);
    return strange;
}

/* Decoded in its place: the bytes are shorter than their digits. */
static const char *read_bytes(const cJSON *item)
{
    char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(item, "hex"));
    size_t n = 0;
    for (; text && text[2 * n] && text[2 * n + 1]; n++) {
        const char digits[3] = { text[2 * n], text[2 * n + 1], '\0' };
        text[n] = (char)strtol(digits, NULL, 16);
    }
    if (text)
        text[n] = '\0';
    return text;
}

static void borrowed(struct walk *w, const char *key, const char **value)
{
    if (w->out) {
        if (!write_bytes(w, key, *value))
            json_str(w->out, key, *value);
        return;
    }
    const cJSON *item = member(w, key);
    if (cJSON_IsString(item))
        *value = item->valuestring;
    else if (cJSON_IsObject(item))
        *value = read_bytes(item);
    else if (cJSON_IsNull(item))
        *value = NULL;
    else if (!w->bad)
        w->bad = key;
}

static void field(struct walk *w, const char *key, char *value, size_t size)
{
    const char *text = value;
    borrowed(w, key, &text);
    if (!w->out && !str_copy_c(value, size, text) && !w->bad)
        w->bad = key;
}

#define WHOLE(w, key, place)                                                                       \
    do {                                                                                           \
        int64_t whole_value = (int64_t)(place);                                                    \
        whole((w), (key), &whole_value);                                                           \
        if (!(w)->out)                                                                             \
            (place) = (__typeof__(place))whole_value;                                              \
    } while (0)
/* A word of an enum whose last one is `last`. */
#define KIND(w, key, place, last)                                                                  \
    do {                                                                                           \
        WHOLE((w), (key), (place));                                                                \
        if (!(w)->out && (unsigned)(place) > (unsigned)(last) && !(w)->bad) {                      \
            (w)->bad = (key);                                                                      \
            (place) = (last);                                                                      \
        }                                                                                          \
    } while (0)
#define FIELD(w, key, place) field((w), (key), (place), sizeof(place))

/* ---- lists -------------------------------------------------------------------------------------- */

typedef void walk_item(struct walk *w, void *item);

static void write_list(struct walk *w, const char *key, char *items, size_t len, size_t size,
                       walk_item *each)
{
    json_open(w->out, key, '[');
    for (size_t i = 0; i < len; i++) {
        json_open(w->out, NULL, '{');
        each(w, items + i * size);
        json_close(w->out, '}');
    }
    json_close(w->out, ']');
}

static void *read_list(struct walk *w, const char *key, size_t *ret_len, size_t size,
                       walk_item *each)
{
    const cJSON *list = member(w, key);
    int count = cJSON_GetArraySize(list);
    char *items = calloc(count > 0 ? (size_t)count : 1, size);
    *ret_len = 0;
    if (!items) {
        w->no_memory = true;
        return NULL;
    }
    const cJSON *item;
    const cJSON *outer = w->in;
    cJSON_ArrayForEach(item, list)
    {
        w->in = item;
        each(w, items + (*ret_len)++ * size);
    }
    w->in = outer;
    return items;
}

/* `place` is a pointer to const items; what was read is owned by *owner. */
#define LIST(w, key, place, len, each, owner)                                                      \
    do {                                                                                           \
        if ((w)->out)                                                                              \
            write_list((w), (key), (char *)(uintptr_t)(place), (len), sizeof(*(place)), (each));   \
        else                                                                                       \
            (place) = *(owner) = read_list((w), (key), &(len), sizeof(*(place)), (each));          \
    } while (0)

static void walk_text(struct walk *w, void *item)
{
    borrowed(w, "name", item);
}

static void walk_place(struct walk *w, void *item)
{
    struct bought_at *at = item;
    borrowed(w, "pool", &at->pool);
    borrowed(w, "inventory", &at->inventory);
    whole(w, "done_wall_ns", &at->done_wall_ns);
}

static void walk_id(struct walk *w, void *item)
{
    field(w, "id", item, NODE_ID_MAX);
}

static void walk_intent(struct walk *w, void *item)
{
    struct intent *intent = item;
    WHOLE(w, "number", intent->number);
    KIND(w, "kind", intent->kind, INTENT_TERMINATE);
    KIND(w, "state", intent->state, INTENT_FAILED);
    FIELD(w, "pool", intent->pool);
    FIELD(w, "offer", intent->offer);
    FIELD(w, "inventory", intent->inventory);
    FIELD(w, "node", intent->node);
    FIELD(w, "token", intent->token);
    WHOLE(w, "slots", intent->slots);
    WHOLE(w, "price", intent->price_usd_micro);
    WHOLE(w, "count", intent->count);
    WHOLE(w, "planned", intent->planned_ns);
    WHOLE(w, "sent", intent->sent_ns);
    WHOLE(w, "planned_wall", intent->planned_wall_ns);
    WHOLE(w, "retry", intent->retry_ns);
    WHOLE(w, "tries", intent->tries);
    WHOLE(w, "listings", intent->listings);
    truth(w, "served", &intent->served);
}

static void walk_listed(struct walk *w, void *item)
{
    struct listed_node *node = item;
    FIELD(w, "id", node->id);
    FIELD(w, "pool", node->pool);
    FIELD(w, "offer", node->offer);
    FIELD(w, "token", node->token);
    FIELD(w, "place", node->place);
    KIND(w, "state", node->state, LISTED_UNSEEN);
    WHOLE(w, "slots", node->slots);
    WHOLE(w, "price", node->price_usd_micro);
    WHOLE(w, "age", node->age_ns);
    truth(w, "interrupted", &node->interrupted);
}

/* ---- the kinds of events ------------------------------------------------------------------------ */

static void walk_sample(struct walk *w, struct sample *sample)
{
    number(w, "waiting", &sample->waiting);
    number(w, "running", &sample->running);
    number(w, "oldest", &sample->oldest_s);
    number(w, "completed", &sample->completed);
    truth(w, "has_running", &sample->has_running);
    truth(w, "has_oldest", &sample->has_oldest);
    truth(w, "has_completed", &sample->has_completed);
}

static void walk_heartbeat(struct walk *w, struct heartbeat *beat)
{
    FIELD(w, "node", beat->node);
    KIND(w, "state", beat->state, BEAT_DRAINED);
    WHOLE(w, "seq", beat->seq);
    WHOLE(w, "slots", beat->slots);
    WHOLE(w, "busy", beat->busy);
    WHOLE(w, "idle", beat->idle_ns);
    number(w, "served", &beat->served);
    WHOLE(w, "served_mean", beat->served_mean_ns);
    FIELD(w, "version", beat->version);
    truth(w, "interrupted", &beat->interrupted);
    truth(w, "rebalance", &beat->rebalance);
}

static void walk_recovered(struct walk *w, struct recorded_event *r)
{
    struct event *ev = &r->ev;
    LIST(w, "open", ev->recovered.open, ev->recovered.open_len, walk_intent, &r->list);
    WHOLE(w, "last_number", ev->recovered.last_number);
    borrowed(w, "journal", &ev->recovered.journal);
    LIST(w, "paused", ev->recovered.paused, ev->recovered.paused_len, walk_text, &r->names);
    LIST(w, "places", ev->recovered.places, ev->recovered.places_len, walk_place, &r->places);
}

static void walk_result(struct walk *w, struct recorded_event *r)
{
    struct event *ev = &r->ev;
    WHOLE(w, "number", ev->result.number);
    LIST(w, "ids", ev->result.ids, ev->result.len, walk_id, &r->list);
    WHOLE(w, "code", ev->result.code);
    borrowed(w, "text", &ev->result.text);
}

static void walk_listing(struct walk *w, struct recorded_event *r)
{
    struct event *ev = &r->ev;
    borrowed(w, "inventory", &ev->listing.inventory);
    LIST(w, "nodes", ev->listing.nodes, ev->listing.len, walk_listed, &r->list);
    WHOLE(w, "asked", ev->listing.asked_ns);
}

static void walk_sampled(struct walk *w, struct recorded_event *r)
{
    struct event *ev = &r->ev;
    struct sample *sample = (struct sample *)(uintptr_t)ev->sample.sample;
    borrowed(w, "pool", &ev->sample.pool);
    if (!w->out) {
        ev->sample.sample = r->list = sample = calloc(1, sizeof(*sample));
        w->no_memory = !sample;
    }
    if (sample)
        walk_sample(w, sample);
}

static void walk_event(struct walk *w, struct recorded_event *r)
{
    struct event *ev = &r->ev;
    switch (ev->type) {
    case EVENT_RECOVERED:
        walk_recovered(w, r);
        break;
    case EVENT_POLICY:
        borrowed(w, "file", &r->policy.file);
        borrowed(w, "text", &r->policy.text);
        break;
    case EVENT_POLICY_REMOVED:
    case EVENT_PAUSE:
    case EVENT_RESUME:
        borrowed(w, "pool", &ev->pause.pool);
        break;
    case EVENT_POLICIES:
        truth(w, "complete", &ev->policies.complete);
        break;
    case EVENT_TICK:
        break;
    case EVENT_SAMPLE:
        walk_sampled(w, r);
        break;
    case EVENT_SAMPLE_FAILED:
        borrowed(w, "pool", &ev->sample_failed.pool);
        borrowed(w, "text", &ev->sample_failed.text);
        break;
    case EVENT_LISTING:
        walk_listing(w, r);
        break;
    case EVENT_LISTING_FAILED:
        borrowed(w, "inventory", &ev->listing_failed.inventory);
        WHOLE(w, "code", ev->listing_failed.code);
        borrowed(w, "text", &ev->listing_failed.text);
        break;
    case EVENT_INTENT_WRITTEN:
    case EVENT_INTENT_LOST:
        WHOLE(w, "number", ev->intent.number);
        borrowed(w, "text", &ev->intent.text);
        break;
    case EVENT_LAUNCHED:
    case EVENT_LAUNCH_FAILED:
    case EVENT_TERMINATED:
    case EVENT_TERMINATE_FAILED:
        walk_result(w, r);
        break;
    case EVENT_HEARTBEAT:
        walk_heartbeat(w, &ev->heartbeat);
        break;
    case EVENT_PRICE:
        borrowed(w, "pool", &ev->price.pool);
        borrowed(w, "offer", &ev->price.offer);
        WHOLE(w, "price", ev->price.usd_micro);
        break;
    case EVENT_INTERRUPTION:
        borrowed(w, "node", &ev->interruption.node);
        KIND(w, "what", ev->interruption.what, NOTICE_ENDED);
        break;
    case EVENT_DRAIN:
        borrowed(w, "node", &ev->drain.node);
        break;
    }
}

static const char *const words[] = {
    [EVENT_RECOVERED] = "recovered",
    [EVENT_POLICY] = "policy",
    [EVENT_POLICY_REMOVED] = "policy-removed",
    [EVENT_POLICIES] = "policies",
    [EVENT_TICK] = "tick",
    [EVENT_SAMPLE] = "sample",
    [EVENT_SAMPLE_FAILED] = "sample-failed",
    [EVENT_LISTING] = "listing",
    [EVENT_LISTING_FAILED] = "listing-failed",
    [EVENT_INTENT_WRITTEN] = "intent-written",
    [EVENT_INTENT_LOST] = "intent-lost",
    [EVENT_LAUNCHED] = "launched",
    [EVENT_LAUNCH_FAILED] = "launch-failed",
    [EVENT_TERMINATED] = "terminated",
    [EVENT_TERMINATE_FAILED] = "terminate-failed",
    [EVENT_HEARTBEAT] = "heartbeat",
    [EVENT_PRICE] = "price",
    [EVENT_INTERRUPTION] = "interruption",
    [EVENT_PAUSE] = "pause",
    [EVENT_RESUME] = "resume",
    [EVENT_DRAIN] = "drain",
};
#define WORDS (sizeof(words) / sizeof(words[0]))

void recorded_event_write(const struct event *ev, const struct recorded_policy *policy,
                          struct buf *out)
{
    struct json_out j = json_begin(out);
    struct walk w = { .out = &j };
    struct recorded_event r = { .ev = *ev };
    if (policy)
        r.policy = *policy;
    json_open(&j, NULL, '{');
    json_str(&j, "event", words[ev->type]);
    WHOLE(&w, "now", r.ev.now_ns);
    WHOLE(&w, "wall", r.ev.wall_ns);
    walk_event(&w, &r);
    json_close(&j, '}');
}

static int refuse(struct walk *w, struct error *err)
{
    if (w->no_memory)
        return error_nomem(err);
    return error_set(err, MUSTER_E_INVALID, "\"%s\" is missing, or not what it should be", w->bad);
}

int recorded_event_read(const cJSON *line, struct recorded_event *ret, struct error *err)
{
    struct walk w = { .in = line };
    struct recorded_event r = { 0 };
    const char *word = NULL;
    borrowed(&w, "event", &word);
    size_t type = 0;
    while (word && type < WORDS && strcmp(words[type], word) != 0)
        type++;
    if (!word || type == WORDS)
        return error_set(err, MUSTER_E_INVALID, "there is no event \"%s\"", word ? word : "");
    r.ev.type = (enum event_type)type;
    WHOLE(&w, "now", r.ev.now_ns);
    WHOLE(&w, "wall", r.ev.wall_ns);
    walk_event(&w, &r);
    if (w.bad || w.no_memory) {
        recorded_event_release(&r);
        return refuse(&w, err);
    }
    *ret = r;
    return 0;
}

void recorded_event_release(struct recorded_event *event)
{
    free(event->list);
    free(event->names);
    free(event->places);
}

/* ---- the beginning of a life -------------------------------------------------------------------- */

#define FORM 1 /* of the recordings this build writes and reads */

static void walk_rate(struct walk *w, const char *key, struct rate *rate)
{
    struct walk inner = { .out = w->out };
    if (w->out)
        json_open(w->out, key, '{');
    else
        inner.in = member(w, key);
    KIND(&inner, "unit", rate->unit, RATE_PERCENT);
    number(&inner, "amount", &rate->amount);
    WHOLE(&inner, "period", rate->period_ns);
    if (w->out)
        json_close(w->out, '}');
    else if (inner.bad && !w->bad)
        w->bad = key;
}

static void walk_options(struct walk *w, struct control_options *options)
{
    FIELD(w, "controller", options->controller);
    WHOLE(w, "tick", options->tick_ns);
    WHOLE(w, "list_every", options->list_every_ns);
    WHOLE(w, "missing_listings", options->missing_listings);
    WHOLE(w, "max_nodes", options->limits.nodes);
    WHOLE(w, "max_usd_per_hour_micro", options->limits.usd_per_hour_micro);
    walk_rate(w, "launches", &options->limits.launches);
    walk_rate(w, "terminations", &options->limits.terminations);
}

void recorded_life_write(const struct control_options *options, struct buf *out)
{
    struct json_out j = json_begin(out);
    struct walk w = { .out = &j };
    struct control_options copy = *options;
    json_open(&j, NULL, '{');
    json_int(&j, "recording", FORM);
    json_str(&j, "muster", MUSTER_VERSION);
    walk_options(&w, &copy);
    json_close(&j, '}');
}

int recorded_life_read(const cJSON *line, struct control_options *ret, struct error *err)
{
    struct walk w = { .in = line };
    struct control_options options = { 0 };
    int64_t form = 0;
    WHOLE(&w, "recording", form);
    if (form != FORM)
        return error_set(err, MUSTER_E_INVALID, "no recording of a form this muster knows");
    walk_options(&w, &options);
    if (!w.bad && (options.tick_ns <= 0 || options.list_every_ns <= 0))
        w.bad = "tick";
    if (!w.bad && options.missing_listings < 1)
        w.bad = "missing_listings";
    if (w.bad)
        return refuse(&w, err);
    *ret = options;
    return 0;
}
