#include "providers/local/word_list.h"

#include <stdlib.h>

void word_list_release(struct word_list *words)
{
    for (size_t i = 0; i < words->all.len; i++)
        free(words->all.at[i]);
    vec_release(&words->all);
}

int word_list_add(struct word_list *words, const char *word, struct error *err)
{
    return word_list_addf(words, err, "%s", word);
}

int word_list_addf(struct word_list *words, struct error *err, const char *format, ...)
{
    struct buf text = { 0 };
    va_list args;
    va_start(args, format);
    buf_vaddf(&text, format, args);
    va_end(args);
    char *word = buf_take(&text);
    if (word && vec_push(&words->all, word))
        return 0;
    free(word);
    buf_release(&text);
    return error_nomem(err);
}

char **word_list_array(const struct word_list *words)
{
    char **at = calloc(words->all.len + 1, sizeof(char *));
    for (size_t i = 0; at && i < words->all.len; i++)
        at[i] = words->all.at[i];
    return at;
}
