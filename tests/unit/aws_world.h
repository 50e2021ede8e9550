/*
 * The core, the AWS provider, its client and HTTP over loopback against tiny_ec2, in virtual time: what
 * takes minutes takes none. The journal is prompt; the policy is `backlog: 1`, so that a sample of n jobs
 * makes n machines wanted.
 */
#ifndef TESTS_UNIT_AWS_WORLD_H
#define TESTS_UNIT_AWS_WORLD_H

#include "core_fixture.h"

#include "auth/aws_client.h"
#include "net/http_call.h"
#include "providers/provider.h"
#include "tests/unit/tiny_ec2.h"
#include "tests/unit/virtual_timers.h"

struct aws_world {
    uv_loop_t loop;
    struct clock clock;
    struct log log;
    struct aws_settings settings;
    struct http_client *http;
    struct aws_client *aws;
    struct provider_env env;
    struct provider *provider;
    struct tiny_ec2 ec2;
    struct core core;
    struct pool_spec *spec; /* the core's */
    VEC(uint64_t) written;  /* intents on their way to the journal */
    VEC(struct intent) sent;
    VEC(char *) listings;
    int64_t asked_ns, begun_ns;
    size_t most; /* machines alive at once: asserted all the time */
    uint64_t beats;
    char notes[8192]; /* all that the core said, a line each */
};

/* A pool of at most `most` machines, bought as the settings of one aws: entry say. */
void aws_world_start(struct aws_world *world, const char *const *settings, int64_t most);
void aws_world_stop(struct aws_world *world);
/* So many jobs wait from now on. */
void aws_world_sample(struct aws_world *world, double waiting);
void aws_world_beat(struct aws_world *world, const char *node, enum beat_state state);
/* For so long, or (enough > 0) until so many machines were made and no intent is open. */
void aws_world_run(struct aws_world *world, int64_t for_ns, size_t enough);

#endif
