#include "base/option.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

static const void *field_of(const struct option *row, const void *options)
{
    return (const char *)options + row->offset;
}

/* ---- numbers: exact, unlike the forms of units.h that are meant for reading ---- */

static void print_duration(int64_t ns, struct buf *out)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = { { "d", 86400 * NS_PER_S },
                  { "h", 3600 * NS_PER_S },
                  { "m", 60 * NS_PER_S },
                  { "s", NS_PER_S },
                  { "ms", NS_PER_MS },
                  { "us", NS_PER_US },
                  { "ns", 1 } };
    if (ns == UNITS_NEVER || ns <= 0) {
        buf_add_c(out, ns == UNITS_NEVER ? "never" : "0s");
        return;
    }
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (ns >= units[i].ns)
            buf_addf(out, "%lld%s", (long long)(ns / units[i].ns), units[i].name);
        ns %= units[i].ns;
    }
}

static bool reads_as_percent(const char *text, double fraction)
{
    double back = 0;
    return units_parse_percent(str_from(text), &back, NULL) == 0 && !islessgreater(back, fraction);
}

static bool reads_as_rate(const char *text, double amount)
{
    struct rate back = { 0 };
    return units_parse_rate(str_from(text), &back, NULL) == 0 &&
           !islessgreater(back.amount, amount);
}

/*
 * A number and what stands behind it, with the fewest decimals that read back as the same number;
 * never with an exponent, which units.h does not read.
 */
static void print_decimal(double shown, double kept, const char *behind,
                          bool (*reads_as)(const char *text, double kept), struct buf *out)
{
    char text[128];
    for (int decimals = 0; decimals <= 17; decimals++) {
        snprintf(text, sizeof(text), "%.*f%.60s", decimals, shown, behind);
        if (reads_as(text, kept))
            break;
    }
    buf_add_c(out, text);
}

static void print_rate(const struct rate *rate, struct buf *out)
{
    static const char *const words[] = { "", " slots / ", " nodes / ", "% / " };
    if (rate->unit == RATE_NONE) {
        buf_add_c(out, "unlimited");
        return;
    }
    struct buf behind = { 0 };
    buf_add_c(&behind, words[rate->unit]);
    print_duration(rate->period_ns, &behind);
    double shown = rate->unit == RATE_PERCENT ? rate->amount * 100 : rate->amount;
    print_decimal(shown, rate->amount, buf_text(&behind), reads_as_rate, out);
    if (buf_failed(&behind))
        out->failed = buf_failed(&behind);
    buf_release(&behind);
}

static void print_money(int64_t usd_micro, struct buf *out)
{
    char text[UNITS_TEXT_MAX];
    buf_add_c(out, usd_micro < 0 ? "none" : units_format_price(usd_micro, text));
}

/* ---- texts ---- */

/* Words that other YAML readers, and the JSON Schema, would not take for texts. */
static bool is_special_word(struct str text)
{
    static const char *const words[] = { "true", "false", "yes", "no", "on",   "off",
                                         "null", "~",     "y",   "n",  "never" };
    char lower[8] = "";
    if (text.len >= sizeof(lower))
        return false;
    for (size_t i = 0; i < text.len; i++)
        lower[i] = (char)tolower((unsigned char)text.ptr[i]);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(lower, words[i]) == 0)
            return true;
    }
    return false;
}

static bool is_plain_word(struct str text)
{
    static const char inner[] = "_-./@+%=";
    bool letters = false;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool first_ok = isalpha(c) || c == '/' || c == '_';
        letters = letters || isalpha(c);
        if (i == 0 ? !(first_ok || isdigit(c)) : !isalnum(c) && !strchr(inner, c))
            return false;
    }
    /* What begins with a digit might be a number or a date to somebody. */
    return text.len > 0 && letters && !isdigit((unsigned char)text.ptr[0]) &&
           !is_special_word(text);
}

void option_print_text(struct str text, struct buf *out)
{
    if (is_plain_word(text)) {
        buf_add_str(out, text);
        return;
    }
    buf_add_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        if (c == '"' || c == '\\')
            buf_addf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            buf_addf(out, "\\x%02x", c);
        else
            buf_add_char(out, (char)c);
    }
    buf_add_char(out, '"');
}

static void print_strings(const struct option_strings *list, struct buf *out)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < list->len; i++) {
        buf_add_c(out, i > 0 ? ", " : "");
        option_print_text(str_from(list->at[i]), out);
    }
    buf_add_char(out, ']');
}

static void print_choices(const struct option *row, const int *list, struct buf *out)
{
    buf_add_char(out, '[');
    for (int64_t i = 0; i < row->max && list[i] >= 0; i++)
        buf_addf(out, "%s%s", i > 0 ? ", " : "", row->choices[list[i]]);
    buf_add_char(out, ']');
}

static void print_counts(const struct option_counts *map, struct buf *out)
{
    if (map->len == 0) {
        buf_add_c(out, "{}");
        return;
    }
    buf_add_c(out, "{ ");
    for (size_t i = 0; i < map->len; i++) {
        buf_add_c(out, i > 0 ? ", " : "");
        option_print_text(str_from(map->at[i].name), out);
        buf_addf(out, ": %lld", (long long)map->at[i].value);
    }
    buf_add_c(out, " }");
}

/* ---- the interface ---- */

bool option_absent(const struct option *row, const void *options)
{
    const void *field = field_of(row, options);
    if (row->fallback || !row->optional)
        return false;
    switch (row->type) {
    case OPTION_TYPE_INT:
    case OPTION_TYPE_SLOTS:
    case OPTION_TYPE_DURATION:
    case OPTION_TYPE_MONEY:
        return *(const int64_t *)field == 0;
    case OPTION_TYPE_PERCENT:
        return fpclassify(*(const double *)field) == FP_ZERO;
    case OPTION_TYPE_RATE:
        return ((const struct rate *)field)->unit == RATE_NONE;
    case OPTION_TYPE_CRON:
        return ((const struct cron *)field)->minutes == 0;
    case OPTION_TYPE_STRINGS:
        return ((const struct option_strings *)field)->len == 0;
    case OPTION_TYPE_COUNTS:
        return ((const struct option_counts *)field)->len == 0;
    case OPTION_TYPE_STRING:
        return *(char *const *)field == NULL;
    case OPTION_TYPE_TIMEZONE:
        return *(struct timezone *const *)field == NULL;
    case OPTION_TYPE_BOOL:
        return !*(const bool *)field;
    case OPTION_TYPE_CHOICE:
        return *(const int *)field == 0;
    case OPTION_TYPE_CHOICES:
        return *(const int *)field < 0;
    }
    return true;
}

void option_print(const struct option *row, const void *options, struct buf *out)
{
    const void *field = field_of(row, options);
    if (option_absent(row, options))
        return;
    switch (row->type) {
    case OPTION_TYPE_INT:
        buf_addf(out, "%lld", (long long)*(const int64_t *)field);
        break;
    case OPTION_TYPE_SLOTS:
        buf_addf(out, "%lld slots", (long long)*(const int64_t *)field);
        break;
    case OPTION_TYPE_DURATION:
        print_duration(*(const int64_t *)field, out);
        break;
    case OPTION_TYPE_MONEY:
        print_money(*(const int64_t *)field, out);
        break;
    case OPTION_TYPE_PERCENT:
        print_decimal(*(const double *)field * 100, *(const double *)field, "%", reads_as_percent,
                      out);
        break;
    case OPTION_TYPE_BOOL:
        buf_add_c(out, *(const bool *)field ? "yes" : "no");
        break;
    case OPTION_TYPE_STRING:
        option_print_text(str_from(*(char *const *)field), out);
        break;
    case OPTION_TYPE_CHOICE:
        buf_add_c(out, row->choices[*(const int *)field]);
        break;
    case OPTION_TYPE_CHOICES:
        print_choices(row, field, out);
        break;
    case OPTION_TYPE_RATE:
        print_rate(field, out);
        break;
    case OPTION_TYPE_CRON:
        option_print_text(str_from(((const struct cron *)field)->text), out);
        break;
    case OPTION_TYPE_TIMEZONE:
        buf_add_c(out, timezone_name(*(struct timezone *const *)field));
        break;
    case OPTION_TYPE_STRINGS:
        print_strings(field, out);
        break;
    case OPTION_TYPE_COUNTS:
        print_counts(field, out);
        break;
    }
}
