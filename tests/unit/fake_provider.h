/*
 * A provider that counts what it is asked and answers what the test says, for tests of executors.
 * State is file-level: a plug-in's functions know nothing else.
 */
#ifndef TESTS_UNIT_FAKE_PROVIDER_H
#define TESTS_UNIT_FAKE_PROVIDER_H

#include <stdlib.h>
#include <string.h>

#include "providers/provider.h"

#define FAKE_CALLS_MAX 16

struct fake_call {
    provider_launch_cb *launched;
    provider_terminate_cb *terminated;
    provider_list_cb *listed;
    void *ctx;
    char name[NODE_ID_MAX]; /* inventory, token or node */
};

static struct {
    int opens, closes, lists, launches, terminates;
    int open_code;                          /* what open answers */
    struct fake_call calls[FAKE_CALLS_MAX]; /* not answered yet */
    size_t len;
    int64_t heartbeat_ns;
    const void *options;
} fake;

static inline struct fake_call *fake_add(const char *name, void *ctx)
{
    struct fake_call *call = &fake.calls[fake.len++];
    *call = (struct fake_call){ .ctx = ctx };
    str_copy_c(call->name, sizeof(call->name), name);
    return call;
}

static inline int fake_open(const struct provider_env *env, struct provider **ret,
                            struct error *err)
{
    (void)env;
    fake.opens++;
    if (fake.open_code)
        return error_set(err, fake.open_code, "no credentials");
    *ret = malloc(1);
    return 0;
}

static inline void fake_close(struct provider *self)
{
    fake.closes++;
    fake.len = 0;
    free(self);
}

static inline void fake_list(struct provider *self, const char *inventory, provider_list_cb *done,
                             void *ctx)
{
    (void)self;
    fake.lists++;
    fake_add(inventory, ctx)->listed = done;
}

static inline void fake_launch(struct provider *self, const struct launch_request *request,
                               provider_launch_cb *done, void *ctx)
{
    (void)self;
    fake.launches++;
    fake.heartbeat_ns = request->heartbeat_ns;
    fake.options = request->options;
    fake_add(request->intent->token, ctx)->launched = done;
}

static inline void fake_terminate(struct provider *self, const struct intent *intent,
                                  provider_terminate_cb *done, void *ctx)
{
    (void)self;
    fake.terminates++;
    fake_add(intent->node, ctx)->terminated = done;
}

static const struct provider_mutations fake_mutations = { fake_launch, fake_terminate };

static const struct provider_plugin fake_plugin = {
    .options = { .name = "fake" },
    .open = fake_open,
    .close = fake_close,
    .list = fake_list,
    .mutations = &fake_mutations,
};

static inline const struct provider_plugin *fake_find(const char *name)
{
    return strcmp(name, "fake") == 0 ? &fake_plugin : NULL;
}

#endif
