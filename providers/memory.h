/*
 * What is known of each place machines can be bought at: one machine type in one zone (or subnet) of
 * one market. Sold out until when, and what it costs.
 */
#ifndef PROVIDERS_MEMORY_H
#define PROVIDERS_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/map.h"
#include "base/vec.h"
#include "control/spec.h"

#define PLACE_KEY_MAX 128

struct place_memory {
    struct map by_key;
    VEC(struct place_memory_entry *) all; /* owned */
};

void place_memory_release(struct place_memory *m);

/* Sold out now: left alone for three minutes, twice as long each time in a row, at most an hour.
 * Failures of launches that were already out say nothing new. Out of memory: it is not remembered. */
void place_memory_sold_out(struct place_memory *m, const char *type, const char *place,
                           enum market market, int64_t now_ns);
/* Machines were had there. */
void place_memory_worked(struct place_memory *m, const char *type, const char *place,
                         enum market market);
bool place_memory_open(const struct place_memory *m, const char *type, const char *place,
                       enum market market, int64_t now_ns);

/* Prices are forgotten after an hour without news (spot) or two days (on demand). */
void place_memory_set_price(struct place_memory *m, const char *type, const char *place,
                            enum market market, int64_t usd_micro, int64_t now_ns);
int64_t place_memory_price(const struct place_memory *m, const char *type, const char *place,
                           enum market market, int64_t now_ns); /* PRICE_UNKNOWN */

#endif
