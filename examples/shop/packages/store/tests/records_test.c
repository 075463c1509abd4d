/* SPDX-License-Identifier: MIT */
#include "records.h"

#include "check.h"

static const char *refusal(const char *line) {
  struct product product;
  const char *wrong = product_read(line, &product);
  return wrong == NULL ? "" : wrong;
}

static void reads_a_product(void) {
  struct product product;
  CHECK(product_read("tea-01\tGreen tea\t4.50\t7\t12", &product) == NULL);
  CHECK_TEXT(product.sku, "tea-01");
  CHECK_TEXT(product.name, "Green tea");
  CHECK(product.price == 450 && product.vat == 7 && product.stock == 12);
}

static void names_the_bad_field(void) {
  CHECK_TEXT(refusal(""), "bad sku");
  CHECK_TEXT(refusal("a-sku-too-long\tx\t1\t0\t0"), "bad sku");
  CHECK_TEXT(refusal("a\t\t1\t0\t0"), "bad name");
  CHECK_TEXT(refusal("a\tx\t1.999\t0\t0"), "bad price");
  CHECK_TEXT(refusal("a\tx\t1\t-7\t0"), "bad vat");
  CHECK_TEXT(refusal("a\tx\t1\t7"), "bad stock");
  CHECK_TEXT(refusal("a\tx\t1\t7\t0\t0"), "too many fields");
  CHECK_TEXT(refusal("a\tx\t1\t7\t0"), "");
}

static void writes_what_it_read(void) {
  const char *line = "tea-01\tGreen tea\t4.50\t7\t12\n";
  char written[256] = "";
  struct product product;
  CHECK(product_read(line, &product) == NULL);
  FILE *to = fmemopen(written, sizeof written, "w");
  CHECK(to != NULL && product_write(to, &product));
  fclose(to);
  CHECK_TEXT(written, line);
  CHECK_TEXT(product_header, "# sku\tname\tprice\tvat\tstock\n");
}

int main(void) {
  reads_a_product();
  names_the_bad_field();
  writes_what_it_read();
  return check_result("records");
}
