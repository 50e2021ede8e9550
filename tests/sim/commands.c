/* What scenarios may say: settings before the first `at`, and what happens from then on. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/calendar.h"
#include "base/str.h"
#include "tests/sim/scenario.h"
#include "tests/sim/trace.h"

static bool tell(struct scenario *s, int rc, const struct error *err)
{
    return rc == 0 || scenario_fail(s, "%s", err->text);
}

/* ---- pools ------------------------------------------------------------------------------------------ */

static bool cmd_policy(struct scenario *s)
{
    const char *name = words_next(&s->words);
    struct error err = { 0 };
    if (!name || !words_take(&s->words, "<<END"))
        return scenario_fail(s, "policy NAME <<END");
    char pool[POOL_NAME_MAX];
    str_copy_c(pool, sizeof(pool), name);
    char *text = scenario_block(s);
    if (!text)
        return false;
    int rc = tenant_policy(&s->w, pool, text, &err);
    free(text);
    return tell(s, rc, &err);
}

static bool cmd_remove(struct scenario *s)
{
    struct error err = { 0 };
    struct tenant *tenant = scenario_tenant(s);
    return tenant && tell(s, tenant_policy(&s->w, tenant->name, NULL, &err), &err);
}

static bool pause_or_resume(struct scenario *s, bool paused)
{
    struct error err = { 0 };
    if (words_take(&s->words, "all"))
        return tell(s, tenant_pause(&s->w, "", paused, &err), &err);
    struct tenant *tenant = scenario_tenant(s);
    return tenant && tell(s, tenant_pause(&s->w, tenant->name, paused, &err), &err);
}

static bool cmd_pause(struct scenario *s)
{
    return pause_or_resume(s, true);
}

static bool cmd_resume(struct scenario *s)
{
    return pause_or_resume(s, false);
}

/* ---- queues ----------------------------------------------------------------------------------------- */

static bool sample_field(struct scenario *s, struct sample *sample, const char *word)
{
    const char *equals = strchr(word, '=');
    if (!equals)
        return scenario_fail(s, "'%s' is not name=number", word);
    struct str name = { word, (size_t)(equals - word) };
    char *end;
    double value = strtod(equals + 1, &end);
    if (end == equals + 1 || *end)
        return scenario_fail(s, "'%s' is not a number", equals + 1);
    if (str_eq_c(name, "waiting")) {
        sample->waiting = value;
    } else if (str_eq_c(name, "running")) {
        sample->running = value;
        sample->has_running = true;
    } else if (str_eq_c(name, "oldest")) {
        sample->oldest_s = value;
        sample->has_oldest = true;
    } else if (str_eq_c(name, "completed")) {
        sample->completed = value;
        sample->has_completed = true;
    } else {
        return scenario_fail(s, "a sample has no '%.*s'", (int)name.len, name.ptr);
    }
    return true;
}

static bool cmd_queue(struct scenario *s)
{
    struct tenant *tenant = scenario_tenant(s);
    if (!tenant)
        return false;
    if (words_take(&s->words, "works")) {
        tenant->mode = QUEUE_WORKS;
    } else if (words_take(&s->words, "silent")) {
        tenant->mode = QUEUE_SILENT;
    } else if (words_take(&s->words, "fails")) {
        const char *text = words_next(&s->words);
        tenant->mode = QUEUE_FAILS;
        str_copy_c(tenant->text, sizeof(tenant->text), text ? text : "the queue fails");
    } else if (words_take(&s->words, "says")) {
        tenant->mode = QUEUE_SAYS;
        tenant->says = (struct sample){ 0 };
        while (s->words.len > 0) {
            if (!sample_field(s, &tenant->says, words_next(&s->words)))
                return false;
        }
    } else {
        return scenario_fail(s, "queue works | silent | fails \"why\" | says waiting=N ...");
    }
    return true;
}

static bool cmd_jobs(struct scenario *s)
{
    struct tenant *tenant = scenario_tenant(s);
    int64_t jobs, each_ns;
    if (!tenant || !scenario_number(s, &jobs))
        return false;
    if (!words_take(&s->words, "of") || !scenario_duration(s, &each_ns))
        return scenario_fail(s, "jobs N of 30s");
    work_arrives(&s->w, tenant, jobs, each_ns);
    return true;
}

/* ---- machines --------------------------------------------------------------------------------------- */

#define MACHINE_WORDS "machine ID|all|of:INVENTORY dies | hangs | speaks | noticed | advised"

static bool do_machine(struct scenario *s, struct machine *m, const char *what)
{
    if (strcmp(what, "dies") == 0)
        machine_dies(&s->w, m);
    else if (strcmp(what, "hangs") == 0)
        m->hung = true;
    else if (strcmp(what, "speaks") == 0)
        m->hung = false;
    else if (strcmp(what, "noticed") == 0)
        m->noticed = true;
    else if (strcmp(what, "advised") == 0)
        m->advised = true;
    else
        return scenario_fail(s, MACHINE_WORDS);
    if (m->noticed && !m->told)
        agent_drain(&s->w, m);
    return true;
}

static bool cmd_machine(struct scenario *s)
{
    const char *id = words_next(&s->words);
    const char *what = words_next(&s->words);
    if (!id || !what)
        return scenario_fail(s, MACHINE_WORDS);
    bool all = strcmp(id, "all") == 0;
    const char *of = strncmp(id, "of:", 3) == 0 ? id + 3 : NULL; /* all in this inventory */
    if (!all && !of && !machine_find(&s->w, id))
        return scenario_fail(s, "there is no machine %s", id);
    for (size_t i = 0; i < s->w.machines.len; i++) {
        struct machine *m = s->w.machines.at[i];
        bool meant = all || (of ? strcmp(m->inventory, of) == 0 : strcmp(m->id, id) == 0);
        if (meant && !do_machine(s, m, what))
            return false;
    }
    return true;
}

static bool cmd_boots(struct scenario *s)
{
    s->w.zombies = 0;
    if (words_take(&s->words, "never")) {
        s->w.zombies = 1;
        return true;
    }
    return scenario_duration(s, &s->w.boot_ns);
}

static bool cmd_workers(struct scenario *s)
{
    s->w.dying = words_take(&s->words, "die") ? 1 : 0;
    if (words_take(&s->words, "live"))
        return true;
    if (words_take(&s->words, "start"))
        return scenario_duration(s, &s->w.start_ns);
    return s->w.dying > 0 || scenario_fail(s, "workers die | live | start 5s");
}

static bool cmd_version(struct scenario *s)
{
    const char *version = words_next(&s->words);
    str_copy_c(s->w.version, sizeof(s->w.version), version ? version : "");
    return version || scenario_fail(s, "version 7");
}

static bool cmd_drain(struct scenario *s)
{
    const char *id = words_next(&s->words);
    struct error err = { 0 };
    struct event ev = { .type = EVENT_DRAIN, .drain.node = id };
    if (!id)
        return scenario_fail(s, "which node?");
    return tell(s, world_step(&s->w, &ev, &err), &err);
}

/* interrupt ID [rebalance | ended]: as the cloud's events say it */
static bool cmd_interrupt(struct scenario *s)
{
    const char *id = words_next(&s->words);
    struct error err = { 0 };
    struct event ev = { .type = EVENT_INTERRUPTION, .interruption.node = id };
    if (!id)
        return scenario_fail(s, "which node?");
    if (words_take(&s->words, "rebalance"))
        ev.interruption.what = NOTICE_REBALANCE;
    else if (words_take(&s->words, "ended"))
        ev.interruption.what = NOTICE_ENDED;
    return tell(s, world_step(&s->w, &ev, &err), &err);
}

/* A machine that carries our tag and that no launch of ours made. */
static bool cmd_stranger(struct scenario *s)
{
    struct tenant *tenant = scenario_tenant(s);
    struct intent intent = { .slots = 1, .count = 1 };
    if (!tenant)
        return false;
    str_copy_c(intent.pool, sizeof(intent.pool), tenant->name);
    str_copy_c(intent.offer, sizeof(intent.offer), "cloud/small");
    str_copy_c(intent.inventory, sizeof(intent.inventory), "cloud");
    cloud_machine(&s->w, &intent);
    return true;
}

/* ---- the controller ---------------------------------------------------------------------------------- */

static bool cmd_crash(struct scenario *s)
{
    world_crash(&s->w);
    return true;
}

static bool cmd_start(struct scenario *s)
{
    if (s->w.control)
        return scenario_fail(s, "it runs already");
    world_start(&s->w);
    return true;
}

static bool cmd_restart(struct scenario *s)
{
    world_crash(&s->w);
    world_start(&s->w);
    return true;
}

/* dark INVENTORY | dark none: the cloud there does not answer. */
static bool cmd_dark(struct scenario *s)
{
    const char *name = words_next(&s->words);
    if (!name)
        return scenario_fail(s, "dark INVENTORY | dark none");
    str_copy_c(s->w.dark, sizeof(s->w.dark), strcmp(name, "none") == 0 ? "" : name);
    return true;
}

static bool cmd_clock(struct scenario *s)
{
    int y, mo, d, h, mi, sec;
    const char *text = words_next(&s->words);
    /* 2026-03-29T00:00:00Z, digit by digit: the calendar has no reader and needs none elsewhere. */
    if (!text || strlen(text) != 20)
        return scenario_fail(s, "clock 2026-03-29T00:00:00Z");
#define TWO(i) ((text[i] - '0') * 10 + (text[(i) + 1] - '0'))
    y = TWO(0) * 100 + TWO(2);
    mo = TWO(5);
    d = TWO(8);
    h = TWO(11);
    mi = TWO(14);
    sec = TWO(17);
#undef TWO
    int64_t seconds = calendar_days(y, mo, d) * SECONDS_PER_DAY + h * 3600 + mi * 60 + sec;
    s->w.wall_zero_ns = seconds * NS_PER_S - (s->w.now_ns - TIME_ZERO_NS);
    return true;
}

static bool limit(struct scenario *s, const char *word)
{
    struct control_limits *limits = &s->w.options.limits;
    const char *equals = strchr(word, '=');
    struct str name = { word, equals ? (size_t)(equals - word) : 0 };
    struct str value = str_from(equals ? equals + 1 : "");
    struct error err = { 0 };
    int rc = MUSTER_E_INVALID;
    if (str_eq_c(name, "nodes"))
        rc = units_parse_int(value, &limits->nodes, &err);
    else if (str_eq_c(name, "money"))
        rc = units_parse_money(value, &limits->usd_per_hour_micro, &err);
    else if (str_eq_c(name, "launches"))
        rc = units_parse_rate(value, &limits->launches, &err);
    else if (str_eq_c(name, "terminations"))
        rc = units_parse_rate(value, &limits->terminations, &err);
    return rc == 0 || scenario_fail(s, "limits nodes=N money=N launches=RATE: %s", err.text);
}

static bool cmd_limits(struct scenario *s)
{
    while (s->words.len > 0) {
        if (!limit(s, words_next(&s->words)))
            return false;
    }
    return true;
}

static bool cmd_tick(struct scenario *s)
{
    return scenario_duration(s, &s->w.options.tick_ns);
}

static bool cmd_list(struct scenario *s)
{
    return scenario_duration(s, &s->w.options.list_every_ns);
}

/* ---- what becomes of calls ----------------------------------------------------------------------------- */

static bool error_code(struct scenario *s, const char *word, int *ret)
{
    for (int code = MUSTER_E_NOMEM; code >= MUSTER_E_REFUSED; code--) {
        if (word && strcmp(error_word(code), word) == 0) {
            *ret = code;
            return true;
        }
    }
    return scenario_fail(s, "'%s' is no kind of error", word ? word : "");
}

static bool take_fate(struct scenario *s, struct fate *fate)
{
    struct words *words = &s->words;
    *fate = (struct fate){ .granted = -1, .timeout_ns = 10 * NS_PER_S };
    if (words_take(words, "lost"))
        return fate->lost = true;
    if (words_take(words, "unanswered"))
        return fate->unanswered = true;
    if (words_take(words, "twice"))
        return fate->answer_twice = true;
    if (words_take(words, "empty"))
        return fate->empty = true;
    if (words_take(words, "late"))
        return scenario_duration(s, &fate->answer_ns);
    if (words_take(words, "lag"))
        return scenario_duration(s, &fate->lag_ns);
    if (words_take(words, "give"))
        return scenario_number(s, &fate->granted);
    if (words_take(words, "time-out")) {
        fate->timeout = true;
        if (words_take(words, "after-success"))
            fate->unanswered = true;
        else
            fate->lost = true;
        return true;
    }
    if (words_take(words, "fail")) {
        if (!error_code(s, words_next(words), &fate->code))
            return false;
        const char *text = words_next(words);
        str_copy_c(fate->text, sizeof(fate->text), text ? text : "the model refuses");
        return true;
    }
    return scenario_fail(s,
                         "work | lost | unanswered | twice | empty | late 9s | lag 9s | give N | "
                         "time-out [after-success] | fail KIND \"why\"");
}

/* launches|terminations|... [of OFFER] [next N] FATE */
static bool script(struct scenario *s, enum channel channel)
{
    struct script *script = &s->w.scripts[channel];
    *script = (struct script){ .times = -1 };
    if (words_take(&s->words, "of")) {
        const char *offer = words_next(&s->words);
        str_copy_c(script->only, sizeof(script->only), offer ? offer : "");
    }
    if (words_take(&s->words, "work")) {
        script->times = 0;
        return true;
    }
    if (words_take(&s->words, "next") && !scenario_number(s, &script->times))
        return false;
    return take_fate(s, &script->fate);
}

static bool cmd_launches(struct scenario *s)
{
    return script(s, CHANNEL_LAUNCH);
}

static bool cmd_terminations(struct scenario *s)
{
    return script(s, CHANNEL_TERMINATE);
}

static bool cmd_listings(struct scenario *s)
{
    return script(s, CHANNEL_LIST);
}

static bool cmd_polls(struct scenario *s)
{
    return script(s, CHANNEL_POLL);
}

static bool cmd_beats(struct scenario *s)
{
    return script(s, CHANNEL_BEAT);
}

static bool cmd_journal(struct scenario *s)
{
    return script(s, CHANNEL_JOURNAL);
}

/* ---- */

bool scenario_command(struct scenario *s)
{
    static const struct {
        const char *word;
        bool (*run)(struct scenario *s);
    } commands[] = {
        { "policy", cmd_policy },
        { "remove", cmd_remove },
        { "pause", cmd_pause },
        { "resume", cmd_resume },
        { "queue", cmd_queue },
        { "jobs", cmd_jobs },
        { "machine", cmd_machine },
        { "boots", cmd_boots },
        { "workers", cmd_workers },
        { "drain", cmd_drain },
        { "interrupt", cmd_interrupt },
        { "stranger", cmd_stranger },
        { "crash", cmd_crash },
        { "start", cmd_start },
        { "version", cmd_version },
        { "restart", cmd_restart },
        { "dark", cmd_dark },
        { "clock", cmd_clock },
        { "limits", cmd_limits },
        { "tick", cmd_tick },
        { "list-every", cmd_list },
        { "launches", cmd_launches },
        { "terminations", cmd_terminations },
        { "listings", cmd_listings },
        { "polls", cmd_polls },
        { "beats", cmd_beats },
        { "journal", cmd_journal },
        { "adversary", scenario_adversary },
    };
    const char *word = words_next(&s->words);
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(commands[i].word, word) == 0)
            return commands[i].run(s);
    }
    return scenario_fail(s, "'%s' is no command", word);
}
