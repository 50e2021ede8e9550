/* What a machine costs: spot prices of now, on-demand prices of the policy file or the price list. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "providers/aws/check.h"

bool aws_check_wants_spot(const struct aws_options *o)
{
    return o->markets[0] == MARKET_SPOT || o->markets[1] == MARKET_SPOT;
}

/* ---- spot --------------------------------------------------------------------------------------- */

bool aws_check_ask_spot(struct aws_check *c, struct aws_request *request, struct buf *body)
{
    const struct clock *clock = c->base.provider->env->clock;
    if (!aws_check_wants_spot(c->o) || (c->asked > 0 && !c->token[0]))
        return false;
    aws_check_name_types(c);
    request->action = "DescribeSpotPriceHistory";
    ec2_write_prices(c->names, c->names_len, clock->wall_ns(clock->ctx), c->token, body);
    return true;
}

void aws_check_spot(struct aws_check *c, const struct aws_response *response,
                    const struct error *err)
{
    struct error bad = *err;
    if (!bad.code)
        (void)ec2_read_prices(response->body, &c->spot, &bad);
    str_copy_c(c->token, sizeof(c->token), bad.code ? "" : c->spot.next);
    if (bad.code)
        aws_check_tell_error(c, "spot prices", "ec2:DescribeSpotPriceHistory", &bad);
}

/* ---- all of it ---------------------------------------------------------------------------------- */

/* The newest in a zone; PRICE_UNKNOWN. */
static int64_t spot_price(const struct aws_check *c, const char *type, const char *zone)
{
    const struct ec2_price *best = NULL;
    for (size_t i = 0; i < c->spot.all.len; i++) {
        const struct ec2_price *at = &c->spot.all.at[i];
        if (strcmp(at->type, type) == 0 && strcmp(at->zone, zone) == 0 &&
            (!best || at->wall_ns > best->wall_ns))
            best = at;
    }
    return best ? best->usd_micro : PRICE_UNKNOWN;
}

/* Whether there is one in any of the entry's zones. */
static bool add_spot(const struct aws_check *c, const char *type, struct buf *out)
{
    bool any = false;
    for (size_t i = 0; i < aws_places(c->o); i++) {
        char place[AWS_PLACE_MAX], text[UNITS_TEXT_MAX];
        aws_place(c->o, i, place, sizeof(place));
        const char *zone = aws_check_zone(c, place);
        int64_t price = spot_price(c, type, zone);
        if (price < 0)
            continue;
        buf_addf(out, "%s%s in %s", any ? ", " : "; spot ", units_format_price(price, text), zone);
        any = true;
    }
    if (!any)
        buf_add_c(out, "; no spot price");
    return any;
}

static void tell_price(struct aws_check *c, const char *type)
{
    char what[AWS_TYPE_MAX + 8], text[UNITS_TEXT_MAX];
    struct buf out = { 0 };
    int64_t price = aws_demand_price(c->base.provider, c->o, type);
    bool said = aws_listed_price(c->o, type) >= 0;
    snprintf(what, sizeof(what), "price %s", type);
    if (price >= 0)
        buf_addf(&out, "on demand %s (%s)", units_format_price(price, text),
                 said ? "the policy file says" : "AWS's price list");
    else
        buf_add_c(&out, "on demand not known");
    bool spot = aws_check_wants_spot(c->o) && add_spot(c, type, &out);
    /* Spot without a price is reckoned at the on-demand price; the other way round there is none. */
    bool only_spot = c->o->markets[0] == MARKET_SPOT && c->o->markets[1] != MARKET_ON_DEMAND;
    bool known = price >= 0 || (spot && only_spot);
    aws_check_tell(c, known ? FINDING_OK : FINDING_UNKNOWN, what,
                   known ? NULL : "say what it costs under `prices`", "%s", buf_text(&out));
    buf_release(&out);
}

/* The types that the file gives no price for. */
static void name_unpriced(struct aws_check *c)
{
    c->names_len = 0;
    for (size_t i = 0; i < c->o->types.len && c->names_len < AWS_CHECK_NAMES_MAX; i++) {
        if (aws_listed_price(c->o, c->o->types.at[i].name) < 0)
            c->names[c->names_len++] = c->o->types.at[i].name;
    }
}

bool aws_check_ask_demand(struct aws_check *c, struct aws_request *request, struct buf *body)
{
    name_unpriced(c);
    if (c->asked < c->names_len) {
        aws_demand_ask(&c->base, c->names[c->asked], body, request);
        return true;
    }
    for (size_t i = 0; i < c->o->types.len; i++)
        tell_price(c, c->o->types.at[i].name);
    return false;
}

void aws_check_demand(struct aws_check *c, const struct aws_response *response,
                      const struct error *err)
{
    struct error bad = *err;
    int64_t usd_micro = PRICE_UNKNOWN;
    if (!bad.code)
        (void)aws_read_products(response->body, &usd_micro, &bad);
    if (usd_micro >= 0)
        aws_demand_learned(c->base.provider, c->base.region, c->names[c->asked - 1], usd_micro);
    if (!bad.code)
        return;
    aws_check_tell(c, FINDING_UNKNOWN, "on-demand prices",
                   "allow pricing:GetProducts, or say what machines cost under `prices`", "%s",
                   bad.text);
    c->asked = c->names_len;
}
