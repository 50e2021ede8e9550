#include "arguments.h"

#include <getopt.h>
#include <stdio.h>

static const char usage[] =
    "Usage: musterd [--config FILE] [--dry-run] [--once] [--record FILE]\n"
    "\n"
    "Watches queues, decides how many workers they need, starts and returns them.\n"
    "\n"
    "  -c, --config FILE   the daemon's settings (default /etc/muster/muster.yaml)\n"
    "  -n, --dry-run       real queues and real listings, a virtual fleet: nothing is changed\n"
    "      --once          one decision for every pool, printed with its reasons; changes nothing\n"
    "      --record FILE   add all that happens to FILE, for `muster replay` and reports of bugs\n"
    "      --allow-root    run as root all the same\n"
    "  -V, --version       print the version\n"
    "  -h, --help          print this\n"
    "\n"
    "SIGHUP reads the policy files again (a change is noticed without it, too). SIGTERM finishes\n"
    "what is in flight, leaves the nodes running and exits 0.\n"
    "\n"
    "Exit status: 0 as asked; 1 --once could not decide for some pool; 2 wrong usage or "
    "environment.\n";

int arguments_parse(int argc, char **argv, struct arguments *ret, int *ret_status)
{
    enum { ONCE = 256, ALLOW_ROOT, RECORD };
    static const struct option longs[] = {
        { "config", required_argument, NULL, 'c' },
        { "dry-run", no_argument, NULL, 'n' },
        { "once", no_argument, NULL, ONCE },
        { "record", required_argument, NULL, RECORD },
        { "allow-root", no_argument, NULL, ALLOW_ROOT },
        { "version", no_argument, NULL, 'V' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    *ret_status = 0;
    for (int c; (c = getopt_long(argc, argv, "c:nVh", longs, NULL)) != -1;) {
        switch (c) {
        case 'c':
            ret->config = optarg;
            break;
        case 'n':
            ret->dry_run = true;
            break;
        case ONCE:
            ret->once = true;
            break;
        case RECORD:
            ret->record = optarg;
            break;
        case ALLOW_ROOT:
            ret->allow_root = true;
            break;
        case 'V':
            printf("musterd %s\n", MUSTER_VERSION);
            return -1;
        case 'h':
            fputs(usage, stdout);
            return -1;
        default:
            fputs("musterd --help shows what there is\n", stderr);
            *ret_status = 2;
            return -1;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "musterd: '%s' is not an option; musterd --help shows what there is\n",
                argv[optind]);
        *ret_status = 2;
        return -1;
    }
    return 0;
}
