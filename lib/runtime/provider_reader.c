#include "runtime/provider_reader.h"

#include <stdlib.h>
#include <string.h>

struct opened {
    const struct provider_plugin *plugin;
    struct provider *self;
};

/* A listing in flight. */
struct listing {
    struct provider_reader *reader;
    char inventory[64];
    int64_t asked_ns;
    struct listing *next, **prev;
};

struct provider_reader {
    struct executor_env env;
    executor_event_cb *event;
    void *ctx;
    struct later *later;
    VEC(struct opened) providers;
    struct listing *listings;
};

int provider_reader_new(const struct executor_env *env, executor_event_cb *event, void *ctx,
                        struct provider_reader **ret, struct error *err)
{
    struct provider_reader *reader = calloc(1, sizeof(*reader));
    if (!reader)
        return error_nomem(err);
    reader->env = *env;
    reader->event = event;
    reader->ctx = ctx;
    int rc =
        later_new(env->provider_env->loop, env->provider_env->log, event, ctx, &reader->later, err);
    if (rc < 0)
        free(reader);
    else
        *ret = reader;
    return rc;
}

static void free_listing(struct listing *listing)
{
    if (listing->next)
        listing->next->prev = listing->prev;
    *listing->prev = listing->next;
    free(listing);
}

void provider_reader_free(struct provider_reader *reader)
{
    if (!reader)
        return;
    for (size_t i = 0; i < reader->providers.len; i++)
        reader->providers.at[i].plugin->close(reader->providers.at[i].self);
    vec_release(&reader->providers);
    while (reader->listings)
        free_listing(reader->listings);
    later_free(reader->later);
    free(reader);
}

struct later *provider_reader_later(struct provider_reader *reader)
{
    return reader->later;
}

static const struct provider_plugin *find_plugin(const struct provider_reader *reader,
                                                 const char *inventory)
{
    char name[64];
    str_copy(name, sizeof(name), (struct str){ inventory, strcspn(inventory, ":") });
    return reader->env.find ? reader->env.find(name) : provider_find(name);
}

int provider_reader_open(struct provider_reader *reader, const char *inventory,
                         const struct provider_plugin **ret_plugin, struct provider **ret,
                         struct error *err)
{
    const struct provider_plugin *plugin = find_plugin(reader, inventory);
    struct opened opened = { .plugin = plugin };
    if (!plugin)
        return error_set(err, MUSTER_E_CONFIG, "no provider has the inventory '%s'", inventory);
    for (size_t i = 0; i < reader->providers.len; i++) {
        if (reader->providers.at[i].plugin == plugin)
            opened.self = reader->providers.at[i].self;
    }
    if (!opened.self) {
        int rc = plugin->open(reader->env.provider_env, &opened.self, err);
        if (rc < 0)
            return error_wrap(err, "provider %s", plugin->options.name);
        if (!vec_push(&reader->providers, opened)) {
            plugin->close(opened.self);
            return error_nomem(err);
        }
    }
    *ret_plugin = plugin;
    *ret = opened.self;
    return 0;
}

static void listed(void *ctx, const struct listed_node *nodes, size_t len, const struct error *err)
{
    struct listing *listing = ctx;
    struct provider_reader *reader = listing->reader;
    struct listing copy = *listing;
    free_listing(listing); /* the event may be the end of the reader */
    struct event ev = { .type = err->code ? EVENT_LISTING_FAILED : EVENT_LISTING };
    if (err->code) {
        ev.listing_failed.inventory = copy.inventory;
        ev.listing_failed.code = err->code;
        ev.listing_failed.text = err->text;
    } else {
        ev.listing.inventory = copy.inventory;
        ev.listing.nodes = nodes;
        ev.listing.len = len;
        ev.listing.asked_ns = copy.asked_ns;
    }
    reader->event(reader->ctx, &ev);
}

static int begin_listing(struct provider_reader *reader, const char *inventory, struct error *err)
{
    const struct provider_plugin *plugin;
    struct provider *self;
    int rc = provider_reader_open(reader, inventory, &plugin, &self, err);
    if (rc < 0)
        return rc;
    struct listing *listing = calloc(1, sizeof(*listing));
    if (!listing)
        return error_nomem(err);
    const struct clock *clock = reader->env.provider_env->clock;
    listing->reader = reader;
    listing->asked_ns = clock->boot_ns(clock->ctx);
    str_copy_c(listing->inventory, sizeof(listing->inventory), inventory);
    listing->next = reader->listings;
    listing->prev = &reader->listings;
    if (listing->next)
        listing->next->prev = &listing->next;
    reader->listings = listing;
    plugin->list(self, listing->inventory, listed, listing);
    return 0;
}

void provider_reader_list(struct provider_reader *reader, const char *inventory)
{
    struct error err = { 0 };
    struct event ev = { .type = EVENT_LISTING_FAILED };
    if (begin_listing(reader, inventory, &err) == 0)
        return;
    ev.listing_failed.inventory = inventory;
    ev.listing_failed.code = err.code;
    ev.listing_failed.text = err.text;
    later_add(reader->later, &ev);
}

int64_t provider_reader_price(struct provider_reader *reader, const struct offer *offer,
                              const struct pool_spec *spec)
{
    const struct provider_plugin *plugin = find_plugin(reader, offer->inventory);
    struct provider *self;
    if (!plugin || !plugin->price || offer->entry >= spec->offer_entries.len ||
        provider_reader_open(reader, offer->inventory, &plugin, &self, NULL) < 0)
        return PRICE_UNKNOWN;
    return plugin->price(self, offer, spec->offer_entries.at[offer->entry].options);
}
