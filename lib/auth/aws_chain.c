/* Asks one source after the other. The first that is set up answers, well or ill. */
#include <stdlib.h>

#include "auth/aws_credentials.h"

struct chain {
    struct aws_source base;
    size_t len, next;
    aws_source_cb *done;
    void *ctx;
    struct aws_source *sources[];
};

static void ask_next(struct chain *chain);

static void on_found(void *ctx, const struct aws_credentials *found, const struct error *err)
{
    struct chain *chain = ctx;
    if (err->code == MUSTER_E_NOTFOUND)
        ask_next(chain);
    else
        chain->done(chain->ctx, found, err);
}

/* As deep as there are sources, if all of them answer at once: a handful. */
static void ask_next(struct chain *chain)
{
    struct error none = { 0 };
    if (chain->next < chain->len) {
        aws_source_fetch(chain->sources[chain->next++], on_found, chain);
        return;
    }
    error_set(
        &none, MUSTER_E_NOTFOUND,
        "no AWS credentials: not in the environment, not in ~/.aws, and neither a container nor "
        "an EC2 instance role offers any");
    chain->done(chain->ctx, NULL, &none);
}

static void chain_fetch(struct aws_source *self, aws_source_cb *done, void *ctx)
{
    struct chain *chain = (struct chain *)self;
    chain->done = done;
    chain->ctx = ctx;
    chain->next = 0;
    ask_next(chain);
}

static void chain_free(struct aws_source *self)
{
    struct chain *chain = (struct chain *)self;
    for (size_t i = 0; i < chain->len; i++)
        aws_source_free(chain->sources[i]);
    free(chain);
}

static const struct aws_source_ops chain_ops = { chain_fetch, chain_free };

int aws_source_chain(struct aws_source **take_sources, size_t len, struct aws_source **ret,
                     struct error *err)
{
    struct chain *chain = calloc(1, sizeof(*chain) + len * sizeof(chain->sources[0]));
    for (size_t i = 0; i < len; i++) {
        if (chain)
            chain->sources[i] = take_sources[i];
        else
            aws_source_free(take_sources[i]);
    }
    if (!chain)
        return error_nomem(err);
    chain->base.ops = &chain_ops;
    chain->len = len;
    *ret = &chain->base;
    return 0;
}
