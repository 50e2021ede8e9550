/* SIGKILL at a random moment, again and again on the same file: what was acknowledged is there. */
#include <signal.h>
#include <sys/wait.h>

#include "base/rng.h"
#include "store_life.h"

#define ROUNDS 40

static void killed_at_random_moments(void **state)
{
    struct bench b;
    struct rng rng;
    int total = 0;
    (void)state;
    rng_init(&rng, (uint64_t)getpid());
    bench_init(&b);
    uint64_t highest = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int fds[2], count, status;
        assert_int_equal(pipe(fds), 0);
        pid_t child = fork();
        if (child == 0)
            life_live(&b, fds[1]);
        close(fds[1]);
        /* Every other life gets as far as its first intent, on the slowest machine. */
        if (round % 2 == 1 && read(fds[0], &highest, sizeof(highest)) == sizeof(highest))
            total++;
        usleep((useconds_t)rng_below(&rng, 20000));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        uint64_t heard = life_heard(fds[0], &count);
        close(fds[0]);
        highest = heard > highest ? heard : highest;
        total += count;
        life_check(&b, highest, round);
    }
    print_message("%d intents acknowledged in %d lives\n", total, ROUNDS);
    assert_true(total >= ROUNDS / 2);
    bench_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_random_moments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
