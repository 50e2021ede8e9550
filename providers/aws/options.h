/*
 * One `aws:` entry of buy.offers.
 *
 * It expands into one offer per market and machine size: "aws/eu-central-1/spot/4" stands for every
 * type of the entry with 4 slots, in all its zones or subnets. One launch names them all, so that EC2
 * picks by price and capacity.
 */
#ifndef PROVIDERS_AWS_OPTIONS_H
#define PROVIDERS_AWS_OPTIONS_H

#include "base/option.h"
#include "control/spec.h"

enum aws_allocation {
    AWS_PRICE_CAPACITY,
    AWS_CAPACITY,
    AWS_LOWEST_PRICE,
    AWS_DIVERSIFIED,
};

extern const char *const aws_allocation_words[]; /* as EC2 spells them */

#define AWS_MARKETS_MAX 2

struct aws_options {
    char *region;
    struct option_strings zones; /* "a" or "eu-central-1a" */
    struct option_strings subnets;
    struct option_counts types; /* name: slots */
    int markets[AWS_MARKETS_MAX];
    int allocation;        /* enum aws_allocation, for spot */
    char *launch_template; /* "lt-0123..." or a name; "": the inline settings below */
    char *template_version;
    char *image;
    struct option_strings security_groups;
    char *instance_profile;
    char *key_name;
    char *user_data;              /* a file; "": the default script */
    char *controller;             /* URL at which nodes reach musterd; "": where it listens */
    char *token_file;             /* on the node */
    char *agent;                  /* on the node: path or URL of muster-agent */
    char *command;                /* on the node: the worker */
    struct option_strings tags;   /* KEY=VALUE, beside muster's own */
    struct option_strings prices; /* TYPE=USD: on demand, per hour */
    int64_t max;                  /* nodes of one offer; 0: none of its own */
};

extern const struct option aws_option_rows[];
int aws_option_check(const void *options, const char **ret_key, struct error *err);

int aws_expand(const void *options, size_t entry, struct pool_spec *spec, struct error *err);

/* How many types of the entry have so many slots each. */
size_t aws_types_of(const struct aws_options *o, int64_t slots);

/* Zones or subnets. A zone's whole name from "a" or from itself. */
size_t aws_places(const struct aws_options *o);
void aws_place(const struct aws_options *o, size_t index, char *ret, size_t size);

/* What the entry says a machine of this type costs on demand; PRICE_UNKNOWN if nothing. */
int64_t aws_listed_price(const struct aws_options *o, const char *type);

#endif
