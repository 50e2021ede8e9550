/*
 * What EC2 and STS answer to the questions of `muster check --live`, parsed; and the questions. As
 * answers.h and requests.h: pure and bounded, lists are replaced or added to page by page.
 */
#ifndef PROVIDERS_AWS_CHECK_ANSWERS_H
#define PROVIDERS_AWS_CHECK_ANSWERS_H

#include "providers/aws/answers.h"

/* GetCallerIdentity: "arn:aws:sts::123456789012:assumed-role/muster/session". */
int sts_read_identity(struct str body, char *ret_arn, size_t size, struct error *err);
void sts_write_identity(struct buf *out);

/* One version of a launch template; id "": there is none. */
struct ec2_template {
    char id[40], name[132], version[24];
    char image[64]; /* "": it names none */
    bool user_data;
};

int ec2_read_template(struct str body, struct ec2_template *ret, struct error *err);
void ec2_write_template_query(const char *template, const char *version, struct buf *out);

/* id "": there is none. */
struct ec2_image {
    char id[64], name[132], architecture[16], state[24];
};

int ec2_read_image(struct str body, struct ec2_image *ret, struct error *err);
void ec2_write_image_query(const char *image, struct buf *out);

struct ec2_subnet {
    char id[AWS_PLACE_MAX], zone[AWS_PLACE_MAX];
    int64_t free_addresses;
};

struct ec2_subnets {
    VEC(struct ec2_subnet) all;
};

void ec2_subnets_release(struct ec2_subnets *list);
int ec2_read_subnets(struct str body, struct ec2_subnets *list, struct error *err);
/* By ids; or the default subnets of zones. */
void ec2_write_subnets_query(const char *const *names, size_t len, bool zones, struct buf *out);

/* Which type is sold in which zone. */
struct ec2_offering {
    char type[AWS_TYPE_MAX], zone[AWS_PLACE_MAX];
};

struct ec2_offerings {
    VEC(struct ec2_offering) all;
    char next[AWS_TOKEN_MAX];
};

void ec2_offerings_release(struct ec2_offerings *list);
int ec2_read_offerings(struct str body, struct ec2_offerings *list, struct error *err);
void ec2_write_offerings_query(const char *const *types, size_t len, const char *next,
                               struct buf *out);

struct ec2_type {
    char name[AWS_TYPE_MAX];
    char architecture[16], other_architecture[16]; /* "x86_64"; the last of those told */
    int64_t vcpus, mib;
    bool spot, on_demand;
};

struct ec2_types {
    VEC(struct ec2_type) all;
    char next[AWS_TOKEN_MAX];
};

void ec2_types_release(struct ec2_types *list);
int ec2_read_types(struct str body, struct ec2_types *list, struct error *err);
void ec2_write_types_query(const char *const *types, size_t len, const char *next, struct buf *out);

#endif
