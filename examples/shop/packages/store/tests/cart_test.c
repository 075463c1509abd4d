/* SPDX-License-Identifier: MIT */
#include "cart.h"

#include "check.h"

static const char *path;

static struct product items[] = {
    {.sku = "cup", .name = "Cup", .price = 800, .vat = 19, .stock = 3},
    {.sku = "pot", .name = "Pot", .price = 2499, .vat = 19, .stock = 1},
    {.sku = "tea", .name = "Tea", .price = 450, .vat = 7, .stock = 12},
};
static const struct catalog shop = {items, sizeof items / sizeof *items};

static struct cart loaded(const char *text) {
  struct cart cart;
  struct problem why = {""};
  CHECK(cart_load(&cart, check_file(path, text), &shop, &why));
  CHECK_TEXT(why.text, "");
  return cart;
}

static const char *refusal(const char *text) {
  static struct problem why;
  struct cart cart;
  why.text[0] = '\0';
  CHECK(!cart_load(&cart, check_file(path, text), &shop, &why));
  const char *colon = strchr(why.text, ':');
  return colon == NULL ? why.text : colon;
}

static void adds_up_the_same_product(void) {
  struct cart cart = loaded("# a customer\ntea 2\ncup\ntea\n");
  CHECK(cart.size == 2);
  CHECK(cart.lines[0].product == &items[2] && cart.lines[0].quantity == 3);
  CHECK(cart.lines[0].total == 1350 && cart.lines[1].total == 800);
}

static void refuses_bad_lines(void) {
  CHECK_TEXT(refusal("tea 0\n"), ":1: bad quantity: 0");
  CHECK_TEXT(refusal("cup\ntea two\n"), ":2: bad quantity: two");
  CHECK_TEXT(refusal("milk 1\n"), ":1: no product milk");
  items[1].price = INT64_MAX / 2;
  CHECK_TEXT(refusal("tea 7\npot 3\n"), ":2: too many pot");
  items[1].price = 2499;
}

static void bills_by_tax_rate(void) {
  struct cart cart = loaded("cup 2\ntea 3\npot\n");
  struct bill bill;
  struct problem why;
  CHECK(bill_of(&cart, &bill, &why));
  CHECK(bill.total == 1600 + 1350 + 2499);
  CHECK(bill.rate_count == 2);
  CHECK(bill.rates[0].percent == 7 && bill.rates[0].gross == 1350 && bill.rates[0].tax == 88);
  CHECK(bill.rates[1].percent == 19 && bill.rates[1].gross == 4099 && bill.rates[1].tax == 654);
}

static void an_empty_cart_costs_nothing(void) {
  struct cart cart = loaded("");
  struct bill bill;
  struct problem why;
  CHECK(bill_of(&cart, &bill, &why) && bill.total == 0 && bill.rate_count == 0);
}

static void takes_all_or_nothing(void) {
  struct problem why;
  struct cart cart = loaded("tea 2\npot 2\n");
  CHECK(!cart_take(&cart, &why));
  CHECK_TEXT(why.text, "only 1 of pot left");
  CHECK(items[2].stock == 12);
  cart = loaded("tea 2\npot\n");
  CHECK(cart_take(&cart, &why));
  CHECK(items[2].stock == 10 && items[1].stock == 0);
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  path = arguments[1];
  adds_up_the_same_product();
  refuses_bad_lines();
  bills_by_tax_rate();
  an_empty_cart_costs_nothing();
  takes_all_or_nothing();
  remove(path);
  return check_result("cart");
}
