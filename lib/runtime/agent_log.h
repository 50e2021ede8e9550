/*
 * The output of a node in one file of bounded size. The worker writes into the file itself, not
 * through the agent, so that it can go on writing when the agent is gone; so the file cannot be
 * exchanged under it. When it has grown past the limit its text is copied to FILE.1 and it is cut to
 * nothing (everybody appends). Lines written in between are lost.
 */
#ifndef RUNTIME_AGENT_LOG_H
#define RUNTIME_AGENT_LOG_H

#include <stddef.h>

#include "base/error.h"

#define AGENT_LOG_MAX ((size_t)8 << 20)

/* Opens (appending) and makes it standard output and standard error. */
int agent_log_open(const char *path, struct error *err);

/* To be called every now and then. */
void agent_log_bound(const char *path, size_t max);

#endif
