/*
 * A token bucket that knows a server's published limit, so that calls wait here instead of being
 * refused there. Pure: the caller brings the time.
 *
 * A bucket holds at most `capacity` tokens and gains `rate` a second. The server's own bucket is the
 * truth: when it refuses a call in spite of ours (others use the account too), ours is emptied and
 * refills more slowly for a while.
 */
#ifndef NET_BUCKET_H
#define NET_BUCKET_H

#include <stdint.h>

struct bucket {
    double capacity, rate; /* tokens; tokens per second, > 0 */
    double level;          /* may be below 0: a call of more tokens than the bucket holds */
    double share;          /* of the rate, 0.1 .. 1 */
    int64_t at_ns;         /* when `level` was right */
};

void bucket_init(struct bucket *b, double capacity, double rate, int64_t now_ns);

/* How long until `tokens` can be taken; 0: now. More than the capacity wait for a full bucket. */
int64_t bucket_wait_ns(struct bucket *b, double tokens, int64_t now_ns);
/* The same for somebody behind others, who wait for `ahead` tokens together. */
int64_t bucket_wait_behind_ns(struct bucket *b, double ahead, double tokens, int64_t now_ns);
/* Takes them; whoever does not wait first leaves the bucket in debt. */
void bucket_take(struct bucket *b, double tokens, int64_t now_ns);

void bucket_refused(struct bucket *b, int64_t now_ns); /* the server said: too many */
void bucket_served(struct bucket *b); /* it did not: a step back to the full rate */

#endif
