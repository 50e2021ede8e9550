/*
 * The largest value seen within a trailing span of time, in bounded memory.
 *
 * When more values matter than there is room for, two that are near in time are merged so that the
 * larger one lasts as long as the later one: the answer may be too large for up to 1/16 of the span,
 * never too small. For the smallest value, store negated ones.
 */
#ifndef CONTROL_WINDOW_H
#define CONTROL_WINDOW_H

#include <stdint.h>

#define WINDOW_MAX 24

struct window_entry {
    int64_t at_ns;
    int64_t value;
};

struct window {
    uint8_t len;
    struct window_entry entries[WINDOW_MAX]; /* falling values, rising times */
};

void window_add(struct window *w, int64_t now_ns, int64_t span_ns, int64_t value);

/* The largest value added within the last span_ns; INT64_MIN when there is none. */
int64_t window_max(const struct window *w, int64_t now_ns, int64_t span_ns);

#endif
