#include "providers/aws/options.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "providers/aws/answers.h"

const char *const aws_allocation_words[] = { "price-capacity-optimized", "capacity-optimized",
                                             "lowest-price", "diversified", NULL };

#define ROW(kind, field, name, ...) OPTION_##kind(struct aws_options, field, name, __VA_ARGS__)

const struct option aws_option_rows[] = {
    ROW(STRING, region, "region", .help = "AWS region, like eu-central-1"),
    ROW(STRINGS, zones, "zones", .optional = true,
        .help = "availability zones, in short (a) or in full; the default network's subnets there"),
    ROW(STRINGS, subnets, "subnets", .optional = true, .help = "subnet ids, in place of zones"),
    ROW(COUNTS, types, "types", .min = 1, .max = 100000,
        .help = "machine types and the slots each has: { c6i.xlarge: 4 }"),
    ROW(CHOICES, markets, "market", .fallback = "[spot, on-demand]", .choices = market_words,
        .help = "spot, on-demand, or both"),
    ROW(CHOICE, allocation, "allocation", .fallback = "price-capacity-optimized",
        .choices = aws_allocation_words, .help = "how EC2 picks among types and zones for spot"),
    ROW(STRING, launch_template, "launch_template", .fallback = "",
        .help = "id (lt-...) or name of an EC2 launch template"),
    ROW(STRING, template_version, "version", .fallback = "$Default",
        .help = "of the launch template: a number, $Default or $Latest"),
    ROW(STRING, image, "image", .fallback = "",
        .help = "machine image (ami-...), where there is no launch template"),
    ROW(STRINGS, security_groups, "security_groups", .optional = true,
        .help = "security group ids, with image"),
    ROW(STRING, instance_profile, "instance_profile", .fallback = "",
        .help = "name or ARN of the nodes' instance profile, with image"),
    ROW(STRING, key_name, "key_name", .fallback = "", .help = "SSH key pair, with image"),
    ROW(STRING, user_data, "user_data", .fallback = "",
        .help = "file with the script a node runs at its first boot, with image; {{pool}}, "
                "{{slots}} and others are filled in; empty: one that starts muster-agent"),
    ROW(STRING, controller, "controller", .fallback = "",
        .help = "address at which nodes reach musterd; empty: the one it listens on"),
    ROW(STRING, token_file, "token_file", .fallback = "/etc/muster/agent.token",
        .help = "the agents' token, on the node"),
    ROW(STRING, agent, "agent", .fallback = "/usr/local/bin/muster-agent",
        .help = "muster-agent on the node, or an https:// address to get it from"),
    ROW(STRING, command, "command", .fallback = "", .help = "worker command line on the node"),
    ROW(STRINGS, tags, "tags", .optional = true, .help = "KEY=VALUE, beside muster's own tags"),
    ROW(STRINGS, prices, "prices", .optional = true,
        .help = "TYPE=USD: what an hour costs on demand, c6i.xlarge=0.194"),
    ROW(INT, max, "max", .fallback = "0", .max = 100000,
        .help = "nodes of one offer at once; 0: only the pool's limits"),
    { 0 },
};

/* ---- what it must be ---------------------------------------------------------------------------- */

static bool plain_name(const char *text, size_t max)
{
    for (const char *p = text; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("-_.:/$", *p))
            return false;
    }
    return *text && strlen(text) < max;
}

static int check_names(const struct option_strings *names, size_t max, struct error *err)
{
    for (size_t i = 0; i < names->len; i++) {
        if (!plain_name(names->at[i], max))
            return error_set(err, MUSTER_E_INVALID, "'%s' is not a name that AWS gives",
                             names->at[i]);
    }
    return 0;
}

static int check_types(const struct aws_options *o, struct error *err)
{
    if (o->types.len == 0)
        return error_set(err, MUSTER_E_INVALID, "there is no machine type");
    for (size_t i = 0; i < o->types.len; i++) {
        if (!plain_name(o->types.at[i].name, AWS_TYPE_MAX) || !strchr(o->types.at[i].name, '.'))
            return error_set(err, MUSTER_E_INVALID, "'%s' is no machine type, like c6i.xlarge",
                             o->types.at[i].name);
    }
    return 0;
}

static int check_prices(const struct aws_options *o, struct error *err)
{
    for (size_t i = 0; i < o->prices.len; i++) {
        const char *equals = strchr(o->prices.at[i], '=');
        int64_t price;
        if (!equals)
            return error_set(err, MUSTER_E_INVALID, "'%s' is not TYPE=USD", o->prices.at[i]);
        int rc = wire_price(str_from(equals + 1), &price, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

/* EC2 allows 128 and 256 characters, and keeps aws: for itself. */
static int check_tags(const struct aws_options *o, struct error *err)
{
    for (size_t i = 0; i < o->tags.len; i++) {
        const char *tag = o->tags.at[i];
        const char *equals = strchr(tag, '=');
        if (!equals || equals == tag)
            return error_set(err, MUSTER_E_INVALID, "'%s' is not KEY=VALUE", tag);
        if (strncmp(tag, "aws:", 4) == 0 || strncmp(tag, "muster:", 7) == 0)
            return error_set(err, MUSTER_E_INVALID, "'%s': tags of aws: and muster: are not free",
                             tag);
        if (equals - tag > 128 || strlen(equals + 1) > 256)
            return error_set(err, MUSTER_E_INVALID, "'%s': at most 128 and 256 characters", tag);
    }
    return o->tags.len > 40 ? error_set(err, MUSTER_E_INVALID, "at most 40 tags") : 0;
}

static int check_template(const struct aws_options *o, const char **ret_key, struct error *err)
{
    *ret_key = "launch_template";
    if (!*o->launch_template && !*o->image)
        return error_set(err, MUSTER_E_INVALID,
                         "a launch template is needed, or an image to make one from");
    if (*o->launch_template && *o->image)
        return error_set(err, MUSTER_E_INVALID,
                         "a launch template has an image already: say one of the two");
    *ret_key = "command";
    if (*o->image && !*o->user_data && !*o->command)
        return error_set(err, MUSTER_E_INVALID,
                         "nothing says what runs on the nodes: a command, or user_data");
    return 0;
}

int aws_option_check(const void *options, const char **ret_key, struct error *err)
{
    const struct aws_options *o = options;
    *ret_key = "region";
    if (!plain_name(o->region, 30) || strpbrk(o->region, "/:$"))
        return error_set(err, MUSTER_E_INVALID, "'%s' is not a region, like eu-central-1",
                         o->region);
    *ret_key = "zones";
    if ((o->zones.len > 0) == (o->subnets.len > 0))
        return error_set(err, MUSTER_E_INVALID, "either zones or subnets are needed");
    int rc = check_names(&o->zones, 16, err);
    if (rc == 0) {
        *ret_key = "subnets";
        rc = check_names(&o->subnets, AWS_PLACE_MAX, err);
    }
    if (rc == 0) {
        *ret_key = "types";
        rc = check_types(o, err);
    }
    if (rc == 0) {
        *ret_key = "prices";
        rc = check_prices(o, err);
    }
    if (rc == 0) {
        *ret_key = "tags";
        rc = check_tags(o, err);
    }
    if (rc == 0)
        rc = check_template(o, ret_key, err);
    return rc;
}

/* ---- what it stands for ------------------------------------------------------------------------- */

size_t aws_types_of(const struct aws_options *o, int64_t slots)
{
    size_t n = 0;
    for (size_t i = 0; i < o->types.len; i++)
        n += o->types.at[i].value == slots;
    return n;
}

size_t aws_places(const struct aws_options *o)
{
    return o->subnets.len > 0 ? o->subnets.len : o->zones.len;
}

void aws_place(const struct aws_options *o, size_t index, char *ret, size_t size)
{
    if (o->subnets.len > 0)
        str_copy_c(ret, size, o->subnets.at[index]);
    else if (strchr(o->zones.at[index], '-'))
        str_copy_c(ret, size, o->zones.at[index]);
    else
        snprintf(ret, size, "%s%s", o->region, o->zones.at[index]);
}

int64_t aws_listed_price(const struct aws_options *o, const char *type)
{
    size_t n = strlen(type);
    int64_t price;
    for (size_t i = 0; i < o->prices.len; i++) {
        const char *entry = o->prices.at[i];
        if (strncmp(entry, type, n) == 0 && entry[n] == '=' &&
            wire_price(str_from(entry + n + 1), &price, NULL) == 0)
            return price;
    }
    return PRICE_UNKNOWN;
}

/*
 * The cheapest type's. Nobody pays more for spot than on demand unless he says so: as long as nothing
 * better is known that is its price, too.
 */
static int64_t group_price(const struct aws_options *o, int64_t slots)
{
    int64_t best = PRICE_UNKNOWN;
    for (size_t i = 0; i < o->types.len; i++) {
        int64_t price =
            o->types.at[i].value == slots ? aws_listed_price(o, o->types.at[i].name) : -1;
        if (price >= 0 && (best < 0 || price < best))
            best = price;
    }
    return best;
}

static bool name_taken(const struct pool_spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->offers.len; i++) {
        if (strcmp(spec->offers.at[i].name, name) == 0)
            return true;
    }
    return false;
}

static void name_offer(struct offer *offer, const struct aws_options *o,
                       const struct pool_spec *spec)
{
    snprintf(offer->name, sizeof(offer->name), "aws/%s/%s/%lld", o->region,
             market_words[offer->market], (long long)offer->slots);
    if (name_taken(spec, offer->name))
        snprintf(offer->name, sizeof(offer->name), "aws/%s/%s/%lld/%zu", o->region,
                 market_words[offer->market], (long long)offer->slots, offer->entry + 1);
}

/* An instance is shown in listings some seconds after it was made; rarely it takes minutes. */
#define SETTLE_NS (300 * NS_PER_S)
#define BATCH     50

static bool add_group(const struct aws_options *o, size_t entry, enum market market, size_t first,
                      struct pool_spec *spec)
{
    int64_t slots = o->types.at[first].value;
    struct offer offer = {
        .provider = "aws",
        .market = market,
        .slots = slots,
        .price_usd_micro = group_price(o, slots),
        .nodes_max = o->max,
        .batch = BATCH,
        .settle_ns = SETTLE_NS,
        .entry = entry,
    };
    snprintf(offer.inventory, sizeof(offer.inventory), "aws:%s", o->region);
    if (aws_types_of(o, slots) == 1)
        str_copy_c(offer.type, sizeof(offer.type), o->types.at[first].name);
    else
        snprintf(offer.type, sizeof(offer.type), "%zu types", aws_types_of(o, slots));
    if (aws_places(o) == 1)
        aws_place(o, 0, offer.zone, sizeof(offer.zone));
    name_offer(&offer, o, spec);
    return vec_push(&spec->offers, offer);
}

static bool first_of_its_size(const struct aws_options *o, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (o->types.at[i].value == o->types.at[index].value)
            return false;
    }
    return true;
}

int aws_expand(const void *options, size_t entry, struct pool_spec *spec, struct error *err)
{
    const struct aws_options *o = options;
    for (size_t m = 0; m < AWS_MARKETS_MAX && o->markets[m] >= 0; m++) {
        for (size_t i = 0; i < o->types.len; i++) {
            if (first_of_its_size(o, i) &&
                !add_group(o, entry, (enum market)o->markets[m], i, spec))
                return error_nomem(err);
        }
    }
    return 0;
}
