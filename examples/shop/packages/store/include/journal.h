/* The sales of the shop: a file that only grows, one sale record for each line of a receipt. */
/* SPDX-License-Identifier: MIT */
#ifndef JOURNAL_H
#define JOURNAL_H

#include "cart.h"

/* The number that the next receipt gets; 1 if there is no journal yet. */
bool journal_next(const char *path, int64_t *receipt, struct problem *why);
bool journal_append(const char *path, int64_t receipt, const struct cart *cart,
                    struct problem *why);

/* How many of a product were sold, and for how much. */
struct journal_sum {
  int64_t quantity;
  money total;
};
bool journal_sum(const char *path, const char *sku, struct journal_sum *sum, struct problem *why);

#endif
