/* muster check: not yet. */
#include "muster.h"
int command_check(const struct cli *cli)
{
    (void)cli;
    return EXIT_TROUBLE;
}
