/* receipt: prints what a cart costs; with a journal it also books the sale. */
/* SPDX-License-Identifier: MIT */
#include "sell.h"

int main(int count, char **arguments) {
  if (count < 3 || count > 4) {
    fprintf(stderr, "usage: receipt CATALOG CART [JOURNAL]\n");
    return 2;
  }
  struct problem why;
  if (sell(stdout, arguments[1], arguments[2], count == 4 ? arguments[3] : NULL, &why)) return 0;
  fprintf(stderr, "receipt: %s\n", why.text);
  return 1;
}
