/*
 * What of a Redis stream waits: all of it, or what its consumer group has not been given yet. What the
 * group was given and has not acknowledged is running.
 */
#ifndef QUEUE_REDIS_STREAM_H
#define QUEUE_REDIS_STREAM_H

#include "queue/redis_source.h"

/* What redis_stream_read leaves to redis_stream_finish. */
struct redis_stream {
    bool asked;     /* a further command, which redis_stream_finish takes */
    size_t limit;   /* entries it gives at most */
    double at_most; /* entries that wait, when it gives as many as that */
};

/* group may be NULL. */
void redis_stream_ask(struct redis_poll *poll, const char *stream, const char *group);
int redis_stream_read(struct redis_poll *poll, struct redis_replies *got, const char *stream,
                      const char *group, struct redis_stream *ret, struct error *err);
int redis_stream_finish(struct redis_poll *poll, struct redis_replies *got,
                        const struct redis_stream *left, struct error *err);

#endif
