/* SPDX-License-Identifier: MIT */
#include "layout.h"

#include <inttypes.h>

enum { kWidth = 42, kAmount = 10 };

static void rule(FILE *to) {
  for (int i = 0; i < kWidth; i++) putc('-', to);
  putc('\n', to);
}

static void row(FILE *to, const char *text, money amount) {
  char right[kMoneyText];
  fprintf(to, "%-*.*s%*s\n", kWidth - kAmount, kWidth - kAmount, text, kAmount,
          money_format(amount, right));
}

static void item(FILE *to, const struct cart_line *line) {
  if (line->quantity > 1) {
    char price[kMoneyText];
    fprintf(to, "%s\n", line->product->name);
    char text[64];
    snprintf(text, sizeof text, "  %" PRId64 " x %s", line->quantity,
             money_format(line->product->price, price));
    row(to, text, line->total);
  } else {
    row(to, line->product->name, line->total);
  }
}

void layout_receipt(FILE *to, int64_t number, const struct cart *cart, const struct bill *bill) {
  if (number > 0) {
    fprintf(to, "RECEIPT %" PRId64 "\n", number);
  } else {
    fprintf(to, "OFFER\n");
  }
  rule(to);
  for (size_t i = 0; i < cart->size; i++) item(to, &cart->lines[i]);
  rule(to);
  row(to, "TOTAL", bill->total);
  for (size_t i = 0; i < bill->rate_count; i++) {
    char text[32];
    snprintf(text, sizeof text, "  tax %d%% within", bill->rates[i].percent);
    row(to, text, bill->rates[i].tax);
  }
}
