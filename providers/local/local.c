#include "providers/local/local.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/process.h"
#include "providers/local/plugin.h"
#include "queue/exec_words.h"

static const char *const copies_words[] = { "one", "per-slot", NULL };

static const struct option rows[] = {
    OPTION_STRINGS(struct local_options, command, "command",
                   .help = "worker command line: one text, or a list of its words"),
    OPTION_INT(struct local_options, slots, "slots", .fallback = "1", .min = 1, .max = 1024,
               .help = "jobs one node does at a time"),
    OPTION_INT(struct local_options, max, "max", .fallback = "0", .max = 10000,
               .help = "nodes of this offer at once; 0: only the pool's limits"),
    OPTION_BOOL(struct local_options, shell, "shell", .fallback = "no",
                .help = "run the command with /bin/sh -c"),
    OPTION_CHOICE(struct local_options, copies, "copies", .fallback = "one",
                  .choices = copies_words,
                  .help = "copies of the command on a node: one with all slots, or one per slot"),
    OPTION_STRING(struct local_options, directory, "directory", .fallback = "",
                  .help = "working directory of the command; empty: musterd's own"),
    OPTION_STRINGS(struct local_options, environment, "environment", .optional = true,
                   .help = "NAME=VALUE for the command, or NAME to pass musterd's own on"),
    OPTION_STRING(struct local_options, busy_command, "busy_command", .fallback = "",
                  .help = "prints how many slots are busy; empty: files in MUSTER_BUSY_DIR"),
    OPTION_CHOICE(struct local_options, drain_signal, "drain_signal", .fallback = "TERM",
                  .choices = process_signal_words,
                  .help = "tells the command to finish its jobs and exit"),
    OPTION_STRING(struct local_options, version, "version", .fallback = "",
                  .help = "version that the nodes report"),
    OPTION_STRING(struct local_options, logs, "logs", .fallback = "",
                  .help =
                      "folder for NODE.log; empty: with the node, for ten minutes after its end"),
    OPTION_STRING(struct local_options, as, "as", .fallback = "",
                  .help = "machine type that a node stands for, in a rehearsal"),
    OPTION_MONEY(struct local_options, price_usd_micro, "price", .fallback = "none", .min = -1,
                 .max = INT64_C(1000000000000), .help = "what a node is reckoned to cost per hour"),
    OPTION_DURATION(struct local_options, boot_delay_ns, "boot_delay", .fallback = "0s",
                    .max = 3600 * NS_PER_S,
                    .help = "a node waits so long at first, in a rehearsal"),
    OPTION_STRING(struct local_options, agent, "agent", .fallback = "",
                  .help = "muster-agent program; empty: beside musterd, or on the PATH"),
    { 0 },
};

static int check_command(const struct local_options *o, struct error *err)
{
    if (o->command.len == 0 || !*o->command.at[0])
        return error_set(err, MUSTER_E_INVALID, "there is no command");
    if (o->shell && o->command.len > 1)
        return error_set(err, MUSTER_E_INVALID, "with 'shell: yes' the command is one text");
    if (o->shell || o->command.len > 1)
        return 0;
    struct exec_words words;
    int rc = exec_words_split(o->command.at[0], &words, err);
    if (rc == 0)
        exec_words_release(&words);
    return rc;
}

static int check_environment(const struct local_options *o, struct error *err)
{
    for (size_t i = 0; i < o->environment.len; i++) {
        const char *entry = o->environment.at[i];
        if (!*entry || *entry == '=')
            return error_set(err, MUSTER_E_INVALID, "'%s' is neither NAME=VALUE nor NAME", entry);
        if (strncmp(entry, "MUSTER_", 7) == 0)
            return error_set(err, MUSTER_E_INVALID, "'%s': MUSTER_ variables are set by muster",
                             entry);
    }
    return 0;
}

static int check(const void *options, const char **ret_key, struct error *err)
{
    const struct local_options *o = options;
    *ret_key = "command";
    int rc = check_command(o, err);
    if (rc == 0) {
        *ret_key = "environment";
        rc = check_environment(o, err);
    }
    if (rc == 0 && strlen(o->version) >= NODE_VERSION_MAX) {
        *ret_key = "version";
        rc = error_set(err, MUSTER_E_INVALID, "at most %d characters", NODE_VERSION_MAX - 1);
    }
    return rc;
}

static bool name_taken(const struct pool_spec *spec, const char *name)
{
    for (size_t i = 0; i < spec->offers.len; i++) {
        if (strcmp(spec->offers.at[i].name, name) == 0)
            return true;
    }
    return false;
}

/* "local/c6i.large", "local/1"; the second entry that stands for a type is "local/c6i.large/2". */
static void name_offer(struct offer *offer, const struct pool_spec *spec, const char *as)
{
    size_t number = offer->entry + 1;
    if (*as)
        snprintf(offer->name, sizeof(offer->name), "local/%s", as);
    else
        snprintf(offer->name, sizeof(offer->name), "local/%zu", number);
    if (name_taken(spec, offer->name))
        snprintf(offer->name, sizeof(offer->name), "local/%s/%zu", as, number);
}

static int expand(const void *options, size_t entry, struct pool_spec *spec, struct error *err)
{
    const struct local_options *o = options;
    struct offer offer = {
        .inventory = "local",
        .provider = "local",
        .market = MARKET_ON_DEMAND,
        .slots = o->slots,
        .price_usd_micro = o->price_usd_micro < 0 ? PRICE_UNKNOWN : o->price_usd_micro,
        .nodes_max = o->max,
        .batch = 1,
        .settle_ns = 2 * NS_PER_S,
        .entry = entry,
    };
    if (!str_copy_c(offer.type, sizeof(offer.type), *o->as ? o->as : "local"))
        return error_set(err, MUSTER_E_INVALID, "as: '%s' is too long", o->as);
    name_offer(&offer, spec, o->as);
    return vec_push(&spec->offers, offer) ? 0 : error_nomem(err);
}

static int open_local(const struct provider_env *env, struct provider **ret, struct error *err)
{
    struct provider *self = calloc(1, sizeof(*self));
    if (!self)
        return error_nomem(err);
    /* The one spelling that a node's processes carry in their environment, whatever ours is today. */
    char *canonical = realpath(env->state_dir, NULL);
    int n = snprintf(self->root, sizeof(self->root), "%s/local",
                     canonical ? canonical : env->state_dir);
    free(canonical);
    if (n < 0 || (size_t)n >= sizeof(self->root)) {
        free(self);
        return error_set(err, MUSTER_E_CONFIG, "the state directory's path is too long");
    }
    self->env = env;
    *ret = self;
    return 0;
}

static void close_local(struct provider *self)
{
    if (!self)
        return;
    while (self->ops)
        local_op_orphan(self->ops);
    local_children_forget(self);
    vec_release(&self->gone);
    free(self);
}

static const struct provider_mutations mutations = {
    .launch = local_launch,
    .terminate = local_terminate,
};

const struct provider_plugin provider_local = {
    .options = {
        .name = "local",
        .help = "nodes are process groups on this machine",
        .size = sizeof(struct local_options),
        .rows = rows,
        .shorthand = "command",
        .check = check,
    },
    .expand = expand,
    .open = open_local,
    .close = close_local,
    .list = local_list,
    .check = local_check,
    .mutations = &mutations,
};
