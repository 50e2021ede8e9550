#include "tests/sim/scenario.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "tests/sim/trace.h"

/* ---- failures ------------------------------------------------------------------------------------- */

bool scenario_fail(struct scenario *s, const char *format, ...)
{
    if (s->failed)
        return false;
    s->failed = true;
    fprintf(stderr, "%s:%zu: ", s->path, s->command + 1);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fprintf(stderr, "\n    %s\n", s->lines.at[s->command]);
    return false;
}

static void print_pool(const struct pool_view *pool)
{
    struct buf text = { 0 };
    if (pool->last)
        trail_text(&pool->last->trail, &text);
    fprintf(stderr, "  pool %s: desired %lld; last decision:\n%s", pool->name,
            (long long)pool->desired, buf_text(&text));
    buf_release(&text);
}

static void print_world(struct scenario *s)
{
    for (size_t i = 0; s->w.control && i < control_pools(s->w.control); i++) {
        struct pool_view pool;
        control_pool_view(s->w.control, i, &pool);
        print_pool(&pool);
    }
    fprintf(stderr, "  what happened, up to %gs:\n", world_seconds(&s->w));
    trace_print_last(s->w.trace, stderr);
}

/* ---- lines and words ------------------------------------------------------------------------------ */

bool words_take(struct words *words, const char *word)
{
    if (words->len == 0 || strcmp(words->at[0], word) != 0)
        return false;
    memmove(words->at, words->at + 1, --words->len * sizeof(words->at[0]));
    return true;
}

const char *words_next(struct words *words)
{
    if (words->len == 0)
        return NULL;
    const char *word = words->at[0];
    memmove(words->at, words->at + 1, --words->len * sizeof(words->at[0]));
    return word;
}

static bool split(struct scenario *s, const char *line)
{
    free(s->copy);
    char *p = s->copy = must(str_dup(str_from(line)));
    s->words.len = 0;
    for (;;) {
        p += strspn(p, " \t");
        if (!*p || *p == '#')
            return true;
        if (s->words.len == WORDS_MAX)
            return scenario_fail(s, "too many words");
        char end = ' ';
        if (*p == '"') {
            end = '"';
            p++;
        }
        s->words.at[s->words.len++] = p;
        p += strcspn(p, end == '"' ? "\"" : " \t");
        if (*p)
            *p++ = '\0';
        else if (end == '"')
            return scenario_fail(s, "a quote is not closed");
    }
}

char *scenario_block(struct scenario *s)
{
    struct buf block = { 0 };
    for (s->line++; s->line < s->lines.len; s->line++) {
        if (strcmp(s->lines.at[s->line], "END") == 0)
            return must(block.ptr ? buf_take(&block) : str_dup(STR("")));
        buf_addf(&block, "%s\n", s->lines.at[s->line]);
    }
    buf_release(&block);
    scenario_fail(s, "a block without a line END");
    return NULL;
}

bool scenario_number(struct scenario *s, int64_t *ret)
{
    const char *word = words_next(&s->words);
    struct error err;
    if (!word)
        return scenario_fail(s, "a number is missing");
    if (units_parse_int(str_from(word), ret, &err) < 0)
        return scenario_fail(s, "%s", err.text);
    return true;
}

bool scenario_duration(struct scenario *s, int64_t *ret_ns)
{
    const char *word = words_next(&s->words);
    struct error err;
    if (!word)
        return scenario_fail(s, "a duration is missing");
    if (units_parse_duration(str_from(word), ret_ns, &err) < 0)
        return scenario_fail(s, "%s", err.text);
    return true;
}

struct tenant *scenario_tenant(struct scenario *s)
{
    struct tenant *named = s->words.len > 0 ? tenant_find(&s->w, s->words.at[0]) : NULL;
    if (named) {
        words_next(&s->words);
        return named;
    }
    for (size_t i = 0; i < s->w.tenants.len; i++) {
        if (s->w.tenants.at[i]->policy)
            return s->w.tenants.at[i];
    }
    scenario_fail(s, "there is no pool yet");
    return NULL;
}

/* ---- time ------------------------------------------------------------------------------------------- */

static bool at(struct scenario *s)
{
    int64_t at_ns;
    if (!scenario_duration(s, &at_ns))
        return false;
    at_ns += TIME_ZERO_NS;
    if (at_ns < s->w.now_ns)
        return scenario_fail(s, "it is %gs already", world_seconds(&s->w));
    if (!s->started)
        world_start(&s->w);
    s->started = true;
    world_run_before(&s->w, at_ns);
    return true;
}

static bool carry_out(struct scenario *s)
{
    struct words *words = &s->words;
    if (words_take(words, "at") && !at(s))
        return false;
    if (words->len == 0)
        return true;
    bool ok;
    if (words_take(words, "expect")) {
        world_run(&s->w, s->w.now_ns);
        ok = scenario_expect(s);
    } else {
        ok = scenario_command(s);
    }
    if (ok && words->len > 0)
        return scenario_fail(s, "'%s' is one word too many", words->at[0]);
    return ok;
}

/* ---- what is remembered for expectations ------------------------------------------------------------ */

/* Without the padding of columns. */
static void add_squeezed(struct buf *to, const char *text)
{
    bool blank = true;
    buf_add_c(to, "  ");
    for (const char *p = text; *p; p++) {
        if (*p == ' ' && blank)
            continue;
        blank = *p == ' ' || *p == '\n';
        buf_add_char(to, *p);
        if (*p == '\n' && p[1])
            buf_add_c(to, "  ");
    }
}

static void told(struct world *w, const struct effect *e)
{
    struct scenario *s = w->ctx;
    if (e->type == EFFECT_NOTE) {
        PUSH(&s->notes, must(str_dup(str_from(e->note.text))));
    } else if (e->type == EFFECT_DECISION) {
        const struct decision *d = e->decision.decision;
        struct buf trail = { 0 };
        trail_text(&d->trail, &trail);
        buf_addf(&s->log, "%gs %s %lld -> %lld%s\n", world_seconds(w), e->decision.pool,
                 (long long)d->desired_before, (long long)d->desired, d->held ? " held" : "");
        add_squeezed(&s->log, buf_text(&trail));
        buf_release(&trail);
    }
}

/* ---- */

static bool read_file(struct scenario *s)
{
    FILE *file = fopen(s->path, "r");
    struct buf text = { 0 };
    char piece[4096];
    size_t n;
    if (!file) {
        perror(s->path);
        return false;
    }
    while ((n = fread(piece, 1, sizeof(piece), file)) > 0)
        buf_add(&text, piece, n);
    fclose(file);
    s->text = must(text.ptr ? buf_take(&text) : str_dup(STR("")));
    for (char *line = s->text; line && *line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end++ = '\0';
        PUSH(&s->lines, line);
        line = end;
    }
    return true;
}

static void run_lines(struct scenario *s)
{
    for (s->line = 0; s->line < s->lines.len && !s->failed; s->line++) {
        s->command = s->line;
        bool ok = split(s, s->lines.at[s->line]) && carry_out(s);
        if (s->w.failed)
            scenario_fail(s, "%s", s->w.failure);
        else if (!ok)
            scenario_fail(s, "not as expected");
    }
}

int scenario_run(const char *path, bool echo)
{
    struct scenario s = { .path = path };
    world_init(&s.w, 1);
    trace_init(s.w.trace, echo ? stdout : NULL);
    s.w.told = told;
    s.w.ctx = &s;
    if (read_file(&s))
        run_lines(&s);
    else
        s.failed = true;
    if (s.failed)
        print_world(&s);
    for (size_t i = 0; i < s.notes.len; i++)
        free(s.notes.at[i]);
    vec_release(&s.notes);
    vec_release(&s.lines);
    buf_release(&s.log);
    free(s.copy);
    free(s.text);
    world_release(&s.w);
    return s.failed ? 1 : 0;
}
