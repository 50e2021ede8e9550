/* gcp: names, offers, and the bodies of requests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "provider_help.h"
#include "providers/gcp/gcp.h"
#include "providers/gcp/plugin.h"

/* ---- names -------------------------------------------------------------------------------------- */

#define TOKEN "abcdefghijklmnopqrstuvwxyz234567"

static void nodes_and_machines(void **state)
{
    (void)state;
    char name[GCE_NAME_MAX], zone[GCE_ZONE_MAX], id[NODE_ID_MAX], token[TOKEN_MAX];
    gce_machine_name(TOKEN, 99, name);
    assert_string_equal(name, "muster-" TOKEN "-99");
    assert_true(gce_name_valid(name));
    assert_true(gce_machine_token(name, token));
    assert_string_equal(token, TOKEN);
    gce_node_id(name, "northamerica-northeast1-a", id);
    assert_string_equal(id, "muster-" TOKEN "-99.northamerica-northeast1-a");
    assert_true(gce_node_split(id, name, zone));
    assert_string_equal(zone, "northamerica-northeast1-a");
    static const char *const others[] = { "i-0123", "", ".", "a.b", "A.us-east1-b", "x.us-east1" };
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(gce_node_split(others[i], name, zone));
    static const char *const no_tokens[] = { "muster-1", "muster-", "other-" TOKEN "-1",
                                             "muster-" TOKEN "-x", "muster-a-b-" TOKEN "-1" };
    for (size_t i = 0; i < sizeof(no_tokens) / sizeof(no_tokens[0]); i++)
        assert_false(gce_machine_token(no_tokens[i], token));
}

static void offers_in_labels(void **state)
{
    (void)state;
    char label[GCE_NAME_MAX], offer[OFFER_NAME_MAX];
    gce_offer_label("gcp/europe-west3/n2-standard-4/spot/2", label);
    assert_string_equal(label, "europe-west3_n2-standard-4_spot_2");
    assert_true(gce_label_value_valid(label));
    gce_offer_name(label, offer);
    assert_string_equal(offer, "gcp/europe-west3/n2-standard-4/spot/2");
    gce_offer_name("", offer);
    assert_string_equal(offer, "");
}

static void request_ids(void **state)
{
    (void)state;
    char one[GCE_UUID_MAX], again[GCE_UUID_MAX], other[GCE_UUID_MAX];
    assert_int_equal(gce_request_id(TOKEN, "us-central1-a", one, NULL), 0);
    assert_int_equal(gce_request_id(TOKEN, "us-central1-a", again, NULL), 0);
    assert_int_equal(gce_request_id(TOKEN, "us-central1-b", other, NULL), 0);
    assert_string_equal(one, again);
    assert_string_not_equal(one, other);
    assert_int_equal(strlen(one), 36);
    assert_int_equal(one[14], '8');
}

static void zones(void **state)
{
    (void)state;
    char region[GCE_ZONE_MAX];
    assert_true(gce_zone_valid("us-central1-a"));
    static const char *const no_zones[] = { "",
                                            "a",
                                            "us-central1",
                                            "us-central1-",
                                            "US-central1-a",
                                            "us-central1-a/..",
                                            "-us-central1-a" };
    for (size_t i = 0; i < sizeof(no_zones) / sizeof(no_zones[0]); i++)
        assert_false(gce_zone_valid(no_zones[i]));
    gce_region_of("us-central1-a", region);
    assert_string_equal(region, "us-central1");
}

/* ---- offers ------------------------------------------------------------------------------------- */

static struct pool_spec *spec_of(const char *const *settings)
{
    struct pool_spec *spec = pool_spec_new("p");
    struct option_choice entry = { &provider_gcp.options,
                                   options_make(&provider_gcp.options, settings) };
    assert_true(vec_push(&spec->offer_entries, entry));
    return spec;
}

static void an_offer_for_each_region_type_and_market(void **state)
{
    (void)state;
    struct error err = { 0 };
    struct pool_spec *spec =
        spec_of(SETTINGS("project", "acme", "region", "us-central1", "zones", "a", "zones", "b",
                         "zones", "europe-west1-b", "types", "{ n2-standard-4: 4 }", "template",
                         "t", "prices", "n2-standard-4=0.194"));
    const char *key;
    assert_int_equal(gcp_option_check(spec->offer_entries.at[0].options, &key, &err), 0);
    size_t entry;
    assert_int_equal(providers_expand(spec, &entry, &err), 0);
    assert_int_equal(spec->offers.len, 4);
    const struct offer *o = spec->offers.at;
    assert_string_equal(o[0].name, "gcp/us-central1/n2-standard-4/spot");
    assert_string_equal(o[0].inventory, "gcp:acme");
    assert_string_equal(o[0].zone, "");
    assert_int_equal(o[0].slots, 4);
    assert_int_equal(o[0].price_usd_micro, 194000);
    assert_string_equal(o[1].name, "gcp/europe-west1/n2-standard-4/spot");
    assert_string_equal(o[1].zone, "europe-west1-b");
    assert_int_equal(o[2].market, MARKET_ON_DEMAND);
    char region[GCE_ZONE_MAX];
    gcp_offer_region(&o[1], region);
    assert_string_equal(region, "europe-west1");
    pool_spec_free(spec);
}

static void mistakes(void **state)
{
    (void)state;
#define GOOD "zones", "us-east1-b", "types", "{ n2-standard-4: 4 }", "template", "t"
    const struct {
        const char *const *settings;
        const char *key;
    } cases[] = {
        { SETTINGS("types", "{ n2-standard-4: 4 }", "template", "t"), "zones" },
        { SETTINGS(GOOD, "zones", "us-east1-b"), "zones" },
        { SETTINGS(GOOD, "zones", "c"), "zones" },
        { SETTINGS(GOOD, "region", "US"), "region" },
        { SETTINGS(GOOD, "types", "{ big: 4 }"), "types" },
        { SETTINGS(GOOD, "project", "a/b"), "project" },
        { SETTINGS(GOOD, "labels", "Team=x"), "labels" },
        { SETTINGS(GOOD, "labels", "muster-pool=x"), "labels" },
        { SETTINGS(GOOD, "prices", "n2-standard-4"), "prices" },
        { SETTINGS(GOOD, "spot_prices", "n2-standard-4=cheap"), "spot_prices" },
        { SETTINGS(GOOD, "image", "i"), "template" },
        { SETTINGS("zones", "us-east1-b", "types", "{ n2-standard-4: 4 }"), "template" },
        { SETTINGS("zones", "us-east1-b", "types", "{ n2-standard-4: 4 }", "image", "i"),
          "command" },
        { SETTINGS(GOOD, "mig", "g"), "mig" },
        { SETTINGS("zones", "us-east1-b", "types", "{ n2-standard-4: 4 }", "mig", "g"), "market" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct pool_spec *spec = spec_of(cases[i].settings);
        const char *key = "";
        struct error err = { 0 };
        if (gcp_option_check(spec->offer_entries.at[0].options, &key, &err) != MUSTER_E_INVALID ||
            strcmp(key, cases[i].key) != 0)
            fail_msg("case %zu: %s: %s", i, key, err.text);
        pool_spec_free(spec);
    }
}

/* ---- bodies ------------------------------------------------------------------------------------- */

struct order_fixture {
    struct pool_spec *spec;
    struct intent intent;
    struct gce_order order;
};

static void order_make(struct order_fixture *f, bool spot, const char *const *settings)
{
    f->spec = spec_of(settings);
    f->intent = (struct intent){ .count = 2,
                                 .slots = 4,
                                 .pool = "render",
                                 .token = TOKEN,
                                 .offer = "gcp/us-central1/n2-standard-4/spot" };
    f->order = (struct gce_order){ .intent = &f->intent,
                                   .options = f->spec->offer_entries.at[0].options,
                                   .type = "n2-standard-4",
                                   .spot = spot,
                                   .region = "us-central1",
                                   .controller = "home",
                                   .script = { "", 0 } };
}

static const char *value(const cJSON *json, const char *pointer)
{
    const char *text = cJSON_GetStringValue(json_at(json, pointer));
    return text ? text : "(none)";
}

#define BASE "zones", "us-central1-a", "types", "{ n2-standard-4: 4 }"

static void one_machine(void **state)
{
    (void)state;
    struct order_fixture f;
    struct buf body = { 0 };
    cJSON *json;
    order_make(&f, true,
               SETTINGS(BASE, "image", "projects/p/global/images/i", "command", "work", "disk_gb",
                        "20", "disk_type", "pd-balanced", "subnetwork", "inside", "external_ip",
                        "yes", "service_account", "w@p.iam", "network_tags", "worker", "labels",
                        "team=a"));
    f.order.script = STR("#!/bin/sh\n");
    gce_write_insert(&f.order, "us-central1-a", 0, &body);
    assert_int_equal(json_parse(buf_str(&body), &json, NULL), 0);
    assert_string_equal(value(json, "/name"), "muster-" TOKEN "-0");
    assert_string_equal(value(json, "/machineType"),
                        "zones/us-central1-a/machineTypes/n2-standard-4");
    assert_string_equal(value(json, "/labels/muster-controller"), "home");
    assert_string_equal(value(json, "/labels/muster-intent"), TOKEN);
    assert_string_equal(value(json, "/labels/muster-offer"), "us-central1_n2-standard-4_spot");
    assert_string_equal(value(json, "/labels/muster-slots"), "4");
    assert_string_equal(value(json, "/labels/team"), "a");
    assert_string_equal(value(json, "/scheduling/provisioningModel"), "SPOT");
    assert_string_equal(value(json, "/scheduling/instanceTerminationAction"), "DELETE");
    assert_string_equal(value(json, "/metadata/items/0/value"), "#!/bin/sh\n");
    assert_string_equal(value(json, "/disks/0/initializeParams/diskSizeGb"), "20");
    assert_string_equal(value(json, "/disks/0/initializeParams/diskType"),
                        "zones/us-central1-a/diskTypes/pd-balanced");
    assert_string_equal(value(json, "/networkInterfaces/0/subnetwork"),
                        "regions/us-central1/subnetworks/inside");
    assert_string_equal(value(json, "/networkInterfaces/0/accessConfigs/0/type"), "ONE_TO_ONE_NAT");
    assert_string_equal(value(json, "/tags/items/0"), "worker");
    cJSON_Delete(json);
    buf_release(&body);
    pool_spec_free(f.spec);
}

/* What a request says replaces what the template says: so it is said again. */
static void what_a_template_says_is_kept(void **state)
{
    (void)state;
    struct order_fixture f;
    struct buf body = { 0 };
    cJSON *json, *template;
    order_make(&f, false, SETTINGS(BASE, "template", "t", "labels", "team=b"));
    assert_int_equal(
        json_parse(STR("{\"labels\":{\"team\":\"a\",\"env\":\"x\",\"muster-pool\":\"old\"},"
                       "\"metadata\":{\"items\":[{\"key\":\"k\",\"value\":\"v\"},"
                       "{\"key\":\"startup-script\",\"value\":\"old\"}]},"
                       "\"scheduling\":{\"provisioningModel\":\"SPOT\"}}"),
                   &template, NULL),
        0);
    f.order.template = template;
    f.order.script = STR("new");
    gce_write_insert(&f.order, "us-central1-a", 1, &body);
    assert_int_equal(json_parse(buf_str(&body), &json, NULL), 0);
    assert_string_equal(value(json, "/labels/team"), "b");
    assert_string_equal(value(json, "/labels/env"), "x");
    assert_string_equal(value(json, "/labels/muster-pool"), "render");
    assert_string_equal(value(json, "/metadata/items/0/key"), "k");
    assert_string_equal(value(json, "/metadata/items/1/value"), "new");
    assert_null(json_at(json, "/metadata/items/2"));
    assert_string_equal(value(json, "/scheduling/provisioningModel"), "STANDARD");
    assert_null(json_at(json, "/disks"));
    cJSON_Delete(json);
    cJSON_Delete(template);
    buf_release(&body);
    pool_spec_free(f.spec);
}

static void many_machines(void **state)
{
    (void)state;
    struct order_fixture f;
    struct buf body = { 0 };
    struct gcp_zones allowed = { 0 }, all = { 0 };
    cJSON *json;
    static const char *const names[] = { "us-central1-a", "us-central1-b", "us-central1-f" };
    for (size_t i = 0; i < 3; i++) {
        struct gcp_zone zone;
        str_copy_c(zone.name, sizeof(zone.name), names[i]);
        assert_true(vec_push(&all.all, zone));
        assert_true(i > 1 || vec_push(&allowed.all, zone));
    }
    order_make(&f, true, SETTINGS(BASE, "template", "t", "spread", "any"));
    gce_write_bulk(&f.order, "projects/p/global/instanceTemplates/t", &allowed, &all, &body);
    assert_int_equal(json_parse(buf_str(&body), &json, NULL), 0);
    assert_string_equal(value(json, "/count"), "2");
    assert_string_equal(value(json, "/minCount"), "1");
    assert_non_null(json_at(json, "/perInstanceProperties/muster-" TOKEN "-1"));
    assert_string_equal(value(json, "/instanceProperties/machineType"), "n2-standard-4");
    assert_string_equal(value(json, "/locationPolicy/locations/zones~1us-central1-a/preference"),
                        "ALLOW");
    assert_string_equal(value(json, "/locationPolicy/locations/zones~1us-central1-f/preference"),
                        "DENY");
    assert_string_equal(value(json, "/locationPolicy/targetShape"), "ANY");
    cJSON_Delete(json);
    buf_clear(&body);
    gce_write_bulk(&f.order, "", &allowed, NULL, &body);
    assert_null(strstr(buf_text(&body), "locationPolicy"));
    buf_release(&body);
    vec_release(&allowed.all);
    vec_release(&all.all);
    pool_spec_free(f.spec);
}

static void templates(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        { "t", "projects/acme/global/instanceTemplates/t" },
        { "regions/r/instanceTemplates/t", "projects/acme/regions/r/instanceTemplates/t" },
        { "projects/x/global/instanceTemplates/t", "projects/x/global/instanceTemplates/t" },
        { "https://compute/v1/projects/x/global/instanceTemplates/t",
          "projects/x/global/instanceTemplates/t" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf path = { 0 };
        gce_template_path("acme", cases[i][0], &path);
        assert_string_equal(buf_text(&path), cases[i][1]);
        buf_release(&path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_and_machines),
        cmocka_unit_test(offers_in_labels),
        cmocka_unit_test(request_ids),
        cmocka_unit_test(zones),
        cmocka_unit_test(an_offer_for_each_region_type_and_market),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(one_machine),
        cmocka_unit_test(what_a_template_says_is_kept),
        cmocka_unit_test(many_machines),
        cmocka_unit_test(templates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
