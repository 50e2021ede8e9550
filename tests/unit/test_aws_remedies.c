/*
 * Every error code of AWS that muster knows, from the wire to what is done about it: the whole way
 * through client, provider and core, in virtual time. docs/internals/aws-errors.md has the same table in
 * words.
 */
#include "tests/unit/aws_world.h"

#include <stdio.h>
#include <stdlib.h>

#include <curl/curl.h>
#include <signal.h>

#include "control/state.h"
#include "tests/unit/provider_help.h"

/* What becomes of three machines that are wanted on the spot market, or else on demand. */
enum remedy {
    AGAIN,     /* asked again at once, with the same token: three spot machines, none twice */
    ELSEWHERE, /* the place is sold out: bought on demand; spot rests for three minutes */
    PAUSE, /* the account's limit: bought on demand; spot rests for five minutes; a person is told */
    STOP,  /* set up wrongly: the same */
    DENIED,    /* not allowed: the same */
    REFRESH,   /* signed anew, once, and then as AGAIN */
    NEW_TOKEN, /* that launch is over: another one at once, with a token of its own */
    LOOK_UP,   /* what the token bought is looked up by its tag */
};

struct remedy_case {
    const char *code;
    int status;
    enum remedy remedy;
};

static const struct remedy_case remedies[] = {
    { "RequestLimitExceeded", 503, AGAIN },
    { "Throttling", 400, AGAIN },
    { "ThrottlingException", 400, AGAIN },
    { "ThrottledException", 400, AGAIN },
    { "RequestThrottledException", 400, AGAIN },
    { "RequestThrottled", 403, AGAIN },
    { "TooManyRequestsException", 429, AGAIN },
    { "EC2ThrottledException", 400, AGAIN },
    { "SlowDown", 503, AGAIN },
    { "BandwidthLimitExceeded", 400, AGAIN },
    { "LimitExceededException", 400, AGAIN },
    { "PriorRequestNotComplete", 400, AGAIN },
    { "ProvisionedThroughputExceededException", 400, AGAIN },
    { "TransactionInProgressException", 400, AGAIN },
    { "SomethingNew", 429, AGAIN },

    { "SomethingNew", 500, AGAIN },
    { "SomethingNew", 502, AGAIN },
    { "SomethingNew", 503, AGAIN },
    { "SomethingNew", 504, AGAIN },
    { "InternalError", 500, AGAIN },
    { "InternalFailure", 500, AGAIN },
    { "ServiceUnavailable", 503, AGAIN },
    { "Unavailable", 503, AGAIN },
    { "RequestTimeout", 400, AGAIN },
    { "RequestTimeoutException", 400, AGAIN },
    { "IncorrectSpotRequestState", 400, AGAIN },
    { "IncorrectInstanceState", 400, AGAIN },
    { "IncorrectState", 400, AGAIN },

    /* Though it says 500: nobody is asked again. */
    { "InsufficientInstanceCapacity", 500, ELSEWHERE },
    { "Server.InsufficientInstanceCapacity", 500, ELSEWHERE },
    { "InsufficientHostCapacity", 400, ELSEWHERE },
    { "InsufficientReservedInstanceCapacity", 400, ELSEWHERE },
    { "UnfulfillableCapacity", 400, ELSEWHERE },
    { "InsufficientCapacityOnHost", 400, ELSEWHERE },
    { "InsufficientFreeAddressesInSubnet", 400, ELSEWHERE },
    { "SpotMaxPriceTooLow", 400, ELSEWHERE },
    { "Unsupported", 400, ELSEWHERE },
    { "UnsupportedOperation", 400, ELSEWHERE },

    { "MaxSpotInstanceCountExceeded", 400, PAUSE },
    { "VcpuLimitExceeded", 400, PAUSE },
    { "InstanceLimitExceeded", 400, PAUSE },
    { "MaxFleetCountExceeded", 400, PAUSE },
    { "ReservationCapacityExceeded", 400, PAUSE },
    { "VolumeLimitExceeded", 400, PAUSE },
    { "ResourceLimitExceeded", 400, PAUSE },

    { "InvalidAMIID.NotFound", 400, STOP },
    { "InvalidAMIID.Malformed", 400, STOP },
    { "InvalidLaunchTemplateId.NotFound", 400, STOP },
    { "InvalidLaunchTemplateName.NotFoundException", 400, STOP },
    { "InvalidSubnetID.NotFound", 400, STOP },
    { "InvalidGroup.NotFound", 400, STOP },
    { "InvalidKeyPair.NotFound", 400, STOP },
    { "InvalidParameterValue", 400, STOP },
    { "InvalidParameterCombination", 400, STOP },
    { "MissingParameter", 400, STOP },
    { "InvalidUserData.Malformed", 400, STOP },
    { "InvalidInstanceType", 400, STOP },
    { "OperationNotPermitted", 400, STOP },
    { "SomethingNew", 400, STOP },

    { "UnauthorizedOperation", 403, DENIED },
    { "AccessDenied", 403, DENIED },
    { "AccessDeniedException", 403, DENIED },
    { "OptInRequired", 401, DENIED },
    { "Blocked", 400, DENIED },
    { "PendingVerification", 400, DENIED },
    { "AuthFailure.ServiceLinkedRoleCreationNotPermitted", 400, DENIED },
    { "SomethingNew", 403, DENIED },

    { "AuthFailure", 401, REFRESH },
    { "ExpiredToken", 400, REFRESH },
    { "ExpiredTokenException", 400, REFRESH },
    { "RequestExpired", 400, REFRESH },
    { "InvalidClientTokenId", 403, REFRESH },
    { "UnrecognizedClientException", 400, REFRESH },
    { "SignatureDoesNotMatch", 403, REFRESH },
    { "InvalidSignatureException", 403, REFRESH },
    { "RequestTimeTooSkewed", 403, REFRESH },

    { "IdempotentInstanceTerminated", 400, NEW_TOKEN },
    { "IdempotentParameterMismatch", 400, LOOK_UP },
};

#define WANTED 3

static void start(struct aws_world *w)
{
    aws_world_start(w,
                    SETTINGS("region", "eu-central-1", "zones", "a", "zones", "b", "types",
                             "{ c5.large: 1, m5.large: 1 }", "launch_template", "lt-1"),
                    WANTED);
}

static void fault(struct aws_world *w, struct ec2_fault fault)
{
    w->ec2.faults[0] = fault;
}

static int different_tokens(const struct aws_world *w)
{
    int n = 0;
    for (size_t i = 0; i < w->ec2.tokens.len; i++) {
        size_t k = 0;
        while (strcmp(w->ec2.tokens.at[k], w->ec2.tokens.at[i]) != 0)
            k++;
        n += k == i;
    }
    return n;
}

static int64_t rests_ns(const struct aws_world *w, enum market market)
{
    struct pool *p = pool_find(w->core.control, "p");
    for (size_t i = 0; i < w->spec->offers.len; i++) {
        if (w->spec->offers.at[i].market == market)
            return p->offers.at[i].not_before_ns - w->begun_ns;
    }
    return -1;
}

static void expect(const struct aws_world *w, const char *name, const char *what, bool good)
{
    if (!good)
        fail_msg("%s: not so: %s; %zu spot, %zu on demand, %zu calls of %d tokens\n%s", name, what,
                 tiny_ec2_alive(&w->ec2, true), tiny_ec2_alive(&w->ec2, false), w->ec2.tokens.len,
                 different_tokens(w), w->notes);
}

static void expect_spot(const struct aws_world *w, const char *name, int calls, int tokens)
{
    expect(w, name, "three spot machines", tiny_ec2_alive(&w->ec2, true) == WANTED);
    expect(w, name, "and no others", w->ec2.machines.len == WANTED);
    expect(w, name, "so many calls", (int)w->ec2.tokens.len == calls);
    expect(w, name, "so many tokens", different_tokens(w) == tokens);
}

/* The spot market was left at the first refusal (tries: signed anew, where that may help). */
static void expect_left(const struct aws_world *w, const char *name, const char *word, int tries,
                        int rest_s)
{
    char told[64];
    snprintf(told, sizeof(told), "cannot be bought (%s)", word);
    expect(w, name, "three machines on demand", tiny_ec2_alive(&w->ec2, false) == WANTED);
    expect(w, name, "and no others", w->ec2.machines.len == WANTED);
    expect(w, name, "spot was asked for so often", (int)w->ec2.tokens.len == tries + 1);
    expect(w, name, "it rests",
           rests_ns(w, MARKET_SPOT) >= rest_s * NS_PER_S &&
               rests_ns(w, MARKET_SPOT) <= (rest_s + 10) * NS_PER_S);
    expect(w, name, "a person is told", strstr(w->notes, told) != NULL);
}

static void expect_remedy(const struct aws_world *w, const char *name, enum remedy remedy)
{
    switch (remedy) {
    case AGAIN:
    case REFRESH:
        expect_spot(w, name, 2, 1);
        return;
    case ELSEWHERE:
        expect_left(w, name, "capacity", 1, 180);
        return;
    case PAUSE:
        expect_left(w, name, "quota", 1, 300);
        return;
    case STOP:
        expect_left(w, name, "config", 1, 300);
        return;
    case DENIED:
        expect_left(w, name, "auth", 1, 300);
        return;
    case NEW_TOKEN:
        expect(w, name, "three machines", w->ec2.machines.len == WANTED);
        expect(w, name, "by another token", different_tokens(w) == 2 && w->ec2.tokens.len == 2);
        expect(w, name, "spot hardly rests", rests_ns(w, MARKET_SPOT) < 10 * NS_PER_S);
        return;
    case LOOK_UP:
        expect_spot(w, name, 2, 1);
    }
}

static void launches(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
        const struct remedy_case *c = &remedies[i];
        bool passes = c->remedy == AGAIN || c->remedy == REFRESH || c->remedy == NEW_TOKEN;
        struct aws_world w;
        start(&w);
        /* A mismatch comes of a first try that was carried out and not heard. */
        fault(&w, (struct ec2_fault){ .action = "CreateFleet spot",
                                      .status = c->remedy == LOOK_UP ? 500 : c->status,
                                      .code = c->remedy == LOOK_UP ? "InternalError" : c->code,
                                      .times = passes || c->remedy == LOOK_UP ? 1 : 99,
                                      .done = c->remedy == LOOK_UP });
        if (c->remedy == LOOK_UP)
            w.ec2.faults[1] = (struct ec2_fault){
                .action = "CreateFleet spot", .status = c->status, .code = c->code, .times = 99
            };
        aws_world_sample(&w, WANTED);
        aws_world_run(&w, 100 * NS_PER_S, 0);
        char name[128];
        snprintf(name, sizeof(name), "%s (HTTP %d)", c->code, c->status);
        expect_remedy(&w, name, c->remedy);
        aws_world_stop(&w);
    }
}

/* Credentials that stay bad: one new signature, and then a person. */
static void refreshed_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
        struct aws_world w;
        if (remedies[i].remedy != REFRESH)
            continue;
        start(&w);
        fault(&w, (struct ec2_fault){ .action = "CreateFleet spot",
                                      .status = remedies[i].status,
                                      .code = remedies[i].code,
                                      .times = 99 });
        aws_world_sample(&w, WANTED);
        aws_world_run(&w, 100 * NS_PER_S, 0);
        expect_left(&w, remedies[i].code, "auth", 2, 300);
        aws_world_stop(&w);
    }
}

/* HTTP 200, no machine, and why not, choice by choice. */
static void inside_a_fleets_answer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++) {
        struct aws_world w;
        enum remedy remedy = remedies[i].remedy;
        if (remedy != ELSEWHERE && remedy != PAUSE && remedy != STOP && remedy != DENIED)
            continue;
        if (strcmp(remedies[i].code, "SomethingNew") == 0)
            continue;
        start(&w);
        fault(&w, (struct ec2_fault){ .action = "CreateFleet spot",
                                      .status = 200,
                                      .code = remedies[i].code,
                                      .times = 99 });
        aws_world_sample(&w, WANTED);
        aws_world_run(&w, 100 * NS_PER_S, 0);
        expect_remedy(&w, remedies[i].code, remedy);
        aws_world_stop(&w);
    }
}

/* Done or not done, and no word that can be understood: asked again with the same token. */
static void answers_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int status;
        const char *text;
    } cases[] = {
        { "a proxy's page", 502, "<html><body>Bad Gateway<br></body></html>" },
        { "a page with status 200", 200, "<html><body>Welcome<br></body></html>" },
        { "nothing", 200, "" },
        { "cut off", 200, "<CreateFleetResponse><fleetInstanceSet><item><instanceIds><item>i-" },
        { "another answer", 200, "<DescribeInstancesResponse></DescribeInstancesResponse>" },
        { "not XML", 200, "{\"fleetInstanceSet\": []}" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int done = 0; done < 2; done++) {
            struct aws_world w;
            start(&w);
            fault(&w, (struct ec2_fault){ .action = "CreateFleet spot",
                                          .status = cases[i].status,
                                          .text = cases[i].text,
                                          .times = 1,
                                          .done = done });
            aws_world_sample(&w, WANTED);
            aws_world_run(&w, 200 * NS_PER_S, 0);
            expect_spot(&w, cases[i].name, 2, 1);
            aws_world_stop(&w);
        }
    }
}

/* ---- terminations and listings ------------------------------------------------------------------ */

static void three_and_idle(struct aws_world *w)
{
    start(w);
    aws_world_sample(w, WANTED);
    aws_world_run(w, 100 * NS_PER_S, WANTED);
    for (size_t i = 0; i < w->ec2.machines.len; i++)
        aws_world_beat(w, w->ec2.machines.at[i].id, BEAT_READY);
}

static void drained(struct aws_world *w)
{
    aws_world_sample(w, 0);
    aws_world_run(w, 5 * NS_PER_S, 0);
    for (size_t i = 0; i < w->ec2.machines.len; i++)
        aws_world_beat(w, w->ec2.machines.at[i].id, BEAT_DRAINED);
}

static void terminations(void **state)
{
    (void)state;
    static const struct {
        const char *code;
        int status;
        const char *message;
        int times;
        bool all;         /* are returned in the end */
        const char *note; /* NULL: nothing is told */
    } cases[] = {
        { "RequestLimitExceeded", 503, "", 1, true, NULL },
        { "InternalError", 500, "", 1, true, NULL },
        { "IncorrectInstanceState", 400, "", 1, true, NULL },
        { "ExpiredToken", 400, "", 1, true, NULL },
        /* One that is unknown is taken out; the others go, and a listing has the last word on it. */
        { "InvalidInstanceID.NotFound", 400, "The instance ID 'i-1' does not exist", 1, true,
          NULL },
        { "InvalidInstanceID.Malformed", 400, "Invalid id: \"i-1\"", 1, true, NULL },
        { "OperationNotPermitted", 400, "i-1 is protected", 99, false, "could not be stopped" },
        { "UnauthorizedOperation", 403, "", 99, false, "could not be stopped" },
        { "RequestLimitExceeded", 503, "", 99, false, "could not be stopped" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct aws_world w;
        three_and_idle(&w);
        fault(&w, (struct ec2_fault){ .action = "TerminateInstances",
                                      .status = cases[i].status,
                                      .code = cases[i].code,
                                      .text = cases[i].message,
                                      .times = cases[i].times });
        drained(&w);
        aws_world_run(&w, 900 * NS_PER_S, 0);
        expect(&w, cases[i].code, "three were bought", w.ec2.machines.len == WANTED);
        expect(&w, cases[i].code, "returned", (tiny_ec2_alive(&w.ec2, true) == 0) == cases[i].all);
        expect(&w, cases[i].code, "told as expected",
               cases[i].note ? strstr(w.notes, cases[i].note) != NULL
                             : strstr(w.notes, "could not be stopped") == NULL);
        expect(&w, cases[i].code, "not asked all the time", w.ec2.terminations < 60);
        aws_world_stop(&w);
    }
}

/* A listing that fails costs nobody a machine, and buys none. */
static void listings(void **state)
{
    (void)state;
    static const struct ec2_fault faults[] = {
        { "DescribeInstances", 503, "RequestLimitExceeded", "", 99, false },
        { "DescribeInstances", 500, "InternalError", "", 99, false },
        { "DescribeInstances", 403, "UnauthorizedOperation", "", 99, false },
        { "DescribeInstances", 400, "ExpiredToken", "", 99, false },
        { "DescribeInstances", 200, NULL, "<DescribeInstancesResponse><reservationSet>", 99,
          false },
        { "DescribeInstances", 200, NULL, "", 99, false },
        { "DescribeInstances", 502, NULL, "<html/>", 99, false },
    };
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        struct aws_world w;
        three_and_idle(&w);
        fault(&w, faults[i]);
        for (int minute = 0; minute < 10; minute++) {
            for (size_t n = 0; n < w.ec2.machines.len; n++)
                aws_world_beat(&w, w.ec2.machines.at[n].id, BEAT_READY);
            aws_world_sample(&w, WANTED);
            aws_world_run(&w, 30 * NS_PER_S, 0);
        }
        expect(&w, faults[i].code ? faults[i].code : faults[i].text, "three stay",
               tiny_ec2_alive(&w.ec2, true) == WANTED && w.ec2.machines.len == WANTED);
        aws_world_stop(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(launches),
        cmocka_unit_test(refreshed_once),
        cmocka_unit_test(inside_a_fleets_answer),
        cmocka_unit_test(answers_that_are_none),
        cmocka_unit_test(terminations),
        cmocka_unit_test(listings),
    };
    signal(SIGPIPE, SIG_IGN);
    setenv("AWS_ACCESS_KEY_ID", "AKIATEST", 1);
    setenv("AWS_SECRET_ACCESS_KEY", "secret", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    curl_global_cleanup();
    return failed;
}
