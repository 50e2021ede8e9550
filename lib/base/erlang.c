#include "base/erlang.h"

#include <math.h>

double erlang_b(int64_t c, double a)
{
    double b = 1;
    for (int64_t k = 1; k <= c; k++)
        b = a * b / ((double)k + a * b);
    return b;
}

static double c_from_b(double b, int64_t c, double a)
{
    return b / (1 - a / (double)c * (1 - b));
}

double erlang_c(int64_t c, double a)
{
    return a < (double)c ? c_from_b(erlang_b(c, a), c, a) : 1;
}

double erlang_wait(int64_t c, double a)
{
    return a < (double)c ? erlang_c(c, a) / ((double)c - a) : (double)INFINITY;
}

int64_t erlang_servers(double a, double within, double late)
{
    int64_t c = (int64_t)floor(a) + 1;
    double b = erlang_b(c, a);
    while (c_from_b(b, c, a) * exp(-((double)c - a) * within) > late) {
        c++;
        b = a * b / ((double)c + a * b);
    }
    return c;
}
