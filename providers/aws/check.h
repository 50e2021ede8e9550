/*
 * `muster check --live` for an `aws:` entry: one question to AWS after the other, each a step. The parts
 * of it, for each other.
 *
 *     check.c         the order of the steps; who am I
 *     check_place.c   launch template, image, subnets, types
 *     check_right.c   what we may do: trials that EC2 judges and does not carry out
 *     check_price.c   what a machine costs
 *     check_quota.c   how many of them we may have
 */
#ifndef PROVIDERS_AWS_CHECK_H
#define PROVIDERS_AWS_CHECK_H

#include "providers/aws/aws.h"
#include "providers/aws/check_answers.h"

#define AWS_CHECK_NAMES_MAX 100 /* types or places that are looked at */

struct aws_check {
    struct aws_op base;
    struct provider_check check;
    const struct aws_options *o;
    size_t step;
    size_t asked;              /* questions of this step that were answered */
    char token[AWS_TOKEN_MAX]; /* of its next page; "": none */
    /* What the steps found out. */
    struct ec2_template template;
    struct ec2_image image; /* architecture "": not known */
    struct ec2_subnets subnets;
    struct ec2_offerings offerings;
    struct ec2_types types;
    struct ec2_prices spot;
    char machine[NODE_ID_MAX]; /* one that is ours and lives; "": none */
    /* Names that are asked for; borrowed from the options, or from `zones`. */
    const char *names[AWS_CHECK_NAMES_MAX];
    char zones[AWS_CHECK_NAMES_MAX][AWS_PLACE_MAX];
    size_t names_len;
};

/*
 * Asks: fills `request` (an EC2 query for its action, if it sets nothing else) and its body. false: this
 * step has nothing (more) to ask; it may have told findings, unless it is the first.
 */
typedef bool aws_check_ask(struct aws_check *c, struct aws_request *request, struct buf *body);
/* Tells what came of it. */
typedef void aws_check_answer(struct aws_check *c, const struct aws_response *response,
                              const struct error *err);

aws_check_ask aws_check_ask_template, aws_check_ask_image, aws_check_ask_places,
    aws_check_ask_offerings, aws_check_ask_types;
aws_check_answer aws_check_template, aws_check_image, aws_check_places, aws_check_offerings,
    aws_check_types;

aws_check_ask aws_check_ask_launch, aws_check_ask_list, aws_check_ask_terminate;
aws_check_answer aws_check_launch, aws_check_list, aws_check_terminate;

aws_check_ask aws_check_ask_spot, aws_check_ask_demand, aws_check_ask_quota;
aws_check_answer aws_check_spot, aws_check_demand, aws_check_quota;

/* ---- telling ---- */

void aws_check_tell(struct aws_check *c, enum finding_answer answer, const char *what,
                    const char *remedy, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
/* A question that failed: no, or unknown where only the looking is not allowed. */
void aws_check_tell_error(struct aws_check *c, const char *what, const char *action,
                          const struct error *err);

/* Puts the entry's types into names. */
void aws_check_name_types(struct aws_check *c);
/* The zone of a place, if the place is a subnet that was found; else the place. */
const char *aws_check_zone(const struct aws_check *c, const char *place);
bool aws_check_wants_spot(const struct aws_options *o);

#endif
