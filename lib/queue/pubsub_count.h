/*
 * Counts the messages of a subscription at a Pub/Sub emulator, which has no Cloud Monitoring: all are
 * pulled, counted, and given back at once. Workers that pull meanwhile get none for a moment; where
 * deliveries are counted (dead letters), each look is one. So this is for emulators alone.
 */
#ifndef QUEUE_PUBSUB_COUNT_H
#define QUEUE_PUBSUB_COUNT_H

#include "auth/gcp_client.h"

#define PUBSUB_COUNT_MAX 20000 /* more are not counted */

struct pubsub_counted {
    int64_t messages;
    int64_t oldest_wall_ns; /* 0: not known */
};

/* found: with err->code 0. */
typedef void pubsub_count_cb(void *ctx, const struct pubsub_counted *found,
                             const struct error *err);

struct pubsub_count {
    struct gcp_client *gcp;
    char path[400];     /* projects/P/subscriptions/S */
    struct buf ack_ids; /* as JSON texts, with commas between */
    struct pubsub_counted found;
    struct error failure; /* of pulling: the messages are given back all the same */
    pubsub_count_cb *done;
    void *ctx;
};

/* PUBSUB_EMULATOR_HOST is set. */
bool pubsub_count_wanted(void);

/* Zeroed memory, or one that has answered. path: projects/P/subscriptions/S. Calls back later, once; its calls go by `count` as ctx. */
int pubsub_count_begin(struct pubsub_count *count, struct gcp_client *gcp, const char *path,
                       pubsub_count_cb *done, void *ctx, struct error *err);
void pubsub_count_release(struct pubsub_count *count);

/* One answer of `pull`: appends to ack_ids, adds to found; *ret_len: messages in it. */
int pubsub_count_read(struct str body, struct buf *ack_ids, struct pubsub_counted *found,
                      size_t *ret_len, struct error *err);

#endif
