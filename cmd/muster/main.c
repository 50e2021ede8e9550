#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "muster.h"

static void usage(FILE *to)
{
    fputs("usage: muster COMMAND [OPTION...] [ARGUMENT...]\n\n", to);
    for (const struct command *c = commands; c->name; c++)
        fprintf(to, "  %-8s %-16s %s\n", c->name, c->arguments, c->summary);
    fputs("\n`muster COMMAND --help` tells more. `muster --version` tells the version.\n", to);
}

static const struct command *find(const char *name)
{
    for (const struct command *c = commands; c->name; c++) {
        if (strcmp(c->name, name) == 0)
            return c;
    }
    return NULL;
}

static int unknown(const char *name)
{
    if (name[0] == '-') {
        fprintf(stderr, "muster: '%s' belongs after the command: muster COMMAND %s ...\n", name,
                name);
        return EXIT_TROUBLE;
    }
    const char *names[32];
    size_t len = 0;
    for (const struct command *c = commands; c->name && len < 32; c++)
        names[len++] = c->name;
    const char *near = str_nearest(name, names, len);
    fprintf(stderr, "muster: there is no command '%s'", name);
    if (near)
        fprintf(stderr, "; did you mean '%s'?\n", near);
    else
        fputs("; `muster --help` lists them\n", stderr);
    return EXIT_TROUBLE;
}

static int run(const struct command *command, int argc, char **argv)
{
    struct cli cli;
    bool help = false;
    if (!options_parse(argc, argv, command, &cli, &help))
        return EXIT_TROUBLE;
    if (help) {
        struct buf out = { 0 };
        options_help(command, &out);
        show_flush(&out);
        buf_release(&out);
        return EXIT_YES;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int rc = command->run(&cli);
    curl_global_cleanup();
    return rc;
}

int main(int argc, char **argv)
{
    /* A pipe whose reader has gone is an ordinary end, not a death. */
    signal(SIGPIPE, SIG_IGN);
    setlocale(LC_CTYPE, "");
    if (argc < 2) {
        usage(stderr);
        return EXIT_TROUBLE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        const struct command *command = argc > 2 ? find(argv[2]) : NULL;
        if (!command) {
            usage(stdout);
            return EXIT_YES;
        }
        char option[] = "--help";
        char *help[] = { argv[2], option, NULL };
        return run(command, 2, help);
    }
    if (strcmp(name, "--version") == 0) {
        puts("muster " MUSTER_VERSION);
        return EXIT_YES;
    }
    const struct command *command = find(name);
    return command ? run(command, argc - 1, argv + 1) : unknown(name);
}
