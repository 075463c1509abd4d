/* SPDX-License-Identifier: MIT */
#include "catalog.h"

#include <stdlib.h>

#include "check.h"

static const char *path;

static const char kProducts[] =
    "# two products, not in order\n"
    "tea-01\tGreen tea\t4.50\t7\t12\n"
    "\n"
    "cup-02\tCup\t8.00\t19\t3\n";

static const char *refusal(const char *text) {
  static struct problem why;
  struct catalog catalog;
  why.text[0] = '\0';
  CHECK(!catalog_load(&catalog, check_file(path, text), &why));
  const char *colon = strchr(why.text, ':');
  return colon == NULL ? why.text : colon;
}

static void loads_in_order_and_finds(void) {
  struct catalog catalog;
  struct problem why;
  CHECK(catalog_load(&catalog, check_file(path, kProducts), &why));
  CHECK(catalog.size == 2);
  CHECK_TEXT(catalog.items[0].sku, "cup-02");
  CHECK_TEXT(catalog_find(&catalog, "tea-01", &why)->name, "Green tea");
  CHECK(catalog_find(&catalog, "tea-02", &why) == NULL);
  CHECK_TEXT(why.text, "no product tea-02");
  catalog_free(&catalog);
}

static void refuses_bad_files(void) {
  CHECK_TEXT(refusal("a\tx\t1\t7\t0\na\ty\t1\t7\t0\n"), ": a is listed twice");
  CHECK_TEXT(refusal("# fine\na\tx\t1\n"), ":2: bad vat");
  struct catalog catalog;
  struct problem why;
  CHECK(!catalog_load(&catalog, "/nowhere/at/all", &why));
  CHECK_TEXT(why.text, "cannot read /nowhere/at/all: No such file or directory");
}

static void changes_stock_but_not_below_zero(void) {
  struct problem why;
  struct product tea = {.sku = "tea-01", .stock = 2};
  CHECK(product_change_stock(&tea, 5, &why) && tea.stock == 7);
  CHECK(product_change_stock(&tea, -7, &why) && tea.stock == 0);
  CHECK(!product_change_stock(&tea, -1, &why) && tea.stock == 0);
  CHECK_TEXT(why.text, "only 0 of tea-01 left");
  CHECK(product_change_stock(&tea, INT64_MAX, &why) && !product_change_stock(&tea, 1, &why));
}

static void saves_what_it_loaded(void) {
  struct catalog catalog;
  struct problem why;
  CHECK(catalog_load(&catalog, check_file(path, kProducts), &why));
  catalog.items[0].stock = 99;
  CHECK(catalog_save(&catalog, path, &why));
  catalog_free(&catalog);
  CHECK(catalog_load(&catalog, path, &why));
  CHECK(catalog.size == 2 && catalog.items[0].stock == 99);
  CHECK(!catalog_save(&catalog, "/nowhere/at/all", &why));
  catalog_free(&catalog);
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  path = arguments[1];
  loads_in_order_and_finds();
  refuses_bad_files();
  changes_stock_but_not_below_zero();
  saves_what_it_loaded();
  remove(path);
  return check_result("catalog");
}
