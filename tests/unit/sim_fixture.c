#include "tests/unit/sim_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/kinds.h"
#include "sim/synthetic.h"

#define QUEUE                                                                                      \
    "queue: { redis: { list: jobs, running: \"jobs:running\", completed: \"jobs:done\" } }\n"
#define BUY "buy: { offers: [ local: { command: worker, max: 1000, price: 0.1 USD/h } ] }\n"

struct pool_spec *sim_fixture_spec(const char *text)
{
    struct kinds kinds;
    struct problems problems;
    struct error err = { 0 };
    struct buf whole = { 0 };
    struct buf said = { 0 };
    struct pool_spec *spec = NULL;
    kinds_init(&kinds);
    problems_init(&problems);
    buf_addf(&whole, "%s\n%s%s", text, strstr(text, "queue:") ? "" : QUEUE,
             strstr(text, "buy:") ? "" : BUY);
    if (kinds_parse_policy(&kinds, buf_str(&whole), "pool.yaml", &spec, &problems, &err) < 0) {
        problems_print(&problems, false, &said);
        fail_msg("%s%s", buf_text(&said), err.text);
    }
    problems_release(&problems);
    buf_release(&whole);
    buf_release(&said);
    return spec;
}

struct sim_work *sim_fixture_work(const char *text)
{
    struct sim_shape shape;
    struct sim_work *work = NULL;
    struct error err = { 0 };
    if (sim_shape_parse(str_from(text), &shape, &err) < 0 ||
        sim_work_synthetic(&shape, 7, &work, &err) < 0)
        fail_msg("%s", err.text);
    return work;
}

/* ---- jobs one by one -------------------------------------------------------------------------------- */

struct listed_work {
    struct sim_work base;
    const struct sim_job *jobs;
    size_t len, next;
};

static int listed_next(struct sim_work *self, struct sim_job *ret, struct error *err)
{
    struct listed_work *w = (struct listed_work *)self;
    (void)err;
    if (w->next == w->len)
        return 0;
    *ret = w->jobs[w->next++];
    return 1;
}

static int listed_rewind(struct sim_work *self, struct error *err)
{
    (void)err;
    ((struct listed_work *)self)->next = 0;
    return 0;
}

static void listed_free(struct sim_work *self)
{
    free(self);
}

struct sim_work *sim_fixture_jobs(const struct sim_job *jobs, size_t len)
{
    static const struct sim_work_ops ops = { listed_next, listed_rewind, listed_free };
    struct listed_work *w = calloc(1, sizeof(*w));
    assert_non_null(w);
    w->base.ops = &ops;
    w->base.name = "jobs";
    w->jobs = jobs;
    w->len = len;
    return &w->base;
}

struct sim_result sim_fixture_run(const char *policy, struct sim_work *take_work,
                                  struct sim_options *options)
{
    struct sim_result result;
    struct error err = { 0 };
    options->work = take_work;
    if (sim_run(sim_fixture_spec(policy), options, &result, &err) < 0)
        fail_msg("%s", err.text);
    sim_work_free(take_work);
    options->work = NULL;
    return result;
}
