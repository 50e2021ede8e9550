#include "sim/csv.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int sim_csv_fail(const struct sim_csv *csv, struct error *err, const char *format, ...)
{
    char text[ERROR_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return error_set(err, MUSTER_E_INVALID, "%s:%lld: %.300s", csv->path, (long long)csv->line,
                     text);
}

/* ---- numbers ------------------------------------------------------------------------------------- */

/* Up to 15 digits and a point: exact in a double, and most of what there is. */
static bool plain_number(struct str text, double *ret)
{
    static const double scale[] = { 1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15 };
    uint64_t digits = 0;
    size_t after = 0;
    bool point = false;
    if (text.len == 0 || text.len > 15)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (c == '.' && !point) {
            point = true;
        } else if (c >= '0' && c <= '9') {
            digits = digits * 10 + (uint64_t)(c - '0');
            after += point;
        } else {
            return false;
        }
    }
    if (point && text.len == 1)
        return false;
    *ret = (double)digits / scale[after];
    return true;
}

bool sim_number(struct str text, double *ret)
{
    char copy[64];
    char *end;
    if (plain_number(text, ret))
        return true;
    /* strtod alone would also take hexadecimal, "nan" and "inf". */
    for (size_t i = 0; i < text.len; i++) {
        if (!text.ptr[i] || !strchr("0123456789+-.eE", text.ptr[i]))
            return false;
    }
    if (text.len == 0 || !str_copy(copy, sizeof(copy), text))
        return false;
    double value = strtod(copy, &end);
    if (*end || !isfinite(value))
        return false;
    *ret = value;
    return true;
}

/* What is wrong with a field, and which it is. */
static int bad_number(const struct sim_csv *csv, int column, struct str text, const char *why,
                      struct error *err)
{
    struct str name = csv->header ? csv->names[column] : STR("");
    char where[80];
    if (csv->header)
        snprintf(where, sizeof(where), "%.*s", (int)(name.len < 60 ? name.len : 60), name.ptr);
    else
        snprintf(where, sizeof(where), "field %d", column + 1);
    if (text.len == 0)
        return sim_csv_fail(csv, err, "%s is empty: expected a number", where);
    return sim_csv_fail(csv, err, "%s is '%.*s': expected %s", where,
                        (int)(text.len < 60 ? text.len : 60), text.ptr, why);
}

int sim_csv_number(const struct sim_csv *csv, int column, double least, double *ret,
                   struct error *err)
{
    struct str text = (size_t)column < csv->fields ? csv->at[column] : STR("");
    double value;
    if (!sim_number(text, &value))
        return bad_number(csv, column, text, "a number", err);
    if (value < least) {
        char why[40];
        snprintf(why, sizeof(why), "%g or more", least);
        return bad_number(csv, column, text, why, err);
    }
    *ret = value;
    return 0;
}

/* ---- rows ------------------------------------------------------------------------------------------ */

static bool blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* 1: a line that is neither blank nor a comment, without its end. */
static int read_line(struct sim_csv *csv, char text[static SIM_CSV_LINE], struct error *err)
{
    while (fgets(text, SIM_CSV_LINE, csv->file)) {
        size_t len = strlen(text);
        csv->line++;
        if (len + 1 == SIM_CSV_LINE && text[len - 1] != '\n')
            return sim_csv_fail(csv, err, "a line of more than %d bytes: is this a table of text?",
                                SIM_CSV_LINE - 2);
        if (text[0] == csv->comment || blank(text))
            continue;
        if (len > 0 && text[len - 1] != '\n' && !feof(csv->file))
            return sim_csv_fail(csv, err, "a zero byte: is this a table of text?");
        while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r'))
            text[--len] = '\0';
        return 1;
    }
    if (ferror(csv->file))
        return error_errno(err, errno, "%s", csv->path);
    return 0;
}

static struct str unquoted(struct str field)
{
    field = str_trim(field);
    if (field.len >= 2 && field.ptr[0] == '"' && field.ptr[field.len - 1] == '"')
        return str_trim((struct str){ field.ptr + 1, field.len - 2 });
    return field;
}

static size_t split_blanks(const char *text, struct str at[static SIM_CSV_FIELDS])
{
    size_t n = 0;
    for (text += strspn(text, " \t"); *text && n < SIM_CSV_FIELDS; text += strspn(text, " \t")) {
        size_t len = strcspn(text, " \t");
        at[n++] = (struct str){ text, len };
        text += len;
    }
    return n;
}

/* A separator between quotes is none. */
static size_t split(const char *text, char separator, struct str at[static SIM_CSV_FIELDS])
{
    size_t n = 0;
    const char *from = text;
    bool quoted = false;
    for (const char *p = text;; p++) {
        quoted ^= *p == '"';
        if (*p && (*p != separator || quoted))
            continue;
        if (n < SIM_CSV_FIELDS)
            at[n++] = unquoted((struct str){ from, (size_t)(p - from) });
        if (!*p)
            return n;
        from = p + 1;
    }
}

int sim_csv_row(struct sim_csv *csv, struct error *err)
{
    int rc = read_line(csv, csv->text, err);
    if (rc <= 0)
        return rc;
    if (!csv->header) {
        csv->fields = split_blanks(csv->text, csv->at);
        return 1;
    }
    csv->fields = split(csv->text, csv->separator, csv->at);
    if (csv->fields != csv->columns)
        return sim_csv_fail(csv, err, "%zu fields: expected %zu, as in the header", csv->fields,
                            csv->columns);
    return 1;
}

static int read_header(struct sim_csv *csv, struct error *err)
{
    int rc = read_line(csv, csv->head, err);
    if (rc < 0)
        return rc;
    if (rc == 0)
        return error_set(err, MUSTER_E_INVALID,
                         "%s: it is empty: expected a header row that names the columns",
                         csv->path);
    const char *text = csv->head;
    if (strncmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    csv->separator = strchr(text, ',') ? ',' : strchr(text, ';') ? ';' : '\t';
    csv->columns = split(text, csv->separator, csv->names);
    return 0;
}

int sim_csv_open(struct sim_csv *csv, const char *path, bool header, struct error *err)
{
    memset(csv, 0, sizeof(*csv));
    csv->path = str_dup(str_from(path));
    if (!csv->path)
        return error_nomem(err);
    csv->header = header;
    csv->comment = header ? '#' : ';';
    csv->file = fopen(path, "re");
    int rc = csv->file ? 0 : error_errno(err, errno, "%s", path);
    if (rc == 0 && header)
        rc = read_header(csv, err);
    if (rc < 0)
        sim_csv_close(csv);
    return rc;
}

void sim_csv_close(struct sim_csv *csv)
{
    if (csv->file)
        fclose(csv->file);
    free(csv->path);
    csv->file = NULL;
    csv->path = NULL;
}

int sim_csv_rewind(struct sim_csv *csv, struct error *err)
{
    if (fseek(csv->file, 0, SEEK_SET) != 0)
        return error_errno(err, errno, "%s", csv->path);
    csv->line = 0;
    return csv->header ? read_header(csv, err) : 0;
}

int sim_csv_find(const struct sim_csv *csv, const char *const *names)
{
    for (; *names; names++) {
        for (size_t i = 0; i < csv->columns; i++) {
            if (str_eq_c(csv->names[i], *names))
                return (int)i;
        }
    }
    return -1;
}
