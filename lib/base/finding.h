/*
 * One line of a look at the world that `muster check --live` takes: what was looked at, how it is, and
 * what a person can do where it is not well.
 */
#ifndef BASE_FINDING_H
#define BASE_FINDING_H

enum finding_answer {
    FINDING_OK,
    FINDING_NO,      /* as it is now, this will not work */
    FINDING_UNKNOWN, /* could not be found out; the text says why */
};

extern const char *const finding_words[]; /* "ok", "no", "unknown", NULL */

/* Texts are borrowed for the call that tells it. They may come from outside: whoever shows them
 * cleans them (show_text, JSON). */
struct finding {
    enum finding_answer answer;
    const char *what;   /* a few words: "may launch", "image ami-0abc", "price c6i.xlarge" */
    const char *text;   /* what was found: "arn:aws:iam::123456789012:user/muster" */
    const char *remedy; /* an order to a person: "allow ec2:RunInstances"; NULL or "": none */
};

typedef void finding_cb(void *ctx, const struct finding *finding);

#endif
