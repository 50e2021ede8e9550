/* Options, common to all commands or known to some. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/ioctl.h>

#include "muster.h"

#define DEFAULT_URL   "http://127.0.0.1:8420"
#define DEFAULT_TOKEN "/var/lib/muster/admin.token"

/* One row per option; `letter` is what getopt gives back and how a command names it. */
static const struct {
    char letter;
    const char *name;
    const char *value; /* NULL: takes none */
    const char *help;
    bool common;
} rows[] = {
    { 'e', "print-effective", NULL, "print the whole file with every default", false },
    { 's', "schema", NULL, "print the JSON Schema of policy files", false },
    { 'r', "reference", NULL, "print the reference of all settings, as Markdown", false },
    { 'l', "live", NULL, "try it: read the queues, ask the clouds; changes nothing", false },
    { 'C', "config", "FILE", "musterd's settings; default /etc/muster/muster.yaml if there is one",
      false },
    { 't', "at", "TIME",
      "the decision in force then: 2026-11-22T09:40Z, or 10m for ten minutes ago", false },
    { 'P', "pool", "POOL", "of this pool; may be left out where there is only one", false },
    { 'S', "since", "DURATION", "no older than this, such as 30d; default: all there is", false },
    { 'D', "decisions", NULL, "the decisions, as JSON lines, and not the samples", false },
    { 'H', "history", "FILE",
      "work as musterd recorded it: its muster.db, or what `muster history export` wrote", false },
    { 'a', "all", NULL, "all pools", false },
    { 'i', "until-idle", NULL, "end when no work and no node is left", false },
    { 'w', "work", "WORK",
      "a trace (CSV, SWF), or 'poisson 0.4/s, for 30d, service lognormal 30s cv 1'", false },
    { 'v', "service", "TIMES", "30s, or a distribution of service times, where the trace has none",
      false },
    { 'y', "scale", "FACTOR", "so many times as much work", false },
    { 'g', "gaps", "zero|fill",
      "what intervals are that the trace leaves out; else they are refused", false },
    { 'd', "for", "DURATION", "end after so long; default: when the work is done", false },
    { 'b', "boot", "BOOT",
      "aws, gcp, fast, local, instant, or a distribution; default: by provider", false },
    { 'm', "market", "FILE",
      "capacity and prices over time (CSV: t_s, offer, capacity, price_usd_h)", false },
    { 'Y', "prices", "FILE",
      "prices of machine types (CSV or JSON); else a built-in list: `muster prices`", false },
    { 'p', "promise", "PROMISE",
      "'p95 wait < 10m', 'p99 done < 1h', 'max wait < 5m'; default: the file's drain.within",
      false },
    { 'B', "baselines", NULL, "compare with what EC2, Kubernetes and Compute Engine would do, too",
      false },
    { 'x', "seed", "NUMBER", "of all that is drawn; default 1", false },
    { 'q', "tick", "DURATION", "musterd's tick; default 1s", false },
    { 'f', "csv", "FILE", "write the time series there", false },
    { 'R', "report", "FILE", "write a page with plots there (HTML, all in one file)", false },
    { 'E', "every", "DURATION", "a row of it each; default: a thousand rows", false },
    { 'u', "url", "URL", "of musterd; default $MUSTER_URL, or " DEFAULT_URL, true },
    { 'k', "token-file", "FILE", "default $MUSTER_TOKEN_FILE, or " DEFAULT_TOKEN, true },
    { 'c', "ca-file", "FILE", "whom to trust for https; default: the system's authorities", true },
    { 'j', "json", NULL, "for programs", true },
    { 'n', "no-color", NULL, "no colours (also: NO_COLOR in the environment)", true },
    { 'h', "help", NULL, "this", true },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

static bool knows(const struct command *command, size_t row)
{
    return rows[row].common || strchr(command->flags, rows[row].letter) != NULL;
}

void options_help(const struct command *command, struct buf *out)
{
    buf_addf(out, "usage: muster %s [OPTION...]%s%s\n\n%s\n\n", command->name,
             command->arguments[0] ? " " : "", command->arguments, command->help);
    for (size_t i = 0; i < ROWS; i++) {
        if (!knows(command, i))
            continue;
        char name[40];
        snprintf(name, sizeof(name), "--%s%s%s", rows[i].name, rows[i].value ? " " : "",
                 rows[i].value ? rows[i].value : "");
        buf_addf(out, "  %-20s %s\n", name, rows[i].help);
    }
    buf_add_c(out, "\nExit status: 0 yes or done, 1 the answer is no, 2 usage or environment.\n");
}

static bool take_sim(struct cli *cli, int letter, const char *value)
{
    const struct {
        int letter;
        const char **to;
    } words[] = {
        { 'w', &cli->sim.work },  { 'H', &cli->sim.history }, { 'v', &cli->sim.service },
        { 'y', &cli->sim.scale }, { 'g', &cli->sim.gaps },    { 'd', &cli->sim.length },
        { 'b', &cli->sim.boot },  { 'm', &cli->sim.market },  { 'p', &cli->sim.promise },
        { 'x', &cli->sim.seed },  { 'q', &cli->sim.tick },    { 'f', &cli->sim.csv },
        { 'E', &cli->sim.every }, { 'R', &cli->sim.report },  { 'Y', &cli->sim.prices },
    };
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (words[i].letter == letter) {
            *words[i].to = value;
            return true;
        }
    }
    return false;
}

static void take(struct cli *cli, int letter, const char *value, bool *ret_help)
{
    switch (letter) {
    case 'e':
        cli->print_effective = true;
        break;
    case 's':
        cli->schema = true;
        break;
    case 'r':
        cli->reference = true;
        break;
    case 'l':
        cli->live = true;
        break;
    case 'C':
        cli->config = value;
        break;
    case 't':
        cli->at = value;
        break;
    case 'B':
        cli->baselines = true;
        break;
    case 'a':
        cli->all = true;
        break;
    case 'P':
        cli->pool = value;
        break;
    case 'S':
        cli->since = value;
        break;
    case 'D':
        cli->decisions = true;
        break;
    case 'i':
        cli->until_idle = true;
        break;
    case 'u':
        cli->url = value;
        break;
    case 'k':
        cli->token_file = value;
        break;
    case 'c':
        cli->ca_file = value;
        break;
    case 'j':
        cli->json = true;
        break;
    case 'n':
        cli->no_color = true;
        break;
    default:
        *ret_help = true;
        break;
    }
}

static const char *environment(const char *name, const char *fallback)
{
    const char *value = getenv(name);
    return value && *value ? value : fallback;
}

static void look_at_terminal(struct cli *cli)
{
    bool terminal = isatty(STDOUT_FILENO);
    const char *kind = environment("TERM", "dumb");
    cli->color =
        terminal && !cli->no_color && !environment("NO_COLOR", NULL) && strcmp(kind, "dumb") != 0;
    struct winsize size = { 0 };
    if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        cli->width = size.ws_col;
    else
        cli->width = terminal ? 80 : 0;
}

static bool trouble(const struct command *command, const char *text)
{
    fprintf(stderr, "muster %s: %s; `muster %s --help` tells more\n", command->name, text,
            command->name);
    return false;
}

static bool check_arguments(const struct command *command, const struct cli *cli)
{
    if (cli->argc < command->arguments_min && !cli->all && !cli->schema && !cli->reference)
        return trouble(command, "an argument is missing");
    if (cli->argc > command->arguments_max)
        return trouble(command, "too many arguments");
    return true;
}

bool options_parse(int argc, char **argv, const struct command *command, struct cli *ret,
                   bool *ret_help)
{
    struct option table[ROWS + 1] = { 0 };
    size_t len = 0;
    for (size_t i = 0; i < ROWS; i++) {
        if (knows(command, i))
            table[len++] =
                (struct option){ rows[i].name, rows[i].value ? required_argument : no_argument,
                                 NULL, rows[i].letter };
    }
    struct cli cli = {
        .url = environment("MUSTER_URL", DEFAULT_URL),
        .token_file = environment("MUSTER_TOKEN_FILE", DEFAULT_TOKEN),
    };
    bool help = false;
    int letter;
    opterr = 0;
    optind = 1;
    while ((letter = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
        if (letter == '?' || letter == ':') {
            char text[160];
            snprintf(text, sizeof(text), "%s: %s", argv[optind - 1],
                     letter == ':' ? "needs a value" : "unknown option");
            return trouble(command, text);
        }
        if (!take_sim(&cli, letter, optarg))
            take(&cli, letter, optarg, &help);
    }
    cli.argc = argc - optind;
    cli.argv = argv + optind;
    look_at_terminal(&cli);
    *ret_help = help;
    *ret = cli;
    return help || check_arguments(command, &cli);
}
