/*
 * What EC2 answers, parsed (providers/aws/xml.h). All readers are pure and bounded. A document that is
 * broken or cut off is MUSTER_E_INVALID, and what was read of it is thrown away.
 */
#ifndef PROVIDERS_AWS_ANSWERS_H
#define PROVIDERS_AWS_ANSWERS_H

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "control/event.h"
#include "providers/values.h"

#define AWS_TYPE_MAX  40
#define AWS_PLACE_MAX 40 /* a zone or a subnet */
#define AWS_TOKEN_MAX 4096

/* Tags that muster puts on a machine in the call that makes it. */
#define AWS_TAG_CONTROLLER "muster:controller"
#define AWS_TAG_POOL       "muster:pool"
#define AWS_TAG_INTENT     "muster:intent"
#define AWS_TAG_OFFER      "muster:offer"
#define AWS_TAG_SLOTS      "muster:slots"

struct ec2_instance {
    char id[NODE_ID_MAX];
    char type[AWS_TYPE_MAX];
    char zone[AWS_PLACE_MAX];
    char subnet[AWS_PLACE_MAX];
    char reason[64]; /* why it ended: "Server.SpotInstanceTermination" */
    bool spot;
    int state;                /* 0 pending, 16 running, 32 shutting-down, 48 terminated, 64, 80 */
    int64_t launched_wall_ns; /* 0: not told */
    int64_t slots;
    char controller[POOL_NAME_MAX];
    char pool[POOL_NAME_MAX];
    char offer[OFFER_NAME_MAX];
    char token[TOKEN_MAX];
};

struct ec2_instances {
    VEC(struct ec2_instance) all;
    char next[AWS_TOKEN_MAX]; /* the token of the next page; "": this was the last */
};

void ec2_instances_release(struct ec2_instances *list);
/* Appends what a DescribeInstancesResponse shows, and replaces `next`. */
int ec2_read_instances(struct str body, struct ec2_instances *list, struct error *err);
/* The same as it comes off the wire: into `list`, which is borrowed until the reader is freed. */
struct ec2_page;
int ec2_page_new(struct ec2_instances *list, struct ec2_page **ret, struct error *err);
void ec2_page_free(struct ec2_page *page); /* takes NULL */
int ec2_page_feed(struct ec2_page *page, struct str piece, struct error *err);
/* Before this gave 0, nothing in `list` is to be believed. */
int ec2_page_end(struct ec2_page *page, struct error *err);
/* A RunInstancesResponse. */
int ec2_read_run(struct str body, struct ec2_instances *list, struct error *err);

/* Why one choice of a fleet (type and place) gave nothing. */
struct fleet_error {
    char code[96];
    char message[256];
    char type[AWS_TYPE_MAX];   /* "" if it was not told */
    char place[AWS_PLACE_MAX]; /* zone or subnet */
};

struct fleet_answer {
    VEC(struct ec2_instance) instances; /* id, type and spot only */
    VEC(struct fleet_error) errors;
};

void fleet_answer_release(struct fleet_answer *answer);
/* *ret owns memory only on success. */
int ec2_read_fleet(struct str body, struct fleet_answer *ret, struct error *err);

/* Ids of machines whose spot requests say that they will be taken back, or have been. */
struct ec2_notices {
    VEC(struct ec2_instance) all; /* id only */
    char next[AWS_TOKEN_MAX];
};

void ec2_notices_release(struct ec2_notices *notices);
int ec2_read_notices(struct str body, struct ec2_notices *notices, struct error *err);

/* Current spot prices. */
struct ec2_price {
    char type[AWS_TYPE_MAX];
    char zone[AWS_PLACE_MAX];
    int64_t usd_micro;
    int64_t wall_ns; /* of the change */
};

struct ec2_prices {
    VEC(struct ec2_price) all;
    char next[AWS_TOKEN_MAX];
};

void ec2_prices_release(struct ec2_prices *prices);
int ec2_read_prices(struct str body, struct ec2_prices *prices, struct error *err);

#endif
