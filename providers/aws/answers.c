#include "providers/aws/answers.h"

#include <stdlib.h>
#include <string.h>

#include "base/units.h"
#include "providers/aws/xml.h"

/* The rest of `path` behind `prefix`; NULL if it begins otherwise. */
static const char *below(const char *path, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(path, prefix, n) == 0 ? path + n : NULL;
}

/* ---- instances ---------------------------------------------------------------------------------- */

struct reading {
    struct ec2_instances *list;
    const char *item; /* path of one instance */
    size_t item_len;
    struct ec2_instance now;
    char key[128]; /* of the tag being read */
    char value[256];
};

static void take_tag(struct reading *r)
{
    struct ec2_instance *i = &r->now;
    const struct {
        const char *key;
        char *to;
        size_t size;
    } texts[] = {
        { AWS_TAG_CONTROLLER, i->controller, sizeof(i->controller) },
        { AWS_TAG_POOL, i->pool, sizeof(i->pool) },
        { AWS_TAG_INTENT, i->token, sizeof(i->token) },
        { AWS_TAG_OFFER, i->offer, sizeof(i->offer) },
    };
    for (size_t n = 0; n < sizeof(texts) / sizeof(texts[0]); n++) {
        /* A name cut short would be another name. */
        if (strcmp(r->key, texts[n].key) == 0 && !str_copy_c(texts[n].to, texts[n].size, r->value))
            texts[n].to[0] = '\0';
    }
    int64_t slots;
    if (strcmp(r->key, AWS_TAG_SLOTS) == 0 &&
        units_parse_int(str_from(r->value), &slots, NULL) == 0 && slots > 0)
        i->slots = slots;
    r->key[0] = r->value[0] = '\0';
}

static int take_state(struct ec2_instance *i, struct str text, struct error *err)
{
    int64_t code;
    int rc = units_parse_int(str_trim(text), &code, err);
    if (rc < 0)
        return error_wrap(err, "an instance's state");
    i->state = (int)(code & 0xff); /* the high byte is EC2's own */
    return 0;
}

static int take_field(struct reading *r, const char *name, struct str text, struct error *err)
{
    struct ec2_instance *i = &r->now;
    const struct {
        const char *name;
        char *to;
        size_t size;
    } texts[] = {
        { "instanceId", i->id, sizeof(i->id) },
        { "instanceType", i->type, sizeof(i->type) },
        { "placement/availabilityZone", i->zone, sizeof(i->zone) },
        { "subnetId", i->subnet, sizeof(i->subnet) },
        { "stateReason/code", i->reason, sizeof(i->reason) },
        { "tagSet/item/key", r->key, sizeof(r->key) },
        { "tagSet/item/value", r->value, sizeof(r->value) },
    };
    for (size_t n = 0; n < sizeof(texts) / sizeof(texts[0]); n++) {
        if (strcmp(name, texts[n].name) == 0) {
            str_copy(texts[n].to, texts[n].size, text);
            return 0;
        }
    }
    if (strcmp(name, "tagSet/item") == 0)
        take_tag(r);
    else if (strcmp(name, "instanceState/code") == 0)
        return take_state(i, text, err);
    else if (strcmp(name, "instanceLifecycle") == 0)
        i->spot = str_eq_c(str_trim(text), "spot");
    else if (strcmp(name, "launchTime") == 0 && wire_time(text, &i->launched_wall_ns, NULL) < 0)
        i->launched_wall_ns = 0;
    return 0;
}

static int instance_element(void *ctx, const char *path, struct str text, struct error *err)
{
    struct reading *r = ctx;
    if (strcmp(path, "nextToken") == 0) {
        if (!str_copy(r->list->next, sizeof(r->list->next), str_trim(text)))
            return error_set(err, MUSTER_E_TOOBIG, "the token of the next page is too long");
        return 0;
    }
    if (strncmp(path, r->item, r->item_len) != 0)
        return 0;
    if (path[r->item_len] == '/')
        return take_field(r, path + r->item_len + 1, text, err);
    if (path[r->item_len])
        return 0;
    /* An instance without a name cannot be listed, and must not be left out. */
    if (!r->now.id[0])
        return error_set(err, MUSTER_E_INVALID, "an instance has no id");
    bool pushed = vec_push(&r->list->all, r->now);
    r->now = (struct ec2_instance){ .state = -1 };
    return pushed ? 0 : error_nomem(err);
}

#define LISTED_ROOT "DescribeInstancesResponse"
#define LISTED_ITEM "reservationSet/item/instancesSet/item"

static struct reading begin_reading(struct ec2_instances *list, const char *item)
{
    list->next[0] = '\0';
    return (struct reading){
        .list = list, .item = item, .item_len = strlen(item), .now = { .state = -1 }
    };
}

static int read_instances(struct str body, const char *root, const char *item,
                          struct ec2_instances *list, struct error *err)
{
    struct reading r = begin_reading(list, item);
    size_t before = list->all.len;
    int rc = xml_read(body, root, instance_element, &r, err);
    if (rc < 0)
        list->all.len = before;
    return rc;
}

void ec2_instances_release(struct ec2_instances *list)
{
    vec_release(&list->all);
}

int ec2_read_instances(struct str body, struct ec2_instances *list, struct error *err)
{
    return read_instances(body, LISTED_ROOT, LISTED_ITEM, list, err);
}

int ec2_read_run(struct str body, struct ec2_instances *list, struct error *err)
{
    return read_instances(body, "RunInstancesResponse", "instancesSet/item", list, err);
}

struct ec2_page {
    struct reading reading;
    struct xml_stream *xml;
};

int ec2_page_new(struct ec2_instances *list, struct ec2_page **ret, struct error *err)
{
    struct ec2_page *page = calloc(1, sizeof(*page));
    if (!page)
        return error_nomem(err);
    page->reading = begin_reading(list, LISTED_ITEM);
    int rc = xml_stream_new(LISTED_ROOT, instance_element, &page->reading, &page->xml, err);
    if (rc < 0)
        free(page);
    else
        *ret = page;
    return rc;
}

void ec2_page_free(struct ec2_page *page)
{
    if (!page)
        return;
    xml_stream_free(page->xml);
    free(page);
}

int ec2_page_feed(struct ec2_page *page, struct str piece, struct error *err)
{
    return xml_stream_feed(page->xml, piece, err);
}

int ec2_page_end(struct ec2_page *page, struct error *err)
{
    return xml_stream_end(page->xml, err);
}

/* ---- fleets ------------------------------------------------------------------------------------- */

struct fleet_reading {
    struct fleet_answer *answer;
    struct fleet_error error;
    size_t first; /* of the item's instances */
    struct ec2_instance instance;
};

static int fleet_instance(struct fleet_reading *r, const char *name, struct str text,
                          struct error *err)
{
    struct fleet_answer *a = r->answer;
    if (strcmp(name, "/instanceIds/item") == 0) {
        struct ec2_instance made = { 0 };
        str_copy(made.id, sizeof(made.id), str_trim(text));
        return !made.id[0] || vec_push(&a->instances, made) ? 0 : error_nomem(err);
    }
    if (strcmp(name, "/instanceType") == 0)
        str_copy(r->instance.type, sizeof(r->instance.type), text);
    else if (strcmp(name, "/lifecycle") == 0)
        r->instance.spot = str_eq_c(text, "spot");
    else if (!*name) {
        for (; r->first < a->instances.len; r->first++) {
            str_copy_c(a->instances.at[r->first].type, AWS_TYPE_MAX, r->instance.type);
            a->instances.at[r->first].spot = r->instance.spot;
        }
        r->instance = (struct ec2_instance){ 0 };
    }
    return 0;
}

static int fleet_failure(struct fleet_reading *r, const char *name, struct str text,
                         struct error *err)
{
    struct fleet_error *e = &r->error;
    const char *override = below(name, "/launchTemplateAndOverrides/overrides/");
    if (strcmp(name, "/errorCode") == 0)
        str_copy(e->code, sizeof(e->code), text);
    else if (strcmp(name, "/errorMessage") == 0)
        str_copy(e->message, sizeof(e->message), text);
    else if (override && strcmp(override, "instanceType") == 0)
        str_copy(e->type, sizeof(e->type), text);
    else if (override && strcmp(override, "subnetId") == 0 && text.len > 0)
        str_copy(e->place, sizeof(e->place), text);
    else if (override && strcmp(override, "availabilityZone") == 0 && !e->place[0])
        str_copy(e->place, sizeof(e->place), text);
    else if (!*name) {
        bool pushed = vec_push(&r->answer->errors, *e);
        *e = (struct fleet_error){ 0 };
        return pushed ? 0 : error_nomem(err);
    }
    return 0;
}

static int fleet_element(void *ctx, const char *path, struct str text, struct error *err)
{
    struct fleet_reading *r = ctx;
    const char *instance = below(path, "fleetInstanceSet/item");
    const char *error = below(path, "errorSet/item");
    if (instance)
        return fleet_instance(r, instance, text, err);
    return error ? fleet_failure(r, error, text, err) : 0;
}

void fleet_answer_release(struct fleet_answer *answer)
{
    vec_release(&answer->instances);
    vec_release(&answer->errors);
}

int ec2_read_fleet(struct str body, struct fleet_answer *ret, struct error *err)
{
    struct fleet_answer answer = { 0 };
    struct fleet_reading r = { .answer = &answer };
    int rc = xml_read(body, "CreateFleetResponse", fleet_element, &r, err);
    if (rc < 0)
        fleet_answer_release(&answer);
    else
        *ret = answer;
    return rc;
}

/* ---- spot requests and prices ------------------------------------------------------------------- */

struct notice_reading {
    struct ec2_notices *notices;
    struct ec2_instance now;
    bool interrupted;
};

/* "marked-for-termination", "instance-terminated-no-capacity": not by us, so by the cloud. */
static bool is_interruption(struct str status)
{
    bool by_user =
        status.len > 8 && str_eq_c((struct str){ status.ptr + status.len - 7, 7 }, "by-user");
    return !by_user &&
           (str_starts(status, "marked-for-") || str_starts(status, "instance-terminated-") ||
            str_starts(status, "instance-stopped-"));
}

static int notice_element(void *ctx, const char *path, struct str text, struct error *err)
{
    struct notice_reading *r = ctx;
    const char *name = below(path, "spotInstanceRequestSet/item");
    if (strcmp(path, "nextToken") == 0)
        return str_copy(r->notices->next, AWS_TOKEN_MAX, str_trim(text))
                   ? 0
                   : error_set(err, MUSTER_E_TOOBIG, "the token of the next page is too long");
    if (!name)
        return 0;
    if (strcmp(name, "/instanceId") == 0)
        str_copy(r->now.id, sizeof(r->now.id), str_trim(text));
    else if (strcmp(name, "/status/code") == 0)
        r->interrupted = is_interruption(str_trim(text));
    if (*name)
        return 0;
    bool good = !r->interrupted || !r->now.id[0] || vec_push(&r->notices->all, r->now);
    r->interrupted = false;
    r->now.id[0] = '\0';
    return good ? 0 : error_nomem(err);
}

void ec2_notices_release(struct ec2_notices *notices)
{
    vec_release(&notices->all);
}

int ec2_read_notices(struct str body, struct ec2_notices *notices, struct error *err)
{
    struct notice_reading r = { .notices = notices };
    notices->next[0] = '\0';
    return xml_read(body, "DescribeSpotInstanceRequestsResponse", notice_element, &r, err);
}

struct price_reading {
    struct ec2_prices *prices;
    struct ec2_price now;
};

static int price_field(struct price_reading *r, const char *name, struct str text)
{
    if (strcmp(name, "/instanceType") == 0)
        str_copy(r->now.type, sizeof(r->now.type), text);
    else if (strcmp(name, "/availabilityZone") == 0)
        str_copy(r->now.zone, sizeof(r->now.zone), text);
    else if (strcmp(name, "/spotPrice") == 0)
        return wire_price(text, &r->now.usd_micro, NULL);
    else if (strcmp(name, "/timestamp") == 0)
        return wire_time(text, &r->now.wall_ns, NULL);
    return 0;
}

static int price_element(void *ctx, const char *path, struct str text, struct error *err)
{
    struct price_reading *r = ctx;
    const char *name = below(path, "spotPriceHistorySet/item");
    if (strcmp(path, "nextToken") == 0)
        return str_copy(r->prices->next, AWS_TOKEN_MAX, str_trim(text))
                   ? 0
                   : error_set(err, MUSTER_E_TOOBIG, "the token of the next page is too long");
    if (!name)
        return 0;
    if (*name) {
        if (price_field(r, name, text) < 0)
            r->now.usd_micro = -1; /* one entry that cannot be read is no entry */
        return 0;
    }
    bool good = r->now.usd_micro <= 0 || vec_push(&r->prices->all, r->now);
    r->now = (struct ec2_price){ 0 };
    return good ? 0 : error_nomem(err);
}

void ec2_prices_release(struct ec2_prices *prices)
{
    vec_release(&prices->all);
}

int ec2_read_prices(struct str body, struct ec2_prices *prices, struct error *err)
{
    struct price_reading r = { .prices = prices };
    prices->next[0] = '\0';
    return xml_read(body, "DescribeSpotPriceHistoryResponse", price_element, &r, err);
}
