/* musterd: parse arguments, wire the parts, run the loop. */
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <curl/curl.h>
#include <unistd.h>

#include "daemon.h"
#include "once.h"

/* No core file and no debugger shows tokens or keys; nothing we start gains rights. */
static void harden(void)
{
    struct rlimit no_core = { 0, 0 };
    umask(077);
    setrlimit(RLIMIT_CORE, &no_core);
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    /* One thread allocates nearly everything: more arenas would only hold more memory. */
    mallopt(M_ARENA_MAX, 2);
}

static int read_config(const struct arguments *arguments, struct daemon_config *ret)
{
    struct error err = { 0 };
    struct problems problems;
    problems_init(&problems);
    int rc = daemon_file_find(arguments->config, ret, &problems, &err);
    struct buf text = { 0 };
    problems_print(&problems, isatty(STDERR_FILENO) == 1, &text);
    fputs(buf_text(&text), stderr);
    if (rc < 0 && problems.errors == 0)
        fprintf(stderr, "musterd: %s\n", err.text);
    buf_release(&text);
    problems_release(&problems);
    return rc;
}

/* Root is needed for nothing here, and a mistake by root costs more. */
static bool refuse_root(const struct arguments *arguments)
{
    if (geteuid() != 0 || arguments->allow_root || getenv("MUSTER_ALLOW_ROOT"))
        return false;
    fputs(
        "musterd: running as root: nothing here needs it. Use a user of its own, or --allow-root\n",
        stderr);
    return true;
}

struct signals {
    uv_signal_t terminate, interrupt, hangup;
};

static void on_terminate(uv_signal_t *handle, int number)
{
    struct daemon *d = handle->data;
    (void)number;
    log_line(&d->log, LOG_INFO, "stopping: finishing what is in flight; nodes are left running");
    runtime_stop(d->runtime);
}

static void on_hangup(uv_signal_t *handle, int number)
{
    struct daemon *d = handle->data;
    (void)number;
    runtime_reload(d->runtime);
}

static void watch_signals(struct daemon *d, struct signals *s)
{
    signal(SIGPIPE, SIG_IGN);
    uv_signal_init(&d->loop, &s->terminate);
    uv_signal_init(&d->loop, &s->interrupt);
    uv_signal_init(&d->loop, &s->hangup);
    s->terminate.data = s->interrupt.data = s->hangup.data = d;
    uv_signal_start(&s->terminate, on_terminate, SIGTERM);
    uv_signal_start(&s->interrupt, on_terminate, SIGINT);
    uv_signal_start(&s->hangup, on_hangup, SIGHUP);
}

static void close_handle(uv_handle_t *handle, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

static int run(struct daemon *d)
{
    struct error err = { 0 };
    struct signals signals;
    int status = 0;
    watch_signals(d, &signals);
    int rc = daemon_open(d, &err);
    if (rc == 0)
        runtime_start(d->runtime);
    if (rc < 0) {
        log_line(&d->log, LOG_ERROR, "cannot start", LOG_STR("problem", err.text));
        status = 2;
    } else if (d->arguments.once) {
        status = once_run(d);
    } else {
        log_line(&d->log, LOG_INFO, "running", LOG_STR("listen", d->agent_url),
                 LOG_STR("mode", d->arguments.dry_run ? "dry-run" : "live"),
                 LOG_STR("policies", d->config.policies), LOG_STR("state", d->config.state));
        uv_run(&d->loop, UV_RUN_DEFAULT);
        log_line(&d->log, LOG_INFO, "stopped");
    }
    daemon_release(d);
    uv_close((uv_handle_t *)&signals.terminate, NULL);
    uv_close((uv_handle_t *)&signals.interrupt, NULL);
    uv_close((uv_handle_t *)&signals.hangup, NULL);
    /* What the parts closed is freed by the loop; a handle left open is a leak, but no reason to
     * hang at the end. */
    uv_run(&d->loop, UV_RUN_NOWAIT);
    uv_walk(&d->loop, close_handle, NULL);
    uv_run(&d->loop, UV_RUN_DEFAULT);
    return status;
}

int main(int argc, char **argv)
{
    int status = 0;
    static struct daemon daemon;
    harden();
    if (arguments_parse(argc, argv, &daemon.arguments, &status) != 0)
        return status;
    if (refuse_root(&daemon.arguments) || read_config(&daemon.arguments, &daemon.config) < 0)
        return 2;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || uv_loop_init(&daemon.loop) != 0) {
        fputs("musterd: out of memory\n", stderr);
        return 2;
    }
    daemon.log = (struct log){
        .fd = STDERR_FILENO,
        .level = daemon.config.log_level,
        .format = daemon.config.log_format,
        .clock = &clock_system,
    };
    if (daemon.arguments.once && daemon.log.level < LOG_WARNING)
        daemon.log.level = LOG_WARNING;
    status = run(&daemon);
    uv_loop_close(&daemon.loop);
    daemon_config_release(&daemon.config);
    curl_global_cleanup();
    return status;
}
