/*
 * muster top: what is kept between two looks (top.c), and how it is drawn (top_view.c).
 */
#ifndef MUSTER_TOP_H
#define MUSTER_TOP_H

#include "base/vec.h"
#include "muster.h"

#define TOP_HISTORY 60 /* looks, at one a second */

struct top_pool {
    char name[64];
    double waiting[TOP_HISTORY]; /* a ring; NaN where unknown */
    double ready[TOP_HISTORY];
    size_t len;    /* of the rings, and where the next value goes */
    char line[96]; /* what the last printed line told, to see whether anything changed */
    double printed_waiting;
    int64_t printed_ms;
};

struct top {
    const struct cli *cli;
    VEC(struct top_pool) pools;
    int64_t started_ms;
    int64_t now_ms;
    double peak_nodes;
    bool worked; /* there was work or a node at some time */
    bool utf8;   /* block characters can be shown */
    int rows;    /* of the terminal */
};

/* The pool's memory, made if it is new; NULL when out of memory. */
struct top_pool *top_pool(struct top *top, const char *name);

/* A screen full of it. */
void top_paint(const struct top *top, const cJSON *status, const char *problem, struct buf *out);
/* A line for each pool that changed since its last line. */
void top_lines(struct top *top, const cJSON *status, struct buf *out);

#endif
