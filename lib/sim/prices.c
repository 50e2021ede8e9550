#include "sim/prices.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/json.h"
#include "sim/csv.h"

#define FILE_MAX  ((size_t)64 << 20)
#define USD_MAX   1e6 /* an hour: a machine that costs more is a typo */
#define COLUMN(a) ((const char *const[]){ a, NULL })

void prices_release(struct prices *prices)
{
    vec_release(&prices->all);
}

/* ---- one row ----------------------------------------------------------------------------------------- */

static bool take_market(struct str text, enum market *ret)
{
    for (int i = 0; market_words[i]; i++) {
        if (!str_eq_c(text, market_words[i]))
            continue;
        *ret = (enum market)i;
        return true;
    }
    *ret = MARKET_ON_DEMAND;
    return text.len == 0;
}

static bool take_words(struct price *price, struct str provider, struct str region, struct str type,
                       struct str date)
{
    return provider.len > 0 && type.len > 0 &&
           str_copy(price->provider, sizeof(price->provider), provider) &&
           str_copy(price->region, sizeof(price->region), region) &&
           str_copy(price->type, sizeof(price->type), type) &&
           str_copy(price->date, sizeof(price->date), date);
}

static bool take_usd(double usd, struct price *price)
{
    if (!(usd >= 0) || usd > USD_MAX)
        return false;
    price->usd_micro = (int64_t)llround(usd * 1e6);
    return true;
}

#define EXPECTED                                                                                   \
    "expected provider, type, price_usd_h (0 to 1,000,000), and if given region, market "          \
    "(on-demand, spot) and date"

/* ---- CSV --------------------------------------------------------------------------------------------- */

static struct str field(const struct sim_csv *csv, int column)
{
    return column < 0 ? (struct str){ "", 0 } : str_trim(csv->at[column]);
}

static int read_rows(struct sim_csv *csv, struct prices *prices, struct error *err)
{
    int provider = sim_csv_find(csv, COLUMN("provider"));
    int type = sim_csv_find(csv, (const char *const[]){ "type", "instance_type", NULL });
    int usd = sim_csv_find(csv, (const char *const[]){ "price_usd_h", "usd_h", NULL });
    int region = sim_csv_find(csv, COLUMN("region"));
    int market = sim_csv_find(csv, COLUMN("market"));
    int date = sim_csv_find(csv, COLUMN("date"));
    int rc;
    if (provider < 0 || type < 0 || usd < 0)
        return sim_csv_fail(csv, err, "a column is missing: " EXPECTED);
    while ((rc = sim_csv_row(csv, err)) > 0) {
        struct price price = { 0 };
        double value;
        rc = sim_csv_number(csv, usd, 0, &value, err);
        if (rc < 0)
            return rc;
        if (!take_usd(value, &price) || !take_market(field(csv, market), &price.market) ||
            !take_words(&price, field(csv, provider), field(csv, region), field(csv, type),
                        field(csv, date)))
            return sim_csv_fail(csv, err, "no price: " EXPECTED);
        if (!vec_push(&prices->all, price))
            return error_nomem(err);
    }
    return rc;
}

static int read_csv(const char *path, struct prices *prices, struct error *err)
{
    struct sim_csv *csv = calloc(1, sizeof(*csv));
    if (!csv)
        return error_nomem(err);
    int rc = sim_csv_open(csv, path, true, err);
    if (rc == 0) {
        rc = read_rows(csv, prices, err);
        sim_csv_close(csv);
    }
    free(csv);
    return rc;
}

/* ---- JSON -------------------------------------------------------------------------------------------- */

static struct str member(const cJSON *item, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(item, name);
    return cJSON_IsString(value) ? str_from(value->valuestring) : (struct str){ "", 0 };
}

static int read_items(const char *path, const cJSON *root, struct prices *prices, struct error *err)
{
    const cJSON *item;
    int n = 0;
    if (!cJSON_IsArray(root))
        return error_set(err, MUSTER_E_INVALID, "%s: expected a list of prices", path);
    cJSON_ArrayForEach(item, root)
    {
        struct price price = { 0 };
        const cJSON *usd = cJSON_GetObjectItemCaseSensitive(item, "price_usd_h");
        n++;
        if (!cJSON_IsNumber(usd) || !take_usd(usd->valuedouble, &price) ||
            !take_market(member(item, "market"), &price.market) ||
            !take_words(&price, member(item, "provider"), member(item, "region"),
                        member(item, "type"), member(item, "date")))
            return error_set(err, MUSTER_E_INVALID, "%s: price %d: " EXPECTED, path, n);
        if (!vec_push(&prices->all, price))
            return error_nomem(err);
    }
    return 0;
}

static int read_json(const char *path, struct prices *prices, struct error *err)
{
    struct buf text = { 0 };
    cJSON *root = NULL;
    int rc = file_read(path, FILE_MAX, &text, err);
    if (rc == 0 && (rc = json_parse(buf_str(&text), &root, err)) < 0)
        error_wrap(err, "%s", path);
    if (rc == 0)
        rc = read_items(path, root, prices, err);
    cJSON_Delete(root);
    buf_release(&text);
    return rc;
}

int prices_read(struct prices *prices, const char *path, struct error *err)
{
    size_t len = strlen(path);
    size_t before = prices->all.len;
    bool json = len > 5 && strcmp(path + len - 5, ".json") == 0;
    int rc = json ? read_json(path, prices, err) : read_csv(path, prices, err);
    if (rc < 0)
        prices->all.len = before;
    return rc;
}

/* ---- finding ------------------------------------------------------------------------------------------ */

/* The region itself, or a zone in it. */
static bool is_in(const char *place, const char *region)
{
    size_t len = strlen(region);
    const char *rest = place + len;
    if (strncmp(place, region, len) != 0)
        return false;
    bool aws_zone = rest[0] >= 'a' && rest[0] <= 'z' && rest[1] == '\0';
    bool gcp_zone = rest[0] == '-' && rest[1] != '\0' && rest[2] == '\0';
    return rest[0] == '\0' || aws_zone || gcp_zone;
}

static bool find_read(const struct prices *prices, const struct price *wanted, struct price *ret)
{
    bool found = false;
    for (size_t i = 0; prices && i < prices->all.len; i++) {
        const struct price *p = &prices->all.at[i];
        if (strcmp(p->provider, wanted->provider) != 0 || strcmp(p->type, wanted->type) != 0 ||
            p->market != wanted->market)
            continue;
        if (p->region[0] ? !is_in(wanted->region, p->region) : found)
            continue;
        *ret = *p;
        found = true;
    }
    return found;
}

static enum price_source find_known(const struct price *wanted, struct price *ret)
{
    for (const struct price_facts *facts = prices_known; facts->provider; facts++) {
        if (strcmp(facts->provider, wanted->provider) != 0)
            continue;
        for (size_t i = 0; i < facts->len; i++) {
            const struct price_fact *fact = &facts->at[i];
            int64_t usd_micro =
                wanted->market == MARKET_SPOT ? fact->spot_usd_micro : fact->on_demand_usd_micro;
            if (strcmp(fact->type, wanted->type) != 0 || usd_micro == 0)
                continue;
            *ret = *wanted;
            ret->usd_micro = usd_micro;
            str_copy_c(ret->region, sizeof(ret->region), facts->region);
            str_copy_c(ret->date, sizeof(ret->date), facts->date);
            return is_in(wanted->region, facts->region) ? PRICE_KNOWN : PRICE_NEAR;
        }
    }
    return PRICE_NONE;
}

enum price_source prices_find(const struct prices *prices, const char *provider, const char *region,
                              const char *type, enum market market, struct price *ret)
{
    struct price wanted = { .market = market };
    if (!str_copy_c(wanted.provider, sizeof(wanted.provider), provider) ||
        !str_copy_c(wanted.region, sizeof(wanted.region), region) ||
        !str_copy_c(wanted.type, sizeof(wanted.type), type))
        return PRICE_NONE;
    return find_read(prices, &wanted, ret) ? PRICE_FILE : find_known(&wanted, ret);
}

/* An offer without a zone is known by its listing: "aws:eu-central-1". */
static const char *place_of(const struct offer *offer)
{
    const char *colon = strchr(offer->inventory, ':');
    return offer->zone[0] ? offer->zone : colon ? colon + 1 : "";
}

size_t prices_fill(const struct prices *prices, struct pool_spec *spec, size_t *ret_near)
{
    size_t without = 0;
    size_t near = 0;
    for (size_t i = 0; i < spec->offers.len; i++) {
        struct offer *offer = &spec->offers.at[i];
        struct price price;
        if (offer->price_usd_micro != PRICE_UNKNOWN)
            continue;
        enum price_source source = prices_find(prices, offer->provider, place_of(offer),
                                               offer->type, offer->market, &price);
        near += source == PRICE_NEAR;
        without += source == PRICE_NONE;
        if (source != PRICE_NONE)
            offer->price_usd_micro = price.usd_micro;
    }
    *ret_near = near;
    return without;
}
