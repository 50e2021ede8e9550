/* muster.yaml: the daemon's own settings. Same reader, same errors as policy files. */
#ifndef CONFIG_DAEMON_FILE_H
#define CONFIG_DAEMON_FILE_H

#include "auth/aws_settings.h"
#include "auth/gcp_settings.h"
#include "base/log.h"
#include "config/problems.h"
#include "control/control.h"

struct daemon_config {
    char *path;
    char *listen_host;        /* "127.0.0.1" */
    uint16_t listen_port;     /* 8420; 0: any free one */
    char *controller;         /* name in tags and tokens; default "muster" */
    char *policies;           /* directory */
    char *state;              /* directory: muster.db, tokens, local nodes */
    char *token_read_file;    /* NULL: reading needs no token (loopback only) */
    char *token_admin_file;   /* default STATE/admin.token, made when absent */
    char *token_agent_file;   /* default STATE/agent.token, made when absent */
    char *tls_cert, *tls_key; /* NULL: plain HTTP, then only loopback addresses are accepted */
    int64_t tick_ns;          /* 1s */
    int64_t list_every_ns;    /* 15s */
    int64_t retention_ns;     /* history kept: 30d */
    struct control_limits limits;
    struct aws_settings aws;
    struct gcp_settings gcp;
    enum log_level log_level;
    enum log_format log_format;
};

/*
 * Like policy files: 0, or MUSTER_E_INVALID with every mistake in `problems`, or MUSTER_E_NOMEM; a file
 * that cannot be read is told in *err alone. Relative paths are meant from the file's directory. On
 * success the caller owns what *ret points to (daemon_config_release); otherwise it is untouched.
 */
int daemon_file_read(const char *path, struct daemon_config *ret, struct problems *problems,
                     struct error *err);
int daemon_file_parse(struct str text, const char *path, struct daemon_config *ret,
                      struct problems *problems, struct error *err);
/* `path` NULL: /etc/muster/muster.yaml, and where there is no such file the defaults. */
int daemon_file_find(const char *path, struct daemon_config *ret, struct problems *problems,
                     struct error *err);
/* What musterd runs with when there is no file. */
int daemon_config_default(struct daemon_config *ret, struct error *err);
void daemon_config_release(struct daemon_config *config);

#endif
