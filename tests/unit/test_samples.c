/* Every sample file that ships is read without a word of complaint, and so is what is printed of it. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "config/daemon_file.h"
#include "config/policy_file.h"
#include "policies/policies.h"
#include "providers/provider.h"
#include "queue/queue.h"

#define KINDS_MAX 64

static const struct option_set *queue_sets[KINDS_MAX];
static const struct option_set *provider_sets[KINDS_MAX];
static const struct config_kinds kinds = { .policies = policies,
                                           .queues = queue_sets,
                                           .providers = provider_sets };

static int collect_kinds(void **state)
{
    (void)state;
    for (size_t i = 0; queues[i] && i + 1 < KINDS_MAX; i++)
        queue_sets[i] = &queues[i]->options;
    for (size_t i = 0; providers[i] && i + 1 < KINDS_MAX; i++)
        provider_sets[i] = &providers[i]->options;
    return 0;
}

static void complain(const char *path, const struct error *err, const struct problems *problems)
{
    struct buf out = { 0 };
    problems_print(problems, false, &out);
    print_error("%s: %s\n%s", path, err->text, buf_text(&out));
    buf_release(&out);
    fail();
}

static void check_again(const char *path, const struct pool_spec *spec)
{
    struct buf once = { 0 };
    struct buf twice = { 0 };
    struct problems problems;
    struct pool_spec *again = NULL;
    struct error err = { 0 };
    problems_init(&problems);
    policy_file_print(spec, &once);
    if (policy_file_parse(buf_str(&once), path, &kinds, &again, &problems, &err) < 0)
        complain(path, &err, &problems);
    policy_file_print(again, &twice);
    assert_string_equal(buf_text(&once), buf_text(&twice));
    pool_spec_free(again);
    problems_release(&problems);
    buf_release(&once);
    buf_release(&twice);
}

static void check_sample(const char *path)
{
    struct problems problems;
    struct pool_spec *spec = NULL;
    struct error err = { 0 };
    size_t entry = 0;
    problems_init(&problems);
    int rc = policy_file_read(path, &kinds, &spec, &problems, &err);
    if (rc == 0)
        rc = providers_expand(spec, &entry, &err);
    if (rc == 0)
        policy_file_lint(spec, &problems);
    if (rc < 0 || problems.all.len > 0)
        complain(path, &err, &problems);
    check_again(path, spec);
    pool_spec_free(spec);
    problems_release(&problems);
}

static int check_samples_in(const char *dir)
{
    int count = 0;
    DIR *listing = opendir(dir);
    if (!listing)
        fail_msg("%s: no such directory; tests run from the top of the tree", dir);
    for (const struct dirent *e = readdir(listing); e; e = readdir(listing)) {
        char path[512];
        const char *dot = strrchr(e->d_name, '.');
        if (!dot || strcmp(dot, ".yaml") != 0)
            continue;
        assert_true(snprintf(path, sizeof(path), "%s/%s", dir, e->d_name) < (int)sizeof(path));
        check_sample(path);
        count++;
    }
    closedir(listing);
    return count;
}

static void policy_samples(void **state)
{
    (void)state;
    assert_true(check_samples_in("policies/examples") >= 7);
    assert_true(check_samples_in("deploy/examples") >= 1);
}

/* The daemon's sample says what the defaults are. */
static void daemon_sample(void **state)
{
    (void)state;
    struct problems problems;
    struct daemon_config sample;
    struct daemon_config plain;
    struct error err = { 0 };
    problems_init(&problems);
    if (daemon_file_read("deploy/muster.yaml", &sample, &problems, &err) < 0 ||
        problems.all.len > 0)
        complain("deploy/muster.yaml", &err, &problems);
    assert_int_equal(daemon_config_default(&plain, &err), 0);
    assert_string_equal(sample.listen_host, plain.listen_host);
    assert_int_equal(sample.listen_port, plain.listen_port);
    assert_string_equal(sample.controller, plain.controller);
    assert_string_equal(sample.policies, plain.policies);
    assert_string_equal(sample.state, plain.state);
    assert_int_equal(sample.tick_ns, plain.tick_ns);
    assert_int_equal(sample.list_every_ns, plain.list_every_ns);
    assert_int_equal(sample.retention_ns, plain.retention_ns);
    assert_memory_equal(&sample.limits, &plain.limits, sizeof(sample.limits));
    assert_int_equal(sample.log_level, plain.log_level);
    assert_int_equal(sample.log_format, plain.log_format);
    daemon_config_release(&sample);
    daemon_config_release(&plain);
    problems_release(&problems);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(policy_samples),
        cmocka_unit_test(daemon_sample),
    };
    return cmocka_run_group_tests(tests, collect_kinds, NULL);
}
