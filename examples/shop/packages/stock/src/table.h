/* The lines that the stock program prints, in columns. */
/* SPDX-License-Identifier: MIT */
#ifndef TABLE_H
#define TABLE_H

#include "journal.h"

void table_product_header(FILE *to);
void table_product(FILE *to, const struct product *product);

void table_sum_header(FILE *to);
void table_sum(FILE *to, const struct product *product, const struct journal_sum *sum);

#endif
