/*
 * Provider `local`: a node is a process group (a session of its own) on this machine, run by
 * muster-agent, kept in a folder of its own (node_dir.h). Nodes outlive musterd and are found again.
 *
 * The parts of the provider, for each other; the world sees provider_local in local.c.
 */
#ifndef PROVIDERS_LOCAL_LOCAL_H
#define PROVIDERS_LOCAL_LOCAL_H

#include "base/vec.h"
#include "providers/local/node_dir.h"
#include "providers/local/word_list.h"
#include "providers/provider.h"

enum local_copies { COPIES_ONE, COPIES_PER_SLOT };

/* One `local:` entry of buy.offers. */
struct local_options {
    int64_t slots;
    int64_t max; /* nodes; 0: none of its own */
    struct option_strings command;
    bool shell;
    int copies; /* enum local_copies */
    char *directory;
    struct option_strings environment;
    int64_t boot_delay_ns;
    int64_t price_usd_micro; /* -1: none */
    char *as;
    char *busy_command;
    int drain_signal; /* index into process_signal_words */
    char *version;
    char *logs;
    char *agent;
};

/* A node that was seen dead, and since when. */
struct local_gone {
    char name[NODE_ID_MAX];
    int64_t since_ns;
};

struct provider {
    const struct provider_env *env;
    char root[NODE_DIR_MAX - NODE_ID_MAX - 16]; /* STATE/local */
    VEC(struct local_gone) gone;
    struct local_op *ops;         /* calls in flight */
    struct local_child *children; /* agents that we spawned and that still run */
};

/*
 * A call in flight. The work runs on the thread pool; `after` runs on the loop's thread and says
 * whether there is more to come (it queued the work again or started the timer) or the op is over.
 * When the provider is closed meanwhile, op->provider is NULL: the work ends, `after` is not called.
 */
struct local_op {
    struct provider *provider;
    uv_work_t work;
    uv_timer_t timer;
    bool timing; /* the timer is initialised, so the op lives until it is closed */
    void (*run)(struct local_op *op);
    bool (*after)(struct local_op *op); /* true: the op goes on */
    void (*release)(struct local_op *op);
    struct error err;
    struct local_op *next, **prev;
};

/* Puts the op into the provider's list and runs it. `op` is owned by the machinery from here on. */
void local_op_start(struct provider *self, struct local_op *op);
/* From `after`: runs the work again, at once or after a while. */
void local_op_again(struct local_op *op, int64_t in_ns);
/* At close: no callback of this op will come any more. */
void local_op_orphan(struct local_op *op);

void local_list(struct provider *self, const char *inventory, provider_list_cb *done, void *ctx);
void local_launch(struct provider *self, const struct launch_request *request,
                  provider_launch_cb *done, void *ctx);
void local_terminate(struct provider *self, const struct intent *intent,
                     provider_terminate_cb *done, void *ctx);

void local_check(struct provider *self, const struct provider_check *check);

/* What a node's agent is started with. */
struct local_command {
    struct word_list argv, environment;
    char log[NODE_DIR_MAX + NODE_ID_MAX]; /* output of agent and worker */
};

void local_command_release(struct local_command *command);
/* Puts command line and environment together. Pure but for reading this process's environment and
 * the place of its program. */
int local_command_make(const struct provider_env *env, const struct launch_request *request,
                       const char *node, const char *dir, struct local_command *ret,
                       struct error *err);

/* muster-agent: the named one, else the one that was built or installed beside this program, else
 * whichever is on the PATH. */
void local_find_agent(const struct local_options *options, char *ret, size_t size);

/* Spawns the agent as a session of its own, its output to `log`, with `lock` as its descriptor 3. */
int local_spawn(struct provider *self, const char *node, const struct local_command *command,
                int log, int lock, struct error *err);
/* Stops watching the agents; they go on. */
void local_children_forget(struct provider *self);

#endif
