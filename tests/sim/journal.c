/*
 * The journal's disk: entries are taken in order, and are there once a commit has put them there. A
 * crash keeps some of what was not yet acknowledged, or none; it never loses what was.
 */
#include <stdlib.h>

#include "base/str.h"
#include "tests/sim/world.h"

static struct journal_row *find_row(struct journal *j, uint64_t number)
{
    for (size_t i = j->rows.len; i > 0; i--) {
        if (j->rows.at[i - 1].intent.number == number)
            return &j->rows.at[i - 1];
    }
    return NULL;
}

const struct intent *journal_find(const struct world *w, uint64_t number)
{
    for (size_t i = w->journal.rows.len; i > 0; i--) {
        const struct journal_row *row = &w->journal.rows.at[i - 1];
        if (row->intent.number == number)
            return row->closed ? NULL : &row->intent;
    }
    return NULL;
}

bool journal_serving_pends(const struct world *w, uint64_t number)
{
    for (size_t i = 0; i < w->journal.pending.len; i++) {
        const struct journal_entry *entry = &w->journal.pending.at[i];
        if (entry->kind == JOURNAL_SERVED && entry->intent.number == number)
            return true;
    }
    return false;
}

void journal_hold(struct world *w, struct happening *take_answer)
{
    PUSH(&w->journal.held, take_answer);
}

static void write_paused(struct journal *j, const char *pool, bool paused)
{
    size_t i = 0;
    while (i < j->paused.len && strcmp(j->paused.at[i], pool) != 0)
        i++;
    if (paused && i == j->paused.len) {
        PUSH(&j->paused, must(str_dup(str_from(pool))));
    } else if (!paused && i < j->paused.len) {
        free(j->paused.at[i]);
        vec_remove(&j->paused, i);
    }
}

static void write_entry(struct world *w, const struct journal_entry *entry)
{
    struct journal *j = &w->journal;
    bool forget_served = world_breaks(w, "served-forgotten");
    struct journal_row *row = find_row(j, entry->intent.number);
    switch (entry->kind) {
    case JOURNAL_WRITE: {
        struct journal_row fresh = { .intent = entry->intent };
        PUSH(&j->rows, fresh);
        break;
    }
    case JOURNAL_CLOSE:
        if (row) {
            row->closed = true;
            row->closed_wall_ns = w->wall_zero_ns + (w->now_ns - TIME_ZERO_NS);
            row->intent.state = entry->intent.state;
        }
        break;
    case JOURNAL_SERVED:
        if (row && !forget_served)
            row->intent.served = true;
        break;
    case JOURNAL_PAUSED:
        write_paused(j, entry->pool, entry->paused);
        break;
    }
}

static void plan_commit(struct world *w, int64_t delay_ns)
{
    if (w->journal.commit_due)
        return;
    w->journal.commit_due = true;
    happening_plan(w, happening_new(w, AT_JOURNAL), delay_ns);
}

void journal_ask(struct world *w, const struct journal_entry *entry)
{
    PUSH(&w->journal.pending, *entry);
    struct fate fate = fate_draw(w, CHANNEL_JOURNAL, "");
    plan_commit(w, fate.request_ns + fate.answer_ns);
}

static void answer(struct world *w, const struct journal_entry *entry, const char *problem)
{
    struct happening *h = happening_new(w, TO_CORE);
    h->event.type = problem ? EVENT_INTENT_LOST : EVENT_INTENT_WRITTEN;
    h->event.intent.number = entry->intent.number;
    str_copy_c(h->text, sizeof(h->text), problem ? problem : "");
    struct fate fate = fate_draw(w, CHANNEL_JOURNAL, "");
    if (fate.answer_twice)
        happening_plan(w, happening_copy(h), fate.again_ns);
    happening_plan(w, h, 0);
}

/* What could not be written: intents are answered so, all else waits for the next commit. */
static void commit_fails(struct world *w, const char *problem)
{
    struct journal *j = &w->journal;
    size_t kept = 0;
    world_trace(w, "journal: %s", problem);
    for (size_t i = 0; i < j->pending.len; i++) {
        struct journal_entry entry = j->pending.at[i];
        if (entry.kind == JOURNAL_WRITE)
            answer(w, &entry, problem);
        else
            j->pending.at[kept++] = entry;
    }
    j->pending.len = kept;
    if (kept > 0)
        plan_commit(w, 5 * NS_PER_S);
}

void journal_commit(struct world *w)
{
    struct journal *j = &w->journal;
    struct fate fate = fate_draw(w, CHANNEL_JOURNAL, "");
    j->commit_due = false;
    if (fate.code != 0) {
        commit_fails(w, fate.text);
        return;
    }
    for (size_t i = 0; i < j->pending.len; i++) {
        const struct journal_entry *entry = &j->pending.at[i];
        if (!world_breaks(w, "no-journal"))
            write_entry(w, entry);
        if (entry->kind == JOURNAL_WRITE)
            answer(w, entry, NULL);
    }
    vec_clear(&j->pending);
    for (size_t i = 0; i < j->held.len; i++)
        happening_plan(w, j->held.at[i], j->held.at[i]->fate.answer_ns);
    vec_clear(&j->held);
}

static void drop_held(struct journal *j)
{
    for (size_t i = 0; i < j->held.len; i++)
        happening_free(j->held.at[i]);
    vec_clear(&j->held);
}

void journal_crash(struct world *w)
{
    struct journal *j = &w->journal;
    size_t kept = w->hostile && j->pending.len > 0 ? rng_below(&w->rng, j->pending.len + 1) : 0;
    for (size_t i = 0; i < kept; i++)
        write_entry(w, &j->pending.at[i]);
    vec_clear(&j->pending);
    drop_held(j);
    j->commit_due = false;
}

/* What a person was told is what the journal says: the rest was never acknowledged. */
static void recover_pauses(struct world *w)
{
    for (size_t i = 0; i < w->tenants.len; i++)
        w->tenants.at[i]->paused = false;
    for (size_t i = 0; i < w->journal.paused.len; i++)
        tenant_get(w, w->journal.paused.at[i])->paused = true;
}

void journal_recover(struct world *w)
{
    struct journal *j = &w->journal;
    VEC(struct intent) open = { 0 };
    uint64_t last = 0;
    for (size_t i = 0; i < j->rows.len; i++) {
        const struct journal_row *row = &j->rows.at[i];
        const struct intent *intent = &row->intent;
        if (intent->number > last)
            last = intent->number;
        bool unserved =
            intent->kind == INTENT_LAUNCH && intent->state == INTENT_DONE && !intent->served;
        if (row->closed && !unserved)
            continue;
        struct intent copy = *intent;
        copy.planned_ns = copy.sent_ns = 0;
        PUSH(&open, copy);
    }
    recover_pauses(w);
    VEC(struct bought_at) places = { 0 };
    for (size_t i = 0; i < j->rows.len; i++) {
        const struct intent *intent = &j->rows.at[i].intent;
        struct bought_at place = { intent->pool, intent->inventory, 0 };
        size_t k = 0;
        while (k < places.len && (strcmp(places.at[k].pool, place.pool) != 0 ||
                                  strcmp(places.at[k].inventory, place.inventory) != 0))
            k++;
        if (k == places.len)
            PUSH(&places, place);
        const struct journal_row *row = &j->rows.at[i];
        bool done = row->closed && intent->kind == INTENT_LAUNCH && intent->state == INTENT_DONE;
        if (done && row->closed_wall_ns > places.at[k].done_wall_ns)
            places.at[k].done_wall_ns = row->closed_wall_ns;
    }
    struct event ev = { .type = EVENT_RECOVERED };
    ev.recovered.open = open.at;
    ev.recovered.open_len = world_breaks(w, "journal-forgotten") ? 0 : open.len;
    ev.recovered.last_number = last;
    ev.recovered.journal = "abcdefghijklmnop";
    ev.recovered.paused = (const char *const *)j->paused.at;
    ev.recovered.paused_len = world_breaks(w, "pause-forgotten") ? 0 : j->paused.len;
    ev.recovered.places = places.at;
    ev.recovered.places_len = places.len;
    struct error err = { 0 };
    if (world_step(w, &ev, &err) < 0)
        world_fail(w, "recovery: %s", err.text);
    vec_release(&places);
    vec_release(&open);
}

void journal_release(struct journal *j)
{
    for (size_t i = 0; i < j->paused.len; i++)
        free(j->paused.at[i]);
    vec_release(&j->paused);
    drop_held(j);
    vec_release(&j->held);
    vec_release(&j->rows);
    vec_release(&j->pending);
}
