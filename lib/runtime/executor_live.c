/* The executor that acts. The only file outside providers/ that reaches their mutations. */
#include <stdlib.h>
#include <string.h>

#include "runtime/executor.h"
#include "runtime/provider_reader.h"

/* A launch or a termination in flight. */
struct call {
    struct live *live;
    uint64_t number;
    struct call *next, **prev;
};

struct live {
    struct executor base;
    struct executor_env env;
    struct provider_reader *reader;
    struct call *calls;
};

static struct live *live_of(struct executor *self)
{
    return (struct live *)self;
}

static struct call *call_new(struct live *live, uint64_t number, struct error *err)
{
    struct call *call = calloc(1, sizeof(*call));
    if (!call) {
        error_nomem(err);
        return NULL;
    }
    call->live = live;
    call->number = number;
    call->next = live->calls;
    call->prev = &live->calls;
    if (call->next)
        call->next->prev = &call->next;
    live->calls = call;
    return call;
}

static void call_free(struct call *call)
{
    if (call->next)
        call->next->prev = call->prev;
    *call->prev = call->next;
    free(call);
}

static struct event result_event(enum event_type type, uint64_t number, const struct error *err)
{
    struct event ev = { .type = type };
    ev.result.number = number;
    ev.result.code = err->code;
    ev.result.text = err->text;
    return ev;
}

/* The call was not made. */
static void not_made(struct live *live, enum event_type type, uint64_t number,
                     const struct error *err)
{
    struct event ev = result_event(type, number, err);
    later_add(provider_reader_later(live->reader), &ev);
}

static void list(struct executor *self, const char *inventory)
{
    provider_reader_list(live_of(self)->reader, inventory);
}

static void launched(void *ctx, const char (*ids)[NODE_ID_MAX], size_t len, const struct error *err)
{
    struct call *call = ctx;
    struct live *live = call->live;
    enum event_type type = err->code && len == 0 ? EVENT_LAUNCH_FAILED : EVENT_LAUNCHED;
    struct event ev = result_event(type, call->number, err);
    ev.result.ids = ids;
    ev.result.len = len;
    call_free(call);
    live->env.event(live->env.ctx, &ev);
}

static const struct offer *find_offer(const struct pool_spec *spec, const char *name)
{
    for (size_t i = 0; spec && i < spec->offers.len; i++) {
        if (strcmp(spec->offers.at[i].name, name) == 0)
            return &spec->offers.at[i];
    }
    return NULL;
}

static int begin_launch(struct live *live, const struct intent *intent,
                        const struct pool_spec *spec, struct error *err)
{
    const struct provider_plugin *plugin;
    struct provider *provider;
    const struct offer *offer = find_offer(spec, intent->offer);
    if (!offer || offer->entry >= spec->offer_entries.len)
        return error_set(err, MUSTER_E_CONFIG, "the offer %s is not in the policy file any more",
                         intent->offer);
    int rc = provider_reader_open(live->reader, intent->inventory, &plugin, &provider, err);
    if (rc < 0)
        return rc;
    struct call *call = call_new(live, intent->number, err);
    if (!call)
        return MUSTER_E_NOMEM;
    const struct launch_request request = {
        .intent = intent,
        .offer = offer,
        .options = spec->offer_entries.at[offer->entry].options,
        .heartbeat_ns = spec->heartbeat_ns,
    };
    plugin->mutations->launch(provider, &request, launched, call);
    return 0;
}

static void launch(struct executor *self, const struct intent *intent, const struct pool_spec *spec)
{
    struct live *live = live_of(self);
    struct error err = { 0 };
    if (begin_launch(live, intent, spec, &err) == 0)
        return;
    /* This call was not made, but an earlier one with the same token may have been heard. */
    if (intent->tries > 1)
        err.code = MUSTER_E_UNKNOWN;
    not_made(live, EVENT_LAUNCH_FAILED, intent->number, &err);
}

static void terminated(void *ctx, const struct error *err)
{
    struct call *call = ctx;
    struct live *live = call->live;
    enum event_type type = err->code ? EVENT_TERMINATE_FAILED : EVENT_TERMINATED;
    struct event ev = result_event(type, call->number, err);
    call_free(call);
    live->env.event(live->env.ctx, &ev);
}

static int begin_terminate(struct live *live, const struct intent *intent, struct error *err)
{
    const struct provider_plugin *plugin;
    struct provider *provider;
    int rc = provider_reader_open(live->reader, intent->inventory, &plugin, &provider, err);
    if (rc < 0)
        return rc;
    struct call *call = call_new(live, intent->number, err);
    if (!call)
        return MUSTER_E_NOMEM;
    plugin->mutations->terminate(provider, intent, terminated, call);
    return 0;
}

static void terminate(struct executor *self, const struct intent *intent)
{
    struct live *live = live_of(self);
    struct error err = { 0 };
    if (begin_terminate(live, intent, &err) < 0)
        not_made(live, EVENT_TERMINATE_FAILED, intent->number, &err);
}

static void free_live(struct executor *self)
{
    struct live *live = live_of(self);
    if (!live)
        return;
    provider_reader_free(live->reader);
    while (live->calls)
        call_free(live->calls);
    free(live);
}

static int64_t price(struct executor *self, const struct offer *offer, const struct pool_spec *spec)
{
    return provider_reader_price(live_of(self)->reader, offer, spec);
}

static const struct executor_ops live_ops = {
    .name = "live",
    .list = list,
    .launch = launch,
    .terminate = terminate,
    .price = price,
    .free = free_live,
};

int executor_live_new(const struct executor_env *env, struct executor **ret, struct error *err)
{
    struct live *live = calloc(1, sizeof(*live));
    if (!live)
        return error_nomem(err);
    live->base.ops = &live_ops;
    live->env = *env;
    int rc = provider_reader_new(env, env->event, env->ctx, &live->reader, err);
    if (rc < 0)
        free(live);
    else
        *ret = &live->base;
    return rc;
}
