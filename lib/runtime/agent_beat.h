/* What a node says (POST /v1/nodes/NODE/heartbeat) and what it is answered, as JSON. Pure. */
#ifndef RUNTIME_AGENT_BEAT_H
#define RUNTIME_AGENT_BEAT_H

#include "base/error.h"
#include "base/str.h"
#include "control/event.h"
#include "runtime/busy_dir.h"

const char *beat_state_word(enum beat_state state);

struct beat_report {
    const char *pool;
    enum beat_state state;
    uint64_t seq;
    const char *boot_id; /* random; another one is another life of the agent */
    int64_t slots;
    int64_t busy;    /* BUSY_UNKNOWN: left out */
    int64_t idle_ns; /* -1: left out */
    int64_t served;  /* jobs since the last heartbeat that was answered */
    int64_t served_mean_ns;
    const char *version;         /* "": left out */
    bool interrupted, rebalance; /* the cloud's notices; false: left out */
    int exit_status;             /* of a worker that ended by itself; -1: left out */
};

void beat_print(const struct beat_report *report, struct buf *out);

struct beat_answer {
    bool drain;
    bool run;
    int64_t every_ns;
};

/* MUSTER_E_INVALID: not an answer of musterd's. */
int beat_parse_answer(struct str text, struct beat_answer *ret, struct error *err);

#endif
