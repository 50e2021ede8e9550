/*
 * An event of EC2's as EventBridge hands it over (the body of an SQS message), read. Pure.
 *
 *     {"source": "aws.ec2", "detail-type": "EC2 Spot Instance Interruption Warning",
 *      "detail": {"instance-id": "i-0123", "instance-action": "terminate"}, ...}
 */
#ifndef QUEUE_EC2_EVENT_H
#define QUEUE_EC2_EVENT_H

#include "base/error.h"
#include "base/str.h"
#include "control/event.h"

struct ec2_event {
    bool end; /* it says something of a machine's end; otherwise the rest is empty */
    char node[NODE_ID_MAX];
    enum notice what;
};

/*
 * Interruption warnings (of spot machines and of interruptible reservations), rebalance
 * recommendations, and changes to a state that ends or stops a machine. Any other event is fine, and
 * says nothing. MUSTER_E_INVALID: it is no event at all, or one of these without its machine.
 */
int ec2_event_parse(struct str text, struct ec2_event *ret, struct error *err);

#endif
