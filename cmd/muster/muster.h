/*
 * muster, the command line: what every command gets, and what the commands share. Each command is a
 * function in a file of its own; commands.c lists them.
 *
 * Exit status: 0 it is so, or it was done; 1 the answer is no; 2 usage or environment.
 */
#ifndef MUSTER_MUSTER_H
#define MUSTER_MUSTER_H

#include <stdbool.h>

#include "base/json.h"
#include "base/str.h"

enum { EXIT_YES, EXIT_NO, EXIT_TROUBLE };

/* The command line, understood. Texts are borrowed from argv and the environment. */
struct cli {
    const char *url; /* of musterd, without a slash at its end */
    const char *token_file;
    const char *ca_file; /* NULL: the system's authorities */
    bool json;
    bool no_color;
    const char *at;
    bool all;
    bool until_idle;
    bool baselines;
    bool print_effective, schema, reference;
    bool live;
    const char *pool, *since; /* of a history */
    bool decisions;
    const char *config; /* muster.yaml; NULL: where musterd looks for it */
    struct {            /* simulations; as written, NULL: not given */
        const char *work, *history, *service, *scale, *gaps, *length;
        const char *boot, *market, *promise, *seed, *tick;
        const char *csv, *every, *prices, *report;
    } sim;
    int argc; /* what is left: the command's own arguments */
    char **argv;

    bool color; /* for standard output: a terminal, and nobody said no */
    int width;  /* columns of standard output; 0: not a terminal */
};

struct command {
    const char *name;
    const char *arguments; /* for the usage line */
    const char *summary;
    const char *help;
    const char *flags; /* letters of the options it knows beside the common ones; see options.c */
    int arguments_min, arguments_max;
    int (*run)(const struct cli *cli);
};

extern const struct command commands[]; /* ends with a NULL name */

/* options.c: fills *ret; false: said why on standard error. */
bool options_parse(int argc, char **argv, const struct command *command, struct cli *ret,
                   bool *ret_help);
void options_help(const struct command *command, struct buf *out);

/* ---- asking musterd: api.c ---- */

struct api_reply {
    int status; /* HTTP; 0: no answer */
    struct buf body;
};

/*
 * Asks; a `token` goes with POSTs, and with GETs that are refused without. EXIT_YES: the answer is
 * 2xx and in *ret; otherwise the reason was said on standard error and this is the exit status.
 */
int api_get(const struct cli *cli, const char *path, struct api_reply *ret);
int api_post(const struct cli *cli, const char *path, struct api_reply *ret);
/* The same without a word on standard error: its text is in *ret_problem. */
int api_try(const struct cli *cli, const char *path, struct api_reply *ret,
            struct buf *ret_problem);
void api_release(struct api_reply *reply);

/* Text as a part of a path or query: what is not plain is written %XX. */
void api_escape(struct buf *out, const char *text);

/* GET and parse. */
int api_get_json(const struct cli *cli, const char *path, cJSON **ret);
/* With --json: prints the reply as it is. Otherwise parses it. */
int api_show_or_parse(const struct cli *cli, const char *path, cJSON **ret);

/* A member by JSON Pointer: as a number (NaN when unknown), a whole number (0), a text (""), a truth. */
double get_num(const cJSON *json, const char *pointer);
int64_t get_int(const cJSON *json, const char *pointer);
const char *get_text(const cJSON *json, const char *pointer);
bool get_bool(const cJSON *json, const char *pointer);
/* The first item of a list, or member of an object; go on with ->next. NULL: there is none. */
const cJSON *get_items(const cJSON *json, const char *pointer);

/* ---- showing: show.c ---- */

enum color { COLOR_NONE, COLOR_BOLD, COLOR_DIM, COLOR_GREEN, COLOR_YELLOW, COLOR_RED, COLOR_CYAN };

/* Appends text that came from elsewhere: no byte of it can command the terminal. */
void show_text(struct buf *out, const char *text);
void show_color(const struct cli *cli, struct buf *out, enum color color);
void show_plain(const struct cli *cli, struct buf *out);
/* "-" when unknown (NaN). */
void show_count(struct buf *out, double value);
void show_seconds(struct buf *out, double seconds);
void show_usd(struct buf *out, double usd);
/* Writes it to standard output and empties it; false when nobody reads any more. */
bool show_flush(struct buf *out);

/* What ails a pool, in a word, and how bad it is: "ok", "paused", "new", "stale", ... */
const char *pool_state(const cJSON *pool, enum color *ret_color);

/*
 * A table: rows of texts, columns as wide as they must be, the last one cut at the terminal's edge.
 * At most TABLE_COLUMNS of them; headings end with NULL.
 */
#define TABLE_COLUMNS 16
struct table;
struct table *table_new(const struct cli *cli, const char *const *headings);
/* The next cell of the current row; '>' at the start of its heading aligns a column to the right. */
void table_cell(struct table *table, enum color color, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void table_print(struct table *table, struct buf *out);
void table_free(struct table *table);

/* ---- the commands ---- */

int command_check(const struct cli *cli);
int command_status(const struct cli *cli);
int command_nodes(const struct cli *cli);
int command_explain(const struct cli *cli);
int command_top(const struct cli *cli);
int command_pause(const struct cli *cli);
int command_resume(const struct cli *cli);
int command_drain(const struct cli *cli);
int command_simulate(const struct cli *cli);
int command_history(const struct cli *cli);
int command_replay(const struct cli *cli);
int command_compare(const struct cli *cli);
int command_tune(const struct cli *cli);
int command_prices(const struct cli *cli);

#endif
