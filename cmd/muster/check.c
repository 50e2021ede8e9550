/* muster check: policy files read as musterd reads them, and with --live what they name tried. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/units.h"
#include "config/policy_file.h"
#include "live.h"
#include "muster.h"
#include "runtime/kinds.h"

struct check {
    const struct cli *cli;
    struct kinds kinds;
    struct buf out;
    struct json_out json;
    VEC(char *) files;
    VEC(char *) pools; /* names found so far, beside the file of the same index */
    VEC(const char *) pool_files;
    size_t errors, warnings;
    bool trouble; /* something could not be read */
    struct live *live;
    struct buf findings; /* with --json: told after the problems */
    struct json_out findings_json;
    size_t answers[3]; /* by enum finding_answer */
    const char *path;  /* being looked at */
    char part[96];     /* under which the last finding was told */
};

/* ---- which files ---- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_policy_name(const char *name)
{
    const char *dot = strrchr(name, '.');
    return name[0] != '.' && dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static void add_file(struct check *c, const char *directory, const char *name)
{
    struct buf path = { 0 };
    if (directory)
        buf_addf(&path, "%s%s", directory, directory[strlen(directory) - 1] == '/' ? "" : "/");
    buf_add_c(&path, name);
    char *text = buf_take(&path);
    if (!text || !vec_push(&c->files, text))
        free(text);
}

static bool add_directory(struct check *c, const char *path)
{
    DIR *directory = opendir(path);
    if (!directory)
        return false;
    size_t first = c->files.len;
    for (struct dirent *entry; (entry = readdir(directory));) {
        if (is_policy_name(entry->d_name))
            add_file(c, path, entry->d_name);
    }
    closedir(directory);
    if (c->files.len > first)
        qsort(c->files.at + first, c->files.len - first, sizeof(c->files.at[0]), by_name);
    else
        fprintf(stderr, "muster check: %s: there is no policy file (*.yaml) in it\n", path);
    c->trouble |= c->files.len == first;
    return true;
}

static void add_argument(struct check *c, const char *path)
{
    struct stat info;
    bool directory = path[0] && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    if (!directory || !add_directory(c, path))
        add_file(c, NULL, path);
}

/* ---- one file ---- */

static void json_problem(struct check *c, const char *path, const char *severity, int line,
                         int column, const char *text)
{
    json_open(&c->json, NULL, '{');
    json_str(&c->json, "file", path);
    json_int(&c->json, "line", line);
    json_int(&c->json, "column", column);
    json_str(&c->json, "severity", severity);
    json_str(&c->json, "message", text);
    json_close(&c->json, '}');
}

static void tell_problems(struct check *c, const char *path, const struct problems *problems)
{
    c->errors += problems->errors;
    c->warnings += problems->warnings;
    if (!c->cli->json) {
        problems_print(problems, c->cli->color, &c->out);
        return;
    }
    for (size_t i = 0; i < problems->all.len; i++) {
        const struct problem *p = &problems->all.at[i];
        json_problem(c, path, p->severity == SEVERITY_ERROR ? "error" : "warning", p->line,
                     p->column, p->text);
    }
}

/* Two files of one pool: musterd would not know which to follow. */
static void check_name(struct check *c, const char *path, const struct pool_spec *spec,
                       struct problems *problems)
{
    for (size_t i = 0; i < c->pools.len; i++) {
        if (strcmp(c->pools.at[i], spec->name) == 0)
            problems_add(problems, SEVERITY_ERROR, 0, 0, 1, "pool: '%s' is described by %s already",
                         spec->name, c->pool_files.at[i]);
    }
    char *name = str_dup(str_from(spec->name));
    if (!name || !vec_push(&c->pools, name))
        free(name);
    else if (!vec_push(&c->pool_files, path))
        c->pools.len--;
}

static void tell_good(struct check *c, const char *path, const struct pool_spec *spec)
{
    if (c->cli->json)
        return;
    buf_addf(&c->out, "%s: ", path);
    show_color(c->cli, &c->out, COLOR_GREEN);
    buf_add_c(&c->out, "ok");
    show_plain(c->cli, &c->out);
    buf_addf(&c->out, ": pool %s, queue %s, %lld to %lld slots, ", spec->name,
             spec->queue.set ? spec->queue.set->name : "-", (long long)spec->slots_min,
             (long long)spec->slots_max);
    for (size_t i = 0; i < spec->scale.len; i++)
        buf_addf(&c->out, "%s%s", i > 0 ? " + " : "", spec->scale.at[i].policy->options.name);
    buf_addf(&c->out, ", %zu offer%s\n", spec->offers.len, spec->offers.len == 1 ? "" : "s");
}

/* ---- what --live finds ---- */

static void json_finding(struct check *c, const char *part, const struct finding *finding)
{
    struct json_out *j = &c->findings_json;
    json_open(j, NULL, '{');
    json_str(j, "file", c->path);
    json_str(j, "part", part);
    json_str(j, "what", finding->what);
    json_str(j, "answer", finding_words[finding->answer]);
    json_str(j, "text", finding->text);
    json_str(j, "remedy", finding->remedy ? finding->remedy : "");
    json_close(j, '}');
}

#define WHAT_COLUMN   13
#define REMEDY_INDENT 44

static void show_finding(struct check *c, const struct finding *finding)
{
    static const enum color colors[] = { COLOR_GREEN, COLOR_RED, COLOR_YELLOW };
    struct buf what = { 0 };
    buf_add_c(&c->out, "    ");
    show_color(c->cli, &c->out, colors[finding->answer]);
    buf_addf(&c->out, "%-*s", WHAT_COLUMN - 4, finding_words[finding->answer]);
    show_plain(c->cli, &c->out);
    show_text(&what, finding->what);
    buf_addf(&c->out, "%-*s", REMEDY_INDENT - WHAT_COLUMN - 1, buf_text(&what));
    buf_add_char(&c->out, ' ');
    show_text(&c->out, finding->text);
    buf_add_char(&c->out, '\n');
    if (finding->remedy && *finding->remedy) {
        buf_addf(&c->out, "%*s", REMEDY_INDENT, "");
        show_text(&c->out, finding->remedy);
        buf_add_char(&c->out, '\n');
    }
    buf_release(&what);
}

static void show_part(struct check *c, const char *part)
{
    buf_add_c(&c->out, "  ");
    show_text(&c->out, part);
    buf_add_char(&c->out, '\n');
}

static void on_finding(void *ctx, const char *part, const struct finding *finding)
{
    struct check *c = ctx;
    c->answers[finding->answer]++;
    if (c->cli->json) {
        json_finding(c, part, finding);
        return;
    }
    if (strcmp(part, c->part) != 0)
        show_part(c, part);
    str_copy_c(c->part, sizeof(c->part), part);
    show_finding(c, finding);
    show_flush(&c->out);
}

static void try_it(struct check *c, const struct pool_spec *spec)
{
    c->part[0] = '\0';
    show_flush(&c->out);
    live_check(c->live, spec);
}

static void try_settings(struct check *c)
{
    if (!c->live)
        return;
    c->path = c->cli->config ? c->cli->config : "muster.yaml";
    live_check_settings(c->live);
    c->part[0] = '\0';
}

static void check_file(struct check *c, const char *path)
{
    struct problems problems;
    struct pool_spec *spec = NULL;
    struct error err = { 0 };
    c->path = path;
    problems_init(&problems);
    int rc = kinds_read_policy(&c->kinds, path, &spec, &problems, &err);
    if (rc == 0) {
        check_name(c, path, spec, &problems);
    } else if (rc != MUSTER_E_INVALID) {
        fprintf(stderr, "muster check: %s\n", err.text);
        c->trouble = true;
    }
    tell_problems(c, path, &problems);
    if (rc == 0 && problems.errors == 0) {
        if (c->cli->print_effective)
            policy_file_print(spec, &c->out);
        else
            tell_good(c, path, spec);
        if (c->live)
            try_it(c, spec);
    }
    pool_spec_free(spec);
    problems_release(&problems);
}

/* ---- all of them ---- */

static void check_json(struct check *c)
{
    c->json = json_begin(&c->out);
    c->findings_json = json_begin(&c->findings);
    if (c->live)
        json_open(&c->json, NULL, '{');
    json_open(&c->json, c->live ? "problems" : NULL, '[');
    json_open(&c->findings_json, NULL, '[');
    try_settings(c);
    for (size_t i = 0; i < c->files.len; i++)
        check_file(c, c->files.at[i]);
    json_close(&c->json, ']');
    json_close(&c->findings_json, ']');
    if (c->live) {
        json_raw(&c->json, "findings", buf_str(&c->findings));
        json_close(&c->json, '}');
    }
    buf_add_char(&c->out, '\n');
}

static const char *plural(size_t count)
{
    return count == 1 ? "" : "s";
}

/* With the file itself on standard output, the count goes elsewhere. */
static void count_problems(const struct check *c)
{
    if (c->live)
        fprintf(stderr, "%zu file%s, %zu error%s, %zu warning%s; %zu ok, %zu no, %zu unknown\n",
                c->files.len, plural(c->files.len), c->errors, plural(c->errors), c->warnings,
                plural(c->warnings), c->answers[FINDING_OK], c->answers[FINDING_NO],
                c->answers[FINDING_UNKNOWN]);
    else if (c->files.len > 1 || c->errors + c->warnings > 0)
        fprintf(stderr, "%zu file%s, %zu error%s, %zu warning%s\n", c->files.len,
                plural(c->files.len), c->errors, plural(c->errors), c->warnings,
                plural(c->warnings));
}

static void check_all(struct check *c)
{
    if (c->cli->json) {
        check_json(c);
        return;
    }
    try_settings(c);
    for (size_t i = 0; i < c->files.len; i++)
        check_file(c, c->files.at[i]);
    count_problems(c);
}

static void release(struct check *c)
{
    for (size_t i = 0; i < c->files.len; i++)
        free(c->files.at[i]);
    for (size_t i = 0; i < c->pools.len; i++)
        free(c->pools.at[i]);
    vec_release(&c->files);
    vec_release(&c->pools);
    vec_release(&c->pool_files);
    buf_release(&c->findings);
    buf_release(&c->out);
    live_close(c->live);
}

int command_check(const struct cli *cli)
{
    struct check c = { .cli = cli };
    if (cli->live && !(c.live = live_open(cli, on_finding, &c)))
        return EXIT_TROUBLE;
    kinds_init(&c.kinds);
    if (cli->schema)
        policy_file_schema(&c.kinds.config, &c.out);
    else if (cli->reference)
        policy_file_reference(&c.kinds.config, &c.out);
    for (int i = 0; i < cli->argc; i++)
        add_argument(&c, cli->argv[i]);
    if (c.files.len > 0)
        check_all(&c);
    show_flush(&c.out);
    bool no = c.errors + c.answers[FINDING_NO] > 0;
    int rc = c.trouble ? EXIT_TROUBLE : no ? EXIT_NO : EXIT_YES;
    release(&c);
    return rc;
}
