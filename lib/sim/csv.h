/*
 * Tables of text with a header row, read one row at a time: comma, semicolon or tab between the fields,
 * '#' begins a comment line, blank lines are skipped. Every complaint begins with file:line.
 */
#ifndef SIM_CSV_H
#define SIM_CSV_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/error.h"
#include "base/str.h"

#define SIM_CSV_FIELDS 64
#define SIM_CSV_LINE   8192

struct sim_csv {
    char *path; /* owned */
    FILE *file;
    int64_t line; /* of the row read last, from 1 */
    bool header;  /* the first row names the columns; otherwise the row is data */
    char comment; /* a line that begins with it is skipped */
    char separator;
    size_t columns, fields;
    struct str names[SIM_CSV_FIELDS]; /* into `head` */
    struct str at[SIM_CSV_FIELDS];    /* the fields of the row, into `text` */
    char head[SIM_CSV_LINE], text[SIM_CSV_LINE];
};

/* Opens the file and reads its header. Fields of files without one are split at blanks. */
int sim_csv_open(struct sim_csv *csv, const char *path, bool header, struct error *err);
void sim_csv_close(struct sim_csv *csv);
/* Back to the first row. */
int sim_csv_rewind(struct sim_csv *csv, struct error *err);
/* 1: a row; 0: no more; negative: an error. */
int sim_csv_row(struct sim_csv *csv, struct error *err);

/* The first column that has one of these names (ends with NULL); -1: none. */
int sim_csv_find(const struct sim_csv *csv, const char *const *names);
/* A field as a number that is finite and at least `least`; else the complaint says what was expected. */
int sim_csv_number(const struct sim_csv *csv, int column, double least, double *ret,
                   struct error *err);
/* "file:line: ..." */
int sim_csv_fail(const struct sim_csv *csv, struct error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "12.5", "1e3", "-4"; what is no number, or not finite, is false. */
bool sim_number(struct str text, double *ret);

#endif
