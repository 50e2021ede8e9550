/*
 * sim-runner: the core against a modelled world.
 *
 *     sim-runner FILE.scenario...            text scenarios
 *     sim-runner --seeds 1..200              the adversary, one run for each seed
 *     sim-runner --seed 17 --trace           one run, told in full
 *     sim-runner --seeds 1..50 --break NAME  with something wrong on purpose: must be found
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/units.h"
#include "tests/sim/adversary.h"
#include "tests/sim/scenario.h"

struct arguments {
    int64_t first, last; /* seeds; last < first: none */
    bool trace;
    const char *breakage;
};

static int usage(void)
{
    fprintf(stderr, "usage: sim-runner [--trace] FILE.scenario...\n"
                    "       sim-runner --seeds FIRST..LAST | --seed N  [--trace] [--break NAME]\n"
                    "breakages:");
    for (size_t i = 0; adversary_breakages[i]; i++)
        fprintf(stderr, " %s", adversary_breakages[i]);
    fprintf(stderr, "\n");
    return 2;
}

static bool take_seeds(struct arguments *args, const char *text)
{
    return adversary_range(text, &args->first, &args->last);
}

int main(int argc, char **argv)
{
    struct arguments args = { .first = 1, .last = 0 };
    int failed = 0;
    int files = 0;
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--trace") == 0)
            args.trace = true;
        else if (more && (strcmp(argv[i], "--seeds") == 0 || strcmp(argv[i], "--seed") == 0)) {
            if (!take_seeds(&args, argv[++i]))
                return usage();
        } else if (more && strcmp(argv[i], "--break") == 0)
            args.breakage = argv[++i];
        else if (argv[i][0] == '-')
            return usage();
    }
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') {
            i += strcmp(argv[i], "--trace") != 0;
            continue;
        }
        files++;
        failed += scenario_run(argv[i], args.trace) != 0;
    }
    if (files == 0 && args.last < args.first)
        return usage();
    if (args.last >= args.first)
        failed += adversary_run(args.first, args.last, args.breakage, args.trace) != 0;
    return failed > 0 ? 1 : 0;
}
