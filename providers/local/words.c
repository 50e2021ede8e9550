#include "providers/local/words.h"

#include <ctype.h>
#include <stdlib.h>

void words_release(struct words *words)
{
    for (size_t i = 0; i < words->all.len; i++)
        free(words->all.at[i]);
    vec_release(&words->all);
}

int words_add(struct words *words, struct str word, struct error *err)
{
    char *copy = str_dup(word);
    if (!copy || !vec_push(&words->all, copy)) {
        free(copy);
        return error_nomem(err);
    }
    return 0;
}

/* One word from *at on, without its quotes; *at moves behind it. */
static int read_word(const char **at, const char *end, struct buf *word, struct error *err)
{
    char quote = '\0';
    for (; *at < end && (quote || !isspace((unsigned char)**at)); (*at)++) {
        char c = **at;
        if (quote ? c == quote : c == '\'' || c == '"') {
            quote = quote ? '\0' : c;
        } else if (c == '\\' && quote != '\'' && *at + 1 < end) {
            (*at)++;
            buf_add_char(word, **at);
        } else {
            buf_add_char(word, c);
        }
    }
    if (quote)
        return error_set(err, MUSTER_E_INVALID, "a %c is never closed", quote);
    return buf_failed(word) ? error_nomem(err) : 0;
}

int words_split(struct str text, struct words *words, struct error *err)
{
    const char *at = text.ptr;
    const char *end = text.ptr + text.len;
    struct buf word = { 0 };
    int rc = 0;
    while (rc == 0) {
        while (at < end && isspace((unsigned char)*at))
            at++;
        if (at == end)
            break;
        buf_clear(&word);
        rc = read_word(&at, end, &word, err);
        if (rc == 0)
            rc = words_add(words, buf_str(&word), err);
    }
    buf_release(&word);
    return rc;
}
