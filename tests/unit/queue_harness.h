/* One open queue source on a loop of its own, polled until it answers. */
#ifndef TESTS_UNIT_QUEUE_HARNESS_H
#define TESTS_UNIT_QUEUE_HARNESS_H

#include <stdbool.h>

#include "auth/aws_settings.h"
#include "auth/gcp_settings.h"
#include "queue/sources.h"

struct queue_harness {
    uv_loop_t loop;
    struct http_client *http;
    struct aws_client *aws;
    struct aws_settings aws_settings; /* all absent: endpoints and credentials by environment */
    struct gcp_client *gcp;
    struct gcp_settings gcp_settings; /* the same */
    struct clock clock;               /* the system's, or one that stands at wall_ns */
    int64_t wall_ns;                  /* 0: the system's */
    const struct queue_plugin *plugin;
    void *options;
    struct queue *queue;
    bool close_in_callback;
    /* the last answer */
    int answers;
    struct sample sample;
    struct error err;
};

void queue_harness_init(struct queue_harness *h);
void queue_harness_release(struct queue_harness *h);

/* Sets options from pairs of key and value (as in a policy file; a list by commas), ended by NULL.
 * false: the source refused; h->err says why, and names the key. */
bool queue_harness_open(struct queue_harness *h, const struct queue_plugin *plugin,
                        const char *const *settings);
#define QUEUE_SETTINGS(...) ((const char *const[]){ __VA_ARGS__ __VA_OPT__(, ) NULL })
void queue_harness_close(struct queue_harness *h);

/* Starts a poll; runs the loop until it is answered (at most 20 s). Gives h->err.code. */
void queue_harness_start(struct queue_harness *h);
int queue_harness_poll(struct queue_harness *h);

#endif
