#include "providers/gcp/names.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"

#define NAME_PREFIX "muster-"

static bool is_small(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

void gce_region_of(const char *zone, char ret[static GCE_ZONE_MAX])
{
    const char *dash = strrchr(zone, '-');
    ret[0] = '\0';
    if (dash && dash != zone)
        str_copy(ret, GCE_ZONE_MAX, (struct str){ zone, (size_t)(dash - zone) });
}

bool gce_zone_valid(const char *zone)
{
    size_t dashes = 0;
    for (const char *p = zone; *p; p++) {
        if (!is_small(*p) && *p != '-')
            return false;
        dashes += *p == '-';
    }
    const char *last = strrchr(zone, '-');
    return dashes >= 2 && last[1] && last[-1] != '-' && strlen(zone) < GCE_ZONE_MAX &&
           islower((unsigned char)*zone);
}

bool gce_name_valid(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++) {
        if (!is_small(name[i]) && name[i] != '-')
            return false;
    }
    return len > 0 && len < GCE_NAME_MAX && islower((unsigned char)name[0]) && name[len - 1] != '-';
}

bool gce_label_key_valid(struct str key)
{
    for (size_t i = 0; i < key.len; i++) {
        if (!is_small(key.ptr[i]) && key.ptr[i] != '-' && key.ptr[i] != '_')
            return false;
    }
    return key.len > 0 && key.len <= 63 && islower((unsigned char)key.ptr[0]);
}

bool gce_label_value_valid(const char *value)
{
    for (const char *p = value; *p; p++) {
        if (!is_small(*p) && *p != '-' && *p != '_')
            return false;
    }
    return strlen(value) <= 63;
}

struct str gce_tail(const char *link)
{
    const char *slash = strrchr(link, '/');
    return str_from(slash ? slash + 1 : link);
}

void gce_machine_name(const char *token, int64_t index, char ret[static GCE_NAME_MAX])
{
    snprintf(ret, GCE_NAME_MAX, NAME_PREFIX "%.39s-%" PRId64, token, index);
}

bool gce_machine_token(const char *name, char ret[static TOKEN_MAX])
{
    size_t prefix = strlen(NAME_PREFIX);
    const char *dash = strrchr(name, '-');
    if (strncmp(name, NAME_PREFIX, prefix) != 0 || dash < name + prefix + 16)
        return false;
    struct str token = { name + prefix, (size_t)(dash - name) - prefix };
    for (const char *p = dash + 1; *p; p++) {
        if (!isdigit((unsigned char)*p))
            return false;
    }
    return dash[1] && !memchr(token.ptr, '-', token.len) && token.len < TOKEN_MAX &&
           str_copy(ret, TOKEN_MAX, token);
}

void gce_node_id(const char *name, const char *zone, char ret[static NODE_ID_MAX])
{
    snprintf(ret, NODE_ID_MAX, "%.*s.%s", (int)NODE_ID_MAX - GCE_ZONE_MAX - 2, name, zone);
}

bool gce_node_split(const char *id, char name[static GCE_NAME_MAX], char zone[static GCE_ZONE_MAX])
{
    const char *dot = strchr(id, '.');
    if (!dot || !gce_zone_valid(dot + 1) || (size_t)(dot - id) >= GCE_NAME_MAX)
        return false;
    str_copy(name, GCE_NAME_MAX, (struct str){ id, (size_t)(dot - id) });
    str_copy_c(zone, GCE_ZONE_MAX, dot + 1);
    return gce_name_valid(name);
}

#define OFFER_PREFIX "gcp/"

void gce_offer_label(const char *offer, char ret[static GCE_NAME_MAX])
{
    size_t prefix = strlen(OFFER_PREFIX);
    str_copy_c(ret, GCE_NAME_MAX,
               strncmp(offer, OFFER_PREFIX, prefix) == 0 ? offer + prefix : offer);
    for (char *p = ret; *p; p++) {
        if (*p == '/')
            *p = '_';
    }
}

void gce_offer_name(const char *label, char ret[static OFFER_NAME_MAX])
{
    ret[0] = '\0';
    if (!*label)
        return;
    snprintf(ret, OFFER_NAME_MAX, OFFER_PREFIX "%s", label);
    for (char *p = ret; *p; p++) {
        if (*p == '_')
            *p = '/';
    }
}

int gce_request_id(const char *token, const char *what, char ret[static GCE_UUID_MAX],
                   struct error *err)
{
    char text[128];
    unsigned char b[DIGEST_BYTES];
    snprintf(text, sizeof(text), "muster/%s/%s", token, what);
    int rc = digest_sha256(str_from(text), b, err);
    if (rc < 0)
        return rc;
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x80); /* version 8: made by a rule of one's own */
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(ret, GCE_UUID_MAX,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1],
             b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14],
             b[15]);
    return 0;
}
