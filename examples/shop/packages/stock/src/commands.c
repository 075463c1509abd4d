/* SPDX-License-Identifier: MIT */
#include "commands.h"

#include <inttypes.h>
#include <stddef.h>

#include "catalog.h"
#include "field.h"
#include "journal.h"
#include "table.h"

enum { kLowStock = 5 };

static bool list_up_to(const char *path, int64_t most, struct problem *why) {
  struct catalog catalog;
  if (!catalog_load(&catalog, path, why)) return false;
  table_product_header(stdout);
  for (size_t i = 0; i < catalog.size; i++) {
    if (catalog.items[i].stock <= most) table_product(stdout, &catalog.items[i]);
  }
  catalog_free(&catalog);
  return true;
}

static bool list(const char *path, char **arguments, struct problem *why) {
  (void)arguments;
  return list_up_to(path, INT64_MAX, why);
}

static bool low(const char *path, char **arguments, struct problem *why) {
  int64_t most = kLowStock;
  if (arguments[0] != NULL && !count_parse(arguments[0], &most))
    return problem_set(why, "not a number: %s", arguments[0]);
  return list_up_to(path, most, why);
}

static bool change(const char *path, const char *sku, int64_t by, struct problem *why) {
  struct catalog catalog;
  if (!catalog_load(&catalog, path, why)) return false;
  struct product *product = catalog_find(&catalog, sku, why);
  bool changed = product != NULL && product_change_stock(product, by, why) &&
                 catalog_save(&catalog, path, why);
  if (changed) printf("%s: %" PRId64 "\n", product->sku, product->stock);
  catalog_free(&catalog);
  return changed;
}

static bool add(const char *path, char **arguments, struct problem *why) {
  int64_t count;
  if (!count_parse(arguments[1], &count))
    return problem_set(why, "not a number: %s", arguments[1]);
  return change(path, arguments[0], count, why);
}

static bool take(const char *path, char **arguments, struct problem *why) {
  int64_t count;
  if (!count_parse(arguments[1], &count))
    return problem_set(why, "not a number: %s", arguments[1]);
  return change(path, arguments[0], -count, why);
}

static bool print_sums(const struct catalog *catalog, const char *journal, struct problem *why) {
  table_sum_header(stdout);
  for (size_t i = 0; i < catalog->size; i++) {
    struct journal_sum sum;
    if (!journal_sum(journal, catalog->items[i].sku, &sum, why)) return false;
    if (sum.quantity > 0) table_sum(stdout, &catalog->items[i], &sum);
  }
  return true;
}

static bool sold(const char *path, char **arguments, struct problem *why) {
  struct catalog catalog;
  if (!catalog_load(&catalog, path, why)) return false;
  bool printed = print_sums(&catalog, arguments[0], why);
  catalog_free(&catalog);
  return printed;
}

const struct command commands[] = {
    {"list", "", 0, 0, list},
    {"low", "[COUNT]", 0, 1, low},
    {"add", "SKU COUNT", 2, 2, add},
    {"take", "SKU COUNT", 2, 2, take},
    {"sold", "JOURNAL", 1, 1, sold},
};
const int command_count = sizeof commands / sizeof *commands;
