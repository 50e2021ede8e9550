/*
 * The modelled world in which the core is driven: virtual time, a cloud that is the truth about
 * machines, agents on them, queues with jobs, and the journal's disk. Scenarios script it; the
 * adversary makes it fail at random. Either way the truth is checked after every step (check.h).
 *
 *     world_init -> [settings] -> world_start -> world_run... -> world_release
 *
 * What passes between the core and the world is a happening: due at a moment. Time jumps
 * from one to the next; nothing here reads a clock. Memory is taken for granted, as in all tests.
 */
#ifndef TESTS_SIM_WORLD_H
#define TESTS_SIM_WORLD_H

#include "base/clock.h"
#include "base/rng.h"
#include "control/control.h"
#include "sim/agenda.h"

#define TIME_ZERO_NS (1000 * NS_PER_S) /* boot clock when a world begins; 0 stands for "never" */
#define TEXT_MAX     200

/* Ends the process when memory is out. */
void *must(void *memory);
#define PUSH(vec, value) must(vec_push((vec), (value)) ? (void *)(vec) : NULL)

/* ---- faults: what becomes of one call (fate.c) ------------------------------------------------- */

enum channel {
    CHANNEL_LAUNCH,
    CHANNEL_TERMINATE,
    CHANNEL_LIST,
    CHANNEL_POLL,
    CHANNEL_BEAT,
    CHANNEL_JOURNAL,
    CHANNELS,
};

struct fate {
    bool lost;       /* it never arrives */
    bool unanswered; /* it happens, but the answer does not come */
    bool timeout;    /* then "no answer" is told after timeout_ns; otherwise nothing, ever */
    bool both;       /* "no answer" is told, and the true answer comes all the same */
    bool twice, answer_twice;
    int64_t request_ns, answer_ns, again_ns, timeout_ns;
    int code; /* refused with this; 0: done */
    char text[64];
    int64_t granted; /* launch: at most so many; -1: all */
    bool empty;      /* list: complete, but shows nothing */
    int64_t lag_ns;  /* list: the view is so old */
};

/* A scenario's word on the next calls. */
struct script {
    int64_t times; /* left; -1: until told otherwise */
    struct fate fate;
    char only[OFFER_NAME_MAX]; /* launch: of this offer alone */
};

/* The adversary's odds for each call, drawn from the seed. */
struct odds {
    double lost, unanswered, timeout, both, twice, late, refused, partial, empty, absurd;
    int64_t late_ns, lag_ns; /* at most; both together below every settle time */
};

/* ---- the truth ---------------------------------------------------------------------------------- */

enum machine_state { MACHINE_PENDING, MACHINE_RUNNING, MACHINE_STOPPING, MACHINE_GONE };

enum agent_state {
    AGENT_OFF,      /* still booting */
    AGENT_WAITING,  /* reports; may not start its worker yet */
    AGENT_STARTING, /* the worker exists, and is not ready */
    AGENT_WORKING,
    AGENT_DRAINING, /* takes no new jobs */
    AGENT_DRAINED,  /* the worker is gone */
};

struct machine {
    char id[NODE_ID_MAX]; /* "m-1", "m-2", ... */
    struct intent intent; /* the launch it came from */
    char inventory[64];
    bool foreign; /* somebody else's: without our tag */
    enum machine_state state;
    int64_t created_ns, running_ns, stopping_ns, gone_ns; /* INT64_MAX: not yet */
    /* The agent and its worker. */
    enum agent_state agent;
    bool hung;    /* says nothing; its worker works on */
    bool zombie;  /* its agent never starts */
    bool told;    /* was told to drain */
    bool noticed; /* saw the cloud's interruption notice */
    bool advised; /* and its recommendation to be replaced */
    bool dies;    /* its worker ends as soon as it has started */
    char version[NODE_VERSION_MAX];
    uint64_t seq;
    int64_t beat_ns;
    int64_t busy;  /* jobs in its worker */
    double served; /* since the last heartbeat */
    int64_t served_ns;
    uint8_t known_as; /* enum node_state in the core after the last step; NODE_GONE: not known */
};

struct batch {
    int64_t jobs;
    int64_t each_ns;
    int64_t since_ns;
};

enum queue_mode { QUEUE_WORKS, QUEUE_SAYS, QUEUE_FAILS, QUEUE_SILENT };

/* A pool as a person sees it, and the queue it serves. */
struct tenant {
    char name[POOL_NAME_MAX];
    char *policy; /* the text of its file; NULL: none */
    enum queue_mode mode;
    struct sample says;
    char text[TEXT_MAX];
    bool tells_oldest;
    VEC(struct batch) waiting; /* oldest first */
    int64_t running, done, lost;
    bool paused; /* as the person and the journal know it */
    int64_t
        informed_ns; /* when this life was last given a believable sample; 0: never, or not now */
};

/* ---- the journal's disk (journal.c) -------------------------------------------------------------- */

struct journal_row {
    struct intent intent;
    bool closed;
    int64_t closed_wall_ns;
};

enum journal_kind { JOURNAL_WRITE, JOURNAL_CLOSE, JOURNAL_SERVED, JOURNAL_PAUSED };

struct journal_entry {
    enum journal_kind kind;
    struct intent intent; /* write, close; served: its number alone */
    char pool[POOL_NAME_MAX];
    bool paused;
};

struct journal {
    VEC(struct journal_row) rows;
    VEC(struct journal_entry) pending; /* asked for, not on the disk; in order */
    VEC(char *) paused;
    VEC(struct happening *) held; /* answers to heartbeats, until what is pending is on the disk */
    bool commit_due;
};

/* ---- happenings ---------------------------------------------------------------------------------- */

enum happening_kind {
    /* Answers that reach the core; dropped when the life that asked is over. */
    TO_CORE,
    /* Calls that reach the cloud, whether or not who sent them still lives. */
    AT_CLOUD_LAUNCH,
    AT_CLOUD_TERMINATE,
    AT_CLOUD_LIST,
    AT_QUEUE,
    AT_JOURNAL,
    /* Machines and agents. */
    MACHINE_BOOTED,
    MACHINE_STOPPED,
    MACHINE_DIES,
    AGENT_BEATS,
    AGENT_HEARS,
    WORKER_READY,
    WORKER_ENDS,
    JOB_DONE,
    /* What the driver of the world planned. */
    PLANNED,
};

struct world;
struct happening;
typedef void happening_fn(struct world *w, struct happening *h);

struct happening {
    int64_t at_ns;
    enum happening_kind kind;
    uint64_t life;      /* TO_CORE */
    struct event event; /* TO_CORE; its pointers lead into this happening */
    struct fate fate;
    struct intent intent;
    struct machine *machine;
    struct beat_reply reply;
    char name[POOL_NAME_MAX]; /* pool, or inventory */
    char text[TEXT_MAX];
    struct sample sample;
    int64_t asked_ns;
    int64_t job_ns;
    char (*ids)[NODE_ID_MAX];
    struct listed_node *listed;
    size_t len;
    happening_fn *planned;
    void *ctx;
};

/* ---- the world ----------------------------------------------------------------------------------- */

struct world {
    int64_t now_ns;
    int64_t wall_zero_ns; /* Unix time at TIME_ZERO_NS */
    struct rng rng;
    struct agenda agenda; /* of happenings */

    struct control_options options;
    struct control *control; /* NULL: crashed */
    struct effect_list effects;
    uint64_t life;
    int64_t crash_after; /* effects until the controller crashes; -1: it does not */
    int64_t restart_ns;  /* so long after a crash; -1: by hand */

    struct journal journal;
    VEC(struct machine *) machines;
    VEC(struct tenant *) tenants;
    struct script scripts[CHANNELS];
    struct odds odds;
    bool hostile;          /* draw fates from the odds */
    bool spared[CHANNELS]; /* but not these calls' */
    struct {
        char inventory[64];
        int empties; /* wrongly empty listings since the last good one was taken in */
    } views[4];

    /* How the model's machines behave. */
    int64_t boot_ns, boot_spread_ns, start_ns, stop_ns, show_gone_ns;
    double zombies, dying;
    char dark[64];                  /* inventory whose cloud does not answer; "": none */
    char version[NODE_VERSION_MAX]; /* what new machines run; "": they do not tell */

    struct trace *trace;
    struct check *check;
    const char *breakage; /* a checker's self-test: what is done wrong on purpose; NULL: nothing */
    void (*told)(struct world *w, const struct effect *e); /* decisions and notes; may be NULL */
    void *ctx;

    int64_t launches, terminations; /* calls sent */
    int64_t steps, crashes;
    bool failed;
    char failure[512];
};

void world_init(struct world *w, uint64_t seed);
void world_release(struct world *w);

/* A life of the controller begins: the journal is read, then every policy file. */
void world_start(struct world *w);
void world_crash(struct world *w);
bool world_breaks(const struct world *w, const char *breakage);

/* Lets happen what is due at or before `until_ns` (or only what is due before it); time ends there. */
void world_run(struct world *w, int64_t until_ns);
void world_run_before(struct world *w, int64_t until_ns);

/* One step of the core, its effects carried out, the truth checked. */
int world_step(struct world *w, struct event *ev, struct error *err);

struct happening *happening_new(struct world *w, enum happening_kind kind);
/* A copy of its own, for what arrives twice. */
struct happening *happening_copy(const struct happening *h);
/* Takes it; due in delay_ns from now. */
void happening_plan(struct world *w, struct happening *take_h, int64_t delay_ns);
void happening_free(struct happening *h);

/* Since the beginning, for people: "12.5s". */
double world_seconds(const struct world *w);
__attribute__((format(printf, 2, 3))) void world_fail(struct world *w, const char *format, ...);
__attribute__((format(printf, 2, 3))) void world_trace(struct world *w, const char *format, ...);

struct tenant *tenant_find(struct world *w, const char *name);
struct tenant *tenant_get(struct world *w, const char *name); /* made when it is new */
struct machine *machine_find(struct world *w, const char *id);

/* The pool's policy file is written (text) or removed (NULL), and a running controller is told. */
int tenant_policy(struct world *w, const char *name, const char *text, struct error *err);
int tenant_pause(struct world *w, const char *name, bool paused, struct error *err); /* "": all */
bool tenant_is_paused(struct world *w, const struct tenant *tenant);

/* fate.c */
struct fate fate_draw(struct world *w, enum channel channel, const char *offer);

/* cloud.c */
void cloud_call(struct world *w, enum happening_kind kind, const struct intent *intent);
void cloud_list(struct world *w, const char *inventory);
void cloud_happens(struct world *w, struct happening *h);
struct machine *cloud_machine(struct world *w, const struct intent *intent);
void machine_dies(struct world *w, struct machine *m);
int64_t cloud_made(const struct world *w, const struct intent *intent); /* machines ever */
int *cloud_empties(struct world *w, const char *inventory);

/* agent.c */
void agent_happens(struct world *w, struct happening *h);
void agent_beat(struct world *w, struct machine *m);
void agent_drain(struct world *w, struct machine *m);
/* It exists and may have a job, now or at any moment. */
bool worker_alive(const struct machine *m);

/* work.c */
void work_arrives(struct world *w, struct tenant *tenant, int64_t jobs, int64_t each_ns);
void work_dispatch(struct world *w, struct tenant *tenant);
void work_done(struct world *w, struct machine *m, int64_t each_ns);
void work_back(struct world *w, struct machine *m); /* its machine died: its jobs wait again */
void work_polled(struct world *w, const char *pool);
void work_answers(struct world *w, struct happening *h);

/* journal.c */
void journal_ask(struct world *w, const struct journal_entry *entry);
void journal_commit(struct world *w);
void journal_crash(struct world *w);
void journal_release(struct journal *j);
/* On the disk, and open. NULL: not. */
const struct intent *journal_find(const struct world *w, uint64_t number);
/* Does a record that the intent's node may have worked wait for the disk? */
bool journal_serving_pends(const struct world *w, uint64_t number);
/* Sends the answer to a heartbeat once all that is pending now is on the disk. */
void journal_hold(struct world *w, struct happening *take_answer);
void journal_recover(struct world *w);

#endif
