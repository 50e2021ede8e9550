/* Tables. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/vec.h"
#include "muster.h"

struct cell {
    char *text;
    enum color color;
};

struct table {
    const struct cli *cli;
    const char *const *headings; /* ends with NULL */
    size_t columns;
    VEC(struct cell) cells; /* row by row, the headings first */
};

struct table *table_new(const struct cli *cli, const char *const *headings)
{
    struct table *table = calloc(1, sizeof(*table));
    if (!table)
        return NULL;
    table->cli = cli;
    table->headings = headings;
    while (headings[table->columns] && table->columns < TABLE_COLUMNS)
        table->columns++;
    for (size_t i = 0; i < table->columns; i++)
        table_cell(table, COLOR_BOLD, "%s", headings[i] + (headings[i][0] == '>'));
    return table;
}

void table_cell(struct table *table, enum color color, const char *format, ...)
{
    if (!table)
        return;
    struct buf raw = { 0 };
    struct buf clean = { 0 };
    va_list args;
    va_start(args, format);
    buf_vaddf(&raw, format, args);
    va_end(args);
    show_text(&clean, buf_text(&raw));
    struct cell cell = { .text = buf_take(&clean), .color = color };
    if (!vec_push(&table->cells, cell))
        free(cell.text);
    buf_release(&raw);
    buf_release(&clean);
}

/* Columns on the screen: bytes that begin a character. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (const char *p = text; *p; p++)
        width += ((unsigned char)*p & 0xc0) != 0x80;
    return width;
}

static void put_cut(struct buf *out, const char *text, size_t room)
{
    size_t width = 0;
    for (const char *p = text; *p; p++) {
        width += ((unsigned char)*p & 0xc0) != 0x80;
        if (width > room)
            return;
        buf_add_char(out, *p);
    }
}

static const struct cell *cell_at(const struct table *table, size_t row, size_t column)
{
    static const struct cell empty = { .text = NULL, .color = COLOR_NONE };
    size_t i = row * table->columns + column;
    return i < table->cells.len ? &table->cells.at[i] : &empty;
}

static size_t column_width(const struct table *table, size_t column)
{
    size_t rows = table->cells.len / table->columns;
    size_t width = 0;
    for (size_t row = 0; row < rows; row++) {
        const char *text = cell_at(table, row, column)->text;
        size_t w = text ? width_of(text) : 0;
        width = w > width ? w : width;
    }
    return width;
}

static void put_cell(const struct table *table, struct buf *out, size_t row, size_t column,
                     size_t width, size_t room)
{
    const struct cell *cell = cell_at(table, row, column);
    const char *text = cell->text ? cell->text : "";
    size_t own = width_of(text);
    bool right = table->headings[column][0] == '>';
    bool last = column + 1 == table->columns;
    for (size_t i = own; right && i < width; i++)
        buf_add_char(out, ' ');
    show_color(table->cli, out, cell->color);
    put_cut(out, text, last ? room : own);
    if (cell->color != COLOR_NONE)
        show_plain(table->cli, out);
    for (size_t i = own; !right && !last && i < width; i++)
        buf_add_char(out, ' ');
}

static void put_row(const struct table *table, struct buf *out, size_t row, const size_t *widths)
{
    size_t edge = table->cli->width > 0 ? (size_t)table->cli->width : SIZE_MAX;
    size_t used = 0;
    for (size_t column = 0; column < table->columns; column++) {
        put_cell(table, out, row, column, widths[column], edge > used ? edge - used : 0);
        used += widths[column] + 2;
        if (column + 1 < table->columns)
            buf_add_c(out, "  ");
    }
    while (out->len > 0 && out->ptr[out->len - 1] == ' ')
        out->ptr[--out->len] = '\0';
    buf_add_char(out, '\n');
}

void table_print(struct table *table, struct buf *out)
{
    if (!table)
        return;
    size_t widths[TABLE_COLUMNS];
    for (size_t column = 0; column < table->columns; column++)
        widths[column] = column_width(table, column);
    for (size_t row = 0; row < table->cells.len / table->columns; row++)
        put_row(table, out, row, widths);
}

void table_free(struct table *table)
{
    if (!table)
        return;
    for (size_t i = 0; i < table->cells.len; i++)
        free(table->cells.at[i].text);
    vec_release(&table->cells);
    free(table);
}
