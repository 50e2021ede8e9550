/*
 * muster tune: searches the numbers of a policy file for the cheapest that keeps a promise.
 *
 * One number is changed at a time, up and down by a factor; all such neighbours of the best so far are run
 * side by side, the best of them is the next to start from. When no neighbour is better, the factor
 * shrinks. At the end the original and the best are run over work drawn with another seed, so that what
 * only fits one draw is seen.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/units.h"
#include "knobs.h"

#define RUNS_MAX   400
#define ROUNDS_MAX 40

struct tune {
    struct simulation s;
    struct promise promise;
    struct progress progress;
    const char *file;
    struct pool_spec *spec; /* as it was read, to look at */
    struct knobs knobs;
    size_t runs;
    struct trial_figures before, best;
    bool kept_before, kept;
    struct cheapest *cheapest;
};

/* ---- runs -------------------------------------------------------------------------------------------- */

/* The file with the best numbers so far, and one of them changed. NULL: out of memory. */
static struct pool_spec *make_spec(const struct tune *t, size_t changed, const char *value)
{
    struct pool_spec *spec = trials_read(&t->s, t->file);
    for (size_t i = 0; spec && i < t->knobs.len; i++) {
        const struct knob *knob = &t->knobs.at[i];
        const char *text = i == changed ? value : knob->best;
        if (option_parse(knob->row, knob_target(spec, knob), str_from(text), NULL) < 0) {
            pool_spec_free(spec);
            spec = NULL;
        }
    }
    return spec;
}

struct move {
    size_t knob;
    char text[64];
};

static bool better(const struct tune *t, const struct trial_figures *f, bool kept)
{
    if (kept != t->kept)
        return kept;
    if (!kept)
        return f->late < t->best.late - 1e-9;
    return f->usd < t->best.usd * (1 - 1e-4);
}

static size_t list_moves(struct tune *t, double factor, struct move *moves, struct trial *trials)
{
    size_t len = 0;
    for (size_t i = 0; i < t->knobs.len; i++) {
        for (int up = 0; up < 2; up++) {
            struct pool_spec *now = make_spec(t, i, t->knobs.at[i].best);
            bool other = now && knob_other(&t->knobs.at[i], knob_target(now, &t->knobs.at[i]),
                                           up ? factor : 1 / factor, moves[len].text);
            pool_spec_free(now);
            struct pool_spec *spec = other ? make_spec(t, i, moves[len].text) : NULL;
            if (!spec || spec->slots_min > spec->slots_max) {
                pool_spec_free(spec);
                continue;
            }
            moves[len].knob = i;
            trials[len++].spec = spec;
        }
    }
    return len;
}

/* One round: 1 a step was made, 0 no neighbour is better, negative: trouble. */
static int round_of(struct tune *t, double factor, const struct trial_setting *setting)
{
    struct move moves[2 * KNOBS_MAX];
    struct trial *trials = calloc(2 * KNOBS_MAX, sizeof(*trials));
    struct error err = { 0 };
    int found = -1;
    size_t len = trials ? list_moves(t, factor, moves, trials) : 0;
    if (!trials || trials_run(trials, len, setting, &err) < 0) {
        free(trials);
        return -1;
    }
    for (size_t i = 0; i < len; i++) {
        struct trial_figures f;
        if (trials[i].code < 0 || trial_figures(&trials[i], NULL, &f, &err) < 0)
            continue;
        bool kept = promise_kept(&t->promise, &trials[i].result);
        if (better(t, &f, kept)) {
            t->best = f;
            t->kept = kept;
            found = (int)i;
        }
    }
    if (found >= 0)
        memcpy(t->knobs.at[moves[found].knob].best, moves[found].text, sizeof(moves[0].text));
    for (size_t i = 0; i < len; i++)
        trial_release(&trials[i]);
    free(trials);
    t->runs += len;
    t->progress.before = t->runs;
    return found >= 0;
}

static int run_once(struct tune *t, const struct trial_setting *setting, bool original,
                    struct trial_figures *ret, bool *ret_kept)
{
    struct trial trial = { .spec = original ? trials_read(&t->s, t->file)
                                            : make_spec(t, SIZE_MAX, NULL) };
    struct error err = { 0 };
    if (!trial.spec)
        return error_nomem(&err);
    int rc = trials_run(&trial, 1, setting, &err);
    if (rc == 0 && trial.code < 0) {
        rc = trial.code;
        err = trial.err;
    }
    if (rc == 0)
        rc = trial_figures(&trial, t->cheapest, ret, &err);
    if (rc == 0)
        *ret_kept = promise_kept(&t->promise, &trial.result);
    else
        fprintf(stderr, "muster tune: %s\n", err.text);
    trial_release(&trial);
    t->progress.before = ++t->runs;
    return rc;
}

static int search(struct tune *t, const struct trial_setting *setting)
{
    static const double factors[] = { 4, 2, 1.4, 1.15 };
    int rounds = 0;
    for (size_t i = 0; i < sizeof(factors) / sizeof(factors[0]);) {
        t->progress.all = t->runs + 2 * t->knobs.len * (sizeof(factors) / sizeof(factors[0]) - i);
        int rc = round_of(t, factors[i], setting);
        if (rc < 0)
            return EXIT_TROUBLE;
        if (rc == 0)
            i++;
        if (++rounds == ROUNDS_MAX || t->runs > RUNS_MAX)
            break;
    }
    return EXIT_YES;
}

/* ---- what is shown ------------------------------------------------------------------------------------ */

static size_t changes(const struct tune *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->knobs.len; i++)
        n += strcmp(t->knobs.at[i].text, t->knobs.at[i].best) != 0;
    return n;
}

static void show_figures(struct buf *out, const char *name, const struct trial_figures *f,
                         bool kept)
{
    char p50[UNITS_TEXT_MAX], p95[UNITS_TEXT_MAX], p99[UNITS_TEXT_MAX];
    buf_addf(out, "%-8s $%.2f, $%.2f a month", name, f->usd, f->usd_per_month);
    if (!isnan(f->ratio))
        buf_addf(out, ", %.2fx of the cheapest possible", f->ratio);
    buf_addf(out, "; wait p50 %s, p95 %s, p99 %s; %.3g %% late%s\n",
             units_format_duration(f->wait_p50_ns, p50), units_format_duration(f->wait_p95_ns, p95),
             units_format_duration(f->wait_p99_ns, p99), f->late * 100,
             kept ? "" : ": the promise is broken");
}

static void tell_people(const struct tune *t, const struct trial_figures *again, bool again_kept,
                        struct buf *out)
{
    buf_addf(out, "%s over %s, promise ", t->file, t->s.work->name);
    promise_print(&t->promise, out);
    buf_addf(out, ": %zu runs, %zu numbers tried\n\n", t->runs, t->knobs.len);
    show_figures(out, "now", &t->before, t->kept_before);
    show_figures(out, "best", &t->best, t->kept);
    show_figures(out, "drawn anew", again, again_kept);
    buf_add_char(out, '\n');
    if (changes(t) == 0)
        buf_addf(out, "No number needs changing.\n");
    for (size_t i = 0; i < t->knobs.len; i++) {
        const struct knob *k = &t->knobs.at[i];
        if (strcmp(k->text, k->best) == 0)
            continue;
        show_color(t->s.cli, out, COLOR_RED);
        buf_addf(out, "- %s: %s\n", k->path, k->text);
        show_color(t->s.cli, out, COLOR_GREEN);
        buf_addf(out, "+ %s: %s\n", k->path, k->best);
        show_plain(t->s.cli, out);
    }
}

static void figures_json(struct json_out *j, const char *key, const struct trial_figures *f,
                         bool kept)
{
    json_open(j, key, '{');
    json_num(j, "usd", f->usd);
    json_num(j, "usd_per_month", f->usd_per_month);
    json_num(j, "wait_p50_s", (double)f->wait_p50_ns / 1e9);
    json_num(j, "wait_p95_s", (double)f->wait_p95_ns / 1e9);
    json_num(j, "wait_p99_s", (double)f->wait_p99_ns / 1e9);
    json_num(j, "late", f->late);
    json_num(j, "ratio", f->ratio);
    json_bool(j, "keeps_promise", kept);
    json_close(j, '}');
}

static void show_json(const struct tune *t, const struct trial_figures *again, bool again_kept,
                      struct buf *out)
{
    struct buf promise = { 0 };
    struct json_out j = json_begin(out);
    promise_print(&t->promise, &promise);
    json_open(&j, NULL, '{');
    json_str(&j, "file", t->file);
    json_str(&j, "promise", buf_text(&promise));
    json_int(&j, "runs", (int64_t)t->runs);
    figures_json(&j, "now", &t->before, t->kept_before);
    figures_json(&j, "best", &t->best, t->kept);
    figures_json(&j, "drawn_anew", again, again_kept);
    json_open(&j, "changes", '[');
    for (size_t i = 0; i < t->knobs.len; i++) {
        const struct knob *k = &t->knobs.at[i];
        if (strcmp(k->text, k->best) == 0)
            continue;
        json_open(&j, NULL, '{');
        json_str(&j, "setting", k->path);
        json_str(&j, "from", k->text);
        json_str(&j, "to", k->best);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    buf_add_char(out, '\n');
    buf_release(&promise);
}

/* ---- the command -------------------------------------------------------------------------------------- */

static int prepare(struct tune *t)
{
    t->file = t->s.cli->argv[0];
    int rc = simulation_read(&t->s, t->file, &t->spec);
    if (rc != EXIT_YES)
        return rc;
    t->promise = simulation_common_promise(&t->s, &t->spec, 1);
    t->cheapest = trials_cheapest(&t->s, &t->promise, &t->spec, 1);
    knobs_find(&t->knobs, t->spec);
    return EXIT_YES;
}

/* The best once more: with the cheapest possible, and then over other draws. */
static int confirm(struct tune *t, struct trial_setting *setting, struct trial_figures *ret_again,
                   bool *ret_kept)
{
    struct cheapest *cheapest = t->cheapest;
    if (run_once(t, setting, false, &t->best, &t->kept) < 0)
        return EXIT_TROUBLE;
    setting->options.seed++;
    t->s.trace.seed++;
    t->cheapest = NULL;
    int rc = run_once(t, setting, false, ret_again, ret_kept);
    t->cheapest = cheapest;
    t->s.trace.seed--;
    return rc < 0 ? EXIT_TROUBLE : EXIT_YES;
}

static int tune(struct tune *t)
{
    struct buf out = { 0 };
    struct trial_figures again;
    bool again_kept = false;
    int rc = prepare(t);
    if (rc != EXIT_YES)
        return rc;
    t->progress = (struct progress){ .s = &t->s, .what = "tuning" };
    struct trial_setting setting = trials_setting(&t->s, &t->promise, &t->progress);
    if (run_once(t, &setting, true, &t->before, &t->kept_before) < 0)
        return EXIT_TROUBLE;
    t->best = t->before;
    t->kept = t->kept_before;
    rc = search(t, &setting);
    if (rc == EXIT_YES)
        rc = confirm(t, &setting, &again, &again_kept);
    progress_end(&t->progress);
    if (rc != EXIT_YES)
        return rc;
    if (t->s.cli->json)
        show_json(t, &again, again_kept, &out);
    else
        tell_people(t, &again, again_kept, &out);
    rc = show_flush(&out) ? (t->kept ? EXIT_YES : EXIT_NO) : EXIT_TROUBLE;
    buf_release(&out);
    return rc;
}

int command_tune(const struct cli *cli)
{
    struct tune *t = calloc(1, sizeof(*t));
    if (!t) {
        fputs("muster tune: out of memory\n", stderr);
        return EXIT_TROUBLE;
    }
    int rc = simulation_init(cli, &t->s);
    if (rc == EXIT_YES)
        rc = tune(t);
    pool_spec_free(t->spec);
    cheapest_free(t->cheapest);
    simulation_release(&t->s);
    free(t);
    return rc;
}
