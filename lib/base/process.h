/*
 * Processes of this machine, as /proc shows them.
 *
 * A pid alone names nobody: it is used again. A pid together with the start time of its process does,
 * and whatever sends a signal here goes by both, through a pidfd.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include <sys/types.h>

#include "base/error.h"
#include "base/str.h"

struct process {
    pid_t pid, parent, group, session;
    char state;     /* as in /proc/PID/stat: 'R', 'S', 'Z' ... */
    uint64_t start; /* clock ticks from boot to its start (field 22) */
};

/* MUSTER_E_NOTFOUND: there is no such process. */
int process_read(pid_t pid, struct process *ret, struct error *err);
/* From the text of /proc/PID/stat; MUSTER_E_INVALID. */
int process_parse(struct str text, struct process *ret, struct error *err);

/* Exists, is the one that started then, and is no zombie. */
bool process_alive(pid_t pid, uint64_t start);

/* Sends to exactly that process. MUSTER_E_NOTFOUND: it is gone (or a zombie). */
int process_signal(pid_t pid, uint64_t start, int signal_number, struct error *err);

/* The signals by which programs are asked to finish, for option tables; ends with NULL. */
extern const char *const process_signal_words[];
int process_signal_number(int word);

/* Every process that /proc shows; stops when the callback gives false. Blocks. */
typedef bool process_each_cb(void *ctx, const struct process *process);
int process_each(process_each_cb *each, void *ctx, struct error *err);

#endif
