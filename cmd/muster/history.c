/* muster history: what musterd recorded, as a file. Also for commands that simulate it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "config/daemon_file.h"
#include "history.h"
#include "store/history.h"

static int trouble(const struct error *err)
{
    fprintf(stderr, "muster: %s\n", err->text);
    return err->code == MUSTER_E_NOTFOUND ? EXIT_NO : EXIT_TROUBLE;
}

/* The state file of musterd with these settings. */
static int state_file(const struct cli *cli, struct buf *out)
{
    struct daemon_config config;
    struct problems problems;
    struct error err = { 0 };
    problems_init(&problems);
    int rc = daemon_file_find(cli->config, &config, &problems, &err);
    problems_print(&problems, false, out);
    if (rc < 0) {
        fprintf(stderr, "%smuster: musterd's settings: %s\n", buf_text(out), err.text);
        problems_release(&problems);
        return EXIT_TROUBLE;
    }
    buf_clear(out);
    problems_release(&problems);
    buf_addf(out, "%s/muster.db", config.state);
    daemon_config_release(&config);
    return EXIT_YES;
}

/* "30d" ago; everything when nothing is said. */
static int since(const struct cli *cli, int64_t *ret_wall_ns)
{
    struct error err = { 0 };
    int64_t ago_ns = 0;
    *ret_wall_ns = INT64_MIN;
    if (!cli->since)
        return EXIT_YES;
    if (units_parse_duration(str_from(cli->since), &ago_ns, &err) < 0) {
        fprintf(stderr, "muster: --since: %s\n", err.text);
        return EXIT_TROUBLE;
    }
    *ret_wall_ns = clock_system.wall_ns(NULL) - ago_ns;
    return EXIT_YES;
}

/* --pool, or the only one there is. */
static int which_pool(const struct cli *cli, const char *path, struct buf *out)
{
    struct error err = { 0 };
    size_t count = 0;
    if (cli->pool) {
        buf_add_c(out, cli->pool);
        return EXIT_YES;
    }
    if (history_pools(path, out, &count, &err) < 0)
        return trouble(&err);
    if (count == 1)
        return EXIT_YES;
    if (count == 0)
        fprintf(stderr, "muster: %s: nothing is recorded\n", path);
    else
        fprintf(stderr, "muster: %s has several pools, say which with --pool: %s\n", path,
                buf_text(out));
    return EXIT_TROUBLE;
}

int history_export(const struct cli *cli, const char *path, bool decisions, int fd)
{
    struct buf pool = { 0 };
    struct error err = { 0 };
    int64_t since_wall_ns;
    int rc = since(cli, &since_wall_ns);
    if (rc == EXIT_YES)
        rc = which_pool(cli, path, &pool);
    if (rc == EXIT_YES) {
        int failed = decisions
                         ? history_write_decisions(path, buf_text(&pool), since_wall_ns, fd, &err)
                         : history_write_samples(path, buf_text(&pool), since_wall_ns, fd, &err);
        rc = failed < 0 ? trouble(&err) : EXIT_YES;
    }
    buf_release(&pool);
    return rc;
}

bool history_is_state_file(const char *path)
{
    static const char magic[] = "SQLite format 3";
    char head[sizeof(magic)] = "";
    FILE *file = fopen(path, "re");
    size_t n = file ? fread(head, 1, sizeof(head), file) : 0;
    if (file)
        fclose(file);
    return n == sizeof(head) && memcmp(head, magic, sizeof(magic)) == 0;
}

int command_history(const struct cli *cli)
{
    struct buf path = { 0 };
    if (strcmp(cli->argv[0], "export") != 0) {
        fprintf(stderr, "muster history: '%s' is nothing it does; it does: export\n", cli->argv[0]);
        return EXIT_TROUBLE;
    }
    int rc = EXIT_YES;
    if (cli->argc > 1)
        buf_add_c(&path, cli->argv[1]);
    else
        rc = state_file(cli, &path);
    if (rc == EXIT_YES)
        rc = history_export(cli, buf_text(&path), cli->decisions, STDOUT_FILENO);
    buf_release(&path);
    return rc;
}
