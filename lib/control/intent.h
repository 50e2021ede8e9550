/*
 * An intent: a decision to launch or terminate, journalled before anything is sent.
 *
 *     planned -> sent -> done | failed
 *                sent -> unknown -> done | failed     (no answer: counts as a live machine meanwhile)
 *
 * Its token goes with the call as the idempotency token (or, where a provider names its machines,
 * into the name), so sending it again cannot buy twice. Intents are numbered by a counter that only
 * grows; the journal's own random id is part of the token, so a lost journal never reuses one.
 */
#ifndef CONTROL_INTENT_H
#define CONTROL_INTENT_H

#include <stdint.h>

#include "control/node.h"

#define TOKEN_MAX 40

enum intent_kind { INTENT_LAUNCH, INTENT_TERMINATE };
enum intent_state { INTENT_PLANNED, INTENT_SENT, INTENT_UNKNOWN, INTENT_DONE, INTENT_FAILED };

struct intent {
    uint64_t number; /* >= 1 */
    enum intent_kind kind;
    enum intent_state state;
    char pool[POOL_NAME_MAX];
    char offer[OFFER_NAME_MAX]; /* launch */
    char inventory[64];
    char node[NODE_ID_MAX];      /* terminate */
    char token[TOKEN_MAX];       /* 32 letters and digits */
    int64_t slots;               /* per node */
    int64_t price_usd_micro;     /* per node, at decision time */
    int64_t count;               /* nodes asked for; 1 for a termination */
    int64_t planned_ns, sent_ns; /* boot clock, of this life of the controller */
    int64_t planned_wall_ns;
    int64_t retry_ns; /* unknown: when to ask again; boot clock */
    int tries;
    int listings; /* complete listings since it became unknown that did not show it */
    bool served;  /* launch: one of its nodes has been ready (from the journal) */
};

const char *intent_kind_word(enum intent_kind kind);
const char *intent_state_word(enum intent_state state);

/*
 * token = first 32 characters of base32(SHA-256("controller|journal|number|pool|offer|count|node")).
 * Fails only for lack of memory.
 */
int intent_make_token(struct intent *intent, const char *controller, const char *journal,
                      struct error *err);

#endif
