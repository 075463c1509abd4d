/* How a receipt looks: a narrow strip of paper. Does no arithmetic of its own. */
/* SPDX-License-Identifier: MIT */
#ifndef LAYOUT_H
#define LAYOUT_H

#include <stdio.h>

#include "cart.h"

/* A receipt without a number is only an offer. */
void layout_receipt(FILE *to, int64_t number, const struct cart *cart, const struct bill *bill);

#endif
