#include "providers/aws/price_list.h"

#include <string.h>

#include "base/clock.h"
#include "base/json.h"
#include "control/spec.h"
#include "providers/values.h"

void aws_price_list_release(struct aws_price_list *list)
{
    vec_release(&list->all);
}

static struct aws_listed *find(const struct aws_price_list *list, const char *region,
                               const char *type)
{
    for (size_t i = 0; i < list->all.len; i++) {
        struct aws_listed *at = &list->all.at[i];
        if (strcmp(at->type, type) == 0 && strcmp(at->region, region) == 0)
            return at;
    }
    return NULL;
}

const struct aws_listed *aws_price_list_find(const struct aws_price_list *list, const char *region,
                                             const char *type)
{
    return find(list, region, type);
}

void aws_price_list_put(struct aws_price_list *list, const struct aws_listed *price)
{
    struct aws_listed *known = find(list, price->region, price->type);
    if (known)
        *known = *price;
    else if (list->all.len < AWS_PRICE_LIST_MAX)
        (void)vec_push(&list->all, *price);
}

/* ---- the file ----------------------------------------------------------------------------------- */

static struct str text_of(const cJSON *object, const char *name)
{
    const cJSON *at = cJSON_GetObjectItemCaseSensitive(object, name);
    return str_from(cJSON_IsString(at) ? at->valuestring : NULL);
}

static void take_entry(struct aws_price_list *list, const cJSON *entry)
{
    struct aws_listed price = { 0 };
    struct str region = text_of(entry, "region"), type = text_of(entry, "type");
    if (region.len > 0 && type.len > 0 && str_copy(price.region, sizeof(price.region), region) &&
        str_copy(price.type, sizeof(price.type), type) &&
        wire_price(text_of(entry, "usd_per_hour"), &price.usd_micro, NULL) == 0 &&
        wire_time(text_of(entry, "read"), &price.read_wall_ns, NULL) == 0 && price.usd_micro > 0)
        aws_price_list_put(list, &price);
}

int aws_price_list_parse(struct str text, struct aws_price_list *list, struct error *err)
{
    cJSON *root = NULL;
    const cJSON *entry;
    int rc = json_parse(text, &root, err);
    const cJSON *prices = cJSON_GetObjectItemCaseSensitive(root, "on_demand_prices");
    if (rc == 0 && !cJSON_IsArray(prices))
        rc = error_set(err, MUSTER_E_INVALID, "no prices are in it");
    if (rc == 0) {
        cJSON_ArrayForEach(entry, prices) take_entry(list, entry);
    }
    cJSON_Delete(root);
    return rc;
}

static void print_usd(struct json_out *j, int64_t usd_micro)
{
    struct buf usd = { 0 };
    buf_addf(&usd, "%lld.%06lld", (long long)(usd_micro / 1000000),
             (long long)(usd_micro % 1000000));
    json_str(j, "usd_per_hour", buf_text(&usd));
    buf_release(&usd);
}

void aws_price_list_print(const struct aws_price_list *list, struct buf *out)
{
    struct json_out j = json_begin(out);
    json_open(&j, NULL, '{');
    json_open(&j, "on_demand_prices", '[');
    for (size_t i = 0; i < list->all.len; i++) {
        const struct aws_listed *at = &list->all.at[i];
        char read[CLOCK_TEXT_MAX];
        clock_format_wall(at->read_wall_ns, read);
        json_open(&j, NULL, '{');
        json_str(&j, "region", at->region);
        json_str(&j, "type", at->type);
        print_usd(&j, at->usd_micro);
        json_str(&j, "read", read);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    buf_add_char(out, '\n');
}

/* ---- the API ------------------------------------------------------------------------------------ */

static void add_filter(struct json_out *j, const char *field, const char *value)
{
    json_open(j, NULL, '{');
    json_str(j, "Type", "TERM_MATCH");
    json_str(j, "Field", field);
    json_str(j, "Value", value);
    json_close(j, '}');
}

void aws_write_products(const char *region, const char *type, struct buf *out)
{
    struct json_out j = json_begin(out);
    json_open(&j, NULL, '{');
    json_str(&j, "ServiceCode", "AmazonEC2");
    json_open(&j, "Filters", '[');
    add_filter(&j, "regionCode", region);
    add_filter(&j, "instanceType", type);
    add_filter(&j, "operatingSystem", "Linux");
    add_filter(&j, "tenancy", "Shared");
    add_filter(&j, "preInstalledSw", "NA");
    add_filter(&j, "capacitystatus", "Used");
    json_close(&j, ']');
    json_str(&j, "FormatVersion", "aws_v1");
    json_int(&j, "MaxResults", 100);
    json_close(&j, '}');
}

/* terms.OnDemand.*.priceDimensions.*: { unit: "Hrs", pricePerUnit: { USD: "0.1940000000" } } */
static int64_t price_of_term(const cJSON *term)
{
    const cJSON *dimension;
    int64_t best = PRICE_UNKNOWN;
    cJSON_ArrayForEach(dimension, cJSON_GetObjectItemCaseSensitive(term, "priceDimensions"))
    {
        const cJSON *per_unit = cJSON_GetObjectItemCaseSensitive(dimension, "pricePerUnit");
        int64_t usd_micro;
        if (str_eq_c(text_of(dimension, "unit"), "Hrs") &&
            wire_price(text_of(per_unit, "USD"), &usd_micro, NULL) == 0 && usd_micro > best &&
            usd_micro > 0)
            best = usd_micro;
    }
    return best;
}

/* Blocks of capacity that are bought ahead are listed beside the machines, at another price. */
static bool is_machine(const cJSON *product)
{
    const cJSON *attributes = json_at(product, "/product/attributes");
    struct str option = text_of(attributes, "marketoption");
    return option.len == 0 || str_eq_c(option, "OnDemand");
}

/* Each entry of the list is a document of its own, written as a text. Of several prices the highest
 * counts: who keeps a budget is not surprised. */
static int64_t price_of_entry(const cJSON *entry)
{
    cJSON *product = NULL;
    const cJSON *term;
    int64_t best = PRICE_UNKNOWN;
    if (!cJSON_IsString(entry) || json_parse(str_from(entry->valuestring), &product, NULL) < 0)
        return best;
    if (is_machine(product)) {
        cJSON_ArrayForEach(term, json_at(product, "/terms/OnDemand"))
        {
            int64_t price = price_of_term(term);
            best = price > best ? price : best;
        }
    }
    cJSON_Delete(product);
    return best;
}

int aws_read_products(struct str body, int64_t *ret_usd_micro, struct error *err)
{
    cJSON *root = NULL;
    const cJSON *entry;
    int64_t best = PRICE_UNKNOWN;
    int rc = json_parse(body, &root, err);
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(root, "PriceList");
    if (rc == 0 && !cJSON_IsArray(list))
        rc = error_set(err, MUSTER_E_INVALID, "the answer has no price list");
    if (rc == 0) {
        cJSON_ArrayForEach(entry, list)
        {
            int64_t price = price_of_entry(entry);
            best = price > best ? price : best;
        }
        *ret_usd_micro = best;
    }
    cJSON_Delete(root);
    return rc;
}
