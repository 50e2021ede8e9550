/*
 * Scenarios: text files that drive the core in the modelled world and say what must come of it. One
 * command a line; docs/internals/testing.md lists them.
 */
#ifndef TESTS_SIM_SCENARIO_H
#define TESTS_SIM_SCENARIO_H

#include "tests/sim/world.h"

#define WORDS_MAX 24

/* A line's words; "quoted ones" may hold blanks. */
struct words {
    char *at[WORDS_MAX];
    size_t len;
};

struct scenario {
    struct world w;
    const char *path;
    char *text; /* of the whole file, cut into lines */
    VEC(char *) lines;
    size_t line;    /* index of the line being read */
    size_t command; /* index of the line of the command being carried out */
    struct words words;
    char *copy; /* what the words lead into */
    bool started;
    bool failed;
    struct buf log; /* every decision that changed something, with its trail */
    VEC(char *) notes;
};

/* Carries the file out; 0: all as expected. Failures are told on stderr. */
int scenario_run(const char *path, bool echo);

/* The failure of the line being carried out. Always false, for `return`. */
__attribute__((format(printf, 2, 3))) bool scenario_fail(struct scenario *s, const char *format,
                                                         ...);

/* The lines up to a line END, after a command that ends in <<END. The caller frees it. */
char *scenario_block(struct scenario *s);

/* Takes the next word if it is this one. */
bool words_take(struct words *words, const char *word);
/* The next word; NULL when there is none. */
const char *words_next(struct words *words);
bool scenario_number(struct scenario *s, int64_t *ret);
bool scenario_duration(struct scenario *s, int64_t *ret_ns);
/* The tenant that the next word names; without such a word the first one that has a policy. */
struct tenant *scenario_tenant(struct scenario *s);

/* expect.c: the words after `expect`. */
bool scenario_expect(struct scenario *s);
/* commands.c: a command's words. */
bool scenario_command(struct scenario *s);
/* adversary.c: `adversary ...` */
bool scenario_adversary(struct scenario *s);

#endif
