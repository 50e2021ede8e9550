#include "control/intent.h"

#include "base/digest.h"

const char *intent_kind_word(enum intent_kind kind)
{
    return kind == INTENT_LAUNCH ? "launch" : "terminate";
}

const char *intent_state_word(enum intent_state state)
{
    static const char *const words[] = { "planned", "sent", "unknown", "done", "failed" };
    return words[state];
}

int intent_make_token(struct intent *intent, const char *controller, const char *journal,
                      struct error *err)
{
    struct buf text = { 0 };
    buf_addf(&text, "%s|%s|%llu|%s|%s|%lld|%s", controller, journal,
             (unsigned long long)intent->number, intent->pool, intent->offer,
             (long long)intent->count, intent->node);
    char token[DIGEST_TOKEN_MAX];
    int rc = buf_failed(&text) ? error_nomem(err) : digest_token(buf_str(&text), token, err);
    buf_release(&text);
    if (rc < 0)
        return rc;
    str_copy(intent->token, sizeof(intent->token), (struct str){ token, 32 });
    return 0;
}
