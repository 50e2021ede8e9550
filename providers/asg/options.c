#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "providers/asg/asg.h"

#define ROW(kind, field, name, ...) OPTION_##kind(struct asg_options, field, name, __VA_ARGS__)

const struct option asg_option_rows[] = {
    ROW(STRING, region, "region", .help = "AWS region, like eu-central-1"),
    ROW(STRING, group, "group",
        .help = "name of the Auto Scaling group; it carries the tags "
                "muster:controller and muster:pool"),
    ROW(INT, slots, "slots", .fallback = "1", .min = 1, .max = 100000,
        .help = "jobs that one machine of the group works on at a time"),
    ROW(CHOICE, market, "market", .fallback = "on-demand", .choices = market_words,
        .help = "what the group buys: on-demand or spot"),
    ROW(MONEY, price_usd_micro, "price", .fallback = "none", .min = -1,
        .help = "what a machine of it costs: 0.194 USD/h"),
    ROW(INT, max, "max", .fallback = "0", .max = 100000,
        .help = "machines at once; 0: only the group's and the pool's limits"),
    { 0 },
};

static bool plain_region(const char *text)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return n > 0 && n < 30 && !text[n];
}

int asg_option_check(const void *options, const char **ret_key, struct error *err)
{
    const struct asg_options *o = options;
    *ret_key = "region";
    if (!plain_region(o->region))
        return error_set(err, MUSTER_E_INVALID, "'%s' is not a region, like eu-central-1",
                         o->region);
    *ret_key = "group";
    for (const char *p = o->group; *p; p++) {
        if (!isprint((unsigned char)*p) || *p == ':')
            return error_set(err, MUSTER_E_INVALID, "'%s' is not a group's name", o->group);
    }
    /* With its region it is the name of an inventory. */
    struct offer offer;
    size_t room = sizeof(offer.inventory) - sizeof("asg:/");
    if (!*o->group || strlen(o->region) + strlen(o->group) > room)
        return error_set(err, MUSTER_E_INVALID, "a group's name has 1 to %zu characters here",
                         room - strlen(o->region));
    return 0;
}

/* Auto Scaling shows what it did at once; how many it launches at a time is its own business. */
#define SETTLE_NS (60 * NS_PER_S)
#define BATCH     500

int asg_expand(const void *options, size_t entry, struct pool_spec *spec, struct error *err)
{
    const struct asg_options *o = options;
    struct offer offer = {
        .provider = "asg",
        .market = (enum market)o->market,
        .slots = o->slots,
        .price_usd_micro = o->price_usd_micro,
        .nodes_max = o->max,
        .batch = BATCH,
        .settle_ns = SETTLE_NS,
        .entry = entry,
    };
    (void)snprintf(offer.name, sizeof(offer.name), "asg/%s/%s", o->region, o->group);
    (void)snprintf(offer.inventory, sizeof(offer.inventory), "asg:%s/%s", o->region, o->group);
    str_copy_c(offer.type, sizeof(offer.type), o->group);
    for (size_t i = 0; i < spec->offers.len; i++) {
        if (strcmp(spec->offers.at[i].inventory, offer.inventory) == 0)
            return error_set(err, MUSTER_E_INVALID, "the group %s is offered twice", o->group);
    }
    return vec_push(&spec->offers, offer) ? 0 : error_nomem(err);
}
