/*
 * The engine's own state; for the files of lib/sim alone.
 *
 * Truth lies here: machines, jobs, what is paid. The core (core.c) or a decider (decide.c) only asks for
 * machines to be launched and stopped. One thing happens at a time, at `now_ns`; what will happen later
 * is in the agenda.
 */
#ifndef SIM_ENGINE_H
#define SIM_ENGINE_H

#include "base/map.h"
#include "sim/agenda.h"
#include "sim/run.h"

#define SIM_ZERO_NS INT64_C(1000000000000) /* the core's boot clock at time 0: 0 stands for never */

enum due {
    DUE_JOB_DONE,   /* what: machine, n: job, mark: the machine's life */
    DUE_BOOTED,     /* what: machine, mark: life; as for all of machines */
    DUE_WORKER,     /* its worker is ready */
    DUE_BEAT,       /* its heartbeat */
    DUE_TAKEN,      /* the market takes it back */
    DUE_STOPPED,    /* it has ended */
    DUE_FORGOTTEN,  /* and is shown no more */
    DUE_LAUNCH,     /* n: call */
    DUE_TERMINATE,  /* n: call */
    DUE_SAMPLE,     /* the queue answers */
    DUE_LISTED,     /* n: inventory, mark: when it was asked for */
    DUE_PRICE,      /* n: place; its next step of price */
    DUE_CAPACITY,   /* n: place */
    DUE_REDELIVERY, /* n: jobs of a dead node, in `lost` */
    DUE_DECISION,   /* the decider's turn */
};

struct job {
    int64_t arrival_ns, service_ns, begun_ns;
    bool running;
    bool again; /* it was begun before */
    uint32_t next_free;
};

enum agent {
    AGENT_NONE,     /* nothing is heard of it: it boots, or never will */
    AGENT_WAITING,  /* speaks; may not start its worker yet */
    AGENT_STARTING, /* the worker warms up */
    AGENT_WORKING,
    AGENT_DRAINING,
    AGENT_DRAINED,
};

struct machine {
    char id[NODE_ID_MAX];
    char token[TOKEN_MAX];
    uint64_t
        life; /* grows when the struct is used again: what is planned for an earlier one is void */
    size_t index;          /* in engine.machines */
    uint32_t offer, place; /* indexes */
    enum listed_state state;
    enum agent agent;
    int64_t created_ns, running_ns, stopping_ns, gone_ns; /* INT64_MAX: not yet */
    int64_t billed_ns;                                    /* paid up to here */
    int64_t working_ns;                                   /* when it began to serve */
    int64_t straggle;
    bool never_boots;
    bool doomed;  /* the market takes it back */
    bool noticed; /* and told it so */
    uint64_t seq;
    int64_t served; /* jobs since the last heartbeat, */
    int64_t served_ns;
    int64_t slots, busy;
    uint32_t free_job; /* first of the free ones; NO_JOB */
    struct job *jobs;  /* owned; one for each slot */
    int64_t jobs_room;
};

#define NO_JOB UINT32_MAX

/* A slot that waits for a job; void when the machine's life is another or it does not work. */
struct idle_slot {
    struct machine *machine;
    uint64_t life;
};

/* Equal jobs that wait, oldest first. */
struct queued {
    int64_t arrival_ns, service_ns, count;
    bool again;
};

/* First in, first out, and back to the front. */
#define RING(type)                                                                                 \
    struct {                                                                                       \
        type *at;                                                                                  \
        size_t first, len, size;                                                                   \
    }

/* A launch or termination on its way. */
struct call {
    uint64_t number; /* intent; 0: a decider's */
    uint32_t offer;
    int64_t count;
    char token[TOKEN_MAX];
    char node[NODE_ID_MAX];
    bool used;
};

/* Where an offer's machines can be: most offers have one place. */
struct place_state {
    uint32_t offer;
    const struct sim_series *price, *capacity; /* NULL: none */
    size_t price_step, capacity_step;          /* next */
    int64_t usd_micro;                         /* now */
    int64_t room;                              /* machines at once; SIM_UNLIMITED */
    int64_t machines;                          /* that run or will, and are not doomed */
};

struct offer_state {
    struct offer offer; /* a copy, with the file's price */
    const struct sim_offer_market *market;
    const struct sim_boot *boot;
    size_t inventory;
    uint32_t first_place, places; /* in engine.places; one at least */
    int64_t warm_until_ns;
    int64_t notice_ns;
};

struct engine {
    struct sim_options options;
    struct sim_market usual; /* used where options name none */
    const struct sim_market *market;
    struct rng rng;
    int64_t now_ns, end_ns, wall_zero_ns;
    struct agenda agenda;
    bool over; /* nothing is left to do */

    const struct pool_spec *spec; /* the core's, or our own (own_spec) */
    struct pool_spec *own_spec;
    VEC(struct offer_state) offers;
    VEC(struct place_state) places;
    VEC(const char *) inventories; /* names, borrowed from offers of the spec */
    struct control *control;       /* NULL: a decider decides */
    struct effect_list effects;
    VEC(uint64_t) written; /* intents that the journal has, and the core must be told */
    int64_t tick_ns;       /* when the core is due next; INT64_MAX */
    int64_t ticked_ns;
    bool tells_running, tells_oldest, tells_completed; /* what the queue's source says */

    struct sim_job next_job;
    bool more_jobs;
    int64_t last_arrival_ns;
    RING(struct queued) queue;
    RING(struct idle_slot) idle;
    VEC(struct queued) lost; /* jobs of dead nodes, on their way back */
    int64_t waiting, running, lost_jobs;

    VEC(struct machine *) machines; /* that exist, or are still shown */
    VEC(struct machine *) spare;
    struct map machines_by_id;
    VEC(struct call) calls;
    VEC(struct listed_node) listed;
    uint64_t named;
    int64_t ordered; /* nodes in a decider's launches on their way */

    int64_t desired;
    int turned; /* +1: desired grew last, -1: it shrank */
    int64_t nodes_live, slots_live;
    struct sim_waits interval;
    int64_t next_point_ns;
    struct sim_point point; /* being filled */
    struct sim_result result;
};

/* ring.c */
bool sim_ring_grow(void **at, size_t *first, size_t len, size_t *size, size_t each);
#define ring_room(r)                                                                               \
    ((r)->len < (r)->size ||                                                                       \
     sim_ring_grow((void **)&(r)->at, &(r)->first, (r)->len, &(r)->size, sizeof(*(r)->at)))
#define ring_at(r, i)       ((r)->at[((r)->first + (i)) & ((r)->size - 1)])
#define ring_push(r, value) (ring_room(r) && (ring_at(r, (r)->len) = (value), (r)->len++, true))
#define ring_push_front(r, value)                                                                  \
    (ring_room(r) &&                                                                               \
     ((r)->first = ((r)->first - 1) & ((r)->size - 1), (r)->len++, ring_at(r, 0) = (value), true))
#define ring_drop(r) ((r)->first = ((r)->first + 1) & ((r)->size - 1), (r)->len--)

/* Mixes what happened into the trace's hash. */
static inline void engine_trace(struct engine *e, uint64_t what)
{
    uint64_t h = (e->result.trace_hash ^ what) * 0x9e3779b97f4a7c15ULL;
    e->result.trace_hash = h ^ (h >> 29);
}

/* run.c */
int engine_plan(struct engine *e, enum due kind, int64_t at_ns, void *what, uint32_t n,
                uint64_t mark, struct error *err);

/* jobs.c */
int sim_jobs_arrive(struct engine *e, struct error *err);
int sim_jobs_dispatch(struct engine *e, struct error *err);
int sim_job_done(struct engine *e, struct machine *m, uint32_t n, struct error *err);
/* All that it had is lost, and will be done again. */
int sim_jobs_lost(struct engine *e, struct machine *m, struct error *err);
int sim_jobs_redelivered(struct engine *e, uint32_t n, struct error *err);
/* It works from now on: its slots wait for jobs. */
int sim_jobs_offered(struct engine *e, struct machine *m, struct error *err);
int64_t sim_jobs_oldest_ns(const struct engine *e); /* wait of the oldest waiting job; 0: none */

/* machines.c */
void sim_machines_release(struct engine *e);
int sim_machine_new(struct engine *e, uint32_t offer, const char *token, struct machine **ret,
                    struct error *err);
int sim_machine_booted(struct engine *e, struct machine *m, struct error *err);
int sim_machine_starts_worker(struct engine *e, struct machine *m, struct error *err);
int sim_machine_works(struct engine *e, struct machine *m, struct error *err);
/* No new jobs: it is drained when it has none. */
void sim_machine_drains(struct engine *e, struct machine *m);
/* It stops now, whatever it does. */
int sim_machine_stops(struct engine *e, struct machine *m, struct error *err);
void sim_machine_forgotten(struct engine *e, struct machine *m);
void sim_machine_bill(struct engine *e, struct machine *m, bool ends);

/* agents.c: with the core, what a machine says and is told */
int sim_agent_beat(struct engine *e, struct machine *m, struct error *err);
int sim_agent_beats(struct engine *e, struct machine *m, struct error *err);

/* cloud.c */
int sim_cloud_launch_later(struct engine *e, const struct call *call, struct error *err);
int sim_cloud_terminate_later(struct engine *e, const struct call *call, struct error *err);
int sim_cloud_launch(struct engine *e, uint32_t n, struct error *err);
int sim_cloud_terminate(struct engine *e, uint32_t n, struct error *err);
int sim_cloud_listed(struct engine *e, uint32_t inventory, int64_t asked_ns, struct error *err);

/* places.c: the market moves */
int sim_places_add(struct engine *e, uint32_t offer, struct error *err);
/* How many machines of an offer can be had now, of `count`. */
int64_t sim_places_room(const struct engine *e, uint32_t offer, int64_t count);
/* The cheapest of an offer's places with room; there must be one. */
uint32_t sim_places_choose(const struct engine *e, uint32_t offer);
int sim_place_price_steps(struct engine *e, uint32_t place, struct error *err);
int sim_place_capacity_steps(struct engine *e, uint32_t place, struct error *err);

/* core.c */
int sim_core_start(struct engine *e, struct error *err);
int sim_core_step(struct engine *e, struct event *ev, struct error *err);
int sim_core_tick(struct engine *e, struct error *err);
int sim_core_sample(struct engine *e, struct error *err);

/* decide.c */
int sim_decider_turn(struct engine *e, struct error *err);
/* A machine of a decider's has nothing to do any more, or is ready: no core asks. */
int sim_decider_drained(struct engine *e, struct machine *m, struct error *err);

/* account.c */
void sim_account_desired(struct engine *e, int64_t desired);
void sim_account_started(struct engine *e, int64_t wait_ns, int64_t arrival_ns, bool again);
void sim_account_done(struct engine *e, int64_t arrival_ns, int64_t service_ns);
int sim_account_points(struct engine *e, int64_t until_ns, struct error *err);
int sim_account_end(struct engine *e, struct error *err);

#endif
