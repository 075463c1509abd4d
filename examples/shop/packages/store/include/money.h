/* Amounts of money, in cents; no fractions of a cent, no currency. */
/* SPDX-License-Identifier: MIT */
#ifndef MONEY_H
#define MONEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int64_t money;

enum { kMoneyText = 24 }; /* room for any amount as text, its NUL included */

/* "12", "12.5", "-0.05"; at most two digits after the point. */
bool money_parse(const char *text, money *amount);
const char *money_format(money amount, char text[kMoneyText]);

/* False if the product does not fit. */
bool money_times(money price, int64_t count, money *total);

/* The tax inside an amount that includes it, rounded half away from zero. */
money money_tax_within(money gross, int percent);

#endif
