/* Places: the parts of an inventory that can fail alone, so that a listing lacks them. */
#include "control/state.h"

static uint16_t place_index(const struct inventory *inv, const char *name)
{
    for (size_t i = 0; i < inv->places.len; i++) {
        if (strcmp(inv->places.at[i].name, name) == 0)
            return (uint16_t)(i + 1);
    }
    return 0;
}

int place_add(struct inventory *inv, const char *name, uint16_t *ret, struct error *err)
{
    struct inventory_place fresh = { 0 };
    uint16_t index = name[0] ? place_index(inv, name) : 0;
    if (name[0] && index == 0) {
        str_copy_c(fresh.name, sizeof(fresh.name), name);
        if (inv->places.len >= UINT16_MAX || !vec_push(&inv->places, fresh))
            return error_nomem(err);
        index = (uint16_t)inv->places.len;
    }
    *ret = index;
    return 0;
}

bool inventory_lacks(const struct control *c, const struct node *node)
{
    const struct inventory *inv = c->inventories.at[node->inventory];
    if (!inv->partial)
        return false;
    return node->place == 0 || inv->places.at[node->place - 1].unseen;
}

int places_listed(struct inventory *inv, const struct event *ev, struct effect_list *out,
                  struct error *err)
{
    size_t before = 0, now = 0;
    const char *name = "";
    for (size_t i = 0; i < inv->places.len; i++) {
        before += inv->places.at[i].unseen;
        inv->places.at[i].unseen = false;
    }
    inv->partial = false;
    for (size_t i = 0; i < ev->listing.len; i++) {
        const struct listed_node *listed = &ev->listing.nodes[i];
        uint16_t at;
        if (listed->state != LISTED_UNSEEN)
            continue;
        int rc = place_add(inv, listed->place[0] ? listed->place : "?", &at, err);
        if (rc < 0)
            return rc;
        now += !inv->places.at[at - 1].unseen;
        inv->places.at[at - 1].unseen = true;
        inv->partial = true;
        name = inv->places.at[at - 1].name;
    }
    if (now <= before)
        return 0;
    return note(out, LOG_WARNING, "", err,
                "the listing of %s lacks %s%s; continuing: its machines are taken to be there, and "
                "none of them is given back",
                inv->name, name, now > 1 ? " and other places" : "");
}
