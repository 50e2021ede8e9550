/*
 * What exec and http sources read from outside, and commands as people write them. Whatever is taken
 * for a sample has numbers that a queue can have; whatever is not leaves the output alone and says
 * why, without control bytes that could forge a line of a log.
 */
#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "queue/exec_words.h"
#include "queue/payload.h"
#include "queue/redis_address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_number(bool has, double value)
{
    assert(has ? isfinite(value) && value >= 0 : isnan(value));
}

static void check_text(const struct error *err, int rc)
{
    assert(err->code == rc && err->text[0]);
    for (const char *p = err->text; *p; p++)
        assert(!iscntrl((unsigned char)*p));
}

static void read_with(struct str text, const struct payload_places *places)
{
    struct sample s = { .waiting = -1 };
    struct error err = { 0 };
    int rc = payload_read(text, places, &s, &err);
    if (rc < 0) {
        assert(s.waiting < 0);
        check_text(&err, rc);
        return;
    }
    check_number(true, s.waiting);
    check_number(s.has_running, s.running);
    check_number(s.has_oldest, s.oldest_s);
    check_number(s.has_completed, s.completed);
}

/* The words hold no more than the command did. */
static void split(const char *command)
{
    struct exec_words words = { 0 };
    struct error err = { 0 };
    size_t total = 0;
    if (exec_words_split(command, &words, &err) == 0) {
        assert(words.argv[0]);
        for (char **word = words.argv; *word; word++)
            total += strlen(*word);
        assert(total <= strlen(command));
    }
    exec_words_release(&words);
}

static void parse_address(const char *url)
{
    struct redis_address address = { .db = -1 };
    struct error err = { 0 };
    if (redis_address_parse(url, &address, &err) < 0) {
        assert(address.db == -1 && err.text[0]);
        return;
    }
    assert(address.db >= 0 && address.label[0]);
    assert((address.host[0] != '\0') != (address.path[0] != '\0'));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct payload_places lenient = { "/waiting", "/running", "/oldest", "/completed",
                                                   true };
    static const struct payload_places strict = { "/a/0", "/b", "/c", "/d", false };
    static const struct payload_places whole = { .waiting = "" };
    struct str text = { (const char *)data, size };
    read_with(text, &lenient);
    read_with(text, &strict);
    read_with(text, &whole);
    char *terminated = str_dup(text);
    assert(terminated);
    split(terminated);
    parse_address(terminated);
    free(terminated);
    return 0;
}
