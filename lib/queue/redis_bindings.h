/*
 * Which tasks that Celery has in flight belong to a queue, when their routing key is not its name:
 * kombu keeps, per exchange, a set of bindings (routing key 06 16 pattern 06 16 queue). Tasks are
 * gathered by exchange and key first, then each pair is looked up once.
 */
#ifndef QUEUE_REDIS_BINDINGS_H
#define QUEUE_REDIS_BINDINGS_H

#include "queue/redis_batch.h"

#define REDIS_BINDINGS_MAX 16

struct redis_route {
    char exchange[96];
    char key[160];
    double count; /* tasks sent this way */
};

struct redis_bindings {
    struct redis_route at[REDIS_BINDINGS_MAX];
    size_t len;
};

/* One task more; false when there is no room for another route, or it is too long. */
bool redis_bindings_add(struct redis_bindings *bindings, const char *exchange, const char *key);

/* Asks for the bindings of every route. */
void redis_bindings_ask(const struct redis_bindings *bindings, struct redis_batch *ask,
                        const char *prefix);
/* Takes the replies; *ret is how many of the tasks went to this queue. */
int redis_bindings_read(const struct redis_bindings *bindings, struct redis_replies *got,
                        const char *queue, double *ret, struct error *err);

/* AMQP's topics: words by dots; '*' stands for one word, '#' for any number of them. */
bool redis_topic_matches(struct str pattern, struct str key);

#endif
