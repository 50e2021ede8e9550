/*
 * `muster check --live`: what a pool's file names, tried against the world, from this machine and with
 * the credentials of whoever runs it. Nothing is changed anywhere.
 */
#ifndef CMD_MUSTER_LIVE_H
#define CMD_MUSTER_LIVE_H

#include "base/finding.h"
#include "control/spec.h"
#include "muster.h"

struct live;

/* `part`: what of the file the finding is about, "queue sqs" or "buy.offers, entry 1: aws". */
typedef void live_tell_cb(void *ctx, const char *part, const struct finding *finding);

/* Everything that musterd works with, by cli->config. NULL: said why on standard error. */
struct live *live_open(const struct cli *cli, live_tell_cb *tell, void *ctx);
/* Takes NULL. */
void live_close(struct live *live);

/* What muster.yaml names: its queues of notices. */
void live_check_settings(struct live *live);
/* Waits for the world: up to two minutes for the queue, and for each entry of buy.offers. */
void live_check(struct live *live, const struct pool_spec *spec);

#endif
