/* What one customer buys, and what it costs. Does not know how a receipt looks. */
/* SPDX-License-Identifier: MIT */
#ifndef CART_H
#define CART_H

#include "catalog.h"

enum { kCartLines = 64, kCartRates = 8 };

struct cart_line {
  struct product *product; /* owned by the catalog */
  int64_t quantity;
  money total;
};

struct cart {
  struct cart_line lines[kCartLines];
  size_t size;
};

/* A file of lines "SKU" or "SKU QUANTITY"; the same sku twice is added up. */
bool cart_load(struct cart *cart, const char *path, const struct catalog *catalog,
               struct problem *why);

struct bill_rate {
  int percent;
  money gross;
  money tax;
};

struct bill {
  money total;
  struct bill_rate rates[kCartRates]; /* in order of percent */
  size_t rate_count;
};

/* Prices include their tax. */
bool bill_of(const struct cart *cart, struct bill *bill, struct problem *why);

/* Takes what is in the cart out of the stock: all of it, or nothing. */
bool cart_take(const struct cart *cart, struct problem *why);

#endif
