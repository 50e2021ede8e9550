/* The daemon's parts, wired: store, clients, core, endpoint. */
#ifndef MUSTERD_DAEMON_H
#define MUSTERD_DAEMON_H

#include <uv.h>

#include "arguments.h"
#include "auth/aws_client.h"
#include "auth/gcp_client.h"
#include "config/daemon_file.h"
#include "net/http_client.h"
#include "net/http_server.h"
#include "runtime/runtime.h"
#include "status/status.h"
#include "store/store.h"

#define PROBLEM_FILES_MAX 64
#define NOTICE_QUEUES_MAX 16 /* as many are shown */

struct daemon {
    struct daemon_config config;
    struct arguments arguments;
    uv_loop_t loop;
    struct log log;
    struct kinds kinds;
    struct provider_env provider_env;
    char *agent_url;
    struct store *store;
    struct http_client *http;
    struct aws_client *aws;
    struct gcp_client *gcp;
    struct runtime *runtime;
    struct status *status;
    struct http_server *server;
    struct status_file_problem problems[PROBLEM_FILES_MAX];
    struct notice_queue_view notices[NOTICE_QUEUES_MAX];
};

/* Opens everything; on failure daemon_release gives back what was opened. */
int daemon_open(struct daemon *d, struct error *err);
void daemon_release(struct daemon *d);

#endif
