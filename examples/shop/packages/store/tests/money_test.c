/* SPDX-License-Identifier: MIT */
#include "money.h"

#include "check.h"

static money parsed(const char *text) {
  money amount = -1;
  CHECK(money_parse(text, &amount));
  return amount;
}

static void reads_amounts(void) {
  CHECK(parsed("0") == 0);
  CHECK(parsed("12") == 1200);
  CHECK(parsed("12.5") == 1250);
  CHECK(parsed("12.05") == 1205);
  CHECK(parsed("-0.05") == -5);
  CHECK(parsed("999999999999999.99") == 99999999999999999);
}

static void refuses_what_is_no_amount(void) {
  const char *bad[] = {"", "-", ".5", "1.", "1.234", "1,20", " 1", "1 ", "1e3", "+1",
                       "1000000000000000"};
  money amount = 7;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(!money_parse(bad[i], &amount));
  CHECK(amount == 7);
}

static void writes_what_it_reads(void) {
  char text[kMoneyText];
  CHECK_TEXT(money_format(0, text), "0.00");
  CHECK_TEXT(money_format(-5, text), "-0.05");
  CHECK_TEXT(money_format(INT64_MIN, text), "-92233720368547758.08");
  for (money amount = -12345; amount <= 12345; amount += 7)
    CHECK(parsed(money_format(amount, text)) == amount);
}

static void multiplies_within_limits(void) {
  money total;
  CHECK(money_times(199, 3, &total) && total == 597);
  CHECK(!money_times(INT64_MAX, 2, &total));
}

static void finds_the_tax_within(void) {
  CHECK(money_tax_within(119, 19) == 19);
  CHECK(money_tax_within(10000, 19) == 1597);
  CHECK(money_tax_within(10, 5) == 0);
  CHECK(money_tax_within(11, 5) == 1);
  CHECK(money_tax_within(-119, 19) == -19);
  CHECK(money_tax_within(1000, 0) == 0);
  CHECK(money_tax_within(99999999999999999, 100) == 50000000000000000);
}

int main(void) {
  reads_amounts();
  refuses_what_is_no_amount();
  writes_what_it_reads();
  multiplies_within_limits();
  finds_the_tax_within();
  return check_result("money");
}
