#include "auth/aws_endpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct service {
    const char *name;     /* of the endpoint */
    const char *id;       /* of the SDKs, in file and in AWS_ENDPOINT_URL_<ID> */
    const char *variable; /* AWS_ENDPOINT_URL_<ID> */
};

static const struct service services[] = {
    { "ec2", "ec2", "AWS_ENDPOINT_URL_EC2" },
    { "sqs", "sqs", "AWS_ENDPOINT_URL_SQS" },
    { "monitoring", "cloudwatch", "AWS_ENDPOINT_URL_CLOUDWATCH" },
    { "autoscaling", "auto_scaling", "AWS_ENDPOINT_URL_AUTO_SCALING" },
    { "sts", "sts", "AWS_ENDPOINT_URL_STS" },
    { "ssm", "ssm", "AWS_ENDPOINT_URL_SSM" },
    { "events", "eventbridge", "AWS_ENDPOINT_URL_EVENTBRIDGE" },
    { "pricing", "pricing", "AWS_ENDPOINT_URL_PRICING" },
    { "servicequotas", "service_quotas", "AWS_ENDPOINT_URL_SERVICE_QUOTAS" },
};

static const struct service *service_find(const char *name)
{
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if (strcmp(services[i].name, name) == 0)
            return &services[i];
    }
    return NULL;
}

const char *aws_dns_suffix(const char *region)
{
    static const char *const partitions[][2] = {
        { "cn-", "amazonaws.com.cn" },    { "us-iso-", "c2s.ic.gov" },
        { "us-isob-", "sc2s.sgov.gov" },  { "us-isof-", "csp.hci.ic.gov" },
        { "eu-isoe-", "cloud.adc-e.uk" }, { "eusc-", "amazonaws.eu" },
    };
    for (size_t i = 0; i < sizeof(partitions) / sizeof(partitions[0]); i++) {
        if (str_starts(str_from(region), partitions[i][0]))
            return partitions[i][1];
    }
    return "amazonaws.com"; /* us-gov- too */
}

/* Prices are told in a few regions only; each knows those of its partition. NULL: in none. */
static const char *pricing_region(const char *region)
{
    static const char *const regions[][2] = {
        { "cn-", "cn-northwest-1" },       { "us-gov-", NULL },
        { "us-iso-", "us-iso-east-1" },    { "us-isob-", "us-isob-east-1" },
        { "us-isof-", "us-isof-south-1" }, { "eu-isoe-", "eu-isoe-west-1" },
        { "eusc-", "eusc-de-east-1" },     { "eu-", "eu-central-1" },
        { "ap-", "ap-south-1" },
    };
    for (size_t i = 0; i < sizeof(regions) / sizeof(regions[0]); i++) {
        if (str_starts(str_from(region), regions[i][0]))
            return regions[i][1];
    }
    return "us-east-1";
}

/* The URL of "NAME=URL". */
static const char *in_list(char *const *list, size_t len, const char *name)
{
    size_t name_len = strlen(name);
    for (size_t i = 0; i < len; i++) {
        if (strncmp(list[i], name, name_len) == 0 && list[i][name_len] == '=')
            return list[i] + name_len + 1;
    }
    return NULL;
}

static const char *in_settings(const struct option_strings *list, const char *name)
{
    return in_list(list->at, list->len, name);
}

static const char *set_variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

/* As the SDKs have it: for the service before for all, variables before the profile. */
static const char *of_the_sdks(const struct aws_reach *reach, const struct service *service)
{
    const char *ignore = getenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
    const char *url = NULL;
    if (ignore ? strcmp(ignore, "true") == 0 : reach && reach->ignore_endpoints)
        return NULL;
    if (service)
        url = set_variable(service->variable);
    if (!url)
        url = set_variable("AWS_ENDPOINT_URL");
    if (!url && reach && service)
        url = in_list(reach->services.at, reach->services.len, service->id);
    return !url && reach ? reach->endpoint_url : url;
}

static const char *configured(const struct aws_settings *settings, const char *name)
{
    const struct service *service = service_find(name);
    const char *url = in_settings(&settings->endpoints, name);
    if (!url && service)
        url = in_settings(&settings->endpoints, service->id);
    if (!url)
        url = in_settings(&settings->endpoints, "*");
    return url ? url : of_the_sdks(settings->reach, service);
}

static bool valid_region(const char *region)
{
    size_t len = strlen(region);
    return len > 0 && len < 40 && strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == len &&
           region[0] != '-';
}

/* The host of a URL as curl will send it: lower case is the writer's, the scheme's own port is not. */
static int host_of(const char *url, struct aws_endpoint *ret)
{
    bool tls = str_starts(str_from(url), "https://");
    if (!tls && !str_starts(str_from(url), "http://"))
        return -1;
    const char *host = strstr(url, "://") + 3;
    size_t len = strcspn(host, "/?#");
    const char *own = tls ? ":443" : ":80";
    size_t own_len = strlen(own);
    if (len > own_len && strncmp(host + len - own_len, own, own_len) == 0)
        len -= own_len;
    if (len == 0 || memchr(host, '@', len) ||
        !str_copy(ret->host, sizeof(ret->host), (struct str){ host, len }))
        return -1;
    /* All our calls go to "/": a path would have to be signed, and no service has one. */
    size_t whole = (size_t)(host - url) + strcspn(host, "/?#");
    int n = snprintf(ret->url, sizeof(ret->url), "%.*s/", (int)whole, url);
    return n > 0 && (size_t)n < sizeof(ret->url) ? 0 : -1;
}

int aws_endpoint_find(const struct aws_settings *settings, const char *service, const char *region,
                      struct aws_endpoint *ret, struct error *err)
{
    struct aws_endpoint found = { 0 };
    bool pricing = strcmp(service, "pricing") == 0;
    if (!region || !valid_region(region))
        return error_set(err, MUSTER_E_CONFIG, "'%s' is not an AWS region", region ? region : "");
    const char *at = pricing ? pricing_region(region) : region;
    const char *url = configured(settings, service);
    if (!at && !url)
        return error_set(err, MUSTER_E_CONFIG, "AWS has no price list for %s", region);
    at = at ? at : region;
    char standard[256];
    (void)snprintf(standard, sizeof(standard), "https://%s%s.%s.%s/", pricing ? "api." : "",
                   service, at, aws_dns_suffix(region));
    if (host_of(url ? url : standard, &found) < 0)
        return error_set(err, MUSTER_E_CONFIG,
                         "the address of AWS %s is set to something that is not an http:// or "
                         "https:// URL of a host",
                         service);
    str_copy_c(found.signing_region, sizeof(found.signing_region), at);
    *ret = found;
    return 0;
}
