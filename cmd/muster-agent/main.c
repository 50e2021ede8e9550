/* muster-agent: runs a worker on a node and keeps musterd informed. See lib/runtime/agent.h. */
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <curl/curl.h>

#include "runtime/agent.h"
#include "runtime/agent_log.h"

static int fail(const struct error *err, int status)
{
    fprintf(stderr, "muster-agent: %s\n", err->text);
    return status;
}

static int help(void)
{
    struct buf text = { 0 };
    agent_options_help(&text);
    fputs(buf_text(&text), stdout);
    buf_release(&text);
    return 0;
}

static int run(const struct agent_options *options)
{
    struct error err = { 0 };
    struct log log = { .fd = STDERR_FILENO, .level = LOG_INFO, .clock = &clock_system };
    uv_loop_t loop;
    int status = 0;
    if (*options->log && agent_log_open(options->log, &err) < 0)
        return fail(&err, 2);
    signal(SIGPIPE, SIG_IGN);
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || uv_loop_init(&loop) != 0) {
        error_nomem(&err);
        return fail(&err, 2);
    }
    int rc = agent_run(&loop, &log, options, environ, &status, &err);
    uv_loop_close(&loop);
    curl_global_cleanup();
    return rc < 0 ? fail(&err, 2) : status;
}

int main(int argc, char **argv)
{
    struct agent_options options;
    enum agent_request request;
    struct error err = { 0 };
    if (agent_options_read(argc, argv, environ, &options, &request, &err) < 0) {
        fail(&err, 2);
        fputs("Try: muster-agent --help\n", stderr);
        return 2;
    }
    if (request == AGENT_HELP)
        return help();
    if (request == AGENT_VERSION)
        return puts("muster-agent " MUSTER_VERSION) < 0;
    int status = run(&options);
    agent_options_release(&options);
    return status;
}
