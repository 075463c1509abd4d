/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <inttypes.h>

void table_product_header(FILE *to) {
  fprintf(to, "%-12s  %10s  %6s  %s\n", "sku", "price", "stock", "name");
}

void table_product(FILE *to, const struct product *product) {
  char price[kMoneyText];
  fprintf(to, "%-12s  %10s  %6" PRId64 "  %s\n", product->sku, money_format(product->price, price),
          product->stock, product->name);
}

void table_sum_header(FILE *to) {
  fprintf(to, "%-12s  %6s  %12s\n", "sku", "sold", "total");
}

void table_sum(FILE *to, const struct product *product, const struct journal_sum *sum) {
  char total[kMoneyText];
  fprintf(to, "%-12s  %6" PRId64 "  %12s\n", product->sku, sum->quantity,
          money_format(sum->total, total));
}
