#include "queue/aws_poll.h"

static void on_late(uv_timer_t *timer)
{
    struct aws_poll *poll = timer->data;
    struct error failure = poll->failure;
    aws_poll_answer(poll, NULL, &failure);
}

int aws_poll_init(struct aws_poll *poll, const struct queue_env *env, const char *region,
                  struct error *err)
{
    char standard[64];
    if (!env->aws || !env->aws_settings)
        return error_set(err, MUSTER_E_CONFIG, "there is no AWS client here");
    if (!region)
        region = aws_settings_region(env->aws_settings, standard);
    if (!region || !str_copy_c(poll->region, sizeof(poll->region), region))
        return error_set(
            err, MUSTER_E_CONFIG,
            "no AWS region: set `region` here, aws.region in muster.yaml, or AWS_REGION");
    poll->aws = env->aws;
    poll->settings = env->aws_settings;
    poll->clock = env->clock;
    uv_timer_init(env->loop, &poll->late);
    poll->late.data = poll;
    return 0;
}

void aws_poll_close(struct aws_poll *poll, uv_close_cb closed, void *data)
{
    aws_client_drop(poll->aws, poll);
    poll->late.data = data;
    uv_close((uv_handle_t *)&poll->late, closed);
}

void aws_poll_begin(struct aws_poll *poll, queue_poll_cb *done, void *ctx)
{
    poll->done = done;
    poll->ctx = ctx;
}

void aws_poll_answer(struct aws_poll *poll, const struct sample *sample, const struct error *err)
{
    queue_poll_cb *done = poll->done;
    poll->done = NULL;
    done(poll->ctx, err->code ? NULL : sample, err);
}

void aws_poll_fail(struct aws_poll *poll, const struct error *err)
{
    poll->failure = *err;
    uv_timer_start(&poll->late, on_late, 0, 0);
}
