/* SPDX-License-Identifier: MIT */
#include "cart.h"

#include <string.h>

#include "field.h"
#include "lines.h"

static struct cart_line *line_for(struct cart *cart, struct product *product) {
  for (size_t i = 0; i < cart->size; i++) {
    if (cart->lines[i].product == product) return &cart->lines[i];
  }
  if (cart->size == kCartLines) return NULL;
  struct cart_line *line = &cart->lines[cart->size++];
  *line = (struct cart_line){.product = product};
  return line;
}

static bool add(struct cart *cart, char *text, const struct catalog *catalog, struct problem *why) {
  int64_t quantity = 1;
  char *space = strchr(text, ' ');
  if (space != NULL) {
    *space = '\0';
    if (!count_parse(space + 1, &quantity) || quantity == 0)
      return problem_set(why, "bad quantity: %.40s", space + 1);
  }
  struct product *product = catalog_find(catalog, text, why);
  if (product == NULL) return false;
  struct cart_line *line = line_for(cart, product);
  if (line == NULL) return problem_set(why, "more than %d different products", kCartLines);
  if (__builtin_add_overflow(line->quantity, quantity, &line->quantity) ||
      !money_times(product->price, line->quantity, &line->total))
    return problem_set(why, "too many %s", product->sku);
  return true;
}

bool cart_load(struct cart *cart, const char *path, const struct catalog *catalog,
               struct problem *why) {
  cart->size = 0;
  struct lines lines;
  if (!lines_open(&lines, path, why)) return false;
  enum line line;
  while ((line = lines_next(&lines, why)) == kLineRead) {
    struct problem wrong;
    if (!add(cart, lines.text, catalog, &wrong)) {
      lines_refuse(&lines, why, wrong.text);
      line = kLineBad;
      break;
    }
  }
  lines_close(&lines);
  return line == kLineEnd;
}

static struct bill_rate *rate_for(struct bill *bill, int percent) {
  size_t at = 0;
  while (at < bill->rate_count && bill->rates[at].percent < percent) at++;
  if (at < bill->rate_count && bill->rates[at].percent == percent) return &bill->rates[at];
  if (bill->rate_count == kCartRates) return NULL;
  memmove(&bill->rates[at + 1], &bill->rates[at], (bill->rate_count - at) * sizeof bill->rates[0]);
  bill->rate_count++;
  bill->rates[at] = (struct bill_rate){.percent = percent};
  return &bill->rates[at];
}

bool bill_of(const struct cart *cart, struct bill *bill, struct problem *why) {
  *bill = (struct bill){0};
  for (size_t i = 0; i < cart->size; i++) {
    const struct cart_line *line = &cart->lines[i];
    if (line->product->vat > 100)
      return problem_set(why, "%s: a tax over 100 percent", line->product->sku);
    struct bill_rate *rate = rate_for(bill, (int)line->product->vat);
    if (rate == NULL) return problem_set(why, "more than %d tax rates", kCartRates);
    if (__builtin_add_overflow(rate->gross, line->total, &rate->gross) ||
        __builtin_add_overflow(bill->total, line->total, &bill->total))
      return problem_set(why, "the total is too large");
  }
  /* Once for each rate and not for each line: the rounding errors do not add up. */
  for (size_t i = 0; i < bill->rate_count; i++)
    bill->rates[i].tax = money_tax_within(bill->rates[i].gross, bill->rates[i].percent);
  return true;
}

bool cart_take(const struct cart *cart, struct problem *why) {
  for (size_t i = 0; i < cart->size; i++) {
    struct product rehearsal = *cart->lines[i].product;
    if (!product_change_stock(&rehearsal, -cart->lines[i].quantity, why)) return false;
  }
  for (size_t i = 0; i < cart->size; i++)
    cart->lines[i].product->stock -= cart->lines[i].quantity;
  return true;
}
