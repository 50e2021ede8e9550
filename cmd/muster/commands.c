/* The commands there are. */
#include <stddef.h>

#include "muster.h"
#include "simulation.h"

const struct command commands[] = {
    { "check", "FILE|DIR...", "validate policy files",
      "Reads policy files as musterd would and says what is wrong with them, all of it at once, "
      "the\n"
      "way a compiler does; and what is legal but surely not meant, as warnings.\n"
      "With --live it then tries what they name, from here and with your credentials: reads each\n"
      "queue, asks each cloud who you are, what you may do, whether all that is named exists, and\n"
      "what a machine costs. A line each: ok, no, or unknown, and what to do about it.",
      "lCesr", 1, 1000, command_check },
    { "status", "[POOL]", "what there is, what is wanted",
      "Shows all pools, or one in full: work, slots, nodes, cost, and the last decision.", "", 0, 1,
      command_status },
    { "nodes", "[POOL]", "the machines", "Lists machines, of one pool or of all.", "", 0, 1,
      command_nodes },
    { "explain", "POOL", "why it is so",
      "Shows the reason trail of the last decision and of the last change: the numbers that came\n"
      "in, the formula, the number that came out, and who changed it afterwards.",
      "t", 1, 1, command_explain },
    { "top", "", "watch it live",
      "Shows all pools and goes on showing them, every second, until q or Ctrl-C. When standard\n"
      "output is not a terminal it prints a line whenever something changed, with --json the "
      "whole\n"
      "of /status on a line each second.",
      "i", 0, 0, command_top },
    { "pause", "POOL | --all", "stop deciding for a pool",
      "From now on nothing is bought, drained or given back for the pool, also after a restart,\n"
      "until `muster resume`. Needs the admin token.",
      "a", 1, 1, command_pause },
    { "resume", "POOL | --all", "go on deciding", "Ends a pause. Needs the admin token.", "a", 1, 1,
      command_resume },
    { "drain", "NODE", "let a node finish and go",
      "The node takes no new jobs, finishes those it has, and is then given back. Needs the admin\n"
      "token.",
      "", 1, 1, command_drain },
    { "simulate", "FILE", "what a policy file would do and cost",
      "Runs a policy file in virtual time, through the very code that musterd runs, over recorded "
      "or\n"
      "made-up work: what it would have cost, how long jobs would have waited. Asks nobody, "
      "changes\n"
      "nothing. docs/simulate.md tells of traces, boots and markets.",
      SIMULATION_FLAGS "fER", 1, 1, command_simulate },
    { "history", "export [FILE]", "what musterd recorded, as a file",
      "Writes the samples of a pool's queue to standard output as CSV, or with --decisions each\n"
      "decision with its reasons as JSON lines. Read from musterd's state file (muster.db; "
      "default:\n"
      "where its settings say), whether it runs or not. `muster simulate --history` takes it.",
      "CPSD", 1, 2, command_history },
    { "replay", "FILE", "decide again what musterd recorded",
      "Gives the events of a recording (musterd --record FILE) to the deciding part of this "
      "muster\n"
      "and compares what it does with what was recorded, to the last bit. Shows the first step "
      "that\n"
      "differs: the same version never differs. With --all it prints every decision with its "
      "reasons.\n"
      "Talks to nobody and changes nothing.",
      "a", 1, 1, command_replay },
    { "prices", "[TYPE...]", "what machines cost",
      "Shows the prices that simulations take where a policy file has none: those of --prices "
      "FILE,\n"
      "then a built-in list of common types, with its date. TYPE may be a part of a name.",
      "Y", 0, 100, command_prices },
    { "compare", "FILE...", "several policy files over the same work",
      "Runs each file as `muster simulate` does and shows them in one table, with a fixed fleet "
      "at\n"
      "peak and the cheapest possible. The cheapest that keeps the promise is marked.",
      SIMULATION_FLAGS "B", 1, 24, command_compare },
    { "tune", "FILE", "find better numbers for a policy file",
      "Searches the file's numbers (of its policies, pace and slots.min) for the cheapest that "
      "keeps\n"
      "the promise, and prints what to change. The file is not written. Exit status 1: no numbers\n"
      "were found that keep it.",
      SIMULATION_FLAGS, 1, 1, command_tune },
    { NULL, NULL, NULL, NULL, NULL, 0, 0, NULL },
};
