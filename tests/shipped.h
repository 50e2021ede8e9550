/*
 * The reference data beside the repository, for tests and benchmarks that compare with it: in
 * $MUSTER_DATA or ../shared/data. It is not part of the repository; without it they say so.
 */
#ifndef TESTS_SHIPPED_H
#define TESTS_SHIPPED_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline FILE *shipped_open(const char *name)
{
    char path[512];
    const char *dir = getenv("MUSTER_DATA");
    snprintf(path, sizeof(path), "%s/%s", dir ? dir : "../shared/data", name);
    return fopen(path, "r");
}

/* The fields of the next row, cut in place; 0 at the end. Without quoting, which these files lack. */
static inline size_t shipped_row(FILE *file, char *line, size_t size, char **fields, size_t max)
{
    if (!fgets(line, (int)size, file))
        return 0;
    line[strcspn(line, "\r\n")] = '\0';
    size_t len = 0;
    for (char *p = line; p && len < max;) {
        fields[len++] = p;
        p = strchr(p, ',');
        if (p)
            *p++ = '\0';
    }
    return len;
}

/* The second column of a file of t_s,count. The caller frees; NULL: the file is not there. */
static inline double *shipped_counts(const char *name, size_t *ret_len)
{
    char line[256];
    char *fields[2];
    FILE *file = shipped_open(name);
    if (!file)
        return NULL;
    size_t len = 0, size = 32768;
    double *counts = calloc(size, sizeof(*counts));
    shipped_row(file, line, sizeof(line), fields, 2);
    while (counts && len < size && shipped_row(file, line, sizeof(line), fields, 2) == 2)
        counts[len++] = strtod(fields[1], NULL);
    fclose(file);
    *ret_len = len;
    return counts;
}

/* ---- the traces of "Can't Be Late": 8 pools, 300 starts each, ticks of 600 s ---- */

#define CBL_POOLS  8
#define CBL_STARTS 300
#define CBL_TICKS  554
#define CBL_SPAN   8192
#define CBL_TICK_S 600
#define CBL_PRICE  (3.06 / 0.9731)
#define CBL_WORK_H 48

struct cbl {
    size_t pools, starts;
    char names[CBL_POOLS][64];
    size_t start[CBL_STARTS];
    bool spot[CBL_POOLS][CBL_SPAN];
};

static inline size_t cbl_pool(struct cbl *cbl, const char *name)
{
    for (size_t i = 0; i < cbl->pools; i++) {
        if (strcmp(cbl->names[i], name) == 0)
            return i;
    }
    snprintf(cbl->names[cbl->pools], sizeof(cbl->names[0]), "%s", name);
    return cbl->pools++;
}

static inline void cbl_read_spot(struct cbl *cbl, FILE *file)
{
    char line[256];
    char *fields[3];
    shipped_row(file, line, sizeof(line), fields, 3);
    while (shipped_row(file, line, sizeof(line), fields, 3) == 3) {
        size_t pool = cbl_pool(cbl, fields[1]);
        /* A value holds until the pool's next row. */
        for (size_t t = (size_t)strtol(fields[0], NULL, 10) / CBL_TICK_S; t < CBL_SPAN; t++)
            cbl->spot[pool][t] = strcmp(fields[2], "0") != 0;
    }
}

/* NULL: the files are not there. The caller frees. */
static inline struct cbl *cbl_read(void)
{
    char line[256];
    char *fields[2];
    FILE *spot = shipped_open("spot/aws_v100_k80_8pools_2022-10_avail.csv");
    FILE *starts = shipped_open("anchors/cbl_sample_starts.csv");
    struct cbl *cbl = spot && starts ? calloc(1, sizeof(*cbl)) : NULL;
    if (cbl) {
        cbl_read_spot(cbl, spot);
        shipped_row(starts, line, sizeof(line), fields, 2);
        while (cbl->starts < CBL_STARTS && shipped_row(starts, line, sizeof(line), fields, 2) == 2)
            cbl->start[cbl->starts++] = (size_t)strtol(fields[1], NULL, 10);
    }
    if (spot)
        fclose(spot);
    if (starts)
        fclose(starts);
    return cbl;
}

#endif
