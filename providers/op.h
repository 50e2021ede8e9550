/*
 * Work of a provider that takes several calls: a launch, a listing, a termination. It lives in its
 * provider's list until it is freed, and whoever closes the provider frees what is left there, so that
 * no callback comes after that.
 *
 * An op embeds a struct op as its first member. Between two calls it may wait: op_later.
 */
#ifndef PROVIDERS_OP_H
#define PROVIDERS_OP_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/error.h"

struct op_list;

struct op {
    struct op_list *list;
    /* Called from the loop once the time that op_later was given is over; may free the op, and close
     * the provider. err->code may be 0: it only waited. */
    void (*due)(struct op *op, const struct error *err);
    void (*release)(struct op *op); /* drops a call in flight; frees the op and what it owns */
    struct error late;
    bool waits;
    uint64_t due_ms; /* the loop's time */
    struct op *next, **prev;
};

int op_list_new(uv_loop_t *loop, struct op_list **ret, struct error *err);
/* Frees all ops of it; the loop frees the list itself in one of its next turns. Takes NULL. */
void op_list_free(struct op_list *list);

/* `due` and `release` are set by the caller before. */
void op_begin(struct op_list *list, struct op *op);
/* Calls `due` after so long, never from inside this call; `err` (copied) may be NULL. */
void op_later(struct op *op, uint64_t after_ms, const struct error *err);
/* Takes it out of the list, and releases it. */
void op_free(struct op *op);

#endif
