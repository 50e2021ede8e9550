#include "providers/aws/requests.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "auth/aws_client.h"
#include "base/clock.h"
#include "providers/aws/check_answers.h"
#include "providers/user_data.h"

#define EC2_VERSION "2016-11-15"

static void begin(struct buf *out, const char *action)
{
    aws_form_begin(out, action, EC2_VERSION);
}

static void add(struct buf *out, const char *name, const char *value)
{
    aws_form_add(out, name, str_from(value));
}

static void add_set(struct buf *out, const char *name, const char *value)
{
    if (*value)
        add(out, name, value);
}

#define NAME_MAX_BYTES 160

/* "Filter.1.Value.2": the name is made, the value given. */
__attribute__((format(printf, 3, 4))) static void add_at(struct buf *out, const char *value,
                                                         const char *format, ...)
{
    char name[NAME_MAX_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(name, sizeof(name), format, args);
    va_end(args);
    add(out, name, value);
}

/* ---- tags --------------------------------------------------------------------------------------- */

static void add_tag(struct buf *out, size_t resource, size_t *tag, struct str key,
                    const char *value)
{
    char name[NAME_MAX_BYTES];
    ++*tag;
    snprintf(name, sizeof(name), "TagSpecification.%zu.Tag.%zu.Key", resource, *tag);
    aws_form_add(out, name, key);
    snprintf(name, sizeof(name), "TagSpecification.%zu.Tag.%zu.Value", resource, *tag);
    add(out, name, value);
}

static void add_tags(struct buf *out, const struct aws_order *order, size_t resource,
                     const char *type)
{
    const struct aws_options *o = order->options;
    size_t tag = 0;
    char slots[24];
    snprintf(slots, sizeof(slots), "%" PRId64, order->intent->slots);
    add_at(out, type, "TagSpecification.%zu.ResourceType", resource);
    add_tag(out, resource, &tag, STR(AWS_TAG_CONTROLLER), order->controller);
    add_tag(out, resource, &tag, STR(AWS_TAG_POOL), order->intent->pool);
    add_tag(out, resource, &tag, STR(AWS_TAG_INTENT), order->intent->token);
    add_tag(out, resource, &tag, STR(AWS_TAG_OFFER), order->intent->offer);
    add_tag(out, resource, &tag, STR(AWS_TAG_SLOTS), slots);
    for (size_t i = 0; i < o->tags.len; i++) {
        const char *equals = strchr(o->tags.at[i], '=');
        struct str key = { o->tags.at[i], equals ? (size_t)(equals - o->tags.at[i]) : 0 };
        if (equals)
            add_tag(out, resource, &tag, key, equals + 1);
    }
}

/* ---- launches ----------------------------------------------------------------------------------- */

static bool is_subnet(const char *place)
{
    return strncmp(place, "subnet-", 7) == 0;
}

static bool is_template_id(const char *template)
{
    return strncmp(template, "lt-", 3) == 0;
}

static void add_machine(struct buf *out, const struct aws_order *order, const char *prefix)
{
    const struct aws_options *o = order->options;
    char name[NAME_MAX_BYTES];
    bool arn = strncmp(o->instance_profile, "arn:", 4) == 0;
    snprintf(name, sizeof(name), "%sImageId", prefix);
    add(out, name, o->image);
    for (size_t i = 0; i < o->security_groups.len; i++)
        add_at(out, o->security_groups.at[i], "%sSecurityGroupId.%zu", prefix, i + 1);
    snprintf(name, sizeof(name), "%sKeyName", prefix);
    add_set(out, name, o->key_name);
    snprintf(name, sizeof(name), "%sIamInstanceProfile.%s", prefix, arn ? "Arn" : "Name");
    add_set(out, name, o->instance_profile);
    struct buf coded = { 0 };
    base64_add(&coded, order->user_data);
    snprintf(name, sizeof(name), "%sUserData", prefix);
    if (order->user_data.len > 0)
        aws_form_add(out, name, buf_str(&coded));
    if (buf_failed(&coded))
        out->failed = buf_failed(&coded);
    buf_release(&coded);
    /* The second hop is for workers in containers. */
    add_at(out, "required", "%sMetadataOptions.HttpTokens", prefix);
    add_at(out, "2", "%sMetadataOptions.HttpPutResponseHopLimit", prefix);
    /* A machine that shuts itself down is not left behind, stopped and paid for. */
    add_at(out, "terminate", "%sInstanceInitiatedShutdownBehavior", prefix);
}

static void add_template(struct buf *out, const struct aws_order *order, const char *prefix)
{
    const char *template = order->template;
    const char *version = *order->options->image ? "$Latest" : order->options->template_version;
    add_at(out, template, "%sLaunchTemplate%s", prefix, is_template_id(template) ? "Id" : "Name");
    add_at(out, version, "%sVersion", prefix);
}

void ec2_write_run(const struct aws_order *order, struct buf *out)
{
    const struct aws_choice *choice = &order->choices->all.at[0];
    bool spot = order->offer->market == MARKET_SPOT;
    begin(out, "RunInstances");
    if (*order->template)
        add_template(out, order, "LaunchTemplate.");
    else
        add_machine(out, order, "");
    add(out, "InstanceType", choice->type);
    add(out, is_subnet(choice->place) ? "SubnetId" : "Placement.AvailabilityZone", choice->place);
    add(out, "MinCount", "1");
    aws_form_addf(out, "MaxCount", "%" PRId64, order->intent->count);
    aws_form_addf(out, "ClientToken", "%s-%.31s", order->intent->token, choice->place);
    if (spot) {
        add(out, "InstanceMarketOptions.MarketType", "spot");
        add(out, "InstanceMarketOptions.SpotOptions.SpotInstanceType", "one-time");
        add(out, "InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior", "terminate");
    }
    add_tags(out, order, 1, "instance");
    add_tags(out, order, 2, "volume");
    if (spot)
        add_tags(out, order, 3, "spot-instances-request");
}

static void add_override(struct buf *out, const struct aws_choice *choice, size_t number)
{
    const char *place = is_subnet(choice->place) ? "SubnetId" : "AvailabilityZone";
    add_at(out, choice->type, "LaunchTemplateConfigs.1.Overrides.%zu.InstanceType", number);
    add_at(out, choice->place, "LaunchTemplateConfigs.1.Overrides.%zu.%s", number, place);
}

void ec2_write_fleet(const struct aws_order *order, struct buf *out)
{
    bool spot = order->offer->market == MARKET_SPOT;
    int64_t count = order->intent->count;
    begin(out, "CreateFleet");
    add(out, "Type", "instant");
    add(out, "ClientToken", order->intent->token);
    add_template(out, order, "LaunchTemplateConfigs.1.LaunchTemplateSpecification.");
    for (size_t i = 0; i < order->choices->all.len; i++)
        add_override(out, &order->choices->all.at[i], i + 1);
    aws_form_addf(out, "TargetCapacitySpecification.TotalTargetCapacity", "%" PRId64, count);
    aws_form_addf(out, "TargetCapacitySpecification.OnDemandTargetCapacity", "%" PRId64,
                  spot ? 0 : count);
    aws_form_addf(out, "TargetCapacitySpecification.SpotTargetCapacity", "%" PRId64,
                  spot ? count : 0);
    add(out, "TargetCapacitySpecification.DefaultTargetCapacityType", spot ? "spot" : "on-demand");
    if (spot)
        add(out, "SpotOptions.AllocationStrategy",
            aws_allocation_words[order->options->allocation]);
    else
        add(out, "OnDemandOptions.AllocationStrategy", "lowest-price");
    add_tags(out, order, 1, "fleet");
    add_tags(out, order, 2, "instance");
    add_tags(out, order, 3, "volume");
}

void ec2_write_template(const struct aws_order *order, const char *name, struct buf *out)
{
    begin(out, "CreateLaunchTemplate");
    add(out, "LaunchTemplateName", name);
    add_machine(out, order, "LaunchTemplateData.");
    add(out, "TagSpecification.1.ResourceType", "launch-template");
    add(out, "TagSpecification.1.Tag.1.Key", AWS_TAG_CONTROLLER);
    add(out, "TagSpecification.1.Tag.1.Value", order->controller);
}

/* ---- looking ------------------------------------------------------------------------------------ */

#define PAGE "1000"

static void add_page(struct buf *out, const char *next)
{
    add(out, "MaxResults", PAGE);
    add_set(out, "NextToken", next);
}

void ec2_write_list(const char *controller, const char *next, struct buf *out)
{
    begin(out, "DescribeInstances");
    add(out, "Filter.1.Name", "tag:" AWS_TAG_CONTROLLER);
    add(out, "Filter.1.Value.1", controller);
    add_page(out, next);
}

void ec2_write_lookup(const char *controller, const char *token, const char *next, struct buf *out)
{
    begin(out, "DescribeInstances");
    add(out, "Filter.1.Name", "tag:" AWS_TAG_CONTROLLER);
    add(out, "Filter.1.Value.1", controller);
    add(out, "Filter.2.Name", "tag:" AWS_TAG_INTENT);
    add(out, "Filter.2.Value.1", token);
    add_page(out, next);
}

void ec2_write_terminate(const char *const *ids, size_t len, struct buf *out)
{
    begin(out, "TerminateInstances");
    for (size_t i = 0; i < len; i++)
        add_at(out, ids[i], "InstanceId.%zu", i + 1);
}

/* What a request's status is from the notice on. Those that a person ended are not asked for. */
static const char *const ending[] = {
    "marked-for-termination",
    "marked-for-stop",
    "instance-terminated-no-capacity",
    "instance-terminated-by-price",
    "instance-terminated-by-schedule",
    "instance-terminated-by-service",
    "instance-terminated-launch-group-constraint",
    "instance-stopped-no-capacity",
    "instance-stopped-by-price",
};

void ec2_write_notices(const char *next, struct buf *out)
{
    begin(out, "DescribeSpotInstanceRequests");
    add(out, "Filter.1.Name", "status-code");
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
        add_at(out, ending[i], "Filter.1.Value.%zu", i + 1);
    add_page(out, next);
}

void ec2_write_prices(const char *const *types, size_t len, int64_t wall_ns, const char *next,
                      struct buf *out)
{
    char now[CLOCK_TEXT_MAX];
    clock_format_wall(wall_ns, now);
    begin(out, "DescribeSpotPriceHistory");
    for (size_t i = 0; i < len; i++)
        add_at(out, types[i], "InstanceType.%zu", i + 1);
    add(out, "ProductDescription.1", "Linux/UNIX");
    add(out, "ProductDescription.2", "Linux/UNIX (Amazon VPC)");
    add(out, "StartTime", now);
    add(out, "EndTime", now);
    add_set(out, "NextToken", next);
}

/* ---- for `muster check --live` ------------------------------------------------------------------ */

void sts_write_identity(struct buf *out)
{
    aws_form_begin(out, "GetCallerIdentity", "2011-06-15");
}

void ec2_write_template_query(const char *template, const char *version, struct buf *out)
{
    begin(out, "DescribeLaunchTemplateVersions");
    add(out, is_template_id(template) ? "LaunchTemplateId" : "LaunchTemplateName", template);
    add(out, "LaunchTemplateVersion.1", version);
}

void ec2_write_image_query(const char *image, struct buf *out)
{
    begin(out, "DescribeImages");
    add(out, "ImageId.1", image);
}

static void add_filter(struct buf *out, int number, const char *name, const char *const *values,
                       size_t len)
{
    add_at(out, name, "Filter.%d.Name", number);
    for (size_t i = 0; i < len; i++)
        add_at(out, values[i], "Filter.%d.Value.%zu", number, i + 1);
}

void ec2_write_subnets_query(const char *const *names, size_t len, bool zones, struct buf *out)
{
    static const char *const yes[] = { "true" };
    begin(out, "DescribeSubnets");
    add_filter(out, 1, zones ? "availability-zone" : "subnet-id", names, len);
    if (zones)
        add_filter(out, 2, "default-for-az", yes, 1);
}

void ec2_write_offerings_query(const char *const *types, size_t len, const char *next,
                               struct buf *out)
{
    begin(out, "DescribeInstanceTypeOfferings");
    add(out, "LocationType", "availability-zone");
    add_filter(out, 1, "instance-type", types, len);
    add_page(out, next);
}

/* By a filter: asked for by name, one that does not exist would hide the others. */
void ec2_write_types_query(const char *const *types, size_t len, const char *next, struct buf *out)
{
    begin(out, "DescribeInstanceTypes");
    add_filter(out, 1, "instance-type", types, len);
    add(out, "MaxResults", "100");
    add_set(out, "NextToken", next);
}
