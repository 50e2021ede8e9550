/*
 * Mistakes found in a file, shown the way a compiler shows them:
 *
 *     render.yaml:9:14: error: slots.max: 'lots' is not a whole number
 *         9 | slots: { min: 0, max: lots }
 *           |                       ^~~~
 */
#ifndef CONFIG_PROBLEMS_H
#define CONFIG_PROBLEMS_H

#include <stdbool.h>

#include "base/str.h"
#include "base/vec.h"

enum severity { SEVERITY_WARNING, SEVERITY_ERROR };

struct problem {
    enum severity severity;
    int line, column; /* from 1; 0: the file as a whole */
    int width;        /* columns to underline, >= 1 */
    char *text;       /* owned */
};

#define PROBLEMS_MAX 100 /* further ones are counted only */

struct problems {
    char *path;   /* owned, as the person named it */
    char *source; /* owned copy of the file's text, to show lines from; may be NULL */
    VEC(struct problem) all;
    size_t errors, warnings; /* counted past PROBLEMS_MAX too */
    bool nomem;              /* one could not be recorded */
};

void problems_init(struct problems *p);
void problems_release(struct problems *p);
/* Which file the problems are in, and its text; false: out of memory. */
bool problems_name(struct problems *p, const char *path, struct str source);
void problems_add(struct problems *p, enum severity severity, int line, int column, int width,
                  const char *format, ...) __attribute__((format(printf, 6, 7)));
/* In the order of the lines; `colour` adds terminal colours. */
void problems_print(const struct problems *p, bool colour, struct buf *out);

#endif
