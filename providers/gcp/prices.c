/*
 * Prices: the Cloud Billing catalogue says what a core and a GiB cost, machineTypes.get how many of
 * them a type has. Both are asked for once an offer needs them that the policy file gives no price for;
 * the catalogue again after a day, and it is kept in the state directory meanwhile.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "providers/gcp/gcp.h"

#define KEEP_NS        (24 * 3600 * NS_PER_S)
#define AGAIN_NS       (600 * NS_PER_S) /* after a failure */
#define PAGES_MAX      100
#define PAGE_BYTES_MAX ((size_t)64 << 20)
#define FILE_MAX       ((size_t)4 << 20)

struct prices_op {
    struct gcp_op base;
    struct gcp_rates rates;
    int pages;
};

static struct prices_op *prices_of(struct gcp_op *op)
{
    return (struct prices_op *)op;
}

static void release(struct gcp_op *op)
{
    gcp_rates_release(&prices_of(op)->rates);
    op->provider->pricing = false;
    free(op);
}

/* ---- the file ----------------------------------------------------------------------------------- */

static void file_path(const struct provider *self, struct buf *path)
{
    buf_addf(path, "%s/gcp-prices.txt", self->env->state_dir ? self->env->state_dir : ".");
}

/* Younger than a day, by the wall clock. */
static bool load(struct provider *self)
{
    struct buf path = { 0 };
    struct buf text = { 0 };
    struct gcp_rates rates = { 0 };
    struct stat st;
    const struct clock *clock = self->env->clock;
    file_path(self, &path);
    bool good = self->env->state_dir && !buf_failed(&path) && stat(buf_text(&path), &st) == 0;
    int64_t age_ns = good ? clock->wall_ns(clock->ctx) - (int64_t)st.st_mtime * NS_PER_S : 0;
    good = good && age_ns >= 0 && age_ns < KEEP_NS &&
           file_read(buf_text(&path), FILE_MAX, &text, NULL) == 0 &&
           gcp_parse_rates(buf_str(&text), &rates, NULL) == 0;
    if (good) {
        gcp_rates_release(&self->rates);
        self->rates = rates;
        self->rates_due_ns = gcp_now_ns(self) + KEEP_NS - age_ns;
    } else {
        gcp_rates_release(&rates);
    }
    buf_release(&text);
    buf_release(&path);
    return good;
}

/* Without it the catalogue is asked again after a restart: nothing is lost. */
static void save(const struct provider *self)
{
    struct buf path = { 0 };
    struct buf text = { 0 };
    file_path(self, &path);
    gcp_write_rates(&self->rates, &text);
    if (self->env->state_dir && !buf_failed(&path) && !buf_failed(&text))
        file_replace_unsynced(buf_text(&path), buf_str(&text), NULL);
    buf_release(&path);
    buf_release(&text);
}

/* ---- calls -------------------------------------------------------------------------------------- */

static void next_step(struct gcp_op *op);

static void failed(struct gcp_op *op, const struct error *err)
{
    struct provider *self = op->provider;
    if (!self->prices_failed)
        log_printf(self->env->log, LOG_WARNING,
                   "prices of Compute Engine cannot be looked up: %s; continuing: with those that "
                   "the policy file gives",
                   err->text);
    self->prices_failed = true;
    self->prices_again_ns = gcp_now_ns(self) + AGAIN_NS;
    gcp_op_free(op);
}

static void ask(struct gcp_op *op, enum gcp_service service, const char *name, struct buf *path,
                struct buf *query)
{
    struct gcp_request request = {
        .service = service,
        .method = "GET",
        .name = name,
        .path = buf_text(path),
        .query = buf_text(query),
        .priority = GCP_DESCRIBE,
        .repeatable = true,
        .response_max = PAGE_BYTES_MAX,
    };
    if (buf_failed(path) || buf_failed(query))
        gcp_op_fail(op, MUSTER_E_NOMEM, "no memory for a request");
    else
        gcp_op_call(op, &request);
    buf_release(path);
    buf_release(query);
}

static void page_answer(struct gcp_op *op, const struct gcp_response *response,
                        const struct error *err)
{
    struct prices_op *prices = prices_of(op);
    struct provider *self = op->provider;
    struct error bad = *err;
    if (!bad.code)
        gcp_read_rates(response->body, &prices->rates, &bad);
    if (!bad.code && prices->rates.next[0] && ++prices->pages >= PAGES_MAX)
        error_set(&bad, MUSTER_E_TRANSIENT, "the catalogue's pages do not end");
    if (bad.code) {
        failed(op, &bad);
        return;
    }
    if (!prices->rates.next[0]) {
        gcp_rates_release(&self->rates);
        self->rates = prices->rates;
        prices->rates = (struct gcp_rates){ 0 };
        self->rates_due_ns = gcp_now_ns(self) + KEEP_NS;
        save(self);
    }
    next_step(op);
}

static void ask_page(struct gcp_op *op)
{
    struct buf path = { 0 };
    struct buf query = { 0 };
    buf_add_c(&path, "services/" GCP_COMPUTE_SERVICE "/skus");
    gcp_query_add(&query, "currencyCode", STR("USD"));
    gcp_query_add(&query, "pageSize", STR("5000"));
    gcp_query_add(&query, "fields", str_from(gcp_rate_fields));
    if (prices_of(op)->rates.next[0])
        gcp_query_add(&query, "pageToken", str_from(prices_of(op)->rates.next));
    op->answer = page_answer;
    ask(op, GCP_BILLING, "services.skus.list", &path, &query);
}

static void size_answer(struct gcp_op *op, const struct gcp_response *response,
                        const struct error *err)
{
    struct provider *self = op->provider;
    struct error bad = *err;
    cJSON *json = NULL;
    if (!bad.code)
        json_parse(response->body, &json, &bad);
    for (size_t i = 0; i < self->sizes.len && (!bad.code || bad.code == MUSTER_E_NOTFOUND); i++) {
        struct gcp_size *size = &self->sizes.at[i];
        const cJSON *cpus = cJSON_GetObjectItemCaseSensitive(json, "guestCpus");
        const cJSON *memory = cJSON_GetObjectItemCaseSensitive(json, "memoryMb");
        if (strcmp(size->type, op->asked) != 0)
            continue;
        size->known = true; /* also that there is no such type */
        if (cJSON_IsNumber(cpus) && cJSON_IsNumber(memory)) {
            size->cpus = (int64_t)cpus->valueint;
            size->memory_mib = (int64_t)memory->valueint;
        }
    }
    cJSON_Delete(json);
    if (bad.code && bad.code != MUSTER_E_NOTFOUND)
        failed(op, &bad);
    else
        next_step(op);
}

static void ask_size(struct gcp_op *op, const struct gcp_size *size)
{
    struct buf path = { 0 };
    struct buf query = { 0 };
    str_copy_c(op->asked, sizeof(op->asked), size->type);
    buf_addf(&path, "projects/%s/zones/%s/machineTypes/%s", op->project, size->zone, size->type);
    gcp_query_add(&query, "fields", STR("guestCpus,memoryMb"));
    op->answer = size_answer;
    ask(op, GCP_COMPUTE, "machineTypes.get", &path, &query);
}

static void next_step(struct gcp_op *op)
{
    struct provider *self = op->provider;
    if (gcp_now_ns(self) >= self->rates_due_ns && !load(self)) {
        ask_page(op);
        return;
    }
    for (size_t i = 0; i < self->sizes.len; i++) {
        if (!self->sizes.at[i].known) {
            ask_size(op, &self->sizes.at[i]);
            return;
        }
    }
    self->prices_failed = false;
    gcp_op_free(op);
}

static void no_answer(struct gcp_op *op, const struct gcp_response *response,
                      const struct error *err)
{
    (void)response;
    failed(op, err);
}

static void begin(struct provider *self, const char *inventory)
{
    struct prices_op *prices = calloc(1, sizeof(*prices));
    if (!prices)
        return; /* asked again with the next listing */
    self->pricing = true;
    prices->base.start = next_step;
    prices->base.answer = no_answer;
    prices->base.release = release;
    gcp_op_begin(self, &prices->base, inventory);
}

/* ---- offers ------------------------------------------------------------------------------------- */

static const struct gcp_size *size_of(struct provider *self, const char *type, const char *zone)
{
    struct gcp_size size = { 0 };
    for (size_t i = 0; i < self->sizes.len; i++) {
        if (strcmp(self->sizes.at[i].type, type) == 0)
            return &self->sizes.at[i];
    }
    str_copy_c(size.type, sizeof(size.type), type);
    str_copy_c(size.zone, sizeof(size.zone), zone);
    return vec_push(&self->sizes, size) ? &self->sizes.at[self->sizes.len - 1] : NULL;
}

static void any_zone_of(const struct gcp_options *o, const char *region,
                        char ret[static GCE_ZONE_MAX])
{
    for (size_t i = 0; i < o->zones.len; i++) {
        char own[GCE_ZONE_MAX];
        gcp_zone(o, i, ret);
        gce_region_of(ret, own);
        if (strcmp(own, region) == 0)
            return;
    }
}

int64_t gcp_price(struct provider *self, const struct offer *offer, const void *options)
{
    const struct gcp_options *o = options;
    char region[GCE_ZONE_MAX], zone[GCE_ZONE_MAX] = "";
    int64_t now_ns = gcp_now_ns(self);
    gcp_offer_region(offer, region);
    int64_t price = gcp_said_price(o, offer->type, offer->market);
    if (price < 0) {
        any_zone_of(o, region, zone);
        const struct gcp_size *size = size_of(self, offer->type, zone);
        bool due = now_ns >= self->rates_due_ns || (size && !size->known);
        if (due && !self->pricing && now_ns >= self->prices_again_ns)
            begin(self, offer->inventory);
        if (size && size->known)
            price = gcp_rate_price(&self->rates, offer->type, region, offer->market, size->cpus,
                                   size->memory_mib);
    }
    if (price < 0)
        price = gcp_listed_price(o, offer->type, offer->market);
    if (price >= 0)
        place_memory_set_price(&self->memory, offer->type, region, offer->market, price, now_ns);
    return price;
}
