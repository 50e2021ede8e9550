#include "runtime/notice_read.h"

#include <string.h>

#include "base/json.h"

/* A text member of a small JSON object; false: it is none, or lacks it. */
static bool member(struct str body, const char *name, char *ret, size_t size)
{
    cJSON *root = NULL;
    if (json_parse(body, &root, NULL) < 0)
        return false;
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(root, name));
    bool there = text && str_copy_c(ret, size, text);
    cJSON_Delete(root);
    return there;
}

enum notice_word notice_read_aws_action(int status, struct str body)
{
    char action[32];
    if (status == 404)
        return NOTICE_WORD_NONE;
    if (status != 200 || !member(body, "action", action, sizeof(action)))
        return NOTICE_WORD_ODD;
    bool known = strcmp(action, "terminate") == 0 || strcmp(action, "stop") == 0 ||
                 strcmp(action, "hibernate") == 0;
    return known ? NOTICE_WORD_END : NOTICE_WORD_ODD;
}

enum notice_word notice_read_aws_rebalance(int status, struct str body)
{
    char time[64];
    if (status == 404)
        return NOTICE_WORD_NONE;
    bool said = status == 200 && member(body, "noticeTime", time, sizeof(time));
    return said ? NOTICE_WORD_REBALANCE : NOTICE_WORD_ODD;
}

enum notice_word notice_read_gcp_preempted(int status, struct str body)
{
    struct str word = str_trim(body);
    if (status == 200 && str_eq_c(word, "TRUE"))
        return NOTICE_WORD_END;
    return status == 200 && str_eq_c(word, "FALSE") ? NOTICE_WORD_NONE : NOTICE_WORD_ODD;
}

enum notice_word notice_read_gcp_maintenance(int status, struct str body)
{
    struct str word = str_trim(body);
    if (status == 200 && str_starts(word, "TERMINATE"))
        return NOTICE_WORD_END;
    bool lives = str_eq_c(word, "NONE") || str_starts(word, "MIGRATE");
    return status == 200 && lives ? NOTICE_WORD_NONE : NOTICE_WORD_ODD;
}
