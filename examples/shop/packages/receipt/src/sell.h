/* One sale: reads the catalog and the cart, prints the receipt, and books it if there is a journal. */
/* SPDX-License-Identifier: MIT */
#ifndef SELL_H
#define SELL_H

#include <stdio.h>

#include "problem.h"

/* `journal` may be NULL: then nothing is sold, and the receipt is an offer. */
bool sell(FILE *to, const char *catalog, const char *cart, const char *journal,
          struct problem *why);

#endif
