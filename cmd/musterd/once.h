/* musterd --once: one decision for every pool, printed with its reasons. Changes nothing. */
#ifndef MUSTERD_ONCE_H
#define MUSTERD_ONCE_H

#include "daemon.h"

/* Turns the loop until every pool has decided, at most 30 s. Returns the exit status. */
int once_run(struct daemon *d);

#endif
