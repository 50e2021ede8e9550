#include "config/daemon_file.h"

#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "config/reader.h"

#define STANDARD_PATH "/etc/muster/muster.yaml"

/* The file as its tables fill it; `listen` is taken apart afterwards. */
struct settings {
    struct daemon_config config;
    char *listen;
};

struct job {
    struct reader reader;
    const struct yaml_node *root;
    struct settings settings;
};

static const char *const level_words[] = { [LOG_DEBUG] = "debug",
                                           [LOG_INFO] = "info",
                                           [LOG_WARNING] = "warning",
                                           [LOG_ERROR] = "error",
                                           NULL };
static const char *const format_words[] = { [LOG_TEXT] = "text", [LOG_JSON] = "json", NULL };

#define S    NS_PER_S
#define DAY  (86400 * S)
#define YEAR (366 * DAY)

static const struct option token_rows[] = {
    OPTION_STRING(struct settings, config.token_read_file, "read", .optional = true,
                  .help = "file with the token that reading needs; absent: none, on loopback"),
    OPTION_STRING(struct settings, config.token_admin_file, "admin", .optional = true,
                  .help = "file with the token for pause, resume and drain; made when absent"),
    OPTION_STRING(struct settings, config.token_agent_file, "agent", .optional = true,
                  .help = "file with the token of heartbeats; made when absent"),
    { 0 },
};

static const struct option tls_rows[] = {
    OPTION_STRING(struct settings, config.tls_cert, "cert", .optional = true,
                  .help = "certificate chain, PEM"),
    OPTION_STRING(struct settings, config.tls_key, "key", .optional = true,
                  .help = "its private key, PEM"),
    { 0 },
};

static const struct option limit_rows[] = {
    OPTION_INT(struct settings, config.limits.nodes, "nodes", .optional = true, .min = 1,
               .max = 1000000, .help = "never more machines than this, over all pools"),
    OPTION_MONEY(struct settings, config.limits.usd_per_hour_micro, "usd_per_hour",
                 .fallback = "none", .min = -1, .help = "never dearer than this, over all pools"),
    OPTION_RATE(struct settings, config.limits.launches, "launches", .fallback = "unlimited",
                .help = "nodes bought per period, over all pools"),
    OPTION_RATE(struct settings, config.limits.terminations, "terminations",
                .fallback = "unlimited", .help = "nodes given back per period, over all pools"),
    { 0 },
};

static const struct option log_rows[] = {
    OPTION_CHOICE(struct settings, config.log_format, "format", .fallback = "text",
                  .choices = format_words, .help = "for people or for collectors"),
    OPTION_CHOICE(struct settings, config.log_level, "level", .fallback = "info",
                  .choices = level_words, .help = "the least grave that is written"),
    { 0 },
};

static const struct section inner_sections[] = {
    { .key = "tokens", .rows = token_rows },
    { .key = "tls", .rows = tls_rows },
    { .key = "limits", .rows = limit_rows },
    { .key = "log", .rows = log_rows },
    { 0 },
};

static const struct option file_rows[] = {
    OPTION_STRING(struct settings, listen, "listen", .fallback = "127.0.0.1:8420",
                  .help = "address and port of the endpoint"),
    OPTION_STRING(struct settings, config.controller, "controller", .fallback = "muster",
                  .help = "this controller's name: machines are tagged with it"),
    OPTION_STRING(struct settings, config.policies, "policies", .fallback = "/etc/muster/policies",
                  .help = "directory of policy files"),
    OPTION_STRING(struct settings, config.state, "state", .fallback = "/var/lib/muster",
                  .help = "directory of what must survive a restart"),
    OPTION_DURATION(struct settings, config.tick_ns, "tick", .fallback = "1s",
                    .min = 10 * NS_PER_MS, .max = 3600 * S,
                    .help = "how often pools are looked at"),
    OPTION_DURATION(struct settings, config.list_every_ns, "list_every", .fallback = "15s",
                    .min = 100 * NS_PER_MS, .max = DAY,
                    .help = "how often the machines that exist are listed"),
    OPTION_DURATION(struct settings, config.retention_ns, "retention", .fallback = "30d",
                    .min = 3600 * S, .max = 20 * YEAR, .help = "how long history is kept"),
    { 0 },
};

static const struct section file_section = { .key = "",
                                             .rows = file_rows,
                                             .inside = inner_sections };

static void settings_release(struct settings *settings)
{
    daemon_config_release(&settings->config);
    free(settings->listen);
    *settings = (struct settings){ 0 };
}

/* ---- what one setting cannot tell ---- */

/* A setting's node, for pointing at it. */
static const struct yaml_node *node_at(const struct job *job, const char *section, const char *key)
{
    const struct yaml_node *map = section ? yaml_get(job->root, section) : job->root;
    const struct yaml_node *node = yaml_get(map, key);
    return node ? node : section ? yaml_get_key(job->root, section) : NULL;
}

/* Takes "127.0.0.1:8420" or "[::1]:8420" apart. */
static bool split_listen(struct str text, struct str *ret_host, int64_t *ret_port)
{
    const char *colon = memrchr(text.ptr, ':', text.len);
    if (!colon)
        return false;
    struct str host = { text.ptr, (size_t)(colon - text.ptr) };
    struct str port = { colon + 1, text.len - host.len - 1 };
    bool bracketed = host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    if (bracketed)
        host = (struct str){ host.ptr + 1, host.len - 2 };
    if (memchr(host.ptr, ':', host.len) && !bracketed)
        return false;
    *ret_host = str_eq_c(host, "localhost") ? STR("127.0.0.1") : host;
    return units_parse_int(port, ret_port, NULL) == 0 && *ret_port >= 0 && *ret_port <= 65535;
}

enum address_kind { ADDRESS_BAD, ADDRESS_LOOPBACK, ADDRESS_OTHER };

static enum address_kind address_kind(const char *host)
{
    struct in_addr four;
    struct in6_addr six;
    if (inet_pton(AF_INET, host, &four) == 1)
        return ntohl(four.s_addr) >> 24 == 127 ? ADDRESS_LOOPBACK : ADDRESS_OTHER;
    if (inet_pton(AF_INET6, host, &six) == 1)
        return IN6_IS_ADDR_LOOPBACK(&six) ? ADDRESS_LOOPBACK : ADDRESS_OTHER;
    return ADDRESS_BAD;
}

/* Commands are behind tokens in any case; reading and the tokens on their way must be safe too. */
static void check_exposure(struct job *job, const struct yaml_node *at)
{
    const struct daemon_config *config = &job->settings.config;
    if (config->tls_cert && config->tls_key && config->token_read_file)
        return;
    reader_error(&job->reader, at,
                 "listen: %s can be reached from other machines: set tls.cert, tls.key and "
                 "tokens.read, or listen on 127.0.0.1",
                 job->settings.listen);
}

static void check_listen(struct job *job)
{
    struct daemon_config *config = &job->settings.config;
    const struct yaml_node *at = node_at(job, NULL, "listen");
    struct str host;
    int64_t port;
    bool split = split_listen(str_from(job->settings.listen), &host, &port);
    config->listen_host = split ? str_dup(host) : NULL;
    job->reader.nomem = job->reader.nomem || (split && !config->listen_host);
    enum address_kind kind = config->listen_host ? address_kind(config->listen_host) : ADDRESS_BAD;
    if (job->reader.nomem)
        return;
    if (kind == ADDRESS_BAD) {
        reader_error(&job->reader, at,
                     "listen: '%s' is not an address with a port: write it like 127.0.0.1:8420 or "
                     "[::1]:8420",
                     job->settings.listen);
        return;
    }
    config->listen_port = (uint16_t)port;
    if (kind == ADDRESS_OTHER)
        check_exposure(job, at);
}

static void check_tls(struct job *job)
{
    const struct daemon_config *config = &job->settings.config;
    if (!config->tls_cert == !config->tls_key)
        return;
    const char *here = config->tls_cert ? "cert" : "key";
    const char *missing = config->tls_cert ? "key" : "cert";
    reader_error(&job->reader, node_at(job, "tls", here), "tls.%s is missing: it belongs to tls.%s",
                 missing, here);
}

/* As long as a tag of every cloud may be, and of characters that all of them take. */
static void check_controller(struct job *job)
{
    const char *name = job->settings.config.controller;
    size_t len = strlen(name);
    if (len > 0 && len < 64 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == len)
        return;
    reader_error(&job->reader, node_at(job, NULL, "controller"),
                 "controller: '%s' is no name: small letters, digits and '-', at most 63 "
                 "characters",
                 name);
}

static void check_rate(struct job *job, const struct rate *rate, const char *key)
{
    if (rate->unit != RATE_SLOTS && rate->unit != RATE_PERCENT)
        return;
    reader_error(&job->reader, node_at(job, "limits", key),
                 "limits.%s: over all pools only nodes can be counted: write it like 100 nodes / "
                 "1m",
                 key);
}

static void check_together(struct job *job)
{
    check_listen(job);
    check_tls(job);
    check_controller(job);
    check_rate(job, &job->settings.config.limits.launches, "launches");
    check_rate(job, &job->settings.config.limits.terminations, "terminations");
}

/* ---- paths ---- */

/* A relative path is meant from where the file is. */
static bool resolve(char **path, const char *file)
{
    const char *slash = strrchr(file, '/');
    struct buf whole = { 0 };
    if (!*path || (*path)[0] == '/' || !slash)
        return true;
    buf_add(&whole, file, (size_t)(slash - file) + 1);
    buf_add_c(&whole, *path);
    char *resolved = buf_take(&whole);
    buf_release(&whole);
    if (!resolved)
        return false;
    free(*path);
    *path = resolved;
    return true;
}

/* "STATE/admin.token" where the file names none. */
static bool token_default(char **path, const char *state, const char *name)
{
    struct buf whole = { 0 };
    if (*path)
        return true;
    buf_addf(&whole, "%s/%s", state, name);
    *path = buf_take(&whole);
    buf_release(&whole);
    return *path != NULL;
}

static bool set_paths(struct daemon_config *config, const char *file)
{
    char **const paths[] = { &config->policies,         &config->state,
                             &config->token_read_file,  &config->token_admin_file,
                             &config->token_agent_file, &config->tls_cert,
                             &config->tls_key,          &config->aws.ca_file,
                             &config->gcp.ca_file,      &config->gcp.credentials };
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        if (!resolve(paths[i], file))
            return false;
    }
    config->path = str_dup(str_from(file));
    return config->path && token_default(&config->token_admin_file, config->state, "admin.token") &&
           token_default(&config->token_agent_file, config->state, "agent.token");
}

/* ---- the file ---- */

/* Tables of their own: what calls a cloud is not only this file's business. `to` is set->size bytes. */
static void read_cloud(struct job *job, const struct option_set *set, void *to)
{
    void *settings = NULL;
    if (!reader_set(&job->reader, set, "", yaml_get_key(job->root, set->name),
                    yaml_get(job->root, set->name), &settings))
        return;
    memcpy(to, settings, set->size);
    free(settings);
}

static void read_settings(struct job *job, const char *path)
{
    size_t errors_before = job->reader.problems->errors;
    reader_defaults(&job->reader, file_rows, &job->settings);
    for (const struct section *s = inner_sections; s->key; s++)
        reader_defaults(&job->reader, s->rows, &job->settings);
    struct reader_words others = { 0 };
    reader_word(&others, aws_settings_options.name);
    reader_word(&others, gcp_settings_options.name);
    reader_section(&job->reader, &file_section, "", NULL, job->root, &job->settings, &others);
    read_cloud(job, &aws_settings_options, &job->settings.config.aws);
    read_cloud(job, &gcp_settings_options, &job->settings.config.gcp);
    if (!job->reader.nomem)
        check_together(job);
    if (!job->reader.nomem && job->reader.problems->errors == errors_before)
        job->reader.nomem = !set_paths(&job->settings.config, path);
}

int daemon_file_parse(struct str text, const char *path, struct daemon_config *ret,
                      struct problems *problems, struct error *err)
{
    struct yaml_node *root = NULL;
    size_t errors_before = problems->errors;
    if (!problems_name(problems, path, text))
        return error_nomem(err);
    int rc = yaml_parse(text, &root, problems, err);
    if (rc < 0)
        return rc;
    struct job job = { .reader = { .problems = problems }, .root = root };
    read_settings(&job, path);
    yaml_free(root);
    size_t errors = problems->errors - errors_before;
    if (job.reader.nomem || problems->nomem)
        rc = error_nomem(err);
    else if (errors > 0)
        rc = error_set(err, MUSTER_E_INVALID, "%s: %zu %s", path, errors,
                       errors == 1 ? "error" : "errors");
    if (rc == 0) {
        *ret = job.settings.config;
        job.settings.config = (struct daemon_config){ 0 };
    }
    settings_release(&job.settings);
    return rc;
}

int daemon_file_read(const char *path, struct daemon_config *ret, struct problems *problems,
                     struct error *err)
{
    struct buf text = { 0 };
    int rc = file_read(path, YAML_BYTES_MAX, &text, err);
    if (rc == 0)
        rc = daemon_file_parse(buf_str(&text), path, ret, problems, err);
    buf_release(&text);
    return rc;
}

int daemon_config_default(struct daemon_config *ret, struct error *err)
{
    struct problems problems;
    problems_init(&problems);
    int rc = daemon_file_parse(STR(""), "(no file)", ret, &problems, err);
    problems_release(&problems);
    return rc;
}

int daemon_file_find(const char *path, struct daemon_config *ret, struct problems *problems,
                     struct error *err)
{
    if (!path && access(STANDARD_PATH, F_OK) == 0)
        path = STANDARD_PATH;
    return path ? daemon_file_read(path, ret, problems, err) : daemon_config_default(ret, err);
}

void daemon_config_release(struct daemon_config *config)
{
    if (!config)
        return;
    free(config->path);
    free(config->listen_host);
    free(config->controller);
    free(config->policies);
    free(config->state);
    free(config->token_read_file);
    free(config->token_admin_file);
    free(config->token_agent_file);
    free(config->tls_cert);
    free(config->tls_key);
    option_set_release(&aws_settings_options, &config->aws);
    option_set_release(&gcp_settings_options, &config->gcp);
    *config = (struct daemon_config){ 0 };
}
