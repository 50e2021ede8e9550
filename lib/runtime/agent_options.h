/*
 * muster-agent's settings: command line (--boot-delay 3s) and environment (MUSTER_BOOT_DELAY=3s) by
 * one option table. The command line wins.
 */
#ifndef RUNTIME_AGENT_OPTIONS_H
#define RUNTIME_AGENT_OPTIONS_H

#include "base/error.h"
#include "base/option.h"

struct agent_options {
    char *controller;
    char *node, *pool;
    int64_t slots;
    char *token_file, *ca_file;
    int64_t heartbeat_ns;
    int64_t boot_delay_ns;
    int64_t copies;
    char *busy_command, *busy_dir;
    char *worker_version;
    char *state_dir;
    int64_t lock_fd; /* -1: none */
    char *log;
    char *directory;
    int watch;            /* enum watch_cloud: whose notices are watched for */
    int drain_signal;     /* index into process_signal_words */
    char *const *command; /* borrowed from argv; ends with NULL */
};

extern const struct option_set agent_option_set;

enum agent_request { AGENT_RUN, AGENT_HELP, AGENT_VERSION };

/*
 * `environ` and `argv` as main gets them. *ret is the caller's (agent_options_release) when
 * *ret_request is AGENT_RUN. MUSTER_E_INVALID, MUSTER_E_RANGE: a mistake; the text names the option.
 */
int agent_options_read(int argc, char *const *argv, char *const *environment,
                       struct agent_options *ret, enum agent_request *ret_request,
                       struct error *err);
void agent_options_release(struct agent_options *options);

/* The text of --help. */
void agent_options_help(struct buf *out);

#endif
