#include "tests/sim/trace.h"

#include <string.h>

#include "base/str.h"

void trace_init(struct trace *t, FILE *echo)
{
    memset(t, 0, sizeof(*t));
    t->hash = 14695981039346656037ULL;
    t->echo = echo;
}

void trace_line(struct trace *t, const char *line)
{
    /* FNV-1a */
    for (const char *p = line; *p; p++)
        t->hash = (t->hash ^ (unsigned char)*p) * 1099511628211ULL;
    str_copy_c(t->kept[t->lines++ % TRACE_KEPT], TRACE_LINE, line);
    if (t->echo)
        fprintf(t->echo, "%s\n", line);
}

void trace_print_last(const struct trace *t, FILE *to)
{
    uint64_t from = t->lines > TRACE_KEPT ? t->lines - TRACE_KEPT : 0;
    for (uint64_t i = from; i < t->lines; i++)
        fprintf(to, "    %s\n", t->kept[i % TRACE_KEPT]);
}
