/* What the entry names: is it there, and do the parts fit each other? */
#include <stdio.h>
#include <string.h>

#include "providers/aws/check.h"

#define REMEDY_NAME "correct it in the policy file"

/* ---- the launch template ------------------------------------------------------------------------ */

bool aws_check_ask_template(struct aws_check *c, struct aws_request *request, struct buf *body)
{
    if (c->asked > 0 || !*c->o->launch_template)
        return false;
    request->action = "DescribeLaunchTemplateVersions";
    ec2_write_template_query(c->o->launch_template, c->o->template_version, body);
    return true;
}

void aws_check_template(struct aws_check *c, const struct aws_response *response,
                        const struct error *err)
{
    struct error bad = *err;
    const struct ec2_template *t = &c->template;
    if (!bad.code)
        (void)ec2_read_template(response->body, &c->template, &bad);
    if (bad.code)
        aws_check_tell_error(c, "launch template", "ec2:DescribeLaunchTemplateVersions", &bad);
    else if (!t->id[0])
        aws_check_tell(c, FINDING_NO, "launch template",
                       "correct `launch_template` and `version` in the policy file",
                       "there is no version %s of %s", c->o->template_version,
                       c->o->launch_template);
    else if (!t->image[0])
        aws_check_tell(c, FINDING_NO, "launch template", "make a version of it that has an image",
                       "%s (%s), version %s, names no image", t->id, t->name, t->version);
    else
        aws_check_tell(c, FINDING_OK, "launch template", NULL, "%s (%s), version %s, image %s%s",
                       t->id, t->name, t->version, t->image,
                       t->user_data ? ""
                                    : "; without user data: the image has to start muster-agent");
}

/* ---- the image ---------------------------------------------------------------------------------- */

bool aws_check_ask_image(struct aws_check *c, struct aws_request *request, struct buf *body)
{
    const char *image = *c->o->image ? c->o->image : c->template.image;
    /* "resolve:ssm:/my/image" is looked up by EC2 itself. */
    if (c->asked > 0 || strncmp(image, "ami-", 4) != 0)
        return false;
    request->action = "DescribeImages";
    ec2_write_image_query(image, body);
    return true;
}

void aws_check_image(struct aws_check *c, const struct aws_response *response,
                     const struct error *err)
{
    struct error bad = *err;
    const char *asked = *c->o->image ? c->o->image : c->template.image;
    const struct ec2_image *image = &c->image;
    if (!bad.code)
        (void)ec2_read_image(response->body, &c->image, &bad);
    if (bad.code)
        aws_check_tell_error(c, "image", "ec2:DescribeImages", &bad);
    else if (!image->id[0])
        aws_check_tell(c, FINDING_NO, "image", "name an image of this region that you may use",
                       "there is no image %s", asked);
    else if (strcmp(image->state, "available") != 0)
        aws_check_tell(c, FINDING_NO, "image", "wait for it, or name another", "%s (%s) is %s",
                       image->id, image->name, image->state);
    else
        aws_check_tell(c, FINDING_OK, "image", NULL, "%s (%s), %s", image->id, image->name,
                       image->architecture);
}

/* ---- zones and subnets -------------------------------------------------------------------------- */

static void name_places(struct aws_check *c)
{
    c->names_len = 0;
    for (size_t i = 0; i < aws_places(c->o) && i < AWS_CHECK_NAMES_MAX; i++) {
        aws_place(c->o, i, c->zones[i], sizeof(c->zones[i]));
        c->names[c->names_len++] = c->zones[i];
    }
}

bool aws_check_ask_places(struct aws_check *c, struct aws_request *request, struct buf *body)
{
    if (c->asked > 0)
        return false;
    name_places(c);
    request->action = "DescribeSubnets";
    ec2_write_subnets_query(c->names, c->names_len, c->o->subnets.len == 0, body);
    return true;
}

static const struct ec2_subnet *subnet_of(const struct aws_check *c, const char *place)
{
    for (size_t i = 0; i < c->subnets.all.len; i++) {
        const struct ec2_subnet *s = &c->subnets.all.at[i];
        if (strcmp(c->o->subnets.len > 0 ? s->id : s->zone, place) == 0)
            return s;
    }
    return NULL;
}

const char *aws_check_zone(const struct aws_check *c, const char *place)
{
    const struct ec2_subnet *subnet = subnet_of(c, place);
    return subnet ? subnet->zone : place;
}

static void tell_place(struct aws_check *c, const char *place)
{
    const struct ec2_subnet *s = subnet_of(c, place);
    char what[AWS_PLACE_MAX + 16];
    bool zones = c->o->subnets.len == 0;
    snprintf(what, sizeof(what), "%s%s", zones ? "zone " : "", place);
    if (!s && zones)
        aws_check_tell(c, FINDING_NO, what,
                       "correct the zone's name, or say `subnets` in place of `zones`",
                       "there is no default subnet: either the region has no such zone, or the "
                       "account no default network there");
    else if (!s)
        aws_check_tell(c, FINDING_NO, what, REMEDY_NAME, "there is no such subnet in %s",
                       c->base.region);
    else if (s->free_addresses == 0)
        aws_check_tell(c, FINDING_NO, what, "take a larger subnet, or give addresses back",
                       "no address is free in it");
    else
        aws_check_tell(c, FINDING_OK, what, NULL, "%s, %lld addresses free",
                       zones ? s->id : s->zone, (long long)s->free_addresses);
}

void aws_check_places(struct aws_check *c, const struct aws_response *response,
                      const struct error *err)
{
    struct error bad = *err;
    if (!bad.code)
        (void)ec2_read_subnets(response->body, &c->subnets, &bad);
    if (bad.code) {
        aws_check_tell_error(c, c->o->subnets.len > 0 ? "subnets" : "zones", "ec2:DescribeSubnets",
                             &bad);
        return;
    }
    for (size_t i = 0; i < c->names_len; i++)
        tell_place(c, c->names[i]);
}

/* ---- types -------------------------------------------------------------------------------------- */

bool aws_check_ask_offerings(struct aws_check *c, struct aws_request *request, struct buf *body)
{
    if (c->asked > 0 && !c->token[0])
        return false;
    aws_check_name_types(c);
    request->action = "DescribeInstanceTypeOfferings";
    ec2_write_offerings_query(c->names, c->names_len, c->token, body);
    return true;
}

void aws_check_offerings(struct aws_check *c, const struct aws_response *response,
                         const struct error *err)
{
    struct error bad = *err;
    if (!bad.code)
        (void)ec2_read_offerings(response->body, &c->offerings, &bad);
    if (bad.code)
        aws_check_tell_error(c, "types in zones", "ec2:DescribeInstanceTypeOfferings", &bad);
    str_copy_c(c->token, sizeof(c->token), bad.code ? "" : c->offerings.next);
}

bool aws_check_ask_types(struct aws_check *c, struct aws_request *request, struct buf *body)
{
    if (c->asked > 0 && !c->token[0])
        return false;
    aws_check_name_types(c);
    request->action = "DescribeInstanceTypes";
    ec2_write_types_query(c->names, c->names_len, c->token, body);
    return true;
}

static bool sold_in(const struct aws_check *c, const char *type, const char *zone)
{
    for (size_t i = 0; i < c->offerings.all.len; i++) {
        const struct ec2_offering *at = &c->offerings.all.at[i];
        if (strcmp(at->type, type) == 0 && strcmp(at->zone, zone) == 0)
            return true;
    }
    return false;
}

/* The zones of the entry in which it is sold, and those in which it is not. How many it is sold in. */
static size_t tell_zones(const struct aws_check *c, const char *type, struct buf *in,
                         struct buf *out)
{
    size_t sold = 0;
    for (size_t i = 0; i < aws_places(c->o) && i < AWS_CHECK_NAMES_MAX; i++) {
        char place[AWS_PLACE_MAX];
        aws_place(c->o, i, place, sizeof(place));
        const char *zone = aws_check_zone(c, place);
        bool here = sold_in(c, type, zone);
        sold += here;
        struct buf *to = here ? in : out;
        /* Several subnets of a zone are one zone. */
        if (!strstr(buf_text(to), zone))
            buf_addf(to, "%s%s", to->len > 0 ? ", " : "", zone);
    }
    return sold;
}

static const struct ec2_type *type_of(const struct aws_check *c, const char *name)
{
    for (size_t i = 0; i < c->types.all.len; i++) {
        if (strcmp(c->types.all.at[i].name, name) == 0)
            return &c->types.all.at[i];
    }
    return NULL;
}

static bool fits_image(const struct aws_check *c, const struct ec2_type *type)
{
    return !c->image.architecture[0] || !type->architecture[0] ||
           strcmp(c->image.architecture, type->architecture) == 0 ||
           strcmp(c->image.architecture, type->other_architecture) == 0;
}

static void tell_type(struct aws_check *c, const char *name)
{
    const struct ec2_type *type = type_of(c, name);
    struct buf in = { 0 }, out = { 0 };
    char what[AWS_TYPE_MAX + 8];
    size_t sold = tell_zones(c, name, &in, &out);
    snprintf(what, sizeof(what), "type %s", name);
    if (!type)
        aws_check_tell(c, FINDING_NO, what, REMEDY_NAME, "there is no such machine type in %s",
                       c->base.region);
    else if (!fits_image(c, type))
        aws_check_tell(c, FINDING_NO, what, "take an image and machine types of one architecture",
                       "its processor is %s, and the image %s is for %s", type->architecture,
                       c->image.id, c->image.architecture);
    else if (aws_check_wants_spot(c->o) && !type->spot)
        aws_check_tell(c, FINDING_NO, what,
                       "put it into an entry of its own with `market: on-demand`",
                       "it is not sold on the spot market");
    else if (sold == 0 && c->offerings.all.len > 0)
        aws_check_tell(c, FINDING_NO, what, "take other zones or another type",
                       "it is not sold in %s", buf_text(&out));
    else
        aws_check_tell(c, FINDING_OK, what, NULL, "%lld vCPU, %lld MiB, %s; sold in %s%s%s",
                       (long long)type->vcpus, (long long)type->mib, type->architecture,
                       in.len > 0 ? buf_text(&in) : "zones unknown", out.len > 0 ? ", not in " : "",
                       out.len > 0 && in.len > 0 ? buf_text(&out) : "");
    buf_release(&in);
    buf_release(&out);
}

void aws_check_types(struct aws_check *c, const struct aws_response *response,
                     const struct error *err)
{
    struct error bad = *err;
    if (!bad.code)
        (void)ec2_read_types(response->body, &c->types, &bad);
    str_copy_c(c->token, sizeof(c->token), bad.code ? "" : c->types.next);
    if (bad.code)
        aws_check_tell_error(c, "types", "ec2:DescribeInstanceTypes", &bad);
    else if (!c->token[0])
        for (size_t i = 0; i < c->names_len; i++)
            tell_type(c, c->names[i]);
}
