/* The recorded history of a musterd, written out. What is wrong is said on standard error. */
#ifndef MUSTER_HISTORY_H
#define MUSTER_HISTORY_H

#include "muster.h"

/* Of the pool and time that the options name. EXIT_YES, EXIT_NO (nothing is recorded), EXIT_TROUBLE. */
int history_export(const struct cli *cli, const char *path, bool decisions, int fd);

bool history_is_state_file(const char *path);

#endif
