/*
 * Watches the cloud's metadata service for notices of this machine's end. EC2 is asked every two
 * seconds (it gives two minutes), Google's server tells by itself, the moment it knows (it gives
 * thirty seconds).
 *
 * A service that does not answer is told of once, and again when it does; watching goes on. With
 * WATCH_AUTO it is found out which cloud this is; where none answers, watching ends.
 */
#ifndef RUNTIME_NOTICE_WATCH_H
#define RUNTIME_NOTICE_WATCH_H

#include <uv.h>

#include "base/error.h"
#include "base/log.h"
#include "runtime/notice_read.h"

enum watch_cloud { WATCH_NONE, WATCH_AWS, WATCH_GCP, WATCH_AUTO };

extern const char *const watch_cloud_words[]; /* "none", "aws", "gcp", "auto", NULL */

struct notice_watch;

/* NOTICE_WORD_REBALANCE or NOTICE_WORD_END, once each at most, from the loop; `what` is for people. */
typedef void notice_watch_cb(void *ctx, enum notice_word word, const char *what);

/* cloud: not WATCH_NONE. */
int notice_watch_new(uv_loop_t *loop, struct log *log, enum watch_cloud cloud,
                     notice_watch_cb *seen, void *ctx, struct notice_watch **ret,
                     struct error *err);
/* Questions under way are dropped. Takes NULL. */
void notice_watch_free(struct notice_watch *watch);

#endif
