/* SPDX-License-Identifier: MIT */
#include "journal.h"

#include "check.h"

static const char *path;

static struct product tea = {.sku = "tea", .price = 450};
static struct product cup = {.sku = "cup", .price = 800};

static int64_t next(void) {
  int64_t receipt = -1;
  struct problem why;
  CHECK(journal_next(path, &receipt, &why));
  return receipt;
}

static void numbers_receipts_from_one(void) {
  const struct cart first = {{{&tea, 2, 900}, {&cup, 1, 800}}, 2};
  const struct cart second = {{{&tea, 1, 450}}, 1};
  struct problem why;
  CHECK(next() == 1);
  CHECK(journal_append(path, 1, &first, &why));
  CHECK(next() == 2);
  CHECK(journal_append(path, 2, &second, &why));
  CHECK(next() == 3);
}

static void sums_by_product(void) {
  struct journal_sum sum;
  struct problem why;
  CHECK(journal_sum(path, "tea", &sum, &why) && sum.quantity == 3 && sum.total == 1350);
  CHECK(journal_sum(path, "cup", &sum, &why) && sum.quantity == 1 && sum.total == 800);
  CHECK(journal_sum(path, "pot", &sum, &why) && sum.quantity == 0 && sum.total == 0);
}

static void refuses_a_broken_journal(void) {
  struct journal_sum sum;
  struct problem why;
  int64_t receipt;
  check_file(path, "1\ttea\t2\t9.00\n2\ttea\tmany\t9.00\n");
  CHECK(!journal_sum(path, "tea", &sum, &why));
  CHECK_TEXT(strchr(why.text, ':'), ":2: bad quantity");
  CHECK(!journal_next(path, &receipt, &why));
}

int main(int count, char **arguments) {
  if (count != 2) return 2;
  path = arguments[1];
  remove(path);
  numbers_receipts_from_one();
  sums_by_product();
  refuses_a_broken_journal();
  remove(path);
  return check_result("journal");
}
