#include "queue/exec_words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char blanks[] = " \t\r\n";
static const char shell_only[] = "|&;<>()$`*?[]#~!{}";

/* '#' and '~' mean something to a shell only where a word starts. */
static bool is_for_shell(char c, bool at_start)
{
    return strchr(shell_only, c) && (at_start || (c != '#' && c != '~' && c != '!'));
}

/* Copies one word to `to` without its quotes; moves *from past it. */
static int take_word(const char **from, char **to, struct error *err)
{
    char quote = '\0';
    bool at_start = true;
    for (const char *p = *from;; p++, at_start = false) {
        if (!*p || (!quote && strchr(blanks, *p))) {
            *from = p;
            *(*to)++ = '\0';
            if (quote)
                return error_set(err, MUSTER_E_INVALID, "a %c is never closed", quote);
            return 0;
        }
        if (*p == quote) {
            quote = '\0';
        } else if (!quote && (*p == '\'' || *p == '"')) {
            quote = *p;
        } else if (*p == '\\' && quote != '\'' && p[1]) {
            *(*to)++ = *++p;
        } else if (!quote && is_for_shell(*p, at_start)) {
            return error_set(err, MUSTER_E_INVALID,
                             "'%c' means something to a shell only: say shell: yes, or quote it",
                             *p);
        } else {
            *(*to)++ = *p;
        }
    }
}

int exec_words_split(const char *command, struct exec_words *ret, struct error *err)
{
    size_t len = strlen(command), count = 0;
    /* Every word takes at least two bytes of the command, its blank included. */
    struct exec_words words = { calloc(len / 2 + 2, sizeof(char *)), malloc(len + 1) };
    if (!words.argv || !words.bytes) {
        exec_words_release(&words);
        return error_nomem(err);
    }
    int rc = 0;
    char *to = words.bytes;
    command += strspn(command, blanks);
    while (rc == 0 && *command) {
        words.argv[count++] = to;
        rc = take_word(&command, &to, err);
        command += rc == 0 ? strspn(command, blanks) : 0;
    }
    if (rc == 0 && count == 0)
        rc = error_set(err, MUSTER_E_INVALID, "no command");
    if (rc < 0)
        exec_words_release(&words);
    else
        *ret = words;
    return rc;
}

void exec_words_release(struct exec_words *words)
{
    free(words->argv);
    free(words->bytes);
    *words = (struct exec_words){ 0 };
}
