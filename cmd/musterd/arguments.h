/* What musterd was asked on its command line; the parser says what is wrong by itself. */
#ifndef MUSTERD_ARGUMENTS_H
#define MUSTERD_ARGUMENTS_H

#include <stdbool.h>

struct arguments {
    const char *config; /* NULL: the default place, or built-in settings if there is none */
    const char *record; /* NULL: none */
    bool dry_run, once, allow_root;
};

/* 0: go on. Otherwise everything was said already: exit with *ret_status. */
int arguments_parse(int argc, char **argv, struct arguments *ret, int *ret_status);

#endif
