/* Credentials that are what they are. */
#include <stdlib.h>

#include "auth/aws_sources.h"

struct held {
    struct aws_source base;
    struct aws_credentials credentials;
};

static void held_fetch(struct aws_source *self, aws_source_cb *done, void *ctx)
{
    done(ctx, &((struct held *)self)->credentials, &(struct error){ 0 });
}

static void held_free(struct aws_source *self)
{
    aws_credentials_release(&((struct held *)self)->credentials);
    free(self);
}

static const struct aws_source_ops held_ops = { held_fetch, held_free };

int aws_source_static(struct aws_credentials *take_credentials, struct aws_source **ret,
                      struct error *err)
{
    struct held *held = calloc(1, sizeof(*held));
    if (!held) {
        aws_credentials_release(take_credentials);
        return error_nomem(err);
    }
    held->base.ops = &held_ops;
    held->credentials = *take_credentials;
    *take_credentials = (struct aws_credentials){ 0 };
    *ret = &held->base;
    return 0;
}
