#include "providers/aws/check_answers.h"

#include <string.h>

#include "base/units.h"
#include "providers/aws/xml.h"

/* ---- a document of items ------------------------------------------------------------------------ */

/* Where the text of one element of an item goes. */
struct text_field {
    const char *path; /* below the item: "/subnetId" */
    char *to;
    size_t size;
};

struct reading {
    const char *item; /* path of one item: "subnetSet/item" */
    const struct text_field *fields;
    /* Elements that are no plain text; may be NULL. `path` as in text_field. */
    void (*other)(void *ctx, const char *path, struct str text);
    bool (*ended)(void *ctx); /* an item is complete; false: no memory */
    char *next;               /* of AWS_TOKEN_MAX bytes; NULL: these answers have no pages */
    void *ctx;
};

static void take_field(const struct reading *r, const char *path, struct str text)
{
    for (const struct text_field *f = r->fields; f->path; f++) {
        if (strcmp(path, f->path) == 0) {
            str_copy(f->to, f->size, str_trim(text));
            return;
        }
    }
    if (r->other)
        r->other(r->ctx, path, str_trim(text));
}

static int take_element(void *ctx, const char *path, struct str text, struct error *err)
{
    const struct reading *r = ctx;
    size_t len = strlen(r->item);
    if (r->next && strcmp(path, "nextToken") == 0) {
        return str_copy(r->next, AWS_TOKEN_MAX, str_trim(text))
                   ? 0
                   : error_set(err, MUSTER_E_TOOBIG, "the token of the next page is too long");
    }
    if (strncmp(path, r->item, len) != 0)
        return 0;
    if (path[len] == '/')
        take_field(r, path + len, text);
    else if (!path[len] && !r->ended(r->ctx))
        return error_nomem(err);
    return 0;
}

static int read_items(struct str body, const char *root, struct reading *r, struct error *err)
{
    if (r->next)
        r->next[0] = '\0';
    return xml_read(body, root, take_element, r, err);
}

static void take_number(struct str text, int64_t *ret)
{
    int64_t n;
    if (units_parse_int(text, &n, NULL) == 0 && n >= 0)
        *ret = n;
}

/* ---- who am I ----------------------------------------------------------------------------------- */

struct identity_reading {
    char *arn;
    size_t size;
};

static int identity_element(void *ctx, const char *path, struct str text, struct error *err)
{
    const struct identity_reading *r = ctx;
    (void)err;
    if (strcmp(path, "GetCallerIdentityResult/Arn") == 0)
        str_copy(r->arn, r->size, str_trim(text));
    return 0;
}

int sts_read_identity(struct str body, char *ret_arn, size_t size, struct error *err)
{
    char arn[512] = "";
    struct identity_reading r = { arn, sizeof(arn) };
    int rc = xml_read(body, "GetCallerIdentityResponse", identity_element, &r, err);
    if (rc == 0 && !arn[0])
        rc = error_set(err, MUSTER_E_INVALID, "the answer does not say who");
    if (rc == 0)
        str_copy_c(ret_arn, size, arn);
    return rc;
}

/* ---- one thing ---------------------------------------------------------------------------------- */

struct template_reading {
    struct ec2_template now, *ret;
};

static void template_other(void *ctx, const char *path, struct str text)
{
    struct template_reading *r = ctx;
    if (strcmp(path, "/launchTemplateData/userData") == 0)
        r->now.user_data = text.len > 0;
}

static bool template_ended(void *ctx)
{
    struct template_reading *r = ctx;
    *r->ret = r->now;
    return true;
}

int ec2_read_template(struct str body, struct ec2_template *ret, struct error *err)
{
    struct ec2_template found = { 0 };
    struct template_reading r = { .ret = &found };
    const struct text_field fields[] = {
        { "/launchTemplateId", r.now.id, sizeof(r.now.id) },
        { "/launchTemplateName", r.now.name, sizeof(r.now.name) },
        { "/versionNumber", r.now.version, sizeof(r.now.version) },
        { "/launchTemplateData/imageId", r.now.image, sizeof(r.now.image) },
        { 0 },
    };
    struct reading reading = { .item = "launchTemplateVersionSet/item",
                               .fields = fields,
                               .other = template_other,
                               .ended = template_ended,
                               .ctx = &r };
    int rc = read_items(body, "DescribeLaunchTemplateVersionsResponse", &reading, err);
    if (rc == 0)
        *ret = found;
    return rc;
}

struct image_reading {
    struct ec2_image now, *ret;
};

static bool image_ended(void *ctx)
{
    struct image_reading *r = ctx;
    *r->ret = r->now;
    return true;
}

int ec2_read_image(struct str body, struct ec2_image *ret, struct error *err)
{
    struct ec2_image found = { 0 };
    struct image_reading r = { .ret = &found };
    const struct text_field fields[] = {
        { "/imageId", r.now.id, sizeof(r.now.id) },
        { "/name", r.now.name, sizeof(r.now.name) },
        { "/architecture", r.now.architecture, sizeof(r.now.architecture) },
        { "/imageState", r.now.state, sizeof(r.now.state) },
        { 0 },
    };
    struct reading reading = {
        .item = "imagesSet/item", .fields = fields, .ended = image_ended, .ctx = &r
    };
    int rc = read_items(body, "DescribeImagesResponse", &reading, err);
    if (rc == 0)
        *ret = found;
    return rc;
}

/* ---- lists -------------------------------------------------------------------------------------- */

struct subnet_reading {
    struct ec2_subnet now;
    struct ec2_subnets *list;
};

static void subnet_other(void *ctx, const char *path, struct str text)
{
    struct subnet_reading *r = ctx;
    if (strcmp(path, "/availableIpAddressCount") == 0)
        take_number(text, &r->now.free_addresses);
}

static bool subnet_ended(void *ctx)
{
    struct subnet_reading *r = ctx;
    bool good = vec_push(&r->list->all, r->now);
    r->now = (struct ec2_subnet){ 0 };
    return good;
}

void ec2_subnets_release(struct ec2_subnets *list)
{
    vec_release(&list->all);
}

int ec2_read_subnets(struct str body, struct ec2_subnets *list, struct error *err)
{
    struct subnet_reading r = { .list = list };
    const struct text_field fields[] = {
        { "/subnetId", r.now.id, sizeof(r.now.id) },
        { "/availabilityZone", r.now.zone, sizeof(r.now.zone) },
        { 0 },
    };
    struct reading reading = { .item = "subnetSet/item",
                               .fields = fields,
                               .other = subnet_other,
                               .ended = subnet_ended,
                               .ctx = &r };
    return read_items(body, "DescribeSubnetsResponse", &reading, err);
}

struct offering_reading {
    struct ec2_offering now;
    struct ec2_offerings *list;
};

static bool offering_ended(void *ctx)
{
    struct offering_reading *r = ctx;
    bool good = vec_push(&r->list->all, r->now);
    r->now = (struct ec2_offering){ 0 };
    return good;
}

void ec2_offerings_release(struct ec2_offerings *list)
{
    vec_release(&list->all);
}

int ec2_read_offerings(struct str body, struct ec2_offerings *list, struct error *err)
{
    struct offering_reading r = { .list = list };
    const struct text_field fields[] = {
        { "/instanceType", r.now.type, sizeof(r.now.type) },
        { "/location", r.now.zone, sizeof(r.now.zone) },
        { 0 },
    };
    struct reading reading = { .item = "instanceTypeOfferingSet/item",
                               .fields = fields,
                               .ended = offering_ended,
                               .next = list->next,
                               .ctx = &r };
    return read_items(body, "DescribeInstanceTypeOfferingsResponse", &reading, err);
}

struct type_reading {
    struct ec2_type now;
    struct ec2_types *list;
};

static void type_other(void *ctx, const char *path, struct str text)
{
    struct ec2_type *now = &((struct type_reading *)ctx)->now;
    if (strcmp(path, "/vCpuInfo/defaultVCpus") == 0) {
        take_number(text, &now->vcpus);
    } else if (strcmp(path, "/memoryInfo/sizeInMiB") == 0) {
        take_number(text, &now->mib);
    } else if (strcmp(path, "/supportedUsageClasses/item") == 0) {
        now->spot |= str_eq_c(text, "spot");
        now->on_demand |= str_eq_c(text, "on-demand");
    } else if (strcmp(path, "/processorInfo/supportedArchitectures/item") == 0) {
        /* i386 beside x86_64, x86_64_mac: of several, two are enough. */
        memcpy(now->other_architecture, now->architecture, sizeof(now->architecture));
        str_copy(now->architecture, sizeof(now->architecture), text);
    }
}

static bool type_ended(void *ctx)
{
    struct type_reading *r = ctx;
    bool good = vec_push(&r->list->all, r->now);
    r->now = (struct ec2_type){ 0 };
    return good;
}

void ec2_types_release(struct ec2_types *list)
{
    vec_release(&list->all);
}

int ec2_read_types(struct str body, struct ec2_types *list, struct error *err)
{
    struct type_reading r = { .list = list };
    const struct text_field fields[] = {
        { "/instanceType", r.now.name, sizeof(r.now.name) },
        { 0 },
    };
    struct reading reading = { .item = "instanceTypeSet/item",
                               .fields = fields,
                               .other = type_other,
                               .ended = type_ended,
                               .next = list->next,
                               .ctx = &r };
    return read_items(body, "DescribeInstanceTypesResponse", &reading, err);
}
