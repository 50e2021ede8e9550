/*
 * Opens providers on first use and lists what they have. Reading only: this is all of a provider that
 * a dry run ever touches.
 */
#ifndef RUNTIME_PROVIDER_READER_H
#define RUNTIME_PROVIDER_READER_H

#include "runtime/executor.h"
#include "runtime/later.h"

struct provider_reader;

/* Listings go to `event` (env->event is not called); all of env is borrowed or copied. */
int provider_reader_new(const struct executor_env *env, executor_event_cb *event, void *ctx,
                        struct provider_reader **ret, struct error *err);
/* Closes the providers; calls in flight are dropped. Takes NULL. */
void provider_reader_free(struct provider_reader *reader);

/* Answer, later: EVENT_LISTING or EVENT_LISTING_FAILED. */
void provider_reader_list(struct provider_reader *reader, const char *inventory);

/* What the provider knows that this offer of the pool costs; PRICE_UNKNOWN. */
int64_t provider_reader_price(struct provider_reader *reader, const struct offer *offer,
                              const struct pool_spec *spec);

/* For answers that are known at once. */
struct later *provider_reader_later(struct provider_reader *reader);

/* The provider of an inventory ("local", "aws:eu-central-1"), opened. For the live executor. */
int provider_reader_open(struct provider_reader *reader, const char *inventory,
                         const struct provider_plugin **ret_plugin, struct provider **ret,
                         struct error *err);

#endif
