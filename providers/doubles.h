/* What a listing of several pages may show twice. */
#ifndef PROVIDERS_DOUBLES_H
#define PROVIDERS_DOUBLES_H

#include <stddef.h>

#include "control/event.h"

/*
 * Pages are read one after the other while machines come, go and move between them. Sorts by id and keeps
 * one view of each machine, the one that is further on in its life: it is the newer. Gives how many are
 * left. Every node has an id (LISTED_UNSEEN is added afterwards).
 */
size_t drop_doubles(struct listed_node *nodes, size_t len);

#endif
