/* muster prices: what simulations take for the price of a machine. */
#include <stdio.h>
#include <string.h>

#include "muster.h"
#include "sim/prices.h"

static bool wanted(const struct cli *cli, const char *type)
{
    for (int i = 0; i < cli->argc; i++) {
        if (strstr(type, cli->argv[i]))
            return true;
    }
    return cli->argc == 0;
}

struct show {
    const struct cli *cli;
    struct table *table;
    struct json_out json; /* with --json */
    size_t shown;
};

static void put(struct show *show, const struct price *price, const char *from)
{
    double usd = (double)price->usd_micro / 1e6;
    if (!wanted(show->cli, price->type))
        return;
    show->shown++;
    if (show->cli->json) {
        json_open(&show->json, NULL, '{');
        json_str(&show->json, "provider", price->provider);
        json_str(&show->json, "region", price->region);
        json_str(&show->json, "type", price->type);
        json_str(&show->json, "market", market_words[price->market]);
        json_num(&show->json, "price_usd_h", usd);
        json_str(&show->json, "date", price->date);
        json_str(&show->json, "from", from);
        json_close(&show->json, '}');
        return;
    }
    table_cell(show->table, COLOR_NONE, "%s", price->provider);
    table_cell(show->table, COLOR_NONE, "%s", price->region[0] ? price->region : "all");
    table_cell(show->table, COLOR_NONE, "%s", price->type);
    table_cell(show->table, COLOR_NONE, "%s", market_words[price->market]);
    table_cell(show->table, COLOR_NONE, "%.6g", usd);
    table_cell(show->table, COLOR_NONE, "%s", price->date[0] ? price->date : "-");
    table_cell(show->table, COLOR_NONE, "%s", from);
}

static void put_known(struct show *show)
{
    for (const struct price_facts *facts = prices_known; facts->provider; facts++) {
        for (size_t i = 0; i < 2 * facts->len; i++) {
            const struct price_fact *fact = &facts->at[i / 2];
            struct price price = { .market = i % 2 ? MARKET_SPOT : MARKET_ON_DEMAND };
            price.usd_micro = i % 2 ? fact->spot_usd_micro : fact->on_demand_usd_micro;
            str_copy_c(price.provider, sizeof(price.provider), facts->provider);
            str_copy_c(price.region, sizeof(price.region), facts->region);
            str_copy_c(price.type, sizeof(price.type), fact->type);
            str_copy_c(price.date, sizeof(price.date), facts->date);
            put(show, &price, "built in");
        }
    }
}

static void put_all(struct show *show, const struct prices *prices)
{
    for (size_t i = 0; i < prices->all.len; i++)
        put(show, &prices->all.at[i], show->cli->sim.prices);
    put_known(show);
}

static void show_json(struct show *show, const struct prices *prices, struct buf *out)
{
    show->json = json_begin(out);
    json_open(&show->json, NULL, '[');
    put_all(show, prices);
    json_close(&show->json, ']');
    buf_add_char(out, '\n');
}

static void show_table(struct show *show, const struct prices *prices, struct buf *out)
{
    static const char *const headings[] = { "provider", "region", "type", "market",
                                            ">USD/h",   "date",   "from", NULL };
    show->table = table_new(show->cli, headings);
    if (show->table)
        put_all(show, prices);
    table_print(show->table, out);
    table_free(show->table);
}

int command_prices(const struct cli *cli)
{
    struct prices prices = { 0 };
    struct error err = { 0 };
    struct buf out = { 0 };
    struct show show = { .cli = cli };
    if (cli->sim.prices && prices_read(&prices, cli->sim.prices, &err) < 0) {
        fprintf(stderr, "muster prices: %s\n", err.text);
        prices_release(&prices);
        return EXIT_TROUBLE;
    }
    if (cli->json)
        show_json(&show, &prices, &out);
    else
        show_table(&show, &prices, &out);
    bool shown = show_flush(&out);
    buf_release(&out);
    prices_release(&prices);
    if (show.shown == 0)
        fprintf(stderr, "muster prices: nothing is known of that\n");
    return !shown ? EXIT_TROUBLE : show.shown > 0 ? EXIT_YES : EXIT_NO;
}
