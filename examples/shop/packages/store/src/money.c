/* SPDX-License-Identifier: MIT */
#include "money.h"

#include <inttypes.h>
#include <stdio.h>

/* More digits than any price needs, and far from the end of int64_t. */
enum { kMaxDigits = 15 };

static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool money_parse(const char *text, money *amount) {
  bool negative = *text == '-';
  if (negative) text++;

  money cents = 0;
  int digits = 0;
  for (; is_digit(*text); text++) {
    if (++digits > kMaxDigits) return false;
    cents = cents * 10 + (*text - '0');
  }
  if (digits == 0) return false;

  int decimals = 0;
  if (*text == '.') {
    for (text++; is_digit(*text); text++) {
      if (++decimals > 2) return false;
      cents = cents * 10 + (*text - '0');
    }
    if (decimals == 0) return false;
  }
  if (*text != '\0') return false;

  for (; decimals < 2; decimals++) cents *= 10;
  *amount = negative ? -cents : cents;
  return true;
}

const char *money_format(money amount, char text[kMoneyText]) {
  uint64_t cents = amount < 0 ? -(uint64_t)amount : (uint64_t)amount;
  snprintf(text, kMoneyText, "%s%" PRIu64 ".%02" PRIu64, amount < 0 ? "-" : "", cents / 100,
           cents % 100);
  return text;
}

bool money_times(money price, int64_t count, money *total) {
  return !__builtin_mul_overflow(price, count, total);
}

money money_tax_within(money gross, int percent) {
  /* Whole multiples first: the product of a large amount and the percentage would not fit. */
  money whole = 100 + percent;
  money rest = 2 * (gross % whole) * percent;
  return gross / whole * percent + (rest + (gross < 0 ? -whole : whole)) / (2 * whole);
}
