/*
 * The shape of a settings file, as tables: from the same tables it is read, printed with its defaults,
 * described as JSON Schema and documented.
 */
#ifndef CONFIG_SECTION_H
#define CONFIG_SECTION_H

#include "base/option.h"

struct section {
    const char *key; /* NULL ends a table of sections */
    const char *help;
    const struct option *rows;    /* fields of the struct that the whole file fills; NULL: none */
    const struct section *inside; /* sections within; NULL: none */
    int special; /* what else stands in it, for the owner of the table; 0: nothing */
};

#endif
