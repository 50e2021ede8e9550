#include "net/bucket.h"

#include "base/clock.h"

#define SHARE_MIN  0.1
#define SHARE_DOWN 0.7
#define SHARE_UP   0.02

void bucket_init(struct bucket *b, double capacity, double rate, int64_t now_ns)
{
    *b = (struct bucket){
        .capacity = capacity, .rate = rate, .level = capacity, .share = 1, .at_ns = now_ns
    };
}

static void refill(struct bucket *b, int64_t now_ns)
{
    if (now_ns <= b->at_ns)
        return;
    b->level += (double)(now_ns - b->at_ns) / (double)NS_PER_S * b->rate * b->share;
    if (b->level > b->capacity)
        b->level = b->capacity;
    b->at_ns = now_ns;
}

int64_t bucket_wait_ns(struct bucket *b, double tokens, int64_t now_ns)
{
    return bucket_wait_behind_ns(b, 0, tokens, now_ns);
}

int64_t bucket_wait_behind_ns(struct bucket *b, double ahead, double tokens, int64_t now_ns)
{
    double need = ahead + (tokens < b->capacity ? tokens : b->capacity);
    refill(b, now_ns);
    /* A hair's breadth is forgiven, or rounding would ask for one more nanosecond for ever. */
    if (b->level >= need - 1e-6)
        return 0;
    return (int64_t)((need - b->level) / (b->rate * b->share) * (double)NS_PER_S) + 1;
}

void bucket_take(struct bucket *b, double tokens, int64_t now_ns)
{
    refill(b, now_ns);
    b->level -= tokens;
}

void bucket_refused(struct bucket *b, int64_t now_ns)
{
    refill(b, now_ns);
    if (b->level > 0)
        b->level = 0;
    b->share = b->share * SHARE_DOWN > SHARE_MIN ? b->share * SHARE_DOWN : SHARE_MIN;
}

void bucket_served(struct bucket *b)
{
    b->share = b->share + SHARE_UP < 1 ? b->share + SHARE_UP : 1;
}
