/* SPDX-License-Identifier: MIT */
#include "sell.h"

#include "journal.h"
#include "layout.h"

/* The stock first: a crash between the two loses a receipt, but never sells what is not there. */
static bool book(const char *path, const struct catalog *catalog, const char *journal,
                 const struct cart *cart, int64_t *number, struct problem *why) {
  return journal_next(journal, number, why) && cart_take(cart, why) &&
         catalog_save(catalog, path, why) && journal_append(journal, *number, cart, why);
}

bool sell(FILE *to, const char *path, const char *cart_path, const char *journal,
          struct problem *why) {
  struct catalog catalog;
  if (!catalog_load(&catalog, path, why)) return false;

  struct cart cart;
  struct bill bill;
  int64_t number = 0;
  bool sold = cart_load(&cart, cart_path, &catalog, why) && bill_of(&cart, &bill, why) &&
              (journal == NULL || book(path, &catalog, journal, &cart, &number, why));
  if (sold) layout_receipt(to, number, &cart, &bill);
  catalog_free(&catalog);
  return sold;
}
