/* The form bodies of the calls to EC2 (and nothing else: no sending). Pure. */
#ifndef PROVIDERS_AWS_REQUESTS_H
#define PROVIDERS_AWS_REQUESTS_H

#include "base/str.h"
#include "base/vec.h"
#include "control/intent.h"
#include "providers/aws/answers.h"
#include "providers/aws/options.h"

#define AWS_TEMPLATE_NAME_MAX 96

/* One machine type in one zone or subnet. */
struct aws_choice {
    char type[AWS_TYPE_MAX];
    char place[AWS_PLACE_MAX];
};

struct aws_choices {
    VEC(struct aws_choice) all;
};

/* A launch, ready to be written down. Everything is borrowed. */
struct aws_order {
    const struct intent *intent;
    const struct offer *offer;
    const struct aws_options *options;
    const char *controller;            /* tag */
    const struct aws_choices *choices; /* at least one */
    const char *template;              /* id or name; "": the image of the options */
    struct str user_data;              /* with an image; not yet base64 */
};

/* One call for one type in one place. Tokens hold for one zone: it is a part of the token. */
void ec2_write_run(const struct aws_order *order, struct buf *out);
/* An instant fleet over all choices; needs a template. */
void ec2_write_fleet(const struct aws_order *order, struct buf *out);
/* A launch template of the options' image and user data, named `name`. */
void ec2_write_template(const struct aws_order *order, const char *name, struct buf *out);

/* All machines of this controller; `next` "" for the first page. */
void ec2_write_list(const char *controller, const char *next, struct buf *out);
/* The machines of one launch. */
void ec2_write_lookup(const char *controller, const char *token, const char *next, struct buf *out);
void ec2_write_terminate(const char *const *ids, size_t len, struct buf *out);
/* Spot requests that EC2 ends. */
void ec2_write_notices(const char *next, struct buf *out);
/* Current spot prices of these types in all zones. */
void ec2_write_prices(const char *const *types, size_t len, int64_t wall_ns, const char *next,
                      struct buf *out);

#endif
