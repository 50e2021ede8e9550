/* muster pause, resume, drain */
#include <stdio.h>
#include <string.h>

#include "muster.h"

/* Tells musterd, and shows its answer: with --json as it is. `name` NULL: everything. */
static int tell(const struct cli *cli, const char *kind, const char *name, const char *verb,
                const char *done)
{
    struct api_reply reply;
    struct buf path = { 0 };
    buf_add_c(&path, "/v1/");
    if (name) {
        buf_addf(&path, "%s/", kind);
        api_escape(&path, name);
        buf_add_char(&path, '/');
    }
    buf_add_c(&path, verb);
    int rc = api_post(cli, buf_text(&path), &reply);
    buf_release(&path);
    if (rc != EXIT_YES)
        return rc;
    struct buf out = { 0 };
    if (cli->json) {
        buf_add_str(&out, buf_str(&reply.body));
    } else {
        show_text(&out, name ? name : "all pools");
        buf_addf(&out, ": %s\n", done);
    }
    show_flush(&out);
    buf_release(&out);
    api_release(&reply);
    return rc;
}

static int set_paused(const struct cli *cli, const char *verb, const char *done)
{
    if (cli->all && cli->argc > 0) {
        fprintf(stderr, "muster %s: either a pool or --all\n", verb);
        return EXIT_TROUBLE;
    }
    return tell(cli, "pools", cli->all ? NULL : cli->argv[0], verb, done);
}

int command_pause(const struct cli *cli)
{
    return set_paused(cli, "pause", "paused");
}

int command_resume(const struct cli *cli)
{
    return set_paused(cli, "resume", "resumed");
}

int command_drain(const struct cli *cli)
{
    return tell(cli, "nodes", cli->argv[0], "drain", "draining");
}
