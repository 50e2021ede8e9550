/*
 * Policy files for the modelled world, read by the real reader. The queue source is `model`, the
 * provider `cloud`:
 *
 *     queue: { model: {} }
 *     buy: { offers: [ cloud: { type: small, slots: 2, price: 0.1 USD/h } ] }
 *
 * What a test is not about may be left out: the pool's name, the queue and the offers then have a
 * default ("cloud/small": one slot, 0.1 USD/h).
 */
#ifndef TESTS_SIM_POLICY_TEXT_H
#define TESTS_SIM_POLICY_TEXT_H

#include "control/spec.h"

/* On failure the text of *err holds the reader's list of problems. */
int policy_text_parse(const char *pool, const char *text, struct pool_spec **ret,
                      struct error *err);

#endif
