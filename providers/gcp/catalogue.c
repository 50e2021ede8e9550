#include "providers/gcp/catalogue.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/json_split.h"
#include "base/units.h"

#define SKU_MAX ((size_t)64 << 10)

const char gcp_rate_fields[] =
    "nextPageToken,skus(description,category(resourceFamily,usageType),serviceRegions,"
    "pricingInfo(pricingExpression(tieredRates)))";

void gcp_rates_release(struct gcp_rates *rates)
{
    vec_release(&rates->all);
}

/* ---- entries ------------------------------------------------------------------------------------ */

struct part {
    char family[8];
    bool core;
};

static bool take_word(struct str *text, const char *word)
{
    size_t len = strlen(word);
    if (text->len < len || memcmp(text->ptr, word, len) != 0)
        return false;
    *text = (struct str){ text->ptr + len, text->len - len };
    return true;
}

/* What is billed by the family's name stands before "Instance"; what is billed otherwise has another
 * word there: Custom, Sole Tenancy, Commitment. */
static bool take_family(struct str *text, char family[static 8])
{
    static const char *const kinds[] = { "Predefined ", "AMD ", "Arm " };
    size_t n = 0;
    if (take_word(text, "Compute optimized ")) {
        str_copy_c(family, 8, "c2");
        take_word(text, "Instance ");
        return true;
    }
    while (n < text->len && n < 7 && isalnum((unsigned char)text->ptr[n])) {
        family[n] = (char)tolower((unsigned char)text->ptr[n]);
        n++;
    }
    family[n] = '\0';
    *text = (struct str){ text->ptr + n, text->len - n };
    if (n < 2 || !take_word(text, " "))
        return false;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        take_word(text, kinds[i]);
    return take_word(text, "Instance ");
}

/* "Spot Preemptible N2D AMD Instance Ram running in Americas" */
static bool read_description(const char *description, struct part *ret)
{
    struct str text = str_from(description);
    take_word(&text, "Spot ");
    take_word(&text, "Preemptible ");
    if (!take_family(&text, ret->family))
        return false;
    ret->core = take_word(&text, "Core ");
    return (ret->core || take_word(&text, "Ram ")) && take_word(&text, "running in ");
}

static const char *text_at(const cJSON *json, const char *pointer)
{
    const char *text = cJSON_GetStringValue(json_at(json, pointer));
    return text ? text : "";
}

/* The last tier; the first may be free. */
static bool read_price(const cJSON *sku, int64_t *ret_nano)
{
    const cJSON *tiers = json_at(sku, "/pricingInfo/0/pricingExpression/tieredRates");
    const cJSON *last = cJSON_GetArrayItem(tiers, cJSON_GetArraySize(tiers) - 1);
    const cJSON *price = cJSON_GetObjectItemCaseSensitive(last, "unitPrice");
    const cJSON *nanos = cJSON_GetObjectItemCaseSensitive(price, "nanos");
    int64_t units = 0;
    if (!cJSON_IsObject(price) ||
        (*text_at(price, "/units") &&
         units_parse_int(str_from(text_at(price, "/units")), &units, NULL) < 0))
        return false;
    double fraction = cJSON_IsNumber(nanos) ? nanos->valuedouble : 0;
    if (units < 0 || units > 10000 || !(fraction >= 0 && fraction < 1e9))
        return false;
    *ret_nano = units * 1000000000 + (int64_t)fraction;
    return *ret_nano > 0;
}

static struct gcp_rate *find_rate(const struct gcp_rates *rates, const char *family,
                                  const char *region, enum market market)
{
    for (size_t i = 0; i < rates->all.len; i++) {
        struct gcp_rate *r = &rates->all.at[i];
        if (r->market == market && strcmp(r->family, family) == 0 && strcmp(r->region, region) == 0)
            return r;
    }
    return NULL;
}

static int add_rate(struct gcp_rates *rates, const struct part *part, const char *region,
                    enum market market, int64_t nano, struct error *err)
{
    struct gcp_rate fresh = { .market = market, .core_usd_nano = -1, .ram_usd_nano = -1 };
    struct gcp_rate *rate = find_rate(rates, part->family, region, market);
    if (!rate) {
        str_copy_c(fresh.family, sizeof(fresh.family), part->family);
        if (!str_copy_c(fresh.region, sizeof(fresh.region), region))
            return 0;
        if (!vec_push(&rates->all, fresh))
            return error_nomem(err);
        rate = &rates->all.at[rates->all.len - 1];
    }
    *(part->core ? &rate->core_usd_nano : &rate->ram_usd_nano) = nano;
    return 0;
}

static int take_sku(struct gcp_rates *rates, const cJSON *sku, struct error *err)
{
    struct part part;
    int64_t nano;
    const char *usage = text_at(sku, "/category/usageType");
    bool spot = strcmp(usage, "Preemptible") == 0;
    const cJSON *region;
    int rc = 0;
    if ((!spot && strcmp(usage, "OnDemand") != 0) ||
        strcmp(text_at(sku, "/category/resourceFamily"), "Compute") != 0 ||
        !read_description(text_at(sku, "/description"), &part) || !read_price(sku, &nano))
        return 0;
    cJSON_ArrayForEach(region, cJSON_GetObjectItemCaseSensitive(sku, "serviceRegions"))
    {
        if (rc == 0 && cJSON_IsString(region))
            rc = add_rate(rates, &part, region->valuestring, spot ? MARKET_SPOT : MARKET_ON_DEMAND,
                          nano, err);
    }
    return rc;
}

/* ---- pages -------------------------------------------------------------------------------------- */

static int on_value(void *ctx, size_t place, const char *key, struct str text, struct error *err)
{
    (void)key;
    struct gcp_rates *rates = ctx;
    cJSON *json;
    int rc = json_parse(text, &json, err);
    if (rc < 0)
        return rc;
    if (place == 1)
        rc = take_sku(rates, json, err);
    else if (!cJSON_IsString(json) ||
             !str_copy_c(rates->next, sizeof(rates->next), json->valuestring))
        rc = error_set(err, MUSTER_E_INVALID, "the page token is none");
    cJSON_Delete(json);
    return rc;
}

int gcp_read_rates(struct str body, struct gcp_rates *rates, struct error *err)
{
    static const char *const places[] = { "nextPageToken", "skus.*", NULL };
    struct json_split split;
    rates->next[0] = '\0';
    json_split_init(&split, places, SKU_MAX, on_value, rates);
    int rc = json_split_feed(&split, body, err);
    if (rc == 0)
        rc = json_split_end(&split, err);
    json_split_release(&split);
    return rc;
}

/* ---- on the disk -------------------------------------------------------------------------------- */

void gcp_write_rates(const struct gcp_rates *rates, struct buf *out)
{
    for (size_t i = 0; i < rates->all.len; i++) {
        const struct gcp_rate *r = &rates->all.at[i];
        buf_addf(out, "%s %s %s %" PRId64 " %" PRId64 "\n", r->family, r->region,
                 market_words[r->market], r->core_usd_nano, r->ram_usd_nano);
    }
}

static struct str next_word(struct str *line)
{
    size_t n = 0;
    while (n < line->len && line->ptr[n] != ' ')
        n++;
    struct str word = { line->ptr, n };
    size_t skip = n < line->len ? n + 1 : n;
    *line = (struct str){ line->ptr + skip, line->len - skip };
    return word;
}

static bool parse_line(struct str line, struct gcp_rate *ret)
{
    bool good = str_copy(ret->family, sizeof(ret->family), next_word(&line)) &&
                str_copy(ret->region, sizeof(ret->region), next_word(&line));
    struct str market = next_word(&line);
    ret->market = str_eq_c(market, market_words[MARKET_SPOT]) ? MARKET_SPOT : MARKET_ON_DEMAND;
    return good && str_eq_c(market, market_words[ret->market]) &&
           units_parse_int(next_word(&line), &ret->core_usd_nano, NULL) == 0 &&
           units_parse_int(next_word(&line), &ret->ram_usd_nano, NULL) == 0 && line.len == 0;
}

int gcp_parse_rates(struct str text, struct gcp_rates *rates, struct error *err)
{
    while (text.len > 0) {
        struct gcp_rate rate = { 0 };
        const char *end = memchr(text.ptr, '\n', text.len);
        if (!end || !parse_line((struct str){ text.ptr, (size_t)(end - text.ptr) }, &rate))
            return error_set(err, MUSTER_E_INVALID, "a line of the prices is none");
        if (!vec_push(&rates->all, rate))
            return error_nomem(err);
        size_t len = (size_t)(end - text.ptr) + 1;
        text = (struct str){ text.ptr + len, text.len - len };
    }
    return 0;
}

/* ---- machines ----------------------------------------------------------------------------------- */

/* Of these a part of a core is paid for, whatever they show: in thousandths. */
static int64_t paid_milli_cpus(const char *type, int64_t cpus)
{
    return strcmp(type, "e2-micro") == 0    ? 250
           : strcmp(type, "e2-small") == 0  ? 500
           : strcmp(type, "e2-medium") == 0 ? 1000
                                            : cpus * 1000;
}

int64_t gcp_rate_price(const struct gcp_rates *rates, const char *type, const char *region,
                       enum market market, int64_t cpus, int64_t memory_mib)
{
    char family[8];
    if (!str_copy(family, sizeof(family), (struct str){ type, strcspn(type, "-") }))
        return PRICE_UNKNOWN;
    const struct gcp_rate *r = find_rate(rates, family, region, market);
    /* Custom types cost more than what is known here, and what has accelerators or disks as well. */
    bool other = strstr(type, "-custom-") || strstr(type, "gpu") || strstr(type, "lssd");
    if (!r || other || r->core_usd_nano < 0 || r->ram_usd_nano < 0 || cpus <= 0 ||
        memory_mib <= 0 || cpus > 10000 || memory_mib > (INT64_C(1) << 26))
        return PRICE_UNKNOWN;
    int64_t nano =
        r->core_usd_nano * paid_milli_cpus(type, cpus) / 1000 + r->ram_usd_nano * memory_mib / 1024;
    return (nano + 999) / 1000;
}
