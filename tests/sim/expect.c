/* What scenarios expect. */
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "tests/sim/check.h"
#include "tests/sim/scenario.h"

static bool same(struct scenario *s, const char *what, int64_t actual)
{
    int64_t expected;
    if (!scenario_number(s, &expected))
        return false;
    return actual == expected || scenario_fail(s, "expected %s %lld, got %lld", what,
                                               (long long)expected, (long long)actual);
}

static bool yes_or_no(struct scenario *s, const char *what, bool actual)
{
    const char *word = words_next(&s->words);
    bool yes = word && strcmp(word, "yes") == 0;
    if (!word || (!yes && strcmp(word, "no") != 0))
        return scenario_fail(s, "yes or no?");
    return actual == yes ||
           scenario_fail(s, "expected %s %s, got %s", what, word, actual ? "yes" : "no");
}

/* Does `text` hold the next word (or, after `lacks`, not)? */
static bool holds(struct scenario *s, const char *what, const char *text)
{
    bool lacks = words_take(&s->words, "lacks");
    const char *word = words_next(&s->words);
    if (!word)
        return scenario_fail(s, "which text?");
    bool found = strstr(text, word) != NULL;
    return found != lacks || scenario_fail(s, "expected %s %s \"%s\", got:\n%s", what,
                                           lacks ? "without" : "with", word, text);
}

/* One blank where columns are padded with several. */
static char *trail_squeezed(const struct decision *d)
{
    struct buf padded = { 0 };
    struct buf text = { 0 };
    if (d)
        trail_text(&d->trail, &padded);
    for (const char *p = buf_text(&padded); *p; p++) {
        if (*p != ' ' || p[1] != ' ')
            buf_add_char(&text, *p);
    }
    buf_release(&padded);
    return must(text.ptr ? buf_take(&text) : str_dup(STR("")));
}

static bool trail_holds(struct scenario *s, const struct decision *d)
{
    char *text = trail_squeezed(d);
    bool ok = holds(s, "a trail", text);
    free(text);
    return ok;
}

static bool note_holds(struct scenario *s)
{
    struct buf all = { 0 };
    for (size_t i = 0; i < s->notes.len; i++)
        buf_addf(&all, "%s\n", s->notes.at[i]);
    bool ok = holds(s, "a note", buf_text(&all));
    buf_release(&all);
    return ok;
}

static bool node_counts(struct scenario *s, const struct pool_view *pool)
{
    while (s->words.len > 0) {
        const char *word = words_next(&s->words);
        const char *equals = strchr(word, '=');
        int64_t expected;
        struct error err;
        int state = 0;
        if (!equals || units_parse_int(str_from(equals + 1), &expected, &err) < 0)
            return scenario_fail(s, "nodes STATE=N ...");
        struct str name = { word, (size_t)(equals - word) };
        while (state < NODE_STATES && !str_eq_c(name, node_state_word((enum node_state)state)))
            state++;
        if (state == NODE_STATES)
            return scenario_fail(s, "'%.*s' is no state", (int)name.len, name.ptr);
        if (pool->nodes[state] != expected)
            return scenario_fail(s, "expected %lld %.*s nodes, got %lld", (long long)expected,
                                 (int)name.len, name.ptr, (long long)pool->nodes[state]);
    }
    return true;
}

/* The lines of a log that are not indented. */
static char *headings(const char *log)
{
    struct buf out = { 0 };
    for (const char *line = log; *line;) {
        size_t len = strcspn(line, "\n");
        if (*line != ' ')
            buf_addf(&out, "%.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
    return must(out.ptr ? buf_take(&out) : str_dup(STR("")));
}

/* The whole log of decisions; without their trails if the block has none. */
static bool log_is(struct scenario *s)
{
    if (!words_take(&s->words, "<<END"))
        return scenario_fail(s, "expect log <<END");
    char *expected = scenario_block(s);
    if (!expected)
        return false;
    bool full = strstr(expected, "\n ") != NULL;
    char *actual = full ? must(str_dup(buf_str(&s->log))) : headings(buf_text(&s->log));
    bool ok = strcmp(expected, actual) == 0 ||
              scenario_fail(s, "expected another log; it is:\n%s", actual);
    free(actual);
    free(expected);
    return ok;
}

static bool settled(struct scenario *s)
{
    const char *why = check_unsettled(&s->w);
    return !why || scenario_fail(s, "not settled: %s", why);
}

static bool of_pool(struct scenario *s, struct tenant *tenant)
{
    struct words *words = &s->words;
    struct pool_view pool;
    bool there = s->w.control && control_pool_find(s->w.control, tenant->name, &pool);
    if (words_take(words, "pool"))
        return yes_or_no(s, "pool", there);
    if (!there)
        return scenario_fail(s, "the controller has no pool %s", tenant->name);
    if (words_take(words, "desired"))
        return same(s, "desired", pool.desired);
    if (words_take(words, "nodes"))
        return node_counts(s, &pool);
    if (words_take(words, "intents"))
        return same(s, "open intents", pool.intents_open);
    if (words_take(words, "trail"))
        return trail_holds(s, pool.last);
    if (words_take(words, "reason"))
        return trail_holds(s, pool.changed);
    if (words_take(words, "problem"))
        return holds(s, "a problem", pool.problem);
    if (words_take(words, "signal"))
        return holds(s, "a signal", signal_state_word(pool.signal->state));
    if (words_take(words, "held"))
        return yes_or_no(s, "held", pool.last && pool.last->held);
    if (words_take(words, "paused"))
        return yes_or_no(s, "paused", pool.paused);
    if (words_take(words, "panic"))
        return yes_or_no(s, "panic", pool.panic);
    return scenario_fail(s, "'%s' cannot be expected", words->len > 0 ? words->at[0] : "");
}

static int64_t machines_there(const struct scenario *s)
{
    int64_t n = 0;
    for (size_t i = 0; i < s->w.machines.len; i++)
        n += s->w.machines.at[i]->state != MACHINE_GONE && !s->w.machines.at[i]->foreign;
    return n;
}

static int64_t machines_of(const struct scenario *s, const char *offer)
{
    int64_t n = 0;
    for (size_t i = 0; i < s->w.machines.len; i++)
        n += s->w.machines.at[i]->state != MACHINE_GONE &&
             strcmp(s->w.machines.at[i]->intent.offer, offer) == 0;
    return n;
}

bool scenario_expect(struct scenario *s)
{
    struct words *words = &s->words;
    if (words_take(words, "machines")) {
        if (!words_take(words, "of"))
            return same(s, "machines", machines_there(s));
        const char *offer = words_next(words);
        return offer && same(s, "machines of that offer", machines_of(s, offer));
    }
    if (words_take(words, "launches"))
        return same(s, "launches", s->w.launches);
    if (words_take(words, "terminations"))
        return same(s, "terminations", s->w.terminations);
    if (words_take(words, "note"))
        return note_holds(s);
    if (words_take(words, "log"))
        return log_is(s);
    if (words_take(words, "settled"))
        return settled(s);
    struct tenant *tenant = scenario_tenant(s);
    if (!tenant)
        return false;
    if (words_take(words, "done"))
        return same(s, "jobs done", tenant->done);
    if (words_take(words, "redone"))
        return same(s, "jobs begun again", tenant->lost);
    return of_pool(s, tenant);
}
