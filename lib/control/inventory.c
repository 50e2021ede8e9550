/* Inventories: which machines exist. The cloud is the truth, but only a complete listing is believed. */
#include <stdlib.h>

#include "base/clock.h"
#include "control/state.h"

#define LIST_RETRY_NS     (5 * NS_PER_S)
#define LIST_ANSWER_NS    (180 * NS_PER_S)
#define DARK_NS           (60 * NS_PER_S)
#define BLANK_NS          (60 * NS_PER_S)
#define VANISH_BELIEVE_NS (600 * NS_PER_S) /* a mass disappearance is believed after so long */

struct inventory *inventory_find(const struct control *c, const char *name)
{
    for (size_t i = 0; i < c->inventories.len; i++) {
        if (strcmp(c->inventories.at[i]->name, name) == 0)
            return c->inventories.at[i];
    }
    return NULL;
}

uint16_t inventory_index(const struct control *c, const struct inventory *inv)
{
    for (size_t i = 0; i < c->inventories.len; i++) {
        if (c->inventories.at[i] == inv)
            return (uint16_t)i;
    }
    return 0;
}

void inventory_free(struct inventory *inv)
{
    if (inv)
        vec_release(&inv->places);
    free(inv);
}

int inventory_add(struct control *c, const char *name, struct inventory **ret, struct error *err)
{
    struct inventory *inv = inventory_find(c, name);
    if (!inv) {
        inv = calloc(1, sizeof(*inv));
        if (!inv || !vec_push(&c->inventories, inv)) {
            free(inv);
            return error_nomem(err);
        }
        str_copy_c(inv->name, sizeof(inv->name), name);
        inv->list_due_ns = c->now_ns;
    }
    *ret = inv;
    return 0;
}

void inventory_list_soon(struct control *c, uint16_t inventory)
{
    c->inventories.at[inventory]->list_due_ns = c->now_ns;
}

/* When to list it next; one that was never answered is asked for again. */
int64_t inventory_due_ns(const struct inventory *inv)
{
    int64_t answer_ns = inv->asked_ns + LIST_ANSWER_NS;
    return inv->asked_ns != 0 && answer_ns > inv->list_due_ns ? answer_ns : inv->list_due_ns;
}

int inventories_poll(struct control *c, struct effect_list *out, struct error *err)
{
    for (size_t i = 0; i < c->inventories.len; i++) {
        struct inventory *inv = c->inventories.at[i];
        if (c->now_ns < inventory_due_ns(inv))
            continue;
        struct effect *e = effect_add(out, EFFECT_LIST, err);
        if (!e)
            return MUSTER_E_NOMEM;
        e->list.inventory = inv->name;
        inv->asked_ns = c->now_ns;
        inv->list_due_ns = c->now_ns + c->options.list_every_ns;
    }
    return 0;
}

/* Much of it vanished at once, and not long enough ago to be true. */
static bool not_believed(const struct control *c, const struct inventory *inv)
{
    return inv->vanished_since_ns != 0 && c->now_ns - inv->vanished_since_ns < VANISH_BELIEVE_NS;
}

const char *inventory_doubt(const struct control *c, const struct inventory *inv)
{
    if (inv->listed_ns == 0)
        return "its machines have not been listed yet";
    if (inv->failing_since_ns != 0)
        return "the last listing of its machines failed";
    if (not_believed(c, inv))
        return "most of its machines are missing from the listing at once";
    if (c->now_ns - inv->listed_ns > 4 * c->options.list_every_ns + 60 * NS_PER_S)
        return "the last listing of its machines is too old";
    return NULL;
}

bool inventory_dark(const struct control *c, const struct inventory *inv)
{
    return inv->failing_since_ns != 0 && c->now_ns - inv->failing_since_ns >= DARK_NS;
}

bool inventory_elsewhere(const struct control *c, const struct pool *p)
{
    for (size_t i = 0; i < p->spec->offers.len; i++) {
        const struct inventory *inv = inventory_find(c, p->spec->offers.at[i].inventory);
        if (inv && !inventory_dark(c, inv))
            return true;
    }
    return false;
}

/* What was asked for there and did not come is bought elsewhere: it is not asked for again. */
static void give_up(struct control *c, const struct inventory *inv)
{
    uint16_t index = inventory_index(c, inv);
    for (size_t i = 0; i < c->pools.len; i++) {
        struct pool *p = c->pools.at[i];
        for (size_t k = 0; k < p->nodes.len; k++) {
            struct node *node = p->nodes.at[k];
            if (node->inventory == index && node->state == NODE_REQUESTED)
                node->given_up = true;
        }
    }
    gate_give_up(c, inv->name);
}

static int tell_dark(struct control *c, struct inventory *inv, struct effect_list *out,
                     struct error *err)
{
    if (inventory_dark(c, inv) == inv->dark_told)
        return 0;
    inv->dark_told = !inv->dark_told;
    if (inv->dark_told)
        give_up(c, inv);
    if (!inv->dark_told)
        return note(out, LOG_INFO, "", err, "%s answers again", inv->name);
    return note(out, LOG_ERROR, "", err,
                "%s has not answered for %lld seconds; continuing: what was asked for there and "
                "did not come is bought elsewhere, if there is another place to buy",
                inv->name, (long long)(DARK_NS / NS_PER_S));
}

int inventory_failed(struct control *c, const struct event *ev, struct effect_list *out,
                     struct error *err)
{
    struct inventory *inv = inventory_find(c, ev->listing_failed.inventory);
    if (!inv)
        return 0;
    bool first = inv->failing_since_ns == 0;
    inv->asked_ns = 0;
    inv->list_due_ns = c->now_ns + LIST_RETRY_NS;
    if (first)
        inv->failing_since_ns = c->now_ns;
    str_copy_c(inv->problem, sizeof(inv->problem), ev->listing_failed.text);
    if (!first)
        return tell_dark(c, inv, out, err);
    return note(out, LOG_WARNING, "", err,
                "listing %s failed (%s): %s; continuing: nothing is bought or given back there",
                inv->name, error_word(ev->listing_failed.code), ev->listing_failed.text);
}

static uint16_t offer_by_name(const struct pool *p, const char *name)
{
    for (size_t i = 0; i < p->spec->offers.len; i++) {
        if (strcmp(p->spec->offers.at[i].name, name) == 0)
            return (uint16_t)i;
    }
    return OFFER_NONE;
}

/* The launch of this token, if the journal knows that its nodes cannot have worked; else 0. */
static uint64_t never_served(const struct control *c, const char *token)
{
    for (size_t i = 0; i < c->unserved.len; i++) {
        if (strcmp(c->unserved.at[i].token, token) == 0)
            return c->unserved.at[i].number;
    }
    return 0;
}

static void bind_offer(struct node *node, const struct listed_node *listed)
{
    node->unbound = false;
    if (node->offer == OFFER_NONE)
        node->offer = offer_by_name(node->pool, listed->offer);
    if (listed->price_usd_micro > 0)
        node->price_usd_micro = listed->price_usd_micro;
    else if (node->offer != OFFER_NONE)
        node->price_usd_micro = node->pool->spec->offers.at[node->offer].price_usd_micro;
}

/*
 * A machine with our tag that is not in our tables: it survived us. Unless the journal knows that it
 * was never ready, it is taken to be working, silently, until it is heard.
 */
static int adopt(struct control *c, uint16_t inventory, const struct listed_node *listed,
                 struct node **ret, struct error *err)
{
    struct pool *p = pool_find(c, listed->pool);
    if (!p) {
        struct pool_spec *spec = pool_spec_new(listed->pool);
        p = spec ? pool_add(c, spec, err) : NULL;
        if (!p)
            return error_nomem(err);
    }
    struct node *node = pool_add_node(c, p, listed->id, err);
    if (!node)
        return MUSTER_E_NOMEM;
    node->adopted = true;
    node->inventory = inventory;
    uint16_t offer = offer_by_name(p, listed->offer);
    if (listed->slots > 0 && listed->slots <= NODE_SLOTS_MAX)
        node->slots = listed->slots;
    else if (offer != OFFER_NONE)
        node->slots = p->spec->offers.at[offer].slots;
    node_move(node, NODE_BOOTING, c->now_ns);
    node->intent = never_served(c, listed->token);
    node->served = node->intent == 0;
    *ret = node;
    return 0;
}

/* A worker that cannot live would be bought again and again: let its offer rest. */
static void died(struct control *c, struct node *node)
{
    bool asked_for = node->state == NODE_DRAINING || node->state == NODE_TERMINATING;
    bool young = !node->served || c->now_ns - node->state_since_ns < YOUNG_NS;
    if (!asked_for && young && !node->adopted)
        offer_failed(c, node->pool, node->offer, MUSTER_E_TRANSIENT,
                     "its last node ended soon after it was launched: look at the node's log");
}

static bool has_open_intent(const struct control *c, const struct node *node)
{
    for (size_t i = 0; i < c->intents.len; i++) {
        if (c->intents.at[i]->kind == INTENT_TERMINATE &&
            strcmp(c->intents.at[i]->node, node->id) == 0)
            return true;
    }
    return false;
}

/* It ended without us, and its remains are to be given back: nothing works there any more. */
static void ended(struct control *c, struct node *node)
{
    if (!node->drained)
        died(c, node);
    node->drained = true;
    node->busy = 0;
    /* It may have been seen while it stopped, which nobody has asked for. */
    if (node->state != NODE_TERMINATING || !has_open_intent(c, node))
        node_move(node, NODE_DRAINING, c->now_ns);
}

static int take_listed(struct control *c, struct inventory *inv, uint16_t index,
                       const struct listed_node *listed, int64_t asked_ns, struct effect_list *out,
                       struct error *err)
{
    if (!listed->id[0] || listed->state == LISTED_UNSEEN)
        return 0;
    struct node *node = map_get(&c->nodes_by_id, listed->id);
    if (!node)
        node = intent_claim(c, listed->token, listed->id, out, err);
    if (!node && listed->state == LISTED_GONE)
        return 0;
    if (!node) {
        int rc = adopt(c, index, listed, &node, err);
        if (rc < 0)
            return rc;
        /* Found late, after a restart: the pool had it all the time, and begins with it. */
        if (!inv->trusted)
            node->pool->started = false;
        if (inv->trusted)
            rc = note(out, LOG_WARNING, node->pool->spec->name, err,
                      "node %s carries our tag but was not in our tables: adopted", listed->id);
        if (rc < 0)
            return rc;
    }
    int placed = node->inventory == index ? place_add(inv, listed->place, &node->place, err) : 0;
    if (placed < 0)
        return placed;
    inv->blanks = 0;
    node->seen_ns = asked_ns;
    node->missing = 0;
    bind_offer(node, listed);
    /* The view may lag: what it shows as pending may be at work by now, and be ready when it runs. */
    if (node->adopted && node->served && node->state == NODE_BOOTING &&
        listed->state == LISTED_RUNNING)
        node_move(node, NODE_READY, c->now_ns);
    if (listed->interrupted && node_taken_back(c, node, out, err) < 0)
        return MUSTER_E_NOMEM;
    if (listed->state == LISTED_GONE) {
        died(c, node);
        node_gone(c, node->pool, node);
    } else if (listed->state == LISTED_ENDED) {
        ended(c, node);
    } else if (listed->state == LISTED_STOPPING) {
        node_move(node, NODE_TERMINATING, c->now_ns);
    }
    return 0;
}

/* Should this listing have shown the node? A machine that reports to us exists, whatever is listed. */
static bool is_missing(const struct control *c, const struct node *node, uint16_t inventory,
                       int64_t asked_ns)
{
    if (node->inventory != inventory || !node->id[0] || node->state == NODE_GONE ||
        node->seen_ns == asked_ns || inventory_lacks(c, node))
        return false;
    const struct pool_spec *spec = node->pool->spec;
    int64_t settle_ns =
        node->offer == OFFER_NONE ? SETTLE_UNKNOWN_NS : spec->offers.at[node->offer].settle_ns;
    bool too_young = node->launched_ns + settle_ns >= asked_ns;
    bool speaks = node->heard_ns != 0 && c->now_ns - node->heard_ns < 2 * spec->heartbeat_ns;
    return !too_young && !speaks;
}

struct absence {
    int64_t missing, known;
};

static struct absence count_missing(const struct control *c, uint16_t inventory, int64_t asked_ns)
{
    struct absence n = { 0 };
    for (size_t i = 0; i < c->pools.len; i++) {
        const struct pool *p = c->pools.at[i];
        for (size_t k = 0; k < p->nodes.len; k++) {
            const struct node *node = p->nodes.at[k];
            /* What we stop ourselves is expected to go, and what the cloud takes back. */
            if (node->inventory != inventory || !node->id[0] || node->state == NODE_GONE ||
                node->state == NODE_TERMINATING || node->interrupted)
                continue;
            n.known++;
            n.missing += is_missing(c, node, inventory, asked_ns);
        }
    }
    return n;
}

static void bury_missing(struct control *c, uint16_t inventory, int64_t asked_ns)
{
    for (size_t i = 0; i < c->pools.len; i++) {
        struct pool *p = c->pools.at[i];
        for (size_t k = 0; k < p->nodes.len; k++) {
            struct node *node = p->nodes.at[k];
            if (!is_missing(c, node, inventory, asked_ns))
                continue;
            node->missing = (uint8_t)(node->missing < UINT8_MAX ? node->missing + 1 : UINT8_MAX);
            bool stopped = node->state == NODE_TERMINATING && !has_open_intent(c, node);
            if (stopped || node->missing >= c->options.missing_listings) {
                died(c, node);
                node_gone(c, p, node);
            }
        }
    }
}

/* A view that suddenly lacks much of what it showed is more likely wrong than the machines gone. */
static int judge_absence(struct control *c, struct inventory *inv, const struct absence *n,
                         bool *ret_believe, struct effect_list *out, struct error *err)
{
    int64_t limit = n->known / 5 > 3 ? n->known / 5 : 3;
    *ret_believe = true;
    if (n->missing <= limit) {
        inv->vanished_since_ns = 0;
        return 0;
    }
    bool first = inv->vanished_since_ns == 0;
    if (first)
        inv->vanished_since_ns = c->now_ns;
    if (!not_believed(c, inv))
        return 0; /* and stays believed until the missing are buried */
    *ret_believe = false;
    if (!first)
        return 0;
    return note(out, LOG_ERROR, "", err,
                "%lld of %lld machines are missing from the listing of %s at once: not believed "
                "yet; continuing: nothing is bought or given back there",
                (long long)n->missing, (long long)n->known, inv->name);
}

/* How long after a launch some offer's machines may be missing from this listing. */
static int64_t longest_settle_ns(const struct control *c, const struct inventory *inv)
{
    int64_t longest = 0;
    for (size_t i = 0; i < c->pools.len; i++) {
        const struct pool_spec *spec = c->pools.at[i]->spec;
        for (size_t k = 0; k < spec->offers.len; k++) {
            const struct offer *offer = &spec->offers.at[k];
            if (strcmp(offer->inventory, inv->name) == 0 && offer->settle_ns > longest)
                longest = offer->settle_ns;
        }
    }
    return longest;
}

/*
 * How much later than the restart a listing must be asked for to show what was bought last. What was
 * bought long before it is shown by the first one; what is still open counts without being listed. A
 * view that shows nothing at all may be wrong for a while.
 */
static int64_t unsettled_ns(const struct control *c, const struct inventory *inv)
{
    int64_t settle_ns = longest_settle_ns(c, inv);
    int64_t quiet_ns = c->recovered_wall_ns - inv->done_wall_ns;
    int64_t blank_ns = inv->blanks == 0 ? 0 : settle_ns < BLANK_NS ? settle_ns : BLANK_NS;
    if (inv->done_wall_ns == 0)
        return blank_ns;
    int64_t left_ns = quiet_ns < 0 ? settle_ns : settle_ns - quiet_ns;
    return left_ns > blank_ns ? left_ns : blank_ns;
}

/*
 * After a restart nothing is known of the machines but what is listed. Nothing is bought before a
 * listing must show what was bought last, and one that shows nothing at all is asked for again.
 */
static void judge_trust(struct control *c, struct inventory *inv, int64_t asked_ns, bool blank)
{
    if (inv->trusted || inv->partial)
        return;
    if (blank && inv->blanks < UINT8_MAX)
        inv->blanks++;
    bool settled = asked_ns > c->recovered_ns + unsettled_ns(c, inv);
    bool confirmed = inv->blanks == 0 || inv->blanks >= c->options.missing_listings;
    inv->trusted = c->newborn || (settled && confirmed);
    bool all = true;
    for (size_t i = 0; i < c->places.len && all; i++)
        all = c->inventories.at[c->places.at[i].inventory]->trusted;
    if (all)
        vec_clear(&c->places);
    if (!inv->trusted && inv->list_due_ns > c->now_ns + LIST_RETRY_NS)
        inv->list_due_ns = c->now_ns + LIST_RETRY_NS;
}

int inventory_listed(struct control *c, const struct event *ev, struct effect_list *out,
                     struct error *err)
{
    struct inventory *inv = inventory_find(c, ev->listing.inventory);
    int64_t asked_ns = ev->listing.asked_ns;
    if (!inv || asked_ns <= inv->listed_ns)
        return 0; /* an answer from the past */
    uint16_t index = inventory_index(c, inv);
    inv->asked_ns = 0;
    int rc = places_listed(inv, ev, out, err);
    for (size_t i = 0; rc == 0 && i < ev->listing.len; i++)
        rc = take_listed(c, inv, index, &ev->listing.nodes[i], asked_ns, out, err);
    if (rc < 0)
        return rc;
    judge_trust(c, inv, asked_ns, ev->listing.len == 0);
    struct absence absence = count_missing(c, index, asked_ns);
    bool believe;
    rc = judge_absence(c, inv, &absence, &believe, out, err);
    if (rc < 0)
        return rc;
    inv->listed_ns = asked_ns;
    inv->failing_since_ns = 0;
    inv->problem[0] = '\0';
    rc = tell_dark(c, inv, out, err);
    if (rc < 0)
        return rc;
    if (!believe)
        return 0;
    bury_missing(c, index, asked_ns);
    /* A launch may have come to something in the places that were not seen. */
    return inv->partial ? 0 : intents_listed(c, inv->name, asked_ns, out, err);
}
