#include "runtime/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/wait.h>

/* What the child says through the pipe when it cannot become the program. The pipe closes by itself
 * when it can. */
struct failure {
    int errno_value;
    int in_directory; /* the directory was the trouble, not the program */
};

/* Between fork and exec only what is safe in the child of a program with threads. */
static void reset_signals(void)
{
    struct sigaction by_default = { .sa_handler = SIG_DFL };
    for (int n = 1; n < NSIG; n++)
        sigaction(n, &by_default, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static int set_up(const struct spawn_request *request, pid_t parent)
{
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, request->death_signal);
    /* It may have died before we asked to be told. */
    if (getppid() != parent)
        return ECHILD;
    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, STDIN_FILENO) < 0)
        return errno;
    if (null != STDIN_FILENO)
        close(null);
    if (request->output >= 0 && dup2(request->output, STDOUT_FILENO) < 0)
        return errno;
    return 0;
}

static _Noreturn void become(const struct spawn_request *request, pid_t parent, int tell)
{
    reset_signals();
    struct failure failure = { .errno_value = set_up(request, parent) };
    if (!failure.errno_value && *request->directory && chdir(request->directory) < 0)
        failure = (struct failure){ errno, 1 };
    if (!failure.errno_value) {
        execvpe(request->argv[0], request->argv, request->environment);
        failure.errno_value = errno;
    }
    ssize_t written = write(tell, &failure, sizeof(failure));
    (void)written; /* nobody is left to tell */
    _exit(127);
}

static int fork_with_signals_held(const struct spawn_request *request, int tell, pid_t *ret)
{
    /* A signal that came to the child before its handlers are reset would run ours. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        become(request, parent, tell);
    int failed = pid < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!failed)
        *ret = pid;
    return failed;
}

static int explain(const struct spawn_request *request, const struct failure *failure,
                   struct error *err)
{
    char reason[128];
    const char *what = failure->in_directory ? request->directory : request->argv[0];
    const char *text = strerror_r(failure->errno_value, reason, sizeof(reason));
    return error_set(err, MUSTER_E_CONFIG, "cannot %s %s: %s",
                     failure->in_directory ? "change to the directory" : "start", what, text);
}

int spawn_process(const struct spawn_request *request, pid_t *ret_pid, struct error *err)
{
    int told[2];
    pid_t pid = 0;
    if (pipe2(told, O_CLOEXEC) < 0)
        return error_errno(err, errno, "start %s: pipe", request->argv[0]);
    int failed = fork_with_signals_held(request, told[1], &pid);
    close(told[1]);
    if (failed) {
        close(told[0]);
        error_errno(err, failed, "start %s", request->argv[0]);
        return err ? (err->code = MUSTER_E_TRANSIENT) : MUSTER_E_TRANSIENT;
    }
    struct failure failure = { 0 };
    ssize_t n;
    do
        n = read(told[0], &failure, sizeof(failure));
    while (n < 0 && errno == EINTR);
    close(told[0]);
    if (n == (ssize_t)sizeof(failure)) {
        waitpid(pid, NULL, 0);
        return explain(request, &failure, err);
    }
    *ret_pid = pid;
    return 0;
}
