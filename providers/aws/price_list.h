/*
 * On-demand prices as the Price List API tells them, and the file that keeps them over restarts. A
 * price is believed until a newer one is read, whatever its age: they change once in years. Pure.
 */
#ifndef PROVIDERS_AWS_PRICE_LIST_H
#define PROVIDERS_AWS_PRICE_LIST_H

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"

#define AWS_PRICE_LIST_MAX   5000 /* entries; further ones are dropped */
#define AWS_PRICE_LIST_BYTES ((size_t)1 << 20)

struct aws_listed {
    char type[40];   /* AWS_TYPE_MAX */
    char region[32]; /* AWS_REGION_MAX */
    int64_t usd_micro;
    int64_t read_wall_ns; /* when it was read */
};

struct aws_price_list {
    VEC(struct aws_listed) all;
};

void aws_price_list_release(struct aws_price_list *list);
/* NULL: not known. Valid until the next put. */
const struct aws_listed *aws_price_list_find(const struct aws_price_list *list, const char *region,
                                             const char *type);
/* Replaces what was known. Without memory nothing is changed. */
void aws_price_list_put(struct aws_price_list *list, const struct aws_listed *price);

/* The file. Entries that make no sense are skipped; MUSTER_E_INVALID: it is no such file. */
int aws_price_list_parse(struct str text, struct aws_price_list *list, struct error *err);
void aws_price_list_print(const struct aws_price_list *list, struct buf *out);

/* GetProducts: Linux on shared hardware, nothing installed. */
void aws_write_products(const char *region, const char *type, struct buf *out);
/* The price of an hour on demand; PRICE_UNKNOWN: the list has none (in US dollars). */
int aws_read_products(struct str body, int64_t *ret_usd_micro, struct error *err);

#endif
