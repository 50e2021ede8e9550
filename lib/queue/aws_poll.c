#include "queue/aws_poll.h"

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
    answer_init(&poll->answer, env->loop);
    return 0;
}

void aws_poll_close(struct aws_poll *poll, uv_close_cb closed, void *data)
{
    aws_client_drop(poll->aws, poll);
    answer_close(&poll->answer, closed, data);
}
