/* The command line and the environment of a node's agent. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/process.h"
#include "providers/local/local.h"
#include "queue/exec_words.h"

void local_command_release(struct local_command *command)
{
    word_list_release(&command->argv);
    word_list_release(&command->environment);
}

/*
 * What a worker gets of musterd's own environment. Not all of it: musterd's may hold credentials of
 * clouds and queues. Whatever else a worker needs is named under `environment`.
 */
static const char *const passed_on[] = { "PATH", "HOME",   "USER",     "LOGNAME", "SHELL",
                                         "LANG", "LC_ALL", "LC_CTYPE", "TZ",      "TMPDIR" };

static int pass_on(struct word_list *to, const char *name, struct error *err)
{
    const char *value = secure_getenv(name);
    return value ? word_list_addf(to, err, "%s=%s", name, value) : 0;
}

/* "NAME=VALUE" sets, "NAME" alone passes musterd's own value on. Later ones win: the agent's worker
 * sees the last, so MUSTER_* come at the end. */
static int make_environment(const struct local_options *options, struct word_list *to,
                            struct error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof(passed_on) / sizeof(passed_on[0]); i++)
        rc = pass_on(to, passed_on[i], err);
    for (size_t i = 0; rc == 0 && i < options->environment.len; i++) {
        const char *entry = options->environment.at[i];
        rc = strchr(entry, '=') ? word_list_add(to, entry, err) : pass_on(to, entry, err);
    }
    return rc;
}

void local_find_agent(const struct local_options *options, char *ret, size_t size)
{
    char self[NODE_DIR_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash = NULL;
    if (n > 0) {
        self[n] = '\0';
        slash = strrchr(self, '/');
    }
    if (*options->agent) {
        snprintf(ret, size, "%s", options->agent);
        return;
    }
    if (slash)
        snprintf(ret, size, "%.*s/muster-agent", (int)(slash - self), self);
    if (!slash || access(ret, X_OK) != 0)
        snprintf(ret, size, "muster-agent");
}

static int add_option(struct word_list *argv, const char *name, const char *value,
                      struct error *err)
{
    int rc = word_list_add(argv, name, err);
    return rc < 0 ? rc : word_list_add(argv, value, err);
}

/* Options whose value is "" are left out: the agent's own default holds. */
static int add_options(struct word_list *argv, const char *const (*pairs)[2], struct error *err)
{
    int rc = 0;
    for (; rc == 0 && (*pairs)[0]; pairs++) {
        if ((*pairs)[1] && *(*pairs)[1])
            rc = add_option(argv, (*pairs)[0], (*pairs)[1], err);
    }
    return rc;
}

static int add_split(struct word_list *argv, const char *command, struct error *err)
{
    struct exec_words words;
    int rc = exec_words_split(command, &words, err);
    if (rc < 0)
        return rc;
    for (char **word = words.argv; rc == 0 && *word; word++)
        rc = word_list_add(argv, *word, err);
    exec_words_release(&words);
    return rc;
}

static int add_worker(struct word_list *argv, const struct local_options *options,
                      struct error *err)
{
    int rc = word_list_add(argv, "--", err);
    if (rc == 0 && options->shell) {
        rc = add_option(argv, "/bin/sh", "-c", err);
        return rc < 0 ? rc : word_list_add(argv, options->command.at[0], err);
    }
    if (rc == 0 && options->command.len == 1)
        return add_split(argv, options->command.at[0], err);
    for (size_t i = 0; rc == 0 && i < options->command.len; i++)
        rc = word_list_add(argv, options->command.at[i], err);
    return rc;
}

static void milliseconds(int64_t ns, char *text, size_t size)
{
    snprintf(text, size, "%lldms", (long long)(ns / NS_PER_MS));
}

static int make_argv(const struct provider_env *env, const struct launch_request *request,
                     const char *node, const char *dir, struct local_command *command,
                     struct error *err)
{
    struct word_list *argv = &command->argv;
    const struct local_options *options = request->options;
    char agent[NODE_DIR_MAX + 16], busy[NODE_DIR_MAX + 8];
    char slots[24], copies[24], heartbeat[32], boot_delay[32];
    local_find_agent(options, agent, sizeof(agent));
    snprintf(busy, sizeof(busy), "%s/busy", dir);
    snprintf(slots, sizeof(slots), "%lld", (long long)request->intent->slots);
    snprintf(copies, sizeof(copies), "%lld",
             options->copies == COPIES_PER_SLOT ? (long long)request->intent->slots : 1LL);
    milliseconds(request->heartbeat_ns, heartbeat, sizeof(heartbeat));
    milliseconds(options->boot_delay_ns, boot_delay, sizeof(boot_delay));
    const char *const pairs[][2] = {
        { "--controller", env->agent_url },
        { "--node", node },
        { "--pool", request->intent->pool },
        { "--slots", slots },
        { "--token-file", env->agent_token_file },
        { "--heartbeat", heartbeat },
        { "--boot-delay", boot_delay },
        { "--copies", copies },
        { "--state-dir", dir },
        { "--lock-fd", "3" },
        { "--busy-dir", busy },
        { "--log", command->log },
        { "--directory", options->directory },
        { "--busy-command", options->busy_command },
        { "--drain-signal", process_signal_words[options->drain_signal] },
        { "--worker-version", options->version },
        { NULL, NULL },
    };
    int rc = word_list_add(argv, agent, err);
    if (rc == 0)
        rc = add_options(argv, pairs, err);
    return rc < 0 ? rc : add_worker(argv, options, err);
}

int local_command_make(const struct provider_env *env, const struct launch_request *request,
                       const char *node, const char *dir, struct local_command *ret,
                       struct error *err)
{
    struct local_command command = { 0 };
    const char *logs = ((const struct local_options *)request->options)->logs;
    int n = *logs ? snprintf(command.log, sizeof(command.log), "%s/%s.log", logs, node)
                  : snprintf(command.log, sizeof(command.log), "%s/log", dir);
    int rc = n < 0 || (size_t)n >= sizeof(command.log)
                 ? error_set(err, MUSTER_E_CONFIG, "logs: the path is too long")
                 : make_argv(env, request, node, dir, &command, err);
    if (rc == 0)
        rc = make_environment(request->options, &command.environment, err);
    if (rc < 0)
        local_command_release(&command);
    else
        *ret = command;
    return rc;
}
