/* The market moves: prices, and capacity that comes and goes, place by place. */
#include "sim/engine.h"

static int next_step(struct engine *e, enum due kind, uint32_t place,
                     const struct sim_series *series, size_t step, struct error *err)
{
    if (!series || step >= series->steps.len)
        return 0;
    return engine_plan(e, kind, series->steps.at[step].at_ns, NULL, place, 0, err);
}

static int add(struct engine *e, uint32_t offer, const struct sim_series *price,
               const struct sim_series *capacity, struct error *err)
{
    const struct offer *o = &e->offers.at[offer].offer;
    struct place_state place = {
        .offer = offer,
        .price = price,
        .capacity = capacity,
        .usd_micro = o->price_usd_micro,
        .room = SIM_UNLIMITED,
    };
    uint32_t n = (uint32_t)e->places.len;
    if (!vec_push(&e->places, place))
        return error_nomem(err);
    e->offers.at[offer].places++;
    int rc = next_step(e, DUE_PRICE, n, price, 0, err);
    return rc < 0 ? rc : next_step(e, DUE_CAPACITY, n, capacity, 0, err);
}

int sim_places_add(struct engine *e, uint32_t offer, struct error *err)
{
    const struct sim_offer_market *market = e->offers.at[offer].market;
    e->offers.at[offer].first_place = (uint32_t)e->places.len;
    if (!market || market->places.len == 0)
        return add(e, offer, market ? &market->price : NULL, market ? &market->capacity : NULL,
                   err);
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < market->places.len; i++)
        rc = add(e, offer, &market->places.at[i]->price, &market->places.at[i]->capacity, err);
    return rc;
}

static int64_t left(const struct place_state *place)
{
    if (place->room == SIM_UNLIMITED)
        return SIM_UNLIMITED;
    return place->room > place->machines ? place->room - place->machines : 0;
}

int64_t sim_places_room(const struct engine *e, uint32_t offer, int64_t count)
{
    const struct offer_state *o = &e->offers.at[offer];
    int64_t room = 0;
    for (uint32_t i = 0; i < o->places && room < count; i++) {
        int64_t here = left(&e->places.at[o->first_place + i]);
        room += here < count - room ? here : count - room;
    }
    return room;
}

uint32_t sim_places_choose(const struct engine *e, uint32_t offer)
{
    const struct offer_state *o = &e->offers.at[offer];
    uint32_t best = o->first_place;
    for (uint32_t n = o->first_place; n < o->first_place + o->places; n++) {
        const struct place_state *place = &e->places.at[n];
        const struct place_state *so_far = &e->places.at[best];
        if (left(place) > 0 && (left(so_far) == 0 || place->usd_micro < so_far->usd_micro))
            best = n;
    }
    return best;
}

/* ---- prices --------------------------------------------------------------------------------------- */

/* What the offer costs to whoever buys next. */
static int tell_price(struct engine *e, uint32_t offer, struct error *err)
{
    struct event ev = { .type = EVENT_PRICE };
    ev.price.pool = e->spec->name;
    ev.price.offer = e->offers.at[offer].offer.name;
    ev.price.usd_micro = e->places.at[sim_places_choose(e, offer)].usd_micro;
    return e->control ? sim_core_step(e, &ev, err) : 0;
}

int sim_place_price_steps(struct engine *e, uint32_t n, struct error *err)
{
    struct place_state *place = &e->places.at[n];
    place->usd_micro = place->price->steps.at[place->price_step++].value;
    int rc = tell_price(e, place->offer, err);
    return rc < 0 ? rc : next_step(e, DUE_PRICE, n, place->price, place->price_step, err);
}

/* ---- capacity ------------------------------------------------------------------------------------- */

/* One of those that could be taken, each as likely as the others. */
static struct machine *draw_victim(struct engine *e, uint32_t place)
{
    struct machine *victim = NULL;
    uint64_t seen = 0;
    for (size_t i = 0; i < e->machines.len; i++) {
        struct machine *m = e->machines.at[i];
        bool lives = m->state == LISTED_PENDING || m->state == LISTED_RUNNING;
        if (m->place == place && lives && !m->doomed && rng_below(&e->rng, ++seen) == 0)
            victim = m;
    }
    return victim;
}

static int doom(struct engine *e, struct machine *m, struct error *err)
{
    int64_t notice_ns = e->offers.at[m->offer].notice_ns;
    m->doomed = true;
    e->places.at[m->place].machines--;
    e->result.interruptions++;
    e->point.interruptions++;
    if (notice_ns <= 0)
        return sim_machine_stops(e, m, err);
    m->noticed = true;
    int rc = engine_plan(e, DUE_TAKEN, e->now_ns + notice_ns, m, 0, m->life, err);
    return rc == 0 && e->control ? sim_agent_beat(e, m, err) : rc;
}

int sim_place_capacity_steps(struct engine *e, uint32_t n, struct error *err)
{
    struct place_state *place = &e->places.at[n];
    int64_t value = place->capacity->steps.at[place->capacity_step++].value;
    bool opens_or_closes = (value == 0) != (place->room == 0);
    place->room = value < 0 ? SIM_UNLIMITED : value;
    int rc = 0;
    while (rc == 0 && place->machines > place->room) {
        struct machine *m = draw_victim(e, n);
        rc = m ? doom(e, m, err) : 1;
    }
    /* Another place may be the cheapest now. */
    if (rc >= 0 && opens_or_closes && e->offers.at[place->offer].places > 1)
        rc = tell_price(e, place->offer, err);
    return rc < 0 ? rc : next_step(e, DUE_CAPACITY, n, place->capacity, place->capacity_step, err);
}
