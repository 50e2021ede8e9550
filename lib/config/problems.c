#include "config/problems.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

void problems_init(struct problems *p)
{
    *p = (struct problems){ 0 };
}

void problems_release(struct problems *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->all.len; i++)
        free(p->all.at[i].text);
    vec_release(&p->all);
    free(p->path);
    free(p->source);
    *p = (struct problems){ 0 };
}

bool problems_name(struct problems *p, const char *path, struct str source)
{
    char *path_copy = str_dup(str_from(path ? path : "(no file)"));
    char *source_copy = str_dup(source);
    if (!path_copy || !source_copy) {
        free(path_copy);
        free(source_copy);
        return false;
    }
    free(p->path);
    free(p->source);
    p->path = path_copy;
    p->source = source_copy;
    return true;
}

/* ---- collecting ---- */

/* A value quoted in a message must not move a terminal's cursor or end the line. */
static void blank_control_bytes(char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            *text = '?';
    }
}

static bool keep(struct problems *p, struct problem problem, const char *format, va_list args)
{
    char text[ERROR_TEXT_MAX * 2];
    if (p->all.len >= PROBLEMS_MAX)
        return true;
    if (vsnprintf(text, sizeof(text), format, args) < 0)
        text[0] = '\0';
    blank_control_bytes(text);
    problem.text = str_dup(str_from(text));
    if (problem.text && vec_push(&p->all, problem))
        return true;
    free(problem.text);
    return false;
}

void problems_add(struct problems *p, enum severity severity, int line, int column, int width,
                  const char *format, ...)
{
    struct problem problem = {
        .severity = severity,
        .line = line,
        .column = column,
        .width = width > 0 ? width : 1,
    };
    va_list args;
    va_start(args, format);
    if (!keep(p, problem, format, args))
        p->nomem = true;
    va_end(args);
    if (severity == SEVERITY_ERROR)
        p->errors++;
    else
        p->warnings++;
}

/* ---- showing ---- */

#define COLOUR_OFF   "\033[0m"
#define COLOUR_BOLD  "\033[1m"
#define COLOUR_RED   "\033[1;31m"
#define COLOUR_AMBER "\033[1;35m"
#define COLOUR_GREEN "\033[1;32m"

/* Wider than this a line is shown in part: it is not for reading any more. */
#define SHOWN_COLUMNS 160
#define SHOWN_BEFORE  60

static struct str source_line(const char *source, int line)
{
    const char *at = source ? source : "";
    for (; line > 1 && *at; line--) {
        const char *end = strchr(at, '\n');
        at = end ? end + 1 : at + strlen(at);
    }
    size_t len = strcspn(at, "\r\n");
    return (struct str){ at, len };
}

/* One column is one code point, as libfyaml counts; continuation bytes do not start one. */
static bool starts_column(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

/* The columns first to first + SHOWN_COLUMNS - 1; tabs and control bytes become one blank each. */
static void add_columns(struct str line, int first, struct buf *out)
{
    int column = 0;
    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.ptr[i];
        column += starts_column(line.ptr[i]) ? 1 : 0;
        if (column >= first && column < first + SHOWN_COLUMNS)
            buf_add_char(out, c < 0x20 || c == 0x7f ? ' ' : (char)c);
    }
}

static int columns_of(struct str line)
{
    int count = 0;
    for (size_t i = 0; i < line.len; i++)
        count += starts_column(line.ptr[i]) ? 1 : 0;
    return count;
}

/*
 *     9 | slots: { min: 0, max: lots }
 *       |                       ^~~~
 */
static void show_source(const struct problems *p, const struct problem *problem, bool colour,
                        struct buf *out)
{
    struct str line = source_line(p->source, problem->line);
    int columns = columns_of(line);
    int first = problem->column > SHOWN_COLUMNS ? problem->column - SHOWN_BEFORE : 1;
    /* The caret may stand one past the end ("something is missing here"), its tail may not. */
    int left = columns - problem->column + 1;
    int tail = problem->width < left ? problem->width : left;
    int room = first + SHOWN_COLUMNS - problem->column;
    tail = tail < room ? tail : room;

    buf_addf(out, "%5d | ", problem->line);
    add_columns(line, first, out);
    buf_addf(out, "\n%5s | %*s%s^", "", problem->column - first, "", colour ? COLOUR_GREEN : "");
    for (int i = 1; i < tail; i++)
        buf_add_char(out, '~');
    buf_addf(out, "%s\n", colour ? COLOUR_OFF : "");
}

static void show(const struct problems *p, const struct problem *problem, bool colour,
                 struct buf *out)
{
    bool error = problem->severity == SEVERITY_ERROR;
    buf_addf(out, "%s%s:", colour ? COLOUR_BOLD : "", p->path ? p->path : "(no file)");
    if (problem->line > 0)
        buf_addf(out, "%d:%d:", problem->line, problem->column);
    buf_addf(out, " %s%s:%s %s%s\n",
             !colour ? ""
             : error ? COLOUR_RED
                     : COLOUR_AMBER,
             error ? "error" : "warning", colour ? COLOUR_OFF COLOUR_BOLD : "", problem->text,
             colour ? COLOUR_OFF : "");
    if (problem->line > 0 && problem->column > 0 && p->source)
        show_source(p, problem, colour, out);
}

static bool is_before(const struct problem *a, const struct problem *b)
{
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

/* The next one to show: the first in the file's order that comes after `last`. */
static size_t next_problem(const struct problems *p, const bool *shown)
{
    size_t best = SIZE_MAX;
    for (size_t i = 0; i < p->all.len; i++) {
        if (!shown[i] && (best == SIZE_MAX || is_before(&p->all.at[i], &p->all.at[best])))
            best = i;
    }
    return best;
}

void problems_print(const struct problems *p, bool colour, struct buf *out)
{
    /* At most PROBLEMS_MAX: choosing the least each time needs no memory. */
    bool shown[PROBLEMS_MAX] = { false };
    for (size_t i = next_problem(p, shown); i != SIZE_MAX; i = next_problem(p, shown)) {
        shown[i] = true;
        show(p, &p->all.at[i], colour, out);
    }
    size_t hidden = p->errors + p->warnings - p->all.len;
    if (hidden > 0)
        buf_addf(out, "%s: %zu more not shown\n", p->path ? p->path : "(no file)", hidden);
}
