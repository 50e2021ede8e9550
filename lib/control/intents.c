/* Open intents: what was decided and is not known to have ended. */
#include <stdlib.h>

#include "base/clock.h"
#include "control/state.h"

#define ASK_AGAIN_NS (600 * NS_PER_S) /* of an earlier life's launches */
#define ANSWER_NS    (120 * NS_PER_S) /* a call not answered by then will not be */

struct intent *intent_find(const struct control *c, uint64_t number)
{
    size_t low = 0;
    size_t high = c->intents.len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->intents.at[middle]->number < number)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < c->intents.len && c->intents.at[low]->number == number;
    return found ? c->intents.at[low] : NULL;
}

/* The machines that stand for a launch and have no name yet. */
static struct node *next_requested(const struct pool *p, uint64_t number, size_t *position)
{
    for (; p && *position < p->nodes.len; (*position)++) {
        struct node *node = p->nodes.at[*position];
        if (node->intent == number && node->state == NODE_REQUESTED)
            return node;
    }
    return NULL;
}

static void drop_requested(struct control *c, struct pool *p, uint64_t number)
{
    size_t position = 0;
    for (struct node *node; (node = next_requested(p, number, &position));)
        node_gone(c, p, node);
}

/* A termination that came to nothing leaves its machine where it was before. */
static void undo_terminating(struct control *c, const struct intent *intent)
{
    struct node *node = map_get(&c->nodes_by_id, intent->node);
    if (node)
        node_move(node, NODE_DRAINING, c->now_ns);
}

/* Machines can be given back again (or need not be) where no termination waits for its answer. */
static void forget_failing(struct control *c, const char *inventory)
{
    struct inventory *inv = inventory_find(c, inventory);
    for (size_t i = 0; i < c->intents.len; i++) {
        const struct intent *other = c->intents.at[i];
        if (other->kind == INTENT_TERMINATE && other->state == INTENT_UNKNOWN &&
            strcmp(other->inventory, inventory) == 0)
            return;
    }
    if (inv)
        inv->terminate_failing_since_ns = 0;
}

int intent_close(struct control *c, struct intent *intent, enum intent_state how,
                 struct effect_list *out, struct error *err)
{
    if (!vec_reserve(&c->closed, c->closed.len + 1))
        return error_nomem(err);
    struct effect *e = effect_add(out, EFFECT_CLOSE_INTENT, err);
    if (!e)
        return MUSTER_E_NOMEM;
    e->intent = intent;
    intent->state = how;
    if (intent->kind == INTENT_LAUNCH)
        drop_requested(c, pool_find(c, intent->pool), intent->number);
    else if (how == INTENT_FAILED)
        undo_terminating(c, intent);
    for (size_t i = 0; i < c->intents.len; i++) {
        if (c->intents.at[i] == intent) {
            vec_remove(&c->intents, i);
            break;
        }
    }
    c->closed.at[c->closed.len++] = intent;
    if (intent->kind == INTENT_TERMINATE)
        forget_failing(c, intent->inventory);
    return 0;
}

static int name_requested(struct control *c, struct node *node, const struct intent *intent,
                          const char *id, struct error *err)
{
    int rc = pool_name_node(c, node, id, err);
    node->launched_ns = intent->sent_ns; /* the journal, and calls without an answer, take time */
    if (rc < 0)
        return rc;
    node_move(node, NODE_BOOTING, c->now_ns);
    if (node->given_up) {
        node->given_up = false;
        guard_found(c, node->pool);
    }
    return 0;
}

/* One machine the cloud says it started for this intent. */
static int machine_launched(struct control *c, struct pool *p, const struct intent *intent,
                            const char *id, struct error *err)
{
    if (!id[0] || map_get(&c->nodes_by_id, id))
        return 0; /* a listing was faster, or this answer came twice */
    size_t position = 0;
    struct node *node = next_requested(p, intent->number, &position);
    if (node)
        return name_requested(c, node, intent, id, err);
    /* More than was asked for: it exists, so it counts. */
    node = pool_add_node(c, p, id, err);
    if (!node)
        return MUSTER_E_NOMEM;
    node->intent = intent->number;
    node->slots = intent->slots;
    node->price_usd_micro = intent->price_usd_micro;
    node->launched_ns = intent->sent_ns;
    struct inventory *inv;
    int rc = inventory_add(c, intent->inventory, &inv, err);
    node->inventory = rc < 0 ? 0 : inventory_index(c, inv);
    node_move(node, NODE_BOOTING, c->now_ns);
    return rc;
}

static uint16_t offer_index(const struct pool *p, const char *name)
{
    for (size_t i = 0; i < p->spec->offers.len; i++) {
        if (strcmp(p->spec->offers.at[i].name, name) == 0)
            return (uint16_t)i;
    }
    return OFFER_NONE;
}

int intent_launched(struct control *c, const struct event *ev, struct effect_list *out,
                    struct error *err)
{
    struct intent *intent = intent_find(c, ev->result.number);
    if (!intent || intent->kind != INTENT_LAUNCH)
        return 0; /* closed already; a machine nobody waits for is found by the next listing */
    struct pool *p = pool_find(c, intent->pool);
    for (size_t i = 0; p && i < ev->result.len; i++) {
        int rc = machine_launched(c, p, intent, ev->result.ids[i], err);
        if (rc < 0)
            return rc;
    }
    /* Whatever the reason: asking for the rest at once would only be told the same. */
    int code = ev->result.code < 0 ? ev->result.code : MUSTER_E_CAPACITY;
    if (p && (int64_t)ev->result.len < intent->count)
        offer_failed(c, p, offer_index(p, intent->offer), code,
                     ev->result.text ? ev->result.text : "fewer machines came than were asked for");
    return intent_close(c, intent, INTENT_DONE, out, err);
}

int intent_launch_failed(struct control *c, const struct event *ev, struct effect_list *out,
                         struct error *err)
{
    struct intent *intent = intent_find(c, ev->result.number);
    if (!intent || intent->kind != INTENT_LAUNCH)
        return 0;
    struct pool *p = pool_find(c, intent->pool);
    uint16_t offer = p ? offer_index(p, intent->offer) : OFFER_NONE;
    /*
     * Of a call that was asked again only the last answer is a no; the first may have bought. What is
     * not found any more was bought, and is gone: that settles it.
     */
    bool gone = ev->result.code == MUSTER_E_NOTFOUND;
    if (ev->result.code == MUSTER_E_UNKNOWN || (intent->tries > 1 && !gone)) {
        intent->state = INTENT_UNKNOWN;
        intent->retry_ns = gate_retry_ns(c, intent->tries);
        return note(out, LOG_WARNING, intent->pool, err,
                    "launch %llu was not answered: %s; continuing: counted as %lld live machines "
                    "until it is known",
                    (unsigned long long)intent->number, ev->result.text, (long long)intent->count);
    }
    bool first = offer != OFFER_NONE && c->now_ns >= p->offers.at[offer].not_before_ns;
    if (p)
        offer_failed(c, p, offer, ev->result.code, ev->result.text);
    int rc = 0;
    if (first)
        rc = note(out, LOG_WARNING, intent->pool, err, "%s cannot be bought (%s): %s; continuing",
                  intent->offer, error_word(ev->result.code), ev->result.text);
    return rc < 0 ? rc : intent_close(c, intent, INTENT_FAILED, out, err);
}

static struct inventory *intent_inventory(const struct control *c, const struct intent *intent)
{
    return inventory_find(c, intent->inventory);
}

int intent_terminated(struct control *c, const struct event *ev, struct effect_list *out,
                      struct error *err)
{
    struct intent *intent = intent_find(c, ev->result.number);
    if (!intent || intent->kind != INTENT_TERMINATE)
        return 0;
    struct inventory *inv = intent_inventory(c, intent);
    bool failed = ev->type == EVENT_TERMINATE_FAILED && ev->result.code != MUSTER_E_NOTFOUND;
    if (failed) {
        intent->state = INTENT_UNKNOWN;
        intent->retry_ns = gate_retry_ns(c, intent->tries);
        if (inv && inv->terminate_failing_since_ns == 0)
            inv->terminate_failing_since_ns = c->now_ns;
        return note(out, LOG_WARNING, intent->pool, err,
                    "node %s could not be stopped (%s): %s; continuing: tried again later",
                    intent->node, error_word(ev->result.code), ev->result.text);
    }
    /* Accepted, or not found: neither proves that the machine is gone. The listing does. */
    if (inv) {
        inv->terminate_failing_since_ns = 0;
        inventory_list_soon(c, inventory_index(c, inv));
    }
    return intent_close(c, intent, INTENT_DONE, out, err);
}

struct node *intent_claim(struct control *c, const char *token, const char *id,
                          struct effect_list *out, struct error *err)
{
    if (!token[0])
        return NULL;
    for (size_t i = 0; i < c->intents.len; i++) {
        struct intent *intent = c->intents.at[i];
        if (intent->kind != INTENT_LAUNCH || strcmp(intent->token, token) != 0)
            continue;
        struct pool *p = pool_find(c, intent->pool);
        size_t position = 0;
        struct node *node = next_requested(p, intent->number, &position);
        if (!node || name_requested(c, node, intent, id, err) < 0)
            return NULL;
        /* All there: the answer to the call, if it still comes, can tell nothing new. */
        if (!next_requested(p, intent->number, &position))
            intent_close(c, intent, INTENT_DONE, out, err);
        return node;
    }
    return NULL;
}

static int64_t settle_ns(const struct control *c, const struct intent *intent)
{
    const struct pool *p = pool_find(c, intent->pool);
    uint16_t offer = p ? offer_index(p, intent->offer) : OFFER_NONE;
    return offer == OFFER_NONE ? SETTLE_UNKNOWN_NS : p->spec->offers.at[offer].settle_ns;
}

int intents_listed(struct control *c, const char *inventory, int64_t asked_ns,
                   struct effect_list *out, struct error *err)
{
    for (size_t i = 0; i < c->intents.len; i++) {
        struct intent *intent = c->intents.at[i];
        if (strcmp(intent->inventory, inventory) != 0)
            continue;
        if (intent->kind != INTENT_LAUNCH || intent->state != INTENT_UNKNOWN)
            continue;
        if (asked_ns <= intent->sent_ns + settle_ns(c, intent))
            continue;
        if (++intent->listings < c->options.missing_listings)
            continue;
        int rc = note(out, LOG_INFO, intent->pool, err,
                      "launch %llu: %d complete listings show no machine of it: it never happened",
                      (unsigned long long)intent->number, intent->listings);
        if (rc == 0)
            rc = intent_close(c, intent, INTENT_FAILED, out, err);
        if (rc < 0)
            return rc;
        i--;
    }
    return 0;
}

static int intent_expire(struct control *c, struct intent *intent, struct effect_list *out,
                         struct error *err)
{
    if (intent->state == INTENT_PLANNED && c->now_ns - intent->planned_ns >= ANSWER_NS)
        return gate_lost(c, intent->number, "it did not answer", out, err);
    if (intent->state == INTENT_SENT && c->now_ns - intent->sent_ns >= ANSWER_NS) {
        intent->state = INTENT_UNKNOWN;
        intent->retry_ns = c->now_ns;
    }
    bool stopping = intent->kind == INTENT_TERMINATE && intent->state == INTENT_UNKNOWN;
    if (stopping && !map_get(&c->nodes_by_id, intent->node))
        return intent_close(c, intent, INTENT_DONE, out, err); /* it went without an answer */
    return 0;
}

int intents_expire(struct control *c, struct effect_list *out, struct error *err)
{
    /* From the end, since those that are closed leave the list. */
    for (size_t i = c->intents.len; i-- > 0;) {
        int rc = intent_expire(c, c->intents.at[i], out, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}

static bool keep_token(struct control *c, const struct intent *from)
{
    struct launch_name name = { .number = from->number };
    str_copy_c(name.token, sizeof(name.token), from->token);
    return vec_push(&c->unserved, name);
}

/*
 * A launch that was decided a moment before the restart is asked for again, with the same token: either
 * the cloud says what became of it, or it is bought now. What is older nobody may want any more.
 */
static bool may_ask_again(const struct control *c, const struct intent *from)
{
    int64_t age_ns = c->wall_ns - from->planned_wall_ns;
    return from->kind == INTENT_LAUNCH && age_ns >= 0 && age_ns < ASK_AGAIN_NS;
}

/* In its place by number; the one that is there already if a recovery is tried again. */
static struct intent *recovered_intent(struct control *c, const struct intent *from)
{
    struct intent *intent = intent_find(c, from->number);
    if (intent)
        return intent;
    intent = malloc(sizeof(*intent));
    if (!intent || !vec_push(&c->intents, intent)) {
        free(intent);
        return NULL;
    }
    *intent = *from;
    intent->state = INTENT_UNKNOWN;
    intent->tries = may_ask_again(c, from) ? 1 : 0;
    intent->listings = 0;
    intent->planned_ns = intent->sent_ns = intent->retry_ns = c->now_ns;
    for (size_t i = c->intents.len - 1; i > 0 && c->intents.at[i - 1]->number > from->number; i--) {
        c->intents.at[i] = c->intents.at[i - 1];
        c->intents.at[i - 1] = intent;
    }
    return intent;
}

static int64_t count_requested(const struct pool *p, uint64_t number)
{
    int64_t n = 0;
    for (size_t position = 0; next_requested(p, number, &position); position++)
        n++;
    return n;
}

/* What an earlier life asked for and never heard of: counted as live until listings say otherwise. */
static int recover_launch(struct control *c, const struct intent *from, struct error *err)
{
    struct pool *p = pool_find(c, from->pool);
    if (!p) {
        struct pool_spec *spec = pool_spec_new(from->pool);
        p = spec ? pool_add(c, spec, err) : NULL;
        if (!p)
            return error_nomem(err);
    }
    struct inventory *inv;
    int rc = inventory_add(c, from->inventory, &inv, err);
    if (rc < 0)
        return rc;
    struct intent *intent = recovered_intent(c, from);
    if (!intent)
        return error_nomem(err);
    for (int64_t i = count_requested(p, intent->number); i < intent->count; i++) {
        struct node *node = pool_add_node(c, p, "", err);
        if (!node)
            return MUSTER_E_NOMEM;
        node->intent = intent->number;
        node->slots = intent->slots > 0 ? intent->slots : 1;
        node->price_usd_micro = intent->price_usd_micro;
        node->inventory = inventory_index(c, inv);
        node->adopted = true;
        node->served = from->served;
    }
    return 0;
}

/* A termination is decided anew, on fresh proof: an old one is only closed. */
static int recover_terminate(struct control *c, const struct intent *from, struct effect_list *out,
                             struct error *err)
{
    struct intent *intent = malloc(sizeof(*intent));
    if (!intent || !vec_push(&c->closed, intent)) {
        free(intent);
        return error_nomem(err);
    }
    *intent = *from;
    intent->state = INTENT_FAILED;
    struct effect *e = effect_add(out, EFFECT_CLOSE_INTENT, err);
    if (!e)
        return MUSTER_E_NOMEM;
    e->intent = intent;
    return 0;
}

int intents_recover(struct control *c, const struct event *ev, struct effect_list *out,
                    struct error *err)
{
    for (size_t i = 0; i < ev->recovered.open_len; i++) {
        const struct intent *from = &ev->recovered.open[i];
        int rc = 0;
        if (from->kind == INTENT_TERMINATE)
            rc = recover_terminate(c, from, out, err);
        else if (from->state == INTENT_DONE)
            rc = keep_token(c, from) ? 0 : error_nomem(err);
        else
            rc = recover_launch(c, from, err);
        if (rc < 0)
            return rc;
    }
    return 0;
}
