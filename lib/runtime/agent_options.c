#include "runtime/agent_options.h"

#include <ctype.h>
#include <string.h>

#include "base/clock.h"
#include "base/process.h"
#include "control/node.h"
#include "runtime/notice_watch.h"

#define ROW(kind, field, name, ...) OPTION_##kind(struct agent_options, field, name, __VA_ARGS__)

static const struct option rows[] = {
    ROW(STRING, controller, "controller", .help = "musterd's address: http://127.0.0.1:8420"),
    ROW(STRING, node, "node", .help = "this node's id, as its provider lists it"),
    ROW(STRING, pool, "pool", .help = "the pool it belongs to"),
    ROW(INT, slots, "slots", .fallback = "1", .min = 1, .max = 100000,
        .help = "jobs it does at a time"),
    ROW(STRING, token_file, "token_file", .fallback = "", .help = "file with the agents' token"),
    ROW(STRING, ca_file, "ca_file", .fallback = "",
        .help = "certificates to check the controller's by; empty: the system's"),
    ROW(DURATION, heartbeat_ns, "heartbeat", .fallback = "5s", .min = 100 * NS_PER_MS,
        .max = 3600 * NS_PER_S, .help = "how often to report, until the controller says otherwise"),
    ROW(DURATION, boot_delay_ns, "boot_delay", .fallback = "0s", .max = 3600 * NS_PER_S,
        .help = "stay silent so long at first, to rehearse a slow boot"),
    ROW(INT, copies, "copies", .fallback = "1", .min = 1, .max = 1024,
        .help = "how many copies of the command to run; they share the slots"),
    ROW(STRING, busy_dir, "busy_dir", .fallback = "",
        .help = "the worker's MUSTER_BUSY_DIR; empty: a temporary one"),
    ROW(STRING, busy_command, "busy_command", .fallback = "",
        .help = "shell command that prints how many slots are busy"),
    ROW(CHOICE, drain_signal, "drain_signal", .fallback = "TERM", .choices = process_signal_words,
        .help = "tells the command to finish its jobs and exit"),
    ROW(CHOICE, watch, "watch", .fallback = "none", .choices = watch_cloud_words,
        .help = "the cloud whose notices of this machine's end are watched for: aws, gcp, auto"),
    ROW(STRING, worker_version, "worker_version", .fallback = "",
        .help = "version to report, for rolling replacement"),
    ROW(STRING, directory, "directory", .fallback = "",
        .help = "working directory of the command; empty: the agent's"),
    ROW(STRING, log, "log", .fallback = "",
        .help = "file for all output, kept below 16 MiB; empty: where the agent's own goes"),
    ROW(STRING, state_dir, "state_dir", .fallback = "", .help = "folder of a local node"),
    ROW(INT, lock_fd, "lock_fd", .fallback = "-1", .min = -1, .max = 1000000,
        .help = "descriptor that holds the local node's lock already"),
    { 0 },
};

const struct option_set agent_option_set = {
    .name = "muster-agent",
    .size = sizeof(struct agent_options),
    .rows = rows,
};

#define NAME_MAX_BYTES 64

/* "boot_delay" as "--boot-delay" or "MUSTER_BOOT_DELAY". */
static void spell(const char *key, const char *prefix, bool upper, char name[static NAME_MAX_BYTES])
{
    str_copy_c(name, NAME_MAX_BYTES, prefix);
    size_t at = strlen(name);
    for (; *key && at + 1 < NAME_MAX_BYTES; key++, at++)
        name[at] = upper ? (char)toupper((unsigned char)*key) : *key == '_' ? '-' : *key;
    name[at] = '\0';
}

static const char *environment_value(char *const *environment, const char *name)
{
    size_t n = strlen(name);
    for (; environment && *environment; environment++) {
        if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=')
            return *environment + n + 1;
    }
    return NULL;
}

static int set_option(const struct option *row, const char *name, const char *value,
                      struct agent_options *options, struct error *err)
{
    int rc = option_parse(row, options, str_from(value), err);
    return rc < 0 ? error_wrap(err, "%s", name) : 0;
}

static int read_environment(char *const *environment, struct agent_options *options,
                            struct error *err)
{
    for (const struct option *row = rows; row->key; row++) {
        char name[NAME_MAX_BYTES];
        spell(row->key, "MUSTER_", true, name);
        const char *value = environment_value(environment, name);
        int rc = value ? set_option(row, name, value, options, err) : 0;
        if (rc < 0)
            return rc;
    }
    return 0;
}

static int unknown_option(struct str given, struct error *err)
{
    char names[sizeof(rows) / sizeof(rows[0])][NAME_MAX_BYTES];
    const char *all[sizeof(rows) / sizeof(rows[0])];
    char word[NAME_MAX_BYTES];
    size_t len = 0;
    for (const struct option *row = rows; row->key; row++, len++) {
        spell(row->key, "--", false, names[len]);
        all[len] = names[len];
    }
    str_copy(word, sizeof(word), given);
    const char *near = str_nearest(word, all, len);
    return error_set(err, MUSTER_E_INVALID, "unknown option %s%s%s%s", word,
                     near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

static const struct option *row_named(struct str given)
{
    char name[NAME_MAX_BYTES];
    for (const struct option *row = rows; row->key; row++) {
        spell(row->key, "--", false, name);
        if (str_eq_c(given, name))
            return row;
    }
    return NULL;
}

/* One option at argv[*at], which moves behind it and its value. */
static int read_option(char *const *argv, int *at, struct agent_options *options, struct error *err)
{
    const char *arg = argv[*at];
    const char *equals = strchr(arg, '=');
    struct str given = { arg, equals ? (size_t)(equals - arg) : strlen(arg) };
    const struct option *row = row_named(given);
    if (!row)
        return unknown_option(given, err);
    char name[NAME_MAX_BYTES];
    str_copy(name, sizeof(name), given);
    const char *value = equals ? equals + 1 : argv[++*at];
    if (!value)
        return error_set(err, MUSTER_E_INVALID, "%s needs a value", name);
    ++*at;
    return set_option(row, name, value, options, err);
}

static int read_arguments(int argc, char *const *argv, struct agent_options *options,
                          enum agent_request *request, struct error *err)
{
    int at = 1;
    while (at < argc) {
        if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
            *request = AGENT_HELP;
            return 0;
        }
        if (strcmp(argv[at], "--version") == 0) {
            *request = AGENT_VERSION;
            return 0;
        }
        if (strcmp(argv[at], "--") == 0) {
            at++;
            break;
        }
        if (argv[at][0] != '-')
            break;
        int rc = read_option(argv, &at, options, err);
        if (rc < 0)
            return rc;
    }
    options->command = argv + at;
    return 0;
}

/* The id becomes a part of a path; provider ids are all of this kind. */
static bool is_node_id(const char *id)
{
    for (const char *p = id; *p; p++) {
        if (!isalnum((unsigned char)*p) && !strchr("-_.:", *p))
            return false;
    }
    return *id && *id != '.';
}

static int check(const struct agent_options *o, struct error *err)
{
    for (const struct option *row = rows; row->key; row++) {
        char name[NAME_MAX_BYTES];
        /* Only texts are required. */
        char *const *text = (const void *)((const char *)o + row->offset);
        if (row->fallback || *text)
            continue;
        spell(row->key, "--", false, name);
        return error_set(err, MUSTER_E_INVALID, "%s is missing: %s", name, row->help);
    }
    if (!str_starts(str_from(o->controller), "http://") &&
        !str_starts(str_from(o->controller), "https://"))
        return error_set(err, MUSTER_E_INVALID, "--controller: '%s' is no http(s) address",
                         o->controller);
    if (!is_node_id(o->node))
        return error_set(err, MUSTER_E_INVALID, "--node: '%s' is no node's id", o->node);
    if (strlen(o->worker_version) >= NODE_VERSION_MAX)
        return error_set(err, MUSTER_E_INVALID, "--worker-version: at most %d characters",
                         NODE_VERSION_MAX - 1);
    if (!o->command[0])
        return error_set(err, MUSTER_E_INVALID, "there is no worker command (after --)");
    return 0;
}

int agent_options_read(int argc, char *const *argv, char *const *environment,
                       struct agent_options *ret, enum agent_request *ret_request,
                       struct error *err)
{
    struct agent_options options;
    enum agent_request request = AGENT_RUN;
    int rc = option_set_defaults(&agent_option_set, &options, err);
    if (rc < 0)
        return rc;
    rc = read_environment(environment, &options, err);
    if (rc == 0)
        rc = read_arguments(argc, argv, &options, &request, err);
    if (rc == 0 && request == AGENT_RUN)
        rc = check(&options, err);
    if (rc < 0 || request != AGENT_RUN)
        agent_options_release(&options);
    else
        *ret = options;
    if (rc == 0)
        *ret_request = request;
    return rc;
}

void agent_options_release(struct agent_options *options)
{
    option_set_release(&agent_option_set, options);
}

void agent_options_help(struct buf *out)
{
    buf_add_c(
        out,
        "usage: muster-agent --controller URL --node ID --pool POOL [OPTION...] -- COMMAND ...\n"
        "\n"
        "Runs COMMAND, the worker, on this machine, and tells musterd how it is: booting, ready\n"
        "with so many busy slots, draining, drained. The worker is started when musterd has\n"
        "answered, and told to finish when musterd (or SIGTERM) says so.\n"
        "\n");
    for (const struct option *row = rows; row->key; row++) {
        char name[NAME_MAX_BYTES];
        spell(row->key, "--", false, name);
        buf_addf(out, "  %-18s %s", name, row->help);
        if (!row->fallback)
            buf_add_c(out, " (required)");
        else if (*row->fallback && strcmp(row->fallback, "-1") != 0)
            buf_addf(out, " (%s)", row->fallback);
        buf_add_char(out, '\n');
    }
    buf_add_c(out,
              "  --help, --version\n"
              "\n"
              "Each may also stand in the environment: --boot-delay 3s is MUSTER_BOOT_DELAY=3s.\n"
              "The worker finds MUSTER_NODE, MUSTER_POOL, MUSTER_SLOTS, MUSTER_COPY and\n"
              "MUSTER_BUSY_DIR in its environment: a file in that folder is one busy slot.\n"
              "\n"
              "Exit status: 0 drained or the worker ended well, 1 the worker failed, 2 usage.\n");
}
